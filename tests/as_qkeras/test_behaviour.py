"""What code for QKeras relies on beyond names: arguments, attributes and values."""

import warnings

import keras
import numpy as np
import pytest

from qhls.layers import (
    QGRU,
    QLSTM,
    QAveragePooling2D,
    QBidirectional,
    QConv2D,
    QDense,
    QDepthwiseConv2DTranspose,
    QGlobalAveragePooling2D,
    QSimpleRNN,
)
from qhls.qkeras.names import save_quantized_weights
from qhls.quantizers import get_quantizer, quantized_bits, stochastic_ternary

BITS = "quantized_bits(4,0,1,alpha=1)"
EVERY = dict.fromkeys(
    ("kernel_quantizer", "recurrent_quantizer", "bias_quantizer", "state_quantizer"), BITS
)


def to_numpy(x):
    return keras.ops.convert_to_numpy(x)


# Quantizers


@pytest.mark.parametrize(
    "text",
    [
        "quantized_bits(4,0,use_stochastic_rounding=True)",
        "quantized_linear(4,0,use_stochastic_rounding=True)",
        "quantized_relu(4,use_stochastic_rounding=True)",
        "quantized_tanh(4,use_stochastic_rounding=True)",
        "quantized_sigmoid(4,use_stochastic_rounding=True)",
        "quantized_po2(4,use_stochastic_rounding=True)",
        "quantized_relu_po2(4,use_stochastic_rounding=True)",
        "binary(use_stochastic_rounding=True)",
        "stochastic_binary()",
        "stochastic_ternary()",
    ],
)
def test_training_decides_whether_numbers_are_drawn(text):
    quantizer = get_quantizer(text)
    x = np.array([[0.09]] * 400 + [[1.0]], np.float32)

    def same(**kwargs):
        return np.array_equal(*(to_numpy(quantizer(x, **kwargs)) for _ in range(2)))

    assert same()
    assert same(training=False)
    assert not same(training=True)


def test_training_holds_for_one_call():
    quantizer = get_quantizer("stochastic_binary()")
    x = np.full((1, 400), 0.1, np.float32)
    layer = QDense(2, kernel_quantizer=BITS, activation=quantizer)
    y = to_numpy(layer(np.ones((200, 1), np.float32), training=True))
    assert len(np.unique(to_numpy(quantizer(x, training=False)))) == 1
    assert set(np.unique(y)) <= {-1.0, 1.0}


def test_scales_are_known_from_the_start_where_they_are_frozen():
    x = np.array([[1.3, 5.0], [-0.2, 9.0]], np.float32)
    fitted = quantized_bits(4, 1, alpha="auto_po2")
    expected = to_numpy(fitted(x))
    frozen = quantized_bits(4, 1, alpha="auto_po2", post_training_scale=to_numpy(fitted.scale))
    np.testing.assert_array_equal(frozen.scale, to_numpy(fitted.scale))
    np.testing.assert_array_equal(to_numpy(frozen(x)), expected)
    assert not np.array_equal(to_numpy(frozen(x / 8)), expected / 8)
    np.testing.assert_array_equal(to_numpy(frozen.scale), to_numpy(fitted.scale))


def test_a_scale_that_is_set_holds_until_the_next_call():
    layer = QDense(2, kernel_quantizer=quantized_bits(4, 0, alpha="auto_po2"))
    layer(np.ones((1, 3), np.float32))
    (quantizer, _) = layer.quantizers
    fitted = to_numpy(quantizer.scale)
    quantizer.scale = np.array([[8.0, 16.0]])
    np.testing.assert_array_equal(quantizer.scale, [[8.0, 16.0]])
    layer(np.ones((1, 3), np.float32))
    np.testing.assert_array_equal(to_numpy(quantizer.scale), fitted)


