"""One example of each Q-layer, in a model of one layer."""

import keras
import numpy as np

from qhls.frontend import QActivation, QConv2D, QDense
from qhls.layers import QEinsumDense, QFixedPoint
from qhls.quantizers import quantized_bits
from support.models.conv_examples import conv_examples
from support.models.stateful_examples import stateful_examples

BITS = "quantized_bits(4,0,1,alpha=1)"


def examples():
    """One of each Q-layer with the input shape it is tested on; a new Q-layer adds a line."""
    mask = np.array([[1, 0], [0, 1]])
    return {
        "dense": (QDense(3, kernel_quantizer=BITS, bias_quantizer="quantized_bits(6,2)"), (5,)),
        "dense_auto": (
            QDense(3, "quantized_relu(4,2)", kernel_quantizer="quantized_bits(4)"),
            (5,),
        ),
        "dense_rank3": (QDense(3, use_bias=False, kernel_quantizer=BITS), (4, 5)),
        "dense_function": (QDense(3, kernel_quantizer="hard_tanh"), (5,)),
        "dense_float": (QDense(3, activation="tanh"), (5,)),
        "conv": (QConv2D(3, 2, kernel_quantizer=BITS, bias_quantizer=BITS), (5, 4, 2)),
        "conv_same": (QConv2D(3, 3, strides=2, padding="same", kernel_quantizer=BITS), (5, 4, 2)),
        "conv_dilated": (QConv2D(2, 2, dilation_rate=2, kernel_quantizer=BITS), (5, 4, 2)),
        "conv_groups": (QConv2D(4, 2, groups=2, kernel_quantizer=BITS), (5, 4, 2)),
        "conv_mask": (QConv2D(3, 2, kernel_quantizer=BITS, mask=mask), (5, 4, 2)),
        "einsum": (
            QEinsumDense(
                "abc,cd->abd", (4, 3), bias_axes="bd", kernel_quantizer=BITS, bias_quantizer=BITS
            ),
            (4, 5),
        ),
        "einsum_groups": (
            QEinsumDense("...bc,bcd->...db", (3, 4), kernel_quantizer=BITS),
            (2, 4, 5),
        ),
        "fixed_point": (QFixedPoint(1, [[1], [2], [0], [3]], 2, "TRN", "SAT"), (4, 5)),
        **conv_examples(),
        **stateful_examples(),
        "activation": (QActivation("quantized_relu(4,2)"), (5,)),
        "activation_object": (QActivation(quantized_bits(6, 2, 1)), (5,)),
        "activation_function": (QActivation("hard_tanh"), (5,)),
    }


def model_of(layer, shape, rng):
    model = keras.Sequential([keras.Input(shape), layer])
    for variable in model.weights:
        values = rng.normal(size=variable.shape)
        variable.assign(values if variable.trainable else np.abs(values))  # variances, counters
    return model


def on_a_grid(rng, *shape):
    """Inputs whose products and sums are exact, in whichever order a backend adds."""
    return rng.integers(-32, 32, shape).astype("float32") / 16
