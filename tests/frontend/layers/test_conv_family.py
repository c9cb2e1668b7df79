"""The convolution family against QKeras' numbers and against Keras' layers."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from qhls.frontend import load_model
from qhls.layers import (
    QAveragePooling2D,
    QConv1D,
    QConv2DTranspose,
    QDepthwiseConv2D,
    QDepthwiseConv2DTranspose,
    QGlobalAveragePooling2D,
    QScaleShift,
    QSeparableConv1D,
    QSeparableConv2D,
    QSeparableConv2DTranspose,
)
from qhls.quantizers import get_quantizer, quantized_bits
from support.models.conv_examples import (
    AUTO,
    BITS,
    IMAGE,
    RELU,
    SEPARABLE,
    STEPS,
    TRANSPOSED,
    array,
    built,
    conv_examples,
)

GOLDEN = [
    "qavgpool",
    "qavgpool_noquant",
    "qavgpool_same",
    "qconv1d_causal",
    "qconv1d_same_dilated",
    "qconv1d_valid",
    "qconv2d_groups",
    "qconv2d_mask",
    "qconv2dtranspose_auto_po2",
    "qconv2dtranspose_same",
    "qconv2dtranspose_valid",
    "qdepthwise_same_stride2",
    "qdepthwise_valid",
    "qdepthwiseconv2dtranspose",
    "qglobalavgpool",
    "qmobilenet_separable",
    "qmobilenet_separable_pw_first",
    "qoctave_patched",
    "qscaleshift",
    "qseparable1d",
    "qseparable2d",
    "qseparableconv2dtranspose",
]
LOST = {
    "depthwise_activation": "quantized_relu(6,2)",
    "pointwise_activation": "quantized_relu(6,3)",
}
"""The activations of the golden QSeparableConv2DTranspose, which QKeras' get_config leaves out."""

