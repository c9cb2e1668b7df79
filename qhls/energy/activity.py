"""Energy by activity: the energy of operations, weighted by how often the Verilog's wires toggle on given data.

A price in a technology table is that of an operation on random numbers, each bit of which toggles in half of all
inferences. The arithmetic of an op costs its price times its measured rate over ``RANDOM_ACTIVITY``. Memories and
registers keep their price: clock and word lines switch whatever the data are. Glitches are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.table import Table

from qhls.energy.model import EnergyReport, OpEnergy
from qhls.energy.report.plot import format_number
from qhls.system.tables import make_cell

RANDOM_ACTIVITY = 0.5
"""The average number of toggles per inference of a random bit."""


@dataclass(frozen=True, slots=True)
class Activity:
    """The total width of the wires of one op in bits, and their average number of toggles per inference."""

    bits: int
    toggles: float

    @property
    def rate(self) -> float:
        """Return the average number of toggles per bit and inference; ``RANDOM_ACTIVITY`` for random bits."""
        return self.toggles / self.bits


@dataclass(frozen=True, slots=True)
class ActiveEnergyReport(EnergyReport):
    """The energy by activity in pJ per inference; ``counted``: the energy of the same design by ``estimate``."""

    counted: EnergyReport
    activities: Mapping[str, Activity]
    """The width and the toggles of wires, by name of the op."""

    def to_table(self) -> Table:
        """Return a table with one row per layer: toggles per bit, energy by activity and by count, and their ratio."""
        title = f"Energy of {self.design} by activity, pJ per inference, {self.technology}"
        table = Table(title=make_cell(title, "italic"), show_footer=True)
        counted, rates = self.counted.layers, self.rates
        whole = (self.total, self.counted.total)
        table.add_column("layer", "total")
        for heading, footer in (
            ("toggles per bit", ""),
            ("by activity", format_number(whole[0])),
            ("by count", format_number(whole[1])),
            ("ratio", _divide(*whole)),
        ):
            table.add_column(heading, footer, justify="right")
        for layer, causes in self.layers.items():
            active, plain = sum(causes.values()), sum(counted[layer].values())
            rate = f"{rates[layer]:.3f}" if layer in rates else "-"
            cells = (rate, format_number(active), format_number(plain), _divide(active, plain))
            table.add_row(make_cell(layer), *cells)
        return table

    @property
    def rates(self) -> dict[str, float]:
        """Return the average toggles per bit and inference of each Keras layer with logic, or op without layer."""
        bits: dict[str, int] = {}
        toggles: dict[str, float] = {}
        for op in self.ops:
            if activity := self.activities.get(op.name):
                layer = op.layer or op.name
                bits[layer] = bits.get(layer, 0) + activity.bits
                toggles[layer] = toggles.get(layer, 0.0) + activity.toggles
        return {layer: toggles[layer] / width for layer, width in bits.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``; energies are in pJ per inference."""
        return {
            **EnergyReport.to_dict(self),
            "counted": self.counted.to_dict(),
            "toggles_per_bit": self.rates,
        }


def weigh(report: EnergyReport, counts: Mapping[str, tuple[int, float]]) -> ActiveEnergyReport:
    """Return ``report`` with all but memory weighted by activity; ``counts``: (bits, toggles per inference) by op."""
    activities = {op: Activity(*pair) for op, pair in counts.items()}
    ops = tuple(_weigh(op, activities.get(op.name)) for op in report.ops)
    settings = (report.design, report.technology, report.schedule)
    return ActiveEnergyReport(*settings, ops, report, activities)


def _weigh(op: OpEnergy, activity: Activity | None) -> OpEnergy:
    if activity is None:
        return op
    factor = activity.rate / RANDOM_ACTIVITY
    causes = {c: pj if c == "memory" else factor * pj for c, pj in op.causes.items()}
    return replace(op, causes=causes)


def _divide(a: float, b: float) -> str:
    return f"{a / b:.2f}" if b else "-"
