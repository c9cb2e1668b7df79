"""Lowering rules of comparisons, logical operations, choices and powers; true is the code 1, false the code 0."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.merge import match_ranks
from qhls.frontend.layers.operators import (
    is_held,
    is_tensor,
    read_constant,
    reduce_axes,
    register_operations,
)
from qhls.frontend.layers.protocols import OperationArgument
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.choices import make_steps, make_truth, negate, select
from qhls.frontend.lowering.lower import lower, make_zero
from qhls.frontend.lowering.reals import (
    Tensor,
    apply_real_along,
    find_boundary,
    join_tensors,
    make_exact,
    require_exact,
)
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.frontend.lowering.steps import step_function
from qhls.ir import Codes, Const, Fixed, Input, Max, Min, Mul, Op, Pool, Reshape, Sub
from qhls.ir.integers import find_dyadic
from qhls.model.floats import FLOAT32_EXACT
from qhls.quantizers.keras_types import KerasOperation, KerasTensor, ops
from qhls.quantizers.numerics import pad_to_packets, use_precision

POWERS = 1 << 20
"""Largest number of input codes for which Keras' power is compared with the integer product."""


# -- comparisons --------------------------------------------------------------------------------

_COMPARISONS = {
    "Greater": ((1,), (0, 1)),
    "GreaterEqual": ((0,), (0, 1)),
    "Less": ((0,), (1, 0)),
    "LessEqual": ((1,), (1, 0)),
    "Equal": ((0, 1), (0, 1, 0)),
    "NotEqual": ((0, 1), (1, 0, 1)),
}
"""Thresholds and results of each comparison, as a step function of the operands' difference in codes."""
_MIRRORED = {
    "Greater": "Less",
    "Less": "Greater",
    "GreaterEqual": "LessEqual",
    "LessEqual": "GreaterEqual",
}


@register_operations(*_COMPARISONS)
def _lower_compared(operation: KerasOperation, a: Any, b: Any) -> Op:
    kind = type(operation).__name__
    if is_tensor(a) and is_tensor(b):
        operands = match_ranks(
            operation, (require_exact(operation, a), require_exact(operation, b))
        )
        return make_steps(Sub(*operands, proved=True), *_COMPARISONS[kind])
    if is_tensor(a):
        return _lower_comparison(operation, kind, a, b, operation)
    return _lower_comparison(
        operation, _MIRRORED.get(kind, kind), b, a, lambda v, c: operation(c, v)
    )


def _lower_comparison(
    operation: KerasOperation,
    kind: str,
    x: Tensor,
    value: OperationArgument,
    function: Callable[[KerasTensor, KerasTensor], KerasTensor],
) -> Op:
    """Lower the comparison of ``x`` with a constant; ``function`` is Keras' own comparison."""
    constant = read_constant(operation, value, x)
    if isinstance(x, Op) and is_held(constant):
        codes = constant * 2.0**x.type.frac
        if constant.ndim == 0 and codes == int(codes):
            return make_steps(x, *_COMPARISONS[kind], at=int(codes))
        difference = Sub(x, Const.of(constant, "constant"), proved=True)
        return make_steps(difference, *_COMPARISONS[kind])

    def compare_constant(v: KerasTensor) -> KerasTensor:
        return ops.cast(function(v, ops.cast(constant, v.dtype)), v.dtype)

    monotone = "Equal" not in (kind, kind.removeprefix("Not"))
    axes = [axis for axis, size in enumerate(constant.shape) if size > 1]
    odd = explain_refusal(
        operation, "a comparison of codes", "one of real numbers", "Add a QActivation before it."
    )
    result = apply_real_along(x, compare_constant, odd, monotone, axes)
    return step_function(operation, keras.activations.linear, result, turns=())


# -- logic --------------------------------------------------------------------------------------


@register_operations("LogicalAnd", "LogicalOr", "LogicalXor")
def _lower_logical(operation: KerasOperation, a: OperationArgument, b: OperationArgument) -> Op:
    if not (is_tensor(a) and is_tensor(b)):
        raise explain_refusal(operation, "two tensors", "a constant", "Leave the operation out.")
    operands = (make_truth(require_exact(operation, a)), make_truth(require_exact(operation, b)))
    left, right = match_ranks(operation, operands)
    kind = type(operation).__name__
    if kind == "LogicalXor":
        return make_truth(Sub(left, right))
    return (Min if kind == "LogicalAnd" else Max)(left, right)


@register_operations("LogicalNot")
def _lower_logical_not(operation: KerasOperation, x: Tensor) -> Op:
    return negate(make_truth(require_exact(operation, x)))


@register_operations("Any", "All")
def _lower_any_or_all(operation: KerasOperation, x: Tensor) -> Op:
    holds = make_truth(require_exact(operation, x))
    if type(operation).__name__ == "Any":
        return reduce_axes(operation, holds, "max")
    return negate(reduce_axes(operation, negate(holds), "max"))


@register_operations("CountNonzero")
def _lower_count_nonzero(operation: KerasOperation, x: Tensor) -> Op:
    return reduce_axes(operation, make_truth(require_exact(operation, x)), "sum")


# -- choices ------------------------------------------------------------------------------------


