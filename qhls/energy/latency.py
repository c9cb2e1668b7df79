"""``estimate_latency``: clock cycles of a graph under a schedule, counted from the loops of the generated C++.

An op starts a trip of its loop every ``interval`` cycles (``qhls.ir.loops``) and needs ``depth`` more to finish the
last one. Ops run one after another, each on the whole tensor of the one before. Where their calls overlap (Vitis'
DATAFLOW, where ``qhls.ir.dataflow`` finds no obstacle) a new input starts as often as the slowest op allows;
elsewhere the next one waits for the last result. Without DATAFLOW two calls run at once if neither needs the other
and they read no memory both. Catapult's calls never overlap: there an input takes the sum of all. Depth is the levels
of logic of a trip, ``LEVEL_NS`` each, cut at the clock period.

Trips and intervals are those of the C++, which a test compares. The depth is an estimate (``LEVEL_NS`` says how
good): it matters where ops have few trips.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from qhls.energy.text import as_text, cell
from qhls.ir import Conv, Graph, Matmul, Mul, Op, Pool, Scan, Schedule
from qhls.ir.dataflow import array_of, arrays_read, calls, obstacles
from qhls.ir.loops import loop, place
from qhls.ir.work import MULTIPLICATIONS

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
    """Cycles of one design. ``latency``: of one input.

    ``obstacles``: what keeps the calls of Vitis' C++ from overlapping, empty where they do.
    """

    design: str
    schedule: Schedule
    ops: tuple[OpLatency, ...]
    latency: int
    waiting: int
    """The cycles of the latency that trips and intervals make; the others are depth, which is an estimate."""
    obstacles: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """The latency if depths are off by ``DEPTH_ERROR``."""
        low, high = (round((self.latency - self.waiting) * error) for error in DEPTH_ERROR)
        return self.waiting + low, self.waiting + high

    @property
    def interval(self) -> int:
        """Cycles between two inputs of Vitis' C++: the slowest op's with DATAFLOW, else the whole latency."""
        if self.obstacles:
            return self.latency
        return max((op.busy for op in self.ops), default=1)

    @property
    def sequential(self) -> int:
        """Cycles of one input, and between two, where no call overlaps another, as in Catapult's C++."""
        return max(sum(op.cycles for op in self.ops), 1)

    @property
    def nanoseconds(self) -> float:
        """The latency at the schedule's clock period."""
        return self.latency * self.schedule.clock_period

    def table(self) -> Table:
        """Return one row per op that takes time; under it why nothing overlaps."""
        title = cell(
            f"Latency of {self.design}: {self.latency} cycles ({self.bounds[0]} to {self.bounds[1]}), "
            f"{self.nanoseconds:g} ns; "
            f"an input every {self.interval} cycles (Catapult: {self.sequential})",
            "italic",
        )
        caption = cell(f"No DATAFLOW: {'; '.join(self.obstacles)}") if self.obstacles else None
        table = Table(title=title, caption=caption)
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


def estimate_latency(graph: Graph, schedule: Schedule) -> LatencyReport:
    """Return the cycles of ``graph``: the model that this module's docstring states."""
    found = obstacles(graph)
    ops, latency, waiting = timed(graph, schedule, overlap=not found)
    copies = stores(graph, schedule)
    last = max((copy.cycles for copy in copies), default=0)
    return LatencyReport(
        graph.name, schedule, (*ops, *copies), latency + last, waiting + max(last - 1, 0), found
    )


def stores(graph: Graph, schedule: Schedule) -> tuple[OpLatency, ...]:
    """Return the copies of outputs to their ports, one element per cycle; registers are wired to theirs."""
    return tuple(
        OpLatency(f"store {op.name}", "store", op.layer, op.size, 1, 1, "schedule")
        for op in graph.outputs
        if place(op, schedule) != "registers"
    )


def timed(
    graph: Graph, schedule: Schedule, overlap: bool
) -> tuple[tuple[OpLatency, ...], int, int]:
    """Return what each op takes; the cycles to the last result, and how many of them are no depth."""
    order = calls(graph)
    number = {op: i for i, op in enumerate(order)}
    ops = tuple(op_latency(op, schedule) for op in order)
    steps = [
        Step(
            cycles.cycles,
            cycles.cycles - cycles.depth,
            tuple(number[array] for array in arrays_read(op) if array in number),
            () if overlap else memories_read(op, schedule),
        )
        for op, cycles in zip(order, ops, strict=True)
    ]
    results = [number[array] for op in graph.outputs if (array := array_of(op)) in number]
    return ops, *critical_path(steps, results)


def memories_read(op: Op, schedule: Schedule) -> tuple[Op, ...]:
    """Return the memories that ``op`` reads, whose ports it takes."""
    return tuple(array for array in arrays_read(op) if place(array, schedule) != "registers")


@dataclass(frozen=True, slots=True)
class Step:
    """A call: its cycles, those that are no depth, the calls that it waits for and the memories that it reads alone."""

    cycles: int
    waiting: int
    sources: tuple[int, ...]
    memories: tuple[object, ...] = ()


def critical_path(steps: Sequence[Step], results: Iterable[int]) -> tuple[int, int]:
    """Return the cycles until all ``results`` are there, and how many of them are no depth."""
    finished: list[tuple[int, int]] = []
    free: dict[object, tuple[int, int]] = {}
    for step in steps:
        before = [finished[i] for i in step.sources] + [free.get(m, (0, 0)) for m in step.memories]
        ready, waited = max(before, default=(0, 0))
        finished.append((ready + step.cycles, waited + step.waiting))
        free.update(dict.fromkeys(step.memories, finished[-1]))
    return max((finished[i] for i in results), default=(0, 0))


def op_latency(op: Op, schedule: Schedule) -> OpLatency:
    """Return the cycles of one op."""
    if isinstance(op, Scan):
        _, cycles, _ = timed(op.body, schedule, overlap=False)
        return scan_latency(op, cycles, schedule)
    steps = loop(op, schedule)
    depth = max(math.ceil(levels(op) * LEVEL_NS / schedule.clock_period), 1)
    return OpLatency(op.name, op.kind, op.layer, steps.trips, steps.interval, depth, steps.bound)


def scan_latency(op: Scan, cycles: int, schedule: Schedule) -> OpLatency:
    """Of a recurrence whose step takes ``cycles``: none begins before the one before it has ended.

    A step's row, its result and what it carries are copied, one element a cycle where they lie in a memory.
    """
    copied = (op.body.inputs[0], *op.body.outputs)
    copies = sum(1 if place(o, schedule) == "registers" else o.size for o in copied)
    return OpLatency(op.name, op.kind, op.layer, op.steps, cycles + copies, 1, "the step before")


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
