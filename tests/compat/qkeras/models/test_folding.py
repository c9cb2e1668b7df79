"""Folding, unfolding, and the type of folded biases."""

import keras
import numpy as np
import pytest

from qhls.layers import (
    QActivation,
    QConv2D,
    QConv2DBatchnorm,
    QDense,
    QDenseBatchnorm,
    QDepthwiseConv2DBatchnorm,
)
from qhls.utils import (
    UtilityError,
    clone_model,
    convert_folded_layer_to_unfolded,
    convert_to_folded_model,
    find_bn_fusing_layer_pair,
    populate_bias_quantizer_from_accumulator,
    unfold_model,
)
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import BITS, randomized

layers = keras.layers
RELU = "quantized_relu(6,2)"
KERNEL = {"kernel_quantizer": "quantized_bits(6,1,1,alpha=1)", "bias_quantizer": None}
DEPTHWISE = {"depthwise_quantizer": "quantized_bits(6,1,1,alpha=1)"}


def folded(**kernel):
    kernel = KERNEL | kernel
    return randomized(
        keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                QConv2DBatchnorm(4, 3, mask=np.tri(3), name="c", activation=RELU, **kernel),
                QDepthwiseConv2DBatchnorm(3, name="w", center=False, **DEPTHWISE),
                QActivation(RELU),
                layers.Flatten(),
                QDenseBatchnorm(3, name="d", use_bias=False, **kernel),
            ],
            name="net",
        )
    )


@pytest.mark.parametrize("quantizer", [None, "quantized_bits(6,1,1,alpha=1)", "quantized_bits(4)"])
def test_unfolded_models_compute_the_same(quantizer):
    model = folded(kernel_quantizer=quantizer, bias_quantizer="quantized_bits(8,3)")
    unfolded = unfold_model(model)
    kinds = [type(layer).__name__ for layer in unfolded.layers]
    assert kinds == ["QConv2D", "QDepthwiseConv2D", "QActivation", "Flatten", "QDense"]
    assert all(unfolded.get_layer(name).use_bias for name in "cwd")
    assert [layer.name for layer in unfolded.layers] == [layer.name for layer in model.layers]
    x = np.random.default_rng(1).normal(size=(4, 8, 8, 3))
    assert_close(unfolded(x), model(x), rtol=1e-5, atol=1e-5)


def test_an_unfolded_layer():
    layer = convert_folded_layer_to_unfolded(QDenseBatchnorm(3, use_bias=False, name="d", **KERNEL))
    assert type(layer) is QDense
    assert not layer.built
    assert str(layer.kernel_quantizer) == "quantized_bits(6,1,1,alpha=1)"
    message = (
        r"^convert_folded_layer_to_unfolded: expected a layer with a folded normalisation, such as "
        r"QConv2DBatchnorm, got the layer 'd' \(QDense\)\. Pass a folded layer\.$"
    )
    with pytest.raises(UtilityError, match=message):
        convert_folded_layer_to_unfolded(layer)


def residual():
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="c0")(x)
    x = layers.BatchNormalization(name="bn0")(x)
    y = layers.Conv2D(4, 3, padding="same", name="c1")(x)
    y = layers.BatchNormalization(name="bn1")(y)
    z = layers.Conv2D(4, 1, name="activated", activation="relu")(x)
    z = layers.BatchNormalization(name="bn2")(z)
    z = layers.Conv2D(4, 1, name="rows")(z)
    z = layers.BatchNormalization(axis=1, name="bn3")(z)
    z = layers.DepthwiseConv2D(1, name="w")(z)
    z = layers.BatchNormalization(name="bn4")(z)
    return randomized(keras.Model(inputs, layers.Add()([y, z])))


def test_normalisations_that_can_be_folded():
    model = residual()
    new, names = convert_to_folded_model(model)
    assert names == ["c0", "c1", "w"]
    left = {layer.name for layer in model.layers} - {layer.name for layer in new.layers}
    assert left == {"bn0", "bn1", "bn4"}
    assert_equal(new.get_layer("c1").kernel, model.get_layer("c1").kernel)
    assert_equal(new.get_layer("bn2").gamma, model.get_layer("bn2").gamma)
    by_hand = keras.Model(model.input, model.get_layer("c0").output)
    same = keras.Model(new.input, new.get_layer("c0").output)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    assert_equal(same(x), by_hand(x))
    assert find_bn_fusing_layer_pair(model) == ({}, set())  # no Q-layers


def test_what_is_an_output_is_not_folded():
    inputs = keras.Input((3,))
    sums = layers.Dense(2, name="d")(inputs)
    model = keras.Model(inputs, [sums, layers.BatchNormalization()(sums)])
    assert convert_to_folded_model(model)[1] == []
    shared = layers.Dense(3, name="shared")
    outputs = layers.BatchNormalization()(shared(shared(inputs)))
    assert convert_to_folded_model(keras.Model(inputs, outputs))[1] == []


