"""Counts of BOPs and EBOPs: the bit operations of a graph, in which papers state the cost of a model.

Both count the products of one inference. They leave out memories and activations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qhls.ir import Const, Graph, Op
from qhls.plan.hardware.counting import count_multiplications
from qhls.plan.hardware.encoding import measure_spans


@dataclass(frozen=True, slots=True)
class BitOperations:
    """The bit operations of one inference. ``macs``: the number of multiplications by a weight, even if it is pruned.

    ``bops``: for each product ``p b_a b_w + b_a + b_w + log2 n``, with n the products of a sum and p 0 for a
    pruned weight, else 1 (C. Baskin et al., UNIQ, arXiv 1804.10969; B. Hawks et al., arXiv 2102.11289, eq. 8).
    ``ebops``: ``b_a`` times the bits between the first and the last non-zero bit of a weight, summed over all
    products (C. Sun et al., HGQ, arXiv 2405.00645). The widths are the tensors' own.
    """

    macs: int
    bops: float
    ebops: int


def count_bit_operations(graph: Graph) -> dict[str, BitOperations]:
    """Count the bit operations of each Keras layer that multiplies by weights.

    An op without layer counts under its own name.
    """
    layers: dict[str, BitOperations] = {}
    for op, times in graph.walk():
        counted = _count_op(op)
        if counted is None:
            continue
        layer = op.layer or op.name
        before = layers.get(layer, BitOperations(0, 0.0, 0))
        layers[layer] = BitOperations(
            before.macs + times * counted.macs,
            before.bops + times * counted.bops,
            before.ebops + times * counted.ebops,
        )
    return layers


def sum_operations(operations: dict[str, BitOperations]) -> BitOperations:
    """Return the sum of bit operations over all layers."""
    parts = operations.values()
    return BitOperations(
        sum(p.macs for p in parts), math.fsum(p.bops for p in parts), sum(p.ebops for p in parts)
    )


def _count_op(op: Op) -> BitOperations | None:
    weights = [operand for operand in op.operands if isinstance(operand, Const)]
    macs = count_multiplications(op)
    if not macs or len(weights) != 1:
        return None
    (w,) = weights
    x = next(operand for operand in op.operands if operand is not w)
    a, b, codes = x.type.width, w.type.width, w.range.lo.to_integers()
    uses = macs / w.size
    bops = np.count_nonzero(codes) * a * b * uses + macs * (a + b + math.log2(macs / op.size))
    return BitOperations(macs, float(bops), int(measure_spans(codes).sum() * uses) * a)
