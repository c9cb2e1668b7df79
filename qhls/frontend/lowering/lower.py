"""``lower``: the rules that translate Keras layers to IR ops, one per layer class, and functions that rules share.

A rule is defined next to its layer::

    @qhls.lower.register(TheLayer)
    def lower_my_layer(layer, x):
        return Add(x, Const.of(layer.offset, "offset"))

It receives the layer and the ops of its input tensors, and returns the op of its output, or several. A rule
registered with ``reads_reals`` also takes ``Reals``, numbers that a later quantizer turns into codes. Rules may
also be registered for quantizer classes: these rules lower activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import keras
import numpy as np
from numpy.typing import ArrayLike

from qhls.errors import LoweringError
from qhls.frontend.layers.traits import find_twin
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.half import prove_in_half
from qhls.frontend.lowering.lines import is_small, round_line
from qhls.frontend.lowering.reals import (
    Joined,
    LayerResult,
    Reals,
    Tensor,
    apply_real,
    is_rising,
    require_exact,
)
from qhls.frontend.lowering.refusal import (
    RealWeightsError,
    describe_layer,
    explain_missing_rule,
    explain_refusal,
)
from qhls.frontend.lowering.steps import step_function
from qhls.ir import Add, Const, Fixed, Max, Min, Mul, Op, Overflow, Quantize, Shift, enter_layer
from qhls.quantizers import (
    Quantizer,
    functions,
    quantized_bits,
    quantized_relu,
    quantized_sigmoid,
    quantized_tanh,
)
from qhls.quantizers.base import is_noiseless, is_settled
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops
from qhls.quantizers.scale import find_po2_exponent

Rule = Callable[..., LayerResult]
R = TypeVar("R", bound=Rule)

_LINES = {
    functions.hard_sigmoid: (0.5, 0.5, 0.0, 1.0),
    functions.smooth_sigmoid: (0.1875, 0.5, 0.0, 1.0),
    functions.hard_tanh: (1.0, 0.0, -1.0, 1.0),
    keras.activations.hard_tanh: (1.0, 0.0, -1.0, 1.0),
    functions.smooth_tanh: (0.375, 0.0, -1.0, 1.0),
}
"""Functions of the form ``clip(slope * x + offset, lowest, highest)``: slope, offset, lowest, highest."""
_FINEST = 20
"""Largest number of fraction bits of an input for which float32 computes functions of ``_LINES`` without rounding."""
_TWO_VALUED = (functions.binary_sigmoid, functions.binary_tanh)
_RISING = (
    *(
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "hard_shrink",
        "soft_shrink",
        "exponential",
        "exp",
    ),
    *("sigmoid", "log_sigmoid", "tanh", "softplus", "softsign", "hard_sigmoid", "hard_tanh"),
)
"""Names of Keras' elementwise functions that are monotone."""
_TURNING = (
    *("gelu", "silu", "swish", "hard_silu", "hard_swish", "mish"),
    *("squareplus", "sparse_plus", "sparse_sigmoid", "tanh_shrink"),
)
"""Names of Keras' elementwise functions that are not monotone, some of them by float rounding only."""
_RISES = {
    function: name in _RISING
    for name in (*_RISING, *_TURNING)
    for module in (keras.activations, keras.ops)
    if (function := getattr(module, name, None)) is not None
} | dict.fromkeys(_LINES, True)
"""Elementwise functions that a quantizer may follow, and whether each is monotone."""


