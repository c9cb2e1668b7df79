"""Area of streams beside Yosys: memories, FIFOs and whole designs."""

import json
from dataclasses import replace

import numpy as np
import pytest

from qhls.design import Design
from qhls.ir import Const, Conv, Fixed, Graph, Input, Matmul, Max, Quantize, Reshape
from qhls.plan import Schedule
from qhls.rtl.emit import render
from qhls.rtl.streams.design import StreamVerilog
from qhls.synthesis.families import COLUMNS, FAMILIES
from qhls.synthesis.netlists import count_cells
from qhls.synthesis.streams.fifos import count_fifo
from qhls.synthesis.streams.memories import map_memory
from qhls.synthesis.streams.model import load_streams
from qhls.synthesis.streams.shells import describe_shell
from qhls.synthesis.yosys import run_yosys
from support.graphs.designs import dense
from support.rtl import needs_yosys


def convolved(schedule):
    rng = np.random.default_rng(3)
    x = Input((5, 5, 2), Fixed(True, 5, 3), name="x")
    y = Conv(x, Const.of(rng.integers(-7, 8, (3, 3, 2, 3)) * 0.125), name="conv", layer="conv")
    y = Quantize(Max(y, Const.of(0.0)), Fixed(False, 4, 3))
    kernel = Const.of(rng.integers(-7, 8, (27, 3)) * 0.125)
    return Design(Graph((x,), (Matmul(Reshape(y, (27,)), kernel, layer="fc"),), "cnn"), schedule)


@pytest.mark.parametrize(
    ("family", "width", "words", "kind", "cells"),
    [
        ("xc7", 12, 2, "logic", 0),
        ("xc7", 5, 3, "LUT", 4),
        ("xc7", 16, 2, "LUT", 12),
        ("xc7", 5, 65, "LUT", 12),
        ("xc7", 24, 100, "BRAM", 1),
        ("xc7", 40, 100, "LUT", 112),
        ("xc7", 72, 100, "BRAM", 2),
        ("xcup", 24, 100, "LUT", 64),
        ("xcup", 8, 300, "LUT", 80),
        ("ecp5", 3, 4, "logic", 0),
        ("ecp5", 40, 40, "LUT", 180),
        ("ecp5", 72, 300, "BRAM", 2),
        ("ice40", 5, 12, "logic", 0),
        ("ice40", 72, 300, "BRAM", 9),
        ("gowin", 3, 4, "LUT", 6),
        ("gowin", 1, 8, "logic", 0),
    ],
)
def test_memories_become_what_yosys_makes_of_them(family, width, words, kind, cells):
    """As Yosys 0.70 maps a FIFO of these sizes."""
    placed = map_memory(family, width, words, "ram")
    assert (placed.kind, placed.cells) == (kind, cells)


@needs_yosys
def test_fifos_of_an_unmeasured_width_are_within_five_percent(tmp_path):
    family = FAMILIES["ecp5"]
    cases = [(7, 2), (10, 5), (11, 22), (30, 9)]
    instances = [
        f"(* keep *) fifo #(.WIDTH({w}), .DEPTH({d})) i{n}();\n" for n, (w, d) in enumerate(cases)
    ]
    text = render("streams/fifo.sv.j2", {"name": "fifo"})
    (tmp_path / "a.sv").write_text(f"{text}module top;\n{''.join(instances)}endmodule\n")
    passes = ["read_verilog -sv a.sv", "hierarchy -top top", "setattr -mod -set keep_hierarchy 1 *"]
    run_yosys([*passes, f"{family.command} -top top", "write_json n.json"], tmp_path)
    modules = json.loads((tmp_path / "n.json").read_text())["modules"]
    for number, (width, depth) in enumerate(cases):
        kind = modules["top"]["cells"][f"i{number}"]["type"]
        counted = family.count(count_cells(modules[kind]))
        found = count_fifo("ecp5", load_streams("ecp5").fifos, width, depth)
        assert abs(found["LUT"] / counted["LUT"] - 1) < 0.05
        assert (found["FF"], found["BRAM"]) == (counted["FF"], counted["BRAM"])


@needs_yosys
@pytest.mark.parametrize(
    "design",
    [
        Design(dense(), Schedule(reuse_factor=4)),
        convolved(Schedule(io="stream", reuse_factor=9)),
    ],
    ids=["folded", "stream"],
)
def test_designs_that_share_hardware_are_counted_beside_yosys(design):
    found = design.synthesize("ecp5")
    assert found.resources["BRAM"] == found.estimates["BRAM"]
    assert found.resources["DSP"] == found.estimates["DSP"]
    assert abs(found.find_ratio("LUT") - 1) < 0.1
    assert abs(found.find_ratio("FF") - 1) < 0.03
    layers = {op.layer or op.name for op, _ in design.graph.walk()}
    assert layers & {layer for layer, _ in found.path}
    placed = Design(design.graph, replace(design.schedule, family="ecp5"))
    assert found.latency == placed.latency("verilog").latency


def test_shells_have_the_registers_of_their_plan():
    """Of a product by tiles: two copies of the inputs, weights and a tile, sums and their total, counters, marks."""
    verilog = StreamVerilog.of(dense(), Schedule(io="stream", reuse_factor=4))
    (module,) = (m for m in verilog.modules if m.template == "tiles")
    shell = describe_shell(module, FAMILIES["xc7"])
    fold = module.fold
    assert fold is not None
    assert shell.parts["sum"] == fold.pe * module.accumulator
    kept = 2 * module.reads[0].kept + module.tile + module.accumulator * fold.pe * (1 + fold.rounds)
    assert shell.parts["register"] >= kept + shell.parts["counter"]
    assert shell.memories == [(module.word, fold.trips, "rom")]


def test_tables_hold_the_logic_of_every_memory():
    for name in FAMILIES:
        table = load_streams(name)
        assert 1 < table.counter < 10
        assert set(table.errors) <= set(COLUMNS)
        for depth in (2, 7, 40, 300, 5000):
            found = count_fifo(name, table.fifos, 8, depth)
            assert found["LUT"] > 0 < found["FF"]
