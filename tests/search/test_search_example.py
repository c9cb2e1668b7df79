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
