"""``Netlist``: scalar cells on integer codes, each of which reads earlier cells; ``evaluate`` defines its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from qhls.ir.integers import Array, narrow_integers
from qhls.ir.types import Fixed


class Kind(Enum):
    """The operation of a cell on integer codes. Only ops know binary points."""

    INPUT = "input"
    """An element of an input port."""
    CONST = "const"
    """The constant ``setting``."""
    ADD = "add"
    SUB = "sub"
    TERNARY = "ternary"
    """The sum of three operands; the last ``setting`` of them, 0 to 2, are subtracted."""
    MUL = "mul"
    SHIFT = "shift"
    """``a * 2**setting``, rounded down: wires only."""
    WRAP = "wrap"
    """The low bits of ``a`` as a code of the type ``setting``: wires only."""
    APPEND = "append"
    """``2 * a + b`` with one bit ``b``: wires only."""
    LESS = "less"
    """1 if ``a < b``, else 0."""
    MUX = "mux"
    """``b`` if the bit ``a`` is 1, else ``c``."""
    AND = "and"
    OR = "or"
    ANY = "any"
    """1 if ``a`` is not 0, else 0."""
    TABLE = "table"
    """Entry of ``setting`` at ``a``, counted from the lowest code of ``a``."""
    REG = "reg"
    """``a``, one clock cycle later."""


WIRES = {Kind.INPUT, Kind.CONST, Kind.SHIFT, Kind.WRAP, Kind.APPEND}
"""Kinds of cells that consist of wires, without logic."""
SUMS = {Kind.ADD, Kind.SUB, Kind.TERNARY}
"""Kinds of cells that add."""


def count_cell_levels(kind: Kind) -> int:
    """Return the number of logic levels of a kind of cell: 2 for a ternary sum, 0 for wires, 1 for all others.

    A ternary sum on AMD's FPGAs has half the speed of a binary one (Kumm and Zipf, "Efficient high speed compression
    trees on Xilinx FPGAs", MBMV 2014).
    """
    if kind is Kind.TERNARY:
        return 2
    return 0 if kind in WIRES else 1


class Cell(NamedTuple):
    """One scalar operation: ``args`` are indices of earlier cells, ``lo`` and ``hi`` the range of its codes."""

    kind: Kind
    args: tuple[int, ...]
    lo: int
    hi: int
    setting: Any = 0

    @property
    def type(self) -> Fixed:
        """Return the narrowest type of the cell's codes."""
        return Fixed.from_range(self.lo, self.hi, 0)


