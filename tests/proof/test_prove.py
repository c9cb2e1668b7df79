"""Proofs of Verilog: designs proved whole, every mutation of the text refuted or harmless, tools that are missing."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

from qhls import rtl
from qhls.cli import main
from qhls.design import Design
from qhls.errors import MissingError, RtlError
from qhls.ir import (
    Add,
    ArgMax,
    Const,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Overflow,
    Quantize,
    Rounding,
    Threshold,
    run,
)
from qhls.ir.integers import Codes
from qhls.plan import Schedule
from qhls.proof import solver
from qhls.proof.circuit import Circuit
from qhls.proof.prove import prove
from qhls.proof.simulation import Run
from qhls.rtl.verilog import Verilog
from qhls.synthesis.yosys import read_verilog
from support.graphs.designs import classifier, dense
from support.graphs.op_batches import BATCHES, batch, graph_of
from support.graphs.random_graphs import draw, graphs
from support.rtl import needs_verilator, needs_yosys

pytestmark = needs_yosys
needs_solver = pytest.mark.skipif(
    solver.find_solver() is None, reason="the package bitwuzla is not installed"
)


def verilog_of(graph, clock_period=None):
    return Verilog.of(rtl.build_netlist(graph, clock_period=clock_period))


@pytest.mark.parametrize("period", [100.0, 2.0])
def test_a_network_is_proved_op_by_op(period):
    proof = Design(classifier(), Schedule(clock_period=period)).prove()
    assert proof, proof
    assert (proof.latency > 0) == (period < 10)
    methods = {op.name: set(op.methods) for op in proof.ops}
    assert methods["conv1.conv"] == {"linear normal form"}
    assert methods["act1.quantize"] == {"all codes"}
    assert methods["outputs"] == {"wiring"}
    assert not proof.open


@pytest.mark.parametrize("name", ["arithmetic", "elementwise", "structure", "examples"])
def test_every_op_is_proved(name):
    graph = graph_of(name, list(batch(name))[::2])
    proof = prove(graph, verilog_of(graph))
    assert proof, proof


@pytest.mark.parametrize("name", ["rounding and overflow", "types"])
def test_every_rounding_and_overflow_is_proved(name):
    graph = graph_of(name, list(batch(name))[::16])
    assert prove(graph, verilog_of(graph))


@pytest.mark.long
@pytest.mark.parametrize("period", [None, 2.0])
@pytest.mark.parametrize("name", BATCHES)
def test_every_op_in_all_modes_is_proved(name, period):
    graph = graph_of(name, list(batch(name)))
    proof = prove(graph, verilog_of(graph, period))
    assert proof, proof


def test_random_graphs_are_proved():
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    proved = []
    for one in draw(graphs(), 12, seed):
        varying = tuple(op for op in one.outputs if not isinstance(op, Const))
        graph = Graph(one.inputs, varying, one.name)
        for period in (None, 3.0):
            proof = prove(graph, verilog_of(graph, period))
            assert proof.counterexample is None
            assert not proof.fault
            proved.append(bool(proof))
    assert sum(proved) >= 0.9 * len(proved)


# Faults


def on_grid(x, numbers):
    """Thresholds of ``x``."""
    codes = np.ldexp(np.asarray(numbers), x.frac)
    return Const(Codes(codes.astype(np.int64)), x.frac, name="thresholds")


def small():
    """A graph with sums, a rounding, step functions in two forms, a maximum, a product and an index; 4,096 inputs."""
    x = Input((2,), Fixed(True, 4, 2), name="x")
    z = Input((2,), Fixed(False, 2, 0), name="z")
    y = Matmul(x, Const.of([[1.25, -0.5], [0.75, 2.0]]), name="fc.matmul")
    q = Quantize(y, Fixed(False, 4, 1), name="relu.quantize")
    biased = Add(q, Const.of([0.5, 1.5]), name="fc.add")
    few = Threshold(y, on_grid(y, [-1.0, 0.5]), Const.of([-1.0, 0.25, 2.0]), name="few")
    levels = np.random.default_rng(0).integers(-4, 4, 16).astype(float)
    many = Threshold(
        biased, on_grid(biased, np.arange(15) / 2 + 0.5), Const.of(levels), name="many"
    )
    outputs = Max(few, z, name="max"), Mul(many, z, name="mul"), ArgMax(y, name="argmax")
    return Graph((x, z), outputs, "small")


def all_inputs(graph):
    """Every input of a graph with few of them."""
    ports = [(op, np.arange(op.type.lo, op.type.hi + 1)) for op in graph.inputs]
    columns = [codes for op, codes in ports for _ in range(op.size)]
    grid = np.stack([each.ravel() for each in np.meshgrid(*columns, indexing="ij")], 1)
    ends = np.cumsum([op.size for op in graph.inputs])[:-1]
    parts = np.split(grid, ends, 1)
    pairs = zip(parts, graph.inputs, strict=True)
    return [part.reshape(len(part), *op.shape) for part, op in pairs]


def is_same(verilog, text, codes, graph):
    """Whether a text gives the graph's outputs for all inputs, one after another: by our own evaluation of cells."""
    circuit = Circuit.read(read_verilog(text, verilog.top))
    latency = verilog.netlist.latency
    order = np.random.default_rng(0).permutation(len(codes[0]))
    mixed = [array[order] for array in codes]
    padded = [np.concatenate([array, array[:latency]]) for array in mixed]
    columns = [column for array in padded for column in array.reshape(len(array), -1).T]
    simulated = Run(circuit, columns)
    wanted = [c for array in run(graph, mixed) for c in array.reshape(len(array), -1).T]
    ports = circuit.outputs.values()
    return all(
        np.array_equal(want & ((1 << len(bits)) - 1), simulated.compute_values(bits)[latency:])
        for want, bits in zip(wanted, ports, strict=True)
    )


