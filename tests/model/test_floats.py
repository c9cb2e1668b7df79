"""Ops that float32 computes exactly, and the graph of a model that names the layers where it may not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.ir import (
    Add,
    Codes,
    Const,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Quantize,
    Scan,
    enter_layer,
    optimise,
    tap,
)
from qhls.model.floats import FLOAT32_EXACT, is_float32_exact
from qhls.model.graph import ModelGraph
from support.graphs.op_examples import random_codes


@pytest.mark.parametrize(("bits", "exact"), [(23, True), (24, True), (25, False)])
def test_float32_holds_sums_of_24_bits(bits, exact):
    x = Input((2,), Fixed(False, bits - 1, 40), name="x")
    y = Matmul(x, Const.of([[1.0], [1.0]]))
    assert y.magnitude == (1 << bits) - 2
    assert is_float32_exact(y) is exact


def test_float32_exact_is_what_float32_does():
    """At the limit every sum is exact in any order; one step beyond, there is one that is not."""
    limit = Matmul(Input((2,), Fixed(True, 24, 0)), Const.of([[1.0], [1.0]]))
    assert limit.magnitude == FLOAT32_EXACT
    assert is_float32_exact(limit)
    assert np.float32(-(1 << 23)) + np.float32(-(1 << 23)) == -FLOAT32_EXACT
    beyond = Add(Input((1,), Fixed(True, 25, 0)), Const.of(-1.0))
    assert beyond.magnitude == FLOAT32_EXACT + 1
    assert not is_float32_exact(beyond)
    assert int(np.float32(-(1 << 24)) + np.float32(-1)) != -FLOAT32_EXACT - 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("codes", "scale", "exact"),
    [
        ([1 << 200, 3], 200, False),
        ([1 << 200, 3 << 150], 180, True),
        ([1 << 200], 0, False),
        ([1, 1 << 140], 126, True),
        ([1 << 24], -102, True),
        ([1 << 24], -103, False),
        ([1], 127, False),
        ([(1 << 24) + 1], 3, False),
        ([(1 << 25) + 2, -(1 << 80)], 3, False),
        ([0], 500, True),
    ],
)
def test_constants_float32_holds(codes, scale, exact):
    """Numbers of 24 bits, wherever they lie among float32's ordinary ones."""
    assert is_float32_exact(Const(Codes(np.array(codes, object)), scale)) is exact


@settings(max_examples=100)
@given(
    kind=st.builds(Fixed, st.booleans(), st.integers(1, 27), st.integers(-4, 20)),
    to=st.builds(Fixed, st.booleans(), st.integers(1, 27), st.integers(-4, 20)),
    seed=st.integers(0, 999),
)
def test_quantize_that_claims_float32_is_exact_there(kind, to, seed):
    """As Keras computes it: x + (quantised - x), all three in float32."""
    x = Input((50,), kind, name="x")
    y = Quantize(x, to)
    if not is_float32_exact(y):
        return
    codes = random_codes(kind, (1, 50), np.random.default_rng(seed)).astype(np.int64)
    exact = tap(Graph((x,), (y,)), [codes], [y])[y] * 2.0**-to.frac
    value = np.ldexp(codes.astype(np.float32), -kind.frac)
    quantised = np.clip(np.rint(np.ldexp(value, to.frac)), to.lo, to.hi).astype(np.float32)
    quantised = np.ldexp(quantised, -to.frac)
    assert (value + (quantised - value) == exact).all()


def scan(factor):
    """The sum of rows, each plus the quantised product of the state and ``factor``."""
    rows = Input((3, 2), Fixed(True, 5, 3), name="rows")
    row, state = Input((2,), rows.type, name="row"), Input((2,), Fixed(True, 6, 3), name="state")
    scaled = Quantize(Mul(state, Const.of(factor)), state.type)
    start = Const.of(np.zeros(2), name="start")
    return Scan(rows, (start,), Graph((row, state), (Add(scaled, row), scaled), "step"))


def test_float32_is_as_exact_as_the_steps():
    assert is_float32_exact(scan(0.5))
    assert not is_float32_exact(scan(2.0**-24 + 1))


def model_graph(bits, **names):
    x = Input((2,), Fixed(True, bits, 3), name="x")
    with enter_layer("fc"):
        y = Max(Matmul(x, Const.of([[1.0], [1.0]])), Const.of(0.0))
    with enter_layer("act"):
        y = Quantize(y, Fixed(False, 4, 2))
    return ModelGraph((x,), (y,), **names)


def test_layers_in_which_float32_may_round():
    assert model_graph(8).inexact == ()
    assert model_graph(8, rounded=("act",)).inexact == ("act",)
    assert model_graph(25, rounded=("act",)).inexact == ("act", "fc")


def test_names_of_layers_survive_passes():
    graph = model_graph(8, host_softmax=("soft",), host_layers=("last",), reals=("fc",))
    passed = optimise(graph)
    assert passed is not graph
    assert (passed.reals, passed.notes) == (("fc",), graph.notes)
    assert str(passed).splitlines()[-2:] == [
        "note: left to the host, from the first real weights on: 'last'; design.finish computes them of the outputs",
        "note: the softmax of layer 'soft' is left to the host; the outputs are logits",
    ]
