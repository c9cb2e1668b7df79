"""A model built again, with other layers in the places of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import Any

import keras

from qhls.frontend.state import copy_model_state
from qhls.frontend.trace import functional_of, nodes_of

Convert = Callable[[Any], Any]
Before = Callable[[Any, int], Any]
"""From a node of a model, or the model itself, and the index of an input (of an output) to a layer or None."""

_LEFT_OUT = object()
_OPTIONS = ("mask", "training")
"""Arguments of a layer's call that change nothing in inference."""


def _nothing(reader: Any, index: int) -> None:
    return None


def rebuild(
    model: keras.Model,
    convert: Convert,
    left_out: Collection[Any] = (),
    before: Before = _nothing,
) -> keras.Model:
    """``model`` with ``convert(layer)`` in the place of each layer, not compiled.

    The layers of ``left_out`` have no place in it: who reads one reads its input. A layer that is
    called several times is converted once; nested models are rebuilt likewise. ``before``: which layer comes between an
    input and the node of ``model`` that reads it, or between an output and the user of ``model``.

    Raises:
        LoweringError: a model that is not built, or not from layers.
    """
    nodes = nodes_of(functional_of(model, model))
    dropped = {id(layer) for layer in left_out}

    def new(layer: Any) -> Any:
        if id(layer) in dropped:
            return _LEFT_OUT
        if isinstance(layer, keras.Model):
            return rebuild(layer, convert, left_out, before)
        return convert(layer) if isinstance(layer, keras.layers.Layer) else layer

    if isinstance(model, keras.Sequential):
        chain = [each for node in nodes for each in (before(node, 0), new(node.operation))]
        kept = [each for each in (*chain, before(model, 0)) if each not in (None, _LEFT_OUT)]
        return keras.Sequential([_input(model.inputs[0]), *kept], name=model.name)
    plain = keras.Model(model.input, model.output, name=model.name)  # one that is not compiled
    inputs = keras.tree.map_structure(_input, model.input)
    put = _Put(before)
    following = iter(nodes)  # Keras calls them in this order

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = put(next(following), (args, kwargs))
        if isinstance(
            layer, keras.layers.Layer
        ):  # which, in the place of another, may not know of masks
            known = inspect.signature(layer.call).parameters
            kwargs = {k: v for k, v in kwargs.items() if k in known or k not in _OPTIONS}
        return args[0] if layer is _LEFT_OUT else layer(*args, **kwargs)

    copy = keras.models.clone_model(plain, inputs, new, call)
    outputs = put(model, copy.output)
    return copy if outputs is copy.output else keras.Model(copy.input, outputs, name=model.name)


class _Put:
    """Puts layers between tensors and who reads them, once for all that read the same through the same layer."""

    def __init__(self, before: Before) -> None:
        self.before = before
        self.made: dict[tuple[int, int], Any] = {}

    def __call__(self, reader: Any, tensors: Any) -> Any:
        """``tensors`` of any structure, as ``reader`` shall read them; the same object where nothing comes between."""
        flat = [x for x in keras.tree.flatten(tensors) if isinstance(x, keras.KerasTensor)]
        layers = [self.before(reader, index) for index in range(len(flat))]
        if not any(layers):
            return tensors
        pairs = iter(zip(flat, layers, strict=True))

        def one(x: Any) -> Any:
            return self._through(*next(pairs)) if isinstance(x, keras.KerasTensor) else x

        return keras.tree.map_structure(one, tensors)

    def _through(self, x: Any, layer: Any) -> Any:
        if layer is None:
            return x
        key = id(x), id(layer)
        if key not in self.made:
            self.made[key] = layer(x)
        return self.made[key]


def _input(tensor: Any) -> Any:
    """A new input of the same name; Keras' own cloning calls it like the tensor."""
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def again(layer: Any) -> Any:
    """A new layer of the same configuration; a Lambda keeps its function, which is no data."""
    if isinstance(layer, keras.layers.Lambda):
        kept = {"mask": layer.mask, "arguments": layer.arguments, "name": layer.name}
        return keras.layers.Lambda(
            layer.function, layer._output_shape, dtype=layer.dtype_policy, **kept
        )
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