@dataclass(frozen=True)
class Port:
    """An input or output tensor of a netlist: one cell per element, row-major, each in a Verilog port of ``type``."""

    name: str
    type: Fixed
    shape: tuple[int, ...]
    cells: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Netlist:
    """Cells in topological order, and the input and output ports.

    ``labels``: the op that each cell computes, and a suffix for the element. ``latency``: the number of registers on
    every path from an input to an output.
    """

    name: str
    cells: tuple[Cell, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    labels: dict[int, tuple[str, str]]
    latency: int = 0

    def evaluate(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs' codes for input codes (samples, *shape), one array per port, without delays."""
        samples = len(codes[0]) if codes else 1
        wanted = {cell for port in self.outputs for cell in port.cells}
        values = {index: value for index, value in self.walk_values(codes) if index in wanted}
        return [
            np.stack([values[cell] for cell in port.cells], 1).reshape(samples, *port.shape)
            for port in self.outputs
        ]

    def walk_values(self, codes: Sequence[Array]) -> Iterator[tuple[int, Array]]:
        """Yield the index of every cell and its codes (samples,), in order.

        Codes that no later cell reads are dropped.
        """
        samples = len(codes[0]) if codes else 1
        inputs = {
            cell: array.reshape(samples, len(port.cells))[:, place]
            for port, array in zip(self.inputs, codes, strict=True)
            for place, cell in enumerate(port.cells)
        }
        values: dict[int, Array] = {}
        last = self._last_readers
        for index, cell in enumerate(self.cells):
            if cell.kind is Kind.CONST:
                value = narrow_integers([cell.setting], abs(cell.setting)).repeat(samples)
            elif cell.kind is Kind.INPUT:
                value = inputs[index]
            else:
                value = _RULES[cell.kind](self, cell, *(values[arg] for arg in cell.args))
                value = narrow_integers(value.tolist(), max(-cell.lo, cell.hi))
            values[index] = value
            yield index, value
            for arg in cell.args:
                if last[arg] == index:
                    values.pop(arg, None)

    def prune(self) -> Netlist:
        """Return the netlist without the cells that no port needs."""
        needed = {cell for port in (*self.inputs, *self.outputs) for cell in port.cells}
        for index in range(len(self.cells) - 1, -1, -1):
            if index in needed:
                needed.update(self.cells[index].args)
        new = {old: index for index, old in enumerate(sorted(needed))}
        kept = [self.cells[old] for old in new]
        inputs, outputs = (
            tuple(replace(port, cells=tuple(new[c] for c in port.cells)) for port in ports)
            for ports in (self.inputs, self.outputs)
        )
        return replace(
            self,
            cells=tuple(cell._replace(args=tuple(new[a] for a in cell.args)) for cell in kept),
            inputs=inputs,
            outputs=outputs,
            labels={new[old]: label for old, label in self.labels.items() if old in new},
        )

    @cached_property
    def levels(self) -> int:
        """Return the number of logic levels on the longest path between registers or ports."""
        depths: list[int] = []
        for cell in self.cells:
            below = max((depths[arg] for arg in cell.args), default=0)
            depths.append(0 if cell.kind is Kind.REG else below + count_cell_levels(cell.kind))
        return max(depths, default=0)

    @cached_property
    def _last_readers(self) -> dict[int, int]:
        """Return the index of the last cell that reads each cell."""
        return {arg: index for index, cell in enumerate(self.cells) for arg in cell.args}


def find_chain(zeros: Sequence[int], subtracted: int) -> int:
    """Return the lowest bit of the carry chain of a sum; below it, the bits of one operand are wires.

    ``zeros``: the number of low bits of each operand that are 0. ``subtracted``: the number of operands, the last ones,
    whose bits are negated.
    """
    second = sorted(zeros)[1]
    return min([second, *zeros[len(zeros) - subtracted :]])


def count_subtracted(cell: Cell) -> int:
    """Return how many operands of a sum, the last ones, are subtracted."""
    return cell.setting if cell.kind is Kind.TERNARY else int(cell.kind is Kind.SUB)


def find_zeros(cells: Sequence[Cell]) -> list[int]:
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
            zeros.append(min(below) if cell.kind in (*SUMS, Kind.REG) else 0)
    return zeros


def _shift(net: Netlist, cell: Cell, a: Array) -> Array:
    return a.astype(object) << cell.setting if cell.setting > 0 else a >> -cell.setting


def _wrap(net: Netlist, cell: Cell, a: Array) -> Array:
    to: Fixed = cell.setting
    return ((a.astype(object) - to.lo) & ((1 << to.width) - 1)) + to.lo


def _look_up(net: Netlist, cell: Cell, a: Array) -> Array:
    places = (a - net.cells[cell.args[0]].lo).astype(np.intp)
    return narrow_integers(cell.setting, max(-cell.lo, cell.hi))[places]


_RULES: dict[Kind, Callable[..., Array]] = {
    Kind.ADD: lambda net, cell, a, b: a.astype(object) + b,
    Kind.SUB: lambda net, cell, a, b: a.astype(object) - b,
    Kind.TERNARY: lambda net, cell, a, b, c: (
        a.astype(object) + (-b if cell.setting > 1 else b) + (-c if cell.setting else c)
    ),
    Kind.MUL: lambda net, cell, a, b: a.astype(object) * b,
    Kind.SHIFT: _shift,
    Kind.WRAP: _wrap,
    Kind.APPEND: lambda net, cell, a, b: a.astype(object) * 2 + b,
    Kind.LESS: lambda net, cell, a, b: (a < b).astype(np.int64),
    Kind.MUX: lambda net, cell, a, b, c: np.where(a != 0, b, c),
    Kind.AND: lambda net, cell, a, b: a & b,
    Kind.OR: lambda net, cell, a, b: a | b,
    Kind.ANY: lambda net, cell, a: (a != 0).astype(np.int64),
    Kind.TABLE: _look_up,
    Kind.REG: lambda net, cell, a: a,
}
"""Function that computes each kind of cell on arrays of codes."""
