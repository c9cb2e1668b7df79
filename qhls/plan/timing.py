"""Critical path of calls that wait for tensors and for memories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A call: its cycles, those that are not pipeline depth, the calls it waits for and the memories it occupies."""

    cycles: int
    waiting: int
    sources: tuple[int, ...]
    memories: tuple[object, ...] = ()


def find_critical_path(steps: Sequence[Step], results: Iterable[int]) -> tuple[int, int]:
    """Return the number of cycles until all ``results`` are ready, and how many of them are not pipeline depth."""
    finished: list[tuple[int, int]] = []
    free: dict[object, tuple[int, int]] = {}
    for step in steps:
        before = [finished[i] for i in step.sources] + [free.get(m, (0, 0)) for m in step.memories]
        ready, waited = max(before, default=(0, 0))
        finished.append((ready + step.cycles, waited + step.waiting))
        free.update(dict.fromkeys(step.memories, finished[-1]))
    return max((finished[i] for i in results), default=(0, 0))
