"""Normalisations before a quantizer: an integer factor and offset a channel where these are the float function."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import ops

import qhls
from qhls.check.reference import Reference
from qhls.frontend.lowering.lines import round_line
from qhls.frontend.lowering.reals import Reals
from qhls.frontend.lowering.steps import MOST_LEVELS
from qhls.ir import Fixed, Graph, Input, Max, Min, Mul, Threshold, run
from qhls.layers import QActivation, QBatchNormalization, QConv2D, QDense
from qhls.model.floats import is_float32_exact
from qhls.quantizers import get_quantizer, set_internal_sigmoid
from qhls.quantizers.numerics import skip_gradients, use_precision

L = keras.layers
CHANNELS = 5


def kinds(graph):
    return [op.kind for op in graph.ops if op.batched][1:]


def normalised(quantizer, bits=10, channels=CHANNELS, inputs=24, seed=0, between=()):
    """A wide sum, a normalisation whose factors rise and fall and are nothing, and a quantizer."""
    rng = np.random.default_rng(seed)
    kernel = f"quantized_bits({bits},0,alpha=1)"
    model = keras.Sequential(
        [
            keras.Input((inputs,)),
            QDense(channels, kernel_quantizer=kernel, use_bias=False, name="sum"),
            L.BatchNormalization(name="norm"),
            *between,
            QActivation(quantizer, name="act"),
        ]
    )
    gamma = rng.uniform(0.5, 2, channels) * rng.choice([-1, 1], channels)
    gamma[0] = 0
    others = (rng.uniform(low, high, channels) for low, high in ((-1, 1), (-1, 1), (1, 9)))
    model.get_layer("norm").set_weights([gamma, *others])
    model.get_layer("sum").set_weights([rng.uniform(-1, 1, (inputs, channels))])
    return model


def equal_to_keras(model, types):
    """The design's graph; random inputs give what Keras gives, as its reference says."""
    design = qhls.compile(model, types)
    report = design.check(targets=())
    assert report, report
    return design.graph


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-40, 40)), min_size=2, max_size=4),
    st.sampled_from(
        [
            "quantized_bits(10,4,alpha=1)",
            "quantized_relu(9,3)",
            "quantized_bits(11,5,symmetric=0,alpha=1)",
        ]
    ),
    st.sampled_from(["s12.6", "u15.9", "s30.20", "s27.24", "u40.33"]),
    st.booleans(),
)
def test_the_levels_are_those_of_the_float_function(channels, quantizer, types, rectified):
    """On both sides of every step, at the ends, and at any code; on every code of a narrow input."""
    factors, offsets = (np.array(column) for column in zip(*channels, strict=True))
    rounded, x = get_quantizer(quantizer), Input((len(channels),), Fixed.parse(types), name="x")

    def affine(v):
        line = v * ops.convert_to_tensor(factors, v.dtype) + ops.convert_to_tensor(offsets, v.dtype)
        return ops.relu(line) if rectified else line

    op = round_line(rounded, Reals(x, affine, True, None), rounded.quantization.to)
    assume(op is not None)  # nothing to round: a table
    lo, hi = x.type.lo, x.type.hi
    if hi - lo < 1 << 15:
        codes = np.tile(np.arange(lo, hi + 1)[:, None], (1, len(channels)))
    else:
        codes = np.random.default_rng(0).integers(lo, hi, (4000, len(channels)), endpoint=True)
        codes[:2] = [[lo], [hi]]
        half = (
            np.arange(rounded.quantization.lo, rounded.quantization.hi)[:, None] + 0.5
        ) * rounded.quantization.to.step
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.nan_to_num((half - offsets) / factors * 2.0**x.type.frac)
        near = np.concatenate([np.floor(steps.clip(lo, hi)) + i for i in (-1, 0, 1, 2)])
        codes = np.concatenate([codes, near.astype(np.int64).clip(lo, hi)])
    numbers = np.ldexp(codes.astype(np.float64), -x.type.frac)
    dtype = "float32" if x.type.width <= 24 else "float64"
    with use_precision(dtype), skip_gradients():
        exact = rounded(affine(ops.convert_to_tensor(numbers, dtype)))
    (received,) = run(Graph((x,), (op,)), [codes])
    np.testing.assert_array_equal(
        np.ldexp(received.astype(float), -op.frac), ops.convert_to_numpy(exact)
    )


