"""A model as the calls of its layers: which layer reads what another one made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from qhls.frontend.trace import functional_of, nodes_of
from qhls.utils.errors import UtilityError

SAMPLES = 256
"""Samples that are run at a time: bounds the memory of a model's activations."""


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    ``name`` begins with the names of the models around it, ``outer/inner/layer``. ``inputs`` and
    ``outputs`` are symbolic tensors; a tensor is the same object in the call that makes it and in
    those that read it, also across the border of a nested model. ``node`` is Keras' record of it.
    """

    name: str
    layer: Any
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    node: Any


def calls(model: keras.Model) -> list[Call]:
    """The calls of all layers of ``model`` and of the models in it, producers first.

    Input layers are not called.

    Raises:
        LoweringError: a model that is not built, or not from layers.
    """
    return calls_and_results(model)[0]


def calls_and_results(model: keras.Model) -> tuple[list[Call], list[Any]]:
    """``calls(model)``, and the tensors among theirs that are the model's outputs."""
    functional = functional_of(model, model)
    same: dict[int, Any] = {}
    every = list(_calls(functional, "", same))
    return every, [same.get(id(t), t) for t in functional.outputs]


def _calls(functional: Any, path: str, same: dict[int, Any]) -> Iterator[Call]:
    """``same``: id of a tensor at a nested model's border -> the tensor it stands for."""
    for node in nodes_of(functional):
        layer = node.operation
        inputs = tuple(same.get(id(t), t) for t in node.input_tensors)
        if isinstance(layer, keras.Model):
            nested = functional_of(layer, layer)
            same |= {id(t): x for t, x in zip(nested.inputs, inputs, strict=True)}
            yield from _calls(nested, f"{path}{layer.name}/", same)
            made = [same.get(id(t), t) for t in nested.outputs]
            same |= {id(t): x for t, x in zip(node.outputs, made, strict=True)}
        else:
            yield Call(f"{path}{layer.name}", layer, inputs, tuple(node.outputs), node)


def run(model: keras.Model, x: Any) -> Iterator[tuple[Call, list[Any], list[Any]]]:
    """Each call of a layer with the tensors that it reads and makes, in inference on ``x``.

    ``x`` is an array, a list or a dictionary of them, as the model takes it. Samples are run in
    parts, so every call comes once for each part.

    Raises:
        LoweringError: a model that is not built from layers.
        UtilityError: arrays that are not as many as the inputs.
    """
    tensors, every = functional_of(model, model).inputs, calls(model)
    arrays = list(input_arrays(model, x).values())
    for start in range(0, len(arrays[0]), SAMPLES):
        values = {
            id(t): keras.ops.convert_to_tensor(array[start : start + SAMPLES], t.dtype)
            for t, array in zip(tensors, arrays, strict=True)
        }
        for call in every:
            read = [values[id(t)] for t in call.inputs]
            own = {id(t): v for t, v in zip(call.node.input_tensors, read, strict=True)}
            args, kwargs = call.node.arguments.fill_in(own)
            made = keras.tree.flatten(call.layer(*args, **kwargs))
            values |= {id(t): v for t, v in zip(call.outputs, made, strict=True)}
            yield call, read, made


def input_arrays(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """Name of each input -> its samples, of ``x`` as ``run`` takes it.

    Raises:
        UtilityError: arrays that are not as many as the inputs.
    """
    functional = functional_of(model, model)
    names = [t._keras_history.operation.name for t in functional.inputs]
    if isinstance(x, dict):
        x = [x[name] for name in names if name in x]
    arrays = [np.asarray(each) for each in (x if isinstance(x, list | tuple) else [x])]
    if len(arrays) != len(names) or not arrays[0].ndim:
        raise UtilityError(
            f"model {model.name!r}: expected an array of samples for each of the inputs "
            f"{', '.join(names)}, received {len(arrays)} of shapes "
            f"{', '.join(str(a.shape) for a in arrays)}"
        )
    return dict(zip(names, arrays, strict=True))


def layers(model: keras.Model, path: str = "") -> Iterator[tuple[str, Any]]:
    """``(name, layer)`` of every layer, in the model's order; those of nested models as ``outer/inner``.

    A wrapper around one Q-layer, such as ``TimeDistributed``, stands for that layer.
    """
    for layer in model.layers:
        name = f"{path}{layer.name}"
        if isinstance(layer, keras.Model):
            yield from layers(layer, f"{name}/")
        else:
            yield name, unwrapped(layer)


def unwrapped(layer: Any) -> Any:
    """The Q-layer that a wrapper holds; any other layer itself."""
    inner = getattr(layer, "layer", None)
    wraps = isinstance(layer, keras.layers.Wrapper) and hasattr(inner, "quantized_weights")
    return inner if wraps and not hasattr(layer, "quantized_weights") else layer
