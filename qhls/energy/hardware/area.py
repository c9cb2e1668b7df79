"""``estimate_area``: LUT, DSP, FF and BRAM, or square micrometres, of a graph under a schedule, with error bars.

``primitives`` counts the hardware of each op. A table of formulas prices it, each with its source and its error.
The estimate leaves out control, address generation, input and output ports, and the glue logic of a tool. Estimates
of one table are comparable. The error bar adds the held-out errors of all primitives as if all had one sign. Only
so far does it say how much the sum differs from a placed design.
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

from qhls.energy.hardware.figures import FORMS
from qhls.energy.hardware.limits import list_warnings
from qhls.energy.hardware.primitives import Primitive, PrimitiveCounts, count_primitives
from qhls.energy.technology import find_table
from qhls.errors import EnergyError
from qhls.ir import Graph
from qhls.plan import Schedule, plan
from qhls.system.limits import read_json
from qhls.system.tables import make_cell, render_text

_TABLES = Path(__file__).parent / "areas"

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


@dataclass(frozen=True, slots=True)
class OpArea:
    """The resources of one op by unit, with their errors; ``open``: units with parts that were never measured."""

    name: str
    kind: str
    layer: str
    resources: Mapping[str, float]
    errors: Mapping[str, float]
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class AreaReport:
    """The resources of one design, by op and by Keras layer."""

    design: str
    table_name: str
    schedule: Schedule
    units: tuple[str, ...]
    ops: tuple[OpArea, ...]
    warnings: tuple[str, ...] = ()
    """Properties of the design that the schedule's part or a tool cannot build."""

    @property
    def totals(self) -> dict[str, float]:
        """Return the total by unit."""
        return {unit: math.fsum(op.resources[unit] for op in self.ops) for unit in self.units}

    @property
    def errors(self) -> dict[str, float]:
        """Return the error of the total by unit, from the errors that were measured."""
        return {unit: math.fsum(op.errors[unit] for op in self.ops) for unit in self.units}

    @property
    def layers(self) -> dict[str, dict[str, float]]:
        """Return resources by Keras layer, then by unit; an op without layer counts under its own name."""
        layers: dict[str, dict[str, float]] = {}
        for op in self.ops:
            layer = layers.setdefault(op.layer or op.name, dict.fromkeys(self.units, 0.0))
            for unit in self.units:
                layer[unit] += op.resources[unit]
        return layers

    def cell(self, unit: str) -> str:
        """Return the total and its error bar as text, with a "?" if part of it was never measured."""
        unmeasured = any(unit in op.open and op.resources[unit] for op in self.ops)
        text = f"{self.totals[unit]:,.0f} ± {self.errors[unit]:,.0f}"
        return text + (" ?" if unmeasured else "")

    def table(self) -> Table:
        """Return one row per layer, with the totals in the footer (see ``cell``)."""
        title = make_cell(f"Area of {self.design}, {self.table_name}", "italic")
        caption = Text("\n").join(make_cell(f"warning: {text}") for text in self.warnings)
        table = Table(title=title, caption=caption if self.warnings else None, show_footer=True)
        table.add_column("layer", "total")
        for unit in self.units:
            table.add_column(unit, self.cell(unit), justify="right")
        for layer, resources in self.layers.items():
            table.add_row(make_cell(layer), *(f"{resources[unit]:,.0f}" for unit in self.units))
        return table

    def __str__(self) -> str:
        return render_text(self.table())

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
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
    """Return the area of ``graph`` by the model that this module's docstring states."""
    network = plan(graph, schedule)
    ops = tuple(
        OpArea(
            op.name,
            op.kind,
            op.layer,
            *price_primitives(
                count_primitives(hardware, op not in graph.inputs, table.copies), table
            ),
        )
        for op, hardware, _ in network.walk()
    )
    report = AreaReport(graph.name, table.name, schedule, table.units, ops)
    return replace(report, warnings=tuple(list_warnings(network, report.totals)))


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
    return tuple(sorted(path.stem for path in _TABLES.glob("*.json")))


def load_area_table(name_or_path: str | PathLike[str]) -> AreaTable:
    """Load an area table by name (``"xilinx_lut6"``) or from a JSON file, which names it.

    Raises ``EnergyError`` for a name that does not exist and for a table that is not complete.
    """
    path = find_table("area table", name_or_path, _TABLES)
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
