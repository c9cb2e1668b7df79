"""Activations that are steps: the thresholds found equal the float function at every code, on every execution."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

import qhls
import qhls.quantizers as qz
from qhls.check.executions import check
from qhls.errors import LoweringError
from qhls.frontend import QActivation
from qhls.frontend.lowering.steps import MOST_LEVELS, step_function
from qhls.frontend.lowering.trace import trace
from qhls.ir import Fixed, Graph, Input, Quantize, Threshold, run
from qhls.ir.interpret import draw_codes
from qhls.quantizers.numerics import use_precision
from support.models.traces import agree

MONOTONE = [
    "quantized_tanh(4,use_real_tanh=True)",
    "quantized_sigmoid(5,use_real_sigmoid=True)",
    "quantized_sigmoid(3)",
    "quantized_ulaw(4)",
    "quantized_po2(4)",
    "quantized_po2(4,2.0)",
    "quantized_po2(4,quadratic_approximation=True)",
    "quantized_relu_po2(4)",
    "quantized_relu_po2(4,negative_slope=0.25)",
    "quantized_relu(4,1,use_sigmoid=1)",
    "quantized_relu(4,1,use_sigmoid=1,negative_slope=0.25)",
    "quantized_relu(6,2,relu_upper_bound=1.3,is_quantized_clip=False)",
    "quantized_bits(4,0,alpha=0.3)",
    "binary(alpha=1)",
    "binary(use_01=True,alpha=1)",
    "ternary(alpha=1)",
    "ternary(alpha=0.7,threshold=0.2)",
    "hard_sigmoid",
    "smooth_sigmoid",
    "smooth_tanh",
    "binary_tanh",
]
TURNING = ["quantized_hswish(5,1,alpha=1)", "quantized_hswish(4,2,relu_shift=2)"]


def steps_of(activation, dims=(6,)):
    return keras.Sequential([keras.Input(dims), QActivation(activation, name="x")])


@pytest.mark.parametrize("types", ["s9.6", "u7.3", "s4.8", "s22.14"])
@pytest.mark.parametrize("activation", MONOTONE)
def test_monotone_activations(activation, types, rng):
    """Narrow inputs are tried code by code, wide ones bisected."""
    if activation in ("smooth_sigmoid", "smooth_tanh", "hard_sigmoid") and types == "s22.14":
        pytest.skip("its values there are more than a table holds")
    agree(steps_of(activation), types, rng, samples=200)


@pytest.mark.parametrize("types", ["s9.6", "u7.3", "s16.11"])
@pytest.mark.parametrize("activation", TURNING)
def test_activations_that_turn(activation, types, rng):
    agree(steps_of(activation), types, rng, samples=200)


def test_an_assignment_stays_one():
    (op,) = trace(steps_of("quantized_tanh(4)"), "s9.6").outputs
    assert isinstance(op, Quantize)


def test_every_target_agrees():
    """All of them read one input: one library a target."""
    x = keras.Input((24,))
    model = keras.Model(x, [QActivation(a)(x) for a in (*MONOTONE, *TURNING)])
    report = qhls.compile(model, "s9.5").check()
    assert report, report


def test_between_layers(rng):
    """As after a wide accumulator, whose type no table could enumerate."""
    model = keras.Sequential(
        [
            keras.Input((40,)),
            qhls.layers.QDense(8, kernel_quantizer="quantized_bits(8,0,alpha=1)", use_bias=False),
            QActivation("quantized_tanh(6,use_real_tanh=True)"),
            qhls.layers.QDense(3, kernel_quantizer="ternary(alpha=1)", use_bias=False),
        ]
    )
    model.set_weights([rng.normal(size=w.shape) / 4 for w in model.get_weights()])
    graph = agree(model, "s8.7", rng, samples=200)
    (op,) = (op for op in graph.ops if isinstance(op, Threshold))
    assert op.x.type.width > 16
    assert op.thresholds.size <= 63


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_a_step_of_codes_beyond_63_bits(layers):
    """Products of 16 bits each, without a quantizer between them: 49, 64 and 79 bits."""
    model = keras.Sequential([keras.Input((1,))])
    for _ in range(layers):
        options = {"kernel_quantizer": "quantized_bits(16,0,alpha=1)", "use_bias": False}
        model.add(qhls.layers.QDense(1, **options))
    model.add(QActivation("binary(alpha=1)"))
    model.set_weights([np.full((1, 1), 1 - 2.0**-15) for _ in range(layers)])
    design = qhls.compile(model, "s19.10")
    x = np.array([-256, -2, -(2.0**-10), 0, 2.0**-10, 2, 255])[:, None]
    np.testing.assert_array_equal(design.run(x), np.where(x < 0, -1, 1))
    assert design.check(x)


def test_a_function_that_turns_on_wide_codes(rng):
    """All 2**22 codes are tried; its lowest value is a tie of the quantizer."""
    agree(steps_of("quantized_hswish(6,2,alpha=1)"), "s22.18", rng, samples=2000)


@pytest.mark.parametrize("types", ["s26.20", "s50.44"])
@pytest.mark.parametrize(
    "activation",
    [
        "quantized_hswish(6,2,alpha=1)",  # its lowest value is a tie
        "quantized_hswish(9,1,alpha=2)",
        "quantized_hswish(5,1,relu_shift=2,relu_upper_bound=5)",
        "quantized_hswish(8,2,relu_shift=5,relu_upper_bound=3)",
    ],
)
def test_hard_swish_of_codes_that_are_too_many_to_try(activation, types, rng):
    """Only where rounding may turn it, all codes are tried; beside each step as well as anywhere else."""
    design = qhls.compile(steps_of(activation), types)
    (op,) = (op for op in design.graph.ops if isinstance(op, Threshold))
    steps = op.thresholds.codes.to_integers()
    beside = np.concatenate([steps + k for k in range(-60, 60)])
    beside = np.concatenate([beside, rng.integers(*op.x.range.hull, 2000)])
    x = np.clip(beside, *op.x.range.hull)[:, None] * 2.0**-op.x.type.frac + np.zeros((1, 6))
    report = design.check(x, targets=())
    assert report, report


def test_hard_swish_behind_a_wide_normalisation(rng):
    """Each channel has its own codes at which rounding may turn it."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.BatchNormalization(),
            QActivation("quantized_hswish(6,2,alpha=1)"),
        ]
    )
    gamma, others = np.array([1.5, -0.7, 0.0]), rng.uniform(0.5, 2, (3, 3))
    model.layers[0].set_weights([gamma, *others])
    design = qhls.compile(model, "s30.24")
    report = design.check(rng.uniform(-4, 4, (5000, 3)), targets=())
    assert report, report


