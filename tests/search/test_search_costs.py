"""Costs before training: by hand, against trained designs, and what they leave as it was."""

import math

import keras
import numpy as np
import pytest
from search_models import FEW, LIMIT, data, dense

import qhls
from qhls.ir import Add, Const, Fixed, Graph, Input, Matmul, Pool, Schedule
from qhls.search import GoalError, Space, TrialError
from qhls.search.costs import UNITS, Hardware, area, latency, measure, untrained_design
from qhls.search.feasible import cheapest

HARDWARE = Hardware("s8.4")
SPACE = Space(dense(), limit=LIMIT, quantization_config=FEW)


def graph():
    x = Input((4,), Fixed(False, 4, 0), name="x")
    product = Matmul(x, Const.of(np.full((4, 3), 3.0)), name="product")  # u4 by u2, up to 180: u8
    return Graph((x,), (Add(product, Const.of([1.0, 2.0, 3.0])),), name="dense")


def test_area_by_hand():
    multiplier = 2.80 * 4 * 2 - 2.35 * (4 + 2) + 1.9
    assert area(graph(), Schedule()) == pytest.approx(12 * multiplier + 12 * 8 + 3 * 8)
    shared = area(graph(), Schedule(reuse_factor=4))
    assert shared == pytest.approx(3 * multiplier + 12 * 8 + 3 * 8)


def test_latency_by_hand():
    assert latency(graph(), Schedule(clock_period=5)) == 5.0 * (
        1 + 2 + 1
    )  # product, tree of 4, sum
    assert latency(graph(), Schedule(clock_period=2, reuse_factor=3)) == 2.0 * (3 + 2 + 1)
    x = Input((4, 4, 2), Fixed(False, 4, 0), name="x")
    pooled = Graph((x,), (Pool(x, (2, 2), (2, 2)),), name="pool")  # 3 comparisons: a tree of 2
    assert latency(pooled, Schedule(clock_period=1)) == 2.0


def test_measure_tells_what_it_was_asked_for():
    model = SPACE.build(SPACE.smallest())
    assert measure(model, [], HARDWARE) == {}
    assert list(measure(model, ["bits", "area"], HARDWARE)) == ["bits", "area"]
    found = measure(model, UNITS, HARDWARE)
    design = untrained_design(model, HARDWARE)
    assert found["energy"] == design.energy().total
    assert found["area"] == area(design.graph, design.schedule)


def test_measuring_leaves_weights_as_they_are():
    model = SPACE.build(SPACE.smallest())
    before = [np.array(w) for w in model.get_weights()]
    measure(model, UNITS, HARDWARE)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("index", [0, 5, SPACE.size - 1])
def test_types_are_those_of_the_quantizers(index):
    """Whatever the weights are later, every constant is as wide as its quantizer says, and costs are no less."""
    candidate = SPACE.candidate(index)
    model = SPACE.build(candidate)
    design = untrained_design(model, HARDWARE)
    for name in ("d0", "d1", "d2"):
        bits = model.get_layer(name).get_quantizers()[0].bits
        assert design.graph[f"{name}.kernel"].type == Fixed(True, bits, bits - 1)
    keras.utils.set_random_seed(1)
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(*data()[0], verbose=0)
    trained = qhls.compile(model, "s8.4")
    assert trained.energy().total <= design.energy().total
    assert area(trained.graph, trained.schedule) <= area(design.graph, design.schedule)


def test_powers_of_two_reach_from_the_smallest_to_the_largest():
    layers = [keras.Input((4,)), keras.layers.Dense(3, name="d")]
    config = {"kernel": {"quantized_po2(3,1)": 3}, "bias": FEW["bias"]}
    space = Space(keras.Sequential(layers), limit={"Dense": [8, 8]}, quantization_config=config)
    kernel = untrained_design(space.build(space.smallest()), HARDWARE).graph["d.kernel"]
    values = np.abs(kernel.codes.integers() * 2.0**-kernel.frac)
    assert (values.min(), values.max()) == (
        2.0**-4,
        1.0,
    )  # two bits of exponent without sign: -4 to -1, and 1


def test_a_model_that_is_no_design():
    with pytest.raises(
        TrialError, match=r"^model 'dense': cannot become a design: layer 'd0' \(Dense\): .*$"
    ):
        measure(dense(), ["energy"], HARDWARE)


def test_an_unknown_cost():
    with pytest.raises(
        GoalError, match=r"^costs: expected one of energy, area, latency, bits, received 'acc'.*$"
    ):
        measure(dense(), ["acc"], HARDWARE)


def test_the_cheapest_candidate_is_the_cheapest_of_all():
    def bits(candidate):
        return measure(SPACE.build(candidate), ["bits"], HARDWARE)["bits"]

    least = min(bits(SPACE.candidate(i)) for i in range(SPACE.size))
    assert cheapest(SPACE, bits, enough=0) == least


def test_the_cheapest_is_found_choice_by_choice():
    """Where the smallest numbers are not the cheapest."""
    weights = {c.name: {o: i for i, o in enumerate(reversed(c.options))} for c in SPACE.choices}

    def cost(candidate):
        return float(sum(weights[name][option] for name, option in candidate.items()))

    assert cost(SPACE.smallest()) > 0
    assert cheapest(SPACE, cost, enough=-1) == 0
    assert cheapest(SPACE, cost, enough=math.inf) == cost(SPACE.smallest())
