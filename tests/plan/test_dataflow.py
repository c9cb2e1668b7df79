"""Whether calls may overlap: by hand, and against the C++ of every example and of random graphs."""

import re

import numpy as np
import pytest
from hypothesis import given, settings

from qhls.backends.emit import generate_sources
from qhls.backends.target import TARGETS
from qhls.errors import EmitError
from qhls.ir import Add, Const, Fixed, Graph, Input, Matmul, Quantize, Reshape
from qhls.plan import Schedule, plan
from support.graphs.op_examples import EXAMPLES, inputs_of
from support.graphs.random_graphs import graphs

A = Input((4,), Fixed(True, 6, 2), name="a")
B = Input((4,), Fixed(True, 6, 2), name="b")


def rounded(x, name):
    return Quantize(x, Fixed(True, 4, 1), name=name)


def test_a_chain_overlaps():
    first = rounded(A, "first")
    last = rounded(Reshape(first, (2, 2), name="same"), "last")
    network = plan(Graph((A,), (last,)), Schedule())
    assert network.obstacles == ()
    assert [b.tensor for b in network.buffers if b.double] == [first]
    kinds = [(c.producer, c.consumer, c.kind, c.depth) for c in network.channels]
    assert kinds == [(A, first, "wires", 1), (first, last, "double", 2), (last, None, "wires", 1)]


@pytest.mark.parametrize(
    ("inputs", "outputs", "found"),
    [
        ((A, B), [Add(rounded(A, "p"), rounded(B, "q"), name="y")], ()),
        ((A,), [Add(A, A, name="y")], ()),  # one array, passed once
        (
            (A, B),
            [Add(rounded(A, "p"), B, name="y")],
            ("tensors of different depths meet in y",),
        ),
        ((A,), [rounded(A, "p"), rounded(A, "q")], ("several calls read a",)),
        (
            (A, B),
            [rounded(A, "p"), rounded(Reshape(rounded(B, "q"), (2, 2)), "r")],
            ("outputs are of different depths",),
        ),
        ((A,), [rounded(A, "p")] * 2, ("several calls read p",)),
        (
            (A,),
            [Add(rounded(A, "p"), Reshape(A, (4,), name="again"), name="y")],
            ("several calls read a", "tensors of different depths meet in y"),
        ),
    ],
    ids=["join", "twice", "late input", "fork", "depths of outputs", "two ports", "reshaped"],
)
def test_obstacles_by_hand(inputs, outputs, found):
    network = plan(Graph(inputs, tuple(outputs)), Schedule())
    assert network.obstacles == found
    assert not (found and any(buffer.double for buffer in network.buffers))


def canonical(text):
    """Whether a Vitis top function is of the form that DATAFLOW needs: depths and readers read off the calls."""
    top = text[text.rindex("\nvoid ") :]
    ports = re.findall(r"(const )?\w+ (\w+)\[", top[: top.index("{")])
    depths = {name: 0 for const, name in ports if const}
    read = []
    for arguments in re.findall(r"^  (?:compute|store)_\w+\(((?:\w+, )*\w+)\);$", top, re.M):
        *given, result = arguments.split(", ")
        if len(given) != len(set(given)):
            return False, "an array is passed twice"
        read += given
        if len({depths[name] for name in given}) > 1:
            return False, f"{result} reads several depths"
        depths[result] = max((depths[name] for name in given), default=0) + 1
    outputs = {depths[name] for const, name in ports if not const}
    return len(read) == len(set(read)) and len(outputs) < 2, "readers or outputs"


def agrees(graph):
    try:
        text = generate_sources(graph, Schedule(), TARGETS["vitis"])[f"src/{graph.name}.cpp"]
    except EmitError:
        return
    form, why = canonical(text)
    assert why != "an array is passed twice" or form
    assert form == plan(graph, Schedule()).overlap, why
    assert ("#pragma HLS DATAFLOW" in text) == form


@pytest.mark.parametrize("op_type", EXAMPLES, ids=lambda op_type: op_type.__name__)
def test_examples_have_dataflow_where_their_calls_overlap(op_type):
    for build in EXAMPLES[op_type]:
        op = build(Fixed(True, 6, 2))
        if op.batched:
            agrees(Graph(inputs_of(op), (op,), name="top"))


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_random_graphs_have_dataflow_where_their_calls_overlap(graph):
    agrees(Graph(graph.inputs, graph.outputs, name="top"))


@pytest.mark.parametrize("target", TARGETS)
def test_an_array_is_passed_once(target):
    doubled = Add(A, Reshape(A, (4,)), name="doubled")
    text = generate_sources(Graph((A,), (doubled,), name="top"), Schedule(), TARGETS[target])[
        "src/top.cpp"
    ]
    assert re.search(r"compute_doubled\(const \w+ x0\[4\], \w+ y\[4\]\)", text)
    assert "compute_doubled(a, doubled);" in text
    assert "x0[i0] + x0[i0]" in text
    apart = Add(A, B, name="apart")  # of the same types, but not the same function
    both = Graph((A, B), (Add(doubled, apart, name="y"),), name="top")
    text = generate_sources(both, Schedule(), TARGETS[target])["src/top.cpp"]
    assert "compute_apart(a, b, apart);" in text


def test_a_constant_is_no_reader():
    product = Matmul(A, Const.of(np.ones((4, 4))), name="product")
    assert plan(Graph((A,), (Add(product, Const.of(1.0), name="y"),)), Schedule()).overlap
