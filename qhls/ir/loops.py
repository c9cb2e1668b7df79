"""Loops of ops and places of tensors: the hardware that the generated C++ makes of a graph and a schedule.

The loops: a product of matrices computes one row per trip and a convolution or pooling one position per trip, with
all channels at once; the place of a maximum is found by one comparison after another; other ops work on all
elements at once where their result is registers, else on one. ``reuse_factor`` is the interval of loops that
multiply element by element. A reshape is the same array under other indices: no loop.

Where multipliers are shared, a product takes one tile of its weights after another (``qhls.ir.fold``); a grouped
convolution takes ``reuse_factor`` cycles per position instead.

A constant that a loop's variable chooses is a table. One that only unrolled loops read has fixed indices, so
that synthesis puts its numbers into the logic, however long it is and whether or not a pragma splits it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qhls.ir.elementwise import Mul
from qhls.ir.fold import Fold, fold
from qhls.ir.movement import Reshape, View
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Const, Conv, Lookup, Matmul, Pool, Threshold
from qhls.ir.scan import Scan
from qhls.ir.schedule import Schedule

HARD_WIRED = "hard-wired"
"""The place of a constant that is part of the logic: reading it costs nothing."""

PORTS = 2
"""Elements that a memory gives or takes per cycle: a block RAM has two ports (AMD UG573)."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Pipelined loop of one op: ``trips`` iterations, a new one every ``interval`` clock cycles.

    ``elements``: results of one trip. ``bound``: what sets the interval, "schedule" or the tensor whose memory has too
    few ports.
    """

    trips: int
    interval: int
    elements: int
    bound: str = "schedule"


def loop(op: Op, schedule: Schedule) -> Loop:
    """Return the loop that the generated C++ has for ``op``.

    Its interval is the schedule's, or longer where a trip reads more elements of a memory, or writes more into one,
    than the memory's ports allow.
    """
    trips, interval, elements = _asked(op, schedule)
    bound = "schedule"
    if trips == 0:
        return Loop(trips, interval, elements)
    moved = {
        operand.name: reads(op, operand, schedule) / trips
        for operand in dict.fromkeys(op.operands)
        if operand_place(op, operand, schedule) not in ("registers", HARD_WIRED)
    }
    if place(op, schedule) != "registers":
        moved[op.name] = elements
    for name, count in moved.items():
        needed = math.ceil(count / PORTS)
        if needed > interval:
            interval, bound = needed, name
    return Loop(trips, interval, elements, bound)


def _asked(op: Op, schedule: Schedule) -> tuple[int, int, int]:
    """Return trips, interval and elements, as if all memories had enough ports."""
    reuse, tiles = schedule.reuse_factor, fold(op, schedule)
    if isinstance(op, Reshape):
        return 0, 1, op.size
    if tiles:
        return loop_trips(op, tiles), 1, tiles.tile[3]
    if isinstance(op, Matmul | Conv | Pool):
        return op.size // op.shape[-1], 1 if isinstance(op, Pool) else reuse, op.shape[-1]
    if isinstance(op, ArgMax):
        return op.x.size, 1, 1
    if unrolled(op, schedule):
        return 1, reuse if isinstance(op, Mul) else 1, op.size
    return op.size, 1, 1


def operand_place(op: Op, operand: Op, schedule: Schedule) -> str:
    """Return the place of ``operand`` for its reader ``op``."""
    if isinstance(operand, Const):
        return constant_place(op, operand, schedule)
    return place(operand, schedule)


def reads(op: Op, operand: Op, schedule: Schedule) -> float:
    """Return the elements of ``operand`` that ``op`` reads in one inference."""
    lookups = sum(n for event, n in op.events.items() if event.kind == "lookup")
    if lookups and isinstance(operand, Const):
        return lookups / sum(isinstance(o, Const) for o in op.operands)
    if isinstance(op, View):
        return op.size
    tiles = fold(op, schedule)
    if tiles and isinstance(operand, Const):
        return loop_trips(op, tiles)  # a tile is a word
    return passes(op, operand, schedule) * operand.size


def choices(op: Op, operand: Op, schedule: Schedule) -> tuple[int, int]:
    """Return the number of elements of ``operand`` that a trip of ``op`` chooses, and of candidates for each.

    Registers at the index of a rolled loop: a multiplexer for each element of the trip.
    """
    if isinstance(operand, Const) or place(operand, schedule) != "registers":
        return 0, 1
    if isinstance(op, Scan):  # a row of what it goes through; states are read once
        return (operand.size // op.steps, op.steps) if operand is op.x else (0, 1)
    steps = loop(op, schedule)
    if steps.trips <= 1:
        return 0, 1
    tiles = fold(op, schedule)
    if tiles:
        rows, columns, channels, _ = tiles.tile
        return rows * columns * channels, min(steps.trips // tiles.counts[3], operand.size)
    if isinstance(op, Conv | Pool):
        height, width = op.w.shape[:2] if isinstance(op, Conv) else op.window
        return height * width * operand.shape[-1], min(steps.trips, operand.size)
    count = max(operand.size // steps.trips, 1)
    return count, math.ceil(operand.size / count)


def body(op: Op, schedule: Schedule) -> int:
    """Return the number of unrolled copies of its innermost operation in one iteration of the loop of ``op``."""
    if isinstance(op, Matmul | Conv):
        tiles = fold(op, schedule)
        return tiles.products if tiles else op.w.size
    if isinstance(op, Pool):
        return op.window[0] * op.window[1] * op.shape[-1]
    elements = loop(op, schedule).elements
    return elements * op.comparisons if isinstance(op, Threshold) else elements


def unrolled(op: Op, schedule: Schedule) -> bool:
    """Return whether an op without a special loop works on all elements at once: its result is in registers."""
    return op.size <= schedule.partition_limit


def place(op: Op, schedule: Schedule) -> str:
    """Return the place of the tensor of ``op``, not a constant: registers, or block RAM beyond ``partition_limit``."""
    return "registers" if op.size <= schedule.partition_limit else "bram"


def kernels_are_logic(schedule: Schedule) -> bool:
    """Return whether weights of products and convolutions are part of the logic: no multiplier is shared."""
    return schedule.storage == "registers" and schedule.reuse_factor == 1


def constant_place(op: Op, const: Const, schedule: Schedule) -> str:
    """Return the place of ``const`` for its reader ``op``: a key of ``Technology.memories``, or ``HARD_WIRED``.

    A single number is always hard-wired. Others lie where ``schedule.storage`` says. In ``"registers"``, one with
    fixed indices is hard-wired, unless ``op`` multiplies by it and multipliers are shared: then choosing among the
    constants is charged as a read of registers. So is choosing by a loop's variable, up to ``partition_limit``
    elements; a longer table is a ROM. The tables of a ``Threshold`` or ``Lookup``, up to that limit, are logic that its
    lookups count.
    """
    if const.size == 1:
        return HARD_WIRED
    if schedule.storage != "registers":
        return schedule.storage
    short = const.size <= schedule.partition_limit
    if isinstance(op, Lookup):
        return HARD_WIRED if short else "rom"
    if isinstance(op, Threshold):
        return HARD_WIRED if short or _compared_at_once(op, const, schedule) else "rom"
    products = isinstance(op, Matmul | Conv)
    if products or unrolled(op, schedule):
        multiplies = products or isinstance(op, Mul)
        return "registers" if multiplies and not kernels_are_logic(schedule) else HARD_WIRED
    return "registers" if short else "rom"


def _compared_at_once(op: Threshold, const: Const, schedule: Schedule) -> bool:
    """Return whether ``const`` are thresholds with fixed indices; values are chosen by the level."""
    if const is not op.thresholds or op.searched:
        return False
    return not op.per_channel or unrolled(op, schedule)


def passes(op: Op, operand: Op, schedule: Schedule) -> float:
    """Return the number of times that ``op`` reads the whole tensor of ``operand`` in one inference.

    A constant: once for each position or element that uses it, or once if all use it at once. The input of a
    window operation: as often as windows overlap, if it lies in a memory; registers feed all windows at once.
    Anything else: once.
    """
    if isinstance(operand, Const):
        if isinstance(op, Matmul | Conv):
            return op.size / op.shape[-1]
        return 1.0 if unrolled(op, schedule) else max(op.size / operand.size, 1.0)
    if place(operand, schedule) == "registers":
        return 1.0
    tiles = fold(op, schedule)
    if tiles:
        rows, columns, channels, _ = tiles.tile
        return loop_trips(op, tiles) * rows * columns * channels / operand.size
    if not isinstance(op, Conv | Pool):
        return 1.0
    height, width = op.w.shape[:2] if isinstance(op, Conv) else op.window
    rows, columns, _ = op.shape
    return rows * columns * height * width * operand.shape[-1] / operand.size


def loop_trips(op: Op, tiles: Fold) -> int:
    """Return the trips of an op that multiplies by one tile after another, at every position."""
    return op.size // op.shape[-1] * tiles.trips
