"""``estimate_latency``: the latency of a graph under a schedule in clock cycles, from the processes of its plan.

A process starts one trip of its loops every ``interval`` cycles. The last trip needs ``depth`` more cycles.
``qhls.plan.network`` says which processes overlap in Vitis. In Catapult none do: an input takes the sum of all. The
depth is the number of logic levels of a trip, ``LOGIC_LEVEL_NS`` each, cut at the clock period.

Trips and intervals are those of the C++; a test compares them. The depth is an estimate with the error of
``DEPTH_ERROR``. It matters for ops with few trips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from qhls.ir import Graph
from qhls.plan import Plan, Process, Schedule, plan_design
from qhls.plan.streams.network import StreamPlan, StreamProcess
from qhls.system.display import Tabular
from qhls.system.tables import make_cell

DEPTH_ERROR = (9 / 11, 14 / 11)
"""The smallest and the largest ratio of real to estimated pipeline depth, from four designs on one device."""


@dataclass(frozen=True, slots=True)
class LatencyReport(Tabular):
    """The latency and initiation interval of one design in clock cycles."""

    design: str
    plan: Plan | StreamPlan

    @property
    def schedule(self) -> Schedule:
        """Return the schedule of the plan."""
        return self.plan.schedule

    @property
    def ops(self) -> tuple[Process | StreamProcess, ...]:
        """Return the processes of the design, and the copies of results to its outputs."""
        return *self.plan.processes, *self.plan.stores

    @property
    def latency(self) -> int:
        """Return the number of clock cycles from an input to its last output."""
        return self.plan.latency

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Return the reasons why the calls of Vitis' C++ do not overlap; empty if they do."""
        return self.plan.obstacles

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the lowest and the highest latency for pipeline depths within ``DEPTH_ERROR``."""
        waiting = self.plan.waiting
        low, high = (round((self.latency - waiting) * error) for error in DEPTH_ERROR)
        return waiting + low, waiting + high

    @property
    def interval(self) -> int:
        """Return the initiation interval of the C++ for Vitis, in clock cycles."""
        return self.plan.interval

    @property
    def sequential(self) -> int:
        """Return the latency if no calls overlap, as in Catapult, which is the initiation interval too."""
        return self.plan.sequential

    @property
    def nanoseconds(self) -> float:
        """Return the latency in nanoseconds at the schedule's clock period."""
        return self.latency * self.schedule.clock_period

    @property
    def headline(self) -> str:
        """Return latency and initiation interval as a sentence."""
        return (
            f"Latency of {self.design}: {count_cycles(self.latency)} ({self.bounds[0]} to {self.bounds[1]}), "
            f"{self.nanoseconds:g} ns; initiation interval: {count_cycles(self.interval)} "
            f"(Catapult: {self.sequential})"
        )

    def to_table(self) -> Table:
        """Return a table with one row per process; the caption names the obstacles to DATAFLOW."""
        title = make_cell(self.headline, "italic")
        caption = (
            make_cell(f"DATAFLOW disabled: {'; '.join(self.obstacles)}") if self.obstacles else None
        )
        table = Table(title=title, caption=caption)
        for heading in ("op", "trips", "interval", "bound by", "depth", "cycles"):
            table.add_column(heading, justify="left" if heading in ("op", "bound by") else "right")
        for op in self.ops:
            numbers = (str(op.trips), str(op.interval), op.bound, str(op.depth), str(op.cycles))
            table.add_row(make_cell(op.name), *numbers)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        return {
            "design": self.design,
            "latency": self.latency,
            "bounds": list(self.bounds),
            "interval": self.interval,
            "sequential": self.sequential,
            "obstacles": list(self.obstacles),
            "nanoseconds": self.nanoseconds,
            "ops": [
                {
                    **{"name": op.name, "trips": op.trips, "interval": op.interval},
                    **{"bound": op.bound, "depth": op.depth, "cycles": op.cycles},
                }
                for op in self.ops
            ],
        }


def count_cycles(cycles: int) -> str:
    """Return a number of clock cycles as text, such as ``1,024 cycles``."""
    return f"{cycles:,} cycle{'' if cycles == 1 else 's'}"


def estimate_latency(graph: Graph, schedule: Schedule) -> LatencyReport:
    """Return the latency of ``graph`` and its initiation interval, with the model in this module's docstring."""
    return LatencyReport(graph.name, plan_design(graph, schedule))
