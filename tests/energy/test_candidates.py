"""Candidates: by hand, against estimates of real graphs, and as properties."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.energy import (
    estimate,
    estimate_area,
    estimate_latency,
    list_area_tables,
    list_technologies,
    load_area_table,
    load_technology,
)
from qhls.energy.candidates import Candidates, LayerChoice, QuantizerLevels
from qhls.errors import EnergyError
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Pool,
    Quantize,
    Reshape,
    Shift,
    Threshold,
    enter_layer,
)
from qhls.plan import Schedule, plan, plan_design

UNIT = load_technology("unit")
STORED = Schedule(storage="bram")
SCHEDULES = [
    *(Schedule(), STORED, Schedule(reuse_factor=2)),
    *(Schedule(io="stream"), Schedule(io="stream", interval=40)),
]
S3 = QuantizerLevels.of(Fixed(True, 3, 0))
SIGNS = QuantizerLevels((-1, 1), 0)


def network(conv=False):
    random = np.random.default_rng(3)
    x = Input((4, 4, 2) if conv else (4,), Fixed(True, 4, 0), name="x")
    with enter_layer("first"):
        shape = (2, 2, 2, 3) if conv else (4, 3)
        weights = Const.of(random.integers(-7, 8, shape).astype(float), name="w")
        y = (Conv if conv else Matmul)(x, weights, name="product")
        y = Add(y, Const.of(np.array([3.0, -2, 1]), name="bias"), name="biased")
        y = Max(y, Const.of(0.0, name="zero"), name="relu")
    with enter_layer("act"):
        y = Quantize(y, Fixed(False, 5, -2), name="y")
    if conv:
        y = Shift(Pool(y, (2, 2), (1, 1), "sum", name="pooled"), -2, name="mean")
        y = Reshape(y, (y.size,), name="flat")
    with enter_layer("second"):
        y = Matmul(y, Const.of(random.integers(-3, 4, (y.size, 2)).astype(float)), name="product")
    return Graph((x,), (y,), name="network")


@pytest.mark.parametrize("conv", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("technology", ["unit", "cacti_22nm"])
def test_without_a_choice_it_is_the_estimate(conv, schedule, technology):
    prices, graph = load_technology(technology), network(conv)
    found = Candidates(plan_design(graph, schedule), prices)
    report = estimate(graph, schedule, prices)
    assert found.energy({}) == pytest.approx(report.total)
    layers = {name: sum(causes.values()) for name, causes in report.layers.items()}
    assert found.sum_by_layer({}) == pytest.approx(layers)
    assert found.derive_types({}) == {op.name: op.type for op in graph.ops if op.batched}


def test_a_table_that_needs_trained_weights_is_refused():
    match = r"^candidates: expected an area table that prices any design: asic_45nm, .*, got 'vitis_csynth', which"
    with pytest.raises(EnergyError, match=match):
        Candidates(plan(network(), Schedule()), UNIT, load_area_table("vitis_csynth"))


@pytest.mark.parametrize("conv", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", list_area_tables())
def test_area_and_latency_without_a_choice(conv, schedule, name):
    table, graph = load_area_table(name), network(conv)
    found = Candidates(plan_design(graph, schedule), UNIT, table).estimate_costs({})
    assert found.energy == pytest.approx(estimate(graph, schedule, UNIT).total)
    assert found.area == pytest.approx(estimate_area(graph, schedule, table).totals)
    latency = estimate_latency(graph, schedule)
    assert (found.latency, found.interval) == (latency.latency, latency.interval)
    assert Candidates(plan_design(graph, schedule), UNIT).estimate_costs({}).area == {}


@pytest.mark.parametrize("conv", [False, True])
def test_narrower_streams_have_fewer_registers(conv):
    graph, table = network(conv), load_area_table("xilinx_lut6")
    found = Candidates(plan_design(graph, Schedule(interval=60, io="stream")), UNIT, table)
    choices = {"first": LayerChoice(weights=S3), "act": LayerChoice(activations=Fixed(False, 3, 0))}
    wider, narrower = found.estimate_costs({}), found.estimate_costs(choices)
    assert narrower.energy < wider.energy
    assert narrower.area["FF"] < wider.area["FF"]
    arrays = Candidates(plan(graph, Schedule()), UNIT)
    assert found.derive_types(choices) == arrays.derive_types(choices)
    assert sum(found.sum_by_layer(choices).values()) == pytest.approx(narrower.energy)


def test_ranges_by_type_by_hand():
    graph = network()
    found = Candidates(plan(graph, STORED), UNIT)
    types = found.derive_types(
        {"first": LayerChoice(weights=S3, bias=QuantizerLevels.of(Fixed(True, 4, 0)))}
    )
    # s4 x s3: -8 * 3 .. -8 * -4 and 7 * -4; four of them -112 .. 128, plus -8 .. 7
    assert str(types["first.product"]) == "s9.0"
    assert str(types["first.biased"]) == "s9.0"  # -120 .. 135
    assert str(types["first.relu"]) == "u8.0"
    layers = found.sum_by_layer({"first": LayerChoice(weights=S3)})
    assert layers["first"] == (
        12 * 4 * 3 + 12 * 9  # products and their sums
        + 16 + 36 + 27  # x and the weights are read, the sums written
        + 27 + 27 + 9  # the bias s3 is added: sums read, s3 x 3 read
        + 27  # relu: the sign chooses; the rounding that follows is fused
    )  # fmt: skip


def test_weights_that_are_logic_cost_their_average_digits():
    x = Input((9,), Fixed(False, 4, 0), name="x")
    with enter_layer("fc"):
        y = Matmul(x, Const.of(np.ones((9, 1)), name="w"), name="product")
    found = Candidates(plan(Graph((x,), (y,)), Schedule()), UNIT)
    # -4 .. 4, each once: 3 and -3 have two digits. 7 additions of 9 bits less the 0; the range is 9 * 15 * 4.
    energy = found.energy({"fc": LayerChoice(weights=QuantizerLevels(tuple(range(-4, 5)), 0))})
    assert energy == 36 + 36 + 2 * 4 + 7 * 11 + 11
    assert (
        str(found.derive_types({"fc": LayerChoice(weights=SIGNS)})["fc.product"]) == "s9.0"
    )  # -135 .. 135


def test_encodings_of_types():
    graph = network()

    def products(levels, first=None):
        choices = {"second": LayerChoice(weights=levels)}
        if first is not None:
            choices["act"] = LayerChoice(activations=first)
        return Candidates(plan(graph, STORED), UNIT).sum_by_layer(choices)["second"]

    binary, ternary = QuantizerLevels((-1, 1), 0), QuantizerLevels((-1, 0, 1), 0)
    po2 = QuantizerLevels((-8, -4, -2, -1, 1, 2, 4, 8), 0)
    # 3 x 2 products of 5 bits with one, two and 1 + 2 choices; sums of three 5-bit numbers times 1, 1 and 8;
    # then x and the weights are read and two sums written
    assert products(binary) == 6 * 5 + 6 * 8 + 15 + 12 + 16
    assert products(ternary) == 6 * 5 * 2 + 6 * 8 + 15 + 12 + 16
    assert products(po2) == 6 * 5 * 3 + 6 * 11 + 15 + 30 + 22
    # one of two opposite inputs: xnor
    assert products(binary, binary) == 6 * 1 + 6 * 3 + 6 + 12 + 6


def test_step_functions():
    graph = network()
    found = Candidates(plan(graph, Schedule()), UNIT)
    levels = QuantizerLevels((-3, -1, 0, 1, 3), 2)
    choices = {"act": LayerChoice(activations=levels)}
    types = found.derive_types(choices)
    assert str(types["act.y"]) == "s3.2"
    base = found.sum_by_layer({})["act"]
    width = types["first.relu"].width
    # four comparisons at once, then one of five values; s3 is written
    assert found.sum_by_layer(choices)["act"] == 3 * (4 * width + 3) + 9
    assert base == 3 * 5 + 15


def test_a_step_function_may_become_a_rounding():
    x = Input((2,), Fixed(True, 6, 3), name="x")
    with enter_layer("act"):
        y = Threshold(x, Const.of([0.125, 0.5]), Const.of([-1.0, 0.5, 1]), name="y")
    found = Candidates(plan(Graph((x,), (y,)), Schedule()), UNIT)
    assert str(found.derive_types({})["act.y"]) == "s3.1"
    assert found.energy({}) == 12 + 2 * (2 * 6 + 3) + 12 + 6
    rounded = {"act": LayerChoice(activations=Fixed(True, 4, 2))}
    assert str(found.derive_types(rounded)["act.y"]) == "s4.2"
    assert found.energy(rounded) == 12 + 2 * 4 + 12 + 8


def test_layers_that_are_not_there():
    found = Candidates(plan(network(), Schedule()), UNIT)
    assert found.layers == ("first", "act", "second")
    match = (
        r"^candidates: expected layers of first, act, second, got 'third'\. Choose one of these\.$"
    )
    with pytest.raises(EnergyError, match=match):
        found.energy({"third": LayerChoice()})


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 6),
    st.integers(2, 6),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(list_technologies()),
    st.sampled_from([Schedule(), STORED, Schedule(io="stream")]),
    st.booleans(),
)
def test_fewer_bits_never_cost_more(
    weights, activations, more, further, technology, schedule, conv
):
    found = Candidates(plan_design(network(conv), schedule), load_technology(technology))

    def energy(w, a):
        first = LayerChoice(weights=QuantizerLevels.of(Fixed(True, w, 0)))
        return found.energy({"first": first, "act": LayerChoice(activations=Fixed(False, a, 0))})

    assert energy(weights, activations) <= energy(weights + more, activations + further) * (
        1 + 1e-12
    )


def test_thousands_a_second_once_layers_have_been_seen():
    found = Candidates(plan(network(), Schedule()), UNIT)
    kinds = [QuantizerLevels.of(Fixed(True, bits, 0)) for bits in (2, 3, 4)]
    candidates = [
        {
            "first": LayerChoice(weights=a),
            "act": LayerChoice(activations=Fixed(False, b, 0)),
            "second": LayerChoice(weights=c),
        }
        for a in kinds
        for b in (2, 3, 4)
        for c in kinds
    ]
    for candidate in candidates:
        found.energy(candidate)
    start = time.process_time()
    for _ in range(40):
        for candidate in candidates:
            found.energy(candidate)
    assert 40 * len(candidates) / (time.process_time() - start) > 2000
