"""Encodings of weights, read off the real numbers, and the events of a product by them.

A weight that is part of the logic is a constant: the digits of its canonical signed-digit form say how many
additions its product takes. Weights in a memory share their hardware, which the encoding of all of them
decides: xnor and multiplexers for binary and ternary ones, shifters for powers of two, else multipliers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from qhls.ir import work as events
from qhls.ir.integers import Array
from qhls.ir.op import Op
from qhls.ir.work import NOTHING, Event, Events


class Encoding(Enum):
    """Kind of number that weights in a memory are, up to one power of two per output.

    The sum is shifted by that power of two afterwards.
    """

    BINARY = "binary"
    """1 or -1."""
    TERNARY = "ternary"
    """1, 0 or -1."""
    PO2 = "po2"
    """0, or a power of two or its negative."""
    FIXED = "fixed"
    """Anything else: a fixed-point number."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The encoding of a matrix of weights (terms, outputs).

    ``stages``: two-way choices that make a product, for all encodings but ``FIXED``: of the sign, of zero,
    and of each binary digit of the exponent. ``outer``: those that shift a sum by its output's power of two.
    """

    encoding: Encoding
    stages: int = 0
    outer: int = 0


def signed_digits(codes: Array) -> Array:
    """Return the non-zero digits of each integer's canonical signed-digit form, the fewest of any: 7 = 8 - 1 has 2.

    The form is the difference of ``3n`` and ``n`` taken bit by bit, so its digits are where the two differ.
    """
    return _digits_of(magnitudes(codes))


def magnitudes(codes: Array) -> Array:
    """Return the absolute values of ``codes`` in the narrowest unsigned type that also holds three times each.

    Python's integers stay where 64 bits are not enough.
    """
    largest = max(int(codes.max()), -int(codes.min())) if codes.size else 0
    fitting = (t for t in (np.uint16, np.uint32, np.uint64) if 3 * largest <= np.iinfo(t).max)
    return abs(codes).astype(next(fitting, object))


def _digits_of(values: Array) -> Array:
    return bit_counts(values ^ 3 * values)


_BITS = np.array([n.bit_count() for n in range(1 << 16)], np.uint8)


def bit_counts(values: Array) -> Array:
    """Return how many bits are set in each of ``values``, which ``magnitudes`` gave."""
    if values.dtype == object:
        return _each(values, int.bit_count)
    # Weights are millions: a table of 16 bits, read once for each half of 32 and each quarter of 64.
    parts = np.ascontiguousarray(values).reshape(-1, 1).view(np.uint16)
    return _BITS[parts].sum(1, dtype=np.uint8).reshape(values.shape)


def bit_lengths(values: Array) -> Array:
    """Return the length in bits of each of ``values``, which ``magnitudes`` gave."""
    if values.dtype.itemsize > 4:  # a double, whose exponent shorter ones have, holds 53 bits
        return _each(values, int.bit_length)
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _each(values: Array, f: Callable[[int], int]) -> Array:
    """Return ``f`` of every integer, which may be of any width."""
    distinct, where = np.unique(values, return_inverse=True)
    results = np.array([f(int(n)) for n in distinct.tolist()], np.int64)
    return results[where].reshape(values.shape)


def encoding(codes: Array) -> Weights:
    """Return the encoding of integer ``codes`` (terms, outputs)."""
    values = magnitudes(codes)
    if codes.size == 0 or (values & values - (values > 0)).any():  # not 0, not a power of two
        return Weights(Encoding.FIXED)
    used = codes != 0
    exponents = bit_lengths(values)
    none = ~used.any(0)
    lowest = np.where(used, exponents, np.iinfo(np.int64).max).min(0)
    span = int(np.where(used, exponents - lowest, 0).max())
    lowest_used = lowest[~none]
    outer = int(lowest_used.max() - lowest_used.min()).bit_length() if lowest_used.size else 0
    sign = bool((codes > 0).any() and (codes < 0).any())
    zero = bool(not used.all() and used.any())
    stages = sign + zero + span.bit_length()
    if span:
        return Weights(Encoding.PO2, stages, outer)
    return Weights(Encoding.TERNARY if zero else Encoding.BINARY, stages, outer)


def two_valued(op: Op) -> bool:
    """Return whether every element of ``op`` is one of two opposite numbers, which one bit distinguishes."""
    while op.kind in ("reshape", "shift", "view"):  # these only move numbers
        op = op.operands[0]
    if op.kind == "threshold":
        values = set(op.operands[2].range.lo.integers().ravel().tolist())
    else:
        values = set((getattr(op, "values", None) or ())[:3])  # a range may be very long
    return len(values) == 2 and sum(values) == 0


def product(weights: Weights, bits: int, weight_bits: int, binary: bool) -> Event:
    """Return the event of multiplying a ``bits``-wide input by a weight of ``weight_bits`` from a memory.

    ``binary``: the input is one of two opposite numbers.
    """
    if weights.encoding is Encoding.FIXED:
        return events.multiply(bits, weight_bits)
    if weights.stages == 0:
        return NOTHING  # all weights are the same power of two
    if weights.encoding is Encoding.PO2:
        return events.shift(bits, weights.stages)
    if binary and weights.encoding is Encoding.BINARY:
        return events.xnor()
    return events.mux(bits, weights.stages)


def _digits(codes: Array) -> Array:
    """Return the digits that each product of a matrix (terms, outputs) needs, in any order within a term.

    If two outputs multiply the same input by weights of equal magnitude, they share the product:
    the second one counts as one digit, which is wiring.
    """
    values = np.sort(magnitudes(codes), axis=1)
    digits = _digits_of(values)
    again = values[:, 1:] == values[:, :-1]
    digits[:, 1:][again & (digits[:, 1:] > 1)] = 1
    return digits


def multiply_accumulate(op: Op, x: Op, w: Op, macs: int) -> Events:
    """Count ``macs`` products of ``x`` and the constant ``w``, summed to the elements of ``op``, as wide as the result.

    The last axes of ``w`` are the outputs of one position. Where constants are part of the logic: the
    additions of each product's digits, once where several outputs take the same product; and one addition
    less than an output has weights that are not zero, one more if all of them are negative, since only then
    no term is there to subtract from. Where they are in a memory: a product and an addition for each, zero
    or not.
    """
    positions = macs // w.size
    codes = w.range.lo.integers().reshape(-1, op.size // positions)
    weights = encoding(codes)
    binary = two_valued(x)
    bits = 1 if binary else x.type.width
    shared = product(weights, bits, w.type.width, binary)
    work = Events()
    for digits, count in histogram(_digits(codes)):
        work[events.scale(bits, digits, shared)] += count * positions
    used = (codes != 0).sum(0)
    additions = int((np.maximum(used - 1, 0) + ((codes < 0).sum(0) == used) * (used > 0)).sum())
    addition = events.add(op.type.width)
    if additions:
        work[addition] += additions * positions
    if additions < codes.size:
        work[events.nothing(addition)] += (codes.size - additions) * positions
    if weights.outer:
        outer = events.shift(op.type.width, weights.outer)
        work[events.nothing(outer)] += op.size
    return work


def scaled(op: Op, x: Op, w: Op) -> Events:
    """Count the products of ``x`` and the constant ``w``, element by element, that ``op`` computes.

    Where constants are part of the logic: the additions of each product's digits. No sum takes a sign here, so that a
    number whose digits are all negative has one more term, the zero that they are subtracted from. Where constants
    are chosen, one at a time: the product that suits all of them, and a negation where a shift or a choice has a sign.
    """
    codes = np.broadcast_to(w.range.lo.integers(), op.shape).reshape(-1, 1)
    weights, binary = encoding(codes), two_valued(x)
    bits = 1 if binary else x.type.width
    shared = product(weights, bits, w.type.width, binary)
    fixed = weights.encoding is Encoding.FIXED
    # No two neighbouring bits that are set: the form is the binary number itself, and its digits are all positive.
    values = magnitudes(codes)
    negative = (codes < 0) & ((values & values >> 1) == 0)
    terms = signed_digits(codes) + (negative if fixed else 0)
    work = Events()
    for digits, count in histogram(terms):
        work[events.scale(bits, digits, shared)] += count
    if not fixed and not binary and negative.any():
        negation, count = events.add(op.type.width), int(negative.sum())
        work[negation] += count
        if count < op.size:
            work[events.nothing(negation)] += op.size - count
    return work


def trailing_zeros(codes: Array) -> Array:
    """Return the zero bits below each integer's lowest one that is set; 0 for 0."""
    return bit_counts(_below_lowest(magnitudes(codes)))


def _below_lowest(values: Array) -> Array:
    """Return a mask of the bits below the lowest one that is set in each of ``values``; 0 for 0."""
    below = values - (values > 0)
    return below & ~values if values.dtype != object else below & (-values - 1)


def spans(codes: Array) -> Array:
    """Return the bits from the most to the least significant one that is set: 24 = 0b11000 has 2, and 0 none."""
    values = magnitudes(codes)
    return bit_lengths(values) - bit_counts(_below_lowest(values))


def histogram(counts: Array) -> list[tuple[int, int]]:
    """Return the different small integers in ``counts``, and how often each occurs."""
    occurrences = np.bincount(counts.ravel())
    return [(n, times) for n, times in enumerate(occurrences.tolist()) if times]
