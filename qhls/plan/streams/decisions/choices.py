"""Decisions on a plan of streams: the lanes of every tensor and the tiles of every product.

For a target, a process may be busy for so many cycles. A product takes the fewest multipliers, then every group of
tensors with tokens of one length takes the fewest lanes. Without one, tokens are as long as they may be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from qhls.ir.graph import Graph
from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Matmul, Pool
from qhls.ir.scan import Scan
from qhls.plan.choices import choose_for, choose_product
from qhls.plan.dataflow import find_array, list_arrays_read
from qhls.plan.fold import list_divisors
from qhls.plan.rules import Choice
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Action, Fill, Reduce, Regroup, Repeat, make_slide
from qhls.plan.streams.cut import Cut
from qhls.plan.streams.hardware import make_hardware
from qhls.plan.streams.network import Tiles, count_steps, is_window_complete

TOKEN_BITS = 1024
"""Maximum width in bits of a token of several elements: the widest port of an AXI interconnect (AMD PG035)."""
SPARE = 16
"""Divisor of a target: the part of its cycles in which a product may wait for its first tokens."""


@dataclass(frozen=True, eq=False)
class Group:
    """Tensors whose tokens must have equal length; ``lanes``: the possible lengths in ascending order."""

    tensors: tuple[Op, ...]
    lanes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Outlook:
    """The properties of ``graph`` that no schedule changes: the cuts of its ops and the groups of its tensors."""

    graph: Graph
    cuts: Mapping[Op, Cut]
    groups: Sequence[Group]


def group_tensors(graph: Graph, cuts: Mapping[Op, Cut]) -> Outlook:
    """Return the outlook of ``graph``: ``cuts``, and the groups of tensors whose tokens must have equal length.

    A port whose tokens are regrouped is one token. A token lies within the last axis of its tensor and within a part
    that a process reads or writes. Processes that work by element write tokens as they read them.
    """
    first: dict[Op, Op] = {op: op for op in (*graph.inputs, *cuts)}
    common = {op: (*op.shape, 1)[max(len(op.shape) - 1, 0)] for op in first}
    for op, rule in cuts.items():
        iterated = [operand for operand in rule.op.operands if operand not in rule.held]
        arrays = {find_array(o): o for o in iterated if not isinstance(o, Const)}
        reduced = rule.running
        for array, operand in arrays.items():
            if rule.by_element or reduced:
                _unite(first, array, op)
            else:
                pixel = operand.shape[-1] if isinstance(op, Conv | Pool) else 0
                common[array] = math.gcd(common[array], rule.count_read(operand), pixel)
        if not rule.by_element and not reduced:
            common[op] = math.gcd(common[op], rule.result)
        if reduced:
            common[op] = math.gcd(common[op], op.shape[-1])
        common[op] = math.gcd(common[op], rule.period)
    members: dict[Op, list[Op]] = {}
    for op in first:
        members.setdefault(_find_first(first, op), []).append(op)
    ports = _list_whole_ports(graph, cuts)
    groups = [
        Group(
            tuple(tensors),
            _list_lanes(tensors, math.gcd(*(common[op] for op in tensors)), ports),
        )
        for tensors in members.values()
    ]
    return Outlook(graph, cuts, groups)


def _list_whole_ports(graph: Graph, cuts: Mapping[Op, Cut]) -> Set[Op]:
    """Return the inputs and outputs that are read or written by an op that regroups tokens."""
    beside = {
        array for op, rule in cuts.items() if rule.regroups for array in (op, *list_arrays_read(op))
    }
    return beside & {*graph.inputs, *map(find_array, graph.outputs)}


def _list_lanes(tensors: Sequence[Op], length: int, ports: Set[Op]) -> tuple[int, ...]:
    """Return the possible token lengths of ``tensors``: divisors of ``length`` within ``TOKEN_BITS``.

    If one of the tensors is among ``ports``, tokens have the length ``length``.
    """
    if not ports.isdisjoint(tensors):
        return (length,)
    most = max(TOKEN_BITS // max(op.type.width for op in tensors), 1)
    return tuple(n for n in list_divisors(length) if n <= most)


def _find_first(first: dict[Op, Op], op: Op) -> Op:
    while first[op] is not op:
        op = first[op]
    return op


def _unite(first: dict[Op, Op], a: Op, b: Op) -> None:
    first[_find_first(first, a)] = _find_first(first, b)


def decide_streams(
    outlook: Outlook, schedule: Schedule, target: int | None
) -> tuple[dict[Op, Choice], dict[Op, int]]:
    """Return the decisions on each op and the lanes of each tensor for processes of at most ``target`` cycles."""
    group_of = {op: group for group in outlook.groups for op in group.tensors}
    choices = {
        op: _choose(op, schedule, target, group_of[op].lanes[-1], group_of) for op in outlook.cuts
    }
    readers: dict[Group, list[tuple[Op, Op]]] = {group: [] for group in outlook.groups}
    for op in outlook.cuts:
        for array in list_arrays_read(op):
            readers[group_of[array]].append((op, array))
    lanes: dict[Op, int] = {}
    for group in outlook.groups:
        chosen = _find_lanes(group, outlook, choices, readers[group], target)
        lanes |= dict.fromkeys(group.tensors, chosen)
    return choices, lanes


def _choose(
    op: Op, schedule: Schedule, target: int | None, widest: int, group_of: Mapping[Op, Group]
) -> Choice:
    """Return the decisions on ``op`` alone; ``widest``: the maximum length of a token of its result."""
    if isinstance(op, Scan):
        return choose_for(op, schedule, target)
    if not isinstance(op, Matmul | Conv):
        return Choice(schedule)
    if target is None:
        return choose_product(op, schedule, None)
    steps = _count_parts(op)
    taken = op.x.size // steps.steps // group_of[find_array(op.x)].lanes[-1]
    idle = (steps.steps + steps.ends - steps.runs) * max(taken, 1)
    spare = max(idle, target // SPARE if steps.runs == 1 else 0)
    return choose_product(op, schedule, max((target - spare) // steps.runs, 1), lanes=widest)


def _count_parts(op: Matmul | Conv | Pool) -> Tiles:
    """Return the number of steps of ``op`` and of results as ``Tiles``, whose token counts are placeholders."""
    runs = op.size // op.shape[-1]
    pointwise = isinstance(op, Conv) and (op.w.shape[:2], op.strides) == ((1, 1), (1, 1))
    if isinstance(op, Conv | Pool) and not pointwise:
        slide = make_slide(op)
        if slide:
            return Tiles(1, 1, 1, count_steps(slide), runs, is_window_complete(slide))
        return Tiles(1, 1, 1, 1, runs, True)
    return Tiles(1, 1, 1, runs, runs, True)


def _find_lanes(
    group: Group,
    outlook: Outlook,
    choices: Mapping[Op, Choice],
    readers: Sequence[tuple[Op, Op]],
    target: int | None,
) -> int:
    """Return the token length of ``group``: the smallest that meets ``target``, else the largest.

    A token holds the results of whole tiles, if any length does.
    """
    folds = [choices[op].fold for op in group.tensors if op in choices]
    whole = [n for n in group.lanes if all(n % fold.pe == 0 for fold in folds if fold)]
    usable = whole or group.lanes
    if target is None:
        return usable[-1]
    for lanes in usable:
        busy = _count_cycles(group, outlook, choices, readers, lanes)
        if all(cycles <= target for cycles in busy):
            return lanes
    return usable[-1]


def _count_cycles(
    group: Group,
    outlook: Outlook,
    choices: Mapping[Op, Choice],
    readers: Sequence[tuple[Op, Op]],
    lanes: int,
) -> Iterator[int]:
    """Yield the numbers of cycles per inference that processes need for tokens of ``lanes`` elements."""
    for op in group.tensors:
        yield op.size // lanes
        rule = outlook.cuts.get(op)
        if (
            rule is not None
            and rule.by_element
            and not isinstance(action := find_action(rule, lanes), Fill)
        ):
            hardware = make_hardware(op, action, choices[op], lanes)
            yield hardware.busy if hardware else 0
        product = op if isinstance(op, Matmul | Conv | Pool) else None
        if product and choices[op].fold is None and rule and not rule.running:
            parts = _count_parts(product)
            yield _count_pace(parts.steps, op.size // parts.runs // lanes)
    for op, array in readers:
        if isinstance(op, Matmul | Conv | Pool):
            parts, fold = _count_parts(op), choices[op].fold
            taken = array.size // parts.steps // lanes
            idle = parts.steps + parts.ends - parts.runs
            if fold:
                yield idle * taken + parts.runs * max(taken, fold.trips)
            elif not outlook.cuts[op].running:
                yield _count_pace(parts.steps, taken)


def _count_pace(steps: int, tokens: int) -> int:
    """Return the number of cycles of overlapping steps, each of which reads or writes ``tokens`` tokens."""
    return (steps + (tokens > 1)) * tokens


def find_action(rule: Cut, lanes: int) -> Action:
    """Return the action of a process that splits its op by ``rule`` and writes tokens of ``lanes`` elements."""
    op = rule.op
    if rule.regroups:
        return Regroup(op)
    if isinstance(op, Pad) and rule.by_element:
        return Fill(op)
    if rule.running and isinstance(op, Pool):
        return Reduce(op, math.prod(op.window))
    if isinstance(op, Conv | Pool) and rule.steps == 1:
        slide = make_slide(op)
        if slide:
            return slide
    held = frozenset(find_array(operand) for operand in rule.held)
    if not rule.by_element:
        return Repeat(rule.step(lanes), rule.steps, held)
    period = max(rule.period // lanes, 1)
    return Repeat(rule.step(lanes), op.size // lanes, held, by_token=True, period=period)