def test_another_function_that_turns_needs_fewer_codes():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Activation("silu"),
            QActivation("quantized_bits(4,1,alpha=1)", name="x"),
        ]
    )
    message = (
        r"^layer 'x' \(QActivation\): quantizer quantized_bits\(.*\): expected an input of at most 24 bits, all "
        r"channels together, because the function may turn, got one of 30 bits\. Quantise it first"
    )
    with pytest.raises(LoweringError, match=message):
        trace(model, "s30.20")


@pytest.mark.parametrize("types", ["s18.10", "s30.28", "s60.50"])
@pytest.mark.parametrize(
    "activation",
    [
        "quantized_relu_po2(4,quadratic_approximation=True)",
        "quantized_po2(4,quadratic_approximation=True)",
        "quantized_po2(6,max_value=1,quadratic_approximation=True)",
        "quantized_relu_po2(5,negative_slope=0.25,quadratic_approximation=True)",
    ],
)
def test_even_exponents_of_tiny_numbers(activation, types, rng):
    """What is below 1e-7 becomes a larger number than what is just above: on both sides of it and of 0."""
    layers = [keras.layers.BatchNormalization()] if types == "s60.50" else []
    model = keras.Sequential([keras.Input((1,)), *layers, QActivation(activation)])
    design = qhls.compile(model, types)
    x = design.graph.inputs[0].type
    exponents = np.concatenate([-rng.uniform(0, x.frac, 300), rng.uniform(-24, -22, 300)])
    tiny = 2.0 ** np.concatenate([exponents, np.arange(-x.frac, x.integer)])
    numbers = np.concatenate([tiny, -tiny, [0.0]]).clip(x.lo * x.step, x.hi * x.step)
    codes = np.rint(np.ldexp(numbers, x.frac)).astype(np.int64)[:, None]
    report = check(design, [codes.clip(x.lo, x.hi)], ())
    assert report, report


