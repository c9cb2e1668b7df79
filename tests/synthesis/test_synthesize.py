"""Synthesis by Yosys beside our estimate: what is counted, what is cached, what is refused."""

import json
import re
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from qhls import rtl
from qhls.cli import main
from qhls.design import Design
from qhls.errors import EmitError, MissingError, RtlError
from qhls.ir import Const, Fixed, Graph, Input, Matmul, Mul
from qhls.plan import Schedule
from qhls.synthesis import synthesize as module
from qhls.synthesis.families import COLUMNS, FAMILIES
from qhls.synthesis.model import TABLES, load_fabric
from qhls.synthesis.parts import PARTS, count_parts
from qhls.synthesis.yosys import run_yosys
from qhls.system import progress
from support.graphs.designs import dense
from support.rtl import needs_yosys

pytestmark = needs_yosys


def combinational(graph):
    return Design(graph, Schedule(clock_period=1000.0))


def matrix(seed, rows, columns):
    rng = np.random.default_rng(seed)
    x = Input((rows,), Fixed(True, 8, 0), name="x")
    w = rng.integers(-31, 32, (rows, columns)).astype(float)
    return Graph((x,), (Matmul(x, Const.of(w, name="w"), name="y", layer="fc"),), "matrix")


@pytest.fixture(scope="module")
def report():
    return Design(dense(), Schedule(clock_period=3.0)).synthesize("ecp5")


def test_report_has_the_columns_of_tool_and_estimate(report):
    assert re.match(r"Yosys \d", report.tool)
    assert report.resources["FF"] > 0 < report.latency
    assert set(report.resources) == set(report.estimates) == set(COLUMNS)
    assert report.judge("DSP") == "equal"
    assert report.resources["LUT"] == report.cells["LUT4"] + 2 * report.cells["CCU2C"]
    layers = [layer for layer, _ in report.path]
    assert set(layers) <= {"fc1", "act1", "outputs"}
    assert report.cells_on_path > report.levels / 2
    assert re.search(
        r"^│ LUT +│ +\d+ │ +\d+ │ +\d+ │ +\d\.\d\d │ (?:\w+ the error|equal) +│$", str(report), re.M
    )
    assert "<caption>dense on ecp5 by Yosys" in report._repr_html_()
    content = json.loads(json.dumps(report.to_dict()))
    assert content["resources"]["FF"]["tool"] == report.resources["FF"]


@pytest.mark.parametrize("family", ["ecp5", "gowin", "ice40"])
def test_adder_graphs_of_no_fit_are_within_five_percent(family):
    """Matrices of other seeds, sizes and weights than those of benchmarks/verilog_area.py."""
    found = combinational(matrix(7, 9, 7)).synthesize(family)
    assert abs(found.find_ratio("LUT") - 1) < 0.05
    assert abs(found.find_ratio("carry") - 1) < 0.05
    assert found.resources["FF"] == found.estimates["FF"] == 0


def test_products_go_into_dsp_blocks():
    x, y = (Input((3,), Fixed(True, 12, 0), name=name) for name in "xy")
    graph = Graph((x, y), (Mul(x, y, name="products"),), "products")
    found = combinational(graph).synthesize("ecp5")
    assert found.resources["DSP"] == found.estimates["DSP"] == 3


def test_the_same_verilog_is_mapped_once(report, monkeypatch):
    monkeypatch.setattr(module, "map_verilog", None)
    assert Design(dense(), Schedule(clock_period=3.0)).synthesize("ecp5") == report


def test_passes_are_reported_while_they_run(tmp_path):
    heard = []
    token = progress._listener.set(heard.append)
    try:
        combinational(matrix(1, 2, 2)).synthesize("gowin")
    finally:
        progress._listener.reset(token)
    assert any(re.match(r"^synthesize for gowin: ABC", each) for each in heard)
    assert len(heard) > 50


def test_tables_hold_every_part():
    assert {path.stem for path in TABLES.glob("*.json")} == set(FAMILIES)
    for name in FAMILIES:
        table = load_fabric(name)
        assert set(table.figures) == set(PARTS)
        assert all(figure.lut >= 0 <= figure.carry for figure in table.figures.values())
        content = json.loads((TABLES / f"{name}.json").read_text())
        assert content["errors"]["LUT by kind of design"]["adder graph"]["mean"] < 0.03
        assert content["errors"]["LUT by kind of design"]["adder graph"]["worst"] < 0.05


def test_parts_are_counted_on_the_netlist():
    x, y = Input((1,), Fixed(True, 6, 0), name="x"), Input((1,), Fixed(True, 4, 0), name="y")
    netlist = rtl.build_netlist(Graph((x, y), (Mul(x, y), Matmul(x, Const.of([[5.0]]))), "parts"))
    parts = count_parts(netlist, FAMILIES["xc7"])
    assert parts["dsp"] == 1
    assert (
        parts["sum"] == 5
    )  # 4 x + x: the two lowest bits are those of x, the two highest add the sign to itself
    assert parts["carry"] == 2


def test_bad_input_is_refused(monkeypatch):
    design = combinational(dense())
    with pytest.raises(EmitError, match=r"^family: expected one of xc7, .*, got 'virtex'\. Choose"):
        design.synthesize("virtex")
    with pytest.raises(EmitError, match=r"^flow: expected one of yosys, got 'vivado'\. Choose one"):
        design.synthesize("xc7", "vivado")
    with pytest.raises(EmitError, match=r"^verilog: expected a schedule without storage, got "):
        Design(dense(), Schedule(storage="bram")).synthesize("xc7")
    monkeypatch.setitem(sys.modules, "pyosys", None)
    with pytest.raises(
        MissingError, match=r"^Yosys: expected the package pyosys, got none\. Run p"
    ):
        design.synthesize("xcup")


def test_an_error_of_yosys_does_not_end_this_process(tmp_path):
    expected = r"^Yosys: expected 'read_verilog none.v' to succeed, got status 1:\nERROR: File .none\.v. not found"
    with pytest.raises(RtlError, match=expected):
        run_yosys(["read_verilog none.v"], tmp_path)


def test_ctrl_c_ends_yosys(tmp_path):
    code = "from pathlib import Path\nfrom qhls.synthesis.yosys import run_yosys\n"
    code += "run_yosys(['exec -- sleep 57'], Path('.'), print)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # What runs in a shell's background ignores the signal, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=20)[1]
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "sleep 57" not in listed.stdout


def test_command_line(tmp_path, capsys):
    path = Design(dense(), Schedule(clock_period=1000.0)).save(tmp_path / "dense.qhls")
    target = str(tmp_path / "s.json")
    assert main(["synth", str(path), "--family", "gowin", "--json", target]) == 0
    assert "dense on gowin by Yosys" in capsys.readouterr().out
    assert json.loads((tmp_path / "s.json").read_text())["family"] == "gowin"
