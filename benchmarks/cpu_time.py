"""CPU time of this process and of its finished children: what a busy machine distorts least."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any


def spent() -> dict[str, float]:
    """Return the seconds so far: ``user``, ``cpu`` (user and system) and ``wall``."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    user = sum(usage.ru_utime for usage in usages)
    system = sum(usage.ru_stime for usage in usages)
    return {"user": user, "cpu": user + system, "wall": time.perf_counter()}


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return the result of ``work``, and the seconds it took."""
    before = spent()
    result = work()
    after = spent()
    return result, {key: after[key] - before[key] for key in before}


def rate(run: Callable[[], Any], samples: int, seconds: float) -> float:
    """Return samples per CPU second of ``run``, which does ``samples``; repeat it for about ``seconds`` of CPU time."""
    done, used = 0, 0.0
    while used < seconds:
        used += timed(run)[1]["cpu"]
        done += samples
    return done / used
