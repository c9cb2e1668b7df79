"""Overlap of a design's calls: the one form in which Vitis' DATAFLOW allows it.

A call takes the next input while those behind it still work on the last one, if every tensor between them has one
writer and one reader, and all tensors that meet in a call come from equally many calls before it: none goes around
another call, and an input is read by first calls only. Outputs meet in whoever calls the design.
"""

from __future__ import annotations

from collections import Counter

from qhls.ir.graph import Graph
from qhls.ir.movement import Reshape
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input


def array_of(op: Op) -> Op:
    """Return the op whose array ``op`` is: a reshape is its operand's, under other indices."""
    while isinstance(op, Reshape):
        op = op.x
    return op


def list_calls(graph: Graph) -> list[Op]:
    """Return the ops that the generated top function calls, in order."""
    return [op for op in graph.ops if not isinstance(op, Const | Input | Reshape)]


def arrays_read(op: Op) -> list[Op]:
    """Return the arrays that a call of ``op`` gets, each once."""
    arrays = (array_of(operand) for operand in op.operands)
    return [array for array in dict.fromkeys(arrays) if not isinstance(array, Const)]


def find_obstacles(graph: Graph) -> tuple[str, ...]:
    """Return what keeps the calls of ``graph`` from overlapping, one phrase per obstacle; empty where they overlap."""
    results = [array_of(op) for op in graph.outputs]
    readers = Counter(results)
    depths: dict[Op, int] = dict.fromkeys(graph.inputs, 0)
    uneven: list[str] = []
    for op in list_calls(graph):
        arrays = arrays_read(op)
        readers.update(arrays)
        depth = [depths[array] for array in arrays]
        depths[op] = max(depth, default=0) + 1
        if len(set(depth)) > 1:
            uneven.append(op.name)
    several = [op.name for op, count in readers.items() if count > 1]
    found = [f"several calls read {', '.join(several)}"] if several else []
    if uneven:
        found.append(f"tensors of different depths meet in {', '.join(uneven)}")
    if len({depths[op] for op in results}) > 1:
        found.append("outputs are of different depths")
    return tuple(found)
