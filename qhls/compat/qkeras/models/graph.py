"""A model as a list of the calls of its layers, which are connected by tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from qhls.compat.qkeras.errors import UtilityError
from qhls.frontend.lowering.trace import find_functional, list_keras_nodes
from qhls.frontend.models.walk import list_inner, unwrap, walk_layers
from qhls.quantizers.keras_types import KerasNode

_SAMPLES = 256
"""The number of samples per run, which limits the memory for a model's activations."""


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    ``name`` begins with the names of the enclosing models, ``outer/inner/layer``. ``inputs`` and ``outputs`` are
    symbolic tensors. The call that computes a tensor and the calls that read it refer to the same object, also across
    the border of a nested model. ``node`` is Keras' record of the call.
    """

    name: str
    layer: Any
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    node: Any


def list_model_calls(model: keras.Model) -> list[Call]:
    """Return the calls of all layers of ``model`` and of its nested models, producers first.

    Input layers are not called.

    Raises:
        LoweringError: the model is not built, or not built from layers.
    """
    return list_calls_and_results(model)[0]


def list_calls_and_results(model: keras.Model) -> tuple[list[Call], list[Any]]:
    """Return the calls of ``list_model_calls(model)``, and the tensors in them that are the model's outputs."""
    functional = find_graph(model)
    same: dict[int, Any] = {}
    every = list(_walk_calls(functional, "", same, []))
    return every, [same.get(id(t), t) for t in functional.outputs]


def _walk_calls(
    functional: Any, path: str, same: dict[int, Any], holders: list[Call]
) -> Iterator[Call]:
    """Yield the calls in a graph of layers; the calls inside a nested model replace the call of that model.

    ``same`` maps the id of a tensor at the border of a nested model to the tensor that it equals. The calls of nested
    models themselves are added to ``holders``.
    """
    for node in list_keras_nodes(functional):
        layer = node.operation
        inputs = tuple(same.get(id(t), t) for t in node.input_tensors)
        nested = _find_nested(node)
        if nested is not None:
            same |= {id(t): x for t, x in zip(nested.inputs, inputs, strict=True)}
            yield from _walk_calls(nested, f"{path}{layer.name}/", same, holders)
            outputs = [same.get(id(t), t) for t in nested.outputs]
            holders.append(Call(f"{path}{layer.name}", layer, inputs, tuple(outputs), node))
            same |= {id(t): x for t, x in zip(node.outputs, outputs, strict=True)}
        else:
            yield Call(f"{path}{layer.name}", layer, inputs, tuple(node.outputs), node)


def run_layers(model: keras.Model, x: Any) -> Iterator[tuple[Call, list[Any], list[Any]]]:
    """Run the layers of ``model`` on ``x`` in inference, and yield each call with its input and output tensors.

    ``x`` is an array, a list or a dictionary of arrays, as the model accepts it. Samples are run in parts, and every
    call is yielded once per part. Layers and models that contain others come last.

    Raises:
        LoweringError: the model is not built from layers.
        UtilityError: the number of arrays differs from the number of inputs.
    """
    graph, holders = find_graph(model), list[Call]()
    tensors, every = graph.inputs, list(_walk_calls(graph, "", {}, holders))
    arrays = [
        _of_rank(array, len(tensor.shape))
        for tensor, array in zip(tensors, to_input_arrays(model, x).values(), strict=True)
    ]
    for start in range(0, len(arrays[0]), _SAMPLES):
        values = {
            id(t): keras.ops.convert_to_tensor(array[start : start + _SAMPLES], t.dtype)
            for t, array in zip(tensors, arrays, strict=True)
        }
        for call in every:
            read = [values[id(t)] for t in call.inputs]
            inputs = {id(t): v for t, v in zip(call.node.input_tensors, read, strict=True)}
            args, kwargs = call.node.arguments.fill_in(inputs)
            outputs = keras.tree.flatten(call.layer(*args, **kwargs))
            values |= {id(t): v for t, v in zip(call.outputs, outputs, strict=True)}
            yield call, read, outputs
        for holder in holders:
            read, outputs = ([values[id(t)] for t in ts] for ts in (holder.inputs, holder.outputs))
            yield holder, read, outputs


