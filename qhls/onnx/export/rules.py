"""Export rules, one per op of the IR: the ONNX nodes that compute the op's numbers exactly in float32."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np

from qhls.errors import EmitError
from qhls.ir import (
    Add,
    ArgMax,
    Concat,
    Const,
    Conv,
    Fixed,
    Lookup,
    Matmul,
    Max,
    Min,
    Mul,
    Op,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Scan,
    Shift,
    Sub,
    Threshold,
    View,
    decode,
)
from qhls.ir.elementwise import Elementwise
from qhls.ir.integers import Array
from qhls.onnx.export.writer import FLOAT32_BITS, SPATIAL, Writer, explain_inexact

_LARGEST = 1 << FLOAT32_BITS
_EXPONENTS = 126 - FLOAT32_BITS
"""Largest magnitude of a number of fraction bits for which every code is a normal number of float32."""
_UNLIMITED = 31
"""Width in bits of a Quant that only rounds and never saturates."""


def check_float32(op: Op) -> None:
    """Refuse an op whose numbers or partial sums float32 cannot hold exactly. Raises ``EmitError``."""
    if isinstance(op, Const):
        return  # its values are compared when they are written
    sums = isinstance(op, Matmul | Conv | Pool | Add | Sub | Mul)
    bound = max(op.magnitude, op.bound) if sums else op.bound
    if bound > _LARGEST:
        raise explain_inexact(
            op,
            f"numbers and partial sums of at most {FLOAT32_BITS} bits, which float32 holds",
            f"{bound.bit_length()} bits",
        )
    if abs(op.type.frac) > _EXPONENTS:
        raise explain_inexact(op, f"at most {_EXPONENTS} bits from the point", str(op.type))


def write_op(op: Op, writer: Writer) -> None:
    """Add the nodes of ``op``, whose operands have been written. Raises ``EmitError``."""
    check_float32(op)
    _write(op, writer)


@singledispatch
def _write(op: Op, writer: Writer) -> None:
    raise EmitError(
        f"qonnx: {op.kind} {op.name!r}: expected an op with a form in ONNX, got one of another package. Choose another "
        f"target."
    )


@_write.register
def _(op: Const, writer: Writer) -> None:
    pass  # the op that reads it writes it, in the shape that it needs


@_write.register
def _(op: Matmul, writer: Writer) -> None:
    weights = writer.add_weights(op.w)
    writer.put(op, writer.add("MatMul", [writer.read(op.x), weights], op.shape, op.name))


@_write.register
def _(op: Conv, writer: Writer) -> None:
    kernel = np.transpose(decode(op.w.codes.to_integers(), op.w.type), (3, 2, 0, 1))
    options = {"kernel_shape": op.w.shape[:2], "dilations": op.dilation, "group": op.groups}
    _convolve(op, writer, writer.add_weights(op.w, kernel), **options)


@_write.register
def _(op: Pool, writer: Writer) -> None:
    if op.reduction == "max":
        shape = _put_first(op.shape)
        options: dict[str, Any] = {"kernel_shape": op.window, "strides": op.strides}
        x = writer.read_first(op.x)
        writer.put(op, writer.add("MaxPool", [x], shape, op.name, **options), first=True)
        return
    channels = op.shape[-1]
    # A mean would round; the sum is a convolution with ones.
    ones = writer.add_constant(np.ones((channels, 1, *op.window)), f"{op.name}.ones")
    _convolve(op, writer, ones, kernel_shape=op.window, group=channels)


def _convolve(op: Conv | Pool, writer: Writer, kernel: str, **options: Any) -> None:
    x = writer.read_first(op.x)
    shape = _put_first(op.shape)
    product = writer.add("Conv", [x, kernel], shape, op.name, strides=op.strides, **options)
    writer.put(op, product, first=True)


def _put_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    rows, columns, channels = shape
    return channels, rows, columns


# -- element by element -----------------------------------------------------------------------------


@_write.register
def _(op: Elementwise, writer: Writer) -> None:
    first = writer.is_first(op.a) or writer.is_first(op.b)
    inputs = [_read_operand(each, writer, len(op.shape), first) for each in (op.a, op.b)]
    kinds = {Add: "Add", Sub: "Sub", Mul: "Mul", Max: "Max", Min: "Min"}
    _put(op, writer, kinds[type(op)], inputs, first)


def _read_operand(op: Op, writer: Writer, rank: int, first: bool) -> str:
    """Return the name of an operand in the layout of the result, which has ``rank`` axes; constants may broadcast."""
    if not isinstance(op, Const):
        return writer.read_first(op) if first else writer.read(op)
    if not first:
        return writer.add_weights(op)
    values = decode(op.codes.to_integers(), op.type)
    values = values.reshape((*(1,) * (rank - values.ndim), *values.shape))
    return writer.add_weights(op, np.transpose(values, (2, 0, 1)))


def _put(op: Op, writer: Writer, kind: str, inputs: list[str], first: bool) -> None:
    shape = _put_first(op.shape) if first else op.shape
    writer.put(op, writer.add(kind, inputs, shape, op.name), first)


@dataclass(frozen=True)
class Source:
    """A tensor that a node reads: its name, its shape, and whether its channels are first."""

    name: str
    shape: tuple[int, ...]
    first: bool


def _read_any(op: Op, writer: Writer) -> Source:
    """Return the tensor of ``op`` in a layout in which it already exists."""
    if writer.is_first(op):
        return Source(writer.read_first(op), _put_first(op.shape), True)
    return Source(writer.read(op), op.shape, False)


@_write.register
def _(op: Shift, writer: Writer) -> None:
    x = _read_any(op.x, writer)
    factor = writer.add_constant(2.0**op.power, f"{op.name}.factor")
    writer.put(op, writer.add("Mul", [x.name, factor], x.shape, op.name), x.first)


@_write.register
def _(op: Quantize, writer: Writer) -> None:
    x, to, name = _read_any(op.x, writer), op.to, op.name
    rounding = "ROUND" if op.rounding is Rounding.HALF_EVEN else "FLOOR"
    if op.rounding is Rounding.HALF_UP and op.x.type.frac > to.frac:
        x = _add_half(op, writer, x)
    options: dict[str, Any] = {"frac": to.frac, "rounding": rounding}
    if op.overflow is Overflow.WRAP:
        _check_wrap(op)
        options |= {"bits": _UNLIMITED, "signed": True}
        rounded = writer.add_quant(x.name, x.shape, f"{name}.rounded", **options)
        stored = _wrap(writer, replace(x, name=rounded), to, name)
    elif to.signed and to.width == 1:  # the codes -1 and 0: QONNX's one signed bit is -1 or 1
        rounded = writer.add_quant(
            x.name, x.shape, f"{name}.rounded", bits=2, signed=True, **options
        )
        lowest = 0.0 if op.overflow is Overflow.SATURATE_SYMMETRIC else -to.step
        stored = writer.add_clip(rounded, x.shape, (lowest, 0.0), name)
    else:
        narrow = to.signed and op.overflow is Overflow.SATURATE_SYMMETRIC
        bits = min(to.width, _UNLIMITED)  # wider ones never saturate what float32 holds
        options |= {"bits": bits, "signed": to.signed, "narrow": narrow}
        stored = writer.add_quant(x.name, x.shape, name, **options)
    writer.put(op, stored, x.first)


def _add_half(op: Quantize, writer: Writer, x: Source) -> Source:
    """Return ``x`` plus half a step, so that rounding down afterwards rounds to nearest."""
    dropped = op.x.type.frac - op.to.frac
    if op.x.bound + (1 << dropped - 1) > _LARGEST:
        raise explain_inexact(
            op, f"an input and half a step in {FLOAT32_BITS} bits", str(op.x.type)
        )
    half = writer.add_constant(2.0 ** -(op.to.frac + 1), f"{op.name}.half")
    return replace(x, name=writer.add("Add", [x.name, half], x.shape, f"{op.name}.raised"))


def _check_wrap(op: Quantize) -> None:
    finer = max(op.to.frac - op.x.type.frac, 0)
    if (op.x.bound << finer) + (1 << op.to.width) > _LARGEST:
        raise explain_inexact(
            op, f"an input and a turn of {op.to} in {FLOAT32_BITS} bits", str(op.x.type)
        )


def _wrap(writer: Writer, x: Source, to: Fixed, name: str) -> str:
    """Return ``x - span * floor((x - lowest) / span)``, which keeps only the low bits of ``x``."""
    span, shape, shifted = 2.0 ** (to.width - to.frac), x.shape, x.name
    if to.signed:
        lowest = writer.add_constant(to.lo * to.step, f"{name}.lowest")
        shifted = writer.add("Sub", [x.name, lowest], shape, f"{name}.from_lowest")
    share = writer.add_constant(1 / span, f"{name}.share")
    turns = writer.add("Mul", [shifted, share], shape, f"{name}.turns")
    whole = writer.add("Floor", [turns], shape, f"{name}.whole_turns")
    width = writer.add_constant(span, f"{name}.span")
    back = writer.add("Mul", [whole, width], shape, f"{name}.beyond")
    return writer.add("Sub", [x.name, back], shape, name)


# -- tables -----------------------------------------------------------------------------------------


@_write.register
def _(op: Threshold, writer: Writer) -> None:
    x, values = _read_any(op.x, writer), op.values.codes.to_integers()
    step = _find_step(values)
    if step is None:
        writer.put(op, _select(op, writer, x), x.first)
        return
    start = float(np.ldexp(float(values.flat[0]), -op.values.frac))
    at_zero = op.count == 1 and not op.thresholds.codes.to_integers().any()
    if at_zero and step > 0 and 2 * values.flat[0] == -step:
        scale = writer.add_constant(-start, f"{op.name}.scale")
        writer.put(op, writer.add("BipolarQuant", [x.name, scale], x.shape, op.name), x.first)
        return
    size = float(np.ldexp(float(step), -op.values.frac))
    writer.put(op, _count(op, writer, x, (size, start, op.name)), x.first)


def _find_step(values: Array) -> int | None:
    """Return the difference of consecutive values if all differences, and all first values, are equal, else None."""
    steps = np.diff(values, axis=-1)
    starts = values[..., 0]
    same = (steps == steps.flat[0]).all() and (starts == starts.flat[0]).all()
    return int(steps.flat[0]) if same else None


def _count(op: Threshold, writer: Writer, x: Source, to: tuple[float, float, str]) -> str:
    """Add a node for ``scale * count + bias``, where ``count`` thresholds are reached; ``to``: scale, bias, name."""
    scale, bias, name = to
    numbers = decode(op.thresholds.codes.to_integers(), op.thresholds.type)
    table = writer.add_constant(numbers if op.per_channel else numbers[None], f"{name}.thresholds")
    layouts = {1: "NC", 2: "NWC", 3: "NCHW" if x.first else "NHWC", 4: "NDHWC"}
    if len(x.shape) not in layouts:
        raise explain_inexact(op, "a tensor of 1 to 4 axes", f"{len(x.shape)} axes")
    low, high = sorted((bias, bias + scale * op.count))
    whole = scale == int(scale) and bias == int(bias)
    to_type = Fixed.from_range(int(low), int(high), 0) if whole else None
    kind = f"{'' if to_type.signed else 'U'}INT{to_type.width}" if to_type else "FLOAT32"
    options = {"out_scale": scale, "out_bias": bias, "out_dtype": kind}
    layout = layouts[len(x.shape)]
    inputs = [x.name, table]
    return writer.add("MultiThreshold", inputs, x.shape, name, data_layout=layout, **options)


def _select(op: Threshold, writer: Writer, x: Source) -> str:
    """Add nodes that look up a value by the number of thresholds reached, and return the output's name."""
    name, shape = op.name, x.shape
    counts = _count(op, writer, x, (1.0, 0.0, f"{name}.count"))
    kind = writer.integer_type
    places = writer.add("Cast", [counts], shape, f"{name}.place", integer=True, to=kind)
    if op.per_channel:
        starts = np.arange(op.values.shape[0]) * (op.count + 1)
        starts = starts.reshape(-1, 1, 1) if x.first else starts
        offset = writer.add_constant(starts, f"{name}.start")
        places = writer.add("Add", [places, offset], shape, f"{name}.own_place", integer=True)
    numbers = decode(op.values.codes.to_integers(), op.values.type).ravel()
    table = writer.add_constant(numbers, f"{name}.values")
    return writer.add("Gather", [table, places], shape, name, axis=0)


