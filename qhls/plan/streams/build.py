"""``plan_streams``: the processes and FIFOs of a graph, with depths that lose no throughput."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from qhls.ir.graph import Graph
from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Pool
from qhls.plan.choices import check_folding
from qhls.plan.dataflow import Chain, find_array, list_calls
from qhls.plan.hardware.depth import estimate_added_depth
from qhls.plan.rules import Choice
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Fork, Reduce, Repeat, make_slide
from qhls.plan.streams.cut import Cut, cut
from qhls.plan.streams.decisions.choices import (
    Outlook,
    count_pixels,
    decide_streams,
    find_action,
    group_tensors,
)
from qhls.plan.streams.depths import time_plan
from qhls.plan.streams.hardware import make_hardware, wire_parts
from qhls.plan.streams.network import Fifo, JoinedOp, StreamPlan, StreamProcess


@lru_cache(maxsize=16)
def plan_streams(graph: Graph, schedule: Schedule, whole_ports: bool = False) -> StreamPlan:
    """Return the plan of ``graph`` as processes that exchange tokens. Results are cached.

    ``whole_ports``: whether each input and output is one token; then the ops that read or write ports keep the order of
    elements.

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
    outlook = group_tensors(graph, _add_paddings(graph, rules))
    if schedule.is_searched:
        from qhls.plan.streams.decisions.search import find_streams

        return find_streams(outlook, schedule)
    return time_plan(build_plan(outlook, schedule, *decide_streams(outlook, schedule, None)))


def build_plan(
    outlook: Outlook, schedule: Schedule, choices: Mapping[Op, Choice], lanes: Mapping[Op, int]
) -> StreamPlan:
    """Return the plan that follows from given decisions, without latency, interval and FIFO depths."""
    return _Builder(outlook, schedule, choices, lanes).build()


