"""Timing of tokens: the firings of every process, and the cycles in which they start.

A firing takes at most one token from each FIFO and gives at most one to each. Its tokens arrive ``delay`` cycles later
and can be taken in the cycle after that. A slot of a FIFO is free in the cycle after its token was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max // 4
SAMPLES = 3
"""Number of inferences that are timed; the interval is measured between the last two."""


@dataclass(frozen=True, eq=False)
class Firings:
    """The firings of one process in one inference, in order.

    ``takes`` and ``gives``: (firings, FIFOs), whether a firing takes or gives a token. ``cycles``: from the start of a
    firing to that of the next. ``delay``: from the start of a firing to its tokens.
    """

    takes: Mask
    gives: Mask
    cycles: Times
    delay: int

    @property
    def busy(self) -> int:
        """Return the number of cycles of all firings together."""
        return int(self.cycles.sum())

    def repeat(self, times: int) -> Firings:
        """Return the firings of several inferences."""
        takes, gives = (np.tile(each, (times, 1)) for each in (self.takes, self.gives))
        return Firings(takes, gives, np.tile(self.cycles, times), self.delay)


@dataclass(frozen=True)
class Steps:
    """Steps of a process, each of which reads ``taken`` tokens per FIFO, computes, then writes ``given`` tokens.

    ``active``: the steps that give tokens. ``reading``: those that take tokens; others last as long. ``interval``:
    cycles between steps that overlap; 0 where they do not, and a computation takes ``busy`` cycles.
    """

    taken: Sequence[int]
    given: int
    active: Mask
    reading: Mask
    interval: int
    busy: int
    delay: int

    def fire(self) -> Firings:
        """Return the firings of the steps."""
        reads = max(self.taken)
        if self.interval == 0:
            return self._fire_in_turn(reads)
        length = max(reads, self.given, 1)
        takes = np.tile(_mark_first(length, self.taken), (len(self.active), 1))
        takes &= np.repeat(self.reading, length)[:, None]
        gives = np.zeros((len(takes), 1), np.bool_)
        gives[np.repeat(self.active, length)] = np.tile(
            _mark_first(length, [self.given]), (int(self.active.sum()), 1)
        )
        cycles = np.ones(length, np.int64)
        cycles[-1] = max(self.interval - length + 1, 1)
        if (
            length > 1
        ):  # a step writes while the next one reads; nothing is read beside the last one
            nothing = np.zeros((length, len(self.taken)), np.bool_)
            takes, gives = (
                np.concatenate([takes, nothing]),
                np.concatenate([nothing[:, :1], gives]),
            )
        return Firings(takes, gives, np.tile(cycles, len(takes) // length), self.delay)

    def _fire_in_turn(self, reads: int) -> Firings:
        length = reads + self.given
        takes = np.tile(_mark_first(length, self.taken), (len(self.active), 1))
        used = takes.any(1)
        takes &= np.repeat(self.reading, length)[:, None]
        gives = np.zeros((length, 1), np.bool_)
        gives[reads:] = True
        gives = np.tile(gives, (len(self.active), 1)) & np.repeat(self.active, length)[:, None]
        cycles = np.ones((len(self.active), length), np.int64)
        cycles[:, reads - 1] += np.where(self.active, self.busy, 0)
        used |= gives.any(1)
        return Firings(takes[used], gives[used], cycles.ravel()[used], 0)


def _mark_first(length: int, counts: Sequence[int]) -> Mask:
    """Return a mask (length, FIFOs) that marks the first ``counts`` firings for each FIFO."""
    return np.arange(length)[:, None] < np.asarray(counts)[None, :]


@dataclass(frozen=True, eq=False)
class Actor:
    """A process reduced to its timing: its firings, and the indices of the FIFOs that it takes from and gives to."""

    firings: Firings
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Timing:
    """The latency and interval in cycles, the cycle in which each inference ends, and those in which firings start."""

    latency: int
    interval: int
    ends: Times
    starts: tuple[Times, ...]


class TokenClock:
    """The timing of processes in topological order; input ports always have tokens, output ports are never full."""

    def __init__(self, nodes: Sequence[Actor], tokens: Mapping[int, int], samples: int = SAMPLES):
        self._samples = samples
        self._nodes = [
            Actor(node.firings.repeat(samples), node.reads, node.writes) for node in nodes
        ]
        written = {fifo for node in nodes for fifo in node.writes}
        self._written = {
            fifo: np.full(count * samples, -1, np.int64)
            for fifo, count in tokens.items()
            if fifo not in written
        }
        self._outputs = written - {fifo for node in nodes for fifo in node.reads}

    def find_earliest(self) -> Timing:
        """Return the timing with unbounded FIFOs, in which every firing starts as early as possible."""
        starts = [np.zeros(len(n.firings.cycles), np.int64) for n in self._nodes]
        return self._measure(starts, self._run_forward(starts))

    def is_kept_by(
        self, depths: Mapping[int, int], earliest: Timing, latest: Sequence[Times]
    ) -> bool:
        """Return whether FIFOs of ``depths`` delay no firing beyond its start in ``latest``."""
        starts = [start.copy() for start in earliest.starts]
        while True:
            before = [start.copy() for start in starts]
            self._hold_back(starts, depths)
            self._run_forward(starts)
            if any((start > late).any() for start, late in zip(starts, latest, strict=True)):
                return False
            if all(np.array_equal(a, b) for a, b in zip(before, starts, strict=True)):
                return True

    def _run_forward(self, starts: list[Times]) -> dict[int, Times]:
        """Delay start times in place until their tokens have arrived; return the times at which tokens are written."""
        written = dict(self._written)
        for node, start in zip(self._nodes, starts, strict=True):
            firings = node.firings
            for column, fifo in enumerate(node.reads):
                takes = firings.takes[:, column]
                start[takes] = np.maximum(start[takes], written[fifo] + 1)
            _space_out(start, firings.cycles)
            for column, fifo in enumerate(node.writes):
                written[fifo] = start[firings.gives[:, column]] + firings.delay
        return written

    def _hold_back(self, starts: list[Times], depths: Mapping[int, int]) -> None:
        """Delay the start times of firings in place until every token that a firing writes has a free slot."""
        read: dict[int, Times] = {}  # consumers come first, so that one pass reaches all producers
        for node, start in zip(reversed(self._nodes), reversed(starts), strict=True):
            firings = node.firings
            for column, fifo in enumerate(node.writes):
                if fifo not in depths:
                    continue
                (gives,) = np.nonzero(firings.gives[:, column])
                later, depth = gives[depths[fifo] :], depths[fifo]
                free = read[fifo][: max(len(gives) - depth, 0)] + 1 - firings.delay
                start[later] = np.maximum(start[later], free)
            _space_out(start, firings.cycles)
            for column, fifo in enumerate(node.reads):
                read[fifo] = start[firings.takes[:, column]]

    def _measure(self, starts: list[Times], written: Mapping[int, Times]) -> Timing:
        ends = [
            written[fifo].reshape(self._samples, -1)[:, -1] + 1 for fifo in sorted(self._outputs)
        ]
        finished = np.max(ends, axis=0)
        busiest = max(node.firings.busy // self._samples for node in self._nodes)
        interval = max(int(finished[-1] - finished[-2]), busiest)
        return Timing(int(finished[0]), interval, finished, tuple(starts))

    def find_latest(self, earliest: Timing) -> tuple[Times, ...]:
        """Return the latest start times with which no inference ends later than in ``earliest``."""
        needed: dict[int, Times] = {}
        starts: list[Times] = []
        pairs = zip(reversed(self._nodes), reversed(earliest.starts), strict=True)
        for node, early in pairs:
            firings = node.firings
            limit = np.full(len(early), NEVER, np.int64)
            for column, fifo in enumerate(node.writes):
                gives = firings.gives[:, column]
                if fifo in self._outputs:
                    firsts = early[gives].reshape(self._samples, -1)
                    ends = firsts[:, -1] + firings.delay + 1
                    bound = (firsts + (earliest.ends - ends)[:, None]).ravel()
                else:
                    bound = needed[fifo] - 1 - firings.delay
                limit[gives] = np.minimum(limit[gives], bound)
            late = _space_back(limit, early, firings.cycles)
            for column, fifo in enumerate(node.reads):
                needed[fifo] = late[firings.takes[:, column]]
            starts.append(late)
        return tuple(reversed(starts))

    def count_waiting(self, starts: Sequence[Times]) -> dict[int, int]:
        """Return the maximum number of tokens that wait in each FIFO between two processes."""
        written = {
            fifo: start[node.firings.gives[:, column]] + node.firings.delay
            for node, start in zip(self._nodes, starts, strict=True)
            for column, fifo in enumerate(node.writes)
        }
        most: dict[int, int] = {}
        for node, start in zip(self._nodes, starts, strict=True):
            for column, fifo in enumerate(node.reads):
                if fifo in written:
                    read = start[node.firings.takes[:, column]]
                    waiting = np.searchsorted(written[fifo], read, "right") - np.arange(len(read))
                    most[fifo] = max(int(waiting.max(initial=0)), 1)
        return most


def _space_out(start: Times, cycles: Times) -> None:
    """Delay start times in place until each firing is over before the next one starts."""
    passed = np.cumsum(cycles) - cycles
    np.subtract(start, passed, out=start)
    np.maximum.accumulate(start, out=start)
    np.add(start, passed, out=start)


def _space_back(limit: Times, early: Times, cycles: Times) -> Times:
    """Return the latest start times within ``limit``; firings behind the last limit start as early as possible."""
    passed = np.cumsum(cycles) - cycles
    (bounded,) = np.nonzero(limit < NEVER)
    last = int(bounded[-1]) + 1 if len(bounded) else 0
    late = np.minimum.accumulate((limit[:last] - passed[:last])[::-1])[::-1] + passed[:last]
    rest = early[last:].copy()
    if last and len(rest):
        rest = np.maximum(rest, late[-1] + passed[last:] - passed[last - 1])
    return np.concatenate([late, rest])
