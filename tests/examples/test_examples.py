"""What the README, the documents and the demo show works as shown."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import keras
import pytest

from qhls.cli.parser import build_parser

ROOT = Path(__file__).parents[2]


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.S)


PAGES = (
    "README.md",
    *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")),
)
DOCUMENTS = [page for page in PAGES if blocks(page) and page != "README.md"]


NEEDS = {"docs/qonnx.md": "onnx"}
"""Optional packages of the blocks of a page."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_in_documents_runs(document, tmp_path, monkeypatch):
    if document in NEEDS:
        pytest.importorskip(NEEDS[document])
    monkeypatch.chdir(tmp_path)
    for code in blocks(document):
        exec(compile(code, document, "exec"), {"__name__": "example"})


def test_the_readme_shows_what_its_code_makes(tmp_path, monkeypatch, capsys):
    """The Python runs, and the C++ and the table of energies are those of its model, to the last digit."""
    monkeypatch.chdir(tmp_path)
    keras.utils.clear_session()  # names of layers count from one, as in a new process
    readme = (ROOT / "README.md").read_text()
    for code in blocks("README.md"):
        exec(compile(code, "README.md", "exec"), {"__name__": "example"})
    sources = [path.read_text() for path in Path("build/readme/vitis/src").iterdir()]
    (shown,) = re.findall(r"```cpp\n(.*?)```", readme, re.S)
    for part in re.split(r"\n\n|  \.\.\.\n", shown):
        assert any(part.strip("\n") in source for source in sources), part
    table = re.findall("^[┃│].*$", readme, re.M)
    assert len(table) == 6
    assert set(table) <= set(capsys.readouterr().out.splitlines())


def test_the_site_has_every_page():
    listed = (ROOT / "mkdocs.yml").read_text()
    missing = [page for page in PAGES if f": {page.removeprefix('docs/')}\n" not in listed]
    assert missing == ["README.md"]  # the site's index


CALLS = [
    (page, line)
    for page in PAGES
    for block in re.findall(r"^```\w*\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("qhls ")
]


@pytest.mark.parametrize(("page", "line"), CALLS, ids=[line[:40] for _, line in CALLS])
def test_commands_in_documents_have_these_arguments(page, line):
    words = shlex.split(line, comments=True)[1:]
    if words[0] == "report" and words[1] != "read":
        words.insert(1, "design")  # as ``qhls.cli.main`` does
    assert build_parser().parse_args(words).command == words[0]


NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_and_show_their_results(notebook):
    page, shown = module(ROOT / "docs/site/notebooks.py").run_notebook(notebook)
    assert shown >= 2
    assert page.count("<table>") + page.count("<pre>") >= shown


def test_demo_proves_every_bit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert module(ROOT / "examples/digits.py").main(epochs=2, folder=tmp_path / "demo") == 0
    for model in ("digits_mlp_6bit", "digits_cnn_6bit"):
        for target in ("vitis", "catapult"):
            assert (tmp_path / "demo" / model / target / "src" / f"{model}.cpp").is_file()


def test_qtools_example_compares_bits_and_modes(capsys):
    example = module(ROOT / "examples/qtools_energy.py")
    assert example.main() == 0
    shown = capsys.readouterr().out
    assert "4 bits, all counted" in shown
    assert "roofline, 4 bits: ACE " in shown
    eight, four = (example.picojoules(example.network(bits))["sum"] for bits in (8, 4))
    assert eight > 1.5 * four
    everything = example.picojoules(example.network(4), compatible=False)["sum"]
    assert everything > 1.5 * four  # the folded convolution is most of the network


def test_energy_is_compared(tmp_path, capsys):
    assert module(ROOT / "examples/compare_energy.py").main(tmp_path / "energy") == 0
    shown = capsys.readouterr().out
    assert "Savings of one bit less in 6 bits" in shown
    assert "A bit at a time" in shown
    ratios = json.loads((tmp_path / "energy/compare.json").read_text())["ratios"]
    assert ratios["ternary"] < ratios["6 bits"] < ratios["8 bits"] == 1
    assert (tmp_path / "energy/compare.html").read_text().startswith("<!doctype html>")
    assert "<svg" in (tmp_path / "energy/compare.svg").read_text()


def test_ops_page_is_current():
    generate = module(ROOT / "docs/generate.py")
    assert generate.TARGET.read_text() == generate.text(), "run make docs"
