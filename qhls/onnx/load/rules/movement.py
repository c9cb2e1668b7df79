"""Lowering rules of nodes that move elements and compute nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from qhls.ir import Concat, Const, Lookup, Op, Pad, Reshape, View
from qhls.onnx.load.model import OnnxNode
from qhls.onnx.load.tracer import OnnxTensor, Tracer, find_axis, read_scalar, register_rule
from qhls.onnx.load.values import Constant, Value

_SIZES = {8: (3, 2), 16: (5, 4), 32: (6, 12), 64: (7, 13)}
_WHOLE = {9: ("bool", 0, 1)} | {
    number: row
    for bits, (signed, unsigned) in _SIZES.items()
    for number, row in (
        (signed, (f"int{bits}", -1 << (bits - 1), (1 << (bits - 1)) - 1)),
        (unsigned, (f"uint{bits}", 0, (1 << bits) - 1)),
    )
}
"""The integer types of ONNX, by their numbers: name, least and largest integer."""


@register_rule("Identity", "Dropout", "Cast")
def keep_tensor(tracer: Tracer, node: OnnxNode) -> OnnxTensor:
    """Return the operand as it is: inference drops nothing, and a cast to a wide enough type changes no number."""
    value = tracer.read_value(node)
    if node.kind == "Cast":
        _check_cast(tracer, node)
    return value


def _check_cast(tracer: Tracer, node: OnnxNode) -> None:
    """Raise ``LoweringError`` if the numbers that ``node`` casts may change."""
    target = int(node.attributes.get("to", 1))
    if target in (1, 11):  # float and double
        return
    if target not in _WHOLE:
        raise node.refuse("a cast to float, double or integers", f"type {target}", "Remove it.")
    name, lo, hi = _WHOLE[target]
    op = tracer.read_settled(node).x
    assert isinstance(op, Op)
    if op.type.frac > 0:
        raise node.refuse("whole numbers to cast", str(op.type), "Round them by a Quant.")
    least, most = (code << -op.type.frac for code in op.range.hull)
    if least < lo or most > hi:
        numbers = f"{op.type} from {least} to {most}"
        raise node.refuse(f"numbers that {name} holds", numbers, "Cast to a wider type.")


def _reshape(value: Value, shape: tuple[int, ...]) -> Value:
    own = value.with_order()
    if own.shape == shape:
        return own
    return Value(own.move(lambda x: Reshape(x, shape)), tuple(range(len(shape))), own.factor)


@register_rule("Flatten")
def lower_flatten(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the flattening of each sample."""
    value = tracer.read_value(node)
    axis = int(node.attributes.get("axis", 1))
    if axis not in (1, -len(value.order)):
        raise node.refuse("axis 1, so that samples stay apart", f"axis {axis}", "Use axis=1.")
    return _reshape(value, (math.prod(value.shape),))


