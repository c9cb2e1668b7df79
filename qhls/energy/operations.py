"""BOPs and EBOPs: bit operations of a graph, the currencies in which papers state what a model costs.

Both count the products of one inference. They know neither memories nor activations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qhls.ir import Const, Graph, Op
from qhls.ir.encoding import spans
from qhls.ir.work import MULTIPLICATIONS


@dataclass(frozen=True, slots=True)
class BitOperations:
    """Of one inference. ``macs``: products of an input and a weight, pruned ones included.

    ``bops``: for each product ``p b_a b_w + b_a + b_w + log2 n``, with n the products of a sum and p 0 for a
    pruned weight, else 1 (C. Baskin et al., UNIQ, arXiv 1804.10969; B. Hawks et al., arXiv 2102.11289, eq. 8).
    ``ebops``: ``b_a`` times the bits from a weight's first to its last one that is set, summed over all
    products (C. Sun et al., HGQ, arXiv 2405.00645). The widths are the tensors' own.
    """

    macs: int
    bops: float
    ebops: int


def bit_operations(graph: Graph) -> dict[str, BitOperations]:
    """By Keras layer; an op without layer is its own. Only layers that multiply by weights."""
    found: dict[str, BitOperations] = {}
    for op, times in graph.walk():
        counted = _counted(op)
        if counted is None:
            continue
        layer = op.layer or op.name
        before = found.get(layer, BitOperations(0, 0.0, 0))
        found[layer] = BitOperations(
            before.macs + times * counted.macs,
            before.bops + times * counted.bops,
            before.ebops + times * counted.ebops,
        )
    return found


def total(operations: dict[str, BitOperations]) -> BitOperations:
    """The sum of all layers."""
    parts = operations.values()
    return BitOperations(
        sum(p.macs for p in parts), math.fsum(p.bops for p in parts), sum(p.ebops for p in parts)
    )


def _counted(op: Op) -> BitOperations | None:
    weights = [operand for operand in op.operands if isinstance(operand, Const)]
    macs = sum(n for event, n in op.events.items() if event.kind in MULTIPLICATIONS)
    if not macs or len(weights) != 1:
        return None
    (w,) = weights
    x = next(operand for operand in op.operands if operand is not w)
    a, b, codes = x.type.width, w.type.width, w.range.lo.integers()
    uses = macs / w.size
    bops = np.count_nonzero(codes) * a * b * uses + macs * (a + b + math.log2(macs / op.size))
    return BitOperations(macs, float(bops), int(spans(codes).sum() * uses) * a)