@_write.register
def _(op: Lookup, writer: Writer) -> None:
    kind, name = writer.integer_type, op.name
    x = writer.read(op.x)
    places = writer.add("Cast", [x], op.x.shape, f"{name}.row", integer=True, to=kind)
    table = writer.add_weights(op.table)
    writer.put(op, writer.add("Gather", [table, places], op.shape, name, axis=0))


@_write.register
def _(op: ArgMax, writer: Writer) -> None:
    x, name = writer.read(op.x), op.name
    places = writer.add("ArgMax", [x], op.shape, f"{name}.place", integer=True, axis=-1, keepdims=1)
    writer.put(op, writer.add("Cast", [places], op.shape, name, to=writer.float_type))


# -- movement ---------------------------------------------------------------------------------------


@_write.register
def _(op: Reshape, writer: Writer) -> None:
    writer.put(op, _reshape(writer, writer.read(op.x), op.dims, op.name))


def _reshape(writer: Writer, x: str, shape: tuple[int, ...], name: str) -> str:
    dims = writer.add_constant(np.array([0, *shape]), f"{name}.shape")  # 0 keeps the batch
    return writer.add("Reshape", [x, dims], shape, name)


@_write.register
def _(op: View, writer: Writer) -> None:
    x, name = writer.read(op.x), op.name
    order = _find_order(op)
    if order is not None:
        perm = (0, *(axis + 1 for axis in order))
        writer.put(op, writer.add("Transpose", [x], op.shape, name, perm=perm))
        return
    flat = _reshape(writer, x, (op.x.size,), f"{name}.flat")
    places = writer.add_constant(op.places, f"{name}.places")
    writer.put(op, writer.add("Gather", [flat, places], op.shape, name, axis=1))


