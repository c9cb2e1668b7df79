"""Scaling of energy from one CMOS process to another, by Stillmaker and Baas' polynomials in the supply voltage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qhls.errors import EnergyError

_NODES = Path(__file__).parent / "nodes.json"


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """A CMOS process: ``node_nm``, its node in nanometres, and ``voltage``, its supply voltage in volts."""

    node_nm: float
    voltage: float

    def __str__(self) -> str:
        return f"{self.node_nm:g} nm at {self.voltage:g} V"


@cache
def _read_table() -> dict[str, Any]:
    return json.loads(_NODES.read_text(encoding="utf-8"))


def read_scaling_source() -> str:
    """Return the publication from which the polynomials come."""
    return _read_table()["source"]


def read_scaling_error() -> str:
    """Return a text on the error of scaling, which adds to the error of the scaled figure."""
    return _read_table()["error"]


def list_process_nodes() -> tuple[float, ...]:
    """Return the process nodes that have a polynomial, in nanometres, largest first."""
    return tuple(float(node) for node in _read_table()["nodes"])


def compute_energy_factor(old: ProcessNode, new: ProcessNode) -> float:
    """Return the factor by which energy in process ``old`` is multiplied to give that in process ``new``.

    Raises ``EnergyError`` for a node outside the polynomials' range.
    """
    return _compute_relative_energy(new) / _compute_relative_energy(old)


def _compute_relative_energy(process: ProcessNode) -> float:
    """Return energy in a process, in a unit common to all nodes, interpolated linearly between two nodes."""
    nodes = list_process_nodes()
    if not nodes[-1] <= process.node_nm <= nodes[0]:
        raise EnergyError(
            f"process {process}: expected a node from {nodes[-1]:g} to {nodes[0]:g} nm, got {process.node_nm:g}. "
            f"Choose a node within."
        )
    smaller = max(node for node in nodes if node <= process.node_nm)
    larger = min(node for node in nodes if node >= process.node_nm)
    low, high = (_evaluate_polynomial(node, process.voltage) for node in (smaller, larger))
    share = (process.node_nm - smaller) / (larger - smaller) if larger > smaller else 0.0
    return low + (high - low) * share


def _evaluate_polynomial(node: float, voltage: float) -> float:
    a, b, c = _read_table()["nodes"][f"{node:g}"]
    return a * voltage**2 + b * voltage + c
