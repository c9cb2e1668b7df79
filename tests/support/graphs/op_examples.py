"""Examples of every op: the conformance suites run over all of them. A new op adds a line and an oracle.

A builder takes the type of its inputs and makes an op over ``Input`` ops of that type. An oracle says
what an op means a second time: over exact numbers (``Fraction``), by loops, without its code.
"""

from fractions import Fraction
from functools import partial
from itertools import product
from math import floor
from zlib import crc32

import numpy as np

from qhls.ir import (
    Add,
    ArgMax,
    Codes,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Lookup,
    Matmul,
    Max,
    Min,
    Mul,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Scan,
    Shift,
    Sub,
    Threshold,
    View,
)

RANDOM = np.random.default_rng()
"""Source of all weights; every builder sets its state, so an example is the same whatever was built before."""
WIDE = Codes(np.array([[1 << 70, -3], [5, -(1 << 65)]], object))


def inp(kind, *dims, name="x"):
    return Input(dims, kind, name=name)


def twice(x):
    return Add(x, x)


def squared(x):
    return Mul(x, x)


def weights(*shape, step=0.25):
    return Const.of(RANDOM.integers(-9, 10, shape) * step, name="w")


def steps(x, codes, values):
    thresholds = Const(Codes(np.array(codes)), x.type.frac, name="thresholds")
    return Threshold(x, thresholds, Const.of(values, name="values"))


def recurrence(x, *start, sequence=True, mixed=False):
    """A step with as many carried tensors as ``start``, their numbers in s6.3; ``mixed``: each reads the others."""
    row = Input(x.shape[1:], x.type, name="row")
    states = [Input(s.shape, Fixed(True, 6, 3), name=f"state{i}") for i, s in enumerate(start)]
    read = [*states[1:], *states[:1]] if mixed else states
    sums = [Add(Matmul(row, weights(row.size, s.size)), s) for s in read]
    after = [Quantize(Mul(a, Const.of(0.75)), Fixed(True, 6, 3)) for a in sums]
    result = sums[0] if sums else Shift(row, 1)
    body = Graph((row, *states), (result, *after), "step")
    return Scan(x, start, body, sequence)


