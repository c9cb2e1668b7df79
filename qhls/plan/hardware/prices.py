"""``AreaTable``: areas of primitives by formulas, each with its source and its error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, cast

from qhls.errors import EnergyError
from qhls.plan.hardware.figures import FORMS
from qhls.plan.hardware.primitives import Primitive, PrimitiveCounts
from qhls.system.limits import find_table, read_json

AREA_TABLES = Path(__file__).parent / "areas"
"""The folder of the tables that come with qhls."""

PRIMITIVES = (
    *("multiply", "multiply_narrow", "scale", "accumulate", "add", "maximum", "relu", "compare"),
    *("compare_constant", "choice", "gate", "round", "saturate", "lookup", "select"),
    *("register", "bram", "rom", "lutram"),
)
"""The primitives that a table prices; ``multiply_narrow`` is a product with a number of at most two bits."""


@dataclass(frozen=True, slots=True)
class AreaFigure:
    """The area of one kind of primitive: ``coefficients`` times the terms of the form ``formula``, at least 0.

    ``relative_error``: the largest expected error as a share of the area; None if it was never measured.
    """

    unit: str
    formula: str
    coefficients: tuple[float, ...]
    relative_error: float | None
    source: str
    error: str

    def area(self, sizes: tuple[int, ...]) -> float:
        """Return the area of one primitive of these ``sizes``, in ``unit``."""
        terms = FORMS[self.formula](sizes)
        return max(math.fsum(c * t for c, t in zip(self.coefficients, terms, strict=True)), 0.0)


@dataclass(frozen=True, slots=True)
class AreaTable:
    """The areas of primitives. ``dsp``: the figure of a product whose operands have at least ``dsp_bits`` in total."""

    name: str
    description: str
    figures: Mapping[str, AreaFigure]
    dsp: AreaFigure | None = None
    dsp_bits: int = 0

    @property
    def units(self) -> tuple[str, ...]:
        """Return the resources that the table counts, in its order."""
        figures = (*self.figures.values(), *([self.dsp] if self.dsp else ()))
        return tuple(dict.fromkeys(figure.unit for figure in figures))

    @property
    def is_fpga(self) -> bool:
        """Return whether the table counts the cells of an FPGA, which Vitis targets."""
        return "LUT" in self.units

    @property
    def copies(self) -> int:
        """Return how often a tensor with two buffers is stored: once where no Vitis' DATAFLOW makes the second one."""
        return 2 if self.is_fpga else 1

    def figure(self, primitive: Primitive) -> AreaFigure:
        """Return the figure that prices ``primitive``."""
        if primitive.kind == "multiply":
            if self.dsp and sum(primitive.sizes) >= self.dsp_bits and min(primitive.sizes) > 1:
                return self.dsp
            return self.figures["multiply_narrow" if min(primitive.sizes) <= 2 else "multiply"]
        return self.figures[primitive.kind]


def price_primitives(
    built: PrimitiveCounts, table: AreaTable
) -> tuple[dict[str, float], dict[str, float], frozenset[str]]:
    """Return resources by unit, their errors, and the units with parts that were never measured."""
    resources, errors = dict.fromkeys(table.units, 0.0), dict.fromkeys(table.units, 0.0)
    unknown: set[str] = set()
    for primitive, count in built.items():
        figure = table.figure(primitive)
        area = count * figure.area(primitive.sizes)
        resources[figure.unit] += area
        errors[figure.unit] += area * (figure.relative_error or 0.0)
        if figure.relative_error is None and area:
            unknown.add(figure.unit)
    return resources, errors, frozenset(unknown)


def area_tables() -> tuple[str, ...]:
    """Return the names of the area tables that come with qhls."""
    return tuple(sorted(path.stem for path in AREA_TABLES.glob("*.json")))


def load_area_table(name_or_path: str | PathLike[str]) -> AreaTable:
    """Load an area table by name (``"xilinx_lut6"``) or from a JSON file, which names it.

    Raises ``EnergyError`` for a name that does not exist and for a table that is not complete.
    """
    path = find_table("area table", name_or_path, AREA_TABLES)
    content: dict[str, Any] = read_json(path, "JSON", EnergyError, f"area table {path.stem!r}")
    try:
        figures = cast("dict[str, Any]", content["figures"])
        dsp = content["dsp"]
        return AreaTable(
            path.stem,
            str(content["description"]),
            {kind: _read_figure(path.stem, kind, figures[kind]) for kind in PRIMITIVES},
            _read_figure(path.stem, "dsp", dsp["figure"]) if dsp else None,
            int(dsp["bits"]) if dsp else 0,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as fault:
        raise EnergyError(
            f"area table {path.stem!r}: expected JSON with description, dsp and figures of "
            f"{', '.join(PRIMITIVES)}, got {fault!r}. Correct the file."
        ) from None


def _read_figure(table: str, kind: str, content: dict[str, Any]) -> AreaFigure:
    formula, coefficients = content["formula"], content["coefficients"]
    error = content["relative_error"]
    where = f"area table {table!r}, {kind}"
    if formula not in FORMS:
        raise EnergyError(
            f"{where}: expected a formula of {'; '.join(FORMS)}, got {formula!r}. "
            "Write one of these."
        )
    if not all(isinstance(c, int | float) and math.isfinite(c) for c in coefficients):
        raise EnergyError(
            f"{where}: expected finite coefficients, got {coefficients!r}. Correct it."
        )
    if error is not None and not (isinstance(error, int | float) and error >= 0):
        raise EnergyError(
            f"{where}: expected a relative_error of at least 0 or null, got {error!r}. Correct it."
        )
    for key in ("unit", "source", "error"):
        if not str(content[key]).strip():
            raise EnergyError(
                f"{where}: expected a {key} that is not empty, got {content[key]!r}. State it."
            )
    return AreaFigure(
        content["unit"],
        formula,
        tuple(map(float, coefficients)),
        error,
        content["source"],
        content["error"],
    )
