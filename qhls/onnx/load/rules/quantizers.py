"""Lowering rules of QONNX's operators on tensors that depend on an input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from qhls.frontend.lowering.lines import round_line
from qhls.frontend.lowering.reals import Reals
from qhls.frontend.lowering.steps import step_function
from qhls.ir import (
    Add,
    Codes,
    Const,
    Fixed,
    Min,
    Mul,
    Op,
    Overflow,
    Quantize,
    Rounding,
    Sub,
    Threshold,
)
from qhls.onnx.load.model import WIDEST_EXACT, OnnxNode, read_quantizer
from qhls.onnx.load.tracer import Tracer, drop_samples_axis, read_scalar, register_rule
from qhls.onnx.load.values import Value, find_power
from qhls.onnx.quantization import Numbers, find_channel_axis, make_roundings
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import make_constant

_FREE = 1 << WIDEST_EXACT - 1
"""Limit of an ``IntegerRounding`` that does not clip."""
FLOAT_ROUNDINGS = make_roundings(ops)
"""The functions of ``ROUNDINGS``, for tensors of Keras instead of arrays."""


@dataclass(frozen=True)
class IntegerRounding:
    """Rounding to whole numbers by ``mode`` of ``ROUNDINGS``, clipped to ``lowest`` and ``highest``."""

    mode: str
    lowest: int
    highest: int

    def __call__(self, v: Any) -> Any:
        """Return the tensor ``v`` of Keras, clipped and rounded to whole numbers."""
        return FLOAT_ROUNDINGS[self.mode](ops.clip(v, float(self.lowest), float(self.highest)))

    def round_exactly(self, x: Op) -> Op:
        """Return the exact tensor ``x``, rounded to whole numbers and clipped."""
        rounding = Rounding.HALF_EVEN
        if x.type.frac > 0 and self.mode not in ("ROUND", "HALF_EVEN"):
            x, rounding = _raise(x, self.mode), Rounding.FLOOR
        lowest, highest = self.lowest, self.highest
        if highest == _FREE:  # a type of the range, rounded outwards
            lowest, highest = (
                end >> x.type.frac if x.type.frac > 0 else end << -x.type.frac
                for end in x.range.hull
            )
            highest += 1
        to = Fixed.from_range(min(lowest, 0), max(highest, 0), 0)
        symmetric = to.signed and lowest == -to.hi
        overflow = Overflow.SATURATE_SYMMETRIC if symmetric else Overflow.SATURATE
        rounded: Op = Quantize(x, to, rounding, overflow)
        if rounded.range.hull[1] > highest:
            rounded = Min(rounded, Const.of(float(highest), "highest"))
        return rounded


_OFFSETS = {"FLOOR": (0, 0), "CEIL": (1, 1), "UP": (0, 1), "DOWN": (1, 0), "ROUND_TO_ZERO": (1, 0)}
"""Flags by rounding mode: 1 if almost 1 is added before rounding down, first for negative numbers, then for others."""
_HALVES = {"HALF_UP": (1, 0), "HALF_DOWN": (0, 1)}
"""Flags by rounding mode: 1 if ties are rounded down, not up, first for negative numbers, then for others."""


def _raise(x: Op, mode: str) -> Op:
    """Return ``x`` plus an offset, after which rounding down has the same result as rounding ``x`` by ``mode``."""
    unit, frac = 1 << x.type.frac, x.type.frac
    if mode in _OFFSETS:
        negative, positive = ((unit - 1) * offset for offset in _OFFSETS[mode])
    else:
        negative, positive = (unit // 2 - less for less in _HALVES[mode])
    lowest, highest = x.range.hull
    if negative == positive or lowest >= 0 or highest < 0:
        offset = positive if lowest >= 0 else negative
        return Add(x, Const(Codes(np.array(offset)), frac, name="offset")) if offset else x
    zero = Const(Codes(np.array([0])), frac, name="thresholds")
    offsets = Const(Codes(np.array([negative, positive])), frac, name="values")
    return Add(x, Threshold(x, zero, offsets))


@register_rule("Quant", "IntQuant")
def lower_quant(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Quant on an activation."""
    scale, zero = tracer.read_numbers(node, 1), tracer.read_numbers(node, 2)
    to = read_quantizer(node, tracer.read_numbers(node, 3), "ROUND")
    check_scale(node, scale)
    if to.is_bipolar:
        return _make_signs(tracer, node, scale, zero)
    rounding = IntegerRounding(to.rounding, *to.limits)
    offset = Fraction(read_scalar(node, zero, "zero point"))
    return _scale_back(node, tracer, _round(tracer, node, scale, offset, rounding), offset, scale)


