"""Instances of every op, in batches: a batch is one graph, hence one library a target.

A case is an op with what it reads; everything else (inputs, stimuli, comparison) follows from the graph.
To cover a new op, add examples to tests/support/graphs/op_examples.py; where it has corners worth more, a batch here.
"""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np

from qhls.backends.views.tensor import PORT_LIMIT
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
from qhls.ir.types import WIDEST
from support.graphs.op_examples import EXAMPLES, inputs_of

MODES = list(product(Rounding, Overflow))


def graph_of(name, outputs):
    """The graph of ``outputs`` with every input they need."""
    found, stack = {}, list(outputs)
    while stack:
        op = stack.pop(0)
        if op not in found:
            found[op] = None
            stack += op.operands
    inputs = [op for op in found if isinstance(op, Input)]
    return Graph(tuple(inputs), tuple(outputs), name)


def const(codes, scale=0, name="const"):
    return Const(Codes(np.array(codes)), scale, name=name)


def random_const(shape, bits, scale, seed, signed=True):
    rng = np.random.default_rng(seed)
    lo = -(1 << bits - 1) if signed else 0
    hi = (1 << bits - signed) - 1
    return const(rng.integers(lo, hi, shape, endpoint=True), scale, f"w{seed}")


@cache
def x_of(dims, notation):
    return Input(dims, Fixed.parse(notation), name=f"{notation} {'x'.join(map(str, dims))}")


@cache
def every_code(notation):
    """An input with an element a code: one sample holds them all."""
    dtype = Fixed.parse(notation)
    return Input((1 << dtype.width,), dtype, name=f"every {notation}")


def quantize_modes():
    """Every rounding with every overflow, on every code of signed, unsigned, coarse and fine sources."""
    sources = {
        "s6.3": ["s4.2", "u4.2", "s3.0", "u3.5", "s1.0", "s8.2", "s2.-2"],
        "u6.3": ["s4.2", "u4.1", "u1.1", "u8.5"],
        "s5.8": ["s3.7", "u3.6", "s4.2", "s2.9"],
        "u5.-2": ["s6.-3", "u3.-4", "s2.-9"],
        "s1.0": ["s1.0", "s2.-1"],
        "u1.0": ["s1.0", "u1.-1"],
    }
    for source, targets in sources.items():
        x = every_code(source)
        for to, (rounding, overflow) in product(targets, MODES):
            yield Quantize(x, Fixed.parse(to), rounding, overflow, name=f"{source} to {to}")


def quantize_types():
    """One source to signed and unsigned types at every distance of the binary point, every width beside it."""
    x = every_code("s6.2")
    default = (Rounding.HALF_EVEN, Overflow.SATURATE)
    for signed, frac, width in product((True, False), range(-6, 7), (1, 4, 7)):
        modes = MODES[(frac + width) % len(MODES)] if width != 4 else default
        yield Quantize(x, Fixed(signed, width, frac), *modes, name=f"to {width}.{frac}")


def quantize_wide():
    """Types beyond 32, 53 and 63 bits on the way; the result fits a port."""
    x = x_of((16,), "s40.20")
    scale = const([(1 << 40) - 87, -(1 << 41) + 5, 3, 1], 0, "wide scale")
    wide = Matmul(Reshape(x, (16, 1)), Const(scale.codes.map(lambda a: a[None]), 9, name="wide w"))
    for to, modes in product(["s12.4", "u20.-10", "s62.10"], MODES):
        yield Quantize(wide, Fixed.parse(to), *modes, name=f"wide to {to}")
    u = x_of((8,), "u62.40")
    for to, modes in product(["s9.3", "u61.39"], MODES):
        yield Quantize(u, Fixed.parse(to), *modes, name=f"u62 to {to}")


def widest():
    """The widest types there are, and what is wider on the way: a product of mixed signs, a sum of two points."""
    x, u = x_of((2,), "s62.30"), x_of((2,), "u62.20")
    for op in (x, u):
        large = Mul(op, const([(1 << 959) + 1, 1 << 960], name="large"))
        product = Mul(large, const([-1, 1], name="signs"))
        assert WIDEST - 2 <= product.type.width <= WIDEST
        summed = Add(Quantize(product, Fixed(True, 1000, op.frac - 12)), op)
        for wide in (product, Max(product, op), Min(summed, const(-1, 5)), summed):
            yield Quantize(wide, Fixed(True, 60, wide.frac - 940), name="top of widest")
            yield Quantize(wide, Fixed(False, 60, wide.frac), *MODES[2], name="bottom of widest")
    yield Quantize(x_of((2,), "s4.1024"), Fixed(True, 4, -1000), *MODES[0], name="far below")


