"""``Scan``: a step told once means what the same ops mean one after another; what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Concat,
    Const,
    Fixed,
    Graph,
    Input,
    Max,
    Mul,
    Quantize,
    Reshape,
    Scan,
    Shift,
    View,
    enter_layer,
    nest_names,
    optimise,
    run,
    verify,
)

X = Input((5, 2), Fixed(True, 5, 2), name="x")
ROW = Input((2,), Fixed(True, 5, 2), name="row")
STATE = Input((2,), Fixed(True, 6, 3), name="state")
ZERO = Const.of([0.0, 0.0], "zero")


def step(row, state):
    return Quantize(Add(Mul(state, Const.of(0.5)), row), Fixed(True, 6, 3))


def body(**changes):
    new = step(ROW, STATE)
    return replace(Graph((ROW, STATE), (new, new), "step"), **changes)


@pytest.mark.parametrize("sequence", [True, False])
def test_a_scan_is_its_steps_one_after_another(sequence):
    first = View(X, (2,), (1,))
    state, rows = Quantize(first, Fixed(True, 6, 3)), []  # half of 0 adds nothing
    for t in range(5):
        state = step(View(X, (2,), (1,), 2 * t), state) if t else state
        rows.append(Reshape(state, (1, 2)))
    unrolled = Concat(tuple(rows), 0) if sequence else state
    scanned = Scan(X, (ZERO,), body(), sequence)
    codes = np.random.default_rng(0).integers(-16, 16, (200, 5, 2))
    (got,), (want,) = (run(Graph((X,), (op,)), [codes]) for op in (scanned, unrolled))
    assert got.tolist() == want.tolist()


def test_passes_reach_the_body():
    bent = Quantize(Max(Add(ROW, STATE), Const.of(0.0)), Fixed(False, 5, 3))
    graph = Graph((X,), (Scan(X, (ZERO,), Graph((ROW, STATE), (bent, bent), "step")),))
    kinds = [op.kind for op, _ in optimise(graph).walk()]
    assert "max" in [op.kind for op, _ in graph.walk()]
    assert "max" not in kinds


def test_every_op_is_counted_as_often_as_it_runs():
    inner = Scan(X, (ZERO,), body(), sequence=False)
    rows = Input((3, 5, 2), X.type, name="rows")
    total = Input((2,), Fixed(True, 6, 3), name="total")
    new = Quantize(Add(total, inner), Fixed(True, 6, 3), name="new")
    graph = Graph((rows,), (Scan(rows, (ZERO,), Graph((X, total), (new, new), "outer")),))
    times = {op.kind: n for op, n in graph.walk()}
    assert times["mul"] == 15
    assert [n for op, n in graph.walk() if op is new] == [3]
    codes = np.random.default_rng(0).integers(-16, 16, (4, 3, 5, 2))
    assert run(graph, [codes])[0].shape == (4, 3, 2)


def test_its_magnitude_is_the_largest_of_a_step():
    wide = Quantize(Mul(Mul(STATE, Const.of(2.0**24 + 1)), Const.of(2.0**-24)), Fixed(True, 6, 3))
    scan = Scan(X, (ZERO,), body(outputs=(Add(wide, ROW), wide)))
    assert scan.magnitude == max(op.magnitude for op in scan.body.ops if op.batched)


def test_ops_of_the_step_are_named_after_the_scan():
    with enter_layer("lstm"):
        with nest_names("scan"):
            first = step(ROW, STATE)
        scan = Scan(X, (ZERO,), Graph((ROW, STATE), (first, first)))
        with nest_names("scan"):
            second = step(ROW, STATE)
    assert (first.name, scan.name, second.name) == (
        *("lstm.scan.quantize", "lstm.scan", "lstm.scan_2.quantize"),
    )
    assert first.layer == "lstm"
    lines = str(Graph((X,), (scan,))).splitlines()
    assert [line for line in lines if line.startswith("  lstm.scan.quantize ")]


def test_a_fault_within_the_step_is_found():
    wrong = step(ROW, STATE)
    object.__setattr__(wrong, "type", Fixed(True, 2, 3))
    scan = Scan(X, (ZERO,), Graph((ROW, STATE), (wrong, step(ROW, STATE)), "step"))
    with pytest.raises(
        VerifyError, match=r"(?s)^graph 'step' breaks its rules:.*\^ expected a type"
    ):
        verify(Graph((X,), (scan,)))


REFUSED = [
    (
        lambda: Scan(Input((), Fixed(True, 5, 2), name="n"), (ZERO,), body()),
        r"expected rows to go through, got the shape \(\)",
    ),
    (lambda: Scan(X, (), body()), r"expected a body of 1 inputs and outputs, got 2 and 2"),
    (
        lambda: Scan(Input((5, 3), Fixed(True, 5, 2), name="x"), (ZERO,), body()),
        r"expected a tensor for the body's input 'row', s5\.2 \(2,\), got 'x', s5\.2 \(3,\)",
    ),
    (
        lambda: Scan(Shift(X, 1, name="x"), (ZERO,), body()),
        r"expected a tensor for the body's input 'row', s5\.2 \(2,\), got 'x', s5\.1 \(2,\)",
    ),
    (
        lambda: Scan(X, (Const.of([0.0, 8.0], "start"),), body()),
        r"expected a tensor for the body's input 'state', s6\.3 \(2,\), got 'start', u1\.-3 \(2,\)",
    ),
    (
        lambda: Scan(X, (ZERO,), body(outputs=(ROW, Add(STATE, ROW, name="sum")))),
        r"expected a tensor for the body's input 'state', s6\.3 \(2,\), got 'sum', s7\.3 \(2,\)",
    ),
    (
        lambda: Scan(X, (ZERO,), body(outputs=(ROW, Reshape(STATE, (2,), name="same")))),
        r"expected a carried tensor that a step computes, got same",
    ),
    (
        lambda: Scan(X, (ZERO,), body(outputs=(ZERO, step(ROW, STATE)))),
        r"expected results that depend on an input, got the constant 'zero'",
    ),
]


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_what_does_not_fit_is_refused(build, message):
    with pytest.raises(VerifyError, match=rf"^Scan 'scan': {message}\.$"):
        build()
