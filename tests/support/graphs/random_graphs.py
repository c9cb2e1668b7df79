"""Random graphs and data for them: what passes, the interpreter and rewriting are tried on."""

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

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
    Shift,
    Sub,
    Threshold,
    View,
    enter_layer,
)
from support.graphs.op_examples import random_codes

SHAPES = [(2, 2), (2, 2), (3,), (4, 3, 2)]
fixed_types = st.builds(Fixed, st.booleans(), st.integers(1, 7), st.integers(-2, 6))
seeds = st.integers(0, 1 << 32)


def zero(draw):
    return Const.of(draw(st.sampled_from([0.0, np.zeros(1), 1.0])), name="zero")


def weights(draw, *shape):
    random = np.random.default_rng(draw(seeds))
    return Const.of(random.integers(-4, 5, shape) / 2, name="w")


def image(op):
    return op if len(op.shape) == 3 else Reshape(op, (op.size, 1, 1))


def quantize(draw, x):
    return Quantize(
        x, draw(fixed_types), draw(st.sampled_from(Rounding)), draw(st.sampled_from(Overflow))
    )


def multiply(draw, x, y):
    """The product of ``x`` with itself, with ``y`` or with constants, whichever stays narrow."""
    factor = draw(st.sampled_from([x, y if y.shape == x.shape else x]))
    wide = x.type.width + factor.type.width > 24
    return Mul(x, weights(draw, x.shape[-1]) if wide else factor)


def steps(draw, x):
    """A step function of up to six steps, one for all channels or one per channel."""
    random = np.random.default_rng(draw(seeds))
    count = min(draw(st.integers(1, 6)), x.type.hi - x.type.lo)
    rows = draw(st.sampled_from([(), (x.shape[-1],)]))
    codes = [
        np.sort(
            random.choice(
                np.arange(x.type.lo + 1, x.type.lo + 1 + min(x.type.hi - x.type.lo, 4096)),
                count,
                False,
            )
        )
        for _ in range(rows[0] if rows else 1)
    ]
    values = random.integers(-8, 8, (*rows, count + 1))
    limits = np.array(codes).reshape(*rows, count)
    return Threshold(
        x, Const(Codes(limits), x.type.frac, name="t"), Const(Codes(values), 1, name="v")
    )


def permute(draw, x):
    """``x`` with its axes in another order, and one of them reversed."""
    axes = draw(st.permutations(range(len(x.shape))))
    strides = [int(np.prod(x.shape[axis + 1 :])) for axis in range(len(x.shape))]
    dims, moves = [x.shape[a] for a in axes], [strides[a] for a in axes]
    turned = draw(st.sampled_from(axes))
    offset = moves[turned] * (dims[turned] - 1)
    moves[turned] *= -1
    return View(x, tuple(dims), tuple(moves), offset)


def window(draw, x):
    """A window and its steps that fit in the image ``x``."""
    size = tuple(draw(st.integers(1, min(3, side))) for side in x.shape[:2])
    return size, tuple(draw(st.integers(1, 2)) for _ in size)


def convolve(draw, x):
    size, strides = window(draw, x)
    channels = x.shape[2]
    groups = draw(st.sampled_from([1, channels]))
    filters = draw(st.sampled_from([channels, 2 * channels])) if channels <= 4 else channels
    return Conv(x, weights(draw, *size, channels // groups, filters), strides, groups=groups)


STEPS = {
    "relu": lambda draw, x, y: Max(x, zero(draw)),
    "relu_mirrored": lambda draw, x, y: Max(zero(draw), x),
    "relu_quantize": lambda draw, x, y: quantize(draw, Max(x, zero(draw))),
    "quantize": lambda draw, x, y: quantize(draw, x),
    "add": lambda draw, x, y: Add(x, y if y.shape == x.shape else x),
    "concat": lambda draw, x, y: Concat((x, y) if y.shape == x.shape else (x,), axis=0),
    "concat_one": lambda draw, x, y: Concat((x,)),
    "shift": lambda draw, x, y: Shift(x, draw(st.integers(-1, 1))),
    "flatten": lambda draw, x, y: Reshape(x, (x.size,)),
    "reshape": lambda draw, x, y: Reshape(x, x.shape),
    "pad": lambda draw, x, y: Pad(x, ((draw(st.integers(0, 1)), 0),) * len(x.shape)),
    "matmul": lambda draw, x, y: Matmul(x, weights(draw, x.shape[-1], 2)),
    "conv": lambda draw, x, y: convolve(draw, image(x)),
    "pool": lambda draw, x, y: Pool(
        image(x), *window(draw, image(x)), draw(st.sampled_from(["max", "sum"]))
    ),
    "sub": lambda draw, x, y: Sub(x, y if y.shape == x.shape else zero(draw)),
    "min": lambda draw, x, y: Min(x, zero(draw)),
    "mul": multiply,
    "steps": lambda draw, x, y: steps(draw, x),
    "permute": lambda draw, x, y: permute(draw, x),
    "largest": lambda draw, x, y: ArgMax(x),
}


@st.composite
def graphs(draw):
    """One or two inputs, up to eight random steps, one to three outputs of any kind."""
    inputs = tuple(
        Input(draw(st.sampled_from(SHAPES)), draw(fixed_types), name=f"x{number}")
        for number in range(draw(st.integers(1, 2)))
    )
    made = list(inputs)
    for number in range(draw(st.integers(1, 8))):
        x = made[draw(st.integers(max(0, len(made) - 2), len(made) - 1))]
        y = draw(st.sampled_from(made))
        step = STEPS[draw(st.sampled_from(sorted(STEPS)))]
        if x.size > 100:
            continue
        with enter_layer(f"layer{number}"):
            made.append(step(draw, x, y))
    outputs = draw(st.lists(st.sampled_from(made), min_size=0, max_size=2))
    return Graph(inputs, (made[-1], *outputs))


def random_inputs(graph, seed, samples=3):
    """Codes for every input, as int64."""
    random = np.random.default_rng(seed)
    return [
        random_codes(x.type, (samples, *x.shape), random).astype(np.int64) for x in graph.inputs
    ]


def draw(strategy, count, seed):
    """``count`` values that hypothesis makes of ``seed``."""
    drawn = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value):
        drawn.append(value)

    collect()
    return drawn
