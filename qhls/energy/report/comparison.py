"""``CostComparison``: the costs of several designs side by side, as tables, an SVG plot, an HTML page or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from qhls.energy.hardware.area import AreaReport
from qhls.energy.hardware.latency import LatencyReport
from qhls.energy.model import EnergyReport, compare
from qhls.energy.operations import BitOperations, sum_operations
from qhls.energy.report.page import render_page
from qhls.energy.report.plot import draw_bars, format_number
from qhls.energy.sensitivity import Saving
from qhls.energy.technology import Technology
from qhls.errors import EnergyError
from qhls.system.tables import make_cell, render_html, render_text


@dataclass(frozen=True, slots=True)
class CostComparison:
    """The costs of several designs by name, compared with those of the first. Energies are in pJ per inference.

    ``savings``: the energy that one bit less in each layer saves. ``areas``, ``latencies`` and ``operations`` (by
    Keras layer): the other costs of the same designs. Costs that were not requested are empty.
    Raises ``EnergyError`` without a design, or for a design priced with another technology.
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
            raise EnergyError("compare: expected at least one design, got none. Add a model.")
        for name, report in self.reports.items():
            if report.technology != self.technology.name:
                raise EnergyError(
                    f"compare: expected {name!r} priced by {self.technology.name!r}, "
                    f"got {report.technology!r}. Price all designs with one technology."
                )

    @property
    def ratios(self) -> dict[str, float]:
        """Return each design's total energy divided by that of the first, by name; nan if the first total is 0."""
        reference = next(iter(self.reports.values())).total
        return {
            name: report.total / reference if reference else math.nan
            for name, report in self.reports.items()
        }

    def to_table(self) -> Table:
        """Return a table with one row per design: energy by cause and in total, and its ratio to the first design's."""
        return compare(self.reports)

    def tabulate_layers(self) -> Table:
        """Return a table of energy by Keras layer (rows) and design (columns); a cell is empty without such a layer."""
        table = Table(title="Energy by layer, pJ per inference", show_footer=True)
        table.add_column("layer", "total")
        for name, report in self.reports.items():
            table.add_column(make_cell(name), format_number(report.total), justify="right")
        names = dict.fromkeys(name for report in self.reports.values() for name in report.layers)
        totals = {
            design: {name: math.fsum(causes.values()) for name, causes in report.layers.items()}
            for design, report in self.reports.items()
        }
        for layer in names:
            cells = (format_number(t[layer]) if layer in t else "" for t in totals.values())
            table.add_row(make_cell(layer), *cells)
        return table

    def tabulate_savings(self, design: str) -> Table:
        """Return a table of the savings of one bit less in each layer of ``design``, with their shares of the total."""
        total = self.reports[design].total
        title = make_cell(f"Savings of one bit less in {design}, pJ per inference", "italic")
        table = Table(title=title)
        for heading in ("layer", "weights", "share", "activations", "share"):
            table.add_column(heading, justify="left" if heading == "layer" else "right")
        for saving in self.savings[design]:
            cells: list[str] = []
            for value in (saving.weights, saving.activations):
                share = value / total if value is not None and total else None
                cells.append("-" if value is None else format_number(value))
                cells.append("-" if share is None else f"{share:.1%}")
            table.add_row(make_cell(saving.layer), *cells)
        return table

    def tabulate_costs(self) -> Table:
        """Return a table with one row per design: area with error bars, latency and initiation interval."""
        table = Table(title="Area and latency")
        table.add_column("design")
        units = next((report.units for report in self.areas.values()), ())
        for heading in (*units, *(("cycles", "ns", "interval") if self.latencies else ())):
            table.add_column(heading, justify="right")
        for name in dict.fromkeys((*self.areas, *self.latencies)):
            cells = [self.areas[name].format_figure(unit) for unit in units]
            if self.latencies:
                timed = self.latencies[name]
                low, high = timed.bounds
                cells.append(f"{timed.latency:,} ({low:,} to {high:,})")
                cells += [f"{timed.nanoseconds:,g}", f"{timed.interval:,}"]
            table.add_row(make_cell(name), *cells)
        return table

    def tabulate_operations(self) -> Table:
        """Return a table with one row per design: MACs, BOPs and EBOPs of one inference."""
        table = Table("design", title="Operations per inference")
        for heading in ("MACs", "BOPs", "EBOPs"):
            table.add_column(heading, justify="right")
        for name, layers in self.operations.items():
            counts = sum_operations(layers)
            numbers = (f"{counts.macs:,}", f"{counts.bops:,.0f}", f"{counts.ebops:,}")
            table.add_row(make_cell(name), *numbers)
        return table

    def to_renderable(self) -> Group:
        """Return all tables, for a ``rich`` console."""
        return Group(
            self.to_table(),
            self.tabulate_layers(),
            *([self.tabulate_costs()] if self.areas or self.latencies else []),
            *([self.tabulate_operations()] if self.operations else []),
            *(self.tabulate_savings(design) for design in self.savings),
        )

    def __str__(self) -> str:
        return render_text(self.to_renderable())

    def _repr_html_(self) -> str:
        tables = (each for each in self.to_renderable().renderables if isinstance(each, Table))
        return "".join(map(render_html, tables))

    def to_dict(self) -> dict[str, Any]:
        """Return all costs, ready for ``json.dumps``."""
        return {
            "unit": "pJ per inference",
            "technology": self.technology.name,
            "reports": {name: report.to_dict() for name, report in self.reports.items()},
            "areas": {name: report.to_dict() for name, report in self.areas.items()},
            "latencies": {name: report.to_dict() for name, report in self.latencies.items()},
            "operations": {
                name: {layer: asdict(counts) for layer, counts in layers.items()}
                for name, layers in self.operations.items()
            },
            "ratios": {n: None if math.isnan(r) else r for n, r in self.ratios.items()},
            "savings": {
                design: {
                    s.layer: {"weights": s.weights, "activations": s.activations} for s in savings
                }
                for design, savings in self.savings.items()
            },
        }

    def to_svg(self) -> str:
        """Return an SVG with one bar of energy per design, stacked by cause."""
        return draw_bars({name: report.causes for name, report in self.reports.items()})

    def to_html(self) -> str:
        """Return a self-contained HTML page with all costs and the sources of the prices."""
        return render_page(
            self.technology,
            self.reports,
            self.ratios,
            areas=self.areas,
            latencies=self.latencies,
            operations=self.operations,
            savings=self.savings,
        )

    def save(self, path: str | Path) -> Path:
        """Write the page (.html), the plot (.svg) or the numbers (.json), by the suffix of ``path``.

        Raises ``EnergyError`` for another suffix or a path that cannot be written.
        """
        path = Path(path)
        forms = {
            ".html": self.to_html,
            ".svg": self.to_svg,
            ".json": lambda: json.dumps(self.to_dict(), indent=2),
        }
        if path.suffix not in forms:
            raise EnergyError(
                f"comparison: expected a file name that ends in {', '.join(forms)}, got {str(path)!r}. "
                "Choose one of these suffixes."
            )
        try:
            path.write_text(forms[path.suffix]() + "\n", encoding="utf-8")
        except OSError as error:
            raise EnergyError(
                f"comparison: expected a path to write to, got {error}. Choose another path."
            ) from error
        return path
