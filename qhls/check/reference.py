"""``Reference``: runs the Keras model on a design's inputs, in its own float type if that is exact, else in float64."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from qhls.check.onnx_reference import OnnxReference
from qhls.frontend.models.precision import copy_in_precision, find_float_type
from qhls.ir import Op, Threshold, decode
from qhls.ir.integers import Array
from qhls.ir.interpret import compute_in_batches
from qhls.model.floats import FLOAT64_EXACT
from qhls.model.graph import ModelGraph
from qhls.onnx.load.model import OnnxModel
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import pad_to_packets, skip_gradients, train_in_float32, use_precision

BATCH = 512
"""Samples per call: bounds the memory of a model's activations."""


def make_reference(model: Any, graph: ModelGraph, host: Any = None) -> Reference | OnnxReference:
    """Return the reference that computes the outputs of ``graph`` by ``model``; ``host``: the design's host part."""
    if isinstance(model, OnnxModel):
        return OnnxReference(model, graph, host)
    return Reference(model, graph)


class Reference:
    """The Keras model of ``graph``, rebuilt to end at the graph's outputs.

    In the model's own types where every op's range proves float32 exact, else in float64: ``dtype`` says which,
    ``notes`` why. Layers of half precision were lowered only because they round nothing.
    """

    framework = "Keras"

    def __init__(self, model: keras.Model, graph: ModelGraph) -> None:
        self.graph, self.whole = graph, model
        layers = graph.inexact
        own = find_float_type(model)
        self.dtype = "float64" if layers else own
        self.copied = self.dtype != own
        self.notes = [_explain(layers)] if layers else []
        self.beyond = tuple(
            dict.fromkeys(
                op.layer for op in graph.ops if op.magnitude > FLOAT64_EXACT and not op.proved
            )
        )
        if self.beyond:
            self.notes.append(
                f"float64 (53 bits) may round too in {_list_names(self.beyond)}: a sum that is off by no more than "
                "that is no mismatch; give these layers a quantizer to compare every bit"
            )
        if graph.reals:
            self.notes.append(
                f"real numbers in {_list_names(graph.reals)}: compared with what the quantizers behind them "
                f"round to, without their x + (q - x)"
            )
        self.model = copy_in_precision(model, self.dtype, graph.host_softmax)

    def run(self, codes: Sequence[Array]) -> list[Any]:
        """Return the outputs in codes of the graph's output types, as fractions where they lie between codes."""
        return self._scale(self.model, codes, self.graph.outputs)

    def compute_numbers(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs as real numbers."""
        return self._compute_floats(self.model, codes)

    def compute_ends(self, codes: Sequence[Array]) -> list[Array]:
        """Return the given model's outputs as real numbers, its final softmax included."""
        return self._compute_floats(copy_in_precision(self.whole, self.dtype), codes)

    def tap(self, codes: Sequence[Array]) -> dict[Op, Any]:
        """Return the outputs of Keras layers as codes, by each layer's last op.

        Layers with several outputs are missing, and so are real numbers that no quantizer has rounded.
        """
        last = {op.layer: op for op in self.graph.ops if op.batched and op.layer}
        last = {
            layer: op
            for layer, op in last.items()
            if op not in self.graph.inputs
            and (layer not in self.graph.reals or isinstance(op, Threshold) or op.proved)
        }
        tensors = {
            op: t
            for name, op in last.items()
            if (t := _select_output(self.model, name)) is not None
        }
        tapped = keras.Model(self.model.inputs, list(tensors.values()))
        return dict(zip(tensors, self._scale(tapped, codes, list(tensors)), strict=True))

    def _scale(self, model: keras.Model, codes: Sequence[Array], ops: Sequence[Op]) -> list[Any]:
        whole = [values.astype(np.float64) for values in self._compute_floats(model, codes)]
        return [np.ldexp(values, op.type.frac) for values, op in zip(whole, ops, strict=True)]

    def _compute_floats(self, model: keras.Model, codes: Sequence[Array]) -> list[Array]:
        inputs = [
            decode(array, op.type) for array, op in zip(codes, self.graph.inputs, strict=True)
        ]
        return compute_in_batches(lambda batch: self._call(model, batch), inputs, BATCH)

    def _call(self, model: keras.Model, batch: Sequence[Array]) -> list[Any]:
        plain = skip_gradients() if self.graph.reals else nullcontext()
        with use_precision(self.dtype), plain, train_in_float32(self.copied):
            whole = [pad_to_packets(array) for array in batch]
            tensors = [ops.convert_to_tensor(array, self.dtype) for array in whole]
            results = model(tensors if len(tensors) > 1 else tensors[0], training=False)
            arrays = [ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(results)]
            return [np.asarray(array)[: len(batch[0])] for array in arrays]


def _select_output(model: keras.Model, layer: str) -> Any:
    try:
        return model.get_layer(layer).output
    except (ValueError, AttributeError):  # nested or shared: no single tensor
        return None


def _explain(layers: Sequence[str]) -> str:
    return f"float32 (24 bits) may round in {_list_names(layers)}: compared with Keras in float64"


def _list_names(layers: Sequence[str]) -> str:
    return ", ".join(layers[:5]) + (" ..." if len(layers) > 5 else "")
