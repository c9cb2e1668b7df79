"""Depths of FIFOs: the fewest tokens with which no output comes later than with FIFOs without end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qhls.plan.streams.actions import Fill, Fork, Slide
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess
from qhls.plan.streams.tokens import Actor, Firings, Mask, Steps, Times, Timing, TokenClock

SHALLOW = 2
"""The least depth: a FIFO of one token is written every other cycle at most."""


@dataclass(frozen=True)
class Pace:
    """Cycles of the steps of a process.

    ``interval``: between steps that overlap; 0 where they do not, and a computation takes ``busy`` cycles. ``delay``:
    from the start of a step that overlaps with others to its first token.
    """

    interval: int
    busy: int = 0
    delay: int = 0


def time_plan(plan: StreamPlan, paces: Mapping[str, Pace] | None = None) -> StreamPlan:
    """Return ``plan`` with the depths of its FIFOs, its latency and its interval.

    ``paces``: those of processes, by name, whose hardware is not that of an HLS tool.
    """
    nodes, numbers = list_actors(plan, paces)
    clock = TokenClock(nodes, {numbers[fifo.name]: fifo.tokens for fifo in _list_fifos(plan)})
    earliest = clock.earliest()
    latest = clock.latest(earliest)
    depths = {n: max(depth, SHALLOW) for n, depth in clock.depths(latest).items()}
    _tighten(clock, depths, earliest, latest)
    named = {name: depths[number] for name, number in numbers.items() if number in depths}
    return set_depths(replace(plan, latency=earliest.latency, interval=earliest.interval), named)


def _tighten(
    clock: TokenClock, depths: dict[int, int], earliest: Timing, latest: Sequence[Times]
) -> None:
    """Lower the depths, in place, as far as no output comes later."""
    for fifo in sorted(depths):
        low, high = SHALLOW, depths[fifo]
        while low < high:
            middle = (low + high) // 2
            if clock.keeps(depths | {fifo: middle}, earliest, latest):
                high = middle
            else:
                low = middle + 1
        depths[fifo] = high


def set_depths(plan: StreamPlan, depths: Mapping[str, int]) -> StreamPlan:
    """Return ``plan`` with FIFOs of the given depths, by name."""

    def deep(fifos: tuple[Fifo, ...]) -> tuple[Fifo, ...]:
        return tuple(replace(f, depth=depths.get(f.name, f.depth)) for f in fifos)

    processes = tuple(
        replace(each, reads=deep(each.reads), writes=deep(each.writes)) for each in plan.processes
    )
    return replace(plan, processes=processes, inputs=deep(plan.inputs), outputs=deep(plan.outputs))


def list_actors(
    plan: StreamPlan, paces: Mapping[str, Pace] | None = None
) -> tuple[list[Actor], dict[str, int]]:
    """Return the processes as times see them, and the number of each FIFO by its name; ``paces`` as ``time_plan``."""
    numbers = {fifo.name: number for number, fifo in enumerate(_list_fifos(plan))}
    nodes = [
        Actor(
            fire(each, (paces or {}).get(each.name)),
            tuple(numbers[fifo.name] for fifo in each.reads),
            tuple(numbers[fifo.name] for fifo in each.writes),
        )
        for each in plan.processes
    ]
    return nodes, numbers


def _list_fifos(plan: StreamPlan) -> list[Fifo]:
    written = (fifo for process in plan.processes for fifo in process.writes)
    return list({fifo.name: fifo for fifo in (*plan.inputs, *written)}.values())


def find_pace(process: StreamProcess) -> Pace:
    """Return the pace of ``process`` in the pipelines and loops of an HLS tool."""
    hardware = process.hardware
    assert hardware is not None
    return Pace(process.interval, hardware.cycles, hardware.depth - 1)


def fire(process: StreamProcess, pace: Pace | None = None) -> Firings:
    """Return the firings of one inference, at the pace of an HLS tool where none is given."""
    action = process.action
    if isinstance(action, Fork):
        shape = (action.tokens, len(process.writes))
        takes = np.ones((action.tokens, 1), np.bool_)
        return Firings(takes, np.ones(shape, np.bool_), np.ones(action.tokens, np.int64), 0)
    if isinstance(action, Fill):
        takes = _find_operands(action)[:: process.writes[0].lanes, None]
        return Firings(takes, np.ones_like(takes), np.ones(len(takes), np.int64), 0)
    pace = pace or find_pace(process)
    active = _find_windows(action) if isinstance(action, Slide) else np.ones(action.steps, np.bool_)
    cycles = (pace.interval, pace.busy, pace.delay)
    steps = Steps(process.taken, process.given, active, *cycles).fire()
    return _hold(process, steps) if process.held else steps


def _hold(process: StreamProcess, steps: Firings) -> Firings:
    """Return ``steps`` behind firings that each take one token of the operands that are held."""
    columns = [
        c for c, f in enumerate(process.reads) if f.tensor in process.held for _ in range(f.tokens)
    ]
    takes = np.zeros((len(columns), len(process.reads)), np.bool_)
    takes[np.arange(len(columns)), columns] = True
    gives = np.zeros((len(columns), 1), np.bool_)
    return Firings(
        np.concatenate([takes, steps.takes]),
        np.concatenate([gives, steps.gives]),
        np.concatenate([np.ones(len(columns), np.int64), steps.cycles]),
        steps.delay,
    )


def _find_operands(action: Fill) -> Mask:
    """Return for each element of a padded tensor whether it is one of the operand."""
    mask = np.ones((), np.bool_)
    for size, (before, after) in zip(action.op.x.shape, action.op.widths, strict=True):
        axis = np.repeat([False, True, False], [before, size, after])
        mask = mask[..., None] & axis
    return mask.ravel()


def _find_windows(action: Slide) -> Mask:
    """Return for each pixel whether a window ends there."""
    ends = [
        np.arange(size) >= span - 1
        for size, span in zip(action.image[:2], action.span, strict=True)
    ]
    steps = [
        (np.arange(size) - span + 1) % stride == 0
        for size, span, stride in zip(action.image[:2], action.span, action.strides, strict=True)
    ]
    rows, columns = (end & step for end, step in zip(ends, steps, strict=True))
    return (rows[:, None] & columns[None, :]).ravel()