@pytest.mark.parametrize("last", ["binary(alpha=0.3)", "quantized_bits(5,2,alpha=0.3)"])
def test_values_beside_a_grid_with_real_numbers_elsewhere(last, rng):
    """``x + (q - x)`` is ``q`` but for rounding: thresholds and reference leave it out together, in every layer."""
    layers = [keras.layers.BatchNormalization(), QActivation("quantized_bits(6,1,alpha=1)")]
    dense = qhls.layers.QDense(3, kernel_quantizer="quantized_bits(6,1,alpha=1)")
    model = keras.Sequential([keras.Input((4,)), *layers, dense, QActivation(last)])
    model.set_weights([abs(rng.normal(size=w.shape)) for w in model.get_weights()])
    design = qhls.compile(model, "s8.3")
    report = check(design, design.random_codes(256), ())
    assert report, report
    values = np.unique(design.run(rng.normal(size=(300, 4)) * 8))
    assert len(values) == (2 if "binary" in last else len(np.unique(values.astype(np.float16))))


@pytest.mark.parametrize("function", ["tanh", "softplus", "sigmoid"])
def test_steps_do_not_depend_on_the_place_in_a_batch(function):
    """TensorFlow's kernels differ by a bit at a tensor's end; every code alone, and in batches of any length."""
    dense = qhls.layers.QDense(1, kernel_quantizer="quantized_bits(8,0,alpha=1)", use_bias=False)
    layers = [dense, keras.layers.Activation(function), QActivation("quantized_bits(12,2,alpha=1)")]
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.set_weights([np.full((1, 1), 0.7109375)])
    design = qhls.compile(model, "s12.8")
    codes = np.arange(-2048, 2048)[:, None]
    for length in (1, 3, 5, 4096):
        start = 0 if length > 5 else 1500
        report = check(design, [codes[start : start + length]], ())
        assert report, report


WIDE = ["s53.20", "s62.30", "s63.3", "u63.63", "s64.20", "u64.0", "s65.62", "u66.40", "s100.60"]


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-3, 3),
    st.floats(-50, 50),
    st.integers(1, 200),
    st.sampled_from(["s24.12", "s10.4", "u20.19", "s12.-3", *WIDE]),
    st.integers(0, 1000),
)
def test_any_monotone_function(slope, offset, top, types, seed):
    """Rising or falling, with jumps over several levels, to the last code before and after a step."""
    x = Input((1,), Fixed.parse(types), name="x")
    scale = 1.0 if types not in WIDE else 2.0 ** (10 - x.type.integer)

    def function(values):
        return ops.clip(ops.round(values * (slope * scale) + offset), -top, top) * 3.0

    op = step_function("test", function, x, turns=())
    near = op.thresholds.codes.to_integers().astype(object)[:, None] + np.array([-1, 0])
    random = draw_codes(x.type, (100,), np.random.default_rng(seed)).astype(object)
    ends = np.array([x.type.lo, x.type.hi], object)
    codes = np.concatenate([near.ravel(), random, ends]).clip(x.type.lo, x.type.hi)
    (received,) = run(Graph((x,), (op,)), [codes[:, None]])
    dtype = "float64" if types in WIDE else "float32"
    numbers = np.ldexp(codes.astype(float), -x.type.frac).astype(dtype)
    with use_precision(dtype):
        expected = ops.convert_to_numpy(function(ops.convert_to_tensor(numbers)))
    np.testing.assert_array_equal(np.ldexp(received[:, 0].astype(float), -op.frac), expected)


def test_few_calls_find_the_steps_of_a_wide_input():
    """A call of the function costs more than the few numbers in it."""
    x = Input((1,), Fixed.parse("s60.30"), name="x")
    calls = []

    def function(values):
        calls.append(len(values))
        return ops.sign(values - 5.0) + ops.sign(values + 2.0**20)

    op = step_function("test", function, x, turns=())
    assert op.thresholds.codes.to_integers().tolist() == [
        -(1 << 50),
        1 - (1 << 50),
        5 << 30,
        (5 << 30) + 1,
    ]
    assert len(calls) < 16
    assert max(calls) <= 2048