@pytest.mark.parametrize(
    "quantizer",
    ["quantized_relu(10,5)", "quantized_bits(12,4,alpha=1)", "quantized_bits(11,3,alpha=2)"],
)
def test_a_normalisation_before_many_levels_has_no_table(quantizer):
    graph = equal_to_keras(normalised(quantizer), "s16.8")
    assert not [op for op in graph.ops if isinstance(op, Threshold)]
    assert Reference(normalised(quantizer), graph).beyond == ()  # whatever bits the product has
    assert kinds(graph)[:4] == ["matmul", "mul", "add", "quantize"]
    assert graph["act.factor"].shape == (CHANNELS,)


@pytest.mark.parametrize("bits", [14, 16])
def test_levels_beyond_a_table(bits):
    model = normalised(f"quantized_bits({bits},3,alpha=1)", channels=bits)
    assert 1 << bits > MOST_LEVELS
    graph = equal_to_keras(model, "s16.10")
    assert "threshold" not in kinds(graph)


def test_few_levels_stay_a_table():
    graph = equal_to_keras(normalised("quantized_relu(4,2)"), "s16.8")
    assert "mul" not in kinds(graph)


@pytest.mark.parametrize(
    ("activation", "quantizer", "ends"),
    [
        ("relu", "quantized_bits(12,4,alpha=1)", set()),  # an unsigned type ends there too
        ("relu6", "quantized_bits(12,4,alpha=1)", {Min}),
        ("linear", "quantized_bits(12,4,symmetric=1,alpha=1)", set()),
    ],
)
def test_saturation_on_the_way(activation, quantizer, ends):
    model = normalised(quantizer, between=[L.Activation(activation)])
    graph = equal_to_keras(model, "s16.8")
    assert {type(op) for op in graph.ops if isinstance(op, Max | Min)} == ends
    assert any(isinstance(op, Mul) for op in graph.ops)


def test_where_float32_rounds_the_reference_is_float64():
    """The sums are exact in float32, but the product moves steps by codes: no factor has those steps."""
    model = normalised("quantized_bits(12,3,alpha=1)", bits=8)
    graph = equal_to_keras(model, "s8.4")
    assert is_float32_exact(graph["sum.matmul"])
    assert graph.rounded == ("sum",)
    assert "mul" in kinds(graph)


def test_what_is_proved_says_nothing_of_float32():
    """A product of many bits, where 8-bit inputs are normalised: float32 is the reference nevertheless."""
    model = normalised("quantized_relu(10,5)", bits=4, inputs=6)
    graph = equal_to_keras(model, "s7.3")
    (product,) = (op for op in graph.ops if isinstance(op, Mul))
    assert not is_float32_exact(product)
    assert graph.inexact == ()
    bits = {row.layer: row.bits for row in qhls.compile(model, "s7.3").exactness().layers}
    assert bits["sum"] < 24
    assert bits.get("act", 0) <= 24


def test_a_scale_for_each_channel_is_a_line_too(rng):
    kernel = "quantized_bits(8,0,alpha='auto')"
    model = keras.Sequential(
        [
            keras.Input((16,)),
            QDense(4, kernel_quantizer=kernel, name="sum", activation="quantized_relu(12,5)"),
        ]
    )
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    assert "mul" in kinds(equal_to_keras(model, "s12.6"))


@pytest.mark.parametrize(("cls", "axis"), [(L.BatchNormalization, 1), (QBatchNormalization, 2)])
def test_a_normalisation_along_another_axis(cls, axis, rng):
    layers = [cls(axis=axis), QActivation("quantized_bits(11,4,alpha=1)")]
    model = keras.Sequential([keras.Input((3, 4, 2)), *layers])
    model.set_weights([rng.uniform(0.5, 2, w.shape) for w in model.get_weights()])
    graph = equal_to_keras(model, "s12.6")
    assert graph.outputs[0].shape == (3, 4, 2)
    assert "mul" in kinds(graph)


