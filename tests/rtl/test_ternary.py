"""Ternary adders: the same numbers from fewer look-up tables, in netlists, Verilator, proofs and Yosys."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls import rtl
from qhls.design import Design
from qhls.errors import VerifyError
from qhls.ir import Const, Fixed, Graph, run
from qhls.plan import Schedule
from qhls.rtl.adders import multiply_vector
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import SUMS, Kind, Port
from qhls.rtl.ternary.join import join_adders
from qhls.rtl.ternary.sums import count_tables
from support.graphs.agreement import stimuli
from support.graphs.designs import classifier, dense, random_codes
from support.graphs.op_batches import BATCHES, batch, graph_of
from support.graphs.random_graphs import graphs, random_inputs, seeds
from support.rtl import needs_verilator, needs_yosys

FAST = Schedule(family="xcup", ternary_adders=True, clock_period=3.0)


def products(columns, low=-8, high=7):
    """The netlist of the products of a vector with a constant matrix, with binary adders."""
    builder = Builder("m")
    inputs = [builder.make_input(low, high) for _ in columns[0]]
    outputs = multiply_vector(builder, inputs, tuple(map(tuple, columns)))
    builder.label(outputs, "y", [f"_{place}" for place in range(len(outputs))])
    ports = [
        Port(name, Fixed(True, width, 0), (len(cells),), tuple(cells))
        for name, width, cells in (("x", 4, inputs), ("y", 24, outputs))
    ]
    return builder.finish(ports[:1], ports[1:])


def count(net, *kinds):
    return sum(cell.kind in kinds for cell in net.cells)


@given(
    st.integers(1, 6).flatmap(
        lambda rows: st.lists(
            st.lists(st.integers(-200, 200), min_size=rows, max_size=rows), min_size=1, max_size=6
        )
    ),
    st.integers(0, 1 << 30),
)
@settings(deadline=None)
def test_products_are_the_same_with_no_more_tables(columns, seed):
    binary = products(columns)
    joined = join_adders(binary)
    x = np.random.default_rng(seed).integers(-8, 8, (20, len(columns[0])))
    (got,) = joined.evaluate([x])
    assert got.tolist() == (x @ np.array(columns).T).tolist()
    for index, values in joined.walk_values([x]):
        assert joined.cells[index].lo <= min(values) <= max(values) <= joined.cells[index].hi
    assert count_tables(joined.cells) <= count_tables(binary.cells)
    assert count(joined, *SUMS) <= count(binary, *SUMS)


@given(graphs(), seeds, st.sampled_from([None, 3.0]))
@settings(deadline=None)
def test_any_graph_equals_the_interpreter(drawn, seed, period):
    varying = [op for op in drawn.outputs if not isinstance(op, Const)]
    drawn = Graph(drawn.inputs, tuple(varying), drawn.name)
    codes = random_inputs(drawn, seed)
    got = rtl.build_netlist(drawn, clock_period=period, ternary=True).evaluate(codes)
    for want, have in zip(run(drawn, codes), got, strict=True):
        assert np.array_equal(want, have)


@pytest.mark.parametrize("name", BATCHES)
def test_every_op_equals_the_interpreter(name):
    graph = graph_of(name, list(batch(name)))
    codes = stimuli(graph, 0)
    got = rtl.build_netlist(graph, ternary=True).evaluate(codes)
    for want, have in zip(run(graph, codes), got, strict=True):
        assert np.array_equal(want, have)


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (32, 5), (16, 16)])
def test_random_matrices_need_three_quarters_of_the_tables(rows, columns):
    matrix = np.random.default_rng(0).integers(-31, 32, (rows, columns)).T.tolist()
    binary = products(matrix, -128, 127)
    assert count_tables(join_adders(binary).cells) <= 0.75 * count_tables(binary.cells)


def test_a_shared_sum_is_dissolved_where_that_saves_an_adder():
    """(a + b) + c and (a + b) - d: two ternary adders instead of three binary ones."""
    net = join_adders(products([[1, 1, 1, 0], [1, 1, 0, -1]]))
    assert (count(net, Kind.TERNARY), count(net, *SUMS)) == (2, 2)


def test_tables_of_a_ternary_sum():
    """Four numbers of 4 bits: one pair of 5 bits and one sum of three words of 6 bits; 3 x 5 bits of binary ones."""
    net = products([[1, 1, 1, 1]])
    assert count_tables(net.cells) == 5 + 5 + 6
    assert count_tables(join_adders(net).cells) == 5 + 6


@needs_verilator
@pytest.mark.parametrize("io", ["array", "stream"])
def test_verilator_equals_the_interpreter(io):
    design = Design(
        classifier(), Schedule(family="xc7", ternary_adders=True, clock_period=3.0, io=io)
    )
    simulation = rtl.build_design(design.graph, design.schedule)
    codes = random_codes(design.graph, 20)
    for want, got in zip(run(design.graph, codes), simulation.run(codes), strict=True):
        assert np.array_equal(want, got)


@needs_verilator
def test_the_project_has_sums_of_three_and_its_latency(tmp_path):
    graph = dense()
    design = Design(graph, FAST)
    text = design.emit("verilog", tmp_path / "v").sources[0].read_text()
    assert re.search(r"= [^;?]+ [+-] [^;?]+ [+-] [^;?]+;", text)
    simulation = rtl.build_design(graph, FAST)
    assert design.latency("verilog").latency == simulation.verilog.netlist.latency > 0


@needs_yosys
def test_every_input_is_proved():
    assert Design(dense(), FAST).prove().proved


@needs_yosys
def test_yosys_needs_what_is_estimated():
    """The estimate is that of Yosys, which takes two tables per bit of a ternary sum."""
    report = Design(dense(), FAST).synthesize("xcup")
    assert abs(report.estimates["LUT"] - report.resources["LUT"]) <= report.errors["LUT"]
    assert abs(report.estimates["carry"] - report.resources["carry"]) <= report.errors["carry"]


@pytest.mark.parametrize("family", [None, "ecp5", "ice40", "gowin"])
def test_other_families_refuse(family):
    with pytest.raises(
        VerifyError, match=r"^Schedule\.family: expected one of xc7, xcup for ternary adders, got"
    ):
        Schedule(family=family, ternary_adders=True)


def test_the_switch_is_true_or_false():
    with pytest.raises(
        VerifyError, match=r"^Schedule\.ternary_adders: expected True or False, got"
    ):
        Schedule(family="xc7", ternary_adders="yes")
