"""Reports of Vivado HLS, Vitis HLS and Vivado: every format, damaged files, and published files where present."""

import json
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qhls
from qhls.cli import main
from qhls.energy import AreaReport, LatencyReport
from qhls.energy.tool_reports.report import read_report
from qhls.errors import EnergyError
from support.shared import SHARED
from support.tool_reports import (
    cosim_rpt,
    csynth_xml,
    export_rpt,
    hierarchy,
    module_rpt,
    summary_rpt,
    utilization,
)

REPORTS = SHARED / "reports"
FILES = sorted(p for p in REPORTS.rglob("*") if p.suffix in (".rpt", ".xml"))
needs_reports = pytest.mark.skipif(not FILES, reason=f"no published reports: {REPORTS} is absent")


@pytest.fixture
def report(tmp_path):
    def write_and_read(text, name="top.rpt"):
        path = tmp_path / name
        path.write_text(text)
        return read_report(path)

    return write_and_read


def amounts(area):
    return {unit: n for unit, n in area.totals.items() if n}


def test_a_csynth_xml(report):
    read = report(csynth_xml(LUT=91, FF=20, DSP=1, BRAM_18K=3, URAM=2))
    assert isinstance(read.area, AreaReport)
    assert isinstance(read.latency, LatencyReport)
    assert (read.tool, read.version, read.design) == ("Vitis HLS", "2020.1", "top")
    assert read.part == read.area.schedule.part == "xc7z020-clg400-1"
    assert amounts(read.area) == {"LUT": 91, "FF": 20, "DSP": 1, "BRAM18": 3, "URAM": 2}
    assert (read.clock.target, read.clock.estimated, read.clock.uncertainty) == (8, 6.125, 1)
    latency = read.latency
    assert (latency.latency, latency.bounds, latency.interval) == (9, (7, 9), 3)
    assert (latency.nanoseconds, latency.sequential) == (72, 9)
    (loop,) = latency.ops
    assert (loop.name, loop.trips, loop.interval, loop.cycles) == ("Rows", 4, 1, 6)
    assert report(csynth_xml(LUT=1, DSP48E=4)).tool == "Vivado HLS"


@pytest.mark.parametrize(("tool", "dsp"), [("Vivado HLS", "DSP48E"), ("Vitis HLS", "DSP")])
def test_a_report_of_a_module(report, tool, dsp):
    read = report(module_rpt(tool, dsp))
    assert (read.tool, read.version, read.design) == (tool, "2020.1", "top")
    assert amounts(read.area) == {"LUT": 147, "FF": 62, "DSP": 4, "BRAM18": 3}
    blocks = {op.name: op.resources["LUT"] for op in read.area.ops if op.resources["LUT"]}
    assert blocks == {"Expression": 30, "FIFO": 5, "a_U0": 100, "b_U0": 12}
    assert (read.latency.bounds, read.latency.interval) == ((7, 9), 3)
    assert [(op.name, op.cycles, op.interval) for op in read.latency.ops] == [
        ("a_U0", 4, 2),
        ("Rows", 6, 1),
    ]


def test_the_summary_counts_where_details_omit_something(report):
    text = module_rpt().replace("| 36 | 100 |", "| 36 | 1   |")
    assert text != module_rpt()
    blocks = {op.name: op.resources["LUT"] for op in report(text).area.ops}
    assert blocks["Instance"] == 112
    assert "a_U0" not in blocks


def test_a_tool_may_know_no_latency(report):
    assert report(module_rpt(latency=("?", "?"), interval=("?", "?"))).latency is None
    assert report(csynth_xml(LUT=1, latency=("undef", "undef"))).latency is None
    assert "Latency" not in str(report(module_rpt(latency=("-", "-"))))


def test_a_synthesis_summary(report):
    read = report(summary_rpt(), "csynth.rpt")
    assert (read.version, read.part, read.clock) == ("2023.1", "xc7z020-clg400-1", None)
    assert amounts(read.area) == {"LUT": 316, "FF": 50, "DSP": 39, "BRAM18": 2}
    assert (read.latency.latency, read.latency.interval) == (21, 12)
    assert math.isnan(read.latency.nanoseconds)
    assert [(op.name, op.trips, op.cycles) for op in read.latency.ops] == [
        ("inner", 1, 11),
        ("Rows", 8, 9),
    ]
    assert json.loads(json.dumps(read.to_dict()))["latency"]["nanoseconds"] is None


def test_a_co_simulation(report):
    nothing = ["VHDL", *["NA"] * 7]
    read = report(cosim_rpt(nothing, ["Verilog", "Pass", 10, 11, 13, 1, 2, 4]), "my_cosim.rpt")
    assert (read.design, read.area) == ("my", None)
    assert (read.latency.bounds, read.latency.interval) == ((10, 13), 4)
    assert "simulation of Verilog: Pass" in read.notes
    assert "latency on average: 11 cycles" in read.notes
    once = report(cosim_rpt(nothing, ["Verilog", "Pass", 9, 9, 9, "NA", "NA", "NA", 9]))
    assert once.latency.latency == once.latency.interval == 9
    assert once.to_dict()["latency"]["interval"] is None
    assert "initiation interval: not stated" in " ".join(str(once).split())


