"""Energy of one design in another process: the polynomials in the supply voltage of Stillmaker and Baas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qhls.errors import EnergyError

_NODES = Path(__file__).parent / "nodes.json"


@dataclass(frozen=True, slots=True)
class Process:
    """A CMOS process and the voltage it is run at. ``node_nm``: nanometres, ``voltage``: volts."""

    node_nm: float
    voltage: float

    def __str__(self) -> str:
        return f"{self.node_nm:g} nm at {self.voltage:g} V"


@cache
def _table() -> dict[str, Any]:
    return json.loads(_NODES.read_text(encoding="utf-8"))


def scaling_source() -> str:
    """Where the polynomials come from."""
    return _table()["source"]


def scaling_error() -> str:
    """How far off a scaled figure may be, beside the error of the figure itself."""
    return _table()["error"]


def nodes() -> tuple[float, ...]:
    """The nodes with a polynomial, nanometres, the largest first."""
    return tuple(float(node) for node in _table()["nodes"])


def energy_factor(old: Process, new: Process) -> float:
    """Energy in process ``new`` over that in ``old``; 1 for the same process.

    Raises ``EnergyError`` for a node outside the polynomials' range.
    """
    return _relative(new) / _relative(old)


def _relative(process: Process) -> float:
    """Energy in units that all nodes share; between two nodes on a straight line in the node."""
    known = nodes()
    if not known[-1] <= process.node_nm <= known[0]:
        raise EnergyError(
            f"process {process}: expected a node from {known[-1]:g} to {known[0]:g} nm, got {process.node_nm:g}"
        )
    smaller = max(node for node in known if node <= process.node_nm)
    larger = min(node for node in known if node >= process.node_nm)
    low, high = (_polynomial(node, process.voltage) for node in (smaller, larger))
    share = (process.node_nm - smaller) / (larger - smaller) if larger > smaller else 0.0
    return low + (high - low) * share


def _polynomial(node: float, voltage: float) -> float:
    a, b, c = _table()["nodes"][f"{node:g}"]
    return a * voltage**2 + b * voltage + c
