"""Lowering rules of ``Embedding``, which looks up rows of a table, and ``TimeDistributed``, which applies a layer to
each row.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import keras

from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.dense import QDense
from qhls.frontend.lowering.lower import leave_softmax_to_host, lower, lower_softmax
from qhls.frontend.lowering.reals import Joined, Reals, Tensor, apply_real, require_exact
from qhls.frontend.lowering.refusal import explain_refusal, name_layer_first
from qhls.frontend.lowering.trace import run_model
from qhls.ir import Const, Graph, Input, Lookup, Op, Scan, get_layer, nest_names
from qhls.quantizers.keras_types import KerasLayer, ops

WIDEST_TABLE = 20
"""Largest width in bits of an embedding's numbers; an embedding with wider ones has real numbers."""

_OF_LAST_AXIS = (QDense, QActivation, keras.layers.Activation, keras.layers.Dropout)
"""Layers whose result for a whole sequence consists of their results for each row."""


@lower.register(keras.layers.Embedding)
def _lower_embedding(layer: keras.layers.Embedding, x: Op) -> Tensor:
    lo, hi = (math.ldexp(end, -x.type.frac) for end in x.range.hull)
    if x.type.frac > 0 or lo < 0 or hi >= layer.input_dim:
        raise explain_refusal(
            layer,
            f"whole numbers from 0 to {layer.input_dim - 1}",
            f"{x.type} from {lo:g} to {hi:g}",
            "Give it an input of the model, or quantise to that range before it.",
        )
    table: Any = ops.convert_to_numpy(layer.embeddings)
    embedded = Lookup(x, Const.of(table, "table"))
    if embedded.type.width <= WIDEST_TABLE:
        return embedded
    odd = explain_refusal(
        layer,
        "a quantizer behind it, because its weights are real numbers",
        "none",
        "Add a QActivation behind it.",
    )
    return apply_real(embedded, keras.activations.linear, odd, shared=True)


@lower.register(keras.layers.TimeDistributed, reads_reals=True)
def _lower_time_distributed(layer: keras.layers.TimeDistributed, x: Tensor) -> Tensor:
    """Lower the inner layer on the whole sequence if that gives the same result, else as a loop over the rows."""
    with name_layer_first(layer):
        return _lower_distributed(layer, layer.layer, x)


def _lower_distributed(layer: keras.layers.TimeDistributed, inner: KerasLayer, x: Tensor) -> Tensor:
    if isinstance(inner, keras.layers.Softmax):
        axes = inner.axis if isinstance(inner.axis, list | tuple) else [inner.axis]
        return lower_softmax(inner, require_exact(layer, x), [a + 1 if a > 0 else a for a in axes])
    if isinstance(inner, _OF_LAST_AXIS):
        result: Any = lower.find_rule(inner)(inner, x)
        return result
    if not isinstance(x, Reals) or x.dims is not None or x.move is not None:
        x = require_exact(layer, x)
    sequence = x.x if isinstance(x, Reals) else x
    with nest_names("scan"):
        row = Input(sequence.shape[1:], sequence.type, name="row")
        lowered = _lower_row(layer, inner, replace(x, x=row) if isinstance(x, Reals) else row)
        if isinstance(lowered, Reals) and lowered.move is not None:
            lowered = lowered.separate()
        lowered = require_exact(inner, lowered) if isinstance(lowered, Joined) else lowered
    result = lowered.x if isinstance(lowered, Reals) else lowered
    steps = sequence if result is row else Scan(sequence, (), Graph((row,), (result,), "step"))
    if not isinstance(lowered, Reals):
        return steps
    dims = None if lowered.dims is None else (sequence.shape[0], *lowered.dims)
    return replace(lowered, x=steps, dims=dims)


def _lower_row(layer: keras.layers.TimeDistributed, inner: KerasLayer, row: Tensor) -> Tensor:
    """Lower ``inner``, a layer or model, applied to one row."""
    with leave_softmax_to_host(last=False):
        if isinstance(inner, keras.Model):
            result = run_model(inner, [row], f"{get_layer()}/{inner.name}/")
        else:
            result = lower.find_rule(inner)(inner, row)
    if isinstance(result, tuple):
        raise explain_refusal(
            layer,
            "a layer of one output",
            f"{len(result)} of {inner.name!r}",
            "Wrap one per output.",
        )
    return result
