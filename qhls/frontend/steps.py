"""``step_function``: a function of real numbers on an exact tensor, as an exact ``Threshold``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from qhls.frontend.refusal import refusal
from qhls.ir import Codes, Const, Op, Threshold
from qhls.ir.integers import Array, dyadic
from qhls.ir.op import FLOAT32_EXACT
from qhls.quantizers.numerics import precision

LEVELS = 4096
"""The most steps a function may have: its table."""
ENUMERATED = 1 << 16
"""Inputs with up to this many codes are tried one by one; in wider ones a monotone function's steps are bisected."""


def step_function(owner: Any, function: Callable[[Any], Any], x: Op, monotone: bool) -> Op:
    """``function(x)``, elementwise, as the steps that the float function itself makes on ``x``'s integer grid.

    The function is called in float32, or in float64 where the codes of ``x`` exceed 24 bits and float32
    Keras is no reference. ``monotone``: whether it never turns; ``owner`` is named in errors.

    Raises:
        LoweringError: a function that makes more than ``LEVELS`` steps; one that is not monotone on an
            input of more than 16 bits; one whose value is not finite.
    """
    lo, hi = x.range.hull
    dtype = "float32" if max(-lo, hi) <= FLOAT32_EXACT else "float64"

    def values_at(codes: Array) -> Array:
        numbers = np.ldexp(codes.astype(np.float64), -x.type.frac)
        with precision(dtype):
            result = function(keras.ops.convert_to_tensor(numbers, dtype))
            return np.asarray(keras.ops.convert_to_numpy(result), np.float64)

    if hi - lo < ENUMERATED:
        points = np.arange(lo, hi + 1)
        values = values_at(points)
    elif monotone:
        points, values = _bisect(owner, values_at, lo, hi)
    else:
        width = (hi - lo).bit_length()
        raise refusal(
            owner,
            "an input of at most 16 bits, because the function is not monotone",
            f"one of {width} bits; quantise it first, e.g. QActivation('quantized_bits(10,3,alpha=1)')",
        )
    if not np.isfinite(values).all():
        raise refusal(owner, "finite values", f"{values[~np.isfinite(values)][0]} on its input")
    changes = np.flatnonzero(values[1:] != values[:-1])
    _limit(owner, len(changes))
    steps = points[changes + 1] if len(changes) else np.array([hi + 1])
    levels = values[[0, *(changes + 1)]] if len(changes) else values[[0, 0]]
    codes, frac = dyadic(levels)
    thresholds = Const(Codes(steps), x.type.frac, name="thresholds")
    return Threshold(x, thresholds, Const(Codes(codes), frac, name="values"))


def _bisect(
    owner: Any, values_at: Callable[[Array], Array], lo: int, hi: int
) -> tuple[Array, Array]:
    """Points, and the values there, such that values differ between neighbours only."""
    points = np.array([lo, hi])
    values = values_at(points)
    while True:
        gaps = np.diff(points)
        split = np.flatnonzero((values[1:] != values[:-1]) & (gaps > 1))
        if not split.size:
            return points, values
        _limit(owner, split.size)
        between = points[split] + gaps[split] // 2
        points = np.insert(points, split + 1, between)
        values = np.insert(values, split + 1, values_at(between))


def _limit(owner: Any, steps: int) -> None:
    if steps > LEVELS:
        raise refusal(
            owner,
            f"a function of at most {LEVELS} steps on its input",
            "more; give its quantizer fewer bits, or quantise its input to fewer",
        )
