"""``read_report``: the figures in a vendor's report, in the same form as qhls' own estimates."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, cast

from rich.console import Group
from rich.table import Table

from qhls.energy.hardware.area import AreaReport, OpArea
from qhls.energy.hardware.latency import LatencyReport, count_cycles
from qhls.energy.hardware.limits import warn_of_part
from qhls.energy.tool_reports.contents import Clock, Contents, Cycles
from qhls.energy.tool_reports.csynth_xml import read_csynth_xml
from qhls.energy.tool_reports.hls import read_cosim, read_module, read_synthesis_summary
from qhls.energy.tool_reports.vivado import read_export, read_utilization
from qhls.errors import EnergyError
from qhls.ir import Graph
from qhls.plan import Schedule, plan
from qhls.plan.hardware.parts import UNITS, find_part
from qhls.system.display import Printed
from qhls.system.files import read
from qhls.system.tables import make_cell, render_text
from qhls.system.text import shorten

SHARE = 48
"""The factor by which a report's size counts against the size limit, because its Python objects are larger."""

_KINDS = (
    "csynth.xml, csynth.rpt, a module's _csynth.rpt, _cosim.rpt or an export report of Vivado HLS or Vitis HLS, "
    "or report_utilization of Vivado"
)


@dataclass(frozen=True, slots=True)
class StatedCall:
    """The cycles of an instance or loop as a tool states them, with the properties that a latency report prints."""

    name: str
    kind: str
    trips: int
    interval: int
    cycles: int
    layer: str = ""
    bound: str = "report"

    @property
    def depth(self) -> int:
        """Return the pipeline depth with which trips and interval give the stated number of cycles."""
        return self.cycles - self.trips * self.interval + 1

    @property
    def busy(self) -> int:
        """Return the number of cycles after which the instance or loop can begin on the next tensor."""
        return self.trips * self.interval


@dataclass(frozen=True, slots=True)
class ToolLatency(LatencyReport):
    """A latency report with the clock cycles that a tool states; its plan is empty."""

    calls: tuple[StatedCall, ...]
    most: int
    least: int
    stated_interval: int | None
    has_clock: bool

    @property
    def ops(self) -> tuple[Any, ...]:
        """Return the instances and loops whose cycles the tool states."""
        return self.calls

    @property
    def latency(self) -> int:
        """Return the largest latency that the tool states, in clock cycles."""
        return self.most

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Return an empty tuple, because a report states no obstacles."""
        return ()

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the smallest and the largest latency that the tool states, in clock cycles."""
        return self.least, self.latency

    @property
    def interval(self) -> int:
        """Return the largest initiation interval that the tool states, or the latency if it states none."""
        return self.latency if self.stated_interval is None else self.stated_interval

    @property
    def sequential(self) -> int:
        """Return the latency, because the report is on one implementation, with or without overlap."""
        return self.latency

    @property
    def nanoseconds(self) -> float:
        """Return the latency in nanoseconds at the requested clock period; nan if the report states no period."""
        return self.latency * self.schedule.clock_period if self.has_clock else math.nan

    @property
    def headline(self) -> str:
        """Return latency and initiation interval as a sentence."""
        low, high = self.bounds
        cycles = count_cycles(high) if low == high else f"{low:,} to {count_cycles(high)}"
        time = f", {self.nanoseconds:g} ns" if self.has_clock else ""
        stated = self.stated_interval
        interval = "not stated" if stated is None else count_cycles(stated)
        return f"Latency of {self.design}: {cycles}{time}; initiation interval: {interval}"

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``; figures that the tool does not state are None."""
        content = LatencyReport.to_dict(self)
        unknown: dict[str, Any] = {} if self.has_clock else {"nanoseconds": None}
        return {**content, "interval": self.stated_interval, **unknown}


@dataclass(frozen=True, slots=True)
class ToolReport(Printed):
    """A vendor's report: its tool, version and design, and its figures as ``AreaReport`` and ``LatencyReport``.

    ``area`` or ``latency`` is None if the report does not state it.
    """

    path: Path
    tool: str
    version: str
    kind: str
    design: str
    part: str
    clock: Clock | None
    area: AreaReport | None
    latency: LatencyReport | None
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return a table with tool, part and clock period, then the tables of area and latency."""
        facts = Table(title=make_cell(f"{self.design}: {self.kind}", "italic"), show_header=False)
        rows = {"tool": f"{self.tool} {self.version}", "part": self.part or "-"}
        if self.clock:
            rows["clock period"] = f"{self.clock.target:g} ns"
            if self.clock.estimated is not None:
                rows["estimated period"] = f"{self.clock.estimated:g} ns"
        rows |= {"note" if i == 0 else "": note for i, note in enumerate(self.notes)}
        for name, value in rows.items():
            facts.add_row(name, make_cell(value))
        return facts, *(r.to_table() for r in (self.area, self.latency) if r is not None)

    def to_table(self) -> Group:
        """Return all tables as one renderable for a ``rich`` console."""
        return Group(*self.tables)

    def __str__(self) -> str:
        return render_text(self.to_table())

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        clock = self.clock
        return {
            "path": str(self.path),
            **{"tool": self.tool, "version": self.version, "kind": self.kind},
            **{"design": self.design, "part": self.part},
            "clock": clock and {"target": clock.target, "estimated": clock.estimated},
            "area": self.area and self.area.to_dict(),
            "latency": self.latency and self.latency.to_dict(),
            "notes": list(self.notes),
        }


