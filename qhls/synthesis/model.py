"""Area model of Verilog: resources estimated from the parts of a netlist, with error bars."""

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
    """Fitted number of LUTs and carry cells per part of one kind.

    ``error``: the largest relative error of LUT estimates for designs of such parts.
    """

    lut: float
    carry: float
    error: float


@dataclass(frozen=True, slots=True)
class FabricTable:
    """Area table of a family: ``figures`` by kind of part, and ``errors`` of FF and carry cells.

    Errors are the largest relative ones on designs that were not used for fitting.
    """

    family: str
    figures: Mapping[str, FabricFigure]
    errors: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FabricEstimate:
    """Estimated resources of a netlist and their absolute error bars, both by resource.

    Error bars follow from the largest relative errors on designs that were not used for fitting.
    """

    resources: Mapping[str, float]
    errors: Mapping[str, float]


def price_parts(parts: Mapping[str, float], table: FabricTable) -> FabricEstimate:
    """Estimate resources from the counts of parts: LUTs by fitted figures, FFs and DSPs as counted.

    Carry cells are the counted ones plus those by fitted figures.
    """
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
    """Load the area table of a family. Raises ``EnergyError`` for a file that is not JSON."""
    return read_fabric(family, read_table(family))


def read_table(family: str) -> dict[str, Any]:
    """Read the JSON file with a family's fitted figures. Raises ``EnergyError`` for a file that is not JSON."""
    where = f"fabric table {family!r}"
    content: dict[str, Any] = read_json(TABLES / f"{family}.json", "JSON", EnergyError, where)
    return content


def read_fabric(family: str, content: Mapping[str, Any]) -> FabricTable:
    """Convert the content of a family's JSON file to an area table."""
    figures = {part: FabricFigure(**each) for part, each in content["figures"].items()}
    errors = {name: float(each["worst"]) for name, each in content["errors"]["by column"].items()}
    return FabricTable(family, figures, errors)
