"""Four small Keras models whose emitted projects are kept in ``testbench/``, and how these are written."""

from functools import cache
from pathlib import Path

import keras
import numpy as np

import qhls
from qhls.layers import QLSTM, QActivation, QConv2D, QDense
from support.models.common import BITS

FOLDER = Path(__file__).parents[3] / "testbench"
RELU = "quantized_relu(4,2)"
INPUT = "s4.3"
SAMPLES = 8
QUANTISED = {"kernel_quantizer": BITS, "bias_quantizer": BITS}


def mlp():
    """Two dense layers."""
    x = keras.Input((6,), name="x")
    y = QActivation(RELU, name="relu")(QDense(5, name="hidden", **QUANTISED)(x))
    return keras.Model(x, QDense(3, name="scores", **QUANTISED)(y), name="mlp")


def cnn():
    """A padded convolution, pooling, and a dense layer."""
    x = keras.Input((4, 4, 2), name="x")
    y = QConv2D(3, 3, padding="same", name="conv", **QUANTISED)(x)
    y = keras.layers.MaxPooling2D(2, name="pool")(QActivation(RELU, name="relu")(y))
    y = QDense(3, name="scores", **QUANTISED)(keras.layers.Flatten(name="flat")(y))
    return keras.Model(x, y, name="cnn")


def residual():
    """A convolution that a skip goes around, and the mean of each channel."""
    x = keras.Input((4, 4, 2), name="x")
    first = QActivation(RELU, name="relu")(QConv2D(2, 1, name="first", **QUANTISED)(x))
    second = QConv2D(2, 3, padding="same", name="second", **QUANTISED)(first)
    second = QActivation(RELU, name="rounded")(second)
    joined = keras.layers.Add(name="skip")([first, second])
    y = keras.layers.GlobalAveragePooling2D(name="mean")(joined)
    return keras.Model(x, y, name="residual")


def lstm():
    """A recurrence and a dense layer."""
    x = keras.Input((3, 2), name="x")
    y = QLSTM(
        2,
        activation="quantized_tanh(4)",
        recurrent_activation="quantized_sigmoid(4)",
        state_quantizer="quantized_bits(4,0,1,alpha=1)",
        recurrent_quantizer=BITS,
        name="cell",
        **QUANTISED,
    )(x)
    return keras.Model(x, QDense(2, name="scores", **QUANTISED)(y), name="lstm")


MODELS = {build.__name__: build for build in (mlp, cnn, residual, lstm)}
KINDS = {
    **{
        f"{io}_{target}": (io, target)
        for io in ("array", "stream")
        for target in ("vitis", "catapult")
    },
    "array_verilog": ("array", "verilog"),
}
"""The io and the target of each kind of project."""


@cache
def designed(name, io):
    """The design of a model with weights from a fixed seed."""
    model = MODELS[name]()
    rng = np.random.default_rng(len(name))
    for layer in model.layers:
        layer.set_weights([rng.integers(-8, 8, w.shape) / 8 for w in layer.weights])
    return qhls.compile(model, INPUT, schedule=qhls.Schedule(2 if io == "stream" else 1, io=io))


def write(name, kind, folder):
    """Write one project into ``folder``."""
    io, target = KINDS[kind]
    design = designed(name, io)
    x = np.random.default_rng(0).integers(-8, 8, (SAMPLES, *design.graph.inputs[0].shape)) / 8
    design.emit(target, folder, stimuli=x, overwrite=True)