def check_scale(node: OnnxNode, scale: Numbers) -> None:
    """Refuse scales that are not positive. Raises ``LoweringError``."""
    if not scale.size or not (scale > 0).all():
        raise node.refuse("positive scales", "others", "Train or export the model again.")


def _find_ratio(value: Value, scale: Numbers) -> Value | None:
    """Return ``value`` in steps of ``scale`` if its factor divided by ``scale`` is a power of two, else None."""
    sizes = np.unique(scale)
    if isinstance(value.x, Reals) or len(sizes) != 1:
        return None
    ratio = value.factor / Fraction(float(sizes[0]))
    if ratio != Fraction(2) ** find_power(ratio):
        return None
    return Value(value.x, value.order).scale(ratio)


def _round(
    tracer: Tracer, node: OnnxNode, scale: Numbers, zero: Fraction, rounding: IntegerRounding
) -> Value:
    """Return the operand in steps of ``scale``, plus ``zero``, rounded to integers by ``rounding``."""
    value = tracer.read_value(node)
    steps = _find_ratio(value, scale)
    if steps is not None:
        x = steps.x
        assert isinstance(x, Op)
        x = Add(x, Const.of(float(zero), "zero_point")) if zero else x
        return Value(rounding.round_exactly(x), value.order)
    own = _arrange(node, value, scale)
    reals = own.to_reals(node.name, tracer.explain_end(node))
    sizes = np.unique(scale)
    function: Callable[[Any], Any] = rounding
    shift = float(zero)
    if len(sizes) == 1:
        step = float(sizes[0])
        function = lambda v: rounding(v / step + shift)  # noqa: E731
    else:
        steps_of_channels = (
            own.arrange(drop_samples_axis(node, scale, len(own.order))).ravel().astype(np.float64)
        )
        reals = reals.apply(lambda v: v / make_constant(steps_of_channels, v))
        function = lambda v: rounding(v + shift)  # noqa: E731
    to = Fixed.from_range(min(rounding.lowest, 0), max(rounding.highest, 0), 0)
    line = round_line(function, reals, to)
    rounded = line if line is not None else step_function(node, function, reals, ())
    return Value(rounded, own.order)


def _arrange(node: OnnxNode, value: Value, scale: Numbers) -> Value:
    """Return ``value`` with the axis along which ``scale`` differs stored last."""
    if scale.size == 1:
        return value
    whole = drop_samples_axis(node, scale, len(value.order))
    whole = whole.reshape((*(1,) * (len(value.order) - whole.ndim), *whole.shape))
    axes = [axis for axis, size in enumerate(whole.shape) if size > 1]
    if len(axes) != 1:
        raise node.refuse(
            "one scale per tensor or channel", f"scales of {scale.shape}", "Use such."
        )
    return value.with_last(axes[0])


def _scale_back(
    node: OnnxNode, tracer: Tracer, integers: Value, zero: Fraction, scale: Numbers
) -> Value:
    """Return ``(integers - zero) * scale``."""
    x = integers.x
    assert isinstance(x, Op)
    if zero:
        x = Sub(x, Const.of(float(zero), "zero_point"))
    value = Value(x, integers.order)
    sizes = np.unique(scale)
    if len(sizes) == 1:
        return value.scale(Fraction(float(sizes[0])))
    steps = value.arrange(drop_samples_axis(node, scale, len(value.order))).astype(np.float64)
    if (np.frexp(steps)[0] == 0.5).all():
        return Value(Mul(x, Const.of(steps, "scale")), value.order)
    reals = value.to_reals(node.name, tracer.explain_end(node))
    row = steps.ravel()
    return Value(reals.apply(lambda v: v * make_constant(row, v)), value.order)


