"""``Schedule``: every choice about time and place, complete before anything is emitted or priced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from qhls.errors import VerifyError

Storage = Literal["registers", "lutram", "bram", "rom"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a graph becomes hardware. No backend and no cost model invents a default of its own.

    ``reuse_factor``: multiplications that share one multiplier, which is the initiation interval of an
    op's pipeline, in clock cycles. ``clock_period``: nanoseconds. ``storage``: where weights lie; the C++ has no
    directive for another place than ``"registers"``, which only the cost models know. ``io``: arrays at the top.
    ``partition_limit``: arrays of up to this many elements are split into registers, and worked on all at once; longer
    ones stay memories, but for constants with fixed indices, which are logic. ``part`` and ``library``: the Vitis
    device and the Catapult library. Raises ``VerifyError`` for a factor below 1 or a period that is not positive.
    """

    reuse_factor: int = 1
    clock_period: float = 5.0
    storage: Storage = "registers"
    io: Literal["array"] = "array"
    partition_limit: int = 1024
    part: str = "xcvu13p-flga2577-2-e"
    library: str = "nangate-45nm_beh"

    def __post_init__(self) -> None:
        if self.reuse_factor < 1:
            raise VerifyError(f"Schedule: reuse_factor must be at least 1, got {self.reuse_factor}")
        if not self.clock_period > 0:
            raise VerifyError(
                f"Schedule: clock_period must be positive nanoseconds, got {self.clock_period}"
            )
        if self.storage not in get_args(Storage):
            raise VerifyError(
                f"Schedule: storage must be one of {', '.join(get_args(Storage))}, got {self.storage!r}"
            )
        if self.partition_limit < 0:
            raise VerifyError(
                f"Schedule: partition_limit must be at least 0, got {self.partition_limit}"
            )
