"""``copy_state``: what a layer or model has learned, given to its copy, layer by layer."""

from __future__ import annotations

from typing import Any

import keras


def copy_state(layer: Any, new: Any) -> None:
    """Give ``new``, a layer with the variables of ``layer``, their values and what follows from them.

    ``Normalization`` computes with tensors that it makes of its variables; they are made again.

    Raises:
        ValueError: variables of other shapes or another number of them.
    """
    values = layer.get_weights()
    if values:
        new.set_weights(values)
    settle(new)


def settle(layer: Any) -> None:
    """Make again what ``layer`` and the layers in it compute of their variables before they are called."""
    for part in layer._flatten_layers():
        if part.weights and hasattr(part, "finalize_state"):
            part.finalize_state()


def copy_model_state(model: keras.Model, new: keras.Model) -> None:
    """Give each layer of ``new`` the state of the layer of that name in ``model``, nested models too.

    The order of layers is of no account: one more layer in a branch changes it. Layers without variables may be new.

    Raises:
        KeyError: a layer with variables that ``model`` does not have.
        ValueError: a layer with other variables than that of ``model``.
    """
    given = {layer.name: layer for layer in model.layers}
    for layer in new.layers:
        if layer.name not in given and not layer.weights:
            continue
        copy = copy_model_state if isinstance(layer, keras.Model) else copy_state
        copy(given[layer.name], layer)