class Lower:
    """The lowering rules, by class of layer or quantizer; ``qhls.lower`` is the only instance."""

    def __init__(self) -> None:
        self._rules: dict[type, Rule] = {}
        self._masked: set[type] = set()

    def register(
        self, cls: type, reads_reals: bool = False, moves: bool = False, masked: bool = False
    ) -> Callable[[R], R]:
        """Register the decorated function as the rule for ``cls`` and for its subclasses that compute the same.

        ``moves``: it only moves elements of one tensor, so that an elementwise function may come before or after
        it. ``masked``: it takes the keyword ``mask``, an op of 0 and 1. A later rule for the same class replaces the
        earlier one.
        """

        def remember(rule: R) -> R:
            def apply_rule(layer: Any, *inputs: Tensor, **mask: Op) -> Any:
                if moves and not isinstance(inputs[0], Op):
                    move: Any = rule  # with one result
                    return inputs[0].move_by(lambda x: move(layer, x))
                return rule(layer, *(require_exact(layer, x) for x in inputs), **mask)

            self._masked |= {cls} if masked else set()
            self._rules[cls] = rule if reads_reals else apply_rule
            return rule

        return remember

    def supports_mask(self, layer: KerasLayer) -> bool:
        """Return whether the rule for ``layer`` takes a mask."""
        return any(cls in self._masked for cls in type(layer).__mro__)

    def get_rule(self, cls: type) -> Rule:
        """Return the rule that was registered for ``cls``."""
        return self._rules[cls]

    def has_rule(self, layer: KerasLayer) -> bool:
        """Return whether a rule exists for the class of ``layer`` or for one of its bases."""
        return any(cls in self._rules for cls in type(layer).__mro__)

    def find_rule(self, layer: Any) -> Rule:
        """Return the rule for ``layer``, a layer or quantizer.

        A subclass has the rule of its base unless it computes something else, by another ``call``.

        Raises:
            LoweringError: no rule exists, or Keras itself quantised the layer.
        """
        if mode := getattr(layer, "quantization_mode", None):
            actual = f"one that Keras quantised to {mode}"
            advice = "Quantise it by quantizers only."
            raise explain_refusal(layer, "a layer that computes in floats", actual, advice)
        own: set[str] = set()
        for cls in type(layer).__mro__:
            if cls in self._rules:
                changed = sorted(
                    own
                    & {"call", "__call__", "compute_product", "quantize_variable", "compute_grid"}
                )
                if changed and cls is not Quantizer:  # any quantizer says itself what it means
                    raise (
                        _explain_real_layer(layer)
                        or explain_missing_rule(layer)
                        or explain_refusal(
                            layer,
                            f"a separate rule, because it does not have {changed[0]} from {cls.__name__}",
                            "none",
                            _explain_registration(layer),
                        )
                    )
                return self._rules[cls]
            own |= vars(cls).keys()
        raise _explain_missing_rule(layer)

    def __call__(self, layer: KerasLayer, *inputs: Tensor) -> LayerResult:
        """Lower ``layer`` on ``inputs`` to one tensor or several, exact or of real numbers; their ops name the layer.

        Raises:
            LoweringError: no rule exists, or the layer has no exact meaning in integers.
            VerifyError: the shapes do not fit.
        """
        with enter_layer(layer.name):
            return self.find_rule(layer)(layer, *inputs)


lower = Lower()


def _explain_registration(layer: KerasLayer) -> str:
    return f"Write a rule and decorate it with @qhls.lower.register({type(layer).__name__})."


def _explain_real_layer(layer: KerasLayer) -> LoweringError | None:
    """Return the error that advises the quantised twin of a Keras layer; None if ``layer`` has no twin."""
    twin = find_twin(type(layer))
    if not type(layer).__module__.startswith("keras.") or twin is None:
        return None
    advice = f"Use {twin.__name__} with a quantizer for each weight."
    return RealWeightsError(
        str(explain_refusal(layer, "a quantised layer", "one of real numbers", advice))
    )


def _explain_missing_rule(layer: KerasLayer) -> LoweringError:
    known = _explain_real_layer(layer)
    known = known or explain_missing_rule(layer)
    if known:
        return known
    if not isinstance(layer, keras.layers.Layer | Quantizer):
        expected = "a layer or operation with a lowering rule"
        return explain_refusal(
            layer, expected, "an operation without", _explain_registration(layer)
        )
    return explain_refusal(
        layer, "a layer with a lowering rule", "one without", _explain_registration(layer)
    )


