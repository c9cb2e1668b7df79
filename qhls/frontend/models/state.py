"""Copying of a layer's state: weights, tensors derived from these, and vocabularies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.quantizers.keras_types import KerasLayer


def copy_model_state(source: keras.Model, target: keras.Model, partly: bool = False) -> None:
    """Copy the state of each layer of ``source`` to the layer of that name in ``target``, nested models too.

    Layers are paired by name. If names differ and both models have equally many layers with weights, these are paired
    by order. With ``partly`` a layer without partner, or whose weights have other
    shapes, stays as it is.

    Raises:
        LoadError: without ``partly``, a layer with weights that ``source`` does not have.
    """
    for one, other in _list_pairs(source, target, partly):
        copy = copy_model_state if _has_layers(one) and _has_layers(other) else copy_state
        copy(one, other, partly)


def copy_state(source: KerasLayer, target: KerasLayer, partly: bool = False) -> None:
    """Copy the state of the layer ``source`` to the layer ``target``: weights, statistics, vocabularies.

    With ``partly`` a layer whose weights have other shapes stays as it is.

    Raises:
        LoadError: without ``partly``, weights of other shapes or another number of them.
    """
    weights = source.get_weights()
    shapes, expected = [w.shape for w in weights], [tuple(w.shape) for w in target.weights]
    if shapes != expected:
        if partly:
            return
        raise LoadError(
            f"layer {target.name!r}: expected weights of the shapes {expected}, got {shapes} from "
            f"{source.name!r}. Copy between layers of the same shapes."
        )
    target.set_weights(weights)
    _copy_assets(source, target)
    settle(target)


def settle(layer: KerasLayer) -> None:
    """Update the tensors that ``layer`` derived from its weights, as ``Normalization`` does from its mean.

    Needed wherever weights are set otherwise than by Keras' own loading.
    """
    for each in layer._flatten_layers():
        if isinstance(each, keras.layers.Normalization):
            each.finalize_state()


def _list_pairs(source: Any, target: Any, partly: bool) -> Iterator[tuple[Any, Any]]:
    layers = {layer.name: layer for layer in source.layers}
    missing = [layer.name for layer in target.layers if layer.weights and layer.name not in layers]
    if partly or not missing:
        yield from ((layers[each.name], each) for each in target.layers if each.name in layers)
        return
    ones, others = ([layer for layer in m.layers if layer.weights] for m in (source, target))
    if len(ones) != len(others):
        raise LoadError(
            f"model {target.name!r}: expected weights of the layer {missing[0]!r}, got a model "
            f"without it ({source.name!r}). Copy between models of the same layers."
        )
    yield from zip(ones, others, strict=True)


def _has_layers(layer: KerasLayer) -> bool:
    """Return whether ``layer`` is a Sequential or functional model, so that all its state is that of its layers."""
    return isinstance(layer, keras.Model) and (
        isinstance(layer, keras.Sequential) or hasattr(layer, "_nodes_by_depth")
    )


def _copy_assets(source: KerasLayer, target: KerasLayer) -> None:
    """Copy the parts that Keras stores as files: the vocabularies that lookup layers learned."""
    pairs = zip(source._flatten_layers(), target._flatten_layers(), strict=False)
    for one, other in pairs:
        if hasattr(one, "save_assets") and type(one) is type(other):
            with tempfile.TemporaryDirectory() as folder:
                one.save_assets(folder)
                other.load_assets(folder)
