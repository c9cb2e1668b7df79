"""What a bit less saves, and the comparison of designs: tables, plot, page and numbers."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings

from qhls.energy import (
    CAUSES,
    CostComparison,
    count_bit_operations,
    estimate,
    estimate_area,
    estimate_latency,
    find_savings,
    load_area_table,
    load_technology,
)
from qhls.energy.report.plot import draw_bars, draw_estimates
from qhls.energy.sensitivity import coarsen_steps, narrow
from qhls.errors import EnergyError
from qhls.ir import (
    Codes,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Op,
    Pad,
    Quantize,
    Shift,
    Threshold,
    enter_layer,
    run,
)
from qhls.plan import Schedule
from support.graphs.random_graphs import graphs

UNIT = load_technology("unit")


def network(weights=((5.0, 0), (-3, 1), (1, 7)), activation=None):
    """s6.0 x weights, to u4.1 or what ``activation`` makes of it, x ternary weights."""
    x = Input((3,), Fixed(True, 6, 2), name="x")
    with enter_layer("first"):
        y = Matmul(x, Const.of(np.array(weights), name="w"), name="product")
    with enter_layer("act"):
        y = activation(y) if activation else Quantize(y, Fixed(False, 4, 1), name="y")
    with enter_layer("second"):
        y = Matmul(y, Const.of([[1.0], [-1]], name="w"), name="product")
    return Graph((x,), (y,), name="network")


def test_narrower_weights_by_hand():
    graph = network()
    narrower = narrow(graph, "first", "weights")
    # halves, ties to even: 2.5 -> 2, -1.5 -> -2, 0.5 -> 0, 3.5 -> 4, on a grid twice as coarse
    values = np.ldexp(
        narrower["first.w"].codes.to_integers().astype(float), -narrower["first.w"].frac
    )
    assert values.tolist() == [[4, 0], [-4, 0], [0, 8]]
    assert narrower["second.w"] is graph["second.w"]
    assert narrower["act.y"].to == graph["act.y"].to


def test_narrower_activations_by_hand():
    narrower = narrow(network(), "act", "activations")
    assert str(narrower["act.y"].type) == "u3.0"
    assert str(narrower["second.product"].type) == "s4.0"


def test_where_there_is_no_bit_to_take():
    graph = network()
    assert narrow(graph, "second", "weights") is graph  # binary
    assert narrow(graph, "first", "activations") is graph
    assert narrow(graph, "act", "weights") is graph


def test_powers_of_two_lose_their_lower_exponents():
    narrower = narrow(network([[1.0, 0], [-2, 4], [8, -16]]), "first", "weights")
    values = np.ldexp(
        narrower["first.w"].codes.to_integers().astype(float), -narrower["first.w"].frac
    )
    assert values.tolist() == [[4, 0], [-4, 4], [8, -16]]  # exponents 0 to 4 become 2 to 4


def thresholds(y):
    codes = np.array([-40, -21, -20, -19, -3, 0, 1, 2, 9, 30])
    values = np.array([-1, 0.5, 0.75, 1, 1.5, 0.25, 2, 3, -2, 1.25, 0])
    steps = Const(Codes(codes), y.frac, name="thresholds")
    return Threshold(y, steps, Const.of(values, name="values"), name="y")


def test_a_step_function_on_a_coarser_grid_is_the_same_function():
    """Of weights that lose a fraction bit, the function sees multiples of it: the same steps for each."""
    graph = network([[1.5, 0.5], [-2.5, 1], [0.5, 3.5]], thresholds)
    narrower = narrow(graph, "first", "weights")
    assert narrower["first.product"].frac == graph["first.product"].frac - 1
    wide, small = graph["act.y"], narrower["act.y"]
    codes = np.arange(small.x.type.lo, small.x.type.hi + 1).reshape(-1, 1)
    x = Input((1,), small.x.type, name="x")
    fine = Input((1,), Fixed(True, small.x.type.width + 1, small.x.frac + 1), name="x")
    coarse = Threshold(x, small.thresholds, small.values, name="y")
    original = Threshold(fine, wide.thresholds, wide.values, name="y")
    (found,) = run(Graph((x,), (coarse,)), [codes])
    (expected,) = run(Graph((fine,), (original,)), [codes * 2])
    assert found.tolist() == expected.tolist()
    assert len(small.thresholds.codes.to_integers()) < len(wide.thresholds.codes.to_integers())


def test_step_functions_a_channel_keep_as_many_steps():
    thresholds, values = np.array([[1, 2, 7], [0, 3, 5]]), np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    steps, levels = coarsen_steps(thresholds, values, 1, 9)
    # up to the next multiple of 2: 2, 2, 8 and 0, 4, 6; the first has one less, and a step beyond 9 instead
    assert steps.tolist() == [[1, 4, 10], [0, 2, 3]]
    assert levels.tolist() == [[0, 2, 3, 3], [4, 5, 6, 7]]


def test_a_padding_keeps_its_number():
    x = Input((3,), Fixed(True, 6, 2), name="x")
    with enter_layer("act"):
        y = Quantize(x, Fixed(False, 4, 1), name="y")
    y = Pad(y, ((1, 0),), value=6, name="pad")  # 3.0
    narrower = narrow(Graph((x,), (y,)), "act", "activations")
    assert narrower["pad"].value == 3
    assert narrower["pad"].frac == 0


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(io="stream"), Schedule(2, io="stream")])
def test_savings_are_differences_of_estimates(schedule):
    graph = network()
    total = estimate(graph, schedule, UNIT).total
    savings = {s.layer: s for s in find_savings(graph, schedule, UNIT)}
    assert set(savings) == {"first", "act"}
    for layer, part in (("first", "weights"), ("act", "activations")):
        narrower = estimate(narrow(graph, layer, part), schedule, UNIT).total
        assert getattr(savings[layer], part) == pytest.approx(total - narrower, rel=1e-9)
        assert total > narrower
    assert savings["first"].activations is savings["act"].weights is None


def becomes_wires():
    """A convolution that one bit less makes a wire, so that the shift that is fused with it stores nothing."""
    x = Input((4, 1, 2), Fixed(False, 3, 1), name="x")
    with enter_layer("conv"):
        y = Conv(x, Const.of(np.array([[[[-0.5, 0.5], [1.5, 1.0]]]])))
    return Graph((x,), (Shift(y, 0),))


@settings(max_examples=40, deadline=None)
@given(graphs())
@example(becomes_wires())
def test_savings_are_differences_of_estimates_whatever_the_graph(graph):
    total = estimate(graph, Schedule(), UNIT).total
    for saving in find_savings(graph, Schedule(), UNIT):
        for part in ("weights", "activations"):
            found, narrower = getattr(saving, part), narrow(graph, saving.layer, part)
            assert (found is None) == (narrower is graph)
            if found is not None:
                expected = total - estimate(narrower, Schedule(), UNIT).total
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * total)


def test_savings_take_time_in_proportion_to_the_layers(monkeypatch):
    def chain(layers):
        y = x = Input((6,), Fixed(True, 8, 4), name="x")
        random = np.random.default_rng(0)
        for i in range(layers):
            with enter_layer(f"layer{i}"):
                y = Matmul(y, Const.of(random.integers(-31, 32, (6, 6)) / 32))
                y = Quantize(y, Fixed(True, 6, 3))
        return Graph((x,), (y,))

    built = []

    def rebuilt(layers):
        graph = chain(layers)
        built.clear()
        find_savings(graph, Schedule(), UNIT)
        return len(built)

    made = Op.__post_init__
    monkeypatch.setattr(Op, "__post_init__", lambda op: (built.append(op), made(op))[1])
    assert rebuilt(40) < 5 * rebuilt(10)  # 16 times as many if all were built again for each layer


@pytest.fixture
def comparison():
    graph = network()
    reports = {
        "wired": estimate(graph, Schedule(), UNIT),
        "<stored>": estimate(graph, Schedule(storage="bram"), UNIT),
    }
    schedules = {"wired": Schedule(), "<stored>": Schedule(storage="bram")}
    lut6 = load_area_table("xilinx_lut6")
    return CostComparison(
        reports,
        UNIT,
        {"wired": find_savings(graph, Schedule(), UNIT)},
        {name: estimate_area(graph, schedule, lut6) for name, schedule in schedules.items()},
        {name: estimate_latency(graph, schedule) for name, schedule in schedules.items()},
        {name: count_bit_operations(graph) for name in schedules},
    )


def test_ratios_and_tables(comparison):
    first, second = (report.total for report in comparison.reports.values())
    assert comparison.ratios == {"wired": 1, "<stored>": second / first}
    cells = {str(c.header): list(map(str, c.cells)) for c in comparison.tabulate_layers().columns}
    assert cells["layer"] == ["x", "first", "act", "second"]
    for name, report in comparison.reports.items():
        assert cells[name] == [f"{sum(c.values()):.4g}" for c in report.layers.values()]
    text = str(comparison)
    assert "Savings of one bit less in wired" in text
    assert "<stored>" in text


def test_numbers(comparison):
    content = json.loads(json.dumps(comparison.to_dict()))
    assert content["ratios"]["wired"] == 1
    assert content["technology"] == "unit"
    assert content["reports"]["<stored>"]["total"] == comparison.reports["<stored>"].total
    areas, latencies = comparison.areas["wired"], comparison.latencies["<stored>"]
    assert content["areas"]["wired"]["totals"] == areas.totals
    assert content["latencies"]["<stored>"]["latency"] == latencies.latency
    assert content["operations"]["wired"]["second"] == {"macs": 2, "bops": 30.0, "ebops": 8}
    (first, act) = comparison.savings["wired"]
    assert content["savings"]["wired"] == {
        "first": {"weights": first.weights, "activations": None},
        "act": {"weights": None, "activations": act.activations},
    }


def test_the_plot_is_drawn_to_scale():
    root = ElementTree.fromstring(
        draw_bars({"a": {"p": 30.0, "q": 10.0}, "b&<": {"p": 0.0, "q": 20.0}})
    )
    space = "{http://www.w3.org/2000/svg}"
    drawn = [r for r in root.iter(f"{space}rect") if r.find(f"{space}title") is not None]
    widths = [float(r.get("width")) for r in drawn]
    assert widths[0] == pytest.approx(3 * widths[1])
    assert widths[2] == 0
    assert widths[3] == pytest.approx(2 * widths[1])
    assert float(drawn[1].get("x")) == pytest.approx(float(drawn[0].get("x")) + widths[0])
    assert drawn[0].get("fill") == drawn[2].get("fill") != drawn[1].get("fill")
    texts = [t.text or "" for t in root.iter(f"{space}text")]
    assert "40 pJ" in texts
    assert "20 pJ" in texts
    assert "123,457 pJ" in draw_bars({"a": {"p": 123456.7}})
    assert ElementTree.fromstring(draw_bars({"nothing": {"p": 0.0}})) is not None


def test_estimates_are_drawn_to_scale_with_their_errors():
    root = ElementTree.fromstring(
        draw_estimates({"a": (30.0, 20, 40), "b&<": (10.0, 10, 10)}, "LUT")
    )
    space = "{http://www.w3.org/2000/svg}"
    first, second = root.iter(f"{space}rect")
    assert float(first.get("width")) == pytest.approx(3 * float(second.get("width")))
    left, right = map(
        float,
        re.match(r"M([\d.]+) .*?H([\d.]+)M", next(root.iter(f"{space}path")).get("d")).groups(),
    )
    scale = float(first.get("width")) / 30
    assert right - left == pytest.approx(20 * scale, abs=0.1)
    assert (left + right) / 2 == pytest.approx(float(first.get("x")) + 30 * scale, abs=0.1)
    assert first.find(f"{space}title").text == "a: 30 LUT, 20 to 40"
    assert ElementTree.fromstring(draw_estimates({"none": (0.0, 0, 0)}, "DSP")) is not None


def test_costs_side_by_side(comparison):
    cells = {str(c.header): list(map(str, c.cells)) for c in comparison.tabulate_costs().columns}
    assert cells["design"] == ["wired", "<stored>"]
    for name, lut in zip(cells["design"], cells["LUT"], strict=True):
        area = comparison.areas[name]
        assert lut == f"{area.totals['LUT']:,.0f} ± {area.errors['LUT']:,.0f}"
    assert cells["interval"] == [str(r.interval) for r in comparison.latencies.values()]
    assert int(cells["interval"][0]) == 1 < int(cells["interval"][1])
    cells = {
        str(c.header): list(map(str, c.cells)) for c in comparison.tabulate_operations().columns
    }
    assert cells["MACs"] == ["8", "8"]
    plain = CostComparison(comparison.reports, UNIT)
    assert "Area" not in str(plain)
    assert "<h2>Area" not in plain.to_html()
    assert "<h2>Latency" not in plain.to_html()


VOID = ("meta", "rect", "path")


class Page(HTMLParser):
    """Tags that are closed, and whatever would fetch something."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        names = dict(attributes)
        self.fetched += [v for k, v in names.items() if k in ("src", "href", "action", "data")]
        if tag in ("script", "link", "img", "iframe", "object"):
            self.fetched.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_asks_for_nothing(comparison):
    text = comparison.to_html()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    assert not re.search(r"url\(|@import", text)
    shown = " ".join(page.text)
    for report in comparison.reports.values():
        assert f"{report.total:.4g}" in shown
    for word in (
        "<stored>",
        "first",
        *CAUSES,
        "ratio",
        *("Area", "LUT", "FF", "BRAM18", "Latency", "cycles", "Bit operations", "BOPs", "EBOPs"),
        "Savings of one bit less",
        "By definition.",
    ):
        assert word in shown
    for area, latency in zip(comparison.areas.values(), comparison.latencies.values(), strict=True):
        assert area.format_figure("LUT") in shown
        assert all(op.name in shown for op in latency.ops)
        assert str(latency.latency) in shown
    # all and the ratios, all layers, four resources, latency, operations, savings
    assert text.count("<svg") == 2 + 1 + 4 + 1 + 2 + 1