# -- activations ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftSoftmax:
    """A softmax of ``logits`` over ``axes`` (batch not counted) that is left to the host."""

    layer: str
    axes: tuple[int, ...]
    logits: Op


_host_softmax: ContextVar[list[LeftSoftmax] | None] = ContextVar("qhls_host_softmax", default=None)


@contextmanager
def leave_softmax_to_host(last: bool) -> Iterator[list[LeftSoftmax]]:
    """Enter a context that, if ``last``, records each softmax for the host in the yielded list, and else refuses it."""
    notes: list[LeftSoftmax] = []
    token = _host_softmax.set(notes if last else None)
    try:
        yield notes
    finally:
        _host_softmax.reset(token)


def activate(layer: Any, activation: Callable[..., Any] | None, x: Tensor) -> Tensor:
    """Apply ``activation``, a quantizer, layer or function of Keras, to ``x``; None leaves ``x`` as it is.

    Raises:
        LoweringError: it has no exact meaning in integers, or not in the type in which ``layer`` computes.
    """
    if activation is None or activation is keras.activations.linear:
        return x
    if activation is keras.activations.softmax:
        return lower_softmax(layer, require_exact(layer, x))
    activated = _apply_activation(layer, activation, x)
    if not isinstance(activation, keras.layers.Softmax):
        prove_in_half(activation, x, activated, lambda op: _apply_activation(layer, activation, op))
    return activated


def _apply_activation(layer: Any, activation: Callable[..., Any], x: Tensor) -> Tensor:
    """Apply ``activation``, which is neither linear nor a softmax, to ``x``."""
    if isinstance(activation, keras.layers.Layer):
        if not activation.built or activation.weights:
            # Keras neither builds nor saves such a layer as it does others.
            raise explain_refusal(
                layer,
                "an activation without weights",
                f"a {type(activation).__name__}",
                "Make it a layer of the model.",
            )
        (result,) = _make_tuple(lower.find_rule(activation)(activation, x))
        return result
    if isinstance(activation, Quantizer):
        try:
            (result,) = _make_tuple(lower.find_rule(activation)(activation, x))
        except LoweringError as error:
            error.args = (f"{describe_layer(layer)}: {error}",)
            raise
        return result
    return _apply_function(layer, activation, x)


def _apply_function(layer: KerasLayer, activation: Callable[..., Any], x: Tensor) -> Tensor:
    """Apply a function of Keras or QKeras: exactly if possible, else as reals that a quantizer may follow."""
    if isinstance(x, Op) and activation in _RECTIFIERS:
        result = rectify(x, **_RECTIFIERS[activation])
        assert result is not None  # their numbers are short
        return result
    if isinstance(x, Op) and activation in _LINES:
        return _make_clipped_line(layer, x, *_LINES[activation])
    if activation in _TWO_VALUED:
        return step_function(layer, activation, x, turns=())
    name = getattr(activation, "__name__", str(activation))
    odd = explain_refusal(
        layer,
        "an activation that maps codes to codes",
        f"the function {name!r} of real numbers",
        "Use a quantizer, such as quantized_relu(8,4).",
    )
    if activation not in _RISES:
        raise odd
    return apply_real(x, activation, odd, _RISES[activation], shared=True)


def _make_clipped_line(layer: KerasLayer, x: Op, slope: float, offset: float, *limits: float) -> Op:
    running = find_arithmetic()
    if running is not None and x.type.frac > _FINEST:
        running.rounds.append(layer.name)
    line = Mul(x, Const.of(slope, "slope")) if slope != 1 else x
    line = Add(line, Const.of(offset, "offset")) if offset else line
    lowest, highest = limits
    return Min(Max(line, Const.of(lowest, "lowest")), Const.of(highest, "highest"))


def make_zero() -> Const:
    """Return the constant 0."""
    return Const.of(0.0, "zero")


