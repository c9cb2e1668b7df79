"""Proofs of the C++: designs proved op by op, faults in the text refuted, and texts in which vectors prove nothing."""

import json
import re

import numpy as np
import pytest

from qhls.backends.target import TARGETS
from qhls.cli import main
from qhls.design import Design
from qhls.errors import CsimError, EmitError
from qhls.ir import (
    Add,
    ArgMax,
    Codes,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Lookup,
    Matmul,
    Max,
    Mul,
    Pool,
    Quantize,
    Rounding,
    Scan,
    Shift,
    Threshold,
)
from qhls.plan import Schedule
from qhls.proof.code.prove import prove_code
from qhls.proof.code.text import Text
from support.graphs.designs import classifier, dense


def parts():
    """Fused and single functions of every method: a product, roundings, steps, a maximum, an index, a table."""
    x = Input((4, 4, 2), Fixed(True, 6, 3), name="x")
    kernel = Const.of(np.random.default_rng(0).integers(-7, 8, (3, 3, 2, 3)) / 4, name="kernel")
    biased = Add(Conv(x, kernel, name="conv"), Const.of([0.5, -1.25, 3.0]), name="biased")
    q = Quantize(biased, Fixed(True, 7, 4), Rounding.HALF_EVEN, name="q")
    codes = Const(Codes(np.array([[-40, 3], [0, 9], [5, 30]])), q.frac, name="thresholds")
    steps = Threshold(q, codes, Const.of([[0.0, 1.0, 3.0]] * 3), name="steps")
    pooled = Pool(steps, (2, 2), (2, 2), name="pooled")
    largest = ArgMax(q, name="largest")
    row = Lookup(Quantize(steps, Fixed(False, 2, 0), name="index"), Const.of(range(4)), name="row")
    pair = Mul(steps, Max(q, Const.of(0.0), name="relu"), name="pair")
    return Graph((x,), (pooled, largest, row, Shift(pair, 2, name="shift")), "parts")


@pytest.mark.parametrize("target", TARGETS)
def test_a_design_is_proved_op_by_op(target):
    proof = Design(classifier(), Schedule()).prove(target)
    assert proof, proof
    methods = {op.name: set(op.methods) for op in proof.ops}
    assert methods["conv1.conv"] == methods["fc.add"] == {"basis"}
    assert methods["act1.quantize"] == {"all codes"}  # within the function of the convolution
    assert methods["pool1.pool"] == {"0-1 principle"}
    assert methods["calls"] == {"order of calls"}
    assert re.search(r"^proved for all inputs, with the assumptions below$", proof.verdict)
    assert any(line.startswith("basis: ") for line in proof.assumptions)


@pytest.mark.parametrize("target", TARGETS)
def test_functions_of_every_method_are_proved(target):
    proof = Design(parts(), Schedule(interval=40)).prove(target)  # with shared multipliers
    assert proof, proof
    methods = {op.name: set(op.methods) for op in proof.ops}
    assert methods["largest"] == {"all orders"}
    assert methods["pair"] == methods["row"] == methods["steps"] == {"all codes"}


def in_file(name, pattern, replacement):
    """A change of the first place of a file that matches."""

    def change(files):
        changed = re.sub(pattern, replacement, files[name], count=1)
        assert changed != files[name]
        return files | {name: changed}

    return change


TOP = "src/parts.cpp"
MUTANTS = {
    "constant": in_file("src/weights.h", r"(kernel\w*_codes\[\d+\] = \{)(-?\d+)", r"\g<1>1 + \2"),
    "sign": in_file(TOP, r"sum\[n\] \+= x", "sum[n] -= x"),
    "shift": in_file(TOP, r"<< (\d)\)", r"<< 1 + \1)"),
    "rounding": in_file("src/types.h", r"A[CP]_RND_CONV", lambda m: f"{m[0][:2]}_TRN"),
    "width": in_file("src/types.h", r"fixed<7, 3(?=.*RND_CONV)", "fixed<6, 3"),
    "threshold": in_file(
        "src/weights.h", r"(thresholds\w*_codes\[\d+\] = \{)(-?\d+)", r"\g<1>1 + \2"
    ),
    "index": in_file(TOP, r"y\[r\] = place", "y[3 - r] = place"),
    "comparison": in_file(TOP, r"here > best", "here >= best"),
}


