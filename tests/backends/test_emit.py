"""Projects on disk: what is in them, where they may go, what is refused."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.backends.csim import find_include
from qhls.backends.emit import draw_stimuli, emit, generate_sources, indent
from qhls.backends.expressions import write_offset, write_sum
from qhls.backends.folder import MARKER
from qhls.backends.layout import lay_out
from qhls.backends.target import TARGETS
from qhls.errors import EmitError, VerifyError
from qhls.ir import Add, Const, Conv, Fixed, Graph, Input, Matmul, Pad, Quantize, View, run
from qhls.plan import Schedule
from support.graphs.designs import classifier, dense, random_codes
from support.graphs.op_batches import graph_of, random_const, x_of


def contents(folder):
    """Every file's bytes by relative path."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module", params=list(TARGETS))
def project(request, tmp_path_factory):
    return emit(classifier(), Schedule(), request.param, tmp_path_factory.mktemp("p") / "out")


# -- what is in a project ---------------------------------------------------------------------------


def test_files_are_those_a_user_expects(project):
    files = contents(project.path)
    taps = {name for name in files if re.fullmatch(r"tb_data/tap_\d+\.dat", name)}
    assert len(taps) == 10  # of 13 ops: two sums begin with their bias, indices replace a padding
    assert set(files) - taps == {
        "src/classifier.cpp",
        "src/top.h",
        "src/types.h",
        "src/weights.h",
        "src/qhls.h",
        "tb/classifier_test.cpp",
        "tb_data/input_0.dat",
        "tb_data/output_0.dat",
        "csim/bridge.cpp",
        "build.tcl",
        "Makefile",
        "README.md",
        "graph.txt",
        MARKER,
    }
    assert all(path.is_file() for path in project.sources)
    assert all(text.isascii() and text.endswith(b"\n") for text in files.values())
    marked = {"target": project.target.name, "top": "classifier", "files": sorted(files)}
    assert json.loads(files[MARKER]) == marked


def test_build_script_knows_every_step_of_its_tool(project):
    script = (project.path / "build.tcl").read_text()
    for step in ("csim", "csynth", "cosim", "export"):
        assert f'if {{"{step}" in $steps}}' in script
    commands = {
        "vitis": [
            "open_project -reset classifier_prj",
            "set_top classifier",
            "add_files -tb",
            "set_part {xcvu13p-flga2577-2-e}",
            "create_clock -period 5.0",
            "csim_design",
            "csynth_design",
            "cosim_design",
            "export_design",
        ],
        "catapult": [
            "project new -name classifier_prj",
            "flow package require /SCVerify",
            "solution file add",
            "-exclude true",
            "directive set -DESIGN_HIERARCHY classifier",
            "solution library add nangate-45nm_beh",
            "directive set -CLOCKS {clk {-CLOCK_PERIOD 5.0}}",
            "go compile",
            "go architect",
            "go extract",
        ],
    }
    for command in commands[project.target.name]:
        assert command in script
    assert script.count("{") == script.count("}")


def test_top_function_has_the_vendors_pragmas(project):
    code = (project.path / "src" / "classifier.cpp").read_text()
    signature = "(const s6_4 image[72], s17_9 result[4])"
    if project.target.name == "vitis":
        assert f"\nvoid classifier{signature} {{" in code
        assert "#pragma HLS PIPELINE II=1" in code
        assert "#pragma HLS ARRAY_PARTITION variable=conv1_kernel_codes type=complete" in code
        assert "hls_" not in code
    else:
        assert f"\n#pragma hls_design top\nvoid CCS_BLOCK(classifier){signature} {{" in code
        assert "#pragma hls_pipeline_init_interval 1\n" in code
        assert "#pragma HLS" not in code


