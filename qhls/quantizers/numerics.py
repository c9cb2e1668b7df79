"""Arithmetic that all quantizers share: types, rounding with a gradient, randomness.

It uses ``keras.ops`` only, so it runs eagerly, under ``tf.function``, XLA, JAX and torch. Python numbers take the type
of the tensor with which they are combined: float32 stays float32, float64 stays float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, cast

import keras
import numpy as np
from numpy.typing import DTypeLike

from qhls.quantizers.keras_types import KerasTensor, NoiseFactor, Seed, TensorLike, ops

EPSILON = 1e-7
"""QKeras' guard against ``log(0)`` and division by zero (``keras.config.epsilon()`` in 2025)."""


def as_float(x: TensorLike) -> KerasTensor:
    """Convert ``x`` to a float tensor: floats and symbolic tensors keep their type, all others become ``floatx``."""
    if isinstance(x, keras.KerasTensor):
        return cast(Any, x)
    tensor = ops.convert_to_tensor(x)
    if "float" not in keras.backend.standardize_dtype(tensor.dtype):
        tensor = ops.cast(tensor, keras.config.floatx())
    return tensor


def round_to_single(step: Any, like: KerasTensor) -> Any:
    """Round ``step``, the step of the tensor ``like``, to the 24 significant bits of float32 if ``like`` is float64.

    Its products with integers and their sums are then exact in float64, in any order. This is T. J. Dekker's split (A
    floating-point technique for extending the available precision, 1971), which keeps exponents beyond float32's.
    """
    if keras.backend.standardize_dtype(like.dtype) != "float64":
        return step
    shifted = step * (2.0**29 + 1.0)
    return shifted - (shifted - step)


def make_constant(value: Any, like: KerasTensor) -> KerasTensor:
    """Convert ``value`` to a tensor of the type of ``like``."""
    if isinstance(value, (int, float, list, np.ndarray, np.generic)):
        value = np.asarray(value, np.float64)
    return ops.cast(ops.convert_to_tensor(value), like.dtype)


def take_sign(x: KerasTensor) -> KerasTensor:
    """Return -1 or +1, with ``sign(0) = +1``; NaN stays NaN."""
    s = ops.sign(x)
    return s + (1.0 - ops.abs(s))


def clip(x: KerasTensor, low: float, high: float) -> KerasTensor:
    """Return ``x`` limited to ``[low, high]``, with gradient 1 at the ends too."""
    if keras.backend.backend() != "jax":  # whose own gradient is 1/2 there
        return ops.clip(x, low, high)
    inside = ops.logical_and(x >= low, x <= high)
    return ops.where(inside, x, ops.stop_gradient(ops.clip(x, low, high)))


def apply_relu(x: KerasTensor, negative_slope: float = 0.0) -> KerasTensor:
    """Return ``max(x, negative_slope * x)``, with gradient ``negative_slope`` at 0."""
    if not negative_slope:
        return ops.relu(x)
    if keras.backend.backend() != "jax":  # whose own gradient is 1 there
        return ops.leaky_relu(x, float(negative_slope))
    return ops.where(x > 0.0, x, x * float(negative_slope))


_gradients: ContextVar[bool] = ContextVar("qhls_gradients", default=True)


@contextmanager
def skip_gradients() -> Iterator[None]:
    """Make quantizers return their values within this context, not ``x + (value - x)``, which only gradients need.

    That sum rounds where ``x`` is a real number, and the result of a quantizer then misses its grid.
    """
    token = _gradients.set(False)
    try:
        yield
    finally:
        _gradients.reset(token)


def is_without_gradients() -> bool:
    """Return whether the context ``skip_gradients`` is active."""
    return not _gradients.get()


PACKETS = 64
"""Number of elements that fills whole packets of a vector kernel on every backend."""


def pad_to_packets(samples: np.ndarray) -> np.ndarray:
    """Return ``samples`` with the last one repeated until the count is a multiple of ``PACKETS``.

    TensorFlow has one tanh for whole packets and another one, which differs by a bit, for the end of a tensor.
    """
    missing = -len(samples) % PACKETS
    return np.concatenate([samples, np.repeat(samples[-1:], missing, 0)]) if missing else samples


_trained: ContextVar[bool] = ContextVar("qhls_trained_in_float32", default=False)


@contextmanager
def train_in_float32(active: bool = True) -> Iterator[None]:
    """Compute codes of weights in float32 within this context if ``active``, even where a model computes in float64."""
    token = _trained.set(active)
    try:
        yield
    finally:
        _trained.reset(token)


def find_trained_type(dtype: str) -> str:
    """Return the type in which codes of weights are computed while everything else is computed in ``dtype``."""
    return "float32" if _trained.get() else dtype


def as_trained(x: KerasTensor) -> KerasTensor:
    """Convert the weight ``x`` to the type in which its codes are computed, see ``train_in_float32``."""
    return ops.cast(x, "float32") if _trained.get() else x


