"""The interpreter's boundary: data it refuses, batches, no samples, floats to codes and back."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Overflow,
    Quantize,
    Rounding,
    decode,
    encode,
    interpret,
    run,
    tap,
)
from support.graphs.op_examples import quantize_number
from support.graphs.random_graphs import graphs, random_inputs, seeds

X = Input((2, 3), Fixed(True, 4, 1), name="x")
Y = Input((3,), Fixed(False, 2, 0), name="y")
GRAPH = Graph((X, Y), (Add(X, Const.of([1.0, 2.0, 3.0]), name="sum"), Y), name="pair")
GOOD = [np.zeros((5, 2, 3), int), np.zeros((5, 3), int)]


def test_outputs_in_order():
    total, y = run(GRAPH, [np.ones((1, 2, 3), int), [[0, 1, 3]]])
    assert total.tolist() == [[[3, 5, 7], [3, 5, 7]]]
    assert y.tolist() == [[0, 1, 3]]
    assert total.dtype == y.dtype == np.int64


def test_an_output_given_twice():
    graph = Graph((Y,), (Y, Y))
    assert [found.tolist() for found in run(graph, [[[1, 2, 3]]])] == [[[1, 2, 3]]] * 2


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, object, ">i4"])
def test_any_integers_will_do(dtype):
    codes = np.array([[0, 1, 3]]).astype(dtype)
    assert run(Graph((Y,), (Y,)), [codes])[0].tolist() == [[0, 1, 3]]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (GOOD[:1], r"graph 'pair': expected 2 inputs \(x, y\), got 1\. Pass one array per input\."),
        (
            [*GOOD, GOOD[1]],
            r"graph 'pair': expected 2 inputs \(x, y\), got 3\. Pass one array per input\.",
        ),
        (
            [np.zeros((5, 3, 2), int), GOOD[1]],
            r"input 'x': expected shape \(samples, 2, 3\), got \(5, 3, 2\)\. Reshape it\.",
        ),
        (
            [np.zeros((2, 3), int), GOOD[1]],
            r"input 'x': expected shape \(samples, 2, 3\), got \(2, 3\)\. Reshape it\.",
        ),
        ([0, GOOD[1]], r"input 'x': expected shape \(samples, 2, 3\), got \(\)\. Reshape it\."),
        (
            [GOOD[0].astype(float), GOOD[1]],
            r"input 'x': expected integer codes of s4\.1, got float64\. Quantise first\.",
        ),
        (
            [GOOD[0].astype(bool), GOOD[1]],
            r"input 'x': expected integer codes of s4\.1, got bool\. Quantise first\.",
        ),
        (
            [np.full((5, 2, 3), 0.5, object), GOOD[1]],
            r"input 'x': expected integer codes of s4\.1, got float\. Quantise first\.",
        ),
        (
            [GOOD[0] + 8, GOOD[1]],
            r"input 'x': expected codes of s4\.1 in \[-8, 7\], got \[8, 8\]\. Quantise first\.",
        ),
        (
            [GOOD[0] - 9, GOOD[1]],
            r"input 'x': expected codes of s4\.1 in \[-8, 7\], got \[-9, -9\]\. Quantise first\.",
        ),
        (
            [GOOD[0], GOOD[1] - 1],
            r"input 'y': expected codes of u2\.0 in \[0, 3\], got \[-1, -1\]\. Quantise first\.",
        ),
        (
            [GOOD[0], GOOD[1][:4]],
            r"graph 'pair': expected equally many samples of every input, got x: 5, y: 4\. Match them\.",
        ),
    ],
)
def test_data_that_is_refused(codes, message):
    with pytest.raises(VerifyError, match=rf"^{message}$"):
        run(GRAPH, codes)


def test_a_scalar_input():
    x = Input((), Fixed(True, 8, 0), name="x")
    assert run(Graph((x,), (Add(x, x),)), [[1, 2, -3]])[0].tolist() == [2, 4, -6]
    with pytest.raises(
        VerifyError, match=r"^input 'x': expected shape \(samples\), got \(1, 1\)\. Reshape it\.$"
    ):
        run(Graph((x,), (x,)), [[[1]]])


@settings(max_examples=60)
@given(graphs(), seeds, st.integers(1, 9), st.integers(1, 60))
def test_batches_change_nothing(graph, seed, samples, elements):
    codes = random_inputs(graph, seed, samples)
    whole = tap(graph, codes, graph.ops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interpret, "CACHE_ELEMENTS", elements)
        cut = tap(graph, codes, graph.ops)
    one_by_one = [run(graph, [array[i : i + 1] for array in codes]) for i in range(samples)]
    for op in graph.ops:
        assert whole[op].tolist() == cut[op].tolist()
    for number, op in enumerate(graph.outputs):
        assert whole[op].tolist() == np.concatenate([r[number] for r in one_by_one]).tolist()


@settings(max_examples=60)
@given(graphs(), seeds)
def test_tapping_everything_changes_no_output(graph, seed):
    codes = random_inputs(graph, seed)
    tapped = tap(graph, codes, graph.ops)
    for op, found in zip(graph.outputs, run(graph, codes), strict=True):
        assert found.tolist() == tapped[op].tolist()
        assert found.shape == (3, *op.shape)
        assert found.min() >= op.type.lo
        assert found.max() <= op.type.hi


@settings(max_examples=60)
@given(graphs())
def test_no_samples_give_empty_outputs_of_the_right_shape(graph):
    for op, found in zip(graph.outputs, run(graph, random_inputs(graph, 0, 0)), strict=True):
        assert found.shape == (0, *op.shape)
        assert found.dtype == np.int64


def test_no_samples_through_a_convolution():
    x = Input((4, 4, 1), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Conv(x, Const.of(np.ones((2, 2, 1, 3)))),))
    assert run(graph, [np.zeros((0, 4, 4, 1), int)])[0].shape == (0, 3, 3, 3)


def test_a_fast_carrier_loses_nothing():
    """Sums just at and beyond 2**24 and 2**53, where float32 and float64 would begin to round."""
    for bits in (23, 24, 25, 52, 53, 54, 62, 63, 64):
        x = Input((2,), Fixed(False, bits, 0), name="x")
        graph = Graph((x,), (Matmul(x, Const.of([[1.0], [1.0]])),))
        top = (1 << bits) - 1
        codes = np.array([[top, top], [top, 0], [top, 1], [top - 1, top]], object)
        expected = [[2 * top], [top], [top + 1], [2 * top - 1]]
        assert run(graph, [codes])[0].tolist() == expected


# Floats to codes and back


@settings(max_examples=300)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.builds(Fixed, st.booleans(), st.integers(1, 53), st.integers(-30, 60)),
)
def test_encode_is_the_nearest_number(value, to):
    expected = quantize_number(Fraction(value), to, Rounding.HALF_EVEN, Overflow.SATURATE)
    code = encode(value, to)
    assert code.dtype == np.int64
    assert Fraction(int(code)) / Fraction(2) ** to.frac == expected


def test_encode_by_hand():
    to = Fixed(True, 4, 1)
    values = [0.25, 0.75, -0.25, 3.5, 9.0, -9.0, np.inf, -np.inf]
    assert encode(values, to).tolist() == [0, 2, 0, 7, 7, -8, 7, -8]


def test_encode_no_number():
    with pytest.raises(
        VerifyError, match=r"^encode to s4\.1: expected numbers, got NaN\. Replace it\.$"
    ):
        encode([0.0, np.nan], Fixed(True, 4, 1))


def test_encode_to_more_than_a_float_holds():
    match = r"^encode to s54\.1: expected at most 53 bits for float values, got s54\.1\. Give integer codes instead\.$"
    with pytest.raises(VerifyError, match=match):
        encode([0.0], Fixed(True, 54, 1))


@given(st.builds(Fixed, st.booleans(), st.integers(1, 53), st.integers(-30, 60)), st.data())
def test_decode_is_exact_and_encode_its_inverse(kind, data):
    codes = np.array(data.draw(st.lists(st.integers(kind.lo, kind.hi), min_size=1)))
    numbers = decode(codes, kind)
    assert numbers.dtype == np.float64
    exact = [Fraction(int(code)) / Fraction(2) ** kind.frac for code in codes]
    assert [Fraction(n) for n in numbers.tolist()] == exact
    assert encode(numbers, kind).tolist() == codes.tolist()


def test_decode_beyond_53_bits_rounds_once():
    codes = np.array([(1 << 60) + 1, (1 << 80) + (1 << 27) + 1], object)
    assert decode(codes, Fixed(True, 90, 10)).tolist() == [2.0**50, 2.0**70 + 2.0**18]


def test_a_run_on_encoded_floats():
    x = Input((1,), Fixed(True, 8, 4), name="x")
    y = Quantize(Add(x, Const.of(0.0625)), Fixed(True, 6, 2))
    codes = encode([[0.3], [-1.0]], x.type)
    assert codes.tolist() == [[5], [-16]]  # 0.3125, -1
    found = decode(run(Graph((x,), (y,)), [codes])[0], y.type)
    assert found.tolist() == [[0.5], [-1.0]]  # 0.375 is a tie between 1/4 and 2/4: even is 2
