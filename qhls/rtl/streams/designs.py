"""Verilog of a design as its schedule asks: one pipeline, or processes that exchange tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qhls.backends.cache import find_cache_folder
from qhls.backends.names import make_identifier
from qhls.errors import EmitError, RtlError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.plan import Schedule
from qhls.rtl.emit import VerilogProject, emit
from qhls.rtl.netlist import Netlist
from qhls.rtl.simulate import Rtl, build, write_waves
from qhls.rtl.wires import build_netlist
from qhls.system.display import Printed

if TYPE_CHECKING:
    from qhls.rtl.streams.simulate import StreamRtl


@dataclass(frozen=True)
class RtlLatency(Printed):
    """The exact latency and initiation interval of a design in Verilog, in clock cycles.

    ``latency``: from the first input to the last output. ``interval``: between inputs.
    """

    design: str
    latency: int
    interval: int
    clock_period: float

    @property
    def nanoseconds(self) -> float:
        """Return the latency in nanoseconds at the schedule's clock period."""
        return self.latency * self.clock_period

    def __str__(self) -> str:
        return (
            f"Latency of {self.design} in Verilog: {self.latency:,} cycles, {self.nanoseconds:g} ns; initiation "
            f"interval: {self.interval:,}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        cycles = {"latency": self.latency, "interval": self.interval}
        return {"design": self.design, **cycles, "nanoseconds": self.nanoseconds}


def check_period(schedule: Schedule) -> float:
    """Check that ``schedule`` requests no ``storage``; return its clock period. Raises ``EmitError`` if it does."""
    if schedule.storage != "registers":
        raise EmitError(
            f"verilog: expected a schedule without storage, got storage={schedule.storage!r}. The plan places weights "
            "in Verilog: leave it out."
        )
    return schedule.clock_period


def is_pipeline(schedule: Schedule) -> bool:
    """Return whether the Verilog of ``schedule`` is one pipeline rather than processes that exchange tokens."""
    return schedule.io == "array" and schedule.weights_are_logic


def build_pipeline(graph: Graph, schedule: Schedule) -> Netlist:
    """Return the netlist of one pipeline with the clock, the family and the adders of ``schedule``.

    Raises ``EmitError`` for a graph that is too large to have an adder per weight.
    """
    return build_netlist(graph, **_describe_pipeline(schedule))


def _describe_pipeline(schedule: Schedule) -> dict[str, Any]:
    return {
        "clock_period": schedule.clock_period,
        "family": schedule.family,
        "ternary": schedule.ternary_adders,
    }


def find_latency(graph: Graph, schedule: Schedule) -> RtlLatency:
    """Return latency and interval of ``graph`` in Verilog. Raises ``EmitError`` for what ``emit_design`` refuses."""
    period = check_period(schedule)
    if is_pipeline(schedule):
        latency = build_pipeline(graph, schedule).latency
        return RtlLatency(graph.name, latency, 1, period)
    from qhls.rtl.streams.design import StreamVerilog

    plan = StreamVerilog.of(graph, schedule).plan
    return RtlLatency(graph.name, plan.latency, plan.interval, period)


def emit_design(
    graph: Graph, schedule: Schedule, path: str | Path, **options: Any
) -> VerilogProject:
    """Write the Verilog project of ``graph``; ``options`` are those of ``qhls.rtl.emit``. Raises ``EmitError``."""
    check_period(schedule)
    if is_pipeline(schedule):
        return emit(graph, path, **_describe_pipeline(schedule), **options)
    from qhls.rtl.streams.emit import emit_streams

    return emit_streams(graph, schedule, path, **options)


def build_design(
    graph: Graph, schedule: Schedule, *, taps: bool = False, waves: bool = False
) -> Rtl | StreamRtl:
    """Build a simulation of the Verilog of ``graph``. Raises ``EmitError`` and ``RtlError``.

    ``taps`` and ``waves`` are those of ``qhls.rtl.build``.
    """
    check_period(schedule)
    if is_pipeline(schedule):
        return build(graph, **_describe_pipeline(schedule), taps=taps, waves=waves)
    from qhls.rtl.streams.simulate import build_streams

    return build_streams(graph, schedule, taps=taps, waves=waves)


def save_waves(graph: Graph, schedule: Schedule, codes: Sequence[Array]) -> Path:
    """Simulate ``codes`` again and return the path of a VCD file of all signals, in the cache's folder ``waves``.

    Raises ``RtlError`` where the folder cannot be written.
    """
    path = find_cache_folder() / "waves" / f"{make_identifier(graph.name)}.vcd"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RtlError(
            f"waveform {str(path)!r}: expected a folder that can be written, got: {error}. Set QHLS_CACHE to another."
        ) from error
    write_waves(build_design(graph, schedule, waves=True), codes, path)
    return path