def test_a_constant_function_is_one_level():
    x = Input((2,), Fixed.parse("s5.2"), name="x")
    op = step_function("test", lambda values: values * 0 + 2.0, x, turns=())
    assert (op.range.hull, op.frac) == ((1, 1), -1)


@pytest.mark.parametrize(
    ("activation", "types", "message"),
    [
        (
            "quantized_tanh(14,use_real_tanh=True)",
            "s20.16",
            rf"quantizer quantized_tanh\(.*\): expected a function of at most {MOST_LEVELS} steps on its input, "
            r"got more\. Give its quantizer fewer bits",
        ),
        (
            "quantized_bits(4,0,alpha='auto')",
            "s5.2",
            r"quantizer quantized_bits\(.*\): expected an activation quantizer that is one function of each "
            r"number, got one whose scale follows the data",
        ),
        ("bernoulli()", "s5.2", r"quantizer bernoulli.*: expected an activation quantizer that is"),
        (
            qz.quantized_relu(4, 1, use_sigmoid=1, qnoise_factor=0.5),
            "s5.2",
            r"quantizer quantized_relu\(.*\): expected an activation quantizer that is one function",
        ),
    ],
)
def test_refusals(activation, types, message):
    with pytest.raises(LoweringError, match=rf"^layer 'x' \(QActivation\): {message}"):
        trace(steps_of(activation), types)


def test_a_function_without_a_value_is_refused():
    x = Input((2,), Fixed.parse("s5.2"), name="x")
    with pytest.raises(
        LoweringError, match=r"^quantizer log: expected finite values, got (nan|-inf) on"
    ):
        step_function("log", ops.log, x, turns=())


@pytest.mark.parametrize(
    ("cls", "sizes", "shape"),
    [("QDenseBatchnorm", (3,), (5,)), ("QConv2DBatchnorm", (3, (2, 1)), (4, 3, 2))],
)
def test_folded_layers(cls, sizes, shape, rng):
    """Kernel and bias are those of inference, folded, then quantised."""
    layer = getattr(qhls.layers, cls)(
        *sizes,
        kernel_quantizer="quantized_bits(5,1,alpha=1)",
        bias_quantizer="quantized_bits(6,2,alpha=1)",
        activation="quantized_tanh(4,use_real_tanh=True)",
    )
    model = keras.Sequential([keras.Input(shape), layer])
    model.set_weights(
        [
            np.abs(rng.normal(size=w.shape)) if w.dtype.kind == "f" else w
            for w in model.get_weights()
        ]
    )
    agree(model, "s6.3", rng, samples=200)


@pytest.mark.parametrize("activation", ["quantized_bits", "quantized_relu"])
def test_an_adaptive_activation(activation, rng):
    layer = qhls.layers.QAdaptiveActivation(activation, 5)
    model = keras.Sequential([keras.Input((6,)), layer])
    layer.ema_max.assign([3.0])
    layer.ema_min.assign([-2.5])
    agree(model, "s9.5", rng, samples=200)


@pytest.mark.parametrize("before", [[], [keras.layers.Activation("tanh")]], ids=["codes", "reals"])
@pytest.mark.parametrize(
    ("activation", "more"),
    [
        ("quantized_bits", {}),
        ("quantized_bits", {"symmetric": False}),
        ("quantized_relu", {}),
        ("quantized_relu", {"relu_neg_slope": 0.25}),
        ("quantized_relu", {"relu_upper_bound": 1.3}),
    ],
)
def test_an_adaptive_activation_for_each_channel(activation, more, before, rng):
    layer = qhls.layers.QAdaptiveActivation(activation, 5, per_channel=True, **more)
    model = keras.Sequential([keras.Input((2, 3)), *before, layer])
    layer.ema_max.assign([0.3, 1.4, 3.0])
    layer.ema_min.assign([-0.2, -1.3, -2.5])
    agree(model, "s9.5", rng, samples=200)
