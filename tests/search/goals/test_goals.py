"""Forgiving factors are QKeras' numbers; goals of one's own keep budgets; bad goals are named."""

import json
import math

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.search import (
    BudgetError,
    ForgivingFactorBits,
    GoalError,
    Hardware,
    Space,
    judge,
    maximise,
    minimise,
)
from qhls.search.goals.forgiving import compute_delta
from qhls.search.goals.goals import DEFAULT_GOAL, as_goal, make_forgiving_factor
from qhls.utils import model_quantize, quantized_model_from_json
from support.searches import FEW, LIMIT, dense
from support.shared import SHARED

GOLDEN = SHARED / "golden" / "utils.json"
CASES = json.loads(GOLDEN.read_text())["forgiving_factor"] if GOLDEN.exists() else []
needs_golden = pytest.mark.skipif(not CASES, reason=f"no golden numbers in {GOLDEN}")
BITS = [case for case in CASES if case["goal"]["type"] == "bits"]
ENERGY = [case for case in CASES if case["goal"]["type"] == "energy"]
EIGHT = {"type": "bits", "params": {"delta_p": 8.0, "delta_n": 8.0, "rate": 2.0}}


@needs_golden
@pytest.mark.parametrize("case", BITS, ids=[f"{c['model']}_{i}" for i, c in enumerate(BITS)])
def test_bits_are_those_of_qkeras(case):
    model = quantized_model_from_json(json.dumps(case["model_json"]))
    trial = model_quantize(model, case["quantizer_config"], case["activation_bits"])
    factor = make_forgiving_factor(case["goal"])
    assert factor.get_reference(model) == case["get_reference"]
    assert factor.get_trial(trial) == case["get_trial"]
    assert factor.delta() == case["delta"]
    assert factor.get_total_factor() == case["total_factor"]
    assert factor.get_reference_stats() == case["reference_stats"]
    assert factor.get_trial_stats() == case["trial_stats"]
    goal = as_goal(factor, model)
    costs = goal.measure(trial)
    assert costs == {"trial": case["get_trial"], "delta": case["delta"]}
    assert goal.score(0.5, {}, costs) == 0.5 * (1 + case["delta"])


@needs_golden
@pytest.mark.parametrize("case", ENERGY, ids=[f"{c['model']}_{i}" for i, c in enumerate(ENERGY)])
def test_energies_are_those_of_qkeras(case):
    """QKeras leaves ``stress`` out of delta; ours counts it unless it is told not to."""
    model = quantized_model_from_json(json.dumps(case["model_json"]))
    trial = model_quantize(model, case["quantizer_config"], case["activation_bits"])
    params = case["goal"]["params"]
    factor = make_forgiving_factor(
        {"type": "energy", "params": params | {"stress_in_delta": False}}
    )
    assert factor.get_reference(model) == case["get_reference"]
    assert factor.get_trial(trial) == case["get_trial"]
    assert factor.delta() == case["delta"]
    assert factor.get_total_factor() == case["total_factor"]
    assert factor.get_reference_stats() == case["reference_stats"]
    assert factor.get_trial_stats() == case["trial_stats"]
    ours = make_forgiving_factor(case["goal"])
    ours.get_reference(model)
    ours.get_trial(trial)
    numbers = (params["delta_p"], params["delta_n"], params["rate"])
    assert ours.delta() == compute_delta(case["get_reference"], case["get_trial"], *numbers)
    assert (ours.delta() == case["delta"]) == (params["stress"] == 1.0)


@given(st.floats(1, 1e9), st.floats(1, 1e9), st.floats(0, 50), st.floats(0, 50), st.floats(1.1, 10))
def test_delta_forgives_the_smaller_and_takes_from_the_larger(
    reference, trial, better, worse, rate
):
    delta = compute_delta(reference, trial, better, worse, rate)
    percent = better if trial < reference else worse
    exact = percent / 100 * math.log(reference / trial) / math.log(rate)
    assert delta == pytest.approx(exact, rel=1e-5, abs=1e-12)
    assert (delta >= 0) == (trial < reference or delta == 0)


def test_each_halving_forgives_delta_p():
    for times in range(1, 5):
        delta = compute_delta(2.0**times, 1.0, 8.0, 5.0, 2.0)
        assert delta == pytest.approx(0.08 * times, rel=1e-6)
        assert compute_delta(1.0, 2.0**times, 8.0, 5.0, 2.0) == pytest.approx(
            -0.05 * times, rel=1e-6
        )


def test_what_counts_is_told_by_class():
    params = EIGHT["params"] | {"config": {"Dense": ["parameters"], "QDense": ["parameters"]}}
    factor = make_forgiving_factor({"type": "bits", "params": params})
    assert factor.get_reference(dense()) == 8 * sum(math.prod(w.shape) for w in dense().weights)
    assert set(factor.get_reference_stats()) == {"d0", "d1", "d2"}


def test_the_reference_is_the_first_model():
    factor = ForgivingFactorBits(8, 8, 2)
    first = factor.get_reference(dense())
    assert factor.get_reference(dense(hidden=32)) == first


def test_bits_of_models_that_qkeras_cannot_tell():
    """A normalisation without centre; an input that a Sequential model of Keras 3 does not list."""
    model = keras.Sequential([keras.Input((5,)), keras.layers.BatchNormalization(center=False)])
    factor = ForgivingFactorBits(8, 8, 2)
    assert factor.get_reference(model) == 8 * 5 + 8 * 5
    trial = model_quantize(model, {"QBatchNormalization": {}}, 4)
    assert factor.get_trial(trial) == 8 * 5 + 6 * 5


# -- energy -----------------------------------------------------------------------------------------