def _make_signs(tracer: Tracer, node: OnnxNode, scale: Numbers, zero: Numbers) -> Value:
    """Return ``scale`` where the operand is at least ``-zero * scale``, else ``-scale``, both less ``zero * scale``."""
    offset = Fraction(read_scalar(node, zero, "zero point"))
    value = tracer.read_value(node)
    limit = -float(offset) * read_scalar(node, scale, "scale") if offset else 0.0
    if isinstance(value.x, Op):  # the factor is positive
        least = Fraction(limit) / value.factor * Fraction(2) ** value.x.type.frac
        code = -(-least.numerator // least.denominator)
        steps = Const(Codes(np.array([code])), value.x.type.frac, name="thresholds")
        signs: Op = Threshold(value.x, steps, Const.of([-1.0, 1.0], "values"))
    else:
        signs = step_function(node, lambda v: ops.where(v >= limit, 1.0, -1.0), value.x, ())
    return _scale_back(node, tracer, Value(signs, value.order), offset, scale)


@register_rule("BipolarQuant")
def lower_bipolar_quant(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a BipolarQuant on an activation."""
    scale = tracer.read_numbers(node, 1)
    check_scale(node, scale)
    return _make_signs(tracer, node, scale, np.zeros(()))


@register_rule("Trunc")
def lower_trunc(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Trunc, whose version follows from its number of operands."""
    scale, zero = tracer.read_numbers(node, 1), tracer.read_numbers(node, 2)
    check_scale(node, scale)
    offset = Fraction(read_scalar(node, zero, "zero point"))
    before = read_quantizer(node, tracer.read_numbers(node, 3), "FLOOR")
    to = read_quantizer(node, tracer.read_numbers(node, len(node.inputs) - 1), "FLOOR")
    whole = _round(tracer, node, scale, offset, IntegerRounding("ROUND", -_FREE, _FREE))
    rounding, back = IntegerRounding(to.rounding, -_FREE, _FREE), scale
    dropped = before.bits - to.bits
    if len(node.inputs) > 5:  # version 2 clips, and has a scale of its result
        back = tracer.read_numbers(node, 4)
        check_scale(node, back)
        share = read_scalar(node, back, "scale") / read_scalar(node, scale, "scale")
        dropped = round(np.log2(share))
        rounding = IntegerRounding(to.rounding, *to.limits)
        offset /= Fraction(2) ** dropped
    shifted = whole.scale(Fraction(1, 2**dropped) if dropped >= 0 else Fraction(2**-dropped))
    assert isinstance(shifted.x, Op)
    return _scale_back(
        node, tracer, Value(rounding.round_exactly(shifted.x), whole.order), offset, back
    )


@register_rule("MultiThreshold")
def lower_multi_threshold(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a MultiThreshold: the number of thresholds that each element reaches, scaled."""
    value, table = tracer.read_value(node), tracer.read_numbers(node, 1).astype(np.float64)
    rank = len(value.order)
    axis = find_channel_axis(str(node.attributes.get("data_layout", "")), rank + 1)
    if table.ndim != 2 or not 1 <= axis <= rank or table.shape[0] not in (1, value.shape[axis - 1]):
        raise node.refuse(
            f"thresholds (channels or 1, n) along an axis of {value.shape}",
            f"{table.shape}",
            "Mend them.",
        )
    shared = table.shape[0] == 1
    own = value if shared else value.with_last(axis - 1)
    reals = own.to_reals(node.name, tracer.explain_end(node))
    rows = np.sort(table, axis=1)[0] if shared else np.sort(table, axis=1)

    def count(v: Any) -> Any:
        reached = ops.expand_dims(v, -1) >= make_constant(rows, v)
        return ops.sum(ops.cast(reached, v.dtype), axis=-1)

    counted = reals if shared else reals.apply(count)
    stepped = step_function(node, count if shared else (lambda v: v), counted, ())
    scale = Fraction(float(node.attributes.get("out_scale", 1.0)))
    bias = Fraction(float(node.attributes.get("out_bias", 0.0)))
    if not scale:
        raise node.refuse("an out_scale other than 0", "0", "Mend the node.")
    x = Add(stepped, Const.of(float(bias / scale), "bias")) if bias else stepped
    return Value(x, own.order).scale(scale)
