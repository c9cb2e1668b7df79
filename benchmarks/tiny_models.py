"""The four networks of MLPerf-Tiny, quantised, with normalisations and random weights.

Shapes are those of the benchmark's reference models (Banbury et al., MLPerf Tiny Benchmark, 2021): ResNet-8 on
32 x 32 x 3, DS-CNN on 49 x 10, MobileNetV1 0.25 on 96 x 96 x 3, and the autoencoder 640-128-...-8-...-640.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from qhls.layers import QActivation, QConv2D, QDense, QDepthwiseConv2D

MEAN_BITS = 8
"""Bits behind an average, which itself has no fixed-point type."""


class Builder:
    """Layers of one network, with ``bits`` for weights and activations."""

    def __init__(self, bits: int) -> None:
        self.weights = f"quantized_bits({bits},0,alpha=1)"
        self.active = f"quantized_relu({bits},2)"
        self.mean = f"quantized_relu({MEAN_BITS},2)"
        self.signed = f"quantized_bits({bits},2,alpha=1)"

    def normal(self, x: Any, active: bool = True) -> Any:
        """Return the normalisation of ``x``, rounded to a quantizer's grid."""
        x = keras.layers.BatchNormalization()(x)
        return QActivation(self.active if active else self.signed)(x)

    def conv(self, x: Any, filters: int, size: Any, strides: Any = 1, active: bool = True) -> Any:
        """Return a convolution of ``x`` with its normalisation."""
        settings = {"kernel_quantizer": self.weights, "use_bias": False, "padding": "same"}
        return self.normal(QConv2D(filters, size, strides=strides, **settings)(x), active)

    def separable(self, x: Any, filters: int, strides: int = 1) -> Any:
        """Return a depthwise convolution and one of 1 x 1, each with its normalisation."""
        settings = {"depthwise_quantizer": self.weights, "use_bias": False, "padding": "same"}
        x = self.normal(QDepthwiseConv2D(3, strides=strides, **settings)(x))
        return self.conv(x, filters, 1)

    def dense(self, x: Any, units: int) -> Any:
        """Return a dense layer with a bias."""
        settings = {"kernel_quantizer": self.weights, "bias_quantizer": self.weights}
        return QDense(units, **settings)(x)

    def averaged(self, x: Any) -> Any:
        """Return the mean of every channel of ``x``."""
        return QActivation(self.mean)(keras.layers.GlobalAveragePooling2D()(x))


def resnet8(bits: int) -> keras.Model:
    """Build ResNet-8 for images of 32 x 32."""
    layers = Builder(bits)
    inputs = keras.Input((32, 32, 3), name="image")
    x = layers.conv(inputs, 16, 3)
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.conv(x, filters, 3, strides)
        y = layers.conv(y, filters, 3, active=False)
        if strides > 1:
            x = layers.conv(x, filters, 1, strides, active=False)
        x = QActivation(layers.active)(keras.layers.Add()([x, y]))
    return keras.Model(inputs, layers.dense(layers.averaged(x), 10), name="resnet8")


def ds_cnn(bits: int) -> keras.Model:
    """Build the keyword spotter for 49 frames of 10 coefficients."""
    layers = Builder(bits)
    inputs = keras.Input((49, 10, 1), name="frames")
    x = layers.conv(inputs, 64, (10, 4), 2)
    for _ in range(4):
        x = layers.separable(x, 64)
    return keras.Model(inputs, layers.dense(layers.averaged(x), 12), name="ds_cnn")


def mobilenet(bits: int) -> keras.Model:
    """Build MobileNetV1 0.25 for images of 96 x 96."""
    layers = Builder(bits)
    inputs = keras.Input((96, 96, 3), name="image")
    x = layers.conv(inputs, 8, 3, 2)
    blocks = (
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *[(128, 1)] * 5,
        (256, 2),
        (256, 1),
    )
    for filters, strides in blocks:
        x = layers.separable(x, filters, strides)
    return keras.Model(inputs, layers.dense(layers.averaged(x), 2), name="mobilenet")


def autoencoder(bits: int) -> keras.Model:
    """Build the anomaly detector for 640 numbers."""
    layers = Builder(bits)
    inputs = x = keras.Input((640,), name="frames")
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = layers.normal(QDense(units, kernel_quantizer=layers.weights, use_bias=False)(x))
    return keras.Model(inputs, layers.dense(x, 640), name="autoencoder")


NETWORKS = {
    "resnet8": (resnet8, "xc7z020clg400-1"),
    "ds_cnn": (ds_cnn, "xc7z020clg400-1"),
    "mobilenet": (mobilenet, "xczu7ev-ffvc1156-2-e"),
    "autoencoder": (autoencoder, "xc7z020clg400-1"),
}
"""By name: the function that builds a network, and the part that it should fit."""


def build(name: str, bits: int = 8, seed: int = 0) -> keras.Model:
    """Build a network with random weights, whose normalisations give numbers about as large as they get."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = NETWORKS[name][0](bits)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            values = rng.uniform(0.5, 1.5, gamma.shape), rng.normal(0, 0.3, beta.shape)
            layer.set_weights(
                [*values, rng.normal(0, 0.2, mean.shape), rng.uniform(0.2, 1, variance.shape)]
            )
    return model