def test_a_utilization(report):
    sites = {"CLB LUTs*": 90, "  LUT as Logic": 70, "  LUT as Memory": 20, "CLB Registers": 17}
    read = report(utilization("top", sites))
    assert (read.tool, read.version, read.kind) == ("Vivado", "2020.1", "utilization, synthesized")
    assert read.part == "xc7z020clg400-1"
    assert amounts(read.area) == {"LUT": 90, "FF": 17, "DSP": 2, "BRAM18": 3}
    assert read.area.layers["LUT as memory"]["LUT"] == 20
    assert read.latency is None


def test_a_utilization_by_hierarchy(report):
    read = report(
        hierarchy(
            ["top", "(top)", 20, 5, 1, 3, 1],
            ["  (top)", "(top)", 4, 0, 0, 0, 0],
            ["  u0", "a", 16, 5, 1, 3, 1],
            ["    u1", "b", 9, 5, 0, 0, 0],
        )
    )
    assert amounts(read.area) == {"LUT": 20, "FF": 5, "BRAM18": 5, "DSP": 1}
    assert [op.name for op in read.area.ops] == ["(top)", "u0"]


def test_an_export(report):
    read = report(export_rpt())
    assert amounts(read.area) == {"LUT": 321, "FF": 654, "DSP": 7, "BRAM18": 2}
    assert (read.clock.target, read.clock.estimated) == (8, 5.25)


def test_a_design_that_does_not_fit_warns(report):
    (warning,) = report(csynth_xml(LUT=53_201)).area.warnings
    assert warning.startswith("part xc7z020: expected at most 53,200 LUT, got 53,201.")


BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<profile><ReportVersion><Version>&b;</Version></ReportVersion></profile>"""


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "a file of another kind"),
        ("a model", "a file of another kind"),
        ("Total Area Score:  1 2 3", "a file of another kind"),
        ("<html></html>", "XML of <html>"),
        ("<profile>", "no element found: line 1, column 9"),
        ("<profile/>", "no PerformanceEstimates/SummaryOfOverallLatency|no UserAssignments/TopModelName"),
        (BOMB, "XML with a document type, which no report has"),
        (csynth_xml(FF=1), "no AreaEstimates/Resources/LUT"),
        (csynth_xml(LUT=-1), "'-1' in place of a number"),
        (csynth_xml(LUT="9" * 5000), "'9{40}' in place of a number"),
        (csynth_xml(LUT="nan"), "'nan' in place of a number"),
        (csynth_xml(LUT=1, latency=(1, "1e9")), "'1e9' in place of a number of cycles"),
        (csynth_xml(LUT=1, part="EP4CE6"), "the part 'EP4CE6', which is none of AMD's"),
        (module_rpt(total=["Total", 3, 4, 62, 999, 0]), "rows of 147 LUT and a total of 999"),
        (module_rpt().partition("== Utilization")[0] + "\n", "no section Interface"),
        (module_rpt().partition("| FIFO")[0], "a table without its last line under '.*'"),
        (module_rpt().replace("* Version", "* X"), "no version"),
        (summary_rpt().rpartition("+--")[0], "a table without its last line under .*"),
        (cosim_rpt(["VHDL", *["NA"] * 7]), "no simulation of Verilog or VHDL"),
        (cosim_rpt(["Verilog", "Pass", 1]), "no simulation of Verilog or VHDL"),
        (cosim_rpt(["Verilog", "Pass", *[1] * 6]).rpartition("+-")[0], "a table without its last line"),
        (utilization().partition("3. DSP\n---")[0], "no section '3\\. DSP'"),
        (utilization().replace("Slice LUTs", "Slices"), "no number of LUTs or registers"),
        (utilization().replace("| 17 ", "| <1 "), "'<1' in place of a number"),
        (hierarchy(["top", "(top)", 9, 0, 0, 0, 0], ["  u", "a", 8, 0, 0, 0, 0]), "rows of 8 LUT and a total of 9"),
        (hierarchy(["top", "(top)", 9, 0, 0, 0, 0]).replace("FFs", "FFz"), "a table without the column 'FFs'"),
        (export_rpt().replace("FF:", "GG:"), "no FF"),
    ],
)  # fmt: skip
def test_other_and_damaged_files_are_refused(report, text, got):
    match = rf"^.*top\.rpt: expected csynth\.xml, .* of Vivado, got ({got})\. Give one of these files, complete"
    with pytest.raises(EnergyError, match=match):
        report(text)


def test_bytes_folders_and_huge_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.rpt"
    path.write_bytes(b"== \xff\xfe")
    with pytest.raises(EnergyError, match=r"^.*x\.rpt: expected .*, got bytes that are no text\."):
        read_report(path)
    with pytest.raises(EnergyError, match=r"^.*: expected a report, got a folder\. Check"):
        read_report(tmp_path)
    monkeypatch.setenv("QHLS_LIMIT", "1K")
    path.write_text(module_rpt())
    with pytest.raises(EnergyError, match=r"^.*x\.rpt: expected a report of at most 21 bytes, got"):
        read_report(path)


WHOLE = [
    csynth_xml(LUT=91, FF=20, DSP=1),
    module_rpt(),
    summary_rpt(),
    cosim_rpt(["Verilog", "Pass", 10, 11, 13, 1, 2, 4]),
    utilization(),
    hierarchy(["top", "(top)", 9, 0, 0, 0, 0], ["  u", "a", 9, 0, 0, 0, 0]),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(WHOLE), st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path, text, data):
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 80)))
    path = tmp_path / "x.rpt"
    path.write_text(text[:start] + data.draw(st.text("|+-= 0o9<>/&\n", max_size=6)) + text[stop:])
    try:
        str(read_report(path))
    except EnergyError as error:
        assert re.match(r"^.*x\.rpt: expected .*, got .*\. (Give|Check)", str(error), re.S)


@pytest.mark.parametrize("text", [t for t in WHOLE if not t.startswith("Report time")])
def test_half_a_file_is_refused(report, text):
    with pytest.raises(EnergyError, match=r"^.*top\.rpt: expected csynth\.xml, .*, got "):
        report(text[: len(text) // 2])


def test_the_command(tmp_path, capsys):
    path = tmp_path / "csynth.xml"
    path.write_text(csynth_xml("[red]top", LUT=91, FF=20))
    output = tmp_path / "all.json"
    assert main(["report", "read", str(path), str(path), "--json", str(output)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Latency of [red]top: 7 to 9 cycles, 72 ns; initiation interval: 3 cycles" in out
    assert len(json.loads(output.read_text())) == 2
    assert main(["report", "read", str(path), "--json", str(tmp_path / "no/a.json")]) == 2
    assert re.search(
        r"^qhls report: report: expected a path to write to, got .*\. Choose another path\.$",
        capsys.readouterr().err,
        re.M,
    )
    path.write_text("no report")
    assert main(["report", "read", str(path)]) == 2
    assert re.match(r"^qhls report: .*csynth\.xml: expected .*\.$", capsys.readouterr().err)
    assert qhls.read_report is read_report


def _find_numbers(path):
    """Return the totals of a file, read by other means than qhls': the last numbers of one line."""
    text = path.read_text()
    if path.suffix == ".xml":
        found = ElementTree.fromstring(text).find("AreaEstimates/Resources")
        return {item.tag: float(item.text) for item in found}
    if "report_utilization" in text:
        names = {"LUT": "(?:CLB|Slice) LUTs", "FF": "(?:CLB|Slice) Registers", "DSP": "DSPs"}
        names |= {"TILE": "Block RAM Tile"}
        return {
            unit: float(re.search(rf"^\| {name}\*? +\| +([\d.]+) ", text, re.M)[1])
            for unit, name in names.items()
        }
    total = re.search(r"^\|Total +\|([^\n]*)\|$", text, re.M)[1].split("|")
    return dict(zip(("BRAM_18K", "DSP", "FF", "LUT", "URAM"), map(float, total), strict=True))


@needs_reports
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[-40:])
def test_published_reports_are_read(path):
    read, numbers = read_report(path), _find_numbers(path)
    totals = read.area.totals
    assert totals["LUT"] == numbers["LUT"] > 0
    assert totals["FF"] == numbers["FF"]
    assert totals["DSP"] == numbers.get("DSP", numbers.get("DSP48E"))
    assert totals["BRAM18"] == numbers.get("BRAM_18K", 2 * numbers.get("TILE", 0))
    text = path.read_text()
    if path.suffix == ".xml":
        for tag, n in {
            "Worst-caseLatency": read.latency.latency,
            "Best-caseLatency": read.latency.bounds[0],
            "Interval-max": read.latency.interval,
        }.items():
            assert f"<{tag}>{n}</{tag}>" in text
    elif "report_utilization" not in text:
        line = re.search(r"Type +\|\n +\+[-+]+\+\n +\|([^\n]*)\|", text)[1].split("|")
        assert (*read.latency.bounds, read.latency.interval) == (
            int(line[0]),
            int(line[1]),
            int(line[5]),
        )
    assert str(read)


@needs_reports
def test_xml_and_rpt_of_a_module_agree():
    pairs = [(p, p.with_suffix(".xml")) for p in FILES if p.name.endswith("_csynth.rpt")]
    pairs = [(rpt, xml) for rpt, xml in pairs if xml.is_file()]
    assert len(pairs) > 50
    for rpt, xml in pairs:
        one, other = read_report(rpt), read_report(xml)
        assert one.area.totals == other.area.totals
        assert (one.tool, one.version, one.part) == (other.tool, other.version, other.part)
        assert one.latency.bounds == other.latency.bounds
        assert one.latency.interval == other.latency.interval
        assert one.clock == other.clock
