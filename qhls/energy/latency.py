"""``estimate_latency``: clock cycles of a graph under a schedule, counted from the loops of the generated C++.

An op starts a trip of its loop every ``interval`` cycles and needs ``depth`` more to finish the last one. The
interval is the schedule's, or longer where a trip reads more elements of a memory than its two ports give
(``PORTS``). Ops run one after another, each on the whole tensor of the one before: the latency is the sum
along the longest path, and with all of them at work on different inputs, a new input starts as often as the
slowest op allows (Vitis' DATAFLOW). Depth is the levels of logic of a trip, ``LEVEL_NS`` each, cut at the
clock period.

Trips and intervals are those of the C++, which a test compares. The depth is an estimate (``LEVEL_NS`` says how
good): it matters where ops have few trips.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from qhls.energy.loops import HARD_WIRED, constant_place, loop, passes, place
from qhls.energy.text import as_text, cell
from qhls.ir import Const, Conv, Graph, Input, Matmul, Mul, Op, Pool, Reshape, Scan, Schedule
from qhls.ir.work import MULTIPLICATIONS

PORTS = 2
"""Elements that a memory gives a cycle: a block RAM has two ports (AMD UG573)."""

LEVEL_NS = 1.0
"""Nanoseconds of one level of logic, such as an adder, and the way to it.

With it the jet tagger 16-64-32-32-5 in 6 bits takes 11 cycles at 5 ns where the bias is part of the sum (four
products of 2, three activations of 1), as published: C. N. Coelho et al., Nature Machine Intelligence 3 (2021),
Q6 on a VU9P, 55 ns. The same network has 9 cycles in 16 bits and 11 and 14 in two mixed quantisations there.
"""

DEPTH_ERROR = (9 / 11, 14 / 11)
"""What a depth may be, as times the estimate: the spread of those four designs, of one architecture and device."""


@dataclass(frozen=True, slots=True)
class OpLatency:
    """Cycles of one op: a trip every ``interval``, and ``depth`` from its operands to its results."""

    name: str
    kind: str
    layer: str
    trips: int
    interval: int
    depth: int
    bound: str
    """What sets the interval: "schedule", the step before, or the tensor whose memory has too few ports."""

    @property
    def busy(self) -> int:
        """Cycles until the op can take the next tensor."""
        return self.trips * self.interval

    @property
    def cycles(self) -> int:
        """Cycles from the first input element to the last result; a trip's operands take an interval to come."""
        return self.trips * self.interval + self.depth - 1


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Cycles of one design. ``latency``: of one input; ``interval``: between inputs, ops overlapping."""

    design: str
    schedule: Schedule
    ops: tuple[OpLatency, ...]
    latency: int
    waiting: int
    """The cycles of the latency that trips and intervals make; the others are depth, which is an estimate."""

    @property
    def bounds(self) -> tuple[int, int]:
        """The latency if depths are off by ``DEPTH_ERROR``."""
        low, high = (round((self.latency - self.waiting) * error) for error in DEPTH_ERROR)
        return self.waiting + low, self.waiting + high

    @property
    def interval(self) -> int:
        """Cycles between two inputs, with all ops at work at once."""
        return max((op.busy for op in self.ops), default=1)

    @property
    def nanoseconds(self) -> float:
        """The latency at the schedule's clock period."""
        return self.latency * self.schedule.clock_period

    def table(self) -> Table:
        """A row an op that takes time."""
        title = cell(
            f"Latency of {self.design}: {self.latency} cycles ({self.bounds[0]} to {self.bounds[1]}), "
            f"{self.nanoseconds:g} ns; "
            f"an input every {self.interval} cycles",
            "italic",
        )
        table = Table(title=title)
        for heading in ("op", "trips", "interval", "bound by", "depth", "cycles"):
            table.add_column(heading, justify="left" if heading in ("op", "bound by") else "right")
        for op in self.ops:
            numbers = (str(op.trips), str(op.interval), op.bound, str(op.depth), str(op.cycles))
            table.add_row(cell(op.name), *numbers)
        return table

    def __str__(self) -> str:
        return as_text(self.table())

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for ``json.dumps``."""
        return {
            "design": self.design,
            "latency": self.latency,
            "bounds": list(self.bounds),
            "interval": self.interval,
            "nanoseconds": self.nanoseconds,
            "ops": [
                {
                    **{"name": op.name, "trips": op.trips, "interval": op.interval},
                    **{"bound": op.bound, "depth": op.depth, "cycles": op.cycles},
                }
                for op in self.ops
            ],
        }


def estimate_latency(graph: Graph, schedule: Schedule) -> LatencyReport:
    """Cycles of ``graph``: the model that this module's docstring states."""
    return LatencyReport(graph.name, schedule, *_timed(graph, schedule))