def pass_straight_through(x: KerasTensor, value: KerasTensor) -> KerasTensor:
    """Return ``value`` with gradient 1 with respect to ``x``, computed as ``x + (value - x)``."""
    if not _gradients.get():
        return value
    return x + ops.stop_gradient(value - x)


def fake_quantize(
    x: KerasTensor, xq: KerasTensor, factor: NoiseFactor = 1.0, use_ste: bool = True
) -> KerasTensor:
    """Mix the real ``x`` and the quantized ``xq``: ``factor`` 0 is all real, 1 all quantized.

    With ``use_ste`` the gradient towards ``x`` is 1: ``x + stop_gradient(factor * (xq - x))``. Without it the
    gradient is ``1 - factor``: ``(1 - factor) * x + stop_gradient(factor * xq)``.
    """
    if isinstance(factor, float) and factor == 1.0 and not _gradients.get():
        return xq
    share = factor if isinstance(factor, float) else make_constant(factor, x)
    if use_ste:
        return x + ops.stop_gradient(share * (xq - x))
    return (1.0 - share) * x + ops.stop_gradient(share * xq)


def mix(x: KerasTensor, xq: KerasTensor, factor: NoiseFactor = 1.0) -> KerasTensor:
    """Return ``x + factor * (xq - x)`` with the gradients of both."""
    if isinstance(factor, float) and factor == 1.0 and not _gradients.get():
        return xq
    share = factor if isinstance(factor, float) else make_constant(factor, x)
    return x + share * (xq - x)


@contextmanager
def use_precision(dtype: DTypeLike) -> Iterator[None]:
    """Allow arithmetic in ``dtype`` within this context, float64 included.

    Otherwise JAX, and Keras on JAX and torch, turn float64 into float32.
    """
    from keras.src.backend.common import dtypes  # Keras has no public switch

    if str(dtype) != "float64":
        yield
        return
    before = dict(dtypes.BIT64_TO_BIT32_DTYPE)
    with _use_double_in_jax() if keras.backend.backend() == "jax" else nullcontext():
        dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
        try:
            yield
        finally:
            dtypes.BIT64_TO_BIT32_DTYPE.update(before)


def _use_double_in_jax() -> AbstractContextManager[Any]:
    import jax

    return jax.enable_x64(True)


_training: ContextVar[bool | None] = ContextVar("qhls_training", default=None)


@contextmanager
def use_training(training: bool | None) -> Iterator[None]:
    """Make ``is_training`` return ``training`` within this context; None leaves the decision to the layer."""
    if training is None:
        yield
        return
    token = _training.set(bool(training))
    try:
        yield
    finally:
        _training.reset(token)


def is_training() -> bool:
    """Return whether the current call trains: as ``use_training`` decides, else as Keras calls the current layer."""
    chosen = _training.get()
    if chosen is not None:
        return chosen
    from keras.src.backend.common import global_state  # Keras 3 has no public learning phase

    context = global_state.get_global_attribute("current_call_ctx")
    return bool(getattr(context, "training", None))


def draw_uniform_like(
    x: KerasTensor,
    seed: Seed = None,
    low: float = 0.0,
    high: float = 1.0,
) -> KerasTensor:
    """Return uniform random numbers from ``[low, high)`` in the shape and type of ``x``."""
    numbers: Any = keras.random.uniform(ops.shape(x), low, high, dtype=x.dtype, seed=seed)
    return numbers


def stochastic_round(
    x: TensorLike,
    precision: float = 0.5,
    seed: Seed = None,
) -> KerasTensor:
    """Round at random to an adjacent multiple of ``precision``, up with a probability equal to the fractional part.

    The mean of the result is ``x``: ``floor(x/precision + u) * precision`` with ``u`` uniform in [0, 1).
    """
    x = as_float(x)
    scaled = x / precision
    low = ops.floor(scaled)
    up = draw_uniform_like(x, seed) < scaled - low
    return (low + ops.cast(up, x.dtype)) * precision


def round_through(x: KerasTensor, stochastic: bool = False, seed: Seed = None) -> KerasTensor:
    """Round half to even with gradient 1; at random while training if ``stochastic``."""
    if stochastic and is_training():
        return pass_straight_through(x, stochastic_round(x, 1.0, seed))
    return pass_straight_through(x, ops.round(x))


def is_concrete(x: KerasTensor) -> bool:
    """Return whether ``x`` has a value, unlike a symbolic tensor or one of a graph that is being traced."""
    if isinstance(x, keras.KerasTensor):
        return False
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return hasattr(x, "numpy")
    if backend == "jax":
        return not any(cls.__name__ == "Tracer" for cls in type(x).__mro__)
    return getattr(getattr(x, "device", None), "type", None) != "meta"
