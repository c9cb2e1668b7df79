"""The end of a classifier: a softmax in integers within its stated error, and argmax."""

import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.errors import VerifyError
from qhls.ir import Const, Fixed, Input, Max, decode, run
from qhls.model.graph import ModelGraph
from qhls.model.softmax import Softmax, _tabulate_reciprocals, compute_probabilities
from support.graphs.op_examples import random_codes

X = Input((2,), Fixed(True, 4, 0))
IMAGE = Input((2, 3), Fixed(True, 4, 0))
types = st.builds(Fixed, st.booleans(), st.integers(1, 20), st.integers(-3, 18))


def results(end, kind, shape, seed, samples=20):
    """Numbers of random logits, and what ``end`` makes of them."""
    logits = Input(shape, kind, name="x")
    graph = end.apply(ModelGraph((logits,), (logits,), host_softmax=("x",)))
    codes = random_codes(kind, (samples, *shape), np.random.default_rng(seed)).astype(np.int64)
    (made,) = run(graph, [codes])
    assert graph.host_softmax == ()
    return decode(codes, kind), decode(made, graph.outputs[0].type), graph.outputs[0]


@settings(deadline=None, max_examples=40)
@given(types, st.integers(1, 9), st.integers(1, 12), st.integers(0, 1 << 30))
def test_softmax_is_within_its_bound(kind, classes, bits, seed):
    end = Softmax("hardware", bits)
    logits, made, op = results(end, kind, (classes,), seed)
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    wanted = powers / powers.sum(-1, keepdims=True)
    assert op.type.frac == bits
    assert np.abs(made - wanted).max() <= end.bound_error(classes)
    assert not end.find_wrong(wanted, made).any()


def test_the_bound_is_not_idle():
    """Beyond it results are wrong, and one bit less has twice the error."""
    end = Softmax("hardware", 8)
    logits, made, _ = results(end, Fixed(True, 8, 4), (5,), 0)
    powers = np.exp(logits)
    wanted = powers / powers.sum(-1, keepdims=True)
    assert end.find_wrong(wanted, made + 2 * end.bound_error(5)).all()
    assert end.find_wrong(wanted.astype("float32"), made - 2 * end.bound_error(5)).all()
    assert Softmax("hardware", 7).bound_error(5) == 2 * end.bound_error(5)
    assert end.bound_error(5) < 2**-7


def test_rows_are_apart():
    _, made, _ = results(Softmax("hardware", 12), Fixed(True, 6, 2), (3, 4), 1)
    assert made.shape == (20, 3, 4)
    assert np.abs(made.sum(-1) - 1).max() < 0.01


@given(types, st.integers(1, 6), st.integers(0, 1 << 30))
def test_argmax_is_the_first_of_the_largest(kind, classes, seed):
    logits, made, _ = results(Softmax("argmax"), kind, (classes,), seed)
    assert (made[:, 0] == logits.argmax(-1)).all()
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    wanted = powers / powers.sum(-1, keepdims=True)
    assert not Softmax("argmax").find_wrong(wanted, made).any()
    if classes > 1:  # another place is wrong unless its probability is as large
        other = 1 - np.minimum(made, 1)
        less = np.take_along_axis(wanted, other.astype(int), -1) < wanted.max(-1, keepdims=True)
        assert (Softmax("argmax").find_wrong(wanted, other) == less).all()


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("mode", ["hardware", "argmax"])
def test_any_axes(mode, axes):
    if mode == "argmax" and len(axes) > 1:
        pytest.skip("refused")
    logits = Input((3, 4, 2), Fixed(True, 7, 3), name="x")
    graph = ModelGraph((logits,), (logits,), host_softmax=("x",), softmax_axes=(axes,))
    end = Softmax(mode)
    ended = end.apply(graph)
    codes = random_codes(logits.type, (20, 3, 4, 2), np.random.default_rng(1)).astype(np.int64)
    (made,) = run(ended, [codes])
    over = tuple(axis + 1 for axis in axes)
    powers = np.exp(decode(codes, logits.type))
    wanted = powers / powers.sum(over, keepdims=True)
    made = decode(made, ended.outputs[0].type)
    assert not end.find_wrong(wanted, made, axes).any()
    if mode == "argmax":
        assert (made == wanted.argmax(over[0], keepdims=True)).all()
        other = ((axes[0] + 1) % 3,)
        assert (
            end.find_wrong(wanted, wanted.argmax(other[0] + 1, keepdims=True), other).mean() > 0.9
        )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Softmax("soft"),
            r"softmax: expected one of host, hardware, argmax, got 'soft'\. .*$",
        ),
        (lambda: Softmax("hardware", 0), r"softmax bits: expected 1 to 16, got 0\. .*$"),
        (
            lambda: Softmax("argmax").apply(ModelGraph((X,), (X,))),
            r"softmax='argmax': expected a softmax at the end of each of 1 outputs, got 0\. End the model",
        ),
        (
            lambda: Softmax("argmax").apply(
                ModelGraph((IMAGE,), (IMAGE,), host_softmax=("s",), softmax_axes=((0, 1),))
            ),
            r"softmax='argmax': expected a softmax over one axis, got one over 2 in layer 's'\. Use softmax=",
        ),
    ],
)
def test_what_is_no_softmax(build, message):
    with pytest.raises(VerifyError, match=f"^{message}"):
        build()


@pytest.mark.parametrize(
    ("notation", "bits"), [("u9.5", 7), ("u12.6", 3), ("u7.0", 9), ("u3.3", 4)]
)
def test_reciprocals_are_those_of_every_code(notation, bits):
    dtype = Fixed.parse(notation)
    x = Input((1,), dtype, name="x")
    total = Max(x, Const.of(1.0))
    graph = ModelGraph((x,), (_tabulate_reciprocals(total, bits),))
    codes = np.arange(dtype.hi + 1)
    (received,) = run(graph, [codes[:, None]])
    numbers = [Fraction(max(int(code), 1 << dtype.frac), 1 << dtype.frac) for code in codes]
    expected = [math.floor((1 << bits) / number + Fraction(1, 2)) for number in numbers]
    assert received[:, 0].tolist() == expected


def test_a_softmax_of_many_classes_takes_little_memory():
    """The sum of 1,000 exponentials has 10**9 codes, its reciprocal 2**20 levels."""
    x = Input((1000,), Fixed.parse("s12.6"), name="x")
    tracemalloc.start()
    op = compute_probabilities(x, 16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert op.shape == (1000,)
    assert peak < 1 << 30
