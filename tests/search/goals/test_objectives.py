"""Domination and ranks, and what objectives may be."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.search import GoalError
from qhls.search.goals.costs import Hardware
from qhls.search.goals.objectives import Objective, dominates, find_front, parse, rank_points
from qhls.search.trials.driver import ParetoPlan

POINTS = st.integers(1, 4).flatmap(
    lambda axes: st.lists(st.tuples(*[st.integers(0, 6)] * axes), min_size=1, max_size=20)
)


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points):
    kept = find_front(points)
    for i, point in enumerate(points):
        beaten = any(dominates(other, point) for other in points)
        twin = any(points[j] == point for j in kept)
        assert (i in kept) <= (not beaten)
        assert beaten != twin
    assert len({points[i] for i in kept}) == len(kept)


@given(POINTS)
def test_ranks_put_what_dominates_first(points):
    order = rank_points(points)
    assert sorted(order) == list(range(len(points)))
    place = {number: i for i, number in enumerate(order)}
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            if dominates(a, b):
                assert place[i] < place[j]


@given(POINTS)
def test_a_front_comes_whole_before_what_it_dominates(points):
    order, done = rank_points(points), 0
    left = set(range(len(points)))
    while left:
        best = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        assert set(order[done : done + len(best)]) == best
        done, left = done + len(best), left - best


@given(POINTS, st.integers(0, 20))
def test_a_front_grows_by_what_is_new(points, cut):
    plan = ParetoPlan(
        tuple(Objective(str(i), False) for i in range(len(points[0]))),
        {},
        Hardware(),
        1,
        (1,),
        1,
        0,
    )
    records = {n: {"state": "trained", "values": values} for n, values in enumerate(points)}
    late, early = range(cut, len(points)), range(min(cut, len(points)))
    grown = plan.join_front(plan.join_front([], late, records), early, records)
    assert grown == plan.find_front(records)


def test_what_is_no_number_is_dominated():
    assert find_front([(math.nan, 1.0), (0.5, 1.0), (math.nan, math.nan)]) == [1]
    assert find_front([]) == rank_points([]) == []


@pytest.mark.parametrize("axes", [2, 3])
def test_a_front_of_thousands_is_found_at_once(axes):
    points = np.random.default_rng(0).normal(size=(5000, axes))
    points /= np.linalg.norm(points, axis=1, keepdims=True)  # most are on the front
    begun = time.process_time()
    kept, order = find_front(points.tolist()), rank_points(points.tolist())
    assert time.process_time() - begun < 5
    assert set(kept) == set(order[: len(kept)])


def test_the_ends_of_a_front_come_before_its_crowd():
    assert set(rank_points([(0, 9), (4, 5), (5, 4), (9, 0)])[:2]) == {0, 3}


def test_directions_follow_from_names():
    found = parse(["accuracy", "loss", "energy", ("mse", "max"), ("auc", "min")])
    assert [(o.name, o.more) for o in found] == [
        ("accuracy", True), ("loss", False), ("energy", False), ("mse", True), ("auc", False),
    ]  # fmt: skip
    assert [o.is_cost for o in found] == [False, False, True, False, False]


def test_a_metric_is_that_of_the_validation_data():
    metrics = {"acc": 0.9, "val_acc": 0.8}
    assert Objective("accuracy", True).of(metrics, {}) == 0.8
    assert Objective("energy", False).of(metrics, {"energy": 5.0}) == 5.0
    with pytest.raises(GoalError, match=r"^objectives: expected metrics \(acc, val_acc\) or costs "
                       r"\(energy, .*\), got 'auc'\. Add it to the model's metrics: .*$"):  # fmt: skip
        Objective("auc", True).of(metrics, {})


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (
            [],
            r"^objectives: expected a metric, such as 'accuracy' or 'loss', got none\. Add one: costs "
            r"alone need no training\.$",
        ),
        (
            ["energy", "bits"],
            r"^objectives: expected a metric, such as .*, got energy, bits\. Add one: costs .*$",
        ),
        (
            ["accuracy", "accuracy"],
            r"^objectives: expected each once, got accuracy, accuracy\. .*$",
        ),
        ([3], r"^objectives: expected names or pairs such as \('auc', 'max'\), got 3\. .*$"),
        (
            ["accuracy", ("energy", "max")],
            r"^objectives: expected cost 'energy' with 'min', got 'max'\. Costs are minimised: give the name alone\.$",
        ),
        (
            [("auc", "up")],
            r"^objectives: expected names or pairs such as \('auc', 'max'\), got \('auc', 'up'\)\. .*$",
        ),
    ],
)
def test_bad_objectives(objectives, message):
    with pytest.raises(GoalError, match=message):
        parse(objectives)
