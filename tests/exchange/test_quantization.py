"""QONNX's quantizers: our formulas, a specification in fractions, QONNX's own where installed, and designs."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qhls
from qhls.onnx.quantization import (
    ROUNDINGS,
    IntegerQuantizer,
    apply_bipolar_quant,
    apply_clipped_trunc,
    apply_quant,
    apply_trunc,
    count_thresholds,
)
from support.models.qonnx import Builder, execute, load

HALF = Fraction(1, 2)


def round_fraction(x, mode):
    """Return ``x`` rounded: what the modes say in words, in exact arithmetic."""
    sign = -1 if x < 0 else 1
    size = abs(x)
    return {
        "ROUND": round(x),
        "HALF_EVEN": round(x),
        "CEIL": ceil(x),
        "FLOOR": floor(x),
        "UP": sign * ceil(size),
        "DOWN": sign * floor(size),
        "ROUND_TO_ZERO": sign * floor(size),
        "HALF_UP": sign * floor(size + HALF),
        "HALF_DOWN": sign * ceil(size - HALF),
    }[mode]


def quantize_fraction(x, bits, signed, narrow, mode):
    if bits == 1 and signed:
        return 1 if x >= 0 else -1
    lowest = -(1 << bits - 1) + narrow if signed else 0
    highest = (1 << bits - 1) - 1 if signed else (1 << bits) - 1 - narrow
    return min(max(round_fraction(x, mode), lowest), highest)


PARAMETERS = st.tuples(
    st.integers(1, 16), st.booleans(), st.booleans(), st.sampled_from(sorted(ROUNDINGS))
)
CODES = st.lists(st.integers(-(2**11), 2**11), min_size=1, max_size=40)


@given(PARAMETERS, CODES, st.integers(-3, 3), st.integers(-4, 4))
def test_quant_is_its_specification(parameters, codes, power, zero):
    bits, signed, narrow, mode = parameters
    scale = 2.0**power
    x = np.array(codes) / 8
    quantizer = IntegerQuantizer(bits, signed, narrow, mode)
    found = apply_quant(x, np.float64(scale), np.float64(zero), quantizer)
    expected = [
        (quantize_fraction(Fraction(each) / Fraction(scale) + zero, *parameters) - zero) * scale
        for each in x.tolist()
    ]
    assert found.tolist() == expected


@given(PARAMETERS, CODES, st.floats(2.0**-7, 10, width=32))
def test_quant_equals_qonnx(parameters, codes, scale):
    theirs = pytest.importorskip("qonnx.custom_op.general.quant").quant
    bits, signed, narrow, mode = parameters
    if mode == "ROUND_TO_ZERO":
        return  # Brevitas' name, which QONNX' executor does not know
    x, one = np.array(codes, np.float32) / 8, np.float32(scale)
    quantizer = IntegerQuantizer(bits, signed, narrow, mode)
    found = apply_quant(x, one, np.float32(0), quantizer)
    expected = theirs(x, one, np.float32(0), np.float32(bits), signed, narrow, mode)
    assert found.tolist() == np.asarray(expected).tolist()


@given(st.integers(1, 12), st.integers(0, 6), st.sampled_from(sorted(ROUNDINGS)), CODES)
def test_trunc_drops_bits(bits, dropped, mode, codes):
    x = np.array(codes, np.float64) / 4
    found = apply_trunc(x, np.float64(0.25), np.float64(0), dropped, mode)
    expected = [round_fraction(Fraction(code, 2**dropped), mode) / 4 for code in codes]
    assert found.tolist() == expected
    clipped = IntegerQuantizer(bits, True, False, mode)
    to_scale = np.float64(0.25 * 2**dropped)
    found = apply_clipped_trunc(x, np.float64(0.25), np.float64(0), to_scale, clipped)
    lowest, highest = -(1 << bits - 1), (1 << bits - 1) - 1
    rounded = (round_fraction(Fraction(code, 2**dropped), mode) for code in codes)
    assert found.tolist() == [min(max(each, lowest), highest) * to_scale for each in rounded]


def test_bipolar_quant_and_thresholds():
    x = np.array([[-1.0, 0.0, 2.0]])
    assert apply_bipolar_quant(x, np.float64(0.5)).tolist() == [[-0.5, 0.5, 0.5]]
    table = np.array([[-1.0, 1.0], [0.0, 0.5], [3.0, 2.0]])
    assert count_thresholds(x, table, 1).tolist() == [[1, 1, 1]]


MODES = [
    (mode, signed, narrow)
    for mode in sorted(ROUNDINGS)
    for signed, narrow in ((1, 0), (1, 1), (0, 1))
]


@pytest.mark.parametrize(("mode", "signed", "narrow"), MODES)
def test_designs_have_every_code(mode, signed, narrow):
    """All codes of an input of 8 bits, some of them ties, to several widths, with zero points."""
    model, kinds = Builder((1,)), [(4, 0), (4, 3), (2, 0), (1, 0)]
    ends = [model.quant("x", 0.5, bits, signed, narrow, mode, zero) for bits, zero in kinds]
    design = qhls.compile(load(model.build(*ends)), "s8.3")
    x = np.arange(-128, 128)[:, None] / 8
    for (bits, zero), numbers in zip(kinds, design.run(x), strict=True):
        expected = [
            (quantize_fraction(2 * Fraction(each) + zero, bits, signed, narrow, mode) - zero) / 2
            for each in x.ravel().tolist()
        ]
        assert numbers.ravel().tolist() == expected


@pytest.mark.parametrize("mode", sorted(set(ROUNDINGS) - {"ROUND_TO_ZERO"}))
def test_designs_round_in_real_steps_as_float32_does(mode):
    model = Builder((1,))
    proto = model.build(*(model.quant("x", 0.3, bits, rounding=mode) for bits in (4, 1)))
    design = qhls.compile(load(proto), "s8.3")
    x = np.arange(-128, 128)[:, None] / 8
    for found, expected in zip(design.finish(design.run(x)), execute(proto, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
