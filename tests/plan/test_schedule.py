"""Schedules and parts: what each field may be, and the messages for what it may not."""

import numpy as np
import pytest

from qhls.errors import VerifyError
from qhls.plan import Schedule, check_schedule
from qhls.plan.hardware.parts import UNITS, Part, find_part

WHOLE = r"expected a whole number from 1 to 2147483647, got"
PERIOD = r"expected a positive number of nanoseconds, got"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *(
            pytest.param(
                *("reuse_factor", value, rf"{WHOLE} {got}\. It is in cycles\."), id=f"factor {got}"
            )
            for value, got in (
                *((0, "0"), (-3, "-3"), (2.5, r"2\.5"), (4.0, r"4\.0"), ("4", "'4'")),
                *((True, "True"), (None, "None"), (10**5000, "an integer of 16610 bits")),
            )
        ),
        (
            "partition_limit",
            -1,
            r"expected a whole number from 0 to 2147483647, got -1\. It is in elements\.",
        ),
        *(
            pytest.param(
                *("clock_period", value, rf"{PERIOD} {got}\. 200 MHz is 5\.0\."), id=f"period {got}"
            )
            for value, got in (
                *((0.0, r"0\.0"), (float("nan"), "nan"), (float("inf"), "inf"), ("5", "'5'")),
                *((True, "True"), (10**400, "an integer of 1329 bits"), (1j, "1j")),
            )
        ),
        ("storage", "flash", r"expected one of registers, lutram, bram, rom, got 'flash'\."),
        ("storage", ["bram"], r"expected one of registers, lutram, bram, rom, got \['bram'\]\."),
        (
            "io",
            "stream",
            r"expected 'array', got 'stream'\. Leave it out: no stream is emitted\.",
        ),
        *(
            ("part", value, r"expected a part of AMD's, got .*\. Write it as Vitis does: .*\.")
            for value in (
                "",
                "quartus",
                "xc7z020; exit",
                "xc7z020}",
                "xc7z020\n",
                "xc\u0661",
                7,
                "x" * 99,
            )
        ),
        *(
            ("library", value, r"expected a Catapult library, got .*\. Use letters, .*\.")
            for value in ("", "a b", "[exit]", "$x", "a;b", "a\n", None, "x" * 200)
        ),
    ],
)
def test_a_schedule_that_cannot_be(field, value, message):
    with pytest.raises(VerifyError, match=rf"^Schedule\.{field}: {message}$") as error:
        Schedule(**{field: value})
    assert len(str(error.value)) < 300


def test_a_schedule_takes_what_numpy_calls_a_number():
    schedule = Schedule(reuse_factor=np.int64(4), clock_period=np.float32(2.5))
    assert schedule == Schedule(4, 2.5)
    assert type(schedule.reuse_factor) is int
    assert type(schedule.clock_period) is float


@pytest.mark.parametrize("value", [{"reuse_factor": 4}, None, "fast", {"x": "y" * 1000}])
def test_what_is_no_schedule_is_refused(value):
    message = r"^compile: schedule: expected a Schedule, got .{2,90}\. Write qhls\.Schedule\(reuse_factor=4\), .*\.$"
    with pytest.raises(VerifyError, match=message):
        check_schedule(value, "compile")


@pytest.mark.parametrize(
    ("name", "device"),
    [
        *((name, "xc7z020") for name in ("xc7z020", "xc7z020clg400-1", "XC7Z020-CLG484-3")),
        *((("xc7a35ticsg324-1L"), "xc7a35t"), ("xc7a100tcsg324-1", "xc7a100t")),
        *(("xczu3eg-sbva484-1-e", "xczu3eg"), ("xczu7ev-ffvc1156-2-e", "xczu7ev")),
        *(("xcku5p-ffvb676-2-e", "xcku5p"), ("xcu250-figd2104-2L-e", "xcu250")),
        *(("xcvu9p-flga2104-2L-e-es1", "xcvu9p"), ("xcvu13p-flga2577-2-e", "xcvu13p")),
    ],
)
def test_parts_that_are_known(name, device):
    part = find_part(name)
    assert part is not None
    assert part.device == device
    assert part.resources is not None
    assert tuple(part.resources) == UNITS
    assert all(count > 0 for count in part.resources.values())


def test_a_part_of_which_nothing_is_known():
    assert find_part("xcvc1902-vsva2197-2MP-e-S") == Part("xcvc1902", None)
    assert find_part("xcvu13pq-flga2577-2-e") == Part("xcvu13pq", None)
