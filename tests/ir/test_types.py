"""``Fixed`` and ``Assignment``: notation, ranges and what they refuse."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.ir import Assignment, Fixed, Overflow

types = st.builds(Fixed, st.booleans(), st.integers(1, 80), st.integers(-20, 100))


def numbers(kind):
    return {Fraction(code) / Fraction(2) ** kind.frac for code in range(kind.lo, kind.hi + 1)}


@given(types)
def test_print_and_parse_are_inverse(kind):
    assert Fixed.parse(str(kind)) == kind


@pytest.mark.parametrize(
    ("text", "kind", "ac", "ap"),
    [
        ("s16.10", Fixed(True, 16, 10), "ac_fixed<16,6,true>", "ap_fixed<16,6>"),
        ("u8.8", Fixed(False, 8, 8), "ac_fixed<8,0,false>", "ap_ufixed<8,0>"),
        ("s4.-2", Fixed(True, 4, -2), "ac_fixed<4,6,true>", "ap_fixed<4,6>"),
        ("u1.9", Fixed(False, 1, 9), "ac_fixed<1,-8,false>", "ap_ufixed<1,-8>"),
    ],
)
def test_notations(text, kind, ac, ap):
    assert Fixed.parse(text) == kind
    assert str(kind) == text
    assert kind.ac == ac
    assert kind.ap == ap


def test_qkeras_bits_as_ac_fixed():
    """QKeras' quantized_bits(6, integer=2) does not count the sign bit, ac_fixed does."""
    assert Fixed(True, 6, 3).ac == "ac_fixed<6,3,true>"


@pytest.mark.parametrize(
    "text", ["", "16.10", "s16", "s16.", "S16.10", "s0.0", "s-1.0", " s8.0", "s8.0 "]
)
def test_text_that_is_no_type(text):
    match = (
        r"^Fixed: expected a type such as 's16\.10' \(signed, 16 bits, 10 of them fraction\) "
        rf"or 'u8\.8', got '{text}'\. .*$"
    )
    with pytest.raises(ValueError, match=match):
        Fixed.parse(text)


@pytest.mark.parametrize("width", [0, -3])
def test_a_type_without_bits(width):
    with pytest.raises(ValueError, match=rf"^Fixed: width must be at least 1, got {width}$"):
        Fixed(True, width, 0)


@pytest.mark.parametrize(
    ("kind", "lo", "hi"),
    [("s1.0", -1, 0), ("u1.0", 0, 1), ("s8.5", -128, 127), ("u8.5", 0, 255)],
)
def test_codes(kind, lo, hi):
    assert (Fixed.parse(kind).lo, Fixed.parse(kind).hi) == (lo, hi)


def test_step_and_integer_bits():
    assert Fixed(True, 8, 5).step == 1 / 32
    assert Fixed(True, 8, -2).step == 4
    assert Fixed(True, 8, 5).integer == 3


@given(st.integers(-(1 << 70), 1 << 70), st.integers(-(1 << 70), 1 << 70), st.integers(-9, 9))
def test_holding_is_the_narrowest_type(a, b, frac):
    lo, hi = sorted((a, b))
    kind = Fixed.from_range(lo, hi, frac)
    assert kind.frac == frac
    assert kind.lo <= lo <= hi <= kind.hi
    assert kind.signed == (lo < 0)
    if kind.width > 1:
        narrower = Fixed(kind.signed, kind.width - 1, frac)
        assert lo < narrower.lo or hi > narrower.hi


@pytest.mark.parametrize(
    ("lo", "hi", "text"),
    [
        (0, 0, "u1.0"),
        (-1, -1, "s1.0"),
        (-1, 0, "s1.0"),
        (-1, 1, "s2.0"),
        (-128, 0, "s8.0"),
        (0, 128, "u8.0"),
    ],
)
def test_holding_at_the_edges(lo, hi, text):
    assert str(Fixed.from_range(lo, hi, 0)) == text


def test_holding_nothing():
    match = r"^Fixed\.from_range: lo must not exceed hi, got \[1, 0\]$"
    with pytest.raises(ValueError, match=match):
        Fixed.from_range(1, 0, 0)


small = st.builds(Fixed, st.booleans(), st.integers(1, 6), st.integers(-3, 5))


@given(small, small)
def test_contains_is_the_subset_of_numbers(a, b):
    assert a.can_hold(b) == (numbers(b) <= numbers(a))


@given(small, st.sampled_from(Overflow))
def test_limits_of_a_quantization(kind, overflow):
    limits = Assignment(kind, overflow=overflow)
    assert limits.hi == kind.hi
    symmetric = kind.signed and overflow is Overflow.SATURATE_SYMMETRIC
    assert limits.lo == (-kind.hi if symmetric else kind.lo)