def test_catapult_pragmas_stand_before_loops_and_vitis_pragmas_within(project):
    lines = (project.path / "src" / "classifier.cpp").read_text().splitlines()
    loop = re.compile(r"\s*(\w+: )?for \(int (\w+) = 0; \2 < \d+; \+\+\2\) \{")
    opens = re.compile(r"\s*(#pragma HLS .*|//.*|.*\{)")
    pragmas = [i for i, line in enumerate(lines) if "PIPELINE" in line or "UNROLL" in line]
    pragmas += [i for i, line in enumerate(lines) if "hls_pipeline" in line or "hls_unroll" in line]
    assert len(pragmas) > 20
    for i in pragmas:
        if project.target.name == "catapult":
            assert loop.fullmatch(lines[i + 1]), lines[i + 1]
        else:
            assert loop.fullmatch(lines[i - 1]) or opens.fullmatch(lines[i - 1]), lines[i - 1]


def test_code_is_laid_out_as_by_hand(project):
    for path in (project.path / "src").iterdir():
        text = path.read_text()
        assert "\n\n\n" not in text
        assert not re.search(r"[ \t]\n", text), path
        assert "\t" not in text
    code = (project.path / "src" / "classifier.cpp").read_text()
    assert indent(code) == code
    assert " * 1]" not in code
    assert " * 1 " not in code


def test_dataflow_only_where_calls_overlap(tmp_path):
    emit(dense("chain"), Schedule(), "vitis", tmp_path / "chain")
    assert "#pragma HLS DATAFLOW" in (tmp_path / "chain/src/chain.cpp").read_text()
    emit(classifier("skip"), Schedule(), "vitis", tmp_path / "skip")
    code = (tmp_path / "skip/src/skip.cpp").read_text()
    assert "#pragma HLS DATAFLOW" not in code
    assert "  // DATAFLOW disabled: several calls read pool1.pool, skip.add.\n" in code
    assert (
        "  // DATAFLOW disabled: tensors of different depths meet in skip.add, both.concat.\n"
        in code
    )


def test_schedule_reaches_code_and_script(tmp_path):
    fast = Schedule(
        reuse_factor=3, clock_period=2.5, part="xc7z020clg400-1", library="lib_x", partition_limit=8
    )
    emit(classifier(), fast, "vitis", tmp_path / "v")
    code = (tmp_path / "v/src/classifier.cpp").read_text()
    assert "#pragma HLS PIPELINE II=5\n" in code  # a tile of 10 elements of a memory, two a cycle
    assert "-period 2.5" in (tmp_path / "v/build.tcl").read_text()
    assert "{xc7z020clg400-1}" in (tmp_path / "v/build.tcl").read_text()
    emit(classifier(), fast, "catapult", tmp_path / "c")
    code = (tmp_path / "c/src/classifier.cpp").read_text()
    assert "init_interval 5\n" in code
    memory = '#pragma hls_resource {0}:rsc variables="{0}" map_to_module="ccs_sample_mem.ccs_ram_sync_dualport"'
    assert memory.format("act1_quantize") in code
    assert "conv1_conv:rsc" not in code  # nothing is stored between fused ops
    assert memory.format("fc_add") not in code  # 4 elements
    script = (tmp_path / "c/build.tcl").read_text()
    assert "{-CLOCK_PERIOD 2.5}" in script
    assert "library add lib_x\n" in script
    assert "library add ccs_sample_mem\n" in script
    assert "-REGISTER_THRESHOLD 8\n" in script


def test_multiplications_share_multipliers_in_both_dialects(tmp_path):
    for target, pipelined in (
        ("vitis", r"(compute_fc_add_tiles_g: for .*\n) *#pragma HLS PIPELINE II=1\n"),
        (
            "catapult",
            r" *#pragma hls_pipeline_init_interval 1\n *(compute_fc_add_tiles_g: for .*\n)",
        ),
    ):
        emit(classifier(), Schedule(reuse_factor=3), target, tmp_path / target)
        code = (tmp_path / target / "src/classifier.cpp").read_text()
        assert "g < 3;" in re.search(pipelined, code)[1]
        assert re.search(
            r"sum\[p\] \+= x \* qhls::bits\(fc_kernel\[g \* 40 \+ p \* 10 \+ s\]\);", code
        )
    code = (tmp_path / "vitis/src/classifier.cpp").read_text()
    assert "#pragma HLS ARRAY_RESHAPE variable=fc_kernel_codes type=cyclic factor=40\n" in code


