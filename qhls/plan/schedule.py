"""``Schedule``: every choice about time and place, complete before anything is emitted or priced."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import Literal, SupportsFloat, SupportsIndex, cast, get_args

from qhls.errors import VerifyError
from qhls.plan.hardware.parts import find_part

Storage = Literal["registers", "lutram", "bram", "rom"]
_LARGEST = 2**31 - 1
"""C++ and Tcl count in 32 bits."""
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Schedule:
    """The user's requests on time and place. Backends and cost models add no defaults.

    ``reuse_factor``: multiplications that share one multiplier, which is the initiation interval of an
    op's pipeline, in clock cycles. ``clock_period``: nanoseconds. ``storage``: where weights lie. The C++ knows
    ``"registers"`` only: another place is a question to the cost models, and no project is written for it.
    ``io``: arrays at the top. ``partition_limit``: arrays of up to this many elements are split into registers, and
    worked on all at once; longer ones stay memories, but for constants with fixed indices, which are logic.
    ``part`` and ``library``: the Vitis device and the Catapult library.

    Raises ``VerifyError`` for a field that is not what it should be.
    """

    reuse_factor: int = 1
    clock_period: float = 5.0
    storage: Storage = "registers"
    io: Literal["array"] = "array"
    partition_limit: int = 1024
    part: str = "xcvu13p-flga2577-2-e"
    library: str = "nangate-45nm_beh"

    def __post_init__(self) -> None:
        multiplied, longest = _whole(self.reuse_factor), _whole(self.partition_limit)
        factor = f"a whole number from 1 to {_LARGEST}"
        self._require("reuse_factor", 1 <= multiplied <= _LARGEST, factor, "It is in cycles.")
        limit = f"a whole number from 0 to {_LARGEST}"
        self._require("partition_limit", 0 <= longest <= _LARGEST, limit, "It is in elements.")
        period = _number(self.clock_period)
        positive = "a positive number of nanoseconds"
        self._require("clock_period", 0 < period < math.inf, positive, "200 MHz is 5.0.")
        places = f"one of {', '.join(get_args(Storage))}"
        self._require("storage", _text(self.storage) in get_args(Storage), places, "")
        self._require(
            "io", _text(self.io) == "array", "'array'", "Leave it out: no stream is emitted."
        )
        known = find_part(_text(self.part)) is not None
        self._require("part", known, "a part of AMD's", "Write it as Vitis does: xc7z020clg400-1.")
        plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}", _text(self.library))
        self._require(
            "library", plain is not None, "a Catapult library", "Use letters, digits and _ . + -."
        )
        object.__setattr__(self, "reuse_factor", multiplied)
        object.__setattr__(self, "partition_limit", longest)
        object.__setattr__(self, "clock_period", period)

    @property
    def weights_are_logic(self) -> bool:
        """Return whether weights of products and convolutions are part of the logic: no multiplier is shared."""
        return self.storage == "registers" and self.reuse_factor == 1

    def _require(self, field: str, sound: bool, expected: str, advice: str) -> None:
        if not sound:
            got = _shown(getattr(self, field))
            message = f"Schedule.{field}: expected {expected}, got {got}. {advice}"
            raise VerifyError(message.rstrip())


def check_schedule(schedule: object, where: str) -> Schedule:
    """Return ``schedule``; raise ``VerifyError`` if it is none, naming ``where`` it was given."""
    if isinstance(schedule, Schedule):
        return schedule
    raise VerifyError(
        f"{where}: schedule: expected a Schedule, got {_shown(schedule)}. "
        "Write qhls.Schedule(reuse_factor=4), for example."
    )


def _whole(value: object) -> int:
    """Return ``value`` as an integer, NumPy's too; -1 for anything else."""
    try:
        return -1 if isinstance(value, bool) else operator.index(cast("SupportsIndex", value))
    except TypeError:
        return -1


def _number(value: object) -> float:
    """Return ``value`` as a number; nan for anything else."""
    if isinstance(value, bool | str | bytes):
        return math.nan
    try:
        return float(cast("SupportsFloat", value))
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
