"""How weights are encoded, and the events that products by them cause: by hand, and as properties."""

from collections import Counter
from itertools import product
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from qhls.ir import (
    Add,
    Codes,
    Const,
    Conv,
    Fixed,
    Input,
    Matmul,
    Max,
    Pool,
    Reshape,
    Shift,
    Threshold,
)
from qhls.plan.hardware import events as hardware_events
from qhls.plan.hardware.counting import count_afresh, count_events
from qhls.plan.hardware.encoding import (
    Encoding,
    WeightEncoding,
    count_each,
    count_signed_digits,
    count_trailing_zeros,
    find_encoding,
    is_two_valued,
    measure_spans,
)
from qhls.plan.hardware.events import NOTHING, Events, replace_stored


def test_signed_digits_by_hand():
    codes = [0, 1, -1, 2, 3, 7, -7, 11, 27, 45, 85, 127, -128]
    digits = [0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 2, 1]
    assert count_signed_digits(np.array(codes)).tolist() == digits
    assert count_signed_digits(np.array([[1 << 80, (1 << 80) - 1]], object)).tolist() == [[1, 2]]


def test_signed_digits_are_the_fewest():
    """Against every choice of four digits -1, 0, 1 and their carry, a brute force."""
    fewest: dict[int, int] = {}
    for digits in product((-1, 0, 1), repeat=6):
        value, used = sum(d << i for i, d in enumerate(digits)), sum(map(abs, digits))
        fewest[value] = min(used, fewest.get(value, used))
    values = range(-31, 32)
    assert count_signed_digits(np.array(values)).tolist() == [fewest[v] for v in values]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([[1, -1], [-1, 1]], WeightEncoding(Encoding.BINARY, 1)),
        ([[4, 4], [4, 4]], WeightEncoding(Encoding.BINARY, 0)),
        ([[1, 0], [-1, 1]], WeightEncoding(Encoding.TERNARY, 2)),
        ([[-2, 0], [-2, -2]], WeightEncoding(Encoding.TERNARY, 1)),
        # a power of two an output is taken after the sum: 1 and 8, four exponents
        ([[1, 8], [-1, 0]], WeightEncoding(Encoding.TERNARY, 2, 2)),
        ([[1, 4], [-2, 0]], WeightEncoding(Encoding.PO2, 3, 2)),
        ([[1, 1], [128, 0]], WeightEncoding(Encoding.PO2, 4)),
        ([[3, 3], [-3, 3]], WeightEncoding(Encoding.FIXED)),
        ([[1, 0], [5, 1]], WeightEncoding(Encoding.FIXED)),
        ([[0, 0], [0, 0]], WeightEncoding(Encoding.BINARY, 0)),
    ],
)
def test_encodings_by_hand(codes, expected):
    assert find_encoding(np.array(codes)) == expected


def events(weights, bits=8):
    x = Input((len(weights),), Fixed(True, bits, 0), name="x")
    return count_events(Matmul(x, Const.of(np.array(weights, float))))


def kinds(counted: Events):
    return {str(event): count for event, count in counted.items()}


@pytest.mark.parametrize(
    ("weights", "wired", "from_memory"),
    [
        # -1 is a subtraction: -255 .. 255
        (
            [[1], [-1]],
            {"scale(8, 1)": 2, "add(9)": 1, "nothing()": 1},
            {"mux(8, 1)": 2, "add(9)": 2},
        ),
        (
            [[1], [-1], [0]],
            {"scale(8, 1)": 2, "scale(8, 0)": 1, "add(9)": 1, "nothing()": 2},
            {"mux(8, 2)": 3, "add(9)": 3},
        ),
        (
            [[1], [-8]],
            {"scale(8, 1)": 2, "add(12)": 1, "nothing()": 1},
            {"shift(8, 3)": 2, "add(12)": 2},
        ),
        (
            [[5], [7]],
            {"scale(8, 2)": 2, "add(12)": 1, "nothing()": 1},
            {"multiply(8, 3)": 2, "add(12)": 2},
        ),
        # an output whose weights are all negative is negated once more
        ([[-1], [-1]], {"scale(8, 1)": 2, "add(10)": 2}, {"add(10)": 2}),
        # the exponents of the outputs differ: in a memory, each sum is shifted
        (
            [[1, 4], [-1, 4]],
            {"scale(8, 1)": 4, "add(11)": 2, "nothing()": 4},
            {"mux(8, 1)": 4, "add(11)": 4, "shift(11, 2)": 2},
        ),
    ],
)
def test_events_by_hand(weights, wired, from_memory):
    counted = events(weights)
    merged: dict[str, int] = {}
    for event, count in counted.items():
        merged[str(event)] = merged.get(str(event), 0) + count
    assert merged == wired
    assert kinds(replace_stored(counted)) == from_memory


def binary(x, values=(-1.0, 1.0)):
    return Threshold(x, Const.of([0.0]), Const.of(list(values)))


X = Input((4, 4, 1), Fixed(True, 5, 0), name="x")


def test_binary_inputs_and_weights_are_xnor():
    x = Reshape(Shift(binary(X), 2), (16,))
    weights = np.where(np.arange(32).reshape(16, 2) % 3, 1.0, -1.0)
    counted = count_events(Matmul(x, Const.of(weights)))
    assert kinds(replace_stored(counted)) == {"xnor(1)": 32, "add(6)": 32}
    assert kinds(replace_stored(count_events(Matmul(x, Const.of(weights * 3))))) == {
        "multiply(3, 1)": 32,
        "add(7)": 32,
    }
    assert (
        kinds(replace_stored(count_events(Matmul(x, Const.of(weights * (weights > 0))))))[
            "mux(1, 1)"
        ]
        == 32
    )