def to_input_arrays(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """Convert samples in any form that ``run_layers`` accepts to one array per input of ``model``, by the input's name.

    Raises:
        UtilityError: the number of arrays differs from the number of inputs.
    """
    functional = find_graph(model)
    names = [t._keras_history.operation.name for t in functional.inputs]
    if isinstance(x, dict):
        x = [x[name] for name in names if name in x]
    arrays = [np.asarray(each) for each in (x if isinstance(x, list | tuple) else [x])]
    if len(arrays) != len(names) or not arrays[0].ndim:
        raise UtilityError(
            f"model {model.name!r}: expected an array of samples for each of the inputs "
            f"{', '.join(names)}, got {len(arrays)} of shapes "
            f"{', '.join(str(a.shape) for a in arrays)}. Pass one array per input."
        )
    return dict(zip(names, arrays, strict=True))


def _of_rank(array: np.ndarray, rank: int) -> np.ndarray:
    """Add or drop a last axis of length 1, so that ``array`` has the ``rank`` of its input, as ``predict`` does."""
    if array.ndim == rank - 1:
        return array[..., None]
    return array[..., 0] if array.ndim == rank + 1 and array.shape[-1] == 1 else array


# -- layers within layers ---------------------------------------------------------------------------


def list_unseen(model: keras.Model) -> list[str]:
    """Return the names of layers with weights whose calls are unknown, because the layer around them has no graph."""
    seen = {id(unwrap(call.layer)) for call in list_model_calls(model)}
    return [
        n for n, x in walk_layers(model) if x.weights and not list_inner(x) and id(x) not in seen
    ]


def warn_of_unseen(what: str, model: keras.Model) -> None:
    """Warn of the layers that the function ``what`` ignores, see ``list_unseen``."""
    ignored = list_unseen(model)
    if ignored:
        warnings.warn(
            f"{what}: layers inside other layers are ignored: {', '.join(ignored)}. Make them layers "
            f"of the model, or of a nested model.",
            stacklevel=3,
        )


_graphs: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The traced graph of each model or call of a user-defined layer, cached because tensors are compared by identity."""


def find_graph(model: keras.Model) -> Any:
    """Return the Keras object that has the graph of ``model``'s layers; a subclassed model must have been called.

    Raises:
        LoweringError: the model is not built, or its ``call`` does more than call layers and ``keras.ops``.
    """
    shapes = getattr(model, "_build_shapes_dict", None)
    if hasattr(model, "_nodes_by_depth") or isinstance(model, keras.Sequential) or not shapes:
        return find_functional(model, model)
    if model not in _graphs:
        structure = shapes["input_shape"] if [*shapes] == ["input_shape"] else shapes
        symbols = keras.tree.map_shape_structure(
            lambda shape: keras.Input(tuple(shape)[1:], dtype=model.input_dtype), structure
        )
        _graphs[model] = _trace_graph(lambda: model.call(symbols), symbols)
    return _graphs[model] or find_functional(model, model)


def _find_nested(node: KerasNode) -> Any:
    """Return the graph of the layers inside the layer that ``node`` calls, or ``None`` if it has none."""
    layer = node.operation
    if isinstance(layer, keras.Model) and hasattr(
        getattr(layer, "_functional", layer), "_nodes_by_depth"
    ):
        return find_functional(layer, layer)
    user_defined = not type(layer).__module__.startswith("keras.")
    if not (user_defined and isinstance(layer, keras.layers.Layer) and list_inner(layer)):
        return None
    if node not in _graphs:
        symbols = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in node.input_tensors]
        pairs = zip(node.input_tensors, symbols, strict=True)
        args, kwargs = node.arguments.fill_in({id(t): s for t, s in pairs})
        _graphs[node] = _trace_graph(lambda: layer.call(*args, **kwargs), symbols)
    return _graphs[node]


def _trace_graph(call: Callable[[], Any], symbols: Any) -> Any:
    """Return the graph of layers from ``symbols`` to the result of ``call``, or ``None`` if tracing fails."""
    try:
        return keras.Model(symbols, call())
    except Exception:  # the user's code may do anything with a tensor of another kind
        return None
