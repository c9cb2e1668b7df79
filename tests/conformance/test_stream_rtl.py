"""Every layer family in Verilog of tokens: streams, unfolded and folded, and folded arrays; and every op of arrays."""

import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError
from qhls.ir import Graph, run
from qhls.plan import Schedule
from qhls.rtl import build_design
from support.fuzz import renamed
from support.graphs.agreement import stimuli
from support.graphs.op_batches import BATCHES, batch, graph_of
from support.models.layer_examples import examples, model_of
from support.rtl import fast_simulation, needs_verilator

PARTS = 6
"""Simulations in which all examples are built."""


def graphs_of(part):
    """The graphs of every ``PARTS``-th example, each renamed by its own."""
    rng = np.random.default_rng(part)
    for name, (layer, shape) in [*examples().items()][part::PARTS]:
        try:
            design = qhls.compile(model_of(layer, shape, rng), "s6.4", allow_approximate=True)
        except LoweringError:
            continue  # real numbers that no quantizer rounds
        graph = design.graph
        yield renamed(Graph(graph.inputs, graph.outputs, name))


@needs_verilator
@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("io", "reuse"), [("stream", 1), ("stream", 5), ("array", 5)])
def test_every_layer_agrees_as_tokens(part, io, reuse, monkeypatch):
    fast_simulation(monkeypatch)
    made = list(graphs_of(part))
    if reuse > 1:
        made = [graph for graph in made if not any(op.nested for op in graph.ops)]
    assert made
    inputs = tuple(op for graph in made for op in graph.inputs)
    outputs = tuple(op for graph in made for op in graph.outputs)
    whole = Graph(inputs, outputs, "layers")
    rng = np.random.default_rng(part)
    codes = [rng.integers(*op.range.hull, (6, *op.shape), np.int64, endpoint=True) for op in inputs]
    assert differing(whole, Schedule(io=io, reuse_factor=reuse), codes) == []


def differing(graph, schedule, codes):
    """Return the names of the outputs in which Verilog and interpreter differ."""
    got = build_design(graph, schedule).run(codes)
    pairs = zip(graph.outputs, run(graph, codes), got, strict=True)
    return [op.name for op, a, b in pairs if not np.array_equal(a, b)]


@needs_verilator
@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_every_op_agrees_beside_folds_of_arrays(name, monkeypatch):
    fast_simulation(monkeypatch)
    every = {"rounding and overflow": 9, "types": 14}.get(name, 1)
    graph = graph_of(name, [op for op in batch(name) if op.batched and not op.nested][::every])
    assert differing(graph, Schedule(reuse_factor=3), stimuli(graph, 0)) == []
