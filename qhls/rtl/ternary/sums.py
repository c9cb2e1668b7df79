"""``LinearSums``: the sums of a netlist as linear forms, and the choice of those that have an adder of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from qhls.rtl.builder import Builder, to_signed_digits
from qhls.rtl.netlist import (
    SUMS,
    Cell,
    Kind,
    Netlist,
    count_subtracted,
    find_chain,
    find_zeros,
)

Form = Mapping[int | None, int]
"""Source -> coefficient: sources are cells that are no sums, and sums of their own; None is the number 1."""
_SWEEPS = 8
"""Maximum number of passes over all sums; the last ones save little."""


@dataclass(frozen=True)
class LinearSums:
    """The sums of ``netlist`` as linear forms of earlier cells: ``forms``, by cell, in topological order.

    ``kept``: the sums that other cells than adders read, or ports. All others may be dissolved into their readers.
    """

    netlist: Netlist
    forms: dict[int, Form]
    kept: frozenset[int]

    @classmethod
    def of(cls, netlist: Netlist) -> LinearSums:
        """Return the sums of ``netlist`` that are kept or that several sums read; the others are within these."""
        cells = netlist.cells
        kept = _find_kept(netlist)
        uses = [0] * len(cells)
        for cell in cells:
            if cell.kind in SUMS:
                for arg in cell.args:
                    uses[_strip(cells, arg)[0]] += 1
        own = {i for i, c in enumerate(cells) if c.kind in SUMS and (i in kept or uses[i] > 1)}
        forms: dict[int, Form] = {}
        parts: dict[int, Form] = {}
        for index, cell in enumerate(cells):
            if cell.kind in SUMS:
                parts[index] = _add_operands(cells, cell, parts, own)
                if index in own:
                    forms[index] = parts[index]
        return cls(netlist, forms, frozenset(kept))

    def dissolve(self) -> LinearSums:
        """Return the sums after dissolving those whose readers take their terms for fewer look-up tables.

        A look-up table is a bit of an adder with two or three operands. Each pass dissolves every sum for which that
        saves tables, until none does.
        """
        search = _Search(self)
        for _ in range(_SWEEPS):
            if not search.pass_over():
                break
        return LinearSums(self.netlist, search.forms, self.kept)


class _Search:
    """The forms of all sums, the sums that read each, and the look-up tables of each."""

    def __init__(self, sums: LinearSums) -> None:
        self.forms = dict(sums.forms)
        self._kept = sums.kept
        self._cells = sums.netlist.cells
        self._zeros = find_zeros(self._cells)
        self._readers: dict[int, set[int]] = {index: set() for index in self.forms}
        for index, form in self.forms.items():
            self._read(index, form)
        self._prices = {index: self._price(form) for index, form in self.forms.items()}

    def _read(self, index: int, form: Form) -> None:
        for source in form:
            if source in self._readers:
                self._readers[source].add(index)

    def pass_over(self) -> int:
        """Dissolve each sum for which that saves look-up tables; return their number."""
        return sum(self._try(index) for index in list(self.forms) if index not in self._kept)

    def _try(self, index: int) -> int:
        """Dissolve a sum into all its readers if that saves look-up tables; return how many."""
        own = self.forms[index]
        saved = self._prices[index]
        changed: dict[int, tuple[Form, int]] = {}
        for reader in self._readers[index]:
            form = _add_forms([(self.forms[reader], 1)], {index: own})
            price = self._price(form)
            saved -= price - self._prices[reader]
            changed[reader] = form, price
        if saved <= 0:
            return 0
        del self.forms[index], self._prices[index], self._readers[index]
        for source in own:
            if source in self._readers:
                self._readers[source].discard(index)
        for reader, (form, price) in changed.items():
            for source in self.forms[reader]:
                if source in self._readers:
                    self._readers[source].discard(reader)
            self.forms[reader], self._prices[reader] = form, price
            self._read(reader, form)
        return saved

    def _price(self, form: Form) -> int:
        """Return the look-up tables of the adders of a form."""
        builder = Builder("price", operands=3)
        zeros: list[int] = []
        terms: list[tuple[int, int, int]] = []
        for source, code in form.items():
            if source is None:
                terms.append((builder.make_const(code), 1, 0))
                zeros.append((code & -code).bit_length() - 1)
                continue
            cell = builder.make_input(self._cells[source].lo, self._cells[source].hi)
            zeros.append(self._zeros[source])
            terms += [(cell, sign, power) for sign, power in to_signed_digits(code)]
        builder.sum_signed(terms)
        return count_tables(builder.cells, zeros)


def count_tables(cells: Iterable[Cell], zeros: Iterable[int] = ()) -> int:
    """Return the look-up tables of the sums among ``cells``: a table per bit of a carry chain, on two or three words.

    ``zeros``: the low bits that are 0 of the first cells; by default those that follow from the cells.

    On AMD's FPGAs a table with two outputs adds three bits and feeds the carry chain (US patent 7,274,211). Yosys
    takes two tables for that.
    """
    known = list(cells)
    low = list(zeros)
    low += find_zeros(known)[len(low) :]
    return sum(
        cell.type.width - find_chain([low[arg] for arg in cell.args], count_subtracted(cell))
        for cell in known
        if cell.kind in SUMS
    )


def list_terms(form: Form) -> Iterator[tuple[int, int, int]]:
    """Yield the terms (source, sign, power) of a form, without its constant."""
    for source, code in form.items():
        if source is not None:
            yield from ((source, sign, power) for sign, power in to_signed_digits(code))


def _strip(cells: tuple[Cell, ...], index: int) -> tuple[int, int]:
    """Return the cell of which a cell is the left shift, and the number of bits; a cell and 0 for any other cell."""
    power = 0
    while cells[index].kind is Kind.SHIFT and cells[index].setting > 0:
        power += cells[index].setting
        index = cells[index].args[0]
    return index, power


def _find_kept(netlist: Netlist) -> set[int]:
    """Return the sums that ports or cells other than adders read, shifted to the left or not."""
    read = {cell for port in netlist.outputs for cell in port.cells}
    for index in range(len(netlist.cells) - 1, -1, -1):
        cell = netlist.cells[index]
        if cell.kind not in SUMS and (_strip(netlist.cells, index)[0] == index or index in read):
            read.update(cell.args)
    return {index for index in read if netlist.cells[index].kind in SUMS}


def _add_operands(
    cells: tuple[Cell, ...], cell: Cell, parts: Mapping[int, Form], own: set[int]
) -> Form:
    """Return the form of a sum: its operands, or the ``parts`` of those that are sums but not their ``own``."""
    added = len(cell.args) - count_subtracted(cell)
    forms: list[tuple[Form, int]] = []
    for place, arg in enumerate(cell.args):
        source, power = _strip(cells, arg)
        factor = (1 if place < added else -1) << power
        if cells[source].kind is Kind.CONST:
            forms.append(({None: cells[source].setting}, factor))
        elif source in parts and source not in own:
            forms.append((parts[source], factor))
        else:
            forms.append(({source: 1}, factor))
    return _add_forms(forms, {})


def _add_forms(forms: Iterable[tuple[Form, int]], within: Mapping[int, Form]) -> Form:
    """Return the sum of forms times factors; sources ``within`` are replaced by their forms."""
    total: dict[int | None, int] = {}
    for form, factor in forms:
        for source, code in form.items():
            inner = within.get(source, {source: 1}) if source is not None else {None: 1}
            for each, times in inner.items():
                total[each] = total.get(each, 0) + factor * code * times
    return {source: code for source, code in total.items() if code}
