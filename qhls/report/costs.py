"""Costs of a design by layer, as texts; for a cost without an estimate, the reason."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qhls.energy.hardware.area import AreaReport
from qhls.energy.hardware.latency import LatencyReport
from qhls.energy.model import EnergyReport
from qhls.energy.report.plot import draw_bars, format_energy, scale_energy
from qhls.errors import QhlsError
from qhls.plan.hardware.parts import find_part

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.energy.tool_reports.report import ToolReport


class DesignCosts:
    """The estimated energy, area and latency of a design; ``notes`` list warnings and why an estimate is missing."""

    def __init__(self, design: Design) -> None:
        self.notes: list[str] = []
        self._schedule = design.schedule
        self.energy: EnergyReport | None = self._estimate(design.energy)
        self.area: AreaReport | None = self._estimate(design.area)
        self.latency: LatencyReport | None = self._estimate(design.latency)
        if self.area:
            self.notes += [f"warning: {text}" for text in self.area.warnings]

    def _estimate(self, estimate: Callable[[], Any]) -> Any:
        try:
            return estimate()
        except QhlsError as error:
            self.notes.append(str(error))
            return None

    @cached_property
    def _energies(self) -> dict[str, dict[str, float]]:
        return self.energy.layers if self.energy else {}

    @cached_property
    def _areas(self) -> dict[str, dict[str, float]]:
        return self.area.layers if self.area else {}

    @cached_property
    def _cycles(self) -> Counter[str]:
        cycles: Counter[str] = Counter()
        for op in self.latency.ops if self.latency else ():
            cycles[op.layer or op.name] += op.cycles
        return cycles

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """Return (name, figure, remark) for each cost of the whole design that is estimated."""
        rows: list[tuple[str, str, str]] = []
        schedule = self._schedule
        if self.energy:
            rows.append(("energy", format_energy(self.energy.total), self.energy.technology))
        if self.latency:
            nanoseconds = f"{self.latency.nanoseconds:,g} ns at {schedule.clock_period:g} ns"
            rows.append(("latency", f"{self.latency.latency:,} cycles", nanoseconds))
            rows.append(("interval", f"{self.latency.interval:,} cycles", "between inputs"))
        if self.area:
            rows += [
                (unit, f"{total:,.0f}", self._format_share(unit, total))
                for unit, total in self.area.totals.items()
            ]
        return rows

    @property
    def totals(self) -> dict[str, float]:
        """Return all estimated figures of the whole design by name; energy in pJ."""
        energy = {"energy, pJ": self.energy.total} if self.energy else {}
        return energy | _list_figures(self.latency, self.area)

    def compare(self, report: ToolReport) -> list[tuple[str, str, str, str]]:
        """Return (figure, estimate, reported number, ratio) for each figure that is estimated and in ``report``."""
        estimated = _list_figures(self.latency, self.area)
        reported = _list_figures(report.latency, report.area)
        return [
            (
                figure,
                f"{number:,.0f}",
                f"{reported[figure]:,.0f}",
                _divide(number, reported[figure]),
            )
            for figure, number in estimated.items()
            if figure in reported
        ]

    def _format_share(self, unit: str, total: float) -> str:
        part = find_part(self._schedule.part)
        room = part.resources.get(unit) if part and part.resources else None
        return f"{total / room:.1%} of {self._schedule.part}" if room else ""

    @property
    def picture(self) -> str:
        """Return an SVG bar chart of the energy by layer and cause; empty without an estimate."""
        return draw_bars(*scale_energy(self._energies)) if self._energies else ""

    def select_layer(self, layer: str) -> list[tuple[str, str]]:
        """Return (name, figure) for each cost of one Keras layer that is not 0."""
        figures: list[tuple[str, str]] = []
        causes = self._energies.get(layer, {})
        total = math.fsum(causes.values())
        if total:
            parts = ", ".join(f"{cause} {format_energy(pj)}" for cause, pj in causes.items() if pj)
            figures.append(("energy", f"{format_energy(total)} ({parts})"))
        area = self._areas.get(layer, {})
        figures += [(unit, f"{number:,.0f}") for unit, number in area.items() if round(number)]
        if self._cycles[layer]:
            figures.append(("cycles", f"{self._cycles[layer]:,}"))
        return figures


def _list_figures(latency: LatencyReport | None, area: AreaReport | None) -> dict[str, float]:
    """Return the clock cycles and areas of a whole design, by the name of the figure."""
    cycles = (
        {"latency, cycles": latency.latency, "interval, cycles": latency.interval}
        if latency
        else {}
    )
    return {**cycles, **(area.totals if area else {})}


def _divide(a: float, b: float) -> str:
    return f"{a / b:.2f}" if b else "-"
