"""``Builder``: creates the cells of a netlist, shares equal cells and folds constants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qhls.errors import EmitError
from qhls.ir.types import Fixed
from qhls.rtl.netlist import Cell, Kind, Netlist, Port, count_cell_levels, find_chain

BIT = Fixed(False, 1, 0)
MOST_CELLS = 4_000_000
"""Maximum number of cells of a netlist, far above the capacity of any device."""


class Builder:
    """The cells of a netlist under construction.

    Each method returns the index of the cell of its result, whose range is exact or wider. ``operands``: the most
    operands of an adder in ``sum_terms`` and ``sum_signed``, 2 or 3.
    """

    def __init__(self, name: str, operands: int = 2) -> None:
        self.name = name
        self.operands = operands
        self.cells: list[Cell] = []
        self.labels: dict[int, tuple[str, str]] = {}
        self.depths: list[int] = []
        """Number of logic levels on the longest path to each cell."""
        self._places: dict[Cell, int] = {}
        self._labelled = 0

    def get_lo(self, a: int) -> int:
        """Return the lowest code of a cell."""
        return self.cells[a].lo

    def get_hi(self, a: int) -> int:
        """Return the highest code of a cell."""
        return self.cells[a].hi

    def get_code(self, a: int) -> int | None:
        """Return the code of a constant cell; None for any other cell."""
        cell = self.cells[a]
        return cell.setting if cell.kind is Kind.CONST else None

    def label(self, ids: Iterable[int], name: str, places: Iterable[str]) -> None:
        """Label the cells ``ids`` with an op's name and their elements, other new cells with the name and a number."""
        for cell, place in zip(ids, places, strict=True):
            if self.cells[cell].kind is not Kind.CONST:
                self.labels.setdefault(cell, (name, place))
        for cell in range(self._labelled, len(self.cells)):
            self.labels.setdefault(cell, (name, f"_part_{cell - self._labelled}"))
        self._labelled = len(self.cells)

    def finish(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> Netlist:
        """Return the netlist of all cells that the ports need."""
        ports = tuple(inputs), tuple(outputs)
        return Netlist(self.name, tuple(self.cells), *ports, self.labels).prune()

    # Cells

    def make_input(self, lo: int, hi: int) -> int:
        """Return a new cell for one element of an input port."""
        return self._append(Cell(Kind.INPUT, (), lo, hi, len(self.cells)))

    def copy(self, cell: Cell) -> int:
        """Return a cell of this builder that equals ``cell``, whose operands are cells of this builder."""
        return self._append(cell)

    def make_const(self, code: int) -> int:
        """Return the cell of a constant."""
        return self._append(Cell(Kind.CONST, (), code, code, code))

    def add(self, a: int, b: int) -> int:
        """Return ``a + b``."""
        if self.get_code(a) == 0:
            return b
        if self.get_code(b) == 0:
            return a
        a, b = min(a, b), max(a, b)
        return self._make_cell(
            Kind.ADD, (a, b), self.get_lo(a) + self.get_lo(b), self.get_hi(a) + self.get_hi(b)
        )

    def subtract(self, a: int, b: int) -> int:
        """Return ``a - b``."""
        if self.get_code(b) == 0:
            return a
        if a == b:
            return self.make_const(0)
        return self._make_cell(
            Kind.SUB, (a, b), self.get_lo(a) - self.get_hi(b), self.get_hi(a) - self.get_lo(b)
        )

    def add_three(self, cells: Sequence[int], subtracted: int) -> int:
        """Return the sum of three cells, of which the last ``subtracted``, 0 to 2, are subtracted."""
        added = 3 - subtracted
        args = (*sorted(cells[:added]), *sorted(cells[added:]))
        signs = [1] * added + [-1] * subtracted
        ends = [
            sorted((s * self.get_lo(a), s * self.get_hi(a)))
            for s, a in zip(signs, args, strict=True)
        ]
        lo, hi = (sum(each) for each in zip(*ends, strict=True))
        return self._make_cell(Kind.TERNARY, args, lo, hi, subtracted)

    def shift(self, a: int, power: int) -> int:
        """Return ``a * 2**power``, rounded down."""
        cell = self.cells[a]
        if power == 0:
            return a
        if cell.kind is Kind.SHIFT and (cell.setting > 0 or power < 0):  # no bit was lost between
            return self.shift(cell.args[0], cell.setting + power)
        lo, hi = (_shift_code(end, power) for end in (cell.lo, cell.hi))
        return self._make_cell(Kind.SHIFT, (a,), lo, hi, power)

    def multiply(self, a: int, b: int) -> int:
        """Return ``a * b``; a constant factor becomes a sum of shifts."""
        for known, other in ((a, b), (b, a)):
            code = self.get_code(known)
            if code is not None:
                return self.sum_terms(
                    [(other, sign, power) for sign, power in to_signed_digits(code)]
                )
        corners = [
            x * y
            for x in (self.get_lo(a), self.get_hi(a))
            for y in (self.get_lo(b), self.get_hi(b))
        ]
        lo = max(min(corners), 0) if a == b else min(corners)
        return self._make_cell(Kind.MUL, (min(a, b), max(a, b)), lo, max(corners))

    def wrap(self, a: int, to: Fixed) -> int:
        """Return the low bits of ``a`` as a code of ``to``."""
        if to.lo <= self.get_lo(a) and self.get_hi(a) <= to.hi:
            return a
        return self._make_cell(Kind.WRAP, (a,), to.lo, to.hi, Fixed(to.signed, to.width, 0))

    def narrow(self, a: int, lo: int, hi: int) -> int:
        """Return ``a``, whose codes are known to be at least ``lo`` and at most ``hi``."""
        low, high = max(lo, self.get_lo(a)), min(hi, self.get_hi(a))
        if (low, high) == (self.get_lo(a), self.get_hi(a)):
            return a
        return self._make_cell(Kind.WRAP, (a,), low, high, Fixed.from_range(low, high, 0))

    def append(self, a: int, bit: int) -> int:
        """Return ``2 * a + bit``."""
        if self.get_code(bit) == 0:
            return self.shift(a, 1)
        if self.get_code(a) == 0:
            return bit
        ends = (2 * self.get_lo(a) + self.get_lo(bit), 2 * self.get_hi(a) + self.get_hi(bit))
        return self._make_cell(Kind.APPEND, (a, bit), *ends)

    def make_less(self, a: int, b: int) -> int:
        """Return 1 if ``a < b``, else 0."""
        if self.get_hi(a) < self.get_lo(b):
            return self.make_const(1)
        if self.get_lo(a) >= self.get_hi(b) or a == b:
            return self.make_const(0)
        return self._make_cell(Kind.LESS, (a, b), 0, 1)

    def make_mux(self, bit: int, a: int, b: int, ends: tuple[int, int] | None = None) -> int:
        """Return ``a`` if ``bit`` is 1, else ``b``; ``ends``: the range of the result, if known to be narrower."""
        if self.get_code(bit) is not None or a == b:
            return a if self.get_code(bit) else b
        if (self.get_code(a), self.get_code(b)) == (1, 0):
            return bit
        lo, hi = ends or (min(self.get_lo(a), self.get_lo(b)), max(self.get_hi(a), self.get_hi(b)))
        return self._make_cell(Kind.MUX, (bit, a, b), lo, hi)

    def make_and(self, a: int, b: int) -> int:
        """Return the logical AND of two bits."""
        if 0 in (self.get_code(a), self.get_code(b)):
            return self.make_const(0)
        if a == b or self.get_code(b) == 1:
            return a
        return (
            b if self.get_code(a) == 1 else self._make_cell(Kind.AND, (min(a, b), max(a, b)), 0, 1)
        )

    def make_or(self, a: int, b: int) -> int:
        """Return the logical OR of two bits."""
        if 1 in (self.get_code(a), self.get_code(b)):
            return self.make_const(1)
        if a == b or self.get_code(b) == 0:
            return a
        return (
            b if self.get_code(a) == 0 else self._make_cell(Kind.OR, (min(a, b), max(a, b)), 0, 1)
        )

    def make_any(self, a: int) -> int:
        """Return 1 if ``a`` is not 0, else 0."""
        if (self.get_lo(a), self.get_hi(a)) == (0, 1):
            return a
        if self.get_lo(a) > 0 or self.get_hi(a) < 0:
            return self.make_const(1)
        return self._make_cell(Kind.ANY, (a,), 0, 1)

    def make_table(self, a: int, entries: Sequence[int]) -> int:
        """Return the table entry for the code of ``a``; the first entry belongs to the lowest code."""
        if self.get_code(a) is not None:
            return self.make_const(entries[0])
        return self._make_cell(Kind.TABLE, (a,), min(entries), max(entries), tuple(entries))

    # Compositions

    def sum_terms(self, terms: Iterable[tuple[int, int, int]]) -> int:
        """Return the sum of ``sign * cell * 2**power`` over ``terms`` (cell, sign, power).

        Shallow cells are added first.
        """
        cell, sign = self.sum_signed(terms, positive=True)
        return cell if sign > 0 else self.subtract(self.make_const(0), cell)

    def sum_signed(
        self, terms: Iterable[tuple[int, int, int]], positive: bool = False
    ) -> tuple[int, int]:
        """Return a cell and a sign whose product is the sum of ``terms``.

        ``positive``: the sign is 1 wherever that costs no adder.
        """
        queue = [(cell, sign, power) for cell, sign, power in terms if self.get_code(cell) != 0]
        if not queue:
            return self.make_const(0), 1
        while len(queue) > 1:
            queue.sort(key=self._order, reverse=True)
            # A pair first, where the number of terms is even, so that all other adders have three operands.
            count = 3 if self.operands > 2 and len(queue) % 2 else 2
            terms = [queue.pop() for _ in range(count)]
            if count == 3:
                terms.sort(key=lambda term: term[2])
                if self._is_apart(terms):
                    queue.append(terms.pop())
            free = not positive or any(sign > 0 for _, sign, _ in queue)
            queue.append(self._merge(terms, free))
        cell, sign, power = queue[0]
        return self.shift(cell, power), sign

    def _order(self, term: tuple[int, int, int]) -> tuple[int, int, int, int]:
        cell, sign, power = term
        return self.depths[cell], power + self.cells[cell].type.width, cell, sign

    def _merge(self, terms: Sequence[tuple[int, int, int]], free: bool) -> tuple[int, int, int]:
        """Add two or three terms; return the sum as one term (cell, sign, power).

        With a ``free`` sign, that sign is taken for which more low bits of a term are bits of the sum.
        """
        common = min(power for _, _, power in terms)
        signs = sorted({sign for _, sign, _ in terms}, reverse=True)
        ways = [self._order_operands(terms, sign) for sign in signs]
        spans = [find_chain([power for _, _, power in way], count) for way, count in ways]
        chosen = int(free and spans[-1] > spans[0])
        way, subtracted = ways[chosen]
        cells = [self.shift(cell, power - common) for cell, _, power in way]
        return self._sum_cells(cells, subtracted), signs[chosen], common

    def _is_apart(self, terms: Sequence[tuple[int, int, int]]) -> bool:
        """Return whether the third term begins so high that two binary adders take no more bits than a ternary one.

        ``terms`` are in the order of powers. The first adder has its own bits, and the second one fewer than the
        ternary adder: those between the second and the third term.
        """
        (a, sign, low), (b, other, middle), (_, _, high) = terms
        shift = middle - low
        ends = [[sign * self.get_lo(a), sign * self.get_hi(a)]]
        ends += [[other * self.get_lo(b) << shift, other * self.get_hi(b) << shift]]
        lo, hi = sum(map(min, ends)), sum(map(max, ends))
        return Fixed.from_range(lo, hi, 0).width - shift <= high - middle

    @staticmethod
    def _order_operands(
        terms: Sequence[tuple[int, int, int]], sign: int
    ) -> tuple[list[tuple[int, int, int]], int]:
        """Return the terms with those of another sign at the end, and the number of those."""
        way = [term for term in terms if term[1] == sign]
        rest = [term for term in terms if term[1] != sign]
        return way + rest, len(rest)

    def _sum_cells(self, cells: Sequence[int], subtracted: int) -> int:
        """Return the sum of two or three cells, of which the last ``subtracted`` are subtracted."""
        if len(cells) == 3:
            return self.add_three(cells, subtracted)
        return self.subtract(*cells) if subtracted else self.add(*cells)

    def _make_cell(
        self, kind: Kind, args: tuple[int, ...], lo: int, hi: int, setting: Any = 0
    ) -> int:
        if lo == hi:
            return self.make_const(lo)
        return self._append(Cell(kind, args, lo, hi, setting))

    def _append(self, cell: Cell) -> int:
        place = self._places.setdefault(cell, len(self.cells))
        if place == len(self.cells):
            if place >= MOST_CELLS:
                raise EmitError(
                    f"design {self.name!r}: expected at most {MOST_CELLS:,} cells of logic for Verilog, got more. "
                    "Every weight has its own adders there: use a smaller model."
                )
            self.cells.append(cell)
            below = max((self.depths[arg] for arg in cell.args), default=0)
            self.depths.append(below + count_cell_levels(cell.kind))
        return place


def to_signed_digits(code: int) -> list[tuple[int, int]]:
    """Return the canonical signed digits of ``code``: the fewest (sign, power) whose ``sign * 2**power`` add to it."""
    digits: list[tuple[int, int]] = []
    power = 0
    while code:
        if code & 1:
            sign = 2 - (code & 3)
            digits.append((sign, power))
            code -= sign
        code >>= 1
        power += 1
    return digits


def _shift_code(code: int, power: int) -> int:
    return code << power if power > 0 else code >> -power
