"""Truth values as ops with the codes 0 and 1, and the selection between two tensors by such a condition."""

from __future__ import annotations

from functools import reduce

import numpy as np

from qhls.ir import Add, Codes, Const, Fixed, Mul, Op, Quantize, Sub, Threshold


def make_truth(x: Op) -> Op:
    """Return an op that is 1 where ``x`` is not 0, else 0; ``x`` itself if it is only 0 or 1."""
    lo, hi = x.range.hull
    if x.type.frac <= 0 and lo >= 0 and hi << -x.type.frac <= 1:
        return x
    return make_steps(x, (0, 1), (1, 0, 1))


def negate(x: Op) -> Op:
    """Return ``1 - x``, the negation of a truth value ``x``, which is 0 or 1."""
    return Sub(Const.of(1.0, "true"), x)


def make_steps(x: Op, thresholds: tuple[int, ...], values: tuple[int, ...], at: int = 0) -> Op:
    """Return a step function of ``x`` with ``values``, whose thresholds are the codes ``at`` plus ``thresholds``."""
    places = Const(Codes(np.array([at + each for each in thresholds])), x.type.frac, name="places")
    return Threshold(x, places, Const(Codes(np.array(values)), 0, name="truth"))


def select(condition: Op, a: Op, b: Op) -> Op:
    """Return ``a`` where ``condition`` is 1, and ``b`` where it is 0."""
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
