"""Pass that drops ``Max(x, 0)`` in front of a quantizer whose lowest code is 0: saturation does the same."""

from __future__ import annotations

from dataclasses import replace

from qhls.ir.elementwise import Max
from qhls.ir.graph import SomeGraph
from qhls.ir.op import Op
from qhls.ir.ops import Const, Quantize
from qhls.ir.types import Overflow


def drop_relu(graph: SomeGraph) -> SomeGraph:
    """Let each unsigned saturating quantizer read ``x`` instead of ``Max(x, 0)``.

    Rounding is monotone and keeps 0, so ``quantize(max(x, 0)) == quantize(x)`` when the lowest code is 0.
    """
    return graph.rewrite(_bypass_relu)


def _bypass_relu(op: Op) -> Op:
    if isinstance(op, Quantize) and not op.to.signed and op.overflow is not Overflow.WRAP:
        x = op.x
        while (rectified := _find_rectified(x)) is not None:
            x = rectified
        return op if x is op.x else replace(op, x=x)
    return op


def _find_rectified(op: Op) -> Op | None:
    if isinstance(op, Max):
        for x, other in ((op.a, op.b), (op.b, op.a)):
            if isinstance(other, Const) and other.range.hull == (0, 0) and x.shape == op.shape:
                return x
    return None
