"""The example and the benchmark run, at a small size."""

import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_example_proves_a_point_and_goes_on(tmp_path, capsys):
    arguments = [
        "--trials",
        "2",
        "--epochs",
        "1",
        "--executor",
        "inline",
        "--folder",
        str(tmp_path),
    ]
    example = module(ROOT / "examples/search_digits.py")
    assert example.main(arguments) == 0
    text = capsys.readouterr().out
    assert "all equal" in text
    assert "qhls check" in text
    assert (tmp_path / "report.html").is_file()
    journal = (tmp_path / "journal.jsonl").read_bytes()
    assert example.main(arguments) == 0
    assert (tmp_path / "journal.jsonl").read_bytes() == journal


def test_the_benchmark_compares_with_homogeneous_baselines(tmp_path, monkeypatch):
    output = tmp_path / "rows.json"
    arguments = ["--network", "mlp", "--trials", "2", "--epochs", "1", "--executor", "inline"]
    arguments += ["--folder", str(tmp_path), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["search_energy.py", *arguments])
    assert module(ROOT / "benchmarks/search_energy.py").main() == 0
    rows = json.loads(output.read_text())
    assert [row["bits"] for row in rows] == [8, 6]
    assert rows[1]["energy"] < rows[0]["energy"]
    for row in rows:
        if "ratio" in row:
            assert row["search chosen by"] >= row["chosen by"]
            assert row["ratio"] == row["search energy"] / row["energy"]


def test_widths_are_learned_and_proved(tmp_path, capsys):
    arguments = ["--epochs", "4", "--folder", str(tmp_path)]
    assert module(ROOT / "examples/learned_widths.py").main(arguments) == 0
    text = capsys.readouterr().out
    assert "all equal" in text
    assert "within 1 % of the best accuracy" in text
    assert (tmp_path / "report.html").is_file()


def test_the_benchmark_of_methods_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    arguments = ["--method", "gradient", "--seed", "0", "--schedule", "unrolled", "--epochs", "1"]
    arguments += ["--gradient-epochs", "2", "--executor", "inline", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["search_methods.py", *arguments])
    methods = module(ROOT / "benchmarks/search_methods.py")
    assert methods.main() == 0
    file = tmp_path / "digits_mlp_unrolled_0_gradient.json"
    points = json.loads(file.read_text())["points"]
    assert points and all(set(point) == {"accuracy", "unseen", "energy"} for point in points)
    content = {"points": [{"accuracy": 1.0, "unseen": 0.5, "energy": 1.0}], "seconds": 0}
    file.write_text(json.dumps(content))  # what is there is not done again
    capsys.readouterr()
    assert methods.main() == 0
    assert "1 of 1" in capsys.readouterr().out
    assert json.loads(file.read_text()) == content
    found = methods.chosen([{"accuracy": 0.9, "energy": 2}, {"accuracy": 0.8, "energy": 1}], 0.85)
    assert found == {"accuracy": 0.9, "energy": 2}
    assert methods.chosen([], 0.5) is None
