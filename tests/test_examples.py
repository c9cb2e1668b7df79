"""What the README, the documents and the demo show works as shown."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.S)


@pytest.mark.parametrize("document", ["README.md", "docs/add_a_layer.md", "docs/search.md"])
def test_python_in_documents_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(document)
    assert found
    for code in found:
        exec(compile(code, document, "exec"), {"__name__": "example"})


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_demo_proves_every_bit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert module(ROOT / "examples/digits.py").main(epochs=2, folder=tmp_path / "demo") == 0
    for model in ("digits_mlp_6bit", "digits_cnn_6bit"):
        for target in ("vitis", "catapult"):
            assert (tmp_path / "demo" / model / target / "src" / f"{model}.cpp").is_file()


def test_ops_page_is_current():
    generate = module(ROOT / "docs/generate.py")
    assert generate.TARGET.read_text() == generate.text(), "run make docs"