def matmul():
    """Ranks 1 to 3, signs, fractions, zero and one-sided weights, sums beyond 32 and 63 bits."""
    for seed, (dims, n, notation, bits, scale, signed) in enumerate(
        [
            ((5,), 3, "s6.3", 5, 4, True),
            ((1,), 1, "u4.2", 3, 1, True),
            ((3, 5), 2, "u6.6", 4, -2, True),
            ((2, 3, 4), 3, "s5.-3", 6, 9, False),
            ((2, 1, 1), 1, "s1.0", 1, 0, True),
            ((7,), 2, "s16.10", 16, 12, True),
            ((4,), 2, "s30.10", 24, 3, True),
            ((33,), 4, "u1.0", 1, 0, True),
        ]
    ):
        w = random_const((dims[-1], n), bits, scale, seed, signed)
        yield Matmul(x_of(dims, notation), w, name=f"matmul {seed}")
    x = x_of((5,), "s6.3")
    yield Matmul(x, const(np.zeros((5, 2), int)), name="zero weights")
    yield Matmul(x, const(-np.ones((5, 2), int), 3), name="negative weights")
    columns = np.array([[0, 1, -8], [0, 2, -1], [0, 3, 0], [0, 0, -7], [0, 1, -1]])
    yield Matmul(x, const(columns, 2), name="one sided columns")
    first = Matmul(x, random_const((5, 4), 6, 5, 90), name="first")
    yield Matmul(first, random_const((4, 3), 6, 5, 91), name="exact chain")


def conv():
    """Strides, dilation, even, flat, full and 1 x 1 kernels."""
    for seed, (kernel, filters, strides, dilation) in enumerate(
        [
            ((3, 3), 4, (1, 1), (1, 1)),
            ((3, 3), 2, (2, 1), (1, 1)),
            ((2, 2), 3, (2, 3), (1, 1)),
            ((2, 4), 1, (1, 1), (1, 1)),
            ((1, 1), 3, (1, 1), (1, 1)),
            ((1, 1), 2, (3, 2), (1, 1)),
            ((2, 3), 2, (1, 1), (2, 2)),
            ((3, 2), 2, (2, 1), (1, 3)),
            ((5, 6), 3, (1, 1), (1, 1)),
            ((1, 5), 2, (4, 4), (1, 1)),
        ]
    ):
        w = random_const((*kernel, 2, filters), 4, 3, seed)
        options = {"strides": strides, "dilation": dilation, "name": f"conv {seed}"}
        yield Conv(x_of((5, 6, 2), "s5.3"), w, **options)
    yield Conv(x_of((1, 1, 3), "u7.9"), random_const((1, 1, 3, 2), 3, -1, 20), name="one pixel")
    yield Conv(x_of((4, 3, 1), "u4.0"), const(np.ones((2, 2, 1, 1), int)), name="ones")


def pool():
    """Maximum and sum over windows smaller than, equal to and larger than the stride."""
    xs = [x_of((6, 7, 3), "s5.3"), x_of((6, 7, 2), "u5.-1")]
    shapes = [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((2, 3), (1, 2)), ((1, 1), (2, 3))]
    shapes += [((2, 2), (4, 5)), ((6, 7), (6, 7)), ((1, 7), (1, 1))]
    for x, (window, strides), how in product(xs, shapes, ("max", "sum")):
        yield Pool(x, window, strides, how, name=f"{how} {window}")
    below = Quantize(xs[0], Fixed(True, 4, 1), name="coarse")
    yield Pool(below, (2, 2), (2, 2), name="max of quantize")
    narrow = x_of((3, 1, 2), "s3.3")
    above = Max(narrow, const(9, 3), name="constant")
    yield Pool(above, (3, 1), (3, 1), "sum", name="sum of which only one is possible")
    joined = Concat((narrow, above, narrow), axis=0, name="beside")
    yield Pool(joined, (9, 1), (9, 1), "max", name="maximum of a narrower type than its elements")


def elementwise():
    """Sum and maximum of mixed signs and fractions, every kind of broadcasting."""
    types = ["s5.3", "u4.7", "s3.-2", "u1.0"]
    for op, (a, b) in product((Add, Max), product(types, types)):
        yield op(x_of((3,), a), x_of((3,), b), name=f"{op.__name__} {a} {b}")
    wide, tall = x_of((2, 3, 4), "s5.3"), x_of((2, 3, 1), "u4.5")
    flat, one = x_of((1, 1, 4), "s4.1"), x_of((1, 1, 1), "s3.0")
    for op in (Add, Max):
        named = op.__name__.lower()
        for a, b in [(wide, tall), (tall, flat), (flat, tall), (one, wide), (one, one)]:
            yield op(a, b, name=f"{named} broadcast")
        for shape in [(), (1,), (4,), (3, 1), (1, 4), (2, 1, 4), (1, 1, 1)]:
            known = random_const(shape, 4, 2, 30 + len(shape))
            yield op(wide, known, name=f"{named} constant")
            yield op(known, wide, name=f"constant {named}")
        yield op(wide, wide, name=f"{named} itself")
        yield op(wide, const(0), name=f"{named} zero")
        yield op(x_of((), "s5.3"), x_of((), "u4.4"), name=f"{named} scalars")
        yield op(x_of((2,), "s62.3"), x_of((2,), "s60.2"), name=f"{named} wide")
    yield Add(x_of((2,), "u31.0"), x_of((2,), "u31.0"), name="add 31")
    yield Max(wide, const(-100, 1), name="max far below")


