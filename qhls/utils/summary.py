"""What is quantised in a model, as AutoQKeras' scripts ask for it; and Q-layers as ``custom_objects``."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend import registered
from qhls.quantizers.base import QUANTIZERS
from qhls.utils.graph import layers


def get_quantization_dictionary(q_model: keras.Model) -> dict[str, Any]:
    """Return what each quantised layer of a model is quantised with, by the layer's name.

    It is what ``layer.get_quantization_config()`` returns: for layers with weights the texts of their quantizers by
    argument, for activations one text.
    """
    return {
        name: layer.get_quantization_config()
        for name, layer in layers(q_model)
        if hasattr(layer, "get_quantization_config")
    }


def print_qmodel_summary(q_model: keras.Model) -> None:
    """Print each quantised layer of a model: its class, its units or filters, and its quantizers."""
    for name, layer in layers(q_model):
        if not hasattr(layer, "get_quantization_config"):
            continue
        told = layer.get_quantization_config()
        if isinstance(told, dict):
            kept = {key: text for key, text in told.items() if text not in ("None", "linear")}
            told = " ".join(f"{key}={text}" for key, text in kept.items())
        print(f"{name:30} {type(layer).__name__:24} {told}".rstrip())


def _add_supported_quantized_objects(custom_objects: dict[str, Any]) -> None:
    """Add every Q-layer and quantizer to ``custom_objects``, by name, as Keras' loading takes them."""
    custom_objects.update(registered())
    custom_objects.update(QUANTIZERS)
