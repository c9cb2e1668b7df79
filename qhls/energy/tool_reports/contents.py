"""``Contents``: the figures of one tool report, independent of its format."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qhls.plan.hardware.parts import UNITS

UNIT_NAMES = {"BRAM_18K": "BRAM18", "BRAM": "BRAM18", "DSP48E": "DSP", "DSP": "DSP"} | {
    unit: unit for unit in ("LUT", "FF", "URAM")
}
"""The units by their names in the reports of Vivado HLS and Vitis HLS."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock period in nanoseconds: the requested one, the tool's estimate, and its uncertainty."""

    target: float
    estimated: float | None = None
    uncertainty: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a design, such as an instance or all multiplexers, and its resources by unit."""

    name: str
    kind: str
    resources: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cycles:
    """The smallest and the largest latency and interval of a module or loop; None for figures unknown to the tool."""

    name: str
    kind: str
    latency: tuple[int | None, int | None]
    interval: tuple[int | None, int | None]
    trips: int = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """The figures of one tool report. ``blocks`` add up to the resources of the design; None if it states none."""

    tool: str
    version: str
    kind: str
    design: str
    part: str = ""
    clock: Clock | None = None
    blocks: tuple[Block, ...] | None = None
    cycles: Cycles | None = None
    calls: tuple[Cycles, ...] = ()
    notes: tuple[str, ...] = ()


def check_total(blocks: Sequence[Block], total: Mapping[str, float]) -> None:
    """Raise ``ValueError`` if ``blocks`` do not add up to ``total``."""
    for unit in UNITS:
        added = math.fsum(block.resources[unit] for block in blocks)
        if added != total[unit]:
            raise ValueError(f"rows of {added:,g} {unit} and a total of {total[unit]:,g}")


def add_up(blocks: Sequence[Block]) -> dict[str, float]:
    """Return the resources of ``blocks`` together, by unit."""
    return {unit: math.fsum(block.resources[unit] for block in blocks) for unit in UNITS}
