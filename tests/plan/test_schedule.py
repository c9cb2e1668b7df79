"""Schedules and parts: what each field may be, and the messages for what it may not."""

import math

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
            "control",
            "none",
            r"expected one of ap_ctrl_hs, ap_ctrl_chain, ap_ctrl_none, got 'none'\.",
        ),
        ("family", "virtex", r"expected one of xc7, xcup, ice40, ecp5, gowin, got 'virtex'\."),
        (
            "io",
            "axi",
            r"expected one of array, stream, got 'axi'\.",
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
    assert all(count > 0 for unit, count in part.resources.items() if unit != "URAM")
    assert part.resources["URAM"] >= 0


def test_a_part_of_which_nothing_is_known():
    assert find_part("xcvc1902-vsva2197-2MP-e-S") == Part("xcvc1902", None)
    assert find_part("xcvu13pq-flga2577-2-e") == Part("xcvu13pq", None)


WHOLE_NUMBER = r"expected a whole number from 1 to 2147483647, got"
FOLDS = r"expected \(simd, pe\), 'logic' or 'memory' for each layer, got .*\. Write folding=\{'dense': \(8, 4\)\}, .*\."


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        *(
            ({"interval": n}, rf"interval: {WHOLE_NUMBER} .*\. It is in cycles\.")
            for n in (0, 2.5, "9")
        ),
        *(
            ({name: 0}, rf"{name}: {WHOLE_NUMBER} 0\. It counts {unit}\.")
            for name, unit in (("lut", "LUT"), ("ff", "FF"), ("dsp", "DSP"), ("bram", "BRAM18"))
        ),
        *(
            (
                {"throughput": rate},
                r"throughput: expected a positive number up to 2e\+08, .*\. It is in .*\.",
            )
            for rate in (0, -1, 3e8, "fast", math.nan)
        ),
        (
            {"throughput": 1e6, "interval": 9},
            r"throughput: expected no interval beside it, got 1000000\.0\. Leave one out\.",
        ),
        ({"fit": "yes"}, r"fit: expected True or False, got 'yes'\."),
        (
            {"fit": True, "part": "xcvc1902-vsva2197-2MP-e-S"},
            r"part: expected a part whose size is known, got .*\. Use one of xc7z010, .*, or give lut, ff, .*\.",
        ),
        (
            {"lut": 9, "reuse_factor": 2},
            r"reuse_factor: expected 1 beside an interval or a budget, got 2\. Leave one out\.",
        ),
        (
            {"interval": 9, "storage": "bram"},
            r"storage: expected 'registers' beside an interval or a budget, got 'bram'\. Leave it out\.",
        ),
        *(
            ({"folding": folding}, rf"folding: {FOLDS}")
            for folding in (
                {"a": 3},
                {"a": (0, 1)},
                {"a": (1, 2, 3)},
                {"a": "fast"},
                {3: "logic"},
                (("a", None),),
            )
        ),
    ],
)
def test_targets_that_cannot_be(fields, message):
    with pytest.raises(VerifyError, match=rf"^Schedule\.{message}$"):
        Schedule(**fields)


def test_a_schedule_with_folds_is_a_key():
    folding = {"dense": [np.int64(8), 4], "c*": "memory"}
    schedule = Schedule(folding=folding, interval=np.int64(7))
    assert schedule.folding == (("dense", (8, 4)), ("c*", "memory"))
    assert hash(schedule) == hash(Schedule(folding=dict(schedule.folding), interval=7))
    assert schedule.budget == {}
    assert Schedule(fit=True, part="xc7z020clg400-1", dsp=9).budget == {
        **{"LUT": 53_200, "FF": 106_400, "DSP": 9, "BRAM18": 280}
    }