@pytest.mark.parametrize("alpha", ["auto", "auto_po2"])
def test_stochastic_ternary_draws_around_its_fitted_threshold(alpha):
    keras.utils.set_random_seed(0)
    x = np.sort(np.random.default_rng(1).uniform(-0.01, 0.01, (2000, 6)), axis=1).astype(np.float32)
    quantizer = stochastic_ternary(alpha=alpha, temperature=8)
    drawn = to_numpy(quantizer(x, training=True))
    scale = to_numpy(quantizer.scale)
    expected = np.full((1, 6), 2 * np.abs(x).max(axis=0) / 3)
    if alpha == "auto_po2":
        expected = 2.0 ** np.round(np.log2(expected))
    for _ in range(5):
        codes = np.sign(x) * (np.abs(x) >= expected / 2)
        expected = (x * codes).mean(0, keepdims=True) / (
            (codes * codes).mean(0, keepdims=True) + 1e-7
        )
        if alpha == "auto_po2":
            expected = 2.0 ** np.round(np.log2(expected))
    np.testing.assert_allclose(scale, expected, rtol=1e-4)
    std = x.std(0, keepdims=True) + 1e-7
    low, high = (1 / (1 + np.exp(-8 * (x + s * expected / 2) / std)) for s in (1, -1))
    codes = drawn / scale
    assert set(np.unique(codes.round(5))) == {-1.0, 0.0, 1.0}
    np.testing.assert_allclose(codes.mean(0), (low + high - 1).mean(0), atol=0.04)


# Layers


@pytest.mark.parametrize("cls", [QSimpleRNN, QLSTM, QGRU])
def test_recurrent_layers_have_the_quantizers_of_their_cells(cls):
    layer = cls(4, **EVERY)
    assert layer.quantizers == layer.get_quantizers() == [get_quantizer(BITS)] * 4
    for name in EVERY:
        assert getattr(layer, f"{name}_internal") is getattr(layer, name) is not None
    restored = cls.from_config(layer.get_config())
    assert restored.state_quantizer_internal == get_quantizer(BITS)
    both = QBidirectional(cls(4, **EVERY))
    both(np.ones((1, 2, 3), np.float32))
    assert both.quantizers == both.get_quantizers() == [get_quantizer(BITS)] * 8
    assert len(both.get_prunable_weights()) == 4


@pytest.mark.parametrize("cls", [QLSTM, QGRU])
def test_the_implementation_of_keras_2_is_1(cls):
    layer = cls(4, implementation=0)
    assert layer.implementation == 1
    assert cls.from_config(layer.get_config() | {"implementation": 0}).implementation == 1
    assert cls(4, implementation=2).implementation == 2


@pytest.mark.parametrize("cls", [QAveragePooling2D, QGlobalAveragePooling2D])
def test_integers_are_averaged(cls):
    x = np.random.default_rng(0).integers(-9, 9, (2, 4, 4, 3))
    for quantizer in (None, BITS):
        layer = cls(average_quantizer=quantizer)
        result = layer(keras.ops.convert_to_tensor(x, "int32"))
        expected = layer(x.astype(np.float32))
        np.testing.assert_array_equal(to_numpy(result), to_numpy(expected))
        assert "float" in str(result.dtype)


def test_a_bias_of_other_than_the_channels_is_not_added():
    def layer(**kwargs):
        return QDepthwiseConv2DTranspose(
            kernel_size=2, depthwise_kernel_quantizer=BITS, bias_quantizer=BITS, **kwargs
        )

    x = np.random.default_rng(0).normal(size=(1, 3, 3, 4)).astype(np.float32)
    odd, plain = layer(filters=2), layer(filters=4, use_bias=False)
    with pytest.warns(
        UserWarning, match=r"^QDepthwiseConv2DTranspose: the input has 4 channels, so a bias of "
    ):
        assert odd(x).shape == (1, 4, 4, 4)
    assert [tuple(w.shape) for w in odd.weights] == [(2, 2, 4, 1), (2,)]
    plain(x)
    plain.set_weights(odd.get_weights()[:1])
    odd.bias.assign([1.0, 1.0])
    np.testing.assert_array_equal(to_numpy(odd(x)), to_numpy(plain(x)))
    assert len(odd.get_quantizers()) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(filters=4)(x)


# Utilities


def test_saved_weights_are_left_in_the_model():
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            QConv2D(2, 3, kernel_quantizer=BITS, bias_quantizer=BITS, name="c"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype(np.float32)
    before, result = model.get_weights(), to_numpy(model(x))
    saved = save_quantized_weights(model)
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(after[0], to_numpy(get_quantizer(BITS)(before[0])))
    np.testing.assert_array_equal(saved["c"]["weights"][0], after[0])
    np.testing.assert_array_equal(to_numpy(model(x)), result)
