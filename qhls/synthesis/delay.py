"""The delay model of a placed netlist: nanoseconds of its longest path, by a fitted table per family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qhls.errors import EnergyError
from qhls.rtl.netlist import WIRES, Cell, Kind, Netlist
from qhls.system.limits import read_json

DELAYS = Path(__file__).parent / "delays"
"""The folder of the fitted tables, one per family."""
_CHAINS = {Kind.ADD, Kind.SUB, Kind.LESS}


@dataclass(frozen=True, slots=True)
class DelayTable:
    """Nanoseconds: ``start`` of a path, ``level`` of a cell with its wires, ``bit`` of a carry chain.

    ``worst``: the largest relative error on designs that the fit has not seen.
    """

    start: float
    level: float
    bit: float
    worst: float


def find_slowest_path(netlist: Netlist, table: DelayTable) -> tuple[float, int, int]:
    """Return nanoseconds, levels and carry bits of the slowest path from a register to a register.

    Paths from and to ports are not counted: what they are connected to decides on them.
    """
    ends: list[tuple[float, int, int] | None] = []
    slowest = (0.0, 0, 0)
    for cell in netlist.cells:
        known = [end for arg in cell.args if (end := ends[arg]) is not None]
        before = max(known, default=None)
        if cell.kind is Kind.REG:
            slowest = max(slowest, before or slowest)
            ends.append((0.0, 0, 0))
        elif before is None:
            ends.append(None)
        else:
            levels, bits = _measure_cell(netlist, cell)
            time = before[0] + levels * table.level + bits * table.bit
            ends.append((time, before[1] + levels, before[2] + bits))
    return slowest[0] + table.start, slowest[1], slowest[2]


def _measure_cell(netlist: Netlist, cell: Cell) -> tuple[int, int]:
    """Return the logic levels and the carry bits of a cell; a comparison with 0 is a wire, the sign."""
    if cell.kind in WIRES:
        return 0, 0
    last = netlist.cells[cell.args[-1]]
    if cell.kind is Kind.LESS and (last.kind, last.setting) == (Kind.CONST, 0):
        return 0, 0
    width = max(netlist.cells[arg].type.width for arg in cell.args)
    return 1, width if cell.kind in _CHAINS else 0


@cache
def load_delays(family: str) -> DelayTable:
    """Load the delays of a family. Raises ``EnergyError``."""
    where = f"delay table {family!r}"
    content: dict[str, Any] = read_json(DELAYS / f"{family}.json", "JSON", EnergyError, where)
    return read_delays(content)


def read_delays(content: Mapping[str, Any]) -> DelayTable:
    """Return the table that JSON holds."""
    names = ("start", "level", "bit", "worst")
    return DelayTable(**{name: float(content[name]) for name in names})
