"""C simulation from Python: what it needs, what it refuses, its cache, and the arrays it takes."""

import ctypes
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from qhls.backends import csim
from qhls.backends.cache import find_cache_folder
from qhls.backends.csim import build, find_compiler, find_include
from qhls.backends.target import TARGETS
from qhls.errors import CsimError, EmitError, VerifyError
from qhls.ir import Add, Const, Fixed, Graph, Input, Matmul, Quantize, Reshape, run, tap
from qhls.plan import Schedule
from support.graphs.designs import classifier, dense, random_codes

VITIS, CATAPULT = TARGETS["vitis"], TARGETS["catapult"]
GRAPH = classifier()


@pytest.fixture(scope="module")
def libraries():
    """The classifier for every target, with taps."""
    return build(GRAPH, Schedule(), taps=True)


@pytest.fixture
def bare(monkeypatch):
    """No vendor, no variables, no wheel."""
    names = [f"QHLS_{name.upper()}_INCLUDE" for name in TARGETS]
    names += [variable for target in TARGETS.values() for variable, _ in target.environment]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    honest = csim.importlib.util.find_spec
    monkeypatch.setattr(
        csim.importlib.util, "find_spec", lambda name: None if name == "hls4ml" else honest(name)
    )


def headers(folder, target=VITIS):
    """A folder that looks like a vendor's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / target.header).write_text("#error a vendor's header\n")
    return folder


# -- headers and compiler ---------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_no_headers_says_how_to_get_them(target, bare):
    variable = {"vitis": "XILINX_HLS", "catapult": "MGC_HOME"}[target.name]
    message = (
        rf"^{target.name} headers: expected {re.escape(target.header)}, got none\. Run pip install 'qhls\[csim\]', "
        rf"or set {target.include_variable} or {variable}, or pass include=\.$"
    )
    with pytest.raises(CsimError, match=message):
        build(GRAPH, Schedule(), [target.name])


def test_headers_come_from_the_wheel_by_default():
    for target in TARGETS.values():
        found = find_include(target)
        assert "hls4ml" in found.parts
        assert (found / target.header).is_file()


def test_argument_beats_variable_beats_vendor_beats_wheel(bare, monkeypatch, tmp_path):
    vendor = headers(tmp_path / "vendor" / "include")
    monkeypatch.setenv("XILINX_VITIS", str(tmp_path / "vendor"))
    assert find_include(VITIS) == vendor
    newer = headers(tmp_path / "hls" / "include")
    monkeypatch.setenv("XILINX_HLS", str(tmp_path / "hls"))
    assert find_include(VITIS) == newer
    variable = headers(tmp_path / "variable")
    monkeypatch.setenv("QHLS_VITIS_INCLUDE", str(variable))
    assert find_include(VITIS) == variable
    argument = headers(tmp_path / "argument")
    assert find_include(VITIS, str(argument)) == argument
    with pytest.raises(CsimError, match=r"^csim build: expected g\+\+ to succeed"):
        build(GRAPH, Schedule(), ["vitis"], include=argument)
    mentor = headers(tmp_path / "mgc" / "shared" / "include", CATAPULT)
    monkeypatch.setenv("MGC_HOME", str(tmp_path / "mgc"))
    assert find_include(CATAPULT) == mentor


def test_vendor_folder_without_headers_is_passed_over(monkeypatch, tmp_path):
    monkeypatch.delenv("QHLS_VITIS_INCLUDE", raising=False)
    monkeypatch.setenv("XILINX_HLS", str(tmp_path))
    assert "hls4ml" in find_include(VITIS).parts


def test_wrong_include_is_refused_not_passed_over(monkeypatch, tmp_path):
    message = (
        rf"^vitis headers: expected ap_fixed\.h in include='{tmp_path}', got no such file\. .*$"
    )
    with pytest.raises(CsimError, match=message):
        build(GRAPH, Schedule(), ["vitis"], include=tmp_path)
    monkeypatch.setenv("QHLS_CATAPULT_INCLUDE", "/nowhere")
    message = r"^catapult headers: expected ac_fixed\.h in QHLS_CATAPULT_INCLUDE='/nowhere', got no such file\. .*$"
    with pytest.raises(CsimError, match=message):
        build(GRAPH, Schedule(), ["catapult"])


def test_what_the_makefile_asks_prints_the_folder():
    command = [sys.executable, "-m", "qhls.backends.csim", "catapult"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{find_include(CATAPULT)}\n"


@pytest.mark.parametrize("how", ["path", "variable"])
def test_no_compiler(how, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    if how == "path":
        monkeypatch.setenv("PATH", "")
    else:
        monkeypatch.setenv("CXX", "no-such-g++")
    name = "g\\+\\+" if how == "path" else "no-such-g\\+\\+"
    message = rf"^C\+\+ compiler: expected '{name}' on PATH, got none\. Install g\+\+ or set CXX\.$"
    with pytest.raises(CsimError, match=message):
        build(dense("uncompiled"), Schedule(), ["vitis"])


def test_compilers_own_words_are_shown(monkeypatch):
    honest = csim.render_sources

    def broken(*arguments):
        files = honest(*arguments)
        return files | {"src/types.h": files["src/types.h"] + "#error the planted fault\n"}

    monkeypatch.setattr(csim, "render_sources", broken)
    with pytest.raises(CsimError) as caught:
        build(dense(), Schedule(), ["catapult"])
    first, *words = str(caught.value).splitlines()
    assert first == "csim build: expected g++ to succeed, got status 1. Its first error:"
    assert any("#error the planted fault" in line for line in words)
    assert any("src/types.h" in line for line in words)
    assert len(words) <= 20
    assert not [path for path in find_cache_folder().iterdir() if path.name.startswith("build-")]


def test_unknown_target():
    with pytest.raises(
        EmitError,
        match=r"^target: expected one of vitis, catapult, verilog, qonnx, got 'intel'\. .*$",
    ):
        build(GRAPH, Schedule(), ["vitis", "intel"])


# -- the cache --------------------------------------------------------------------------------------


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """A g++ that counts: its list holds a line a compilation."""
    log, script = tmp_path / "log", tmp_path / "g++"
    log.write_text("")
    script.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexec "{find_compiler()}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path / "cache"))
    return lambda: log.read_text().splitlines()


def test_what_was_built_is_not_built_again(compiler):
    (first,) = build(dense(), Schedule(), ["catapult"])
    assert len(compiler()) == 1
    assert " -O3 " in compiler()[0]
    (second,) = build(dense(), Schedule(), ["catapult"])
    assert second.path == first.path
    assert len(compiler()) == 1
    others = [
        build(dense(seed=1), Schedule(), ["catapult"]),  # weights
        build(dense(), Schedule(reuse_factor=2), ["catapult"]),
        build(dense(), Schedule(), ["catapult"], taps=True),
    ]
    assert len({first.path, *(library.path for (library,) in others)}) == 4
    assert len(compiler()) == 4
    assert {path.suffix for path in find_cache_folder().iterdir()} == {".so"}
    codes = random_codes(dense())
    np.testing.assert_array_equal(first.run(codes)[0], run(dense(), codes)[0])
    np.testing.assert_array_equal(others[0][0].run(codes)[0], run(dense(seed=1), codes)[0])


def test_an_edited_header_is_another_library(compiler, tmp_path):
    real = find_include(CATAPULT)
    copy = tmp_path / "include"
    copy.mkdir()
    for path in real.iterdir():
        (copy / path.name).symlink_to(path)
    (first,) = build(dense(), Schedule(), ["catapult"], include=copy)
    (copy / CATAPULT.header).unlink()
    (copy / CATAPULT.header).write_text((real / CATAPULT.header).read_text() + "\n// patched\n")
    (second,) = build(dense(), Schedule(), ["catapult"], include=copy)
    assert first.path != second.path
    assert len(compiler()) == 2


RACE = """
from support.graphs.designs import dense, random_codes
from qhls.backends.csim import build
from qhls.ir import run
from qhls.plan import Schedule
(library,) = build(dense("race"), Schedule(), ["catapult"])
codes = random_codes(dense("race"))
assert (library.run(codes)[0] == run(dense("race"), codes)[0]).all()
print(library.path)
"""


def test_builds_of_one_design_in_two_processes_do_not_clash(tmp_path):
    environment = os.environ | {"QHLS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", RACE]
    racers = [
        subprocess.Popen(command, env=environment, text=True, stdout=-1, stderr=-1) for _ in "ab"
    ]
    results = [racer.communicate(timeout=300) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], results
    assert results[0][0] == results[1][0]
    assert [str(path) for path in tmp_path.iterdir()] == [results[0][0].strip()]


# -- arrays in and out ------------------------------------------------------------------------------


def layouts(codes):
    """The same codes as users hold them."""
    yield "int64", codes
    for dtype in (np.int8, np.int16, np.int32):
        yield dtype.__name__, codes.astype(dtype)
    yield "object", codes.astype(object)
    yield "fortran", np.asfortranarray(codes)
    doubled = np.zeros((2 * len(codes), *codes.shape[1:]), np.int64)
    doubled[::2] = codes
    yield "every second row", doubled[::2]
    yield "backwards", codes[::-1].copy()[::-1]
    yield "transposed", np.ascontiguousarray(codes.transpose(3, 1, 2, 0)).transpose(3, 1, 2, 0)
    yield "read only", np.broadcast_to(codes, codes.shape)
    yield "big endian", codes.astype(">i4")
    yield "nested lists", codes.tolist()


def test_any_layout_of_the_input_gives_the_same(libraries):
    """Enough samples that memory freed too early is gone, not just stale."""
    (codes,) = random_codes(GRAPH, 4000)
    expected = run(GRAPH, [codes])[0]
    for library in libraries:
        for name, given in layouts(codes):
            (received,) = library.run([given])
            assert np.array_equal(received, expected), (library.target.name, name)
            assert received.dtype == np.int64
            assert received.shape == (4000, 4)


@pytest.mark.parametrize("samples", [0, 1])
def test_no_and_one_sample(samples, libraries):
    codes = random_codes(GRAPH, samples)
    for library in libraries:
        (received,) = library.run(codes)
        assert received.shape == (samples, 4)
        np.testing.assert_array_equal(received, run(GRAPH, codes)[0])
        assert {len(tap) for tap in library.tap(codes).values()} == {samples}


def test_unsigned_ports_of_63_bits_keep_every_bit():
    x = Input((2,), Fixed(False, 63, 10), name="x")
    y = Input((2,), Fixed(True, 63, -3), name="y")
    graph = Graph((x, y), (x, y, Quantize(y, Fixed(True, 63, -3))), "wide")
    codes = [np.array([[0, 2**63 - 1], [2**62, 1]]), np.array([[-(2**62), 2**62 - 1], [-1, 5]])]
    for library in build(graph, Schedule(), taps=True):
        for want, got in zip(run(graph, codes), library.run(codes), strict=True):
            np.testing.assert_array_equal(want, got)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([], r"^graph 'classifier': expected 1 inputs \(image\), got 0\. .*$"),
        ([np.zeros((2, 6, 6, 1), int)], r"^input 'image': expected shape \(samples, 6, 6, 2\)"),
        ([np.zeros((2, 6, 6, 2))], r"^input 'image': expected integer codes of s6\.4, got float64"),
        ([np.full((2, 6, 6, 2), 32)], r"^input 'image': expected codes of s6\.4 in \[-32, 31\]"),
    ],
)
def test_inputs_that_do_not_fit(codes, message, libraries):
    for call in (libraries[0].run, libraries[0].tap):
        with pytest.raises(VerifyError, match=message):
            call(codes)


# -- taps -------------------------------------------------------------------------------------------


def test_taps_are_the_interpreters_of_every_op(libraries):
    codes = random_codes(GRAPH, 30)
    unheld = {"conv1.conv", "fc.matmul"}  # they begin with a bias: no register holds them without
    unheld.add("conv1.pad")  # indices replace it
    kinds = Input | Const | Reshape
    computed = [op for op in GRAPH.ops if not isinstance(op, kinds) and op.name not in unheld]
    expected = tap(GRAPH, codes, computed)
    for library in libraries:
        received = library.tap(codes)
        assert list(received) == computed
        for op, array in received.items():
            assert array.shape == (30, *op.shape)
            assert np.array_equal(array, expected[op]), (library.target.name, op.name)


def test_taps_wider_than_a_port_are_left_out():
    x = Input((2,), Fixed(True, 40, 0), name="x")
    wide = Matmul(x, Const.of(np.full((2, 2), 2.0**30 + 1), name="w"), name="wide")
    graph = Graph((x,), (Quantize(wide, Fixed(True, 20, -50), name="out"),), "m")
    codes = random_codes(graph, 5)
    (library,) = build(graph, Schedule(), ["catapult"], taps=True)
    assert wide.type.width > 63
    assert [op.name for op in library.tap(codes)] == ["out"]
    np.testing.assert_array_equal(library.run(codes)[0], run(graph, codes)[0])


def test_trace_needs_a_library_built_for_it(libraries):
    plain = replace(libraries[0], has_taps=False)
    message = r"^Csim\.tap: expected a library built with taps=True, got one without\. Build it with taps=True\.$"
    with pytest.raises(CsimError, match=message):
        plain.tap(random_codes(GRAPH))


def test_a_trace_of_one_library_does_not_reach_into_another(libraries):
    """Two designs in one process: a sink shared between them would write into the wrong arrays."""
    first, second = libraries
    codes = random_codes(GRAPH, 3)
    first.tap(codes)
    taps = np.full((3, 10_000), 77)
    pointers = (ctypes.c_void_p * 20)(*[taps.ctypes.data] * 20)
    first._library.qhls_set_taps(pointers)
    try:
        second.run(codes)
    finally:
        first._library.qhls_set_taps(None)
    assert (taps == 77).all()
    assert len(second.tap(codes)) == len(first.tap(codes))


def test_design_runs_after_a_graph_with_several_ports():
    a = Input((2, 3), Fixed(True, 5, 2), name="inputs")
    b = Input((3,), Fixed(False, 4, 6), name="outputs")
    total = Add(Reshape(a, (6,)), Const.of(0.5, name="sum"), name="samples")
    graph = Graph((b, a), (b, total, Reshape(total, (3, 2), name="i"), total), "top")
    codes = random_codes(graph, 9)
    for library in build(graph, Schedule()):
        for want, got in zip(run(graph, codes), library.run(codes), strict=True):
            np.testing.assert_array_equal(want, got)
