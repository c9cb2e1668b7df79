"""Random models for a limited time: see ``fuzz.py``, which runs longer (``make fuzz``)."""

import os

import pytest
from fuzz import fuzz

SEED = int(os.environ.get("QHLS_FUZZ_SEED", "0"))


def test_random_models_agree():
    tally = fuzz(seconds=40, seed=SEED)
    print(tally)
    assert not tally.faults, str(tally)
    assert tally.equal > 10
    assert tally.simulated
    assert sum(tally.refused.values()) < tally.equal / 4, str(tally)


@pytest.mark.long
def test_more_random_models_agree():
    tally = fuzz(seconds=240, seed=SEED + 1_000_000)
    print(tally)
    assert not tally.faults, str(tally)
