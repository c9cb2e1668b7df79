"""Exactness of Keras' float arithmetic: which ops float32 computes without rounding, judged by their ranges."""

from __future__ import annotations

from functools import singledispatch

from qhls.ir import Const, Lookup, Op, Quantize, Scan, Threshold

FLOAT32_EXACT = 1 << 24
"""Largest integer up to which float32 represents all integers, so that smaller sums are exact in any order."""
FLOAT64_EXACT = 1 << 53
"""Largest integer up to which float64 represents all integers."""
_EXPONENTS = 127
"""Limit on the magnitude of exponents of 2 below which powers are normal numbers in float32."""


def is_exact_or_proved(op: Op) -> bool:
    """Return whether float32 arithmetic gives exactly the result of ``op``, by its range or by proof."""
    return op.proved or is_float32_exact(op)


@singledispatch
def is_float32_exact(op: Op) -> bool:
    """Return whether the range of ``op`` ensures that float32 arithmetic computes it without rounding."""
    return op.magnitude <= FLOAT32_EXACT


@is_float32_exact.register
def _(op: Const) -> bool:
    # A single number may have any magnitude; the ops that read several numbers check those.
    if op.codes.bound <= FLOAT32_EXACT and 24 - _EXPONENTS < op.frac < _EXPONENTS:
        return True
    codes = {abs(code) for code in op.codes.to_integers().ravel().tolist() if code}
    return all(
        code // (code & -code) <= FLOAT32_EXACT
        and abs(code.bit_length() - 1 - op.frac) < _EXPONENTS
        for code in codes
    )


@is_float32_exact.register
def _(op: Lookup) -> bool:
    # A number of the table is a weight; the ops that read several numbers check those.
    return is_float32_exact(op.table)


@is_float32_exact.register
def _(op: Quantize) -> bool:
    # Keras adds the difference (quantised - x) to x: both must lie on one grid of 24 bits.
    lo, hi = op.x.range.hull
    finer = max(op.x.type.frac, op.frac)
    quantised = max(-op.to.lo, op.to.hi) << finer - op.frac
    return max(max(-lo, hi) << finer - op.x.type.frac, quantised) <= FLOAT32_EXACT


@is_float32_exact.register
def _(op: Scan) -> bool:
    return all(map(is_exact_or_proved, op.body.ops))


@is_float32_exact.register
def _(op: Threshold) -> bool:
    # Keras computes the function in float32, as the search for the thresholds did.
    return max(map(abs, op.x.range.hull)) <= FLOAT32_EXACT
