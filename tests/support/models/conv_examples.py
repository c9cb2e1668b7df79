"""One or more examples of each layer of the convolution family, with the input's shape; helpers."""

import keras
from keras import ops

from qhls.layers import (
    QAveragePooling2D,
    QChannelScaleShift,
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
from qhls.quantizers import quantized_bits, quantized_po2

BITS = "quantized_bits(4,0,1,alpha=1)"
RELU = "quantized_relu(4,2)"
AUTO = "quantized_bits(4)"
BY_CHANNEL = "quantized_bits(4,0,1,alpha='auto_po2',scale_axis=2)"
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
SEPARABLE = {**DEPTHWISE, "pointwise_quantizer": BITS}
TRANSPOSED = {"depthwise_kernel_quantizer": BITS, "bias_quantizer": BITS}
IMAGE = (5, 6, 4)
STEPS = (9, 4)


def conv_examples():
    """Name -> (layer, shape of its input without the batch)."""
    kernel = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
    pointwise = {**TRANSPOSED, "pointwise_kernel_quantizer": BITS}
    return {
        **_one_dimension(kernel),
        "depthwise": (QDepthwiseConv2D(3, activation=RELU, **DEPTHWISE), IMAGE),
        "depthwise_same": (QDepthwiseConv2D(3, 2, "SAME", 2, **DEPTHWISE), IMAGE),
        "depthwise_axis": (QDepthwiseConv2D(2, depthwise_quantizer=BY_CHANNEL), IMAGE),
        "depthwise_float": (QDepthwiseConv2D(2, use_bias=False, dilation_rate=2), IMAGE),
        "separable": (QSeparableConv2D(3, 3, activation=RELU, **SEPARABLE), IMAGE),
        "separable_rounded": (
            QSeparableConv2D(
                3, 2, padding="same", depth_multiplier=2, depthwise_activation=RELU, **SEPARABLE
            ),
            IMAGE,
        ),
        "transpose": (QConv2DTranspose(3, 3, 2, "same", activation=RELU, **kernel), IMAGE),
        "transpose_padded": (QConv2DTranspose(3, 3, 2, output_padding=1, **kernel), IMAGE),
        "transpose_auto": (QConv2DTranspose(3, 2, kernel_quantizer=AUTO), IMAGE),
        "depthwise_transpose": (
            QDepthwiseConv2DTranspose(4, 3, 2, 2, depthwise_activation=RELU, **TRANSPOSED),
            IMAGE,
        ),
        "depthwise_transpose_no_bias": (
            QDepthwiseConv2DTranspose(4, 2, padding="same", use_bias=False),
            IMAGE,
        ),
        "separable_transpose": (
            QSeparableConv2DTranspose(
                3,
                3,
                2,
                "same",
                1,
                depthwise_activation=RELU,
                pointwise_activation=BITS,
                **pointwise,
            ),
            IMAGE,
        ),
        "separable_transpose_float": (QSeparableConv2DTranspose(3, 2), IMAGE),
        "average": (QAveragePooling2D(3, 2, "same", None, BITS, RELU), IMAGE),
        "average_float": (QAveragePooling2D(activation="relu"), IMAGE),
        "global_average": (QGlobalAveragePooling2D(None, "quantized_bits(8,0,1)", RELU), IMAGE),
        "global_average_float": (QGlobalAveragePooling2D(keepdims=True), IMAGE),
        "scale_shift": (QScaleShift("quantized_bits(6,1)", quantized_bits(6, 1, alpha=1)), IMAGE),
        "channel_scale_shift": (
            QChannelScaleShift("quantized_bits(6,1)", "quantized_bits(6,1)"),
            IMAGE,
        ),
        "scale_only": (QScaleShift(quantized_po2(4), use_bias=False, activation=RELU), (5,)),
    }


def _one_dimension(kernel):
    return {
        "conv1d": (QConv1D(3, 3, activation=RELU, **kernel), STEPS),
        "conv1d_causal": (QConv1D(3, 3, padding="causal", dilation_rate=2, **kernel), STEPS),
        "conv1d_same": (QConv1D(3, 4, 2, "same", kernel_quantizer=AUTO), STEPS),
        "conv1d_groups": (QConv1D(4, 2, groups=2, use_bias=False, **kernel), STEPS),
        "separable1d": (QSeparableConv1D(3, 3, 2, "same", activation=RELU, **SEPARABLE), STEPS),
        "separable1d_causal": (
            QSeparableConv1D(3, 3, padding="causal", dilation_rate=2, **SEPARABLE),
            STEPS,
        ),
    }


def built(name, rng):
    """An example in a model, with random weights, and an input for it."""
    layer, shape = conv_examples()[name]
    model = keras.Sequential([keras.Input(shape), layer])
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return layer, rng.normal(size=(3, *shape)).astype("float32")


def array(x):
    return ops.convert_to_numpy(x)
