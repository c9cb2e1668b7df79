"""The pragmas of emitted C++ are documented ones in their places; the C++ is clean under compilers and sanitizers."""

import re
import shutil
import subprocess
from functools import cache

import pytest

from qhls.backends.csim import find_include
from qhls.backends.emit import emit, generate_sources
from qhls.backends.target import TARGETS
from qhls.errors import EmitError
from qhls.ir import Fixed, Graph
from qhls.plan import Schedule, plan
from support.cpp.pragmas import lint, list_users
from support.graphs.designs import classifier, dense
from support.graphs.op_batches import graph_of, residual
from support.graphs.op_examples import EXAMPLES, inputs_of

SCHEDULES = {
    "parallel": Schedule(),
    "shared": Schedule(3),
    "memories": Schedule(interval=10**6),
    "few registers": Schedule(3, partition_limit=8),
    "stream": Schedule(2, io="stream"),
}


def designs():
    """Every op, and networks of several."""
    for builders in EXAMPLES.values():
        for build in builders:
            op = build(Fixed(True, 6, 2))
            if op.batched and op.operands:
                yield Graph(inputs_of(op), (op,), "top")
    yield classifier("top")
    yield graph_of("top", list(residual()))


@cache
def emitted():
    """The C++ of each design with each schedule, by target."""
    return list(emit_all())


def emit_all():
    for graph in designs():
        for schedule in SCHEDULES.values():
            for name, target in TARGETS.items():
                try:
                    files = generate_sources(graph, schedule, target)
                except EmitError:
                    break
                yield graph, schedule, name, files["src/top.cpp"], files["src/qhls.h"]


def test_pragmas_are_documented_ones_in_their_places():
    seen = set()
    for _, _, target, *files in emitted():
        for text in dict.fromkeys(files):
            assert lint(text, target, "top") == []
            seen |= set(re.findall(r"#pragma (?:HLS )?(\w+)", text))
    assert {"UNROLL", "PIPELINE", "DATAFLOW", "STREAM", "ARRAY_RESHAPE", "hls_resource"} <= seen
    assert {"INLINE", "DEPENDENCE"} <= seen


GOOD = "void top(int x[4]) {\n#pragma HLS ARRAY_PARTITION variable=x type=complete\n}\n"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("#pragma HLS ARRAY_PARTITION variable=x complete", "expected '#pragma HLS <NAME>"),
        ("#pragma HLS ARRAY_PARTITION variable=x type=cyclic", "expected a factor"),
        ("#pragma HLS ARRAY_PARTITION variable=z type=complete", "z is not declared above"),
        ("#pragma HLS RESOURCE variable=x core=RAM_2P", "expected one of UNROLL"),
        ("#pragma HLS PIPELINE", "expected II too"),
        ("#pragma HLS PIPELINE II=1 enable_flush=1", "enable_flush=1 is not documented"),
        ("#pragma HLS UNROLL", "expected at the start of a loop"),
        ("#pragma HLS INTERFACE mode=axis port=x", "x is no stream of ap_axiu"),
    ],
)
def test_faults_are_found(line, fault):
    assert lint(GOOD, "vitis", "top") == []
    (found,) = lint(
        GOOD.replace("#pragma HLS ARRAY_PARTITION variable=x type=complete", line), "vitis", "top"
    )
    assert fault in found


def test_streams_and_arrays_that_overlap_have_one_producer_and_one_consumer():
    compared = 0
    for graph, schedule, target, text, _ in emitted():
        overlaps = schedule.io == "stream" or plan(graph, schedule).overlap
        users = list_users(text, "top")
        ports = set(re.findall(r"(\w+)(?:\[\d+\])?[,)]", re.search(r"^void .*$", text, re.M)[0]))
        for name, (producers, consumers) in users.items():
            if overlaps and name not in ports:
                assert (len(producers), len(consumers)) == (1, 1), (target, name)
                compared += 1
    assert compared > 100


def test_nothing_but_calls_and_declarations_is_in_a_dataflow_region():
    for graph in (dense("top"), graph_of("top", list(residual()))):
        for schedule in (Schedule(), Schedule(io="stream")):
            text = generate_sources(graph, schedule, TARGETS["vitis"])["src/top.cpp"]
            body = text[text.rindex("\nvoid top(") :].split("{\n", 1)[1].rsplit("}", 1)[0]
            macros = r"QHLS_TAP\w*\(.*\)|QHLS_CALL\(\d+\)"  # without traces, nothing
            assert not [line for line in body.splitlines() if re.fullmatch(rf" *({macros});", line)]
            left = re.sub(macros, "", body)
            assert not re.findall(r"^ *;", left, re.M)


WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-label", "-Wno-unknown-pragmas"]
"""Loops have labels for the tools, and pragmas are theirs."""


def compile_project(compiler, target, folder, *options):
    """Compile a project's C++ and test bench, with the vendor's headers as those of the system."""
    include = find_include(TARGETS[target])
    files = ["src/top.cpp", "tb/top_test.cpp"]
    command = [compiler, "-std=c++17", "-DQHLS_TAPS", *options, "-isystem", include, *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.parametrize("io", ["array", "stream"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_compilers_warn_of_nothing_and_sanitizers_find_nothing(compiler, target, io, tmp_path):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    emit(graph_of("top", list(residual())), Schedule(2, io=io), target, tmp_path / "p")
    for trace in ("-DQHLS_TAPS", "-UQHLS_TAPS"):
        done = compile_project(compiler, target, tmp_path / "p", *WARNINGS, trace, "-fsyntax-only")
        assert (done.returncode, done.stderr) == (0, "")
    # AMD's headers shift negative numbers, which C++ defines from 2020 on.
    checks = ["-std=c++20", "-O1", "-g"]
    checks += ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    done = compile_project(compiler, target, tmp_path / "p", *checks, "-w", "-o", "run")
    assert done.returncode == 0, done.stderr
    run = subprocess.run(
        ["./run", "tb_data"], cwd=tmp_path / "p", capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 mismatches" in run.stdout
