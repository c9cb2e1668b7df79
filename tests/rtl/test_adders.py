"""Constant matrices as sums that share terms: exact, few, and within their levels."""

from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.ir import Fixed
from qhls.rtl.adders import AdderGraph, graph, multiply_vector, solve
from qhls.rtl.builder import Builder, to_signed_digits
from qhls.rtl.netlist import Port

weights = st.one_of(
    st.integers(-40, 40), st.sampled_from([0, 0, 1, -1, 8]), st.integers(-(1 << 70), 1 << 70)
)


@st.composite
def matrices(draw, weights=weights):
    """Columns of equal length."""
    rows = draw(st.integers(1, 6))
    column = st.lists(weights, min_size=rows, max_size=rows).map(tuple)
    return tuple(draw(st.lists(column, min_size=1, max_size=6)))


def levels(graph):
    """The adders on the longest path to each sum, the shallowest terms added first."""
    found = [0] * graph.inputs
    for terms in graph.sums:
        found.append(ceil(log2(sum(1 << found[source] for source, _, _ in terms))) if terms else 0)
    return found[graph.inputs :]


def separate(columns):
    """Adders without sharing, and the levels that they need."""
    digits = [sum(len(to_signed_digits(code)) for code in column) for column in columns]
    return sum(max(d - 1, 0) for d in digits), max(ceil(log2(max(d, 1))) for d in digits)


@given(matrices(), st.integers(0, 1 << 30))
@settings(deadline=None)
def test_cells_compute_the_products(columns, seed):
    builder = Builder("m")
    inputs = [builder.make_input(-8, 7) for _ in columns[0]]
    outputs = multiply_vector(builder, inputs, columns)
    kind = Fixed(True, 4, 0)
    ports = [
        Port("x", kind, (len(inputs),), tuple(inputs)),
        Port("y", kind, (len(outputs),), tuple(outputs)),
    ]
    net = builder.finish(ports[:1], ports[1:])
    x = np.random.default_rng(seed).integers(-8, 8, (5, len(inputs)))
    (got,) = net.evaluate([x])
    assert got.tolist() == (x.astype(object) @ np.array(columns, object).T).tolist()


@given(matrices(st.integers(-100, 100)), st.sampled_from([0, 5]), st.sampled_from([None, 0, 1, 2]))
@settings(deadline=None)
def test_graphs_are_exact_and_no_larger_than_separate_columns(columns, effort, more):
    most, least = separate(columns)
    limit = None if more is None else least + more
    graph = solve(columns, effort=effort, limit=limit)
    assert graph.columns == [list(column) for column in columns]
    assert graph.adders <= most
    if limit is not None:
        assert max(levels(graph), default=0) <= limit


def random_columns(rows, count):
    return np.random.default_rng(0).integers(-31, 32, (rows, count)).T.tolist()


def test_graphs_are_repeatable_and_effort_helps():
    columns = random_columns(8, 8)
    first = [solve(columns, effort=effort) for effort in (0, 6, 200)]
    assert first == [solve(columns, effort=effort) for effort in (0, 6, 200)]
    assert first[0].adders >= first[1].adders > first[2].adders


@pytest.mark.parametrize(
    ("rows", "count", "effort", "most"),
    [(8, 8, 8, 74), (16, 16, 8, 281), (32, 5, 8, 180), (16, 16, 60, 270), (32, 5, 60, 175)],
)
def test_random_matrices_need_few_adders(rows, count, effort, most):
    """The figures of the peer in benchmarks/README.md, and less with more effort."""
    assert solve(random_columns(rows, count), effort=effort).adders <= most


def test_large_matrices_are_cut_and_wide_weights_share_nothing(monkeypatch):
    columns = tuple(map(tuple, random_columns(12, 4)))
    monkeypatch.setattr(graph, "_PAIRS", 50)
    builder = Builder("m")
    multiply_vector(builder, [builder.make_input(-8, 7) for _ in range(12)], columns)
    alone = graph._make_unshared(((1 << 60, 3), (1 << 60, 3)))
    assert alone.columns == [[1 << 60, 3]] * 2


def test_a_wrong_graph_is_never_used(monkeypatch):
    monkeypatch.setattr(graph, "_order_sums", lambda *_: AdderGraph(1, (((0, 1, 1),),), (1,)))
    with pytest.raises(
        RuntimeError, match=r"^adder graph: expected the matrix as its normal form, got"
    ):
        solve([[3]])
