"""Counts of the events of each op, by one rule per kind of op.

Counted as if constants were hard-wired (``qhls.plan.hardware.events``). An op without a rule causes none: it only moves
numbers. Memory traffic depends on the schedule and is counted by the plan.
"""

from __future__ import annotations

from functools import singledispatch
from weakref import WeakKeyDictionary

import numpy as np

from qhls.ir.elementwise import Add, Extreme, Mul, Sub
from qhls.ir.integers import Array
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Conv, Lookup, Matmul, Pool, Quantize, Threshold
from qhls.ir.types import Fixed, Overflow, Rounding
from qhls.plan.hardware import events
from qhls.plan.hardware.encoding import (
    Encoding,
    WeightEncoding,
    count_digits,
    count_each,
    count_signed_digits,
    count_trailing_zeros,
    find_encoding,
    find_magnitudes,
    is_two_valued,
)
from qhls.plan.hardware.events import MULTIPLICATIONS, NOTHING, Event, Events

_counted: WeakKeyDictionary[Op, Events] = WeakKeyDictionary()


def count_events(op: Op) -> Events:
    """Return the events of one inference of ``op``, which are cached and must not be changed."""
    if op not in _counted:
        _counted[op] = count_afresh(op)
    return _counted[op]


def count_multiplications(op: Op) -> int:
    """Return the number of products of an input and a weight in one inference of ``op``, pruned weights included."""
    return sum(n for event, n in count_events(op).items() if event.kind in MULTIPLICATIONS)


@singledispatch
def count_afresh(op: Op) -> Events:
    """Count the events of one inference of ``op`` without the cache."""
    return Events()


@count_afresh.register
def _count_matmul(op: Matmul) -> Events:
    return count_products(op, op.x, op.w, op.size * op.w.shape[0])


@count_afresh.register
def _count_conv(op: Conv) -> Events:
    rows, columns, channels, _ = op.w.shape
    return count_products(op, op.x, op.w, op.size * rows * columns * channels)


@count_afresh.register
def _count_pool(op: Pool) -> Events:
    steps = op.size * (op.window[0] * op.window[1] - 1)
    event = events.compare if op.reduction == "max" else events.add
    return Events({event(op.type.width): steps})


@count_afresh.register
def _count_arg_max(op: ArgMax) -> Events:
    return Events({events.compare(op.x.type.width): op.x.size - op.size})


@count_afresh.register
def _count_quantize(op: Quantize) -> Events:
    if op.overflow is Overflow.WRAP and op.rounding is Rounding.FLOOR:
        return Events()
    return Events({events.round_to(op.to.width): op.size})


@count_afresh.register
def _count_threshold(op: Threshold) -> Events:
    bits = op.x.type.width
    counted = Events({events.compare(bits): op.size * op.comparisons})
    if op.searched:  # each comparison is with a threshold that is looked up
        counted[events.look_up(bits, op.count)] += op.size * op.comparisons
    counted[events.look_up(op.type.width, op.count + 1)] += op.size
    return counted


@count_afresh.register
def _count_lookup(op: Lookup) -> Events:
    return Events({events.look_up(op.type.width, op.table.shape[0]): op.size})


@count_afresh.register
def _count_add(op: Add) -> Events:
    return _count_additions(op, op.a, op.b)


@count_afresh.register
def _count_sub(op: Sub) -> Events:
    return _count_additions(op, op.b)


def _count_additions(op: Add | Sub, *operands: Op) -> Events:
    """Count one addition per element, narrower by the trailing zeros of a constant; none for a constant 0."""
    width = op.type.width
    full = events.add(width)
    codes = next((c for operand in operands if (c := op.find_constant(operand)) is not None), None)
    if codes is None:
        return Events({full: op.size})
    counted = Events()
    used = codes[codes != 0]
    for zeros, count in count_each(count_trailing_zeros(used)):
        counted[events.add(max(width - zeros, 1), stored=full)] += count
    if used.size < op.size:
        counted[events.skip(full)] += op.size - used.size
    return counted


@count_afresh.register
def _count_mul(op: Mul) -> Events:
    if not op.b.batched:
        return count_scaling(op, op.a, op.b)
    if not op.a.batched:
        return count_scaling(op, op.b, op.a)
    return Events({events.multiply(op.a.type.width, op.b.type.width): op.size})


