"""How an op runs and where its tensors lie: what the generated C++ makes of a graph and a schedule.

The loops: a product of matrices computes a row at a time and a convolution or pooling a position at a time, with
all channels at once; the place of a maximum is found by one comparison after another; other ops work on all
elements at once where their result is registers, else on one. ``reuse_factor`` is the interval of loops that
multiply. A reshape is the same array under other indices: no loop.

A constant that a loop's variable chooses is a table. One that only unrolled loops read has fixed indices, so
that synthesis puts its numbers into the logic, however long it is and whether or not a pragma splits it.
"""

from __future__ import annotations

from dataclasses import dataclass

from qhls.ir import ArgMax, Const, Conv, Matmul, Mul, Op, Pool, Reshape, Schedule, Threshold

HARD_WIRED = "hard-wired"
"""The place of a constant that is part of the logic: reading it costs nothing."""


@dataclass(frozen=True, slots=True)
class Loop:
    """How an op runs: ``trips`` of its pipelined loop, a new one every ``interval`` clock cycles.

    ``elements``: results of one trip.
    """

    trips: int
    interval: int
    elements: int


def loop(op: Op, schedule: Schedule) -> Loop:
    """The loop that the generated C++ has for ``op``."""
    reuse = schedule.reuse_factor
    if isinstance(op, Reshape):
        return Loop(0, 1, op.size)
    if isinstance(op, Matmul):
        return Loop(op.size // op.shape[-1], reuse, op.shape[-1])
    if isinstance(op, Conv | Pool):
        rows, columns, channels = op.shape
        return Loop(rows * columns, reuse if isinstance(op, Conv) else 1, channels)
    if isinstance(op, ArgMax):
        return Loop(op.x.size, 1, 1)
    if unrolled(op, schedule):
        return Loop(1, reuse if isinstance(op, Mul) else 1, op.size)
    return Loop(op.size, 1, 1)


def unrolled(op: Op, schedule: Schedule) -> bool:
    """Whether an op without a loop of its own kind works on all elements at once: its result is registers."""
    return op.size <= schedule.partition_limit


def place(op: Op, schedule: Schedule) -> str:
    """Where the tensor of ``op``, not a constant, lies: in registers, or beyond ``partition_limit`` in block RAM."""
    return "registers" if op.size <= schedule.partition_limit else "bram"


def kernels_are_logic(schedule: Schedule) -> bool:
    """Whether the weights of matrix products and convolutions are part of the logic: no multiplier is shared."""
    return schedule.storage == "registers" and schedule.reuse_factor == 1


def constant_place(op: Op, const: Const, schedule: Schedule) -> str:
    """Where ``const`` lies for its reader ``op``: a key of ``Technology.memories``, or ``HARD_WIRED``.

    A single number is always hard-wired. Others lie where ``schedule.storage`` says. In ``"registers"``, one with
    fixed indices is hard-wired, unless ``op`` multiplies by it and multipliers are shared: then choosing among the
    constants is charged as a read of registers. So is choosing by a loop's variable, up to ``partition_limit``
    elements; a longer table is a ROM. The tables of a ``Threshold``, up to that limit, are logic that its
    lookups count.
    """
    if const.size == 1:
        return HARD_WIRED
    if schedule.storage != "registers":
        return schedule.storage
    short = const.size <= schedule.partition_limit
    if isinstance(op, Threshold):
        return HARD_WIRED if short or _compared_at_once(op, const, schedule) else "rom"
    products = isinstance(op, Matmul | Conv)
    if products or unrolled(op, schedule):
        multiplies = products or isinstance(op, Mul)
        return "registers" if multiplies and not kernels_are_logic(schedule) else HARD_WIRED
    return "registers" if short else "rom"


def _compared_at_once(op: Threshold, const: Const, schedule: Schedule) -> bool:
    """Whether ``const`` are thresholds with fixed indices; values are chosen by the level."""
    if const is not op.thresholds or op.searched:
        return False
    return not op.per_channel or unrolled(op, schedule)


def passes(op: Op, operand: Op, schedule: Schedule) -> float:
    """How often ``op`` reads the whole tensor of ``operand`` in one inference.

    A constant: once for each position or element that uses it, or once if all use it at once. The input of a
    window operation: as often as windows overlap, if it lies in a memory; registers feed all windows at once.
    Anything else: once.
    """
    if isinstance(operand, Const):
        if isinstance(op, Matmul | Conv):
            return op.size / op.shape[-1]
        return 1.0 if unrolled(op, schedule) else max(op.size / operand.size, 1.0)
    if place(operand, schedule) == "registers" or not isinstance(op, Conv | Pool):
        return 1.0
    height, width = op.w.shape[:2] if isinstance(op, Conv) else op.window
    rows, columns, _ = op.shape
    return rows * columns * height * width * operand.shape[-1] / operand.size
