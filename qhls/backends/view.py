"""Template views: identifiers, C types, sizes and index expressions. All arithmetic of emission is here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from qhls.backends.expressions import affine, flat, list_conditions, literal
from qhls.backends.names import printable
from qhls.backends.tiles import CFold
from qhls.ir.graph import HEADER, Graph, align, expression
from qhls.ir.integers import Array
from qhls.ir.movement import Concat, Pad, View
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Pool, Quantize, Threshold
from qhls.ir.types import Fixed, Overflow, Rounding
from qhls.plan import Plan, Process, Schedule
from qhls.plan.process import Place

if TYPE_CHECKING:
    from qhls.backends.streams.view import CProcess, CStream
    from qhls.plan.streams.network import StreamPlan

INTEGERS = ((8, "signed char"), (16, "short"), (32, "int"), (64, "long long"))
"""The C integers that hold a constant's codes, by width; wider ones are cut into words."""
WORD = 64
"""Bits of a word."""
PORT_LIMIT = 63
"""Codes cross the border between C++ and files or Python as ``long long``."""


@dataclass(frozen=True)
class CType:
    """A ``typedef``: a fixed-point type and, for a quantizer's variable, its rounding and overflow."""

    name: str
    fixed: Fixed
    rounding: Rounding | None = None
    overflow: Overflow | None = None


@dataclass(frozen=True)
class CTensor:
    """A tensor as a flat, row-major C array ``name`` of ``dims``."""

    name: str
    type: CType
    dims: tuple[int, ...]
    place: Place
    partition: bool
    """Whether each element is a register, or a constant of its own."""
    banks: int = 1
    word: int = 1
    """Elements of a constant that are one word of a memory."""
    table: str = ""
    """The C name of a constant's integer codes."""

    @property
    def tensor(self) -> CTensor:
        """Return the tensor itself, as ``CStream`` returns the one that it carries."""
        return self

    @property
    def constant(self) -> bool:
        """Return whether the elements are known."""
        return bool(self.table)

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.dims)

    def at(self, *indices: str, array: str = "") -> str:
        """Return ``name[...]`` at one C expression per axis, without the axes of length 1."""
        return f"{array or self.name}[{flat(indices, self.dims)}]"

    def broadcast(self, indices: Sequence[str], array: str = "") -> str:
        """Return ``at`` for indices of a result to which this tensor is broadcast."""
        return self.at(*indices[len(indices) - len(self.dims) :], array=array)


@dataclass(frozen=True)
class COp:
    """An op with its number and its names in the C++."""

    op: Op
    index: int

    @property
    def title(self) -> str:
        """Return the op's name, safe in comments and string literals."""
        return printable(self.op.name)

    @property
    def layer(self) -> str:
        """Return the Keras layer's name, safe in comments and string literals."""
        return printable(self.op.layer)


@dataclass(frozen=True)
class CTap(COp):
    """The recorded result of an op: its place in all taps."""

    @property
    def tapped(self) -> bool:
        """Return whether a tap can carry the result: its codes fit ``long long``."""
        return self.op.type.width <= PORT_LIMIT


@dataclass(frozen=True)
class CBody:
    """A nested graph: its local arrays and the functions it calls."""

    inputs: list[CTensor]
    operations: list[CFunction]
    results: list[CTensor]


