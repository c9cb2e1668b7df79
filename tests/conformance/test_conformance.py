"""An op means the same to the interpreter, Vitis and Catapult: every instance, every code, every tap."""

import os
import random
from functools import cache

import pytest

from qhls.backends.csim import build
from qhls.backends.views.tensor import PORT_LIMIT
from qhls.errors import PlanError
from qhls.ir import Const, Fixed, Graph, Input, Op, Quantize, Reshape
from qhls.plan import Schedule, plan_design
from support.graphs.agreement import ARRAYS, STREAMS, assert_agreement, disagreements, stimuli
from support.graphs.op_batches import BATCHES, ONLY_STREAMS, batch, graph_of, network, residual
from support.graphs.random_graphs import draw, graphs


@cache
def instances():
    """Every op of every batch."""
    return {name: batch(name) for name in BATCHES}


def concrete(base):
    below = base.__subclasses__()
    own = [] if below else [base]
    return own + [op for child in below for op in concrete(child)]


@pytest.mark.parametrize("op", [op for op in concrete(Op) if op.__module__.startswith("qhls.ir.")])
def test_every_op_has_instances(op):
    found = {type(o) for cases in instances().values() for o in Graph((), tuple(cases)).ops}
    assert op in found, (
        f"no conformance instance of {op.__name__}: add one to tests/support/graphs/op_examples.py"
    )


@pytest.mark.parametrize("name", BATCHES)
def test_interpreter_equals_targets(name, unoptimised):
    assert_agreement(graph_of(name, instances()[name]))


TOKENS = ["arithmetic", "elementwise", "structure", "tokens"]
"""Batches whose tensors differ in shape; the others differ in types, which streams leave to the same functions."""


@pytest.mark.parametrize("name", TOKENS)
def test_interpreter_equals_streams(name, unoptimised):
    cases = [op for cases in ONLY_STREAMS[name] for op in cases()] if name in ONLY_STREAMS else None
    assert_agreement(graph_of(name, cases or instances()[name]), schedule=STREAMS)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in BATCHES if name not in TOKENS])
def test_interpreter_equals_streams_of_every_type(name, unoptimised):
    assert_agreement(graph_of(name, instances()[name]), schedule=STREAMS)


@pytest.mark.long
@pytest.mark.parametrize("io", ["array", "stream"])
@pytest.mark.parametrize("name", BATCHES)
def test_interpreter_equals_folded_targets(name, io, unoptimised):
    assert_agreement(graph_of(name, instances()[name]), schedule=Schedule(reuse_factor=3, io=io))


@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_ops_with_an_interval_equal_their_targets(name, unoptimised):
    """Some ops of each batch, one per design: a batch as one design would be as slow as its slowest op."""
    for number, op in enumerate(list(instances()[name])[::7]):
        graph = graph_of(f"{name}_{number}", [op])
        io, interval = ("array", "stream")[number % 2], (1 << 20, 200)[number // 2 % 2]
        schedule = Schedule(io=io, interval=interval)
        try:
            plan_design(graph, schedule)
        except PlanError:  # one input needs more cycles
            continue
        assert_agreement(graph, schedule=schedule)


@pytest.mark.parametrize("interval", [20_000, 300])
def test_a_network_of_streams_agrees_where_it_is_folded(interval):
    graph = graph_of("network", list(network()))
    assert_agreement(graph, schedule=Schedule(io="stream", interval=interval))


@pytest.mark.parametrize("schedule", [ARRAYS, STREAMS], ids=["array", "stream"])
def test_an_input_that_nothing_reads_is_taken(schedule):
    x, spare = (Input((4,), Fixed(True, 6, 3), name=name) for name in ("x", "spare"))
    assert_agreement(Graph((x, spare), (Quantize(x, Fixed(True, 4, 1)),)), schedule=schedule)


def test_a_network_agrees_as_users_build_it():
    graph = graph_of("residual", list(residual()))
    codes = stimuli(graph, 1, 300)
    for io in ("array", "stream"):
        found = disagreements(graph, codes, build(graph, Schedule(reuse_factor=4, io=io)))
        assert not found, "\n".join([io, *found])


def fits(graph):
    return all(op.type.width <= PORT_LIMIT and not isinstance(op, Const) for op in graph.outputs)


@pytest.mark.parametrize("half", range(2))
def test_random_graphs_agree(half, unoptimised):
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32))) + half
    print(f"to repeat: QHLS_SEED={seed - half}")
    drawn = [graph for graph in draw(graphs(), 24, seed) if fits(graph)]
    assert len(drawn) >= 15
    assert any(not isinstance(op, Reshape) for graph in drawn for op in graph.outputs)
    merged = Graph(
        tuple(op for graph in drawn for op in graph.inputs),
        tuple(op for graph in drawn for op in graph.outputs),
        "random",
    )
    assert_agreement(merged, seed)
    if half:
        assert_agreement(merged, seed, schedule=STREAMS)
