"""Splitting of a model: its quantised layers go into hardware, the real layers at its end go to the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from qhls.errors import LoweringError
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.trace import find_functional, list_keras_nodes
from qhls.frontend.models.state import copy_model_state, copy_state
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer, KerasNode, KerasOperation


@dataclass(frozen=True)
class Ends:
    """The two parts of a model: ``chip`` goes into hardware, ``host`` reads the outputs of ``chip``.

    ``layers``: the names of the layers in ``host``.
    """

    chip: keras.Model
    host: keras.Model
    layers: tuple[str, ...]


def has_real_weights(layer: KerasLayer) -> bool:
    """Return whether weights of ``layer``, or of a layer within it, are real numbers that no rule can read."""
    return any(map(_is_real, layer._flatten_layers()))


def _is_real(part: KerasLayer) -> bool:
    if isinstance(part, keras.Model):
        return False
    if hasattr(part, "get_quantized_weights"):
        return any(not isinstance(quantizer, Quantizer) for quantizer in _select_kernels(part))
    own = type(part).__module__.startswith("keras.")
    return own and bool(part.weights) and not lower.has_rule(part)


def has_quantized_kernels(layer: KerasLayer) -> bool:
    """Return whether a kernel of ``layer``, or of a layer within it, has a quantizer."""
    parts = [part for part in layer._flatten_layers() if hasattr(part, "get_quantized_weights")]
    return any(isinstance(each, Quantizer) for part in parts for each in _select_kernels(part))


def _select_kernels(part: Any) -> list[Any]:
    return [q for name, (q, _) in part.get_quantized_weights().items() if name.endswith("kernel")]


def split(model: keras.Model, always: bool) -> Ends | None:
    """Split ``model`` before the first layers with real weights; return None if no layer has real weights.

    Unless ``always``, also None if quantised kernels follow such a layer, or if the host would read an input.

    Raises:
        LoweringError: a model that is not built from layers; with ``always``, one of which hardware would have nothing.
    """
    model = _inline_models(model)
    functional = find_functional(model, model)
    left: list[Any] = []
    computed: set[int] = set()
    for node in list_keras_nodes(functional):
        layer = node.operation
        real = isinstance(layer, keras.layers.Layer) and has_real_weights(layer)
        if real or any(id(t) in computed for t in node.input_tensors):
            left.append(node)
            computed.update(id(t) for t in node.outputs)
    layers = tuple(dict.fromkeys(node.operation.name for node in left))
    if not left or (not always and any(_has_quantized(node.operation) for node in left)):
        return None
    read = [*functional.outputs, *(t for node in left for t in node.input_tensors)]
    border = list({id(t): t for t in read if id(t) not in computed}.values())
    inputs = {id(t) for t in functional.inputs}
    if any(id(t) in inputs for t in border):
        if not always:
            return None
        raise LoweringError(
            f"model {model.name!r}: expected quantised layers between its inputs and the first real weights, got layer "
            f"{layers[0]!r} that reads an input. Quantise it, or compile with allow_approximate=True."
        )
    chip = keras.Model(_unwrap_single(functional.inputs), _unwrap_single(border), name=model.name)
    return Ends(chip, _build_host(model, left, border), layers)


def _has_quantized(operation: KerasLayer | KerasOperation) -> bool:
    return isinstance(operation, keras.layers.Layer) and has_quantized_kernels(operation)


def _build_host(model: keras.Model, left: list[Any], border: list[Any]) -> keras.Model:
    """Build the host's model: the nodes ``left``, with copied layers, from the tensors ``border`` to all outputs."""
    tensors = {id(t): keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in border}
    inputs = list(tensors.values())
    copies = _Copies()
    for node in left:
        copies.call(node, node.operation.name, tensors)
    outputs = [tensors[id(t)] for t in find_functional(model, model).outputs]
    return copies.finish(inputs, outputs, f"{model.name}_host")


def _inline_models(model: keras.Model) -> keras.Model:
    """Replace each nested model that has both quantised kernels and real weights by its layers.

    So the model can be split between these layers. Return ``model`` itself if it has no such nested model, or if one
    of these is called more than once.
    """
    functional = find_functional(model, model)
    nodes = list_keras_nodes(functional)
    cut = [node.operation for node in nodes if _is_cut(node.operation)]
    if not cut or len({id(layer) for layer in cut}) < len(cut):
        return model
    inputs = [
        keras.Input(batch_shape=t.shape, dtype=t.dtype, name=_name(t)) for t in functional.inputs
    ]
    tensors = {id(t): x for t, x in zip(functional.inputs, inputs, strict=True)}
    copies = _Copies()

    def follow(nodes: list[Any], path: str) -> None:
        for node in nodes:
            layer = node.operation
            if not _is_cut(layer):
                copies.call(node, f"{path}{layer.name}", tensors)
                continue
            inner = find_functional(layer, layer)
            pairs = zip(inner.inputs, node.input_tensors, strict=True)
            tensors.update({id(own): tensors[id(t)] for own, t in pairs})
            follow(list_keras_nodes(inner), f"{path}{layer.name}_")
            pairs = zip(node.outputs, inner.outputs, strict=True)
            tensors.update({id(t): tensors[id(own)] for t, own in pairs})

    follow(nodes, "")
    return copies.finish(inputs, [tensors[id(t)] for t in functional.outputs], model.name)


def _is_cut(operation: KerasLayer | KerasOperation) -> bool:
    nested = isinstance(operation, keras.Model)
    return nested and has_real_weights(operation) and has_quantized_kernels(operation)


def _name(tensor: Any) -> str:
    return tensor._keras_history.operation.name


class _Copies:
    """Copies of layers, called like the originals, so that the given model stays unchanged."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[Any, Any]] = {}

    def call(self, node: KerasNode, name: str, tensors: dict[int, Any]) -> None:
        """Call a copy, named ``name``, of the layer of ``node``, and put the outputs into ``tensors``."""
        layer = node.operation
        if id(layer) not in self.made:
            copied = isinstance(
                layer, keras.layers.Layer
            )  # an operation such as ``a + 2`` has no state
            config = layer.get_config() | {"name": name} if copied else {}
            self.made[id(layer)] = layer, type(layer).from_config(config) if copied else layer
        args, kwargs = node.arguments.fill_in(tensors)
        results = keras.tree.flatten(self.made[id(layer)][1](*args, **kwargs))
        tensors.update({id(t): x for t, x in zip(node.outputs, results, strict=True)})

    def finish(self, inputs: list[Any], outputs: list[Any], name: str) -> keras.Model:
        """Return the model of all calls, whose layers get the state of the layers that they copy."""
        for layer, copy in self.made.values():
            if isinstance(layer, keras.layers.Layer):
                (copy_model_state if isinstance(layer, keras.Model) else copy_state)(layer, copy)
        return keras.Model(_unwrap_single(inputs), _unwrap_single(outputs), name=name)


def _unwrap_single(tensors: list[Any]) -> Any:
    """Return the only tensor instead of a list of one, as Keras does."""
    return tensors if len(tensors) > 1 else tensors[0]
