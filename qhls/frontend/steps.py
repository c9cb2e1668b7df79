"""``step_function``: a function of real numbers on an exact tensor, as an exact ``Threshold``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from qhls.frontend.reals import Function, Reals, Tensor, current_arithmetic
from qhls.frontend.refusal import refusal
from qhls.ir import Codes, Const, Op, Reshape, Threshold
from qhls.ir.integers import Array, dyadic, whole
from qhls.ir.op import FLOAT32_EXACT
from qhls.quantizers.numerics import precision, without_gradients

LEVELS = 4096
"""The most steps a function may have: its table."""
ENUMERATED = 1 << 16
"""Inputs with up to this many codes are tried one by one; in wider ones a monotone function's steps are bisected."""


def step_function(owner: Any, function: Function, x: Tensor, monotone: bool) -> Op:
    """``function(x)``, elementwise, as the steps that the float function itself makes on an integer grid.

    The grid is that of ``x`` or, where ``x`` are reals, of the exact tensor they are a function of; then each
    channel has its own steps, unless all are the same. The function is called in the arithmetic of the
    lowering; outside of one in float32, or in float64 where the codes exceed 24 bits and float32 Keras is no
    reference. ``monotone``: whether ``function`` never turns; ``owner`` is named in errors.

    Raises:
        LoweringError: a function that makes more than ``LEVELS`` steps; one that is not monotone on an
            input of more than 16 bits; one whose value is not finite.
    """
    if isinstance(x, Reals):
        chain, source, channels = x.then(function, monotone, shared=True), x.x, x.channels
        function, monotone = chain.function, chain.monotone
        running = current_arithmetic()
        if running is not None:
            running.reals.append(source.layer)
    else:
        source, channels = x, 1
    lo, hi = source.range.hull
    values_at = values_of(on_grid(function) if source is not x else function, source, channels)
    if hi - lo < ENUMERATED and (channels == 1 or not monotone):
        points = [whole(range(lo, hi + 1), max(-lo, hi))] * channels
        values = list(values_at(np.tile(points[0], (channels, 1))))
    elif monotone:
        points, values = _bisect(owner, values_at, lo, hi, channels)
    else:
        width = (hi - lo).bit_length()
        raise refusal(
            owner,
            "an input of at most 16 bits, because the function is not monotone",
            f"one of {width} bits; quantise it first, e.g. QActivation('quantized_bits(10,3,alpha=1)')",
        )
    steps, levels = _table(owner, points, values, hi)
    codes, frac = dyadic(levels)
    thresholds = Const(Codes(steps), source.type.frac, name="thresholds")
    made = Threshold(source, thresholds, Const(Codes(codes), frac, name="values"))
    return made if made.shape == x.shape else Reshape(made, x.shape)


def on_grid(function: Function) -> Function:
    """``function`` of real numbers, without what a quantizer adds for the sake of its gradient only."""

    def exactly(v: Any) -> Any:
        with without_gradients():
            return function(v)

    return exactly


def values_of(function: Function, x: Op, channels: int) -> Callable[[Array], Array]:
    """From codes of ``x`` (channels, points) to the numbers that the float function makes of them."""
    running = current_arithmetic()
    float32 = max(map(abs, x.range.hull)) <= FLOAT32_EXACT
    dtype = running.dtype if running else ("float32" if float32 else "float64")

    def values_at(codes: Array) -> Array:
        numbers = np.ldexp(codes.T.astype(np.float64), -x.type.frac)
        with precision(dtype):
            result = function(keras.ops.convert_to_tensor(numbers, dtype))
            return np.asarray(keras.ops.convert_to_numpy(result), np.float64).T

    return values_at


def _bisect(
    owner: Any, values_at: Callable[[Array], Array], lo: int, hi: int, channels: int
) -> tuple[list[Array], list[Array]]:
    """Points a channel, and the values there, such that values differ between neighbours only."""
    points = [whole((lo, hi), max(-lo, hi))] * channels
    values = list(values_at(np.array(points)))
    while True:
        gaps = [np.diff(p) for p in points]
        splits = [
            np.flatnonzero((v[1:] != v[:-1]) & (gap > 1))
            for v, gap in zip(values, gaps, strict=True)
        ]
        most = max(split.size for split in splits)
        if not most:
            return points, values
        _limit(owner, most)
        asked = np.full((channels, most), lo, points[0].dtype)
        for row, p, gap, split in zip(asked, points, gaps, splits, strict=True):
            row[: split.size] = p[split] + gap[split] // 2
        for c, (found, split) in enumerate(zip(values_at(asked), splits, strict=True)):
            points[c] = np.insert(points[c], split + 1, asked[c, : split.size])
            values[c] = np.insert(values[c], split + 1, found[: split.size])


def _table(owner: Any, points: list[Array], values: list[Array], hi: int) -> tuple[Array, Array]:
    """Thresholds (channels, n) and levels (channels, n + 1); of one function for all channels (n,), (n + 1,).

    Channels with fewer steps get some that no code reaches.
    """
    bad = [v[~np.isfinite(v)][0] for v in values if not np.isfinite(v).all()]
    if bad:
        raise refusal(owner, "finite values", f"{bad[0]} on its input")
    changes = [np.flatnonzero(v[1:] != v[:-1]) for v in values]
    most = max(1, *(len(c) for c in changes))
    _limit(owner, most)
    beyond = whole(range(hi + 1, hi + 1 + most), max(abs(hi), abs(int(points[0][0]))) + most)
    steps = np.array([beyond] * len(points), beyond.dtype)
    levels = np.empty((len(points), most + 1))
    for c, change in enumerate(changes):
        n = len(change)
        steps[c, :n] = points[c][change + 1]
        levels[c, : n + 1] = values[c][[0, *(change + 1)]]
        levels[c, n + 1 :] = levels[c, n]
    same = (steps == steps[0]).all() and (levels == levels[0]).all()
    return (steps[0], levels[0]) if same else (steps, levels)


def _limit(owner: Any, steps: int) -> None:
    if steps > LEVELS:
        raise refusal(
            owner,
            f"a function of at most {LEVELS} steps on its input",
            "more; give its quantizer fewer bits, or quantise its input to fewer",
        )
