"""``Plan``: a network of processes joined by channels, in which every choice of time and place is made.

C++, energy, area and latency read it and decide nothing. ``plan`` makes it from a graph and a schedule.

Processes run one after another, each on the whole tensor of the one before. They overlap in Vitis' DATAFLOW, if
``qhls.plan.dataflow`` finds no obstacle. Then the slowest process sets the initiation interval. Otherwise an input
waits for the last result of the one before. Without DATAFLOW two processes run at once if neither needs the other and
they read different memories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from qhls.errors import VerifyError
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.scan import Scan
from qhls.plan.choices import arrays_of, check_folding, choose_all
from qhls.plan.dataflow import array_of, arrays_read, find_obstacles, list_calls
from qhls.plan.process import Buffer, Channel, ChannelKind, Process
from qhls.plan.rules import Choice, make_buffer, make_process, make_store
from qhls.plan.schedule import Schedule
from qhls.plan.timing import Step, find_critical_path
from qhls.system.display import Tabular

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, eq=False)
class Plan(Tabular):
    """The hardware of ``graph``: ``processes`` in the order of their calls, ``buffers`` of all tensors, ``channels``.

    ``stores``: processes that copy outputs from memories to the design's ports. ``obstacles``: the reasons why the
    processes do not overlap; empty if they do.
    """

    text_width = 200

    graph: Graph
    schedule: Schedule
    processes: tuple[Process, ...]
    stores: tuple[Process, ...]
    buffers: tuple[Buffer, ...]
    channels: tuple[Channel, ...]
    obstacles: tuple[str, ...]
    choices: tuple[Choice, ...]
    """The decisions on each input and process."""

    @property
    def overlap(self) -> bool:
        """Return whether a process takes the next tensor while those behind it still work on the last one."""
        return not self.obstacles

    def process(self, op: Op) -> Process | None:
        """Return the process of ``op``; None for inputs, constants and reshapes."""
        return self._processes.get(op)

    def hardware(self, op: Op) -> Process | Buffer | None:
        """Return the process of ``op``, the buffer of an input, or None for constants and reshapes, which need none."""
        return self._buffers[op] if isinstance(op, Input) else self._processes.get(op)

    def buffer(self, op: Op) -> Buffer:
        """Return the buffer of the tensor of ``op``, not a constant; a reshape has that of its operand."""
        return self._buffers[array_of(op)]

    def remake(self, op: Op, new: Op) -> Process:
        """Return the process of ``op`` by the same decisions for ``new``, an op of equal shape on other numbers."""
        choice = self.choices[len(self.graph.inputs) + self._positions[op]]
        process = self.processes[self._positions[op]]
        sources = [a.buffer for a in process.reads if not isinstance(a.operand, Const)]
        result = make_buffer(new, choice, process.writes.buffer.double)
        return _make(new, choice, sources, result)

    def walk(self) -> Iterator[tuple[Op, Process | Buffer | None, int]]:
        """Return every op, its hardware and how often one inference runs it; a step follows its recurrence."""
        for op in self.graph.ops:
            hardware = self.hardware(op)
            yield op, hardware, 1
            if isinstance(hardware, Process) and hardware.body:
                for inner, its, times in hardware.body.walk():
                    yield inner, its, times * hardware.trips

    @property
    def latency(self) -> int:
        """Return the cycles from an input to its last output."""
        return self._path[0] + max((store.cycles for store in self.stores), default=0)

    @property
    def waiting(self) -> int:
        """Return the cycles of the latency that trips and intervals cause; the others are depth."""
        return self._path[1] + max((store.cycles - 1 for store in self.stores), default=0)

    @property
    def interval(self) -> int:
        """Return the initiation interval: that of the slowest process if they overlap, else the latency."""
        if self.obstacles:
            return self.latency
        return max((process.busy for process in (*self.processes, *self.stores)), default=1)

    @property
    def sequential(self) -> int:
        """Return latency and initiation interval if no processes overlap, as in Catapult's C++."""
        return max(sum(process.cycles for process in (*self.processes, *self.stores)), 1)

    @property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """Return the positions of the processes whose results each process reads."""
        return tuple(
            tuple(self._positions[a] for a in arrays_read(p.op) if a in self._positions)
            for p in self.processes
        )

    @property
    def results(self) -> tuple[int, ...]:
        """Return the positions of the processes that make outputs."""
        arrays = (array_of(op) for op in self.graph.outputs)
        return tuple(self._positions[array] for array in arrays if array in self._positions)

    def occupied(self, process: Process) -> tuple[Op, ...]:
        """Return the memories whose ports ``process`` takes from others that could run at once."""
        if self.overlap:
            return ()
        return tuple(a for a in arrays_read(process.op) if self._buffers[a].is_memory)

    def table(self) -> Table:
        """Return one row per process: fold, loops, interval, depth, places and channels."""
        from qhls.plan.table import make_table

        return make_table(self)

    @cached_property
    def _path(self) -> tuple[int, int]:
        steps = [
            Step(p.cycles, p.cycles - p.depth, sources, self.occupied(p))
            for p, sources in zip(self.processes, self.sources, strict=True)
        ]
        return find_critical_path(steps, self.results)

    @cached_property
    def _positions(self) -> dict[Op, int]:
        return {process.op: i for i, process in enumerate(self.processes)}

    @cached_property
    def _processes(self) -> dict[Op, Process]:
        return {process.op: process for process in self.processes}

    @cached_property
    def _buffers(self) -> dict[Op, Buffer]:
        return {buffer.tensor: buffer for buffer in self.buffers}


