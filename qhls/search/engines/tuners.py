"""Tuners, which propose candidates to maximise one score: random, Bayesian and Hyperband.

Proposals depend only on the seed and on the outcomes, so a search resumes by passing the recorded outcomes again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from qhls.search.engines.gaussian import GaussianProcess
from qhls.search.errors import SearchError
from qhls.search.space.choices import Candidate, Space

DRAWS = 100
"""Number of random draws before new candidates are searched for in order."""


Outcome_contra = TypeVar("Outcome_contra", contravariant=True)


@dataclass(frozen=True)
class Proposal:
    """A candidate that a tuner proposes to train up to ``epochs``; ``None``: as many as ``fit`` has.

    ``number``: the number of the trial, counted from 0 in the order of the proposals. ``parent``: the trial whose
    weights, trained for ``initial_epoch`` epochs, it starts from. ``handle``: an object of the tuner for ``tell``.
    """

    number: int
    candidate: Candidate
    epochs: int | None = None
    initial_epoch: int = 0
    parent: int | None = None
    handle: Any = field(default=None, compare=False, repr=False)


class Tuner(Protocol[Outcome_contra]):
    """A source of candidates that learns from the outcomes of their trials.

    An outcome is a score, or a ``TrialOutcome`` for several objectives.
    """

    def ask(self) -> Proposal | None:
        """Return the next proposal; ``None`` if it depends on pending outcomes, or if the search is over."""
        ...

    def tell(self, proposal: Proposal, outcome: Outcome_contra | None, /) -> None:
        """Learn from the outcome of a proposal; ``None`` means that the trial failed.

        Outcomes are passed in the order of the proposals.
        """
        ...


class RandomTuner:
    """Tuner that proposes random candidates without repetition."""

    def __init__(self, space: Space, max_trials: int, seed: int = 0) -> None:
        self.space, self.max_trials, self.seed = space, max_trials, seed
        self.outcomes: list[tuple[Candidate, float | None]] = []
        self._known: set[str] = set()
        self._asked = 0

    def ask(self) -> Proposal | None:
        """Return the next proposal; ``None`` after ``max_trials`` or the last candidate."""
        if self._asked >= self.max_trials:
            return None
        rng = np.random.default_rng([self.seed, self._asked])
        candidate = self.choose(rng)
        if candidate is None:
            return None
        self._known.add(self.space.format_key(candidate))
        self._asked += 1
        return Proposal(self._asked - 1, candidate)

    def tell(self, proposal: Proposal, score: float | None) -> None:
        """Record the score of a proposal; ``None`` means that the trial failed."""
        self.outcomes.append((proposal.candidate, score))

    def choose(self, rng: np.random.Generator) -> Candidate | None:
        """Return the next candidate to propose; ``None`` if none is left."""
        return self.draw_new(rng)

    def draw_new(self, rng: np.random.Generator) -> Candidate | None:
        """Return a random candidate that was not proposed yet; ``None`` if all were."""
        for _ in range(DRAWS):
            candidate = draw(self.space, rng)
            if self.space.format_key(candidate) not in self._known:
                return candidate
        if len(self._known) >= self.space.size:
            return None
        start = int(rng.integers(min(self.space.size, 2**62)))
        for step in range(self.space.size):  # few new candidates are left, so the space is small
            candidate = self.space.get_candidate((start + step) % self.space.size)
            if self.space.format_key(candidate) not in self._known:
                return candidate
        return None


class BayesianTuner(RandomTuner):
    """Tuner that maximises the upper confidence bound of a Gaussian process after some random candidates.

    ``num_initial_points``: the number of random candidates, by default 3 per choice but at most half of
    ``max_trials``. ``alpha``: the noise variance of the scores. ``beta``: the number of standard deviations of the
    bound above the mean. ``pool``: the number of random candidates to choose from, half of them neighbours of the
    best.
    """

    def __init__(
        self,
        space: Space,
        max_trials: int,
        seed: int = 0,
        *,
        num_initial_points: int | None = None,
        alpha: float = 1e-4,
        beta: float = 2.6,
        pool: int = 500,
    ) -> None:
        super().__init__(space, max_trials, seed)
        free = sum(len(choice.options) > 1 for choice in space.choices)
        self.initial = num_initial_points or max(1, min(3 * free, max_trials // 2))
        self.alpha, self.beta, self.pool = alpha, beta, pool

    def choose(self, rng: np.random.Generator) -> Candidate | None:
        """Return the candidate with the highest confidence bound, at first a random one; ``None`` if none is left."""
        scored = [(c, s) for c, s in self.outcomes if s is not None]
        candidates = [] if len(scored) < max(self.initial, 2) else self._pool(rng, scored)
        if not candidates:
            return self.draw_new(rng)
        process = GaussianProcess(self.alpha)
        process.fit(
            np.array([encode_candidate(self.space, c) for c, _ in scored]),
            np.array([s for _, s in scored]),
        )
        mean, deviation = process.predict(
            np.array([encode_candidate(self.space, c) for c in candidates])
        )
        return candidates[int(np.argmax(mean + self.beta * deviation))]

    def _pool(
        self, rng: np.random.Generator, scored: list[tuple[Candidate, float]]
    ) -> list[Candidate]:
        best = sorted(scored, key=lambda pair: -pair[1])[:5]
        pool: dict[str, Candidate] = {}
        for i in range(self.pool):
            candidate = draw(self.space, rng)
            if i % 2:
                parent = best[int(rng.integers(len(best)))][0]
                changed = rng.random(len(self.space.choices)) < 2 / len(self.space.choices)
                names = [choice.name for choice in self.space.choices]
                candidate |= {
                    n: parent[n] for n, new in zip(names, changed, strict=True) if not new
                }
            key = self.space.format_key(candidate)
            if key not in self._known:
                pool[key] = candidate
        return list(pool.values())


class HyperbandTuner:
    """Hyperband tuner: in each bracket, the best candidates are repeatedly trained ``factor`` times as long.

    Bracket s of ``s_max = floor(log(max_epochs, factor))`` begins with ``ceil((s_max + 1) / (s + 1) *
    factor**s)`` candidates of ``max_epochs / factor**s`` epochs (L. Li et al., JMLR 18, 2018). All brackets
    are run ``hyperband_iterations`` times; ``max_trials`` limits the number of trainings.
    """

    def __init__(
        self,
        space: Space,
        max_trials: int | None = None,
        seed: int = 0,
        *,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
    ) -> None:
        if factor < 2 or max_epochs < 1 or hyperband_iterations < 1:
            raise SearchError(
                f"hyperband: expected factor of at least 2, max_epochs and hyperband_iterations of at least 1, "
                f"got {factor}, {max_epochs} and {hyperband_iterations}. Increase them."
            )
        self.max_epochs, self.factor = max_epochs, factor
        self.max_trials = math.inf if max_trials is None else max_trials
        self._random = RandomTuner(space, 2**31, seed)
        last = 0
        while factor ** (last + 1) <= max_epochs:
            last += 1
        self._brackets = [
            (s, last) for _ in range(hyperband_iterations) for s in range(last, -1, -1)
        ]
        self._round: list[Proposal] = []
        self._scores: dict[int, float | None] = {}
        self._queue: list[Proposal] = []
        self._stage = 0
        self._number = 0

    def ask(self) -> Proposal | None:
        """Return the next proposal; ``None`` while scores of the round are missing, or if the search is over."""
        while not self._queue:
            waiting = any(p.number not in self._scores for p in self._round)
            if waiting or not self._start_round():
                return None
        if self._number >= self.max_trials:
            return None
        self._number += 1
        return self._queue.pop(0)

    def tell(self, proposal: Proposal, score: float | None) -> None:
        """Record the score of a proposal; ``None`` means that the trial failed."""
        self._scores[proposal.number] = score

    def _start_round(self) -> bool:
        """Fill the queue from the best of the last round or a new bracket; return false if no bracket is left."""
        if self._round:
            bracket, _ = self._brackets[0]
            self._stage += 1
            scored = [(p, self._scores.get(p.number)) for p in self._round]
            ranked = sorted(((p, s) for p, s in scored if s is not None), key=lambda pair: -pair[1])
            best = [p for p, _ in ranked[: count_promoted(len(self._round), self.factor)]]
            if self._stage <= bracket and best:
                self._fill([(p.candidate, p) for p in best])
                return True
            self._brackets.pop(0)
        self._round, self._stage = [], 0
        if not self._brackets:
            return False
        bracket, last = self._brackets[0]
        size = math.ceil((last + 1) / (bracket + 1) * self.factor**bracket)
        proposals = [self._random.ask() for _ in range(size)]
        candidates = [p.candidate for p in proposals if p is not None]
        if not candidates:
            self._brackets.clear()
            return False
        self._fill([(candidate, None) for candidate in candidates])
        return True

    def _fill(self, members: list[tuple[Candidate, Proposal | None]]) -> None:
        bracket, _ = self._brackets[0]
        epochs = max(round(self.max_epochs / self.factor ** (bracket - self._stage)), 1)
        self._round = [
            Proposal(
                self._number + i,
                candidate,
                epochs,
                (parent.epochs or 0) if parent else 0,
                parent.number if parent else None,
            )
            for i, (candidate, parent) in enumerate(members)
        ]
        self._queue = list(self._round)


def count_promoted(count: int, factor: int) -> int:
    """Return the number of candidates promoted beyond a rung: ``count // factor``, at least 1."""
    return max(count // factor, 1)


TUNERS: dict[str, Callable[..., Any]] = {
    "random": RandomTuner,
    "bayesian": BayesianTuner,
    "hyperband": HyperbandTuner,
}
"""Mode of AutoQKeras -> its tuner."""


def draw(space: Space, rng: np.random.Generator) -> Candidate:
    """Return a random candidate, every option of a choice as likely as the others."""
    return {c.name: c.options[int(rng.integers(len(c.options)))] for c in space.choices}


def encode_candidate(space: Space, candidate: Candidate) -> np.ndarray:
    """Encode a candidate as a vector: numbers scaled to 0..1, quantizers as one-hot vectors at distance 1."""
    parts: list[float] = []
    for choice in space.choices:
        if len(choice.options) == 1:
            continue
        chosen = candidate[choice.name]
        if all(isinstance(option, int | float) for option in choice.options):
            numbers = [float(option) for option in choice.options]
            parts.append((float(chosen) - min(numbers)) / (max(numbers) - min(numbers)))
        else:
            parts += [math.sqrt(0.5) * (option == chosen) for option in choice.options]
    return np.array(parts)
