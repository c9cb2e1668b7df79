"""A plan of streams as a table, one process per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from qhls.ir.ops import Const
from qhls.plan.streams.actions import Fill, Fork, Reduce, Regroup, Slide
from qhls.plan.streams.firings import count_busy_cycles
from qhls.plan.table import describe_buffer, describe_fold
from qhls.system.tables import make_cell

if TYPE_CHECKING:
    from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess

_COLUMNS = ("process", "layer", "action", "fold", "interval", "cycles", "buffers", "to")
_NUMBERS = ("interval", "cycles")


def make_stream_table(plan: StreamPlan) -> Table:
    """Return one row per process; the title says how long an inference takes."""
    cycles = f"latency {plan.latency:,}, interval {plan.interval:,} cycles"
    table = Table(title=make_cell(f"Plan of {plan.graph.name}: {cycles}", "italic"))
    for heading in _COLUMNS:
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left")
    for process in plan.processes:
        cells = (
            process.name,
            process.layer,
            describe_action(process),
            describe_fold(process.hardware),
            f"{process.interval:,}" if process.interval else "a loop",
            f"{count_busy_cycles(process):,}",
            describe_buffers(process),
            ", ".join(map(_describe_fifo, process.writes)),
        )
        table.add_row(*map(make_cell, cells))
    return table


def describe_action(process: StreamProcess) -> str:
    """Return a description of a process's work: its action, and the later ops that are fused with its first op."""
    kinds = [each.op.kind for each in process.followers]
    return (
        f"{_describe_first(process)}, then {', '.join(kinds)}"
        if kinds
        else _describe_first(process)
    )


def _describe_first(process: StreamProcess) -> str:
    action = process.action
    if isinstance(action, Fork):
        return f"copy of {action.tokens:,} tokens"
    if isinstance(action, Fill):
        return "filter of tokens"
    if isinstance(action, Regroup):
        return f"{process.taken[0]:,} tokens as {process.given:,}"
    if isinstance(action, Slide):
        height, width = action.size
        padded = ", padded" if action.is_padded else ""
        several = f", {action.pixels} pixels per column" if action.pixels > 1 else ""
        return f"window {height} x {width}{padded}{several}"
    if isinstance(action, Reduce):
        return f"{action.op.reduction} of {action.pixels:,} pixels"
    return f"{action.steps:,} steps" if action.steps > 1 else "whole tensors"


def describe_buffers(process: StreamProcess) -> str:
    """Return a description of the buffers of a process: constants in memories, line buffers, windows."""
    parts = [process.hardware, *(each.hardware for each in process.followers)]
    reads = [access for part in parts if part for access in part.reads]
    constants = [access.buffer for access in reads if isinstance(access.operand, Const)]
    named = [("constants", buffer) for buffer in constants if buffer.is_memory]
    named += [(memory.name, memory.buffer) for memory in process.memories if memory.name != "fifo"]
    return ", ".join(f"{name} {describe_buffer(buffer)}" for name, buffer in named)


def _describe_fifo(fifo: Fifo) -> str:
    consumer = fifo.consumer or "output"
    depth = "" if fifo.is_port else f" x {fifo.depth:,}"
    return f"{consumer}: {fifo.lanes:,} lanes{depth}"
