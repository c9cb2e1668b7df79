"""Delays of a netlist: nanoseconds of its cells and of its longest path, by a fitted table per family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from qhls.errors import EnergyError
from qhls.rtl.netlist import WIRES, Cell, Kind, Netlist
from qhls.system.files import read_json

DELAYS = Path(__file__).parent / "tables"
"""The folder of the fitted tables, one per family."""
_CHAINS = {Kind.ADD, Kind.SUB, Kind.LESS}


@dataclass(frozen=True, slots=True)
class DelayTable:
    """Nanoseconds: ``start`` of a path, ``level`` of a cell with its wires, ``bit`` of a carry chain, ``product``.

    ``margin``: share of a stage's time that a pipeline leaves free. ``worst``: largest relative error on designs that
    the fit has not seen.
    """

    start: float
    level: float
    bit: float
    product: float
    margin: float
    worst: float

    def time_cell(self, netlist: Netlist, cell: Cell) -> float:
        """Return the nanoseconds of a cell, with the wires to it."""
        return self.time_path(measure_cell(netlist, cell))

    def time_path(self, path: PathSizes) -> float:
        """Return the nanoseconds of the cells of a path."""
        return path.levels * self.level + path.bits * self.bit + path.products * self.product

    def find_room(self, clock_period: float) -> float:
        """Return the nanoseconds that cells between two registers may take, with the margin beside them."""
        return clock_period / (1 + self.margin) - self.start


class PathSizes(NamedTuple):
    """Logic levels of a path, the bits of its carry chains, and its products."""

    levels: int = 0
    bits: int = 0
    products: int = 0


def find_slowest_path(
    netlist: Netlist, table: DelayTable, closed: bool = False
) -> tuple[float, PathSizes]:
    """Return nanoseconds and sizes of the slowest path from a register to a register.

    ``closed``: whether ports are registers too. Else paths from and to them are not counted: what they are connected to
    decides on them.
    """
    ends: list[PathSizes | None] = []
    slowest = PathSizes()
    stored = {cell for port in netlist.outputs for cell in port.cells} if closed else set[int]()
    for index, cell in enumerate(netlist.cells):
        known = [end for arg in cell.args if (end := ends[arg]) is not None]
        before = max(known, key=table.time_path, default=None)
        if cell.kind is Kind.REG or (closed and cell.kind is Kind.INPUT):
            slowest = max(slowest, before or slowest, key=table.time_path)
            ends.append(PathSizes())
            continue
        if before is not None:
            sizes = zip(before, measure_cell(netlist, cell), strict=True)
            before = PathSizes(*(own + more for own, more in sizes))
            if index in stored:
                slowest = max(slowest, before, key=table.time_path)
        ends.append(before)
    return table.time_path(slowest) + table.start, slowest


def measure_cell(netlist: Netlist, cell: Cell) -> PathSizes:
    """Return the sizes of a cell; a comparison with 0 is a wire, the sign."""
    if cell.kind in WIRES or cell.kind is Kind.REG:
        return PathSizes()
    if cell.kind is Kind.MUL:
        return PathSizes(products=1)
    last = netlist.cells[cell.args[-1]]
    if cell.kind is Kind.LESS and (last.kind, last.setting) == (Kind.CONST, 0):
        return PathSizes()
    width = max(netlist.cells[arg].type.width for arg in cell.args)
    return PathSizes(1, width if cell.kind in _CHAINS else 0)


def find_delays(family: str | None) -> DelayTable | None:
    """Return the delays of a family; None for one without a table. Raises ``EnergyError`` for a damaged one."""
    return load_delays(family) if family and (DELAYS / f"{family}.json").is_file() else None


@cache
def load_delays(family: str) -> DelayTable:
    """Load the delays of a family. Raises ``EnergyError``."""
    where = f"delay table {family!r}"
    content: dict[str, Any] = read_json(DELAYS / f"{family}.json", "JSON", EnergyError, where)
    return read_delays(content)


def read_delays(content: Mapping[str, Any]) -> DelayTable:
    """Return the table that JSON holds."""
    names = ("start", "level", "bit", "product", "margin", "worst")
    return DelayTable(**{name: float(content[name]) for name in names})
