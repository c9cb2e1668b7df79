"""``place``: a design's Verilog placed and routed on a device, with its utilisation and its clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from qhls.backends.cache import digest, read_kept
from qhls.errors import EmitError
from qhls.rtl.timing.delays import load_delays
from qhls.synthesis.families import find_family
from qhls.synthesis.nextpnr import Device, check_fit, find_device, find_nextpnr, place_netlist
from qhls.synthesis.source import VerilogSource
from qhls.synthesis.synthesize import NETLIST, map_verilog
from qhls.synthesis.yosys import find_yosys
from qhls.system.display import Tabular
from qhls.system.files import write_whole
from qhls.system.tables import make_cell

FAMILY = "ecp5"
_RESOURCES = {
    "TRELLIS_COMB": "LUT",
    "TRELLIS_FF": "FF",
    "MULT18X18D": "DSP",
    "DP16KD": "BRAM",
    "TRELLIS_IO": "pins",
}
"""Name of a resource in nextpnr -> its name in reports."""


@dataclass(frozen=True, slots=True)
class PlacementReport(Tabular):
    """Report of a placed and routed design: used and available resources, and its slowest path."""

    design: str
    device: str
    tool: str
    clock_period: float
    """Requested clock period in nanoseconds."""
    used: Mapping[str, int]
    available: Mapping[str, int]
    slowest: float
    """Delay of the slowest register-to-register path in nanoseconds."""
    estimate: float | None
    """Our estimate of ``slowest``; ``None`` for streams, whose control logic the delay model does not cover."""
    error: float
    """Largest relative error of the estimate on designs that were not used for fitting."""
    shortest: float
    """Shortest clock period that pipelining can reach, in nanoseconds: the delay of the slowest cell."""

    @property
    def fmax(self) -> float:
        """Return the highest frequency in MHz."""
        return 1000 / self.slowest

    @property
    def meets_clock(self) -> bool:
        """Return whether the slowest path fits in the clock period."""
        return self.slowest <= self.clock_period

    def to_table(self) -> Table:
        """Return a table with one row per resource and the clock in the caption."""
        verdict = "meets" if self.meets_clock else "misses"
        caption = f"slowest path {self.slowest:.2f} ns, {self.fmax:.0f} MHz, {verdict} {self.clock_period:g} ns"
        if self.estimate is not None:
            ratio = self.estimate / self.slowest
            caption += f"; our estimate: {self.estimate:.2f} ns ({ratio:.2f} times, error bar {self.error:.0%})"
        title = make_cell(f"{self.design} on {self.device} by {self.tool}", "italic")
        if self.clock_period < self.shortest:
            caption += f"; no pipeline of this design is faster than {self.shortest:.2f} ns"
        table = Table(title=title, caption=Text(caption))
        table.add_column("resource")
        for name in ("used", "available", "share"):
            table.add_column(name, justify="right")
        for name, used in self.used.items():
            most = self.available[name]
            table.add_row(name, f"{used:,}", f"{most:,}", f"{used / max(most, 1):.1%}")
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        names = (
            "design",
            "device",
            "tool",
            "clock_period",
            "slowest",
            "estimate",
            "error",
            "shortest",
        )
        fields = {name: getattr(self, name) for name in names}
        return fields | {
            "used": dict(self.used),
            "available": dict(self.available),
            "fmax": self.fmax,
            "meets_clock": self.meets_clock,
        }


def place(
    source: VerilogSource,
    device: str,
    clock_period: float,
    bitstream: str | Path | None = None,
) -> PlacementReport:
    """Place and route Verilog on a device and return a report; without a bitstream, results are cached.

    ``clock_period``: the requested period in nanoseconds. ``bitstream``: file to write. With it, ports are placed on
    pins; without it, they have no pins, like the ports of a part of a larger design.

    Raises ``EmitError`` for a device that does not exist, or before placement for a design that does not fit or has
    too few registers to measure a clock. Raises ``MissingError`` without pyosys or nextpnr, and ``RtlError`` if a tool
    fails.
    """
    chosen = find_device(device)
    tool = f"nextpnr {find_nextpnr()}"
    _check_clock(source)
    # The estimate detects in a moment what a tool would report after an hour.
    family = find_family(FAMILY)
    total = source.estimate_area(family).resources
    check_fit(chosen, total, source.pins if bitstream is not None else None)
    placement = _find_placement(source, chosen, clock_period, bitstream)
    delays = load_delays(FAMILY)
    counts = {
        _RESOURCES[name]: each
        for name, each in placement["utilization"].items()
        if name in _RESOURCES
    }
    return PlacementReport(
        source.name,
        device,
        tool,
        clock_period,
        {name: each["used"] for name, each in counts.items()},
        {name: each["available"] for name, each in counts.items()},
        1000 / min(clock["achieved"] for clock in placement["fmax"].values()),
        source.estimate_slowest(delays),
        delays.worst,
        source.find_shortest_period(FAMILY),
    )


def _check_clock(source: VerilogSource) -> None:
    """Raise ``EmitError`` for a design without a path from a register to a register."""
    if source.latency < 2 and not source.closed:
        raise EmitError(
            f"place: expected a pipeline of at least 2 stages of registers, whose clock can be measured, got "
            f"{source.latency}. Ask for a shorter clock period."
        )


def _find_placement(
    source: VerilogSource, device: Device, clock_period: float, bitstream: str | Path | None
) -> dict[str, Any]:
    """Return nextpnr's report, either cached or after placement; if requested, also write the bitstream."""
    family = find_family(FAMILY)

    def place_in(folder: Path) -> dict[str, Any]:
        map_verilog(source.text, source.top, family, folder)
        return place_netlist(device, folder / NETLIST, clock_period, bitstream is not None)

    if bitstream is None:

        def make(folder: Path, built: Path) -> None:
            placement = place_in(folder)
            kept = {name: placement[name] for name in ("fmax", "utilization")}
            built.write_text(json.dumps(kept), encoding="utf-8")

        tools = [find_yosys(), find_nextpnr(), device.name, str(clock_period)]
        return json.loads(read_kept(f"{digest(['placement', *tools, source.text])}.json", make))

    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        placement = place_in(Path(name))
        write_whole(bitstream, (Path(name) / "design.bit").read_bytes(), "bitstream")
    return placement
