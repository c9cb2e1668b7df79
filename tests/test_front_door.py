"""What a user meets first: names, signatures, and a message where a package is missing."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import qhls
import qhls.layers
from qhls.frontend import get_registered
from qhls.frontend.layers.mobilenet import QMobileNetSeparableConv2D
from qhls.frontend.layers.octave import OctaveConv2D, QOctaveConv2D

ROOT = Path(__file__).parents[1]


def python(code, **environment):
    """Status, stdout and stderr of a new interpreter that runs ``code``."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def test_layers_is_the_same_module_before_and_after_its_import():
    done = python("import qhls; first = qhls.layers; import qhls.layers as l; assert first is l")
    assert done.returncode == 0, done.stderr


def test_layers_names_every_layer_of_ours():
    functions = {QMobileNetSeparableConv2D, OctaveConv2D, QOctaveConv2D}
    own = {cls for cls in get_registered().values() if cls.__module__.startswith("qhls.frontend.")}
    assert {getattr(qhls.layers, name) for name in qhls.layers.__all__} == own | functions


def test_layers_finds_what_a_third_party_registers():
    @qhls.frontend.register
    class ThirdPartysDense(qhls.layers.QDense):
        pass

    assert qhls.layers.ThirdPartysDense is ThirdPartysDense
    assert "ThirdPartysDense" in dir(qhls.layers)
    with pytest.raises(
        AttributeError, match=r"^module 'qhls\.layers' has no layer 'QNothing'\. Choose one of "
    ):
        _ = qhls.layers.QNothing


def test_dir_names_the_whole_surface():
    done = python("import qhls; print(*dir(qhls))")
    names = set(done.stdout.split())
    assert {*qhls.__all__, "layers", "search", "utils", "qtools", "energy", "quantizers"} <= names


def test_search_has_the_signature_of_pareto():
    assert inspect.signature(qhls.search) == inspect.signature(qhls.search.pareto)
    assert "objectives" in inspect.signature(qhls.search).parameters


BLOCKED = """
    import sys
    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name == {package!r} or name.startswith({package!r} + "."):
                raise ModuleNotFoundError(f"No module named {{name!r}}", name={package!r})
    sys.meta_path.insert(0, Blocked())
"""


@pytest.mark.parametrize("module", ["layers", "quantizers", "utils", "qtools", "search"])
def test_a_missing_backend_says_what_to_install(module):
    code = (
        BLOCKED.format(package="tensorflow")
        + f"""
    import qhls
    try:
        qhls.{module}
    except qhls.MissingError as error:
        print(error)
    """
    )
    done = python(code, KERAS_BACKEND="tensorflow")
    assert done.stdout == (
        "Keras: expected the package 'tensorflow', got none. Run pip install 'qhls[tensorflow]', or set "
        "KERAS_BACKEND to jax or torch and install that extra.\n"
    ), done.stderr


@pytest.mark.parametrize("command", ["show", "check", "energy", "qtools"])
def test_commands_say_what_to_install(command):
    code = (
        BLOCKED.format(package="tensorflow")
        + f"""
    from qhls.cli import main
    sys.exit(main([{command!r}, "model.keras"]))
    """
    )
    done = python(code, KERAS_BACKEND="tensorflow")
    assert done.returncode == 2
    assert done.stderr.startswith(f"qhls {command}: Keras: expected the package 'tensorflow', got")
    assert done.stderr.count("\n") == 1


def test_an_unknown_backend_is_named():
    done = python("import qhls.quantizers", KERAS_BACKEND="nothing")
    assert "KERAS_BACKEND: expected one of tensorflow, jax, torch, got 'nothing'" in done.stderr


def test_a_schedule_is_still_found_beside_the_ops():
    from qhls.ir import Schedule

    assert Schedule is qhls.Schedule
    with pytest.raises(AttributeError, match=r"^module 'qhls.ir' has no attribute 'Plan'$"):
        qhls.ir.Plan  # noqa: B018


@pytest.mark.parametrize(
    ("module", "name"),
    [("costs", "Hardware"), ("front", "Front"), ("journal", "Journal"), ("objectives", "parse")],
)
def test_modules_of_a_search_are_found_by_their_first_names(module, name):
    assert callable(getattr(importlib.import_module(f"qhls.search.{module}"), name))
