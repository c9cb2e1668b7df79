"""How many of a model's quantised weights are zero."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras
import numpy as np

from qhls.text import say
from qhls.utils.graph import layers
from qhls.utils.hardware import hardware_weights
from qhls.utils.operations import has_kernel


def get_model_sparsity(
    model: keras.Model, per_layer: bool = False, allow_list: Collection[str] | None = None
) -> Any:
    """The share of zeros among the weights and biases of a model, as they are when quantised.

    ``allow_list`` names the classes of the layers that count; ``None`` are dense layers and all
    kinds of convolutions. Returns the share or, with ``per_layer``, ``(share, [(name, share of this
    layer), ...])``. The model stays as it is.
    """
    zeros = size = 0
    shares = []
    for name, layer in layers(model):
        counts = has_kernel(layer) if allow_list is None else type(layer).__name__ in allow_list
        values = quantized_values(layer) if counts else []
        if not values:
            continue
        own_size = sum(v.size for v in values)
        own_zeros = own_size - sum(np.count_nonzero(v) for v in values)
        shares.append((name, own_zeros / own_size))
        zeros, size = zeros + own_zeros, size + own_size
    total = zeros / size if size else 0.0
    return (total, shares) if per_layer else total


def quantized_values(layer: Any) -> list[np.ndarray]:
    """The weights of a layer: quantised ones of a Q-layer, any other layer's as they are."""
    if hasattr(layer, "quantized_weights"):
        return [weight.values for weight in hardware_weights(layer)]
    return [np.asarray(weight) for weight in layer.get_weights()]


def print_model_sparsity(model: keras.Model) -> None:
    """Print the share of zeros in each layer's prunable weights, quantised."""
    say(f"Model Sparsity Summary ({model.name})")
    say("--")
    for name, layer in layers(model):
        weights = [w for w in hardware_weights(layer) if not w.is_bias]
        if weights and getattr(layer, "get_prunable_weights", list)():
            shares = ", ".join(f"({w.variable}, {np.mean(w.values == 0)})" for w in weights)
            say(f"{name}: {shares}")
    say("\n")
