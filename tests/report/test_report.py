"""The report of a design: profiles of tensors, the picture of the network, and the page in a real browser."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.backends.target import TARGETS
from qhls.energy.report.plot import format_energy, scale_energy
from qhls.errors import EnergyError, QhlsError
from qhls.ir import Const, Fixed, Graph, Input, Overflow, Quantize, Rounding
from qhls.plan import Schedule
from qhls.report import TensorProfile, profile_design
from qhls.report.bits import describe_bits, draw_bits
from qhls.report.code import split_functions
from qhls.report.network import BOX_HEIGHT, BOX_WIDTH, lay_out_network
from support.graphs.designs import classifier, random_codes
from support.graphs.op_examples import EXAMPLES, inputs_of
from support.tool_reports import csynth_xml


def needed(code):
    """Return the position of the first significant bit, -1 for none."""
    return (code if code >= 0 else ~code).bit_length() - 1


@settings(max_examples=80)
@given(
    st.sampled_from(["s8.4", "u5.2", "s60.10", "s70.3", "u3.-4"]),
    st.sampled_from(["s4.2", "u4.1", "s50.20", "s6.-2"]),
    st.sampled_from(list(Rounding)),
    st.sampled_from(list(Overflow)),
    st.integers(0, 2**32),
)
def test_a_profile_counts_what_each_code_is(kind, to, rounding, overflow, seed):
    x = Input((3,), Fixed.parse(kind), name="x")
    y = Quantize(x, Fixed.parse(to), rounding, overflow, name="y")
    graph = Graph((x,), (y,))
    codes = qhls.Design(graph, Schedule()).random_codes(10, seed)
    profiles = profile_design(graph, codes)
    results = qhls.ir.tap(graph, codes, [x, y])
    for op, values in results.items():
        flat = [int(code) for code in values.ravel()]
        profile = profiles[op]
        assert (profile.count, profile.lo, profile.hi) == (len(flat), min(flat), max(flat))
        assert profile.small == sum(needed(code) < 0 for code in flat)
        assert all(n == sum(needed(c) == bit for c in flat) for bit, n in profile.leading.items())
        assert sum(profile.leading.values()) + profile.small == profile.count
        room = op.type.width - op.type.signed
        fits = room - profile.unused_high
        assert all(needed(code) < fits for code in flat)
        assert all(code % (1 << profile.unused_low) == 0 for code in flat)
        if fits and profile.unused_low < op.type.width:
            assert any(needed(code) == fits - 1 for code in flat)
            assert any(code % (2 << profile.unused_low) for code in flat)
    wide = Fixed(True, 200, y.type.frac)
    free = qhls.ir.tap(Graph((x,), (z := Quantize(x, wide, rounding),)), codes, [z])[z]
    beyond = (free != results[y]).sum()
    assert profiles[y].below + profiles[y].above == beyond


def test_profiles_of_batches_are_those_of_all_samples(monkeypatch):
    graph = classifier()
    codes = random_codes(graph, 23)
    whole = profile_design(graph, codes)
    monkeypatch.setattr("qhls.report.profile.BATCH_ELEMENTS", 2000)
    assert profile_design(graph, codes) == whole
    assert whole[graph["conv1.kernel"]].count == 3 * 3 * 2 * 3


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        ([0, 3, 16], "0 to 1; never negative; highest 2 bits never used"),
        ([-8, 8], "-0.5 to 0.5; highest 3 bits never used; lowest 3 bits always 0"),
        ([0], "0 to 0; always 0"),
    ],
)
def test_sentences_name_unused_bits(codes, sentence):
    x = Input((1,), Fixed(True, 8, 4), name="x")
    profile = profile_design(Graph((x,), (x,)), [np.array(codes)[:, None]])[x]
    assert describe_bits(profile) == sentence
    assert draw_bits(profile).count("<title>") == 7


def test_the_share_beyond_the_type_is_named():
    profile = TensorProfile("x", Fixed(True, 4, 0), 8, 1, -8, 7, used=15, below=2, above=1)
    assert describe_bits(profile).endswith("25.00% below the type; 12.50% above the type")


def test_boxes_lie_below_what_they_read_and_do_not_overlap():
    graph = classifier()
    ops = {op.name: op for op in graph.ops if not isinstance(op, Const)}
    reads = [(a.name, op.name) for op in ops.values() for a in op.operands if a.name in ops]
    network = lay_out_network(ops, reads)
    assert set(network.boxes) == set(ops)
    assert {(start.name, end.name) for start, end in network.edges} == set(reads)
    for start, end in network.edges:
        assert end.y >= start.y + BOX_HEIGHT
    boxes = list(network.boxes.values())
    for i, one in enumerate(boxes):
        assert 0 <= one.x <= network.width - BOX_WIDTH
        assert 0 <= one.y <= network.height - BOX_HEIGHT
        for two in boxes[:i]:
            assert abs(one.x - two.x) >= BOX_WIDTH or abs(one.y - two.y) >= BOX_HEIGHT


@pytest.mark.parametrize("target", TARGETS)
def test_each_operation_that_has_a_function_has_its_text(target):
    graph = classifier()
    functions = split_functions(graph, Schedule(), TARGETS[target])
    called = {op.name for op in graph.ops} - {"image", "conv1.pad"}  # indices of the convolution
    called -= {op.name for op in graph.ops if op.kind in ("const", "reshape")}
    assert set(functions) == called
    for text in functions.values():
        assert text.count("static void ") == 1
        assert text.endswith("}")


@pytest.mark.parametrize(
    ("pj", "text"),
    [(9.5, "9.5 pJ"), (9999, "9,999 pJ"), (12345, "12.35 nJ"), (3.2e7, "32 uJ")],
)
def test_energies_have_a_unit_of_few_digits(pj, text):
    assert format_energy(pj) == text
    rows, unit = scale_energy({"a": {"x": pj}, "b": {"x": 0.0}})
    assert text.endswith(unit)
    assert rows["a"]["x"] * {"pJ": 1, "nJ": 1e3, "uJ": 1e6}[unit] == pytest.approx(pj)


class Page(HTMLParser):
    """Elements that are open, addresses, and identifiers of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.open, self.fetched = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += filter(None, [attributes.get("id")])
        if tag == "a":
            self.links.append(attributes["href"])
        self.fetched += [v for k, v in attributes.items() if k in ("src", "data", "srcset")]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_links_to_its_layers_and_fetches_nothing(tmp_path):
    design = qhls.Design(classifier("<b>hostile</b>"), Schedule(part="xc7z020clg400-1"))
    report = design.report(check=design.check(targets="catapult"))
    page = Page(report.html)
    assert page.open == []
    assert page.fetched == []
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    assert "<b>hostile" not in report.html
    for text in ("All executions are equal", "compute_fc_add", "of xc7z020clg400-1", "s13.7"):
        assert text in report.html
    path = report.save(tmp_path / "report.html")
    assert path.read_text() == report.html
    assert 'srcdoc="&lt;!doctype' in report._repr_html_()
    with pytest.raises(QhlsError, match=r"^report: expected to write .*none/r.html, got: No such "):
        report.save(tmp_path / "none" / "r.html")


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(io="stream", reuse_factor=4)])
def test_the_picture_of_processes_has_a_box_each_and_all_channels(schedule):
    design = qhls.Design(classifier(), schedule)
    html = design.report().html
    picture = html[html.index("<svg", html.index('<h2 id="processes">')) :]
    picture = picture[: picture.index("</svg>")]
    titles = re.findall(r"<title>([^:]+): ", picture)
    assert {process.name for process in design.plan.processes} <= set(titles)
    assert len(titles) == len(set(titles))
    if schedule.io == "array":
        inner = [channel for channel in design.plan.channels if channel.consumer]
        assert picture.count('class="edge"') == len(inner)
    else:
        reads = sum(len(process.reads) for process in design.plan.processes)
        assert picture.count('class="edge"') == reads
        assert "fifo depth" in picture
        assert "simd" in picture


