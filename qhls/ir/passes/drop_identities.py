"""Pass that drops ops without effect: reshapes to the same shape, shifts and paddings by 0, additions of 0."""

from __future__ import annotations

from qhls.ir.elementwise import Add, Sub
from qhls.ir.graph import SomeGraph
from qhls.ir.movement import Concat, Pad, Reshape
from qhls.ir.op import Op
from qhls.ir.ops import Const, Shift


def drop_identities(graph: SomeGraph) -> SomeGraph:
    """Replace each op without effect by its operand, except outputs, whose names must stay."""
    outputs = {op.name for op in graph.outputs}

    def replace_identity(op: Op) -> Op:
        same = None if op.name in outputs else _find_same(op)
        return op if same is None else same

    return graph.rewrite(replace_identity)


def _find_same(op: Op) -> Op | None:
    """Return the operand that the result of ``op`` always equals, or None if ``op`` has an effect."""
    match op:
        case Reshape():
            return op.x if op.dims == op.x.shape else None
        case Shift():
            return op.x if op.power == 0 else None
        case Pad():
            return None if any(width for pair in op.widths for width in pair) else op.x
        case Concat():
            return op.xs[0] if len(op.xs) == 1 else None
        case Add() | Sub():
            return _find_unchanged(op)
        case _:
            return None


def _find_unchanged(op: Add | Sub) -> Op | None:
    """Return the operand to which ``op`` adds, or from which it subtracts, a constant 0 without effect, else None."""
    pairs = [(op.a, op.b), (op.b, op.a)] if isinstance(op, Add) else [(op.a, op.b)]
    for x, added in pairs:
        zero = isinstance(added, Const) and added.range.hull == (0, 0)
        if zero and x.batched and (x.shape, x.frac) == (op.shape, op.frac):
            return x
    return None
