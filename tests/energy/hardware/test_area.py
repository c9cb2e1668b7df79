"""Area: primitives counted by hand, formulas by hand, tables complete, and the calibration."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.energy.hardware.area import estimate_area
from qhls.energy.hardware.calibrate import FITS, fit_figure, main
from qhls.energy.hardware.vendor import read
from qhls.errors import EnergyError
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Scan,
    Threshold,
    enter_layer,
)
from qhls.plan import Schedule
from qhls.plan.hardware.prices import KINDS, list_area_tables, list_tool_tables, load_area_table
from qhls.plan.hardware.primitives import Primitive, PrimitiveCounts, count_primitives
from support.plans import buffer_of, process_of
from support.shared import SHARED
from support.tool_reports import csynth_xml, hierarchy, utilization

TABLES = Path(__file__).parents[3] / "qhls/plan/hardware/areas"
ROWS = SHARED / "yosys_primitives.json"
LUT6 = load_area_table("xilinx_lut6")

X = Input((4,), Fixed(True, 4, 1), name="x")
IMAGE = Input((4, 4, 2), Fixed(True, 4, 1), name="x")


def counted(op, **schedule):
    return {
        (p.kind, *p.sizes): n
        for p, n in count_primitives(process_of(op, **schedule)).items()
        if p.kind != "register"
    }


def steps(x, thresholds):
    return Threshold(
        x, Const.of(np.array(thresholds, float)), Const.of(np.arange(len(thresholds) + 1.0))
    )


WEIGHTS = Const.of(np.array([[3.0, 0], [5, -1], [1, 1], [2, 1]]), name="w")


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        # -88 .. 77: 8 bits; 4 terms of the first output, 3 of the second
        (
            Matmul(X, WEIGHTS),
            {("scale", 4, 0): 1, ("scale", 4, 1): 5, ("scale", 4, 2): 2, ("accumulate", 8): 5},
        ),
        # a position: 2 channels, 3 steps each; each of 8 elements is one of those of 4 positions
        (Pool(IMAGE, (2, 2), (2, 2)), {("maximum", 4): 6, ("select", 4, 4): 8}),
        (Pool(IMAGE, (2, 2), (2, 2), "sum"), {("accumulate", 6): 6, ("select", 4, 4): 8}),
        (Add(X, X), {("add", 5): 4}),  # all elements at once
        (Max(X, Const.of(0.0)), {("relu", 4): 4}),
        (Max(X, Const.of(1.0)), {("maximum", 4): 4}),
        (Mul(X, Const.of([3.0, -5, 4, 0])), {("scale", 4, n): 1 for n in (0, 1, 2, 3)}),
        (
            Add(X, Const.of([3.0, 0, 4, 0])),
            {("add", 4): 1, ("add", 2): 1},
        ),  # s5.1; 1 and 3 bits pass
        # s4.1 to u2.0: 3 bits stay of 4, of which one is dropped; all 4 elements at once
        (Quantize(X, Fixed(False, 2, 0)), {("round", 3): 4, ("saturate", 1, 2): 4}),
        (Quantize(X, Fixed(True, 5, 1)), {}),  # fits
        (Quantize(X, Fixed(False, 2, 0), Rounding.FLOOR, Overflow.WRAP), {}),
        (Quantize(X, Fixed(True, 4, 2)), {("saturate", 1, 4): 4}),
        (steps(X, [0.5, 1]), {("compare_constant", 4): 8, ("lookup", 2, 3): 4}),
        (
            steps(X, [-1, -0.5, 0, 0.5, 1]),
            {("compare", 4): 12, ("lookup", 4, 5): 12, ("lookup", 3, 6): 4},
        ),
        (Reshape(X, (2, 2)), {}),
    ],
    ids=[
        *("matmul", "maxpool", "sumpool", "add", "relu", "max", "scale", "bias"),
        *("quantize", "widen", "truncate"),
        *("saturate", "threshold", "search", "reshape"),
    ],
)
def test_primitives_by_hand(op, expected):
    assert counted(op) == expected


def test_stored_weights_take_general_hardware():
    # 8 weights, two a cycle: the four cycles of an interval share the rest
    assert counted(Matmul(X, WEIGHTS), storage="bram") == {
        ("multiply", 4, 4): 2,
        ("accumulate", 8): 2,
        ("bram", 8, 4): 1,
    }
    signs = Const.of(np.array([[1.0, -1], [1, 0], [1, 1], [-1, 1]]))
    assert counted(Matmul(X, signs), storage="lutram") == {
        ("choice", 4, 2): 2,
        ("accumulate", 6): 2,
        ("lutram", 8, 2): 1,
    }
    assert counted(WEIGHTS, storage="bram") == {}  # part of what reads it


def test_one_element_at_a_time_takes_one_piece_of_hardware():
    x = Input((3, 4), Fixed(True, 4, 1), name="x")
    table = Const.of([3.0, -5, 4, 0])
    assert counted(Mul(x, table), partition_limit=4) == {
        **{("multiply", 4, 4): 1, ("lookup", 4, 4): 1, ("bram", 12, 7): 1}
    }
    assert counted(Add(x, table), partition_limit=2) == {
        **{("add", 6): 1, ("rom", 4, 4): 1, ("bram", 12, 6): 1}  # -7 .. 7.5
    }


def test_shared_multipliers_of_an_elementwise_product():
    products = Mul(X, Const.of([3.0, -5, 4, 0]))
    assert counted(products, reuse_factor=2) == {("multiply", 4, 4): 2, ("lookup", 4, 2): 2}
    assert counted(Mul(X, X), reuse_factor=3) == {("multiply", 4, 4): 2}


def test_shared_multipliers_choose_among_constants():
    # two tiles of 2 x 2 weights are the least hardware in at most three cycles
    found = counted(Matmul(X, WEIGHTS), reuse_factor=3)
    assert found == {
        **{("multiply", 4, 4): 4, ("accumulate", 8): 4},
        **{("lookup", 4, 2): 4, ("select", 4, 2): 2},
    }
    stored = counted(Matmul(X, WEIGHTS), reuse_factor=3, storage="bram")
    assert stored == {  # a tile is a word of the memory
        **{("multiply", 4, 4): 4, ("accumulate", 8): 4},
        **{("bram", 2, 16): 1, ("select", 4, 2): 2},
    }


def test_a_convolution_is_built_for_one_position():
    weights = Const.of(np.full((2, 2, 2, 3), 3.0))
    # 9 positions; of the 24 products 16 are the same as another of their input
    assert counted(Conv(IMAGE, weights)) == {
        **{("scale", 4, 2): 8, ("scale", 4, 1): 16, ("accumulate", 9): 21, ("select", 4, 9): 8}
    }


def test_loops_that_wait_for_a_memory_share_their_hardware():
    """2 x 2 windows of 2 channels, 8 elements of a memory that gives two a cycle."""
    far = {"partition_limit": 20, "reuse_factor": 1}
    assert counted(Pool(IMAGE, (2, 2), (2, 2)), **far) == {("maximum", 4): 2}  # 6 in 4 cycles
    weights = Const.of(np.full((2, 2, 2, 3), 3.0))
    assert counted(Conv(IMAGE, weights), **far) == {
        # 24 products, each of one of 4 weights; 27 results in a memory
        **{("multiply", 4, 2): 6, ("accumulate", 9): 6, ("lookup", 2, 4): 6, ("bram", 27, 9): 1}
    }


def test_a_result_written_into_a_memory_sets_the_interval_too():
    weights = Const.of(np.full((4, 8), 3.0))
    rows = Input((3, 4), Fixed(True, 4, 1), name="x")
    assert counted(Matmul(rows, weights), partition_limit=12) == {
        **{("multiply", 4, 2): 8, ("accumulate", 8): 8, ("lookup", 2, 4): 8},
        **{("select", 4, 3): 4, ("bram", 24, 8): 1},
    }


def test_rolled_loops_choose_among_registers():
    table = Const.of([3.0, -5, 4, 0])
    small = Input((1, 4), Fixed(True, 4, 1), name="small")
    large = Input((5, 4), Fixed(True, 4, 1), name="large")
    assert counted(Add(large, small), partition_limit=4)[("select", 4, 4)] == 1
    assert ("select", 4, 20) not in counted(Add(large, table), partition_limit=4)
    step_input = Input((4,), Fixed(True, 4, 1), name="row")
    state = Input((4,), Fixed(True, 6, 1), name="state")
    step = Quantize(Add(step_input, state), Fixed(True, 6, 1))
    zeros = Const.of(np.zeros(4))
    scan = Scan(large, (zeros,), Graph((step_input, state), (step, step)), sequence=False)
    assert counted(scan) == {("select", 4, 5): 4}  # one of five rows


def test_channels_of_overlapping_calls_are_stored_twice():
    first = Matmul(X, WEIGHTS, name="first")
    second = Quantize(Reshape(first, (2, 1)), Fixed(False, 3, 0), name="second")
    chain = Graph((X,), (second,))
    report = estimate_area(chain, Schedule(), LUT6)
    assert {
        op.name: op.resources["FF"] for op in report.ops if op.kind not in ("const", "reshape")
    } == {**{"x": 0, "first": 2 * 16, "second": 6}}
    alone = estimate_area(Graph((X,), (second, first)), Schedule(), LUT6)  # two calls read first
    assert [op.resources["FF"] for op in alone.ops if op.name == "first"] == [16]
    asic = estimate_area(
        chain, Schedule(), load_area_table("asic_45nm")
    )  # Catapult has no DATAFLOW
    register = load_area_table("asic_45nm").figures["register"].price((8,))
    assert sum(op.resources["um2"] for op in asic.ops if op.name == "first") >= 2 * register


def test_results_are_registers_or_memory():
    pool = Pool(IMAGE, (2, 2), (2, 2))
    assert count_primitives(process_of(pool))[Primitive("register", (4,))] == 8
    far = count_primitives(process_of(pool, partition_limit=7))
    assert far[Primitive("bram", (8, 4))] == 1
    assert not any(p.kind == "register" for p in far)
    assert (
        count_primitives(buffer_of(X, Schedule())) == PrimitiveCounts()
    )  # whoever calls the design holds it


@pytest.mark.parametrize(
    ("kind", "sizes", "unit", "area"),
    [
        ("multiply", (4, 4), "LUT", 2.4447 * 16 - 2.1028 * 8),  # 22; Yosys 22 to 26
        ("multiply", (8, 1), "LUT", 0.9925 * 8),
        ("multiply", (6, 2), "LUT", 0.9925 * 12),
        ("multiply", (5, 4), "DSP", 1),
        ("multiply", (27, 18), "DSP", 1),
        ("multiply", (28, 18), "DSP", 2),
        ("multiply", (28, 19), "DSP", 4),
        ("scale", (8, 1), "LUT", 0),
        ("scale", (8, 0), "LUT", 0),
        ("scale", (8, 3), "LUT", 0.81 * 16 + 1.1541 * 8),
        ("accumulate", (20,), "LUT", 0.7478 * 20),
        ("add", (9,), "LUT", 0.9066 * 9),
        ("maximum", (8,), "LUT", 1.725 * 8),
        ("relu", (8,), "LUT", 0.8774 * 8),
        ("compare", (8,), "LUT", 0.7179 * 8),
        ("compare_constant", (8,), "LUT", 0.2525 * 8),
        ("choice", (8, 1), "LUT", 8),
        ("choice", (8, 2), "LUT", 8),
        ("choice", (8, 3), "LUT", 16),
        ("gate", (), "LUT", 1),
        ("round", (8,), "LUT", 1.0042 * 8 + 1.7048),
        ("saturate", (10, 6), "LUT", 4.324 + 0.6914 * 6),
        ("lookup", (8, 3), "LUT", 1.0205 * 8),
        ("lookup", (8, 256), "LUT", 1.0205 * 32),
        ("select", (8, 2), "LUT", 0.4129 * 16),
        ("select", (8, 256), "LUT", 0.4129 * 8 * 255),  # 842; Yosys 837
        ("register", (7,), "FF", 7),
        ("bram", (1024, 18), "BRAM18", 1),
        ("bram", (1025, 18), "BRAM18", 2),
        ("bram", (512, 36), "BRAM18", 1),
        ("bram", (513, 36), "BRAM18", 2),
        ("rom", (16384, 1), "BRAM18", 1),
        ("rom", (2048, 9), "BRAM18", 1),
        ("bram", (8192, 6), "BRAM18", 3),  # of 2 bits each, not 4 of 2048 words
        ("lutram", (65, 3), "LUT", 6),
    ],
)
def test_formulas_by_hand(kind, sizes, unit, area):
    figure = LUT6.find_figure(Primitive(kind, sizes))
    assert figure.unit == unit
    assert figure.price(sizes) == pytest.approx(area)


@pytest.mark.parametrize(
    ("kind", "sizes", "area"),
    [
        ("multiply", (8, 8), 282),  # as published
        ("multiply", (32, 32), 3495),
        ("add", (32,), 137),
        ("register", (10,), 59.8),
        ("bram", (8192, 1), 3537),
        ("bram", (8192, 1024), 3537 * 1024**0.971),
        ("scale", (8, 3), 2 * 8 * 137 / 32),
        ("choice", (8, 2), 0.3 * 16 * 137 / 32),
    ],
)
def test_square_micrometres_by_hand(kind, sizes, area):
    figure = load_area_table("asic_45nm").find_figure(Primitive(kind, sizes))
    assert figure.unit == "um2"
    assert figure.price(sizes) == pytest.approx(area, rel=1e-4)


def design():
    with enter_layer("fc"):
        y = Matmul(X, WEIGHTS, name="product")
    with enter_layer("act"):
        y = Quantize(y, Fixed(False, 3, 0), name="y")
    return Graph((X,), (y,), name="small")


def test_a_report_adds_up():
    report = estimate_area(design(), Schedule(), LUT6)
    lut = 2 * (0.81 + 1.1541) * 4 + 5 * 0.7478 * 8
    assert report.layers["fc"]["LUT"] == pytest.approx(lut)
    assert report.totals["FF"] == 2 * 3  # nothing is stored between fused ops
    for unit in report.units:
        assert sum(layer[unit] for layer in report.layers.values()) == pytest.approx(
            report.totals[unit]
        )
    scale, accumulate = LUT6.figures["scale"], LUT6.figures["accumulate"]
    (product,) = (op for op in report.ops if op.name == "fc.product")
    assert product.errors["LUT"] == pytest.approx(
        2 * (0.81 + 1.1541) * 4 * scale.relative_error + 5 * 0.7478 * 8 * accumulate.relative_error
    )
    assert "±" in str(report)
    content = json.loads(json.dumps(report.to_dict()))
    assert content["totals"] == report.totals


def test_what_nobody_measured_is_marked():
    assert LUT6.figures["rom"].relative_error is None
    table = Threshold(X, Const.of(np.arange(7) / 2 - 1.5), Const.of(np.arange(8.0)))
    stored = estimate_area(Graph((X,), (table,)), Schedule(storage="rom"), LUT6)
    assert stored.ops[-1].open == {"BRAM18"}
    assert stored.format_figure("BRAM18") == "2 ± 0 ?"
    assert "?" in str(stored)
    x = Input((2,), Fixed(True, 8, 4), name="x")
    rounded = Graph((x,), (Quantize(x, Fixed(True, 8, 2), name="y"),))
    assert "?" not in str(estimate_area(rounded, Schedule(), LUT6))


def test_a_design_that_yosys_synthesised_lies_within_the_error():
    """16 x 64 weights of -31 .. 31, 8-bit inputs, product and adder tree kept: 16,384 LUT by Yosys 0.70."""
    weights = np.random.default_rng(0).integers(-31, 32, (16, 64)).astype(float)
    x = Input((16,), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(weights)),))
    report = estimate_area(graph, Schedule(), LUT6)
    assert abs(report.totals["LUT"] - 16384) < report.errors["LUT"] < 0.25 * 16384


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(0, 4),
    st.integers(0, 99),
    st.sampled_from(list_area_tables()),
    st.sampled_from(["registers", "bram", "lutram"]),
)
def test_fewer_activation_bits_are_never_larger(bits, more, seed, name, storage):
    """In units of one table with DSPs counted as the LUTs that README of HGQ2 gives one, 55."""
    table, schedule = load_area_table(name), Schedule(storage=storage)
    weights = np.random.default_rng(seed).integers(-7, 8, (5, 4)).astype(float)

    def size(width):
        x = Input((5,), Fixed(True, width, 0), name="x")
        y = Quantize(Matmul(x, Const.of(weights)), Fixed(False, width, 0))
        totals = estimate_area(Graph((x,), (y,)), schedule, table).totals
        return sum(n * (55 if unit == "DSP" else 1) for unit, n in totals.items())

    assert size(bits) <= size(bits + more) * (1 + 1e-12)


@pytest.mark.parametrize("name", [*list_area_tables(), *list_tool_tables()])
def test_tables_are_complete(name):
    table = load_area_table(name)
    assert set(table.figures) == set(KINDS[table.counts])
    sizes = {
        **dict.fromkeys(("multiply", "scale", "choice", "saturate", "lookup", "select"), (8, 4)),
        **{
            "multiply_narrow": (8, 2),
            "gate": (),
            "bram": (99, 9),
            "rom": (99, 9),
            "lutram": (99, 9),
            **dict.fromkeys(("sum", "product_dsp", "table", "fifo"), (12, 4)),
            "product_glue": (),
            "product": (6, 4, 3),
        },
    }
    free = ("negate", "product_glue", "gate") if name == "vivado" else ()
    for kind, figure in table.figures.items():
        assert (figure.price(sizes.get(kind, (8,))) > 0) == (kind not in free), kind
        assert figure.unit in ("LUT", "DSP", "FF", "BRAM18", "um2")
        assert figure.source
        assert figure.error
        # a figure without a measured error says so
        unmeasured = re.search(r"Unknown|Not measured|upper bound|was not kept", figure.error)
        assert figure.relative_error is not None or unmeasured, kind


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"formula": "magic"},
            r"^area table 'mine', add: expected a formula of c; .*, got 'magic'\. Write one of these\.$",
        ),
        (
            {"coefficients": [math.nan]},
            r"^area table 'mine', add: expected finite coefficients, got \[nan\]\. Correct it\.$",
        ),
        (
            {"relative_error": -1},
            r"^area table 'mine', add: expected a relative_error of .*, got -1\. Correct it\.$",
        ),
        (
            {"source": " "},
            r"^area table 'mine', add: expected a source that is not empty, got ' '\. State it\.$",
        ),
    ],
)
def test_a_faulty_table_is_refused(tmp_path, change, message):
    content = json.loads((TABLES / "xilinx_lut6.json").read_text())
    content["figures"]["add"].update(change)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    with pytest.raises(EnergyError, match=message):
        load_area_table(path)
    del content["figures"]["add"]
    path.write_text(json.dumps(content))
    with pytest.raises(
        EnergyError,
        match=r"^area table 'mine': expected JSON with .*, got KeyError\('add'\)\. Correct the file\.$",
    ):
        load_area_table(path)


def test_unknown_table():
    names = "asic_45nm, vitis_csynth, vivado, xilinx_lut6"
    match = rf"^area table: expected one of {names} or a \.json file, got 'x'\. Choose one\.$"
    with pytest.raises(EnergyError, match=match):
        load_area_table("x")


# Calibration


def reports(tmp_path, law):
    """What Yosys writes of adders and registers whose sizes follow ``law``."""
    modules = {
        f"\\add_s__w{w}": {"num_cells_by_type": {"LUT2": law(w) // 2, "LUT6": law(w) - law(w) // 2}}
        for w in range(2, 20)
    }
    modules["\\top"] = {"num_cells_by_type": {"LUT2": 1000}}
    modules |= {f"\\reg__w{w}": {"num_cells_by_type": {"FDRE": w}} for w in range(2, 20)}
    path = tmp_path / "stat.json"
    path.write_text(json.dumps({"creator": "Yosys", "modules": modules}))
    return path


def test_reports_of_yosys_are_read(tmp_path):
    rows = read([reports(tmp_path, lambda w: 3 * (w + 1))])
    assert len(rows) == 36
    assert rows[0] == {"op": "add_s", "w": 2, "LUT": 9, "FF": 0, "INV": 0, "CARRY4": 0}
    figure = fit_figure("add", FITS["add"], rows, "a test")
    assert figure["coefficients"] == [3.0]
    assert figure["relative_error"] == 0
    assert figure["source"] == "a test: add_s, sub_s, add_shift, 14 rows fitted."
    assert fit_figure("register", FITS["register"], rows, "")["coefficients"] == [1.0]


CSYNTH = csynth_xml("mul_ss__a8_b6", LUT=91, FF=20, DSP=1, BRAM_18K=3)

UTILIZATION = utilization("add_s__w8", {"CLB LUTs*": 9, "CLB Registers": 17}, 1.5, 2)

HIERARCHY = hierarchy(
    ["top", "(top)", 90, 5, 1, 3, 1],
    ["  (top)", "(top)", 82, 0, 0, 0, 0],
    ["  u0", "reg__w5", 0, 5, 0, 0, 0],
    ["  u1", "relu__w9", 8, 0, 1, 3, 1],
    ["  u2", "relu__w9", 0, 0, 0, 0, 0],
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (CSYNTH, [{"op": "mul_ss", "a": 8, "b": 6, "LUT": 91, "FF": 20, "DSP": 1, "BRAM18": 3}]),
        (UTILIZATION, [{"op": "add_s", "w": 8, "LUT": 9, "FF": 17, "DSP": 2, "BRAM18": 3}]),
        (
            HIERARCHY,
            [
                {"op": "reg", "w": 5, "LUT": 0, "FF": 5, "DSP": 0, "BRAM18": 0},
                {"op": "relu", "w": 9, "LUT": 8, "FF": 0, "DSP": 1, "BRAM18": 5},
            ],
        ),
        (utilization("top", {"Slice LUTs": 9, "Slice Registers": 17}, 1.5, 2), []),
        (csynth_xml("mul_ss__a8_b6", LUT=91, DSP48E=4), [{"DSP": 4}]),
    ],
    ids=["vitis", "vivado", "hierarchical", "another_name", "vivado_hls"],
)
def test_reports_of_vendors_are_read(tmp_path, text, rows):
    path = tmp_path / "report"
    path.write_text(text)
    found = read([path])
    assert len(found) == len(rows)
    assert all(row.items() <= each.items() for row, each in zip(rows, found, strict=True))


def test_a_report_of_catapult_is_square_micrometres(tmp_path, capsys):
    paths = []
    for width in range(2, 8):
        folder = tmp_path / f"add_s__w{width}.v1"
        folder.mkdir()
        score = f"  Total Area Score:   {width}.0   99.0   {4.5 * (width + 1)}\n"
        (folder / "rtl.rpt").write_text(f"-- Catapult\n  Area Scores\n{score}")
        paths.append(str(folder / "rtl.rpt"))
    output = tmp_path / "mine.json"
    assert main([*paths, "--unit", "um2", "--base", "asic_45nm", "-o", str(output)]) == 0
    assert "add: um2 = c bits, c = [4.5]" in capsys.readouterr().out
    mine, base = load_area_table(output), load_area_table("asic_45nm")
    assert mine.figures["add"].price((8,)) == 36
    assert mine.figures["multiply"] == base.figures["multiply"]  # no row: as it was


@pytest.mark.parametrize(
    "text", ["", "no report", "<profile/>", "<profile", "{", '{"modules": 1}', "| Design       : x"]
)
def test_reports_of_no_kind_are_refused(tmp_path, text):
    path = tmp_path / "report"
    path.write_text(text)
    with pytest.raises(
        EnergyError, match=r"^.*report: expected JSON with .*, got .*\. Give one of these files\.$"
    ):
        read([path])


def test_the_error_is_that_of_rows_held_out(tmp_path):
    # Every fourth width is off by half: they are held out, so they change the error and not the formula.
    rows = read([reports(tmp_path, lambda w: (w + 1) * (20 if (w - 2) % 4 == 3 else 10))])
    figure = fit_figure("add", FITS["add"], rows, "")
    assert figure["coefficients"] == [10.0]
    assert figure["relative_error"] == 0.5


def test_calibrate_refuses(tmp_path, capsys):
    path = tmp_path / "rows.json"
    path.write_text("[]")
    assert main([str(path)]) == 2
    match = r"^calibrate: .*rows\.json: expected JSON with a table of rows or of Yosys' stat -json, csynth\.xml, "
    assert re.match(match, capsys.readouterr().err)
    path.write_text(json.dumps({"table": [{"op": "add_s", "w": 3, "LUT": 3}]}))
    match = r"^calibrate, add: expected at least 4 rows of add_s, sub_s, add_shift, got 1\. Measure more sizes\.$"
    with pytest.raises(EnergyError, match=match):
        fit_figure("add", FITS["add"], read([path]), "")


@pytest.mark.skipif(not ROWS.is_file(), reason=f"no measured primitives: {ROWS} is absent")
def test_the_packaged_table_is_what_calibration_finds(tmp_path):
    path = tmp_path / "new.json"
    command = [sys.executable, "-m", "qhls.energy.hardware.calibrate", str(ROWS), "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "multiply: LUT = c0 a b + c1 (a + b)" in done.stdout
    assert json.loads(path.read_text()) == json.loads((TABLES / "xilinx_lut6.json").read_text())
