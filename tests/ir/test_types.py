"""``Fixed`` and ``Assignment``: notation, ranges and what they refuse."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.errors import VerifyError
from qhls.ir import Assignment, Fixed, Overflow, Schedule
from qhls.ir.parts import UNITS, Part, find_part
from qhls.ir.schedule import check_schedule

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
        rf"or 'u8\.8', got '{text}'$"
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
    kind = Fixed.holding(lo, hi, frac)
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
    assert str(Fixed.holding(lo, hi, 0)) == text


def test_holding_nothing():
    match = r"^Fixed\.holding: lo must not exceed hi, got \[1, 0\]$"
    with pytest.raises(ValueError, match=match):
        Fixed.holding(1, 0, 0)


small = st.builds(Fixed, st.booleans(), st.integers(1, 6), st.integers(-3, 5))


@given(small, small)
def test_contains_is_the_subset_of_numbers(a, b):
    assert a.contains(b) == (numbers(b) <= numbers(a))


@given(small, st.sampled_from(Overflow))
def test_limits_of_a_quantization(kind, overflow):
    limits = Assignment(kind, overflow=overflow)
    assert limits.hi == kind.hi
    symmetric = kind.signed and overflow is Overflow.SATURATE_SYMMETRIC
    assert limits.lo == (-kind.hi if symmetric else kind.lo)


WHOLE = r"expected a whole number from 1 to 2147483647, got"
PERIOD = r"expected a positive number of nanoseconds, got"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *(
            pytest.param(
                *("reuse_factor", value, rf"{WHOLE} {got}\. It is in cycles\."), id=f"factor {got}"
            )
            for value, got in (
                *((0, "0"), (-3, "-3"), (2.5, r"2\.5"), (4.0, r"4\.0"), ("4", "'4'")),
                *((True, "True"), (None, "None"), (10**5000, "an integer of 16610 bits")),
            )
        ),
        (
            "partition_limit",
            -1,
            r"expected a whole number from 0 to 2147483647, got -1\. It is in elements\.",
        ),
        *(
            pytest.param(
                *("clock_period", value, rf"{PERIOD} {got}\. 200 MHz is 5\.0\."), id=f"period {got}"
            )
            for value, got in (
                *((0.0, r"0\.0"), (float("nan"), "nan"), (float("inf"), "inf"), ("5", "'5'")),
                *((True, "True"), (10**400, "an integer of 1329 bits"), (1j, "1j")),
            )
        ),
        ("storage", "flash", r"expected one of registers, lutram, bram, rom, got 'flash'\."),
        ("storage", ["bram"], r"expected one of registers, lutram, bram, rom, got \['bram'\]\."),
        (
            "io",
            "stream",
            r"expected 'array', got 'stream'\. Leave it out: no stream is emitted\.",
        ),
        *(
            ("part", value, r"expected a part of AMD's, got .*\. Write it as Vitis does: .*\.")
            for value in (
                "",
                "quartus",
                "xc7z020; exit",
                "xc7z020}",
                "xc7z020\n",
                "xc\u0661",
                7,
                "x" * 99,
            )
        ),
        *(
            ("library", value, r"expected a Catapult library, got .*\. Use letters, .*\.")
            for value in ("", "a b", "[exit]", "$x", "a;b", "a\n", None, "x" * 200)
        ),
    ],
)
def test_a_schedule_that_cannot_be(field, value, message):
    with pytest.raises(VerifyError, match=rf"^Schedule\.{field}: {message}$") as error:
        Schedule(**{field: value})
    assert len(str(error.value)) < 300


def test_a_schedule_takes_what_numpy_calls_a_number():
    schedule = Schedule(reuse_factor=np.int64(4), clock_period=np.float32(2.5))
    assert schedule == Schedule(4, 2.5)
    assert type(schedule.reuse_factor) is int
    assert type(schedule.clock_period) is float


@pytest.mark.parametrize("value", [{"reuse_factor": 4}, None, "fast", {"x": "y" * 1000}])
def test_what_is_no_schedule_is_refused(value):
    message = r"^compile: schedule: expected a Schedule, got .{2,90}\. Write qhls\.Schedule\(reuse_factor=4\), .*\.$"
    with pytest.raises(VerifyError, match=message):
        check_schedule(value, "compile")


@pytest.mark.parametrize(
    ("name", "device"),
    [
        *((name, "xc7z020") for name in ("xc7z020", "xc7z020clg400-1", "XC7Z020-CLG484-3")),
        *((("xc7a35ticsg324-1L"), "xc7a35t"), ("xc7a100tcsg324-1", "xc7a100t")),
        *(("xczu3eg-sbva484-1-e", "xczu3eg"), ("xczu7ev-ffvc1156-2-e", "xczu7ev")),
        *(("xcku5p-ffvb676-2-e", "xcku5p"), ("xcu250-figd2104-2L-e", "xcu250")),
        *(("xcvu9p-flga2104-2L-e-es1", "xcvu9p"), ("xcvu13p-flga2577-2-e", "xcvu13p")),
    ],
)
def test_parts_that_are_known(name, device):
    part = find_part(name)
    assert part is not None
    assert part.device == device
    assert part.resources is not None
    assert tuple(part.resources) == UNITS
    assert all(count > 0 for count in part.resources.values())


def test_a_part_of_which_nothing_is_known():
    assert find_part("xcvc1902-vsva2197-2MP-e-S") == Part("xcvc1902", None)
    assert find_part("xcvu13pq-flga2577-2-e") == Part("xcvu13pq", None)