CHANGES = {
    "reuse_factor": 3,
    "clock_period": 2.5,
    "storage": "bram",
    "io": "stream",
    "partition_limit": 8,
    "part": "xc7z020clg400-1",
    "library": "lib_x",
    "control": "ap_ctrl_none",
    "interval": 2000,
    "throughput": 1e5,
    "lut": 3000,
    "ff": 2000,
    "dsp": 4,
    "bram": 1,
    "fit": True,
    "folding": {"conv1": (2, 1)},
}


@pytest.mark.parametrize("io", ["array", "stream"])
def test_every_choice_of_a_schedule_changes_the_project_or_is_refused(io, tmp_path):
    of_verilog = {"family", "ternary_adders"}  # tests/rtl
    assert set(CHANGES) | of_verilog == {item.name for item in fields(Schedule)}
    plain = {
        target: contents(emit(classifier(), Schedule(io=io), target, tmp_path / target).path)
        for target in TARGETS
    }
    for name, value in CHANGES.items():
        try:
            other = "array" if (name, io) == ("io", "stream") else value
            schedule = Schedule(**{"io": io, name: other})
            changed = {
                target: contents(
                    emit(classifier(), schedule, target, tmp_path / name / target).path
                )
                for target in TARGETS
            }
        except (EmitError, VerifyError) as error:
            assert str(error).startswith(f"Schedule.{name}: expected ")
            continue
        assert changed != plain, name


@pytest.mark.parametrize("io", ["array", "stream"])
@pytest.mark.parametrize("control", ["ap_ctrl_hs", "ap_ctrl_chain", "ap_ctrl_none"])
def test_start_and_done_of_the_top_function_are_those_of_the_schedule(io, control):
    schedule = Schedule(io=io, control=control)
    text = generate_sources(dense("top"), schedule, TARGETS["vitis"])["src/top.cpp"]
    assert re.findall(r"#pragma HLS INTERFACE mode=(\w+) port=return\n", text) == [control]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("storage", ["lutram", "bram", "rom"])
