"""An op means the same to the interpreter, to a netlist, and to Verilator: every instance, every code."""

import os
import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings

from qhls import rtl
from qhls.ir import Const, Graph, run
from support.graphs.agreement import stimuli
from support.graphs.op_batches import BATCHES, batch, graph_of
from support.graphs.random_graphs import draw, graphs, random_inputs, seeds
from support.rtl import fast_simulation, needs_verilator


@cache
def graph(name):
    return graph_of(name, list(batch(name)))


def differing(outputs, want, got):
    return [
        op.name for op, a, b in zip(outputs, want, got, strict=True) if not np.array_equal(a, b)
    ]


@pytest.mark.parametrize("name", BATCHES)
def test_netlist_equals_interpreter(name):
    codes = stimuli(graph(name), 0)
    got = rtl.build_netlist(graph(name)).evaluate(codes)
    assert differing(graph(name).outputs, run(graph(name), codes), got) == []


@given(graphs(), seeds)
@settings(deadline=None)
def test_netlist_of_any_graph_equals_interpreter(drawn, seed):
    codes = random_inputs(drawn, seed)
    varying = [op for op in drawn.outputs if not isinstance(op, Const)]
    drawn = Graph(drawn.inputs, tuple(varying), drawn.name)
    got = rtl.build_netlist(drawn).evaluate(codes)
    assert differing(drawn.outputs, run(drawn, codes), got) == []


def test_codes_of_cells_are_within_their_ends():
    """Widths are those of the ends, so an end that is passed would lose bits in Verilog."""
    for name in BATCHES:
        codes = stimuli(graph(name), 1)
        net = rtl.build_netlist(graph(name))
        for port, values in zip(net.outputs, net.evaluate(codes), strict=True):
            columns = values.reshape(len(values), -1).T
            for cell, column in zip(port.cells, columns, strict=True):
                assert net.cells[cell].lo <= column.min() <= column.max() <= net.cells[cell].hi


QUICK = {"rounding and overflow": 9, "types": 14}
"""Batches of which the quick test takes only every nth op."""


def agree(name, outputs, monkeypatch):
    fast_simulation(monkeypatch)
    chosen = graph_of(name, outputs)
    codes = stimuli(chosen, 2)
    got = rtl.build(chosen).run(codes)
    assert differing(chosen.outputs, run(chosen, codes), got) == []


@needs_verilator
def test_verilator_equals_interpreter(monkeypatch):
    outputs = [op for name in BATCHES for op in graph(name).outputs[:: QUICK.get(name, 1)]]
    agree("all", outputs, monkeypatch)


@needs_verilator
@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
def test_verilator_equals_interpreter_in_all_modes(name, monkeypatch):
    agree(name, graph(name).outputs, monkeypatch)


@needs_verilator
def test_verilator_agrees_on_random_graphs(monkeypatch):
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    drawn = draw(graphs(), 20, seed)
    outputs = [op for one in drawn for op in one.outputs if not isinstance(op, Const)]
    agree("random", outputs, monkeypatch)
