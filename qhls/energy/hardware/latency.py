"""``estimate_latency``: clock cycles of a graph under a schedule, counted from the loops of the generated C++.

An op starts one trip of its loop every ``interval`` cycles (``qhls.ir.loops``). The last trip needs ``depth`` more
cycles. Ops run one after another, each on the whole tensor of the one before.

Calls overlap in Vitis' DATAFLOW, if ``qhls.ir.dataflow`` finds no obstacle. Then the slowest op sets the initiation
interval. Otherwise an input waits for the last result of the one before. Without DATAFLOW two calls run at once if
neither needs the other and they read different memories. Catapult's calls never overlap: an input takes the sum of
all. The depth is the number of logic levels of a trip, ``LOGIC_LEVEL_NS`` each, cut at the clock period.

Trips and intervals are those of the C++; a test compares them. The depth is an estimate with the error of
``DEPTH_ERROR``. It matters for ops with few trips.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from qhls.energy.report.text import make_cell, render_text
from qhls.ir import Conv, Graph, Matmul, Mul, Op, Pool, Scan, Schedule
from qhls.ir.dataflow import array_of, arrays_read, calls, obstacles
from qhls.ir.loops import loop, place
from qhls.ir.work import MULTIPLICATIONS

LOGIC_LEVEL_NS = 1.0
"""Nanoseconds of one logic level, such as an adder, and the wires to it.

With it the jet tagger 16-64-32-32-5 in 6 bits takes 11 cycles at 5 ns where the bias is part of the sum (four
products of 2, three activations of 1). That is the published figure: C. N. Coelho et al., Nature Machine
Intelligence 3 (2021), Q6 on a VU9P, 55 ns. The same network has 9 cycles there in 16 bits, and 11 and 14 in two mixed
quantisations.
"""

DEPTH_ERROR = (9 / 11, 14 / 11)
"""The bounds of a depth over its estimate: the spread of those four designs, of one architecture and device."""


@dataclass(frozen=True, slots=True)
class OpLatency:
    """The cycles of one op: one trip every ``interval``, and ``depth`` from its operands to its results."""

    name: str
    kind: str
    layer: str
    trips: int
    interval: int
    depth: int
    bound: str
    """The cause of the interval: "schedule", the step before, or the tensor whose memory has too few ports."""

    @property
    def busy(self) -> int:
        """Return the cycles until the op can take the next tensor."""
        return self.trips * self.interval

    @property
    def cycles(self) -> int:
        """Return the cycles from the first input element to the last result."""
        return self.trips * self.interval + self.depth - 1


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """The clock cycles of one design. ``latency``: from an input to its last output.

    ``obstacles``: the reasons why the calls of Vitis' C++ do not overlap; empty if they do.
    """

    design: str
    schedule: Schedule
    ops: tuple[OpLatency, ...]
    latency: int
    waiting: int
    """The cycles of the latency that trips and intervals cause; the others are depth, which is an estimate."""
    obstacles: tuple[str, ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the lowest and highest latency for depths within ``DEPTH_ERROR``."""
        low, high = (round((self.latency - self.waiting) * error) for error in DEPTH_ERROR)
        return self.waiting + low, self.waiting + high

    @property
    def interval(self) -> int:
        """Return the initiation interval of Vitis' C++: that of the slowest op with DATAFLOW, else the latency."""
        if self.obstacles:
            return self.latency
        return max((op.busy for op in self.ops), default=1)

    @property
    def sequential(self) -> int:
        """Return latency and initiation interval if no calls overlap, as in Catapult's C++."""
        return max(sum(op.cycles for op in self.ops), 1)

    @property
    def nanoseconds(self) -> float:
        """Return the latency at the schedule's clock period."""
        return self.latency * self.schedule.clock_period

    def table(self) -> Table:
        """Return one row per op that takes time; the caption names the obstacles to DATAFLOW."""
        title = make_cell(
            f"Latency of {self.design}: {count_cycles(self.latency)} ({self.bounds[0]} to {self.bounds[1]}), "
            f"{self.nanoseconds:g} ns; initiation interval: {count_cycles(self.interval)} "
            f"(Catapult: {self.sequential})",
            "italic",
        )
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

    def __str__(self) -> str:
        return render_text(self.table())

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
    """Return a number of clock cycles in words."""
    return f"{cycles:,} cycle{'' if cycles == 1 else 's'}"


def estimate_latency(graph: Graph, schedule: Schedule) -> LatencyReport:
    """Return the cycles of ``graph`` by the model that this module's docstring states."""
    obstructions = obstacles(graph)
    ops, latency, waiting = time_calls(graph, schedule, overlap=not obstructions)
    copies = list_stores(graph, schedule)
    last = max((copy.cycles for copy in copies), default=0)
    return LatencyReport(
        graph.name,
        schedule,
        (*ops, *copies),
        latency + last,
        waiting + max(last - 1, 0),
        obstructions,
    )


