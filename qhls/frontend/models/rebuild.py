"""Copies of Keras models in which layers are replaced, removed or inserted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from qhls.frontend.lowering.trace import find_functional, list_keras_nodes
from qhls.frontend.models.state import copy_model_state
from qhls.quantizers.keras_types import KerasLayer, KerasNode

Convert = Callable[[Any], Any]
Before = Callable[[Any, int], Any]
"""Function that returns the layer to insert, or ``None``, before an input of a node or behind an output of a model."""

_LEFT_OUT = object()
_OPTIONS = ("mask", "training")
"""Arguments of a layer's call that are left out if a new layer does not take them."""


def _keep_nothing(reader: object, index: int) -> None:
    return None


def rebuild(
    model: keras.Model,
    convert: Convert,
    left_out: Collection[Any] = (),
    before: Before = _keep_nothing,
) -> keras.Model:
    """Return a copy of ``model``, not compiled, in which ``convert(layer)`` replaces each layer.

    The layers of ``left_out`` are dropped: their readers read their inputs. A layer that is called several times is
    converted once; nested models are rebuilt likewise. ``before`` returns the layer to insert before an input of a node
    of ``model``, or behind an output of ``model``.

    Raises:
        LoweringError: the model is not built, or not built from layers.
    """
    nodes = list_keras_nodes(find_functional(model, model))
    dropped = {id(layer) for layer in left_out}

    def convert_layer(layer: KerasLayer) -> Any:
        if id(layer) in dropped:
            return _LEFT_OUT
        if isinstance(layer, keras.Model):
            return rebuild(layer, convert, left_out, before)
        return convert(layer) if isinstance(layer, keras.layers.Layer) else layer

    if isinstance(model, keras.Sequential):
        chain = [
            each for node in nodes for each in (before(node, 0), convert_layer(node.operation))
        ]
        layers = [each for each in (*chain, before(model, 0)) if each not in (None, _LEFT_OUT)]
        return keras.Sequential([_make_input(model.inputs[0]), *layers], name=model.name)
    plain = keras.Model(model.input, model.output, name=model.name)  # not compiled
    inputs = keras.tree.map_structure(_make_input, model.input)
    insert = _Insertion(before)
    following = iter(nodes)  # Keras calls them in this order

    def call(layer: KerasLayer, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = insert(next(following), (args, kwargs))
        if isinstance(layer, keras.layers.Layer):  # the new layer may not take masks
            accepted = inspect.signature(layer.call).parameters
            kwargs = {k: v for k, v in kwargs.items() if k in accepted or k not in _OPTIONS}
        return args[0] if layer is _LEFT_OUT else layer(*args, **kwargs)

    copy = keras.models.clone_model(plain, inputs, convert_layer, call)
    outputs = insert(model, copy.output)
    return copy if outputs is copy.output else keras.Model(copy.input, outputs, name=model.name)


class _Insertion:
    """Insertion of layers between tensors and their readers; each layer is applied to a tensor only once."""

    def __init__(self, before: Before) -> None:
        self.before = before
        self.results: dict[tuple[int, int], Any] = {}

    def __call__(self, reader: KerasNode | keras.Model, tensors: Any) -> Any:
        """Return the structure ``tensors`` with layers inserted before ``reader``, or the same object if none are
        inserted.
        """
        flat = [x for x in keras.tree.flatten(tensors) if isinstance(x, keras.KerasTensor)]
        layers = [self.before(reader, index) for index in range(len(flat))]
        if not any(layers):
            return tensors
        pairs = iter(zip(flat, layers, strict=True))

        def insert_before(x: Any) -> Any:
            return self._apply(*next(pairs)) if isinstance(x, keras.KerasTensor) else x

        return keras.tree.map_structure(insert_before, tensors)

    def _apply(self, x: keras.KerasTensor, layer: KerasLayer | None) -> keras.KerasTensor:
        if layer is None:
            return x
        key = id(x), id(layer)
        if key not in self.results:
            self.results[key] = layer(x)
        return self.results[key]


def _make_input(tensor: Any) -> Any:
    """Return a new input with the name of the old one; Keras' cloning would use the name of the tensor."""
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def convert_inside(wrapper: keras.layers.Wrapper, convert: Convert) -> keras.layers.Wrapper:
    """Return a wrapper such as ``TimeDistributed`` around the converted inner layer or model."""
    inner = wrapper.layer
    new = rebuild(inner, convert) if isinstance(inner, keras.Model) else convert(inner)
    config = wrapper.get_config() | {"layer": keras.saving.serialize_keras_object(new)}
    return type(wrapper).from_config(config)


def copy_layer(layer: KerasLayer) -> KerasLayer:
    """Return a new, unbuilt layer with the same configuration; a copied ``Lambda`` has the same function object."""
    if isinstance(layer, keras.layers.Lambda):
        arguments = {"mask": layer.mask, "arguments": layer.arguments, "name": layer.name}
        return keras.layers.Lambda(
            layer.function, layer._output_shape, dtype=layer.dtype_policy, **arguments
        )
    return type(layer).from_config(layer.get_config())


def clone_model(model: keras.Model, custom_objects: Mapping[str, Any] | None = None) -> keras.Model:
    """Return a copy of ``model`` with the same weights, not compiled.

    ``custom_objects`` are classes and functions by their names in configurations.

    Raises:
        LoweringError: the model is not built from layers.
    """
    with enter_custom_scope(custom_objects):
        copy = rebuild(model, copy_layer)
    copy_model_state(model, copy)
    return copy


def enter_custom_scope(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a context within which Keras finds ``custom_objects`` by their names."""
    if not custom_objects:
        return nullcontext()
    objects = dict(custom_objects)
    classes = {each.__name__: each for each in objects.values() if isinstance(each, type)}
    return keras.saving.custom_object_scope(objects | classes)
