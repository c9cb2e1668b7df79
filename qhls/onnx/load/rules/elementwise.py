"""Lowering rules of elementwise nodes: sums, products, rectifiers, normalisations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.reals import apply_real_along
from qhls.ir import Add, Const, Max, Min, Mul, Op, Sub
from qhls.onnx.load.model import OnnxNode
from qhls.onnx.load.tracer import (
    OnnxTensor,
    SoftmaxEnd,
    Tracer,
    drop_samples_axis,
    find_axis,
    read_scalar,
    register_rule,
)
from qhls.onnx.load.values import Constant, Value, count_magnitude_bits, has_short_mantissa
from qhls.onnx.quantization import Numbers, fold_normalisation
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import make_constant

OFFSET_BITS = 24
"""Largest width in bits of a constant that is added exactly; the sum with a wider constant is real numbers."""
WIDE_BITS = 48
"""Largest width in bits of a constant that is added exactly for readers other than a Quant."""
_NEAR = 1e-6
"""Largest relative difference between the scale of a bias, in float32, and that of the sum to which it is added."""


def apply_along(
    tracer: Tracer,
    node: OnnxNode,
    value: Value,
    array: Numbers,
    function: Callable[[Any, Any], Any],
) -> Value:
    """Return ``function(value, array)`` as real numbers, where ``array`` broadcasts to the shape of ``value``."""
    axes = [axis for axis, size in enumerate(_spread(value, array).shape) if size > 1]
    own = value.with_last(axes[0]) if len(axes) == 1 else value
    stored = own.arrange(_spread(value, array)).astype(np.float64)[None]
    places = [axis for axis, size in enumerate(stored.shape[1:]) if size > 1]
    reals = own.to_reals(node.name, tracer.explain_end(node))

    def apply(v: Any) -> Any:
        return function(v, make_constant(stored, v))

    applied = apply_real_along(reals, apply, reals.refusal, axes=places)
    return Value(applied, own.order)  # type: ignore[arg-type]


def _spread(value: Value, array: Numbers) -> Numbers:
    return array.reshape((*(1,) * (len(value.order) - array.ndim), *array.shape))


def _check_broadcast(node: OnnxNode, value: Value, array: Numbers) -> Numbers:
    """Return a constant without its batch axis; refuse it if it does not broadcast to ``value``.

    Raises ``LoweringError``.
    """
    own = drop_samples_axis(node, array, len(value.order))
    try:
        fits = np.broadcast_shapes(own.shape, value.shape) == value.shape
    except ValueError:
        fits = False
    if not fits:
        raise node.refuse(
            f"a constant that broadcasts to {value.shape}", f"the shape {own.shape}", "Reshape it."
        )
    return own


def multiply_constant(tracer: Tracer, node: OnnxNode, value: Value, array: Numbers) -> Value:
    """Return ``value`` times a constant that broadcasts to it."""
    own = _check_broadcast(node, value, np.asarray(array, np.float64))
    sizes = np.unique(own)
    if len(sizes) == 1 and sizes[0]:
        return value.scale(Fraction(float(sizes[0])))
    few = all(not size or has_short_mantissa(Fraction(float(size))) for size in sizes.tolist())
    if isinstance(value.x, Op) and few:
        return Value(
            Mul(value.x, Const.of(value.arrange(own), "factor")), value.order, value.factor
        )
    return apply_along(tracer, node, value, own, lambda v, factor: v * factor)


def add_constant(tracer: Tracer, node: OnnxNode, value: Value, constant: Constant) -> Value:
    """Return ``value`` plus a constant that broadcasts to it."""
    spread = constant.move(lambda array: _check_broadcast(node, value, array))
    values = spread.values.astype(np.float64)
    if not values.any():
        return value
    if isinstance(value.x, Op):
        steps = _find_steps(spread, value.factor)
        if steps is not None:
            return Value(
                Add(value.x, Const.of(value.arrange(steps), "bias")), value.order, value.factor
            )
    summed = apply_along(tracer, node, value, values, lambda v, offset: v + offset)
    whole = value.without_reals()
    if not isinstance(whole.x, Op) or whole.factor != 1 or count_magnitude_bits(values) > WIDE_BITS:
        return summed
    exact = Add(whole.x, Const.of(whole.arrange(values), "bias"))
    return replace(summed, exact=Value(exact, whole.order).with_order(summed.order).x)


def _find_steps(constant: Constant, factor: Fraction) -> Numbers | None:
    """Return a constant in units of ``factor``; None if that would round its numbers, or if they are too wide.

    The constant's scale divided by ``factor`` must be a power of two, up to rounding. Only for factor 1 wide numbers
    are refused.
    """
    values = constant.values.astype(np.float64)
    integers, scale = constant.integers, constant.scale
    if factor != 1 and integers is not None and scale is not None:
        ratios = scale / float(factor)
        powers = np.round(np.log2(ratios))
        if (np.abs(ratios / 2.0**powers - 1) <= _NEAR).all():
            return integers * 2.0**powers
    if factor != 1:
        return None
    return values if count_magnitude_bits(values) <= OFFSET_BITS else None


# -- two operands -----------------------------------------------------------------------------------


@register_rule("Add", "Sub")
def lower_add(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a sum or a difference."""
    a, b = (tracer.tensors[name] for name in node.inputs[:2])
    less = node.kind == "Sub"
    if isinstance(b, Constant):
        value = tracer.read_value(node)
        return add_constant(tracer, node, value, b.move(np.negative) if less else b)
    if isinstance(a, Constant):
        assert isinstance(b, Value)
        return add_constant(tracer, node, b.scale(Fraction(-1)) if less else b, a)
    return _combine(tracer, node, Sub if less else Add)


