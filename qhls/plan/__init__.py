"""The plan: every decision of time and place between an exact graph and its hardware.

``Schedule`` is the user's request, ``plan(graph, schedule)`` the answer, which C++, energy, area and latency read.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qhls.plan.schedule import Schedule, check_schedule

if TYPE_CHECKING:
    from qhls.plan.fold import Fold
    from qhls.plan.loop import Loop
    from qhls.plan.network import Plan, plan, plan_design
    from qhls.plan.process import Access, Buffer, Channel, Process

_HOMES = {
    "Access": "process",
    "Buffer": "process",
    "Channel": "process",
    "Fold": "fold",
    "Loop": "loop",
    "Plan": "network",
    "Process": "process",
    "plan": "network",
    "plan_design": "network",
}
"""The modules of names that are imported on first use, so that importing qhls for a type loads no planner."""

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


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"qhls.plan.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'qhls.plan' has no attribute {name!r}")
