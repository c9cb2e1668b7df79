"""A plan of streams as a table, one process per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from qhls.plan.streams.actions import Fill, Fork, Repeat, Slide
from qhls.system.tables import make_cell

if TYPE_CHECKING:
    from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess

COLUMNS = ("process", "layer", "action", "interval", "buffers", "to")


def make_stream_table(plan: StreamPlan) -> Table:
    """Return one row per process; the title says how long an inference takes."""
    cycles = f"latency {plan.latency:,}, interval {plan.interval:,} cycles"
    table = Table(title=make_cell(f"Plan of {plan.graph.name}: {cycles}", "italic"))
    for heading in COLUMNS:
        table.add_column(heading, justify="right" if heading == "interval" else "left")
    for process in plan.processes:
        cells = (
            process.name,
            process.op.layer if process.op else "",
            describe_action(process),
            f"{process.interval:,}" if process.interval else "a loop",
            describe_buffers(process),
            ", ".join(map(_describe_fifo, process.writes)),
        )
        table.add_row(*map(make_cell, cells))
    return table


def describe_action(process: StreamProcess) -> str:
    """Return the work of one step and the number of steps."""
    action = process.action
    if isinstance(action, Fork):
        return f"copy of {action.tokens:,} tokens"
    if isinstance(action, Fill):
        return "filter of tokens"
    if isinstance(action, Slide):
        height, width = action.size
        return f"window {height} x {width}"
    return f"{action.steps:,} steps" if action.steps > 1 else "whole tensors"


def describe_buffers(process: StreamProcess) -> str:
    """Return the elements that the process holds beyond one token, by tensor."""
    action = process.action
    if isinstance(action, Slide):
        (down, right), (_, columns, channels) = action.span, action.image
        pixels = action.size[0] * right
        lines = f"{down - 1} lines of {columns * channels:,}, " if down > 1 else ""
        return f"{lines}window of {pixels * channels:,}"
    if not isinstance(action, Repeat):
        return ""
    parts = {
        fifo.tensor.name: fifo.tensor.size // (1 if fifo.tensor in action.held else action.steps)
        for fifo in process.reads
        if fifo.tokens > (0 if fifo.tensor in action.held else action.steps)
    }
    written = process.writes[0]
    parts |= {written.tensor.name: action.step.size} if process.given > 1 else {}
    return ", ".join(f"{name}: {size:,}" for name, size in parts.items())


def _describe_fifo(fifo: Fifo) -> str:
    consumer = fifo.consumer or "output"
    depth = "" if fifo.is_port else f" x {fifo.depth:,}"
    return f"{consumer}: {fifo.lanes:,} lanes{depth}"
