"""Logic between carry chains as look-up tables: gates of single bits, packed as technology mapping does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial, reduce
from operator import and_, or_, xor

from qhls.rtl.netlist import Cell, Kind, Netlist
from qhls.synthesis.families import ComparisonCells, Family

ZERO, ONE = 0, 1
"""The bits that are constants; every other number is a wire."""
_WIRE = 0b10
"""Truth table of a wire."""
_MOST_LEAVES = 8
"""Inputs up to which the function of a gate is known."""


def count_covered(
    netlist: Netlist, family: Family, chains: Mapping[int, int], packed: Container[int] = ()
) -> dict[str, int]:
    """Return the look-up tables that comparisons, choices and gates take, and those of sums.

    ``logic``: tables that no other table feeds; ``deep_logic``: others, for synthesis spends more area on longer paths.
    ``chains``: the comparisons that are carry chains instead, and the lowest bit that each reads. ``packed``: cells
    within DSP blocks. A gate that fits into the table of each of its readers has none for itself; inverters are free.
    Products, registers and constant tables are ends of the logic.
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
    """Gates of single bits: the wires that each reads, without regard to its function."""

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
        """Gates of sums."""
        self.cells = netlist.cells
        self.reads: dict[int, frozenset[int]] = {}
        """The wires that each gate reads."""
        self.ends: set[int] = set()
        """Wires that something else than a gate reads."""
        self.functions: list[tuple[int, tuple[int, ...]]] = [(0, ()), (1, ())]
        """Truth table of each wire, and the inputs of the logic that it is of: row i has the bits of i as inputs."""
        self._same: dict[object, int] = {}
        self.reset: set[int] = set()
        """Choices with a known bit: a register that alone reads one has a reset instead."""
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
        """Return tables and their inputs: a gate moves into its readers where each has the inputs for it."""
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
        """Remove the choices that become resets of registers."""
        readers = Counter(wire for wires in self.reads.values() for wire in wires)
        for wire in self.stored & self.reset - self.ends:
            if not readers[wire]:
                self.ends |= self.reads.pop(wire)
        self.ends |= self.stored

    def _list_bits(self, cell: Cell) -> list[int]:
        """Return the wires of a cell's code, the lowest bit first."""
        make = _BITS.get(cell.kind)
        if self.sums and cell.kind in (Kind.ADD, Kind.SUB):
            return self._add(cell)
        return make(self, cell) if make else self._begin_logic(cell)

    def _add(self, cell: Cell) -> list[int]:
        """Return new wires for a sum, with a gate per bit in which both operands vary; the chain reads one of them."""
        a, b = (self.extend(arg, cell.type.width) for arg in cell.args)
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
        """Return new wires for a cell that is no logic, and that reads the ends of such."""
        for arg in cell.args:
            (self.stored if cell.kind is Kind.REG else self.ends).update(self.bits[arg])
        return [self._wire() for _ in range(cell.type.width)]

    def _end_chain(self, cell: Cell, first: int) -> list[int]:
        """Return the result of a carry chain of the bits from ``first`` on; a gate may read it beside the signs."""
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
        """Return a new wire, an input of the logic where its function is not known."""
        wire = len(self.functions)
        self.functions.append(function or (_WIRE, (wire,)))
        return wire

    def make_gate(self, function: Callable[..., int], *wires: int) -> int:
        """Return the wire of a gate, which is a wire of before if it has the same function."""
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
        """Return ``width`` bits of a cell, extended by its sign."""
        bits = self.bits[arg]
        filling = bits[-1] if self.cells[arg].lo < 0 else ZERO
        return (bits + [filling] * (width - len(bits)))[:width]

    def list_constant(self, cell: Cell) -> list[int]:
        """Return the bits of a constant."""
        return [cell.setting >> bit & 1 for bit in range(cell.type.width)]

    def shift(self, cell: Cell) -> list[int]:
        """Return the bits of a shifted code."""
        low = max(-cell.setting, 0)
        bits = self.extend(cell.args[0], cell.type.width + low)[low:]
        return ([ZERO] * max(cell.setting, 0) + bits)[: cell.type.width]

    def wrap(self, cell: Cell) -> list[int]:
        """Return the low bits of a code."""
        return self.extend(cell.args[0], cell.type.width)

    def append(self, cell: Cell) -> list[int]:
        """Return the bits of a code behind a lowest bit."""
        return [self.bits[cell.args[1]][0], *self.extend(cell.args[0], cell.type.width - 1)]

    def compare(self, cell: Cell) -> list[int]:
        """Return the bit of ``a < b``: from the lowest bit on, the result changes where the bits differ."""
        signed = [self.cells[arg].lo < 0 for arg in cell.args]
        width = max(self.cells[arg].type.width for arg in cell.args) + (any(signed) > all(signed))
        a, b = (self.extend(arg, width) for arg in cell.args)
        if any(signed):
            a[-1], b[-1] = b[-1], a[-1]  # a negative code is the lesser one
        result = ZERO
        for x, y in zip(a, b, strict=True):
            result = self.make_gate(_make_less, x, y, result)
        return [result]

    def choose(self, cell: Cell) -> list[int]:
        """Return the bits of a choice."""
        bit = self.bits[cell.args[0]][0]
        a, b = (self.extend(arg, cell.type.width) for arg in cell.args[1:])
        gates = [self.make_gate(_make_mux, bit, x, y) for x, y in zip(a, b, strict=True)]
        known = {ZERO, ONE}
        self.reset |= {wire for wire, x, y in zip(gates, a, b, strict=True) if {x, y} & known}
        return gates

    def combine(self, cell: Cell) -> list[int]:
        """Return the bit of a gate."""
        function = and_ if cell.kind is Kind.AND else or_
        return [self.make_gate(function, *(self.bits[arg][0] for arg in cell.args))]

    def find_any(self, cell: Cell) -> list[int]:
        """Return whether a bit is 1."""
        return [reduce(partial(self.make_gate, or_), self.bits[cell.args[0]])]


def _make_less(x: int, y: int, below: int) -> int:
    return ~x & y | ~(x ^ y) & below


def _make_mux(bit: int, a: int, b: int) -> int:
    return bit & a | ~bit & b


def _spread(truth: int, leaves: Sequence[int], over: Sequence[int]) -> int:
    """Return the truth table of a function of ``leaves`` as one of ``over``, which has them all."""
    places = [over.index(leaf) for leaf in leaves]
    result = 0
    for row in range(1 << len(over)):
        index = sum((row >> place & 1) << number for number, place in enumerate(places))
        result |= (truth >> index & 1) << row
    return result


def _reduce(truth: int, leaves: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Return a function without the leaves that it does not depend on."""
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
    """Make a gate a part of its readers, if each still has at most so many inputs and nothing else reads it."""
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