def _combine(tracer: Tracer, node: OnnxNode, kind: type[Add | Sub | Max | Min]) -> Value:
    """Combine two tensors that depend on inputs by an op of ``kind``, with a common factor."""
    a, b = tracer.read_exact(node, 0), tracer.read_exact(node, 1)
    if len(a.order) != len(b.order):
        raise node.refuse("operands of one rank", f"{a.shape} and {b.shape}", "Reshape one.")
    b = b.with_order(a.order)
    if issubclass(kind, Add | Sub):
        tracer.note_sum(node, a, b)
    if a.factor != b.factor and not has_short_mantissa(ratio := b.factor / a.factor):
        if has_short_mantissa(1 / ratio):
            a = _rescale(a, 1 / ratio, b.factor)
        else:
            a, b = tracer.read_settled(node, 0), tracer.read_settled(node, 1).with_order(a.order)
    elif a.factor != b.factor:
        b = _rescale(b, b.factor / a.factor, a.factor)
    assert isinstance(a.x, Op)
    assert isinstance(b.x, Op)
    return Value(kind(a.x, b.x), a.order, a.factor)


def _rescale(value: Value, ratio: Fraction, factor: Fraction) -> Value:
    """Return the same numbers with ``factor`` as their factor; ``ratio`` is the current factor divided by it."""
    assert isinstance(value.x, Op)
    return Value(Mul(value.x, Const.of(float(ratio), "ratio")), value.order, factor)


@register_rule("Mul")
def lower_mul(tracer: Tracer, node: OnnxNode) -> OnnxTensor:
    """Lower the product of a tensor and a constant, or of two tensors."""
    for place in (0, 1):
        other = tracer.tensors[node.inputs[1 - place]]
        if isinstance(other, Constant):
            return multiply_constant(tracer, node, tracer.read_value(node, place), other.values)
    a, b = tracer.read_exact(node, 0), tracer.read_exact(node, 1)
    if len(a.order) != len(b.order):
        raise node.refuse("operands of one rank", f"{a.shape} and {b.shape}", "Reshape one.")
    b = b.with_order(a.order)
    assert isinstance(a.x, Op)
    assert isinstance(b.x, Op)
    return Value(Mul(a.x, b.x), a.order).scale(a.factor * b.factor)


