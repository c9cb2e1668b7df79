"""``count_covered``: the number of look-up tables into which technology mapping packs gates between carry chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial, reduce
from operator import and_, or_, xor

from qhls.rtl.netlist import SUMS, Cell, Kind, Netlist
from qhls.synthesis.families import ComparisonCells, Family

ZERO, ONE = 0, 1
"""Wire numbers of the constant bits 0 and 1; every other number is a variable wire."""
_WIRE = 0b10
"""Truth table of the identity function of one input."""
_MOST_LEAVES = 8
"""Largest number of inputs for which the truth table of a gate is computed."""


def count_covered(
    netlist: Netlist, family: Family, chains: Mapping[int, int], packed: Container[int] = ()
) -> dict[str, int]:
    """Count the look-up tables of comparisons, multiplexers and gates ("logic", "deep_logic") and of sums ("sum").

    "logic": tables that no other table feeds; "deep_logic": the others, because synthesis spends more area on longer
    paths. ``chains``: comparison by a carry chain -> the lowest bit that it reads. ``packed``: cells within DSP
    blocks. A gate that fits into the table of each of its readers needs no separate table; inverters are free.
    Products, registers and constant tables delimit the logic.
    """
    gates = _Gates(netlist, chains, family.unknown, family.sums, packed)
    costs = family.costs
    tables = gates.find_cover(len(costs))
    counts: dict[str, int] = {"sum": 0, "logic": 0, "deep_logic": 0}
    for gate, wires in tables.items():
        part = "logic" if tables.keys().isdisjoint(wires) else "deep_logic"
        counts["sum" if gate in gates.added else part] += costs[min(len(wires), len(costs)) - 1]
    return counts


class _Gates:
    """Single-bit gates of a netlist, each with the wires that it reads and, if known, its truth table."""

    def __init__(
        self,
        netlist: Netlist,
        chains: Mapping[int, int],
        rule: ComparisonCells | None = None,
        sums: bool = False,
        packed: Container[int] = (),
    ) -> None:
        self.rule, self.sums = rule, sums
        self.added: set[int] = set()
        """Gates that belong to sums."""
        self.cells = netlist.cells
        self.reads: dict[int, frozenset[int]] = {}
        """The wires that each gate reads."""
        self.ends: set[int] = set()
        """Wires that anything other than a gate reads."""
        self.functions: list[tuple[int, tuple[int, ...]]] = [(0, ()), (1, ())]
        """Truth table and input wires of each wire: bit i of the table is the result for inputs with the bits of i."""
        self._same: dict[object, int] = {}
        self.reset: set[int] = set()
        """Outputs of multiplexers with a constant operand; a reset replaces a multiplexer that only registers read."""
        self.stored: set[int] = set()
        """Wires that registers read."""
        self.bits: list[list[int]] = []
        for index, cell in enumerate(netlist.cells):
            if index in chains:
                self.bits.append(self._end_chain(cell, chains[index]))
            elif index in packed:
                self.bits.append(self._begin_logic(cell))
            else:
                self.bits.append(self._list_bits(cell))
        for port in netlist.outputs:
            for index in port.cells:
                self.ends.update(self.bits[index])
        self._reset_registers()

    def find_cover(self, inputs: int) -> dict[int, frozenset[int]]:
        """Return the look-up tables with their input wires, after merging gates into all their readers where they fit.

        ``inputs``: the largest number of inputs of a table.
        """
        readers: dict[int, set[int]] = {}
        for gate, wires in self.reads.items():
            for wire in wires:
                readers.setdefault(wire, set()).add(gate)
        tables, count = dict(self.reads), 0
        while count != len(tables):
            count = len(tables)
            for gate in list(tables):  # every gate comes before its readers
                _move_gate(gate, tables, readers, inputs, self.ends)
        return tables

    def _reset_registers(self) -> None:
        """Remove the multiplexers that resets of registers replace."""
        readers = Counter(wire for wires in self.reads.values() for wire in wires)
        for wire in self.stored & self.reset - self.ends:
            if not readers[wire]:
                self.ends |= self.reads.pop(wire)
        self.ends |= self.stored

    def _list_bits(self, cell: Cell) -> list[int]:
        """Return the wires of a cell's code, the lowest bit first."""
        make = _BITS.get(cell.kind)
        if self.sums and cell.kind in SUMS:
            return self._add(cell)
        return make(self, cell) if make else self._begin_logic(cell)

    def _add(self, cell: Cell) -> list[int]:
        """Create one gate per bit of a sum in which both operands vary, and return the wires of the sum.

        Synthesis first compresses three operands to two: their sums and their carries without propagation.
        """
        a, b, *more = (self.extend(arg, cell.type.width) for arg in cell.args)
        for c in more:
            columns = list(zip(a, b, c, strict=True))
            carries = [self.make_gate(_make_carry, *column) for column in columns[:-1]]
            self.added.update(gate for gate in carries if gate in self.reads)
            a, b = [ZERO, *carries], [self.make_gate(_make_parity, *column) for column in columns]
            self.added.update(gate for gate in b if gate in self.reads)
        for x, y in zip(a, b, strict=True):
            if {x, y} & {ZERO, ONE}:  # a carry cell inverts what it reads
                self.ends |= {x, y}
                continue
            propagated = self.make_gate(xor, x, y)
            if propagated in self.reads:
                self.added.add(propagated)
                self.ends |= {x, propagated}
            else:
                self.ends |= {x, y}
        return [self._wire() for _ in range(cell.type.width)]

    def _begin_logic(self, cell: Cell) -> list[int]:
        """Return new wires for the result of a cell outside the logic, and record the wires that it reads."""
        for arg in cell.args:
            (self.stored if cell.kind is Kind.REG else self.ends).update(self.bits[arg])
        return [self._wire() for _ in range(cell.type.width)]

    def _end_chain(self, cell: Cell, first: int) -> list[int]:
        """Return the result wire, as a list, of a comparison whose carry chain compares the bits from ``first`` on.

        On some families the result is that of a gate that reads the chain and the signs.
        """
        for arg in cell.args:
            self.ends.update(self.bits[arg][first:])
        carry = self._wire()
        if self.rule and not self.rule.read:
            return [carry]
        width = max(len(self.bits[arg]) for arg in cell.args)
        unsigned = all(self.cells[arg].lo >= 0 for arg in cell.args)
        known = any(self.cells[arg].kind is Kind.CONST for arg in cell.args)
        paired = self.rule and self.rule.paired and not known and (width + unsigned) % 2 == 0
        signs = [
            bit for arg in cell.args for bit in self.extend(arg, width)[-2 if paired else -1 :]
        ]
        return [self._add_gate(carry, [carry, *signs], None)]

    def _wire(self, function: tuple[int, tuple[int, ...]] | None = None) -> int:
        """Return a new wire with a known ``function``, or else as a new input of the logic."""
        wire = len(self.functions)
        self.functions.append(function or (_WIRE, (wire,)))
        return wire

    def make_gate(self, function: Callable[..., int], *wires: int) -> int:
        """Return the output wire of a gate, which is an existing wire if that has the same function."""
        leaves = tuple(sorted({leaf for wire in wires for leaf in self.functions[wire][1]}))
        if len(leaves) > _MOST_LEAVES:
            return self._add_gate((function, *wires), wires, None)
        rows = (1 << (1 << len(leaves))) - 1
        truths = (_spread(*self.functions[wire], leaves) for wire in wires)
        truth, kept = _reduce(function(*truths) & rows, leaves)
        if not kept:
            return ONE if truth else ZERO
        if truth == _WIRE and len(kept) == 1:
            return kept[0]
        return self._add_gate((truth, kept), wires, (truth, kept))

    def _add_gate(
        self, key: object, wires: Sequence[int], function: tuple[int, tuple[int, ...]] | None
    ) -> int:
        if key not in self._same:
            self._same[key] = wire = self._wire(function)
            self.reads[wire] = frozenset(wires) - {ZERO, ONE}
        return self._same[key]

    def extend(self, arg: int, width: int) -> list[int]:
        """Return the wires of the lowest ``width`` bits of a cell's code, extended by sign or zeros if it has fewer."""
        bits = self.bits[arg]
        filling = bits[-1] if self.cells[arg].lo < 0 else ZERO
        return (bits + [filling] * (width - len(bits)))[:width]

    def list_constant(self, cell: Cell) -> list[int]:
        """Return the bits of a constant."""
        return [cell.setting >> bit & 1 for bit in range(cell.type.width)]

    def shift(self, cell: Cell) -> list[int]:
        """Return the wires of a shifted code, lowest bit first."""
        low = max(-cell.setting, 0)
        bits = self.extend(cell.args[0], cell.type.width + low)[low:]
        return ([ZERO] * max(cell.setting, 0) + bits)[: cell.type.width]

    def wrap(self, cell: Cell) -> list[int]:
        """Return the wires of a code that is wrapped to fewer bits, lowest bit first."""
        return self.extend(cell.args[0], cell.type.width)

    def append(self, cell: Cell) -> list[int]:
        """Return the wires of a code to which a new lowest bit is appended."""
        return [self.bits[cell.args[1]][0], *self.extend(cell.args[0], cell.type.width - 1)]

    def compare(self, cell: Cell) -> list[int]:
        """Create a ripple comparator from the lowest bit up and return the wire of ``a < b``, as a list."""
        signed = [self.cells[arg].lo < 0 for arg in cell.args]
        width = max(self.cells[arg].type.width for arg in cell.args) + (any(signed) > all(signed))
        a, b = (self.extend(arg, width) for arg in cell.args)
        if any(signed):
            a[-1], b[-1] = b[-1], a[-1]  # swapped, because a negative code is smaller
        result = ZERO
        for x, y in zip(a, b, strict=True):
            result = self.make_gate(_make_less, x, y, result)
        return [result]

    def choose(self, cell: Cell) -> list[int]:
        """Create one multiplexer per bit and return their output wires."""
        bit = self.bits[cell.args[0]][0]
        a, b = (self.extend(arg, cell.type.width) for arg in cell.args[1:])
        gates = [self.make_gate(_make_mux, bit, x, y) for x, y in zip(a, b, strict=True)]
        known = {ZERO, ONE}
        self.reset |= {wire for wire, x, y in zip(gates, a, b, strict=True) if {x, y} & known}
        return gates

    def combine(self, cell: Cell) -> list[int]:
        """Create an AND or OR gate and return its output wire, as a list."""
        function = and_ if cell.kind is Kind.AND else or_
        return [self.make_gate(function, *(self.bits[arg][0] for arg in cell.args))]

    def find_any(self, cell: Cell) -> list[int]:
        """Create OR gates that compute whether any bit of a code is 1, and return the wire of the result, as a list."""
        return [reduce(partial(self.make_gate, or_), self.bits[cell.args[0]])]


