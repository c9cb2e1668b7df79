"""Delays of a netlist's cells and of its slowest path, from a fitted table per FPGA family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from qhls.errors import EnergyError
from qhls.rtl.netlist import SUMS, WIRES, Cell, Kind, Netlist, count_cell_levels
from qhls.system.files import read_json

DELAYS = Path(__file__).parent / "tables"
"""The folder of the fitted tables, one per family."""
_CHAINS = {*SUMS, Kind.LESS}


@dataclass(frozen=True, slots=True)
class DelayTable:
    """The fitted delays of an FPGA family in nanoseconds.

    ``start``: per path. ``level``: per cell with its wires. ``bit``: per bit of a carry chain. ``product``: per
    multiplication. ``margin``: share of a stage's time that a pipeline leaves free. ``worst``: largest relative error
    on designs that the fit has not seen.
    """

    start: float
    level: float
    bit: float
    product: float
    margin: float
    worst: float

    def time_cell(self, netlist: Netlist, cell: Cell) -> float:
        """Return the delay of a cell and of the wires to it, in nanoseconds."""
        return self.time_path(measure_cell(netlist, cell))

    def time_path(self, path: PathSizes) -> float:
        """Return the delay of the cells of a path in nanoseconds, without the delay ``start`` that every path has."""
        return path.levels * self.level + path.bits * self.bit + path.products * self.product

    def find_room(self, clock_period: float) -> float:
        """Return the delay allowed for the cells between two registers, in nanoseconds, less the margin."""
        return clock_period / (1 + self.margin) - self.start


class PathSizes(NamedTuple):
    """The numbers that determine a path's delay: logic levels, bits of carry chains, and multiplications."""

    levels: int = 0
    bits: int = 0
    products: int = 0


def find_slowest_path(
    netlist: Netlist, table: DelayTable, closed: bool = False
) -> tuple[float, PathSizes]:
    """Return the delay in nanoseconds and the sizes of the slowest path between two registers.

    ``closed``: whether ports are registers too. Otherwise paths from and to ports are not counted: they depend on what
    the ports are connected to.
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
    """Return the logic levels, carry bits and multiplications of a cell.

    A comparison with 0 has none: it is the sign bit.
    """
    if cell.kind in WIRES or cell.kind is Kind.REG:
        return PathSizes()
    if cell.kind is Kind.MUL:
        return PathSizes(products=1)
    last = netlist.cells[cell.args[-1]]
    if cell.kind is Kind.LESS and (last.kind, last.setting) == (Kind.CONST, 0):
        return PathSizes()
    width = max(netlist.cells[arg].type.width for arg in cell.args)
    return PathSizes(count_cell_levels(cell.kind), width if cell.kind in _CHAINS else 0)


def find_delays(family: str | None) -> DelayTable | None:
    """Return the delays of a family; None for a family without a table. Raises ``EnergyError`` for a damaged table."""
    return load_delays(family) if family and (DELAYS / f"{family}.json").is_file() else None


@cache
def load_delays(family: str) -> DelayTable:
    """Load the delay table of a family. Raises ``EnergyError`` for a damaged file."""
    where = f"delay table {family!r}"
    content: dict[str, Any] = read_json(DELAYS / f"{family}.json", "JSON", EnergyError, where)
    return read_delays(content)


def read_delays(content: Mapping[str, Any]) -> DelayTable:
    """Return the delay table that the JSON object ``content`` describes."""
    names = ("start", "level", "bit", "product", "margin", "worst")
    return DelayTable(**{name: float(content[name]) for name in names})
