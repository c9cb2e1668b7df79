"""``find_plan``: the least hardware for an interval, or the least interval for a budget, by bisection.

The hardware is priced by the area table of 6-input LUTs, without control and address generation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from qhls.errors import PlanError
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.plan.choices import choose_all, list_arrays
from qhls.plan.dataflow import find_chains, find_obstacles
from qhls.plan.hardware.prices import AreaTable, load_area_table, price_primitives
from qhls.plan.hardware.primitives import PrimitiveCounts, count_hardware, count_primitives
from qhls.plan.network import Plan, connect
from qhls.plan.process import Process
from qhls.plan.rules import Choice
from qhls.plan.schedule import Schedule

if TYPE_CHECKING:
    from qhls.plan.streams.network import StreamPlan

LONGEST = 1 << 40
"""Target in cycles that is long enough for every process to use its least hardware."""
CLOSE = 1.01
"""Ratio of the upper to the lower bound at which the bisection for a budget ends."""

Resources = dict[str, float]
P = TypeVar("P", Plan, "StreamPlan")
"""A plan of arrays or of streams."""


def find_plan(graph: Graph, schedule: Schedule) -> Plan:
    """Return the plan that meets the interval and, unless ``fit`` is False, the budget of ``schedule``.

    Raises ``PlanError`` if none does.
    """
    obstacles = find_obstacles(graph, find_chains(graph, schedule))

    def make(target: int) -> Plan:
        choices = choose_all(graph, schedule, target)
        plan = connect(graph, schedule, choices, obstacles)
        spared = _spare_dsps(plan)
        return connect(graph, schedule, spared, obstacles) if spared != choices else plan

    return search_plan(make, schedule)


def search_plan(make: Callable[[int], P], schedule: Schedule) -> P:
    """Return the plan that meets the interval and, unless ``fit`` is False, the budget of ``schedule``.

    ``make(target)`` returns the plan whose processes take at most ``target`` cycles.
    Raises ``PlanError`` if none meets them.
    """
    if schedule.target is None:
        return _find_fastest(make, schedule)
    smallest = _find_smallest(make, schedule.target)
    if schedule.fit is not False:
        check_budget(smallest)
    return smallest


def _find_smallest(make: Callable[[int], P], interval: int) -> P:
    """Return the plan with the least hardware that accepts an input every ``interval`` cycles."""
    plan = make(interval)
    if plan.interval <= interval:
        return plan
    fastest = make(1)
    if fastest.interval > interval:
        why = f": {'; '.join(fastest.obstacles)}" if fastest.obstacles else ""
        raise PlanError(
            f"Schedule.interval: expected at least {fastest.interval:,} cycles between inputs of "
            f"{fastest.graph.name!r}, "
            f"got {interval:,}{why}. Allow more cycles."
        )
    low, high, plan = 1, interval, fastest
    while high - low > 1:
        middle = (low + high) // 2
        trial = make(middle)
        if trial.interval <= interval:
            low, plan = middle, trial
        else:
            high = middle
    return plan


def _find_fastest(make: Callable[[int], P], schedule: Schedule) -> P:
    """Return the plan with the shortest interval within the budget; the smallest one if none fits and ``fit=False``."""
    plan = make(LONGEST)
    low, high = 1, plan.busiest
    if not is_within_budget(plan):
        if schedule.fit is not False:
            check_budget(plan)
        return plan
    while high > low * CLOSE and high - low > 1:
        middle = math.isqrt(low * high) if high > 4 * low else (low + high) // 2
        trial = make(max(middle, low + 1) if middle <= low else middle)
        if is_within_budget(trial):
            high, plan = middle, trial
        else:
            low = middle
    return plan


def _spare_dsps(plan: Plan) -> tuple[Choice, ...]:
    """Return the choices of ``plan``, but with as many products in LUTs as the budget of DSP blocks requires."""
    choices = list(plan.choices)
    numbers = {op: number for number, op in enumerate(list_arrays(plan.graph))}
    products = [process.find_part(process.ops[0]) for process in plan.processes]
    for position in find_spared(plan, products):
        number = numbers[products[position].op]
        choices[number] = replace(choices[number], in_luts=True)
    return tuple(choices)


def find_spared(plan: Plan | StreamPlan, processes: Sequence[Process | None]) -> list[int]:
    """Return the positions of the products that must use LUTs to meet the plan's budget of DSP blocks.

    Those with the fewest LUTs per block come first.
    """
    excess = add_up_resources(plan).get("DSP", 0.0) - plan.schedule.budget.get("DSP", math.inf)
    if excess <= 0:
        return []
    spared: list[tuple[float, float, int]] = []
    for position, process in enumerate(processes):
        blocks = measure_process(process).get("DSP", 0.0) if process and process.fold else 0.0
        if process and blocks:
            luts = measure_process(replace(process, in_luts=True)).get("LUT", 0.0)
            more = luts - measure_process(process).get("LUT", 0.0)
            spared.append((more / blocks, blocks, position))
    positions: list[int] = []
    for _, blocks, position in sorted(spared):
        if excess <= 0:
            break
        positions.append(position)
        excess -= blocks
    return positions


def measure_process(process: Process) -> Resources:
    """Return the resources of one process, by unit."""
    table = _load_table()
    return price_primitives(count_primitives(process, copies=table.copies), table)[0]


def is_within_budget(plan: Plan | StreamPlan) -> bool:
    """Return whether ``plan`` is within the budget of its schedule."""
    budget = plan.schedule.budget
    totals = add_up_resources(plan)
    return all(totals.get(unit, 0.0) <= limit for unit, limit in budget.items())


def check_budget(plan: Plan | StreamPlan) -> None:
    """Raise ``PlanError`` if ``plan`` exceeds its budget, with the worst unit and the layer that uses most of it."""
    totals, budget = add_up_resources(plan), plan.schedule.budget
    worst = max(budget, key=lambda unit: totals.get(unit, 0.0) / budget[unit], default=None)
    if worst is None or totals.get(worst, 0.0) <= budget[worst]:
        return
    layers = Counter[str]()
    for name, resources in measure_layers(plan):
        layers[name] += resources.get(worst, 0.0)  # pyright: ignore[reportArgumentType]
    layer, most = layers.most_common(1)[0]
    least = "for this interval" if plan.schedule.target else "in the smallest design"
    raise PlanError(
        f"plan of {plan.graph.name!r}: expected at most {budget[worst]:,} {worst}, got {totals[worst]:,.0f} {least}, "
        f"{most:,.0f} of them in layer {layer!r}. Use a larger part, fewer bits or more cycles, or pass fit=False."
    )


def add_up_resources(plan: Plan | StreamPlan) -> Resources:
    """Return the resources of ``plan`` by unit."""
    totals: Resources = {}
    for _, resources in measure_layers(plan):
        for unit, amount in resources.items():
            totals[unit] = totals.get(unit, 0.0) + amount
    return totals


def measure_layers(plan: Plan | StreamPlan) -> list[tuple[str, Resources]]:
    """Return the resources of every op, each with the name of its Keras layer, or of the op if it has no layer."""
    table = _load_table()
    return [
        (op.layer or op.name, price_primitives(count, table)[0])
        for op, count in count_plan(plan, table.copies)
    ]


def count_plan(plan: Plan | StreamPlan, copies: int = 1) -> Iterator[tuple[Op, PrimitiveCounts]]:
    """Yield every op with its primitives, including those of its additional buffers."""
    for hardware in plan.walk():
        yield hardware.op, count_hardware(hardware, hardware.op not in plan.graph.inputs, copies)


@cache
def _load_table() -> AreaTable:
    return load_area_table("xilinx_lut6")
