"""Random models for a limited time: see ``fuzz.py``, which runs longer (``make fuzz``)."""

import os

import pytest

from support.fuzz import Tally, examine, fuzz, fuzz_graphs
from support.models.random_models import extreme_model
from support.rtl import fast_simulation, needs_verilator

SEED = int(os.environ.get("QHLS_FUZZ_SEED", "0"))


def test_random_models_agree():
    tally = fuzz(seconds=40, seed=SEED)
    print(tally)
    assert not tally.faults, str(tally)
    assert tally.equal > 10
    assert tally.simulated
    assert sum(tally.refused.values()) < tally.equal / 4, str(tally)


@needs_verilator
def test_random_graphs_agree_in_verilog(monkeypatch):
    fast_simulation(monkeypatch)
    tally = fuzz_graphs(seconds=30, seed=SEED, batches=2, verilog=True)
    assert not tally.faults, str(tally)
    assert tally.simulated


@needs_verilator
@pytest.mark.long
def test_more_random_graphs_agree_in_verilog(monkeypatch):
    fast_simulation(monkeypatch)
    tally = fuzz_graphs(seconds=240, seed=SEED + 5_000_000, verilog=True)
    print(tally)
    assert not tally.faults, str(tally)


@pytest.mark.long
def test_more_random_graphs_agree():
    tally = fuzz_graphs(seconds=240, seed=SEED + 6_000_000)
    print(tally)
    assert not tally.faults, str(tally)


@pytest.mark.parametrize("seed", [1_000_716])
def test_what_differed_once_agrees(seed):
    """1000716: a float64 scale, whose sums of opposite products were not 0 in Keras, next to a tie."""
    tally = Tally()
    assert examine(seed, tally), str(tally)


@pytest.mark.long
def test_more_random_models_agree():
    tally = fuzz(seconds=240, seed=SEED + 1_000_000)
    print(tally)
    assert not tally.faults, str(tally)


@pytest.mark.long
def test_models_of_extreme_types_and_weights_agree():
    tally = fuzz(seconds=240, seed=SEED + 2_000_000, make=extreme_model)
    print(tally)
    assert not tally.faults, str(tally)


@pytest.mark.long
def test_random_models_agree_as_streams():
    tally = fuzz(seconds=240, seed=SEED + 3_000_000, simulated=1, io="stream")
    print(tally)
    assert not tally.faults, str(tally)
    assert tally.simulated


@needs_verilator
@pytest.mark.long
def test_random_models_agree_in_verilog(monkeypatch):
    fast_simulation(monkeypatch)
    tally = fuzz(seconds=240, seed=SEED + 4_000_000, simulated=1, verilog=True)
    print(tally)
    assert not tally.faults, str(tally)
    assert tally.simulated
