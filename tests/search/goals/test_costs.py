"""Costs before training: by hand, against trained designs, and what they leave as it was."""

import math

import keras
import numpy as np
import pytest

from qhls.candidates import candidates, read_choices
from qhls.search import GoalError, Space, TrialError
from qhls.search.goals.costs import COST_UNITS, Hardware, measure
from qhls.search.goals.feasible import find_cheapest
from support.searches import FEW, LIMIT, data, dense

HARDWARE = Hardware("s8.4")
SPACE = Space(dense(), limit=LIMIT, quantization_config=FEW)


def test_measure_tells_what_it_was_asked_for():
    model = SPACE.build(SPACE.smallest)
    assert measure(model, [], HARDWARE) == {}
    assert list(measure(model, ["bits", "area"], HARDWARE)) == ["bits", "area"]
    found = measure(model, COST_UNITS, HARDWARE)
    variants = candidates(model, "s8.4", area="xilinx_lut6")
    costs = variants.estimate_costs(read_choices(model))
    assert found["energy"] == costs.energy
    assert found["area"] == costs.area["LUT"]
    assert found["latency"] == costs.latency * HARDWARE.schedule.clock_period


def test_measuring_leaves_weights_as_they_are():
    model = SPACE.build(SPACE.smallest)
    before = [np.array(w) for w in model.get_weights()]
    measure(model, COST_UNITS, HARDWARE)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_costs_are_of_types_not_of_weights():
    model = SPACE.build(SPACE.get_candidate(5))
    before = measure(model, COST_UNITS, HARDWARE)
    keras.utils.set_random_seed(1)
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(*data()[0], verbose=0)
    assert measure(model, COST_UNITS, HARDWARE) == before
    assert measure(SPACE.build(SPACE.get_candidate(5)), COST_UNITS, HARDWARE) == before


def test_a_model_that_is_no_design():
    with pytest.raises(
        TrialError,
        match=r"^model 'dense': expected one that becomes a design, got: layer 'd0' \(Dense\): .*$",
    ):
        measure(dense(), ["energy"], HARDWARE)


def test_an_unknown_cost():
    with pytest.raises(
        GoalError, match=r"^costs: expected one of energy, area, latency, bits, got 'acc'.*$"
    ):
        measure(dense(), ["acc"], HARDWARE)


def test_the_cheapest_candidate_is_the_cheapest_of_all():
    def bits(candidate):
        return measure(SPACE.build(candidate), ["bits"], HARDWARE)["bits"]

    least = min(bits(SPACE.get_candidate(i)) for i in range(SPACE.size))
    assert find_cheapest(SPACE, bits, enough=0) == least


def test_the_cheapest_is_found_choice_by_choice():
    """Where the smallest numbers are not the cheapest."""
    weights = {c.name: {o: i for i, o in enumerate(reversed(c.options))} for c in SPACE.choices}

    def cost(candidate):
        return float(sum(weights[name][option] for name, option in candidate.items()))

    assert cost(SPACE.smallest) > 0
    assert find_cheapest(SPACE, cost, enough=-1) == 0
    assert find_cheapest(SPACE, cost, enough=math.inf) == cost(SPACE.smallest)
