"""The area model of Verilog: resources of a netlist by the parts that it has, with errors from designs of no fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qhls.errors import EnergyError
from qhls.rtl.netlist import Netlist
from qhls.synthesis.families import BRAM, CARRY, COLUMNS, DSP, FF, LUT, Family
from qhls.synthesis.parts import count_parts
from qhls.system.files import read_json

TABLES = Path(__file__).parent / "tables"
"""The folder of the fitted tables, one per family."""


@dataclass(frozen=True, slots=True)
class FabricFigure:
    """LUT and carry cells per part; ``error``: worst relative error of the LUT of such designs."""

    lut: float
    carry: float
    error: float


@dataclass(frozen=True, slots=True)
class FabricTable:
    """The figures of a family by part, and its worst errors of FF and carry cells on designs that no fit has seen."""

    family: str
    figures: Mapping[str, FabricFigure]
    errors: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FabricEstimate:
    """Resources of a netlist, and their error bars, by column: the worst errors of designs that no fit has seen."""

    resources: Mapping[str, float]
    errors: Mapping[str, float]


def price_parts(parts: Mapping[str, float], table: FabricTable) -> FabricEstimate:
    """Return the resources of parts: LUT by fitted figures, carry cells beside sums too, FF and DSP as counted."""
    lut = {part: figure.lut * parts[part] for part, figure in table.figures.items()}
    beside = sum(figure.carry * parts[part] for part, figure in table.figures.items())
    totals = {
        LUT: sum(lut.values()),
        FF: parts["register"],
        CARRY: parts["carry"] + beside,
        DSP: parts["dsp"],
        BRAM: 0.0,
    }
    errors = {column: table.errors.get(column, 0.0) * totals[column] for column in COLUMNS}
    errors[LUT] = sum(figure.error * lut[part] for part, figure in table.figures.items())
    return FabricEstimate(totals, errors)


def estimate_fabric(netlist: Netlist, family: Family) -> FabricEstimate:
    """Return the resources of a netlist on a family, by the fitted table."""
    return price_parts(count_parts(netlist, family), load_fabric(family.name))


@cache
def load_fabric(family: str) -> FabricTable:
    """Load the table of a family. Raises ``EnergyError`` for one that is not complete."""
    return read_fabric(family, read_table(family))


def read_table(family: str) -> dict[str, Any]:
    """Return the file of a family's figures. Raises ``EnergyError`` for one that is no JSON."""
    where = f"fabric table {family!r}"
    content: dict[str, Any] = read_json(TABLES / f"{family}.json", "JSON", EnergyError, where)
    return content


def read_fabric(family: str, content: Mapping[str, Any]) -> FabricTable:
    """Return the table that JSON holds."""
    figures = {part: FabricFigure(**each) for part, each in content["figures"].items()}
    errors = {name: float(each["worst"]) for name, each in content["errors"]["by column"].items()}
    return FabricTable(family, figures, errors)
