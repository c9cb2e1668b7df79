"""``Comparison``: what several designs cost, side by side, as tables, a plot, a page or numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from qhls.energy.area import AreaReport
from qhls.energy.latency import LatencyReport
from qhls.energy.model import EnergyReport, compare
from qhls.energy.operations import BitOperations, total
from qhls.energy.page import page
from qhls.energy.plot import bars, number
from qhls.energy.sensitivity import Saving
from qhls.energy.technology import Technology
from qhls.energy.text import as_text, cell
from qhls.errors import EnergyError


@dataclass(frozen=True, slots=True)
class Comparison:
    """Designs by name, the first of which the others are compared with. pJ per inference throughout.

    ``savings``: what a bit less in each layer saves, for the designs where it was asked for. ``areas``, ``latencies``
    and ``operations`` (by Keras layer): the same designs' other costs, empty where they were not asked for.
    Raises ``EnergyError`` if there is no design, or one of another technology.
    """

    reports: Mapping[str, EnergyReport]
    technology: Technology
    savings: Mapping[str, tuple[Saving, ...]] = field(default_factory=dict[str, tuple[Saving, ...]])
    areas: Mapping[str, AreaReport] = field(default_factory=dict[str, AreaReport])
    latencies: Mapping[str, LatencyReport] = field(default_factory=dict[str, LatencyReport])
    operations: Mapping[str, dict[str, BitOperations]] = field(
        default_factory=dict[str, dict[str, BitOperations]]
    )

    def __post_init__(self) -> None:
        if not self.reports:
            raise EnergyError("compare: expected at least one design, got none")
        for name, report in self.reports.items():
            if report.technology != self.technology.name:
                raise EnergyError(
                    f"compare: expected {name!r} priced by {self.technology.name!r}, "
                    f"got {report.technology!r}"
                )

    @property
    def ratios(self) -> dict[str, float]:
        """Total over the first design's, by name; nan where the first costs nothing."""
        reference = next(iter(self.reports.values())).total
        return {
            name: report.total / reference if reference else math.nan
            for name, report in self.reports.items()
        }

    def table(self) -> Table:
        """A row a design: pJ by cause, in all, and the ratio to the first."""
        return compare(self.reports)

    def layers_table(self) -> Table:
        """A row a Keras layer, a column a design; empty where a design has no such layer."""
        table = Table(title="Energy by layer, pJ per inference", show_footer=True)
        table.add_column("layer", "total")
        for name, report in self.reports.items():
            table.add_column(cell(name), number(report.total), justify="right")
        names = dict.fromkeys(name for report in self.reports.values() for name in report.layers)
        totals = {
            design: {name: math.fsum(causes.values()) for name, causes in report.layers.items()}
            for design, report in self.reports.items()
        }
        for layer in names:
            cells = (number(t[layer]) if layer in t else "" for t in totals.values())
            table.add_row(cell(layer), *cells)
        return table

    def savings_table(self, design: str) -> Table:
        """A row a layer of ``design``: what a bit less of its weights or activations saves, and its share."""
        whole = self.reports[design].total
        title = cell(f"One bit less in {design} saves, pJ per inference", "italic")
        table = Table(title=title)
        for heading in ("layer", "weights", "share", "activations", "share"):
            table.add_column(heading, justify="left" if heading == "layer" else "right")
        for saving in self.savings[design]:
            cells: list[str] = []
            for value in (saving.weights, saving.activations):
                share = value / whole if value is not None and whole else None
                cells.append("-" if value is None else number(value))
                cells.append("-" if share is None else f"{share:.1%}")
            table.add_row(cell(saving.layer), *cells)
        return table

    def costs_table(self) -> Table:
        """A row a design: area with its error bars, cycles of an input and between inputs."""
        table = Table(title="Area and latency")
        table.add_column("design")
        units = next((report.units for report in self.areas.values()), ())
        for heading in (*units, *(("cycles", "ns", "interval") if self.latencies else ())):
            table.add_column(heading, justify="right")
        for name in dict.fromkeys((*self.areas, *self.latencies)):
            cells = [self.areas[name].cell(unit) for unit in units]
            if self.latencies:
                timed = self.latencies[name]
                low, high = timed.bounds
                cells.append(f"{timed.latency:,} ({low:,} to {high:,})")
                cells += [f"{timed.nanoseconds:,g}", f"{timed.interval:,}"]
            table.add_row(cell(name), *cells)
        return table

    def operations_table(self) -> Table:
        """A row a design: products, BOPs and EBOPs of one inference."""
        table = Table("design", title="Operations per inference")
        for heading in ("MACs", "BOPs", "EBOPs"):
            table.add_column(heading, justify="right")
        for name, layers in self.operations.items():
            found = total(layers)
            numbers = (f"{found.macs:,}", f"{found.bops:,.0f}", f"{found.ebops:,}")
            table.add_row(cell(name), *numbers)
        return table

    def renderable(self) -> Group:
        """All tables, for a ``rich`` console."""
        return Group(
            self.table(),
            self.layers_table(),
            *([self.costs_table()] if self.areas or self.latencies else []),
            *([self.operations_table()] if self.operations else []),
            *(self.savings_table(design) for design in self.savings),
        )

    def __str__(self) -> str:
        return as_text(self.renderable())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for ``json.dumps``."""
        return {
            "unit": "pJ per inference",
            "technology": self.technology.name,
            "reports": {name: report.to_dict() for name, report in self.reports.items()},
            "areas": {name: report.to_dict() for name, report in self.areas.items()},
            "latencies": {name: report.to_dict() for name, report in self.latencies.items()},
            "operations": {
                name: {layer: asdict(found) for layer, found in layers.items()}
                for name, layers in self.operations.items()
            },
            "ratios": {n: None if math.isnan(r) else r for n, r in self.ratios.items()},
            "savings": {
                design: {
                    s.layer: {"weights": s.weights, "activations": s.activations} for s in given
                }
                for design, given in self.savings.items()
            },
        }

    def svg(self) -> str:
        """A bar a design, stacked by cause, as SVG."""
        return bars({name: report.causes for name, report in self.reports.items()})

    def html(self) -> str:
        """A page of its own with everything, and the sources of the prices; it fetches nothing."""
        return page(self)

    def save(self, path: str | Path) -> Path:
        """Write the page (.html), the plot (.svg) or the numbers (.json), by the suffix of ``path``.

        Raises ``EnergyError`` for another suffix or a path that cannot be written.
        """
        path = Path(path)
        forms = {
            ".html": self.html,
            ".svg": self.svg,
            ".json": lambda: json.dumps(self.to_dict(), indent=2),
        }
        if path.suffix not in forms:
            raise EnergyError(
                f"comparison: expected a file name that ends in {', '.join(forms)}, got {str(path)!r}"
            )
        try:
            path.write_text(forms[path.suffix]() + "\n", encoding="utf-8")
        except OSError as error:
            raise EnergyError(f"comparison: expected a path to write to, got {error}") from error
        return path
