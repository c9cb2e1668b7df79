"""``QMobileNetSeparableConv2D``, ``QOctaveConv2D`` and ``OctaveConv2D``: functions that add several layers."""

import keras
import numpy as np
import pytest

from qhls.frontend import load_model
from qhls.layers import OctaveConv2D, QActivation, QMobileNetSeparableConv2D, QOctaveConv2D
from qhls.quantizers import quantized_bits
from support.models.conv_examples import BITS, IMAGE, RELU, array


def names_of(model):
    return [layer.name for layer in model.layers[1:]]


@pytest.mark.parametrize("first", ["dw", "pw"])
def test_mobilenet_expands_into_named_layers(first, tmp_path, rng):
    inputs = keras.Input(IMAGE)
    block = QMobileNetSeparableConv2D(
        5, 3, 2, "SAME", activation="softmax", depthwise_activation=RELU,
        depthwise_quantizer=BITS, pointwise_quantizer=BITS, bias_quantizer=BITS,
        depthwise_dropout_rate=0.5, pw_first=first == "pw", name="m",
    )  # fmt: skip
    model = keras.Model(inputs, block(inputs))
    second = "pw" if first == "dw" else "dw"
    order = [first, "dw_act", "dw_dropout", second, "pw_act"]
    assert names_of(model) == [f"m_{name}" for name in order]
    assert [w.name for w in model.get_layer("m_dw").weights] == ["kernel"]
    assert model.output_shape == (None, 3, 3, 5)
    x = rng.normal(size=(2, *IMAGE)).astype("float32")
    expected = x
    for layer in model.layers[1:]:
        expected = layer(expected)
    np.testing.assert_array_equal(array(model(x)), array(expected))
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(array(load_model(tmp_path / "m.keras")(x)), array(model(x)))


def test_mobilenet_takes_layers_as_activations_and_names_itself():
    inputs = keras.Input(IMAGE)
    block = QMobileNetSeparableConv2D(4, 3, activation=QActivation(RELU, name="mine"))
    model = keras.Model(inputs, QMobileNetSeparableConv2D(4, 3)(block(inputs)))
    assert [type(x).__name__ for x in model.layers[1:]] == [
        "QDepthwiseConv2D", "QConv2D", "QActivation", "QDepthwiseConv2D", "QConv2D",
    ]  # fmt: skip
    assert len(set(names_of(model))) == 5 and "mine" in names_of(model)


def octave_model(kind, **options):
    inputs = keras.Input((8, 8, 3))
    given = {"padding": "same", "activation": RELU, "acc_quantizer": BITS} | options
    x = kind(4, 3, 0.5, name="o0", **given)([inputs, None])
    x = kind(6, 3, 0.5, name="o1", **given)(x)
    high, low = kind(5, 3, 0, name="o2", **given)(x)
    assert low is None
    return keras.Model(inputs, high)


@pytest.mark.parametrize("separable", [True, False])
def test_octaves_of_either_kind(separable, tmp_path, rng):
    quantizers = {f"{k}_quantizer": BITS for k in ("kernel", "depthwise", "pointwise", "bias")}
    model = octave_model(
        QOctaveConv2D,
        use_separable=separable,
        pooling_quantizer="quantized_bits(8,0,1)",
        depthwise_activation=RELU if separable else None,
        **quantizers,
    )
    name = "QSeparableConv2D" if separable else "QConv2D"
    convolutions = [x for x in model.layers if "Conv" in type(x).__name__]
    assert {type(x).__name__ for x in convolutions} == {name} and len(convolutions) == 8
    for layer in convolutions:
        assert all(str(q) == "quantized_bits(4,0,1,alpha=1)" for q in layer.get_quantizers())
        assert not separable or str(layer.depthwise_activation) == "quantized_relu(4,2)"
    assert str(model.get_layer("o0_avg_h_to_l").average_quantizer) == "quantized_bits(8,0,1)"
    assert {"o1_c_l_to_h_act_qb4011", "o1_u_l_to_h", "o1_a_h", "o2_h_act_qr42"} <= {
        *names_of(model)
    }
    assert model.get_layer("o1_c_l_to_l").output.shape == (None, 4, 4, 3)
    x = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(array(load_model(tmp_path / "m.keras")(x)), array(model(x)))


def test_octaves_of_floats_and_of_nothing_quantised_are_the_same(rng):
    options = {"acc_quantizer": None, "activation": "relu"}
    ours, keras_own = octave_model(QOctaveConv2D, **options), octave_model(OctaveConv2D, **options)
    assert "o0_p_h_to_l" in names_of(keras_own) and "o2_h_act" in names_of(keras_own)
    assert not any(type(x).__name__.startswith("QS") for x in keras_own.layers)
    keras_own.set_weights(ours.get_weights())
    x = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(array(ours(x)), array(keras_own(x)), rtol=1e-5, atol=1e-6)


def test_octave_corners():
    high, low = keras.Input((2, 2, 3)), keras.Input((1, 1, 3))
    plain = QOctaveConv2D(4, 1, -1, use_separable=False, activation=quantized_bits(6, 2), name="p")
    outputs = plain([high, None])
    assert outputs[1] is None
    assert names_of(keras.Model(high, outputs[0])) == ["p_c_h_to_h", "p_c_h_to_h_act_qb620"]
    both = QOctaveConv2D(4, 1, 0.25)([high, low])
    assert [tuple(x.shape) for x in both] == [(None, 2, 2, 3), (None, 1, 1, 1)]
    assert QOctaveConv2D(4, 1, 1)([None, low])[0] is None