class _Builder:
    """The construction of one plan from the cuts, lanes and readers of a graph's tensors."""

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
        self._chains = self._find_chains()
        self._readers: dict[Op, list[str]] = {op: [] for op in (*graph.inputs, *self._chains)}
        for last, chain in self._chains.items():
            for array in self._cuts[chain[0]].arrays:
                self._readers[array].append(last.name)
        self._outputs: dict[Op, list[int]] = {op: [] for op in self._readers}
        for number, op in enumerate(graph.outputs):
            self._outputs[find_array(op)].append(number)
        self._made: dict[Op, Fifo] = {}
        self._read: dict[tuple[Op, str], Fifo] = {}
        self._written: dict[int, Fifo] = {}

    def _find_chains(self) -> dict[Op, Chain]:
        """Return the fused ops of each process, by the last op."""
        chains: dict[Op, Chain] = {}
        for op in self._cuts:
            before = self._find_joined(op)
            chains[op] = (*chains.pop(before), op) if before in chains else (op,)
        return chains

    def _find_joined(self, op: Op) -> Op | None:
        """Return the op into whose process ``op`` is fused; None if ``op`` has a separate process.

        Only an elementwise op that takes a token per cycle is fused. A process that regroups tokens only moves them.
        """
        tensors = [operand for operand in op.operands if not isinstance(operand, Const)]
        if not self._cuts[op].by_element or isinstance(op, Pad) or len(tensors) != 1:
            return None
        (before,) = tensors
        alone = self._graph.users[before] == (op,) and before not in self._graph.outputs
        if not alone or before not in self._cuts or before.shape != op.shape:
            return None
        if self._cuts[before].regroups:
            return None
        return before if self._follow(op).hardware.interval == 1 else None

    def _follow(self, op: Op) -> JoinedOp:
        action = find_action(self._cuts[op], self._lanes[op])
        hardware = make_hardware(op, action, self._choices[op], self._lanes[op])
        assert isinstance(action, Repeat) and hardware is not None
        return JoinedOp(op, action, hardware)

    def build(self) -> StreamPlan:
        """Return the plan without latency, interval and FIFO depths."""
        processes: list[StreamProcess] = []
        for op in self._readers:
            fifo, fork = self._leave(op)
            if op in self._chains:
                processes.append(self._process(self._chains[op], fifo))
            processes += [fork] if fork else []
        inputs = [self._made[op] for op in self._graph.inputs]
        ports = (tuple(inputs), tuple(self._written[n] for n in range(len(self._graph.outputs))))
        return StreamPlan(
            self._graph, self._schedule, tuple(processes), *ports, choices=self._choices
        )

    def _leave(self, op: Op) -> tuple[Fifo, StreamProcess | None]:
        """Return the FIFO that ``op`` writes, and the fork that copies its tokens; None for a single reader."""
        is_input = op in self._graph.inputs
        producer = "" if is_input else op.name
        readers, ports = self._readers[op], self._outputs[op]
        if len(readers) + len(ports) == 1 and not (is_input and ports):
            fifo = (
                self._make_port(ports[0], op, producer)
                if ports
                else self._make_fifo(op.name, op, producer, *readers)
            )
            self._made[op] = fifo
            self._read |= {(op, reader): fifo for reader in readers}
            return fifo, None
        name = f"{op.name} fork"
        fifo = self._made[op] = self._make_fifo(op.name, op, producer, name)
        branches = {
            (op, reader): self._make_fifo(f"{op.name} to {reader}", op, name, reader)
            for reader in readers
        }
        self._read |= branches
        writes = (*branches.values(), *(self._make_port(port, op, name) for port in ports))
        return fifo, StreamProcess(name, None, Fork(fifo.tokens), None, (fifo,), writes)

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

    def _process(self, chain: Chain, fifo: Fifo) -> StreamProcess:
        op, *others = chain
        name = chain[-1].name
        rule = self._cuts[op]
        reads = tuple(self._read[array, name] for array in rule.arrays)
        pixels = count_pixels(rule, reads[0].lanes) if reads else 1
        action = find_action(rule, self._lanes[op], pixels)
        hardware = make_hardware(op, action, self._choices[op], self._lanes[op])
        process = StreamProcess(name, op, action, hardware, reads, (fifo,))
        return self._append(process, [self._follow(each) for each in others]) if others else process

    def _append(self, process: StreamProcess, followers: list[JoinedOp]) -> StreamProcess:
        """Return ``process`` with the ops ``followers`` fused into it, so that nothing is stored between them."""
        hardware = process.hardware
        parts = [*([hardware] if hardware else []), *(each.hardware for each in followers)]
        tiles = process.tiles and hardware and hardware.fold
        stored = isinstance(process.action, Reduce) or process.given > 1
        stored |= bool(tiles and tiles.pe < process.writes[0].lanes)
        wired = wire_parts(parts, stored and hardware is not None)
        levels = hardware.logic_levels if hardware else 0
        more = sum(each.hardware.logic_levels for each in followers)
        joined = wired[-len(followers) :]
        return replace(
            process,
            hardware=wired[0] if hardware else None,
            followers=tuple(replace(f, hardware=h) for f, h in zip(followers, joined, strict=True)),
            tail=estimate_added_depth(levels, more, self._schedule.clock_period),
        )


def _add_paddings(graph: Graph, rules: Mapping[Op, Cut]) -> dict[Op, Cut]:
    """Return ``rules`` without the paddings of images that only a sliding window reads: the window adds them.

    A padding stays where it is an output, or where its value does not have the type of the image.
    """
    added = dict(rules)
    for op, rule in rules.items():
        padding = op.x if isinstance(op, Conv | Pool) else None
        if not isinstance(op, Conv | Pool) or not isinstance(padding, Pad):
            continue
        whole = rule.steps > 1 or rule.running or rule.regroups or make_slide(op) is None
        alone = graph.users[padding] == (op,) and padding not in graph.outputs
        if whole or not alone or rules[padding].regroups:
            continue
        if padding.widths[2] == (0, 0) and padding.type == padding.x.type:
            added[op] = replace(rule, padding=padding)
            del added[padding]
    return added


def _make_consistent(rule: Cut) -> Cut:
    """Return ``rule``, or a rule without parts if operands that share an array would be cut differently."""
    seen: dict[Op, tuple[bool, int]] = {}
    for operand in rule.op.operands:
        way = (operand in rule.held, rule.count_read(operand))
        if seen.setdefault(find_array(operand), way) != way:
            return Cut(rule.op)
    return rule
