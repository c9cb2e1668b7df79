"""Depths of FIFOs: the smallest with which no output comes later than with unbounded FIFOs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qhls.plan.streams.firings import Pace, fire
from qhls.plan.streams.network import Fifo, StreamPlan
from qhls.plan.streams.tokens import Actor, Times, Timing, TokenClock

SHALLOW = 2
"""Smallest depth: a FIFO of one token could be written only every other cycle."""


def time_plan(plan: StreamPlan, paces: Mapping[str, Pace] | None = None) -> StreamPlan:
    """Return ``plan`` with the depths of its FIFOs, its latency and its interval.

    ``paces``: the paces of processes, by name, whose hardware is not that of an HLS tool.
    """
    clock, numbers = make_clock(plan, paces)
    earliest = clock.find_earliest()
    latest = clock.find_latest(earliest)
    depths = {n: max(depth, SHALLOW) for n, depth in clock.count_waiting(latest).items()}
    _tighten(clock, depths, earliest, latest)
    named = {name: depths[number] for name, number in numbers.items() if number in depths}
    return set_depths(replace(plan, latency=earliest.latency, interval=earliest.interval), named)


def make_clock(
    plan: StreamPlan, paces: Mapping[str, Pace] | None = None
) -> tuple[TokenClock, dict[str, int]]:
    """Return the ``TokenClock`` of ``plan`` and the number of each FIFO by its name; ``paces`` as in ``time_plan``."""
    nodes, numbers = list_actors(plan, paces)
    tokens = {numbers[fifo.name]: fifo.tokens for fifo in _list_fifos(plan)}
    return TokenClock(nodes, tokens), numbers


def _tighten(
    clock: TokenClock, depths: dict[int, int], earliest: Timing, latest: Sequence[Times]
) -> None:
    """Lower the depths in place as far as no output comes later."""
    for fifo in sorted(depths):
        low, high = SHALLOW, depths[fifo]
        while low < high:
            middle = (low + high) // 2
            if clock.is_kept_by(depths | {fifo: middle}, earliest, latest):
                high = middle
            else:
                low = middle + 1
        depths[fifo] = high


def set_depths(plan: StreamPlan, depths: Mapping[str, int]) -> StreamPlan:
    """Return ``plan`` with FIFOs of the given depths, by name."""

    def deepen(fifos: tuple[Fifo, ...]) -> tuple[Fifo, ...]:
        return tuple(replace(f, depth=depths.get(f.name, f.depth)) for f in fifos)

    processes = tuple(
        replace(each, reads=deepen(each.reads), writes=deepen(each.writes))
        for each in plan.processes
    )
    return replace(
        plan, processes=processes, inputs=deepen(plan.inputs), outputs=deepen(plan.outputs)
    )


def list_actors(
    plan: StreamPlan, paces: Mapping[str, Pace] | None = None
) -> tuple[list[Actor], dict[str, int]]:
    """Return the timing of each process, and the number of each FIFO by its name; ``paces`` as in ``time_plan``."""
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
