"""A plan as a table, one process per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from qhls.ir.ops import Const
from qhls.plan.process import Buffer, Channel, Process
from qhls.system.tables import make_cell

if TYPE_CHECKING:
    from qhls.plan.network import Plan

_COLUMNS = (
    "process",
    "layer",
    "ops",
    "fold",
    "loops",
    "interval",
    "depth",
    "constants",
    "result",
    "to",
)


def make_table(plan: Plan) -> Table:
    """Return a table with one row per process; the caption states whether the processes overlap."""
    overlap = "overlap" if plan.overlap else f"do not overlap: {'; '.join(plan.obstacles)}"
    title = make_cell(
        f"Plan of {plan.graph.name}: latency {plan.latency:,}, interval {plan.interval:,} cycles",
        "italic",
    )
    table = Table(title=title, caption=make_cell(f"The processes {overlap}."))
    for heading in _COLUMNS:
        table.add_column(heading, justify="right" if heading in ("interval", "depth") else "left")
    _add_rows(table, plan, "")
    return table


def _add_rows(table: Table, plan: Plan, indent: str) -> None:
    """Add the rows of ``plan``; the rows of a recurrence's step follow the recurrence, indented."""
    for process in (*plan.processes, *plan.stores):
        channels = [c for c in plan.channels if c.producer is process.op]
        cells = (
            f"{indent}{process.name}",
            ", ".join(dict.fromkeys(op.layer for op in process.ops if op.layer)),
            process.kind,
            describe_fold(process),
            " ".join(str(loop) for loop in process.loops if loop.size > 1),
            f"{process.interval:,}",
            f"{process.depth:,}",
            _describe_constants(process),
            describe_buffer(process.writes.buffer),
            "" if process in plan.stores else ", ".join(map(_describe_way, channels)),
        )
        table.add_row(*map(make_cell, cells))
        if process.body:
            _add_rows(table, process.body, f"{indent}  ")


def _describe_constants(process: Process) -> str:
    buffers = [a.buffer for a in process.reads if isinstance(a.operand, Const)]
    return ", ".join(describe_buffer(buffer) for buffer in buffers)


def describe_fold(process: Process | None) -> str:
    """Return simd and pe of a process's fold as text; empty without a fold or a process."""
    fold = process.fold if process else None
    return f"simd {fold.simd}, pe {fold.pe}" if fold else ""


def describe_buffer(buffer: Buffer) -> str:
    """Return the place, the number of words and the word width in bits of a buffer as text."""
    return f"{buffer.place} {buffer.words:,} x {buffer.word_bits:,}"


def _describe_way(channel: Channel) -> str:
    consumer = channel.consumer.name if channel.consumer else "output"
    return f"{consumer}: {describe_channel(channel)}"


def describe_channel(channel: Channel) -> str:
    """Return the kind of a channel, and for a FIFO its depth, as text."""
    return channel.kind + (f" depth {channel.depth:,}" if channel.kind == "fifo" else "")
