"""Names of activations in the entries of ``model_quantize``, and upper bounds of activations."""

from __future__ import annotations

import warnings
from copy import copy
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.frontend import QActivation
from qhls.frontend.layers.adaptive import QAdaptiveActivation
from qhls.quantizers import Quantizer, quantized_bits, quantized_relu
from qhls.quantizers.keras_types import KerasLayer

_BY_QUANTIZER = {
    "quantized_relu": "relu",
    "quantized_bits": "linear",
    "quantized_tanh": "tanh",
    "quantized_sigmoid": "sigmoid",
}
"""The name of the activation that each quantizer replaces."""


def get_activation_name(layer: KerasLayer) -> str | None:
    """Return the name of an activation layer's function, such as "relu" or "leakyrelu"; ``None`` for other layers."""
    if isinstance(layer, QAdaptiveActivation):
        return "leakyrelu" if layer.relu_neg_slope else _BY_QUANTIZER[layer.activation]
    if isinstance(layer, QActivation):
        return get_function_name(layer.quantizer)
    if type(layer) is keras.layers.Activation:
        return get_function_name(layer.activation)
    return get_function_name(layer) if _is_layer(layer) else None


def get_function_name(function: Any) -> str:
    """Return the name of an activation, which may be a function, an activation layer or a quantizer."""
    if type(function) is keras.layers.LeakyReLU:
        return "leakyrelu"
    if type(function) is keras.layers.ReLU:
        return "leakyrelu" if function.negative_slope else "relu"
    if isinstance(function, quantized_relu) and function.negative_slope:
        return "leakyrelu"
    name = getattr(function, "__name__", type(function).__name__)
    return _BY_QUANTIZER.get(name, name)


def _is_layer(layer: KerasLayer) -> bool:
    return type(layer) in (keras.layers.ReLU, keras.layers.LeakyReLU)


def get_upper_bound(layer: KerasLayer) -> float | None:
    """Return the upper limit of a Keras activation layer, or ``None`` if it is unlimited."""
    function = getattr(layer, "activation", layer)
    if type(function) is keras.layers.ReLU:
        return None if function.max_value is None else float(function.max_value)
    return 6.0 if function is keras.activations.relu6 else None


def limit_quantizer(layer: Any, quantizer: Any) -> Any:
    """Return ``quantizer``, limited to the upper bound of the activation ``layer`` if possible.

    A ``quantized_relu`` gets the bound as ``relu_upper_bound`` where it lies on the grid. For any other quantizer that
    exceeds it, a warning names the layer, as for a ``threshold``, which no quantizer has.
    """
    function, bound = getattr(layer, "activation", layer), get_upper_bound(layer)
    if getattr(function, "threshold", 0):
        _warn(layer, f"has threshold={float(function.threshold):g}, {quantizer} has none")
    if bound is None or not isinstance(quantizer, Quantizer) or _find_largest(quantizer) <= bound:
        return quantizer
    relu = quantizer if isinstance(quantizer, quantized_relu) else None
    if relu is not None and not relu.use_sigmoid and isinstance(relu.integer, int):
        bits = relu.bits - (relu.negative_slope != 0)
        if (bound * 2.0 ** (bits - relu.integer)).is_integer():
            limited = copy(relu)
            limited.relu_upper_bound, limited.is_quantized_clip = bound, False
            return limited
    _warn(layer, f"is limited to {bound:g}, {quantizer} to {_find_largest(quantizer):g}")
    return quantizer


def _find_largest(quantizer: Any) -> float:
    """Return the largest value that a quantizer can output."""
    assignment = quantizer.quantization
    if assignment is not None:
        return float(assignment.hi * assignment.to.step)
    return float(to_numpy(quantizer(np.full((1, 1), 1e9, np.float32))).max())


def _warn(layer: KerasLayer, what: str) -> None:
    warnings.warn(
        f"model_quantize: the layer {layer.name!r} {what}. Give it a quantizer that is limited likewise.",
        stacklevel=3,
    )


def get_adaptive_arguments(layer: KerasLayer, quantizer: Any) -> dict[str, Any] | None:
    """Return the arguments of a ``QAdaptiveActivation`` that replaces ``layer`` and quantises like ``quantizer``.

    Returns ``None`` if no ``QAdaptiveActivation`` does.
    """
    if type(quantizer) not in (quantized_bits, quantized_relu):
        return None
    common: dict[str, Any] = {"activation": type(quantizer).__name__, "total_bits": quantizer.bits}
    if isinstance(quantizer, quantized_bits):
        if get_upper_bound(layer) is not None:
            _warn(
                layer,
                f"is limited to {get_upper_bound(layer):g}, {quantizer} adapts to what it reads",
            )
        if not quantizer.keep_negative:
            return None
        return common | {"symmetric": bool(quantizer.symmetric)}
    slope, bound = quantizer.negative_slope, quantizer.relu_upper_bound or get_upper_bound(layer)
    return common | {"relu_neg_slope": slope, "relu_upper_bound": bound}