def lower_softmax(layer: KerasLayer, x: Op, axis: int | Sequence[int] = -1) -> Op:
    """Record that the host computes the softmax of ``x``, and return ``x``; ``axis`` is Keras' argument."""
    notes = _host_softmax.get()
    if notes is None:
        raise explain_refusal(
            layer,
            "softmax at the end of the model only, where the host computes it",
            "one whose result other layers read",
            "Remove it, or end the model before it.",
        )
    listed = [axis] if isinstance(axis, int) else axis
    axes = tuple(sorted({int(each) % (len(x.shape) + 1) - 1 for each in listed}))
    if -1 in axes:
        raise explain_refusal(
            layer, "a softmax within a sample", f"axis={axis}, the batch's", "Use another axis."
        )
    notes.append(LeftSoftmax(layer.name, axes, x))
    return x


def apply_leaky(x: Op, slope: float) -> Op | None:
    """Return ``x``, multiplied by ``slope`` where ``x`` is negative; None if ``slope`` fails ``has_few_bits``."""
    if slope == 0:
        return Max(x, make_zero())
    if not has_few_bits(slope):
        return None
    return (Max if slope <= 1 else Min)(x, multiply_by(x, slope))


def rectify(x: Op, slope: float = 0.0, highest: float | None = None) -> Op | None:
    """Return ``apply_leaky(x, slope)``, limited to at most ``highest``; None if a constant fails ``has_few_bits``."""
    bent = apply_leaky(x, slope)
    if bent is None or highest is None:
        return bent
    return Min(bent, Const.of(highest, "highest")) if has_few_bits(highest) else None


_RECTIFIERS: dict[Any, dict[str, float]] = {
    keras.activations.relu: {},
    keras.ops.relu: {},
    keras.activations.relu6: {"highest": 6.0},
    keras.ops.relu6: {"highest": 6.0},
}
"""Keras' functions that ``rectify`` computes, and the arguments that it needs for each."""


def has_few_bits(numbers: ArrayLike) -> bool:
    """Return whether each number is an integer of at most 12 bits times a power of two, so that products are narrow."""
    mantissas, _ = np.frexp(np.asarray(numbers, np.float64))
    return bool((np.rint(np.ldexp(mantissas, 12)) == np.ldexp(mantissas, 12)).all())


def multiply_by(x: Op, factors: ArrayLike) -> Op:
    """Multiply ``x`` by ``factors``, which broadcast to its shape."""
    mantissas, exponents = np.frexp(np.asarray(factors, np.float64))
    if mantissas.size and (mantissas == 0.5).all() and (exponents == exponents.flat[0]).all():
        return Shift(x, int(exponents.flat[0]) - 1)
    return Mul(x, Const.of(factors, "factor"))


def _make_tuple(ops: LayerResult) -> tuple[Tensor, ...]:
    return ops if isinstance(ops, tuple) else (ops,)


@lower.register(Quantizer, reads_reals=True)
def _lower_quantizer(quantizer: Quantizer, x: Tensor) -> Op:
    if isinstance(x, Joined):
        rising = quantizer.turns == () and is_rising(quantizer)
        return x.apply_each(lambda part: _lower_quantizer(quantizer, part), rising)
    assignment = quantizer.quantization
    if assignment is not None and isinstance(x, Op):
        return Quantize(x, assignment.to, assignment.rounding, assignment.overflow)
    alpha: Any = getattr(quantizer, "alpha", None)
    if isinstance(alpha, str) or np.ndim(alpha) or not is_noiseless(quantizer):
        raise explain_refusal(
            quantizer,
            "an activation quantizer that is one function of each number",
            "one whose scale follows the data or whose result is noisy",
            "Give it a number as alpha, qnoise_factor=1, and no stochastic class.",
        )
    to = quantizer.rounds_to
    if to is not None and isinstance(x, Reals) and quantizer.turns == ():
        line = round_line(quantizer, x, to)
        if line is not None:
            return line
    return step_function(quantizer, quantizer, x, quantizer.turns)


@lower.register(quantized_bits, reads_reals=True)
def _lower_quantized_bits(quantizer: quantized_bits, x: Tensor) -> Op:
    gain = find_po2_exponent(quantizer.alpha)
    if not gain:
        return _lower_quantizer(quantizer, x)
    unit = type(quantizer).from_config(quantizer.get_config() | {"alpha": 1.0})
    return Shift(
        _lower_quantizer(unit, x), gain
    )  # a numeric alpha multiplies what has been rounded


