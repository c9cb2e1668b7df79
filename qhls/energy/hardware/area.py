"""``estimate_area``: the area of a graph under a schedule, in LUT, DSP, FF and BRAM or in um2, with error bars.

``primitives`` counts the hardware of each op. A table of formulas prices it, each with its source and its error.
The estimate leaves out control, address generation, input and output ports, and the glue logic of a tool. Estimates
of one table are comparable. The error bar adds the errors of all primitives, measured on rows left out of the fit, as
if all had one sign. It does not cover the difference between the sum and a placed design.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.table import Table
from rich.text import Text

from qhls.energy.hardware.hls import list_operations
from qhls.energy.hardware.limits import list_warnings
from qhls.ir import Graph, Op
from qhls.plan import Plan, Schedule, plan_design
from qhls.plan.hardware.parts import find_part
from qhls.plan.hardware.prices import AreaTable, price_primitives
from qhls.plan.hardware.primitives import PrimitiveCounts
from qhls.plan.search import count_plan
from qhls.plan.streams.network import StreamPlan
from qhls.system.display import Tabular
from qhls.system.tables import make_cell


@dataclass(frozen=True, slots=True)
class OpArea:
    """The resources of one op by unit, with their errors; ``open``: the units whose error is not fully known."""

    name: str
    kind: str
    layer: str
    resources: Mapping[str, float]
    errors: Mapping[str, float]
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class AreaReport(Tabular):
    """The estimated area of one design, by op and by Keras layer."""

    design: str
    table_name: str
    schedule: Schedule
    units: tuple[str, ...]
    ops: tuple[OpArea, ...]
    warnings: tuple[str, ...] = ()
    """The reasons why the schedule's part or a tool may be unable to build the design, or why figures are too low."""

    @property
    def totals(self) -> dict[str, float]:
        """Return the total area by unit."""
        return {unit: math.fsum(op.resources[unit] for op in self.ops) for unit in self.units}

    @property
    def errors(self) -> dict[str, float]:
        """Return the error of the total area by unit: the sum of all measured errors."""
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

    def format_figure(self, unit: str) -> str:
        """Return the total in ``unit`` and its error as text, with a "?" if the error of a part is unknown."""
        unmeasured = any(unit in op.open and op.resources[unit] for op in self.ops)
        text = f"{self.totals[unit]:,.0f} ± {self.errors[unit]:,.0f}"
        return text + (" ?" if unmeasured else "")

    def to_table(self) -> Table:
        """Return a table with one row per layer, with the totals in the footer."""
        title = make_cell(f"Area of {self.design}, {self.table_name}", "italic")
        caption = Text("\n").join(make_cell(f"warning: {text}") for text in self.warnings)
        table = Table(title=title, caption=caption if self.warnings else None, show_footer=True)
        table.add_column("layer", "total")
        for unit in self.units:
            table.add_column(unit, self.format_figure(unit), justify="right")
        for layer, resources in self.layers.items():
            table.add_row(make_cell(layer), *(f"{resources[unit]:,.0f}" for unit in self.units))
        return table

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
    network = plan_design(graph, schedule)
    ops = tuple(
        OpArea(op.name, op.kind, op.layer, *price_primitives(built, table))
        for op, built in _count_hardware(network, table)
    )
    report = AreaReport(graph.name, table.name, schedule, table.units, ops)
    warnings = *_warn_of_family(schedule, table), *list_warnings(network, report.totals)
    return replace(report, warnings=warnings)


def _count_hardware(
    network: Plan | StreamPlan, table: AreaTable
) -> Iterator[tuple[Op, PrimitiveCounts]]:
    """Yield each op with the counts of its primitives or operations, whichever ``table`` prices."""
    if table.counts == "operations":
        yield from list_operations(network, table.results)
        return
    yield from count_plan(network, table.copies)


def _warn_of_family(schedule: Schedule, table: AreaTable) -> Iterator[str]:
    """Yield a warning if the part is of a device family for which the figures of the table are too low."""
    part = find_part(schedule.part)
    if table.other_families and part and part.device.startswith(table.other_families):
        yield (
            f"area table {table.name!r}: expected a part of UltraScale or UltraScale+, got {part.device}, where tools "
            f"report about 1.3 times as many LUT per addition. Read the figures as a lower bound."
        )
