"""Yosys in a child process, because an error in Yosys ends the process in which it runs."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qhls.errors import MissingError, RtlError
from qhls.system.processes import Children, begin

_CHILD = """
import os, sys
os.dup2(2, 1)
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""
_PASS = re.compile(r"^\d+(?:\.\d+)*\. Executing (\S+)")


def find_yosys() -> str:
    """Return the version of pyosys. Raises ``MissingError`` where it is not installed."""
    if importlib.util.find_spec("pyosys") is None:
        raise MissingError(
            "Yosys: expected the package pyosys, got none. Run pip install 'qhls[rtl]'."
        )
    return version("pyosys")


def run_yosys(
    commands: Sequence[str], folder: Path, heard: Callable[[str], None] | None = None
) -> str:
    """Run Yosys commands in ``folder`` and return their output.

    ``heard`` is called with the name of each pass as it begins. Raises ``MissingError`` without pyosys, and
    ``RtlError`` with Yosys' message if a command fails. The child process ends with this call, even after Ctrl-C.
    """
    find_yosys()
    children = Children()

    def listen(line: str) -> None:
        if heard and (match := _PASS.match(line)):
            heard(match[1])

    try:
        status, said = children.run([sys.executable, "-c", _CHILD, *commands], folder, heard=listen)
    finally:
        children.stop()
    if status:
        faults = "\n".join(line for line in said.splitlines() if "ERROR" in line)
        raise RtlError(
            f"Yosys: expected {commands[-1]!r} to succeed, got status {status}:\n"
            f"{begin(faults or said[-2000:])}"
        )
    return said


def read_verilog(text: str, top: str) -> dict[str, Any]:
    """Parse Verilog with Yosys and return the module ``top`` in Yosys' JSON format, with word-level cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.sv").write_text(text, encoding="ascii")
        commands = ["read_verilog -sv design.sv", f"hierarchy -check -top {top}", "proc"]
        run_yosys([*commands, "memory_unpack", "write_json read.json"], folder)
        return json.loads((folder / "read.json").read_text(encoding="utf-8"))["modules"][top]