def _make_less(x: int, y: int, below: int) -> int:
    return ~x & y | ~(x ^ y) & below


def _make_carry(x: int, y: int, z: int) -> int:
    return x & y | x & z | y & z


def _make_parity(x: int, y: int, z: int) -> int:
    return x ^ y ^ z


def _make_mux(bit: int, a: int, b: int) -> int:
    return bit & a | ~bit & b


def _spread(truth: int, leaves: Sequence[int], over: Sequence[int]) -> int:
    """Extend the truth table of a function of ``leaves`` to the inputs ``over``, a superset."""
    places = [over.index(leaf) for leaf in leaves]
    result = 0
    for row in range(1 << len(over)):
        index = sum((row >> place & 1) << number for number, place in enumerate(places))
        result |= (truth >> index & 1) << row
    return result


def _reduce(truth: int, leaves: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Return the truth table and inputs of a function without the inputs on which it does not depend."""
    kept = list(leaves)
    for leaf in leaves:
        rows, place = range(1 << len(kept)), kept.index(leaf)
        halves = [[truth >> row & 1 for row in rows if row >> place & 1 == side] for side in (0, 1)]
        if halves[0] == halves[1]:
            kept.remove(leaf)
            truth = sum(bit << row for row, bit in enumerate(halves[0]))
    return truth, tuple(kept)


def _move_gate(
    gate: int,
    tables: dict[int, frozenset[int]],
    readers: dict[int, set[int]],
    inputs: int,
    ends: set[int],
) -> None:
    """Merge a gate into its readers if each then has at most ``inputs`` inputs and no non-gate reads it."""
    if gate in ends or not readers.get(gate):
        return
    own = tables[gate]
    merged = {reader: tables[reader] - {gate} | own for reader in readers[gate]}
    if any(len(wires) > inputs for wires in merged.values()):
        return
    tables |= merged
    del tables[gate]
    for wire in own:
        if wire in readers:
            readers[wire] = readers[wire] - {gate} | merged.keys()


_BITS: dict[Kind, Callable[[_Gates, Cell], list[int]]] = {
    Kind.CONST: _Gates.list_constant,
    Kind.SHIFT: _Gates.shift,
    Kind.WRAP: _Gates.wrap,
    Kind.APPEND: _Gates.append,
    Kind.LESS: _Gates.compare,
    Kind.MUX: _Gates.choose,
    Kind.AND: _Gates.combine,
    Kind.OR: _Gates.combine,
    Kind.ANY: _Gates.find_any,
}
