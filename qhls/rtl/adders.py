"""Constant matrices as logic: the products of a vector and a matrix as sums that share terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from qhls.rtl.builder import Builder, to_signed_digits
from qhls.rtl.sums import Sums, Term, count_levels

_WIDEST = 1 << 58
"""Magnitude of a weight from which a matrix shares no sums: to count the digits would take too long."""
EFFORT = 10
"""Default duration of the search, as a multiple of the first solution's duration."""
_MORE_LEVELS = 2
"""Levels of adders allowed beyond the fewest: without a bound, a few adders less cost many levels."""
_PAIRS = 500_000
"""Pairs of terms of the largest block."""
_DISSOLVED = 6
"""Most shared sums that a step of the search dissolves."""
_LOCAL = 0.5
"""Share of the steps that dissolve sums which read one another, instead of any."""
_LATE = 0.5
"""Share of the steps that share the pairs of dissolved sums last, so that others come first."""
_NEAR = 6
"""Most neighbours of a sum that are dissolved together with it."""
_WARMTH = 0.3
"""Approximate number of adders that an accepted step may add at first."""
_STEP = 50
"""Pairs that are counted in the time of the rest of a step."""


@dataclass(frozen=True)
class AdderGraph:
    """Sums, each of terms (source, sign, power); the sources are the inputs, then earlier sums.

    ``outputs`` are the sums of the matrix' columns; None for a column of zeros.
    """

    inputs: int
    sums: tuple[tuple[Term, ...], ...]
    outputs: tuple[int | None, ...]

    @property
    def adders(self) -> int:
        """Return the number of adders with two operands."""
        return sum(len(terms) - 1 for terms in self.sums)

    @cached_property
    def columns(self) -> list[list[int]]:
        """Return the matrix' columns: the linear normal form of every output."""
        rows = [[int(i == j) for j in range(self.inputs)] for i in range(self.inputs)]
        for terms in self.sums:
            total = [0] * self.inputs
            for source, sign, power in terms:
                factor = sign << power
                total = [t + factor * r for t, r in zip(total, rows[source], strict=True)]
            rows.append(total)
        zero = [0] * self.inputs
        return [zero if place is None else rows[place] for place in self.outputs]

    def build(self, builder: Builder, inputs: Sequence[int]) -> list[int]:
        """Return the cells of the outputs for those of the inputs."""
        outputs, cells = set(self.outputs), [(cell, 1) for cell in inputs]
        for place, terms in enumerate(self.sums, self.inputs):
            signed = [(cells[s][0], cells[s][1] * sign, power) for s, sign, power in terms]
            if place in outputs:
                cells.append((builder.sum_terms(signed), 1))
            else:
                cells.append(builder.sum_signed(signed))
        return [
            builder.make_const(0) if place is None else cells[place][0] for place in self.outputs
        ]


def solve(
    columns: Sequence[Sequence[int]],
    *,
    effort: int = EFFORT,
    limit: int | None = None,
    seed: int = 0,
) -> AdderGraph:
    """Return a graph of few adders for the products of a vector with the columns of a matrix.

    ``effort``: duration of the search that follows the first solution, in multiples of the latter's. ``limit``: levels
    of adders of a column at most, if its terms allow them. The result does not depend on the machine. The graph's
    normal form is compared with the matrix.
    """
    sums = Sums(columns, seed, limit)
    sums.extract()
    _improve(sums, effort * sums.work)
    graph = _order_sums(sums)
    if graph.columns != [list(column) for column in columns]:
        raise RuntimeError("adder graph: expected the matrix as its normal form, got another")
    return graph