def _find_order(op: View) -> tuple[int, ...] | None:
    """Return the order of axes if the view is a transposition, else None."""
    shape = op.x.shape
    if op.offset or sorted(op.dims) != sorted(shape):
        return None
    steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    order: list[int] = []
    for size, stride in zip(op.dims, op.strides, strict=True):
        axes = [
            axis
            for axis in range(len(shape))
            if axis not in order and shape[axis] == size and (steps[axis] == stride or size == 1)
        ]
        if not axes:
            return None
        order.append(axes[0])
    return tuple(order)


@_write.register
def _(op: Pad, writer: Writer) -> None:
    x = _read_any(op.x, writer)
    widths = [*op.widths[2:], *op.widths[:2]] if x.first else op.widths
    ends = [0, *(w[0] for w in widths), 0, *(w[1] for w in widths)]
    pads = writer.add_constant(np.array(ends), f"{op.name}.pads")
    value = writer.add_constant(float(np.ldexp(float(op.value), -op.frac)), f"{op.name}.value")
    shape = _put_first(op.shape) if x.first else op.shape
    writer.put(op, writer.add("Pad", [x.name, pads, value], shape, op.name), x.first)


@_write.register
def _(op: Concat, writer: Writer) -> None:
    rank = len(op.shape)
    first = rank == SPATIAL and any(map(writer.is_first, op.xs))
    axis = op.axis % rank
    axis = (axis + 1) % SPATIAL if first else axis
    inputs = [writer.read_first(x) if first else writer.read(x) for x in op.xs]
    shape = _put_first(op.shape) if first else op.shape
    writer.put(op, writer.add("Concat", inputs, shape, op.name, axis=axis + 1), first)