MUTATIONS = {
    "sign": [(r" \+ ", " - "), (r" - ", " + ")],
    "shift": [
        (r"\{(.*), (\d)'d0\}", r"{\2'd0, \1}"),
        (r"(\w)\[(\d+):(\d)\]( \?|;)", r"\1[\2-1:\3]\4"),
    ],
    "width": [(r"(wire|reg) signed \[(\d+):0\] (\w+)( =|;)", r"\1 signed [\2-1:0] \3\4")],
    "constant": [(r"(\d+)'d(\d+)(:|;)", r"\1'd\2 ^ \1'd1\3"), (r": (\d+)'d", r": \1'd1 + \1'd")],
    "threshold": [(r"(\d+)'d(\d+)\);", r"\1'd\2 + \1'd1);"), (r" < ", " <= ")],
    "gate": [(r" & ", " | "), (r" \| ", " & ")],
    "register": [
        (r"  reg (.*?)(\w+);\n  always @\(posedge clk\) \w+ <= (.*);", r"  wire \1\2 = \3;")
    ],
}


def mutants(text):
    """Every text with one place changed, with the kind of change."""
    for kind, rules in MUTATIONS.items():
        for pattern, changed in rules:
            for found in re.finditer(pattern, text):
                new = found.expand(changed)
                yield kind, text[: found.start()] + new + text[found.end() :]


def examine_mutants(period, chosen):
    """Prove mutants: what is proved is harmless, and what is not is refuted."""
    graph = small()
    verilog = verilog_of(graph, period)
    codes = all_inputs(graph)
    refuted = Counter()
    for kind, text in chosen(list(mutants(verilog.print()))):
        proof = prove(graph, verilog, text)
        harmless = is_same(verilog, text, codes, graph)
        assert bool(proof) == harmless, f"{kind}: {proof}\n{text}"
        assert harmless or proof.counterexample or proof.fault
        refuted[kind] += not harmless
    return refuted


def test_some_mutants_are_refuted_or_harmless(monkeypatch):
    monkeypatch.setenv("QHLS_VERILATOR", "/nowhere")  # confirmed below, for one mutant of each kind
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    refuted = examine_mutants(2.0, lambda every: random.Random(seed).sample(every, 8))
    assert refuted.total() > 2


@pytest.mark.long
@pytest.mark.parametrize("period", [None, 2.0])
def test_every_mutant_is_refuted_or_harmless(period, monkeypatch):
    monkeypatch.setenv("QHLS_VERILATOR", "/nowhere")
    refuted = examine_mutants(period, lambda every: every)
    assert set(+refuted) == set(MUTATIONS) - (set() if period else {"register"})


@needs_verilator
@pytest.mark.parametrize("kind", ["sign", "threshold", "register"])
def test_verilator_confirms_a_counterexample(kind):
    graph = small()
    verilog = verilog_of(graph, 2.0)
    texts = [text for each, text in mutants(verilog.print()) if each == kind]
    proofs = (prove(graph, verilog, text) for text in texts)
    proof = next(each for each in proofs if each.counterexample)
    assert proof.counterexample.confirmed
    expected = r"^refuted: vector \d+, port result_\S+: expected code -?\d+, got -?\d+, confirmed by Verilator$"
    assert re.search(expected, proof.verdict)
    assert json.loads(json.dumps(proof.to_dict()))["counterexample"]["confirmed"]