def multiply_vector(
    builder: Builder, inputs: Sequence[int], columns: tuple[tuple[int, ...], ...]
) -> list[int]:
    """Return the cells of the products of ``inputs`` with the columns of a matrix, solved once for equal ones.

    A large matrix is cut into blocks of rows: the pairs of terms of a column grow with the square of its length.
    """
    digits = sum(len(to_signed_digits(code)) for column in columns for code in column)
    pairs = digits**2 / (2 * len(columns))
    blocks = min(len(inputs), 1 + int(pairs / _PAIRS))
    ends = [len(inputs) * number // blocks for number in range(blocks + 1)]
    parts: list[list[int]] = []
    for start, end in pairwise(ends):
        graph = _solve_once(tuple(column[start:end] for column in columns))
        parts.append(graph.build(builder, inputs[start:end]))
    return [builder.sum_terms((cell, 1, 0) for cell in cells) for cells in zip(*parts, strict=True)]


@lru_cache(maxsize=256)
def _solve_once(columns: tuple[tuple[int, ...], ...]) -> AdderGraph:
    if any(abs(code) >= _WIDEST for column in columns for code in column):
        return _make_unshared(columns)
    return solve(columns, limit=count_least_levels(columns) + _MORE_LEVELS)


def count_least_levels(columns: Sequence[Sequence[int]]) -> int:
    """Return the fewest levels of adders of a matrix: those of the column with the most digits."""
    digits = [sum(len(to_signed_digits(code)) for code in column) for column in columns]
    return count_levels(max(digits, default=0))


def _make_unshared(columns: tuple[tuple[int, ...], ...]) -> AdderGraph:
    """Return the graph in which columns share nothing."""
    sums = [
        tuple(
            (source, sign, power)
            for source, code in enumerate(column)
            for sign, power in to_signed_digits(code)
        )
        for column in columns
    ]
    size = len(columns[0])
    return AdderGraph(size, tuple(sums), tuple(range(size, size + len(sums))))


def _improve(sums: Sums, work: int) -> None:
    """Dissolve some shared sums and share again, many times; keep better graphs, and at first some worse ones."""
    dice, start = sums.random, sums.work
    best, current = sums.copy_terms(), sums.adders
    best_adders = current
    sums.forget()
    while (done := (sums.work - start) / max(work, 1)) < 1 and len(sums.terms) > len(sums.columns):
        count = dice.randrange(_DISSOLVED) + 1
        local, late = dice.random() < _LOCAL, dice.random() < _LATE
        for number in _find_neighbours(sums, count) if local else _draw_sums(sums, count):
            if sums.is_shared(number):
                sums.dissolve(number, late)
        sums.recode(dice.randrange(2 * count + 2))
        sums.work += _STEP
        sums.extract()
        worse = sums.adders - current
        if worse <= 0 or dice.random() < math.exp(-worse / (_WARMTH * (1 - done))):
            current = sums.adders
            sums.forget()
            if current < best_adders:
                best, best_adders = sums.copy_terms(), current
        else:
            sums.undo()
    sums.restore(best)


def _draw_sums(sums: Sums, count: int) -> list[int]:
    return [sums.draw_sum() for _ in range(count)]


def _find_neighbours(sums: Sums, count: int) -> list[int]:
    """Return about ``count`` shared sums that read one another, around a random sum."""
    dice = sums.random
    front = [sums.draw_sum()]
    seen, neighbours = set(front), list[int]()
    while front and len(neighbours) < count:
        number = front.pop(dice.randrange(len(front)))
        if sums.is_shared(number):
            neighbours.append(number)
        near = [term >> sums.bits for term in sums.terms[number]] + list(sums.users[number])
        for other in dice.sample(near, min(_NEAR, len(near))):
            if other not in seen and other in sums.terms:
                seen.add(other)
                front.append(other)
    return neighbours


def _order_sums(sums: Sums) -> AdderGraph:
    """Return the sums, each after those that it reads."""
    order: dict[int, int] = {source: source for source in range(sums.inputs)}
    ordered: list[tuple[Term, ...]] = []
    stack = [(number, False) for number in reversed(sums.columns)]
    while stack:
        number, ready = stack.pop()
        terms = sums.list_terms(number)
        if ready:
            ordered.append(tuple((order[source], sign, power) for source, sign, power in terms))
            order[number] = sums.inputs + len(ordered) - 1
        elif number not in order and terms:
            stack.append((number, True))
            stack += [(source, False) for source, _, _ in terms if source not in order]
    return AdderGraph(sums.inputs, tuple(ordered), tuple(order.get(c) for c in sums.columns))
