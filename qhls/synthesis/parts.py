"""``count_parts``: the parts of a netlist that an area model of Verilog prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qhls.ir.integers import Array
from qhls.ir.types import Fixed
from qhls.rtl.netlist import Cell, Kind, Netlist
from qhls.synthesis.cover import count_covered
from qhls.synthesis.families import Family

PARTS = (
    *("sum", "invert", "chain", "logic", "deep_logic"),
    *("table", "multiply", "multiply_edge", "shift_register"),
)
"""Parts that take look-up tables.

sum: look-up tables of sums, beside or in their carry cells; invert: bits of numbers that are subtracted, each once;
chain: look-up tables of comparisons by carry chains; logic: those of all other comparisons, of choices and gates
(``qhls.synthesis.cover``); deep_logic: such that others feed; table: look-up tables of constant tables; multiply: a b
bits of products in logic; multiply_edge: a + b; shift_register: bits.
"""


def count_parts(netlist: Netlist, family: Family) -> dict[str, float]:
    """Return the number of each of ``PARTS``, of ``register`` bits, of ``carry`` cells and of ``dsp`` blocks."""
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
        self.zeros = _find_zeros(netlist.cells)
        self.readers: dict[int, list[int]] = {}
        for index, cell in enumerate(netlist.cells):
            for arg in cell.args:
                self.readers.setdefault(arg, []).append(index)
        self.ports = {cell for port in netlist.outputs for cell in port.cells}
        self.functions: set[object] = set()
        self.inverted: dict[int, int] = {}
        self.packed: dict[int, tuple[int, int]] = {}
        """The results of DSP blocks, with the additions and the registers that these have left."""
        self.chains: dict[int, int] = {}
        """The comparisons by carry chains, with the lowest bit that each reads."""

    def is_known(self, index: int) -> bool:
        return self.cells[index].kind is Kind.CONST

    def find_span(self, index: int, width: int) -> tuple[int, int]:
        """Return the first bit that varies in a result of ``width`` bits, and the bit behind the last."""
        cell = self.cells[index]
        if cell.kind is Kind.CONST:
            return self.zeros[index], 0
        return self.zeros[index], width if cell.lo < 0 else min(cell.type.width, width)

    def add(self, index: int, cell: Cell) -> None:
        """Count the carry chain and its look-up tables: those of its cells, or one per bit that reads the carry."""
        if cell.kind is Kind.ADD:
            for arg in cell.args:
                additions, _ = self.find_room(arg)
                if additions:
                    self.packed[index] = 0, 1
                    return
        width = cell.type.width
        (first, _), (second, last) = (self.find_span(arg, width) for arg in cell.args)
        start = max(first, second)
        if cell.kind is Kind.SUB and first > second:
            start = second  # the low bits of what is subtracted are negated
        chain = max(width - start, 0)
        carries = -(-max(chain - self.family.spare, 0) // self.family.carry_bits)
        self.parts["carry"] += carries
        if not self.family.sums:
            self.parts["sum"] += carries * self.family.carry_luts or chain
        if cell.kind is Kind.SUB:
            self.count_inverters(cell.args[-1], max(last - second, 0))

    def count_less(self, index: int, cell: Cell) -> None:
        """Count a carry chain; the low zeros of a constant do not decide, and the sign alone decides against 0.

        A look-up table reads the sign beside the chain, so without a sign the chain is a bit longer.
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
        """Count the inverters of subtracted words, once for all sums that subtract a word, also shifted."""
        if not self.family.inverts:
            return
        while self.cells[subtracted].kind is Kind.SHIFT:
            subtracted = self.cells[subtracted].args[0]
        if self.cells[subtracted].kind is Kind.MUX:
            return  # the choice is made of inverted bits
        before = self.inverted.get(subtracted, 0)
        self.inverted[subtracted] = max(before, bits)
        self.parts["invert"] += max(bits - before, 0)

    def count_table(self, index: int, cell: Cell) -> None:
        """Count the look-up tables of each bit of a table, equal parts of one operand once."""
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
        """Return the additions and registers that the DSP of a result has left; none if more than one cell reads it."""
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
        """Count the bits of registers; a chain without readers on its way is a shift register."""
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
    """Return the bits of two factors; one without a sign beside one with a sign has a zero in front."""
    mixed = a.signed != b.signed
    return a.width + (mixed and not a.signed), b.width + (mixed and not b.signed)


def count_functions(columns: Sequence[Array], family: Family) -> float:
    """Return the look-up tables of functions of the same inputs, given as truth tables."""
    seen: set[object] = set()
    return sum(_price_function((), column, seen, family) for column in columns)


def _price_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> float:
    """Return the look-up tables that a function takes after mapping."""
    beyond = len(_list_inputs(column)) - len(family.table_costs)
    waste = family.spent[min(beyond, len(family.spent)) - 1] if beyond > 0 else 1.0
    return waste * _count_function(operand, column, seen, family)


def _count_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> int:
    """Return the look-up tables of a function of the bits of ``operand``, 0 for one that was ``seen`` before.

    A function of more inputs than multiplexers beside look-up tables take is a choice between two by its highest bit.
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
    """Return the inputs on which a truth table depends, by their places."""
    places = range(len(column).bit_length() - 1)
    halves = (column.reshape(-1, 2, 1 << place) for place in places)
    return [
        place
        for place, pair in zip(places, halves, strict=True)
        if not np.array_equal(pair[:, 0], pair[:, 1])
    ]


def _find_zeros(cells: Sequence[Cell]) -> list[int]:
    """Return how many low bits of each cell are 0."""
    zeros: list[int] = []
    for cell in cells:
        below = [zeros[arg] for arg in cell.args]
        if cell.kind is Kind.SHIFT:
            zeros.append(max(below[0] + cell.setting, 0))
        elif cell.kind is Kind.CONST:
            code = cell.setting
            zeros.append((code & -code).bit_length() - 1 if code else 64)
        else:
            zeros.append(min(below) if cell.kind in (Kind.ADD, Kind.SUB, Kind.REG) else 0)
    return zeros


_RULES: dict[Kind, Callable[[_Counter, int, Cell], None]] = {
    Kind.ADD: _Counter.add,
    Kind.SUB: _Counter.add,
    Kind.LESS: _Counter.count_less,
    Kind.TABLE: _Counter.count_table,
    Kind.MUL: _Counter.multiply,
    Kind.REG: _Counter.register,
}