@lru_cache(maxsize=16)
def plan(graph: Graph, schedule: Schedule) -> Plan:
    """Return the plan of ``graph`` for ``schedule``. It is made once for several readers.

    Raises ``PlanError`` for a fold, an interval or a budget that no hardware meets, and ``VerifyError`` for streams,
    whose plan is another (``qhls.plan.streams``).
    """
    if schedule.io != "array":
        raise VerifyError(
            f"Schedule.io: expected 'array' for energy, area and latency, got {schedule.io!r}. "
            "Ask design.plan for latency and interval of streams."
        )
    check_folding(graph, schedule)
    if schedule.is_searched:
        from qhls.plan.search import find_plan

        return find_plan(graph, schedule)
    return connect(graph, schedule, choose_all(graph, schedule), find_obstacles(graph))


def plan_op(op: Op, schedule: Schedule) -> Process:
    """Return the process of ``op`` alone, which reads inputs and constants."""
    inputs = tuple(operand for operand in dict.fromkeys(op.operands) if isinstance(operand, Input))
    graph = Graph(inputs, (op,))
    (process,) = connect(graph, schedule, choose_all(graph, schedule), ()).processes
    return process


def connect(
    graph: Graph,
    schedule: Schedule,
    choices: tuple[Choice, ...],
    obstacles: tuple[str, ...],
    nested: bool = False,
) -> Plan:
    """Return the plan of ``graph`` by ``choices`` of inputs and calls; ``nested``: others copy its outputs."""
    order, arrays = list_calls(graph), arrays_of(graph)
    crossed = (array for op in order for array in arrays_read(op))
    double = frozenset[Op]() if obstacles else frozenset(crossed) - frozenset(graph.inputs)
    chosen = dict(zip(arrays, choices, strict=True))
    buffers = {op: make_buffer(op, chosen[op], op in double) for op in arrays}
    processes = tuple(_make(op, chosen[op], _sources(op, buffers), buffers[op]) for op in order)
    results = [(op, buffers[array_of(op)]) for op in graph.outputs]
    stores = () if nested else tuple(make_store(op, b) for op, b in results if b.is_memory)
    channels = (
        *(_join(buffers[array], op) for op in order for array in arrays_read(op)),
        *(_join(buffer, None) for _, buffer in results),
    )
    parts = (tuple(buffers.values()), channels, obstacles, choices)
    return Plan(graph, schedule, processes, stores, *parts)


def _sources(op: Op, buffers: Mapping[Op, Buffer]) -> list[Buffer]:
    """Return the buffers that ``op`` reads, one per operand that is no constant."""
    operands = dict.fromkeys(o for o in op.operands if not isinstance(o, Const))
    return [buffers[array_of(operand)] for operand in operands]


def _make(op: Op, choice: Choice, sources: Sequence[Buffer], result: Buffer) -> Process:
    """Return the process of ``op``, that of a recurrence with the plan of its step."""
    process = make_process(op, choice, sources, result)
    if not isinstance(op, Scan):
        return process
    waits = ("a step begins after the end of the one before",)
    body = connect(op.body, choice.schedule, choice.body, waits, nested=True)
    return repeat(process, body, body.latency)


def _join(buffer: Buffer, consumer: Op | None) -> Channel:
    """Return the channel of a whole tensor."""
    kind: ChannelKind = "array" if buffer.is_memory else "wires"
    if buffer.double and consumer is not None:
        kind = "double"
    depth = 2 if kind == "double" else 1
    return Channel(buffer.tensor, consumer, kind, buffer.tensor.size, 1, depth)


def repeat(process: Process, body: Plan, cycles: int) -> Process:
    """Return the process of a recurrence with a step ``body`` of ``cycles``.

    A step copies its row, its result and its state: one element per cycle in a memory, all at once in registers.
    """
    copied = (body.graph.inputs[0], *body.graph.outputs)
    copies = sum(op.size if body.buffer(op).is_memory else 1 for op in copied)
    bound = "the step before"
    return replace(process, interval=cycles + copies, depth=1, bound=bound, body=body)
