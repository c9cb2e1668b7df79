"""Drop ops that change nothing: reshapes to the same shape, shifts and paddings by nothing."""

from __future__ import annotations

from qhls.ir.graph import SomeGraph
from qhls.ir.movement import Concat, Pad, Reshape
from qhls.ir.op import Op
from qhls.ir.ops import Shift


def drop_identities(graph: SomeGraph) -> SomeGraph:
    """Replace each identity by its operand; an identity that is an output stays, for its name."""
    outputs = {op.name for op in graph.outputs}
    return graph.rewrite(
        lambda op: op.operands[0] if op.name not in outputs and _is_identity(op) else op
    )


def _is_identity(op: Op) -> bool:
    match op:
        case Reshape():
            return op.dims == op.x.shape
        case Shift():
            return op.power == 0
        case Pad():
            return not any(width for pair in op.widths for width in pair)
        case Concat():
            return len(op.xs) == 1
        case _:
            return False
