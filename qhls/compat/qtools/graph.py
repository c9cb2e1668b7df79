"""The graph of a model, built by QTools' rules: its layers, their inputs, and the model's inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from qhls.compat.qkeras.models.graph import Call, list_calls_and_results
from qhls.errors import EnergyError
from qhls.frontend.models.walk import unwrap, walk_layers
from qhls.quantizers.keras_types import KerasLayer

Shape = tuple[int | None, ...]

OUTSIDE = -1
"""The ``source`` of an edge that comes from an input of the model."""

_REMOVED = ("Dropout",)
"""The classes of layers that inference omits."""


@dataclass(frozen=True)
class Edge:
    """A tensor that a layer reads: a result of node ``source``, or input ``which`` of the model."""

    source: int
    shape: Shape
    which: int = 0

    @property
    def is_input(self) -> bool:
        """Return whether the tensor is an input of the model."""
        return self.source == OUTSIDE

    @property
    def size(self) -> int:
        """Return the number of elements in one sample; an input of the model counts as 1, as in QTools."""
        return 1 if self.is_input else math.prod(drop_batch(self.shape))


@dataclass(frozen=True)
class Node:
    """A call of a layer. ``depth`` is the number of layers on the longest way to it from an input."""

    name: str
    layer: Any
    inputs: tuple[Edge, ...]
    output_shape: Shape
    depth: int
    is_output: bool = False

    @property
    def kind(self) -> str:
        """Return the name of the layer's class."""
        return type(self.layer).__name__

    @property
    def is_input(self) -> bool:
        """Return whether the layer reads an input of the model."""
        return any(edge.is_input for edge in self.inputs)


def drop_batch(shape: Sequence[int | None]) -> tuple[int, ...]:
    """Return a shape without its batch dimension; ``list_nodes`` checks that all other sizes are known."""
    return tuple(n for n in shape[1:] if n is not None)


def list_nodes(model: keras.Model, compatible: bool) -> list[Node]:
    """Return the calls of layers, producers first, without ``Dropout`` and input layers.

    QTools has one edge between two layers, and one from all of a model's inputs to a layer. So if ``compatible``, a
    layer that reads two inputs of the model, or a tensor twice, has one edge: the last. Otherwise the Q-layer within a
    wrapper such as ``TimeDistributed`` replaces the wrapper. A second call of a layer is named ``layer#2``.

    Raises:
        LoweringError: a model that is not built from layers.
        EnergyError: a tensor of unknown size.
    """
    every, results = list_calls_and_results(model)
    inputs = enumerate(keras.tree.flatten(model.inputs))
    edges = {id(t): Edge(OUTSIDE, tuple(t.shape), i) for i, t in inputs}
    read: set[int] = set()
    nodes: list[Node] = []
    times: dict[str, int] = {}
    for call in every:
        if type(call.layer).__name__ in _REMOVED:
            edges[id(call.outputs[0])] = edges[id(call.inputs[0])]
            continue
        times[call.name] = times.get(call.name, 0) + 1
        name = call.name if times[call.name] == 1 else f"{call.name}#{times[call.name]}"
        read_edges = [edges[id(t)] for t in call.inputs]
        read |= {edge.source for edge in read_edges}
        layer = call.layer if compatible else unwrap(call.layer)
        nodes.append(
            _make_node(name, layer, call, _merge(read_edges) if compatible else read_edges, nodes)
        )
        for tensor in call.outputs:
            edges[id(tensor)] = Edge(len(nodes) - 1, tuple(tensor.shape))
    # An output of the model that a layer reads too is no output to QTools.
    ends = set() if compatible else {edges[id(t)].source for t in results}
    return [replace(n, is_output=i not in read or i in ends) for i, n in enumerate(nodes)]


def _make_node(
    name: str, layer: KerasLayer, call: Call, edges: list[Edge], before: list[Node]
) -> Node:
    for tensor in (*call.inputs, *call.outputs):
        if None in tuple(tensor.shape)[1:]:
            raise EnergyError(
                f"QTools, layer {name!r}: expected tensors of known size, got the shape "
                f"{tuple(tensor.shape)}. Give keras.Input every dimension but the batch."
            )
    depth = 1 + max((before[e.source].depth for e in edges if not e.is_input), default=0)
    return Node(name, layer, tuple(edges), tuple(call.outputs[0].shape), depth)


def _merge(edges: list[Edge]) -> list[Edge]:
    """Return one edge per source: the last of its edges."""
    last = {edge.source: edge for edge in edges}
    return list(last.values())


def sort_as_in_model(model: keras.Model, nodes: list[Node]) -> list[Node]:
    """Return the nodes in the order of the model's list of layers."""
    order = {name: i for i, (name, _) in enumerate(walk_layers(model))}
    return sorted(nodes, key=lambda node: order.get(node.name.partition("#")[0], len(order)))
