"""The architecture, checked: who may import whom, how fast the IR loads, how long code may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "qhls"
MODULES = sorted(ROOT.rglob("*.py"))
RELATIVE = [str(path.relative_to(ROOT)) for path in MODULES]

TEXTS = ("qhls.errors", "qhls.limits", "qhls.text")
SERVICES = (*TEXTS, "qhls.locks", "qhls.needs_keras", "qhls.progress")

ALLOWED = {
    "ir": ("qhls.ir", *TEXTS),
    "quantizers": ("qhls.quantizers", "qhls.ir.types", *SERVICES),
    "frontend": ("qhls.frontend", "qhls.quantizers", "qhls.ir", *SERVICES),
    "backends": ("qhls.backends", "qhls.ir", *SERVICES),
    "energy": ("qhls.energy", "qhls.qtools", "qhls.ir", *SERVICES),
    "qtools": ("qhls.qtools", "qhls.utils", "qhls.frontend", "qhls.quantizers", *SERVICES),
    "utils": ("qhls.utils", "qhls.frontend", "qhls.quantizers", "qhls.ir", *SERVICES),
}
"""By folder: the prefixes of the modules of qhls that its modules import. ``search`` may import all."""

THIRD_PARTY = {
    "ir": {"numpy"},
    "backends": {"numpy", "jinja2"},
    "energy": {"numpy", "rich"},
}
"""By folder: what else but the standard library; folders that are not here may import anything."""


def imports(path, everywhere=True):
    """``(line, module)`` of all imports in a file; ``from a import b`` counts as ``a`` and as ``a.b``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides its direction"
            yield node.lineno, node.module or ""


def folder(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def within(module, prefixes):
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("path", MODULES, ids=RELATIVE)
def test_imports_go_one_way(path):
    allowed = ALLOWED.get(folder(path))
    if allowed is None:
        return
    for line, module in imports(path):
        if within(module, ["qhls"]):
            assert within(module, allowed), f"{path}:{line} imports {module}, not of {allowed}"


@pytest.mark.parametrize("path", MODULES, ids=RELATIVE)
def test_third_party_modules(path):
    allowed = THIRD_PARTY.get(folder(path))
    if allowed is None:
        return
    for line, module in imports(path):
        top = module.partition(".")[0]
        ours = top == "qhls" or top in sys.stdlib_module_names
        assert ours or top in allowed, f"{path}:{line} imports {module}, not of {allowed}"


@pytest.mark.parametrize("path", MODULES, ids=RELATIVE)
def test_nothing_imports_what_it_replaces(path):
    for line, module in imports(path):
        top = module.partition(".")[0]
        assert top not in ("qkeras", "hls4ml", "tf_keras"), f"{path}:{line} imports {module}"


def test_every_folder_has_a_rule():
    """A new folder says here what it may import; ``search`` may import all."""
    assert {folder(path) for path in MODULES} <= {"", "search", *ALLOWED}


def test_no_module_is_named_qkeras():
    assert not [path for path in ROOT.rglob("*") if path.stem.lower() == "qkeras"]


def functions(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=RELATIVE)
def test_functions_and_modules_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    lengths = {
        f"{node.name}, line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1
        for node in functions(ast.parse(text))
    }
    assert {name: lines for name, lines in lengths.items() if lines > 60} == {}


# Import time

PROBE = """
import sys, time
begin = time.process_time()
import {module}
print(time.process_time() - begin)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def probe(module):
    """CPU seconds that ``import module`` takes in a fresh interpreter, and the packages then loaded."""
    command = [sys.executable, "-c", PROBE.format(module=module)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, packages = result.stdout.splitlines()
    return float(seconds), set(packages.split())


HEAVY = {"keras", "tensorflow", "torch", "jax", "h5py", "optuna", "scipy"}


def test_the_ir_imports_fast_and_without_keras():
    runs = [probe("qhls.ir") for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < 0.3
    for _, packages in runs:
        assert not packages & {*HEAVY, "rich", "jinja2"}


@pytest.mark.parametrize("module", ["qhls", "qhls.energy", "qhls.backends", "qhls.cli"])
def test_what_does_not_touch_models_imports_no_keras(module):
    _, packages = probe(module)
    assert not packages & HEAVY