BUILDERS = {
    Input: [
        lambda t: inp(t, 3),
        lambda t: inp(t, 2, 3, 1),
        inp,
    ],
    Const: [
        lambda t: Const.of([[0.5, -3.0], [96.0, 0.0]]),
        lambda t: Const.of(2.0**-149),
        lambda t: Const(WIDE, 3),
    ],
    Matmul: [
        lambda t: Matmul(inp(t, 3), weights(3, 2)),
        lambda t: Matmul(inp(t, 2, 2, 3), weights(3, 4)),
        lambda t: Matmul(inp(t, 1), Const.of([[0.0]])),
        lambda t: Matmul(inp(t, 2), Const(WIDE, 3)),
    ],
    Conv: [
        lambda t: Conv(inp(t, 4, 3, 2), weights(2, 2, 2, 3)),
        lambda t: Conv(inp(t, 5, 4, 1), weights(2, 3, 1, 2), strides=(2, 1)),
        lambda t: Conv(inp(t, 5, 5, 1), weights(2, 2, 1, 1), dilation=(3, 2)),
        lambda t: Conv(inp(t, 5, 5, 1), weights(2, 1, 1, 2), strides=(1, 3), dilation=(2, 1)),
        lambda t: Conv(inp(t, 1, 1, 3), weights(1, 1, 3, 2)),
        lambda t: Conv(inp(t, 4, 3, 4), weights(2, 2, 2, 6), groups=2),
        lambda t: Conv(inp(t, 4, 4, 3), weights(2, 3, 1, 3), strides=(2, 1), groups=3),
        lambda t: Conv(inp(t, 3, 3, 2), weights(2, 2, 1, 4), groups=2),
    ],
    Add: [
        lambda t: Add(inp(t, 2, 3), inp(Fixed(True, 5, 2), 2, 3, name="y")),
        lambda t: Add(inp(t, 2, 3), Const.of([0.125, -1.0, 3.0])),
        lambda t: Add(Const.of([[7.0], [-1.0]]), inp(t, 2, 3)),
        lambda t: Add(inp(t, 2, 1), inp(t, 1, 3, name="y")),
        lambda t: twice(inp(t, 3)),
    ],
    Sub: [
        lambda t: Sub(inp(t, 2, 3), inp(Fixed(True, 5, 2), 2, 3, name="y")),
        lambda t: Sub(Const.of([0.125, -1.0, 3.0]), inp(t, 2, 3)),
        lambda t: Sub(inp(t, 2, 1), inp(Fixed(False, 3, 1), 1, 3, name="y")),
    ],
    Mul: [
        lambda t: Mul(inp(t, 2, 3), inp(Fixed(True, 5, 2), 2, 3, name="y")),
        lambda t: Mul(inp(t, 2, 3), Const.of([0.125, -1.0, 3.0])),
        lambda t: Mul(inp(t, 2, 1), inp(Fixed(False, 3, -1), 1, 3, name="y")),
        lambda t: squared(inp(t, 3)),
    ],
    Min: [
        lambda t: Min(inp(t, 3), Const.of(0.0)),
        lambda t: Min(inp(t, 3), inp(Fixed(True, 6, 4), 3, name="y")),
        lambda t: Min(Const.of([-0.5, 2.0**40, -1.0]), inp(t, 3)),
    ],
    Max: [
        lambda t: Max(inp(t, 3), Const.of(0.0)),
        lambda t: Max(inp(t, 3), inp(Fixed(True, 6, 4), 3, name="y")),
        lambda t: Max(Const.of([-0.5, 2.0**40, -1.0]), inp(t, 3)),
    ],
    Pool: [
        lambda t: Pool(inp(t, 4, 4, 2), (2, 2), (2, 2), "max"),
        lambda t: Pool(inp(t, 4, 5, 1), (3, 2), (1, 2), "max"),
        lambda t: Pool(inp(t, 4, 4, 2), (2, 2), (2, 2), "sum"),
        lambda t: Pool(inp(t, 3, 4, 1), (3, 4), (1, 1), "sum"),
    ],
    ArgMax: [
        lambda t: ArgMax(inp(t, 5)),
        lambda t: ArgMax(inp(t, 2, 3)),
        lambda t: ArgMax(Max(inp(t, 4), Const.of([0.0, 64.0, -64.0, 64.0]))),
    ],
    Shift: [
        lambda t: Shift(inp(t, 3), 0),
        lambda t: Shift(inp(t, 3), 5),
        lambda t: Shift(inp(t, 3), -7),
    ],
    Quantize: [
        *(
            lambda t, to=to, rounding=rounding, overflow=overflow: Quantize(
                inp(t, 5), Fixed.parse(to), rounding, overflow
            )
            for to, rounding, overflow in product(
                ("s4.2", "u3.1", "s6.-2", "u1.0"), Rounding, Overflow
            )
        ),
        lambda t: Quantize(inp(t, 5), Fixed(False, 64, 3), overflow=Overflow.WRAP),
        lambda t: Quantize(inp(t, 5), Fixed(True, 90, 80)),
        lambda t: Quantize(Max(inp(t, 5), Const.of(-1.0)), Fixed(True, 3, 1)),
    ],
    Threshold: [
        lambda t: steps(inp(t, 2, 3), [0], [-1.5, 2.0]),
        lambda t: steps(inp(t, 4), [-3, 0, 1], [3.0, -0.25, -0.25, 7.5]),
        lambda t: steps(inp(t, 5), range(-6, 7), RANDOM.integers(-9, 10, 14) * 0.125),
        lambda t: steps(inp(t, 5), [*range(-9, 9), 1 << 30], RANDOM.integers(0, 2, 20) * 1.0),
        lambda t: steps(
            inp(t, 2, 3),
            [[-2, 1], [0, 5], [-(1 << 30), 1 << 30]],
            RANDOM.integers(0, 9, (3, 3)) / 4,
        ),
        lambda t: steps(
            inp(t, 2),
            RANDOM.integers(1, 3, (2, 6)).cumsum(1) - 8,
            RANDOM.integers(-9, 9, (2, 7)) / 2,
        ),
        lambda t: steps(twice(inp(t, 3)), [-(1 << 40), 2, 4, 6, 8], [1.0, 2.0, 3.0, 3.5, 4.0, 5.0]),
    ],
    Lookup: [
        lambda t: Lookup(steps(inp(t, 2, 3), [-1, 2], [3.0, 0.0, 1.0]), weights(4, 2)),
        lambda t: Lookup(steps(inp(t, 5), [0], [4.0, 2.0]), weights(6)),
        lambda t: Lookup(Shift(steps(inp(t, 2), [0, 1], [0.5, 0.0, 1.5]), 1), weights(4, 2, 3)),
        lambda t: Lookup(steps(inp(t, 2), [0, 1], [0.0, 8.0, 4.0]), weights(9, 1)),
    ],
    View: [
        lambda t: View(inp(t, 2, 3), (3, 2), (1, 3)),
        lambda t: View(inp(t, 6), (3,), (-2,), 5),
        lambda t: View(inp(t, 2, 2), (2, 2, 2, 3), (2, 0, 1, 0)),
        lambda t: View(inp(t, 4), (), (), 2),
        lambda t: View(inp(t, 4), (1, 2), (7, 2)),
    ],
    Reshape: [
        lambda t: Reshape(inp(t, 2, 3), (6,)),
        lambda t: Reshape(inp(t, 6), (1, 2, 3)),
        lambda t: Reshape(inp(t, 1), ()),
    ],
    Pad: [
        lambda t: Pad(inp(t, 2, 3), ((1, 0), (0, 2))),
        lambda t: Pad(inp(t, 2), ((1, 1),), value=-3),
        lambda t: Pad(inp(t, 2), ((0, 2),), value=1 << 70),
        lambda t: Pad(inp(t, 2), ((0, 0),)),
    ],
    Scan: [
        lambda t: recurrence(inp(t, 3, 2), Const.of([0.0, 0.5])),
        lambda t: recurrence(inp(t, 4, 2), Const.of([0.0, -1.0, 2.0]), sequence=False),
        lambda t: recurrence(
            inp(t, 2, 3),
            inp(Fixed(True, 5, 2), 2, name="h"),
            Const.of([1.0, -0.5]),
            mixed=True,
        ),
        lambda t: recurrence(inp(t, 1, 2), inp(Fixed(False, 2, 3), 3, name="h"), sequence=False),
        lambda t: recurrence(inp(t, 3, 2)),
    ],
    Concat: [
        lambda t: Concat((inp(t, 2, 3), inp(Fixed(False, 3, 2), 2, 1, name="y"))),
        lambda t: Concat((inp(t, 1, 3), inp(t, 2, 3, name="y")), axis=0),
        lambda t: Concat((inp(t, 2), inp(t, 1, name="y"), inp(t, 3, name="z")), axis=-1),
        lambda t: Concat((inp(t, 2),)),
    ],
}


