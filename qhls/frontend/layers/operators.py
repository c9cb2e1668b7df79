"""Lowering rules of Keras' operations: ``a + b``, slices and ``keras.ops`` in a functional model.

The rule of an operation gets its arguments as Keras calls it with, the tensors among them as ops. Axes and
shapes in them count the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeGuard

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.files.classes import find_shipped
from qhls.frontend.layers.merge import contract, match_ranks
from qhls.frontend.layers.movement import concatenate, gather, pad_axes, permute
from qhls.frontend.layers.protocols import KnownNumbers, OperationArgument
from qhls.frontend.layers.windows import lower_mean
from qhls.frontend.lowering.choices import make_truth
from qhls.frontend.lowering.lower import activate, has_few_bits, lower, make_zero, multiply_by
from qhls.frontend.lowering.reals import (
    LayerResult,
    Tensor,
    apply_real,
    apply_real_along,
    require_exact,
)
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.frontend.lowering.steps import step_function
from qhls.ir import (
    Add,
    Const,
    Fixed,
    Matmul,
    Max,
    Min,
    Mul,
    Op,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Sub,
)
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasOperation, KerasTensor, ops

_Rule = Callable[..., Any]

_WEIGHT_BITS = 18
"""Largest width in bits of constants on one grid that are used exactly, as quantised weights are."""


def register_operations(
    *names: str, module: str = "keras.src.ops.numpy"
) -> Callable[[_Rule], _Rule]:
    """Return a decorator that registers a rule for these operations, as far as the installed Keras has them."""

    def remember(rule: _Rule) -> _Rule:
        for name in names:
            cls = find_shipped(name, module)
            if cls is not None:
                lower.register(cls, reads_reals=True)(rule)
        return rule

    return remember


# -- two operands -------------------------------------------------------------------------------

_PAIRS = {"Add": Add, "Subtract": Sub, "Multiply": Mul, "Maximum": Max, "Minimum": Min}


@register_operations(*_PAIRS)
def _lower_pair(operation: KerasOperation, a: Any, b: Any) -> Tensor:
    pair = _PAIRS[type(operation).__name__]
    if is_tensor(a) and is_tensor(b):
        return pair(
            *match_ranks(operation, (require_exact(operation, a), require_exact(operation, b)))
        )
    x, value, swapped = (a, b, False) if is_tensor(a) else (b, a, True)
    constant = read_constant(operation, value, x)
    if isinstance(x, Op) and is_held(constant):
        if pair is Mul:
            return multiply_by(x, constant)
        operands = (x, Const.of(constant, "constant"))
        return pair(*(reversed(operands) if swapped else operands))
    return _apply_real(operation, x, constant, swapped)


@register_operations("TrueDivide", "Divide")
def _lower_true_divide(
    operation: KerasOperation, a: OperationArgument, b: OperationArgument
) -> Tensor:
    if not is_tensor(a) or is_tensor(b):
        raise explain_refusal(
            operation, "a tensor over a constant", "a tensor as the divisor", "Multiply."
        )
    constant = read_constant(operation, b, a)
    if isinstance(a, Op) and (np.abs(np.frexp(constant)[0]) == 0.5).all():
        return multiply_by(a, 1 / constant)
    return _apply_real(operation, a, constant)


@register_operations("Matmul")
def _lower_matmul(operation: KerasOperation, a: OperationArgument, b: OperationArgument) -> Op:
    left = require_exact(operation, a) if is_tensor(a) else None
    if left is not None and is_tensor(b):
        right = require_exact(operation, b)
        if len(left.shape) == len(right.shape) == 2:
            return contract(left, permute(right, (1, 0)))
    elif left is not None:
        weights = np.asarray(ops.convert_to_numpy(b), np.float64)
        if weights.ndim == 2 and is_held(weights):
            return Matmul(left, Const.of(weights, "constant"))
    raise explain_refusal(
        operation,
        "a tensor by a constant matrix, or two tensors of a matrix a sample",
        "other operands",
        "Use QDense, or keras.layers.Dot.",
    )


def read_constant(operation: KerasOperation, value: OperationArgument, x: Tensor) -> Array:
    """Return the constant operand ``value`` as a float64 array without a batch axis: a scalar, or one axis for each
    axis of ``x``.
    """
    array = np.asarray(ops.convert_to_numpy(value), np.float64)
    if array.ndim == len(x.shape) + 1 and len(array) == 1:
        array = array[0]
    if array.ndim > len(x.shape) or not np.isfinite(array).all():
        raise explain_refusal(
            operation,
            "finite constants that are the same for every sample",
            f"one of the shape {array.shape}",
            f"Give it the shape of a sample, {x.shape}.",
        )
    return array.reshape((1,) * (len(x.shape) - array.ndim) + array.shape) if array.ndim else array


def is_held(constant: Array) -> bool:
    """Return whether hardware can represent ``constant`` exactly: its numbers have few bits each, or share one grid of
    at most ``_WEIGHT_BITS`` bits.
    """
    return has_few_bits(constant) or Const.of(constant).type.width <= _WEIGHT_BITS


def _apply_real(
    operation: KerasOperation, x: Tensor, constant: Array, swapped: bool = False
) -> Tensor:
    """Lower an operation of the tensor ``x`` and ``constant``, which may differ along some axes, as an element-wise
    function with real results.
    """

    def apply_operation(v: KerasTensor) -> KerasTensor:
        operands = (v, ops.cast(constant, v.dtype))
        return operation(*(reversed(operands) if swapped else operands))

    axes = [axis for axis, size in enumerate(constant.shape) if size > 1]
    return apply_real_along(x, apply_operation, _refuse_codes(operation), axes=axes)


# -- one operand --------------------------------------------------------------------------------

for _name in ("Copy", "StopGradient"):

    @register_operations(_name)
    @register_operations(_name, module="keras.src.ops.core")
    def _lower_identity(operation: KerasOperation, x: Tensor) -> Tensor:
        return x


@register_operations("Cast", module="keras.src.ops.core")
def _lower_cast(operation: KerasOperation, x: Tensor) -> Tensor:
    """Lower a cast: to floats unchanged, to integers by rounding towards 0, to bool as 1 where ``x`` is not 0."""
    dtype = keras.backend.standardize_dtype(operation.dtype)
    if dtype in ("float32", "float64"):
        return x
    if dtype == "bool":
        return make_truth(require_exact(operation, x))
    if "int" in dtype:
        x = require_exact(operation, x)
        above, below = (
            _round_whole(Max(each, make_zero()), Rounding.FLOOR)
            for each in (x, Sub(make_zero(), x))
        )
        return Sub(above, below) if x.type.frac > 0 else x
    raise explain_refusal(
        operation, "a cast to float32 or float64", f"one to {dtype}", "Leave it out."
    )


@register_operations("Negative")
def _lower_negative(operation: KerasOperation, x: Tensor) -> Op:
    return Sub(make_zero(), require_exact(operation, x))


@register_operations("Abs", "Absolute")
def _lower_abs(operation: KerasOperation, x: Tensor) -> Op:
    x = require_exact(operation, x)
    return Max(x, Sub(make_zero(), x))


@register_operations("Square")
def _lower_square(operation: KerasOperation, x: Tensor) -> Op:
    x = require_exact(operation, x)
    return Mul(x, x)


@register_operations("Clip")
def _lower_clip(operation: KerasOperation, x: Tensor) -> Tensor:
    ends = [np.float64(end) for end in (operation.x_min, operation.x_max) if end is not None]
    if not isinstance(x, Op) or not all(end.ndim == 0 and has_few_bits(end) for end in ends):
        return apply_real(x, operation, _refuse_codes(operation), shared=True)
    lowest, highest = operation.x_min, operation.x_max
    x = x if lowest is None else Max(x, Const.of(float(lowest), "lowest"))
    return x if highest is None else Min(x, Const.of(float(highest), "highest"))


@register_operations("Floor", "Ceil", "Round")
def _lower_rounding(operation: KerasOperation, x: Tensor) -> Op:
    kind = type(operation).__name__
    if not isinstance(x, Op):
        return step_function(operation, operation, x, turns=())
    if getattr(operation, "decimals", 0):
        raise explain_refusal(operation, "decimals=0", str(operation.decimals), "Use a quantizer.")
    if x.type.frac <= 0:
        return x
    if kind == "Ceil":
        return Sub(make_zero(), _round_whole(Sub(make_zero(), x), Rounding.FLOOR))
    return _round_whole(x, Rounding.FLOOR if kind == "Floor" else Rounding.HALF_EVEN)


def _round_whole(x: Op, rounding: Rounding) -> Op:
    """Round ``x`` to whole numbers, in a type that holds them all."""
    lo, hi = (end >> x.type.frac for end in x.range.hull)
    to = Fixed.from_range(lo, hi + (rounding is not Rounding.FLOOR), 0)
    return Quantize(x, to, rounding, Overflow.SATURATE)


@register_operations("Sign")
def _lower_sign(operation: KerasOperation, x: Tensor) -> Op:
    return step_function(operation, operation, x, turns=())


_activations = keras.activations
_ACTIVATIONS = {
    "keras.src.ops.numpy": {"Tanh": _activations.tanh, "Exp": _activations.exponential},
    "keras.src.ops.nn": {
        "Relu": _activations.relu,
        "Relu6": _activations.relu6,
        "Sigmoid": _activations.sigmoid,
        "Softplus": _activations.softplus,
        "Softsign": _activations.softsign,
        "Selu": _activations.selu,
        "Silu": _activations.silu,
        "HardSigmoid": _activations.hard_sigmoid,
        "HardSilu": _activations.hard_silu,
        "HardTanh": _activations.hard_tanh,
    },
    "keras.src.activations.activations": {"Mish": _activations.mish},
}
"""Activation functions that Keras operations without arguments compute, by the module and name of the operation."""

for _module, _functions in _ACTIVATIONS.items():

    @register_operations(*_functions, module=_module)
    def _lower_activation(operation: KerasOperation, x: Tensor) -> Tensor:
        function = _ACTIVATIONS[type(operation).__module__][type(operation).__name__]
        return activate(operation, function, x)


@register_operations("ReLU", module="keras.src.activations.activations")
def _lower_relu(operation: KerasOperation, x: Tensor) -> LayerResult:
    return lower.get_rule(keras.layers.ReLU)(operation, x)


@register_operations("LeakyRelu", module="keras.src.ops.nn")
def _lower_leaky_relu(operation: KerasOperation, x: Tensor) -> LayerResult:
    return lower.get_rule(keras.layers.LeakyReLU)(operation, x)


@register_operations("Softmax", module="keras.src.ops.nn")
def _lower_softmax(operation: KerasOperation, x: Tensor) -> LayerResult:
    return lower.get_rule(keras.layers.Softmax)(operation, x)


@register_operations("Expm1", "Arctan", "Arcsinh", "Sinh", "Cbrt")
@register_operations("Erf", module="keras.src.ops.math")
@register_operations("LogSigmoid", module="keras.src.ops.nn")
def _lower_monotone(operation: KerasOperation, x: Tensor) -> Tensor:
    return apply_real(x, operation, _refuse_codes(operation), shared=True)


@register_operations("Sin", "Cos")
@register_operations("Gelu", "Elu", "Celu", module="keras.src.ops.nn")
def _lower_turning(operation: KerasOperation, x: Tensor) -> Tensor:
    return apply_real(x, operation, _refuse_codes(operation), monotone=False, shared=True)


def _refuse_codes(operation: KerasOperation) -> LoweringError:
    return explain_refusal(
        operation,
        "an operation that maps codes to codes",
        "one whose results are real numbers",
        "Put a quantizer behind it, such as QActivation('quantized_bits(8,2,alpha=1)').",
    )


# -- sums and extremes along axes ---------------------------------------------------------------


@register_operations("Sum")
def _lower_sum(operation: KerasOperation, x: Tensor) -> Op:
    return reduce_axes(operation, require_exact(operation, x), "sum")


@register_operations("Mean")
def _lower_mean(operation: KerasOperation, x: Tensor) -> Tensor:
    x = require_exact(operation, x)
    sums = reduce_axes(operation, x, "sum")
    return lower_mean(operation, sums, x.size // sums.size)


@register_operations("Max", "Amax")
def _lower_max(operation: KerasOperation, x: Tensor) -> Op:
    return reduce_axes(operation, require_exact(operation, x), "max")


@register_operations("Min", "Amin")
def _lower_min(operation: KerasOperation, x: Tensor) -> Op:
    return Sub(
        make_zero(), reduce_axes(operation, Sub(make_zero(), require_exact(operation, x)), "max")
    )


def reduce_axes(operation: KerasOperation, x: Op, reduction: Literal["max", "sum"]) -> Op:
    """Return the maximum or sum of ``x`` along the operation's axes, as a pooling with one window per result."""
    rank = len(x.shape)
    listed = operation.axis if operation.axis is not None else range(rank + 1)
    listed = [listed] if isinstance(listed, int) else listed
    axes = sorted({axis % (rank + 1) - 1 for axis in listed})
    if -1 in axes or getattr(operation, "initial", None) is not None:
        raise explain_refusal(
            operation, "axes other than the batch's", f"axis={operation.axis}", "Name the others."
        )
    rest = [axis for axis in range(rank) if axis not in axes]
    moved = permute(x, (*axes, *rest)) if [*axes, *rest] != list(range(rank)) else x
    length = int(np.prod([x.shape[axis] for axis in axes]))
    columns = Reshape(moved, (length, 1, x.size // length))
    results = Pool(columns, (length, 1), (1, 1), reduction)
    kept = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    return _lower_reshape(
        operation,
        results,
        kept if getattr(operation, "keepdims", False) else [x.shape[axis] for axis in rest],
    )


def _lower_reshape(operation: KerasOperation, x: Op, shape: list[int]) -> Op:
    if not shape:
        raise explain_refusal(
            operation,
            "results of one axis or more besides the batch's",
            "single numbers",
            "Keep an axis (keepdims=True, x[:, 0:1]).",
        )
    return Reshape(x, tuple(shape))


# -- elements moved -----------------------------------------------------------------------------


@register_operations(
    *("GetItem", "Reshape", "Transpose", "Squeeze", "ExpandDims", "Flip", "Swapaxes", "Moveaxis"),
    *("Tile", "Repeat", "Take", "Split", "Roll", "Rot90", "BroadcastTo"),
)
@register_operations("Unstack", module="keras.src.ops.core")
def _lower_moved_elements(
    operation: KerasOperation, x: Tensor, *arguments: object
) -> tuple[Tensor, ...]:
    """Lower an operation that moves elements by applying it to element indices, which show where each result comes
    from.
    """
    if not isinstance(x, Op):
        move = lower.find_rule(operation)
        parts = len(_list(operation.output))
        return tuple(
            x.move_by(lambda op, part=part: _list(move(operation, op, *arguments))[part])
            for part in range(parts)
        )
    if any(is_tensor(each) for each in keras.tree.flatten(arguments)):
        raise explain_refusal(
            operation, "places that are constants", "places from a tensor", "Use constants."
        )
    places = np.arange(2 * x.size, dtype=np.int32).reshape(2, *x.shape)
    results = operation(ops.convert_to_tensor(places), *arguments)
    return tuple(_lower_move(operation, x, ops.convert_to_numpy(r)) for r in _list(results))


def _lower_move(operation: KerasOperation, x: Op, places: Array) -> Op:
    if places.ndim == 0 or len(places) != 2 or (places[0] + x.size != places[1]).any():
        raise explain_refusal(
            operation,
            "a move within each sample",
            "one of elements between samples",
            "Use axes but the first.",
        )
    first = places[0].astype(np.int64)
    if first.size and first.min() >= 0 and first.max() < x.size:
        moved = gather(x, first.ravel())
        if moved is not None:
            return _lower_reshape(operation, moved, list(first.shape))
    raise explain_refusal(
        operation, "elements in regular order", "an irregular one", "Use reshapes and slices."
    )


@register_operations("Concatenate")
def _lower_concatenate(operation: KerasOperation, xs: Sequence[Any]) -> Tensor:
    axis = _drop_batch_axis(operation, len(xs[0].shape) + 1)
    return concatenate(_list_tensors(operation, xs), axis)


@register_operations("Stack")
def _lower_stack(operation: KerasOperation, xs: Sequence[Any]) -> Tensor:
    axis = _drop_batch_axis(operation, len(xs[0].shape) + 2)
    shape = xs[0].shape
    return concatenate(_list_tensors(operation, xs), axis, (*shape[:axis], 1, *shape[axis:]))


@register_operations("Pad")
def _lower_pad(
    operation: KerasOperation, x: Tensor, constant_values: KnownNumbers | None = None
) -> Tensor:
    widths = [(int(before), int(behind)) for before, behind in operation.pad_width]
    widths = widths * (len(x.shape) + 1) if len(widths) == 1 else widths
    value = float(constant_values or 0)
    if operation.mode != "constant" or any(widths[0]) or not has_few_bits(value):
        raise explain_refusal(
            operation,
            "constants of at most 12 bits around each sample",
            f"mode={operation.mode!r}, constant_values={constant_values}, pad_width={widths}",
            "Use another constant, or a layer such as ZeroPadding2D.",
        )
    return pad_axes(x, tuple(widths[1:]), value)


def _list_tensors(operation: KerasOperation, xs: Sequence[Any]) -> list[Tensor]:
    if not all(is_tensor(x) for x in xs):
        raise explain_refusal(
            operation, "tensors only", "a constant among them", "Make it an input."
        )
    return list(xs)


def _drop_batch_axis(operation: KerasOperation, rank: int) -> int:
    """Return the operation's axis counted without the batch axis; ``rank`` includes the batch axis."""
    axis = operation.axis % rank - 1
    if axis < 0:
        raise explain_refusal(
            operation, "an axis other than the batch's", "axis 0", "Use another axis."
        )
    return axis


def is_tensor(value: object) -> TypeGuard[Tensor]:
    """Return whether an argument of an operation is a tensor, exact or real, rather than a constant."""
    return isinstance(value, Tensor)


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
