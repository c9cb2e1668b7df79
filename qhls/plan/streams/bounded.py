"""Simulated timing of a network whose FIFOs have given depths: latency and interval, or a deadlock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qhls.plan.streams.tokens import SAMPLES, Actor


@dataclass(frozen=True)
class Wait:
    """A process that waits for a token in the FIFO ``fifo`` or, if ``full``, for a free slot in it."""

    process: int
    fifo: int
    full: bool


@dataclass(frozen=True)
class Bounded:
    """The latency and the interval of a network in cycles, or ``cycle``, the processes of a deadlock.

    ``latency``: cycles of the first inference. ``interval``: cycles between the ends of the last two.
    """

    latency: int = 0
    interval: int = 0
    cycle: tuple[Wait, ...] = ()


def run_bounded(
    nodes: Sequence[Actor], depths: Mapping[int, int], samples: int = SAMPLES
) -> Bounded:
    """Return latency and interval of a network over ``samples`` inferences, or the processes of a deadlock.

    A FIFO without an entry in ``depths`` is a port, which is never full or empty.
    """
    run = _Run(nodes, depths, samples)
    waiting = run.run()
    return Bounded(cycle=find_cycle(nodes, waiting)) if waiting else run.measure()


class _Run:
    """The state of a simulation in which each process runs until it has to wait."""

    def __init__(self, nodes: Sequence[Actor], depths: Mapping[int, int], samples: int) -> None:
        self._nodes = nodes
        self._depths = depths
        self._samples = samples
        self._takes = [node.firings.takes.tolist() for node in nodes]
        self._gives = [node.firings.gives.tolist() for node in nodes]
        self._cycles = [node.firings.cycles.tolist() for node in nodes]
        self._next = [0] * len(nodes)
        self._free = [0] * len(nodes)
        self._written: dict[int, list[int]] = {fifo: [] for fifo in depths}
        self._read: dict[int, list[int]] = {fifo: [] for fifo in depths}
        self._ends: list[list[int]] = [[0] * samples for _ in nodes]

    def run(self) -> dict[int, Wait]:
        """Run all processes; return the waits of those that have not finished."""
        neighbours = self._list_neighbours()
        waiting: dict[int, Wait] = {}
        ready = list(range(len(self._nodes)))
        while ready:
            process = ready.pop()
            before = self._next[process]
            wait = self._advance(process)
            if wait is None:
                waiting.pop(process, None)
            else:
                waiting[process] = wait
            if self._next[process] > before:
                ready += [other for other in neighbours[process] if other in waiting]
        return waiting

    def _list_neighbours(self) -> list[list[int]]:
        ends: dict[int, list[int]] = {fifo: [] for fifo in self._depths}
        for index, node in enumerate(self._nodes):
            for fifo in (*node.reads, *node.writes):
                if fifo in ends:
                    ends[fifo].append(index)
        return [
            [
                other
                for fifo in dict.fromkeys((*node.reads, *node.writes))
                for other in ends.get(fifo, [])
                if other != index
            ]
            for index, node in enumerate(self._nodes)
        ]

    def _advance(self, process: int) -> Wait | None:
        """Fire a process as often as tokens and free slots allow; return the reason to stop, or None at the end."""
        takes, gives, cycles = (each[process] for each in (self._takes, self._gives, self._cycles))
        count, delay = len(cycles), self._nodes[process].firings.delay
        while self._next[process] < count * self._samples:
            sample, number = divmod(self._next[process], count)
            start = self._free[process]
            for wait, time in self._demand(process, takes[number], gives[number], delay):
                if time is None:
                    return wait
                start = max(start, time)
            self._fire(process, takes[number], gives[number], start, delay)
            self._free[process] = start + cycles[number]
            if any(gives[number]):
                self._ends[process][sample] = start + delay + 1
            self._next[process] += 1
        return None

    def _demand(
        self, process: int, takes: list[bool], gives: list[bool], delay: int
    ) -> list[tuple[Wait, int | None]]:
        """Return the tokens and slots that a firing needs, each with its first cycle; None if not yet known."""
        node = self._nodes[process]
        demands: list[tuple[Wait, int | None]] = []
        for fifo, taken in zip(node.reads, takes, strict=True):
            if taken and fifo in self._depths:
                written, read = self._written[fifo], self._read[fifo]
                time = written[len(read)] + 1 if len(written) > len(read) else None
                demands.append((Wait(process, fifo, False), time))
        for fifo, is_given in zip(node.writes, gives, strict=True):
            if is_given and fifo in self._depths:
                slot = len(self._written[fifo]) - self._depths[fifo]
                read = self._read[fifo]
                known = read[slot] + 1 - delay if 0 <= slot < len(read) else None
                demands.append((Wait(process, fifo, True), 0 if slot < 0 else known))
        return demands

    def _fire(
        self, process: int, takes: list[bool], gives: list[bool], start: int, delay: int
    ) -> None:
        node = self._nodes[process]
        for fifo, taken in zip(node.reads, takes, strict=True):
            if taken and fifo in self._depths:
                self._read[fifo].append(start)
        for fifo, is_given in zip(node.writes, gives, strict=True):
            if is_given and fifo in self._depths:
                self._written[fifo].append(start + delay)

    def measure(self) -> Bounded:
        """Return latency and interval, measured at the processes that write ports."""
        last = [
            ends
            for node, ends in zip(self._nodes, self._ends, strict=True)
            if any(fifo not in self._depths for fifo in node.writes)
        ]
        latest = [max(ends[sample] for ends in last) for sample in range(self._samples)]
        interval = latest[-1] - latest[-2] if self._samples > 1 else latest[-1]
        return Bounded(latest[0], interval)


def find_cycle(nodes: Sequence[Actor], waiting: Mapping[int, Wait]) -> tuple[Wait, ...]:
    """Return a cycle of processes in a deadlock, each of which waits for the next one."""
    producer = {fifo: i for i, node in enumerate(nodes) for fifo in node.writes}
    consumer = {fifo: i for i, node in enumerate(nodes) for fifo in node.reads}
    process, seen = next(iter(waiting)), dict[int, int]()
    chain: list[Wait] = []
    while process not in seen:
        seen[process] = len(chain)
        wait = waiting[process]
        chain.append(wait)
        process = consumer[wait.fifo] if wait.full else producer[wait.fifo]
    return tuple(chain[seen[process] :])
