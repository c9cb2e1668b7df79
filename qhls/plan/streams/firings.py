"""The firings of each process in a plan of streams; a firing moves at most one token per FIFO."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qhls.plan.streams.actions import Fill, Fork, Reduce, Regroup, Slide
from qhls.plan.streams.network import StreamProcess, Tiles, count_steps
from qhls.plan.streams.tokens import Firings, Mask, Steps


@dataclass(frozen=True)
class Pace:
    """The timing of a process's steps in cycles.

    ``interval``: between steps that overlap; 0 where they do not overlap and a computation takes ``busy`` cycles.
    ``delay``: from the start of an overlapping step to its first token. ``tail``: what later fused ops add to it.
    """

    interval: int
    busy: int = 0
    delay: int = 0
    tail: int = 0


def count_busy_cycles(process: StreamProcess) -> int:
    """Return the number of cycles that one inference takes if the process never waits for a token."""
    return process.tiles.cycles if process.tiles else fire(process).busy


def fire(process: StreamProcess, pace: Pace | None = None) -> Firings:
    """Return the firings of one inference; without ``pace``, they are timed like hardware of an HLS tool."""
    firings = _fire_first(process, pace)
    return replace(firings, delay=firings.delay + (pace.tail if pace else process.tail))


def _fire_first(process: StreamProcess, pace: Pace | None) -> Firings:
    """Return the firings of a process without the later ops that are fused with its first op."""
    action = process.action
    if isinstance(action, Fork):
        shape = (action.tokens, len(process.writes))
        takes = np.ones((action.tokens, 1), np.bool_)
        return Firings(takes, np.ones(shape, np.bool_), np.ones(action.tokens, np.int64), 0)
    if isinstance(action, Fill):
        takes = _find_operands(action)[:: process.writes[0].lanes, None]
        ones = np.ones(len(takes), np.int64)
        return Firings(takes, np.ones_like(takes), ones, pace.delay if pace else 0)
    if isinstance(action, Regroup):
        places = np.arange(process.trips)[:, None]
        takes = places % (process.trips // process.taken[0]) == 0
        gives = (places + 1) % (process.trips // process.given) == 0
        return Firings(takes, gives, np.ones(process.trips, np.int64), 0)
    hardware, tiles = process.hardware, process.tiles
    assert hardware is not None
    if isinstance(action, Reduce):
        steps = np.arange(action.pixels * process.writes[0].tokens)
        gives = (steps >= len(steps) - process.writes[0].tokens)[:, None]
        ones = np.ones(len(steps), np.int64)
        delay = pace.delay if pace else hardware.depth - 1
        return Firings(np.ones_like(gives), gives, ones, delay)
    active = reading = np.ones(count_steps(action), np.bool_)
    if isinstance(action, Slide):
        active, reading = _find_windows(action), action.is_inside
    if tiles:
        return _fire_tiles(tiles, active, reading, pace.delay if pace else hardware.depth)
    pace = pace or Pace(process.interval, hardware.cycles, hardware.depth - 1)
    cycles = (pace.interval, pace.busy, pace.delay)
    steps = Steps(process.taken, process.given, active, reading, *cycles).fire()
    return _hold(process, steps) if process.held else steps


def _fire_tiles(tiles: Tiles, active: Mask, reading: Mask, depth: int) -> Firings:
    """Return the firings in which a product by tiles reads or writes a token."""
    before = np.concatenate([[False], active])[: tiles.steps + tiles.ends]
    lengths = np.where(before, tiles.longest, tiles.taken)
    starts = np.cumsum(lengths) - lengths
    takes = (starts[: tiles.steps][reading, None] + np.arange(tiles.taken)).ravel()
    each = tiles.trips // tiles.given
    gives = (starts[before, None] + np.arange(1, tiles.given + 1) * each - 1).ravel()
    times = np.union1d(np.union1d(takes, gives), [0])  # a padding may come before the first token
    cycles = np.diff(times, append=lengths.sum())
    taking, giving = (np.isin(times, some)[:, None] for some in (takes, gives))
    return Firings(taking, giving, cycles, depth)


def _hold(process: StreamProcess, steps: Firings) -> Firings:
    """Return ``steps`` preceded by firings that read the held operands, one token each.

    Held operands are read before the first step and kept for the whole inference.
    """
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
    """Return for each element of a padded tensor whether it comes from the operand."""
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
