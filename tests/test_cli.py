"""The command line, as a user calls it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

import qhls
from qhls.cli import main
from qhls.energy import QTools
from qhls.layers import QActivation, QDense

TYPE = ["-i", "s8.4"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small trained-like model on disk, in .keras form."""
    keras.utils.set_random_seed(0)
    bits = "quantized_bits(4,0,alpha=1)"
    model = keras.Sequential(
        [
            keras.Input((6,), name="x"),
            QDense(5, kernel_quantizer=bits, bias_quantizer=bits, name="first"),
            QActivation("quantized_relu(4,1)", name="relu"),
            QDense(3, kernel_quantizer=bits, bias_quantizer=bits, name="second"),
        ],
        name="compact",
    )
    path = tmp_path_factory.mktemp("models") / "compact.keras"
    model.save(path)
    return str(path)


def test_show_prints_one_op_a_line(saved, capsys):
    assert main(["show", saved, *TYPE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "graph compact"
    assert re.match(r"^name +type +shape +range +operation +layer$", lines[1])
    row = next(line for line in lines if line.startswith("first.matmul"))
    assert re.match(r"^first\.matmul +s\d+\.7 +5 +\[.*\] +matmul\(x, first\.kernel\) +first$", row)
    assert (
        len({line.index("s8.4") for line in lines if "s8.4" in line and line.startswith("x ")}) == 1
    )


def test_check_says_equal_and_returns_zero(saved, capsys):
    assert main(["check", saved, *TYPE, "--samples", "40"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("check of 40 samples: all equal\n")
    assert re.search(r"^interpreter == vitis +120 +[\d,]+ +0 +equal$", out, re.M)
    assert re.search(r"^interpreter == catapult +120 +[\d,]+ +0 +equal$", out, re.M)
    assert re.search(r"^interpreter == Keras float32 +120 +[\d,]+ +0 +equal$", out, re.M)


def test_check_takes_data(saved, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(7, 6)))
    arguments = ["check", saved, *TYPE, "--data", str(tmp_path / "x.npy"), "-t", "catapult"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("check of 7 samples: all equal\n")
    assert "vitis" not in out


def test_check_refuses_data_that_is_none(saved, tmp_path, capsys):
    (tmp_path / "x.npy").write_bytes(b"not numbers")
    assert main(["check", saved, *TYPE, "--data", str(tmp_path / "x.npy")]) == 2
    assert re.match(
        r"^qhls check: .*x\.npy: expected a \.npy or \.npz file of numbers, got .*\. Write one with numpy\.save\.$",
        capsys.readouterr().err,
    )


def test_compile_writes_both_projects_and_keeps_what_exists(saved, tmp_path, capsys):
    folder = tmp_path / "out"
    assert main(["compile", saved, *TYPE, "-o", str(folder)]) == 0
    for target in ("vitis", "catapult"):
        for name in (
            "src/compact.cpp",
            "src/weights.h",
            "src/types.h",
            "tb/compact_test.cpp",
            "build.tcl",
            "Makefile",
        ):
            assert (folder / target / name).is_file(), name
    capsys.readouterr()
    assert main(["compile", saved, *TYPE, "-o", str(folder)]) == 2
    message = capsys.readouterr().err
    assert re.match(
        r"^qhls compile: output folder '.*vitis': expected a new or empty folder, got one that exists\.",
        message,
    )
    assert main(["compile", saved, *TYPE, "-o", str(folder), "--overwrite"]) == 0
    shutil.rmtree(folder)


def test_a_saved_design_takes_the_place_of_the_model(saved, tmp_path, capsys):
    file, folder = str(tmp_path / "compact.qhls"), str(tmp_path / "out")
    settings = [*TYPE, "--reuse-factor", "3"]
    assert main(["compile", saved, *settings, "-o", folder, "--save", file]) == 0
    assert f"design: {file}" in capsys.readouterr().out
    figures = []
    for model in ([saved, *settings], [file]):
        path = tmp_path / "energy.json"
        assert main(["energy", *model, "--json", str(path)]) == 0
        figures.append(path.read_text().replace(file, saved))
    assert figures[0] == figures[1]
    assert main(["check", file, "-t", "catapult", "--samples", "9"]) == 0
    assert main(["show", file]) == 0
    capsys.readouterr()
    assert main(["show", file, *settings]) == 2
    error = capsys.readouterr().err
    assert re.match(
        r"^qhls show: .*compact.qhls: expected no --input-type, got one for a saved ", error
    )


@pytest.mark.parametrize("word", [[], ["design"]])
def test_report_writes_a_page(saved, tmp_path, capsys, word):
    data, page = tmp_path / "data.npy", tmp_path / "page.html"
    np.save(data, np.ones((4, 6)))
    arguments = ["--data", str(data), "--check", "-t", "catapult", "-o", str(page)]
    assert main(["report", *word, saved, *TYPE, *arguments]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text()
    for expected in (
        "All executions are equal",
        "4 inputs of data.npy",
        "Siemens Catapult",
        "second",
    ):
        assert expected in text


def test_report_asks_for_the_name_of_a_page(saved, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report", saved, *TYPE, "-o", "page.txt"])
    assert stop.value.code == 2
    assert "expected a name that ends in .html, got 'page.txt'" in capsys.readouterr().err


def test_energy_compares_models(saved, tmp_path, capsys):
    other = tmp_path / "other.keras"
    shutil.copy(saved, other)
    assert main(["energy", saved, str(other), *TYPE]) == 0
    out = capsys.readouterr().out
    assert "first" in out
    assert "second" in out
    assert re.search(r"1\.00", out)
    assert "one bit less" not in out


def test_energy_gives_weights_to_the_json_among_several(saved, tmp_path, capsys):
    model = keras.models.load_model(saved)
    (tmp_path / "compact.json").write_text(model.to_json())
    model.save_weights(tmp_path / "other.weights.h5")
    arguments = ["energy", saved, str(tmp_path / "compact.json"), *TYPE]
    assert main([*arguments, "-w", str(tmp_path / "other.weights.h5")]) == 0
    assert len(re.findall(r" 1\.000 ", capsys.readouterr().out)) == 2
    assert main(arguments) == 2
    assert re.match(r"^qhls energy: compact\.json: expected weights ", capsys.readouterr().err)


def test_energy_writes_page_plot_and_numbers(saved, tmp_path, capsys):
    files = [tmp_path / name for name in ("e.html", "e.svg", "e.json")]
    options = [f"--{o}={f}" for o, f in zip(("html", "plot", "json"), files, strict=True)]
    arguments = ["energy", saved, *TYPE, "--technology", "cacti_22nm", "--sensitivity", *options]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "one bit less" in out
    assert "cacti_22nm" in out
    for path in files:
        assert f"{path}\n" in out
    content = json.loads(files[2].read_text())
    assert set(content["savings"][saved]) == {"first", "relu", "second"}
    assert f"{content['reports'][saved]['total']:.4g} pJ" in files[1].read_text()


def test_energy_shows_area_latency_and_bit_operations(saved, capsys):
    assert main(["energy", saved, *TYPE, "--area", "xilinx_lut6"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"│ total +│ [\d,]+ ± [\d,]+", out)
    assert re.search(r"Latency of compact: \d+ cycles", out)
    assert re.search(r"│ +45 │ +[\d,]+ │ +[\d,]+ │", out)  # 6 x 5 and 5 x 3 products
    assert main(["energy", saved, *TYPE, "--area", "none"]) == 2
    assert re.match(r"^qhls energy: area table: expected one of ", capsys.readouterr().err)


def test_qtools_prints_its_table_and_writes_its_types(saved, tmp_path, capsys):
    path = tmp_path / "types.json"
    places = ["--weights-on-memory", "sram", "--activations-on-memory", "sram", "--no-rd-wr-on-io"]
    source = ["--source-quantizer", "quantized_bits(8,3)", "--min-sram-size", "8192"]
    assert main(["qtools", saved, *places, *source, "--json", str(path)]) == 0
    out = capsys.readouterr().out
    tools = QTools(keras.saving.load_model(saved), source_quantizers="quantized_bits(8,3)")
    energy = tools.pe("sram", "sram", 8192, rd_wr_on_io=False)
    assert json.loads(path.read_text()) == tools.data_type_map
    rows = {line.split()[1]: line for line in out.splitlines() if line.startswith("│")}
    for name in ("first", "relu", "second"):
        for pj in energy[name]["energy"].values():
            assert f" {pj:,.2f} " in rows[name]
    assert f" {tools.extract_energy_sum(tools.include_energy, energy):,} " in rows["sum"]
    assert f"all causes: {energy['total_cost']:,.2f}" in out
    assert f"ACE {tools.get_roofline_numbers()['ACE']:,}," in out
    assert "30 " in rows["first"]  # operations


def test_qtools_modes_differ(tmp_path, capsys):
    model = keras.Sequential([keras.Input((16, 16, 8), name="x"), keras.layers.MaxPooling2D(2)])
    model.save(tmp_path / "pool.keras")
    sums = {}
    for mode in ("today", "complete"):
        assert main(["qtools", str(tmp_path / "pool.keras"), "--mode", mode]) == 0
        row = next(line for line in capsys.readouterr().out.splitlines() if "│ sum" in line)
        sums[mode] = int(row.split()[-2].replace(",", ""))
    assert sums["today"] < sums["complete"]


def test_energy_refuses_a_file_of_another_kind(saved, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["energy", saved, *TYPE, "--plot", "plot.png"])
    assert stop.value.code == 2
    assert re.search(
        r"argument --plot: expected a name that ends in \.svg, got 'plot\.png'\. .*$",
        capsys.readouterr().err.strip(),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "missing.keras", *TYPE],
            r"^qhls show: missing\.keras: expected a model file, .*Check the path\.$",
        ),
        (
            ["show", "{saved}"],
            r"^qhls show: model 'compact': expected the type of 'x', got none: .*-i s16\.10\.$",
        ),
        (
            ["show", "{saved}", "-i", "16.10"],
            r"^qhls show: input 'x': expected a fixed-point type: .*, got '16\.10'\. .*$",
        ),
        (
            ["show", "{saved}", *TYPE, "--reuse-factor", "0"],
            r"^qhls show: Schedule\.reuse_factor: expected a whole number from 1 to 2147483647, got 0\. .*$",
        ),
        (
            ["check", "{saved}", *TYPE, "--include", "nowhere"],
            r"^qhls check: vitis headers: expected ap_fixed\.h in .*$",
        ),
        (["energy", "{saved}", *TYPE, "--technology", "none"], r"^qhls energy: .*none.*$"),
        (
            ["qtools", "{saved}", "--process", "none"],
            r"^qhls qtools: QTools, process: expected .*, got 'none'\.",
        ),
        (
            ["qtools", "{saved}", "--source-quantizer", "wide"],
            r"^qhls qtools: QTools: expected a type that is one of fp32, .*, got 'wide'",
        ),
    ],
)
def test_errors_go_to_stderr_with_status_2(saved, arguments, message, capsys):
    assert main([argument.replace("{saved}", saved) for argument in arguments]) == 2
    assert re.match(message, capsys.readouterr().err.strip(), re.S)


def test_usage_errors_name_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["compil"])
    assert stop.value.code == 2
    assert "'compile'" in capsys.readouterr().err


def test_no_command_prints_the_help(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 0
    assert "\ndesigns:\n  compile " in capsys.readouterr().out


@pytest.mark.parametrize("samples", ["-3", "0", "2.5", "many"])
def test_samples_is_a_count(saved, samples, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["check", saved, *TYPE, "--samples", samples])
    assert stopped.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.endswith(
        f"argument --samples: expected a whole number above 0, got {samples!r}. Choose one."
    )


def test_check_refuses_text_as_data(saved, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.array([["a"] * 6]))
    assert main(["check", saved, *TYPE, "--data", str(tmp_path / "x.npy")]) == 2
    assert re.match(
        r"^qhls check: .*x\.npy: expected a \.npy or \.npz file of numbers, got x\.npy of <U1\. Write one ",
        capsys.readouterr().err,
    )


def test_a_compiler_that_fails_is_named(saved, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "/bin/false")
    assert main(["check", saved, *TYPE]) == 2
    assert re.match(
        r"^qhls check: csim build: expected false to succeed, got status 1\. Its first error:\n",
        capsys.readouterr().err,
    )
    monkeypatch.setenv("CXX", "/bin/true")
    assert main(["check", saved, *TYPE]) == 2
    assert re.match(
        r"^qhls check: csim build: expected true to write a library, got none\. Set CXX ",
        capsys.readouterr().err,
    )


def test_a_fault_of_qhls_has_a_status_of_its_own(saved, monkeypatch, capsys):
    def fail(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("qhls.cli.designs.read_design", fail)
    assert main(["show", saved]) == 3
    message = capsys.readouterr().err
    assert "ZeroDivisionError: division by zero" in message
    assert message.splitlines()[-1].startswith("qhls show: expected no internal error,")


def test_an_interrupted_check_ends_at_once_with_its_compilers(saved, tmp_path):
    """Real processes: Ctrl-C while a compiler runs."""
    compiler = tmp_path / "slow-compiler"
    compiler.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nsleep 60\n")
    compiler.chmod(0o755)
    environment = os.environ | {"CXX": str(compiler), "QHLS_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(
        [sys.executable, "-m", "qhls.cli", "check", saved, *TYPE],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore Ctrl-C, and so would this process of theirs.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "pids").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said == "qhls check: interrupted\n"
    assert process.returncode == 130
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_output_into_a_closed_pipe_is_no_error(saved):
    command = f"{sys.executable} -m qhls.cli show {saved} -i s8.4 | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_plan_prints_one_process_a_line(saved, capsys):
    assert main(["plan", saved, *TYPE, "--interval", "12", "--fold", "second=1,3"]) == 0
    out = capsys.readouterr().out
    (row,) = (line for line in out.splitlines() if line.strip("│ ").startswith("second.add"))
    assert "simd 1, pe 3" in row
    assert main(["plan", saved, *TYPE, "--part", "xc7z020clg400-1"]) == 0
    assert "simd 1, pe 3" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--fold", "second=2,2"],
            r"folding of layer 'second': expected simd of 1, 5 and pe of 1, 3, ",
        ),
        (
            ["--fold", "third=logic"],
            r"Schedule\.folding: expected layers with products \(first, second\), ",
        ),
        (
            ["--dsp", "0"],
            r"Schedule\.dsp: expected a whole number from 1 to \d+, got 0\. It counts DSP\.",
        ),
        (
            ["--part", "xcvc1902-vsva2197-2MP-e-S", "--fit"],
            r"Schedule\.part: expected a part whose size is known, ",
        ),
        (
            ["--interval", "5", "--reuse-factor", "2"],
            r"Schedule\.reuse_factor: expected 1 beside an interval ",
        ),
    ],
)
def test_plans_that_cannot_be(saved, capsys, arguments, message):
    assert main(["plan", saved, *TYPE, *arguments]) == 2
    assert re.match(rf"^qhls plan: {message}", capsys.readouterr().err.splitlines()[-1])


def test_a_family_places_the_registers_of_verilog(saved, tmp_path, capsys):
    """The same Verilog as that of the schedule with this family, which has more registers than others."""
    depths = {}
    for family in (None, "ecp5"):
        words = ["--clock-period", "4", *(["--family", family] if family else [])]
        out, kept = str(tmp_path / str(family)), str(tmp_path / f"{family}.qhls")
        assert (
            main(["compile", saved, *TYPE, *words, "-t", "verilog", "-o", out, "--save", kept]) == 0
        )
        design = qhls.load(kept)
        assert design.schedule.family == family
        depths[family] = design.latency("verilog").latency
    assert depths["ecp5"] > depths[None]
    capsys.readouterr()
    assert main(["show", kept, "--family", "xc7"]) == 2
    expected = r"^qhls show: .*ecp5\.qhls: expected no --family, got one for a saved design, which "
    assert re.match(expected, capsys.readouterr().err)


@pytest.mark.parametrize("command", ["plan", "check", "synth"])
def test_a_family_is_one_of_those_with_a_table(saved, capsys, command):
    with pytest.raises(SystemExit):
        main([command, saved, *TYPE, "--family", "virtex"])
    expected = (
        rf"^qhls .* {command}: error: argument --family: invalid choice: 'virtex' \(choose from "
    )
    assert re.match(expected, capsys.readouterr().err.splitlines()[-1])


def test_a_fold_is_written_as_two_numbers(saved, capsys):
    with pytest.raises(SystemExit):
        main(["plan", saved, *TYPE, "--fold", "second=fast"])
    message = r"argument --fold: expected LAYER=SIMD,PE or =logic or =memory, got 'second=fast'$"
    assert re.search(message, capsys.readouterr().err.strip())
