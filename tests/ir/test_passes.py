"""Every pass keeps every output bit and the names of what stays, and fires just where it may."""

import numpy as np
import pytest
from hypothesis import given, settings

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Codes,
    Concat,
    Const,
    Fixed,
    Graph,
    Input,
    Max,
    Overflow,
    Pad,
    Quantize,
    Reshape,
    Rounding,
    Shift,
    Sub,
    optimise,
    run,
    tap,
    verify,
)
from qhls.ir.passes import PIPELINE
from qhls.ir.passes.drop_identities import drop_identities
from qhls.ir.passes.drop_relu import drop_relu
from support.graphs.op_examples import to_numbers
from support.graphs.random_graphs import graphs, random_inputs, seeds

X = Input((3,), Fixed(True, 6, 3), name="x")


@pytest.mark.parametrize("step", [*PIPELINE, optimise])
@settings(max_examples=150)
@given(graph=graphs(), seed=seeds)
def test_passes_keep_outputs_and_names(step, graph, seed):
    after = verify(step(graph))
    codes = random_inputs(graph, seed)
    assert after.inputs == graph.inputs
    assert (type(after), after.name) == (type(graph), graph.name)
    assert [op.name for op in after.outputs] == [op.name for op in graph.outputs]
    for op, new, x, y in zip(
        graph.outputs, after.outputs, run(graph, codes), run(after, codes), strict=True
    ):
        assert new.type == op.type
        assert x.tolist() == y.tolist()
    values, kept = tap(graph, codes, graph.ops), tap(after, codes, after.ops)
    for op in after.ops:
        before = graph[op.name]  # KeyError if a pass invents a name
        assert op.layer == before.layer
        assert (
            to_numbers(kept[op], op.frac).tolist()
            == to_numbers(values[before], before.frac).tolist()
        )
    assert len(after.ops) <= len(graph.ops)


@pytest.mark.parametrize("step", PIPELINE)
@given(graph=graphs())
def test_a_second_time_changes_nothing(step, graph):
    once = step(graph)
    assert step(once) is once


def kinds(graph):
    return [op.kind for op in graph.ops]


def relu_quantize(to, overflow=Overflow.SATURATE, rounding=Rounding.HALF_EVEN, relu=None):
    rectified = Max(X, Const.of(0.0)) if relu is None else relu
    return Graph((X,), (Quantize(rectified, to, rounding, overflow, name="q"),))


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC])
@pytest.mark.parametrize("rounding", Rounding)
def test_relu_goes_before_an_unsigned_saturating_quantizer(overflow, rounding):
    graph = relu_quantize(Fixed(False, 4, 2), overflow, rounding)
    after = drop_relu(graph)
    assert kinds(after) == ["input", "quantize"]
    codes = np.arange(-32, 32)[:, None].repeat(3, 1)
    assert run(after, [codes])[0].tolist() == run(graph, [codes])[0].tolist()


def test_relu_goes_when_written_the_other_way_round():
    after = drop_relu(relu_quantize(Fixed(False, 4, 2), relu=Max(Const.of(0.0), X)))
    assert kinds(after) == ["input", "quantize"]


def test_relus_in_a_row_go():
    relu = Max(Max(X, Const.of(0.0)), Const.of(0.0))
    after = drop_relu(relu_quantize(Fixed(False, 4, 2), relu=relu))
    assert kinds(after) == ["input", "quantize"]


def test_relu_goes_when_zero_has_an_element_for_each():
    after = drop_relu(relu_quantize(Fixed(False, 4, 2), relu=Max(X, Const.of(np.zeros(3)))))
    assert kinds(after) == ["input", "quantize"]


ROW = Input((1,), Fixed(True, 6, 3), name="row")


