"""Every Q-layer and quantizer under each policy of number types."""

import keras
import numpy as np
import pytest

import qhls
from qhls.layers import QActivation, QAdaptiveActivation, QConv2D, QConv2DBatchnorm, QDense
from qhls.quantizers import get_quantizer
from qhls.utils import list_hardware_weights, model_save_quantized_weights
from support.models.conv_examples import conv_examples
from support.models.stateful_examples import stateful_examples

POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "float64")
BITS = "quantized_bits(6,1,alpha=1)"
QUANTIZERS = (
    "quantized_relu(6,2)", "quantized_bits(6,2)", "quantized_bits(6,alpha='auto_po2')", "quantized_tanh(6)",
    "quantized_sigmoid(6,use_real_sigmoid=1)", "quantized_po2(4)", "quantized_relu_po2(4)", "quantized_ulaw(6)",
    "quantized_hswish(6,1)", "quantized_linear(6,1)", "quantized_linear(6,1,alpha='auto')", "binary(alpha='auto')",
    "ternary(alpha='auto')", "stochastic_ternary(alpha='auto')", "stochastic_binary()", "bernoulli()",
    "quantized_relu(6,2,use_stochastic_rounding=True)", "quantized_relu(6,2,negative_slope=0.25)",
)  # fmt: skip


def examples():
    dense = {
        "dense": (QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS, activation="relu"), (4,)),
        "conv": (QConv2D(3, 3, kernel_quantizer="quantized_bits(4)"), (5, 6, 4)),
        "adaptive_by_channel": (QAdaptiveActivation("quantized_bits", 6, per_channel=True), (5, 4)),
    }
    return conv_examples() | stateful_examples() | dense


@pytest.fixture(params=POLICIES)
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def _computed(layer, x, **kwargs):
    made = layer(keras.ops.convert_to_tensor(x), **kwargs)
    return keras.tree.flatten(made)[0]


def _trains(layer):
    return {"training": True} if layer._call_has_training_arg else {}


@pytest.mark.parametrize("name", examples())
def test_layers_compute_in_the_type_of_their_policy(policy, name, rng):
    layer, shape = examples()[name]
    x = rng.normal(size=(2, *shape)).astype("float32")
    for arguments in (_trains(layer), {}):
        made = _computed(layer, x, **arguments)
        assert keras.backend.standardize_dtype(made.dtype) == layer.compute_dtype
        assert np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(made, "float32"))).all()
    for each in list_hardware_weights(layer):
        assert np.isfinite(each.values).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("text", QUANTIZERS)
def test_quantizers_keep_the_type_of_numbers(text, dtype, rng):
    x = keras.ops.cast(keras.ops.convert_to_tensor(rng.normal(size=(4, 3))), dtype)
    made = get_quantizer(text)(x)
    assert keras.backend.standardize_dtype(made.dtype) == dtype
    assert np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(made, "float32"))).all()


def test_a_model_trains(policy, rng):
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            QConv2DBatchnorm(2, 3, kernel_quantizer=BITS, bias_quantizer=BITS),
            QAdaptiveActivation("quantized_relu", 6),
            keras.layers.Flatten(),
            QDense(1, kernel_quantizer="quantized_bits(4)", bias_quantizer=BITS),
            keras.layers.Activation("linear", dtype="float32"),
        ]
    )
    model.compile("sgd", "mse")
    history = model.fit(rng.normal(size=(8, 5, 5, 1)), np.zeros((8, 1)), verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize(
    "quantizer", ["quantized_bits(4,0,alpha=1)", "quantized_po2(4)", "ternary(alpha=1)"]
)
def test_what_is_exported_is_what_is_computed(policy, quantizer):
    """The kernel is quantised as it was trained, also where its half precision would be another code."""
    values = [0.18749, 0.1874999, 0.3299999, -0.70710677, 0.3535534]
    layer = QDense(1, use_bias=False, kernel_quantizer=quantizer)
    model = keras.Sequential([keras.Input((len(values),)), layer])
    layer.kernel.assign(np.reshape(values, (-1, 1)))
    computed = keras.ops.convert_to_numpy(keras.ops.cast(model(np.eye(len(values))), "float32"))
    (exported,) = list_hardware_weights(layer)
    np.testing.assert_array_equal(computed, exported.values)


def test_a_folded_kernel_is_exported_as_it_is_computed(policy, rng):
    layer = QConv2DBatchnorm(
        1, 1, kernel_quantizer="quantized_bits(4,0,alpha=1)", bias_quantizer=BITS
    )
    model = keras.Sequential([keras.Input((1, 1, 1)), layer])
    layer.kernel.assign(np.full((1, 1, 1, 1), 0.187))
    layer.batchnorm.gamma.assign([1.0031])
    kernel, bias = model_save_quantized_weights(model)[layer.name]["weights"]
    computed = [np.float32(model(np.full((1, 1, 1, 1), x))) for x in (0.0, 1.0)]
    np.testing.assert_array_equal(computed[0].ravel(), bias)
    np.testing.assert_array_equal((computed[1] - computed[0]).ravel(), kernel.ravel())


def test_float64_is_checked(rng):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        adaptive = QAdaptiveActivation("quantized_relu", 6)
        model = keras.Sequential(
            [
                keras.Input((4,)),
                QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS),
                adaptive,
                QDense(2, kernel_quantizer="quantized_bits(4,alpha='auto')"),
                QActivation("quantized_bits(8,3,alpha=1)"),
            ]
        )
        adaptive.ema_max.assign([3.0])
        assert qhls.compile(model, "s8.4").check(rng.integers(-64, 64, (50, 4)) / 16, targets=())
    finally:
        keras.config.set_dtype_policy(before)