@register_operations("Where")
def _lower_where(
    operation: KerasOperation,
    condition: OperationArgument,
    a: OperationArgument = None,
    b: OperationArgument = None,
) -> Tensor:
    if not is_tensor(condition) or a is None or b is None:
        raise explain_refusal(
            operation, "a condition that is a tensor, and two choices", "others", "Name all three."
        )
    holds = make_truth(require_exact(operation, condition))
    xs = [make_exact(x) if is_tensor(x) else _make_number(operation, x, condition) for x in (a, b)]

    def choose(x: Op, y: Op) -> Op:
        return select(*match_ranks(operation, (holds, *map(_make_known, (x, y)))))

    if all(isinstance(x, Op) for x in xs):
        return choose(*xs)  # type: ignore[arg-type]
    shape = np.broadcast_shapes(holds.shape, *(x.shape for x in xs))
    return join_tensors(xs, choose, tuple(shape), find_boundary(xs))


def _make_number(operation: KerasOperation, value: OperationArgument, x: Tensor) -> Op:
    """Return the constant ``value``, a single number, as a graph input of one element whose range is this number."""
    constant = read_constant(operation, value, x)
    if constant.size != 1 or not is_held(constant):
        raise explain_refusal(
            operation,
            "choices that are tensors, or numbers of at most 12 bits",
            f"a constant of the shape {constant.shape}",
            "Add it to a tensor of zeros.",
        )
    codes, frac = find_dyadic(constant.reshape(()))
    code = codes.item()
    dims = (1,) * len(x.shape)
    return Input(dims, Fixed.from_range(code, code, frac), (code,), name="number")


def _make_known(x: Op) -> Op:
    """Return a constant if the range of ``x`` is a single number, else ``x``."""
    lo, hi = x.range.hull
    return Const(Codes(np.array(lo)), x.type.frac, name="number") if lo == hi else x


@lower.register(keras.layers.Masking)
def _lower_masking(layer: keras.layers.Masking, x: Op) -> Op:
    """Lower a masking layer, which sets each row to 0 whose elements all equal ``mask_value``."""
    value = np.asarray(ops.convert_to_numpy(layer.mask_value), np.float64)
    if value.ndim or not is_held(value):
        raise explain_refusal(
            layer, "a mask_value of at most 12 bits", layer.mask_value, "Use 0, for instance."
        )
    if value == 0:
        return x
    differs = make_truth(Sub(x, Const.of(value, "mask_value"), proved=True))
    rows = Reshape(differs, (x.size // x.shape[-1], x.shape[-1], 1))
    some = Reshape(Pool(rows, (1, x.shape[-1]), (1, 1), "max"), (*x.shape[:-1], 1))
    return select(some, x, make_zero())


# -- powers -------------------------------------------------------------------------------------


@register_operations("Power")
def _lower_power(operation: KerasOperation, a: OperationArgument, b: OperationArgument) -> Tensor:
    """Lower a power to integer products if Keras computes exactly these for every code, else to a real function."""
    if not is_tensor(a) or is_tensor(b):
        raise explain_refusal(
            operation, "a tensor to a constant power", "a power from a tensor", "Use a constant."
        )
    exponent = read_constant(operation, b, a)
    whole = exponent.ndim == 0 and exponent == int(exponent) and 1 <= exponent <= 8
    if isinstance(a, Op) and whole and (dtype := _find_product_type(operation, a, int(exponent))):
        product = _multiply_out(a, int(exponent))
        running = find_arithmetic()
        if running is not None and running.dtype != dtype == "float64":
            running.rounds.append(product.layer)
        return product

    def raise_to_constant(v: KerasTensor) -> KerasTensor:
        return operation(v, ops.cast(exponent, v.dtype))

    axes = [axis for axis, size in enumerate(exponent.shape) if size > 1]
    odd = explain_refusal(
        operation,
        "products such as x * x or keras.ops.square(x)",
        "a power, whose results are real numbers",
        "Or put a QActivation behind it.",
    )
    return apply_real_along(a, raise_to_constant, odd, monotone=False, axes=axes)


def _multiply_out(x: Op, exponent: int) -> Op:
    """Return ``x`` to a power of at least 1 by repeated squaring: few products, and an even power has no negative
    range.
    """
    if exponent == 1:
        return x
    half = _multiply_out(x, exponent // 2)
    square = Mul(half, half)
    return Mul(square, x) if exponent % 2 else square


def _find_product_type(operation: KerasOperation, x: Op, times: int) -> str | None:
    """Return the float type in which Keras' power is exact for every code of ``x``; ``None`` if no type is, or codes
    are too many.
    """
    lo, hi = x.range.hull
    if hi - lo >= POWERS:
        return None
    codes = np.arange(lo, hi + 1)
    products = reduce(operator.mul, [codes.astype(object)] * times)
    held = max(-lo, hi) ** times <= FLOAT32_EXACT
    running = find_arithmetic()
    types = ["float32"] * (held and (running is None or running.dtype == "float32")) + ["float64"]
    for dtype in types:
        numbers = np.ldexp(codes.astype(np.float64), -x.type.frac)
        with use_precision(dtype):
            v = ops.convert_to_tensor(pad_to_packets(numbers[:, None]), dtype)
            result = operation(v, ops.cast(times, dtype))
            computed = np.asarray(ops.convert_to_numpy(result), np.float64)[: len(codes), 0]
        if (np.ldexp(computed, times * x.type.frac) == products).all():
            return dtype
    return None
