"""The plan of a design of streams: one process per op or fork, joined by FIFOs of one producer and one consumer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.plan.process import Process
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Action, Repeat, Slide
from qhls.system.display import Tabular

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Fifo:
    """A FIFO that carries ``tensor``, row-major, as tokens of ``lanes`` elements; it holds ``depth`` tokens.

    ``producer`` and ``consumer`` name processes; empty for a port of the design.
    """

    name: str
    tensor: Op
    lanes: int
    producer: str
    consumer: str
    depth: int = 2

    @property
    def tokens(self) -> int:
        """Return the tokens of one inference."""
        return self.tensor.size // self.lanes

    @property
    def bits(self) -> int:
        """Return the bits of one token."""
        return self.lanes * self.tensor.type.width

    @property
    def is_port(self) -> bool:
        """Return whether the FIFO is a port of the design."""
        return not (self.producer and self.consumer)


@dataclass(frozen=True)
class StreamProcess:
    """A process: the hardware of ``op``, or a fork, which has none.

    ``hardware``: the process of one step; None where tokens only move.
    """

    name: str
    op: Op | None
    action: Action
    hardware: Process | None
    reads: tuple[Fifo, ...]
    writes: tuple[Fifo, ...]

    @property
    def held(self) -> frozenset[Op]:
        """Return the arrays that are read whole before the first step."""
        return self.action.held if isinstance(self.action, Repeat) else frozenset()

    @property
    def taken(self) -> tuple[int, ...]:
        """Return for each FIFO that is read the tokens of one step; 0 where it is held."""
        action = self.action
        if isinstance(action, Slide):
            return (action.image[2] // self.reads[0].lanes,)
        if not isinstance(action, Repeat):
            return (1,)
        return tuple(
            0 if fifo.tensor in action.held else fifo.tokens // action.steps for fifo in self.reads
        )

    @property
    def given(self) -> int:
        """Return the tokens that a step writes."""
        action = self.action
        if isinstance(action, Repeat | Slide):
            return action.step.size // self.writes[0].lanes
        return 1

    @property
    def interval(self) -> int:
        """Return the cycles between steps that overlap; 0 where a step is a loop, so that none does."""
        if self.hardware is None:
            return 1
        buffers = [access.buffer for access in (*self.hardware.reads, self.hardware.writes)]
        if self.hardware.trips > 1 or any(buffer.is_memory for buffer in buffers):
            return 0
        return max(*self.taken, self.given, self.hardware.interval)


@dataclass(frozen=True, eq=False)
class StreamPlan(Tabular):
    """The hardware of ``graph`` as ``processes``, producers first, and the FIFOs that are ports.

    ``latency``: cycles from the first input token to the last output token. ``interval``: cycles between inferences.
    """

    graph: Graph
    schedule: Schedule
    processes: tuple[StreamProcess, ...]
    inputs: tuple[Fifo, ...]
    outputs: tuple[Fifo, ...]
    latency: int = 0
    interval: int = 0

    @cached_property
    def fifos(self) -> tuple[Fifo, ...]:
        """Return the FIFOs between processes."""
        written = (fifo for process in self.processes for fifo in process.writes)
        return tuple(fifo for fifo in written if not fifo.is_port)

    def table(self) -> Table:
        """Return one row per process: its action, intervals and FIFOs."""
        from qhls.plan.streams.table import make_stream_table

        return make_stream_table(self)
