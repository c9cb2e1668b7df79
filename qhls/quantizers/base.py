"""Base class of all quantizers, which quantizes to a grid and mixes real with quantized values."""

from __future__ import annotations

import dataclasses
import weakref
from contextlib import suppress
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

import keras
import numpy as np

from qhls.errors import QuantizerError
from qhls.ir.types import Assignment, Fixed
from qhls.quantizers.checks import CHECKS
from qhls.quantizers.keras_types import NoiseFactor, TensorLike, WeightOwner, ops
from qhls.quantizers.numerics import (
    KerasTensor,
    as_float,
    fake_quantize,
    is_concrete,
    is_without_gradients,
    make_constant,
    mix,
    round_to_single,
    use_precision,
    use_training,
)

QUANTIZERS: dict[str, type[Quantizer]] = {}
"""Quantizer classes by the names that ``get_quantizer`` reads."""

_T = TypeVar("_T", bound=type)


@dataclass_transform(eq_default=False)
def define_quantizer(cls: _T) -> _T:
    """Make ``cls`` a dataclass whose fields are its arguments, and register it with Keras and ``get_quantizer``."""
    cls = dataclasses.dataclass(eq=False, repr=False)(cls)
    keras.saving.register_keras_serializable(package="qhls")(cls)
    QUANTIZERS[cls.__name__] = cls
    return cls


