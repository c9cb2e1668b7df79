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
from qhls.rtl.verilog import Verilog
from qhls.synthesis.delay import find_slowest_path, load_delays
from qhls.synthesis.families import find_family
from qhls.synthesis.model import estimate_fabric
from qhls.synthesis.nextpnr import Device, check_fit, find_device, find_nextpnr, place_netlist
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
"""Resources by nextpnr's names."""


@dataclass(frozen=True, slots=True)
class PlacementReport(Tabular):
    """A placed and routed design: ``used`` and ``available`` by resource, and its slowest path in nanoseconds."""

    design: str
    device: str
    tool: str
    clock_period: float
    """The clock that was asked for, in nanoseconds."""
    used: Mapping[str, int]
    available: Mapping[str, int]
    slowest: float
    """Nanoseconds of the slowest path from a register to a register."""
    estimate: float
    """Our estimate of it."""
    error: float
    """Largest relative error of such estimates on designs that no fit has seen."""

    @property
    def fmax(self) -> float:
        """Return the highest frequency in MHz."""
        return 1000 / self.slowest

    @property
    def meets_clock(self) -> bool:
        """Return whether the slowest path fits in the clock period."""
        return self.slowest <= self.clock_period

    def to_table(self) -> Table:
        """Return one row per resource, with the clock below."""
        ratio = self.estimate / self.slowest
        verdict = "meets" if self.meets_clock else "misses"
        caption = (
            f"slowest path {self.slowest:.2f} ns, {self.fmax:.0f} MHz, {verdict} {self.clock_period:g} ns; "
            f"our estimate: {self.estimate:.2f} ns ({ratio:.2f} times, error bar {self.error:.0%})"
        )
        title = make_cell(f"{self.design} on {self.device} by {self.tool}", "italic")
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
        names = ("design", "device", "tool", "clock_period", "slowest", "estimate", "error")
        found = {name: getattr(self, name) for name in names}
        return found | {
            "used": dict(self.used),
            "available": dict(self.available),
            "fmax": self.fmax,
            "meets_clock": self.meets_clock,
        }


def place(
    name: str,
    verilog: Verilog,
    device: str,
    clock_period: float,
    bitstream: str | Path | None = None,
) -> PlacementReport:
    """Place and route Verilog on a device; the same Verilog is placed once.

    ``clock_period``: nanoseconds that are asked for. ``bitstream``: file to write; then ports are placed on pins, else
    they have none, as those of a part of a larger design.

    Raises ``EmitError`` for a device that does not exist, for a design that does not fit or has too few registers for a
    clock, before anything is placed,
    ``MissingError`` without pyosys or nextpnr, and ``RtlError`` where a tool fails.
    """
    chosen = find_device(device)
    tool = f"nextpnr {find_nextpnr()}"
    _check_clock(verilog)
    pins = sum(port.type.width * len(port.cells) for port in _list_ports(verilog)) + verilog.clocked
    # The estimate says in a moment what a tool would say after an hour.
    estimate = estimate_fabric(verilog.netlist, find_family(FAMILY)).resources
    check_fit(chosen, estimate, pins if bitstream is not None else None)
    found = _find_placement(verilog, chosen, clock_period, bitstream)
    delays = load_delays(FAMILY)
    used = {
        short: found["utilization"][long]["used"]
        for long, short in _RESOURCES.items()
        if long in found["utilization"]
    }
    most = {
        short: found["utilization"][long]["available"]
        for long, short in _RESOURCES.items()
        if long in found["utilization"]
    }
    return PlacementReport(
        name,
        device,
        tool,
        clock_period,
        used,
        most,
        1000 / min(clock["achieved"] for clock in found["fmax"].values()),
        find_slowest_path(verilog.netlist, delays)[0],
        delays.worst,
    )


def _list_ports(verilog: Verilog) -> list[Any]:
    return [*verilog.netlist.inputs, *verilog.netlist.outputs]


def _check_clock(verilog: Verilog) -> None:
    """Raise ``EmitError`` for a design without a path from a register to a register."""
    if verilog.netlist.latency < 2:
        raise EmitError(
            f"place: expected a pipeline of at least 2 stages of registers, whose clock can be measured, got "
            f"{verilog.netlist.latency}. Ask for a shorter clock period."
        )


def _find_placement(
    verilog: Verilog, device: Device, clock_period: float, bitstream: str | Path | None
) -> dict[str, Any]:
    """Return nextpnr's report, from the cache where the same Verilog was placed before, and write the bitstream."""
    text = verilog.print()
    family = find_family(FAMILY)

    def place_in(folder: Path) -> dict[str, Any]:
        map_verilog(text, verilog.top, family, folder)
        return place_netlist(device, folder / NETLIST, clock_period, bitstream is not None)

    if bitstream is None:

        def make(folder: Path, built: Path) -> None:
            found = place_in(folder)
            kept = {name: found[name] for name in ("fmax", "utilization")}
            built.write_text(json.dumps(kept), encoding="utf-8")

        tools = [find_yosys(), find_nextpnr(), device.name, str(clock_period)]
        return json.loads(read_kept(f"{digest(['placement', *tools, text])}.json", make))

    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        found = place_in(Path(name))
        write_whole(bitstream, (Path(name) / "design.bit").read_bytes(), "bitstream")
    return found
