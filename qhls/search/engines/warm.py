"""Initial candidates of a search by integer programming, from the loss increase that each option causes alone.

As in HAWQ-V3 (Z. Yao et al., ICML 2021), effects are assumed to be additive: quantising several tensors raises the
loss by the sum of the separate increases. The same is assumed of the cost. Then the candidate of the least loss
within a cost is the solution of an integer program with one binary variable per option:

    min sum omega[i, o] x[i, o]  with  sum_o x[i, o] = 1 for each choice i,  sum cost[i, o] x[i, o] <= bound

It is solved for bounds from the cheapest candidate to the most expensive, within the budgets. The candidates with
the same number of bits everywhere follow, as a baseline for the search.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.frontend.models.state import copy_model_state
from qhls.search.errors import SearchError, TrialError
from qhls.search.goals.costs import measure
from qhls.search.space.choices import Candidate, CandidateChoice, Space
from qhls.search.trials.driver import ParetoPlan
from qhls.search.trials.job import Job

_SAMPLES = 512
"""Number of training samples on which the loss is measured."""

BOUNDS = 8
"""Number of cost bounds for which the program is solved."""

_Table = dict[str, list[float]]
"""Name of a choice -> one number per option."""


def find_warm_candidates(space: Space, job: Job, plan: ParetoPlan) -> list[Candidate]:
    """Return the candidates that the integer program finds, the cheapest first, then those of ``list_homogeneous``.

    The program bounds the first cost among objectives and budgets, or else bits. No candidate is repeated. Raises
    ``SearchError`` if SciPy is not installed.
    """
    names = plan.costs or ("bits",)
    losses = measure_sensitivities(space, job)
    base = space.smallest
    costs = {name: _compute_costs(space, base, name, plan) for name in names}
    least, most = _find_ends(costs[names[0]])
    candidates: dict[str, Candidate] = {}
    for bound in np.linspace(least, most, BOUNDS):
        bounds = dict(plan.budgets)
        bounds[names[0]] = min(float(bound), bounds.get(names[0], math.inf))
        candidate = solve_program(space, losses, costs, bounds)
        if candidate is not None:
            candidates[space.format_key(candidate)] = candidate
    for candidate in list_homogeneous(space):
        candidates.setdefault(space.format_key(candidate), candidate)
    return list(candidates.values())


def list_homogeneous(space: Space) -> list[Candidate]:
    """Return for each bit width the candidate whose quantizers all have it, or the next smaller width available."""
    quantizers = [c for c in space.choices if isinstance(c.options[0], str)]
    fixed = {
        c.name: 1.0 if 1.0 in c.options else c.options[0]
        for c in space.choices
        if c not in quantizers
    }
    candidates = []
    for bits in sorted({size for choice in quantizers for size in choice.sizes}):
        chosen: Candidate = {}
        for choice in quantizers:
            near = max((s for s in choice.sizes if s <= bits), default=min(choice.sizes))
            chosen[choice.name] = choice.options[choice.sizes.index(near)]
        candidates.append(chosen | fixed)
    return candidates


def solve_program(
    space: Space,
    losses: Mapping[str, list[float]],
    costs: Mapping[str, Mapping[str, list[float]]],
    bounds: Mapping[str, float],
) -> Candidate | None:
    """Return the candidate that minimises the sum of ``losses`` with each sum of ``costs`` within ``bounds``.

    ``None`` if the solver finds none. Raises ``SearchError`` if SciPy is not installed.
    """
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
    except ImportError as error:
        raise SearchError(
            f"warm_start: expected SciPy, got none ({error}). Run pip install 'qhls[search]', or pass warm_start=False."
        ) from error
    options = [(choice, o) for choice in space.choices for o in range(len(choice.options))]
    one = np.array([[float(c is choice) for c, _ in options] for choice in space.choices])
    rows = np.array([[costs[name][c.name][o] for c, o in options] for name in bounds])
    limits: Any = [limit * (1 + 1e-9) for limit in bounds.values()]
    result = milp(
        np.array([losses[choice.name][o] for choice, o in options]),
        integrality=np.ones(len(options)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one, 1, 1),
            LinearConstraint(rows, ub=limits),
        ],
    )
    if not result.success:
        return None
    return {
        choice.name: choice.options[o]
        for (choice, o), chosen in zip(options, result.x, strict=True)
        if chosen > 0.5
    }


def measure_sensitivities(space: Space, job: Job) -> _Table:
    """Return for each option the increase of the loss if the model is changed by that option alone.

    An option whose model cannot be built gets a number that is larger than any real increase.
    """
    x, y = job.data[0][:_SAMPLES], job.data[1][:_SAMPLES]
    loss = keras.losses.get(job.model.loss)
    reference = _compute_loss(job.model, loss, x, y)

    def measure_rise(choice: CandidateChoice, option: Any) -> float:
        try:
            model = space.build({choice.name: option})
        except TrialError:
            return _BAD
        copy_model_state(job.model, model, partly=True)
        value = _compute_loss(model, loss, x, y) - reference
        return value if math.isfinite(value) else _BAD

    return {c.name: [measure_rise(c, option) for option in c.options] for c in space.choices}


_BAD = 1e6


def _compute_loss(model: keras.Model, loss: Any, x: Any, y: Any) -> float:
    outputs = model(keras.ops.convert_to_tensor(x), training=False)
    return float(to_numpy(keras.ops.mean(loss(y, outputs))))


def _compute_costs(space: Space, base: Candidate, name: str, plan: ParetoPlan) -> _Table:
    """Return for each option the change of the cost ``name`` if ``base`` takes that option.

    The entries of the first choice include the cost of ``base``.
    """

    def measure_cost(candidate: Candidate) -> float:
        try:
            return measure(space.build(candidate), [name], plan.hardware)[name]
        except TrialError:
            return _BAD * _BAD

    lowest = measure_cost(base)
    table = {
        choice.name: [
            0.0
            if option == base[choice.name]
            else measure_cost(base | {choice.name: option}) - lowest
            for option in choice.options
        ]
        for choice in space.choices
    }
    first = space.choices[0].name
    return table | {first: [lowest + value for value in table[first]]}


def _find_ends(costs: _Table) -> tuple[float, float]:
    least = sum(min(values) for values in costs.values())
    return least, sum(max(v for v in values if v < _BAD * _BAD / 2) for values in costs.values())
