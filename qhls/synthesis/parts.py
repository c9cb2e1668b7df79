"""``count_parts``: the number of each part of a netlist that an area model of Verilog prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qhls.ir.integers import Array
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
from qhls.synthesis.cover import count_covered
from qhls.synthesis.families import Family

PARTS = (
    *("sum", "invert", "chain", "logic", "deep_logic"),
    *("table", "multiply", "multiply_edge", "shift_register"),
)
"""Parts that take look-up tables.

sum: look-up tables of sums, in their carry cells or next to them; invert: bits of subtracted numbers, each counted
once; chain: look-up tables of comparisons by carry chains; logic: those of other comparisons, multiplexers and gates
(``qhls.synthesis.cover``); deep_logic: those of such logic that other look-up tables feed; table: look-up tables of
constant tables; multiply: a times b for products in logic of a and b bits; multiply_edge: a plus b; shift_register:
bits.
"""


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
        """Count the carry chain of a comparison, if it is wide enough to have one.

        Low zeros of a constant need no comparison, and a comparison with 0 needs only the sign. A look-up table reads
        the signs next to the chain, so the chain of unsigned operands is one bit longer.
        """
        width = max(self.cells[arg].type.width for arg in cell.args)
        known = [self.cells[arg].setting for arg in cell.args if self.is_known(arg)]
        rule = self.family.known if known else self.family.unknown
        first = 0
        if known:
            limit = known[0] + 1 if self.is_known(cell.args[0]) else known[0]
            zeros = (limit & -limit).bit_length() - 1 if limit else width
            first = zeros if rule.trimmed or zeros >= width else 0
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

    def count_inverters(self, subtracted: int, bits: int) -> None:
        """Count the inverters of a subtracted word once for all sums that subtract it, shifted or not."""
        if not self.family.inverts:
            return
        while self.cells[subtracted].kind is Kind.SHIFT:
            subtracted = self.cells[subtracted].args[0]
        if self.cells[subtracted].kind is Kind.MUX:
            return  # the multiplexer selects inverted bits
        before = self.inverted.get(subtracted, 0)
        self.inverted[subtracted] = max(before, bits)
        self.parts["invert"] += max(bits - before, 0)

    def count_table(self, index: int, cell: Cell) -> None:
        """Count the look-up tables of a constant table bit by bit; equal functions of an operand are shared."""
        source = self.cells[cell.args[0]]
        width = source.type.width
        codes = range(source.type.lo, source.type.hi + 1)
        entries = [cell.setting[min(max(c - source.lo, 0), len(cell.setting) - 1)] for c in codes]
        entries = [entries[(p - source.type.lo) % len(entries)] for p in range(1 << width)]
        for bit in range(cell.type.width):
            column = np.array([entry >> bit & 1 for entry in entries], np.uint8)
            self.parts["table"] += _price_function(
                (cell.args[0],), column, self.functions, self.family
            )

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
            self.parts["multiply"] += a * b
            self.parts["multiply_edge"] += a + b

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


def count_functions(columns: Sequence[Array], family: Family) -> float:
    """Return the number of look-up tables of functions with common inputs, given as truth tables."""
    seen: set[object] = set()
    return sum(_price_function((), column, seen, family) for column in columns)


def _price_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> float:
    """Return the expected number of look-up tables of a function after technology mapping."""
    beyond = len(_list_inputs(column)) - len(family.table_costs)
    waste = family.spent[min(beyond, len(family.spent)) - 1] if beyond > 0 else 1.0
    return waste * _count_function(operand, column, seen, family)


def _count_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> int:
    """Return the number of look-up tables of a function of the bits of ``operand``; 0 if it was ``seen`` before.

    A function with too many inputs is a multiplexer, by its highest input, between two functions of the others.
    """
    inputs = _list_inputs(column)
    if len(inputs) <= 1:
        return 0
    key = operand, column.tobytes()
    if key in seen:
        return 0
    seen.add(key)
    costs = family.table_costs
    if len(inputs) <= len(costs):
        return costs[len(inputs) - 1]
    halves = column.reshape(-1, 2, 1 << inputs[-1])
    return 1 + sum(
        _count_function(operand, halves[:, side].ravel(), seen, family) for side in (0, 1)
    )


def _list_inputs(column: Array) -> list[int]:
    """Return the indices of the inputs on which a truth table depends."""
    places = range(len(column).bit_length() - 1)
    halves = (column.reshape(-1, 2, 1 << place) for place in places)
    return [
        place
        for place, pair in zip(places, halves, strict=True)
        if not np.array_equal(pair[:, 0], pair[:, 1])
    ]


_RULES: dict[Kind, Callable[[_Counter, int, Cell], None]] = {
    **dict.fromkeys(SUMS, _Counter.add),
    Kind.LESS: _Counter.count_less,
    Kind.TABLE: _Counter.count_table,
    Kind.MUL: _Counter.multiply,
    Kind.REG: _Counter.register,
}
