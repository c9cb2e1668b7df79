"""Summaries of a model's quantizers, as AutoQKeras' scripts use them, and Q-layers as ``custom_objects``."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend import get_registered
from qhls.frontend.models.walk import walk_layers
from qhls.quantizers.base import QUANTIZERS


def get_quantization_dictionary(q_model: keras.Model) -> dict[str, Any]:
    """Return ``layer.get_quantization_config()`` of each quantised layer, by the layer's name.

    For layers with weights these are the texts of their quantizers by argument, for activations one text.
    """
    return {
        name: layer.get_quantization_config()
        for name, layer in walk_layers(q_model)
        if hasattr(layer, "get_quantization_config")
    }


def print_qmodel_summary(q_model: keras.Model) -> None:
    """Print each quantised layer of a model: its class, its units or filters, and its quantizers."""
    for name, layer in walk_layers(q_model):
        if not hasattr(layer, "get_quantization_config"):
            continue
        config = layer.get_quantization_config()
        if isinstance(config, dict):
            config = " ".join(
                f"{key}={text}" for key, text in config.items() if text not in ("None", "linear")
            )
        print(f"{name:30} {type(layer).__name__:24} {config}".rstrip())


def _add_supported_quantized_objects(custom_objects: dict[str, Any]) -> None:
    """Add all Q-layers and quantizers to ``custom_objects`` by name, so that Keras can load models with them."""
    custom_objects.update(get_registered())
    custom_objects.update(QUANTIZERS)
