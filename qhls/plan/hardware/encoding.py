"""Encodings of weights, derived from the values of the weights.

A weight that is part of the logic is a constant: the digits of its canonical signed-digit form say how many
additions its product takes. Weights in a memory share their hardware, which the encoding of all of them
decides: xnor and multiplexers for binary and ternary ones, shifters for powers of two, else multipliers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from qhls.ir.integers import Array
from qhls.ir.movement import Reshape, View
from qhls.ir.op import Op
from qhls.ir.ops import Input, Shift, Threshold


class Encoding(Enum):
    """Kind of number that all weights in a memory are, apart from one power of two per output.

    The sum is shifted by that power of two afterwards.
    """

    BINARY = "binary"
    """1 or -1."""
    TERNARY = "ternary"
    """1, 0 or -1."""
    PO2 = "po2"
    """0, or plus or minus a power of two."""
    FIXED = "fixed"
    """Any other fixed-point number."""


@dataclass(frozen=True, slots=True)
class WeightEncoding:
    """The encoding of a matrix of weights (terms, outputs).

    ``stages``: two-way choices that make a product, for all encodings but ``FIXED``: of the sign, of zero,
    and of each binary digit of the exponent. ``outer``: those that shift a sum by its output's power of two.
    """

    encoding: Encoding
    stages: int = 0
    outer: int = 0


def count_signed_digits(codes: Array) -> Array:
    """Return the number of non-zero digits in each integer's canonical signed-digit form: 7 = 8 - 1 has 2."""
    return count_digits(find_magnitudes(codes))


def count_digits(values: Array) -> Array:
    """Return the number of non-zero signed digits of each of ``values``, a result of ``find_magnitudes``.

    The form is the difference of ``3n`` and ``n`` taken bit by bit, so its digits are where the two differ.
    """
    return count_bits(values ^ 3 * values)


def find_magnitudes(codes: Array) -> Array:
    """Return the absolute values of ``codes`` in the narrowest unsigned type that also represents three times each.

    Python's integers stay where 64 bits are not enough.
    """
    largest = max(int(codes.max()), -int(codes.min())) if codes.size else 0
    fitting = (t for t in (np.uint16, np.uint32, np.uint64) if 3 * largest <= np.iinfo(t).max)
    return abs(codes).astype(next(fitting, object))


_BITS = np.array([n.bit_count() for n in range(1 << 16)], np.uint8)


def count_bits(values: Array) -> Array:
    """Return the number of set bits in each of ``values``, a result of ``find_magnitudes``."""
    if values.dtype == object:
        return _map_each(values, int.bit_count)
    # Weights are millions: a table of 16 bits, read once for each half of 32 and each quarter of 64.
    parts = np.ascontiguousarray(values).reshape(-1, 1).view(np.uint16)
    return _BITS[parts].sum(1, dtype=np.uint8).reshape(values.shape)


def measure_lengths(values: Array) -> Array:
    """Return the length in bits of each of ``values``, a result of ``find_magnitudes``."""
    if values.dtype.itemsize > 4:  # a double, whose exponent shorter ones have, holds 53 bits
        return _map_each(values, int.bit_length)
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _map_each(values: Array, f: Callable[[int], int]) -> Array:
    """Return an array with ``f(n)`` for every integer ``n`` of ``values``, which may be of any width."""
    distinct, where = np.unique(values, return_inverse=True)
    results = np.array([f(int(n)) for n in distinct.tolist()], np.int64)
    return results[where].reshape(values.shape)


def find_encoding(codes: Array) -> WeightEncoding:
    """Return the encoding of integer ``codes`` (terms, outputs)."""
    values = find_magnitudes(codes)
    if codes.size == 0 or (values & values - (values > 0)).any():  # not 0, not a power of two
        return WeightEncoding(Encoding.FIXED)
    used = codes != 0
    exponents = measure_lengths(values)
    none = ~used.any(0)
    lowest = np.where(used, exponents, np.iinfo(np.int64).max).min(0)
    span = int(np.where(used, exponents - lowest, 0).max())
    lowest_used = lowest[~none]
    outer = int(lowest_used.max() - lowest_used.min()).bit_length() if lowest_used.size else 0
    sign = bool((codes > 0).any() and (codes < 0).any())
    zero = bool(not used.all() and used.any())
    stages = sign + zero + span.bit_length()
    if span:
        return WeightEncoding(Encoding.PO2, stages, outer)
    return WeightEncoding(Encoding.TERNARY if zero else Encoding.BINARY, stages, outer)


def is_two_valued(op: Op) -> bool:
    """Return whether each element of ``op`` is known to be one of two opposite numbers, which one bit distinguishes."""
    while isinstance(op, Reshape | Shift | View):  # these only move numbers
        op = op.x
    if isinstance(op, Threshold):
        values = set(op.values.range.lo.to_integers().ravel().tolist())
    else:  # a range may be very long
        values = set((op.values or ())[:3] if isinstance(op, Input) else ())
    return len(values) == 2 and sum(values) == 0


def count_trailing_zeros(codes: Array) -> Array:
    """Return the number of trailing zero bits of each integer; 0 for the integer 0."""
    return count_bits(_mask_below_lowest(find_magnitudes(codes)))


def _mask_below_lowest(values: Array) -> Array:
    """Return, for each of ``values``, a mask of the bits below its lowest set bit; 0 for the value 0."""
    below = values - (values > 0)
    return below & ~values if values.dtype != object else below & (-values - 1)


def measure_spans(codes: Array) -> Array:
    """Return the number of bits from each integer's highest to its lowest set bit: 2 for 24 = 0b11000, 0 for 0."""
    values = find_magnitudes(codes)
    return measure_lengths(values) - count_bits(_mask_below_lowest(values))


def count_each(counts: Array) -> list[tuple[int, int]]:
    """Return the different small integers in ``counts``, each with the number of times that it occurs."""
    occurrences = np.bincount(counts.ravel())
    return [(n, times) for n, times in enumerate(occurrences.tolist()) if times]