@lower.register(quantized_relu, reads_reals=True)
def _lower_quantized_relu(quantizer: quantized_relu, x: Tensor) -> Op:
    if isinstance(x, Joined):
        rising = quantizer.turns == () and is_rising(quantizer)
        return x.apply_each(lambda part: _lower_quantized_relu(quantizer, part), rising)
    if quantizer.use_sigmoid or not is_settled(quantizer):
        return _lower_quantizer(quantizer, x)
    bound, slope = quantizer.relu_upper_bound, quantizer.negative_slope
    if bound and not quantizer.is_quantized_clip and has_few_bits(bound):
        other = {"relu_upper_bound": None, "is_quantized_clip": True}
        without = type(quantizer).from_config(quantizer.get_config() | other)
        return Min(_lower_quantized_relu(without, x), Const.of(float(bound), "highest"))
    leaks = slope and not quantizer.limited
    if isinstance(x, Reals):
        return (_round_leaky_lines(quantizer, x) if leaks else None) or _lower_quantizer(
            quantizer, x
        )
    bent = apply_leaky(x, slope)
    if not leaks or bent is None:
        return _lower_quantizer(quantizer, x)
    # The sign takes one bit; the negative half saturates at slope * 2**integer, not at the type's end.
    to = Fixed(True, quantizer.bits, quantizer.bits - 1 - quantizer.integer)
    return Max(Quantize(bent, to), Const.of(-slope * 2.0**quantizer.integer, "lowest"))


def _round_leaky_lines(quantizer: quantized_relu, x: Reals) -> Op | None:
    """Lower a leaky quantizer as a sum of two rounded lines, for positive and for negative numbers, or return None.

    The result is None if one of both is no rounded line.
    """
    bits, integer, slope = quantizer.bits, quantizer.integer, quantizer.negative_slope
    lowest, frac = -slope * 2.0**integer, bits - 1 - integer
    if lowest * 2.0**frac > -1.0:
        return None
    grid = quantized_bits(bits, integer, alpha=1.0)

    def quantize_below(v: KerasTensor) -> KerasTensor:
        return ops.maximum(grid(ops.minimum(v * slope, 0.0)), lowest)

    positive = round_line(quantized_relu(bits - 1, integer), x, Fixed(False, bits - 1, frac))
    negative = (
        round_line(quantize_below, x, Fixed(True, bits, frac)) if positive is not None else None
    )
    return Add(positive, negative) if positive is not None and negative is not None else None


@lower.register(quantized_sigmoid, reads_reals=True)
@lower.register(quantized_tanh, reads_reals=True)
def _lower_squashed(quantizer: quantized_sigmoid | quantized_tanh, x: Tensor) -> Op:
    """Lower a quantised sigmoid or tanh to a rounded line if it is piecewise linear and no table is smaller."""
    line = quantizer.line
    if (
        not isinstance(x, Op)
        or line is None
        or quantizer.quantization
        or not is_noiseless(quantizer)
    ):
        return _lower_quantizer(quantizer, x)
    to = quantizer.rounds_to
    if is_small(x.type, 1 << to.width, to):
        return _lower_quantizer(quantizer, x)
    running, (slope, offset) = find_arithmetic(), line
    sloped = multiply_by(x, slope)
    whole = Add(sloped, Const.of(offset, "offset")) if offset else sloped
    if running is not None and x.type.frac > _FINEST:
        running.rounds.append(whole.layer)
    symmetric = (
        Overflow.SATURATE_SYMMETRIC if to.signed and quantizer.symmetric else Overflow.SATURATE
    )
    rounded = Quantize(whole, to, overflow=symmetric)
    raised = quantizer.symmetric and not to.signed
    return Max(rounded, Const.of(quantizer.min(), "lowest")) if raised else rounded
