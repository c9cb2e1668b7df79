"""``Graph``: order, names, text, rewriting; ``verify``."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Const,
    Fixed,
    Graph,
    Input,
    Interval,
    Matmul,
    Max,
    Op,
    Overflow,
    Quantize,
    Reshape,
    Shift,
    enter_layer,
    optimise,
    run,
    tap,
    verify,
)
from support.graphs.op_examples import inputs_of
from support.graphs.random_graphs import graphs, random_inputs, seeds

S8 = Fixed(True, 8, 3)


def small():
    x = Input((2, 2), S8, name="x")
    with enter_layer("fc"):
        y = Matmul(x, Const.of([[0.5, -1.0, 0.0], [2.0, 0.25, 1.0]]))
        y = Max(y, Const.of(0.0, name="zero"))
    with enter_layer("act"):
        y = Quantize(y, Fixed(False, 4, 2), overflow=Overflow.SATURATE_SYMMETRIC)
    return Graph((x,), (y,), name="small")


# Order and lookup


@given(graphs())
def test_operands_stand_before_users_and_nothing_else_does(graph):
    ops = graph.ops
    assert len(set(ops)) == len(ops)
    seen = set()
    for op in ops:
        assert seen.issuperset(op.operands)
        seen.add(op)
    needed, stack = set(graph.inputs), list(graph.outputs)
    while stack:
        op = stack.pop()
        needed.add(op)
        stack.extend(op.operands)
    assert set(ops) == needed
    assert ops[: len(graph.inputs)] == graph.inputs


@given(graphs())
def test_users_are_the_readers(graph):
    assert set(graph.users) == set(graph.ops)
    for op, users in graph.users.items():
        assert users == tuple(other for other in graph.ops if op in other.operands)


@given(graphs())
def test_names_are_unique_and_find_their_op(graph):
    assert all(graph[op.name] is op for op in graph.ops)


def test_an_input_that_nothing_reads_stays():
    x, unused = Input((1,), S8, name="x"), Input((2,), S8, name="unused")
    assert Graph((x, unused), (x,)).ops == (x, unused)


def test_an_unknown_name():
    match = (
        r'^"Graph \'small\': expected the name of an op, got \'fc\'. Use one of x, fc\.const, fc\.matmul, fc\.zero, '
        r'fc\.max, act\.quantize\."$'
    )
    with pytest.raises(KeyError, match=match):
        small()["fc"]


# Text


TEXT = """\
graph small
name          type   shape   range           operation                                               layer
x             s8.3   2x2     [-16, 15.875]   input
fc.const      s5.2   2x3     [-1, 2]         const                                                   fc
fc.matmul     s12.5  2x3     [-40, 39.6875]  matmul(x, fc.const)                                     fc
fc.zero       u1.0   scalar  [0, 0]          const                                                   fc
fc.max        u11.5  2x3     [0, 39.6875]    max(fc.matmul, fc.zero)                                 fc
act.quantize  u4.2   2x3     [0, 3.75]       quantize(fc.max, to=u4.2, overflow=saturate_symmetric)  act
-> act.quantize"""


def test_text():
    assert str(small()) == TEXT


def test_text_of_codes_beyond_floats_integers():
    """A product of very small weights: codes of a thousand bits, yet small numbers."""
    x = Input((1,), S8, name="x")
    graph = Graph((x,), (Matmul(x, Const.of([[2.0**-1000, 1.0]]), name="y"),))
    line = str(graph).splitlines()[4]
    assert line.split()[:5] == ["y", "s1008.1003", "2", "[-16,", "15.875]"]


# Renaming


def test_twins_are_renamed():
    x = Input((1,), S8, name="x")
    first = Shift(x, 1, name="s")
    taken = Shift(first, 1, name="s_2")
    second = Shift(taken, 1, name="s")
    third = Shift(second, 1, name="s")
    graph = Graph((x,), (third, first))
    assert [op.name for op in graph.ops] == ["x", "s", "s_2", "s_3", "s_4"]
    assert [op.name for op in graph.outputs] == ["s_4", "s"]
    assert graph["s_4"].operands[0] is graph["s_3"]
    assert run(graph, [[[3]]])[0].tolist() == [[3]]


def test_twin_inputs_are_renamed_in_order():
    a, b = Input((1,), S8, name="x"), Input((1,), Fixed(True, 4, 0), name="x")
    graph = Graph((a, b), (Add(a, b, name="sum"),))
    assert [(op.name, str(op.type)) for op in graph.inputs] == [("x", "s8.3"), ("x_2", "s4.0")]
    assert run(graph, [[[8]], [[2]]])[0].tolist() == [[24]]


# Rewriting


@given(graphs())
def test_rewriting_nothing_gives_the_graph(graph):
    assert graph.rewrite(lambda op: op) is graph


@settings(max_examples=40)
@given(graphs(), seeds)
def test_rewriting_rebuilds_all_users(graph, seed):
    """Every op replaced by a copy: nothing of the old graph is left, nothing changes."""
    copied = graph.rewrite(replace)
    assert not set(copied.ops) & set(graph.ops)
    assert str(copied) == str(graph)
    codes = random_inputs(graph, seed)
    for before, after in zip(run(graph, codes), run(copied, codes), strict=True):
        assert before.tolist() == after.tolist()


def test_rewriting_an_op_leaves_what_does_not_read_it():
    x = Input((1,), S8, name="x")
    left, right = Shift(x, 1, name="left"), Shift(x, 2, name="right")
    both = Add(left, right, name="both")
    graph = Graph((x,), (both,)).rewrite(lambda op: replace(op, power=3) if op is right else op)
    assert graph["left"] is left
    assert graph["right"].power == 3
    assert graph["both"] is not both
    assert graph["both"].operands == (left, graph["right"])


# Depth


def test_five_thousand_ops_in_a_row():
    x = op = Input((1,), S8, name="x")
    for number in range(5000):
        op = Shift(op, number % 3 - 1)
    graph = verify(Graph((x,), (op,)))
    assert len(graph.ops) == 5001
    assert graph.ops[-1].name == "shift_5000"  # twins get numbers
    assert len(str(graph).splitlines()) == 5001 + 3
    assert str(graph.outputs[0].type) == "s8.4"
    short = optimise(graph)
    assert len(short.ops) == 5001 - 1666  # shifts by 0, but for the last, which is an output
    codes = np.arange(-128, 128)[:, None]
    assert run(graph, [codes])[0].tolist() == run(short, [codes])[0].tolist() == codes.tolist()


def test_a_ladder_of_shared_operands_takes_linear_time():
    """2**300 paths lead through it."""
    x = op = Input((1,), Fixed(True, 2, 0), name="x")
    for _ in range(300):
        op = Quantize(Add(op, op), Fixed(True, 4, 0))
    graph = optimise(Graph((x,), (op,)))
    assert len(graph.ops) == 601
    assert run(graph, [[[1], [-1]]])[0].tolist() == [[7], [-8]]


def test_an_op_prints_as_itself_alone():
    x = op = Input((1,), Fixed(True, 2, 0), name="x")
    for _ in range(300):
        op = Add(op, op, name="sum")
    assert repr(op) == "Add('sum')"
    assert repr(Graph((x,), (x,)).outputs) == "(Input('x'),)"


# Verify


@given(graphs())
def test_graphs_as_built_are_sound(graph):
    assert verify(graph) is graph


@dataclass(frozen=True, eq=False)
class Mistyped(Op):
    """An op that claims another type than its range and ``frac`` ask for."""

    x: Op
    claim: Fixed

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "type", self.claim)

    @property
    def frac(self):
        return self.x.type.frac

    def evaluate(self, x):
        return x


def faults(graph):
    with pytest.raises(VerifyError) as caught:
        verify(graph)
    return str(caught.value).splitlines()


def test_a_type_too_narrow_is_shown_under_its_op():
    x = Input((1,), S8, name="x")
    bad = Mistyped(x, Fixed(True, 7, 3), name="bad")
    assert faults(Graph((x,), (Shift(bad, 1, name="y"),), name="g")) == [
        "graph 'g' breaks its rules:",
        "x    s8.3  1  [-16, 15.875]  input",
        "bad  s7.3  1  [-16, 15.875]  mistyped(x, claim=s7.3)",
        "^ expected a type that holds codes [-128, 127], got s7.3. Use s8.3.",
        "y    s8.2  1  [-32, 31.75]   shift(bad, power=1)",
    ]


@pytest.mark.parametrize(
    ("kind", "claim", "codes"),
    [("u8.3", "u7.3", r"[0, 255]"), ("s8.3", "u8.3", r"[-128, 127]")],
    ids=["too_low", "too_high"],
)
def test_a_type_too_narrow_at_one_end(kind, claim, codes):
    x = Input((1,), Fixed.parse(kind), name="x")
    bad = Mistyped(x, Fixed.parse(claim), name="bad")
    fault = f"^ expected a type that holds codes {codes}, got {claim}. Use {kind}."
    assert faults(Graph((x,), (bad,)))[-1] == fault


def test_a_type_with_other_fraction_bits():
    x = Input((1,), S8, name="x")
    bad = Mistyped(x, Fixed(True, 9, 4), name="bad")
    assert faults(Graph((x,), (bad,)))[-1] == "^ expected 3 fraction bits, got s9.4"


def test_all_faults_of_an_op_are_shown():
    x = Input((1,), S8, name="x")
    bad = Mistyped(x, Fixed(True, 7, 4), name="bad")
    assert faults(Graph((x,), (bad,)))[-2:] == [
        "^ expected a type that holds codes [-128, 127], got s7.4. Use s8.3.",
        "^ expected 3 fraction bits, got s7.4",
    ]


def test_an_input_that_is_not_listed():
    x, hidden = Input((1,), S8, name="x"), Input((1,), S8, name="hidden")
    lines = faults(Graph((x,), (Add(x, hidden),)))
    assert lines[2].startswith("hidden")
    assert lines[3] == "^ expected every input to be among the graph's inputs, got one that is not"


def test_a_constant_output():
    lines = faults(Graph((), (Const.of([1.0]),)))
    assert lines[-1] == "^ expected an output that depends on an input, got a constant"


def test_an_op_of_constants():
    x = Input((1,), S8, name="x")
    folded = Add(Const.of([[1.0]]), Const.of([[2.0]]), name="three")
    lines = faults(Graph((x,), (Add(x, folded, name="y"),)))
    index = next(number for number, line in enumerate(lines) if line.startswith("three"))
    assert (
        lines[index + 1]
        == "^ expected an operand that depends on an input, got constants only. Fold them."
    )


def test_no_output():
    x = Input((1,), S8, name="x")
    match = r"^graph 'model': expected at least one output, got none\. Give it an output\.$"
    with pytest.raises(VerifyError, match=match):
        verify(Graph((x,), ()))


def test_an_op_of_a_third_party():
    """Nothing but the closed algebra: one ``evaluate`` gives type, range, text and results."""

    @dataclass(frozen=True, eq=False)
    class Negate(Op):
        x: Op

        @property
        def frac(self):
            return self.x.type.frac

        def evaluate(self, x):
            return -x

    x = Input((2,), Fixed(False, 3, 1), name="x")
    graph = verify(Graph((x,), (Negate(x, name="y"),)))
    y = graph["y"]
    assert (str(y.type), y.range.hull) == ("s4.1", (-7, 0))
    assert isinstance(y.range, Interval)
    assert run(graph, [[[7, 2]]])[0].tolist() == [[-7, -2]]
    assert inputs_of(y) == (x,)


def test_taps_of_intermediate_ops():
    graph = small()
    taps = [graph["x"], graph["fc.matmul"], graph["fc.zero"], graph["fc.const"]]
    found = tap(graph, [[[[8, 16], [0, -8]]]], taps)
    assert found[taps[0]].tolist() == [[[8, 16], [0, -8]]]
    assert found[taps[1]].tolist() == [[[144, -16, 64], [-64, -8, -32]]]
    assert found[taps[2]].tolist() == 0
    assert found[taps[3]].tolist() == [[2, -4, 0], [8, 1, 4]]


def test_reshape_is_row_major():
    x = Input((2, 3), S8, name="x")
    graph = Graph((x,), (Reshape(x, (3, 2)),))
    assert run(graph, [[[[1, 2, 3], [4, 5, 6]]]])[0].tolist() == [[[1, 2], [3, 4], [5, 6]]]