PROBE = """
<script>
const shapes = [...document.querySelectorAll("svg")].map(svg => {
  const outer = svg.getBoundingClientRect();
  const inner = [...svg.querySelectorAll("rect, text, path")].map(e => e.getBoundingClientRect());
  const outside = inner.filter(r => r.right > outer.right + 1 || r.left < outer.left - 1);
  return [outer.width, outer.height, inner.length, outside.length];
});
const tables = [...document.querySelectorAll("table")].map(t => t.getBoundingClientRect().width);
document.title = JSON.stringify({shapes, tables, page: document.body.scrollWidth});
</script>
"""
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to look at the page with")
def test_a_browser_shows_every_picture_whole(comparison, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(comparison.to_html().replace("</body>", f"{PROBE}</body>"))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", shown)[1]))
    assert len(found["shapes"]) == 11
    for width, height, elements, outside in found["shapes"]:
        assert width > 300
        assert height > 30
        assert elements > 1
        assert outside == 0
    assert found["page"] <= 1000
    assert all(width <= 1000 for width in found["tables"])


def test_files(comparison, tmp_path):
    assert comparison.save(tmp_path / "a.html").read_text() == comparison.to_html() + "\n"
    assert comparison.save(tmp_path / "a.svg").read_text() == comparison.to_svg() + "\n"
    numbers = json.loads(comparison.save(tmp_path / "a.json").read_text())
    assert numbers == json.loads(json.dumps(comparison.to_dict()))
    match = r"^comparison: expected a file name that ends in .*, got 'a\.png'\. Choose one of these suffixes\.$"
    with pytest.raises(EnergyError, match=match):
        comparison.save("a.png")
    with pytest.raises(
        EnergyError,
        match=r"^comparison: expected a path to write to, got .*\. Choose another path\.$",
    ):
        comparison.save(tmp_path / "none" / "a.svg")


def test_what_cannot_be_compared():
    with pytest.raises(
        EnergyError, match=r"^compare: expected at least one design, got none\. Add a model\.$"
    ):
        CostComparison({}, UNIT)
    report = estimate(network(), Schedule(), load_technology("horowitz_45nm"))
    match = r"^compare: expected 'a' priced by 'unit', got 'horowitz_45nm'\. Price all .*$"
    with pytest.raises(EnergyError, match=match):
        CostComparison({"a": report}, UNIT)