@dataclass(frozen=True)
class CFunction(COp):
    """One function of the design: ``void function(operands..., out)``."""

    function: str
    operands: tuple[CTensor, ...]
    out: CTensor
    process: Process
    fold: CFold | None
    """Tiles of a product that takes one tile of its weights after another."""
    bodies: tuple[CBody, ...] = ()
    """The graphs that the function runs; empty where another function is called again."""
    defines: bool = True
    """Whether this op defines the function; else the function of an equal earlier op is called again."""

    @property
    def kind(self) -> str:
        """Return the template's name."""
        return self.op.kind

    @property
    def comment(self) -> str:
        """Return the function's formula with its types, on one line."""
        types = ", ".join(f"{o.name}: {o.type}" for o in self.op.operands)
        return printable(f"{self.op.type} = {expression(self.op)} with {types}")

    @property
    def parameters(self) -> list[tuple[str, CTensor]]:
        """Return C name and tensor of each array that is passed, each once; constants are global."""
        pairs = zip(self.sources, self.operands, strict=True)
        return list({name: (name, t) for name, t in pairs if not t.constant}.values())

    @cached_property
    def sources(self) -> list[str]:
        """Return the C name of each operand inside the function; operands in one array share one."""
        first: dict[str, int] = {}
        for i, tensor in enumerate(self.operands):
            first.setdefault(tensor.name, i)
        return [t.name if t.constant else f"x{first[t.name]}" for t in self.operands]

    @property
    def at_once(self) -> bool:
        """Return whether one trip computes all elements."""
        return self.process.trips == 1

    @property
    def lanes(self) -> int:
        """Return the results of one trip."""
        return self.process.lanes

    @property
    def indices(self) -> list[str]:
        """Return one loop variable per axis of the result."""
        return [f"i{axis}" for axis in range(len(self.out.dims))]

    @property
    def rows(self) -> int:
        """Return the number of elements of the result before its last axis."""
        return math.prod(self.out.dims[:-1])

    @property
    def widened(self) -> CType | None:
        """Return, for ``Quantize``, the operand's type with every dropped bit, where it is narrower.

        ``ap_fixed`` reads the highest dropped bit, and aborts when the operand has none there.
        """
        assert isinstance(self.op, Quantize)
        given = self.op.x.type
        dropped = given.frac - self.op.frac
        if dropped <= given.width:
            return None
        return CType("", Fixed(given.signed, dropped, given.frac))

    @property
    def always_zero(self) -> bool:
        """Return whether a ``Quantize`` is a signed bit without its lowest code, which vendor types keep."""
        assert isinstance(self.op, Quantize)
        lone_sign = self.op.to.signed and self.op.to.width == 1
        return lone_sign and self.op.overflow is Overflow.SATURATE_SYMMETRIC

    @property
    def compared(self) -> CType:
        """Return, for ``Max``, ``Min`` and ``Threshold``, the type in which both operands are compared.

        It holds each of them: ``ap_fixed`` compares a signed with an unsigned number by their bits.
        """
        first, second = (tensor.type.fixed for tensor in self.operands[:2])
        return CType("", first.joined(second))

    @property
    def corner(self) -> tuple[str, str]:
        """Return, for ``Pool``, row and column of the window's first element in the operand."""
        assert isinstance(self.op, Pool)
        return affine(("r", self.op.strides[0])), affine(("c", self.op.strides[1]))

    @property
    def reach(self) -> tuple[str, str]:
        """Return, for ``Conv`` and ``Pool``, row and column of the window's element (i, j) in the operand."""
        assert isinstance(self.op, Conv | Pool)
        strides, dilation = self.op.strides, getattr(self.op, "dilation", (1, 1))
        i, j = (self.fold.row, self.fold.column) if self.fold else ("i", "j")
        return affine(("r", strides[0]), (i, dilation[0])), affine(
            ("c", strides[1]), (j, dilation[1])
        )

    @property
    def channel(self) -> str:
        """Return, for ``Conv``, the operand's channel that weight ``k`` of group ``g`` reads."""
        assert isinstance(self.op, Conv)
        return affine(("g", self.op.w.shape[2]), ("k", 1)) if self.op.groups > 1 else "k"

    @property
    def filter(self) -> str:
        """Return, for ``Conv``, the filter that is number ``n`` of group ``g``."""
        assert isinstance(self.op, Conv)
        each = self.op.w.shape[3] // self.op.groups
        return affine(("g", each), ("n", 1)) if self.op.groups > 1 else "n"

    @property
    def place(self) -> str:
        """Return, for ``View``, the index in the operand of an element of the result."""
        assert isinstance(self.op, View)
        pairs = zip(self.indices, self.op.strides, self.op.dims, strict=True)
        terms = [(index, stride) for index, stride, size in pairs if stride and size > 1]
        start = [str(self.op.offset)] if self.op.offset or not terms else []
        return " + ".join([*start, *([affine(*terms)] if terms else [])])

    @property
    def looked_up(self) -> str:
        """Return, for ``Lookup``, the operand's number, the index of a row."""
        return self.operands[0].at(*self.indices[: len(self.operands[0].dims)], array="x0")

    @property
    def behind(self) -> list[str]:
        """Return, for ``Lookup``, the loop variables of the axes that a row has."""
        return self.indices[len(self.operands[0].dims) :]

    def flat(self, row: str, column: str, dims: tuple[int, int]) -> str:
        """Return the row-major offset of an element of a matrix."""
        return flat((row, column), dims)

    @property
    def inside(self) -> list[str]:
        """Return, for ``Pad``, the conditions under which an element of the result is one of the operand."""
        assert isinstance(self.op, Pad)
        return list_conditions(self.op.widths, self.op.x.shape)

    @property
    def unpadded(self) -> list[str]:
        """Return, for ``Pad``, the indices of that element in the operand."""
        assert isinstance(self.op, Pad)
        return [
            f"i{a} - {before}" if before else f"i{a}"
            for a, (before, _) in enumerate(self.op.widths)
        ]

    @property
    def strides_of_search(self) -> list[int]:
        """Return, for ``Threshold``, the thresholds that each comparison of a search passes over, falling."""
        assert isinstance(self.op, Threshold)
        return [1 << i for i in reversed(range(self.op.comparisons))]

    @property
    def element(self) -> str:
        """Return, for ``Threshold``, the flat index of the current element, in operand and result."""
        assert isinstance(self.op, Threshold)
        return flat(("r", "c"), (self.rows, self.out.dims[-1])) if self.op.per_channel else "i"

    @property
    def first_threshold(self) -> str:
        """Return, for ``Threshold``, the start of the channel's thresholds in the table, as ``offset + ``."""
        assert isinstance(self.op, Threshold)
        return f"c * {self.op.count} + " if self.op.per_channel else ""

    @property
    def first_value(self) -> str:
        """Return, for ``Threshold``, the start of the channel's values in the table, as ``offset + ``."""
        assert isinstance(self.op, Threshold)
        return f"c * {self.op.count + 1} + " if self.op.per_channel else ""

    @property
    def offsets(self) -> Iterator[tuple[str, CTensor, list[str]]]:
        """Yield, for ``Concat``, source, tensor and result indices of each operand."""
        assert isinstance(self.op, Concat)
        axis = self.op.axis % len(self.out.dims)
        starts = accumulate((tensor.dims[axis] for tensor in self.operands), initial=0)
        for source, tensor, start in zip(self.sources, self.operands, starts, strict=False):
            moved = [
                f"i{a} + {start}" if a == axis and start else f"i{a}"
                for a in range(len(self.out.dims))
            ]
            yield source, tensor, moved

    @property
    def filling(self) -> str:
        """Return, for ``Pad``, what it adds as a C expression of the result's type."""
        assert isinstance(self.op, Pad)
        return literal(self.op.value, self.op.frac, self.out.type.name)


