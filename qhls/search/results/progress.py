"""Display of a running search on the terminal: its progress, and the front so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qhls.search.results.front import Point, tabulate_points
from qhls.search.trials.driver import ParetoPlan

REFRESH = 2
"""Refresh rate of the display, in frames per second."""


class Progress:
    """Context manager that displays trials and front, which ``update`` redraws.

    ``shown``: true, false for no display, or a ``rich`` console. If the console is not a terminal, only the final
    state is printed.
    """

    def __init__(self, shown: bool | Console, plan: ParetoPlan) -> None:
        self.plan, self._began = plan, time.monotonic()
        console = shown if isinstance(shown, Console) else Console()
        self._states = Counter[str]()
        self._front: Table | None = None
        # The elapsed time advances between trials and while workers start.
        settings = {"auto_refresh": console.is_terminal, "refresh_per_second": REFRESH}
        self._live = Live(console=console, get_renderable=self._draw, **settings) if shown else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
            self.update({}, [])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
            if not self._live.console.is_terminal:
                self._live.console.line()

    def update(self, records: Mapping[int, Mapping[str, Any]], points: Sequence[Point]) -> None:
        """Show all trials so far and the front among them."""
        if self._live:
            self._states = Counter(record["state"] for record in records.values())
            self._front = tabulate_points(self.plan.objectives, points)
            self._live.refresh()

    def _draw(self) -> Group:
        """Return what is displayed: a progress bar with trial counts, and the table of the front."""
        states, front = self._states, self._front or tabulate_points(self.plan.objectives, ())
        done = states["trained"] + states["stopped"]
        seconds = time.monotonic() - self._began
        parts = ", ".join(f"{count} {state}" for state, count in states.items()) or "none yet"
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(self.plan.trials, min(done, self.plan.trials), width=30),
            Text(f"{done} of {self.plan.trials} trials ({parts}), {seconds:.0f} s"),
        )
        return Group(line, front)
