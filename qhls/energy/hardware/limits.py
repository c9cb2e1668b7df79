"""Warnings about designs that are too large for their part or for an HLS tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qhls.ir import Conv, Matmul, Threshold
from qhls.plan import Plan, Process, Schedule
from qhls.plan.hardware.parts import find_part
from qhls.plan.streams.network import StreamPlan

BODY_LIMIT = 16_384
"""The largest number of operations in one unrolled loop body for which qhls gives no warning.

From some thousands on, users of HLS tools report run times of days, or a crash.
"""


def list_warnings(plan: Plan | StreamPlan, totals: Mapping[str, float]) -> Iterator[str]:
    """Yield a warning for each problem of a design that is known before a tool runs; ``totals``: its area by unit."""
    schedule = plan.schedule
    if schedule.storage != "registers":
        yield f"storage={schedule.storage!r} changes the estimates only: qhls writes no project for it."
    yield from _warn_of_large_bodies(plan)
    if "LUT" in totals:
        yield from warn_of_part(schedule, totals)


def _warn_of_large_bodies(plan: Plan | StreamPlan) -> Iterator[str]:
    for hardware in plan.walk():
        op, process = hardware.op, hardware.unit
        if not isinstance(process, Process):
            continue
        count = process.unrolled * (op.comparisons if isinstance(op, Threshold) else 1)
        if count > BODY_LIMIT:
            where = f"layer {op.layer!r}, {op.name!r}" if op.layer else repr(op.name)
            folds = isinstance(op, Matmul | Conv)
            yield (
                f"{where}: expected at most {BODY_LIMIT:,} operations in one unrolled loop body, got {count:,}. "
                f"{'Raise reuse_factor' if folds else 'Make the layer smaller'}."
            )


def warn_of_part(schedule: Schedule, totals: Mapping[str, float]) -> Iterator[str]:
    """Yield a warning if the schedule's part has an unknown size, else for each unit in which ``totals`` exceeds it."""
    part = find_part(schedule.part)
    if part is None or part.resources is None:
        yield f"part {schedule.part!r}: its size is unknown, so qhls does not check whether the design fits."
        return
    for unit, room in part.resources.items():
        needed = totals.get(unit, 0.0)
        if needed > room:
            yield (
                f"part {part.device}: expected at most {room:,} {unit}, got {needed:,.0f}. "
                f"Choose a larger part or a smaller design."
            )