def test_the_page_shows_a_proof():
    x = Input((3,), Fixed(True, 4, 2), name="x")
    y = Quantize(x, Fixed(True, 3, 1), Rounding.FLOOR, Overflow.SATURATE, name="y")
    design = qhls.Design(Graph((x,), (y,)), Schedule())
    html = design.report(proof=design.prove()).html
    assert Page(html).open == []
    assert "The Verilog is proved equal for all inputs." in html
    assert "<caption>Proof of " in html
    assert "The Verilog is" not in design.report().html


def test_a_design_of_streams_has_a_page():
    html = qhls.Design(classifier(), Schedule(io="stream")).report().html
    page = Page(html)
    assert page.open == []
    plan = html[html.index('<h2 id="plan">') :]
    assert "<td>conv1" in plan
    assert "cycles <strong>" in html  # of each layer


def test_estimates_are_beside_the_numbers_of_a_synthesis_report(tmp_path):
    file = tmp_path / "csynth.xml"
    file.write_text(csynth_xml(LUT=1234, DSP=0, FF=56, latency=(7, 9), interval=(4, 4)))
    design = qhls.Design(classifier(), Schedule())
    for synthesis in (file, [qhls.read_report(file)]):
        html = design.report(synthesis=synthesis).html
        assert Page(html).open == []
        assert re.search(r"Estimate beside \w[\w ]+ 2020\.1</h2>", html)
        rows = dict(re.findall(r"<tr><td>([A-Z a-z,]+)</td>((?:<td>[^<]*</td>){3})", html))
        cells = {name: re.findall(r"<td>([^<]*)</td>", row) for name, row in rows.items()}
        lut = design.area().totals["LUT"]
        assert cells["LUT"] == [f"{lut:,.0f}", "1,234", f"{lut / 1234:.2f}"]
        assert cells["latency, cycles"][1] == "9"
        assert cells["DSP"][2] == "-"
    assert "<td>fc.matmul</td>" in html[html.index('<h2 id="plan">') :]
    with pytest.raises(EnergyError, match=r"^.*none\.xml: expected a report, got no such file\. "):
        design.report(synthesis=tmp_path / "none.xml")


