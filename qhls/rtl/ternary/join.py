"""``join_adders``: a netlist whose sums have adders of three operands."""

from __future__ import annotations

from dataclasses import replace

from qhls.rtl.builder import Builder
from qhls.rtl.netlist import SUMS, Cell, Kind, Netlist
from qhls.rtl.ternary.sums import Form, LinearSums, count_tables, list_terms


def join_adders(netlist: Netlist) -> Netlist:
    """Return the netlist with ternary adders: two binary ones in a row become one, where look-up tables are saved.

    The netlist has no registers. Sums that several sums read are dissolved into these where that saves more. All other
    cells stay; where nothing is saved, so do the sums.
    """
    sums = LinearSums.of(netlist).dissolve()
    joiner = _Joiner(netlist, sums)
    for index, cell in enumerate(netlist.cells):
        joiner.take(index, cell)
    inputs, outputs = (
        [replace(port, cells=tuple(joiner.cells[c][0] for c in port.cells)) for port in ports]
        for ports in (netlist.inputs, netlist.outputs)
    )
    builder = joiner.builder
    joined = replace(
        netlist,
        cells=tuple(builder.cells),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        labels=builder.labels,
    ).prune()
    is_smaller = count_tables(joined.cells) < count_tables(netlist.cells)
    return joined if is_smaller else netlist


class _Joiner:
    """Copies cells and builds sums. ``cells``: the new cell and sign of each old cell that has one."""

    def __init__(self, netlist: Netlist, sums: LinearSums) -> None:
        self.builder = Builder(netlist.name, operands=3)
        self.cells: dict[int, tuple[int, int]] = {}
        self._netlist = netlist
        self._sums = sums

    def take(self, index: int, cell: Cell) -> None:
        """Copy a cell, or build a sum; cells that only dissolved sums read have no copy."""
        start = len(self.builder.cells)
        if index in self._sums.forms:
            self.cells[index] = self._build(index, cell, self._sums.forms[index])
        elif cell.kind not in SUMS and all(self._is_plain(arg) for arg in cell.args):
            args = tuple(self.cells[arg][0] for arg in cell.args)
            self.cells[index] = self.builder.copy(self._fit(cell, args)), 1
        self._label(index, start)

    def _is_plain(self, arg: int) -> bool:
        return arg in self.cells and self.cells[arg][1] > 0

    def _build(self, index: int, cell: Cell, form: Form) -> tuple[int, int]:
        """Build the adders of a sum and return its cell and sign; the cell has the range of ``cell``."""
        builder = self.builder
        terms = [
            (self.cells[source][0], self.cells[source][1] * sign, power)
            for source, sign, power in list_terms(form)
        ]
        if form.get(None):
            terms.append((builder.make_const(form[None]), 1, 0))
        kept = index in self._sums.kept
        new, sign = (builder.sum_terms(terms), 1) if kept else builder.sum_signed(terms)
        return builder.narrow(new, *sorted((sign * cell.lo, sign * cell.hi))), sign

    def _fit(self, cell: Cell, args: tuple[int, ...]) -> Cell:
        """Return ``cell`` with new operands; the entries of a table fit the range of its operand."""
        if cell.kind is Kind.TABLE:
            old, (new,) = self._netlist.cells[cell.args[0]], args
            codes = range(self.builder.get_lo(new), self.builder.get_hi(new) + 1)
            places = (min(max(code - old.lo, 0), len(cell.setting) - 1) for code in codes)
            cell = cell._replace(setting=tuple(cell.setting[place] for place in places))
        return cell._replace(args=args)

    def _label(self, index: int, start: int) -> None:
        """Label the new cells from ``start`` on like the old cell ``index``."""
        label = self._netlist.labels.get(index)
        if label is None or index not in self.cells:
            return
        labels = self.builder.labels
        labels.setdefault(self.cells[index][0], label)
        for cell in range(start, len(self.builder.cells)):
            labels.setdefault(cell, (label[0], f"{label[1]}_term"))
