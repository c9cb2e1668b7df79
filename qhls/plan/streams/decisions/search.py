"""``find_streams``: the plan of streams that meets an interval or a budget."""

from __future__ import annotations

from dataclasses import replace

from qhls.plan.schedule import Schedule
from qhls.plan.search import check_budget, find_spared, is_within_budget, search_plan
from qhls.plan.streams.build import build_plan
from qhls.plan.streams.decisions.choices import Outlook, decide_streams
from qhls.plan.streams.depths import time_plan
from qhls.plan.streams.network import StreamPlan

SLOWER = 1.05
"""Factor by which the target in cycles grows while the FIFOs, whose depths come last, exceed the budget."""
SLOWEST = 4
"""Maximum ratio of such a grown target to the first target."""


def find_streams(outlook: Outlook, schedule: Schedule) -> StreamPlan:
    """Return the plan that meets the interval and the budget of ``schedule``. Raises ``PlanError`` if none does."""

    def make(target: int) -> StreamPlan:
        choices, lanes = decide_streams(outlook, schedule, target)
        plan = build_plan(outlook, schedule, choices, lanes)
        spared = [
            plan.processes[i].op for i in find_spared(plan, [p.hardware for p in plan.processes])
        ]
        for op in spared:
            assert op is not None
            choices[op] = replace(choices[op], in_luts=True)
        if spared:
            plan = build_plan(outlook, schedule, choices, lanes)
        return replace(plan, interval=plan.busiest)

    streams = search_plan(make, schedule)
    least = make(streams.interval)  # no process needs to be faster than the slowest one
    streams = time_plan(
        least if least.interval <= streams.interval and is_within_budget(least) else streams
    )
    target = streams.interval
    while schedule.target is None and schedule.budget and not is_within_budget(streams):
        target = int(target * SLOWER) + 1
        if target > SLOWEST * streams.interval:
            break
        streams = time_plan(make(target))
    if schedule.fit is not False:
        check_budget(streams)
    return streams
