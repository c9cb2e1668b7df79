"""``AreaTable``: areas of primitives by formulas, each with its source and its error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

from qhls.errors import EnergyError
from qhls.ir.types import Fixed
from qhls.plan.hardware.figures import FORMS
from qhls.plan.hardware.primitives import Primitive, PrimitiveCounts
from qhls.system.files import find_table, read_json

AREA_TABLES = Path(__file__).parent / "areas"
"""The folder of the tables that come with qhls."""

PRIMITIVES = (
    *("multiply", "multiply_narrow", "scale", "accumulate", "add", "maximum", "relu", "compare"),
    *("compare_constant", "choice", "gate", "round", "saturate", "lookup", "select"),
    *("register", "bram", "rom", "lutram"),
)
"""The primitives that a table prices; ``multiply_narrow`` is a product with a number of at most two bits."""

HLS_OPERATIONS = (
    *("sum", "add", "negate", "product", "product_dsp", "product_glue"),
    *("compare", "compare_constant", "select", "gate", "table", "fifo"),
)
"""The operations of an HLS tool that its table prices.

sum (bits of the result, bits that it lacks to the type of results); add, negate (bits); product (a, b, digits of the
constant), in look-up tables; product_dsp (a, b); product_glue (): the logic beside a DSP; compare, compare_constant,
select (bits); gate (); table (words, bits) of constants; fifo (bits, words).
"""

KINDS = {"primitives": PRIMITIVES, "operations": HLS_OPERATIONS}
"""Names of the hardware that a table prices, by the value of its ``counts``."""


@dataclass(frozen=True, slots=True)
class AreaFigure:
    """The area of one kind of primitive: the sum of ``coefficients`` times the terms of ``formula``, but at least 0.

    ``relative_error``: the largest expected error as a share of the area; None if it was never measured.
    """

    unit: str
    formula: str
    coefficients: tuple[float, ...]
    relative_error: float | None
    source: str
    error: str

    def price(self, sizes: tuple[int, ...]) -> float:
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
    counts: str = "primitives"
    """The hardware that the figures price: "primitives", or "operations" of an HLS tool."""
    other_families: tuple[str, ...] = ()
    """Prefixes of the names of devices for which the figures are too low."""
    results: Fixed | None = None
    """The type in which an HLS project stores sums; None for types that hold every sum."""

    @property
    def units(self) -> tuple[str, ...]:
        """Return the units of the resources that the table counts, in the order of its figures."""
        figures = (*self.figures.values(), *([self.dsp] if self.dsp else ()))
        return tuple(dict.fromkeys(figure.unit for figure in figures))

    @property
    def is_fpga(self) -> bool:
        """Return whether the table counts the cells of an FPGA, which Vitis targets."""
        return "LUT" in self.units

    def with_results(self, results: str) -> AreaTable:
        """Return this table for a project that stores sums in the type ``results``. Raises ``EnergyError``."""
        if self.counts != "operations":
            raise EnergyError(
                f"area table {self.name!r}: expected no results, since sums have exact types here, got {results!r}. "
                f"Leave it out, or choose one of {', '.join(list_tool_tables())}."
            )
        try:
            return replace(self, results=Fixed.parse(results))
        except (ValueError, TypeError):
            raise EnergyError(
                f"area table {self.name!r}, results: expected a type such as 's16.10', got {results!r}. "
                f"It is signed, with 16 bits, 10 of them fraction bits."
            ) from None

    @property
    def copies(self) -> int:
        """Return the number of copies of a double-buffered tensor: 2 on FPGAs; 1 elsewhere, without Vitis' DATAFLOW."""
        return 2 if self.is_fpga else 1

    def find_figure(self, primitive: Primitive) -> AreaFigure:
        """Return the figure that prices ``primitive``."""
        if primitive.kind.startswith("multiply") and self.counts == "primitives":
            wide = sum(primitive.sizes) >= self.dsp_bits and min(primitive.sizes) > 1
            if self.dsp and wide and primitive.kind == "multiply":
                return self.dsp
            return self.figures["multiply_narrow" if min(primitive.sizes) <= 2 else "multiply"]
        return self.figures[primitive.kind]


def price_primitives(
    built: PrimitiveCounts, table: AreaTable
) -> tuple[dict[str, float], dict[str, float], frozenset[str]]:
    """Return resources by unit, their errors by unit, and the units with a primitive whose error was never measured."""
    resources, errors = dict.fromkeys(table.units, 0.0), dict.fromkeys(table.units, 0.0)
    unknown: set[str] = set()
    for primitive, count in built.items():
        figure = table.find_figure(primitive)
        area = count * figure.price(primitive.sizes)
        resources[figure.unit] += area
        errors[figure.unit] += area * (figure.relative_error or 0.0)
        if figure.relative_error is None and area:
            unknown.add(figure.unit)
    return resources, errors, frozenset(unknown)


def list_area_tables() -> tuple[str, ...]:
    """Return the names of the tables that come with qhls and price any design, trained or not."""
    return _list_tables("primitives")


def list_tool_tables() -> tuple[str, ...]:
    """Return the names of the tables in qhls that estimate the area in an HLS tool's report on a trained model."""
    return _list_tables("operations")


def _list_tables(counts: str) -> tuple[str, ...]:
    names = sorted(path.stem for path in AREA_TABLES.glob("*.json"))
    return tuple(name for name in names if load_area_table(name).counts == counts)


def load_area_table(name_or_path: str | PathLike[str]) -> AreaTable:
    """Load an area table by name (``"xilinx_lut6"``) or from a JSON file, whose name it gets.

    Raises ``EnergyError`` for a name that does not exist and for a table that is not complete.
    """
    path = find_table("area table", name_or_path, AREA_TABLES)
    content: dict[str, Any] = read_json(path, "JSON", EnergyError, f"area table {path.stem!r}")
    try:
        figures = cast("dict[str, Any]", content["figures"])
        dsp, counts = content["dsp"], content.get("counts", "primitives")
        results = content.get("results")
        return AreaTable(
            path.stem,
            str(content["description"]),
            {kind: _read_figure(path.stem, kind, figures[kind]) for kind in KINDS[counts]},
            _read_figure(path.stem, "dsp", dsp["figure"]) if dsp else None,
            int(dsp["bits"]) if dsp else 0,
            counts,
            tuple(content.get("other_families", ())),
            Fixed.parse(results) if results else None,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as fault:
        raise EnergyError(
            f"area table {path.stem!r}: expected JSON with description, dsp and figures of {', '.join(PRIMITIVES)}, "
            f"or counts of 'operations' and figures of {', '.join(HLS_OPERATIONS)}, got {fault!r}. Correct the file."
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
