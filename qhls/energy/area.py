"""``estimate_area``: LUT, DSP, FF and BRAM, or square micrometres, of a graph under a schedule, with error bars.

The hardware of each op is counted (``primitives``) and priced by a table of formulas, each with its
source and its error. Not in it: control, address generation, input and output ports, the glue of a
tool. Two estimates of one table compare; how far the sum lies from a placed design its error bar says as far
as it was measured: the primitives' own held-out error, taken as if all erred to the same side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

from rich.table import Table
from rich.text import Text

from qhls.energy.figures import FORMS
from qhls.energy.limits import warnings_of
from qhls.energy.primitives import Hardware, Primitive, hardware
from qhls.energy.technology import table_path
from qhls.energy.text import as_text, cell
from qhls.errors import EnergyError
from qhls.ir import Graph, Schedule
from qhls.ir.dataflow import channels
from qhls.limits import read_json

_TABLES = Path(__file__).parent / "areas"

PRIMITIVES = (
    *("multiply", "multiply_narrow", "scale", "accumulate", "add", "maximum", "relu", "compare"),
    *("compare_constant", "choice", "gate", "round", "saturate", "lookup", "select"),
    *("register", "bram", "rom", "lutram"),
)
"""What a table prices; ``multiply_narrow`` is a product with a number of at most two bits."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An area: the sum of ``coefficients`` times the terms of the form ``formula``, never below 0.

    ``relative_error``: the share of it that it may be off by; None where nobody measured it.
    """

    unit: str
    formula: str
    coefficients: tuple[float, ...]
    relative_error: float | None
    source: str
    error: str

    def area(self, sizes: tuple[int, ...]) -> float:
        """In ``unit``, of one primitive."""
        terms = FORMS[self.formula](sizes)
        return max(math.fsum(c * t for c, t in zip(self.coefficients, terms, strict=True)), 0.0)


@dataclass(frozen=True, slots=True)
class AreaTable:
    """Areas of primitives. ``dsp``: the figure of a product of at least ``dsp_bits`` bits, counting both operands'."""

    name: str
    description: str
    figures: Mapping[str, Figure]
    dsp: Figure | None = None
    dsp_bits: int = 0

    @property
    def units(self) -> tuple[str, ...]:
        """The resources there are, in the order of the table."""
        figures = (*self.figures.values(), *([self.dsp] if self.dsp else ()))
        return tuple(dict.fromkeys(figure.unit for figure in figures))

    @property
    def is_fpga(self) -> bool:
        """Whether it counts the cells of an FPGA, which Vitis builds."""
        return "LUT" in self.units

    def copies(self, channel: bool) -> int:
        """Return how often a tensor is stored: twice if it is a ``channel`` of Vitis' DATAFLOW; Catapult has none."""
        return 2 if channel and self.is_fpga else 1

    def figure(self, primitive: Primitive) -> Figure:
        """The figure that prices ``primitive``."""
        if primitive.kind == "multiply":
            if self.dsp and sum(primitive.sizes) >= self.dsp_bits and min(primitive.sizes) > 1:
                return self.dsp
            return self.figures["multiply_narrow" if min(primitive.sizes) <= 2 else "multiply"]
        return self.figures[primitive.kind]


