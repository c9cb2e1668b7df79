"""Decisions on a plan of streams: the lanes of every tensor and the tiles of every product.

For a target, a process may be busy for so many cycles. A product takes the fewest multipliers, then every group of
tensors with tokens of one length takes the fewest lanes. Without one, tokens are as long as they may be within a pixel.

A token lies within a pixel, or it is several pixels of one row where all readers are elementwise or windows with such a
stride: each token then ends at most one window.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from qhls.ir.graph import Graph
from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Matmul, Pool
from qhls.ir.scan import Scan
from qhls.plan.choices import choose_for, choose_product
from qhls.plan.dataflow import find_array
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
    """Tensors whose tokens must have equal length.

    ``lanes``: the possible lengths in ascending order, ``within`` of which are lengths within a pixel.
    """

    tensors: tuple[Op, ...]
    lanes: tuple[int, ...]
    within: int


@dataclass(frozen=True, eq=False)
class Outlook:
    """The properties of ``graph`` that no schedule changes: the cuts of its ops and the groups of its tensors."""

    graph: Graph
    cuts: Mapping[Op, Cut]
    groups: Sequence[Group]


def group_tensors(graph: Graph, cuts: Mapping[Op, Cut]) -> Outlook:
    """Return the outlook of ``graph``: ``cuts``, and the groups of tensors whose tokens must have equal length.

    A port whose tokens are regrouped is one token. A token lies within the last axis of its tensor and within a part
    that a process reads or writes, or consists of several pixels. Processes that work by element write tokens as they
    read them.
    """
    first: dict[Op, Op] = {op: op for op in (*graph.inputs, *cuts)}
    common = {op: (*op.shape, 1)[max(len(op.shape) - 1, 0)] for op in first}
    for op, rule in cuts.items():
        iterated = [operand for operand in rule.op.operands if operand not in rule.held]
        arrays = {find_array(o): o for o in iterated if not isinstance(o, Const)}
        if rule.padding:
            arrays = {find_array(rule.padding.x): rule.padding}
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
    limits = _limit_pixels(first, cuts)
    groups: list[Group] = []
    for tensors in members.values():
        length = math.gcd(*(common[op] for op in tensors))
        pixels = math.gcd(*(limits[op].get(length, 1) for op in tensors))
        groups.append(_list_lanes(tensors, length, pixels, ports))
    return Outlook(graph, cuts, groups)


def _limit_pixels(tensors: Iterable[Op], cuts: Mapping[Op, Cut]) -> dict[Op, dict[int, int]]:
    """Return for each tensor, by the elements of a pixel, a number whose divisors are the possible pixels of a token.

    Elements are row-major, so that several pixels of one row are consecutive. Constants that differ between channels
    follow tokens within a pixel.
    """
    limits = {op: {op.shape[-1]: op.shape[-2]} if len(op.shape) > 1 else {} for op in tensors}
    for op, rule in cuts.items():
        if rule.by_element and not rule.period and not isinstance(op, Pad):
            continue
        limits[op] = {}
        slides = isinstance(op, Conv | Pool) and not rule.running and make_slide(op) is not None
        for array in rule.arrays:
            limit = limits[array]
            limits[array] = {}
            if slides and isinstance(op, Conv | Pool) and op.x.shape[-1] in limit:
                x, length = rule.padding.x if rule.padding else op.x, op.x.shape[-1]
                limits[array] = {length: math.gcd(limit[length], op.strides[1], x.shape[1])}
    return limits


def _list_whole_ports(graph: Graph, cuts: Mapping[Op, Cut]) -> Set[Op]:
    """Return the inputs and outputs that are read or written by an op that regroups tokens."""
    beside = {array for op, rule in cuts.items() if rule.regroups for array in (op, *rule.arrays)}
    return beside & {*graph.inputs, *map(find_array, graph.outputs)}


def _list_lanes(tensors: Sequence[Op], length: int, pixels: int, ports: Set[Op]) -> Group:
    """Return the group of ``tensors``: tokens have divisors of ``length``, or its multiples by those of ``pixels``.

    These are within ``TOKEN_BITS``. If one of the tensors is among ``ports``, tokens have the length ``length``.
    """
    if not ports.isdisjoint(tensors):
        return Group(tuple(tensors), (length,), 1)
    most = max(TOKEN_BITS // max(op.type.width for op in tensors), 1)
    within = [n for n in list_divisors(length) if n <= most]
    several = [n * length for n in list_divisors(pixels)[1:] if n * length <= most]
    return Group(tuple(tensors), (*within, *several), len(within))


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
    choices = {op: _choose(rule, schedule, target, group_of) for op, rule in outlook.cuts.items()}
    lengths = _Lengths(outlook, choices, {group: [] for group in outlook.groups})
    for op, rule in outlook.cuts.items():
        for array in rule.arrays:
            lengths.readers[group_of[array]].append(op)
    for group in outlook.groups:
        lengths.lanes.update(dict.fromkeys(group.tensors, lengths.find_least(group, target)))
    return choices, lengths.lanes


def _choose(
    rule: Cut, schedule: Schedule, target: int | None, group_of: Mapping[Op, Group]
) -> Choice:
    """Return the decisions on the op of ``rule`` alone, for the longest possible tokens."""
    op = rule.op
    if isinstance(op, Scan):
        return choose_for(op, schedule, target)
    if not isinstance(op, Matmul | Conv):
        return Choice(schedule)
    if target is None:
        return choose_product(op, schedule, None)
    steps = _count_parts(rule, group_of[rule.arrays[0]].lanes[-1])
    idle = (steps.steps + steps.ends - steps.runs) * max(steps.taken, 1)
    spare = max(idle, target // SPARE if steps.runs == 1 else 0)
    trips, widest = max((target - spare) // steps.runs, 1), group_of[op].lanes[-1]
    return choose_product(op, schedule, trips, lanes=widest)


def count_pixels(rule: Cut, lanes: int) -> int:
    """Return the number of pixels in a token of ``lanes`` elements that the op of ``rule`` reads; 1 within a pixel."""
    return max(lanes // rule.op.x.shape[-1], 1) if isinstance(rule.op, Conv | Pool) else 1


def _count_parts(rule: Cut, lanes: int) -> Tiles:
    """Return the number of steps of a product or pooling, their tokens of ``lanes`` elements, and results as ``Tiles``.

    The trips and the tokens of the result are placeholders.
    """
    op = rule.op
    assert isinstance(op, Matmul | Conv | Pool)
    runs = op.size // op.shape[-1]
    if rule.steps == 1 and isinstance(op, Conv | Pool):
        slide = make_slide(op, count_pixels(rule, lanes), rule.padding)
        if slide:
            taken = slide.image[2] // lanes
            return Tiles(1, taken, 1, count_steps(slide), runs, is_window_complete(slide))
        return Tiles(1, op.x.size // lanes, 1, 1, runs, True)
    return Tiles(1, op.x.size // runs // lanes, 1, runs, runs, True)


@dataclass(frozen=True, eq=False)
class _Lengths:
    """The lengths of tokens, ``lanes``, which are chosen for one group after another under the decisions ``choices``.

    ``readers``: the ops that read a tensor of a group, one entry for each tensor.
    """

    outlook: Outlook
    choices: Mapping[Op, Choice]
    readers: Mapping[Group, list[Op]]
    lanes: dict[Op, int] = field(default_factory=dict[Op, int])

    def find_least(self, group: Group, target: int | None) -> int:
        """Return the token length of ``group``: the smallest that meets ``target``, else the largest.

        A token holds the results of whole tiles, if any length does. Without a target, it lies within a pixel.
        """
        choices = self.choices
        folds = [choices[op].fold for op in group.tensors if op in choices]
        lengths = group.lanes if target else group.lanes[: group.within]
        usable = [n for n in lengths if all(n % fold.pe == 0 for fold in folds if fold)] or lengths
        if target is None:
            return usable[-1]
        for lanes in usable:
            if all(cycles <= target for cycles in self._count_cycles(group, lanes)):
                return lanes
        return usable[-1]

    def _count_cycles(self, group: Group, lanes: int) -> Iterator[int]:
        """Yield the numbers of cycles per inference that processes need for tokens of ``lanes`` elements."""
        cuts = self.outlook.cuts
        for op in group.tensors:
            yield op.size // lanes
            rule = cuts.get(op)
            if (
                rule is not None
                and rule.by_element
                and not isinstance(action := find_action(rule, lanes), Fill)
            ):
                hardware = make_hardware(op, action, self.choices[op], lanes)
                yield hardware.busy if hardware else 0
            if rule and self._is_unfolded(op):
                parts = _count_parts(rule, self.lanes.get(rule.arrays[0], 1))
                yield _count_pace(parts.steps, op.size // parts.runs // lanes)
        for op in self.readers[group]:
            fold = self.choices[op].fold
            if fold:
                yield replace(_count_parts(cuts[op], lanes), trips=fold.trips).cycles
            elif self._is_unfolded(op):
                parts = _count_parts(cuts[op], lanes)
                yield _count_pace(parts.steps, parts.taken)

    def _is_unfolded(self, op: Op) -> bool:
        """Return whether ``op`` is a product or pooling that takes all elements of a window or row at once."""
        running = self.outlook.cuts[op].running
        return (
            isinstance(op, Matmul | Conv | Pool) and self.choices[op].fold is None and not running
        )


def _count_pace(steps: int, tokens: int) -> int:
    """Return the number of cycles of overlapping steps, each of which reads or writes ``tokens`` tokens."""
    return (steps + (tokens > 1)) * tokens


def find_action(rule: Cut, lanes: int, pixels: int = 1) -> Action:
    """Return the action of a process that splits its op by ``rule`` and writes tokens of ``lanes`` elements.

    ``pixels``: the number of pixels that a sliding window reads at once.
    """
    op = rule.op
    if rule.regroups:
        return Regroup(op)
    if isinstance(op, Pad) and rule.by_element:
        return Fill(op)
    if rule.running and isinstance(op, Pool):
        return Reduce(op, math.prod(op.window))
    if isinstance(op, Conv | Pool) and rule.steps == 1:
        slide = make_slide(op, pixels, rule.padding)
        if slide:
            return slide
    held = frozenset(find_array(operand) for operand in rule.held)
    if not rule.by_element:
        return Repeat(rule.step(lanes), rule.steps, held)
    period = max(rule.period // lanes, 1)
    return Repeat(rule.step(lanes), op.size // lanes, held, by_token=True, period=period)
