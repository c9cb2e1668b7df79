"""``Graph``: ops in topological order; passes rewrite the graph, and it is printed as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Self, TypeVar

from qhls.ir.op import MARKS, Op, list_operand_fields
from qhls.ir.ops import Const, Input
from qhls.system.text import escape_controls, escape_line, find_free_name

HEADER = ("name", "type", "shape", "range", "operation", "layer")
"""Column names of the rows of ``Graph.list_rows``."""
SomeGraph = TypeVar("SomeGraph", bound="Graph")
"""Type variable for functions that return a graph of the same class as their argument."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Graph of all ops that the ``outputs`` need; a caller passes data in the order of ``inputs``.

    Ops with equal names are renamed, so that names are unique.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Op, ...]
    name: str = "model"

    def __post_init__(self) -> None:
        if len({op.name for op in self.ops}) < len(self.ops):
            self._rename_twins()

    @property
    def notes(self) -> list[str]:
        """Return remarks to show together with the graph: none here, but a subclass may have some."""
        return []

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        """Return all inputs, then every op that an output needs, in topological order (operands before users)."""
        order: dict[Op, None] = {}
        stack: list[tuple[Op, bool]] = [
            (op, False) for op in reversed((*self.inputs, *self.outputs))
        ]
        while stack:
            op, ready = stack.pop()
            if ready:
                order[op] = None
            elif op not in order:
                stack.append((op, True))
                stack.extend((operand, False) for operand in reversed(op.operands))
        return tuple(order)

    def list_rows(self, indent: str = "") -> Iterator[tuple[str, ...]]:
        """Yield one row of cells per op, with the columns ``HEADER``; nested graphs follow the op that runs them."""
        for op in self.ops:
            name, *cells = describe(op)
            yield f"{indent}{name}", *cells
            for graph, _ in op.nested:
                yield from graph.list_rows(f"{indent}  ")

    def walk(self) -> Iterator[tuple[Op, int]]:
        """Yield each op with the number of times that one inference runs it; nested graphs follow their op."""
        for op in self.ops:
            yield op, 1
            for graph, times in op.nested:
                yield from ((inner, times * more) for inner, more in graph.walk())

    @cached_property
    def users(self) -> dict[Op, tuple[Op, ...]]:
        """Return, for each op, all ops that read its result."""
        readers: dict[Op, list[Op]] = {op: [] for op in self.ops}
        for op in self.ops:
            for operand in dict.fromkeys(op.operands):
                readers[operand].append(op)
        return {op: tuple(users) for op, users in readers.items()}

    def __getitem__(self, name: str) -> Op:
        """Return the op called ``name``; raises a ``KeyError`` that lists the names of all ops."""
        for op in self.ops:
            if op.name == name:
                return op
        names = ", ".join(op.name for op in self.ops)
        raise KeyError(
            f"Graph {self.name!r}: expected the name of an op, got {name!r}. Use one of {names}."
        )

    def rewrite(self, rule: Callable[[Op], Op]) -> Self:
        """Return the graph with each op replaced by ``rule(op)``, operands first and also in nested graphs.

        An op that ``rule`` returns unchanged stays. The rule decides on names: ``dataclasses.replace(op, ...)`` keeps
        the name, and an output should not be replaced by an op of another name.
        """
        new: dict[Op, Op] = {}
        for op in self.ops:
            new[op] = rule(op.with_operands(new).rewrite_nested(rule))
        if all(old is rewritten for old, rewritten in new.items()):
            return self
        inputs = tuple(op for op in (new[i] for i in self.inputs) if isinstance(op, Input))
        return replace(self, inputs=inputs, outputs=tuple(new[op] for op in self.outputs))

    def _rename_twins(self) -> None:
        taken = {op.name for op in self.ops}
        seen: Counter[str] = Counter()
        new: dict[Op, Op] = {}
        for op in self.ops:
            seen[op.name] += 1
            renamed = op.with_operands(new)
            if seen[op.name] > 1:
                name = find_free_name(op.name, taken.__contains__, first=seen[op.name])
                taken.add(name)
                renamed = replace(renamed, name=name)
            new[op] = renamed
        object.__setattr__(self, "inputs", tuple(new[i] for i in self.inputs))
        object.__setattr__(self, "outputs", tuple(new[o] for o in self.outputs))
        self.__dict__.pop(
            "ops", None
        )  # cached for the old operands; a frozen dataclass refuses del

    def __str__(self) -> str:
        """Return one line per op: name, type, shape, range, operation, Keras layer; nested graphs indented."""
        lines = align([HEADER, *self.list_rows()])
        results = ", ".join(op.name for op in self.outputs)
        notes = [f"note: {n}" for n in self.notes]
        return escape_controls(
            "\n".join([f"graph {escape_line(self.name)}", *lines, f"-> {results}", *notes])
        )


def describe(op: Op) -> tuple[str, ...]:
    """Return the cells that describe ``op`` in a printed graph, in the order of ``HEADER``."""
    lo, hi = (float(code / Fraction(2) ** op.frac) for code in op.range.hull)
    shape = "x".join(map(str, op.shape)) or "scalar"
    return op.name, str(op.type), shape, f"[{lo:g}, {hi:g}]", write_expression(op), op.layer


def write_expression(op: Op) -> str:
    """Return an op as text, such as ``matmul(a, b)``, with most parameters that differ from their defaults."""
    parts: list[str] = [operand.name for operand in op.operands]
    hidden = (
        *MARKS,
        "codes",
        "dims",
        "dtype",
        "frac",
        "body",
        *list_operand_fields(op),
    )
    for item in fields(op):
        value = getattr(op, item.name)
        if item.init and item.name not in hidden and value != item.default:
            text = getattr(value, "value", value)
            parts.append(f"{item.name}={text}".replace(" ", ""))
    return f"{op.kind}({', '.join(parts)})" if not isinstance(op, Input | Const) else op.kind


def align(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of cells as lines of text with aligned columns; line breaks within a cell are escaped."""
    rows = [tuple(map(escape_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