@register_rule("Reshape")
def lower_reshape(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Reshape, whose first axis must remain that of the samples."""
    value, target = tracer.read_value(node), tracer.read_numbers(node, 1)
    wanted = [int(each) for each in target.ravel().tolist()]
    size = math.prod(value.shape)
    shape = [tracer.model.batch, *value.shape]
    dims = [shape[i] if each == 0 and i < len(shape) else each for i, each in enumerate(wanted)]
    if dims.count(-1) == 1:
        known = math.prod(each for each in dims if each != -1)
        whole = size * tracer.model.batch
        # A free batch leaves it open which axis is its own: then -1 in front is the samples'.
        first = dims[0] == -1 and known == size
        dims[dims.index(-1)] = tracer.model.batch if first else whole // max(known, 1)
    sound = (
        len(dims) > 1
        and dims[0] == tracer.model.batch
        and min(dims) > 0
        and math.prod(dims[1:]) == size
    )
    if not sound:
        raise node.refuse(
            f"a shape of {size} elements behind the batch", f"{wanted}", "Keep samples apart."
        )
    return _reshape(value, tuple(dims[1:]))


@register_rule("Squeeze", "Unsqueeze")
def lower_squeeze(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Squeeze or an Unsqueeze, which removes or adds axes of length 1."""
    value = tracer.read_value(node)
    rank, shape = len(value.order), list(value.shape)
    listed = tracer.read_integers(node, 1, "axes")
    if node.kind == "Squeeze":
        axes = (
            [i for i, size in enumerate(shape) if size == 1]
            if listed is None
            else [find_axis(node, axis, rank) for axis in listed]
        )
        if any(shape[axis] != 1 for axis in axes):
            raise node.refuse(
                "axes of length 1", f"axes {listed} of {value.shape}", "Mend the node."
            )
        return _reshape(value, tuple(size for i, size in enumerate(shape) if i not in axes))
    new = rank + len(listed or ())
    for axis in sorted(find_axis(node, axis, new) for axis in listed or ()):
        shape.insert(axis, 1)
    return _reshape(value, tuple(shape))


@register_rule("Transpose")
def lower_transpose(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Transpose to a new order of axes: no element moves until an op needs another order."""
    value = tracer.read_value(node)
    rank = len(value.order)
    perm = [int(axis) for axis in node.attributes.get("perm", range(rank, -1, -1))]
    if sorted(perm) != list(range(rank + 1)) or perm[0] != 0:
        raise node.refuse(
            "an order of axes with the samples first", f"{perm}", "Keep axis 0 first."
        )
    moved = [axis - 1 for axis in perm[1:]]
    return replace(value, order=tuple(moved.index(axis) for axis in value.order))


@register_rule("Shape")
def lower_shape(tracer: Tracer, node: OnnxNode) -> Constant:
    """Return the operand's shape with the model's batch size, or its part from ``start`` to ``end``, as a constant."""
    shape = [tracer.model.batch, *tracer.read_value(node).shape]
    ends = slice(node.attributes.get("start", 0), node.attributes.get("end"))
    return Constant(np.array(shape[ends], np.int64))


@register_rule("Concat")
def lower_concat(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a concatenation of tensors, which first get a common factor."""
    places = range(len(node.inputs))
    values = [tracer.read_exact(node, place) for place in places]
    if len({value.factor for value in values}) > 1:
        values = [tracer.read_settled(node, place) for place in places]
    first = values[0]
    if any(len(value.order) != len(first.order) for value in values):
        raise node.refuse("operands of one rank", "several", "Reshape them.")
    axis = find_axis(node, int(node.attributes.get("axis", 1)), len(first.order))
    parts = [value.with_order(first.order).x for value in values]
    ops = tuple(part for part in parts if isinstance(part, Op))
    return Value(Concat(ops, first.order.index(axis)), first.order, first.factor)


@register_rule("Pad")
def lower_pad(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the padding with a constant number."""
    value = tracer.read_exact(node)
    pads = tracer.read_integers(node, 1, "pads") or []
    mode = str(node.attributes.get("mode", "constant"))
    rank = len(value.order)
    axes = tracer.read_constant(node, 3)
    if mode != "constant" or axes is not None or len(pads) != 2 * (rank + 1) or min(pads) < 0:
        raise node.refuse(
            f"a constant padding of {2 * (rank + 1)} widths",
            f"mode {mode!r}, pads {pads}",
            "Use such.",
        )
    widths = list(zip(pads[: rank + 1], pads[rank + 1 :], strict=True))
    if any(widths[0]):
        raise node.refuse("a padding within samples", f"{widths[0]} of the batch", "Mend the node.")
    constant = tracer.read_constant(node, 2)
    number = read_scalar(node, constant.values, "padding") if constant else 0.0
    number = float(node.attributes.get("value", number))
    if number:
        value = tracer.read_settled(node)
    assert isinstance(value.x, Op)
    code = np.ldexp(number, value.x.type.frac)
    if code != int(code):
        raise node.refuse(f"a padding on the grid of {value.x.type}", f"{number:g}", "Use such.")
    stored = tuple(widths[1:][axis] for axis in value.order)
    return replace(value, x=Pad(value.x, stored, int(code)))


@register_rule("Slice")
def lower_slice(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Slice, which selects a range of indices along some axes."""
    value = tracer.read_value(node).with_order()
    rank = len(value.order)
    starts = tracer.read_integers(node, 1, "starts") or []
    ends = tracer.read_integers(node, 2, "ends") or []
    axes = tracer.read_integers(node, 3, "axes") or list(range(len(starts)))
    steps = tracer.read_integers(node, 4, "steps") or [1] * len(starts)
    ranges = [range(size) for size in value.shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if axis in (0, -rank - 1) and start == 0 and end >= tracer.model.batch and step == 1:
            continue
        place = find_axis(node, axis, rank)
        ranges[place] = ranges[place][slice(start, end if -(2**62) < end < 2**62 else None, step)]
    return _select(node, value, ranges)


def _select(node: OnnxNode, value: Value, ranges: list[range]) -> Value:
    """Return the elements of ``value``, whose axes are in order, at the indices ``ranges`` of each axis."""
    if any(len(each) == 0 for each in ranges):
        raise node.refuse("at least one element of each axis", "none", "Mend the node.")
    shape = value.shape
    sizes = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    offset = sum(each[0] * size for each, size in zip(ranges, sizes, strict=True))
    strides = tuple(each.step * size for each, size in zip(ranges, sizes, strict=True))
    dims = tuple(map(len, ranges))
    return replace(value, x=value.move(lambda x: View(x, dims, strides, offset)))


@register_rule("Gather")
def lower_gather(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Gather of rows of a constant table, or of evenly spaced elements of a tensor."""
    table = tracer.tensors[node.inputs[0]]
    if isinstance(table, Constant):
        return _look_up(tracer, node, table)
    value = tracer.read_value(node).with_order()
    axis = find_axis(node, int(node.attributes.get("axis", 0)), len(value.order))
    indices = tracer.read_numbers(node, 1).astype(np.int64)
    size = value.shape[axis]
    places = np.where(indices < 0, indices + size, indices).ravel().tolist()
    step = places[1] - places[0] if len(places) > 1 else 1
    even = places == [places[0] + step * i for i in range(len(places))] if places else False
    if not even or not step or not all(0 <= place < size for place in places):
        raise node.refuse(
            f"evenly spaced indices from 0 to {size - 1}", f"{places[:8]}", "Split the node."
        )
    ranges = [range(each) for each in value.shape]
    ranges[axis] = range(places[0], places[-1] + (1 if step > 0 else -1), step)
    picked = _select(node, value, ranges)
    shape = (*value.shape[:axis], *indices.shape, *value.shape[axis + 1 :])
    return _reshape(picked, shape)


def _look_up(tracer: Tracer, node: OnnxNode, table: Constant) -> Value:
    """Return the rows of ``table`` at indices that depend on an input."""
    if int(node.attributes.get("axis", 0)) != 0:
        raise node.refuse("rows of a table", f"axis {node.attributes['axis']}", "Transpose it.")
    index = tracer.read_settled(node, 1).with_order().x
    assert isinstance(index, Op)
    rows = Lookup(index, Const.of(table.values.astype(np.float64), "table"))
    return Value.of(rows)
