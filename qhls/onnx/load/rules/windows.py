"""Lowering rules of pooling nodes, and the windows that pooling shares with convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

import numpy as np

from qhls.frontend.lowering.reals import Boundary, Reals
from qhls.ir import Op, Pad, Pool, Reshape
from qhls.onnx.load.model import OnnxNode
from qhls.onnx.load.rules.elementwise import multiply_constant
from qhls.onnx.load.tracer import Tracer, find_axis, register_rule
from qhls.onnx.load.values import Value

IMAGE = (1, 2, 0)
"""Order in which the IR stores the axes of an ONNX image (channels, rows, columns): the channels last."""


@dataclass(frozen=True)
class Windows:
    """Size, padding, strides and dilation of windows over rows and columns; ``more``: padding that ceil_mode adds."""

    size: tuple[int, int]
    pads: tuple[tuple[int, int], tuple[int, int]]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    more: tuple[int, int] = (0, 0)

    def refuse_ceiling(self, node: OnnxNode) -> None:
        """Refuse windows that extend beyond the padding, which ``ceil_mode`` allows."""
        if any(self.more):
            raise node.refuse("windows within the padding", "ceil_mode=1", "Pad the input.")

    @property
    def widths(self) -> tuple[tuple[int, int], ...]:
        """Return the numbers of padded elements before and after each axis of an image."""
        pairs = zip(self.pads, self.more, strict=True)
        return (*((before, after + more) for (before, after), more in pairs), (0, 0))


def to_image(value: Value) -> Value:
    """Return a tensor (channels, rows, columns) or (channels, columns) as rows x columns x channels."""
    if len(value.order) == 3:
        return value.with_order(IMAGE)
    turned = value.with_order((1, 0))
    length, channels = turned.x.shape
    x = turned.move(lambda op: Reshape(op, (1, length, channels)))
    return replace(turned, x=x, order=IMAGE)


def find_pads(node: OnnxNode, shape: tuple[int, ...], size: tuple[int, ...]) -> Windows:
    """Return the windows of ``size`` that a node moves over an image of ``shape``. Raises ``LoweringError``."""
    flat = len(node.attributes.get("kernel_shape", node.attributes.get("strides", (1, 1)))) == 1

    def read(name: str, default: int) -> tuple[int, int]:
        listed = [int(each) for each in node.attributes.get(name, (default,) * (1 if flat else 2))]
        both = [default, *listed] if flat else listed
        if len(both) != 2 or min(both) < 1:
            raise node.refuse(f"{name} of 1 or more along each axis", f"{listed}", "Mend the node.")
        return both[0], both[1]

    strides, dilation = read("strides", 1), read("dilations", 1)
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    mode = str(node.attributes.get("auto_pad", "NOTSET") or "NOTSET")
    listed = [int(each) for each in node.attributes.get("pads", (0,) * (2 if flat else 4))]
    listed = [0, listed[0], 0, listed[-1]] if len(listed) == 2 else listed
    if len(listed) != 4 or min(listed) < 0:
        raise node.refuse("pads of 0 or more at each side", f"{listed}", "Mend the node.")
    pads = ((listed[0], listed[2]), (listed[1], listed[3]))
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        whole = [
            max((-(-n // s) - 1) * s + span - n, 0)
            for n, s, span in zip(shape[:2], strides, spans, strict=True)
        ]
        low = [each // 2 if mode == "SAME_UPPER" else each - each // 2 for each in whole]
        pads = ((low[0], whole[0] - low[0]), (low[1], whole[1] - low[1]))
    elif mode not in ("NOTSET", "VALID"):
        raise node.refuse("an auto_pad of NOTSET, VALID or SAME", mode, "Mend the node.")
    elif mode == "VALID":
        pads = ((0, 0), (0, 0))
    more = (0, 0)
    if node.attributes.get("ceil_mode", 0):
        beyond = [
            _count_beyond(n + sum(pad), span, s, n + pad[0])
            for n, pad, span, s in zip(shape[:2], pads, spans, strides, strict=True)
        ]
        more = (beyond[0], beyond[1])
    return Windows((size[0], size[1]), pads, strides, dilation, more)


def _count_beyond(length: int, span: int, stride: int, start: int) -> int:
    """Return the number of elements that the last window of ``ceil_mode`` needs beyond ``length``.

    Windows must start before ``start``.
    """
    steps = -(-(length - span) // stride)
    steps -= steps * stride >= start
    return max(steps * stride + span - length, 0)


def _find_pooling(tracer: Tracer, node: OnnxNode, value: Value) -> tuple[Value, Windows]:
    tracer.check_rank(node, value, 2, 3)
    image = to_image(value)
    size = [int(each) for each in node.attributes.get("kernel_shape", ())]
    size = [1, *size] if len(size) == 1 else size
    if len(size) != 2 or min(size) < 1:
        raise node.refuse("a kernel_shape of two sizes", f"{size}", "Mend the node.")
    windows = find_pads(node, image.x.shape, tuple(size))
    if windows.dilation != (1, 1):
        raise node.refuse(
            "windows without dilation", f"{windows.dilation}", "Use dilations=[1, 1]."
        )
    return image, windows


def _from_image(node: OnnxNode, value: Value, image: Value) -> Value:
    """Return a pooled image with the rank that the operand ``value`` has."""
    if len(value.order) == 3:
        return image
    shape = image.x.shape[1:]
    return replace(image, x=image.move(lambda op: Reshape(op, shape)), order=(1, 0))


@register_rule("MaxPool")
def lower_max_pool(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a max pooling; padding never exceeds an element."""
    value = tracer.read_value(node)
    image, windows = _find_pooling(tracer, node, value)

    def pool(x: Op) -> Op:
        padded = Pad(x, windows.widths, x.range.hull[0]) if any(map(any, windows.widths)) else x
        return Pool(padded, windows.size, windows.strides, "max")

    if isinstance(image.x, Reals):
        error = tracer.explain_reals(node.inputs[0], value, str(node))
        boundary = Boundary(error, ())  # type: ignore[arg-type]
        return _from_image(node, value, replace(image, x=image.x.move_by(pool, boundary)))
    return _from_image(node, value, replace(image, x=pool(image.x)))


