"""The closed algebra on intervals: every result holds what the integers can give, and no more."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.ir import Codes, Fixed, Interval, Rounding
from qhls.ir.interval import join, list_window_elements


@st.composite
def intervals(draw, shape=(2,)):
    """Small intervals, so that all their integers can be tried; some at the edge of float32."""
    base = draw(st.sampled_from([0, 1 << 24, -(1 << 53), 1 << 63]))
    size = int(np.prod(shape))
    lo = [base + draw(st.integers(-4, 4)) for _ in range(size)]
    hi = [low + draw(st.integers(0, 3)) for low in lo]
    return Interval(*(Codes(np.array(end, object).reshape(shape)) for end in (lo, hi)))


def ends(interval):
    return tuple(end.to_integers().astype(object) for end in (interval.lo, interval.hi))


def members(interval):
    """All integer tensors within an interval."""
    lo, hi = ends(interval)
    choices = [range(a, b + 1) for a, b in zip(lo.ravel(), hi.ravel(), strict=True)]
    for values in product(*choices):
        yield Codes(np.array(values, object).reshape(lo.shape))


def check(result, values):
    """``result`` is the smallest interval with all ``values``, element by element."""
    every = np.array([value.to_integers().astype(object) for value in values])
    lo, hi = ends(result)
    assert lo.tolist() == every.min(0).tolist()
    assert hi.tolist() == every.max(0).tolist()


UNARY = {
    "neg": lambda x: -x,
    "square": lambda x: x * x if isinstance(x, Codes) else x.square(),
    "shift_left": lambda x: x << 3,
    **{
        f"round_{rounding.value}": lambda x, rounding=rounding: x.round_shift(1, rounding)
        for rounding in Rounding
    },
    "clip": lambda x: x.clip(-1, 2),
    "sum": lambda x: x.sum(0),
    "map": lambda x: x.map(lambda array: array[::-1]),
    "matmul": lambda x: x @ constant_like(x),
}
BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "maximum": lambda x, y: x.maximum(y),
    "minimum": lambda x, y: x.minimum(y),
    "join": lambda x, y: join([x, y], np.concatenate),
}


def constant_like(x):
    weights = Codes(np.array([[3, 0, -1], [-2, 0, -5]]))
    return weights if isinstance(x, Codes) else Interval(weights)


@pytest.mark.parametrize("f", UNARY.values(), ids=UNARY)
@settings(max_examples=30)
@given(intervals())
def test_unary(f, x):
    check(f(x), [f(value) for value in members(x)])


@pytest.mark.parametrize("f", BINARY.values(), ids=BINARY)
@settings(max_examples=20)
@given(intervals(), intervals())
def test_binary(f, x, y):
    check(f(x, y), [f(a, b) for a, b in product(members(x), members(y))])


@settings(max_examples=80)
@given(
    intervals(),
    st.booleans(),
    st.sampled_from([1, 2, 3, 24, 25, 54, 64, 65]),
)
def test_wrap_holds_every_result(x, signed, width):
    to = Fixed(signed, width, 0)
    lo, hi = ends(x.wrap(to))
    for value in members(x):
        wrapped = value.wrap(to).to_integers().astype(object)
        assert (lo <= wrapped).all()
        assert (wrapped <= hi).all()
    fits = [to.lo <= a and b <= to.hi for a, b in zip(*ends(x), strict=True)]
    for number, fit in enumerate(fits):  # nothing happens, or anything may
        expected = (ends(x)[0][number], ends(x)[1][number]) if fit else (to.lo, to.hi)
        assert (lo[number], hi[number]) == expected


def test_full_and_hull():
    full = Interval.fill((2, 3), -5, 1 << 70)
    assert full.shape == (2, 3)
    assert full.hull == (-5, 1 << 70)
    assert Interval.fill((0, 3), -5, 5).hull == (0, 0)
    assert not full.constant
    assert Interval(Codes(np.array([1]))).constant


@given(intervals())
def test_with_zero(x):
    lo, hi = ends(x)
    widened = ends(x.with_zero())
    assert widened[0].tolist() == np.minimum(lo, 0).tolist()
    assert widened[1].tolist() == np.maximum(hi, 0).tolist()


def test_constants_stay_constant_where_elements_only_move():
    x = Interval(Codes(np.array([[1, -2]])))
    assert x.with_zero() is x
    assert (x << 2).constant
    assert x.map(np.transpose).constant
    assert join([x, x], np.concatenate).constant
    assert not join([x, Interval.fill((1, 2), 0, 1)], np.concatenate).constant


def test_only_a_constant_stands_right_of_matmul():
    x = Interval.fill((1, 2), 0, 1)
    match = r"^Interval: the right operand of @ must be a constant$"
    with pytest.raises(TypeError, match=match):
        x @ Interval.fill((2, 1), 0, 1)


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
def test_windows_against_slices(strides, dilation):
    """Each window is a strided slice of the image, in both worlds."""
    image = np.arange(2 * 6 * 7 * 2).reshape(2, 6, 7, 2)
    size = (2, 3)
    found = np.stack(
        [tap.to_integers() for tap in list_window_elements(Codes(image), size, strides, dilation)],
        3,
    )
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    rows = range(0, 6 - spans[0] + 1, strides[0])
    columns = range(0, 7 - spans[1] + 1, strides[1])
    assert found.shape == (2, len(rows), len(columns), 6, 2)
    for (i, r), (j, c) in product(enumerate(rows), enumerate(columns)):
        window = image[:, r : r + spans[0] : dilation[0], c : c + spans[1] : dilation[1]]
        assert found[:, i, j].tolist() == window.reshape(2, 6, 2).tolist()
    both = list_window_elements(Interval(Codes(image), Codes(image + 1)), size, strides, dilation)
    lo, hi = (np.stack(found_ends, 3) for found_ends in zip(*map(ends, both), strict=True))
    assert [lo.tolist(), hi.tolist()] == [found.tolist(), (found + 1).tolist()]