def energy_goal(**params):
    return {"type": "energy", "params": {"delta_p": 8.0, "delta_n": 8.0, "rate": 2.0, **params}}


def test_smaller_quantizers_take_less_energy():
    model = dense()
    space = Space(model, limit=LIMIT, quantization_config=FEW)
    factor = make_forgiving_factor(
        energy_goal(reference_internal="int8", reference_accumulator="int32")
    )
    reference = factor.get_reference(model)
    small, large = (
        factor.get_trial(space.build(space.get_candidate(i))) for i in (0, space.size - 1)
    )
    assert 0 < small < large < reference
    assert factor.delta() == compute_delta(reference, large, 8.0, 8.0, 2.0)


# -- goals of one's own -----------------------------------------------------------------------------


def test_maximise_and_minimise():
    assert maximise("accuracy").score(0.75, {}, {}) == 0.75
    assert minimise("loss").score(0.75, {}, {}) == -0.75
    goal = maximise("auc", bits=1000, energy=5.5, hardware=Hardware("s8.4"))
    assert goal.metric == "auc"
    costs = goal.measure(space_model())
    assert set(costs) == {"bits", "energy"}
    assert goal.find_over_budget({"bits": 1000.0, "energy": 6.0}) == {"energy": 6.0}


def space_model():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    return space.build(space.get_candidate(0))


def test_a_function_may_be_the_goal():
    goal = as_goal(lambda metrics, costs: metrics["val_acc"] - 0.1 * metrics["val_loss"], dense())
    assert goal.score(9.0, {"val_acc": 0.5, "val_loss": 1.0}, {}) == 0.4
    goal = judge(
        lambda metrics, costs: metrics["val_acc"] / costs["bits"], costs=["bits"], bits=4000
    )
    costs = goal.measure(space_model())
    assert goal.score(9.0, {"val_acc": 0.5}, costs) == 0.5 / costs["bits"]
    assert not goal.find_over_budget(costs)


BAD = [
    ({"type": "area", "params": {}}, r"^goal: expected type 'bits' or 'energy', got 'area'\. .*$"),
    ({"type": "bits"}, r"^goal: expected the key 'params', got type\. .*$"),
    ({"type": "bits", "params": {}, "rate": 2}, r"^goal: expected keys among type, params, got 'rate'\. .*$"),
    ({"type": "bits", "params": 8}, r"^goal: expected a dictionary under 'params', got 8\. .*$"),
    ({"type": "bits", "params": {"delta_p": 8.0, "delta_n": 8.0}}, r"^goal: params: expected the key 'rate', "
     r"got delta_p, delta_n\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"detla": 1}}, r"^goal: params: expected keys among "
     r"delta_p, delta_n, rate, stress, input_bits, output_bits, ref_bits, config, got 'detla'\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"rate": 1.0}}, r"^goal: rate: expected a number above 1, "
     r"got 1.0\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"stress": 0}}, r"^goal: stress: expected a number above 0, "
     r"got 0\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"delta_p": "8"}}, r"^goal: delta_p: expected a number, "
     r"got '8'\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"ref_bits": -8}}, r"^goal: ref_bits: expected a number above 0, "
     r"got -8\. .*$"),
    ({"type": "bits", "params": EIGHT["params"] | {"config": {"Dense": ["weights"]}}}, r"^goal: config: expected "
     r"lists of parameters and activations by class of layer or 'default', got \{'Dense': \['weights'\]\}\. .*$"),
    (energy_goal(parameters_on_memory=["sram"]), r"^goal: parameters_on_memory: expected two, for reference and "
     r"trial, got \['sram'\]\. .*$"),
    (energy_goal(activations_on_memory=["sram", "rom"]), r"^goal: activations_on_memory: expected one of dram, "
     r"sram, fixed, got 'rom'\. .*$"),
    (energy_goal(config_json="config.json"), r"^goal: config_json: expected None, got 'config.json'\. Pass a "
     r"table of prices as process\.$"),
    (energy_goal(reference_internal="int4"), r"^goal: reference_internal: expected one of fp16, fp32, int8, "
     r"got 'int4'\. .*$"),
    ("bits", r"^goal: expected \{'type': 'bits' or 'energy', .*, got 'bits'\. .*$"),
]  # fmt: skip


@pytest.mark.parametrize(("goal", "message"), BAD, ids=[m[:60] for _, m in BAD])
def test_bad_goals(goal, message):
    with pytest.raises(GoalError, match=message):
        as_goal(goal, dense())


def test_nothing_counted_is_no_reference():
    params = EIGHT["params"] | {"config": {"LSTM": ["parameters"]}}
    with pytest.raises(GoalError, match=r"^goal: expected a reference of a size above 0 bits, got 0 for the "
                       r"model 'dense'\. Count some of its layers\.$"):  # fmt: skip
        as_goal({"type": "bits", "params": params}, dense())


def test_delta_before_there_is_a_trial():
    with pytest.raises(GoalError, match=r"^goal: expected sizes above 0 bits, got nan for the reference and "
                       r"nan for the trial\. Call get_reference\(model\) and get_trial\(.*\) first\.$"):  # fmt: skip
        make_forgiving_factor(DEFAULT_GOAL).delta()


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "3", True])
def test_budgets_that_are_none(value):
    with pytest.raises(
        BudgetError, match=r"^budget 'energy': expected a number of pJ above 0, got .*$"
    ):
        maximise("acc", energy=value)


def test_budgets_of_what_is_no_cost():
    with pytest.raises(GoalError, match=r"^costs: expected one of energy, area, latency, bits, got 'power'\. "
                       r"Choose one of these: a metric is an objective, not a cost\.$"):  # fmt: skip
        maximise("acc", power=3)
