"""Engines of a Pareto search that use Optuna's samplers with an in-memory study.

Proposals depend only on the seed and on the outcomes and their order. A search resumes from the journal, not from
Optuna's storage.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qhls.search.engines.tuners import Proposal
from qhls.search.errors import SearchError
from qhls.search.goals.objectives import Objective
from qhls.search.space.choices import Candidate, Space

ENGINES = ("tpe", "gp", "nsga2", "random")
MANY_TRIALS = 300
"""Number of trials from which NSGA-II is the default engine instead of TPE."""


@dataclass(frozen=True)
class TrialOutcome:
    """The outcome of a trial for several objectives.

    ``values``: one per objective, NaN if unknown because a budget was exceeded. ``violations``: one per budget, cost
    divided by budget minus 1, which is positive if the budget was exceeded.
    """

    values: Sequence[float]
    violations: Mapping[str, float] = field(default_factory=dict)


class Engine:
    """One of Optuna's samplers, which proposes candidates of ``space``.

    ``name``: "tpe" (multivariate), "gp" (a Gaussian process; needs torch, and minutes for some tens of
    trials), "nsga2" or "random". ``startup``: the number of random trials before a model is used, or the
    population size. Raises ``SearchError`` for another name, or if Optuna (or torch) is not installed.
    """

    def __init__(
        self, space: Space, objectives: Sequence[Objective], name: str, seed: int, startup: int
    ) -> None:
        optuna = _import_optuna()
        self.space, self.objectives = space, tuple(objectives)
        self._failed = optuna.trial.TrialState.FAIL
        self._distributions = {
            choice.name: optuna.distributions.CategoricalDistribution(choice.options)
            for choice in space.choices
            if len(choice.options) > 1
        }
        self._fixed = {c.name: c.options[0] for c in space.choices if len(c.options) == 1}
        self._study = optuna.create_study(
            directions=["maximize" if objective.more else "minimize" for objective in objectives],
            sampler=_make_sampler(optuna, name, seed, startup),
        )
        self._worst = [0.0 if objective.more else 1e6 for objective in objectives]
        self._seen: list[list[float]] = []
        self._asked = 0

    def enqueue(self, candidates: Sequence[Candidate]) -> None:
        """Enqueue candidates that ``ask`` returns before any others."""
        for candidate in candidates:
            self.space.check(candidate)
            self._study.enqueue_trial({name: candidate[name] for name in self._distributions})

    def ask(self) -> Proposal:
        """Return the next proposal, which may repeat an earlier candidate."""
        trial = self._study.ask(self._distributions)
        number, self._asked = self._asked, self._asked + 1
        return Proposal(number, {**trial.params, **self._fixed}, handle=trial)

    def tell(self, proposal: Proposal, outcome: TrialOutcome | None, /) -> None:
        """Pass the outcome of a proposal to the sampler; ``None`` means that the trial failed."""
        trial = proposal.handle
        if outcome is None:
            self._study.tell(trial, state=self._failed)
            return
        for name, violation in outcome.violations.items():
            trial.set_constraint(name, violation)
        values = outcome.values
        known = [not math.isnan(value) for value in values]
        if all(known):
            self._seen.append(list(values))
        # An unknown value counts as the worst one seen; the constraint marks the trial as infeasible anyway.
        self._study.tell(
            trial,
            [
                v if ok else self._find_worst(i)
                for i, (v, ok) in enumerate(zip(values, known, strict=True))
            ],
        )

    def _find_worst(self, index: int) -> float:
        column = [values[index] for values in self._seen]
        if not column:
            return self._worst[index]
        return min(column) if self.objectives[index].more else max(column)


def choose_engine(trials: int) -> str:
    """Return the name of the default engine for a number of trials."""
    return "tpe" if trials < MANY_TRIALS else "nsga2"


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise SearchError(
            f"search: expected Optuna, got none ({error}). Run pip install 'qhls[search]'."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _make_sampler(optuna: Any, name: str, seed: int, startup: int) -> Any:
    samplers = optuna.samplers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            return samplers.TPESampler(
                multivariate=True, constant_liar=True, seed=seed, n_startup_trials=startup
            )
        if name == "gp":
            _require_torch()
            return samplers.GPSampler(seed=seed, n_startup_trials=startup)
        if name == "nsga2":
            return samplers.NSGAIISampler(seed=seed, population_size=max(startup, 2))
        if name == "random":
            return samplers.RandomSampler(seed=seed)
    raise SearchError(
        f"engine: expected one of {', '.join(ENGINES)}, got {name!r}. Choose one of these."
    )


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise SearchError(
            f"engine 'gp': expected torch, which Optuna's Gaussian process needs, got none "
            f"({error}). Install it, or use engine='tpe'."
        ) from error
