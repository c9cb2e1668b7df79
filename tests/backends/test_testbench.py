"""The emitted test bench, run as a user runs it: it passes, and every planted fault is found and named."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qhls.backends.cache import keep_library
from qhls.backends.csim import Csim, find_include
from qhls.backends.emit import generate_sources
from qhls.backends.layout import lay_out
from qhls.backends.target import TARGETS
from qhls.ir import Add, Codes, Const, Fixed, Graph, Input, Mul, Pad, Threshold, run
from qhls.plan import Schedule
from support.graphs.designs import classifier

NUMBER = r"-?[\d.e+-]+"
CODES = rf"expected code (-?\d+) \({NUMBER}\), got (-?\d+) \({NUMBER}\)"


@pytest.fixture
def data(bench, tmp_path):
    """A copy of the bench's vectors, to spoil."""
    return Path(shutil.copytree(bench.folder / "tb_data", tmp_path / "data"))


def edit(path, change):
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))


def add_one(index):
    """Add one to the integer at ``index`` of a file of integers."""

    def change(text):
        words = re.split(r"(-?\d+)", text)
        position = range(1, len(words), 2)[index]
        words[position] = str(int(words[position]) + 1)
        return "".join(words)

    return change


def tap_of(bench, name):
    (found,) = (tap for tap in lay_out(bench.graph, Schedule()).taps if tap.op.name == name)
    return f"tap_{found.index}.dat"


def test_make_csim_passes(bench):
    status, output = bench.first
    assert status == 0, output
    samples = len((bench.folder / "tb_data" / "input_0.dat").read_text().splitlines())
    codes = samples * sum(t.op.size for t in lay_out(bench.graph, Schedule()).taps if t.tapped)
    codes += samples * bench.graph.outputs[0].size
    expected = f"PASS: classifier, {samples} vectors, {codes} codes compared, 0 mismatches"
    assert expected in output.splitlines()


"""Ops with a tap: a reshape is the same array."""


def test_corrupt_expected_output_is_a_mismatch_of_its_op_and_layer(bench, data):
    edit(data / "output_0.dat", add_one(6))
    status, output = bench.run(data)
    assert status == 1
    first = output.splitlines()[0]
    found = re.fullmatch(
        rf"MISMATCH: vector 1, op fc\.add, Keras layer fc, element 2: {CODES}", first
    )
    assert found, output
    assert int(found[1]) == int(found[2]) + 1
    assert re.fullmatch(
        r"FAIL: classifier, \d+ vectors, \d+ codes compared, 1 mismatches", output.splitlines()[-1]
    )


@pytest.mark.parametrize("op", ["conv1.add", "act1.quantize", "pool1.pool", "fc.add"])
def test_corrupt_tap_is_a_mismatch_of_its_op_and_layer(op, bench, data):
    edit(data / tap_of(bench, op), add_one(0))
    edit(data / "output_0.dat", add_one(0))  # later: must not be what is named
    status, output = bench.run(data)
    assert status == 1
    layer = op.split(".")[0]
    pattern = rf"MISMATCH: vector 0, op {re.escape(op)}, Keras layer {layer}, element 0: {CODES}"
    assert re.fullmatch(pattern, output.splitlines()[0]), output
    assert output.splitlines()[1].startswith("FAIL: ")
    assert output.splitlines()[1].endswith(" 2 mismatches")


def test_wrong_stimulus_is_found_in_the_first_op(bench, data):
    edit(data / "input_0.dat", add_one(0))
    status, output = bench.run(data)
    assert status == 1
    assert re.match(
        rf"MISMATCH: vector 0, op conv1\.add, Keras layer conv1, element 0: {CODES}\n", output
    )


def cut_in_a_vector(text):
    return text.rstrip().rsplit(" ", 1)[0]


STRANGE = (
    r"ERROR: \S+/NAME: expected integers, \d+ per vector, got something else after vector \d+\n"
)
FEWER = r"ERROR: \S+/data: expected at least one vector, and equally many in every file\n"
SPOILT = {
    "cut within a vector": (cut_in_a_vector, STRANGE),
    "a word": (lambda text: text.replace(" ", " abc ", 1), STRANGE),
    "a fraction": (lambda text: text.replace(" ", ".5 ", 1), STRANGE),
    "rubbish at the end": (lambda text: f"{text}\x00\x01", STRANGE),
    "one number more": (lambda text: f"{text}7\n", STRANGE),
    "one vector less": (lambda text: text[: text.rstrip().rindex("\n") + 1], FEWER),
    "nothing": (lambda text: "", FEWER),
}


@pytest.mark.parametrize("name", ["input_0.dat", "output_0.dat", "tap_3.dat"])
@pytest.mark.parametrize("fault", SPOILT)
def test_spoilt_data_are_an_error_not_a_pass(fault, name, bench, data):
    change, message = SPOILT[fault]
    edit(data / name, change)
    status, output = bench.run(data)
    assert status == 2, output
    assert re.fullmatch(message.replace("NAME", name), output), output


