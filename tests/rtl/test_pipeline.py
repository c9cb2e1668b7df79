"""Pipelines: the same numbers, as many registers on every path, and no stage beyond the clock."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls import rtl
from qhls.design import Design
from qhls.ir import Const, Fixed, Graph, run
from qhls.plan import Schedule
from qhls.plan.hardware.depth import LOGIC_LEVEL_NS
from qhls.rtl import pipeline as pipelines
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import Kind, Port
from qhls.rtl.pipeline import LOGIC_LEVELS, find_slowest_cell, register_bits
from qhls.rtl.timing.delays import find_slowest_path, load_delays
from support.graphs.designs import classifier, dense, random_codes
from support.graphs.random_graphs import graphs, random_inputs, seeds
from support.rtl import make, needs_verilator


def registers(net):
    """The registers before each cell, the same on all paths; None for a cell that reads constants alone."""
    found = []
    for cell in net.cells:
        before = {found[arg] for arg in cell.args} - {None}
        assert len(before) <= 1, cell
        stage = before.pop() if before else None if cell.kind is not Kind.INPUT else 0
        late = cell.kind is Kind.REG and stage is not None  # a constant is the same in every stage
        found.append(stage + 1 if late else stage)
    return found


def longest(net):
    """The nanoseconds of the longest path between registers."""
    ends = []
    for cell in net.cells:
        start = max((ends[arg] for arg in cell.args), default=0.0)
        own = LOGIC_LEVELS[cell.kind] * LOGIC_LEVEL_NS
        ends.append(0.0 if cell.kind is Kind.REG else start + own)
    return max(ends, default=0.0)


@given(graphs(), seeds, st.sampled_from([3.0, 4.5, 100.0]))
@settings(deadline=None)
def test_pipelines_of_any_graph(drawn, seed, period):
    varying = [op for op in drawn.outputs if not isinstance(op, Const)]
    drawn = Graph(drawn.inputs, tuple(varying), drawn.name)
    net = rtl.build_netlist(drawn, clock_period=period)
    codes = random_inputs(drawn, seed)
    for want, got in zip(run(drawn, codes), net.evaluate(codes), strict=True):
        assert np.array_equal(want, got)
    stages = registers(net)
    ends = {stages[cell] for port in net.outputs for cell in port.cells} - {None}
    assert ends <= {net.latency}
    assert longest(net) <= period


@given(graphs(), seeds, st.sampled_from([2.0, 5.0, 9.0]))
@settings(deadline=None)
def test_pipelines_by_the_delays_of_a_family(drawn, seed, period):
    """A path between registers fits in the period with the table's margin, or is a single slow cell."""
    varying = [op for op in drawn.outputs if not isinstance(op, Const)]
    drawn = Graph(drawn.inputs, tuple(varying), drawn.name)
    net = rtl.build_netlist(drawn, clock_period=period, family="ecp5")
    codes = random_inputs(drawn, seed)
    for want, got in zip(run(drawn, codes), net.evaluate(codes), strict=True):
        assert np.array_equal(want, got)
    registers(net)
    table = load_delays("ecp5")
    slowest = find_slowest_path(net, table, closed=True)[0] * (1 + table.margin)
    assert slowest <= max(period, find_slowest_cell(net, "ecp5")) + 1e-6


def test_the_family_of_a_schedule_changes_its_verilog(tmp_path):
    for io in ("array", "stream"):
        texts = []
        for family in (None, "ecp5"):
            schedule = Schedule(io=io, clock_period=4.0, family=family)
            made = Design(dense(), schedule).emit("verilog", tmp_path / f"{io}_{family}")
            texts.append("".join(source.read_text() for source in made.sources))
        assert texts[0] != texts[1]


def test_a_family_without_delays_has_the_pipeline_of_none():
    nets = [rtl.build_netlist(dense(), clock_period=3.0, family=name) for name in (None, "xc7")]
    assert nets[0].cells == nets[1].cells
    assert find_slowest_cell(nets[0], "xc7") == 0.0


def test_latency_and_registers_follow_the_clock():
    nets = [rtl.build_netlist(classifier(), clock_period=period) for period in (100, 5, 3)]
    assert [net.latency > 0 for net in nets] == [False, True, True]
    assert nets[0].latency < nets[1].latency < nets[2].latency
    assert register_bits(nets[0]) == 0 < register_bits(nets[1]) < register_bits(nets[2])


@pytest.mark.parametrize(("family", "period"), [(None, 3.0), ("ecp5", 6.0)])
def test_retiming_saves_register_bits_and_keeps_the_latency(monkeypatch, family, period):
    graph = classifier()
    retimed = rtl.build_netlist(graph, clock_period=period, family=family)
    monkeypatch.setattr(pipelines, "_MOST_CELLS", 0)
    simple = rtl.build_netlist(graph, clock_period=period, family=family)
    assert retimed.latency == simple.latency > 0
    assert register_bits(retimed) < register_bits(simple)


def test_registers_move_to_where_the_fewest_bits_are():
    """Four inputs of 8 bits become one sum of 10: registers belong behind the second level, not before it."""
    builder = Builder("sums")
    inputs = [builder.make_input(-128, 127) for _ in range(4)]
    total = builder.sum_terms((cell, 1, 0) for cell in inputs)
    bits = builder.make_less(total, builder.make_const(3))
    kinds = (Fixed(True, 8, 0), Fixed(False, 1, 0))
    ports = [
        Port(name, kind, (len(cells),), tuple(cells))
        for name, kind, cells in zip("xy", kinds, (inputs, [bits]), strict=True)
    ]
    net = pipelines.pipeline(builder.finish(ports[:1], ports[1:]), 2.0)
    assert (net.latency, register_bits(net)) == (1, 10)


@needs_verilator
@pytest.mark.parametrize("samples", [1, 1025])
def test_verilator_takes_a_sample_per_clock(samples):
    simulation = rtl.build(dense(), clock_period=1.0)
    assert simulation.verilog.netlist.latency > 3
    codes = random_codes(dense(), samples)
    assert np.array_equal(simulation.run(codes)[0], run(dense(), codes)[0])


@needs_verilator
@pytest.mark.parametrize("period", [1.0, 100.0])
def test_latency_is_what_is_counted(period):
    graph = dense()
    simulation = rtl.build(graph, clock_period=period)
    reported = Design(graph, Schedule(clock_period=period)).latency("verilog")
    assert simulation.count_cycles(random_codes(graph, 2)) == reported.latency
    assert (reported.interval, reported.nanoseconds) == (1, reported.latency * period)
    assert (reported.latency == 0) == (period == 100.0)


@needs_verilator
def test_project_with_a_clock(tmp_path):
    made = Design(dense(), Schedule(clock_period=2.0)).emit("verilog", tmp_path / "p")
    (source,) = made.sources
    assert "  input wire clk,\n" in source.read_text()
    assert re.search(r"^  always @\(posedge clk\) \w+ <= ", source.read_text(), re.M)
    assert re.search(r"follow after \d clock cycles", (tmp_path / "p" / "README.md").read_text())
    for target in ("lint", "rtl"):
        status, output = make(made.path, target)
        assert status == 0, output
    assert "PASS: dense, 32 vectors" in output
