"""Arithmetic that every quantizer shares: exact powers of two, rounding with a gradient, randomness.

All of it is ``keras.ops``, so it runs eagerly, under ``tf.function``, XLA, JAX and torch. Python numbers take
the type of the tensor they meet: float32 stays float32, float64 stays float64.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any

EPSILON = 1e-7
"""QKeras' guard against ``log(0)`` and division by zero (``keras.config.epsilon()`` in 2025)."""


def as_float(x: Any) -> Tensor:
    """``x`` as a floating-point tensor: floats keep their type, everything else becomes ``floatx``."""
    if isinstance(x, keras.KerasTensor):
        return x
    x = ops.convert_to_tensor(x)
    if "float" not in keras.backend.standardize_dtype(x.dtype):
        x = ops.cast(x, keras.config.floatx())
    return x


def constant(value: Any, like: Tensor) -> Tensor:
    """``value`` as a tensor of the type of ``like``."""
    if isinstance(value, (int, float, list, np.ndarray, np.generic)):
        value = np.asarray(value, np.float64)
    return ops.cast(ops.convert_to_tensor(value), like.dtype)


def power_of_two(exponent: Any) -> Any:
    """``2**exponent``: a Python float for a number, a tensor for a tensor or Keras variable."""
    if isinstance(exponent, (int, float, np.number)):
        return 2.0 ** float(exponent)
    return exact_exp2(ops.cast(ops.convert_to_tensor(exponent), keras.config.floatx()))


def exact_exp2(exponent: Tensor) -> Tensor:
    """``2**exponent`` for whole exponents, exact on every device (``pow`` is not); NaN stays NaN."""
    lowest, highest = _exponent_range(exponent)
    table = ops.cast(ops.convert_to_tensor(_powers_of_two(lowest, highest)), exponent.dtype)
    inside = ops.clip(exponent, lowest, highest)
    index = ops.where(ops.isnan(exponent), ops.zeros_like(exponent), inside - lowest)
    value = ops.take(table, ops.cast(index, "int32"), axis=0)
    return ops.where(ops.isnan(exponent), exponent, value)


@functools.cache
def _powers_of_two(lowest: int, highest: int) -> np.ndarray:
    one = np.float64(1.0) if highest > 128 else np.float32(1.0)
    with np.errstate(over="ignore"):
        return np.ldexp(one, np.arange(lowest, highest + 1))


def _exponent_range(x: Tensor) -> tuple[int, int]:
    """Exponents from where ``2**e`` is 0 to where it is infinite, in the type of ``x``."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return {"float64": (-1075, 1024), "float16": (-25, 16)}.get(dtype, (-150, 128))


def log2(x: Tensor) -> Tensor:
    """``ln(x) / ln(2)``, the way QKeras computes it."""
    return ops.log(x) / constant(math.log(2.0), x)


def nearest_po2(x: Tensor) -> Tensor:
    """The power of two nearest to ``x`` on the logarithmic scale: ``2**round(log2(x + 1e-7))``."""
    return exact_exp2(ops.round(log2(x + EPSILON)))


def sign(x: Tensor) -> Tensor:
    """-1 or +1, with ``sign(0) = +1``; NaN stays NaN."""
    s = ops.sign(x)
    return s + (1.0 - ops.abs(s))


def straight_through(x: Tensor, value: Tensor) -> Tensor:
    """``value`` forwards, gradient 1 towards ``x`` backwards, computed as ``x + (value - x)``."""
    return x + ops.stop_gradient(value - x)


def fake_quantize(x: Tensor, xq: Tensor, factor: Any = 1.0, use_ste: bool = True) -> Tensor:
    """Mix the real ``x`` and the quantized ``xq``: ``factor`` 0 is all real, 1 all quantized.

    With ``use_ste`` the gradient towards ``x`` is 1: ``x + stop_gradient(factor * (xq - x))``. Without it the
    gradient is ``1 - factor``: ``(1 - factor) * x + stop_gradient(factor * xq)``.
    """
    if not isinstance(factor, float):
        factor = constant(factor, x)
    if use_ste:
        return x + ops.stop_gradient(factor * (xq - x))
    return (1.0 - factor) * x + ops.stop_gradient(factor * xq)


def mix(x: Tensor, xq: Tensor, factor: Any = 1.0) -> Tensor:
    """``x + factor * (xq - x)`` with the gradients of both."""
    if not isinstance(factor, float):
        factor = constant(factor, x)
    return x + factor * (xq - x)


def in_training() -> bool:
    """Whether a Keras layer is being called with ``training=True`` right now."""
    from keras.src.backend.common import global_state  # Keras 3 has no public learning phase

    context = global_state.get_global_attribute("current_call_ctx")
    return bool(getattr(context, "training", None))


def uniform_like(x: Tensor, seed: Any = None, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Random numbers from ``[low, high)`` in the shape and type of ``x``."""
    return keras.random.uniform(ops.shape(x), low, high, dtype=x.dtype, seed=seed)


def stochastic_round(x: Any, precision: float = 0.5, seed: Any = None) -> Tensor:
    """Round to a multiple of ``precision``, up with a probability equal to the fraction dropped.

    The mean of the result is ``x``: ``floor(x/precision + u) * precision`` with ``u`` uniform in [0, 1).
    """
    x = as_float(x)
    scaled = x / precision
    low = ops.floor(scaled)
    up = uniform_like(x, seed) < scaled - low
    return (low + ops.cast(up, x.dtype)) * precision


def round_through(x: Tensor, stochastic: bool = False, seed: Any = None) -> Tensor:
    """Round half to even with gradient 1; at random while training if ``stochastic``."""
    if stochastic and in_training():
        return straight_through(x, stochastic_round(x, 1.0, seed))
    return straight_through(x, ops.round(x))


def is_concrete(x: Tensor) -> bool:
    """Whether ``x`` has a value now, that is: was not made while tracing a graph."""
    if isinstance(x, keras.KerasTensor):
        return False
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return hasattr(x, "numpy")
    if backend == "jax":
        return not any(cls.__name__ == "Tracer" for cls in type(x).__mro__)
    return getattr(getattr(x, "device", None), "type", None) != "meta"
