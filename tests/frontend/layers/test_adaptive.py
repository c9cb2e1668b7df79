"""``QAdaptiveActivation`` against QKeras' numbers and against what it promises."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from qhls.errors import QuantizerError
from qhls.frontend.layers.adaptive import get_integer_bits
from qhls.layers import QAdaptiveActivation
from qhls.quantizers import quantized_bits, quantized_relu
from support.models.golden_checks import check_golden


@pytest.mark.parametrize("name", ["qadaptive_quantized_bits", "qadaptive_quantized_relu"])
def test_golden(name, shared, tmp_path):
    assert check_golden(shared / "golden" / "layers" / name, tmp_path) == (2, 0)


def test_golden_integer_bits(shared):
    table = json.loads((shared / "golden" / "utils.json").read_text())["get_integer_bits"]
    assert len(table["rows"]) > 100
    for low, high, *arguments, expected in table["rows"]:
        found = get_integer_bits(np.float32([low]), np.float32([high]), *arguments)
        assert ops.convert_to_numpy(found).tolist() == [expected], (low, high, *arguments)


@settings(deadline=None)
@given(
    st.floats(-100, 0, width=32),
    st.floats(0, 100, width=32),
    st.integers(2, 12),
    st.booleans(),
)
def test_integer_bits_are_the_fewest_without_saturation(low, high, bits, symmetric):
    values = np.float32([low, high])
    integer = int(ops.convert_to_numpy(get_integer_bits(low, high, bits, symmetric, True, False)))

    def saturates(integer):
        to = quantized_bits(bits, integer, int(symmetric)).quantization
        return bool(np.any(values < to.lo * to.to.step) or np.any(values > to.hi * to.to.step))

    assert integer == bits - 1 or not saturates(integer)
    assert integer == 0 or saturates(integer - 1)


def train(layer, x):
    return ops.convert_to_numpy(layer(x, training=True))


def test_integer_bits_follow_the_averages_one_call_later(rng):
    layer = QAdaptiveActivation("quantized_bits", 6, ema_decay=0.5)
    x = rng.uniform(-6, 6, size=(50, 3)).astype("float32")
    for step in range(4):
        before = layer.quantizer.integer
        assert before == [0, 2, 3, 3][step]  # x reaches 3, 4.5, 5.25 with the averages
        expected = ops.convert_to_numpy(quantized_bits(6, before, 1, alpha=1.0)(x))
        np.testing.assert_array_equal(train(layer, x), expected)
        np.testing.assert_allclose(layer.ema_max, [x.max() * (1 - 0.5 ** (step + 1))], rtol=1e-5)
        np.testing.assert_allclose(layer.ema_min, [x.min() * (1 - 0.5 ** (step + 1))], rtol=1e-5)
        assert int(layer.step) == step
    weights = layer.get_weights()
    expected = ops.convert_to_numpy(quantized_bits(6, 3, 1, alpha=1.0)(x))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), expected)
    for a, b in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_relu_averages_what_the_real_relu_gives(rng):
    x = rng.uniform(-6, 6, size=(50, 3)).astype("float32")
    layer = QAdaptiveActivation("quantized_relu", 6, ema_decay=0.0, relu_upper_bound=2.5)
    train(layer, x)
    assert (float(layer.ema_min[0]), float(layer.ema_max[0])) == (0, 2.5)
    assert layer.quantizer == quantized_relu(
        6, 2, relu_upper_bound=2.5, is_quantized_clip=False, negative_slope=0.0
    )
    leaky = QAdaptiveActivation("quantized_relu", 6, ema_decay=0.0, relu_neg_slope=0.25)
    train(leaky, x)
    np.testing.assert_allclose(float(leaky.ema_min[0]), x.min() / 4, rtol=1e-6)


def test_quantisation_begins_after_the_delay(rng):
    layer = QAdaptiveActivation("quantized_relu", 4, quantization_delay=2)
    x = rng.uniform(-1, 1, size=(8, 3)).astype("float32")
    quantised = ops.convert_to_numpy(quantized_relu(4)(x))
    for expected in (np.maximum(x, 0), np.maximum(x, 0), quantised, quantised):
        np.testing.assert_array_equal(train(layer, x), expected)
    early = QAdaptiveActivation("quantized_relu", 4, quantization_delay=2)
    np.testing.assert_array_equal(ops.convert_to_numpy(early(x)), quantised)


def test_the_averages_freeze(rng):
    layer = QAdaptiveActivation("quantized_bits", 4, ema_freeze_delay=1, ema_decay=0.5)
    x = rng.uniform(-1, 1, size=(8, 3)).astype("float32")
    averages = []
    for _ in range(4):
        train(layer, x)
        averages.append(float(layer.ema_max[0]))
    assert averages[0] < averages[1] == averages[2] == averages[3]
    layer.trainable = False
    before = int(layer.step)
    train(layer, x)
    assert int(layer.step) == before


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_channels_have_integer_bits_of_their_own(rank, rng):
    layer = QAdaptiveActivation("quantized_bits", 6, ema_decay=0.0, per_channel=True)
    x = rng.uniform(-1, 1, size=(20, 5, 4, 3)[-rank:]).astype("float32") * [0.5, 1.9, 7]
    x = np.concatenate([x, -x]).astype("float32")
    train(layer, x)
    assert ops.convert_to_numpy(layer.quantizer.integer).tolist() == [0, 1, 3]
    expected = [quantized_bits(6, n, 1)(x[..., c]) for c, n in enumerate((0, 1, 3))]
    expected = np.stack([ops.convert_to_numpy(y) for y in expected], axis=-1)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), expected)


def test_channels_first_keeps_the_channels(rng):
    keras.config.set_image_data_format("channels_first")
    try:
        layer = QAdaptiveActivation("quantized_bits", 6, ema_decay=0.0, per_channel=True)
        x = rng.uniform(-1, 1, size=(4, 2, 5, 5)).astype("float32")
        train(layer, x)
        np.testing.assert_allclose(layer.ema_max, x.max(axis=(0, 2, 3)))
        assert layer(x).shape == x.shape
    finally:
        keras.config.set_image_data_format("channels_last")


def test_steps_counted_elsewhere(rng):
    steps = keras.Variable(0, dtype="int32", trainable=False)
    layer = QAdaptiveActivation("quantized_bits", 4, steps, quantization_delay=5)
    x = rng.uniform(-1, 1, size=(8, 3)).astype("float32")
    np.testing.assert_array_equal(train(layer, x), x)
    steps.assign(5)
    assert np.any(train(layer, x) != x)
    assert int(layer.step) == 5
    assert len(layer.weights) == 3
    again = QAdaptiveActivation.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    train(again, x)
    assert int(again.step) == 6


def test_a_model_with_it_trains_and_comes_back(rng, tmp_path):
    layer = QAdaptiveActivation("quantized_relu", 8, quantization_delay=2, ema_decay=0.5)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), layer])
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(rng.normal(size=(64, 3)), 9 * np.ones((64, 4)), epochs=4, batch_size=32, verbose=0)
    assert not np.array_equal(before, model.get_weights()[0])
    assert int(layer.step) == 7
    assert layer.quantizer.integer > 0
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert again.layers[-1].quantizer == layer.quantizer
    x = rng.normal(size=(5, 3)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(again(x)), ops.convert_to_numpy(model(x)))


def test_reports():
    layer = QAdaptiveActivation("quantized_bits", 6)
    assert layer.get_quantizers() == [quantized_bits(6, 0, 1, alpha=1.0)]
    assert layer.get_quantization_config() == "quantized_bits(6,0,1,alpha=1.0)"


def test_refusals():
    message = (
        r"^QAdaptiveActivation: expected the activation 'quantized_bits' or 'quantized_relu', "
        r"without arguments, got 'quantized_relu\(4\)'\. .*$"
    )
    with pytest.raises(ValueError, match=message):
        QAdaptiveActivation("quantized_relu(4)", 4)
    with pytest.raises(QuantizerError, match=r"^quantized_bits: bits: expected an integer from 1"):
        QAdaptiveActivation("quantized_bits", 0)