@dataclass(frozen=True, slots=True)
class OpArea:
    """Resources of one op by unit; ``errors``: how far each may be off; ``open``: units with parts nobody measured."""

    name: str
    kind: str
    layer: str
    resources: Mapping[str, float]
    errors: Mapping[str, float]
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class AreaReport:
    """Resources of one design, by op and by Keras layer."""

    design: str
    table_name: str
    schedule: Schedule
    units: tuple[str, ...]
    ops: tuple[OpArea, ...]
    warnings: tuple[str, ...] = ()
    """What the schedule's part or a tool cannot build."""

    @property
    def totals(self) -> dict[str, float]:
        """By unit."""
        return {unit: math.fsum(op.resources[unit] for op in self.ops) for unit in self.units}

    @property
    def errors(self) -> dict[str, float]:
        """By unit: how far the total may be off by the errors that were measured."""
        return {unit: math.fsum(op.errors[unit] for op in self.ops) for unit in self.units}

    @property
    def layers(self) -> dict[str, dict[str, float]]:
        """By Keras layer, then by unit; an op without layer is its own."""
        found: dict[str, dict[str, float]] = {}
        for op in self.ops:
            layer = found.setdefault(op.layer or op.name, dict.fromkeys(self.units, 0.0))
            for unit in self.units:
                layer[unit] += op.resources[unit]
        return found

    def cell(self, unit: str) -> str:
        """The total and its error bar as text, with a "?" where part of it was not measured."""
        unmeasured = any(unit in op.open and op.resources[unit] for op in self.ops)
        text = f"{self.totals[unit]:,.0f} ± {self.errors[unit]:,.0f}"
        return text + (" ?" if unmeasured else "")

    def table(self) -> Table:
        """A row a layer; in the footer the totals (see ``cell``)."""
        title = cell(f"Area of {self.design}, {self.table_name}", "italic")
        caption = Text("\n").join(cell(f"warning: {text}") for text in self.warnings)
        table = Table(title=title, caption=caption if self.warnings else None, show_footer=True)
        table.add_column("layer", "total")
        for unit in self.units:
            table.add_column(unit, self.cell(unit), justify="right")
        for layer, resources in self.layers.items():
            table.add_row(cell(layer), *(f"{resources[unit]:,.0f}" for unit in self.units))
        return table

    def __str__(self) -> str:
        return as_text(self.table())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for ``json.dumps``."""
        return {
            "design": self.design,
            "table": self.table_name,
            "totals": self.totals,
            "errors": self.errors,
            "layers": self.layers,
            "warnings": list(self.warnings),
            "ops": [
                {"name": op.name, "kind": op.kind, "layer": op.layer, **dict(op.resources)}
                for op in self.ops
            ],
        }


def estimate_area(graph: Graph, schedule: Schedule, table: AreaTable) -> AreaReport:
    """Return the area of ``graph``: the model that this module's docstring states."""
    between = channels(graph)
    ops = tuple(
        OpArea(
            op.name,
            op.kind,
            op.layer,
            *priced(
                hardware(op, schedule, op not in graph.inputs, table.copies(op in between)), table
            ),
        )
        for op, _ in graph.walk()
    )
    report = AreaReport(graph.name, table.name, schedule, table.units, ops)
    return replace(report, warnings=tuple(warnings_of(graph, schedule, report.totals)))


def priced(
    built: Hardware, table: AreaTable
) -> tuple[dict[str, float], dict[str, float], frozenset[str]]:
    """Resources by unit, how far each may be off, and the units with parts that nobody measured."""
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
    """The names of the area tables that come with qhls."""
    return tuple(sorted(path.stem for path in _TABLES.glob("*.json")))


def load_area_table(name_or_path: str | PathLike[str]) -> AreaTable:
    """An area table by name (``"xilinx_lut6"``) or from a JSON file of yours, named after the file.

    Raises ``EnergyError`` for a name that does not exist and for a table that is not complete.
    """
    path = table_path("area table", name_or_path, _TABLES)
    content: dict[str, Any] = read_json(path, "JSON", EnergyError, f"area table {path.stem!r}")
    try:
        given = cast("dict[str, Any]", content["figures"])
        dsp = content["dsp"]
        return AreaTable(
            path.stem,
            str(content["description"]),
            {kind: _figure(path.stem, kind, given[kind]) for kind in PRIMITIVES},
            _figure(path.stem, "dsp", dsp["figure"]) if dsp else None,
            int(dsp["bits"]) if dsp else 0,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as fault:
        raise EnergyError(
            f"area table {path.stem!r}: expected JSON with description, dsp and figures of "
            f"{', '.join(PRIMITIVES)}, got {fault!r}"
        ) from None


def _figure(table: str, kind: str, given: dict[str, Any]) -> Figure:
    formula, coefficients = given["formula"], given["coefficients"]
    error = given["relative_error"]
    where = f"area table {table!r}, {kind}"
    if formula not in FORMS:
        raise EnergyError(f"{where}: expected a formula of {'; '.join(FORMS)}, got {formula!r}")
    if not all(isinstance(c, int | float) and math.isfinite(c) for c in coefficients):
        raise EnergyError(f"{where}: expected finite coefficients, got {coefficients!r}")
    if error is not None and not (isinstance(error, int | float) and error >= 0):
        raise EnergyError(
            f"{where}: expected a relative_error of at least 0 or null, got {error!r}"
        )
    for key in ("unit", "source", "error"):
        if not str(given[key]).strip():
            raise EnergyError(f"{where}: expected a {key} that is not empty, got {given[key]!r}")
    return Figure(
        given["unit"],
        formula,
        tuple(map(float, coefficients)),
        error,
        given["source"],
        given["error"],
    )
