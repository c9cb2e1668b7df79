"""``plan_streams``: the processes and FIFOs of a graph, with depths that lose no throughput."""

from __future__ import annotations

import math
from functools import lru_cache

from qhls.errors import PlanError
from qhls.ir.graph import Graph
from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Pool
from qhls.plan.choices import check_folding
from qhls.plan.dataflow import array_of, arrays_read, list_calls
from qhls.plan.network import plan_op
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Action, Fill, Fork, Repeat, Slide, make_slide
from qhls.plan.streams.cut import Cut, cut
from qhls.plan.streams.depths import time_plan
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess

TOKEN_BITS = 1024
"""Most bits of a token of several elements: the widest port of an AXI interconnect (AMD PG035)."""


@lru_cache(maxsize=16)
def plan_streams(graph: Graph, schedule: Schedule) -> StreamPlan:
    """Return the plan of ``graph`` as processes that exchange tokens. It is made once for several readers.

    Raises ``PlanError`` for a schedule with a budget or an interval, and for a fold that does not fit.
    """
    check_folding(graph, schedule)
    if schedule.is_searched:
        raise PlanError(
            "Schedule.io: expected 'array' with an interval, a throughput or a budget, got 'stream'. "
            "Share multipliers of streams by reuse_factor or folding."
        )
    return time_plan(_Builder(graph, schedule).build())


class _Builder:
    """Cuts, lanes and readers of one graph."""

    def __init__(self, graph: Graph, schedule: Schedule) -> None:
        self._graph = graph
        self._schedule = schedule
        self._names: set[str] = set()
        self._cuts = {op: _consistent(cut(op)) for op in list_calls(graph)}
        self._lanes = choose_lanes(graph, self._cuts)
        self._readers: dict[Op, list[str]] = {op: [] for op in (*graph.inputs, *self._cuts)}
        for op in self._cuts:
            for array in arrays_read(op):
                self._readers[array].append(op.name)
        self._outputs: dict[Op, list[int]] = {op: [] for op in self._readers}
        for number, op in enumerate(graph.outputs):
            self._outputs[array_of(op)].append(number)
        self._made: dict[Op, Fifo] = {}
        self._read: dict[tuple[Op, str], Fifo] = {}
        self._written: dict[int, Fifo] = {}

    def build(self) -> StreamPlan:
        """Return the plan without times and depths."""
        processes: list[StreamProcess] = []
        for op in self._readers:
            made, fork = self._leave(op)
            if op in self._cuts:
                processes.append(self._process(op, made))
            processes += [fork] if fork else []
        inputs = [self._made[op] for op in self._graph.inputs]
        ports = (tuple(inputs), tuple(self._written[n] for n in range(len(self._graph.outputs))))
        return StreamPlan(self._graph, self._schedule, tuple(processes), *ports)

    def _leave(self, op: Op) -> tuple[Fifo, StreamProcess | None]:
        """Return the FIFO that leaves ``op``, and the fork behind it where several read it."""
        is_input = op in self._graph.inputs
        producer = "" if is_input else op.name
        readers, ports = self._readers[op], self._outputs[op]
        if len(readers) + len(ports) == 1 and not (is_input and ports):
            made = (
                self._port(ports[0], op, producer)
                if ports
                else self._fifo(op.name, op, producer, *readers)
            )
            self._made[op] = made
            self._read |= {(op, reader): made for reader in readers}
            return made, None
        name = f"{op.name} fork"
        made = self._made[op] = self._fifo(op.name, op, producer, name)
        branches = {
            (op, reader): self._fifo(f"{op.name} to {reader}", op, name, reader)
            for reader in readers
        }
        self._read |= branches
        writes = (*branches.values(), *(self._port(port, op, name) for port in ports))
        return made, StreamProcess(name, None, Fork(made.tokens), None, (made,), writes)

    def _port(self, number: int, op: Op, producer: str) -> Fifo:
        several = len(self._graph.outputs) > 1
        self._written[number] = self._fifo(
            f"result_{number}" if several else "result", op, producer
        )
        return self._written[number]

    def _fifo(self, name: str, op: Op, producer: str, consumer: str = "") -> Fifo:
        while name in self._names:
            name += "_"
        self._names.add(name)
        return Fifo(name, op, self._lanes[op], producer, consumer)

    def _process(self, op: Op, made: Fifo) -> StreamProcess:
        reads = tuple(self._read[array, op.name] for array in arrays_read(op))
        action = self._act(op)
        called = isinstance(action, Repeat | Slide)
        hardware = plan_op(action.step, self._schedule) if called else None
        return StreamProcess(op.name, op, action, hardware, reads, (made,))

    def _act(self, op: Op) -> Action:
        rule = self._cuts[op]
        if isinstance(op, Pad) and rule.by_element:
            return Fill(op)
        if isinstance(op, Conv | Pool) and rule.steps == 1:
            slide = make_slide(op)
            if slide:
                return slide
        steps = op.size // self._lanes[op] if rule.by_element else rule.steps
        held = frozenset(array_of(operand) for operand in rule.held)
        return Repeat(rule.step(self._lanes[op]), steps, held)


def choose_lanes(graph: Graph, cuts: dict[Op, Cut]) -> dict[Op, int]:
    """Return the elements of a token of each array.

    A token lies within the last axis of its tensor and within a part that a process reads or writes. Processes that
    work by element write tokens as they read them.
    """
    first: dict[Op, Op] = {op: op for op in (*graph.inputs, *cuts)}
    common = {op: (*op.shape, 1)[max(len(op.shape) - 1, 0)] for op in first}
    for op, rule in cuts.items():
        iterated = [operand for operand in rule.op.operands if operand not in rule.held]
        arrays = {array_of(o): o for o in iterated if not isinstance(o, Const)}
        for array, operand in arrays.items():
            if rule.by_element:
                _unite(first, array, op)
            else:
                pixel = operand.shape[-1] if isinstance(op, Conv | Pool) else 0
                common[array] = math.gcd(common[array], rule.part(operand), pixel)
        if not rule.by_element:
            common[op] = math.gcd(common[op], rule.result)
    groups: dict[Op, list[Op]] = {}
    for op in first:
        groups.setdefault(_first(first, op), []).append(op)
    lanes: dict[Op, int] = {}
    for group in groups.values():
        length = math.gcd(*(common[op] for op in group))
        most = max(TOKEN_BITS // max(op.type.width for op in group), 1)
        chosen = max(n for n in range(1, min(length, most) + 1) if length % n == 0)
        lanes |= dict.fromkeys(group, chosen)
    return lanes


def _first(first: dict[Op, Op], op: Op) -> Op:
    while first[op] is not op:
        op = first[op]
    return op


def _unite(first: dict[Op, Op], a: Op, b: Op) -> None:
    first[_first(first, a)] = _first(first, b)


def _consistent(rule: Cut) -> Cut:
    """Return ``rule``, or no cut where operands in one array are cut differently."""
    seen: dict[Op, tuple[bool, int]] = {}
    for operand in rule.op.operands:
        way = (operand in rule.held, rule.part(operand))
        if seen.setdefault(array_of(operand), way) != way:
            return Cut(rule.op)
    return rule
