"""Designs of arrays as networks of streams: a tensor crosses a port of the design as one token."""

from __future__ import annotations

import math
from dataclasses import replace

from qhls.ir.graph import Graph, SomeGraph
from qhls.ir.movement import View
from qhls.ir.op import Op
from qhls.plan.network import plan
from qhls.plan.schedule import LIMIT_UNITS, Schedule
from qhls.plan.streams.build import plan_streams
from qhls.plan.streams.network import StreamPlan


def plan_arrays(graph: Graph, schedule: Schedule) -> StreamPlan:
    """Return the plan of ``graph`` as processes; each port of the design passes a whole tensor as one token.

    Products share multipliers as far as the interval of the plan of arrays allows. Raises ``PlanError`` for a fold, an
    interval or a budget that no hardware meets.
    """
    asked = replace(schedule, io="stream")
    if schedule.is_searched:
        interval = schedule.target or plan(graph, schedule).interval
        unlimited = dict.fromkeys((*LIMIT_UNITS, "fit", "throughput"))
        asked = replace(asked, interval=interval, **unlimited)
    return plan_streams(with_flat_ports(graph), asked, whole_ports=True)


def with_flat_ports(graph: SomeGraph) -> SomeGraph:
    """Return ``graph`` with one-dimensional inputs and outputs, which ``View`` ops reshape."""
    new: dict[Op, Op] = {}
    inputs = tuple(replace(op, dims=(op.size,)) for op in graph.inputs)
    for op, flat in zip(graph.inputs, inputs, strict=True):
        new[op] = _view(flat, op.shape, f"{op.name} elements")
    for op in graph.ops:
        if op not in new:
            new[op] = op.with_operands(new)
    outputs = tuple(_view(new[op], (op.size,), f"{op.name} array") for op in graph.outputs)
    return replace(graph, inputs=inputs, outputs=outputs)


def _view(op: Op, dims: tuple[int, ...], name: str) -> View:
    strides = tuple(math.prod(dims[axis + 1 :]) for axis in range(len(dims)))
    return View(op, dims, strides, name=name, layer=op.layer)