def test_no_vectors_at_all_are_an_error(bench, data):
    for path in data.iterdir():
        path.write_text("")
    assert bench.run(data)[0] == 2


@pytest.mark.parametrize("name", ["input_0.dat", "output_0.dat", "tap_1.dat"])
def test_missing_file_is_named(name, bench, data):
    (data / name).unlink()
    status, output = bench.run(data)
    assert status == 2
    assert re.fullmatch(
        rf"ERROR: expected the file \S+/{name}\. Give the data folder as argument 1\.\n", output
    )


def test_missing_folder_is_named(bench, tmp_path):
    status, output = bench.run(tmp_path / "nowhere")
    assert status == 2
    assert re.match(
        r"ERROR: expected the file \S+/nowhere/input_0\.dat\. Give the data folder", output
    )


def test_wrong_weight_is_a_mismatch_of_its_layer(bench, tmp_path):
    """The code itself at fault: one weight of ``fc`` and, later in the design, its bias."""
    spoilt = type(bench)(bench.target.name, tmp_path / "p")
    for table in ("fc_kernel", "fc_bias"):

        def change(text, table=table):
            head = re.search(rf"{table}_codes\[\d+\] = \{{", text).end()
            return text[:head] + add_one(0)(text[head:])

        spoilt.edit("src/weights.h", change)
    status, output = spoilt.make("CXXFLAGS=-O0")
    assert status != 0
    (first,) = [line for line in output.splitlines() if line.startswith("MISMATCH")]
    assert re.fullmatch(
        rf"MISMATCH: vector \d+, op fc\.add, Keras layer fc, element 0: {CODES}", first
    )
    assert spoilt.run(spoilt.folder / "tb_data")[0] == 1


def test_make_without_headers_says_what_to_do(bench, tmp_path):
    fresh = type(bench)(bench.target.name, tmp_path / "p")
    status, output = fresh.make(f"INCLUDE={tmp_path}")
    assert status != 0
    assert (
        f"no {bench.target.header} in INCLUDE='{tmp_path}': run make csim INCLUDE=<folder>, or pip install 'qhls[csim]'"
        in output
    )


def test_make_finds_the_headers_of_this_python(bench, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    (bench.folder / "src" / "top.h").touch()
    status, output = bench._run(["make", "-C", bench.folder, "-n"])
    assert status == 0
    assert f'-I"{find_include(bench.target)}"' in output


# -- tables of bits, which synthesis tools compile --------------------------------------------------


def wide_constants():
    """A sum, a product, steps and padding with numbers of up to 200 bits."""
    x = Input((3,), Fixed(True, 8, 4), name="x")
    summed = Add(x, wide_const(-(1 << 130) + 7, 3 << 60, 5, name="bias"))
    scaled = Mul(
        Pad(summed, ((1, 0),), (1 << 140) // 3), wide_const(-(1 << 199) // 7, name="slope")
    )
    steps = [int(code) + 1 for code in np.linspace(-0.8, 0.8, 11) * 2.0**289]
    limits = Const(Codes(np.array(steps, object)), scaled.frac, name="steps")
    levels = Const(Codes(3 * np.arange(12)), 0, name="levels")
    return Graph((x,), (Threshold(scaled, limits, levels),), "wide")


def wide_const(*codes, name):
    return Const(Codes(np.array(codes, object)), 90, name=name)


@pytest.mark.parametrize("graph", [classifier(), wide_constants()], ids=lambda g: g.name)
@pytest.mark.parametrize("name", TARGETS)
def test_bits_mean_what_codes_mean(graph, name, tmp_path, monkeypatch):
    """As the vendor's tool compiles: C++14, tables as arrays of as many bits as a code has."""
    target, constants = TARGETS[name], sum(isinstance(op, Const) for op in graph.ops)
    command = ["g++", "-std=c++14", "-O1", "-w", "-shared", "-fPIC", "-DQHLS_BITS", "-Isrc"]
    command += ["-I", find_include(target), "-include", f"src/{graph.name}.cpp", "csim/bridge.cpp"]

    def make(folder, library):
        for path, text in generate_sources(graph, Schedule(), target).items():
            if path.endswith("weights.h"):
                found = len(re.findall(r"_codes\[\d+\] = \{", text))
                assert found == text.count("{") == constants
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
        subprocess.run([*command, "-o", library], cwd=folder, check=True)

    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    (x,) = graph.inputs
    codes = [np.random.default_rng(3).integers(x.type.lo, x.type.hi, (200, *x.shape))]
    (received,) = Csim(graph, target, keep_library("design.so", make)).run(codes)
    np.testing.assert_array_equal(run(graph, codes)[0], received)
    assert len(np.unique(received)) > 4