class Quantizer:
    """A function from real numbers to the numbers of a grid.

    A subclass decorated with ``@define_quantizer`` declares its arguments as fields. It defines its meaning once, in
    :meth:`compute_grid`: integer ``codes`` times a ``step``. The call, its gradient and
    :meth:`compute_integer_codes` follow.

    ``scale`` is the factor that ``alpha`` selects, as in QKeras. A number is known from the start. ``"auto"`` and
    ``"auto_po2"`` fit it to the current weights of the layer that owns the quantizer. Without a layer it is the scale
    of the last call outside of tracing.
    """

    number_type: ClassVar[str] = "fixed"
    """Kind of quantized weights: "fixed", "po2", "binary", "ternary", or "float" for a quantizer without a grid."""

    _shown: ClassVar[int] = 1
    """Number of arguments that ``repr`` shows by position."""

    _ignored: ClassVar[dict[str, Any]] = {}
    """Obsolete arguments that a configuration may still contain, each with the only value that is accepted."""

    _draws: ClassVar[bool] = False
    """True for a quantizer that needs random numbers even without ``use_stochastic_rounding``."""

    _monotone: ClassVar[bool] = False
    """True if the quantized value never decreases as the input increases."""

    qnoise_factor: NoiseFactor = 1.0
    use_ste: bool = True
    _scale: Any = None
    _weight: tuple[Any, str] | None = None
    _seed: keras.random.SeedGenerator | None = None

    def __post_init__(self) -> None:
        for name in self._list_arguments():
            if name in CHECKS:
                CHECKS[name](self)
        alpha = getattr(self, "alpha", None)
        if alpha is None or isinstance(alpha, (int, float)):
            self.scale = 1.0 if alpha is None else float(alpha)
        elif not isinstance(alpha, str):
            self.scale = np.float32(alpha)
        if self._draws or getattr(self, "use_stochastic_rounding", False):
            self._seed = keras.random.SeedGenerator()

    @property
    def scale(self) -> Any:
        """The factor that ``alpha`` selects; an automatic factor is ``None`` before the first call."""
        layer = self._weight[0]() if self._weight else None
        if layer is not None and isinstance(getattr(self, "alpha", None), str):
            weight = layer.get_unquantized(self._weight[1])  # type: ignore[index]
            if weight is not None and is_concrete(weight := as_float(weight)):
                self._compute_single_grid(weight)
        return self._scale

    @scale.setter
    def scale(self, value: Any) -> None:
        """Set the factor, which the next call computes again."""
        self._scale, self._weight = value, None

    def register_weight(self, layer: WeightOwner, variable: str) -> None:
        """Register the weight that this quantizer quantizes, so that ``scale`` follows the weight through training.

        Training may change the weight without a call of Python code.
        """
        self._weight = (weakref.ref(layer), variable)

    # -- defined by each family ---------------------------------------------------------------------------

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return ``(codes, step)``: integer codes in the shape of ``x``, and the real value that code 1 represents.

        The base class raises ``QuantizerError``, as for a quantizer without a grid.
        """
        raise QuantizerError(
            f"{type(self).__name__}: expected a quantizer with integer codes, got one whose values lie on no "
            f"fixed-point grid. Use a quantizer whose number_type is not {self.number_type!r}."
        )

    gradient_of: ClassVar[str] = "surrogate"
    """Function whose gradient training uses: "surrogate" (``compute_surrogate``) or "grid" (0 where it saturates)."""

    def compute_surrogate(self, x: KerasTensor) -> KerasTensor:
        """Return the real function of ``x`` that is quantized and whose gradient training uses; here ``x`` itself."""
        return x

    @property
    def turns(self) -> tuple[float, ...] | None:
        """Inputs in increasing order between which the quantized value is monotone; None if they are unknown.

        A monotone piece extends from one input to the last number before the next input.
        """
        return () if self._monotone else None

    @property
    def real_turns(self) -> tuple[float, ...] | None:
        """Inputs in increasing order between which the value is monotone in exact arithmetic; None if they are unknown.

        Unlike ``turns``, they leave out where rounding errors change the direction of the value.

        A quantizer with ``real_turns`` defines ``quantize_beside``.
        """
        return None

    def quantize_beside(self, x: KerasTensor, share: float) -> KerasTensor:
        """Return the quantized value of ``x`` after ``share * abs(x)`` is added to the real function."""
        raise NotImplementedError(f"{type(self).__name__} must define quantize_beside(x, share)")

    @property
    def quantization(self) -> Assignment | None:
        """The assignment that rounds and saturates exactly as this quantizer; None if no assignment does."""
        return None

    @property
    def rounds_to(self) -> Fixed | None:
        """Return the type of all results; None unless this quantizer rounds a real function to a fixed-point type."""
        return None if self.quantization is None else self.quantization.to

    # -- derived from the grid ----------------------------------------------------------------------------

    def __call__(self, x: TensorLike, training: bool | None = None) -> KerasTensor:
        """Return the quantized ``x``; floats keep their type, all other types are converted to ``floatx``.

        ``training`` decides whether numbers are drawn at random; None leaves the decision to the call of the layer.
        """
        with use_training(training):
            return self._quantize(x)

    def _quantize(self, x: TensorLike) -> KerasTensor:
        x = as_float(x)
        self._weight = None
        codes, step = self._compute_single_grid(x)
        if self.gradient_of == "grid":
            return mix(x, codes * step, self.qnoise_factor)
        return fake_quantize(
            self.compute_surrogate(x), codes * step, self.qnoise_factor, self.use_ste
        )

    def quantize_as_trained(self, x: KerasTensor, dtype: str) -> KerasTensor:
        """Return ``x``, quantized in its own type, as a tensor of ``dtype``.

        Without gradients and noise, the codes are multiplied by their step in ``dtype``.
        """
        if is_without_gradients() and is_noiseless(self):
            with suppress(QuantizerError):  # values on no grid
                codes, step = self._compute_single_grid(x)
                return ops.cast(codes, dtype) * ops.cast(ops.cast(step, x.dtype), dtype)
        return ops.cast(self(x), dtype)

    def compute_integer_codes(self, w: TensorLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(codes, scale)`` such that ``codes * scale`` is the quantized ``w``.

        ``codes`` are int64; ``scale`` is float64 and broadcasts to their shape.

        The product is exact if the scale is a power of two, else within float32's rounding of the call.
        """
        codes, scale = self._compute_array_grid(w)
        whole = np.rint(codes)
        if not np.array_equal(whole, codes) or not np.all(np.isfinite(scale)):
            raise QuantizerError(
                f"{type(self).__name__}: compute_integer_codes: expected finite values on the quantizer's grid, "
                f"got codes {codes[whole != codes][:3]} for a tensor of shape {codes.shape}. Check the weights."
            )
        bounds = self.quantization  # in float32, 2**31 - 1 is 2**31
        if bounds is not None:
            whole = np.clip(whole, bounds.lo, bounds.hi)
        return whole.astype(np.int64), scale

    def _compute_single_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return the result of ``compute_grid``, with the step rounded to float32's precision in float64 too."""
        codes, step = self.compute_grid(x)
        return codes, round_to_single(step, x)

    def _compute_array_grid(self, w: TensorLike) -> list[np.ndarray]:
        """Return codes and step of ``w`` as float64 arrays, computed in the type of ``w``."""
        array: np.ndarray = ops.convert_to_numpy(w)
        with use_precision(array.dtype):
            x = as_float(array)
            codes, step = self._compute_single_grid(x)
            return [
                np.asarray(ops.convert_to_numpy(make_constant(t, x)), np.float64)
                for t in (codes, step)
            ]

    def max(self) -> Any:
        """Return the upper bound that QKeras reports, which the values need not reach."""
        return 1.0

    def min(self) -> Any:
        """Return the lower bound that QKeras reports."""
        return -1.0

    def range(self) -> np.ndarray:
        """Return every output value, in the order of its two's complement code (0, 1, ..., -2, -1)."""
        return list_values(self, self.quantization)

    def build(self, var_name: str | None = None, use_variables: bool = False) -> None:
        """Move ``qnoise_factor`` into a Keras variable if ``use_variables`` is true and an argument of the class."""
        if use_variables and "use_variables" in self._list_arguments():
            self.var_name, self.use_variables = var_name, True  # type: ignore[attr-defined]
            CHECKS["qnoise_factor"](self)

    def update_qnoise_factor(self, qnoise_factor: float) -> None:
        """Set the share of quantization noise: 0 passes real numbers, 1 quantizes fully."""
        if isinstance(self.qnoise_factor, keras.Variable):
            self.qnoise_factor.assign(qnoise_factor)
        else:
            self.qnoise_factor = float(qnoise_factor)

    def _set_trainable_parameter(self) -> None:
        """Select a fitted scale for a kernel's quantizer whose ``alpha`` is None; the base class does nothing."""

    @property
    def variables(self) -> list[Any]:
        """Keras variables of this quantizer (noise factor, random state), for a layer to track."""
        held = [self.qnoise_factor, getattr(self._seed, "state", None)]
        return [v for v in held if isinstance(v, keras.Variable)]

    def _keep_scale(self, scale: KerasTensor | float) -> None:
        """Store ``scale`` unless it belongs to a graph that is being traced."""
        if isinstance(scale, float):
            self._scale = scale
            return
        fixed = ops.stop_gradient(scale)
        if is_concrete(fixed):
            self._scale = fixed

    # -- configuration ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor as plain Python values."""
        return {name: _make_plain(getattr(self, name)) for name in self._list_arguments()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the quantizer that ``config`` describes; missing arguments get their defaults."""
        accepted = cls._list_arguments()
        arguments = {k: v for k, v in config.items() if k in accepted}
        for key, value in config.items():
            if key not in accepted and not (key in cls._ignored and cls._ignored[key] == value):
                raise QuantizerError(
                    f"{cls.__name__}: expected arguments among {', '.join(accepted)}, "
                    f"got {key}={value!r}. Use one of these."
                )
        return cls(**arguments)

    @classmethod
    def _list_arguments(cls) -> list[str]:
        if not dataclasses.is_dataclass(cls):
            return []
        return [f.name for f in dataclasses.fields(cls) if f.init]

    def __getstate__(self) -> dict[str, Any]:
        """Return the state that copies and pickles store, without random state and registered weight."""
        state = dict(self.__dict__)
        state["_seed"] = self._seed is not None
        state["_scale"] = _freeze(self.scale)
        state.pop("_weight", None)
        state["qnoise_factor"] = _freeze(self.qnoise_factor)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._seed = keras.random.SeedGenerator() if state["_seed"] else None
        CHECKS["qnoise_factor"](self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantizer):
            return NotImplemented
        return type(self) is type(other) and self.get_config() == other.get_config()

    # Arguments may change after construction, so dictionaries distinguish quantizers by identity.
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        """Return the constructor call of an equal quantizer, in the syntax that ``get_quantizer`` reads."""
        config = self.get_config()
        shown = list(config)[: self._shown]
        parts = [format_argument(config[name] * 1) for name in shown]
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            if field.init and field.name not in shown and config[field.name] != field.default:
                parts.append(f"{field.name}={format_argument(config[field.name])}")
        return f"{type(self).__name__}({','.join(parts)})"

    def __str__(self) -> str:
        return repr(self)


def get_weight_scale(quantizer: Any, x: TensorLike | None = None) -> np.ndarray | float:
    """Return the ``scale`` of a quantizer as a float or NumPy array; 1.0 without a scale.

    If ``x`` is not None, the quantizer is called with it first.
    """
    if x is not None:
        quantizer(x)
    scale = _freeze(getattr(quantizer, "scale", None))
    return 1.0 if scale is None else scale


def is_noiseless(q: Quantizer) -> bool:
    """Return whether ``q`` quantizes fully and, outside of training, draws no random numbers."""
    return _make_plain(q.qnoise_factor) == 1.0 and not q._draws


def is_settled(q: Any) -> bool:
    """Return whether ``q`` quantizes fully with a fixed binary point, as hardware requires."""
    return isinstance(q.integer, int) and is_noiseless(q)


def list_values(q: Quantizer, assignment: Assignment | None, widest: int = 20) -> np.ndarray:
    """Return all values that ``assignment`` can store, non-negative codes first.

    Raises ``QuantizerError`` for None and for more than ``widest`` bits.
    """
    if assignment is None or assignment.to.width > widest:
        raise QuantizerError(
            f"{q}: range: expected a fixed-point type of at most {widest} bits, got none. "
            "Use a quantizer whose scale is a known power of two."
        )
    codes = np.concatenate([np.arange(assignment.hi + 1), np.arange(assignment.lo, 0)])
    return (codes * assignment.to.step).astype(np.float32)


def format_argument(value: object) -> str:
    """Return an argument as text for the string of a quantizer: strings in quotes, lists without spaces."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return f"[{','.join(format_argument(v) for v in value)}]"
    return repr(value)


def _freeze(value: Any) -> Any:
    """Convert a tensor to a float or a float32 numpy array; return None and Python numbers as they are."""
    if value is None or isinstance(value, (int, float)):
        return value
    array = np.asarray(_make_plain(value), np.float32)
    return array if array.ndim else float(array)


def _make_plain(value: Any) -> Any:
    """Convert ``value`` to plain Python, without numpy, tensors or variables."""
    if isinstance(value, keras.Variable):
        value = value * 1  # a tensor: numpy warns about variables
    if ops.is_tensor(value):
        value = ops.convert_to_numpy(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, tuple):
        return list(value)
    return value