def read_report(path: str | PathLike[str]) -> ToolReport:
    """Read a report of Vivado HLS, Vitis HLS or Vivado; the content of the file decides its format.

    Raises ``EnergyError`` for a file of another kind, and for a truncated or damaged report.
    """
    path = Path(path)
    content = read(path, "a report", EnergyError, SHARE)
    try:
        return _build_report(path, _read_contents(path, content.decode("utf-8-sig")))
    except (ValueError, LookupError, TypeError, SyntaxError, RecursionError) as fault:
        raise EnergyError(
            f"{path}: expected {_KINDS}, got {_describe(fault)}. Give one of these files, complete and unchanged."
        ) from None


def collect_reports(sources: Any) -> list[ToolReport]:
    """Return a list of ``ToolReport``s from ``sources``: a path, which is read, a ``ToolReport``, or a list of both.

    Raises ``EnergyError`` for a path that is no report.
    """
    several = cast("list[Any]", sources) if isinstance(sources, list | tuple) else [sources]
    return [one if isinstance(one, ToolReport) else read_report(one) for one in several]


def save_reports(reports: Sequence[ToolReport], path: Path) -> Path:
    """Write all figures of ``reports`` to ``path`` as JSON. Raises ``EnergyError`` if it cannot be written."""
    try:
        path.write_text(json.dumps([r.to_dict() for r in reports], indent=2) + "\n", "utf-8")
    except OSError as error:
        raise EnergyError(
            f"report: expected a path to write to, got {error}. Choose another path."
        ) from error
    return path


def _describe(fault: Exception) -> str:
    if isinstance(fault, UnicodeError):
        return "bytes that are no text"
    if isinstance(fault, LookupError):
        return f"a table without the column {fault}"
    return shorten(str(fault), 300)


def _read_contents(path: Path, text: str) -> Contents:
    if text.lstrip()[:1] == "<":
        return read_csynth_xml(text)
    if re.search(r"^== Synthesis Summary Report of '", text, re.M):
        return read_synthesis_summary(text)
    if re.search(r"^\| *Command *: *report_utilization", text, re.M):
        return read_utilization(text)
    if re.search(r"^Implementation tool:", text, re.M):
        return read_export(text)
    if re.search(r"^\s*\|\s*(Verilog|VHDL)\s*\|", text, re.M):
        return read_cosim(text, path.stem.removesuffix("_cosim"))
    if re.search(r"^== \S+ HLS Report for '", text, re.M):
        return read_module(text)
    raise ValueError("a file of another kind")


def _build_report(path: Path, contents: Contents) -> ToolReport:
    part = _find_part(contents.part)
    has_clock = contents.clock is not None
    schedule = Schedule(
        part=part or Schedule().part,
        clock_period=contents.clock.target if contents.clock else Schedule().clock_period,
    )
    return ToolReport(
        path,
        contents.tool,
        contents.version,
        contents.kind,
        contents.design,
        part,
        contents.clock,
        _build_area(contents, schedule),
        _build_latency(contents, schedule, has_clock),
        contents.notes,
    )


def _find_part(name: str) -> str:
    """Check that ``name`` is empty or a part of AMD's, and return its full name, with the ``xc`` that Vivado omits."""
    full = f"xc{name}" if name.startswith("7") else name
    if name and find_part(full) is None:
        raise ValueError(f"the part {name[:40]!r}, which is none of AMD's")
    return full


def _build_area(contents: Contents, schedule: Schedule) -> AreaReport | None:
    if contents.blocks is None:
        return None
    source = f"{contents.tool} {contents.version}, {contents.kind}"
    exact, nothing = dict.fromkeys(UNITS, 0.0), frozenset[str]()
    ops = tuple(OpArea(b.name, b.kind, "", b.resources, exact, nothing) for b in contents.blocks)
    report = AreaReport(contents.design, source, schedule, UNITS, ops)
    warnings = tuple(warn_of_part(schedule, report.totals))
    return AreaReport(contents.design, source, schedule, UNITS, ops, warnings)


def _build_latency(contents: Contents, schedule: Schedule, has_clock: bool) -> ToolLatency | None:
    """Return the latency report of the design; None if the tool states no largest latency."""
    cycles = contents.cycles
    low, high = cycles.latency if cycles else (None, None)
    if cycles is None or high is None:
        return None
    return ToolLatency(
        contents.design,
        plan(Graph((), ()), schedule),
        tuple(filter(None, map(_build_call, contents.calls))),
        high,
        high if low is None else low,
        cycles.interval[1],
        has_clock,
    )


def _build_call(call: Cycles) -> StatedCall | None:
    """Return the stated cycles of an instance or loop; None if the tool does not state latency and interval."""
    latency, interval = call.latency[1], call.interval[1]
    if latency is None or interval is None:
        return None
    return StatedCall(call.name, call.kind, call.trips, interval, latency)
