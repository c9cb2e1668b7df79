"""A model as the calls of its layers: which layer reads what another one made."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from qhls.frontend import registered
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
    functional = graph_of(model)
    same: dict[int, Any] = {}
    every = list(_calls(functional, "", same, []))
    return every, [same.get(id(t), t) for t in functional.outputs]


def _calls(functional: Any, path: str, same: dict[int, Any], holders: list[Call]) -> Iterator[Call]:
    """``same``: id of a tensor at a nested model's border -> the tensor it stands for; ``holders``: such models."""
    for node in nodes_of(functional):
        layer = node.operation
        inputs = tuple(same.get(id(t), t) for t in node.input_tensors)
        nested = _nested(node)
        if nested is not None:
            same |= {id(t): x for t, x in zip(nested.inputs, inputs, strict=True)}
            yield from _calls(nested, f"{path}{layer.name}/", same, holders)
            made = [same.get(id(t), t) for t in nested.outputs]
            holders.append(Call(f"{path}{layer.name}", layer, inputs, tuple(made), node))
            same |= {id(t): x for t, x in zip(node.outputs, made, strict=True)}
        else:
            yield Call(f"{path}{layer.name}", layer, inputs, tuple(node.outputs), node)


def run(model: keras.Model, x: Any) -> Iterator[tuple[Call, list[Any], list[Any]]]:
    """Each call of a layer with the tensors that it reads and makes, in inference on ``x``.

    ``x`` is an array, a list or a dictionary of them, as the model takes it. Samples are run in
    parts, so every call comes once for each part. Layers and models that hold others come last.

    Raises:
        LoweringError: a model that is not built from layers.
        UtilityError: arrays that are not as many as the inputs.
    """
    graph, holders = graph_of(model), list[Call]()
    tensors, every = graph.inputs, list(_calls(graph, "", {}, holders))
    arrays = [
        _of_rank(array, len(tensor.shape))
        for tensor, array in zip(tensors, input_arrays(model, x).values(), strict=True)
    ]
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
        for holder in holders:
            read, made = ([values[id(t)] for t in ts] for ts in (holder.inputs, holder.outputs))
            yield holder, read, made


def input_arrays(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """Name of each input -> its samples, of ``x`` as ``run`` takes it.

    Raises:
        UtilityError: arrays that are not as many as the inputs.
    """
    functional = graph_of(model)
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


def _of_rank(array: np.ndarray, rank: int) -> np.ndarray:
    """``array`` with the last axis of 1 that an input of ``rank`` has more, or without, as ``predict`` takes it."""
    if array.ndim == rank - 1:
        return array[..., None]
    return array[..., 0] if array.ndim == rank + 1 and array.shape[-1] == 1 else array


# -- layers within layers ---------------------------------------------------------------------------


def layers(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """``(name, layer)`` of every layer, in the model's order: the one walk that all tools share.

    Layers within nested models, wrappers and layers of the user's own come as ``outer/inner``, the latter two behind
    the layer that holds them. A wrapper around one Q-layer, such as ``TimeDistributed``, stands for that layer.
    """
    for layer in model.layers:
        yield from _walk(layer.name, layer)


def _walk(name: str, layer: Any) -> Iterator[tuple[str, Any]]:
    found = unwrapped(layer)
    if not isinstance(layer, keras.Model):
        yield name, found
    times: Counter[str] = Counter()
    for inner in parts(found):
        times[inner.name] += 1
        number = f"_{times[inner.name] - 1}" if times[inner.name] > 1 else ""
        yield from _walk(f"{name}/{inner.name}{number}", inner)


def placed(layer: Any) -> Iterator[Any]:
    """The layers that ``rebuild`` gives another layer's place: those of models, nested ones too, and in wrappers."""
    if isinstance(layer, keras.Model):
        for each in layer.layers:
            yield from placed(each)
    elif isinstance(layer, keras.layers.Wrapper) and parts(layer):
        yield from placed(layer.layer)
    else:
        yield layer


def parts(layer: Any) -> list[Any]:
    """The layers that ``layer`` holds and that count by themselves; none for Q-layers and recurrent layers."""
    if isinstance(layer, keras.Model):
        return layer.layers
    whole = isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)
    if whole or type(layer) in registered().values() or hasattr(layer, "quantized_weights"):
        return []
    held = layer._flatten_layers(include_self=False, recursive=False)
    return [each for each in held if each is not getattr(layer, "activation", None)]


def unseen(model: keras.Model) -> list[str]:
    """The layers with weights, by name, of which no call is known: those within a layer that cannot be looked into."""
    seen = {id(unwrapped(call.layer)) for call in calls(model)}
    return [n for n, x in layers(model) if x.weights and not parts(x) and id(x) not in seen]


def warn_of_unseen(what: str, model: keras.Model) -> None:
    """Warn of what ``what`` leaves out, see ``unseen``."""
    left = unseen(model)
    if left:
        warnings.warn(
            f"{what}: layers within other layers are left out: {', '.join(left)}. Make them layers "
            f"of the model, or of a nested model.",
            stacklevel=3,
        )


_graphs: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Call of a user's layer, or model, -> the graph of the layers in it: tools tell tensors apart by identity."""


def graph_of(model: keras.Model) -> Any:
    """The object with the graph of layers of ``model``: a subclassed one that was called is looked into.

    Raises:
        LoweringError: a model that is not built, or whose ``call`` does more than call layers and ``keras.ops``.
    """
    shapes = getattr(model, "_build_shapes_dict", None)
    if hasattr(model, "_nodes_by_depth") or isinstance(model, keras.Sequential) or not shapes:
        return functional_of(model, model)
    if model not in _graphs:
        given = shapes["input_shape"] if len(shapes) == 1 and "input_shape" in shapes else shapes
        symbols = keras.tree.map_shape_structure(
            lambda shape: keras.Input(tuple(shape)[1:], dtype=model.input_dtype), given
        )
        _graphs[model] = _graph(lambda: model.call(symbols), symbols)
    return _graphs[model] or functional_of(model, model)


def _nested(node: Any) -> Any:
    """The graph of the layers within the layer that ``node`` calls; ``None`` where it has none."""
    layer = node.operation
    if isinstance(layer, keras.Model) and hasattr(
        getattr(layer, "_functional", layer), "_nodes_by_depth"
    ):
        return functional_of(layer, layer)
    own = not type(layer).__module__.startswith("keras.")
    if not (own and isinstance(layer, keras.layers.Layer) and parts(layer)):
        return None
    if node not in _graphs:
        symbols = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in node.input_tensors]
        pairs = zip(node.input_tensors, symbols, strict=True)
        args, kwargs = node.arguments.fill_in({id(t): s for t, s in pairs})
        _graphs[node] = _graph(lambda: layer.call(*args, **kwargs), symbols)
    return _graphs[node]


def _graph(call: Callable[[], Any], symbols: Any) -> Any:
    """The graph of what ``call`` makes of ``symbols``; ``None`` where it is no graph of layers."""
    try:
        made = keras.Model(symbols, call())
    except Exception:  # a user's code: it may do anything with what is no tensor of its backend
        return None
    return made


def unwrapped(layer: Any) -> Any:
    """The Q-layer that a wrapper holds; any other layer itself."""
    inner = getattr(layer, "layer", None)
    wraps = isinstance(layer, keras.layers.Wrapper) and hasattr(inner, "quantized_weights")
    return inner if wraps and not hasattr(layer, "quantized_weights") else layer