@register_rule("AveragePool")
def lower_average_pool(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower an average pooling to the sums over windows, times a factor."""
    value = tracer.read_exact(node)
    tracer.note_sum(node, value)
    image, windows = _find_pooling(tracer, node, value)
    assert isinstance(image.x, Op)
    x = Pad(image.x, windows.widths) if any(map(any, windows.widths)) else image.x
    pooled = replace(image, x=Pool(x, windows.size, windows.strides, "sum"))
    whole = Fraction(1, prod(windows.size))
    if not any(map(any, windows.widths)) or (
        node.attributes.get("count_include_pad", 0) and not any(windows.more)
    ):
        return _from_image(node, value, pooled.scale(whole))
    counts = _count_covered(node, image.x.shape, windows)
    if (counts == counts[0, 0]).all():
        return _from_image(node, value, pooled.scale(Fraction(1, int(counts[0, 0]))))
    return _from_image(node, value, multiply_constant(tracer, node, pooled, (1.0 / counts)[None]))


def _count_covered(node: OnnxNode, shape: tuple[int, ...], windows: Windows) -> np.ndarray:
    """Return the number of elements over which the mean of each window is taken."""
    counted = bool(node.attributes.get("count_include_pad", 0))
    rows: list[np.ndarray] = []
    for axis in (0, 1):
        (before, after), more = windows.pads[axis], windows.more[axis]
        ones = np.ones(shape[axis])
        padded = np.pad(ones, (before, after), constant_values=float(counted))
        padded = np.pad(padded, (0, more))
        starts = range(0, len(padded) - windows.size[axis] + 1, windows.strides[axis])
        rows.append(np.array([padded[s : s + windows.size[axis]].sum() for s in starts]))
    return np.outer(rows[0], rows[1])


@register_rule("GlobalAveragePool")
def lower_global_average_pool(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the mean of each channel."""
    value = tracer.read_exact(node)
    tracer.check_rank(node, value, 2, 3)
    return _average(tracer, node, value, keep=True)


@register_rule("GlobalMaxPool")
def lower_global_max_pool(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the maximum of each channel."""
    value = tracer.read_exact(node)
    tracer.check_rank(node, value, 2, 3)
    image = to_image(value)
    assert isinstance(image.x, Op)
    size = (image.x.shape[0], image.x.shape[1])
    return _from_image(node, value, replace(image, x=Pool(image.x, size, (1, 1), "max")))


def _average(tracer: Tracer, node: OnnxNode, value: Value, keep: bool) -> Value:
    tracer.note_sum(node, value)
    image = to_image(value)
    assert isinstance(image.x, Op)
    rows, columns, channels = image.x.shape
    summed = Pool(image.x, (rows, columns), (1, 1), "sum")
    average = replace(image, x=summed).scale(Fraction(1, rows * columns))
    if keep:
        return _from_image(node, value, average)
    return replace(average, x=average.move(lambda op: Reshape(op, (channels,))), order=(0,))


@register_rule("ReduceMean")
def lower_reduce_mean(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the mean over all axes after that of the channels."""
    value = tracer.read_exact(node)
    tracer.check_rank(node, value, 2, 3)
    rank = len(value.order)
    listed = tracer.read_integers(node, 1, "axes") or []
    axes = sorted(find_axis(node, axis, rank) for axis in listed)
    if axes != list(range(1, rank)):
        raise node.refuse("a mean over all axes behind the channels", f"axes {listed}", "Use such.")
    return _average(tracer, node, value, bool(node.attributes.get("keepdims", 1)))