def refute(kind, target):
    proof = prove_code(parts(), Schedule(), target, change=MUTANTS[kind])
    assert proof.counterexample is not None, f"{kind}: {proof}"
    return proof


@pytest.mark.parametrize(("kind", "target"), [("shift", "vitis"), ("rounding", "catapult")])
def test_some_mutants_are_refuted(kind, target):
    refute(kind, target)


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", MUTANTS)
def test_every_mutant_is_refuted(kind, target):
    refute(kind, target)


def test_a_fault_at_one_code_is_found_within_a_function():
    """One code of 2**17 differs, in the middle of a function: no random input of the design shows it."""
    x = Input((3,), Fixed(True, 16, 6), name="x")
    y = Add(Matmul(x, Const.of(np.eye(3)), name="sums"), Const.of(1.0), name="biased")
    graph = Graph((x,), (Quantize(y, Fixed(True, 6, 6), name="q"),), "rare")
    change = in_file(
        "src/rare.cpp",
        r"(y\[j\] = )(r0)(;)",
        r"\1qhls::to_code(r0) == 12345 ? decltype(r0)(0) : r0;",
    )
    assert prove_code(graph, Schedule(), "vitis")
    proof = prove_code(graph, Schedule(), "vitis", change=change)
    expected = r"^refuted: C\+\+ of q, element \d: expected code -?\d+, got 0$"
    assert re.search(expected, proof.verdict), proof.verdict
    assert 12345 in proof.counterexample.inputs[0]
    assert json.loads(json.dumps(proof.to_dict()))["counterexample"]["op"] == "q"


def test_what_is_only_tested_is_named():
    x = Input((2, 40), Fixed(True, 8, 3), name="x")
    z = Input((2, 2), Fixed(True, 34, 17), name="z")
    square = Mul(z, z, name="square")  # an array, because two ops read it
    ends = [Quantize(square, Fixed(True, 8, frac)) for frac in (4, 5)]
    outputs = ArgMax(x, name="largest"), *ends, Quantize(z, Fixed(True, 8, 4), name="near")
    proof = prove_code(Graph((x, z), outputs, "tested"), Schedule(), "vitis")
    assert not proof
    assert proof.counterexample is None
    reasons = {op.name: op.reason for op in proof.open}
    assert reasons["largest"] == "arg_max has no method of proof"
    assert reasons["near"] == "17,179,869,184 codes of 4 elements are too many to try"
    assert reasons["square"] == "codes of more than 63 bits are not exchanged with C++"
    assert re.search(r"^not proved, no difference in 512 vectors$", proof.verdict)


def fault_of(body, method, parameters="const t x0[9], t y[9]", *, given=False):
    text = f"static void f({parameters}) {{\n{body}\n}}\n"
    return Text(text).find_fault("f", method, given=given)


LOOP = "for (int i = 0; i < 9; ++i) {\n"


