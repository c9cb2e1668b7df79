"""Reduction of a graph to the part that an HLS tool builds: sums in one type, and only the elements in use.

A latency-strategy project stores sums in one type for the whole model, such as 16 bits with 6 integer bits. The
tool then removes elements that no output needs and elements that are constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Min,
    Mul,
    Op,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Shift,
    Sub,
    Threshold,
)
from qhls.ir.integers import Codes

Selection = npt.NDArray[np.bool_]

_ONE_BY_ONE = (Quantize, Threshold, Shift)


def cut_results(graph: Graph, to: Fixed) -> Graph:
    """Return ``graph`` with sums and products truncated to the type ``to``, or ``graph`` itself if that is impossible.

    Truncation costs nothing. A graph that fixes the type of a sum elsewhere, such as in a step function's thresholds,
    stays as it is.
    """

    def cut(op: Op) -> Op:
        if isinstance(op, Const):
            return _cut_constant(op, to)
        sums = isinstance(op, Matmul | Conv | Add | Sub | Mul)
        if not sums or op.type == to:
            return op
        name, layer = f"{op.name}.result", op.layer
        return Quantize(op, to, Rounding.FLOOR, Overflow.WRAP, name=name, layer=layer)

    if any(op.nested for op in graph.ops):
        return graph
    try:
        return graph.rewrite(cut)
    except VerifyError:
        return graph


def _cut_constant(const: Const, to: Fixed) -> Const:
    dropped = const.frac - to.frac
    if dropped <= 0:
        return const
    codes = const.codes.to_integers() >> dropped
    return Const(Codes(codes), to.frac, name=const.name, layer=const.layer)


def find_built(graph: Graph) -> dict[Op, Selection]:
    """Return a mask per tensor of the elements that hardware computes: inputs change them, and outputs need them."""
    varying = _find_varying(graph)
    needed: dict[Op, Selection] = {op: np.zeros(op.shape, bool) for op in graph.ops}
    for op in graph.outputs:
        needed[op] = np.ones(op.shape, bool)
    for op in reversed(graph.ops):
        alive = needed[op] & varying[op]
        for operand in dict.fromkeys(op.operands):
            needed[operand] |= _find_needed(op, operand, alive)
    return {op: needed[op] & varying[op] for op in graph.ops}


def _find_weights(op: Matmul | Conv) -> Any:
    return op.w.codes.to_integers() != 0


def _find_varying(graph: Graph) -> dict[Op, Selection]:
    """Return a mask per tensor of the elements that depend on an input."""
    varying: dict[Op, Selection] = {}
    for op in graph.ops:
        operands = [varying[operand] for operand in op.operands]
        if isinstance(op, Const):
            mask: Any = np.zeros(op.shape, bool)
        elif isinstance(op, Matmul):
            mask = operands[0].astype(np.int64) @ _find_weights(op) > 0
        elif isinstance(op, Conv) and op.groups == 1:
            channels: Any = operands[0].any(axis=(0, 1))
            read: Any = _find_weights(op) & channels[None, None, :, None]
            mask = np.broadcast_to(read.any((0, 1, 2)), op.shape)
        elif isinstance(op, Add | Sub | Mul | Max | Min):
            mask = np.broadcast_to(operands[0] | operands[1], op.shape)
        elif isinstance(op, Reshape):
            mask = operands[0].reshape(op.shape)
        elif isinstance(op, _ONE_BY_ONE):
            mask = operands[0]
        else:
            mask = np.ones(op.shape, bool)
        varying[op] = mask
    return varying


def _find_needed(op: Op, operand: Op, alive: Selection) -> Selection:
    """Return a mask of the elements of ``operand`` that are read by the elements of ``op`` in the mask ``alive``."""
    whole = np.full(operand.shape, bool(alive.any()))
    if isinstance(operand, Const | Input):
        return whole
    if isinstance(op, Matmul):
        return alive.astype(np.int64) @ _find_weights(op).T > 0
    if isinstance(op, Conv) and op.groups == 1:
        filters = alive.any((0, 1))
        return np.broadcast_to((_find_weights(op) & filters).any((0, 1, 3)), operand.shape)
    if isinstance(op, Pool):
        return np.broadcast_to(alive.any((0, 1)), operand.shape)
    if isinstance(op, Reshape):
        return alive.reshape(operand.shape)
    elementwise = isinstance(op, Add | Sub | Mul | Max | Min | Quantize | Threshold | Shift)
    return alive if elementwise and operand.shape == op.shape else whole
