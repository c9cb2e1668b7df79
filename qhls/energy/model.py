"""``estimate``: the energy of a graph under a schedule, in pJ per inference, by op, by Keras layer and by cause.

The complete model:

* Arithmetic: every event of the op (``qhls.plan.hardware.counting``) at the technology's price. A
  constant that the plan makes part of the logic costs its signed digits; zeros are free. Any other constant costs
  its encoding (``stored``).
* Memory: a process that computes reads each operand in ``Access.passes`` passes and writes its result once.
  The plan gives the memories. A graph input is written once. A pass reads the whole tensor, packed in words,
  from a memory of exactly its size. Lookups read their tables.
* A nested graph costs the sum of its ops, times the number of its runs. Each run writes its inputs.
* An op that computes nothing is wiring and free: a reshape, a shift, padding, a truncation, a product by a power of
  two.

The model leaves out clock tree, control, leakage, input and output pins. Its totals compare designs; they do not
predict a power meter. Each price states its own error (``Technology``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from qhls.energy.report.plot import format_number
from qhls.energy.technology import Technology
from qhls.errors import EnergyError
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.ir.ops import Const
from qhls.plan import Buffer, Process, Schedule, plan_design
from qhls.plan.hardware.events import MULTIPLICATIONS
from qhls.plan.hardware.primitives import list_events
from qhls.plan.process import Access, OpHardware
from qhls.system.display import Tabular
from qhls.system.tables import make_cell

CAUSES = ("multiply", "add", "activation", "memory")
"""The causes of energy; each event and each memory access has one of them."""


@dataclass(frozen=True, slots=True)
class OpEnergy:
    """The energy of one op in pJ per inference, by cause (the keys are ``CAUSES``)."""

    name: str
    kind: str
    layer: str
    causes: Mapping[str, float]

    @property
    def total(self) -> float:
        """Return the energy of the op over all causes, in pJ per inference."""
        return math.fsum(self.causes.values())


@dataclass(frozen=True, slots=True)
class EnergyReport(Tabular):
    """The energy of one design in pJ per inference. Totals by op, by layer and by cause are the same sum."""

    design: str
    technology: str
    schedule: Schedule
    ops: tuple[OpEnergy, ...]

    @property
    def total(self) -> float:
        """Return the energy of the whole design, in pJ per inference."""
        return math.fsum(op.total for op in self.ops)

    @property
    def causes(self) -> dict[str, float]:
        """Return the energy by cause, in pJ per inference."""
        return _sum_by_cause(self.ops)

    @property
    def layers(self) -> dict[str, dict[str, float]]:
        """Return the energy in pJ by Keras layer in graph order, then by cause; an op without layer has its own key."""
        members: dict[str, list[OpEnergy]] = {}
        for op in self.ops:
            members.setdefault(op.layer or op.name, []).append(op)
        return {layer: _sum_by_cause(ops) for layer, ops in members.items()}

    def to_table(self) -> Table:
        """Return a table with one row per layer: energy by cause and in total, and its share of the design's energy."""
        title = make_cell(f"Energy of {self.design}, pJ per inference, {self.technology}", "italic")
        table = Table(title=title, show_footer=True)
        table.add_column("layer", "total")
        for cause, pj in self.causes.items():
            table.add_column(cause, format_number(pj), justify="right")
        table.add_column("total", format_number(self.total), justify="right")
        table.add_column("share", justify="right")
        for layer, causes in self.layers.items():
            pj = math.fsum(causes.values())
            share = f"{pj / self.total:.1%}" if self.total else "-"
            table.add_row(
                make_cell(layer), *map(format_number, causes.values()), format_number(pj), share
            )
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``; energies are in pJ per inference."""
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
    """Estimate the energy of ``graph`` in pJ per inference, by the model that this module's docstring states.

    Raises ``EnergyError`` if an op causes an event that ``technology`` does not price.
    """
    network = plan_design(graph, schedule)
    ops = tuple(
        OpEnergy(each.op.name, each.op.kind, each.op.layer, price_op(each, technology))
        for each in network.walk()
        if not isinstance(each.op, Const)
    )
    return EnergyReport(graph.name, technology.name, schedule, ops)


def compare(reports: Mapping[str, EnergyReport]) -> Table:
    """Return a table with one row per report: energy by cause and in total, and its ratio to the first total.

    Raises ``EnergyError`` without a report.
    """
    if not reports:
        raise EnergyError("compare: expected at least one energy report, got none. Add one.")
    reference = next(iter(reports.values())).total
    table = Table(title="Energy, pJ per inference")
    table.add_column("design")
    for heading in (*CAUSES, "total", "ratio"):
        table.add_column(heading, justify="right")
    for name, report in reports.items():
        ratio = f"{report.total / reference:.3f}" if reference else "-"
        table.add_row(
            make_cell(name),
            *map(format_number, report.causes.values()),
            format_number(report.total),
            ratio,
        )
    return table


def price_op(hardware: OpHardware, technology: Technology) -> dict[str, float]:
    """Return the energy in pJ of the hardware of one op in one inference, by cause."""
    terms = list_energy_terms(hardware, technology)
    return {cause: math.fsum(pj for c, _, pj in terms if c == cause) for cause in CAUSES}


def list_energy_terms(hardware: OpHardware, technology: Technology) -> list[tuple[str, Op, float]]:
    """Return (cause, tensor, pJ) of each event and memory access of an op; the tensor of a read is the operand.

    An input is written to its buffer. A process that consists of wires costs nothing.
    """
    unit, times = hardware.unit, hardware.times
    stores = [
        (
            "memory",
            store.buffer.tensor,
            store.writes * technology.write(store.buffer.place, store.buffer.bits)
            + store.reads * technology.read(store.buffer.place, store.buffer.bits),
        )
        for store in hardware.memories
    ]
    if unit is None:
        return stores
    if isinstance(unit, Buffer):
        used, names = [_write(unit, technology)], dict[Op, Op]()
    else:
        used = _list_terms(unit, technology)
        names = dict(zip(unit.op.operands, hardware.op.operands, strict=False))
        names[unit.op] = hardware.op  # a step works on parts of the op's tensors
    terms = [(cause, tensor, times * pj) for cause, tensor, pj in used]
    return [(cause, names.get(tensor, tensor), pj) for cause, tensor, pj in (*terms, *stores)]


def _list_terms(process: Process, technology: Technology) -> list[tuple[str, Op, float]]:
    """Return (cause, tensor, pJ) of each event and memory access of one run of ``process``."""
    events, table = list_events(process)
    terms = [
        (_find_cause(event.kind), process.op, count * technology.price_operation(event, table))
        for event, count in events.items()
    ]
    if process.is_wiring:
        return terms
    looked_up = any(event.kind == "lookup" for event in events)
    for access in process.reads:
        counted = looked_up and isinstance(access.operand, Const)
        if access.buffer.place != "wired" and not counted:
            once = technology.read(access.buffer.place, _count_bits(access))
            terms.append(("memory", access.operand, once * access.passes))
    if process.writes.buffer.place == "wired":
        return terms
    cause, tensor, pj = _write(process.writes.buffer, technology)
    return [*terms, (cause, tensor, pj * process.writes.passes)]


def _write(buffer: Buffer, technology: Technology) -> tuple[str, Op, float]:
    """Return (cause, tensor, pJ) of one write of a whole buffer."""
    return "memory", buffer.tensor, technology.write(buffer.place, buffer.bits)


def _find_cause(kind: str) -> str:
    """Return the cause of an event: multiply, add (``nothing`` too), or activation for other kinds, such as compare."""
    if kind in MULTIPLICATIONS:
        return "multiply"
    return "add" if kind in ("add", "nothing") else "activation"


def _count_bits(access: Access) -> int:
    """Return the number of bits that one pass reads: of a whole constant, or of the elements in the buffer."""
    operand = access.operand
    return (
        operand.size if isinstance(operand, Const) else access.buffer.words
    ) * operand.type.width


def _sum_by_cause(ops: Iterable[OpEnergy]) -> dict[str, float]:
    members = tuple(ops)
    return {cause: math.fsum(op.causes[cause] for op in members) for cause in CAUSES}
