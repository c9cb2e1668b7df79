"""``count_parts``: the number of each part of a netlist that an area model of Verilog prices."""

from __future__ import annotations

from collections.abc import Callable

from qhls.ir.types import Fixed
from qhls.rtl.netlist import (
    SUMS,
    Cell,
    Kind,
    Netlist,
    count_subtracted,
    find_chain,
    find_zeros,
)
from qhls.synthesis.families import Family
from qhls.synthesis.logic.cover import count_covered, measure_compared
from qhls.synthesis.logic.functions import count_functions, list_columns

PARTS: tuple[str, ...] = ("sum", "invert", "chain", "logic", "table", "multiply", "shift_register")
"""Parts that take look-up tables.

sum: look-up tables of sums, in their carry cells or next to them; invert: bits of subtracted numbers, each counted
once; chain: look-up tables of comparisons by carry chains; logic: those of other comparisons, multiplexers, gates
and narrow constant tables (``qhls.synthesis.logic``); table: those of wide constant tables; multiply: for products in
logic, the bits of the wider factor times those of the other less one; shift_register: bits.
"""

_INVERTIBLE = (Kind.MUX, Kind.TABLE)
"""Cells whose look-up tables compute inverted bits as well."""


def count_parts(netlist: Netlist, family: Family) -> dict[str, float]:
    """Count the ``PARTS`` of a netlist, its ``register`` bits, ``carry`` cells and ``dsp`` blocks."""
    counter = _Counter(netlist, family)
    for index, cell in enumerate(netlist.cells):
        rule = _RULES.get(cell.kind)
        if rule:
            rule(counter, index, cell)
    for part, tables in count_covered(netlist, family, counter.chains, counter.packed).items():
        counter.parts[part] += tables
    return counter.parts