def test_constants_in_memories_are_refused(target, storage, tmp_path):
    match = rf"^Schedule\.storage: expected 'registers' for C\+\+, got '{storage}'\. Leave it out: .*\.$"
    with pytest.raises(EmitError, match=match):
        emit(dense(), Schedule(storage=storage), target, tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_the_memory_threshold_is_in_bits(tmp_path):
    """Every array of registers has fewer bits; smaller memories are named one by one."""
    emit(classifier(), Schedule(partition_limit=30), "catapult", tmp_path / "c")
    view = lay_out(classifier(), Schedule(partition_limit=30))
    arrays = [o.out for o in view.operations] + view.ports
    bits = max(t.size * t.type.fixed.width for t in arrays if t.partition)
    assert f"-MEM_MAP_THRESHOLD {bits + 1}\n" in (tmp_path / "c/build.tcl").read_text()


# -- build scripts, run by Tcl ----------------------------------------------------------------------

RECORDER = """
set log [open [lindex $argv 1] w]
proc unknown {args} {
    global log
    puts $log [join $args \\t]
}
rename exit leave
proc exit {args} {}
source [lindex $argv 0]
puts $log "cwd\\t[pwd]"
close $log
"""
"""Runs a build script whose commands Tcl does not know, and writes each as words with tabs between them."""


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="no tclsh")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "folder", ["plain", "new test", "a 'b' c", "$HOME [exit] {x", "semi;colon #1", 'quote"d \\']
)
def test_build_scripts_run_from_any_folder(target, folder, tmp_path):
    place = tmp_path / folder / "project"
    emit(dense("net"), Schedule(), target, place)
    (tmp_path / "recorder.tcl").write_text(RECORDER)
    command = ["tclsh", tmp_path / "recorder.tcl", place / "build.tcl", tmp_path / "log"]
    environment = {**os.environ, "QHLS_STEPS": "csim csynth cosim export"}
    environment["QHLS_COSIM"] = "-rtl verilog -trace_level all"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    called = [line.split("\t") for line in (tmp_path / "log").read_text().splitlines()]
    assert called[-1] == ["cwd", str(place)]
    simulated = [words for words in called if words[0] == "cosim_design"]
    expected = ["cosim_design", "-rtl", "verilog", "-trace_level", "all"]
    assert simulated == [expected] * (target == "vitis")
    added = [
        words
        for words in called
        if words[0] == "add_files" or words[:3] == ["solution", "file", "add"]
    ]
    paths = [word for words in added for word in words if "/" in word or word == "tb_data"]
    assert {"src/net.cpp", "tb/net_test.cpp"} <= set(paths)
    for path in paths:
        assert not set(path) & set(" ;[]{}$\"'\\")  # nothing for a tool to split or to substitute
        assert (place / path).exists()
    flags = [words[words.index("-cflags") + 1] for words in called if "-cflags" in words]
    assert all(re.fullmatch(r"-std=c\+\+14 -DQHLS_TAPS", flag) for flag in flags)
    arguments = [words[-1] for words in called if "/SCVerify/INVOKE_ARGS" in words]
    assert len(arguments) == (target == "catapult")
    for argument in arguments:  # through make and a shell
        (tmp_path / "Makefile").write_text(f"all:\n\t@printf '%s\\n' {argument}\n")
        shown = subprocess.run(
            ["make", "-C", tmp_path, "-s", "--no-print-directory"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout == f"{place}/tb_data\n"


@pytest.mark.parametrize("target", TARGETS)
def test_a_project_compiles_where_its_folder_is_named_oddly(target, tmp_path):
    """As the vendors' tools compile: no include path of the project's own."""
    place = tmp_path / "new 'test'"
    emit(dense("net"), Schedule(), target, place)
    for file in ("src/net.cpp", "tb/net_test.cpp"):
        command = [
            "g++",
            "-std=c++17",
            "-fsyntax-only",
            "-w",
            "-DQHLS_TAPS",
            "-I",
            find_include(TARGETS[target]),
            file,
        ]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:500]


def test_large_arrays_stay_memories_and_their_loops_are_pipelined(tmp_path):
    emit(classifier(), Schedule(partition_limit=8), "vitis", tmp_path / "v")
    code = (tmp_path / "v/src/classifier.cpp").read_text()
    partitioned = re.findall(r"ARRAY_PARTITION variable=(\w+)", code)
    small = {"sum", "result", "mean_shift", "fc_add"}
    assert set(partitioned) == small | {"fc_bias_codes", "conv1_bias_codes", "act1_zero_codes"}
    quantize = code[code.index("static void compute_skip_quantize") :].split("\n}\n")[0]
    assert "PIPELINE II=1" in quantize
    assert "UNROLL" not in quantize


def test_data_are_the_interpreters_results(tmp_path):
    graph = classifier()
    codes = random_codes(graph, 5)
    emit(graph, Schedule(), "vitis", tmp_path / "p", stimuli=codes)
    for name, expected in [("input_0", codes[0]), ("output_0", run(graph, codes)[0])]:
        found = np.loadtxt(tmp_path / f"p/tb_data/{name}.dat", np.int64)
        np.testing.assert_array_equal(found, expected.reshape(5, -1))


def test_default_stimuli_hold_the_ends_of_each_type():
    (codes,) = draw_stimuli(classifier())
    assert codes.shape[1:] == (6, 6, 2)
    assert 3 <= len(codes) <= 32
    assert (codes[0] == -32).all()
    assert (codes[1] == 31).all()
    assert len(np.unique(codes[2:])) == 64
    wide = Input((2,), Fixed(False, 63, 0), name="x")
    assert draw_stimuli(Graph((wide,), (wide,)))[0].max() == 2**63 - 1


@pytest.mark.parametrize("target", TARGETS)
def test_emitting_twice_gives_the_same_bytes(target, tmp_path):
    for name in ("one", "two"):
        emit(classifier(), Schedule(), target, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


# -- where a project may go -------------------------------------------------------------------------


def test_new_nested_and_empty_folders_are_filled(tmp_path):
    emit(dense(), Schedule(), "vitis", str(tmp_path / "a" / "b" / "c"))
    (tmp_path / "empty").mkdir()
    emit(dense(), Schedule(), "vitis", tmp_path / "empty")
    assert contents(tmp_path / "a/b/c") == contents(tmp_path / "empty")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "empty"]


def test_existing_folder_is_refused(tmp_path):
    emit(dense(), Schedule(), "vitis", tmp_path / "p")
    before = contents(tmp_path / "p")
    message = (
        r"^output folder '.*/p': expected a new or empty folder, got one that exists\. "
        r"Choose another or pass overwrite=True \(--overwrite\)\.$"
    )
    with pytest.raises(EmitError, match=message):
        emit(dense(), Schedule(), "catapult", tmp_path / "p")
    assert contents(tmp_path / "p") == before


def test_overwrite_replaces_a_project_whole(tmp_path):
    emit(classifier(), Schedule(), "vitis", tmp_path / "p")
    emit(dense(), Schedule(), "catapult", tmp_path / "p", overwrite=True)
    emit(dense(), Schedule(), "catapult", tmp_path / "fresh")
    assert contents(tmp_path / "p") == contents(tmp_path / "fresh")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fresh", "p"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_overwrite_leaves_what_is_not_a_project(kind, tmp_path):
    place = tmp_path / "thesis"
    if kind == "folder":
        place.mkdir()
        (place / "chapter1.tex").write_text("years of work")
    else:
        place.write_text("years of work")
    message = (
        r"^output folder '.*/thesis': expected a qhls project to overwrite, got something without "
        r"qhls\.json\. Choose another folder: nothing was changed\.$"
    )
    with pytest.raises(EmitError, match=message):
        emit(dense(), Schedule(), "vitis", place, overwrite=True)
    left = contents(place) if kind == "folder" else {"chapter1.tex": place.read_bytes()}
    assert left == {"chapter1.tex": b"years of work"}
    assert [p.name for p in tmp_path.iterdir()] == ["thesis"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    message = r"^output folder '.*/file/p': expected a place to write to, got: \[Errno \d+\] .*$"
    with pytest.raises(EmitError, match=message):
        emit(dense(), Schedule(), "vitis", tmp_path / "file" / "p")


def test_the_working_folder_can_be_filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    emit(dense(), Schedule(), "vitis", ".")
    assert (tmp_path / MARKER).is_file()
    assert "Makefile" in os.listdir()  # noqa: PTH208 - the process must still stand in it


# -- what is refused --------------------------------------------------------------------------------


def test_unknown_target(tmp_path):
    with pytest.raises(
        EmitError,
        match=r"^target: expected one of vitis, catapult, verilog, qonnx, got 'quartus'\. .*$",
    ):
        emit(dense(), Schedule(), "quartus", tmp_path / "p")
    assert not (tmp_path / "p").exists()


def wide_cases():
    x64 = Input((2,), Fixed(True, 64, 60), name="x")
    x62, weight = (
        Input((2,), Fixed(True, 62, 0), name="x"),
        Const.of(np.full((2, 2), 3.0), name="w"),
    )
    yield (
        "input",
        x64,
        Quantize(x64, Fixed(True, 8, 4)),
        r"'x' .* 63 bits in a port, got s64\.60",
    )
    yield (
        "output",
        x62,
        Matmul(x62, weight),
        r"'matmul' .* 63 bits in a port, got s65\.0",
    )


@pytest.mark.parametrize(
    ("x", "y", "message"), [pytest.param(*c[1:], id=c[0]) for c in wide_cases()]
)
def test_types_that_cpp_cannot_exchange(x, y, message, tmp_path):
    with pytest.raises(EmitError, match=rf"^tensor {message}"):
        emit(Graph((x,), (y,)), Schedule(), "vitis", tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_stimuli_that_do_not_fit(tmp_path):
    graph = dense()
    with pytest.raises(EmitError, match=r"^stimuli: expected at least one sample, got none"):
        emit(graph, Schedule(), "vitis", tmp_path / "p", stimuli=[np.zeros((0, 4), int)])
    with pytest.raises(VerifyError, match=r"^input 'features': expected shape \(samples, 4\)"):
        emit(graph, Schedule(), "vitis", tmp_path / "p", stimuli=[np.zeros((2, 3), int)])
    with pytest.raises(
        VerifyError, match=r"^input 'features': expected codes of s6\.3 in \[-32, 31\]"
    ):
        emit(graph, Schedule(), "vitis", tmp_path / "p", stimuli=[np.full((2, 4), 32)])
    assert not (tmp_path / "p").exists()


# -- the arithmetic of emission ---------------------------------------------------------------------

shapes = st.lists(st.integers(1, 4), min_size=0, max_size=4)


@given(shapes, st.data())
def test_flat_is_row_major(dims, data):
    index = [data.draw(st.integers(0, d - 1)) for d in dims]
    offset = [data.draw(st.integers(0, 2)) for _ in dims]
    terms = [f"i{a} + {o}" if o else f"i{a}" for a, o in enumerate(offset)]
    shifted = {f"i{a}": i - o for a, (i, o) in enumerate(zip(index, offset, strict=True))}
    expected = np.ravel_multi_index(index, dims) if dims else 0
    assert eval(write_offset(terms, dims), {}, shifted) == expected


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 9))
def test_affine_is_the_sum(factors, start):
    names = {f"v{i}": start + i for i in range(len(factors))}
    text = write_sum(*zip(names, factors, strict=True))
    assert eval(text, {}, names) == sum(v * f for v, f in zip(names.values(), factors, strict=True))
    assert "* 1" not in re.sub(r"\d\d+", "", text)


def test_equal_computations_share_a_function():
    """Every step of a sequence does the same: its C++ stands once and is called for each."""
    x = Input((4,), Fixed(True, 6, 2), name="x")
    weights = Const.of([[0.5, 1.0], [0.0, -1.0]], "w")
    steps = [Matmul(View(x, (2,), (1,), 2 * t), weights, name=f"step_{t}") for t in range(2)]
    other = Matmul(View(x, (2,), (1,), 0), Const.of([[0.5], [1.0]], "v"), name="other")
    view = lay_out(Graph((x,), (*steps, other)), Schedule())
    matmuls = {o.op.name: o for o in view.operations if isinstance(o.op, Matmul)}
    first, second = matmuls["step_0"], matmuls["step_1"]
    assert first.function == second.function != matmuls["other"].function
    assert (first.defines, second.defines) == (True, False)


def stack(layers):
    """Convolutions with padding, bias and rounding."""
    y = x_of((6, 6, 4), "u4.2")
    for number in range(layers):
        kernel, bias = random_const((3, 3, 4, 4), 4, 3, number), random_const((4,), 4, 2, number)
        conv = Conv(Pad(y, ((1, 1), (1, 1), (0, 0))), kernel)
        y = Quantize(Add(conv, bias), Fixed.parse("u4.2"))
    return graph_of("stack", [y])


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_layer_more_is_little_text_in_streams(target):
    """The pipeline of products is written once; a layer is its sizes, its types and its FIFOs."""

    def count(layers):
        files = generate_sources(stack(layers), Schedule(4, io="stream"), target)
        return sum(len(text) for name, text in files.items() if name != "src/weights.h")

    assert count(2) < 25_000
    assert (count(5) - count(2)) / 3 < 3_000
