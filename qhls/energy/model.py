"""``estimate``: pJ per inference of a graph under a schedule, by op, by Keras layer and by cause.

The model, all of it:

* Arithmetic: every event of ``op.count_events()`` at its price. Constants that ``loops.constant_place`` makes
  part of the logic cost what their digits do, zeros nothing; others cost what their encoding does (``stored``).
* Memory: an op that computes reads its operands and writes its result once, from and to where ``loops.place``
  puts them, as often as ``loops.passes`` says; a graph input is written once. A pass goes over the whole tensor,
  packed in words, in a memory of just its size. The tables of a lookup are read by the lookups.
* A nested graph costs what its ops do, as often as it runs; its inputs are written each time.
* An op that computes nothing (reshape, shift, padding, truncation, a product by a power of two) is wiring and
  costs nothing.

Not in it: clock tree, control, leakage, input and output pins. So totals compare designs; they do not
predict a power meter. Each price states its own error (``Technology``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from qhls.energy.plot import number
from qhls.energy.technology import Technology
from qhls.energy.text import as_text, cell
from qhls.errors import EnergyError
from qhls.ir.graph import Graph
from qhls.ir.loops import HARD_WIRED, constant_place, passes, place
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.schedule import Schedule
from qhls.ir.work import MULTIPLICATIONS, Events, is_wiring, stored

CAUSES = ("multiply", "add", "activation", "memory")
"""What energy is spent on; every pJ has one of these causes."""


@dataclass(frozen=True, slots=True)
class OpEnergy:
    """pJ of one op in one inference, by cause (the keys are ``CAUSES``)."""

    name: str
    kind: str
    layer: str
    causes: Mapping[str, float]

    @property
    def total(self) -> float:
        """pJ per inference."""
        return math.fsum(self.causes.values())


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """pJ per inference of one design. Totals by op, by layer and by cause are the same sum."""

    design: str
    technology: str
    schedule: Schedule
    ops: tuple[OpEnergy, ...]

    @property
    def total(self) -> float:
        """pJ per inference."""
        return math.fsum(op.total for op in self.ops)

    @property
    def causes(self) -> dict[str, float]:
        """pJ by cause."""
        return _by_cause(self.ops)

    @property
    def layers(self) -> dict[str, dict[str, float]]:
        """pJ by Keras layer, then by cause, in the order of the graph; an op without layer is its own."""
        members: dict[str, list[OpEnergy]] = {}
        for op in self.ops:
            members.setdefault(op.layer or op.name, []).append(op)
        return {layer: _by_cause(ops) for layer, ops in members.items()}

    def table(self) -> Table:
        """A row a layer: pJ by cause, in all, and the share of the design."""
        title = cell(f"Energy of {self.design}, pJ per inference, {self.technology}", "italic")
        table = Table(title=title, show_footer=True)
        table.add_column("layer", "total")
        for cause, pj in self.causes.items():
            table.add_column(cause, number(pj), justify="right")
        table.add_column("total", number(self.total), justify="right")
        table.add_column("share", justify="right")
        for layer, causes in self.layers.items():
            pj = math.fsum(causes.values())
            share = f"{pj / self.total:.1%}" if self.total else "-"
            table.add_row(cell(layer), *map(number, causes.values()), number(pj), share)
        return table

    def __str__(self) -> str:
        return as_text(self.table())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for ``json.dumps``; energies in pJ per inference."""
        return {
            "design": self.design,
            "technology": self.technology,
            "schedule": asdict(self.schedule),
            "unit": "pJ per inference",
            "total": self.total,
            "causes": self.causes,
            "layers": self.layers,
            "ops": [
                {"name": op.name, "kind": op.kind, "layer": op.layer, "causes": dict(op.causes)}
                for op in self.ops
            ],
        }


def estimate(graph: Graph, schedule: Schedule, technology: Technology) -> EnergyReport:
    """pJ per inference of ``graph``: the model that this module's docstring states.

    Raises ``EnergyError`` if an op causes an event that ``technology`` does not price.
    """
    ops = tuple(
        OpEnergy(op.name, op.kind, op.layer, repeated(op_energy(op, schedule, technology), times))
        for op, times in graph.walk()
        if not isinstance(op, Const)
    )
    return EnergyReport(graph.name, technology.name, schedule, ops)


def repeated(causes: Mapping[str, float], times: int) -> dict[str, float]:
    """pJ by cause of what one inference does ``times`` times."""
    return {cause: times * pj for cause, pj in causes.items()}


def compare(reports: Mapping[str, EnergyReport]) -> Table:
    """A row a report: pJ per inference by cause and in all, and the ratio of the total to the first one's.

    Raises ``EnergyError`` if there is no report.
    """
    if not reports:
        raise EnergyError("compare: expected at least one energy report, got none")
    reference = next(iter(reports.values())).total
    table = Table(title="Energy, pJ per inference")
    table.add_column("design")
    for heading in (*CAUSES, "total", "ratio"):
        table.add_column(heading, justify="right")
    for name, report in reports.items():
        ratio = f"{report.total / reference:.3f}" if reference else "-"
        table.add_row(cell(name), *map(number, report.causes.values()), number(report.total), ratio)
    return table


def arithmetic(op: Op, schedule: Schedule) -> tuple[Events, str | None]:
    """The events of ``op``, and the place of the table that its lookups read: None if it is logic.

    Constants are logic if all that ``op`` reads are hard-wired.
    """
    work = op.events
    places = [constant_place(op, o, schedule) for o in op.operands if isinstance(o, Const)]
    memories = [where for where in places if where != HARD_WIRED]
    return (stored(work), memories[-1]) if memories else (work, None)


def op_energy(op: Op, schedule: Schedule, technology: Technology) -> dict[str, float]:
    """pJ of ``op`` in one inference, by cause."""
    terms = energy_terms(op, schedule, technology)
    return {cause: math.fsum(pj for c, _, pj in terms if c == cause) for cause in CAUSES}


def energy_terms(op: Op, schedule: Schedule, technology: Technology) -> list[tuple[str, Op, float]]:
    """Cause, tensor and pJ of all that ``op`` does: its events are its own, reads those of the operand."""
    work, table = arithmetic(op, schedule)
    terms = [
        (_cause(event.kind), op, count * technology.operation(event, table))
        for event, count in work.items()
    ]
    computes = not is_wiring(work)
    if computes:
        looked_up = any(event.kind == "lookup" for event in work)
        for operand in dict.fromkeys(op.operands):
            if isinstance(operand, Const):
                where = HARD_WIRED if looked_up else constant_place(op, operand, schedule)
            else:
                where = place(operand, schedule)
            if where != HARD_WIRED:
                once = technology.read(where, _bits(operand))
                terms.append(("memory", operand, once * passes(op, operand, schedule)))
    if computes or isinstance(op, Input):
        terms.append(("memory", op, technology.write(place(op, schedule), _bits(op))))
    return terms


def _cause(kind: str) -> str:
    """Comparing, rounding and looking up are what activations do, whichever op asks for them."""
    if kind in MULTIPLICATIONS:
        return "multiply"
    return "add" if kind in ("add", "nothing") else "activation"


def _bits(op: Op) -> int:
    return op.size * op.type.width


def _by_cause(ops: Iterable[OpEnergy]) -> dict[str, float]:
    members = tuple(ops)
    return {cause: math.fsum(op.causes[cause] for op in members) for cause in CAUSES}
