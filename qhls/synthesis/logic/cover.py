"""``count_covered``: the number of look-up tables into which technology mapping packs gates between carry chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial, reduce
from operator import and_, or_, xor

from qhls.ir.types import Fixed
from qhls.rtl.netlist import SUMS, Cell, Kind, Netlist
from qhls.synthesis.families import Family
from qhls.synthesis.logic.functions import find_inputs, list_columns
from qhls.synthesis.logic.mapping import FixedCell, map_gates

ZERO, ONE = 0, 1
"""Wire numbers of the constant bits 0 and 1; every other number is a variable wire."""
_WIRE = 0b10
"""Truth table of the identity function of one input."""
_MOST_LEAVES = 8
"""Largest number of inputs for which the truth table of a gate is computed."""


def count_covered(
    netlist: Netlist, family: Family, chains: Mapping[int, int], packed: Container[int] = ()
) -> dict[str, int]:
    """Count the look-up tables of comparisons, multiplexers and gates ("logic") and of sums ("sum").

    "carry": cells that join the parts of comparisons. ``chains``: comparison by a carry chain -> the lowest bit that
    it reads. ``packed``: cells within DSP blocks. Inverters are free. Products, registers and constant tables delimit
    the logic.
    """
    gates = _Gates(netlist, family, chains, packed)
    tables = map_gates(gates.reads, gates.boxes, gates.ends, family.tables)
    counts: dict[str, int] = {"sum": 0, "logic": 0, "carry": gates.carries}
    for gate, wires in tables.items():
        counts["sum" if gate in gates.added else "logic"] += family.costs[len(wires) - 1]
    return counts


class _Gates:
    """Single-bit gates of a netlist, each with the wires that it reads and, if known, its truth table."""

    def __init__(
        self,
        netlist: Netlist,
        family: Family,
        chains: Mapping[int, int],
        packed: Container[int] = (),
    ) -> None:
        self.rule, self.sums, self.chain = family.unknown, family.sums, family.chain
        self.inputs, self.carry_bits = family.inputs, family.carry_bits
        self.parted = family.inputs if family.parted else 0
        self.carries = 0
        """Carry cells that join the parts of comparisons."""
        self.boxes: list[FixedCell] = []
        """The carry chains and constant tables between gates."""
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
        self._drop_unread()

    def _reset_registers(self) -> None:
        """Remove the multiplexers that resets of registers replace."""
        readers = Counter(wire for wires in self.reads.values() for wire in wires)
        for wire in self.stored & self.reset - self.ends:
            if not readers[wire]:
                self.ends |= self.reads.pop(wire)
        self.ends |= self.stored

    def _drop_unread(self) -> None:
        """Remove the gates that nothing reads."""
        needed = set(self.ends)
        for wire in reversed(self.reads):  # every gate comes before its readers
            if wire in needed:
                needed |= self.reads[wire]
        self.reads = {wire: wires for wire, wires in self.reads.items() if wire in needed}

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
        return self._create_chain(cell.type.width, [*a, *b])

    def _create_chain(self, width: int, wires: Sequence[int]) -> list[int]:
        """Return new wires that a carry chain of ``width`` bits drives, which reads ``wires``."""
        driven = tuple(self._wire() for _ in range(width))
        start, step = self.chain
        self.boxes.append(FixedCell(frozenset(wires) - {ZERO, ONE}, driven, start + step * width))
        return list(driven)

    def _create_end(self, width: int, wires: Sequence[int]) -> int:
        """Return a new wire that the end of a carry chain of ``width`` bits drives."""
        wire, (start, step) = self._wire(), self.chain
        self.boxes.append(FixedCell(frozenset(wires) - {ZERO, ONE}, (wire,), start + step * width))
        return wire

    def _begin_logic(self, cell: Cell) -> list[int]:
        """Return new wires for the result of a cell outside the logic, and record the wires that it reads."""
        for arg in cell.args:
            (self.stored if cell.kind is Kind.REG else self.ends).update(self.bits[arg])
        if cell.kind in (*SUMS, Kind.TABLE):
            return self._create_chain(
                cell.type.width, [bit for arg in cell.args for bit in self.bits[arg]]
            )
        return [self._wire() for _ in range(cell.type.width)]

    def _end_chain(self, cell: Cell, first: int) -> list[int]:
        """Return the result wire, as a list, of a comparison whose carry chain compares the bits from ``first`` on.

        The result is that of a gate that reads the chain and the signs, unless the chain compares them too.
        """
        for arg in cell.args:
            self.ends.update(self.bits[arg][first:])
        width, signed = measure_compared(self.cells, cell)
        read = [bit for arg in cell.args for bit in self.bits[arg][first:]]
        carry = self._create_end(width, read)
        top = 1
        rule = self.rule
        if rule and not any(self.cells[arg].kind is Kind.CONST for arg in cell.args):
            top = rule.stage - width % rule.stage if any(signed) else width % rule.stage
            top *= not (rule.extended and len(set(signed)) > 1)
        signs = [bit for arg in cell.args for bit in self.extend(arg, width)[width - top :]]
        return [self._add_gate(carry, [carry, *signs], None)] if signs else [carry]

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
        """Create a comparator and return the wire of ``a < b``, as a list.

        It ripples from the lowest bit up, because synthesis simplifies short comparisons with constants as a whole.
        """
        width, signed = measure_compared(self.cells, cell)
        a, b = (self.extend(arg, width) for arg in cell.args)
        bounds = self._split_comparison(a, b) if self.parted else [(0, width)]
        if any(signed):
            a[-1], b[-1] = b[-1], a[-1]  # swapped, because a negative code is smaller
        parts = [
            (self._compare_bits(a[i:j], b[i:j]), self._compare_equal(a[i:j], b[i:j]))
            for i, j in bounds
        ]
        if len(parts) > 2:
            return [self._join_by_carry(parts)]
        result = parts[0][0]
        for less, equal in parts[1:]:
            result = self.make_gate(_join_parts, less, equal, result)
        return [result]

    def _join_by_carry(self, parts: Sequence[tuple[int, int]]) -> int:
        """Return the result of parts of a comparison, each less and equal, that a carry chain joins; lowest part first.

        The lowest parts drop out while they are never less, as below a constant with low zeros.
        """
        first = next((n for n, (less, _) in enumerate(parts) if less != ZERO), len(parts) - 1)
        if first == len(parts) - 1:
            return parts[first][0]
        bits = self.carry_bits
        self.carries += -(-len(parts) // bits) - first // bits
        wires = [wire for part in parts[first:] for wire in part]
        self.ends.update(wires)
        return self._create_end(len(parts), wires)

    def _split_comparison(self, a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
        """Return the ranges of bits that one look-up table compares, from the highest bits down.

        A bit takes two inputs, or one if any bit from there down is constant in an operand, as in Yosys' ``cmp2lcu``.
        """
        bounds, end, room = [], len(a), self.parted
        for place in reversed(range(len(a))):
            price = 2 - sum(not {ZERO, ONE}.isdisjoint(each[: place + 1]) for each in (a, b))
            if price > room:
                bounds.append((place + 1, end))
                end, room = place + 1, self.parted
            room -= price
        bounds = [(0, end), *reversed(bounds)]
        known = any(set(each) <= {ZERO, ONE} for each in (a, b))
        return [(0, len(a))] if known and len(bounds) < 3 else bounds

    def _compare_bits(self, a: Sequence[int], b: Sequence[int]) -> int:
        result = ZERO
        for x, y in zip(a, b, strict=True):
            result = self.make_gate(_make_less, x, y, result)
        return result

    def _compare_equal(self, a: Sequence[int], b: Sequence[int]) -> int:
        result = ONE
        for x, y in zip(a, b, strict=True):
            result = self.make_gate(_keep_equal, x, y, result)
        return result

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

    def look_up(self, cell: Cell) -> list[int]:
        """Create one gate per bit of a constant table that fits into look-up tables, and return their output wires."""
        source = self.cells[cell.args[0]]
        if source.type.width > self.inputs:
            return self._begin_logic(cell)
        wires = self.bits[cell.args[0]]
        bits = []
        for column in list_columns(cell, source):
            places = find_inputs(column)
            rows = [
                sum((row >> n & 1) << place for n, place in enumerate(places))
                for row in range(1 << len(places))
            ]
            truth = tuple(bool(column[row]) for row in rows)
            bits.append(
                self.make_gate(partial(_look_up, truth), *(wires[place] for place in places))
            )
        return bits

    def find_any(self, cell: Cell) -> list[int]:
        """Create OR gates that compute whether any bit of a code is 1, and return the wire of the result, as a list."""
        return [reduce(partial(self.make_gate, or_), self.bits[cell.args[0]])]


def _look_up(truth: Sequence[bool], *inputs: int) -> int:
    """Return a function of inputs given by its truth table, for many rows at once, one per bit."""
    result = 0
    for row, entry in enumerate(truth):
        if entry:
            result |= reduce(and_, (x if row >> n & 1 else ~x for n, x in enumerate(inputs)), -1)
    return result


def measure_compared(cells: Sequence[Cell], cell: Cell) -> tuple[int, list[bool]]:
    """Return the number of bits that both operands of a comparison have in Verilog, and which operands are signed."""
    ends = [(cells[arg].lo, cells[arg].hi) for arg in cell.args]
    common = Fixed.from_range(min(lo for lo, _ in ends), max(hi for _, hi in ends), 0)
    return common.width, [lo < 0 for lo, _ in ends]


def _make_less(x: int, y: int, below: int) -> int:
    return ~x & y | ~(x ^ y) & below


def _make_carry(x: int, y: int, z: int) -> int:
    return x & y | x & z | y & z


def _make_parity(x: int, y: int, z: int) -> int:
    return x ^ y ^ z


def _keep_equal(x: int, y: int, equal: int) -> int:
    return ~(x ^ y) & equal


def _join_parts(less: int, equal: int, below: int) -> int:
    return less | equal & below


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
    Kind.TABLE: _Gates.look_up,
}
