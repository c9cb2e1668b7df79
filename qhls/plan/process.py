"""The parts of a plan: buffers, accesses, processes and channels. All are immutable and complete."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from qhls.ir.op import Op
from qhls.plan.fold import Fold
from qhls.plan.loop import Loop

if TYPE_CHECKING:
    from qhls.plan.network import Plan

Place = Literal["wired", "registers", "lutram", "bram", "rom"]
"""The places where a tensor can lie. ``"wired"``: a constant that is part of the logic, or a result that only the next
op of the same process reads. Neither is stored, so that reading it costs nothing."""

ChannelKind = Literal["wires", "array", "double", "fifo"]
"""Kinds of a channel: registers, a memory, two memories (one is written while the other is read), or a FIFO."""

PORTS = 2
"""Number of words that a cycle can read or write in a memory: a block RAM has two ports (AMD UG573)."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """The storage of one tensor: ``words`` words of ``word_bits`` bits in ``banks`` banks of ``ports`` ports each.

    ``double``: two of them, so that a process can write the next tensor while another reads this one.
    """

    tensor: Op
    place: Place
    words: int
    word_bits: int
    banks: int = 1
    ports: int = PORTS
    double: bool = False

    @property
    def bits(self) -> int:
        """Return the size of all words in bits."""
        return self.words * self.word_bits

    @property
    def split(self) -> bool:
        """Return whether each word has a bank to itself, so that one cycle can use all words."""
        return self.banks >= self.words

    @property
    def is_memory(self) -> bool:
        """Return whether the buffer is a memory, whose ports limit the words that a cycle can use."""
        return self.place not in ("registers", "wired")


@dataclass(frozen=True, slots=True)
class Store:
    """An additional buffer of an op, such as a FIFO, and how often one inference writes and reads all of it."""

    name: str
    buffer: Buffer
    writes: float
    reads: float


@dataclass(frozen=True, slots=True)
class Access:
    """The use of a buffer by a process, which reads ``operand`` from it or writes its result to it.

    ``words``: those of one inference. ``selected``: elements of one trip that a multiplexer or a table chooses, each
    among ``candidates``, because a rolled loop is their index.
    """

    operand: Op
    buffer: Buffer
    words: float
    selected: int = 0
    candidates: int = 1

    @property
    def passes(self) -> float:
        """Return the number of times that one inference uses the whole buffer."""
        return self.words / self.buffer.words


@dataclass(frozen=True, slots=True)
class Process:
    """The hardware of ``ops``: one op, or several fused ops, the last of which computes the result.

    A trip of its ``loops`` starts every ``interval`` cycles, makes ``lanes`` results and needs ``depth`` cycles.
    ``bound`` is the cause of the interval: "schedule", "the step before", or the tensor whose memory has too few ports.
    ``logic_levels``: the logic levels of a trip, which take ``depth`` cycles.
    ``fold``: the tiles of weights of a product that shares multipliers. ``body``: the plan of a recurrence's step.
    ``in_luts``: whether its multipliers are look-up tables, however wide, instead of DSP blocks.
    ``parts``: where ops are fused, the hardware of each, with its own results per trip and accesses.
    ``is_wiring``: whether no op computes, so that reads and writes are wires. ``absorbed``: whether additions are the
    first ones of the sum before, which has them.
    """

    name: str
    kind: str
    ops: tuple[Op, ...]
    loops: tuple[Loop, ...]
    lanes: int
    interval: int
    depth: int
    logic_levels: int
    reads: tuple[Access, ...]
    writes: Access
    bound: str = "schedule"
    fold: Fold | None = None
    body: Plan | None = None
    in_luts: bool = False
    parts: tuple[Process, ...] = ()
    is_wiring: bool = False
    absorbed: bool = False

    @property
    def op(self) -> Op:
        """Return the op that computes the result: the last of ``ops``."""
        return self.ops[-1]

    @property
    def layer(self) -> str:
        """Return the name of the Keras layer that the result belongs to."""
        return self.op.layer

    @property
    def trips(self) -> int:
        """Return the number of trips in one inference."""
        return math.prod(loop.trips for loop in self.loops)

    @property
    def unrolled(self) -> int:
        """Return the number of iterations, over all loops, that run in parallel."""
        return math.prod(loop.unroll for loop in self.loops)

    @property
    def busy(self) -> int:
        """Return the number of cycles until the process can begin the next tensor."""
        return self.trips * self.interval

    @property
    def cycles(self) -> int:
        """Return the number of cycles from the first input element to the last result."""
        return self.busy + self.depth - 1

    @property
    def sharing(self) -> int:
        """Return the number of products that each multiplier computes for one result element or position."""
        return self.interval * (self.fold.trips if self.fold else 1)

    def find_part(self, op: Op) -> Process:
        """Return the hardware of ``op``, one of the fused ops; the whole process if nothing is fused."""
        return next((part for part in self.parts if part.op is op), self)

    def read(self, operand: Op) -> Access:
        """Return the access with which the process reads ``operand``."""
        return next(access for access in self.reads if access.operand is operand)


@dataclass(frozen=True, slots=True)
class OpHardware:
    """The hardware of ``op``: a process or an input's buffer, which one inference uses ``times`` times, or None.

    ``memories``: the additional buffers of ``op``.
    """

    op: Op
    unit: Process | Buffer | None
    times: int = 1
    memories: tuple[Store, ...] = ()

    def walk(self) -> Iterator[OpHardware]:
        """Yield this object, then for a recurrence the hardware of each op of its step."""
        yield self
        if isinstance(self.unit, Process) and self.unit.body:
            for inner in self.unit.body.walk():
                yield replace(inner, times=inner.times * self.times * self.unit.trips)


@dataclass(frozen=True, slots=True)
class Channel:
    """The connection that passes one tensor from the op ``producer`` to ``consumer`` or, if None, to the output.

    One inference passes ``tokens`` of ``lanes`` elements. ``depth``: the number of tokens that the channel can store.
    """

    producer: Op
    consumer: Op | None
    kind: ChannelKind
    lanes: int
    tokens: int
    depth: int