@needs_solver
def test_a_fault_that_samples_miss_is_found_by_the_solver():
    """One code of 2**40 differs: no random vector shows it."""
    x = Input((2,), Fixed(True, 40, 0), name="x")
    graph = Graph((x,), (Max(x, Const.of(0.0), name="relu"),), "rare")
    verilog = verilog_of(graph)
    right = verilog.print()
    assert prove(graph, verilog)
    changed = r"\1 (x_0 == 40'd123456789012) ? 39'd5 :"
    wrong = re.sub(r"(wire \[38:0\] relu_0 =)", changed, right)
    assert wrong != right
    proof = prove(graph, verilog, wrong)
    assert proof.counterexample is not None
    assert proof.counterexample.expected == 123456789012


@needs_solver
@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("overflow", list(Overflow))
def test_wide_roundings_are_proved_by_the_solver(rounding, overflow):
    x = Input((1,), Fixed(True, 40, 20), name="x")
    graph = Graph((x,), (Quantize(x, Fixed(True, 16, 8), rounding, overflow),), "wide")
    proof = prove(graph, verilog_of(graph))
    assert proof, proof
    floor = rounding is Rounding.FLOOR and overflow is Overflow.WRAP
    assert floor or "solver" in {name for op in proof.ops for name in op.methods}


HARD = """
from qhls.proof import solver
on = solver.Formulas(solver.find_solver(), 60)
x, y = (on.terms.mk_const(on.terms.mk_bv_sort(80), name) for name in "xy")
product = on.make_term("EQUAL", [on.multiply(x, y, 80), on.make_constant(998244353998244353000000007, 80)])
on.query.assert_formula(product)
for word in (x, y):
    on.query.assert_formula(on.make_term("BV_ULT", [word, on.make_constant(1 << 41, 80)]))
print("begin", flush=True)
on.solve()
"""


@needs_solver
def test_ctrl_c_ends_the_solver():
    call = [sys.executable, "-c", HARD]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(call, text=True, **pipes) as process:
        assert process.stdout.readline() == "begin\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=20)[1]


def test_without_a_solver_wide_functions_are_only_tested(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitwuzla", None)
    x = Input((1,), Fixed(True, 40, 20), name="x")
    graph = Graph((x,), (Quantize(x, Fixed(True, 16, 8)),), "wide")
    proof = prove(graph, verilog_of(graph))
    assert not proof
    assert proof.counterexample is None
    (reason,) = {op.reason for op in proof.open}
    expected = (
        r"^result_0: 1,099,511,627,776 codes are too many to try, and bitwuzla is not installed"
    )
    assert re.search(expected, reason)
    assert re.search(r"^not proved, no difference in 20,512 vectors", proof.verdict)


def test_bad_input_is_refused(monkeypatch):
    graph = dense()
    verilog = verilog_of(graph)
    with pytest.raises(
        RtlError, match=r"^Yosys: expected 'write_json.*' to succeed, got status 1:"
    ):
        prove(graph, verilog, "module dense(; endmodule")
    other = "module dense(input a, output b); assign b = a; endmodule"
    with pytest.raises(
        RtlError, match=r"^dense: expected the ports features_0, .* in this order, "
    ):
        prove(graph, verilog, other)
    divided = verilog.print().replace(" + ", " / ", 1)
    with pytest.raises(
        RtlError, match=r"^\$div\S+: expected a cell that emitted Verilog has, got \$d"
    ):
        prove(graph, verilog, divided)
    monkeypatch.setitem(sys.modules, "pyosys", None)
    with pytest.raises(
        MissingError, match=r"^Yosys: expected the package pyosys, got none\. Run pip i"
    ):
        prove(graph, verilog)


def test_command_line(tmp_path, capsys):
    path = Design(dense(), Schedule(clock_period=100.0)).save(tmp_path / "dense.qhls")
    assert main(["prove", str(path), "--json", str(tmp_path / "p.json")]) == 0
    assert re.search(
        r"^ *proved for all inputs \(\d+\.\d CPU s\) *$", capsys.readouterr().out, re.M
    )
    assert json.loads((tmp_path / "p.json").read_text())["proved"] is True