def test_every_op_has_a_report():
    for kind, builders in EXAMPLES.items():
        if kind is Const:
            continue  # a design computes something
        op = builders[0](Fixed(True, 6, 3))
        graph = Graph(tuple(inputs_of(op)), (op,), "example")
        assert op.name in qhls.Design(graph, Schedule()).report().html


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --window-size=1000,900"
PLAY = """
<script>
const tried = [...document.querySelectorAll(".viewer")].map(viewer => {
  const picture = viewer.querySelector("svg"), view = () => picture.getAttribute("viewBox");
  const press = key => { viewer.dispatchEvent(new KeyboardEvent("keydown", { key })); return view(); };
  const whole = press("0"), near = press("+"), back = press("0"), link = picture.querySelector("a");
  link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  return [viewer.getAttribute("aria-label"), whole, near, back, location.hash, link.getAttribute("href")];
});
document.title = JSON.stringify(tried);
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no chromium: the page is not tried in a browser")
def test_a_browser_zooms_both_pictures_and_jumps_to_a_layer(tmp_path):
    report = qhls.Design(classifier(), Schedule()).report()
    path = tmp_path / "page.html"
    path.write_text(report.html.replace("</body>", f"{PLAY}</body>"))
    done = subprocess.run(
        [
            BROWSER,
            *FLAGS.split(),
            f"--user-data-dir={tmp_path / 'user'}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    (title,) = re.findall(r"<title>(\[\[.*?\]\])</title>", done.stdout)
    tried = json.loads(title.replace("&quot;", '"'))
    assert [label.split(";")[0] for label, *_ in tried] == ["Network", "Processes"]
    for _, whole, near, back, place, link in tried:
        sizes = [float(view.split()[2]) for view in (whole, near)]
        assert sizes[1] == pytest.approx(sizes[0] / 1.25)
        assert back == whole
        assert place == link
