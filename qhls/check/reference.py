"""``Reference``: Keras itself on a design's inputs, in the precision in which it is exact."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from qhls.frontend.models.state import copy_model_state
from qhls.ir import Graph, Op, Threshold, decode
from qhls.ir.integers import Array
from qhls.ir.op import FLOAT64_EXACT
from qhls.quantizers.numerics import in_packets, precision, trained_in_float32, without_gradients

BATCH = 512
"""Samples a call: bounds the memory of a model's activations."""


class Reference:
    """The Keras model of ``graph``, rebuilt to end at the graph's outputs.

    In float32 where every op's range proves float32 exact, else in float64: ``dtype`` says which,
    ``notes`` why.
    """

    def __init__(self, model: keras.Model, graph: Graph) -> None:
        self.graph, self.whole = graph, model
        layers = graph.inexact
        self.dtype = "float64" if layers else "float32"
        self.copied = self.dtype == "float64" and is_float32(model)
        self.notes = [_explain(layers)] if layers else []
        self.beyond = tuple(
            dict.fromkeys(
                op.layer for op in graph.ops if op.magnitude > FLOAT64_EXACT and not op.proved
            )
        )
        if self.beyond:
            self.notes.append(
                f"float64 (53 bits) may round too in {_listed(self.beyond)}: a sum that is off by no more than that "
                f"is no mismatch; give these layers a quantizer to compare every bit"
            )
        if graph.reals:
            self.notes.append(
                f"real numbers in {_listed(graph.reals)}: compared with what the quantizers behind them "
                f"round to, without their x + (q - x)"
            )
        self.model = rebuild(model, self.dtype, graph.host_softmax)

    def run(self, codes: Sequence[Array]) -> list[Any]:
        """The outputs as codes of the graph's output types; a number between codes stays a fraction."""
        return self._scaled(self.model, codes, self.graph.outputs)

    def numbers(self, codes: Sequence[Array]) -> list[Array]:
        """The outputs as numbers."""
        return self._floats(self.model, codes)

    def ends(self, codes: Sequence[Array]) -> list[Array]:
        """The outputs as numbers of the given model, with the softmax that the design computes itself."""
        return self._floats(rebuild(self.whole, self.dtype), codes)

    def tap(self, codes: Sequence[Array]) -> dict[Op, Any]:
        """Codes of each Keras layer's output, by the op that ends the layer, where there is one such layer."""
        last = {op.layer: op for op in self.graph.ops if op.batched and op.layer}
        last = {
            layer: op
            for layer, op in last.items()
            if op not in self.graph.inputs
            and (layer not in self.graph.reals or isinstance(op, Threshold) or op.proved)
        }
        tensors = {
            op: t for name, op in last.items() if (t := _output(self.model, name)) is not None
        }
        tapped = keras.Model(self.model.inputs, list(tensors.values()))
        return dict(zip(tensors, self._scaled(tapped, codes, list(tensors)), strict=True))

    def _scaled(self, model: keras.Model, codes: Sequence[Array], ops: Sequence[Op]) -> list[Any]:
        whole = [values.astype(np.float64) for values in self._floats(model, codes)]
        return [np.ldexp(values, op.type.frac) for values, op in zip(whole, ops, strict=True)]

    def _floats(self, model: keras.Model, codes: Sequence[Array]) -> list[Array]:
        inputs = [
            decode(array, op.type) for array, op in zip(codes, self.graph.inputs, strict=True)
        ]
        parts: list[list[Any]] = []
        for start in range(0, max(len(inputs[0]), 1), BATCH):
            parts.append(self._call(model, [array[start : start + BATCH] for array in inputs]))
        return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]

    def _call(self, model: keras.Model, batch: Sequence[Array]) -> list[Any]:
        plain = without_gradients() if self.graph.reals else nullcontext()
        with precision(self.dtype), plain, trained_in_float32(self.copied):
            whole = [in_packets(array) for array in batch]
            tensors = [keras.ops.convert_to_tensor(array, self.dtype) for array in whole]
            results = model(tensors if len(tensors) > 1 else tensors[0], training=False)
            arrays = [keras.ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(results)]
            return [np.asarray(array)[: len(batch[0])] for array in arrays]


def _output(model: keras.Model, layer: str) -> Any:
    try:
        return model.get_layer(layer).output
    except (ValueError, AttributeError):  # nested or shared: no single tensor
        return None


def _explain(layers: Sequence[str]) -> str:
    return f"float32 (24 bits) may round in {_listed(layers)}: compared with Keras in float64"


def _listed(layers: Sequence[str]) -> str:
    return ", ".join(layers[:5]) + (" ..." if len(layers) > 5 else "")


def is_float32(model: keras.Model) -> bool:
    """Return whether no weight of ``model`` has more bits than float32."""
    return all(str(weight.dtype) != "float64" for weight in model.weights)


def rebuild(model: keras.Model, dtype: str, host_softmax: Sequence[str] = ()) -> keras.Model:
    """A copy of ``model`` that computes in ``dtype``, without the softmax of the layers named."""
    with precision(dtype):
        config = _adapt(model.get_config(), dtype, set(host_softmax), "")
        fresh = type(model).from_config(config)
        if not fresh.built:
            fresh.build(model.input_shape)
        copy_model_state(model, fresh)
        return fresh


def _adapt(config: Any, dtype: str, linear: set[str], path: str) -> Any:
    """The model's configuration with every ``dtype`` replaced and the softmax of ``linear`` layers removed."""
    if isinstance(config, list | tuple):
        return type(config)(_adapt(entry, dtype, linear, path) for entry in config)
    if not isinstance(config, dict):
        return config
    name = (config.get("config") or {}).get("name") if "class_name" in config else None
    if name is not None and f"{path}{name}" in linear:
        return _without_softmax(_adapt(config, dtype, set(), path))
    below = f"{path}{name}/" if name is not None and "layers" in config["config"] else path
    return {
        key: dtype if key == "dtype" and value is not None else _adapt(value, dtype, linear, below)
        for key, value in config.items()
    }


def _without_softmax(layer: dict[str, Any]) -> dict[str, Any]:
    if layer["class_name"] != "Softmax":
        return layer | {"config": layer["config"] | {"activation": "linear"}}
    kept = {key: layer["config"][key] for key in ("name", "dtype") if key in layer["config"]}
    # The operation ``keras.ops.softmax`` has the name of the layer, in another module.
    linear = {"module": "keras.layers", "class_name": "Activation", "registered_name": None}
    changed = layer | linear | {"config": kept | {"activation": "linear"}}
    if "inbound_nodes" in layer:  # calls of a Softmax name its mask, which an Activation has not
        calls = [node | {"kwargs": {}} for node in layer["inbound_nodes"]]
        return changed | {"inbound_nodes": calls}
    return changed