@pytest.mark.parametrize(
    "graph",
    [
        relu_quantize(Fixed(True, 4, 2)),
        relu_quantize(Fixed(True, 4, 2), Overflow.SATURATE_SYMMETRIC),
        relu_quantize(Fixed(False, 4, 2), Overflow.WRAP),
        relu_quantize(Fixed(True, 4, 2), Overflow.WRAP),
        relu_quantize(Fixed(False, 4, 2), relu=Max(X, Const.of(0.5))),
        relu_quantize(Fixed(False, 4, 2), relu=Max(X, Const.of(-0.5))),
        relu_quantize(Fixed(False, 4, 2), relu=Max(X, Const.of([0.0, 0.0, 1.0]))),
        relu_quantize(Fixed(False, 4, 2), relu=Max(X, Shift(X, 1))),
        Graph((ROW,), (Quantize(Max(ROW, Const.of(np.zeros(3))), Fixed(False, 4, 2)),)),
        Graph((X,), (Max(X, Const.of(0.0)),)),
        Graph((X,), (Add(Max(X, Const.of(0.0)), Const.of(1.0)),)),
    ],
    ids=[
        *("signed", "symmetric", "wrap", "signed_wrap", "half", "minus_half", "one_element"),
        *("two_tensors", "broadcast", "alone", "other_reader"),
    ],
)
def test_relu_stays_where_it_matters(graph):
    assert drop_relu(graph) is graph


def test_relu_stays_for_its_other_readers():
    rectified = Max(X, Const.of(0.0), name="relu")
    q = Quantize(rectified, Fixed(False, 4, 2), name="q")
    after = drop_relu(Graph((X,), (q, rectified)))
    assert after["q"].operands == (X,)
    assert "relu" in {op.name for op in after.ops}


IDENTITIES = [
    lambda x: Reshape(x, (3,), name="same"),
    lambda x: Shift(x, 0, name="same"),
    lambda x: Pad(x, ((0, 0),), name="same"),
    lambda x: Concat((x,), name="same"),
    lambda x: Add(x, Const.of(0.0), name="same"),
    lambda x: Add(Const.of(np.zeros(3)), x, name="same"),
    lambda x: Sub(x, Const.of(0.0), name="same"),
]
CHANGES = [
    lambda x: Reshape(x, (3, 1), name="same"),
    lambda x: Shift(x, 1, name="same"),
    lambda x: Pad(x, ((0, 1),), name="same"),
    lambda x: Concat((x, x), name="same"),
    lambda x: Quantize(x, X.type, name="same"),
    lambda x: Add(x, Const(Codes(np.zeros(3, int)), 5), name="same"),  # on a finer grid
    lambda x: Add(x, Const.of([0.0, 0.0, 0.5]), name="same"),
    lambda x: Sub(Const.of(0.0), x, name="same"),
]


@pytest.mark.parametrize("make", IDENTITIES)
def test_identities_go(make):
    graph = Graph((X,), (Add(make(X), Const.of(1.0), name="y"),))
    after = drop_identities(graph)
    assert "same" not in {op.name for op in after.ops}
    assert after["y"].operands[0] is X


@pytest.mark.parametrize("make", IDENTITIES)
def test_identities_stay_as_outputs_for_their_names(make):
    graph = Graph((X,), (make(X),))
    assert drop_identities(graph) is graph


@pytest.mark.parametrize("make", CHANGES)
def test_what_changes_something_stays(make):
    graph = Graph((X,), (Shift(make(X), 1, name="y"),))
    assert drop_identities(graph) is graph


def test_identities_in_a_row_go():
    op = X
    for make in IDENTITIES * 3:
        op = make(op)
    graph = Graph((X,), (Shift(op, 1, name="y"),))
    assert kinds(drop_identities(graph)) == ["input", "shift"]


def test_optimise_drops_what_a_pass_made_superfluous():
    """Relu goes, its operand's flatten is of the same shape and goes as well."""
    flat = Reshape(X, (3,))
    graph = Graph((X,), (Quantize(Max(flat, Const.of(0.0)), Fixed(False, 3, 1)),))
    assert kinds(optimise(graph)) == ["input", "quantize"]


def test_optimise_verifies():
    hidden = Input((3,), X.type, name="hidden")
    with pytest.raises(VerifyError, match=r"^graph 'model' breaks its rules:\n"):
        optimise(Graph((X,), (Add(X, hidden),)))
