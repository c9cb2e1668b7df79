"""Truth as the code 1, falsehood as 0, and choices between tensors by it."""

from __future__ import annotations

from functools import reduce

import numpy as np

from qhls.ir import Add, Codes, Const, Fixed, Mul, Op, Quantize, Sub, Threshold


def make_truth(x: Op) -> Op:
    """Return 1 where ``x`` is not 0, else 0; itself if it has these numbers only."""
    lo, hi = x.range.hull
    if x.type.frac <= 0 and lo >= 0 and hi << -x.type.frac <= 1:
        return x
    return make_steps(x, (0, 1), (1, 0, 1))


def negate(x: Op) -> Op:
    """Return 1 where ``x``, of 0 and 1, is 0."""
    return Sub(Const.of(1.0, "true"), x)


def make_steps(x: Op, thresholds: tuple[int, ...], values: tuple[int, ...], at: int = 0) -> Op:
    """Return a step function of ``x`` whose ``thresholds`` are codes counted from ``at``."""
    places = Const(Codes(np.array([at + each for each in thresholds])), x.type.frac, name="places")
    return Threshold(x, places, Const(Codes(np.array(values)), 0, name="truth"))


def select(condition: Op, a: Op, b: Op) -> Op:
    """Return ``a`` where ``condition``, of 0 and 1, is 1, else ``b``."""
    parts = [
        Mul(one, x, proved=True)
        for one, x in ((condition, a), (negate(condition), b))
        if x.bound > 0
    ]
    if not parts:
        return Mul(condition, Const.of(0.0, "zero"))
    chosen = reduce(lambda x, y: Add(x, y, proved=True), parts)
    ends = [
        end << chosen.type.frac - x.type.frac for x in (a, b) for end in x.range.hull if x.bound
    ]
    to = Fixed.from_range(min(0, *ends), max(0, *ends), chosen.type.frac)
    # A sum of two ranges is wider than each of them.
    return chosen if chosen.type.width <= to.width else Quantize(chosen, to, proved=True)
