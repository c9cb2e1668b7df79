"""``Plan``: processes and the channels between them, with every decision on time and place.

C++, energy, area and latency read it and decide nothing. ``plan`` makes it from a graph and a schedule.

Processes run one after another, each on the whole tensor of the previous process. They overlap in Vitis' DATAFLOW, if
``qhls.plan.dataflow`` finds no obstacle. Then the slowest process sets the initiation interval. Otherwise an input
waits for the last result of the previous input. Without DATAFLOW two processes run in parallel if neither needs the
other and they read different memories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from qhls.errors import VerifyError
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.scan import Scan
from qhls.plan.choices import check_folding, choose_all, list_arrays
from qhls.plan.dataflow import (
    Chain,
    find_array,
    find_chains,
    find_obstacles,
    find_source_array,
    is_start_of_sum,
    list_source_arrays,
)
from qhls.plan.hardware.depth import estimate_depth
from qhls.plan.hardware.primitives import is_wiring
from qhls.plan.process import Buffer, Channel, ChannelKind, OpHardware, Process
from qhls.plan.rules import Choice, fuse, make_buffer, make_process, make_store
from qhls.plan.schedule import Schedule
from qhls.plan.timing import Step, find_critical_path
from qhls.system.display import Tabular

if TYPE_CHECKING:
    from rich.table import Table

    from qhls.plan.streams.network import StreamPlan


@dataclass(frozen=True, eq=False)
class Plan(Tabular):
    """The hardware of ``graph``: ``processes`` in the order of their calls, ``buffers`` of all tensors, ``channels``.

    ``stores``: processes that copy outputs from memories to the design's ports. ``obstacles``: the reasons why the
    processes do not overlap; empty if they do.
    """

    text_width = 240

    graph: Graph
    schedule: Schedule
    processes: tuple[Process, ...]
    stores: tuple[Process, ...]
    buffers: tuple[Buffer, ...]
    channels: tuple[Channel, ...]
    obstacles: tuple[str, ...]
    choices: tuple[Choice, ...]
    """The decisions on each input, then on each op that a process computes."""

    @property
    def overlap(self) -> bool:
        """Return whether processes overlap: one begins the next input while later ones work on the previous input."""
        return not self.obstacles

    def process(self, op: Op) -> Process | None:
        """Return the process of ``op``, alone or fused with others; None for inputs, constants and reshapes."""
        return self._processes.get(op)

    def find_hardware(self, op: Op) -> OpHardware:
        """Return the hardware of ``op``: its part of a process, or the buffer of an input.

        Constants and reshapes need none.
        """
        if isinstance(op, Input):
            return OpHardware(op, self._buffers[op])
        process = self._processes.get(op)
        return OpHardware(op, process and process.find_part(op))

    def find_buffer(self, op: Op) -> Buffer:
        """Return the buffer of the tensor of ``op``; a reshape shares its operand's buffer, and a constant has none."""
        return self._buffers[find_array(op)]

    def remake(self, op: Op, new: Op) -> OpHardware:
        """Return the hardware of ``new``, an op of equal shape on other numbers, by the decisions made for ``op``."""
        part = self.find_hardware(op).unit
        if isinstance(part, Buffer):
            return OpHardware(new, replace(part, tensor=new, word_bits=new.type.width))
        return OpHardware(new, part and self._remake(op, new, part))

    def _remake(self, op: Op, new: Op, part: Process) -> Process:
        process, choice = self._processes[op], self.choices[self._numbers[op]]
        sources = [a.buffer for a in part.reads if not isinstance(a.operand, Const)]
        result = make_buffer(new, choice, part.writes.buffer.double)
        before = process.ops[process.ops.index(op) - 1]
        product = before if before is not op and is_start_of_sum(op, before) else None
        remade = _add_step(make_process(new, choice, sources, result, product), choice)
        others = [other for other in process.parts if other is not part]
        wiring = remade.is_wiring and all(map(is_wiring, others))
        return replace(remade, interval=part.interval, is_wiring=wiring, absorbed=part.absorbed)

    def walk(self) -> Iterator[OpHardware]:
        """Yield the hardware of every op; the hardware of a recurrence's step follows that of the recurrence."""
        for op in self.graph.ops:
            yield from self.find_hardware(op).walk()

    def estimate_cycles(
        self, levels: Mapping[Op, int], recurrences: Mapping[Op, Process]
    ) -> tuple[int, int]:
        """Return latency and initiation interval for other numbers of logic levels and other processes of recurrences.

        ``levels``: the logic levels of a trip, by op. ``recurrences``: the processes, by op.
        """
        timed = [
            recurrences.get(p.op)
            or replace(
                p, depth=estimate_depth(sum(levels[op] for op in p.ops), self.schedule.clock_period)
            )
            for p in self.processes
        ]
        other = replace(self, processes=tuple(timed))
        return other.latency, other.interval

    @property
    def busiest(self) -> int:
        """Return the number of cycles for which one inference occupies the slowest process."""
        return max(process.busy for process in (*self.processes, *self.stores))

    @property
    def latency(self) -> int:
        """Return the latency: the clock cycles from an input to its last output."""
        return self._path[0] + max((store.cycles for store in self.stores), default=0)

    @property
    def waiting(self) -> int:
        """Return the number of cycles of the latency that trips and intervals cause; the rest is pipeline depth."""
        return self._path[1] + max((store.cycles - 1 for store in self.stores), default=0)

    @property
    def interval(self) -> int:
        """Return the initiation interval: that of the slowest process if processes overlap, else the latency."""
        if self.obstacles:
            return self.latency
        return max((process.busy for process in (*self.processes, *self.stores)), default=1)

    @property
    def sequential(self) -> int:
        """Return the latency if processes run one after another, as in Catapult's C++; the interval is then equal."""
        return max(sum(process.cycles for process in (*self.processes, *self.stores)), 1)

    @property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """Return, for each process, the positions of the processes whose results it reads."""
        return tuple(
            tuple(self._positions[a] for a in list_source_arrays(p.ops[0]) if a in self._positions)
            for p in self.processes
        )

    @property
    def results(self) -> tuple[int, ...]:
        """Return the positions of the processes that compute outputs of the graph."""
        arrays = (find_array(op) for op in self.graph.outputs)
        return tuple(self._positions[array] for array in arrays if array in self._positions)

    def list_occupied(self, process: Process) -> tuple[Op, ...]:
        """Return the memories that no other process can read while ``process`` runs; none if processes overlap."""
        if self.overlap:
            return ()
        return tuple(a for a in list_source_arrays(process.ops[0]) if self._buffers[a].is_memory)

    def to_table(self) -> Table:
        """Return a table with one row per process: fold, loops, interval, depth, places and channels."""
        from qhls.plan.table import make_table

        return make_table(self)

    @cached_property
    def _path(self) -> tuple[int, int]:
        steps = [
            Step(p.cycles, p.cycles - p.depth, sources, self.list_occupied(p))
            for p, sources in zip(self.processes, self.sources, strict=True)
        ]
        return find_critical_path(steps, self.results)

    @cached_property
    def _positions(self) -> dict[Op, int]:
        return {process.op: i for i, process in enumerate(self.processes)}

    @cached_property
    def _numbers(self) -> dict[Op, int]:
        """Return the position in ``choices`` of each op that has a choice."""
        return {op: number for number, op in enumerate(list_arrays(self.graph))}

    @cached_property
    def _processes(self) -> dict[Op, Process]:
        return {op: process for process in self.processes for op in process.ops}

    @cached_property
    def _buffers(self) -> dict[Op, Buffer]:
        return {buffer.tensor: buffer for buffer in self.buffers}