def test_clone_model_keeps_the_function_of_a_lambda():
    factor = 3.0
    scale = keras.layers.Lambda(
        lambda x, offset: x * factor + offset,
        output_shape=(4,),
        arguments={"offset": 1.0},
        name="s",
    )
    model = keras.Sequential([keras.Input((4,)), scale, keras.layers.Dense(2)])
    copy = clone_model(model)
    x = np.ones((3, 4), "float32")
    assert copy.get_layer("s") is not scale
    assert_equal(copy(x), model(x))


def test_clone_model():
    model = folded()
    copy = clone_model(model)
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    assert_equal(copy(x), model(x))
    assert copy.layers[0] is not model.layers[0]
    assert copy.name == "net"


# -- bias quantizers --------------------------------------------------------------------------------


def test_bias_quantizers():
    """QTools' rule by hand: 6 + 8 bits, 27 products in a sum; 9 in the depthwise, 48 in the dense."""
    model = folded()
    assert populate_bias_quantizer_from_accumulator(model, ["quantized_bits(8,0,1)"]) is model
    c, w, d = (model.get_layer(name) for name in "cwd")
    assert str(c.bias_quantizer) == "quantized_bits(18,6,1)"
    assert str(w.bias_quantizer) == "quantized_bits(16,7,1)"
    assert str(d.bias_quantizer) == "quantized_bits(18,9,1)"
    assert c.bias_quantizer_internal is c.bias_quantizer
    assert c.get_quantizers()[1] is c.bias_quantizer
    codes = numpy(c.quantize_variable("bias")) * 2.0**11
    assert_equal(codes, np.round(codes))
    again = clone_model(model)
    assert str(again.get_layer("c").bias_quantizer) == "quantized_bits(18,6,1)"


def test_given_bias_quantizers_stay_and_predictions_follow():
    model = folded(bias_quantizer="quantized_bits(3,0)")
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    before = model.predict(x, verbose=0)
    populate_bias_quantizer_from_accumulator(model)
    assert str(model.get_layer("c").bias_quantizer) == "quantized_bits(3,0,0)"
    model.get_layer("w").set_weights([w + 1e-3 for w in model.get_layer("w").get_weights()])
    after = model.predict(x, verbose=0)
    assert_close(after, model(x), rtol=1e-5, atol=1e-6)
    assert np.any(before != after)


WIDTHS = {
    "quantized_po2(4,1)": "quantized_bits(18,2,1)",  # exponents -8..7 -> (7 + 0 + 2) + (8 + 7)
    "binary(alpha=1)": "quantized_bits(10,2,1)",
    "ternary(alpha=1)": "quantized_bits(10,2,1)",
}


@pytest.mark.parametrize("quantizer", WIDTHS)
def test_other_kernels(quantizer):
    layer = QDenseBatchnorm(2, kernel_quantizer=quantizer, name="d")
    model = randomized(keras.Sequential([keras.Input((4,)), layer]))
    populate_bias_quantizer_from_accumulator(model)
    expected = WIDTHS[quantizer]
    if "po2" in quantizer:
        low, high = layer.kernel_quantizer._limits
        expected = f"quantized_bits({1 + high + 2 + 7 - low},{high + 2},1)"
    assert str(layer.bias_quantizer) == expected


def test_types_flow_through_the_model():
    a = b = keras.Input((4,))
    x = QDense(4, kernel_quantizer=BITS, bias_quantizer=BITS)(
        a
    )  # int 0+0+2, +1 for the bias; frac 10
    x = layers.Add()([layers.Reshape((4,))(x), QActivation(RELU)(b)])  # int 4, frac 10
    layer = QDenseBatchnorm(2, kernel_quantizer=BITS, name="d")
    model = randomized(keras.Model(a, layer(x)))
    populate_bias_quantizer_from_accumulator(model)
    assert str(layer.bias_quantizer) == "quantized_bits(20,6,1)"  # int 4+0+2, frac 10+3


@pytest.mark.parametrize("front", [[QDense(4)], [layers.Activation("tanh")]])
def test_inputs_without_a_type_are_refused(front):
    layer = QDenseBatchnorm(2, kernel_quantizer=BITS, name="d")
    model = randomized(keras.Sequential([keras.Input((4,)), *front, layer]))
    message = (
        r"^populate_bias_quantizer_from_accumulator: layer 'd': expected a quantised kernel and an "
        r"input with a type, got the kernel's quantizer quantized_bits\(4,0,1,alpha=1\), or "
        r"real numbers\. Give the layer a kernel quantizer and insert a QActivation before it\.$"
    )
    with pytest.raises(UtilityError, match=message):
        populate_bias_quantizer_from_accumulator(model)


def test_a_quantizer_for_each_input():
    model = randomized(keras.Sequential([keras.Input((4, 4, 1)), QConv2D(2, 2)], name="m"))
    message = (
        r"^populate_bias_quantizer_from_accumulator: expected a quantizer for each of the 1 inputs "
        r"of model 'm', got 2\. Pass one per input\.$"
    )
    with pytest.raises(UtilityError, match=message):
        populate_bias_quantizer_from_accumulator(model, [BITS, BITS])
