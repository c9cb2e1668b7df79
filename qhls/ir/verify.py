"""Rules that every graph must obey, checked after lowering and after every pass."""

from __future__ import annotations

from collections.abc import Iterator

from qhls.errors import VerifyError
from qhls.ir.graph import Graph, SomeGraph, align, describe
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.types import Fixed


def verify(graph: SomeGraph) -> SomeGraph:
    """Return ``graph`` if it obeys the rules, else raise a ``VerifyError`` that shows each fault below its op."""
    if not graph.outputs:
        raise VerifyError(
            f"graph {graph.name!r}: expected at least one output, got none. Give it an output."
        )
    for op in graph.ops:
        for nested, _ in op.nested:
            verify(nested)
    faults = {op: list(_find_faults(graph, op)) for op in graph.ops}
    if any(faults.values()):
        raise VerifyError(_draw_faults(graph, faults))
    return graph


def _find_faults(graph: Graph, op: Op) -> Iterator[str]:
    if isinstance(op, Input) and op not in graph.inputs:
        yield "expected every input to be among the graph's inputs, got one that is not"
    if op in graph.outputs and isinstance(op, Const):
        yield "expected an output that depends on an input, got a constant"
    if op.batched and not isinstance(op, Input) and not any(o.batched for o in op.operands):
        yield "expected an operand that depends on an input, got constants only. Fold them."
    lo, hi = op.range.hull
    if lo < op.type.lo or hi > op.type.hi:
        yield f"expected a type that holds codes [{lo}, {hi}], got {op.type}. Use {Fixed.from_range(lo, hi, op.frac)}."
    if op.type.frac != op.frac:
        yield f"expected {op.frac} fraction bits, got {op.type}"


def _draw_faults(graph: Graph, faults: dict[Op, list[str]]) -> str:
    lines = [f"graph {graph.name!r} breaks its rules:"]
    for line, op in zip(align([describe(op) for op in graph.ops]), graph.ops, strict=True):
        lines.append(line)
        lines.extend(f"^ {fault}" for fault in faults[op])
    return "\n".join(lines)
