"""QTools' graph of a model: a ``networkx.DiGraph`` of layers between a source and a sink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import networkx as nx

from qhls.compat.qtools.graph import list_nodes
from qhls.errors import QhlsError
from qhls.qkeras.objects.numbers import IQuantizer, QuantizerFactory
from qhls.qkeras.objects.settings import cfg
from qhls.system.text import say

SOURCE = -1
SINK = -2


class WrongInputQuantizerError(QhlsError, ValueError):
    """The error raised if the number of input types is neither one nor the number of inputs."""


def GenerateInputQuantizerList(  # noqa: N802 - QTools' name
    input_quantizers: Any, inputs_length: int, default_source_quantizer: Any
) -> list[IQuantizer]:
    """Return the type of each input of a model, from a list, from one type for all, or from None for the default."""
    if input_quantizers is None:
        input_quantizers = QuantizerFactory().make_default_quantizer(default_source_quantizer)
    if not isinstance(input_quantizers, list | tuple):
        input_quantizers = [input_quantizers] * inputs_length
    if len(input_quantizers) != inputs_length:
        raise WrongInputQuantizerError(
            f"QTools, input_quantizers: expected one type, or one per input of the model, which has "
            f"{inputs_length}, got {len(input_quantizers)}. Give one per input."
        )
    return [QuantizerFactory().make_quantizer(quantizer) for quantizer in input_quantizers]


def CreateGraph(  # noqa: N802 - QTools' name
    model: keras.Model,
    input_quantizers: Any = None,
    default_source_quantizer: Any = None,
    debug: bool = False,
) -> tuple[nx.DiGraph, list[IQuantizer]]:
    """Return the graph of a model and the types of its inputs.

    Its nodes are numbers in the order of the model's calls, inputs first, with ``SOURCE`` and ``SINK``. A node has
    ``layer`` and ``type``, each a list of one, and ``out_quantizer``. An edge has ``shape``, ``tensor`` and
    ``quantizer``. Layers that only training needs, and inputs, are no nodes.
    """
    inputs = keras.tree.flatten(model.inputs)
    default = default_source_quantizer or cfg.default_source_quantizer
    sources = GenerateInputQuantizerList(input_quantizers, len(inputs), default)
    graph: Any = nx.DiGraph(model=model)
    for end in (SOURCE, SINK):
        graph.add_node(end, layer=[None], type=[None], out_quantizer=None)
    for number, node in enumerate(list_nodes(model, compatible=True), start=len(inputs)):
        graph.add_node(number, layer=[node.layer], type=[node.kind], out_quantizer=None)
        for edge in node.inputs:
            source = SOURCE if edge.is_input else edge.source + len(inputs)
            quantizer = sources[edge.which] if edge.is_input else None
            tensor = inputs[edge.which] if edge.is_input else _get_output(graph, source)
            graph.add_edge(source, number, shape=edge.shape, tensor=tensor, quantizer=quantizer)
        if node.is_output:
            tensor = _get_output(graph, number)
            graph.add_edge(number, SINK, shape=node.output_shape, tensor=tensor, quantizer=None)
    if debug:
        PrintGraph(graph)
    return graph, sources


def _get_output(graph: nx.DiGraph, node: int) -> Any:
    return graph.nodes[node]["layer"][0].output


def GraphGetInputs(graph: nx.DiGraph) -> list[Any]:  # noqa: N802 - QTools' name
    """Return the edges from the inputs of the model."""
    return [graph[SOURCE][node] for node in graph.successors(SOURCE)]


def GraphGetOutputs(graph: nx.DiGraph) -> list[Any]:  # noqa: N802 - QTools' name
    """Return the edges to the outputs of the model."""
    return [graph[node][SINK] for node in graph.predecessors(SINK)]


def GraphUpdateEdge(graph: nx.DiGraph, node_id: int, quantizer_on_edge: Any) -> None:  # noqa: N802 - QTools' name
    """Set the quantizer of all edges that leave a node."""
    for _, reader in graph.edges(node_id):
        graph[node_id][reader]["quantizer"] = quantizer_on_edge


def GraphPropagateActivationsToEdges(graph: nx.DiGraph, debug: bool = False) -> None:  # noqa: N802 - QTools' name
    """Set the quantizer of each edge that leaves a layer to the layer's quantizer or activation, or None if linear."""
    for node in graph.nodes:
        if node in (SOURCE, SINK):
            continue
        layer = graph.nodes[node]["layer"][0]
        activation = getattr(layer, "quantizer", None) or getattr(layer, "activation", None)
        if getattr(activation, "__name__", None) == "linear":
            activation = None
        graph.nodes[node]["out_quantizer"] = activation
        GraphUpdateEdge(graph, node, activation)
    if debug:
        PrintGraph(graph)


def PrintGraph(graph: nx.DiGraph, msg: str = "") -> None:  # noqa: N802 - QTools' name
    """Print the nodes and edges of the graph."""

    def get_name(layers: Sequence[Any]) -> str:
        return layers[0].name if layers[0] is not None else ""

    nodes = [(u, get_name(graph.nodes[u]["layer"]), graph.nodes[u]["type"]) for u in graph.nodes]
    edges = [(u, v, graph[u][v]["shape"], graph[u][v]["quantizer"]) for u, v in graph.edges]
    say(f"{msg}\nnodes: {nodes}\nedges: {edges}")
