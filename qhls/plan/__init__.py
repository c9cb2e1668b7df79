"""The plan: every decision of time and place between an exact graph and its hardware.

``Schedule`` is the user's request, ``plan(graph, schedule)`` the answer, which C++, energy, area and latency read.
"""

from qhls.plan.fold import Fold
from qhls.plan.loop import Loop
from qhls.plan.network import Plan, plan, plan_design
from qhls.plan.process import Access, Buffer, Channel, Process
from qhls.plan.schedule import Schedule, check_schedule

__all__ = [
    "Access",
    "Buffer",
    "Channel",
    "Fold",
    "Loop",
    "Plan",
    "Process",
    "Schedule",
    "check_schedule",
    "plan",
    "plan_design",
]