def plan_design(graph: Graph, schedule: Schedule) -> Plan | StreamPlan:
    """Return the plan of ``graph`` for ``schedule``, whose ``io`` selects arrays or streams.

    Raises ``PlanError`` for a fold, an interval or a budget that no hardware meets.
    """
    if schedule.io == "array":
        return plan(graph, schedule)
    from qhls.plan.streams.build import plan_streams

    return plan_streams(graph, schedule)


@lru_cache(maxsize=16)
def plan(graph: Graph, schedule: Schedule) -> Plan:
    """Return the plan of ``graph``, whose tensors are arrays, for ``schedule``. The result is cached.

    Raises ``PlanError`` for a fold, an interval or a budget that no hardware meets, and ``VerifyError`` for streams.
    """
    if schedule.io != "array":
        raise VerifyError(
            f"plan: expected a schedule with io='array', got {schedule.io!r}. Use plan_design, which plans streams too."
        )
    check_folding(graph, schedule)
    if schedule.is_searched:
        from qhls.plan.search import find_plan

        return find_plan(graph, schedule)
    obstacles = find_obstacles(graph, find_chains(graph, schedule))
    return connect(graph, schedule, choose_all(graph, schedule), obstacles)


def plan_step(op: Op, choice: Choice) -> Process:
    """Return the process of ``op``, whose operands are inputs and constants, by the decisions ``choice``."""
    inputs = tuple(operand for operand in dict.fromkeys(op.operands) if isinstance(operand, Input))
    graph, schedule = Graph(inputs, (op,)), choice.schedule
    choices = (*(Choice(schedule) for _ in inputs), choice)
    (process,) = connect(graph, schedule, choices, ()).processes
    return process


