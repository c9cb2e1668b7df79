"""Powers of two and rounded logarithms, with the same bits on every backend, device and compiler."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
import numpy as np

from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import EPSILON, KerasTensor, make_constant, pass_straight_through

LOWEST = -24
"""Binary logarithm of ``EPSILON``, rounded down; ``EPSILON`` is the smallest number whose logarithm is computed."""


def compute_power_of_two(exponent: Any) -> Any:
    """Return ``2**exponent``: a Python float for a number, a tensor for a tensor or Keras variable."""
    if isinstance(exponent, (int, float, np.number)):
        return 2.0 ** float(exponent)
    exponent = ops.convert_to_tensor(exponent)
    if "float" not in _get_dtype(exponent):
        exponent = ops.cast(exponent, keras.config.floatx())
    return compute_exp2(exponent)


def compute_exp2(exponent: KerasTensor) -> KerasTensor:
    """Return ``2**exponent`` for whole exponents, exact on every device (``pow`` is not); NaN stays NaN."""
    lowest, highest = _find_exponent_range(exponent)
    inside = ops.clip(exponent, lowest, highest)
    value = _look_up(_list_powers_of_two(lowest, highest), inside - lowest, exponent.dtype)
    return ops.where(ops.isnan(exponent), exponent, value)


def round_log2(x: KerasTensor, rounding: str = "rnd", root: bool = False) -> KerasTensor:
    """Return the rounded ``log2(x)``, or with ``root`` the rounded ``log2(sqrt(x))``.

    Rounding is half to even for "rnd" and down for "floor".

    ``x`` is at least ``EPSILON``; infinity gives NaN. The gradient is that of the real logarithm.

    Next to a tie, logarithms that differ in their last bit give powers of two that differ by a factor of two.
    TensorFlow alone has three logarithms: its vector kernel, another one for the end of a tensor, and that of XLA. So
    the backend's logarithm only selects two candidates. The smallest number of the higher one decides, by the
    logarithm of the vector kernel, from which QKeras' numbers come.
    """
    y = x if _get_dtype(x) in ("float32", "float64") else ops.cast(x, "float32")
    real = ops.log(y) / make_constant(math.log(4.0 if root else 2.0), y)
    low = ops.round(real - (0.75 if rounding == "floor" else 0.25))
    starts = _find_starts(rounding, root, _get_dtype(y))
    high = ops.cast(y >= _look_up(starts, low - LOWEST, y.dtype), y.dtype)
    return ops.cast(pass_straight_through(real, low + high), x.dtype)


def round_to_po2(x: KerasTensor) -> KerasTensor:
    """Return the power of two nearest to ``x`` on a logarithmic scale: ``2**round(log2(x + 1e-7))``."""
    return compute_exp2(ops.stop_gradient(round_log2(x + EPSILON)))


def _get_dtype(x: KerasTensor) -> str:
    return keras.backend.standardize_dtype(x.dtype)


def _look_up(table: np.ndarray, index: KerasTensor, dtype: str) -> KerasTensor:
    """Return ``table[index]`` in ``dtype``, or an arbitrary entry where the index is NaN."""
    index = ops.clip(ops.cast(index, "int32"), 0, len(table) - 1)
    return ops.take(ops.cast(ops.convert_to_tensor(table), dtype), index, axis=0)


@functools.cache
def _list_powers_of_two(lowest: int, highest: int) -> np.ndarray:
    one = np.float64(1.0) if highest > 128 else np.float32(1.0)
    with np.errstate(over="ignore"):
        return np.ldexp(one, np.arange(lowest, highest + 1))


def _find_exponent_range(x: KerasTensor) -> tuple[int, int]:
    """Return the exponents at which ``2**e`` becomes 0 and infinite in the type of ``x``."""
    return {"float64": (-1075, 1024), "float16": (-25, 16)}.get(_get_dtype(x), (-150, 128))


@functools.cache
def _find_starts(rounding: str, root: bool, dtype: str) -> np.ndarray:
    """Return the smallest numbers whose rounded logarithms are ``LOWEST + 1``, ``LOWEST + 2``, ..., then infinity.

    They are the same for float32 and float64. Only beyond float32's range, where QKeras has no numbers to follow,
    float64 has the real ties.
    """
    whole = np.floor if rounding == "floor" else np.rint
    wanted = np.arange(LOWEST + 1, 65 if root else 129, dtype=np.float32)
    low = np.zeros(wanted.shape, np.int32)  # floats in the order of their bits
    high = np.full(wanted.shape, np.float32(np.inf).view(np.int32))
    while np.any(high - low > 1):
        middle = low + (high - low) // 2
        x = middle.view(np.float32)
        reached = whole(_compute_log2(np.sqrt(x) if root else x)) >= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    starts, beyond = high.view(np.float32), np.zeros(0, np.float32)
    if dtype == "float64":
        ties = np.arange(wanted[-1] + 1, 513 if root else 1025) - 0.5 * (rounding == "rnd")
        with np.errstate(over="ignore"):
            beyond = np.exp2(ties * (2 if root else 1))
    return np.concatenate([starts, beyond, [np.inf]]).astype(dtype)


def _compute_log2(x: np.ndarray) -> np.ndarray:
    """Return ``ln(x) / ln(2)`` as TensorFlow's vector kernel computes it in float32, bit for bit."""
    fraction, exponent = np.frexp(x)
    below = fraction < np.float32(math.sqrt(0.5))
    z = fraction - 1 + np.where(below, fraction, np.float32(0))
    p = ((z * _P[0] + _P[1]) * z + _P[2]) * z
    q = ((z * _Q[0] + _Q[1]) * z + _Q[2]) * z + 1
    ln2 = np.float32(math.log(2.0))
    return ((exponent - below).astype(np.float32) * ln2 + p / q) / ln2


_P = np.array([0.18256296349849254, 1.0000000190281063, 1.0000000190281136], np.float32)
_Q = np.array([0.049616247954120038, 0.59923249590823520, 1.4999999999999927], np.float32)