def build_seeded(build, seed, kind):
    """The op of ``build`` with inputs of type ``kind`` and the weights of ``seed``."""
    RANDOM.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    return build(kind)


EXAMPLES = {
    op: [
        partial(build_seeded, build, crc32(f"{op.__name__} {number}".encode()))
        for number, build in enumerate(builds)
    ]
    for op, builds in BUILDERS.items()
}
"""Builders by op, each with weights of its own seed."""


# The oracles: numbers of the operands, as object arrays of Fractions with a batch axis, to those of the op.


def matmul(op, x, w):
    result = np.empty((*x.shape[:-1], w.shape[1]), object)
    for index in np.ndindex(*result.shape):
        result[index] = sum(x[(*index[:-1], k)] * w[k, index[-1]] for k in range(w.shape[0]))
    return result


def conv(op, x, w):
    (sh, sw), (dh, dw) = op.strides, op.dilation
    kh, kw, channels, filters = w.shape
    each = filters // op.groups
    rows = len(range(0, x.shape[1] - (kh - 1) * dh, sh))
    columns = len(range(0, x.shape[2] - (kw - 1) * dw, sw))
    result = np.empty((len(x), rows, columns, filters), object)
    for n, r, c, f in np.ndindex(*result.shape):
        result[n, r, c, f] = sum(
            x[n, r * sh + i * dh, c * sw + j * dw, f // each * channels + k] * w[i, j, k, f]
            for i, j, k in product(range(kh), range(kw), range(channels))
        )
    return result


def pool(op, x):
    (kh, kw), (sh, sw) = op.window, op.strides
    rows, columns = len(range(0, x.shape[1] - kh + 1, sh)), len(range(0, x.shape[2] - kw + 1, sw))
    result = np.empty((len(x), rows, columns, x.shape[3]), object)
    reduce = {"max": max, "sum": sum}[op.reduction]
    for n, r, c, k in np.ndindex(*result.shape):
        taps = product(range(r * sh, r * sh + kh), range(c * sw, c * sw + kw))
        result[n, r, c, k] = reduce([x[n, i, j, k] for i, j in taps])
    return result


def argmax(op, x):
    rows = x.reshape(-1, x.shape[-1]).tolist()
    places = [Fraction(row.index(max(row))) for row in rows]
    return fractions(places).reshape(*x.shape[:-1], 1)


def quantize_number(number, to, rounding, overflow):
    """An assignment to a fixed-point variable, as its definition says."""
    scaled = number * Fraction(2) ** to.frac
    code = {
        Rounding.HALF_EVEN: round,  # Python rounds a Fraction half to even
        Rounding.HALF_UP: lambda f: floor(f + Fraction(1, 2)),
        Rounding.FLOOR: floor,
    }[rounding](scaled)
    highest = 2 ** (to.width - 1) - 1 if to.signed else 2**to.width - 1
    lowest = -(2 ** (to.width - 1)) if to.signed else 0
    if overflow is Overflow.WRAP:
        code %= 2**to.width
        code -= 2**to.width if code > highest else 0
    elif overflow is Overflow.SATURATE_SYMMETRIC and to.signed:
        code = max(-highest, min(highest, code))
    else:
        code = max(lowest, min(highest, code))
    return Fraction(code) / Fraction(2) ** to.frac


def quantize(op, x):
    numbers = [quantize_number(v, op.to, op.rounding, op.overflow) for v in x.ravel()]
    return fractions(numbers).reshape(x.shape)


def threshold(op, x, thresholds, values):
    result = np.empty(x.shape, object)
    for index in np.ndindex(*x.shape):
        own = (index[-1],) if thresholds.ndim == 2 else ()
        result[index] = values[own][sum(x[index] >= t for t in thresholds[own])]
    return result


def view(op, x):
    flat = x.reshape(len(x), -1)
    result = np.empty((len(x), *op.dims), object)
    for n, *index in np.ndindex(*result.shape):
        place = op.offset + sum(i * stride for i, stride in zip(index, op.strides, strict=True))
        result[(n, *index)] = flat[n, place]
    return result


def pad(op, x):
    filling = Fraction(op.value) / Fraction(2) ** op.frac
    before = [0, *(pair[0] for pair in op.widths)]
    result = np.empty((len(x), *op.shape), object)
    for index in np.ndindex(*result.shape):
        inner = tuple(i - b for i, b in zip(index, before, strict=True))
        inside = all(0 <= i < size for i, size in zip(inner, x.shape, strict=True))
        result[index] = x[inner] if inside else filling
    return result


def concat(op, *xs):
    axis = op.axis % len(op.shape)
    rows = [np.moveaxis(x, axis + 1, 0) for x in xs]
    return np.moveaxis(np.array([row for part in rows for row in part], object), 0, axis + 1)


def scan(op, x, *start):
    """The body's ops by their own oracles, in a loop over rows."""
    carried = [
        value if source.batched else np.broadcast_to(value, (len(x), *value.shape))
        for value, source in zip(start, op.start, strict=True)
    ]
    rows = []
    for t in range(x.shape[1]):
        values = dict(zip(op.body.inputs, [x[:, t], *carried], strict=True))
        for inner in op.body.ops:
            if isinstance(inner, Const):
                values[inner] = to_numbers(inner.codes.to_integers(), inner.frac)
            elif inner not in values:
                operands = [values[operand] for operand in inner.operands]
                values[inner] = ORACLES[type(inner)](inner, *operands)
        result, *carried = [values[o] for o in op.body.outputs]
        rows.append(result)
    return np.stack(rows, 1) if op.sequence else rows[-1]


ORACLES = {
    Matmul: matmul,
    Conv: conv,
    Add: lambda op, a, b: a + b,
    Sub: lambda op, a, b: a - b,
    Mul: lambda op, a, b: a * b,
    Max: lambda op, a, b: np.maximum(a, b),
    Min: lambda op, a, b: np.minimum(a, b),
    Pool: pool,
    ArgMax: argmax,
    Shift: lambda op, x: x * Fraction(2) ** op.power,
    Quantize: quantize,
    Threshold: threshold,
    Lookup: lambda op, x, table: np.asarray(table)[np.asarray(x).astype(int)],
    View: view,
    Reshape: lambda op, x: fractions(x.ravel()).reshape(len(x), *op.dims),
    Pad: pad,
    Concat: concat,
    Scan: scan,
}
"""By op; ``Input`` and ``Const`` compute nothing."""


def fractions(numbers):
    """A one-dimensional object array, even of Fractions that NumPy would take for something else."""
    result = np.empty(len(numbers), object)
    result[:] = list(numbers)
    return result


def to_numbers(codes, frac):
    """Codes as exact numbers."""
    scale = Fraction(2) ** frac
    flat = fractions([Fraction(int(code)) / scale for code in np.ravel(codes)])
    return flat.reshape(np.shape(codes))


def inputs_of(op):
    """The ``Input`` ops that ``op`` needs."""
    found, stack = {}, [op]
    while stack:
        here = stack.pop()
        if isinstance(here, Input):
            found[here] = None
        stack.extend(here.operands)
    return tuple(found)


def random_codes(kind, shape, random):
    """Codes of ``kind`` as an object array, each fourth at an end of the range."""
    size = int(np.prod(shape))
    draws = [
        (kind.lo, kind.hi)[random.integers(2)]
        if random.random() < 0.25
        else kind.lo + int.from_bytes(random.bytes(16), "little") % (kind.hi - kind.lo + 1)
        for _ in range(size)
    ]
    return fractions(draws).reshape(shape)
