"""``plan_streams``: the processes and FIFOs of a graph, with depths that lose no throughput."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.plan.choices import check_folding
from qhls.plan.dataflow import find_array, list_arrays_read, list_calls
from qhls.plan.rules import Choice
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Fork
from qhls.plan.streams.cut import Cut, cut
from qhls.plan.streams.decisions.choices import Outlook, decide_streams, find_action, group_tensors
from qhls.plan.streams.depths import time_plan
from qhls.plan.streams.hardware import make_hardware
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess


@lru_cache(maxsize=16)
def plan_streams(graph: Graph, schedule: Schedule, whole_ports: bool = False) -> StreamPlan:
    """Return the plan of ``graph`` as processes that exchange tokens. It is made once for several readers.

    ``whole_ports``: inputs and outputs are one token each. All that reads or makes them keeps the order of elements.

    Raises ``PlanError`` for a fold, an interval or a budget that no hardware meets.
    """
    check_folding(graph, schedule)
    ports = {*graph.inputs, *graph.outputs} if whole_ports else set[Op]()
    rules = {
        op: _make_consistent(cut(op))
        if ports.isdisjoint((op, *op.operands))
        else Cut(op, regroups=True)
        for op in list_calls(graph)
    }
    outlook = group_tensors(graph, rules)
    if schedule.is_searched:
        from qhls.plan.streams.decisions.search import find_streams

        return find_streams(outlook, schedule)
    return time_plan(build_plan(outlook, schedule, *decide_streams(outlook, schedule, None)))


def build_plan(
    outlook: Outlook, schedule: Schedule, choices: Mapping[Op, Choice], lanes: Mapping[Op, int]
) -> StreamPlan:
    """Return the plan by these decisions, without times and depths."""
    return _Builder(outlook, schedule, choices, lanes).build()


class _Builder:
    """Cuts, lanes and readers of one graph."""

    def __init__(
        self,
        outlook: Outlook,
        schedule: Schedule,
        choices: Mapping[Op, Choice],
        lanes: Mapping[Op, int],
    ) -> None:
        self._graph = graph = outlook.graph
        self._schedule = schedule
        self._names: set[str] = set()
        self._cuts = outlook.cuts
        self._choices = choices
        self._lanes = lanes
        self._readers: dict[Op, list[str]] = {op: [] for op in (*graph.inputs, *self._cuts)}
        for op in self._cuts:
            for array in list_arrays_read(op):
                self._readers[array].append(op.name)
        self._outputs: dict[Op, list[int]] = {op: [] for op in self._readers}
        for number, op in enumerate(graph.outputs):
            self._outputs[find_array(op)].append(number)
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
        return StreamPlan(
            self._graph, self._schedule, tuple(processes), *ports, choices=self._choices
        )

    def _leave(self, op: Op) -> tuple[Fifo, StreamProcess | None]:
        """Return the FIFO that leaves ``op``, and the fork behind it where several read it."""
        is_input = op in self._graph.inputs
        producer = "" if is_input else op.name
        readers, ports = self._readers[op], self._outputs[op]
        if len(readers) + len(ports) == 1 and not (is_input and ports):
            made = (
                self._make_port(ports[0], op, producer)
                if ports
                else self._make_fifo(op.name, op, producer, *readers)
            )
            self._made[op] = made
            self._read |= {(op, reader): made for reader in readers}
            return made, None
        name = f"{op.name} fork"
        made = self._made[op] = self._make_fifo(op.name, op, producer, name)
        branches = {
            (op, reader): self._make_fifo(f"{op.name} to {reader}", op, name, reader)
            for reader in readers
        }
        self._read |= branches
        writes = (*branches.values(), *(self._make_port(port, op, name) for port in ports))
        return made, StreamProcess(name, None, Fork(made.tokens), None, (made,), writes)

    def _make_port(self, number: int, op: Op, producer: str) -> Fifo:
        several = len(self._graph.outputs) > 1
        self._written[number] = self._make_fifo(
            f"result_{number}" if several else "result", op, producer
        )
        return self._written[number]

    def _make_fifo(self, name: str, op: Op, producer: str, consumer: str = "") -> Fifo:
        while name in self._names:
            name += "_"
        self._names.add(name)
        return Fifo(name, op, self._lanes[op], producer, consumer)

    def _process(self, op: Op, made: Fifo) -> StreamProcess:
        reads = tuple(self._read[array, op.name] for array in list_arrays_read(op))
        action = find_action(self._cuts[op], self._lanes[op])
        hardware = make_hardware(op, action, self._choices[op], self._lanes[op])
        return StreamProcess(op.name, op, action, hardware, reads, (made,))


def _make_consistent(rule: Cut) -> Cut:
    """Return ``rule``, or no cut where operands in one array are cut differently."""
    seen: dict[Op, tuple[bool, int]] = {}
    for operand in rule.op.operands:
        way = (operand in rule.held, rule.count_read(operand))
        if seen.setdefault(find_array(operand), way) != way:
            return Cut(rule.op)
    return rule
