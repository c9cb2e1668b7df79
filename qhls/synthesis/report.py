"""``SynthesisReport``: the counts of a synthesis tool beside our own estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from qhls.synthesis.families import COLUMNS
from qhls.system.display import Tabular
from qhls.system.tables import make_cell


@dataclass(frozen=True, slots=True)
class SynthesisReport(Tabular):
    """Resources of one design as a tool counts them and as we estimate them, and the longest path by layer."""

    design: str
    family: str
    tool: str
    resources: Mapping[str, int]
    estimates: Mapping[str, float]
    errors: Mapping[str, float]
    """Error bars of the estimates, by resource, from the largest errors on similar designs."""
    path: tuple[tuple[str, int], ...]
    """Layers on the register-to-register path with the most cells, each with its number of cells on the path."""
    levels: int
    """Number of adders, comparisons and tables on the longest path of our netlist."""
    latency: int
    """Clock cycles from an input to its output."""
    cells: Mapping[str, int]
    """Number of cells that the tool maps to, by type of cell."""

    @property
    def cells_on_path(self) -> int:
        """Return the number of cells on the longest path."""
        return sum(cells for _, cells in self.path)

    def find_ratio(self, column: str) -> float | None:
        """Return the estimate divided by the tool's count; None where the tool counts nothing."""
        counted = self.resources[column]
        return self.estimates[column] / counted if counted else None

    def judge(self, column: str) -> str:
        """Return whether an estimate is right: "equal", "within the error", or "outside the error"."""
        difference = abs(self.estimates[column] - self.resources[column])
        if difference < 0.5:
            return "equal"
        return f"{'within' if difference <= self.errors[column] else 'outside'} the error"

    def to_table(self) -> Table:
        """Return a table with one row per resource and the longest path in the caption."""
        title = f"{self.design} on {self.family} by {self.tool}, latency {self.latency}"
        path = ", ".join(f"{layer}: {cells}" for layer, cells in self.path)
        caption = f"longest path, cells by layer: {path} ({self.cells_on_path}); levels of our netlist: {self.levels}"
        table = Table(title=make_cell(title, "italic"), caption=Text(caption))
        table.add_column("resource")
        for name in (self.tool, "estimate", "error bar", "ratio"):
            table.add_column(name, justify="right")
        table.add_column("verdict")
        for column in COLUMNS:
            ratio = self.find_ratio(column)
            figures = (self.resources[column], self.estimates[column], self.errors[column])
            texts = (f"{figure:,.0f}" for figure in figures)
            shown = "" if ratio is None else f"{ratio:.2f}"
            table.add_row(column, *texts, shown, self.judge(column))
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        return {
            "design": self.design,
            "family": self.family,
            "tool": self.tool,
            "latency": self.latency,
            "resources": {
                column: {
                    "tool": self.resources[column],
                    "estimate": self.estimates[column],
                    "error": self.errors[column],
                    "ratio": self.find_ratio(column),
                    "verdict": self.judge(column),
                }
                for column in COLUMNS
            },
            "longest path": [{"layer": layer, "cells": cells} for layer, cells in self.path],
            "levels": self.levels,
            "cells": dict(self.cells),
        }
