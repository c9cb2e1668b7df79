"""Calls of a design: the ops that each call computes, and the obstacles to overlapping calls in Vitis' DATAFLOW.

A chain of ops is one call. An op joins the call before it if it is the only reader and works element by
element. It needs short constants, at most one per channel. Nothing is stored between the ops of a chain.

Calls may overlap: one begins the next input while later calls still work on the previous input. For that, every tensor
between calls has one writer and one reader. All tensors that meet in a call come from equally many calls before it. So
no tensor bypasses a call, and an input is read by first calls only. Outputs meet in whoever calls the design.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from qhls.ir.elementwise import Add, Elementwise
from qhls.ir.graph import Graph
from qhls.ir.movement import Pad, Reshape, View
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Input, Lookup, Matmul, Pool, Quantize, Shift, Threshold
from qhls.plan.schedule import Schedule

Chain = tuple[Op, ...]
"""The ops of one call; each op after the first reads the previous op and constants."""

BY_ELEMENT = (Quantize, Shift, Threshold, Elementwise)
HEADS = (*BY_ELEMENT, Matmul, Conv, Pool, Lookup, View, Pad)


def find_array(op: Op) -> Op:
    """Return the op in whose array the tensor of ``op`` is stored; a reshape shares the array of its operand."""
    while isinstance(op, Reshape):
        op = op.x
    return op


def list_calls(graph: Graph) -> list[Op]:
    """Return the ops that the generated top function computes, in order."""
    return [op for op in graph.ops if not isinstance(op, Const | Input | Reshape)]


def find_padding(op: Op) -> Pad | None:
    """Return the padding that the indices of ``op`` replace: a convolution reads its value beyond the image.

    It is None without one, and if it pads channels or has a value beyond the type of the image.
    """
    pad = op.x if isinstance(op, Conv) else None
    if not isinstance(pad, Pad) or pad.widths[-1] != (0, 0):
        return None
    fits = pad.x.type.lo <= pad.value <= pad.x.type.hi and abs(pad.value) < 1 << 62  # a C integer
    return pad if fits else None


def list_computed(graph: Graph) -> list[Op]:
    """Return the ops whose results are arrays: all calls but paddings that only indices replace."""
    wanted = set(graph.outputs)
    for op in graph.ops:
        padding = find_padding(op)
        wanted.update(operand for operand in op.operands if operand is not padding)
    return [op for op in list_calls(graph) if not isinstance(op, Pad) or op in wanted]


def find_source(op: Op, operand: Op) -> Op:
    """Return what the function of ``op`` reads for its ``operand``: the image, where indices replace its padding."""
    padding = find_padding(op)
    return padding.x if padding is not None and operand is padding else operand


def find_source_array(op: Op, operand: Op) -> Op:
    """Return the op in whose array the function of ``op`` reads its ``operand``."""
    return find_array(find_source(op, operand))


def list_source_arrays(op: Op) -> list[Op]:
    """Return the ops whose arrays the function of ``op`` reads, without duplicates."""
    arrays = dict.fromkeys(find_source_array(op, operand) for operand in op.operands)
    return [array for array in arrays if not isinstance(array, Const)]


def find_chains(graph: Graph, schedule: Schedule) -> list[Chain]:
    """Return the ops of each call of the generated top function, in order."""
    chains: dict[Op, Chain] = {}
    for op in list_computed(graph):
        before = _find_joined(op, graph, schedule)
        chains[op] = (*chains.pop(before), op) if before in chains else (op,)
    return list(chains.values())


def _find_joined(op: Op, graph: Graph, schedule: Schedule) -> Op | None:
    """Return the op whose call also computes ``op``; None if ``op`` begins a call."""
    tensors = [operand for operand in op.operands if not isinstance(operand, Const)]
    if not isinstance(op, BY_ELEMENT) or len(tensors) != 1:
        return None
    (before,) = tensors
    alone = graph.users[before] == (op,) and before not in graph.outputs
    if not alone or not isinstance(before, HEADS) or before.shape != op.shape:
        return None
    limit = max(schedule.partition_limit, 1) if schedule.storage == "registers" else 1
    constants = [operand for operand in op.operands if isinstance(operand, Const)]
    per_channel = isinstance(op, Threshold) or all(
        math.prod(const.shape[:-1]) == 1 for const in constants
    )
    return before if per_channel and all(const.size <= limit for const in constants) else None


def is_start_of_sum(op: Op, before: Op | None) -> bool:
    """Return whether ``op`` adds a bias with which the sums of the product ``before`` can begin.

    Their binary points agree.
    """
    return isinstance(op, Add) and isinstance(before, Matmul | Conv) and op.frac == before.frac


def list_arrays_read(op: Op) -> list[Op]:
    """Return the ops whose arrays ``op`` reads, without duplicates; a call reads the arrays of its first op."""
    arrays = (find_array(operand) for operand in op.operands)
    return [array for array in dict.fromkeys(arrays) if not isinstance(array, Const)]


def find_obstacles(graph: Graph, chains: Sequence[Chain]) -> tuple[str, ...]:
    """Return the obstacles that keep the calls of ``chains`` from overlapping, one phrase each."""
    results = [find_array(op) for op in graph.outputs]
    readers = Counter(results)
    depths: dict[Op, int] = dict.fromkeys(graph.inputs, 0)
    uneven: list[str] = []
    for chain in chains:
        arrays = list_source_arrays(chain[0])
        readers.update(arrays)
        depth = [depths[array] for array in arrays]
        depths[chain[-1]] = max(depth, default=0) + 1
        if len(set(depth)) > 1:
            uneven.append(chain[0].name)
    several = [op.name for op, count in readers.items() if count > 1]
    obstacles = [f"several calls read {', '.join(several)}"] if several else []
    if uneven:
        obstacles.append(f"tensors of different depths meet in {', '.join(uneven)}")
    if len({depths[op] for op in results}) > 1:
        obstacles.append("outputs are of different depths")
    return tuple(obstacles)
