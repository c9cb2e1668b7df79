"""``CDesign``: the view of a whole design from which the templates write C++."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qhls.backends.names import make_printable
from qhls.backends.views.function import CBody, CFunction
from qhls.backends.views.tensor import CTap, CTensor, CType
from qhls.ir.graph import HEADER, Graph, align
from qhls.ir.integers import Array
from qhls.ir.ops import Const, Threshold
from qhls.plan import Plan, Schedule

if TYPE_CHECKING:
    from qhls.backends.streams.view import CProcess, CStream
    from qhls.plan.streams.network import StreamPlan

INTEGERS = ((8, "signed char"), (16, "short"), (32, "int"), (64, "long long"))
"""The C integer types for the codes of constants, by width; wider codes are split into words."""
_WORD = 64
"""The width in bits of one word of a split code."""


@dataclass(frozen=True)
class CTable:
    """The C table of a constant's integer codes."""

    op: Const
    tensor: CTensor
    values: Array
    """The codes, in the order of the table."""

    @property
    def title(self) -> str:
        """Return the constant's name, safe in comments and string literals."""
        return make_printable(self.op.name)

    @property
    def words(self) -> int:
        """Return the number of words into which each code is split, or 0 if a C integer type is wide enough."""
        return 0 if self.op.bound < 1 << _WORD - 1 else -(-self.tensor.type.fixed.width // _WORD)

    @property
    def integer(self) -> str:
        """Return the narrowest C integer type for the codes, or the type of a word if codes are split."""
        if self.words:
            return "unsigned long long"
        width = self.tensor.type.fixed.width + (not self.tensor.type.fixed.signed)
        return next(name for limit, name in INTEGERS if width <= limit)

    @property
    def codes(self) -> str:
        """Return the codes as text, separated by commas; a split code is its words, lowest first."""
        codes: list[int] = self.values.ravel().tolist()
        if not self.words:
            return ",".join(map(str, codes))
        mask = (1 << _WORD) - 1
        places = range(0, self.words * _WORD, _WORD)
        return ",".join(f"{code >> place & mask}ULL" for code in codes for place in places)


@dataclass
class CDesign:
    """The view of a whole plan that the templates read."""

    plan: Plan | StreamPlan
    top: str = ""
    inputs: list[CTensor | CStream] = field(default_factory=list["CTensor | CStream"])
    constants: list[CTable] = field(default_factory=list[CTable])
    operations: list[CFunction] = field(default_factory=list[CFunction])
    results: list[CTensor] = field(default_factory=list[CTensor])
    """The tensors that the outputs are copied from."""
    outputs: list[CTensor | CStream] = field(default_factory=list["CTensor | CStream"])
    stores: list[str] = field(default_factory=list[str])
    """The names of the C functions that copy each result to its output."""
    processes: list[CProcess] = field(default_factory=list["CProcess"])
    """The functions of a stream design; ``channels`` are the FIFOs between them."""
    channels: list[CStream] = field(default_factory=list["CStream"])
    taps: list[CTap] = field(default_factory=list[CTap])
    warnings: list[str] = field(default_factory=list[str])
    """The reasons why the tool or the part may be unable to build the design."""

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
        """Return the names of the outputs, safe in comments and string literals."""
        return [make_printable(op.name) for op in self.graph.outputs]

    @property
    def output_layers(self) -> list[str]:
        """Return the names of the outputs' Keras layers, safe in comments and string literals."""
        return [make_printable(op.layer) for op in self.graph.outputs]

    @property
    def copies(self) -> list[tuple[str, CTensor, CTensor]]:
        """Return the C function, the source and the destination of each copy of a result to an output."""
        ports = [port.tensor for port in self.outputs if self.stores]
        return list(zip(self.stores, self.results, ports, strict=True))

    @property
    def obstacles(self) -> list[str]:
        """Return the reasons why calls of functions cannot overlap, safe in comments; empty if they can."""
        obstacles = self.plan.obstacles if isinstance(self.plan, Plan) else ()
        return [make_printable(obstacle, 1000) for obstacle in obstacles]

    @property
    def picture(self) -> str:
        """Return the graph as text with one op per line, safe in any file."""
        return draw_graph(self.graph, self.top, self.notes)

    @property
    def functions(self) -> list[CFunction]:
        """Return every function once, each before the functions that call it."""
        return list(_list_functions(self.operations))

    @property
    def has_thresholds(self) -> bool:
        """Return whether any function counts the thresholds that an element reaches."""
        return any(isinstance(op, Threshold) for op, _ in self.graph.walk())

    @property
    def types(self) -> list[CType]:
        """Return every type that needs a C typedef, in order of first use."""
        results = [stream for p in self.processes for stream in p.results]
        streams = [*self.channels, *results, *self.constants]
        tensors = [*(each.tensor for each in streams), *self._arrays]
        return list({tensor.type.name: tensor.type for tensor in tensors}.values())

    @property
    def _arrays(self) -> list[CTensor]:
        """Return all tensors but constants."""
        called = [o for body in self._bodies for o in body.operations]
        return [
            *(port.tensor for port in self.inputs),
            *(tensor for body in self._bodies for tensor in body.inputs),
            *(each.made for o in (*self.operations, *called) for each in o.all),
            *(port.tensor for port in self.outputs),
        ]

    @property
    def _bodies(self) -> list[CBody]:
        return [body for function in self.functions for body in function.bodies]

    @property
    def banked(self) -> list[CTensor]:
        """Return the tensors, except constants, that are stored in several memory banks."""
        return [t for t in self._arrays if t.banks > 1 and not t.partition]

    @property
    def folded(self) -> list[CTensor]:
        """Return the tables of weights that store a whole tile in each memory word."""
        return [c.tensor for c in self.constants if c.tensor.word > 1]

    @property
    def register_bits(self) -> int:
        """Return the size in bits of the largest array in registers."""
        stored = [t for t in self._arrays if t.partition and t.place != "wired"]
        return max((t.size * t.type.fixed.width for t in stored), default=0)

    @property
    def notes(self) -> list[str]:
        """Return the graph's notes, safe in any file."""
        return [make_printable(note) for note in self.graph.notes]

    @property
    def cautions(self) -> list[str]:
        """Return the warnings, safe in any file."""
        return [make_printable(warning, 1000) for warning in self.warnings]

    @property
    def ports(self) -> list[CTensor | CStream]:
        """Return the input ports, then the output ports."""
        return [*self.inputs, *self.outputs]


def _list_functions(operations: Sequence[CFunction]) -> Iterator[CFunction]:
    for operation in operations:
        for body in operation.bodies:
            yield from _list_functions(body.operations)
        if operation.defines:
            yield operation


def draw_graph(graph: Graph, top: str, notes: Sequence[str]) -> str:
    """Return ``graph`` as text, one op per line, followed by ``notes``, safe in any file."""
    rows = [HEADER, *graph.list_rows()]
    lines = align([tuple(make_printable(cell, 1000) for cell in row) for row in rows])
    results = ", ".join(make_printable(op.name) for op in graph.outputs)
    return "\n".join([f"graph {top}", *lines, f"-> {results}", *notes, ""])