@_write.register
def _(op: Scan, writer: Writer) -> None:
    """Write the nodes of one step of ``op`` once for each row, since QONNX has no loops."""
    x = writer.read(op.x)
    carried = [_start(start, writer) for start in op.start]
    rows: list[str] = []
    for step in range(op.steps):
        place = writer.add_constant(np.array(step), f"{op.name}.step")
        row = writer.add("Gather", [x, place], op.x.shape[1:], f"{op.name}.row", axis=1)
        for entering, name in zip(op.body.inputs, [row, *carried], strict=True):
            writer.put(entering, name)
        for inner in op.body.ops[len(op.body.inputs) :]:
            write_op(inner, writer)
        result, *carried = [writer.read(leaving) for leaving in op.body.outputs]
        rows.append(result)
    if not op.sequence:
        writer.put(op, rows[-1])
        return
    shape = op.body.outputs[0].shape
    long = [_reshape(writer, row, (1, *shape), f"{op.name}.result") for row in rows]
    writer.put(op, writer.add("Concat", long, op.shape, op.name, axis=1))


def _start(op: Op, writer: Writer) -> str:
    """Return the name of a state that the first step reads, as a tensor with the batch axis."""
    if not isinstance(op, Const):
        return writer.read(op)
    values = writer.add_weights(op, decode(op.codes.to_integers(), op.type)[None])
    writer.shapes[values] = (1, *op.shape)
    return values