@register_rule("Div")
def lower_div(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower the division of a tensor by a constant."""
    value, array = tracer.read_value(node), tracer.read_numbers(node, 1).astype(np.float64)
    if not array.all():
        raise node.refuse("a divisor other than 0", "0", "Mend the node.")
    sizes = np.unique(array)
    if len(sizes) == 1:
        _check_broadcast(node, value, array)
        return value.scale(1 / Fraction(float(sizes[0])))
    return multiply_constant(tracer, node, value, 1.0 / array)


@register_rule("Max", "Min")
def lower_extreme(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Max or Min of two operands."""
    if len(node.inputs) != 2:
        raise node.refuse("two operands", f"{len(node.inputs)}", "Nest them.")
    for place in (0, 1):
        other = tracer.tensors[node.inputs[1 - place]]
        if isinstance(other, Constant):
            limit = read_scalar(node, other.values, "limit")
            ends = (limit, None) if node.kind == "Max" else (None, limit)
            return _limit(tracer, node, tracer.read_value(node, place), *ends)
    return _combine(tracer, node, Max if node.kind == "Max" else Min)


# -- one operand ------------------------------------------------------------------------------------


@register_rule("Neg")
def lower_neg(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a change of sign."""
    return tracer.read_value(node).scale(Fraction(-1))


@register_rule("Relu")
def lower_relu(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a rectifier."""
    return _limit(tracer, node, tracer.read_value(node), 0.0, None)


@register_rule("Clip")
def lower_clip(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a Clip, whose limits are attributes or operands."""
    ends: list[float | None] = []
    for place, name in ((1, "min"), (2, "max")):
        bound = tracer.read_constant(node, place)
        limit = (
            node.attributes.get(name) if bound is None else read_scalar(node, bound.values, name)
        )
        ends.append(None if limit is None or not np.isfinite(limit) else float(limit))
    return _limit(tracer, node, tracer.read_value(node), *ends)


def _limit(
    tracer: Tracer, node: OnnxNode, value: Value, lowest: float | None, highest: float | None
) -> Value:
    """Return ``value``, limited to at least ``lowest`` and at most ``highest``; None means no limit."""
    ends = [end for end in (lowest, highest) if end is not None]
    steps = [Fraction(end) / value.factor for end in ends]
    if isinstance(value.x, Op) and all(not step or has_short_mantissa(step) for step in steps):
        x = value.x
        if lowest is not None:
            x = Max(x, Const.of(float(Fraction(lowest) / value.factor), "lowest"))
        if highest is not None:
            x = Min(x, Const.of(float(Fraction(highest) / value.factor), "highest"))
        return Value(x, value.order, value.factor)

    def limit(v: Any) -> Any:
        v = v if lowest is None else ops.maximum(v, lowest)
        return v if highest is None else ops.minimum(v, highest)

    limited = _apply(tracer, node, value, limit)
    if value.exact is None:
        return limited
    whole = _limit(tracer, node, value.without_reals(), lowest, highest)
    return replace(limited, exact=whole.x) if isinstance(whole.x, Op) else limited


def _apply(tracer: Tracer, node: OnnxNode, value: Value, function: Callable[[Any], Any]) -> Value:
    """Apply a rising elementwise ``function`` to ``value`` and return real numbers."""
    reals = value.to_reals(node.name, tracer.explain_end(node))
    return Value(reals.apply(function, shared=True), value.order)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Sigmoid": ops.sigmoid,
    "Tanh": ops.tanh,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Erf": ops.erf,
}
"""Rising elementwise functions without parameters, by kind of node."""


@register_rule(*_FUNCTIONS)
def lower_function(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a function of real numbers, which a quantizer follows."""
    return _apply(tracer, node, tracer.read_value(node), _FUNCTIONS[node.kind])


@register_rule("HardSigmoid")
def lower_hard_sigmoid(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower ``clip(alpha * x + beta, 0, 1)``."""
    alpha, beta = (
        float(node.attributes.get(name, default))
        for name, default in (("alpha", 0.2), ("beta", 0.5))
    )
    if alpha <= 0:
        raise node.refuse("an alpha above 0", f"{alpha:g}", "Mend the node.")
    return _apply(
        tracer, node, tracer.read_value(node), lambda v: ops.clip(v * alpha + beta, 0.0, 1.0)
    )


@register_rule("LeakyRelu")
def lower_leaky_relu(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a leaky rectifier, which multiplies negative numbers by a slope."""
    slope = float(node.attributes.get("alpha", 0.01))
    if not 0 <= slope <= 1:
        raise node.refuse("an alpha from 0 to 1", f"{slope:g}", "Use such a slope.")
    value = tracer.read_value(node)
    if isinstance(value.x, Op) and slope and has_short_mantissa(Fraction(slope)):
        return Value(
            Max(value.x, Mul(value.x, Const.of(slope, "slope"))), value.order, value.factor
        )
    return _apply(tracer, node, value, lambda v: ops.maximum(v, v * slope))


@register_rule("BatchNormalization")
def lower_batch_normalization(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a normalisation as one factor and one offset per channel."""
    value = tracer.read_value(node)
    gamma, beta, mean, variance = (
        tracer.read_numbers(node, i).astype(np.float64) for i in range(1, 5)
    )
    epsilon = float(node.attributes.get("epsilon", 1e-5))
    if (variance + epsilon <= 0).any() or node.attributes.get("training_mode", 0):
        raise node.refuse(
            "positive variances and no training_mode", "others", "Export it for inference."
        )
    running = find_arithmetic()
    kind = np.float32 if running is not None and running.dtype == "float32" else np.float64
    factor, offset = fold_normalisation(gamma, beta, mean, variance, epsilon=epsilon, dtype=kind)
    shape = (-1, *(1,) * (len(value.order) - 1))
    scaled = multiply_constant(tracer, node, value, factor.reshape(shape))
    return add_constant(tracer, node, scaled, Constant(offset.reshape(shape)))


@register_rule("Softmax")
def lower_softmax_end(tracer: Tracer, node: OnnxNode) -> Value:
    """Leave a softmax at the end of the model to the host."""
    value = tracer.read_value(node)
    name = node.outputs[0]
    read = any(name in other.inputs for other in tracer.model.nodes)
    if read or name not in tracer.model.outputs:
        raise node.refuse(
            "softmax at the end of the model only, where the host computes it",
            "one whose result other nodes read",
            "Remove it, or end the model before it.",
        )
    default = 1 if tracer.model.versions.get("", 13) < 13 else -1
    axis = find_axis(node, int(node.attributes.get("axis", default)), len(value.order))
    tracer.softmax[name] = SoftmaxEnd(node.name, name, axis)
    return value
