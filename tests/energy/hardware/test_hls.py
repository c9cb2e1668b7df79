"""Area as an HLS tool reports it: operations counted by hand, and published reports where present."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.design import Design
from qhls.energy import list_tool_tables, load_area_table
from qhls.energy.hardware.area import estimate_area
from qhls.energy.hardware.calibrate_hls import main
from qhls.energy.hardware.hls import list_operations
from qhls.energy.hardware.results import cut_results, find_built
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
    Threshold,
    enter_layer,
)
from qhls.plan import Schedule, plan
from qhls.plan.hardware.prices import AREA_TABLES, HLS_OPERATIONS
from support.shared import SHARED
from support.tool_reports import module_rpt

REPORTS = SHARED / "reports"
JETS = REPORTS / "Hector-Plata+hls4ml-tutorial"
S16 = Fixed.parse("s16.10")
VIVADO = load_area_table("vivado")
needs_reports = pytest.mark.skipif(
    not JETS.is_dir(), reason=f"no published reports: {JETS} is absent"
)


def counted(graph, results=S16, name=None, **schedule):
    total = {}
    for op, built in list_operations(plan(graph, Schedule(**schedule)), results):
        if name is None or op.name == name:
            for primitive, count in built.items():
                key = (primitive.kind, *primitive.sizes)
                total[key] = total.get(key, 0) + count
    return total


def product(weights, x="u6.6"):
    """One row of ``weights`` per input, as numbers on a grid of 1/32."""
    weights = np.array(weights) / 32
    x = Input((len(weights),), Fixed.parse(x), name="x")
    return Graph((x,), (Matmul(x, Const.of(weights)),))


@pytest.mark.parametrize(
    ("weight", "operations"),
    [
        (4, {}),
        (-4, {("negate", 9): 1}),
        (3, {("add", 9): 1}),
        (-3, {("add", 9): 1}),  # 1 - 4
        (10, {("add", 10): 1}),
        (-5, {("negate", 9): 1, ("add", 10): 1}),  # (0 - 4) - 1
        (11, {("product", 6, 4, 3): 1}),
        (0, {}),
    ],
)
def test_a_product_by_a_constant(weight, operations):
    assert counted(product([[weight, 1]])) == operations  # 1 keeps the grid of 1/32


def test_outputs_share_products_and_negations():
    graph = product([[3, 3, 3, -4, -4, -5]])
    assert counted(graph) == {("add", 9): 1, ("negate", 9): 1, ("add", 10): 1}


def test_wide_products_are_dsps():
    assert counted(product([[11]], "s16.10")) == {("product_glue",): 1}
    wide = {("product_glue",): 1, ("product_dsp", 16, 5): 1}
    assert counted(product([[21]], "s16.10")) == wide
    assert counted(product([[-11]], "s16.10")) == wide


def test_a_sum_is_a_tree_of_numbers_sorted_by_width():
    # 31 * 63 / 2 is 976: ten bits, eleven as a sum of two, twelve of four.
    assert counted(product([[31]] * 4), name="matmul") == {
        ("add", 12): 4,
        ("sum", 11, 5): 2,
        ("sum", 12, 4): 1,
    }
    one = counted(product([[31], [31], [1]]), name="matmul")
    assert one == {("add", 12): 2, ("sum", 11, 5): 1, ("sum", 12, 4): 1}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-32, 31), min_size=3, max_size=3), min_size=1, max_size=12))
def test_a_sum_of_n_products_takes_n_minus_1_additions(weights):
    counts = counted(product(weights))
    sums = sum(n for key, n in counts.items() if key[0] == "sum")
    assert sums == sum(max(np.count_nonzero(column) - 1, 0) for column in np.array(weights).T)
    assert all(
        bits + missing == 16
        for kind, bits, *missing in counts
        if kind == "sum"
        for missing in missing
    )


def test_sums_are_cut_to_the_results():
    assert counted(product([[31]] * 4, "s16.10"))["sum", 16, 0] == 3
    exact = counted(product([[31]] * 4, "s16.10"), None)
    assert exact["sum", 22, 0] == 2
    assert exact["sum", 23, 0] == 1


def activation(x, to, **options):
    x = Input((5,), Fixed.parse(x), name="x")
    return counted(Graph((x,), (Quantize(x, Fixed.parse(to), **options),)))


def test_quantizers():
    # sign, sticky bits, two tests for saturation; rounding; three choices; gates
    assert activation("s16.10", "u6.6") == {
        ("compare_constant", 16): 5,
        ("compare_constant", 3): 5,
        ("compare_constant", 6): 10,
        ("add", 6): 5,
        ("select", 6): 10,
        ("select", 1): 5,
        ("gate",): 20,
    }
    assert ("compare_constant", 3) not in activation("s16.10", "u6.6", rounding=Rounding.HALF_UP)
    assert activation("s16.10", "s6.4", rounding=Rounding.FLOOR) == {
        ("compare_constant", 4): 10,
        ("select", 6): 5,
        ("select", 1): 5,
        ("gate",): 10,
    }
    wrap = {"rounding": Rounding.FLOOR, "overflow": Overflow.WRAP}
    assert activation("s16.10", "s6.4", **wrap) == {}


def network(readers):
    """Three inputs, four units of which the last is constant, a bias, a ReLU, and outputs that read ``readers``."""
    x = Input((3,), Fixed.parse("s8.4"), name="x")
    kernel = np.array([[1, 2, 1, 0], [1, 1, 0, 0], [0, 0, 1, 0]])
    hidden = Add(Matmul(x, Const.of(kernel)), Const.of(np.array([1, 0, 1, 1])), name="sum")
    relu = Max(hidden, Const.of(0.0), name="relu")
    weights = np.array([[i in readers] for i in range(4)], float)
    return Graph((x,), (Matmul(relu, Const.of(weights)),))


def test_elements_that_nothing_reads_or_varies_are_not_built():
    built = {op.name: mask.tolist() for op, mask in find_built(network({0, 2, 3})).items()}
    assert built["relu"] == [True, False, True, False]
    graph = network({0, 2, 3})
    assert counted(graph, name="relu") == {("compare_constant", 16): 2, ("select", 15): 2}
    assert counted(graph, name="sum")["sum", 16, 0] == 2
    assert counted(network(set())) == {}


def test_a_bias_of_0_is_no_addition():
    assert counted(network({0, 1}), name="sum") == {("sum", 16, 0): 1}


def image(shape=(4, 4, 2)):
    x = Input(shape, Fixed.parse("u6.6"), name="x")
    with enter_layer("conv"):
        y = Conv(x, Const.of(np.full((2, 2, shape[-1], 3), 0.25)))
    with enter_layer("act"):
        y = Quantize(y, Fixed.parse("u4.4"))
    with enter_layer("pool"):
        y = Pool(y, y.shape[:2], (1, 1))
    with enter_layer("flat"):
        y = Reshape(y, (3,))
    with enter_layer("fc"):
        y = Matmul(y, Const.of(np.eye(3)))
    return Graph((x,), (y,))


def test_layers_behind_a_convolution_take_one_position_after_another():
    graph = image()
    small, large = counted(graph), counted(image((9, 9, 2)))
    assert small["sum", 9, 7] == 3
    assert {k: n for k, n in small.items() if k[0] != "fifo"} == {
        k: n for k, n in large.items() if k[0] != "fifo"
    }
    assert counted(graph, name="pool.pool")["compare", 4] == 3
    fifos = {key: n for key, n in small.items() if key[0] == "fifo"}
    assert fifos == {("fifo", 16, 9): 3, ("fifo", 4, 9): 3, ("fifo", 4, 1): 3}


def test_a_reuse_factor_changes_nothing():
    graph = network({0, 1, 2})
    assert counted(graph, reuse_factor=4) == counted(graph, interval=4) == counted(graph)


def test_products_of_two_tensors_and_step_functions():
    x = Input((4,), Fixed.parse("s8.4"), name="x")
    assert counted(Graph((x,), (Mul(x, x),))) == {("product", 8, 8, 8): 4}
    x = Input((4,), Fixed.parse("s8.1"), name="x")
    steps = Threshold(x, Const.of(np.array([-0.5, 0.5])), Const.of(np.array([-1.0, 0, 1])))
    assert counted(Graph((x,), (steps,)))["compare_constant", 8] == 8
    graph = Graph((x,), (steps,))
    assert cut_results(graph, S16) is graph


def test_a_graph_whose_types_are_fixed_elsewhere_keeps_them():
    x = Input((2,), Fixed.parse("s8.7"), name="x")
    y = Matmul(x, Const.of(np.full((2, 2), 0.0078125)))
    steps = Threshold(y, Const.of(np.array([1, 3]) / 2**14), Const.of(np.arange(3.0)))
    graph = Graph((x,), (steps,))
    assert cut_results(graph, S16) is graph


def test_the_table_and_its_errors(tmp_path):
    table = load_area_table("vitis_csynth")
    assert list_tool_tables() == ("vitis_csynth", "vivado")
    assert set(table.figures) == set(HLS_OPERATIONS)
    assert table.results == S16
    report = estimate_area(network({0, 1, 2}), Schedule(), table)
    assert report.units == ("LUT", "DSP", "BRAM18")
    assert report.errors["LUT"] > 0
    old = estimate_area(network({0}), Schedule(part="xc7z020clg400-1"), table)
    assert old.warnings[0].startswith(
        "area table 'vitis_csynth': expected a part of UltraScale or UltraScale+, got xc7z020, where"
    )
    content = json.loads((AREA_TABLES / "vitis_csynth.json").read_text())
    path = tmp_path / "mine.json"
    for change in ({"counts": "cells"}, {"results": "16 bits"}, {"figures": {}}):
        path.write_text(json.dumps(content | change))
        with pytest.raises(
            EnergyError, match=r"^area table 'mine': expected JSON with .*, got .*\. Correct"
        ):
            load_area_table(path)


def test_the_type_of_results_is_the_projects():
    x = Input((4,), S16, name="x")
    design = Design(Graph((x,), (Matmul(x, Const.of(np.full((4, 1), 0.96875))),)), Schedule())
    wide, narrow = (design.area("vivado", results=r).totals["LUT"] for r in ("s16.10", "s6.6"))
    assert wide - narrow == pytest.approx(3 * (16 - 6) * VIVADO.figures["sum"].coefficients[0])
    assert design.area("vivado").totals["LUT"] == wide
    match = r"^area table 'xilinx_lut6': expected no results, since sums have exact types here, got 's6\.6'\. Leave it"
    with pytest.raises(EnergyError, match=match):
        design.area(results="s6.6")
    match = r"^area table 'vivado', results: expected a type such as 's16\.10', got '6'\. It is"
    with pytest.raises(EnergyError, match=match):
        design.area("vivado", results="6")


def test_what_vivado_needs_less_than_c_synthesis_says():
    """An addition takes less than a LUT per bit, a sign or a gate nothing, a FIFO of one word no shift register."""
    figures = VIVADO.figures
    assert 0.5 < figures["sum"].price((16, 0)) / 16 < 1
    assert figures["product"].price((6, 4, 3)) == pytest.approx(
        2 * 8 * figures["sum"].coefficients[0]
    )
    assert figures["negate"].price((9,)) == figures["product_glue"].price(()) == 0
    assert figures["fifo"].price((6, 16)) == 6 + 5 * 6 - 7
    assert figures["fifo"].price((6, 40)) == 2 * 6 + 5 * 7 - 7
    assert figures["fifo"].price((16, 128)) == 5 * 9 - 7  # a block RAM


def test_calibration(tmp_path, capsys):
    rows = [["add_ln703_1_fu_9_p2", "+", 0, 0, 2 * w, w, w] for w in range(8, 16)]
    rows += [["r_fu_1_p2", "icmp", 0, 0, 7 + w, w, 1] for w in (3, 6, 16)]
    rows += [["m_fu_1_p2", "*", 0, 0, w * w, w, 4] for w in (6, 8)]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        report = module_rpt(expressions=rows).replace("zynq", "virtexuplus")
        (tmp_path / name / "top_csynth.rpt").write_text(report)
    output = tmp_path / "mine.json"
    folders = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert main([*folders, "--family", "virtexuplus", "-o", str(output)]) == 0
    figures = load_area_table(output).figures
    assert figures["sum"].price((10, 6)) == pytest.approx(20, abs=0.01)
    assert figures["compare"].price((5,)) == pytest.approx(12, abs=0.01)
    assert figures["product"].coefficients == (1.0,)
    assert figures["product"].relative_error == 0
    assert figures["fifo"].price((3, 9)) > 0
    assert "sum: LUT = c0 bits + c1 missing, c = [2.0, " in capsys.readouterr().out
    assert main([str(tmp_path / "a"), "--family", "zynq"]) == 2
    assert capsys.readouterr().err.startswith(
        "calibrate_hls: expected *_csynth.rpt of the family 'zynq', got none in "
    )


@needs_reports
def test_the_packaged_table_is_what_calibration_finds(tmp_path):
    folders = sorted(str(path) for path in REPORTS.iterdir() if path.is_dir())
    assert main([*folders, "-o", str(tmp_path / "new.json")]) == 0
    packaged = json.loads((AREA_TABLES / "vitis_csynth.json").read_text())
    assert json.loads((tmp_path / "new.json").read_text()) == packaged


@pytest.fixture(scope="module")
def published():
    """``(design, {layer: LUT})`` of a trained model and the reports of its modules."""

    def compile_model(number, **options):
        path = JETS / f"models/model_{number}_KERAS_check_best_model.h5"
        return qhls.compile(path, "s16.10", **options)

    return compile_model


@needs_reports
def test_the_modules_of_a_published_jet_tagger(published):
    layers = published(3).area("vitis_csynth").layers
    reported = {"fc1": 7_095, "fc2": 9_813, "fc3": 5_882, "output": 959}
    for layer, lut in reported.items():
        assert math.isclose(layers[layer]["LUT"], lut, rel_tol=0.10), layer
    for layer, lut in {"relu1": 4_176, "relu2": 1_944, "relu3": 1_800}.items():
        assert math.isclose(layers[layer]["LUT"], lut, rel_tol=0.05), layer
    assert layers["fc1"]["DSP"] == 18


@needs_reports
def test_the_modules_of_a_published_jet_tagger_left_out_of_the_fit(published, tmp_path):
    others = sorted(str(path) for path in REPORTS.iterdir() if path.is_dir() and path != JETS)
    assert main([*others, "-o", str(tmp_path / "others.json")]) == 0
    layers = published(3).area(tmp_path / "others.json").layers
    reported = {"fc1": 7_095, "fc2": 9_813, "fc3": 5_882, "output": 959}
    reported |= {"relu1": 4_176, "relu2": 1_944, "relu3": 1_800}
    for layer, lut in reported.items():
        assert math.isclose(layers[layer]["LUT"], lut, rel_tol=0.10), layer


@needs_reports
def test_the_modules_of_a_published_jet_tagger_in_16_bits(published):
    design = published(1, allow_approximate=True, approximate_bits=16)
    layers = design.area("vitis_csynth").layers
    reported = {"fc1": 22_514, "fc2": 36_101, "fc3": 18_843, "output": 3_392}
    for layer, lut in reported.items():
        assert math.isclose(layers[layer]["LUT"], lut, rel_tol=0.10), layer
    assert math.isclose(sum(layer["DSP"] for layer in layers.values()), 1_515, rel_tol=0.05)


@needs_reports
@pytest.mark.parametrize(
    ("model", "report", "results"),
    [
        ("EmileBrt+CNNKDD/quantized_pruned_cnn/keras_model.h5", "vivado_synth.rpt", "s6.6"),
        ("seanlipps+ECE226_CoDesign/keras_model.keras", "vivado_synth.rpt", "s16.10"),
    ],
    ids=["cnn_6bit", "conv1d_16bit"],
)
def test_published_designs_after_logic_synthesis(model, report, results):
    design = qhls.compile(REPORTS / model, "s16.10", allow_approximate=True, approximate_bits=16)
    reported = qhls.read_report((REPORTS / model).with_name(report)).area.totals["LUT"]
    area = design.area("vivado", results=results)
    assert math.isclose(area.totals["LUT"], reported, rel_tol=0.15)
    assert abs(area.totals["LUT"] - reported) < area.errors["LUT"]
