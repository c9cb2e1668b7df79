"""QKeras' quantizers on Keras 3, with the same names, arguments and values on every Keras backend.

A quantizer is a callable (``quantized_bits(4, 0, 1)(x)``) that also describes itself to the compiler: ``quantization``
for an activation, ``compute_integer_codes`` for weights. ``get_quantizer`` makes one from a string or a configuration.
"""

import qhls.system.needs_keras  # noqa: F401 - first, so that its message appears before any other import error
from qhls.quantizers.base import QUANTIZERS, Quantizer, define_quantizer, get_weight_scale
from qhls.quantizers.binary import bernoulli, binary, stochastic_binary
from qhls.quantizers.bits import quantized_bits
from qhls.quantizers.functions import (
    binary_sigmoid,
    binary_tanh,
    get_internal_sigmoid,
    hard_sigmoid,
    hard_tanh,
    set_internal_sigmoid,
    smooth_sigmoid,
    smooth_tanh,
)
from qhls.quantizers.hswish import quantized_hswish
from qhls.quantizers.linear import quantized_linear
from qhls.quantizers.numerics import stochastic_round
from qhls.quantizers.parse import get_quantizer
from qhls.quantizers.po2 import quantized_po2, quantized_relu_po2, stochastic_round_po2
from qhls.quantizers.relu import quantized_relu
from qhls.quantizers.squash import quantized_sigmoid, quantized_tanh, quantized_ulaw
from qhls.quantizers.ternary import stochastic_ternary, ternary

__all__ = [
    "QUANTIZERS",
    "Quantizer",
    "bernoulli",
    "binary",
    "binary_sigmoid",
    "binary_tanh",
    "define_quantizer",
    "get_internal_sigmoid",
    "get_quantizer",
    "get_weight_scale",
    "hard_sigmoid",
    "hard_tanh",
    "quantized_bits",
    "quantized_hswish",
    "quantized_linear",
    "quantized_po2",
    "quantized_relu",
    "quantized_relu_po2",
    "quantized_sigmoid",
    "quantized_tanh",
    "quantized_ulaw",
    "set_internal_sigmoid",
    "smooth_sigmoid",
    "smooth_tanh",
    "stochastic_binary",
    "stochastic_round",
    "stochastic_round_po2",
    "stochastic_ternary",
    "ternary",
]
