"""The readers of reports and the area table against the Yosys that is installed, where one is."""

import json
import shutil

import pytest
from yosys_primitives import memory, rounding, rows_of, synthesised

from qhls.energy.hardware.vendor import read
from qhls.plan.hardware.prices import load_area_table
from qhls.plan.hardware.primitives import Primitive

pytestmark = pytest.mark.skipif(shutil.which("yosys") is None, reason="no Yosys on the path")

LUT6 = load_area_table("xilinx_lut6")


def arithmetic():
    """Modules of a few primitives, named as ``calibrate`` wants it."""
    for width in (6, 10, 16):
        high = width - 1
        yield (
            f"module add_s__w{width}(input signed [{high}:0] x, y, output signed [{width}:0] z);\n"
            "  assign z = x + y;\nendmodule\n"
        )
        yield (
            f"module relu__w{width}(input signed [{high}:0] x, output [{high}:0] z);\n"
            f"  assign z = x[{high}] ? 0 : x;\nendmodule\n"
        )
        yield (
            f"module mul_ss__a{width}_b4(input signed [{high}:0] x, input signed [3:0] y, "
            f"output signed [{width + 3}:0] z);\n  assign z = x * y;\nendmodule\n"
        )
        yield (
            f"module reg__w{width}(input clk, input [{high}:0] x, output reg [{high}:0] z);\n"
            "  always @(posedge clk) z <= x;\nendmodule\n"
        )


@pytest.fixture(scope="module")
def synthesis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yosys")
    verilog = [
        *arithmetic(),
        *(rounding(kind, 13, 4) for kind in ("rnd_half_up", "rnd_conv")),
        *(memory("distributed", *shape) for shape in ((64, 5), (128, 3))),
        *(memory("block", *shape) for shape in ((1024, 18), (3000, 7), (700, 30))),
    ]
    net, _ = synthesised(verilog, folder)
    return net, folder / "stat.json"


def test_a_real_report_is_read(synthesis):
    """``stat -json`` of this Yosys: every module that is named as one, none else; sizes and cells as the netlist's."""
    net, stat = synthesis
    rows = read([stat])
    assert len(rows) == 12 + 2 + 2 + 3
    assert json.loads(stat.read_text())["creator"].startswith("Yosys")
    found = {(r["op"], *(v for k, v in r.items() if len(k) == 1)): r for r in rows}
    for width in (6, 10, 16):
        assert found["reg", width]["FF"] == width
        assert found["relu", width]["LUT"] == width - 1
        assert found["add_s", width]["CARRY4"] == width // 4 + 1
    for row in rows:
        luts = sum(
            cell["type"].startswith("LUT") for cell in net["modules"][_name(row)]["cells"].values()
        )
        assert row["LUT"] == luts


def _name(row):
    sizes = {key: value for key, value in row.items() if len(key) == 1}
    return f"{row['op']}__" + "_".join(f"{key}{value}" for key, value in sizes.items())


@pytest.mark.parametrize(
    ("op", "kind", "sizes", "error"),
    [
        ("add_s", "add", lambda r: (r["w"] + 1,), 0.15),
        ("relu", "relu", lambda r: (r["w"],), 0.15),
        ("reg", "register", lambda r: (r["w"],), 0),
        ("rnd_conv", "round", lambda r: (r["w"] - r["f"],), 0.15),
        ("rnd_half_up", "round", lambda r: (r["w"] - r["f"],), 0.15),
        ("ram_lut", "lutram", lambda r: (r["n"], r["m"]), 0),
        ("ram_block", "bram", lambda r: (r["n"], r["m"]), 0),
    ],
)
def test_the_table_says_what_it_makes(synthesis, op, kind, sizes, error):
    net, stat = synthesis
    counted = rows_of(net) if op.startswith(("rnd", "ram")) else read([stat])
    rows = [row for row in counted if row["op"] == op]
    assert rows
    for row in rows:
        figure = LUT6.figures[Primitive(kind, ()).kind]
        assert figure.price(sizes(row)) == pytest.approx(row[figure.unit], rel=error), row
