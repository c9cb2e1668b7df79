"""``Schedule``: the user's requests on time and place, complete before anything is emitted or priced."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, SupportsFloat, SupportsIndex, cast, get_args

from qhls.errors import VerifyError
from qhls.plan.hardware.parts import find_part, list_devices

Storage = Literal["registers", "lutram", "bram", "rom"]
Io = Literal["array", "stream"]
FamilyName = Literal["xc7", "xcup", "ice40", "ecp5", "gowin"]
Control = Literal["ap_ctrl_hs", "ap_ctrl_chain", "ap_ctrl_none"]
"""Start and done of Vitis' top function: a handshake, a handshake that can also delay the result, or free running."""
Folding = tuple[int, int] | Literal["logic", "memory"]
"""Fold of a layer: inputs and results of one trip (simd, pe), or where its weights lie."""
LIMIT_UNITS = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "bram": "BRAM18"}
"""Units of the budgets, by the field of ``Schedule`` that sets each."""

_TERNARY = ("xc7", "xcup")
"""The families with carry chains that add three operands."""
_LARGEST = 2**31 - 1
"""Largest number in a schedule: C++ and Tcl count in 32 bits."""
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Schedule:
    """The user's requests on time and place. Backends and cost models add no defaults.

    ``reuse_factor``: multiplications that share one multiplier, which is the initiation interval of an
    op's pipeline, in clock cycles. ``clock_period``: nanoseconds. ``storage``: where weights lie. The C++ knows
    ``"registers"`` only: another place is a question to the cost models, and no project is written for it.
    ``io``: with ``"array"`` tensors are arrays, with ``"stream"`` processes exchange them as tokens through FIFOs.
    ``partition_limit``: arrays of up to this many elements are split into registers, and all their elements are
    computed in parallel; longer arrays stay memories, but for constants with fixed indices, which are logic.
    ``part`` and ``library``: the Vitis device and the Catapult library. ``control``: start and done of Vitis' top
    function; Catapult's starts with its inputs. ``family``: the FPGA family whose delays place the registers of
    Verilog; None for the delays of UltraScale+. ``ternary_adders``: whether sums in Verilog have three operands where
    that saves look-up tables of AMD's devices (families "xc7" and "xcup"), with fewer adders that are slower.

    ``interval``: the most clock cycles between two inputs; or ``throughput``: the least inputs per second. The plan
    takes the least hardware that meets it. ``lut``, ``ff``, ``dsp`` and ``bram`` (blocks of 18 kbit) are budgets, in
    which the plan takes the least interval. ``fit``: True adds the resources of ``part`` to the budgets; False does so
    too, but plans the smallest design where none fits. ``folding``: by layer name or pattern (``"conv*"``), the
    (simd, pe) of its products, ``"logic"`` (all weights at once) or ``"memory"`` (weights in a memory).

    Raises ``VerifyError`` for a field with a wrong value.
    """

    reuse_factor: int = 1
    clock_period: float = 5.0
    storage: Storage = "registers"
    io: Io = "array"
    partition_limit: int = 1024
    part: str = "xcvu13p-flga2577-2-e"
    library: str = "nangate-45nm_beh"
    control: Control = field(default="ap_ctrl_hs", kw_only=True)
    family: FamilyName | None = field(default=None, kw_only=True)
    ternary_adders: bool = field(default=False, kw_only=True)
    interval: int | None = field(default=None, kw_only=True)
    throughput: float | None = field(default=None, kw_only=True)
    lut: int | None = field(default=None, kw_only=True)
    ff: int | None = field(default=None, kw_only=True)
    dsp: int | None = field(default=None, kw_only=True)
    bram: int | None = field(default=None, kw_only=True)
    fit: bool | None = field(default=None, kw_only=True)
    folding: Mapping[str, Folding] | tuple[tuple[str, Folding], ...] = field(
        default=(), kw_only=True
    )

    def __post_init__(self) -> None:
        multiplied, longest = _read_whole(self.reuse_factor), _read_whole(self.partition_limit)
        factor = f"a whole number from 1 to {_LARGEST}"
        self._require("reuse_factor", 1 <= multiplied <= _LARGEST, factor, "It is in cycles.")
        limit = f"a whole number from 0 to {_LARGEST}"
        self._require("partition_limit", 0 <= longest <= _LARGEST, limit, "It is in elements.")
        period = _read_number(self.clock_period)
        positive = "a positive number of nanoseconds"
        self._require("clock_period", 0 < period < math.inf, positive, "200 MHz is 5.0.")
        choices: dict[str, Any] = {"storage": Storage, "io": Io, "control": Control}
        if self.family is not None:
            choices["family"] = FamilyName
        for name, kinds in choices.items():
            known = get_args(kinds)
            self._require(
                name, _read_text(getattr(self, name)) in known, f"one of {', '.join(known)}", ""
            )
        self._check_adders()
        known = find_part(_read_text(self.part)) is not None
        self._require("part", known, "a part of AMD's", "Write it as Vitis does: xc7z020clg400-1.")
        plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}", _read_text(self.library))
        self._require(
            "library", plain is not None, "a Catapult library", "Use letters, digits and _ . + -."
        )
        self._check_targets(period)
        self._check_folding()
        object.__setattr__(self, "reuse_factor", multiplied)
        object.__setattr__(self, "partition_limit", longest)
        object.__setattr__(self, "clock_period", period)

    @property
    def weights_are_logic(self) -> bool:
        """Return whether weights of products are logic: ``storage`` is "registers" and no multiplier is shared."""
        is_shared = self.reuse_factor > 1 or self.is_searched or bool(self.folding)
        return self.storage == "registers" and not is_shared

    @property
    def target(self) -> int | None:
        """Return the most cycles between two inputs that ``interval`` or ``throughput`` allows; None without either."""
        if self.throughput is not None:
            return int(1e9 / (self.clock_period * self.throughput))
        return self.interval

    @property
    def budget(self) -> dict[str, int]:
        """Return the limits on resources by unit; a resource without a limit is not in it."""
        limits = {unit: getattr(self, name) for name, unit in LIMIT_UNITS.items()}
        part = find_part(self.part) if self.fit is not None else None
        room = (part.resources if part else None) or {}
        limits = {
            unit: room.get(unit) if limit is None else limit for unit, limit in limits.items()
        }
        return {unit: limit for unit, limit in limits.items() if limit is not None}

    @property
    def is_searched(self) -> bool:
        """Return whether an interval or a budget is requested, for which the plan then searches folds."""
        return self.target is not None or bool(self.budget)

    def _check_adders(self) -> None:
        ternary = self.ternary_adders
        self._require("ternary_adders", ternary in (True, False), "True or False", "")
        expected = f"one of {', '.join(_TERNARY)} for ternary adders"
        advice = "Other devices have no carry chain of three operands: leave ternary_adders out."
        self._require("family", not ternary or self.family in _TERNARY, expected, advice)

    def _check_targets(self, period: float) -> None:
        for name in ("interval", *LIMIT_UNITS):
            value = getattr(self, name)
            if value is not None:
                number = _read_whole(value)
                what = (
                    "It is in cycles." if name == "interval" else f"It counts {LIMIT_UNITS[name]}."
                )
                sound = 1 <= number <= _LARGEST
                self._require(name, sound, f"a whole number from 1 to {_LARGEST}", what)
                object.__setattr__(self, name, number)
        if self.throughput is not None:
            rate = _read_number(self.throughput)
            most = 1e9 / period
            expected = f"a positive number up to {most:g}, one input per cycle"
            self._require("throughput", 0 < rate <= most, expected, "It is in inputs per second.")
            self._require(
                "throughput", self.interval is None, "no interval beside it", "Leave one out."
            )
            object.__setattr__(self, "throughput", rate)
        self._require("fit", self.fit in (None, True, False), "True or False", "")
        if self.fit is not None:
            part = find_part(self.part)
            sized = part is not None and part.resources is not None
            advice = f"Use one of {', '.join(list_devices())}, or give lut, ff, dsp and bram."
            self._require("part", sized, "a part whose size is known", advice)
        plain = self.reuse_factor == 1 or not self.is_searched
        self._require("reuse_factor", plain, "1 beside an interval or a budget", "Leave one out.")
        plain = self.storage == "registers" or not self.is_searched
        self._require(
            "storage", plain, "'registers' beside an interval or a budget", "Leave it out."
        )

    def _check_folding(self) -> None:
        folding = self.folding
        pairs: tuple[tuple[Any, Any], ...] = tuple(
            folding.items() if isinstance(folding, Mapping) else folding
        )
        cleaned = tuple((name, _read_fold(wish)) for name, wish in pairs)
        sound = all(isinstance(name, str) and wish is not None for name, wish in cleaned)
        expected = "(simd, pe), 'logic' or 'memory' for each layer"
        self._require("folding", sound, expected, "Write folding={'dense': (8, 4)}, for example.")
        object.__setattr__(self, "folding", cleaned)

    def _require(self, field: str, sound: bool, expected: str, advice: str) -> None:
        if not sound:
            got = _show(getattr(self, field))
            message = f"Schedule.{field}: expected {expected}, got {got}. {advice}"
            raise VerifyError(message.rstrip())