# -- QKeras ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name, shared):
    folder = shared / "golden" / "layers" / name
    model, golden = load_model(folder / "model.h5"), np.load(folder / "weights.npz")
    if name == "qseparableconv2dtranspose":
        layer = model.layers[-1]
        again = type(layer).from_config(layer.get_config() | LOST)
        model = keras.Sequential([keras.Input(model.input_shape[1:]), again])
        again.set_weights(layer.get_weights())
    checked = 0
    for layer in model.layers:
        for variable, (quantizer, values) in getattr(
            layer, "get_quantized_weights", dict
        )().items():
            key = f"{layer.name}/{variable}:0"
            np.testing.assert_array_equal(values, golden[f"raw/{key}"])
            np.testing.assert_array_equal(array(quantizer(values)), golden[f"quant/{key}"])
            checked += 1
    assert checked == sum(key.startswith("quant/") for key in golden)
    io = np.load(folder / "io.npz")
    taps = {x.name: x.output for x in model.layers if f"act/{x.name}" in io}
    results = keras.Model(model.inputs, taps)([io["x0"]])
    for layer in taps:  # inputs and weights have few bits, so float32 is exact
        np.testing.assert_array_equal(array(results[layer]), io[f"act/{layer}"], err_msg=layer)
    np.testing.assert_array_equal(array(model(io["x0"])), io["y0"])


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_json_and_keys(name, shared):
    folder = shared / "golden" / "layers" / name
    whole = load_model(folder / "model.h5")
    parts = load_model(folder / "model.json", weights=folder / "model.h5")
    assert parts.get_config() == whole.get_config()
    for a, b in zip(parts.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    theirs = json.loads((folder / "model.json").read_text())["config"]["layers"]
    absent = {"activity_regularizer", "groups", "batch_input_shape", "ragged", "sparse"}
    unused = {
        f"kernel_{x}" for x in ("initializer", "regularizer", "constraint")
    }  # by separable ones
    for layer, other in zip(whole.layers, theirs, strict=True):
        missing = other["config"].keys() - layer.get_config().keys() - absent
        assert missing <= (unused if "Separable" in type(layer).__name__ else set())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_models_survive_saving_twice(name, shared, tmp_path):
    first = load_model(shared / "golden" / "layers" / name / "model.h5")
    first.save(tmp_path / "a.keras")
    second = load_model(tmp_path / "a.keras")
    second.save(tmp_path / "b.keras")
    third = load_model(tmp_path / "b.keras")
    assert first.get_config() == second.get_config() == third.get_config()
    for a, b in zip(first.get_weights(), third.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# -- Keras -----------------------------------------------------------------------------------------

TWINS = {
    QConv1D: layers.Conv1D,
    QDepthwiseConv2D: layers.DepthwiseConv2D,
    QSeparableConv1D: layers.SeparableConv1D,
    QSeparableConv2D: layers.SeparableConv2D,
    QConv2DTranspose: layers.Conv2DTranspose,
}
FITTING = ["separable_rounded", "separable1d_causal"]  # Keras has no such arguments
TWINNED = [n for n, (x, _) in conv_examples().items() if type(x) in TWINS and n not in FITTING]


def twin_of(layer, shape):
    """Keras' layer with the weights that the Q-layer quantises to."""
    cls = TWINS[type(layer)]
    accepted = cls(1).get_config() if cls is layers.DepthwiseConv2D else cls(1, 1).get_config()
    config = {k: v for k, v in layer.get_config().items() if k in accepted}
    twin = cls.from_config(config | {"activation": layer.activation})
    twin.build((None, *shape))
    twin.set_weights([array(layer.quantize_variable(v)) for v in layer.get_quantized_weights()])
    return twin


@pytest.mark.parametrize("name", TWINNED)
def test_the_twin_of_quantised_weights_is_the_same(name, rng):
    layer, x = built(name, rng)
    twin = twin_of(layer, x.shape[1:])
    np.testing.assert_allclose(array(layer(x)), array(twin(x)), rtol=2e-6, atol=2e-6)


def test_causal_looks_at_the_past_only(rng):
    for name in ("conv1d_causal", "separable1d_causal"):
        layer, x = built(name, rng)
        changed = x.copy()
        changed[:, 5] += 1
        difference = np.any(array(layer(x)) != array(layer(changed)), axis=(0, 2))
        assert (
            not difference[:5].any() and difference[[5, 7]].all() and not difference[[6, 8]].any()
        )
        assert layer(x).shape[1] == STEPS[0]


def test_a_separable_convolution_is_depthwise_then_pointwise(rng):
    layer, x = built("separable_rounded", rng)
    depthwise = layers.DepthwiseConv2D(2, padding="same", depth_multiplier=2, use_bias=False)
    pointwise = layers.Conv2D(3, 1)
    middle = get_quantizer(RELU)(depthwise(x))
    pointwise.build(middle.shape)
    kernel, point, bias = (array(layer.quantize_variable(v)) for v in layer.get_quantized_weights())
    depthwise.set_weights([kernel])
    pointwise.set_weights([point, bias])
    expected = pointwise(get_quantizer(RELU)(depthwise(x)))
    np.testing.assert_allclose(array(layer(x)), array(expected), rtol=1e-6, atol=1e-6)


def block_diagonal(kernel, group):
    """(h, w, in, group) of a depthwise transposed convolution as (h, w, in, in)."""
    channels = kernel.shape[2]
    dense = np.zeros((*kernel.shape[:2], channels, channels), "float32")
    for out in range(channels):
        first = out // group * group
        dense[:, :, out, first : first + group] = kernel[:, :, out]
    return dense


def test_a_depthwise_transpose_is_a_block_diagonal_transpose(rng):
    layer, x = built("depthwise_transpose", rng)
    kernel, bias = (array(layer.quantize_variable(v)) for v in layer.get_quantized_weights())
    dense = layers.Conv2DTranspose(4, 3, 2)
    dense.build(x.shape)
    dense.set_weights([block_diagonal(kernel, 2), bias])
    expected = get_quantizer(RELU)(dense(x))
    np.testing.assert_allclose(array(layer(x)), array(expected), rtol=1e-6, atol=1e-6)


def test_a_separable_transpose_is_a_diagonal_transpose_and_a_pointwise_convolution(rng):
    layer, x = built("separable_transpose", rng)
    kernel, point, bias = (array(layer.quantize_variable(v)) for v in layer.get_quantized_weights())
    dense, pointwise = layers.Conv2DTranspose(4, 3, 2, "same", use_bias=False), layers.Conv2D(3, 1)
    dense.build(x.shape)
    pointwise.build((None, 10, 12, 4))
    dense.set_weights([block_diagonal(kernel.swapaxes(2, 3), 1)])
    pointwise.set_weights([point.swapaxes(2, 3), bias])
    expected = get_quantizer(BITS)(pointwise(get_quantizer(RELU)(dense(x))))
    np.testing.assert_allclose(array(layer(x)), array(expected), rtol=1e-6, atol=1e-6)


def test_channels_first_is_channels_last_transposed(rng):
    """On the layers whose op Keras runs on a CPU with channels first."""
    last, first = (0, 2, 3, 1), (0, 3, 1, 2)
    options = {"strides": 2, "padding": "same", "use_bias": True}
    pointwise = {"pointwise_kernel_quantizer": BITS}
    for make in (
        lambda order: QDepthwiseConv2DTranspose(
            4, 3, 2, data_format=order, **options, **TRANSPOSED
        ),
        lambda order: QSeparableConv2DTranspose(
            3, 3, data_format=order, **options, **TRANSPOSED, **pointwise
        ),
        lambda order: QGlobalAveragePooling2D(order, "quantized_bits(8,0,1)"),
        lambda order: QSeparableConv2D(3, 3, data_format=order, **SEPARABLE),
    ):
        a, b = make("channels_last"), make("channels_first")
        x = rng.normal(size=(2, *IMAGE)).astype("float32")
        expected = array(a(x))
        b.build(x.transpose(first).shape)
        b.set_weights(a.get_weights())
        got = array(b(x.transpose(first)))
        got = got.transpose(last) if got.ndim == 4 else got
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


# -- pooling and scaling ---------------------------------------------------------------------------


def test_an_average_is_the_sum_times_the_quantised_reciprocal():
    x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    eighths = quantized_bits(4, 0, 1, alpha=1)  # 1/9 becomes 1/8, 1/16 becomes 0 (half to even)
    layer = QAveragePooling2D(3, 1, average_quantizer=eighths)
    np.testing.assert_array_equal(array(layer(x))[0, :, :, 0], np.array([[45, 54], [81, 90]]) / 8)
    np.testing.assert_array_equal(array(QGlobalAveragePooling2D(None, eighths)(x)), [[0]])
    fine = QGlobalAveragePooling2D(None, "quantized_bits(8,0,1)", "quantized_bits(4,3,1)")
    np.testing.assert_array_equal(array(fine(x)), [[7]])  # 7.5, saturated by the activation


def test_a_window_at_the_border_averages_what_lies_inside():
    x = np.arange(1, 10, dtype="float32").reshape(1, 3, 3, 1)
    layer = QAveragePooling2D(2, 2, "same", average_quantizer="quantized_bits(3,0,1,alpha=1)")
    np.testing.assert_array_equal(array(layer(x))[0, :, :, 0], [[3, 4.5], [7.5, 9]])


def test_a_global_average_needs_no_fixed_size():
    free, fixed = (
        keras.Sequential([keras.Input(shape), QGlobalAveragePooling2D(average_quantizer=BITS)])
        for shape in ((None, None, 2), (3, 5, 2))
    )
    x = np.arange(30, dtype="float32").reshape(1, 3, 5, 2)
    np.testing.assert_array_equal(free.predict(x, verbose=0), fixed.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["average_float", "global_average_float"])
def test_averages_without_quantizer_are_those_of_keras(name, rng):
    layer, x = built(name, rng)
    cls = layers.AveragePooling2D if "global" not in name else layers.GlobalAveragePooling2D
    accepted = layer.get_config().keys() - {"average_quantizer", "activation"}
    plain = cls.from_config({k: v for k, v in layer.get_config().items() if k in accepted})
    expected = plain(x)
    np.testing.assert_allclose(array(layer(x)), array(layer.activation(expected)), atol=1e-6)


def test_one_weight_and_one_bias_scale_and_shift(rng):
    layer, x = built("scale_shift", rng)
    weight, bias = (array(layer.quantize_variable(v)) for v in ("weight", "bias"))
    assert weight.shape == bias.shape == (1, 1)
    np.testing.assert_array_equal(array(layer(x)), x * weight + bias)
    layer, x = built("scale_only", rng)
    assert list(layer.get_quantized_weights()) == ["weight"]
    assert layer.get_prunable_weights() == [layer.weight]


# -- training --------------------------------------------------------------------------------------


def fit(model, x, outputs):
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    model.fit(x, np.ones((len(x), *outputs)), batch_size=16, epochs=1, verbose=0)
    for old, variable in zip(before, model.weights, strict=True):
        assert not np.array_equal(old, array(variable)), variable.path
        assert np.all(np.isfinite(array(variable)))


def test_every_variable_of_one_dimension_learns(rng):
    kernel = {"kernel_quantizer": BITS, "bias_quantizer": "quantized_bits(6,2)"}
    model = keras.Sequential([
        keras.Input((8, 3)),
        QConv1D(4, 3, padding="causal", **kernel),
        QConv1D(4, 3, dilation_rate=2, activation="quantized_tanh(6)", **kernel),
        QSeparableConv1D(3, 2, depthwise_activation="quantized_bits(8,3)", **SEPARABLE),
    ])  # fmt: skip
    fit(model, rng.normal(size=(32, 8, 3)), (3, 3))


def test_every_variable_of_two_dimensions_learns(rng):
    model = keras.Sequential([
        keras.Input((6, 6, 4)),
        QDepthwiseConv2D(3, depthwise_quantizer=BITS, bias_quantizer=BITS),
        QConv2DTranspose(4, 3, kernel_quantizer=AUTO, bias_quantizer=BITS),
        QSeparableConv2D(4, 3, **SEPARABLE),
        QDepthwiseConv2DTranspose(4, 2, 2, **TRANSPOSED),
        QSeparableConv2DTranspose(3, 2, pointwise_kernel_quantizer=BITS, **TRANSPOSED),
        QAveragePooling2D(2, average_quantizer=BITS),
        QScaleShift("quantized_bits(6,1)", "quantized_bits(6,1)"),
        QGlobalAveragePooling2D(average_quantizer="quantized_bits(8,0)"),
    ])  # fmt: skip
    model.layers[6].set_weights([np.ones((1, 1)), np.zeros((1, 1))])
    fit(model, rng.normal(size=(32, 6, 6, 4)), (3,))
