"""Emitted projects are those in ``testbench/``, so that each change of generated code is seen in a diff.

``pytest tests/test_golden_projects.py --update-golden`` writes them anew.
"""

import shutil
import subprocess
import sys

import pytest

from qhls.backends.csim import find_include
from qhls.backends.target import TARGETS
from support.models.projects import FOLDER, KINDS, MODELS, write

LIMIT = 1_500_000
"""Bytes of all projects."""


def contents(folder):
    """Every file's text by relative path, without what ``make`` built."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "testbench")
    kept = {str(path.relative_to(folder)): path for path in files if "build" not in path.parts}
    return {name: path.read_text() for name, path in kept.items()}


@pytest.mark.parametrize("name", MODELS)
def test_projects_are_the_kept_ones(name, tmp_path, request):
    if request.config.getoption("--update-golden"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        for kind in KINDS:
            write(name, kind, FOLDER / name / kind)
    for kind in KINDS:
        write(name, kind, tmp_path / kind)
    emitted, kept = contents(tmp_path), contents(FOLDER / name)
    advice = "If the change is meant, run pytest tests/test_golden_projects.py --update-golden."
    assert set(emitted) == set(kept), advice
    changed = [path for path, text in emitted.items() if kept[path] != text]
    assert not changed, f"{changed}. {advice}"


def test_all_models_are_kept_and_small():
    kept = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert kept == set(MODELS)
    assert sum(len(text) for text in contents(FOLDER).values()) < LIMIT


@pytest.mark.long
def test_the_makefile_runs_all_of_them(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "testbench")
    headers = [f"AP_TYPES={find_include(TARGETS['vitis'])}"]
    headers += [f"AC_TYPES={find_include(TARGETS['catapult'])}", f"PYTHON={sys.executable}"]
    command = ["make", "-C", tmp_path / "testbench", "-j2", *headers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASS: ")]
    assert len(passed) == len(MODELS) * sum(target in TARGETS for _, target in KINDS.values())
