"""``Codes`` against Python's own integers, across every carrier and at the bounds where it changes."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qhls.ir import Codes, Fixed, Rounding
from qhls.ir.integers import choose_carrier, find_dyadic

EDGES = sorted(
    {0, 1, 2, 100, 1 << 70}
    | {(1 << bits) + delta for bits in (12, 24, 26, 53, 63, 64) for delta in (-1, 0, 1)}
)
"""Bounds: 2**24, 2**53 and 2**63 are where float32, float64 and int64 stop to hold every integer."""


@st.composite
def arrays(draw, shape=None):
    """Codes of a bound from ``EDGES`` and the same numbers as Python ints; extremes are frequent."""
    bound = draw(st.sampled_from(EDGES))
    shape = draw(st.sampled_from([(), (3,), (2, 3), (0, 3)])) if shape is None else shape
    elements = st.one_of(
        st.sampled_from([-bound, bound, 0, -min(1, bound)]), st.integers(-bound, bound)
    )
    values = [draw(elements) for _ in range(int(np.prod(shape)))]
    array = np.empty(len(values), object)
    array[:] = values
    array = array.reshape(shape)
    return Codes(array, draw(st.sampled_from([bound, None]))), array


@st.composite
def pairs(draw):
    shape = draw(st.sampled_from([(), (3,), (2, 3), (0, 3)]))
    return draw(arrays(shape)), draw(arrays(shape))


def python_ints(codes):
    return np.vectorize(int, otypes=[object])(codes.to_integers())


def check(codes, expected):
    """The numbers are those expected, within the bound, in the carrier that the bound asks for."""
    expected = np.asarray(expected, object)
    assert codes.shape == expected.shape
    assert codes.array.dtype == choose_carrier(codes.bound)
    assert python_ints(codes).tolist() == expected.tolist()
    assert all(abs(value) <= codes.bound for value in expected.ravel())


each = settings(max_examples=150)


@pytest.mark.parametrize(
    ("bound", "dtype"),
    [
        (0, np.float32),
        (1 << 24, np.float32),
        ((1 << 24) + 1, np.float64),
        (1 << 53, np.float64),
        ((1 << 53) + 1, np.int64),
        ((1 << 63) - 1, np.int64),
        (1 << 63, object),
    ],
)
def test_carrier(bound, dtype):
    assert choose_carrier(bound) == np.dtype(dtype)
    for value in (bound, -bound):
        check(Codes(np.array([value], object)), [value])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.float32])
def test_from_any_dtype(dtype):
    values = np.array([0, 1, 7, 100], dtype)
    check(Codes(values), [0, 1, 7, 100])


def test_from_the_extremes_of_numpy_integers():
    check(Codes(np.array([-(1 << 63)], np.int64)), [-(1 << 63)])
    check(Codes(np.array([(1 << 64) - 1], np.uint64)), [(1 << 64) - 1])


def test_empty_has_bound_zero():
    assert Codes(np.zeros((0, 3), np.int64)).bound == 0


@each
@given(arrays())
def test_exact_measures_the_bound(given_):
    codes, numbers = given_
    exact = codes.tighten()
    check(exact, numbers)
    assert exact.bound == max((abs(n) for n in numbers.ravel()), default=0)
    check(codes.with_bound(1 << 80), numbers)
    check(exact.with_bound(exact.bound), numbers)


@each
@given(pairs())
def test_elementwise(operands):
    (a, x), (b, y) = operands
    check(a + b, x + y)
    check(a - b, x - y)
    check(a * b, x * y)
    check(a.maximum(b), np.maximum(x, y))
    check(a.minimum(b), np.minimum(x, y))
    check(-a, -x)
    check(abs(a), abs(x))


@each
@given(arrays((4, 3)), arrays((3, 2)))
def test_matmul(left, right):
    (a, x), (b, y) = left, right
    expected = [[sum(x[i, k] * y[k, j] for k in range(3)) for j in range(2)] for i in range(4)]
    check(a @ b, np.array(expected, object))
    assert b.column_sum == max(sum(abs(v) for v in column) for column in y.T)


def test_matmul_over_nothing():
    check(Codes(np.zeros((2, 0))) @ Codes(np.zeros((0, 3))), np.zeros((2, 3), int))


@each
@given(arrays((2, 3)), st.integers(0, 1))
def test_reductions(given_, axis):
    codes, numbers = given_
    check(codes.sum(axis), numbers.sum(axis))


@each
@given(arrays(), st.integers(0, 140))
@example((Codes(np.zeros(2)), np.array([0, 0], object)), 130)
@example((Codes(np.zeros(2)), np.array([0, 0], object)), 2000)
def test_shift_left(given_, bits):
    codes, numbers = given_
    check(codes << bits, numbers * (1 << bits))


def round_exactly(value, rounding):
    """``value``, a Fraction, to an integer: the oracle of ``round_shift``."""
    if rounding is Rounding.FLOOR:
        return floor(value)
    if rounding is Rounding.HALF_UP:
        return floor(value + Fraction(1, 2))
    return round(value)  # Python rounds Fractions half to even


@settings(max_examples=400)
@given(arrays(), st.integers(-20, 140), st.sampled_from(Rounding))
@example((Codes(np.array([-(1 << 60)])), np.array([-(1 << 60)], object)), 64, Rounding.HALF_EVEN)
@example((Codes(np.array([-(1 << 60)])), np.array([-(1 << 60)], object)), 63, Rounding.HALF_EVEN)
def test_round_shift(given_, bits, rounding):
    codes, numbers = given_
    exact = [round_exactly(Fraction(n) / Fraction(2) ** bits, rounding) for n in numbers.ravel()]
    expected = np.empty(len(exact), object)
    expected[:] = exact
    check(codes.round_shift(bits, rounding), expected.reshape(numbers.shape))


@pytest.mark.parametrize("bits", [1, 3])
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("bound", [1 << 20, 1 << 40, 1 << 60, 1 << 80])
def test_round_shift_of_every_small_number_in_every_carrier(bound, rounding, bits):
    numbers = np.arange(-40, 41)
    expected = [round_exactly(Fraction(int(n), 1 << bits), rounding) for n in numbers]
    check(Codes(numbers, bound).round_shift(bits, rounding), expected)


@each
@given(arrays(), st.sampled_from(EDGES), st.sampled_from(EDGES), st.booleans())
def test_clip(given_, a, b, signed):
    codes, numbers = given_
    lo, hi = (-a if signed else 0), b
    check(codes.clip(lo, hi), np.clip(numbers, lo, hi))


@each
@given(arrays(), st.booleans(), st.integers(1, 80))
def test_wrap(given_, signed, width):
    codes, numbers = given_
    kind = Fixed(signed, width, 0)
    expected = numbers & ((1 << width) - 1)
    if signed:
        expected = expected - ((expected >> (width - 1)) << width)
    check(codes.wrap(kind), expected)


@each
@given(arrays((2, 3)), arrays((2, 3)))
def test_moving(left, right):
    (a, x), (b, y) = left, right
    check(a.map(lambda array: array.T), x.T)
    check(Codes.join([a, b], lambda arrays: np.concatenate(arrays, 1)), np.concatenate([x, y], 1))


floats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(-8, 8, width=16),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]),
    st.integers(-(1 << 53), 1 << 53).map(float),
)


def check_dyadic(values):
    codes, frac = find_dyadic(values)
    assert isinstance(frac, int)
    assert codes.shape == np.shape(values)
    flat = codes.ravel().tolist()
    scale = Fraction(2) ** frac
    assert all(isinstance(code, int) for code in flat)
    assert [Fraction(code) / scale for code in flat] == [
        Fraction(v) for v in np.ravel(values).tolist()
    ]
    if any(flat):
        assert any(code & 1 for code in flat)  # or frac could be smaller
    else:
        assert frac == 0


@settings(max_examples=300)
@given(st.lists(floats, max_size=6))
def test_dyadic_is_exact_and_minimal(values):
    check_dyadic(np.array(values, np.float64))


@pytest.mark.parametrize(
    "values",
    [
        5e-324,
        [5e-324, 1.7976931348623157e308],
        [2.0**62, 1.0],
        [2.0**63, 1.0],
        [-(2.0**62), 2.0**-1],
        [[0.5, 3.0], [0.0, -96.0]],
        np.float32(0.1),
        np.zeros((2, 0)),
        96.0,
    ],
    ids=str,
)
def test_dyadic_at_the_edges(values):
    check_dyadic(np.array(values))


@pytest.mark.parametrize(
    ("values", "codes", "frac"),
    [([0.75, -2.0], [3, -8], 2), ([96.0], [3], -5), ([0.0], [0], 0), ([2.0**-149], [1], 149)],
)
def test_dyadic_by_hand(values, codes, frac):
    found, scale = find_dyadic(values)
    assert (found.tolist(), scale) == (codes, frac)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_dyadic_of_no_number(value):
    match = r"^find_dyadic: values must be finite, got NaN or infinity$"
    with pytest.raises(ValueError, match=match):
        find_dyadic([1.0, value])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_many_numbers_step_as_few_do(data):
    """From 1,024 elements on levels are looked up; thresholds at the ends of carriers, near and far apart."""
    edge = data.draw(st.sampled_from([0, 1 << 24, 1 << 53, 1 << 62, (1 << 63) - 1, 1 << 70]))
    spread = data.draw(st.sampled_from([1, 40, 5_000, 1 << 19, 1 << 21]))
    steps = data.draw(st.lists(st.integers(-spread, spread), min_size=1, max_size=300, unique=True))
    sign = data.draw(st.sampled_from([1, -1]))
    thresholds = np.array(sorted(sign * edge + step for step in steps), object)
    values = np.array(data.draw(st.permutations(range(len(steps) + 1))), object)
    near = [int(t) + d for t in thresholds for d in (-1, 0, 1)]
    x = np.array([*near, 0, -edge, edge, 2 * edge], object)
    many = np.resize(x, max(1024, len(x)))
    expected = [values[sum(t <= number for t in thresholds)] for number in x]
    found = Codes(many).step(Codes(thresholds), Codes(values))
    check(found, np.resize(np.array(expected, object), len(many)))
    few = np.concatenate(
        [
            python_ints(Codes(x[i : i + 9]).step(Codes(thresholds), Codes(values)))
            for i in range(0, len(x), 9)
        ]
    )
    assert few.tolist() == expected


def test_levels_are_made_once_and_only_where_they_are_not_too_many():
    near, far = Codes(np.array([-3, 0, 4])), Codes(np.array([0, 1 << 19]))
    before, counts = near.step_counts
    assert (before, counts.tolist()) == (-4, [0, 1, 1, 1, 2, 2, 2, 2, 3])
    assert near.step_counts is near.step_counts
    assert far.step_counts is None and Codes(np.array([0, (1 << 19) - 2])).step_counts is not None
    assert Codes(np.array([1 << 70, (1 << 70) + 1], object)).step_counts is None
    assert near.rows is near.rows


def test_tables_of_many_channels_share_their_room():
    few, many = (Codes(np.array([[0, 9_000], *[[1, 2]] * n])) for n in (3, 1000))
    assert few.rows[0].step_counts is not None
    assert many.rows[0].step_counts is None and many.rows[1].step_counts is not None
    x = Codes(np.arange(-3000, 9100))
    found = [codes.rows[0] for codes in (few, many)]
    steps = [x.step(row, Codes(np.arange(3))).to_integers().tolist() for row in found]
    assert steps[0] == steps[1] == [(n >= 0) + (n >= 9_000) for n in range(-3000, 9100)]
