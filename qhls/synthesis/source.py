"""``VerilogSource``: the Verilog of a design, with arrays or streams, and what synthesis needs besides the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from qhls.ir.graph import Graph
from qhls.plan import Schedule
from qhls.plan.schedule import FamilyName
from qhls.rtl import check_period
from qhls.rtl.netlist import Netlist
from qhls.rtl.pipeline import find_slowest_cell
from qhls.rtl.streams.design import StreamVerilog
from qhls.rtl.streams.designs import build_pipeline, is_pipeline
from qhls.rtl.timing.delays import DelayTable, find_slowest_path
from qhls.rtl.verilog import Verilog
from qhls.synthesis.families import Family
from qhls.synthesis.model import FabricEstimate, estimate_fabric
from qhls.synthesis.streams.model import estimate_streams


@dataclass(frozen=True)
class VerilogSource:
    """The Verilog of a design for synthesis: its text, and functions that estimate its area and delay.

    ``text`` includes the module ``top``. ``pins``: the number of bits of its ports. ``netlists``: its logic between
    registers. ``closed``: whether registers surround the netlists, as in the processes of streams; else ports do.
    ``latency``: clock cycles from an input to its output. ``estimate_area`` returns the resources on a family.
    ``find_op`` returns the op of a wire of the flattened design, ``None`` for a wire that belongs to none.
    """

    name: str
    top: str
    text: str
    pins: int
    netlists: tuple[Netlist, ...]
    latency: int
    estimate_area: Callable[[Family], FabricEstimate]
    find_op: Callable[[str], str | None]
    closed: bool = False

    @classmethod
    def of(cls, graph: Graph, schedule: Schedule, family: FamilyName) -> VerilogSource:
        """Return the Verilog that ``emit`` writes for a schedule of ``family``. Raises ``EmitError``."""
        check_period(schedule)
        mapped = replace(schedule, family=family)
        if is_pipeline(schedule):
            return cls.of_module(Verilog.of(build_pipeline(graph, mapped)))
        return cls.of_streams(StreamVerilog.of(graph, mapped))

    @classmethod
    def of_module(cls, verilog: Verilog) -> VerilogSource:
        """Create the source of a design with arrays, which is one Verilog module."""
        netlist = verilog.netlist
        ports = (*netlist.inputs, *netlist.outputs)
        pins = sum(port.type.width * len(port.cells) for port in ports) + verilog.clocked
        ops = {wire: netlist.labels[cell][0] for cell, wire in verilog.wires.items()}
        return cls(
            netlist.name,
            verilog.top,
            verilog.print(),
            pins,
            (netlist,),
            netlist.latency,
            partial(estimate_fabric, netlist),
            ops.get,
        )

    @classmethod
    def of_streams(cls, verilog: StreamVerilog) -> VerilogSource:
        """Create the source of a design with streams, which is one Verilog module per process.

        Its ports are clock, reset, and data, valid and ready of each FIFO at the border.
        """
        plan = verilog.plan
        pins = sum(fifo.bits + 2 for fifo in (*plan.inputs, *plan.outputs)) + 2
        designs = verilog, *verilog.parts
        bodies = [body for design in designs for body in design.bodies.values() if body]
        netlists = tuple(netlist for body in bodies for netlist in body.netlists)
        ops = {f"{module.name}_process": module.process.name for module in verilog.modules}
        return cls(
            plan.graph.name,
            verilog.top,
            "\n".join(verilog.files.values()),
            pins,
            netlists,
            plan.latency,
            partial(estimate_streams, verilog),
            lambda wire: ops.get(wire.split(".")[0]),
            True,
        )

    @property
    def levels(self) -> int:
        """Return the number of adders, comparisons and tables on the longest path of any netlist."""
        return max((netlist.levels for netlist in self.netlists), default=0)

    def estimate_slowest(self, table: DelayTable) -> float | None:
        """Estimate the delay of the slowest register-to-register path in nanoseconds.

        ``None`` for a design with streams, whose control logic the delay model does not cover.
        """
        if self.closed:
            return None
        return max(find_slowest_path(net, table)[0] for net in self.netlists)

    def find_shortest_period(self, family: str) -> float:
        """Return the shortest clock period, in nanoseconds, that pipelining of this logic can reach on a family."""
        return max(find_slowest_cell(netlist, family) for netlist in self.netlists)
