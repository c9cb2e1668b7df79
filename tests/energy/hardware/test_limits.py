"""Warnings of designs that a part or a tool will not build, by hand and wherever a user reads them."""

import re
import warnings

import numpy as np
import pytest

import qhls
from qhls.cli import main
from qhls.design import Design
from qhls.energy import estimate_area, load_area_table
from qhls.energy.hardware.limits import BODY_LIMIT
from qhls.errors import DesignWarning
from qhls.ir import Const, Conv, Fixed, Graph, Input, Matmul, Pool, enter_layer
from qhls.plan import Schedule
from support.plans import process_of

LUT6 = load_area_table("xilinx_lut6")
SMALL = "xc7z010clg400-1"


def dense(inputs, outputs, layer="huge"):
    x = Input((inputs,), Fixed(True, 8, 4), name="x")
    weights = np.random.default_rng(0).integers(-31, 32, (inputs, outputs)).astype(float)
    with enter_layer(layer):
        return Graph((x,), (Matmul(x, Const.of(weights, name="w"), name="y"),), "net")


def test_bodies_by_hand():
    image = Input((8, 8, 4), Fixed(True, 4, 0), name="x")
    conv = Conv(image, Const.of(np.ones((3, 3, 2, 6))), groups=2)
    assert process_of(conv).unrolled == 9 * 2 * 6
    assert process_of(Pool(image, (2, 2), (2, 2))).unrolled == 4 * 4
    assert process_of(conv, reuse_factor=9).unrolled == 2 * 6
    assert process_of(dense(5, 7).outputs[0]).unrolled == 35
    assert process_of(dense(5, 7).outputs[0], reuse_factor=7).unrolled == 5


def found(graph, **schedule):
    return estimate_area(graph, Schedule(**schedule), LUT6).warnings


def test_a_body_that_no_tool_unrolls_is_announced():
    assert found(dense(128, 128)) == ()
    (text,) = found(dense(128, 129))
    count, limit = f"{128 * 129:,}", f"{BODY_LIMIT:,}"
    assert text.startswith(
        f"layer 'huge', 'huge.y': expected at most {limit} operations in one unrolled loop body, got {count}. "
    )
    assert text.endswith(" Raise reuse_factor.")
    assert found(dense(128, 129), reuse_factor=2) == ()
    wide = Input((3, 3, 4096), Fixed(True, 4, 0), name="x")
    grouped = Conv(wide, Const.of(np.ones((3, 3, 1, 4096))), groups=4096, name="y")
    assert found(Graph((wide,), (grouped,)), reuse_factor=64, part="xcvu13p") == ()
    pool = Pool(wide, (3, 3), (1, 1), name="y")
    (text,) = found(Graph((wide,), (pool,)), part="xcvu13p")[:1]
    assert text.endswith(" Make the layer smaller.")


def test_a_design_beyond_its_part_is_announced():
    texts = found(dense(64, 64), part=SMALL)
    lut = estimate_area(dense(64, 64), Schedule(), LUT6).totals["LUT"]
    assert texts == (
        f"part xc7z010: expected at most 17,600 LUT, got {lut:,.0f}. Choose a larger part or a smaller design.",
    )
    assert found(dense(64, 64)) == ()  # the default part is large
    wide = Input((200,), Fixed(True, 16, 0), name="x")
    products = Graph((wide,), (Matmul(wide, Const.of(np.full((200, 4), 3**9)), name="y"),))
    (dsp,) = (text for text in found(products, part=SMALL, reuse_factor=2) if "DSP" in text)
    assert (
        dsp
        == "part xc7z010: expected at most 80 DSP, got 400. Choose a larger part or a smaller design."
    )
    image = Input((512, 512, 1), Fixed(True, 16, 0), name="x")
    (bram,) = found(Graph((image,), (Pool(image, (2, 2), (1, 1)),)), part=SMALL)
    assert re.fullmatch(r"part xc7z010: expected at most 120 BRAM18, got \d+\. .*", bram)


def test_a_part_of_which_nothing_is_known_is_announced():
    texts = found(dense(4, 4), part="xcvc1902-vsva2197-2MP-e-S")
    assert texts == (
        "part 'xcvc1902-vsva2197-2MP-e-S': its size is unknown, so qhls does not check whether the design fits.",
    )


def test_an_asic_has_no_part():
    asic = load_area_table("asic_45nm")
    assert estimate_area(dense(64, 64), Schedule(part=SMALL), asic).warnings == ()


def test_a_what_if_says_so():
    (text,) = found(dense(4, 4), storage="bram")
    assert text == "storage='bram' changes the estimates only: qhls writes no project for it."


def test_memories_have_no_more_multipliers_than_ports():
    """A million weights in a memory of two ports: two products a cycle."""
    graph = dense(1024, 1024)
    report = estimate_area(graph, Schedule(storage="bram"), LUT6)
    assert report.totals["DSP"] == 2
    assert Design(graph, Schedule(storage="bram")).latency().interval >= 2**19


def test_warnings_are_where_a_user_reads(tmp_path):
    design = Design(dense(64, 64), Schedule(part=SMALL))
    (text,) = design.warnings
    assert f"warning: {text}" in " ".join(str(design.area()).split())
    assert design.area().to_dict()["warnings"] == [text]
    with pytest.warns(DesignWarning, match=rf"^{re.escape(text)}$") as caught:
        design.emit("vitis", tmp_path / "p")
    assert [w.filename for w in caught] == [__file__]
    assert f"\nWarning: {text}\n" in (tmp_path / "p/README.md").read_text()
    page = qhls.compare([design]).to_html()
    assert f"<strong>Warning:</strong> {text}</p>" in page
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Design(dense(4, 4), Schedule()).emit("vitis", tmp_path / "q")
    assert "Warning" not in (tmp_path / "q/README.md").read_text()


def test_the_command_line_warns(tmp_path, capsys):
    import keras

    from qhls.layers import QDense

    kernel = "quantized_bits(6,0,alpha=1)"
    layer = QDense(64, kernel_quantizer=kernel, use_bias=False, name="fc")
    model = keras.Sequential([keras.Input((64,), name="x"), layer])
    layer.set_weights([np.random.default_rng(0).uniform(-1, 1, (64, 64))])
    path = str(tmp_path / "net.keras")
    model.save(path)
    common = [path, "-i", "s8.4", "--part", SMALL]
    assert main(["compile", *common, "-o", str(tmp_path / "p")]) == 0
    printed = capsys.readouterr()
    assert re.findall(r"^warning: .*", printed.out, re.M) == [
        f"warning: {text}"
        for text in qhls.compile(path, "s8.4", schedule=Schedule(part=SMALL)).warnings
    ]
    assert "DesignWarning" not in printed.err
    assert main(["energy", *common]) == 0
    assert re.search(
        r"^warning: .*net\.keras: part xc7z010: expected at most 17,600 LUT, got",
        capsys.readouterr().out,
        re.M,
    )
    assert main(["compile", path, "-i", "s8.4", "--part", "none", "-o", str(tmp_path / "q")]) == 2
    assert re.match(
        r"^qhls compile: Schedule\.part: expected a part of AMD's, got 'none'\. ",
        capsys.readouterr().err,
    )