class _Counter:
    def __init__(self, netlist: Netlist, family: Family) -> None:
        self.cells = netlist.cells
        self.family = family
        self.parts = dict.fromkeys((*PARTS, "register", "carry", "dsp"), 0.0)
        self.zeros = find_zeros(netlist.cells)
        self.readers: dict[int, list[int]] = {}
        for index, cell in enumerate(netlist.cells):
            for arg in cell.args:
                self.readers.setdefault(arg, []).append(index)
        self.ports = {cell for port in netlist.outputs for cell in port.cells}
        self.functions: set[object] = set()
        self.inverted: dict[int, int] = {}
        self.packed: dict[int, tuple[int, int]] = {}
        """Result of a DSP block -> the numbers of additions and of registers that the block can still absorb."""
        self.chains: dict[int, int] = {}
        """Comparison by a carry chain -> the lowest bit that it reads."""

    def is_known(self, index: int) -> bool:
        return self.cells[index].kind is Kind.CONST

    def find_span(self, index: int, width: int) -> tuple[int, int]:
        """Return the range of bits that vary in an operand of ``width`` bits: the first, and one past the last.

        The second is 0 for a constant, of which no bit varies.
        """
        cell = self.cells[index]
        if cell.kind is Kind.CONST:
            return self.zeros[index], 0
        return self.zeros[index], width if cell.lo < 0 else min(cell.type.width, width)

    def add(self, index: int, cell: Cell) -> None:
        """Count the carry cells, look-up tables and inverters of a sum, unless a DSP block absorbs it."""
        if cell.kind is Kind.ADD:
            for arg in cell.args:
                additions, _ = self.find_room(arg)
                if additions:
                    self.packed[index] = 0, 1
                    return
        width, subtracted = cell.type.width, count_subtracted(cell)
        spans = [self.find_span(arg, width) for arg in cell.args]
        chain = max(width - find_chain([first for first, _ in spans], subtracted), 0)
        carries = -(-max(chain - self.family.spare, 0) // self.family.carry_bits)
        self.parts["carry"] += carries
        if not self.family.sums:
            self.parts["sum"] += carries * self.family.carry_luts or chain
        added = len(spans) - subtracted
        for arg, (first, last) in zip(cell.args[added:], spans[added:], strict=True):
            self.count_inverters(arg, max(last - first, 0))

    def count_less(self, index: int, cell: Cell) -> None:
        """Count the carry chain of a comparison, if it is wide enough to have one."""
        if any(self.is_known(arg) for arg in cell.args):
            self.count_less_constant(index, cell)
        else:
            self.count_difference(index, cell)

    def count_less_constant(self, index: int, cell: Cell) -> None:
        """Count the carry chain of a comparison with a constant.

        Low zeros of a constant need no comparison, and a comparison with 0 needs only the sign. A look-up table reads
        the signs next to the chain, so the chain of unsigned operands is one bit longer.
        """
        rule = self.family.known
        if rule is None:
            return
        width = max(self.cells[arg].type.width for arg in cell.args)
        limit = next(self.cells[arg].setting for arg in cell.args if self.is_known(arg))
        limit += self.is_known(cell.args[0])
        first = (limit & -limit).bit_length() - 1 if limit else width
        width -= first
        if width <= rule.most:
            return
        self.chains[index] = first
        unsigned = all(self.cells[arg].lo >= 0 for arg in cell.args)
        luts, carries = rule.count(width + unsigned)
        self.parts["chain"] += luts
        self.parts["carry"] += carries
        if self.is_known(cell.args[0]):
            self.count_inverters(cell.args[1], width)

    def count_difference(self, index: int, cell: Cell) -> None:
        """Count the carry chain of the difference of two variables that are compared."""
        rule = self.family.unknown
        if rule is None:
            return
        width, signed = measure_compared(self.cells, cell)
        if width <= rule.most:
            return
        mixed = len(set(signed)) > 1
        carries = (width - (mixed and not rule.extended)) // rule.stage
        self.chains[index] = 0
        self.parts["carry"] += carries
        self.parts["chain"] += rule.luts * carries + rule.sign * all(signed)
        inverted = self.cells[cell.args[1]]
        if rule.inverts and inverted.kind not in _INVERTIBLE:
            self.parts["chain"] += inverted.type.width

    def count_inverters(self, subtracted: int, bits: int) -> None:
        """Count the inverters of a subtracted word once for all sums that subtract it, shifted or not."""
        if not self.family.inverts:
            return
        while self.cells[subtracted].kind is Kind.SHIFT:
            subtracted = self.cells[subtracted].args[0]
        if self.cells[subtracted].kind in _INVERTIBLE:
            return
        before = self.inverted.get(subtracted, 0)
        self.inverted[subtracted] = max(before, bits)
        self.parts["invert"] += max(bits - before, 0)

    def count_table(self, index: int, cell: Cell) -> None:
        """Count the look-up tables of a constant table bit by bit; equal functions of an operand are shared.

        Those that fit into one look-up table are gates of the logic.
        """
        source = self.cells[cell.args[0]]
        if source.type.width > self.family.inputs:
            columns = list_columns(cell, source)
            self.parts["table"] += count_functions(columns, self.family, self.functions, cell.args)

    def find_room(self, index: int) -> tuple[int, int]:
        """Return how many additions and registers the DSP block of a result can still absorb.

        Both are 0 if the result is not that of a DSP block, is an output, or has several readers.
        """
        alone = len(self.readers.get(index, [])) == 1 and index not in self.ports
        return self.packed.get(index, (0, 0)) if alone else (0, 0)

    def multiply(self, index: int, cell: Cell) -> None:
        a, b = measure_factors(*(self.cells[arg].type for arg in cell.args))
        least, width = self.family.dsp_from
        if cell.type.width >= width and min(a, b) >= least:
            self.parts["dsp"] += 1 if max(a, b) <= 18 else -(-a // 17) * -(-b // 17)
            if self.family.packs:
                self.packed[index] = 1, 2
        else:
            low, high = sorted(self.cells[arg].type.width for arg in cell.args)
            self.parts["multiply"] += high * (low - 1)

    def register(self, index: int, cell: Cell) -> None:
        """Count the bits of a chain of registers, which is a shift register if it is long enough."""
        following = self.readers.get(index, [])
        within = len(following) == 1 and self.cells[following[0]].kind is Kind.REG
        if within and index not in self.ports:
            return
        length, first = 1, cell.args[0]
        while self.cells[first].kind is Kind.REG and len(self.readers[first]) == 1:
            if first in self.ports:
                break
            length, first = length + 1, self.cells[first].args[0]
        additions, room = self.find_room(first)
        if room:
            self.packed[index] = (additions, room - length) if length <= room else (0, 0)
            length = max(length - room, 0)
        bits = cell.type.width - self.zeros[index]
        if self.family.shifted and length >= self.family.shifted:
            self.parts["shift_register"] += bits * -(-length // 16)
        else:
            self.parts["register"] += bits * length


def measure_factors(a: Fixed, b: Fixed) -> tuple[int, int]:
    """Return the widths of two factors in bits; an unsigned factor next to a signed one has one bit more."""
    mixed = a.signed != b.signed
    return a.width + (mixed and not a.signed), b.width + (mixed and not b.signed)


_RULES: dict[Kind, Callable[[_Counter, int, Cell], None]] = {
    **dict.fromkeys(SUMS, _Counter.add),
    Kind.LESS: _Counter.count_less,
    Kind.TABLE: _Counter.count_table,
    Kind.MUL: _Counter.multiply,
    Kind.REG: _Counter.register,
}
