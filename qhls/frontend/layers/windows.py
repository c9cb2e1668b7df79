"""Sliding windows in lowering rules: sizes, padding, convolutions, poolings and averages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Literal

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.layers.linear import Arrange, lower_linear
from qhls.frontend.layers.protocols import GlobalPooling, HasDataFormat, Pooling, QConvolution
from qhls.frontend.layers.traits import find_twin
from qhls.frontend.lowering.reals import Tensor, apply_real
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Const, Conv, Mul, Op, Pad, Pool, Reshape, Shift
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasTensor, PerAxis, ops

Pair = tuple[int, int]

_AT_ONCE = 1 << 22
"""Largest number of elements in one batch of ``_compute_mean``, which limits its memory."""


def as_pair(sizes: Sequence[int]) -> Pair:
    """Return the sizes of a Keras layer, such as its strides, as (rows, columns); a 1D layer has one row."""
    rows, columns = sizes if len(sizes) == 2 else (1, *sizes)
    return int(rows), int(columns)


def find_same_padding(length: int, size: int, stride: int, dilation: int = 1) -> Pair:
    """Return how many elements ``padding="same"`` adds at the start and at the end of an axis, so that
    ``ceil(length / stride)`` windows fit.

    An odd element goes to the end.
    """
    total = max((-(-length // stride) - 1) * stride + (size - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def pad_same(x: Op, size: Pair, strides: Pair, dilation: Pair = (1, 1), value: int = 0) -> Op:
    """Return ``x`` (rows, columns, channels) padded as Keras' ``padding="same"`` does, with elements of code
    ``value``.
    """
    lines = zip(x.shape, size, strides, dilation, strict=False)
    return pad(x, *(find_same_padding(*line) for line in lines), value=value)


def pad(x: Op, rows: Pair, columns: Pair, value: int = 0) -> Op:
    """Return ``x`` (rows, columns, channels) padded with elements of code ``value``, or ``x`` itself if all widths are
    0.
    """
    return Pad(x, (rows, columns, (0, 0)), value) if any((*rows, *columns)) else x


def require_channels_last(layer: HasDataFormat) -> None:
    """Refuse ``data_format="channels_first"``."""
    if layer.data_format != "channels_last":
        raise explain_refusal(
            layer,
            "data_format='channels_last'",
            f"{layer.data_format!r}",
            "Build the model with channels last.",
        )


def as_image(x: Op) -> Op:
    """Return ``x`` as an image (rows, columns, channels), which has one row for a sequence (steps, channels)."""
    return x if len(x.shape) == 3 else Reshape(x, (1, *x.shape))


def reshape_like(x: Op, y: Op) -> Op:
    """Return the image ``y``, as a sequence if ``x`` is a sequence."""
    return y if len(x.shape) == 3 else Reshape(y, y.shape[1:])


def convolve(
    layer: QConvolution,
    x: Op,
    variable: str,
    arrange: Arrange = np.asarray,
    *,
    mask: Array | int = 1,
    groups: int = 1,
    pointwise: bool = False,
) -> Tensor:
    """Convolve ``x`` with the quantised ``variable`` of ``layer``, in one dimension or two.

    ``arrange`` makes the variable, times ``mask``, (kh, kw, channels / groups, filters). ``pointwise`` leaves
    the layer's strides, dilation and padding to another convolution.
    """
    require_channels_last(layer)
    strides, dilation, image = (1, 1), (1, 1), as_image(x)
    if not pointwise:
        size = as_pair(layer.kernel_size)
        strides, dilation = as_pair(layer.strides), as_pair(layer.dilation_rate)
        if layer.padding == "same":
            image = pad_same(image, size, strides, dilation)
        elif layer.padding == "causal":
            image = pad(image, (0, 0), (dilation[1] * (size[1] - 1), 0))

    def make(w: Const) -> Op:
        return reshape_like(x, Conv(image, w, strides, dilation, groups))

    return lower_linear(layer, variable, make, arrange, mask)


def convolve_depthwise(layer: QConvolution, x: Op, variable: str = "depthwise_kernel") -> Tensor:
    """Convolve each channel of ``x`` with its part of the variable (..., channels, multiplier)."""
    channels = x.shape[-1]
    size = as_pair(layer.kernel_size)
    return convolve(layer, x, variable, arrange=lambda k: k.reshape(*size, 1, -1), groups=channels)


def reduce_all(layer: GlobalPooling, x: Op, reduction: Literal["max", "sum"]) -> Op:
    """Return the maximum or sum over all of ``x`` but its channels."""
    image = x if len(x.shape) == 3 else Reshape(x, (1, x.size // x.shape[-1], x.shape[-1]))
    result = Pool(image, (image.shape[0], image.shape[1]), (1, 1), reduction)
    axes = (1,) * (len(x.shape) - 1) if layer.keepdims else ()
    return Reshape(result, (*axes, x.shape[-1]))


def lower_window_sums(layer: Pooling, x: Op) -> tuple[Op, int]:
    """Return the averages of all windows times ``area * part``, and the integer ``part``; ``area`` is the number of
    elements of a window.

    At a border of ``padding="same"`` Keras averages what lies inside, so the sum grows as a window's part outside
    does. ``part`` is 1 where each growth is an integer over a power of two, else what makes all of them so.
    """
    require_channels_last(layer)
    window, strides = list_sizes(layer.pool_size), list_sizes(layer.strides)
    sums = pool(x, window, strides, layer.padding, "sum")
    if layer.padding != "same":
        return sums, 1
    area = math.prod(window)
    lines = zip(x.shape, window, strides, strict=False)
    inside = reduce(np.multiply.outer, [np.array(_count_inside(*line)) for line in lines])
    part = math.lcm(
        *(_drop_twos(int(count) // math.gcd(area, int(count))) for count in inside.flat)
    )
    growth = area * part / inside
    if (growth == 1).all():
        return sums, 1
    return Mul(sums, Const.of(growth[..., None], "growth")), part


def list_sizes(sizes: PerAxis) -> tuple[int, ...]:
    """Return the size of a window along each axis as a tuple, also if the layer of Keras has one integer."""
    return tuple(int(size) for size in ([sizes] if isinstance(sizes, int) else sizes))


def pool(
    x: Op,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str,
    reduction: Literal["max", "sum"],
) -> Op:
    """Return maxima or sums over windows of ``x`` (of one to three axes, channels)."""
    if len(window) == 3:  # along the first two axes, then along the third
        layers, rows, columns, channels = x.shape
        plane = Reshape(x, (layers, rows, columns * channels))
        first = pool(plane, window[:2], strides[:2], padding, reduction)
        lines = Reshape(first, (first.shape[0] * first.shape[1], columns, channels))
        second = pool(lines, (1, window[2]), (1, strides[2]), padding, reduction)
        return Reshape(second, (*first.shape[:2], *second.shape[1:]))
    size, steps, image = as_pair(window), as_pair(strides), as_image(x)
    if padding == "same":
        # Each window holds an element of x, so the lowest code around x never wins against them.
        value = x.range.hull[0] if reduction == "max" else 0
        image = pad_same(image, size, steps, value=value)
    return reshape_like(x, Pool(image, size, steps, reduction))


def _drop_twos(number: int) -> int:
    """Return ``number`` without its factors of 2."""
    return number // (number & -number)


def _count_inside(length: int, size: int, stride: int) -> list[int]:
    """Return, for each window of ``padding="same"``, the number of its elements that are not padding."""
    starts = range(-find_same_padding(length, size, stride)[0], length, stride)
    return [min(start + size, length) - max(start, 0) for start in starts[: -(-length // stride)]]


def lower_mean(
    layer: object, sums: Op, count: int, part: int = 1, *, divided: bool = False
) -> Tensor:
    """Lower ``sums / (count * part)``, exactly for a power of two, else as real numbers that a quantizer must follow.

    ``sums`` hold ``part`` times the sum of ``count`` numbers each. ``divided``: Keras divides tensors, where else
    it takes a mean.
    """
    whole_count = count * part
    if not whole_count & (whole_count - 1):
        return Shift(sums, 1 - whole_count.bit_length())

    def average(v: KerasTensor) -> KerasTensor:
        return v / whole_count if divided else _compute_mean(v, whole_count)

    return apply_real(sums, average, explain_average(layer, count), shared=True)


def explain_average(layer: object, count: int) -> LoweringError:
    """Return the error for an average over ``count`` numbers, or over fewer at a border, that no quantizer follows."""
    border = "" if count & (count - 1) else ", of which another number lies inside at a border"
    return explain_refusal(
        layer,
        f"a quantizer behind an average over {count} numbers{border}",
        "none",
        f"Add a QActivation behind it{_advise_twin(layer)}.",
    )


def _compute_mean(v: KerasTensor, count: int) -> KerasTensor:
    """Return the mean that Keras computes for ``count`` numbers with the sum ``v``, rounded as the backend rounds."""
    flat = ops.reshape(v, (-1, 1))
    step = max(_AT_ONCE // count, 1)
    parts = [
        ops.mean(ops.pad(flat[start : start + step], ((0, 0), (0, count - 1))), axis=1)
        for start in range(0, flat.shape[0], step)
    ]
    return ops.reshape(ops.concatenate(parts), ops.shape(v))


def _advise_twin(layer: object) -> str:
    """Return text for an error message that advises an ``average_quantizer``; ``""`` if ``layer`` has it already, or no
    Q-layer offers it.
    """
    if hasattr(layer, "average_quantizer"):
        return (
            "" if getattr(layer, "average_quantizer", None) else ", or give it an average_quantizer"
        )
    twin = find_twin(type(layer))
    return f", or use {twin.__name__} with an average_quantizer" if twin else ""