def _timed(graph: Graph, schedule: Schedule) -> tuple[tuple[OpLatency, ...], int, int]:
    """Of each op; cycles of the longest path, and how many of them are no depth."""
    ops: list[OpLatency] = []
    finished: dict[Op, tuple[int, int]] = {}
    for op in graph.ops:
        ready, waited = max((finished[operand] for operand in op.operands), default=(0, 0))
        if isinstance(op, Const | Input | Reshape):
            finished[op] = ready, waited
            continue
        latency = op_latency(op, schedule)
        ops.append(latency)
        finished[op] = ready + latency.cycles, waited + latency.cycles - latency.depth
    latency, waiting = max((finished[op] for op in graph.outputs), default=(0, 0))
    return tuple(ops), latency, waiting


def op_latency(op: Op, schedule: Schedule) -> OpLatency:
    """Cycles of one op."""
    if isinstance(op, Scan):
        _, cycles, _ = _timed(op.body, schedule)
        return scan_latency(op, cycles, schedule)
    steps = loop(op, schedule)
    interval, bound = steps.interval, "schedule"
    for operand in dict.fromkeys(op.operands):
        is_const = isinstance(operand, Const)
        where = constant_place(op, operand, schedule) if is_const else place(operand, schedule)
        if where in ("registers", HARD_WIRED):
            continue
        needed = math.ceil(_reads(op, operand, schedule) / steps.trips / PORTS)
        if needed > interval:
            interval, bound = needed, operand.name
    depth = max(math.ceil(levels(op) * LEVEL_NS / schedule.clock_period), 1)
    return OpLatency(op.name, op.kind, op.layer, steps.trips, interval, depth, bound)


def scan_latency(op: Scan, cycles: int, schedule: Schedule) -> OpLatency:
    """Of a recurrence whose step takes ``cycles``: none begins before the one before it has ended.

    A step's row, its result and what it carries are copied, one element a cycle where they lie in a memory.
    """
    copied = (op.body.inputs[0], *op.body.outputs)
    copies = sum(1 if place(o, schedule) == "registers" else o.size for o in copied)
    return OpLatency(op.name, op.kind, op.layer, op.steps, cycles + copies, 1, "the step before")


def _reads(op: Op, operand: Op, schedule: Schedule) -> float:
    """Elements of ``operand`` that ``op`` reads in all."""
    lookups = sum(n for event, n in op.events.items() if event.kind == "lookup")
    if lookups and isinstance(operand, Const):
        return lookups / sum(isinstance(o, Const) for o in op.operands)
    return passes(op, operand, schedule) * operand.size


def levels(op: Op) -> int:
    """Levels of logic from an op's operands to its result: additions and choices in a row."""
    work = op.events
    if isinstance(op, Matmul | Conv):
        terms = op.w.size // op.shape[-1]
        digits = max((e.bits[1] for e in work if e.kind == "scale"), default=1)
        # The digits of a product and the products of a sum are added as trees.
        return _tree(digits) + _tree(terms)
    if isinstance(op, Pool):
        return _tree(op.window[0] * op.window[1])
    kinds = {event.kind for event in work} - {"nothing"}
    if isinstance(op, Mul) and "scale" in kinds:
        return _tree(max(e.bits[1] for e in work if e.kind == "scale"))
    if "lookup" in kinds:
        compares = sum(n for event, n in work.items() if event.kind == "compare") // op.size
        searched = sum(n for event, n in work.items() if event.kind == "lookup") > op.size
        return 2 * compares + 1 if searched else 2
    if "round" in kinds:
        return 2
    return 3 if kinds & set(MULTIPLICATIONS) else len(kinds)


def _tree(terms: int) -> int:
    return math.ceil(math.log2(max(terms, 1)))
