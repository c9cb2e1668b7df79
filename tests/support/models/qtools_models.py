"""The golden runs of QTools, and the models of those whose files are not among the golden layers."""

import json
import re

import keras
import numpy as np

import qhls
from qhls.frontend.layers.folded import QConv2DBatchnorm, QDepthwiseConv2DBatchnorm
from qhls.layers import QActivation, QDense
from qhls.quantizers import quantized_bits
from support.shared import SHARED

FOLDER = SHARED / "golden" / "qtools"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def read_golden(name):
    """A golden file. Where QTools failed, its traceback was written with quotes that are not escaped."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r'File \\"<path>"', r"File <path>", text))


def call_of(run, model):
    """The arguments of a golden run, and whether the weights were saved before."""
    arguments = dict(run["qtools_call"])
    saved_before = arguments.pop("pre", None) is not None
    if arguments["source_quantizers"] is not None:
        assert arguments["source_quantizers"] == "[quantized_bits(8,0,1)]*n_inputs"
        arguments["source_quantizers"] = [quantized_bits(8, 0, 1)] * len(model.inputs)
    return arguments, saved_before


def model_of(name):
    """A fresh model for a golden file."""
    if name in BUILT:
        return BUILT[name]()
    return qhls.load_model(SHARED / "golden" / "layers" / name / "model.h5")


def powers(shape, exponents):
    """Weights that take every sign with each power of two."""
    values = [sign * 2.0**e for e in exponents for sign in (1, -1)]
    return np.resize(np.asarray(values, "float32"), shape)


def set_kernel(model, layer, exponents):
    """The golden model's weights are not kept, only how many different values they had."""
    weights = model.get_layer(layer).get_weights()
    weights[0] = powers(weights[0].shape, exponents)
    model.get_layer(layer).set_weights(weights)


def hybrid_example():
    x = given = keras.Input((784,), name="input")
    x = keras.layers.Dense(300, name="d0")(x)
    x = keras.layers.Activation("relu", name="d0_act")(x)
    po2 = {"kernel_quantizer": "quantized_po2(4)", "bias_quantizer": "quantized_po2(4)"}
    x = QDense(100, name="d1", **po2)(x)
    x = QActivation("quantized_relu(4,0)", name="d1_qr4")(x)
    x = QDense(10, name="d2", **po2)(x)
    model = keras.Model(given, keras.layers.Activation("softmax", name="softmax")(x))
    set_kernel(model, "d2", (-2, -3, -4))  # 6 values: 1000 * (6 * 0.3 * 4 + 20) * 0.003125 = 85 pJ
    return model


def qdense_po2():
    x = given = keras.Input((16,), name="input")
    first, second = "quantized_po2(4,1)", "quantized_po2(5)"
    x = QDense(8, kernel_quantizer=first, bias_quantizer=first, name="d0")(x)
    x = QActivation("quantized_relu_po2(4,4)", name="a0")(x)
    x = QDense(5, kernel_quantizer=second, bias_quantizer=second, name="d1")(x)
    model = keras.Model(given, x)
    set_kernel(model, "d0", range(-8, 0))  # 16: 128 * (16 * 0.3 * 8 + 17) * 0.003125 = 22.16 pJ
    return model


def keras_avgpool():
    given = keras.Input((8, 8, 3), name="input")
    return keras.Model(given, keras.layers.AveragePooling2D((2, 2), name="ap")(given))


def merge_concatenate():
    return merged(keras.layers.Concatenate(name="merge"))


def merged(layer):
    """Two quantised inputs into a layer that merges them."""
    given = [keras.Input((6, 6, 3), name=f"input{i}") for i in range(2)]
    first = QActivation("quantized_bits(6,1,alpha=1)", name="q0")(given[0])
    second = QActivation("quantized_relu(4,1)", name="q1")(given[1])
    x = layer([first, second])
    return keras.Model(given, QActivation("quantized_bits(8,3,alpha=1)", name="q2")(x))


def model_quantize_bnfold():
    x = given = keras.Input((8, 8, 3), name="input")
    kernel, bias = "quantized_bits(6,1,alpha=1)", "quantized_bits(8,3)"
    x = QConv2DBatchnorm(4, (3, 3), kernel_quantizer=kernel, bias_quantizer=bias, name="c0")(x)
    x = QActivation("quantized_relu(6,2)", name="a0")(x)
    x = QDepthwiseConv2DBatchnorm(
        (3, 3), depthwise_quantizer=kernel, bias_quantizer=bias, name="w0"
    )(x)
    return keras.Model(given, QActivation("quantized_relu(6,2)", name="a1")(x))


BUILT = {
    build.__name__: build
    for build in (
        hybrid_example,
        qdense_po2,
        keras_avgpool,
        merge_concatenate,
        model_quantize_bnfold,
    )
}


def jet_tagger(bits, integer):
    """The published fully connected jet tagger, 16-64-32-32-5, with one type everywhere."""
    number = {
        "kernel_quantizer": quantized_bits(bits, integer, alpha=1),
        "bias_quantizer": quantized_bits(bits, integer, alpha=1),
    }
    x = given = keras.Input((16,))
    for name, units in (("fc1", 64), ("fc2", 32), ("fc3", 32)):
        x = QDense(units, name=name, **number)(x)
        x = QActivation(f"quantized_relu({bits},{integer})", name=f"{name}_relu")(x)
    x = QDense(5, name="out", **number)(x)
    return keras.Model(given, keras.layers.Activation("softmax", name="softmax")(x))
