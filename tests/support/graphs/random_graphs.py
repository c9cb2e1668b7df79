"""Random graphs and data for them: what passes, the interpreter and rewriting are tried on."""

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qhls.ir import (
    Add,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Shift,
    enter_layer,
)
from support.graphs.op_examples import random_codes

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
    "conv": lambda draw, x, y: Conv(image(x), weights(draw, 1, 1, image(x).shape[2], 2)),
    "pool": lambda draw, x, y: Pool(
        image(x), (1, 1), (1, 1), draw(st.sampled_from(["max", "sum"]))
    ),
}


@st.composite
def graphs(draw):
    """One or two inputs, up to eight random steps, one to three outputs of any kind."""
    inputs = tuple(
        Input((2, 2), draw(fixed_types), name=f"x{number}")
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
