"""``StreamVerilog``: the modules of a design of streams, one per process, and the FIFOs between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from qhls.backends.names import Names, make_printable
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.plan import Schedule
from qhls.plan.streams.build import plan_streams
from qhls.plan.streams.depths import time_plan
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess
from qhls.plan.streams.ports import plan_arrays
from qhls.rtl.emit import render
from qhls.rtl.streams.bodies import Body, make_body
from qhls.rtl.streams.counters import Counter
from qhls.rtl.streams.modules import Module

_LONGEST = 80
"""Maximum length of a module's name before a suffix such as ``_fifo``."""
_SIGNALS = ("valid", "ready", "data", "room", "reserve", "write", "token")
_AXIS = ("tdata", "tvalid", "tready", "tlast")


@dataclass(frozen=True, eq=False)
class StreamVerilog:
    """The Verilog modules of ``plan``, which is timed by the latencies of the netlists in ``bodies``."""

    plan: StreamPlan
    bodies: dict[str, Body | None]
    names: Names = field(default_factory=Names)
    """Names of modules that are taken; designs within one another share them."""

    @classmethod
    def of(cls, graph: Graph, schedule: Schedule, names: Names | None = None) -> StreamVerilog:
        """Return the Verilog of ``graph``, with pipeline registers for the clock period of ``schedule``.

        In a design of arrays, each port passes a whole tensor as one token.

        Raises ``EmitError`` for a process that is too large, and for one that is slower than the schedule's interval.
        """
        names = names or Names()
        streams = schedule.io == "stream"
        plan = plan_streams(graph, schedule) if streams else plan_arrays(graph, schedule)
        bodies = {each.name: make_body(each, schedule, names) for each in plan.processes}
        paces = {name: body.pace for name, body in bodies.items() if body}
        timed = time_plan(plan, paces)
        target = schedule.target
        if target is not None and timed.interval > target:
            raise EmitError(
                f"verilog: expected an interval of at most {target:,} cycles, got {timed.interval:,}. Allow "
                "more cycles or a longer clock period, or ask for a shorter interval, so that the plan shares less."
            )
        return cls(timed, bodies, names)

    @property
    def patience(self) -> int:
        """Return the timeout of a simulation: the number of cycles without a token after which it fails.

        Ports of a simulation wait at random.
        """
        return 64 * (self.plan.latency + self.plan.interval) + 1000

    @cached_property
    def top(self) -> str:
        """Return the name of the top module."""
        return self.names.take(self.plan.graph.name)

    @cached_property
    def fifo(self) -> str:
        """Return the name of the module that all FIFOs instantiate."""
        return self.names.take(f"{self.top[:_LONGEST]}_fifo")

    @cached_property
    def axis(self) -> str:
        """Return the name of the module with AXI-Stream ports."""
        return self.names.take(f"{self.top[:_LONGEST]}_axis")

    @cached_property
    def modules(self) -> list[Module]:
        """Return the module of every process."""
        names = self.names
        start = self.top[: _LONGEST // 3]
        modules: list[Module] = []
        for process in self.plan.processes:
            name = names.take(f"{start}_{process.name}"[:_LONGEST])
            inner = names.take(f"{name}_body"), names.take(f"{name}_followers")
            modules.append(Module(name, process, self.bodies[process.name], *inner))
        return modules

    @cached_property
    def signals(self) -> dict[str, dict[str, str]]:
        """Return the signal names of each FIFO, by the FIFO's name, then by role such as ``valid``."""
        names = Names()
        for taken in ("clk", "reset"):
            names.take(taken)
        written = (fifo for process in self.plan.processes for fifo in process.writes)
        fifos = list({fifo.name: fifo for fifo in (*self.plan.inputs, *written)})
        return {fifo: {role: names.take(f"{fifo}_{role}") for role in _SIGNALS} for fifo in fifos}

    @cached_property
    def axis_signals(self) -> dict[str, dict[str, str]]:
        """Return the AXI-Stream signal names of each port, by its FIFO's name, then by role such as ``tvalid``."""
        names = Names()
        for taken in (
            "aclk",
            "aresetn",
            *(f"axis_token_{n}" for n in range(len(self.plan.outputs))),
        ):
            names.take(taken)
        ways = (("s_axis", self.plan.inputs), ("m_axis", self.plan.outputs))
        return {
            fifo.name: {role: names.take(f"{way}_{fifo.name}_{role}") for role in _AXIS}
            for way, fifos in ways
            for fifo in fifos
        }

    def count_byte_bits(self, fifo: Fifo) -> int:
        """Return the width of a token in bits, rounded up to whole bytes."""
        return -(-fifo.bits // 8) * 8

    def make_token_counter(self, fifo: Fifo) -> Counter:
        """Return the counter of the tokens that leave through an output port."""
        return Counter(f"axis_token_{self.plan.outputs.index(fifo)}", fifo.tokens)

    def find_depth(self, process: StreamProcess, fifo: Fifo) -> int:
        """Return the number of slots of a FIFO: its planned depth, and one slot per cycle of its producer's delay."""
        body = self.bodies[process.name]
        return fifo.depth + (body.pace.delay + body.pace.tail if body else 0)

    @cached_property
    def files(self) -> dict[str, str]:
        """Return the Verilog text of all modules by file name, the top module first."""
        _ = self.top, self.fifo, self.axis
        settings: dict[str, Any] = {"v": self, "title": make_printable(self.plan.graph.name)}
        files = {f"{self.top}.sv": _render("top", settings)}
        files[f"{self.axis}.sv"] = _render("axis", settings)
        files[f"{self.fifo}.sv"] = _render("fifo", {"name": self.fifo})
        for module in self.modules:
            files[f"{module.name}.sv"] = _render(module.template, {"m": module})
            files |= {f"{each.top}.sv": each.print() for each in module.netlists}
        for design in self.parts:
            files |= {
                name: text for name, text in design.files.items() if name != f"{design.axis}.sv"
            }
        return files

    @property
    def parts(self) -> list[StreamVerilog]:
        """Return the designs within this one: the products of recurrences that share multipliers."""
        bodies = (body for body in self.bodies.values() if body)
        return [product.design for body in bodies for product in body.products]


def _render(template: str, settings: dict[str, Any]) -> str:
    """Return the text of a module without the empty lines that its template's macros leave."""
    text = render(f"streams/{template}.sv.j2", settings)
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())


def add_taps(graph: Graph, taps: tuple[Op, ...]) -> Graph:
    """Return ``graph`` with the results of ``taps`` as further outputs."""
    return replace(graph, outputs=(*graph.outputs, *taps))
