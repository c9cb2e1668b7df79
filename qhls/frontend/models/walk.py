"""Iteration over all layers of a model, including layers inside other layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from qhls.frontend.layers.registry import get_registered
from qhls.quantizers.keras_types import KerasLayer


def walk_layers(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield ``(name, layer)`` of every layer in the model's order, for all tools.

    Layers inside nested models, wrappers and user-defined layers have the name ``outer/inner``; the latter two follow
    the layer that holds them. A wrapper around one layer, such as ``TimeDistributed``, is replaced by that layer.
    """
    for layer in model.layers:
        yield from _walk(layer.name, layer)


def _walk(name: str, layer: KerasLayer) -> Iterator[tuple[str, Any]]:
    inside = unwrap(layer)
    if not isinstance(layer, keras.Model):
        yield name, inside
    times: Counter[str] = Counter()
    for inner in list_inner(inside):
        times[inner.name] += 1
        number = f"_{times[inner.name] - 1}" if times[inner.name] > 1 else ""
        yield from _walk(f"{name}/{inner.name}{number}", inner)


def split_inaccessible(every: Iterable[tuple[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Return the layers of a walk by name, and separately the names of layers inside user-defined layers.

    A lowering rule makes one layer of a user-defined layer, whatever is inside.
    """
    accessible: dict[str, Any] = {}
    inside: list[str] = []
    holders: list[str] = []
    for name, layer in every:
        if any(name.startswith(holder) for holder in holders):
            inside.append(name)
            continue
        accessible[name] = layer
        if list_inner(layer) and not isinstance(layer, keras.layers.Wrapper):
            holders.append(f"{name}/")
    return accessible, inside


def walk_replaceable(layer: KerasLayer) -> Iterator[Any]:
    """Yield the layers in ``layer`` that ``rebuild`` can replace: those inside a model or wrapper, at any depth, or
    ``layer`` itself if it is neither.
    """
    if isinstance(layer, keras.Model):
        for each in layer.layers:
            yield from walk_replaceable(each)
    elif isinstance(layer, keras.layers.Wrapper) and list_inner(layer):
        yield from walk_replaceable(layer.layer)
    else:
        yield layer


def list_inner(layer: KerasLayer) -> list[Any]:
    """Return the layers inside ``layer`` that count as layers; none for Q-layers and recurrent layers."""
    if isinstance(layer, keras.Model):
        return layer.layers
    whole = isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)
    if whole or type(layer) in get_registered().values() or hasattr(layer, "get_quantized_weights"):
        return []
    held = layer._flatten_layers(include_self=False, recursive=False)
    return [each for each in held if each is not getattr(layer, "activation", None)]


def unwrap(layer: KerasLayer) -> KerasLayer:
    """Return the layer inside the wrapper ``layer``, or ``layer`` itself if it is no wrapper, has quantizers, or its
    inner layer contains layers.
    """
    if not isinstance(layer, keras.layers.Wrapper) or hasattr(layer, "get_quantized_weights"):
        return layer
    return layer if list_inner(layer.layer) else layer.layer
