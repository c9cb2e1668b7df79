"""``count_parts``: what a netlist has of everything that an area model of Verilog prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qhls.rtl.netlist import Cell, Kind, Netlist
from qhls.synthesis.families import Family

PARTS = (
    *("add", "add_constant", "invert", "less", "less_constant", "less_wide"),
    *("choose", "choose_constant", "gate", "any"),
    *("entries", "entry_choice", "multiply", "multiply_edge", "shift_register"),
)
"""Parts that take look-up tables.

add: bits in which both operands vary; add_constant: bits of other sums that carry; invert: bits of numbers that are
subtracted, each once; less, choose, choose_constant, any: bits; less_constant: bits that decide a comparison with a
constant; less_wide: the same where a family compares with a carry chain from some width on; gate: gates; entries:
different functions of one look-up table in constant tables; entry_choice: look-up tables that choose among them;
multiply: a b bits of products in logic; multiply_edge: a + b; shift_register: bits.
"""


def count_parts(netlist: Netlist, family: Family) -> dict[str, float]:
    """Return the number of each of ``PARTS``, of ``register`` bits, of ``carry`` cells and of ``dsp`` blocks."""
    counter = _Counter(netlist, family)
    for index, cell in enumerate(netlist.cells):
        rule = _RULES.get(cell.kind)
        if rule:
            rule(counter, index, cell)
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
        self.functions: set[int] = set()
        self.inverted: set[int] = set()

    def is_known(self, index: int) -> bool:
        return self.cells[index].kind is Kind.CONST

    def find_span(self, index: int, width: int) -> tuple[int, int]:
        """Return the first bit that varies in a result of ``width`` bits, and the bit behind the last."""
        cell = self.cells[index]
        if cell.kind is Kind.CONST:
            return 0, 0
        return self.zeros[index], width if cell.lo < 0 else min(cell.type.width, width)

    def add(self, index: int, cell: Cell) -> None:
        """Count bits in which both operands vary, and the bits of the carry chain."""
        width = cell.type.width
        (first, end), (second, last) = (self.find_span(arg, width) for arg in cell.args)
        start = max(first, second)
        if cell.kind is Kind.SUB and first > second and not self.is_known(cell.args[0]):
            start = second  # the low bits of what is subtracted are negated
        both = max(min(end, last) - max(first, second), 0)
        chain = max(width - start, 0)
        self.parts["add"] += both
        self.parts["add_constant"] += chain - both
        self.parts["carry"] += -(-max(chain - self.family.spare, 0) // self.family.carry_bits)
        subtracted = cell.args[-1]
        if cell.kind is Kind.SUB and subtracted not in self.inverted:
            self.inverted.add(subtracted)
            self.parts["invert"] += max(last - second, 0)

    def count_less(self, index: int, cell: Cell) -> None:
        """Count the bits that decide: the low zeros of a constant do not, and the sign alone decides against 0."""
        width = max(self.cells[arg].type.width for arg in cell.args)
        known = [self.cells[arg].setting for arg in cell.args if self.is_known(arg)]
        if not known:
            self.parts["less"] += width
            return
        limit = known[0] + 1 if self.is_known(cell.args[0]) else known[0]
        zeros = (limit & -limit).bit_length() - 1 if limit else width
        bits = max(width - zeros, 0)
        wide = 0 < self.family.wide <= bits
        self.parts["less_wide" if wide else "less_constant"] += bits

    def choose(self, index: int, cell: Cell) -> None:
        known = any(self.is_known(arg) for arg in cell.args[1:])
        self.parts["choose_constant" if known else "choose"] += cell.type.width

    def count_gate(self, index: int, cell: Cell) -> None:
        self.parts["gate"] += 1

    def count_any(self, index: int, cell: Cell) -> None:
        self.parts["any"] += self.cells[cell.args[0]].type.width

    def count_table(self, index: int, cell: Cell) -> None:
        """Count the functions of few inputs that the bits of a table consist of, each once."""
        source = self.cells[cell.args[0]]
        width, few = source.type.width, self.family.inputs
        codes = range(source.type.lo, source.type.hi + 1)
        entries = [cell.setting[min(max(c - source.lo, 0), len(cell.setting) - 1)] for c in codes]
        entries = [entries[(p - source.type.lo) % len(entries)] for p in range(1 << width)]
        block = 1 << min(few, width)
        for bit in range(cell.type.width):
            column = [entry >> bit & 1 for entry in entries]
            parts = [tuple(column[i : i + block]) for i in range(0, len(column), block)]
            varying = {part for part in parts if len(set(part)) > 1}
            new = {hash((cell.args[0], part)) for part in varying} - self.functions
            self.functions |= new
            self.parts["entries"] += len(new)
            # A look-up table of six inputs chooses among four functions, one of four inputs among two.
            fewer = 3 if self.family.inputs == 6 else 1
            self.parts["entry_choice"] += -(-(len(set(parts)) - 1) // fewer)

    def multiply(self, index: int, cell: Cell) -> None:
        a, b = (self.cells[arg].type.width for arg in cell.args)
        least, together = self.family.dsp_from
        if a + b >= together and min(a, b) >= least:
            self.parts["dsp"] += 1 if max(a, b) <= 18 else -(-a // 17) * -(-b // 17)
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
        bits = cell.type.width - self.zeros[index]
        if self.family.shifted and length >= self.family.shifted:
            self.parts["shift_register"] += bits * -(-length // 16)
        else:
            self.parts["register"] += bits * length


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
    Kind.MUX: _Counter.choose,
    Kind.AND: _Counter.count_gate,
    Kind.OR: _Counter.count_gate,
    Kind.ANY: _Counter.count_any,
    Kind.TABLE: _Counter.count_table,
    Kind.MUL: _Counter.multiply,
    Kind.REG: _Counter.register,
}