def test_what_has_two_values():
    assert is_two_valued(binary(X))
    assert is_two_valued(Reshape(binary(X, (2.0, -2.0)), (16,)))
    assert not is_two_valued(X)
    assert not is_two_valued(binary(X, (0.0, 1.0)))
    assert not is_two_valued(Max(binary(X), Const.of(0.0)))
    assert not is_two_valued(Add(binary(X), binary(X)))
    assert not is_two_valued(Pool(binary(X), (2, 2), (2, 2), "sum"))


@pytest.mark.parametrize(
    ("values", "expected"), [([[-1, 1], [1, -1]], True), ([[-1, 1], [-2, 2]], False)]
)
def test_functions_a_channel_may_have_two_values(values, expected):
    pairs = Input((2,), Fixed(True, 5, 0), name="x")
    table = Const.of(np.array(values, float))
    assert is_two_valued(Threshold(pairs, Const.of([[0.0], [0.0]]), table)) == expected


def test_a_convolution_counts_every_position():
    weights = np.array([3.0, 0, 1, -2]).reshape(2, 2, 1, 1)
    counted = count_events(Conv(X, Const.of(weights)))
    merged = Events()
    for event, count in counted.items():
        merged[str(event)] += count
    assert merged == {
        "scale(5, 2)": 9,
        "scale(5, 1)": 18,
        "scale(5, 0)": 9,
        "add(8)": 18,
        "nothing()": 18,
    }


matrices = arrays(
    np.int64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(-40, 40)
)


@settings(max_examples=200, deadline=None)
@given(matrices, st.integers(1, 9))
def test_every_weight_has_a_product_and_an_addition(codes, bits):
    counted = events(codes.tolist(), bits)
    products = sum(n for event, n in counted.items() if event.kind == "scale")
    assert products == codes.size
    additions = sum(n for event, n in replace_stored(counted).items() if event.kind == "add")
    assert additions == codes.size
    wired = sum(n for event, n in counted.items() if event.kind == "add")
    assert wired <= np.count_nonzero(codes)


@settings(max_examples=200, deadline=None)
@given(matrices, st.data())
def test_a_pruned_weight_is_nothing(codes, data):
    """Setting a weight to 0 removes its product, unless another output takes the same, and no addition comes."""
    row, column = (data.draw(st.integers(0, n - 1)) for n in codes.shape)
    pruned = codes.copy()
    pruned[row, column] = 0

    def additions(matrix):
        counted = events(matrix.tolist())
        sums = sum(n for event, n in counted.items() if event.kind == "add")
        return sum(max(e.bits[1] - 1, 0) * n for e, n in counted.items() if e.kind == "scale"), sums

    (before, sums), (after, fewer) = additions(codes), additions(pruned)
    alone = (abs(codes[row]) == abs(codes[row, column])).sum() == 1
    own = max(int(count_signed_digits(codes[row, column])) - 1, 0)
    assert before - after == (own if alone else 0)
    assert fewer <= sums


def test_a_product_that_two_outputs_take_is_made_once():
    assert kinds(events([[3, -3, 5, 0]]))["scale(8, 2)"] == 2  # by 3 and by 5
    assert kinds(events([[3, 0], [0, 3]]))["scale(8, 2)"] == 2  # of two inputs


@settings(max_examples=300, deadline=None)
@given(st.integers(-(1 << 40), 1 << 40))
def test_rounding_a_weight_adds_no_digit(code):
    """So fewer bits never cost more: halving, rounded to the nearest, has at most as many digits."""
    for half in {code // 2, -(-code // 2)}:
        assert count_signed_digits(np.array([half])) <= count_signed_digits(np.array([code]))


def test_nothing_is_nothing():
    assert replace_stored(Events({NOTHING: 3})) == {}
    assert replace_stored(Events({hardware_events.scale(4, 0, NOTHING): 3})) == {}


NUMBERS = st.one_of(
    st.integers(-300, 300), st.integers(-(2**31), 2**31), st.integers(-(2**62), 2**62)
)


@given(st.lists(st.one_of(NUMBERS, st.integers(-(2**90), 2**90)), min_size=1, max_size=6))
def test_bits_are_counted_as_python_does(numbers):
    codes = Codes(np.array(numbers, object)).to_integers()
    digits = [(abs(n) ^ 3 * abs(n)).bit_count() for n in numbers]
    assert count_signed_digits(codes).tolist() == digits
    zeros = [(n & -n).bit_length() - 1 if n else 0 for n in numbers]
    assert count_trailing_zeros(codes).tolist() == zeros
    lengths = [n.bit_length() - low if n else 0 for n, low in zip(numbers, zeros, strict=True)]
    assert measure_spans(codes).tolist() == lengths


@given(st.lists(st.integers(0, 12), min_size=1, max_size=9))
def test_a_histogram_counts_all(numbers):
    assert dict(count_each(np.array(numbers))) == dict(Counter(numbers))


def test_a_million_weights_are_counted_in_no_time():
    weights = np.random.default_rng(0).integers(-(2**15), 2**15, (1024, 1024))
    x = Input((1024,), Fixed(True, 8, 0), name="x")
    product_of = Matmul(x, Const(Codes(weights), 15, name="w"), name="y")
    start = process_time()
    count_afresh(product_of)
    assert process_time() - start < 0.5  # 0.05 s where it was measured
