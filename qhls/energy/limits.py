"""Warnings: what of a design its part or its tool cannot build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qhls.ir import Const, Conv, Graph, Input, Matmul, Reshape, Schedule
from qhls.ir.loops import body
from qhls.ir.parts import find_part

BODY_LIMIT = 16_384
"""Operations in one unrolled body: users of HLS tools report days, or a crash, from some thousands on."""


def warnings_of(graph: Graph, schedule: Schedule, totals: Mapping[str, float]) -> Iterator[str]:
    """Yield what a user should know before a tool runs; ``totals``: the design's area, by unit."""
    if schedule.storage != "registers":
        yield f"storage={schedule.storage!r} is a question to the cost models: no project is written for it"
    yield from _crowded(graph, schedule)
    if "LUT" in totals:
        yield from _exceeded(schedule, totals)


def _crowded(graph: Graph, schedule: Schedule) -> Iterator[str]:
    for op, _ in graph.walk():
        if isinstance(op, Const | Input | Reshape):
            continue
        count = body(op, schedule)
        if count > BODY_LIMIT:
            where = f"layer {op.layer!r}, {op.name!r}" if op.layer else repr(op.name)
            grouped = isinstance(op, Conv) and op.groups > 1
            folds = isinstance(op, Matmul | Conv) and not grouped
            yield (
                f"{where}: {count:,} operations in one unrolled loop body, and a tool builds about "
                f"{BODY_LIMIT:,}; {'raise reuse_factor' if folds else 'make the layer smaller'}"
            )


def _exceeded(schedule: Schedule, totals: Mapping[str, float]) -> Iterator[str]:
    part = find_part(schedule.part)
    if part is None or part.resources is None:
        yield f"part {schedule.part!r}: nothing is known of its size, so whether the design fits is not checked"
        return
    for unit, room in part.resources.items():
        needed = totals.get(unit, 0.0)
        if needed > room:
            yield f"{needed:,.0f} {unit} needed, {part.device} has {room:,}: choose a larger part or a smaller design"
