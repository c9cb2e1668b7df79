"""Icarus, a second simulator, reads the emitted Verilog alike: a sample of ops, graphs and streams."""

import numpy as np
import pytest

from qhls import rtl
from qhls.ir import Const, run
from qhls.plan import Schedule
from qhls.rtl.streams.design import StreamVerilog
from qhls.rtl.verilog import Verilog
from support.graphs.agreement import stimuli
from support.graphs.designs import classifier
from support.graphs.op_batches import BATCHES, batch, graph_of
from support.graphs.random_graphs import draw, graphs
from support.simulators.icarus import needs_icarus, run_module, run_streams

SAMPLES = 8
"""Per design: every construct of the language occurs, and Verilator has seen all codes."""


def check(graph, got, codes):
    for op, want, have in zip(graph.outputs, run(graph, codes), got, strict=True):
        assert np.array_equal(want, have), op.name


def sample(graph, seed=0):
    return [array[:SAMPLES] for array in stimuli(graph, seed)]


@needs_icarus
def test_ops_agree(tmp_path):
    outputs = [op for name in BATCHES for op in list(batch(name))[::12]]
    graph = graph_of("all", outputs)
    codes = sample(graph)
    verilog = Verilog.of(rtl.build_netlist(graph))
    check(graph, run_module(tmp_path, verilog, codes), codes)


@needs_icarus
def test_pipelines_of_random_graphs_agree(tmp_path):
    outputs = [op for one in draw(graphs(), 12, 30) for op in one.outputs]
    graph = graph_of("random", [op for op in outputs if not isinstance(op, Const)])
    codes = sample(graph)
    verilog = Verilog.of(rtl.build_netlist(graph, clock_period=3.0, ternary=True))
    check(graph, run_module(tmp_path, verilog, codes), codes)


@needs_icarus
@pytest.mark.parametrize("reuse", [1, 4])
def test_streams_agree(tmp_path, reuse):
    graph = classifier()
    codes = [array[:3] for array in stimuli(graph, 1)]
    verilog = StreamVerilog.of(graph, Schedule(io="stream", reuse_factor=reuse))
    check(graph, run_streams(tmp_path, verilog, codes), codes)
