"""The plan of a design of streams: one process per op or fork, joined by FIFOs of one producer and one consumer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.ir.ops import Const
from qhls.plan.choices import place_memory
from qhls.plan.process import Buffer, OpHardware, Process, Store
from qhls.plan.rules import Choice
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Action, Fork, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.hardware import hold_elements
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
        """Return the number of tokens per inference."""
        return self.tensor.size // self.lanes

    @property
    def bits(self) -> int:
        """Return the width of a token in bits."""
        return self.lanes * self.tensor.type.width

    @property
    def is_port(self) -> bool:
        """Return whether the FIFO is a port of the design."""
        return not (self.producer and self.consumer)

    @property
    def memory(self) -> Store:
        """Return the memory that stores the FIFO's tokens."""
        place = place_memory(self.depth, self.bits, 1)
        passes = self.tokens / self.depth
        return Store("fifo", Buffer(self.tensor, place, self.depth, self.bits), passes, passes)


@dataclass(frozen=True)
class JoinedOp:
    """An elementwise op that is fused into a process: it works on each token before the token leaves."""

    op: Op
    action: Repeat
    hardware: Process


@dataclass(frozen=True)
class StreamProcess:
    """A process of a plan of streams: the hardware of ``op`` and of the later ops that are fused with it, or a fork.

    ``hardware``: the process of one step, or of all tokens of an elementwise op; None where tokens only move.
    ``followers``: the ops that a token passes on its way out. ``tail``: the cycles that they add to the depth.
    """

    name: str
    op: Op | None
    action: Action
    hardware: Process | None
    reads: tuple[Fifo, ...]
    writes: tuple[Fifo, ...]
    followers: tuple[JoinedOp, ...] = ()
    tail: int = 0

    @property
    def ops(self) -> tuple[Op, ...]:
        """Return the ops that the process computes, in order; none for a fork."""
        return (self.op, *(each.op for each in self.followers)) if self.op else ()

    @property
    def layer(self) -> str:
        """Return the name of the Keras layer that the result belongs to; empty for a fork."""
        return self.ops[-1].layer if self.ops else ""

    @property
    def held(self) -> frozenset[Op]:
        """Return the arrays that are read whole before the first step and kept for the whole inference."""
        return self.action.held if isinstance(self.action, Repeat) else frozenset()

    @property
    def tiles(self) -> Tiles | None:
        """Return the timing of a product that multiplies a tile of weights per cycle while the next tokens arrive.

        None for other processes, and where the result's tokens do not consist of whole tiles' results.
        """
        hardware, action = self.hardware, self.action
        if hardware is None or hardware.fold is None or not isinstance(action, Repeat | Slide):
            return None
        fold, lanes = hardware.fold, self.writes[0].lanes
        if not fold.divides or lanes % fold.pe or hardware.interval > 1:
            return None
        return Tiles(
            fold.trips,
            self.taken[0],
            self.given,
            count_steps(action),
            self.runs,
            is_window_complete(action),
        )

    @property
    def period(self) -> int:
        """Return the number of result tokens after which the constants of all fused elementwise ops repeat."""
        actions = [self.action, *(each.action for each in self.followers)]
        return math.lcm(*(each.period for each in actions if isinstance(each, Repeat)))

    @property
    def runs(self) -> int:
        """Return the number of times per inference that the process completes a part of the result."""
        assert self.op is not None
        return self.op.size // (self.given * self.writes[0].lanes)

    @property
    def times(self) -> int:
        """Return the number of times per inference that ``hardware`` runs."""
        whole = self.hardware is not None and self.hardware.op is self.op
        return 1 if whole else self.runs

    @property
    def taken(self) -> tuple[int, ...]:
        """Return the number of tokens that one step reads from each FIFO; 0 for operands read before the first step."""
        action = self.action
        if isinstance(action, Slide):
            return (action.image[2] // self.reads[0].lanes,)
        if isinstance(action, Regroup):
            return (self.reads[0].tokens,)
        if not isinstance(action, Repeat):
            return (1,)
        return tuple(
            0 if fifo.tensor in action.held else fifo.tokens // action.steps for fifo in self.reads
        )

    @property
    def given(self) -> int:
        """Return the number of tokens that a step writes."""
        action = self.action
        if isinstance(action, Repeat | Slide):
            return action.step.size // self.writes[0].lanes
        return self.writes[0].tokens if isinstance(action, Regroup) else 1

    @property
    def interval(self) -> int:
        """Return the number of cycles between overlapping steps; 0 where a step is a loop and steps do not overlap."""
        if self.tiles:
            return 1
        if self.hardware is None or self.hardware.op is self.op:
            return self.hardware.interval if self.hardware else 1
        buffers = [access.buffer for access in (*self.hardware.reads, self.hardware.writes)]
        if self.hardware.trips > 1 or any(buffer.is_memory for buffer in buffers):
            return 0
        return max(*self.taken, self.given, self.hardware.interval)

    @property
    def trips(self) -> int:
        """Return the number of loop trips per inference: cycles of a product by tiles, else steps, pixels or tokens."""
        if self.tiles:
            return self.tiles.cycles
        action = self.action
        if isinstance(action, Repeat | Slide):
            return count_steps(action)
        if isinstance(action, Regroup):
            return max(*self.taken, self.given)
        if isinstance(action, Fork):
            return action.tokens
        return action.pixels * self.runs if isinstance(action, Reduce) else self.writes[0].tokens

    @property
    def depth(self) -> int:
        """Return the number of cycles from a token to the result that it completes."""
        return (self.hardware.depth if self.hardware else 1) + self.tail

    @property
    def bound(self) -> str:
        """Return the cause of the interval: the schedule, the step before, or a memory with too few ports."""
        return self.hardware.bound if self.hardware else "schedule"

    @property
    def cycles(self) -> int:
        """Return the number of cycles from the first token to the last result without waiting for tokens."""
        from qhls.plan.streams.firings import count_busy_cycles

        return count_busy_cycles(self) + self.depth - 1

    @property
    def memories(self) -> tuple[Store, ...]:
        """Return the line buffers, windows and other buffers of the process, and the FIFOs that it writes."""
        return *self._list_buffers(), *self._fifos

    @property
    def _fifos(self) -> tuple[Store, ...]:
        return tuple(fifo.memory for fifo in self.writes if not fifo.is_port)

    @property
    def tensor(self) -> Op:
        """Return the tensor whose tokens leave, or that the fork of an unread input takes."""
        return (*self.writes, *self.reads)[0].tensor

    def list_memories(self, op: Op) -> Iterator[Store]:
        """Yield the buffers of the process if ``op`` is its first op, and the FIFOs that carry the tensor of ``op``."""
        if op is self.op:
            yield from self._list_buffers()
        if op is self.tensor:
            yield from self._fifos

    def _list_buffers(self) -> Iterator[Store]:
        action = self.action
        if isinstance(action, Reduce):
            assert self.hardware is not None
            passes = action.pixels
            yield Store("sums", hold_elements(action.op, action.op.size), passes, passes)
        if isinstance(action, Slide):
            yield from self._list_windows(action)
        elif isinstance(action, Repeat) and self.hardware is not None and not action.by_token:
            for part in dict.fromkeys(action.step.operands):
                if not isinstance(part, Const):
                    yield from self._list_rows(part)

    def _list_windows(self, action: Slide) -> Iterator[Store]:
        fifo = self.reads[0]
        (height, _), (down, right) = action.size, action.span
        rows, columns, channels = action.image
        if down > 1:
            words, bits = columns * self.taken[0], (down - 1) * fifo.bits
            place = place_memory(words, bits, 1)
            yield Store("lines", Buffer(fifo.tensor, place, words, bits), rows, rows)
        pixels = rows * columns
        window = hold_elements(fifo.tensor, height * right * channels)
        yield Store("window", window, pixels, 0)  # its reads are those of ``hardware``
        if self.tiles:
            yield Store("next", hold_elements(fifo.tensor, height * channels), pixels, pixels)

    def _list_rows(self, part: Op) -> Iterator[Store]:
        assert self.hardware is not None
        buffer = self.hardware.read(part).buffer
        yield Store("part", buffer, self.runs, 0)
        if self.tiles:
            yield Store("next", buffer, self.runs, self.runs)


@dataclass(frozen=True)
class Tiles:
    """The timing of a product by tiles: each step reads ``taken`` tokens and multiplies those of the previous step.

    Each of ``runs`` results takes ``trips`` cycles and consists of ``given`` tokens. ``steps``: the number of parts of
    the operand, of which not all complete a window. ``ends``: whether the last part does.
    """

    trips: int
    taken: int
    given: int
    steps: int
    runs: int
    ends: bool

    @property
    def longest(self) -> int:
        """Return the number of cycles of a step that multiplies."""
        return max(self.taken, self.trips)

    @property
    def cycles(self) -> int:
        """Return the number of cycles per inference."""
        idle = self.steps + self.ends - self.runs
        return idle * self.taken + self.runs * self.longest


def count_steps(action: Repeat | Slide) -> int:
    """Return the number of parts of the operand that a process reads per inference: steps or pixels."""
    return action.steps if isinstance(action, Repeat) else action.image[0] * action.image[1]


def is_window_complete(action: Repeat | Slide) -> bool:
    """Return whether the last part of the operand completes a window."""
    if isinstance(action, Repeat):
        return True
    axes = zip(action.image[:2], action.span, action.strides, strict=True)
    return all((size - span) % stride == 0 for size, span, stride in axes)


@dataclass(frozen=True, eq=False)
class StreamPlan(Tabular):
    """The hardware of ``graph`` as ``processes``, producers first, and the FIFOs that are ports.

    ``latency``: cycles from the first input token to the last output token. ``interval``: cycles between inferences.
    """

    text_width = 200

    graph: Graph
    schedule: Schedule
    processes: tuple[StreamProcess, ...]
    inputs: tuple[Fifo, ...]
    outputs: tuple[Fifo, ...]
    latency: int = 0
    interval: int = 0
    choices: Mapping[Op, Choice] = field(default_factory=dict[Op, Choice])
    """The decisions on each op."""

    obstacles = ()
    """Reasons why processes cannot overlap: none in a plan of streams."""

    @property
    def stores(self) -> tuple[Process, ...]:
        """Return the processes that copy outputs to ports: none, because outputs are FIFOs."""
        return ()

    @property
    def waiting(self) -> int:
        """Return the number of latency cycles beyond the pipeline depths of all processes."""
        return max(self.latency - sum(process.depth - 1 for process in self.processes), 0)

    @property
    def sequential(self) -> int:
        """Return the initiation interval of Catapult's C++: ``interval``, because blocks overlap as in Vitis' C++."""
        return self.interval

    @property
    def busiest(self) -> int:
        """Return the number of cycles per inference of the slowest process."""
        from qhls.plan.streams.firings import count_busy_cycles

        return max(map(count_busy_cycles, self.processes))

    def process(self, op: Op) -> StreamProcess | None:
        """Return the process that computes ``op``; None for inputs, constants, reshapes, and paddings of windows."""
        return self._processes.get(op)

    def list_holders(self, op: Op) -> list[StreamProcess]:
        """Return the processes whose buffers belong to ``op``: its own process and those that write its tensor."""
        return self._holders.get(op, [])

    @cached_property
    def _processes(self) -> dict[Op, StreamProcess]:
        return {op: process for process in self.processes for op in process.ops}

    @cached_property
    def _holders(self) -> dict[Op, list[StreamProcess]]:
        holders: dict[Op, list[StreamProcess]] = {}
        for process in self.processes:
            for op in dict.fromkeys([process.op, process.tensor]):
                if op is not None:
                    holders.setdefault(op, []).append(process)
        return holders

    @cached_property
    def fifos(self) -> tuple[Fifo, ...]:
        """Return the FIFOs between processes."""
        written = (fifo for process in self.processes for fifo in process.writes)
        return tuple(fifo for fifo in written if not fifo.is_port)

    def find_hardware(self, op: Op) -> OpHardware:
        """Return the hardware of ``op``, with the buffers of its process and of its tensor, including a fork's."""
        process = self._processes.get(op)
        memories = tuple(m for p in self.list_holders(op) for m in p.list_memories(op))
        if process is None:
            return OpHardware(op, None, 1, memories)
        if op is process.op:
            return OpHardware(op, process.hardware, process.times, memories)
        unit = next(each.hardware for each in process.followers if each.op is op)
        return OpHardware(op, unit, 1, memories)

    def remake(self, op: Op, new: Op) -> OpHardware:
        """Return the hardware of ``new`` in place of ``op`` under the same decisions.

        ``new``: an op of equal shape whose numbers have other types.
        """
        from qhls.plan.streams.decisions.variants import remake

        return remake(self, op, new)

    def walk(self) -> Iterator[OpHardware]:
        """Yield the hardware of every op; the ops of a recurrence's step follow the recurrence."""
        for op in self.graph.ops:
            yield from self.find_hardware(op).walk()

    def estimate_cycles(
        self, levels: Mapping[Op, int], recurrences: Mapping[Op, Process]
    ) -> tuple[int, int]:
        """Return latency and initiation interval for other logic levels per op and other hardware of recurrences."""
        from qhls.plan.streams.decisions.variants import estimate_cycles

        return estimate_cycles(self, levels, recurrences)

    def to_table(self) -> Table:
        """Return one row per process: its action, intervals and FIFOs."""
        from qhls.plan.streams.table import make_stream_table

        return make_stream_table(self)