@count_afresh.register
def _count_extreme(op: Extreme) -> Events:
    hulls = [value.hull for value in op.align(op.a.range, op.b.range)]
    compared = Fixed.from_range(min(lo for lo, _ in hulls), max(hi for _, hi in hulls), op.frac)
    full = events.compare(compared.width)
    codes = next((c for o in (op.b, op.a) if (c := op.find_constant(o)) is not None), None)
    if codes is None:
        return Events({full: op.size})
    # Of a number and a constant: the sign compares with 0, and a constant beyond the range is never or always it.
    lo, hi = hulls[0 if not op.b.batched else 1]
    open_ = (codes > lo) & (codes < hi)
    signs = int((open_ & (codes == 0)).sum())
    kinds = {
        events.choose(compared.width, stored=full): signs,
        events.compare(compared.width): int(open_.sum()) - signs,
        events.skip(full): int((~open_).sum()),
    }
    return Events({event: count for event, count in kinds.items() if count})


def make_product(weights: WeightEncoding, bits: int, weight_bits: int, binary: bool) -> Event:
    """Return the event of multiplying a ``bits``-wide input by a ``weight_bits``-wide weight from a memory.

    ``binary``: the input is one of two opposite numbers.
    """
    if weights.encoding is Encoding.FIXED:
        return events.multiply(bits, weight_bits)
    if weights.stages == 0:
        return NOTHING  # all weights are the same power of two
    if weights.encoding is Encoding.PO2:
        return events.shift(bits, weights.stages)
    if binary and weights.encoding is Encoding.BINARY:
        return events.compare_signs()
    return events.choose_sign(bits, weights.stages)


def _count_matrix_digits(codes: Array) -> Array:
    """Return the number of digits that each product of a matrix (terms, outputs) needs, in any order within a term.

    If two outputs multiply the same input by weights of equal magnitude, they share the product:
    the second one counts as one digit, which is wiring.
    """
    values = np.sort(find_magnitudes(codes), axis=1)
    digits = count_digits(values)
    again = values[:, 1:] == values[:, :-1]
    digits[:, 1:][again & (digits[:, 1:] > 1)] = 1
    return digits


def count_products(op: Op, x: Op, w: Op, macs: int) -> Events:
    """Count the events of ``macs`` products of ``x`` and the constant ``w``, whose sums are the elements of ``op``.

    Sums are as wide as the result. The last axes of ``w`` are the outputs of one position.

    Where constants are part of the logic: the additions of each product's digits, once where several outputs use the
    same product. Then an output with n non-zero weights needs n - 1 additions, or n if all are negative, since it then
    subtracts from zero. Where constants are in a memory: a product and an addition for each weight, zero or not.
    """
    positions = macs // w.size
    codes = w.range.lo.to_integers().reshape(-1, op.size // positions)
    weights = find_encoding(codes)
    binary = is_two_valued(x)
    bits = 1 if binary else x.type.width
    shared = make_product(weights, bits, w.type.width, binary)
    counted = Events()
    for digits, count in count_each(_count_matrix_digits(codes)):
        counted[events.scale(bits, digits, shared)] += count * positions
    used = (codes != 0).sum(0)
    additions = int((np.maximum(used - 1, 0) + ((codes < 0).sum(0) == used) * (used > 0)).sum())
    addition = events.add(op.type.width)
    if additions:
        counted[addition] += additions * positions
    if additions < codes.size:
        counted[events.skip(addition)] += (codes.size - additions) * positions
    if weights.outer:
        outer = events.shift(op.type.width, weights.outer)
        counted[events.skip(outer)] += op.size
    return counted


def count_scaling(op: Op, x: Op, w: Op) -> Events:
    """Count the events of ``op``, which multiplies ``x`` by the constant ``w`` element by element.

    Where constants are part of the logic: the additions of each product's digits. No sum takes a sign here. So a
    number whose digits are all negative has one more term, the zero from which they are subtracted. Where constants
    are chosen, one at a time: the product that suits all of them, and a negation where a shift or a choice has a sign.
    """
    codes = np.broadcast_to(w.range.lo.to_integers(), op.shape).reshape(-1, 1)
    weights, binary = find_encoding(codes), is_two_valued(x)
    bits = 1 if binary else x.type.width
    shared = make_product(weights, bits, w.type.width, binary)
    fixed = weights.encoding is Encoding.FIXED
    # No two neighbouring bits that are set: the form is the binary number itself, and its digits are all positive.
    values = find_magnitudes(codes)
    negative = (codes < 0) & ((values & values >> 1) == 0)
    terms = count_signed_digits(codes) + (negative if fixed else 0)
    counted = Events()
    for digits, count in count_each(terms):
        counted[events.scale(bits, digits, shared)] += count
    if not fixed and not binary and negative.any():
        negation, count = events.add(op.type.width), int(negative.sum())
        counted[negation] += count
        if count < op.size:
            counted[events.skip(negation)] += op.size - count
    return counted
