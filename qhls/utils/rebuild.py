"""A model built again, with other layers in the places of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any

import keras

from qhls.frontend.state import copy_model_state
from qhls.frontend.trace import functional_of

Convert = Callable[[Any], Any]

_LEFT_OUT = object()


def rebuild(
    model: keras.Model,
    convert: Convert,
    left_out: Collection[Any] = (),
    followed: Mapping[str, Any] = MappingProxyType({}),
) -> keras.Model:
    """``model`` with ``convert(layer)`` in the place of each layer, not compiled.

    The layers of ``left_out`` have no place in it: who reads one reads its input. A layer that is
    called several times is converted once; nested models are rebuilt likewise. ``followed``: layers that come behind
    those of the model's own that have the names.

    Raises:
        LoweringError: a model that is not built, or not from layers.
    """
    functional_of(model, model)
    dropped = {id(layer) for layer in left_out}

    def new(layer: Any) -> Any:
        if id(layer) in dropped:
            return _LEFT_OUT
        if isinstance(layer, keras.Model):
            return rebuild(layer, convert, left_out)
        return convert(layer) if isinstance(layer, keras.layers.Layer) else layer

    if isinstance(model, keras.Sequential):
        kept = [layer for layer in map(new, model.layers) if layer is not _LEFT_OUT]
        kept = [
            one for layer in kept for one in (layer, followed.get(layer.name)) if one is not None
        ]
        return keras.Sequential([_input(model.inputs[0]), *kept], name=model.name)
    plain = keras.Model(model.input, model.output, name=model.name)  # one that is not compiled
    inputs = keras.tree.map_structure(_input, model.input)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        result = args[0] if layer is _LEFT_OUT else layer(*args, **kwargs)
        behind = followed.get(getattr(layer, "name", ""))
        return result if behind is None else behind(result)

    return keras.models.clone_model(plain, inputs, new, call)


def _input(tensor: Any) -> Any:
    """A new input of the same name; Keras' own cloning calls it like the tensor."""
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def again(layer: Any) -> Any:
    """A new layer of the same configuration."""
    return type(layer).from_config(layer.get_config())


def clone_model(model: keras.Model, custom_objects: Mapping[str, Any] | None = None) -> keras.Model:
    """A copy of ``model`` with the same weights, not compiled.

    ``custom_objects`` are classes and functions by the names under which configurations know them.

    Raises:
        LoweringError: a model that is not built from layers.
    """
    with custom_scope(custom_objects):
        copy = rebuild(model, again)
    copy_model_state(model, copy)
    return copy


def custom_scope(custom_objects: Mapping[str, Any] | None) -> Any:
    """Within it Keras finds ``custom_objects`` by their names."""
    if not custom_objects:
        return nullcontext()
    given = dict(custom_objects)
    own_names = {each.__name__: each for each in given.values() if isinstance(each, type)}
    return keras.saving.custom_object_scope(given | own_names)