def connect(
    graph: Graph,
    schedule: Schedule,
    choices: tuple[Choice, ...],
    obstacles: tuple[str, ...],
    nested: bool = False,
) -> Plan:
    """Return the plan of ``graph`` by the decisions ``choices`` on its inputs and on the ops that processes compute.

    ``nested``: whether ``graph`` is the step of a recurrence, which copies the outputs itself.
    """
    chains, arrays = find_chains(graph, schedule), list_arrays(graph)
    crossed = (array for chain in chains for array in list_source_arrays(chain[0]))
    double = frozenset[Op]() if obstacles else frozenset(crossed) - frozenset(graph.inputs)
    chosen = dict(zip(arrays, choices, strict=True))
    buffers = {op: make_buffer(op, chosen[op], op in double) for op in arrays}
    processes = tuple(_make_all(chain, chosen, buffers) for chain in chains)
    results = [(op, buffers[find_array(op)]) for op in graph.outputs]
    stores = () if nested else tuple(make_store(op, b) for op, b in results if b.is_memory)
    channels = (
        *(_join(buffers[array], c[-1]) for c in chains for array in list_source_arrays(c[0])),
        *(_join(buffer, None) for _, buffer in results),
    )
    parts = (tuple(buffers.values()), channels, obstacles, choices)
    return Plan(graph, schedule, processes, stores, *parts)


def _list_sources(op: Op, buffers: Mapping[Op, Buffer]) -> list[Buffer]:
    """Return the buffers that ``op`` reads, one per operand that is no constant."""
    operands = dict.fromkeys(o for o in op.operands if not isinstance(o, Const))
    return [buffers[find_source_array(op, operand)] for operand in operands]


def _make_all(chain: Chain, chosen: Mapping[Op, Choice], buffers: Mapping[Op, Buffer]) -> Process:
    """Return the process that computes all ops of ``chain``."""
    parts: list[Process] = []
    for op in chain:
        before = parts[-1].op if parts else None
        product = before if is_start_of_sum(op, before) else None
        sources = _list_sources(op, buffers)
        process = make_process(op, chosen[op], sources, buffers[op], product)
        parts.append(_add_step(process, chosen[op]))
    return fuse(parts, chosen[chain[0]].schedule) if len(parts) > 1 else parts[0]


def _add_step(process: Process, choice: Choice) -> Process:
    """Return ``process``, completed by the plan of its step if it is a recurrence."""
    op = process.op
    if not isinstance(op, Scan):
        return process
    waits = ("a step begins after the end of the one before",)
    body = connect(op.body, choice.schedule, choice.body, waits, nested=True)
    return repeat(process, body, body.latency)


def _join(buffer: Buffer, consumer: Op | None) -> Channel:
    """Return the channel that passes the whole tensor in ``buffer`` to ``consumer`` or, if None, to the output."""
    kind: ChannelKind = "array" if buffer.is_memory else "wires"
    if buffer.double and consumer is not None:
        kind = "double"
    depth = 2 if kind == "double" else 1
    return Channel(buffer.tensor, consumer, kind, buffer.tensor.size, 1, depth)


def repeat(process: Process, body: Plan, cycles: int) -> Process:
    """Return the process of a recurrence whose step has the plan ``body`` and takes ``cycles`` cycles.

    A step copies its row, its result and its state: one element per cycle in a memory, all in one cycle in registers.
    """
    copied = (body.graph.inputs[0], *body.graph.outputs)
    copies = sum(op.size if body.find_buffer(op).is_memory else 1 for op in copied)
    bound = "the step before"
    return replace(process, interval=cycles + copies, depth=1, bound=bound, body=body)