def check_schedule(schedule: object, where: str) -> Schedule:
    """Return ``schedule``; raise ``VerifyError`` if it is no ``Schedule``, with the name of the caller, ``where``."""
    if isinstance(schedule, Schedule):
        return schedule
    raise VerifyError(
        f"{where}: schedule: expected a Schedule, got {_show(schedule)}. "
        "Write qhls.Schedule(reuse_factor=4), for example."
    )


def _read_whole(value: object) -> int:
    """Return ``value`` as an ``int`` if it is an integer of Python or NumPy; -1 for anything else."""
    try:
        return -1 if isinstance(value, bool) else operator.index(cast("SupportsIndex", value))
    except TypeError:
        return -1


def _read_number(value: object) -> float:
    """Return ``value`` as a number; nan for anything else."""
    if isinstance(value, bool | str | bytes):
        return math.nan
    try:
        return float(cast("SupportsFloat", value))
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _read_fold(value: object) -> Folding | None:
    """Return ``value`` as (simd, pe), "logic" or "memory"; None for anything else."""
    if isinstance(value, str):
        return value if value in ("logic", "memory") else None
    numbers = (
        [_read_whole(n) for n in cast("list[object]", value)]
        if isinstance(value, tuple | list)
        else []
    )
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) >= 1 else None


def _read_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _show(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
