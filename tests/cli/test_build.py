"""``qhls build``: a project file repeats a design."""

from __future__ import annotations

import json
import re

import keras
import numpy as np
import pytest

from qhls.cli import main
from qhls.layers import QActivation, QDense

PROJECT = """
model = "compact.keras"
inputs = "s8.4"
targets = ["vitis", "verilog"]
output = "build"
save = "compact.qhls"
report = "page.html"

[compile]
softmax = "argmax"

[schedule]
part = "xc7z020clg400-1"
clock_period = 4

[check]
samples = 20
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with a small model and its project file."""
    keras.utils.set_random_seed(0)
    bits = "quantized_bits(4,0,alpha=1)"
    layers = [
        keras.Input((6,), name="x"),
        QDense(5, kernel_quantizer=bits, bias_quantizer=bits, name="first"),
        QActivation("quantized_relu(4,1)", name="relu"),
        QDense(3, kernel_quantizer=bits, bias_quantizer=bits, name="second"),
        keras.layers.Softmax(),
    ]
    path = tmp_path_factory.mktemp("project")
    keras.Sequential(layers, name="compact").save(path / "compact.keras")
    (path / "qhls.toml").write_text(PROJECT)
    return path


def test_build_repeats_a_design(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    projects = []
    for words in (["build"], ["build", str(folder)], ["build", "qhls.toml"]):
        assert main(words) == 0
        assert "check of 20 samples: all equal\n" in capsys.readouterr().out
        project = sorted((folder / "build").rglob("*.*"))
        projects.append([path.read_bytes() for path in project if path.is_file()])
        assert (folder / "compact.qhls").is_file()
        assert "All executions are equal" in (folder / "page.html").read_text()
    assert projects[0] == projects[1] == projects[2]
    assert "create_clock -period 4" in (folder / "build/vitis/build.tcl").read_text()
    assert main(["show", "compact.qhls"]) == 0
    shown = capsys.readouterr().out
    assert "arg_max" in shown
    assert "left to the host" not in shown


def test_build_takes_data(folder, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones((7, 6)))
    text = PROJECT.replace("compact.keras", str(folder / "compact.keras"))
    (tmp_path / "qhls.toml").write_text(f'data = "x.npy"\n{text}')
    assert main(["build", str(tmp_path)]) == 0
    assert "check of 7 samples: all equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model", "modle", r"expected one of model, .*, got 'modle'\. Check the spelling\."),
        ('model = "compact.keras"', "", r'expected model = "\.\.\.", got none\. Add it\.'),
        ('"s8.4"', "8", r"inputs: expected a string or a list or a table, got 8\. Correct it\."),
        ('"s8.4"', "[8]", r'inputs: expected types such as "s16\.10", got \[8\]\. Write one .*'),
        ("verilog", "vhdl", r"targets: expected one or more of .*, got 'vhdl'\. Choose some\."),
        ('["vitis", "verilog"]', "[]", r"targets: expected one or more of .*, got none\. Choose.*"),
        (
            "page.html",
            "page.pdf",
            r"report: expected a name that ends in \.html, got 'page\.pdf'.*",
        ),
        ("softmax", "topk", r"compile: expected one of softmax, .*, got 'topk'\. Check .*"),
        ('"argmax"', "3", r"compile\.softmax: expected a string, got 3\. Correct it\."),
        ("clock_period = 4", "clock_period = 0", r"Schedule\.clock_period: expected a positive .*"),
        (
            "clock_period = 4",
            'family = "virtex"',
            r"Schedule\.family: expected one of xc7, xcup, ice40, ecp5, gowin, got 'virtex'\.",
        ),
        ("clock_period", "period", r"schedule: expected one of reuse_factor, .*, got 'period'.*"),
        (
            "samples = 20",
            "samples = 0",
            r"check\.samples: expected a whole number above 0, got 0.*",
        ),
        ("samples = 20", "samples = true", r"check\.samples: expected a whole number, got True.*"),
        ("[check]", "[check", r"expected a project file \(\.toml\), got .*\. Check the file\."),
    ],
)
def test_build_refuses_wrong_keys_and_values(folder, tmp_path, capsys, old, new, message):
    text = PROJECT.replace("compact.keras", str(folder / "compact.keras"))
    old = old.replace("compact.keras", str(folder / "compact.keras"))
    (tmp_path / "qhls.toml").write_text(text.replace(old, new, 1))
    assert main(["build", str(tmp_path)]) == 2
    assert re.match(f"^qhls build: qhls.toml: {message}\n$", capsys.readouterr().err, re.DOTALL)
    assert [path.name for path in tmp_path.iterdir()] == ["qhls.toml"]


def test_build_names_a_missing_file(tmp_path, capsys):
    assert main(["build", str(tmp_path)]) == 2
    expected = r"^qhls build: .*qhls\.toml: expected a project file \(\.toml\), got no such file\. "
    assert re.match(expected, capsys.readouterr().err)


def test_results_become_json(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    contents = {}
    for command in ("check", "show", "plan"):
        file = tmp_path / f"{command}.json"
        assert main([command, "compact.keras", "-i", "s8.4", "--json", str(file)]) == 0
        assert str(file) in capsys.readouterr().out
        contents[command] = json.loads(file.read_text())
    assert contents["check"]["equal"] is True
    assert contents["check"]["comparisons"][0]["title"] == "interpreter == vitis"
    assert contents["show"]["ops"][0] == {
        **dict.fromkeys(("operation",), contents["show"]["ops"][0]["operation"]),
        "name": "x",
        "type": "s8.4",
        "shape": "6",
        "range": "[-8, 7.9375]",
        "layer": "x",
    }
    assert {"process", "layer", "interval", "depth"} <= set(contents["plan"]["processes"][0])


def test_paths_and_the_figures_of_a_page_become_json(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    built = tmp_path / "build.json"
    assert main(["build", "--json", str(built)]) == 0
    content = json.loads(built.read_text())
    assert content["check"]["equal"] is True
    assert set(content["projects"]) == {"vitis", "verilog"}
    model = ["compact.keras", "-i", "s8.4"]
    project, page = tmp_path / "project.json", tmp_path / "page.json"
    assert main(["compile", *model, "-o", str(tmp_path / "out"), "--json", str(project)]) == 0
    content = json.loads(project.read_text())
    assert content["projects"] == {
        target: str(tmp_path / "out" / target) for target in ("vitis", "catapult")
    }
    out = str(tmp_path / "page.html")
    assert main(["report", *model, "--prove", "-o", out, "--json", str(page)]) == 0
    content = json.loads(page.read_text())
    assert content["costs"]["energy, pJ"] > 0
    assert content["costs"]["LUT"] > 0
    assert content["proof"]["proved"] is True
    assert content["check"] is None
    (x,) = [tensor for tensor in content["tensors"] if tensor["name"] == "x"]
    assert (x["type"], x["shape"], x["range"]) == ("s8.4", [6], [-8, 7.9375])


def test_energy_by_activity_of_given_inputs(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(50, 6)))
    assert (
        main(["energy", "compact.keras", "-i", "s8.4", "--activity", str(tmp_path / "x.npy")]) == 0
    )
    out = capsys.readouterr().out
    assert "by activity, pJ per inference" in out
    assert re.search(r"│ first +│ +0\.[3-6]\d\d │", out)
