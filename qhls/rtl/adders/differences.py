"""Writes vectors as differences from one another, where that leaves fewer signed digits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from qhls.ir.integers import Array

_FACTORS = np.array([sign << power for sign, power in product((1, -1), range(2))])
"""Factors of a vector that is subtracted from another vector."""
_DEEPEST = 4
"""Maximum number of adder levels of an input and the inputs that are added to it, where levels are bounded."""
_FILLED = 3
"""Divisor of the capacity of a column's bounded levels: more is not used before sums are shared, which needs room."""

Bases = dict[int, tuple[int, int]]
"""Other vector that is subtracted from each vector, and the factor; each vector follows its base."""


class Difference(NamedTuple):
    """A vector as ``rest`` plus ``factor`` times vector ``base``; a factor of 0 for none.

    ``level``: number of adder levels of the sum for the vector.
    """

    rest: list[int]
    base: int
    factor: int
    level: int


def subtract_columns(columns: Sequence[Sequence[int]], limit: int | None) -> list[Difference]:
    """Return the columns of a matrix as differences from other columns.

    Each column is a sum; its level is an upper bound. A column takes a level more than its base. So the levels of
    ``limit`` beyond the fewest bound the steps from a column to the end of its tree.
    """
    vectors = _make_array(columns)
    costs = _count_digits(vectors).sum(-1)
    steps = len(columns) if limit is None else limit - count_levels(costs.max(initial=0))
    bases = _find_bases(vectors, steps)
    levels = [limit or 0] * len(columns)
    for number, (base, _) in reversed(bases.items()):
        levels[base] = min(levels[base], levels[number] - 1)
    return _list_differences(vectors, bases, levels)


def subtract_rows(rows: Sequence[Sequence[int]], limit: int | None) -> list[Difference]:
    """Return the rows of a matrix as differences from other rows.

    The input of a row is added to the input of its base; the level of a row is that of the sum of inputs that
    multiplies its rest. The sums of inputs are as deep as the ``limit`` of the columns allows.
    """
    vectors = _make_array(rows)
    bases = _find_bases(vectors, len(rows))
    if limit is None:
        return _list_differences(vectors, bases, [0] * len(rows))
    for most in range(min(limit, _DEEPEST), 0, -1):
        kept, levels = _prune(bases, len(rows), most)
        differences = _list_differences(vectors, kept, levels)
        digits = _count_digits(_make_array([d.rest for d in differences]))
        loads = (digits << np.array(levels)[:, None]).sum(0)
        if _FILLED * loads.max(initial=0) <= 1 << limit:
            return differences
    return _list_differences(vectors, {}, [0] * len(rows))


def _count_digits(numbers: Array) -> Array:
    """Return the number of signed digits of each number: the bits in which ``3 x`` and ``x`` differ."""
    size: Array = abs(numbers)
    return np.bitwise_count(size ^ 3 * size).astype(np.int64)


def count_levels(terms: int) -> int:
    """Return the smallest possible number of adder levels of a sum of ``terms`` terms."""
    return max(int(terms) - 1, 0).bit_length()


def _make_array(vectors: Sequence[Sequence[int]]) -> Array:
    return np.array(vectors, object).reshape(len(vectors), -1).astype(np.int64)


def _list_differences(vectors: Array, bases: Bases, levels: Sequence[int]) -> list[Difference]:
    rests = vectors.copy()
    for number, (base, factor) in bases.items():
        rests[number] -= factor * vectors[base]
    pairs = (bases.get(number, (0, 0)) for number in range(len(vectors)))
    return [Difference(r, *p, n) for r, p, n in zip(rests.tolist(), pairs, levels, strict=True)]


def _find_bases(vectors: Array, steps: int) -> Bases:
    """Return the bases of vectors whose difference from another vector has fewer digits than they have.

    The vectors form trees that begin with the vector of the fewest digits and take the nearest next (Prim's algorithm).
    ``steps`` bounds the steps from the beginning of a tree.
    """
    costs = _count_digits(vectors).sum(-1)
    nearest = [(0, 0)] * len(vectors)
    bases: Bases = {}
    left, before = np.arange(len(vectors)), [0] * len(vectors)
    while len(left):
        number = int(left[costs[left].argmin()])
        left = left[left != number]
        base, factor = nearest[number]
        if factor:
            bases[number] = base, factor
            before[number] = before[base] + 1
        if before[number] >= steps or not len(left):
            continue
        rests = vectors[left] - _FACTORS[:, None, None] * vectors[number]
        digits = _count_digits(rests).sum(-1) + 1
        best, least = digits.argmin(0), digits.min(0)
        for place in np.flatnonzero(least < costs[left]).tolist():
            other = int(left[place])
            costs[other], nearest[other] = least[place], (number, int(_FACTORS[best[place]]))
    return bases


def _prune(bases: Bases, count: int, most: int) -> tuple[Bases, list[int]]:
    """Return the bases that are kept if no input takes more than ``most`` adder levels, and the levels of all."""
    kept: Bases = {}
    levels = [0] * count
    children: list[list[int]] = [[] for _ in range(count)]
    for number, (base, factor) in bases.items():
        before = list(levels)
        kept[number] = base, factor
        children[base].append(number)
        node = number
        while node in kept:
            node = kept[node][0]
            levels[node] = count_levels(1 + sum(1 << levels[child] for child in children[node]))
        if levels[node] > most:
            levels = before
            children[base].remove(number)
            del kept[number]
    return kept, levels