def shift():
    """Both directions, beyond the width, on a tensor whose range is tighter than its variable."""
    for notation, power in product(["s6.3", "u6.3"], [-9, -1, 0, 1, 2, 11]):
        yield Shift(every_code(notation), power, name=f"{notation} by {power}")
    tight = Quantize(x_of((4,), "u3.1"), Fixed(True, 9, 1), name="tight")
    yield Shift(tight, 2, name="of tight")
    yield Shift(x_of((3,), "s63.3"), -70, name="of wide")
    doubled = Add(x_of((3,), "u63.3"), x_of((3,), "u63.3"))
    yield Quantize(Shift(doubled, 5, name="of 64 bits"), Fixed(True, 20, -40), name="from 64 bits")


def pad():
    """Asymmetric widths in one to three axes; fillings inside and outside the operand's range."""
    for value in (0, 3, -1, 100, -77):
        yield Pad(x_of((3,), "u4.2"), ((1, 2),), value, name=f"pad 1 {value}")
        yield Pad(x_of((2, 3), "s4.2"), ((0, 1), (2, 0)), value, name=f"pad 2 {value}")
        widths = ((1, 1), (0, 2), (0, 0))
        yield Pad(x_of((2, 2, 3), "s4.-2"), widths, value, name=f"pad 3 {value}")
    yield Pad(x_of((2, 2, 3), "s4.-2"), ((0, 0), (0, 0), (1, 0)), 5, name="pad channels")
    yield Pad(x_of((3,), "u4.2"), ((0, 0),), 9, name="pad nothing")
    yield Pad(x_of((3,), "s3.60"), ((1, 0),), (1 << 52) + 1, name="pad fine")
    yield Pad(x_of((3,), "s3.-60"), ((1, 0),), -(1 << 50) - 1, name="pad coarse")


def concat():
    """Every axis from both ends; mixed types; one operand twice; one operand alone."""
    a, b, c = x_of((2, 3, 4), "s5.3"), x_of((2, 3, 4), "u4.6"), x_of((2, 3, 4), "s3.-1")
    for axis in range(-3, 3):
        yield Concat((a, b, c), axis, name=f"axis {axis}")
    yield Concat((a, x_of((2, 1, 4), "u2.0"), a), 1, name="twice")
    yield Concat((a,), 0, name="alone")
    yield Concat((x_of((3,), "s5.3"), x_of((5,), "u6.2")), name="flat")


def boundary():
    """Reshapes and inputs as outputs, one op as two outputs, an op that is read and is an output."""
    x, spare = x_of((2, 3, 4), "s5.3"), x_of((3,), "u2.7")
    flat = Reshape(x, (24,), name="flat")
    yield from [x, x, spare, flat, Reshape(flat, (4, 6), name="again")]
    total = Add(Reshape(flat, (2, 12)), const(1), name="total")
    yield from [total, total, Reshape(total, (3, 8), name="reshaped sum")]
    yield Matmul(Reshape(total, (8, 3)), random_const((3, 2), 4, 2, 60), name="reader")
    yield Quantize(Reshape(total, (24, 1)), Fixed(True, 3, 1), name="other reader")
    yield Reshape(x_of((), "s5.3"), (1, 1), name="scalar")


def residual():
    """A small network with a skip, as a model has."""
    x = x_of((6, 6, 2), "u5.4")
    padded = Pad(x, ((1, 1), (1, 1), (0, 0)), name="same")
    summed = Conv(padded, random_const((3, 3, 2, 2), 4, 3, 70), name="conv")
    biased = Add(summed, random_const((2,), 5, 5, 71), name="bias")
    relu = Quantize(Max(biased, const(0), name="relu"), Fixed(False, 5, 3), name="act")
    skip = Add(relu, x, name="skip")
    pooled = Pool(skip, (2, 2), (2, 2), name="pool")
    mean = Shift(Pool(pooled, (3, 3), (3, 3), "sum", name="sum"), -3, name="mean")
    both = Concat((Reshape(pooled, (18,)), Reshape(mean, (2,))), name="both")
    yield Matmul(both, random_const((20, 4), 6, 6, 72), name="logits")


