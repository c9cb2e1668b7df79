"""Plans as a whole: one process per call, one buffer per tensor, and the table that shows them."""

import re

import pytest
from hypothesis import given, settings

from qhls.design import Design
from qhls.ir import Const, Fixed, Graph, Input, Reshape, Scan
from qhls.plan import Buffer, Process, Schedule, plan
from support.graphs.designs import classifier
from support.graphs.op_examples import EXAMPLES, inputs_of
from support.graphs.random_graphs import graphs

SCHEDULES = [Schedule(), Schedule(3, partition_limit=8), Schedule(partition_limit=1)]


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_every_op_has_its_hardware_and_every_tensor_its_buffer(graph):
    for schedule in SCHEDULES:
        network = plan(graph, schedule)
        walked = list(network.walk())
        assert [(each.op, each.times) for each in walked] == list(graph.walk())
        for each in walked:
            expected = {Input: Buffer, Const: type(None), Reshape: type(None)}
            assert isinstance(each.unit, expected.get(type(each.op), Process))
        for process in network.processes:
            assert network.process(process.op) is process
            assert network.find_buffer(process.op) is process.writes.buffer
            read = (o for op in process.ops for o in dict.fromkeys(op.operands))
            assert [a.operand for a in process.reads] == [o for o in read if o not in process.ops]
            for op in process.ops:
                assert network.remake(op, op) == network.find_hardware(op) or process.body
        assert {c.consumer for c in network.channels} <= {*graph.ops, None}
        assert len([c for c in network.channels if c.consumer is None]) == len(graph.outputs)


def test_a_plan_is_made_once():
    graph = classifier()
    assert plan(graph, Schedule()) is plan(graph, Schedule())
    design = Design(graph, Schedule(2))
    assert design.plan is design.latency().plan is plan(graph, Schedule(2))


def test_the_table_has_one_process_per_line():
    design = Design(classifier(), Schedule(4, partition_limit=50))
    lines = [re.split(r"\s*│\s*", line.strip("│ ")) for line in str(design.plan).splitlines()]
    rows = {cells[0]: cells for cells in lines if len(cells) > 1}
    assert list(rows) == [process.name for process in design.plan.processes]
    _, layer, ops, fold, loops, interval, depth, constants, result, to = rows["act1.quantize"]
    assert (layer, ops) == ("conv1, act1", "conv + add + max + quantize")
    assert (fold, interval, depth) == ("simd 6, pe 3", "3", "2")
    assert loops == "r 6 c 6 f 3/3 i 3 j 3/3 g 2/2"
    assert constants == "registers 3 x 72, wired 3 x 4, wired 1 x 1"
    assert (result, to) == ("bram 108 x 5", "pool1.pool: array")
    assert "do not overlap: several calls read pool1.pool" in str(design.plan)


@pytest.mark.parametrize("build", EXAMPLES[Scan])
def test_a_step_has_a_plan(build):
    op = build(Fixed(True, 6, 2))
    network = plan(Graph(inputs_of(op), (op,), "top"), Schedule())
    process = network.process(op)
    assert process.body.graph is op.body
    assert (process.trips, process.depth, process.body.stores) == (op.steps, 1, ())
    assert process.interval > process.body.latency
    assert ("mul" in str(network)) == any(inner.kind == "mul" for inner in op.body.ops)
