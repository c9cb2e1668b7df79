"""``QFixedPoint`` and ``QTable``: types and functions of each element."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.errors import QuantizerError
from qhls.frontend.layers.fixed_point import OVERFLOWS, ROUNDINGS
from qhls.frontend.layers.table import QTable
from qhls.layers import QDense, QFixedPoint
from support.arrays import assert_equal

TYPES = {"s10.5": 5, "s6.-1": -1, "u7.3": 3}


def make_layer(bits, *arguments, **options):
    """A model of one layer with these bits: rows of sign, integer and fraction bits."""
    layer = QFixedPoint(*np.array(bits).T.tolist(), *arguments, **options)
    return keras.Sequential([keras.Input((len(bits),), dtype="float64"), layer])


def list_numbers(dtype, size):
    fixed = qhls.ir.Fixed.parse(dtype)
    codes = np.arange(fixed.lo, fixed.hi + 1)
    return np.ldexp(np.repeat(codes[:, None], size, 1).astype("float64"), -fixed.frac)


def quantize_exactly(x, keep, integer, fraction, rounding, overflow):
    """The meaning, in integers of Python's own."""
    width = keep + integer + fraction
    if width <= 0:
        return 0.0
    scaled = x * 2.0**fraction
    down, half = np.floor(scaled), scaled - np.floor(scaled)
    away = down + 1 if scaled > 0 else down
    towards = down if scaled > 0 else down + 1
    nearest = down + (half > 0.5)
    ties = {
        "RND": down + 1,
        "RND_CONV": down + down % 2,
        "RND_ZERO": towards,
        "RND_MIN_INF": down,
        "RND_INF": away,
    }
    if rounding == "TRN":
        code = down
    elif rounding == "TRN_ZERO":
        code = np.trunc(scaled)
    else:
        code = ties[rounding] if half == 0.5 else nearest
    end = 1 << (width - keep)
    if overflow == "WRAP":
        code = (int(code) + keep * end) % (1 << width) - keep * end
    else:
        lowest = -keep * (end - (overflow == "SAT_SYM"))
        code = min(max(int(code), lowest), end - 1)
    return code * 2.0**-fraction


BITS = st.tuples(st.integers(0, 1), st.integers(-3, 5), st.integers(-3, 5))


@settings(max_examples=60, deadline=None)
@given(
    bits=st.lists(BITS, min_size=1, max_size=4),
    rounding=st.sampled_from(ROUNDINGS),
    overflow=st.sampled_from(OVERFLOWS),
    dtype=st.sampled_from(sorted(TYPES)),
)
def test_layer_and_design_have_the_meaning_of_the_modes(bits, rounding, overflow, dtype):
    model = make_layer(bits, rounding, overflow)
    x = list_numbers(dtype, len(bits))
    expected = np.array(
        [
            [
                quantize_exactly(v, *each, rounding, overflow)
                for v, each in zip(row, bits, strict=True)
            ]
            for row in x
        ]
    )
    assert_equal(model(x), expected)
    design = qhls.compile(model, dtype)
    assert_equal(design.run(x), expected)


def test_both_targets_compute_types_of_each_element():
    bits = [(1, 2, 3), (0, 3, 1), (1, -1, 5), (0, 0, 0)]
    for overflow in ("WRAP", "SAT_SYM"):
        model = make_layer(bits, "RND", overflow, scale=0.5, factor=0.75, offset=0.25)
        assert qhls.compile(model, "s10.5").check(list_numbers("s10.5", 4))


def test_one_type_is_one_assignment():
    model = make_layer([(1, 2, 3)] * 4, "RND", "SAT")
    (made,) = [op for op in qhls.compile(model, "s10.5").graph.ops if op.kind != "input"]
    assert made.kind == "quantize"


def test_real_numbers_get_steps_of_each_element():
    quantizer = QFixedPoint([1, 1, 0], [0, 1, -1], [3, 4, 6], "RND", "WRAP")
    first = QDense(3, "tanh", kernel_quantizer="quantized_bits(4,0,alpha=1)", use_bias=False)
    model = keras.Sequential([keras.Input((4,)), first, quantizer])
    x = np.random.default_rng(0).integers(-128, 128, (200, 4)) / 16
    assert qhls.compile(model, "s8.4").check(x, ())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"rounding": "UP"},
            r"^QFixedPoint: expected rounding among TRN, .*, got 'UP'\. Use one of these\.$",
        ),
        (
            {"overflow": "SYM"},
            r"^QFixedPoint: expected overflow among WRAP, .*, got 'SYM'\. Use one of these\.$",
        ),
        (
            {"integer": 0.5},
            r"^QFixedPoint: expected keep_negative of 0 or 1 and whole numbers .*, got \(1, 0\.5, 4\)\. Round them\.$",
        ),
        (
            {"scale": 3.0},
            r"^QFixedPoint: expected a power of two as scale, got 3\.0\. Multiply by it elsewhere\.$",
        ),
    ],
)
def test_other_modes_are_refused(arguments, message):
    with pytest.raises(QuantizerError, match=message):
        QFixedPoint(**arguments)


def test_a_factor_of_many_bits_is_refused():
    model = make_layer([(1, 2, 3)], factor=0.1)
    message = r"^layer '\w+' \(QFixedPoint\): expected a factor and an offset of at most 12 bits, got 0\.1 and 0\.0\. "
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s8.4")


@pytest.mark.parametrize("shape", [(), (3,), (2, 1), (2, 3)])
def test_a_table_is_a_step_function_of_each_element(shape):
    rng = np.random.default_rng(len(shape))
    layer = QTable(shape, 16)
    model = keras.Sequential([keras.Input((2, 3)), layer])
    step = 2.0 ** rng.integers(-3, 0, shape)
    values = rng.integers(-4, 4, (*shape, 16)) / 4
    layer.set_weights([-8 * step, step, values])
    design = qhls.compile(model, "s4.3")
    x = rng.integers(-8, 8, (100, 2, 3)) / 8
    # Numbers between the places of a coarser table are not its inputs.
    x = np.round(x / step) * step
    x = np.clip(x, -1, 0.875)
    x = np.where(x / step == np.round(x / step), x, 0)
    assert design.check(x, "vitis")