@dataclass(frozen=True)
class CTable:
    """A table of integer codes."""

    op: Const
    tensor: CTensor
    values: Array
    """The codes, in the order of the table."""

    @property
    def title(self) -> str:
        """Return the name, safe in comments and string literals."""
        return printable(self.op.name)

    @property
    def words(self) -> int:
        """Return the number of words of a code that no C integer holds, else 0."""
        return 0 if self.op.bound < 1 << WORD - 1 else -(-self.tensor.type.fixed.width // WORD)

    @property
    def integer(self) -> str:
        """Return the narrowest C integer for the codes, or that of their words."""
        if self.words:
            return "unsigned long long"
        width = self.tensor.type.fixed.width + (not self.tensor.type.fixed.signed)
        return next(name for limit, name in INTEGERS if width <= limit)

    @property
    def codes(self) -> str:
        """Return the codes, comma-separated; where no C integer holds them as their words, lowest first."""
        codes: list[int] = self.values.ravel().tolist()
        if not self.words:
            return ",".join(map(str, codes))
        mask = (1 << WORD) - 1
        places = range(0, self.words * WORD, WORD)
        return ",".join(f"{code >> place & mask}ULL" for code in codes for place in places)


@dataclass
class CDesign:
    """A plan as templates see it."""

    plan: Plan | StreamPlan
    top: str = ""
    inputs: list[CTensor | CStream] = field(default_factory=list["CTensor | CStream"])
    constants: list[CTable] = field(default_factory=list[CTable])
    operations: list[CFunction] = field(default_factory=list[CFunction])
    results: list[CTensor] = field(default_factory=list[CTensor])
    """The tensors that the outputs are copied from."""
    outputs: list[CTensor | CStream] = field(default_factory=list["CTensor | CStream"])
    stores: list[str] = field(default_factory=list[str])
    """The functions that copy a result to its output."""
    processes: list[CProcess] = field(default_factory=list["CProcess"])
    """The functions of a design of streams, and ``channels`` between them."""
    channels: list[CStream] = field(default_factory=list["CStream"])
    taps: list[CTap] = field(default_factory=list[CTap])
    warnings: list[str] = field(default_factory=list[str])
    """Reasons for which a tool or the part will not build the design."""

    @property
    def graph(self) -> Graph:
        """Return the graph of the plan."""
        return self.plan.graph

    @property
    def schedule(self) -> Schedule:
        """Return the schedule of the plan."""
        return self.plan.schedule

    @property
    def output_titles(self) -> list[str]:
        """Return the name, safe in comments and string literals."""
        return [printable(op.name) for op in self.graph.outputs]

    @property
    def output_layers(self) -> list[str]:
        """Return the outputs' Keras layers, safe in comments and string literals."""
        return [printable(op.layer) for op in self.graph.outputs]

    @property
    def copies(self) -> list[tuple[str, CTensor, CTensor]]:
        """Return function, result and output of each copy."""
        ports = [port.tensor for port in self.outputs if self.stores]
        return list(zip(self.stores, self.results, ports, strict=True))

    @property
    def obstacles(self) -> list[str]:
        """Return the obstacles to overlapping calls, safe in comments; empty where calls overlap."""
        obstacles = self.plan.obstacles if isinstance(self.plan, Plan) else ()
        return [printable(obstacle, 1000) for obstacle in obstacles]

    @property
    def picture(self) -> str:
        """Return the graph, one op per line, safe in any file."""
        return picture(self.graph, self.top, self.notes)

    @property
    def functions(self) -> list[CFunction]:
        """Return every function once, before those that call it."""
        return list(_functions(self.operations))

    @property
    def types(self) -> list[CType]:
        """Return every typedef, in order of use."""
        streams = [*self.channels, *self.constants]
        tensors = [*(each.tensor for each in streams), *self._arrays]
        return list({tensor.type.name: tensor.type for tensor in tensors}.values())

    @property
    def _arrays(self) -> list[CTensor]:
        """Return all tensors but constants."""
        called = [o for body in self._bodies for o in body.operations]
        return [
            *(port.tensor for port in self.inputs),
            *(tensor for body in self._bodies for tensor in body.inputs),
            *(o.out for o in (*self.operations, *called)),
            *(port.tensor for port in self.outputs),
        ]

    @property
    def _bodies(self) -> list[CBody]:
        return [body for function in self.functions for body in function.bodies]

    @property
    def banked(self) -> list[CTensor]:
        """Return the tensors in memories of several banks."""
        return [t for t in self._arrays if t.banks > 1 and not t.partition]

    @property
    def folded(self) -> list[CTensor]:
        """Return the tables with one tile of weights per word."""
        return [c.tensor for c in self.constants if c.tensor.word > 1]

    @property
    def register_bits(self) -> int:
        """Return the bits of the largest array in registers."""
        return max((t.size * t.type.fixed.width for t in self._arrays if t.partition), default=0)

    @property
    def notes(self) -> list[str]:
        """Return the graph's notes, safe in any file."""
        return [printable(note) for note in self.graph.notes]

    @property
    def cautions(self) -> list[str]:
        """Return the warnings, safe in any file."""
        return [printable(warning, 1000) for warning in self.warnings]

    @property
    def ports(self) -> list[CTensor | CStream]:
        """Return inputs, then outputs."""
        return [*self.inputs, *self.outputs]


def _functions(operations: Sequence[CFunction]) -> Iterator[CFunction]:
    for operation in operations:
        for body in operation.bodies:
            yield from _functions(body.operations)
        if operation.defines:
            yield operation


def picture(graph: Graph, top: str, notes: Sequence[str]) -> str:
    """Return ``graph``, one op per line, and ``notes``, safe in any file."""
    rows = [HEADER, *graph.rows()]
    lines = align([tuple(printable(cell, 1000) for cell in row) for row in rows])
    results = ", ".join(printable(op.name) for op in graph.outputs)
    return "\n".join([f"graph {top}", *lines, f"-> {results}", *notes, ""])
