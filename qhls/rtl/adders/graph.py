"""Products of a vector with a constant matrix in logic: sums that share common terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from qhls.rtl.adders.differences import count_levels
from qhls.rtl.adders.sums import Sums, Term
from qhls.rtl.adders.transposed import TransposedSums
from qhls.rtl.builder import Builder, to_signed_digits
from qhls.rtl.ternary.sums import count_tables

_WIDEST = 1 << 58
"""Weight magnitude from which the columns of a matrix share no sums: digits are counted in 64-bit integers."""
EFFORT = 10
"""Default duration of the search, as a multiple of the first solution's duration."""
_MORE_LEVELS = 2
"""Levels of adders allowed beyond the minimum: without a bound, saving a few adders costs many levels."""
_PAIRS = 500_000
"""Maximum number of pairs of terms in a block of rows."""
_DISSOLVED = 6
"""Maximum number of shared sums that one step of the search dissolves."""
_LOCAL = 0.5
"""Share of the search steps that dissolve sums which read one another, instead of random sums."""
_LATE = 0.5
"""Share of the search steps that share the pairs of dissolved sums only after all other pairs."""
_NEAR = 6
"""Maximum number of neighbours that the search for connected sums visits from each sum."""
_WARMTH = 0.5
"""Initial temperature of the simulated annealing, in adders."""
_STEP = 50
"""Constant part of the duration of a search step, as a number of counted pairs."""


@dataclass(frozen=True)
class AdderGraph:
    """The products of a vector with a constant matrix, as sums of shifted terms (source, sign, power).

    Sources are the inputs, then the earlier sums. ``outputs``: the source that is the product with each column of the
    matrix; None for a column of zeros.
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
        """Return the columns of the matrix that the graph computes: the linear normal form of every output."""
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
        """Build the adders for the cells ``inputs``; return the cells of the outputs."""
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

    A matrix of more rows than columns is also searched as its transposed matrix, which gives fewer but often wider
    adders; the graph with the fewest bits of adders is returned.

    ``effort``: duration of the search that follows the first solution, in multiples of the latter's. ``limit``: maximum
    number of adder levels of a column, if its terms allow it. The result does not depend on the machine. The graph's
    normal form is compared with the matrix.
    """
    rows = list(zip(*columns, strict=True))
    graphs = [_search(Sums(columns, seed, limit), len(rows), effort)]
    if len(rows) > len(columns):
        graphs.append(_search(TransposedSums(rows, seed, limit), len(rows), effort))
    graph = graphs[0] if len(graphs) == 1 else min(graphs, key=_count_width)
    if graph.columns != [list(column) for column in columns]:
        raise RuntimeError("adder graph: expected the matrix as its normal form, got another")
    return graph


def _search(sums: Sums, inputs: int, effort: int) -> AdderGraph:
    sums.extract()
    _improve(sums, effort * sums.work)
    return _order_sums(inputs, *sums.list_graph())


def _count_width(graph: AdderGraph) -> int:
    """Return the width in bits of all adders on inputs of a byte."""
    builder = Builder("graph")
    graph.build(builder, [builder.make_input(-128, 127) for _ in range(graph.inputs)])
    return count_tables(builder.cells)


def multiply_vector(
    builder: Builder, inputs: Sequence[int], columns: tuple[tuple[int, ...], ...]
) -> list[int]:
    """Build the products of ``inputs`` with the columns of a constant matrix; return their cells.

    Equal matrices are solved once. A large matrix is cut into blocks of rows: the pairs of terms of a column grow with
    the square of its length.
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
    """Return the smallest possible number of adder levels for the column with the most digits."""
    digits = [sum(len(to_signed_digits(code)) for code in column) for column in columns]
    return count_levels(max(digits, default=0))


def _make_unshared(columns: tuple[tuple[int, ...], ...]) -> AdderGraph:
    """Return the adder graph in which columns share no sums."""
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
    """Reduce the number of adders by simulated annealing: dissolve some shared sums, then share pairs of terms again.

    Steps that add adders are accepted with a falling probability. The best graph is restored at the end.
    """
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
    """Return up to ``count`` shared sums that read one another, around a random sum."""
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


def _order_sums(inputs: int, sums: dict[int, list[Term]], outputs: Sequence[int]) -> AdderGraph:
    """Return the sums that the outputs need, in topological order, as an adder graph."""
    order: dict[int, int] = {source: source for source in range(inputs)}
    ordered: list[tuple[Term, ...]] = []
    stack = [(number, False) for number in reversed(outputs)]
    while stack:
        number, ready = stack.pop()
        if number in order:
            continue
        terms = sums[number]
        if ready:
            ordered.append(tuple((order[source], sign, power) for source, sign, power in terms))
            order[number] = inputs + len(ordered) - 1
        elif terms:
            stack.append((number, True))
            stack += [(source, False) for source, _, _ in terms]
    return AdderGraph(inputs, tuple(ordered), tuple(order.get(number) for number in outputs))
