"""The picture of a plan: its processes, and the channels or FIFOs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from qhls.ir import Op
from qhls.plan.streams.firings import count_busy_cycles
from qhls.plan.streams.network import StreamPlan, StreamProcess
from qhls.plan.streams.table import describe_action
from qhls.plan.table import describe_channel, describe_fold
from qhls.report.network import BoxText, describe_operation, draw_boxes

if TYPE_CHECKING:
    from qhls.plan import Plan
    from qhls.plan.process import Process

_Edge = tuple[str, str, str]
"""The names of two nodes, and the text on the edge between them."""


def draw_processes(plan: Plan | StreamPlan, links: Mapping[Op, str]) -> str:
    """Return an SVG picture of the processes of ``plan``, with folds and cycles; ``links``: links of operations."""
    nodes = {op.name: describe_operation(op, links.get(op, "")) for op in plan.graph.inputs}
    if isinstance(plan, StreamPlan):
        nodes |= {process.name: _describe_streaming(process, links) for process in plan.processes}
        edges = _list_fifos(plan)
    else:
        nodes |= {process.name: _describe(process, links) for process in plan.processes}
        edges = _list_channels(plan)
    labels: dict[tuple[str, str], list[str]] = {}
    for start, end, label in edges:
        labels.setdefault((start, end), []).append(label)
    drawn = {edge: "; ".join(several) for edge, several in labels.items()}
    return draw_boxes(nodes, drawn, f"Processes of {plan.graph.name}: {len(plan.processes)}")


def _list_channels(plan: Plan) -> Iterator[_Edge]:
    owners = {op: process.name for process in plan.processes for op in process.ops}
    owners |= {op: op.name for op in plan.graph.inputs}
    for channel in plan.channels:
        if channel.producer in owners and channel.consumer in owners:
            tokens = f"{channel.tokens:,} x {channel.lanes:,} {channel.producer.type}"
            label = f"{describe_channel(channel)} · {tokens}"
            yield owners[channel.producer], owners[channel.consumer], label


def _list_fifos(plan: StreamPlan) -> Iterator[_Edge]:
    for process in plan.processes:
        for fifo in process.reads:
            kind = "port" if fifo.is_port else f"fifo depth {fifo.depth:,}"
            tokens = f"{fifo.tokens:,} x {fifo.lanes:,} {fifo.tensor.type}"
            yield fifo.producer or fifo.tensor.name, process.name, f"{kind} · {tokens}"


def _describe(process: Process, links: Mapping[Op, str]) -> BoxText:
    parts = filter(None, [process.kind, describe_fold(process)])
    title = f"{process.name}: {', '.join(parts)}, depth {process.depth:,} cycles"
    heading = f"{process.kind} · {_count_cycles(process.busy)}"
    label = process.layer or process.name
    return BoxText(heading, label, title, process.ops[0].kind, links.get(process.op, ""))


def _describe_streaming(process: StreamProcess, links: Mapping[Op, str]) -> BoxText:
    kind = " + ".join(op.kind for op in process.ops) or "fork"
    parts = filter(None, [describe_action(process), describe_fold(process.hardware)])
    title = f"{process.name}: {', '.join(parts)}"
    heading = f"{kind} · {_count_cycles(count_busy_cycles(process))}"
    link = links.get(process.ops[-1], "") if process.ops else ""
    first = process.op.kind if process.op else kind
    return BoxText(heading, process.layer or process.name, title, first, link)


def _count_cycles(cycles: int) -> str:
    return f"{cycles:,} cycle{'s' if cycles != 1 else ''}"
