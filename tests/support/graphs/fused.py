"""Chains of ops that become one process: every op that others can follow, with every op that can follow."""

from itertools import cycle, islice

import numpy as np

from qhls.ir import (
    Add,
    Conv,
    Fixed,
    Lookup,
    Matmul,
    Max,
    Min,
    Mul,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Rounding,
    Shift,
    Sub,
    Threshold,
    View,
)
from support.graphs.op_batches import const, random_const, x_of


def heads():
    """One op of every kind and way of working that others can follow, by name."""
    image, rows, row = x_of((5, 4, 4), "s5.2"), x_of((2, 3, 6), "u5.4"), x_of((6,), "s6.3")
    yield Conv(image, random_const((2, 3, 4, 4), 4, 3, 300), name="conv")
    yield Conv(image, random_const((3, 2, 1, 4), 4, 3, 301), (2, 1), groups=4, name="depthwise")
    yield Conv(image, random_const((2, 2, 2, 6), 4, 1, 302), groups=2, name="grouped")
    yield Matmul(rows, random_const((6, 4), 5, 2, 303), name="rows")
    yield Matmul(row, random_const((6, 5), 5, 2, 304), name="row")
    yield Pool(image, (2, 2), (2, 1), name="max")
    yield Pool(image, (2, 2), (1, 2), "sum", name="sum")
    yield Add(image, x_of((5, 4, 4), "u4.3"), name="join")
    yield Mul(rows, rows, name="square")
    yield View(image, (5, 4), (16, 4), 1, name="view")
    yield Pad(image, ((1, 0), (0, 2), (0, 0)), -3, name="pad")
    yield Lookup(x_of((3,), "u2.0"), random_const((4, 5), 5, 3, 305), name="lookup")
    yield Quantize(row, Fixed(True, 4, 1), name="quantize")
    yield Threshold(row, const([-9, 0, 4], 3), const([1, -2, 3, 0], 1), name="steps")


def bias(x, bits, scale, seed):
    """A constant for each channel."""
    return random_const((x.shape[-1],), bits, scale, seed)


def per_channel(x, count, seed):
    """A step function for each channel of ``x``."""
    rng = np.random.default_rng(seed)
    lo, hi = x.range.hull
    spread = rng.permuted(np.tile(np.arange(lo, hi + 1), (x.shape[-1], 1)), axis=1)
    steps = np.sort(spread[:, : min(count, hi - lo)], axis=1)
    values = rng.integers(-8, 8, (len(steps), steps.shape[1] + 1))
    return Threshold(x, const(steps, x.frac), const(values, 2))


FOLLOWERS = [
    [lambda x: Add(x, bias(x, 5, x.frac - 2, 310)), lambda x: Max(x, const(0))],
    [lambda x: Add(x, bias(x, 5, x.frac + 2, 311)), lambda x: Mul(x, bias(x, 4, 1, 312))],
    [lambda x: Sub(bias(x, 6, x.frac, 313), x), lambda x: Min(x, bias(x, 4, 1, 314))],
    [lambda x: Shift(x, -3), lambda x: Quantize(x, Fixed(True, 5, 1), Rounding.FLOOR)],
    [lambda x: per_channel(x, 3, 315), lambda x: Quantize(x, Fixed(False, 2, 0))],
    [lambda x: per_channel(x, 9, 316), lambda x: Sub(x, const(1, 1))],
    [
        lambda x: Add(x, random_const((1,) * len(x.shape[1:]) + x.shape[-1:], 5, x.frac, 317)),
        lambda x: Quantize(x, Fixed(True, 6, 0), overflow=Overflow.WRAP),
        lambda x: Threshold(x, const([-5, 3], 0), const([0, 4, 1], 2)),
        lambda x: Max(const(2, 2), x),
    ],
]


def fused(per_head):
    """Chains with ``per_head`` of the lists of followers behind every head."""
    lists = cycle(FOLLOWERS)
    for head in heads():
        for number, followers in enumerate(islice(lists, per_head)):
            op = head
            for follow in followers:
                op = follow(op)
            yield rename(op, f"{head.name} {number}")


def rename(op, name):
    """The last op of a chain on a head of its own, all of it with other names."""
    tensors = {
        o: rename(o, f"{name}_") for o in op.operands if hasattr(o, "operands") and o.operands
    }
    return op.with_operands(tensors, name=name)
