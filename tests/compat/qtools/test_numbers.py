"""The types and gates of QTools, by hand, and the properties that they have."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.compat.qtools.types.convert import Types
from qhls.compat.qtools.types.numbers import (
    FIXED,
    FLOAT,
    make_fixed,
    make_floating,
    make_power_of_two,
)
from qhls.compat.qtools.types.operators import accumulate, add, divide, merge, multiply
from qhls.errors import EnergyError
from qhls.qtools import load_prices
from qhls.quantizers import get_quantizer

TABLES = Path(__file__).parents[3] / "qhls/compat/qtools/tables"
TYPES = Types(compatible=True)
CORRECT = Types(compatible=False)

QUANTIZERS = {
    "quantized_bits(6,1)": ("quantized_bits", 6, 2, True),
    "quantized_bits(6,1,keep_negative=False)": ("quantized_bits", 6, 1, False),
    "quantized_linear(4,0)": ("quantized_linear", 4, 1, True),
    "quantized_hswish(6,2)": ("quantized_hswish", 6, 3, 1),
    "quantized_relu(4,2)": ("quantized_relu", 4, 2, 0),
    "quantized_relu(4,2,negative_slope=0.25)": ("quantized_relu", 4, 3, 1),
    "quantized_sigmoid(5)": ("quantized_sigmoid", 5, 0, 0),
    "quantized_ulaw(6,1)": ("quantized_ulaw", 6, 2, 1),
    "quantized_tanh(4)": ("quantized_tanh", 4, 1, 1),
}


@pytest.mark.parametrize("text", QUANTIZERS)
def test_fixed_point_quantizers(text):
    name, bits, int_bits, is_signed = QUANTIZERS[text]
    expected = {"quantizer_type": name, "bits": bits, "int_bits": int_bits, "is_signed": is_signed}
    assert CORRECT.to_number(get_quantizer(text)).to_dict() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("binary()", {"bits": 1, "int_bits": 1, "is_signed": 1, "values": [-1, 1]}),
        ("binary(use_01=True)", {"bits": 1, "int_bits": 1, "is_signed": 0, "values": [0, 1]}),
        ("stochastic_binary()", {"bits": 1, "int_bits": 1, "is_signed": 1, "values": [-1, 1]}),
        ("bernoulli()", {"bits": 1, "int_bits": 1, "is_signed": 0, "values": [0, 1]}),
        ("quantized_relu(1,1)", {"bits": 1, "int_bits": 1, "is_signed": 0, "values": [0, 1]}),
        ("ternary()", {"bits": 2, "int_bits": 2, "is_signed": 1, "values": [0, -1, 1]}),
        ("stochastic_ternary()", {"bits": 2, "int_bits": 2, "is_signed": 1, "values": [0, -1, 1]}),
        ("quantized_po2(5)", {"bits": 5, "is_signed": 1, "max_value": -1}),
        ("quantized_relu_po2(4,8)", {"bits": 4, "is_signed": 0, "max_value": 8}),
    ],
)
def test_quantizers_of_few_values(text, expected):
    name = text.partition("(")[0]
    assert TYPES.to_number(get_quantizer(text)).to_dict() == {"quantizer_type": name, **expected}


def test_qtools_gives_tanh_a_bit_less_and_forgets_it():
    tanh = get_quantizer("quantized_tanh(4)")
    assert TYPES.to_number(tanh).int_bits == -1
    assert CORRECT.to_number(tanh).int_bits == 0
    assert TYPES.pass_on(TYPES.to_number(tanh)).name == "stochastic_ternary"
    assert CORRECT.pass_on(CORRECT.to_number(tanh)).name == "quantized_tanh"


@pytest.mark.parametrize(
    ("text", "down", "up"),
    [
        ("quantized_po2(5)", 8, 7),
        ("quantized_po2(5,4)", 8, 2),
        ("quantized_po2(5,3)", 8, 2),  # log2 of 3 rounds up
        ("quantized_po2(4,1)", 4, 0),
        ("quantized_po2(4,0.25)", 4, 0),  # no bits left of the point to give away
        ("quantized_relu_po2(4)", 8, 7),
        ("quantized_relu_po2(4,4096)", 8, 7),
    ],
)
def test_exponents(text, down, up):
    number = TYPES.to_number(get_quantizer(text))
    assert number.exponents == (down, up)
    sign = number.is_signed
    assert number.as_fixed().to_dict() == {
        "quantizer_type": "quantized_bits",
        "bits": down + up + sign,
        "int_bits": up + sign,
        "is_signed": sign,
    }


B = math.sqrt(2**4 * 8)
PRODUCTS = [
    # weight, input, op, factor, gate bits, kind and bits and int bits (without sign) of the product
    ("quantized_bits(4,0)", "quantized_bits(8,0)", "mul", 1, math.sqrt(32), (FIXED, 11, 0)),
    ("quantized_bits(4,1)", "quantized_relu(6,2)", "mul", 1, math.sqrt(24), (FIXED, 10, 3)),
    ("ternary()", "quantized_relu(4,2)", "mux", 0.6, 4, (FIXED, 5, 2)),
    ("binary()", "quantized_bits(4,2)", "mux", 0.3, 4, (FIXED, 4, 2)),
    ("stochastic_binary()", "quantized_relu(4,2)", "mux", 0.3, 4, (FIXED, 5, 2)),
    ("quantized_bits(4,2)", "stochastic_binary()", "mux", 0.6, 4, (FIXED, 4, 2)),
    ("quantized_bits(4,2)", "binary()", "mux", 0.3, 4, (FIXED, 4, 2)),
    ("quantized_bits(8,2)", "binary(use_01=True)", "and", 0.1, 8, (FIXED, 8, 2)),
    ("binary(use_01=True)", "quantized_relu(8,3)", "and", 0.1, 8, (FIXED, 8, 3)),
    ("quantized_po2(4,1)", "quantized_bits(8,0)", "shifter", 1, B * math.log10(B), (FIXED, 12, 0)),
    ("quantized_po2(4)", "quantized_relu(8,2)", "shifter", 1, B * math.log10(B), (FIXED, 16, 5)),
    ("quantized_bits(8,0)", "quantized_po2(4,1)", "shifter", 1, B * math.log10(B), (FIXED, 12, 0)),
]


@pytest.mark.parametrize("case", PRODUCTS, ids=lambda case: f"{case[0]} x {case[1]}")
def test_products(case):
    weight, x, op, factor, gate_bits, output = case
    product = multiply(*(TYPES.to_number(get_quantizer(text)) for text in (weight, x)))
    assert (product.op, product.gate_factor) == (op, factor)
    assert product.priced_bits == pytest.approx(gate_bits)
    assert (product.output.kind, product.output.bits, product.output.int_bits) == output


@pytest.mark.parametrize(
    ("weight", "x", "op", "factor", "bits", "told"),
    [
        ("binary()", "binary()", "xor", 0.3, 1, {"quantizer_type": "binary", "bits": 1}),
        ("binary(use_01=True)", "bernoulli()", "and", 0.1, 1, {"quantizer_type": "binary"}),
        ("ternary()", "binary()", "mux", 0.6, 1, {"quantizer_type": "ternary", "bits": 2}),
        ("binary()", "ternary()", "mux", 0.3, 2, {"quantizer_type": "ternary", "bits": 2}),
        ("ternary()", "bernoulli()", "and", 0.1, 2, {"quantizer_type": "ternary", "bits": 2}),
        ("quantized_po2(5)", "ternary()", "mux", 0.6, 5, {"quantizer_type": "quantized_po2"}),
        ("quantized_relu_po2(4)", "bernoulli()", "and", 0.1, 4, {"max_value": -1, "bits": 4}),
        ("quantized_po2(5,4)", "quantized_relu_po2(4,8)", "add", 1, 6, {"max_value": 32}),
        ("quantized_po2(5)", "quantized_relu_po2(4,8)", "add", 1, 6, {"max_value": -1}),
    ],
)
def test_products_of_few_values(weight, x, op, factor, bits, told):
    product = multiply(*(TYPES.to_number(get_quantizer(text)) for text in (weight, x)))
    assert (product.op, product.gate_factor, product.priced_bits) == (op, factor, bits)
    assert told.items() <= product.to_dict().items()


def test_floats_multiply_as_floats():
    product = multiply(make_floating(16), make_fixed(32, 0, 1))
    assert (product.op, product.output, product.priced_bits) == ("mul", make_floating(16), 16)
    assert add(make_floating(16), make_floating(32)).output == make_floating(32)


def test_few_distinct_powers_of_two_are_cheaper():
    known = multiply(replace(make_power_of_two(4, 1, 1), distinct=5), make_fixed(8, 0, 1))
    assert (known.op, known.gate_factor, known.priced_bits) == ("shifter", 1.5, 8)


def test_sums():
    assert accumulate(16, make_fixed(11, 0, 1)).output == make_fixed(15, 4, 1)
    assert accumulate(27, make_fixed(11, 0, 1)).output == make_fixed(16, 5, 1)
    assert accumulate(8, make_power_of_two(6, 1)).output == make_fixed(3 + 32, 3 + 15, 1)
    assert accumulate(100, make_floating(32)).output == make_floating(32)
    # 8 bits with 7 fraction bits and 6 bits with 2: 3 + 1 left of the point, 7 right, a sign
    assert add(make_fixed(8, 0, 1), make_fixed(6, 3, 1)).output == make_fixed(12, 4, 1)
    assert add(make_power_of_two(4, 1, 1), make_fixed(15, 5, 1)).output == make_fixed(16, 6, 1)


def test_the_release_of_2021_counts_other_bits():
    product = multiply(make_fixed(15, 5, 1), make_fixed(15, 5, 1), aligned=False)
    assert product.output == make_fixed(30, 10, 1)
    assert add(make_fixed(8, 0, 1), make_fixed(6, 3, 1), aligned=False).output == make_fixed(
        9, 4, 1
    )


def test_quotients():
    po2 = divide(make_power_of_two(6, 0, 2048), make_power_of_two(5, 0))
    assert (po2.op, po2.output.to_dict()["bits"], po2.priced_bits) == ("add", 7, 7)
    shifted = divide(
        make_fixed(8, 0, 1), make_power_of_two(4, 1, 1)
    )  # by 2**-4 to 2**0: 4 bits to the left
    assert (shifted.op, shifted.output) == ("shifter", make_fixed(12, 4, 1))
    for below in (make_fixed(8, 0, 1), TYPES.to_number(get_quantizer("ternary()"))):
        real = divide(make_fixed(8, 0, 1), below)
        assert (real.op, real.output) == ("mul", make_floating(32))
    assert divide(make_floating(16), make_fixed(8, 0, 1)).output == make_floating(16)
    assert (
        divide(TYPES.to_number(get_quantizer("binary()")), make_power_of_two(4, 1)).output.kind
        != FLOAT
    )


def test_merged_types():
    a, b = make_fixed(6, 1, 1), make_fixed(4, 1, 0)  # with 4 and 3 fraction bits
    assert merge("Add", [a, b], True).output == make_fixed(7, 2, 1)
    assert merge("Subtract", [b, b], True).output == make_fixed(6, 2, 1)
    assert merge("Maximum", [a, b], True).output == make_fixed(6, 1, 1)
    assert merge("Maximum", [b, b], True).output == b
    assert merge("Multiply", [a, b], True).output == multiply(a, b).output
    assert merge("Average", [a, make_floating(16)], True).output == make_floating(16)
    assert merge("Concatenate", [a, make_power_of_two(4, 0)], True).output == make_fixed(15, 7, 1)
    # QTools takes the widest and the most integer bits, and loses fraction bits.
    c = make_fixed(6, 4, 1)  # with 1 fraction bit
    assert merge("Add", [a, c], True).output == make_fixed(7, 5, 1)
    assert merge("Add", [a, c], False).output == make_fixed(10, 5, 1)


WIDTHS = st.builds(
    lambda bits, int_bits, is_signed: make_fixed(bits, min(int_bits, bits), is_signed),
    st.integers(2, 16),
    st.integers(-3, 8),
    st.booleans(),
)


@given(WIDTHS, WIDTHS, st.integers(1, 300))
def test_fixed_point_results_hold_every_value(a, b, terms):
    def extremes(n):
        most = 2 ** (n.bits - int(n.is_signed)) - 1
        return [(-most - 1) / 2**n.frac if n.is_signed else 0, most / 2**n.frac]

    def holds(n, value):
        low, high = extremes(n)
        return low <= value <= high and value * 2**n.frac == int(value * 2**n.frac)

    pairs = [(x, y) for x in extremes(a) for y in extremes(b)]
    assert all(holds(add(a, b).output, x + y) for x, y in pairs)
    # A product of the two most negative numbers is one above the type, as in QTools.
    products = [x * y for x, y in pairs if not (x < 0 and y < 0)]
    product = multiply(a, b).output
    assert all(holds(product, x) for x in products)
    assert all(holds(accumulate(terms, product).output, terms * x) for x in products)


@given(
    st.sampled_from(list(QUANTIZERS)), st.sampled_from(["fp32", "fp16", "int8", "int16", "int32"])
)
def test_every_pair_has_a_price(text, name):
    prices = load_prices("horowitz")
    a, b = TYPES.to_number(get_quantizer(text)), TYPES.from_name(name)
    for operator in (multiply(a, b), multiply(b, a), divide(a, b), add(a, b), accumulate(9, a)):
        assert 0 < prices.price_operator(operator) < math.inf


# Prices


def test_prices_are_those_of_horowitz():
    prices = load_prices("horowitz")
    assert prices.name == "horowitz_45nm_qtools"
    by_bits = {8: (0.025, 0.2), 32: (0.1, 3.1)}
    for bits, (added, multiplied) in by_bits.items():
        square = multiply(make_fixed(bits, 0, 1), make_fixed(bits, 0, 1))
        assert prices.price_operator(square) == pytest.approx(multiplied, rel=1e-6)
        total = accumulate(1, make_fixed(bits, 0, 1))
        assert prices.price_operator(total) == pytest.approx(added)
    for bits, (added, multiplied) in {16: (0.4, 1.1), 32: (0.9, 3.7)}.items():
        assert (
            prices.price_operator(multiply(make_floating(bits), make_floating(bits))) == multiplied
        )
        assert prices.price_operator(accumulate(1, make_floating(bits))) == added


@pytest.mark.parametrize(("kilobytes", "pj"), [(8, 10), (32, 20), (1024, 100)])
def test_a_word_of_sram_is_64_times_too_cheap(kilobytes, pj):
    bits = kilobytes * 8 * 1024
    prices = load_prices("horowitz")
    assert prices.price_sram(64, bits) == pytest.approx(pj / 64, rel=1e-3)
    assert prices.price_sram(65, bits) == 2 * prices.price_sram(64, bits)
    assert prices.price_sram(bits, 0) == pytest.approx(bits / 64 * pj / 64, rel=1e-3)


def test_memories_at_their_ends():
    prices = load_prices("horowitz")
    assert prices.price_dram(64) == 1300
    assert prices.price_sram(0, 64) == 0
    assert prices.price_sram(1, 1) == 0  # log2 of one bit


def test_a_process_that_does_not_exist():
    with pytest.raises(
        EnergyError,
        match=r"^QTools, process: expected one of horowitz, horowitz_45nm_qtools or a \.json file, "
        r"got 'tsmc_28nm'\. Choose one\.$",
    ):
        load_prices("tsmc_28nm")


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("no table")
    with pytest.raises(
        EnergyError, match=r"^QTools, process 'mine': expected JSON, got text that is not JSON "
    ):
        load_prices(path)
    path.write_text('{"operations": {"fixed_add": {}}}')
    with pytest.raises(
        EnergyError,
        match=r"^QTools, process 'mine': expected operations with .*, got a table without fixed_mul, ",
    ):
        load_prices(path)
    table = json.loads((TABLES / "horowitz_45nm_qtools.json").read_text())
    table["operations"]["fixed_add"]["coefficients"] = [1, 0]
    path.write_text(json.dumps(table))
    assert load_prices(path).price_operator(accumulate(1, make_fixed(8, 0, 1))) == 8


def test_every_figure_has_its_source():
    table = json.loads((TABLES / "horowitz_45nm_qtools.json").read_text())
    for figure in [*table["operations"].values(), *table["memories"].values()]:
        assert figure["unit"] == "pJ"
        assert all(figure[key].strip() for key in ("formula", "source", "error"))


@pytest.mark.parametrize("name", ["int7", "quantized_nothing(3)", "relu", 3])
def test_a_type_that_does_not_exist(name):
    with pytest.raises(
        EnergyError, match=r"^QTools: expected a type that is one of fp32, .*, got "
    ):
        TYPES.from_name(name)
