"""Count of the bits of a model's parameters and activations, as in AutoQKeras.

- Parameters: those of dense, 1-D, 2-D and depthwise convolution layers; 8 bits (``reference``) each if not quantised.
  A batch normalisation has one scale per channel and, with ``center``, one offset: 6 and 5 bits in a
  ``QBatchNormalization``. They absorb mean and variance.
- Activations: inputs, activation layers, and the activations of layers with kernels. The result of a softmax, or of
  a sigmoid in an activation layer, counts as an output; linear activations do not count.

The parameters of recurrent, separable and transposed layers are not counted, as in AutoQKeras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from qhls.compat.qkeras.models.graph import list_model_calls, warn_of_unseen
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.layers.traits import has_plain_product
from qhls.frontend.models.walk import unwrap, walk_layers
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer
from qhls.utils import get_quant_mode

_SCALE_BITS, _OFFSET_BITS = 6, 5


@dataclass(frozen=True)
class Sizes:
    """Bits per element of the inputs, of the outputs, and of all other tensors that are not quantised."""

    inputs: int = 8
    outputs: int = 8
    reference: int = 8


def count_model_bits(
    model: keras.Model, sizes: Sizes, config: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Return for each layer the bits of its "parameters" and "activations", and the "total" that ``config`` selects.

    ``config``: class of a layer, or "default" -> the parts that count; a layer without any is omitted.
    """
    stats = {}
    warn_of_unseen("bits", model)
    shapes = {id(unwrap(call.layer)): call.outputs[0].shape for call in list_model_calls(model)}
    inputs = [tensor._keras_history.operation for tensor in model.inputs]
    shapes |= {id(layer): layer.output.shape for layer in inputs}
    # In Keras 3 the layers of a Sequential lack its input layer, which QKeras counts.
    every = dict([(layer.name, layer) for layer in inputs] + list(walk_layers(model)))
    for name, layer in every.items():
        parts = config.get(type(layer).__name__, config.get("default"))
        if parts:
            elements = math.prod(shapes.get(id(layer), (None, 0))[1:])
            bits = {
                "parameters": float(_count_parameters(layer, sizes)),
                "activations": float(_count_activations(layer, elements, sizes)),
            }
            stats[name] = bits | {"total": sum(bits[part] for part in set(parts))}
    return stats


def _count_parameters(layer: Any, sizes: Sizes) -> int:
    name = type(layer).__name__
    if has_plain_product(type(layer)):
        if not isinstance(layer, QLayer):
            return sizes.reference * sum(math.prod(w.shape) for w in layer.weights)
        return sum(
            math.prod(weight.shape) * get_quantizer_bits(quantizer, sizes.reference)
            for weight, quantizer in zip(layer.weights, layer.get_quantizers(), strict=False)
        )
    if name in ("BatchNormalization", "QBatchNormalization"):
        quantised = name.startswith("Q")
        scale = _SCALE_BITS if quantised else sizes.reference
        offset = _OFFSET_BITS if quantised else sizes.reference
        return math.prod(layer.moving_mean.shape) * (scale + (offset if layer.center else 0))
    return 0


def _count_activations(layer: KerasLayer, elements: int, sizes: Sizes) -> int:
    name = type(layer).__name__
    if isinstance(layer, keras.layers.InputLayer):
        return sizes.inputs * elements
    function = getattr(layer, "quantizer", getattr(layer, "activation", None))
    if function is None or function is keras.activations.linear:
        return 0
    is_softmax = function is keras.activations.softmax
    if has_plain_product(type(layer)):
        if not isinstance(layer, QLayer):
            return sizes.reference * elements
        return elements * (
            sizes.outputs if is_softmax else get_quantizer_bits(function, sizes.reference)
        )
    if name in ("Activation", "QActivation"):
        is_output = is_softmax or function is keras.activations.sigmoid
        return elements * (
            sizes.outputs if is_output else get_quantizer_bits(function, sizes.reference)
        )
    return 0


def get_quantizer_bits(quantizer: Any, otherwise: int) -> int:
    """Return the width in bits of a quantizer's outputs, or ``otherwise`` if the argument is not a quantizer."""
    return get_quant_mode(quantizer)[1] if isinstance(quantizer, Quantizer) else otherwise