@pytest.mark.parametrize(
    ("body", "method", "expected"),
    [
        (f"{LOOP}y[i] = x0[i];\n}}", "all codes", r"^$"),
        (
            f"{LOOP}y[x0[i].to_int()] = x0[i];\n}}",
            "all codes",
            r"^the index y\[.*\] depends on data$",
        ),
        (
            f"t a = 0;\n{LOOP}a = x0[i];\ny[i] = a;\n}}",
            "all codes",
            r"^a passes from one element to",
        ),
        (f"QHLS_BUFFER t a;\n{LOOP}y[i] = a;\n}}", "all codes", r"^it keeps state between calls$"),
        (
            "while (x0[0] > 0) {\ny[0] = x0[0];\n}",
            "all codes",
            r"^'while .*' is no loop that counts$",
        ),
        (f"{LOOP}y[i] = x0[i] + x0[8 - i];\n}}", "basis", r"^$"),
        (f"{LOOP}y[i] = x0[i] * w[i];\n}}", "basis", r"^$"),
        (f"{LOOP}y[i] = x0[i] * x0[i];\n}}", "basis", r"^'.*' is no product with a constant$"),
        (f"{LOOP}y[i] = x0[i] >> 2;\n}}", "basis", r"^'.*' is no sum$"),
        (
            f"{LOOP}if (x0[i] > w[i]) y[i] = 0;\n}}",
            "basis",
            r"^the condition x0.* depends on data$",
        ),
        (
            f"t b = x0[0];\n{LOOP}t a = x0[i];\nif (a > b) b = a;\n}}\ny[0] = b;",
            "all orders",
            r"^$",
        ),
        (f"t b = x0[0];\n{LOOP}t a = x0[i];\nif (a > b) b = a + 1;\n}}", "all orders", r"no copy$"),
        (
            f"{LOOP}if (x0[i] > 3) y[i] = 0;\n}}",
            "0-1 principle",
            r"^the condition .* is no comparison",
        ),
        ("g(x0, y);", "basis", r"^'g\(x0, y\)' is no assignment$"),
    ],
)
def test_a_text_without_what_a_method_needs_is_no_proof(body, method, expected):
    assert re.search(expected, fault_of(body, method)), fault_of(body, method)


def test_bad_input_is_refused(monkeypatch, tmp_path):
    with pytest.raises(
        EmitError, match=r"^target: expected one of vitis, catapult, .*, got 'nothing'\."
    ):
        Design(dense(), Schedule()).prove("nothing")
    streams = Design(dense(), Schedule(io="stream"))
    with pytest.raises(
        EmitError, match=r"^prove: expected Schedule\.io = 'array' for C\+\+, got 's"
    ):
        streams.prove("vitis")
    with pytest.raises(
        CsimError, match=r"^vitis headers: expected ap_fixed\.h in include='.*', got no su"
    ):
        Design(dense(), Schedule()).prove("vitis", include=tmp_path)
    monkeypatch.setenv("CXX", "no-compiler")
    with pytest.raises(
        CsimError, match=r"^C\+\+ compiler: expected 'no-compiler' on PATH, got none\."
    ):
        Design(dense("other", seed=1), Schedule()).prove("vitis")


def test_command_line(tmp_path, capsys):
    path = Design(dense(), Schedule(clock_period=100.0)).save(tmp_path / "dense.qhls")
    targets = ["-t", "vitis", "-t", "verilog"]
    assert main(["prove", str(path), *targets, "--json", str(tmp_path / "p.json")]) == 0
    assert "Proof of dense, C++ of vitis" in capsys.readouterr().out
    content = json.loads((tmp_path / "p.json").read_text())
    assert content["proved"] is True
    assert [proof["target"] for proof in content["proofs"]] == ["vitis", "verilog"]


def test_functions_within_recurrences_have_no_taps():
    row = Input((2,), Fixed(True, 4, 2), name="row")
    state = Input((2,), Fixed(True, 5, 2), name="state")
    total = Add(Matmul(row, Const.of([[1.0, -2.0], [0.5, 1.0]]), name="fed"), state, name="total")
    after = Quantize(total, Fixed(True, 5, 2), name="after")
    x = Input((3, 2), Fixed(True, 4, 2), name="x")
    start = Input((2,), Fixed(True, 5, 2), name="start")
    scan = Scan(x, (start,), Graph((row, state), (after, after), "step"), name="scan")
    proof = prove_code(Graph((x, start), (scan,), "turns"), Schedule(), "vitis")
    reasons = {op.name: op.reason for op in proof.open}
    assert reasons["scan"] == "scan has no method of proof"
    assert reasons["after"].startswith("several ops in one function, without a result between")
    assert {op.name for op in proof.ops} - set(reasons) >= {"fed", "calls"}
