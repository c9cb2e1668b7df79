"""The wheel, installed with its core dependencies only: it works for what it claims, and says what is missing."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import qhls
from support.graphs.designs import classifier

pytestmark = pytest.mark.long
ROOT = Path(qhls.__file__).parents[1]
KERAS = (
    r"Keras: expected the package 'tensorflow', got none. Run pip install 'qhls[tensorflow]', or "
)
HEADERS = r"vitis headers: expected ap_fixed.h, got none. Run pip install 'qhls[csim]', or "


VERSIONS = ("3.11", "3.12", "3.13")


def find_python(version):
    """Return an interpreter of that version, from PATH or pyenv; None without one."""
    kept = Path.home().glob(f".pyenv/versions/{version}*/bin/python")
    for candidate in (shutil.which(f"python{version}"), *sorted(kept)):
        call = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if candidate:
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", folder]
    subprocess.run([*pip, ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=VERSIONS)
def installed(request, wheel, tmp_path_factory):
    """Return the folder of the commands of a new environment, and a folder with a saved design."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"Python {request.param} is not installed")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([python, "-m", "venv", folder / "core"], check=True)
    commands = folder / "core" / "bin"
    subprocess.run([commands / "python", "-m", "pip", "--quiet", "install", wheel], check=True)
    qhls.Design(classifier(), qhls.Schedule()).save(folder / "design.qhls")
    return commands, folder


def called(installed, *command):
    commands, folder = installed
    program, *arguments = command
    done = subprocess.run(
        [commands / program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_saved_design_is_priced_and_written(installed):
    assert called(installed, "qhls", "--version") == (0, f"qhls {version('qhls')}\n", "")
    status, out, _ = called(installed, "qhls", "energy", "design.qhls", "--area", "xilinx_lut6")
    assert status == 0
    assert "Area and latency" in out
    status, out, _ = called(installed, "qhls", "compile", "design.qhls", "-o", "project")
    assert status == 0
    assert (installed[1] / "project" / "catapult" / "build.tcl").is_file()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("qhls check design.qhls", f"qhls check: {HEADERS}"),
        ("qhls show model.keras -i s8.4", f"qhls show: {KERAS}"),
        ("qhls search model.keras data.npz", f"qhls search: {KERAS}"),
        ("qhls qtools model.keras", f"qhls qtools: {KERAS}"),
    ],
)
def test_commands_say_what_is_missing(installed, command, message):
    status, _, error = called(installed, *command.split())
    assert status == 2
    assert error.startswith(message)


@pytest.mark.parametrize("name", ["layers", "load_model", "search", "frontend", "utils", "lower"])
def test_imports_say_what_is_missing(installed, name):
    status, _, error = called(installed, "python", "-c", f"import qhls; qhls.{name}")
    assert status == 1
    assert f"MissingError: {KERAS}" in error


def test_types_are_declared(installed):
    code = "import qhls, pathlib; print((pathlib.Path(qhls.__file__).parent / 'py.typed').exists())"
    assert called(installed, "python", "-c", code)[1] == "True\n"
