"""Pareto front of a search: points with their trained models, each with a command that checks its design."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
from rich.table import Table
from rich.text import Text

from qhls.compile import compile as compile_model
from qhls.design import Design
from qhls.errors import QhlsError
from qhls.search.errors import SearchError
from qhls.search.goals.costs import COST_UNITS, Hardware
from qhls.search.goals.objectives import Objective
from qhls.search.space.choices import Candidate
from qhls.system.display import Tabular
from qhls.system.text import escape_line

REPORT = "report.html"


@dataclass(frozen=True)
class Point:
    """A trained candidate.

    ``values``: by objective, with the costs of the trained design. ``costs``: those from before training.
    ``metrics``: Keras' logs of the best epoch.
    ``path``: the file of the trained model, which ``qhls.load_model`` and the command line read.
    """

    number: int
    candidate: Candidate
    values: Mapping[str, float]
    costs: Mapping[str, float]
    metrics: Mapping[str, float]
    path: Path
    hardware: Hardware = field(default_factory=Hardware, repr=False)

    def model(self) -> keras.Model:
        """Return the quantised model with its trained weights. Raises ``LoadError``."""
        from qhls.frontend import load_model

        return load_model(self.path)

    def design(self) -> Design:
        """Compile the trained model and return its design. Raises ``LoweringError``."""
        return self._design

    @cached_property
    def _design(self) -> Design:
        return compile_model(
            self.model(), self.hardware.input_types, schedule=self.hardware.schedule
        )

    @cached_property
    def command(self) -> str:
        """Command that compiles the model and compares Keras, interpreter and C simulations bit for bit."""
        try:
            types = [str(op.type) for op in self.design().graph.inputs]
        except QhlsError:
            types = []  # the command then reports why the model does not compile
        inputs = [part for each in types for part in ("-i", each)]
        return shlex.join(["qhls", "check", str(self.path), *inputs])


@dataclass(frozen=True)
class Front(Tabular):
    """Pareto front: the points that no other point dominates, sorted by the first objective, the best first.

    ``records``: number of a trial -> its record in the journal. ``study``: the file or URL of the trials as an Optuna
    study.
    """

    objectives: tuple[Objective, ...]
    points: tuple[Point, ...]
    folder: Path
    records: Mapping[int, Mapping[str, Any]] = field(repr=False)
    study: str = ""

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> Point:
        return self.points[index]

    def best(self, name: str, **bounds: float) -> Point:
        """Return the point that is best in the objective ``name`` among the points within ``bounds``.

        ``bounds``: by objective, a minimum if more is better, else a maximum.
        Raises ``SearchError`` for a name that is no objective, or if no point is within the bounds.
        """
        by_name = {objective.name: objective for objective in self.objectives}
        for each in (name, *bounds):
            if each not in by_name:
                raise SearchError(
                    f"front: expected one of {', '.join(by_name)}, got {each!r}. Choose one of these."
                )
        within = [
            point
            for point in self.points
            if all(
                by_name[n].to_loss(point.values[n]) <= by_name[n].to_loss(b)
                for n, b in bounds.items()
            )
        ]
        if not within:
            raise SearchError(
                f"front: expected a point within {bounds}, got none. Loosen the bounds."
            )
        return min(within, key=lambda point: by_name[name].to_loss(point.values[name]))

    def count_states(self) -> dict[str, int]:
        """Return the number of trials of each state."""
        states = [record["state"] for record in self.records.values()]
        return {state: states.count(state) for state in dict.fromkeys(states)}

    @property
    def dashboard(self) -> str:
        """Shell command that shows all trials in a browser, even during a search; it omits the database password."""
        return shlex.join(["optuna-dashboard", self.study])

    def to_table(self) -> Table:
        """Return a table with one row per point."""
        return tabulate_points(self.objectives, self.points)

    def report(self, path: str | Path | None = None) -> Path:
        """Write a page that shows all trials, the front and each point's command; ``report.html`` by default."""
        from qhls.search.results.report import write

        return write(self, Path(path) if path is not None else self.folder / REPORT)

    def to_json(self) -> str:
        """Return the points as JSON text."""
        points = [
            {
                "number": point.number,
                "values": dict(point.values),
                "candidate": point.candidate,
                "path": str(point.path),
                "command": point.command,
            }
            for point in self.points
        ]
        return json.dumps(points, indent=1)


def tabulate_points(objectives: tuple[Objective, ...], points: Any) -> Table:
    """Return a table with one row per point: its number, its objectives and its model's file."""
    table = Table(title="Pareto front")
    table.add_column("trial", justify="right")
    for objective in objectives:
        unit = f", {COST_UNITS[objective.name]}" if objective.is_cost else ""
        table.add_column(f"{objective.name}{unit}", justify="right")
    table.add_column("model")
    for point in points:
        values = [format_figure(point.values[objective.name]) for objective in objectives]
        table.add_row(str(point.number), *values, Text(escape_line(str(point.path))))
    return table


def format_figure(value: float) -> str:
    """Format a number for a table: four significant digits below 1000, else an integer."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