# the scale of a quantizer


def test_the_scale_is_that_of_the_present_weights(rng):
    layer = QDense(2, kernel_quantizer="quantized_bits(4,0,alpha='auto')", name="d")
    model = keras.Sequential([keras.Input((3,)), layer])
    x = rng.normal(size=(8, 3)).astype("float32")
    model(x)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    for _ in range(2):  # the second time nothing is traced
        model.fit(x, np.ones((8, 2)), verbose=0)
        scale = np.abs(layer.get_weights()[0]).max(0) / 7 * 8
        told = keras.ops.convert_to_numpy(layer.kernel_quantizer.scale)
        np.testing.assert_allclose(np.ravel(told), scale, rtol=1e-5)
    layer.kernel.assign(np.full((3, 2), 0.7))
    np.testing.assert_allclose(np.ravel(layer.kernel_quantizer.scale), 0.8, rtol=1e-5)


def test_the_scale_of_a_call_of_ones_own_is_that_of_the_call():
    layer = QDense(2, kernel_quantizer="quantized_bits(4,0,alpha='auto')")
    layer(np.ones((1, 3), "float32"))
    layer.kernel_quantizer(np.full((3, 2), 1.4, "float32"))
    np.testing.assert_allclose(np.ravel(layer.kernel_quantizer.scale), 1.6, rtol=1e-5)


# designs of models in other types than float32

HALVES = (
    *(
        "quantized_relu(6,2)",
        "quantized_bits(6,2)",
        "quantized_tanh(6)",
        "quantized_po2(4)",
        "relu",
    ),
    *("quantized_sigmoid(6,use_real_sigmoid=1)", "quantized_relu_po2(4)", "quantized_ulaw(6)"),
    *("quantized_hswish(6,1)", "binary(alpha=1)", "ternary(alpha=1)", "hard_tanh", "hard_sigmoid"),
)
"""Activations that are one function of each number."""


def values(*, kernel="quantized_bits(3,1,alpha=1)", **types):
    """A model with a layer of each kind, its types by the names of its layers."""

    def of(name):
        return {"name": name, "dtype": types.get(name, types.get("every", "float32"))}

    x = keras.Input((6, 5, 2), name="x")
    kernel = {"kernel_quantizer": kernel, "bias_quantizer": kernel}
    y = QConv2D(2, 2, **kernel, **of("conv"))(x)
    y = QActivation("quantized_relu(4,2)", **of("act"))(y)
    y = keras.layers.MaxPooling2D(2, **of("pool"))(y)
    y = keras.layers.Flatten(**of("flat"))(y)
    y = QDense(3, activation="relu", **kernel, **of("dense"))(y)
    z = QDense(3, **kernel, **of("other"))(y)
    model = keras.Model(x, keras.layers.Add(**of("add"))([y, z]))
    random = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.7, weight.shape))
    return model, random.integers(-16, 16, (64, 6, 5, 2)) / 4


def assert_exact(model, x, types="s5.2"):
    """The design is exact, and equals the model as its user has it."""
    design = qhls.compile(model, types)
    report = design.check(x, targets=())
    assert report, report
    wanted = keras.ops.convert_to_numpy(keras.ops.cast(model(x), "float64"))
    np.testing.assert_array_equal(design.run(x), wanted)