def list_stores(graph: Graph, schedule: Schedule) -> tuple[OpLatency, ...]:
    """Return the copies of outputs from memories to ports, one element per cycle; registers need none."""
    return tuple(
        OpLatency(f"store {op.name}", "store", op.layer, op.size, 1, 1, "schedule")
        for op in graph.outputs
        if place(op, schedule) != "registers"
    )


def time_calls(
    graph: Graph, schedule: Schedule, overlap: bool
) -> tuple[tuple[OpLatency, ...], int, int]:
    """Return the cycles of each op, those to the last result, and how many of the latter are not depth."""
    order = calls(graph)
    index = {op: i for i, op in enumerate(order)}
    ops = tuple(estimate_op(op, schedule) for op in order)
    steps = [
        Step(
            cycles.cycles,
            cycles.cycles - cycles.depth,
            tuple(index[array] for array in arrays_read(op) if array in index),
            () if overlap else list_memories_read(op, schedule),
        )
        for op, cycles in zip(order, ops, strict=True)
    ]
    results = [index[array] for op in graph.outputs if (array := array_of(op)) in index]
    return ops, *find_critical_path(steps, results)


def list_memories_read(op: Op, schedule: Schedule) -> tuple[Op, ...]:
    """Return the memories that ``op`` reads, whose ports it takes."""
    return tuple(array for array in arrays_read(op) if place(array, schedule) != "registers")


@dataclass(frozen=True, slots=True)
class Step:
    """A call: its cycles, those that are not depth, the calls before it and the memories that it occupies."""

    cycles: int
    waiting: int
    sources: tuple[int, ...]
    memories: tuple[object, ...] = ()


def find_critical_path(steps: Sequence[Step], results: Iterable[int]) -> tuple[int, int]:
    """Return the cycles until all ``results`` are ready, and how many of them are not depth."""
    finished: list[tuple[int, int]] = []
    free: dict[object, tuple[int, int]] = {}
    for step in steps:
        before = [finished[i] for i in step.sources] + [free.get(m, (0, 0)) for m in step.memories]
        ready, waited = max(before, default=(0, 0))
        finished.append((ready + step.cycles, waited + step.waiting))
        free.update(dict.fromkeys(step.memories, finished[-1]))
    return max((finished[i] for i in results), default=(0, 0))


def estimate_op(op: Op, schedule: Schedule) -> OpLatency:
    """Return the cycles of one op."""
    if isinstance(op, Scan):
        _, cycles, _ = time_calls(op.body, schedule, overlap=False)
        return estimate_scan(op, cycles, schedule)
    steps = loop(op, schedule)
    depth = max(math.ceil(count_logic_levels(op) * LOGIC_LEVEL_NS / schedule.clock_period), 1)
    return OpLatency(op.name, op.kind, op.layer, steps.trips, steps.interval, depth, steps.bound)


def estimate_scan(op: Scan, cycles: int, schedule: Schedule) -> OpLatency:
    """Return the cycles of a recurrence whose step takes ``cycles``; a step begins after the end of the one before.

    A step copies its row, its result and its state: one element per cycle in a memory, all at once in registers.
    """
    copied = (op.body.inputs[0], *op.body.outputs)
    copies = sum(1 if place(o, schedule) == "registers" else o.size for o in copied)
    return OpLatency(op.name, op.kind, op.layer, op.steps, cycles + copies, 1, "the step before")


def count_logic_levels(op: Op) -> int:
    """Return the logic levels from an op's operands to its result: consecutive additions and choices."""
    work = op.events
    if isinstance(op, Matmul | Conv):
        terms = op.w.size // op.shape[-1]
        digits = max((e.bits[1] for e in work if e.kind == "scale"), default=1)
        # The digits of a product and the products of a sum are added as trees.
        return _count_tree_levels(digits) + _count_tree_levels(terms)
    if isinstance(op, Pool):
        return _count_tree_levels(op.window[0] * op.window[1])
    kinds = {event.kind for event in work} - {"nothing"}
    if isinstance(op, Mul) and "scale" in kinds:
        return _count_tree_levels(max(e.bits[1] for e in work if e.kind == "scale"))
    if "lookup" in kinds:
        compares = sum(n for event, n in work.items() if event.kind == "compare") // op.size
        searched = sum(n for event, n in work.items() if event.kind == "lookup") > op.size
        return 2 * compares + 1 if searched else 2
    if "round" in kinds:
        return 2
    return 3 if kinds & set(MULTIPLICATIONS) else len(kinds)


def _count_tree_levels(terms: int) -> int:
    return math.ceil(math.log2(max(terms, 1)))
