"""Tuners: none asks twice, a model of the scores helps, Hyperband's brackets are those of its paper."""

import numpy as np
import pytest

from qhls.search import SearchError, Space
from qhls.search.engines.gaussian import GaussianProcess
from qhls.search.engines.tuners import BayesianTuner, HyperbandTuner, RandomTuner, encode_candidate
from support.searches import FEW, LIMIT, dense

SMALL = Space(dense(), limit=LIMIT, quantization_config=FEW)
LARGE = Space(dense(), limit=LIMIT, tune_filters="layer")


def run(tuner, score):
    proposals = []
    while (proposal := tuner.ask()) is not None:
        proposals.append(proposal)
        tuner.tell(proposal, score(proposal.candidate))
    return proposals


def bits(candidate):
    return -float(sum(len(str(option)) for option in candidate.values()))


@pytest.mark.parametrize("kind", [RandomTuner, BayesianTuner])
def test_a_small_space_is_tried_completely_and_none_twice(kind):
    proposals = run(kind(SMALL, 100, seed=3), bits)
    keys = {SMALL.format_key(p.candidate) for p in proposals}
    assert len(keys) == len(proposals) == SMALL.size
    assert [p.number for p in proposals] == list(range(SMALL.size))


@pytest.mark.parametrize("kind", [RandomTuner, BayesianTuner])
def test_the_same_seed_asks_the_same(kind):
    first, second, other = (run(kind(LARGE, 12, seed=s), bits) for s in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_gaussian_process_finds_more_than_chance():
    weights = {
        c.name: dict(
            zip(c.options, np.random.default_rng(i).normal(size=len(c.options)), strict=True)
        )
        for i, c in enumerate(LARGE.choices)
    }

    def score(candidate):
        return float(sum(weights[name][option] for name, option in candidate.items()))

    gains = []
    for seed in range(3):
        best = [
            max(score(p.candidate) for p in run(kind(LARGE, 60, seed=seed), score))
            for kind in (BayesianTuner, RandomTuner)
        ]
        gains.append(best[0] - best[1])
    assert min(gains) > 0


def test_failed_trials_do_not_stop_it():
    proposals = run(BayesianTuner(LARGE, 12, num_initial_points=2), lambda _: None)
    assert len(proposals) == 12


def test_hyperband_brackets():
    """R = 9, factor 3: 9 of 1 epoch, 3 of 3, 1 of 9; 5 of 3, 1 of 9; 3 of 9 (L. Li et al., their table 1's rule)."""
    proposals = run(HyperbandTuner(LARGE, seed=0, max_epochs=9, factor=3), bits)
    epochs = [p.epochs for p in proposals]
    assert epochs == [1] * 9 + [3] * 3 + [9] + [3] * 5 + [9] + [9] * 3
    by_number = {p.number: p for p in proposals}
    assert list(by_number) == list(range(len(proposals)))
    for proposal in proposals:
        if proposal.parent is None:
            assert proposal.initial_epoch == 0
        else:
            parent = by_number[proposal.parent]
            assert parent.candidate == proposal.candidate
            assert parent.epochs == proposal.initial_epoch == proposal.epochs // 3
    first = sorted(proposals[:9], key=lambda p: -bits(p.candidate))
    assert {p.parent for p in proposals[9:12]} == {p.number for p in first[:3]}


def test_hyperband_waits_for_the_scores_of_a_round():
    tuner = HyperbandTuner(LARGE, max_epochs=3)
    proposals = list(iter(tuner.ask, None))
    assert [p.epochs for p in proposals] == [1] * 3
    for proposal in proposals[:2]:
        tuner.tell(proposal, bits(proposal.candidate))
    assert tuner.ask() is None
    tuner.tell(proposals[2], 1.0)
    promoted = tuner.ask()
    assert (promoted.parent, promoted.epochs, promoted.initial_epoch) == (2, 3, 1)


def test_hyperband_leaves_failed_trials_behind_and_ends():
    assert [p.epochs for p in run(HyperbandTuner(LARGE, max_epochs=3), lambda _: None)] == [
        1
    ] * 3 + [3] * 2
    assert len(run(HyperbandTuner(LARGE, max_trials=4, max_epochs=9), bits)) == 4
    assert len(run(HyperbandTuner(LARGE, max_epochs=1, hyperband_iterations=2), bits)) == 2


@pytest.mark.parametrize(
    "arguments", [{"factor": 1}, {"max_epochs": 0}, {"hyperband_iterations": 0}]
)
def test_hyperband_arguments(arguments):
    with pytest.raises(SearchError, match=r"^hyperband: expected factor of at least 2, max_epochs and "
                       r"hyperband_iterations of at least 1, got .*$"):  # fmt: skip
        HyperbandTuner(LARGE, **arguments)


def test_quantizers_are_as_far_from_each_other():
    candidate = SMALL.get_candidate(0)
    other = candidate | {"d0_kernel_quantizer": SMALL.choices[0].options[1]}
    distance = np.linalg.norm(encode_candidate(SMALL, candidate) - encode_candidate(SMALL, other))
    assert distance == pytest.approx(1.0)


def test_a_gaussian_process_goes_through_its_points():
    rng = np.random.default_rng(0)
    x = rng.random((30, 2))
    y = np.sin(4 * x[:, 0]) + x[:, 1]
    process = GaussianProcess(1e-6)
    process.fit(x, y)
    mean, deviation = process.predict(x)
    np.testing.assert_allclose(mean, y, atol=1e-2)
    between = rng.random((30, 2)) * 0.8 + 0.1
    mean, near = process.predict(between)
    np.testing.assert_allclose(mean, np.sin(4 * between[:, 0]) + between[:, 1], atol=0.1)
    _, far = process.predict(np.full((1, 2), 9.0))
    assert deviation.max() < far[0]
    assert near.max() < far[0]