def examples():
    """Every example of tests/ir, for three types of input; what no port can hold is narrowed behind."""
    for kind, (example, builders) in product(["s5.2", "u4.5", "s3.-1"], EXAMPLES.items()):
        if example is Quantize and kind != "s5.2":
            continue  # every type and mode is in batches of its own
        for number, build in enumerate(builders):
            op = build(Fixed.parse(kind))
            if op.batched:
                # A name of its own for every input: examples call all of theirs x.
                names = {x: replace(x, name=f"{x.name}_{id(x)}") for x in inputs_of(op)}
                op = replace(op.with_operands(names), name=f"{op.kind} {number} {kind}")
                yield op if op.type.width <= PORT_LIMIT else Quantize(op, Fixed(True, 9, op.frac))


def tokens():
    """Every other op on a unit of its operands, on whole ones, and on filters of tokens; states, several readers."""
    dtype = Fixed.parse("u4.5")
    picked = (ArgMax, Lookup, View, Scan, Threshold, Sub, Mul, Min)
    for example in picked:
        for number, build in enumerate(EXAMPLES[example]):
            op = build(dtype)
            names = {x: replace(x, name=f"{x.name}_{id(x)}") for x in inputs_of(op)}
            yield replace(op.with_operands(names), name=f"{op.kind} {number}")
    image, wide = x_of((4, 6, 2), "s5.3"), x_of((2, 3, 200), "s7.3")
    yield View(image, (2, 3, 2), (24, 4, 1), name="every other pixel")
    yield View(image, (2, 4, 2), (12, 2, 1), 14, name="crop")
    yield View(image, (4, 6, 2, 2), (12, 2, 0, 1), name="each pixel twice")
    yield View(image, (4, 2, 6, 2), (12, 0, 2, 1), name="each row twice")
    yield View(image, (6, 4, 2), (2, 12, 1), name="transposed")
    yield View(image, (4, 6, 2), (12, -2, 1), 10, name="rows reversed")
    yield Add(wide, random_const((200,), 5, 2, 95), name="several tokens a row")
    yield Mul(image, Pool(image, (4, 6), (4, 6), "sum", name="mean"), name="gate")
    deep = random_const((2, 2, 2, 3), 4, 3, 96)
    first = Conv(image, deep, strides=(1, 2), name="first")
    yield Conv(Pad(first, ((1, 1), (1, 1), (0, 0))), random_const((3, 3, 1, 3), 4, 3, 97), groups=3)
    yield Reshape(Reshape(first, (3, 9)), (27,), name="again")
    yield Matmul(Reshape(first, (27,)), random_const((27, 2), 4, 2, 98), name="behind")


BATCHES = {
    "rounding and overflow": [quantize_modes],
    "types": [quantize_types, quantize_wide, widest],
    "arithmetic": [matmul, conv, pool],
    "elementwise": [elementwise],
    "structure": [shift, pad, concat, boundary],
    "examples": [examples],
}
"""Each is built with all of its functions' cases in one library a target."""


ONLY_STREAMS = {"tokens": [tokens]}
"""Batches of the ways in which streams treat an op; as arrays they are nothing new."""


def network():
    """A CNN with a residual, a grouped convolution, thresholds of each channel, a global pooling and a dense layer."""
    rng = np.random.default_rng(5)
    image = Input((12, 10, 4), Fixed.parse("u4.2"), name="image")
    padded = Pad(image, ((1, 1), (1, 1), (0, 0)))
    conv = Conv(padded, random_const((3, 3, 4, 8), 4, 2, 1), name="conv")
    steps = np.sort(rng.integers(-40, 40, (8, 7)), axis=-1) * 4.0 + np.arange(7)
    values = np.tile(np.arange(8) / 4, (8, 1))
    levels = Threshold(
        conv, Const(Codes(steps.astype(int)), conv.frac), Const.of(values), name="levels"
    )
    depthwise = Conv(levels, random_const((3, 3, 1, 8), 4, 2, 2), groups=8, name="depthwise")
    scaled = Mul(depthwise, random_const((8,), 6, 3, 3), name="scaled")
    small = Quantize(scaled, Fixed.parse("u4.1"), Rounding.FLOOR, Overflow.SATURATE, name="small")
    strided = Conv(small, random_const((2, 2, 8, 8), 4, 2, 4), (2, 2), name="strided")
    pooled = Pool(strided, strided.shape[:2], (1, 1), "sum", name="pooled")
    yield Matmul(Reshape(pooled, (8,)), random_const((8, 3), 4, 2, 5), name="dense")


def batch(name):
    """Every case of a batch."""
    return [op for cases in BATCHES[name] for op in cases()]
