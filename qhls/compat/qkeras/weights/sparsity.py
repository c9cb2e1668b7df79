"""The share of zeros among the quantised weights of a model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.analysis.operations import has_kernel
from qhls.compat.qkeras.weights.hardware import list_hardware_weights
from qhls.frontend.models.walk import walk_layers
from qhls.quantizers.keras_types import KerasLayer
from qhls.system.text import say


def get_model_sparsity(
    model: keras.Model, per_layer: bool = False, allow_list: Collection[str] | None = None
) -> Any:
    """Return the share of zeros among the quantised weights and biases of a model.

    ``allow_list`` has the names of the layer classes that count, by default dense layers and all kinds of convolutions.
    Returns the share or, with ``per_layer``, ``(share, [(name, share of this layer), ...])``. The model is not changed.
    """
    zeros = size = 0
    shares = []
    for name, layer in walk_layers(model):
        counts = has_kernel(layer) if allow_list is None else type(layer).__name__ in allow_list
        values = get_quantized_values(layer) if counts else []
        if not values:
            continue
        layer_size = sum(v.size for v in values)
        layer_zeros = layer_size - sum(np.count_nonzero(v) for v in values)
        shares.append((name, layer_zeros / layer_size))
        zeros, size = zeros + layer_zeros, size + layer_size
    total = zeros / size if size else 0.0
    return (total, shares) if per_layer else total


def get_quantized_values(layer: KerasLayer) -> list[np.ndarray]:
    """Return the quantised weights of a Q-layer, or the unchanged weights of any other layer."""
    if hasattr(layer, "get_quantized_weights"):
        return [weight.values for weight in list_hardware_weights(layer)]
    return [np.asarray(weight) for weight in layer.get_weights()]


def print_model_sparsity(model: keras.Model) -> None:
    """Print the share of zeros in each quantised weight of the prunable layers, without biases."""
    say(f"Model Sparsity Summary ({model.name})")
    say("--")
    for name, layer in walk_layers(model):
        weights = [w for w in list_hardware_weights(layer) if not w.is_bias]
        if weights and getattr(layer, "get_prunable_weights", list)():
            shares = ", ".join(f"({w.variable}, {np.mean(w.values == 0)})" for w in weights)
            say(f"{name}: {shares}")
    say("\n")