@pytest.mark.parametrize(
    "types",
    [
        {"every": "mixed_float16"},
        {"every": "float16"},
        {"every": "mixed_float16", "conv": "float32"},
        {"every": "float32", "act": "mixed_float16", "pool": "mixed_bfloat16"},
        {"every": "float64"},
    ],
    ids=str,
)
def test_a_design_is_exact_where_its_type_holds_all_numbers(types):
    assert_exact(*values(**types))


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (
            {"every": "mixed_bfloat16", "kernel": "quantized_bits(6,1,alpha=1)"},
            r"^layer 'conv' \(QConv2D\): expected numbers that bfloat16 holds, of at most 8 bits, "
            r"got sums up to \d+ x 2\*\*-\d+\. Give it fewer bits, or dtype='float32'\.$",
        ),
        (
            {"every": "mixed_float16", "kernel": "quantized_bits(10,1,alpha=1)"},
            r"^layer 'conv' .*float16 holds, of at most 11 bits, got sums up to",
        ),
        (
            {"act": "mixed_float16", "kernel": "quantized_bits(12,1,alpha=1)"},
            r"^layer 'act' .*float16 holds, of at most 11 bits, got sums of the type",
        ),
        (
            {"add": "mixed_bfloat16", "kernel": "quantized_bits(6,1,alpha=1)"},
            r"^layer 'add' .*bfloat16 holds, of at most 8 bits, got inputs of the type",
        ),
        (
            {"conv": "mixed_float16", "kernel": "quantized_bits(3,1,alpha='auto')"},
            r"^layer 'conv' .*float16 holds, of at most 11 bits, got real numbers\. Give",
        ),
        (
            {"every": "float64", "pool": "float32"},
            r"^layer 'pool' \(MaxPooling2D\): expected float64, as in other layers of the model, "
            r"got float32\. Give all layers the same dtype\.$",
        ),
    ],
    ids=str,
)
def test_other_types_are_refused(types, message):
    model, _ = values(**types)
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s5.2")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("text", HALVES)
def test_activations_in_half_precision_are_exact_or_refused(text, dtype):
    """Every code of the input: the design equals the model, or compile says that the type rounds."""
    model = keras.Sequential([keras.Input((1,)), QActivation(text, name="act", dtype=dtype)])
    x = np.arange(-128, 128)[:, None] / 16
    try:
        qhls.compile(model, "s8.4")
    except qhls.LoweringError as error:
        assert str(error).startswith(
            f"layer 'act' (QActivation): expected numbers that {dtype} holds"
        )
        return
    assert_exact(model, x, "s8.4")


def test_weights_that_the_type_rounds_are_refused():
    layer = QDense(
        1,
        kernel_quantizer="quantized_bits(14,0,alpha=1)",
        use_bias=False,
        name="d",
        dtype="mixed_float16",
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    layer.kernel.assign([[0.5001220703125]])
    message = r"^layer 'd' .*got (constants such as 0\.5001|weights of 'kernel' that float16 rounds|sums up to)"
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "u1.0")


@pytest.mark.parametrize("value", [0.1874999999, 0.18750000001])
def test_codes_of_float64_weights_are_those_of_float64(value):
    layer = QDense(
        1, kernel_quantizer="quantized_bits(4,0,alpha=1)", use_bias=False, dtype="float64"
    )
    model = keras.Sequential([keras.Input((1,), dtype="float64"), layer])
    layer.kernel.assign([[value]])
    assert_exact(model, np.array([[1.0]]), "u1.0")


def test_layers_within_a_layer_of_half_precision_are_refused():
    inner = QDense(2, kernel_quantizer=BITS, dtype="mixed_float16")
    model = keras.Sequential(
        [keras.Input((3, 2)), keras.layers.TimeDistributed(inner, name="rows")]
    )
    message = r"^layer 'rows' \(TimeDistributed\): expected numbers that float16 holds, .*, got layers within it"
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s5.2")


def test_an_operation_on_half_precision_is_lowered_where_exact():
    x = keras.Input((2,), dtype="float16")
    codes = np.array([[-8.0, 7.5], [3.5, -0.5]])
    assert_exact(keras.Model(x, x * 4 + x), codes, "s5.1")
    with pytest.raises(
        qhls.LoweringError, match=r"^layer .*: expected numbers that float16 holds, "
    ):
        qhls.compile(keras.Model(x, x * 4095 + x), "s5.1")
