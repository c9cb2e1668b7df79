"""``Loop``: one loop of a process."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of ``size`` iterations, of which ``unroll`` run in parallel: 1 is a rolled loop, ``size`` unrolled."""

    name: str
    size: int
    unroll: int = 1

    @property
    def trips(self) -> int:
        """Return the number of iterations that run one after another; the last one may be incomplete."""
        return math.ceil(self.size / self.unroll)

    def __str__(self) -> str:
        if self.unroll == 1:
            return f"{self.name} {self.size}"
        return f"{self.name} {self.size}/{self.unroll}"