@pytest.mark.backends
def test_every_target_agrees():
    model = normalised("quantized_bits(10,4,alpha=1)")
    image = keras.Input((4, 4, 2))
    y = QConv2D(
        3,
        2,
        kernel_quantizer="quantized_bits(9,0,alpha=1)",
        bias_quantizer="quantized_bits(9,0,alpha=1)",
    )(image)
    y = QActivation("quantized_relu(10,4)")(L.BatchNormalization(epsilon=0.3)(y))
    vector = keras.Input((24,))
    both = keras.Model([image, vector], [y, model(vector)])
    design = qhls.compile(both, "s16.9")
    assert sum(isinstance(op, Mul) for op in design.graph.ops) == 2
    report = design.check()
    assert report, report


@pytest.mark.parametrize("count", [3, 10, 25, 125])
@pytest.mark.parametrize(
    ("quantizer", "types"),
    [
        ("quantized_bits(14,5,alpha=1)", "s19.10"),
        ("quantized_relu(13,4)", "s27.16"),
        ("quantized_sigmoid(14)", "s19.10"),
        ("quantized_tanh(13,symmetric=1)", "s27.16"),
    ],
)
def test_averages_before_many_levels_round_ties_to_even(count, quantizer, types):
    rounded, x = get_quantizer(quantizer), Input((1,), Fixed.parse(types), name="x")
    op = round_line(rounded, Reals(x, lambda v: v / count, True, None), rounded.rounds_to)
    assert op is not None
    lo, hi = x.type.lo, x.type.hi
    codes = np.concatenate([np.arange(0, hi, 7), np.arange(0, lo, -7), [lo, hi]])
    ties = np.arange(-4000, 4000) * count * (1 << max(x.type.frac - rounded.rounds_to.frac, 1) - 1)
    codes = np.concatenate([codes[:: len(codes) // 20000 + 1], ties - 1, ties, ties + 1])
    codes = codes.clip(lo, hi)[:, None]
    with use_precision("float64"), skip_gradients():
        numbers = ops.convert_to_tensor(np.ldexp(codes.astype(float), -x.type.frac), "float64")
        exact = ops.convert_to_numpy(rounded(numbers / count))
    (received,) = run(Graph((x,), (op,)), [codes])
    np.testing.assert_array_equal(np.ldexp(received.astype(float), -op.frac), exact)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_an_average_of_16_bit_numbers_has_no_table(padding):
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.AveragePooling2D(3, 1, padding=padding),
            QActivation("quantized_bits(14,5,alpha=1)"),
        ]
    )
    assert "threshold" not in kinds(equal_to_keras(model, "s16.10"))


@pytest.mark.parametrize(
    "quantizer",
    [
        "quantized_sigmoid(14)",
        "quantized_sigmoid(10,symmetric=1)",
        "quantized_relu(16,3,is_quantized_clip=False,relu_upper_bound=6.0)",
        "quantized_relu(14,2,negative_slope=0.125)",
        "quantized_relu(14,2,negative_slope=0.25,is_quantized_clip=False,relu_upper_bound=1.5)",
    ],
)
@pytest.mark.parametrize("types", ["s16.10", "s24.16"])
def test_quantizers_of_several_lines_have_no_table(quantizer, types):
    for layers in ([], [L.GlobalAveragePooling1D(), L.BatchNormalization()]):
        model = keras.Sequential([keras.Input((5, 2)), *layers, QActivation(quantizer)])
        assert "threshold" not in kinds(equal_to_keras(model, types))


@pytest.mark.parametrize(("mode", "slope"), [("hard", 0.5), ("smooth", 0.1875)])
def test_a_quantized_sigmoid_of_codes_is_a_rounded_line(mode, slope):
    set_internal_sigmoid(mode)
    try:
        model = keras.Sequential([keras.Input((4,)), QActivation("quantized_sigmoid(8)")])
        design = qhls.compile(model, "s12.8")
        codes = np.arange(-2048, 2048).reshape(-1, 4)
        expected = np.clip(np.rint((codes / 256 * slope + 0.5) * 256), 0, 255) / 256
        np.testing.assert_array_equal(design.run(codes / 256), expected)
        assert design.check(codes / 256, ())
        assert "threshold" not in kinds(design.graph)
    finally:
        set_internal_sigmoid("hard")
