"""Printing of a netlist as Verilog: expressions of cells, with operands extended or cut to the width of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from qhls.backends.names import Names, make_identifier, make_printable
from qhls.ir.types import Fixed
from qhls.rtl.netlist import SUMS, Cell, Kind, Netlist, Port, count_subtracted

_LONGEST = 64
"""Maximum length of an op's name within a wire's name; the index of the element follows."""
_LITERAL = 32
"""Maximum width in bits of decimal literals; wider literals are hexadecimal."""
_CONCATENATED = {*SUMS, Kind.MUX, Kind.REG}
"""Kinds of cells whose operands may be concatenations instead of wires."""


@dataclass
class Verilog:
    """The Verilog module of a netlist, with the names of its ports in order."""

    netlist: Netlist
    top: str
    clock: str
    inputs: list[list[str]]
    outputs: list[list[str]]
    """Names of the elements of each port, row-major."""
    _names: Names = field(repr=False)

    @classmethod
    def of(cls, netlist: Netlist) -> Verilog:
        """Return the Verilog module of ``netlist``, with names for the module, the clock and all ports."""
        names = Names()
        top, clock = names.take(netlist.name), names.take("clk")
        inputs = [_name_elements(names, port.name, port) for port in netlist.inputs]
        several = len(netlist.outputs) > 1
        outputs = [
            _name_elements(names, f"result_{number}" if several else "result", port)
            for number, port in enumerate(netlist.outputs)
        ]
        return cls(netlist, top, clock, inputs, outputs, names)

    @property
    def clocked(self) -> bool:
        """Return whether the module has registers, hence a clock."""
        return any(cell.kind is Kind.REG for cell in self.netlist.cells)

    def print(self) -> str:
        """Return the module as SystemVerilog."""
        lines = [
            f"// {make_printable(self.netlist.name)}: written by qhls",
            "/* verilator lint_off UNUSEDSIGNAL */  // rounding and overflow drop bits of wires",
            f"module {self.top} (",
            ",\n".join(self._print_ports()),
            ");",
            *self._print_body(),
            *self._print_stores(),
            "endmodule",
        ]
        return "\n".join(lines) + "\n"

    def _print_ports(self) -> Iterator[str]:
        if self.clocked:
            yield f"  input wire {self.clock}"
        for way, names, ports in (
            ("input", self.inputs, self.netlist.inputs),
            ("output", self.outputs, self.netlist.outputs),
        ):
            for elements, port in zip(names, ports, strict=True):
                yield from (f"  {way} wire {_print_range(port.type)}{name}" for name in elements)

    def _print_body(self) -> Iterator[str]:
        cells = self.netlist.cells
        written = [index for index in range(len(cells)) if index in self._wires]
        for op, group in groupby(written, lambda index: self.netlist.labels[index][0]):
            yield f"  // {make_printable(op)}"
            for index in group:
                yield from self._print_statement(index, cells[index])

    def _print_stores(self) -> Iterator[str]:
        for elements, port in zip(self.outputs, self.netlist.outputs, strict=True):
            for name, cell in zip(elements, port.cells, strict=True):
                yield f"  assign {name} = {self.print_operand(cell, port.type.width)};"

    @cached_property
    def _wires(self) -> dict[int, str]:
        """Return the wire name of each cell that has a wire."""
        shown: dict[int, str] = {}
        elements = self._port_elements
        for index, cell in enumerate(self.netlist.cells):
            if cell.kind is Kind.CONST or index in self._inline or index in elements:
                continue
            name, place = self.netlist.labels[index]
            shown[index] = self._names.take(f"{make_identifier(name)[:_LONGEST]}{place}")
        return shown

    @cached_property
    def _port_elements(self) -> dict[int, tuple[str, Port]]:
        return {
            cell: (name, port)
            for elements, port in zip(self.inputs, self.netlist.inputs, strict=True)
            for name, cell in zip(elements, port.cells, strict=True)
        }

    @cached_property
    def _inline(self) -> set[int]:
        """Return the left shifts without a wire, which all their readers print as concatenations."""
        cells = self.netlist.cells
        left = {i for i, cell in enumerate(cells) if cell.kind is Kind.SHIFT and cell.setting > 0}
        for cell in cells:
            if cell.kind not in _CONCATENATED:
                left.difference_update(cell.args)
        return left

    @property
    def wires(self) -> dict[int, str]:
        """Return the names of wires by cell; cells within an expression of another cell, and ports, are left out."""
        return self._wires

    def print_operand(self, index: int, width: int) -> str:
        """Return the Verilog expression of a cell, extended or cut to ``width`` bits."""
        cell = self.netlist.cells[index]
        if cell.kind is Kind.CONST:
            return make_literal(cell.setting, width)
        if index in self._inline:
            below = min(cell.setting, width)
            zeros = make_literal(0, below)
            rest = width - below
            return f"{{{self.print_operand(cell.args[0], rest)}, {zeros}}}" if rest else zeros
        name, own = self._name(index), self._get_type(index).width
        if own > width:
            return f"{name}[{width - 1}:0]" if width > 1 else f"{name}[0]"
        return name if own == width else f"{width}'({name})"

    def _name(self, index: int) -> str:
        return self._port_elements[index][0] if self._is_input(index) else self._wires[index]

    def _get_type(self, index: int) -> Fixed:
        """Return the type of the wire or port of a cell."""
        if self._is_input(index):
            return self._port_elements[index][1].type
        return self.netlist.cells[index].type

    def _is_input(self, index: int) -> bool:
        return self.netlist.cells[index].kind is Kind.INPUT

    def print_whole(self, index: int) -> str:
        """Return the Verilog expression of a cell with all its bits."""
        return self.print_operand(index, self._get_type(index).width)

    def print_bits(self, index: int, low: int, width: int) -> str:
        """Return the Verilog part-select of up to ``width`` bits of a cell from bit ``low`` on.

        It contains at least the cell's highest bit.
        """
        own = self._get_type(index)
        first = min(low, own.width - 1)
        last = min(low + width, own.width) - 1
        name = self._name(index)
        if own.width == 1:
            return name
        return f"{name}[{last}:{first}]" if last > first else f"{name}[{first}]"

    def _print_statement(self, index: int, cell: Cell) -> Iterator[str]:
        name, kind = self._wires[index], _print_range(cell.type)
        if cell.kind is Kind.TABLE:
            yield f"  reg {kind}{name};"
            yield from self._print_case(name, cell)
        elif cell.kind is Kind.REG:
            yield f"  reg {kind}{name};"
            yield f"  always @(posedge {self.clock}) {name} <= {self.print_operand(cell.args[0], cell.type.width)};"
        else:
            # Synthesis would merge a chain of sums into compressors, which are larger than carry chains.
            attribute = "(* keep *) " if cell.kind in SUMS else ""
            yield f"  {attribute}wire {kind}{name} = {_EXPRESSIONS[cell.kind](self, cell)};"

    def _print_case(self, name: str, cell: Cell) -> Iterator[str]:
        source = cell.args[0]
        low, width = self.netlist.cells[source].lo, self._get_type(source).width
        out = cell.type.width
        yield "  always_comb"
        yield f"    case ({self.print_operand(source, width)})"
        for place, entry in enumerate(cell.setting):
            yield f"      {make_literal(low + place, width)}: {name} = {make_literal(entry, out)};"
        yield f"      default: {name} = {make_literal(cell.setting[-1], out)};"
        yield "    endcase"


def _name_elements(names: Names, name: str, port: Port) -> list[str]:
    import numpy as np

    start = make_identifier(name)[:_LONGEST]
    return [names.take("_".join([start, *map(str, place)])) for place in np.ndindex(*port.shape)]


def _print_range(of: Fixed) -> str:
    """Return the keyword ``signed`` and the bit range of a Verilog declaration, each only if needed."""
    bits = f"[{of.width - 1}:0] " if of.width > 1 else ""
    return f"signed {bits}" if of.signed else bits


def make_literal(code: int, width: int) -> str:
    """Return the Verilog literal of ``code`` modulo ``2**width``, with ``width`` bits."""
    pattern = code & ((1 << width) - 1)
    return f"{width}'d{pattern}" if width <= _LITERAL else f"{width}'h{pattern:x}"


def _print_sum(printer: Verilog, cell: Cell) -> str:
    added = len(cell.args) - count_subtracted(cell)
    texts = [printer.print_operand(arg, cell.type.width) for arg in cell.args]
    return " - ".join([" + ".join(texts[:added]), *texts[added:]])


def _print_product(printer: Verilog, cell: Cell) -> str:
    a, b = (f"$signed({printer.print_operand(arg, cell.type.width)})" for arg in cell.args)
    return f"{a} * {b}"


def _print_shift(printer: Verilog, cell: Cell) -> str:
    (a,) = cell.args
    if cell.setting > 0:
        return f"{{{printer.print_operand(a, cell.type.width - cell.setting)}, {make_literal(0, cell.setting)}}}"
    return printer.print_bits(a, -cell.setting, cell.type.width)


def _print_append(printer: Verilog, cell: Cell) -> str:
    a, bit = cell.args
    return f"{{{printer.print_operand(a, cell.type.width - 1)}, {printer.print_operand(bit, 1)}}}"


def _print_less(printer: Verilog, cell: Cell) -> str:
    a, b = (printer.netlist.cells[arg] for arg in cell.args)
    width = Fixed.from_range(min(a.lo, b.lo), max(a.hi, b.hi), 0).width
    signed = min(a.lo, b.lo) < 0
    texts = [printer.print_operand(arg, width) for arg in cell.args]
    x, y = (f"$signed({text})" for text in texts) if signed else texts
    return f"{x} < {y}"


def _print_mux(printer: Verilog, cell: Cell) -> str:
    bit, a, b = cell.args
    x, y = (printer.print_operand(arg, cell.type.width) for arg in (a, b))
    return f"{printer.print_operand(bit, 1)} ? {x} : {y}"


def _print_gate(sign: str) -> Callable[[Verilog, Cell], str]:
    def print_expression(printer: Verilog, cell: Cell) -> str:
        return f" {sign} ".join(printer.print_operand(arg, 1) for arg in cell.args)

    return print_expression


_EXPRESSIONS: dict[Kind, Callable[[Verilog, Cell], str]] = {
    **dict.fromkeys(SUMS, _print_sum),
    Kind.MUL: _print_product,
    Kind.SHIFT: _print_shift,
    Kind.WRAP: lambda printer, cell: printer.print_operand(cell.args[0], cell.type.width),
    Kind.APPEND: _print_append,
    Kind.LESS: _print_less,
    Kind.MUX: _print_mux,
    Kind.AND: _print_gate("&"),
    Kind.OR: _print_gate("|"),
    Kind.ANY: lambda printer, cell: f"|{printer.print_whole(cell.args[0])}",
}
"""Function that prints the Verilog expression of each kind of cell; tables and registers need statements."""
