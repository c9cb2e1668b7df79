"""Projects in Verilog, as a user makes and runs them."""

import json
import re

import numpy as np
import pytest

from qhls import rtl
from qhls.backends.names import make_printable
from qhls.design import Design
from qhls.errors import EmitError, VerifyError
from qhls.ir import Const, Fixed, Graph, Input, Matmul, Max
from qhls.plan import Schedule
from support.graphs.designs import classifier, dense
from support.rtl import make, needs_verilator, needs_yosys, yosys


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The classifier's project, its test bench built and passed."""
    made = Design(classifier(), Schedule()).emit("verilog", tmp_path_factory.mktemp("p") / "out")
    return made


def test_project_has_the_files_that_its_readme_lists(project):
    files = {str(path.relative_to(project.path)) for path in project.path.rglob("*.*")}
    assert files == {
        *("README.md", "graph.txt", "qhls.json", "synth.ys", "rtl/classifier.sv"),
        *("tb/classifier_test.cpp", "tb_data/stimuli.hex", "tb_data/expected.hex"),
    }
    marked = json.loads((project.path / "qhls.json").read_text())
    assert (marked["target"], marked["top"]) == ("verilog", "classifier")
    readme = (project.path / "README.md").read_text()
    assert "| `image_0_0_0` to `image_5_5_1` | 6 x 6 x 2 | `s6.4` |" in readme
    assert "/tmp" not in "".join(path.read_text() for path in project.sources)


def test_wires_are_named_after_keras_layers(project):
    (source,) = project.sources
    text = source.read_text()
    assert re.search(r"^  \(\* keep \*\) wire signed \[\d+:0\] conv1_conv_2_3_1 = ", text, re.M)
    assert re.search(r"^  // act1\.quantize$", text, re.M)
    assert re.search(r"^  output wire signed \[\d+:0\] result_3$", text, re.M)


@needs_verilator
def test_project_runs_without_python_and_finds_a_fault(project):
    status, output = make(project.path, "rtl")
    assert status == 0, output
    assert "\nPASS: classifier, 32 vectors, 128 codes compared, 0 mismatches" in output
    data = project.path / "tb_data" / "expected.hex"
    right = data.read_text()
    data.write_text(f"{int(right[0], 16) ^ 1:x}{right[1:]}")
    status, output = make(project.path, "rtl")
    assert status != 0
    assert re.search(
        r"^MISMATCH: vector 0, port result_0: expected code \w+, got \w+$", output, re.M
    )
    for broken in ("", right[:-3], right.replace("\n", "x\n", 1), right[right.index("\n") + 1 :]):
        data.write_text(broken)
        status, output = make(project.path, "rtl")
        assert status != 0
        assert "ERROR: tb_data: expected stimuli.hex and expected.hex with equally" in output
    data.write_text(right)
    assert make(project.path, "lint")[0] == 0


@needs_yosys
def test_yosys_reads_and_sizes_what_is_emitted(project, tmp_path):
    (source,) = project.sources
    commands = [f"read_verilog -sv {source}", "hierarchy -check -top classifier", "proc"]
    status, output = yosys(*commands, "check -assert")
    assert status == 0, output
    assert "Found and reported 0 problems" in output
    made = Design(dense(), Schedule()).emit("verilog", tmp_path / "dense")
    script = (made.path / "synth.ys").read_text().replace("rtl/", f"{made.path}/rtl/")
    (tmp_path / "synth.ys").write_text(script)
    status, output = yosys(f"script {tmp_path / 'synth.ys'}")
    assert status == 0, output
    assert re.search(r"\d+ +LUT\d", output)


WORDS = "module endmodule always_comb logic bit byte final property sequence unique0 input output eval trace name "
WORDS += "contextp rootp clk result result_0 int class x0 EOF Vqhls top"
HOSTILE = [
    *WORDS.split(),
    'a"); $system("touch {pwned}"); //',
    "*/ endmodule /*",
    "`include",
    "line\n  assign x = 1;\n",
    "größe 層",
    "{{ 7 * 7 }}",
    "a" * 500,
    "",
]


@needs_verilator
def test_hostile_names_everywhere(tmp_path):
    pwned = tmp_path / "pwned"
    wanted = [name.replace("{pwned}", str(pwned)) for name in HOSTILE]
    inputs, outputs = [], []
    for name in wanted:
        inputs += [Input((), Fixed(True, 4, 2), name=name, layer=name)]
        inputs += [Input((2,), Fixed(True, 4, 2), name=name, layer=name)]
        w = Const.of([[1.0, -0.5], [0.25, 1.5]], name=name)
        y = Max(Matmul(inputs[-1], w, name=name, layer=name), Const.of(0.25), name=name)
        outputs += [y, Max(inputs[-2], Const.of(0.25), name=name, layer=name)]
    for name, targets in {'module"': ("lint", "rtl"), wanted[-1]: ("lint",)}.items():
        graph = Graph(tuple(inputs), tuple(outputs), name)
        made = rtl.emit(graph, tmp_path / f"p{len(name)}")
        for target in targets:
            status, output = make(made.path, target)
            assert status == 0, output
        assert not re.search(r"%(Warning|Error)", output)
        for path in made.path.rglob("*.sv"):
            text = path.read_text("ascii")
            assert not [
                each for each in wanted if each and make_printable(each) != each and each in text
            ]
    assert not pwned.exists()


def test_bad_input_writes_nothing(tmp_path):
    design = Design(dense(), Schedule())
    place = tmp_path / "p"
    with pytest.raises(
        EmitError, match=r"^stimuli: expected at least one sample, got none\. Leave"
    ):
        design.emit("verilog", place, stimuli=np.zeros((0, 4)))
    with pytest.raises(VerifyError, match=r"^input 'features': expected shape \(samples, 4\)"):
        rtl.emit(design.graph, place, stimuli=[np.zeros((2, 3), int)])
    with pytest.raises(
        EmitError, match=r"^target: expected one of vitis, catapult, verilog, qonnx, got 'v'"
    ):
        design.emit("v", place)
    x = Input((3000, 2000), Fixed(True, 4, 2), name="x")
    large = Graph((x,), (Max(x, Const.of(0.0)),), "large")
    expected = r"^design 'large': expected at most 4,000,000 elements of tensors for Verilog, got 12,000,000\. "
    with pytest.raises(EmitError, match=expected):
        rtl.emit(large, place)
    assert not place.exists()
    design.emit("verilog", place)
    with pytest.raises(
        EmitError, match=r"^output folder '.*p': expected a new or empty folder, got"
    ):
        design.emit("verilog", place)
    design.emit("vitis", place, overwrite=True)
    assert not (place / "rtl").exists()
    design.emit("verilog", place, overwrite=True)
    assert not (place / "src").exists()


@pytest.mark.parametrize("settings", [{}, {"io": "stream"}, {"reuse_factor": 4}])
def test_a_place_of_weights_is_refused(tmp_path, settings):
    design = Design(dense(), Schedule(**settings, storage="bram"))
    match = r"^verilog: expected a schedule without storage, got storage='bram'\. The plan .*: leave it out\.$"
    with pytest.raises(EmitError, match=match):
        design.emit("verilog", tmp_path / "p")
    with pytest.raises(EmitError, match=match):
        design.check(targets="verilog")
    assert not (tmp_path / "p").exists()
