"""Objectives of a Pareto search: costs, which are minimised, and metrics, which a pair or their name directs."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qhls.search.errors import GoalError
from qhls.search.goals.costs import COST_UNITS
from qhls.search.trials.training import list_metric_names

_LESS = ("loss", "error", "mse", "mae", "mape", "msle", "crossentropy", "divergence")
"""Substrings of metric names that mean that less is better."""

_DIRECTIONS = {"max": True, "maximize": True, "min": False, "minimize": False}


@dataclass(frozen=True)
class Objective:
    """An objective of a search: a cost to minimise, or a metric of the validation data.

    ``more``: whether a higher value is better.
    """

    name: str
    more: bool

    @property
    def is_cost(self) -> bool:
        """True for a cost, which is known before training."""
        return self.name in COST_UNITS

    @property
    def unit(self) -> str:
        """Unit such as pJ; empty for a metric."""
        return COST_UNITS.get(self.name, "")

    def to_loss(self, value: float) -> float:
        """Return ``value`` with a sign such that less is better."""
        return -value if self.more else value

    @property
    def logged_names(self) -> tuple[str, ...]:
        """Names under which Keras may log the metric."""
        return list_metric_names(self.name)

    def score(
        self, value: float, _metrics: Mapping[str, float], _costs: Mapping[str, float]
    ) -> float:
        """Return ``value`` with a sign such that more is better; the epoch with the highest score is the best."""
        return -self.to_loss(value)

    def of(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """Return the value of the objective from the metrics and costs of a trial.

        Raises ``GoalError`` for a metric that was not logged.
        """
        if self.is_cost:
            return costs[self.name]
        for name in self.logged_names:
            if f"val_{name}" in metrics:
                return metrics[f"val_{name}"]
        raise GoalError(
            f"objectives: expected metrics ({', '.join(sorted(metrics))}) or costs ({', '.join(COST_UNITS)}), got "
            f"{self.name!r}. Add it to the model's metrics: model.compile(..., metrics=[...])."
        )


def parse(objectives: Iterable[Any]) -> tuple[Objective, ...]:
    """Parse objectives given as names or as pairs such as ``("auc", "max")``.

    Raises ``GoalError`` for anything else, for repeated names, or if no metric is among them.
    """
    parsed = [_parse(entry) for entry in objectives]
    names = [objective.name for objective in parsed]
    if len(set(names)) < len(names):
        raise GoalError(
            f"objectives: expected each once, got {', '.join(names)}. Remove the repeated ones."
        )
    if all(objective.is_cost for objective in parsed):
        raise GoalError(
            f"objectives: expected a metric, such as 'accuracy' or 'loss', got "
            f"{', '.join(names) or 'none'}. Add one: costs alone need no training."
        )
    return tuple(parsed)


def _parse(entry: Any) -> Objective:
    if isinstance(entry, str) and entry:
        cost = entry in COST_UNITS
        return Objective(entry, not cost and not any(part in entry for part in _LESS))
    if isinstance(entry, tuple | list) and len(entry) == 2 and entry[1] in _DIRECTIONS:
        name, direction = str(entry[0]), entry[1]
        if name in COST_UNITS and _DIRECTIONS[direction]:
            raise GoalError(
                f"objectives: expected cost {name!r} with 'min', got {direction!r}. Costs are minimised: give the "
                f"name alone."
            )
        return Objective(name, _DIRECTIONS[direction])
    raise GoalError(
        f"objectives: expected names or pairs such as ('auc', 'max'), got {entry!r}. Pass a list of them."
    )


# -- domination -------------------------------------------------------------------------------------

Losses = Sequence[float]


def dominates(a: Losses, b: Losses) -> bool:
    """Return whether ``a`` is nowhere worse than ``b`` and somewhere better; less is better."""
    pairs = list(zip(a, b, strict=True))
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


def find_front(points: Sequence[Losses]) -> list[int]:
    """Return the indices of the points that no other point dominates; of equal points only the first."""
    if not points:
        return []
    rank, same = _count_ranks(points)
    _, first = np.unique(same, return_index=True)
    return sorted(int(i) for i in first if rank[i] == 0)


def rank_points(points: Sequence[Losses]) -> list[int]:
    """Return the indices of all points in the order of NSGA-II: by front, then by decreasing crowding distance.

    K. Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, 2002.
    """
    if not points:
        return []
    rank, order = _count_ranks(points)[0], []
    for level in range(int(rank.max()) + 1):
        chosen = [int(i) for i in np.flatnonzero(rank == level)]
        distance = _measure_crowding([points[i] for i in chosen])
        order += [i for _, i in sorted(zip((-d for d in distance), chosen, strict=True))]
    return order


def _count_ranks(points: Sequence[Losses]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the non-domination rank of each point (0 on the Pareto front), and an index that equal points share.

    In lexicographic order a point is only dominated by points before it. NaN is worse than every number.
    """
    values = np.array([tuple(map(float, point)) for point in points])
    values[np.isnan(values)] = np.inf
    distinct, same = np.unique(values, axis=0, return_inverse=True)
    same = same.reshape(len(points))
    rank = np.zeros(len(distinct), np.int64)
    if values.shape[1] == 2:
        lowest: list[float] = []  # smallest second loss in each front so far, in increasing order
        for i, second in enumerate(distinct[:, 1].tolist()):
            rank[i] = bisect_right(lowest, second)
            lowest[rank[i] : rank[i] + 1] = [second]
    else:
        for i in range(1, len(distinct)):
            beaten = (distinct[:i] <= distinct[i]).all(1)
            rank[i] = rank[:i].max(where=beaten, initial=-1) + 1
    return rank[same], same


def _measure_crowding(points: Sequence[Losses]) -> list[float]:
    distance = [0.0] * len(points)
    for axis in range(len(points[0])):
        order = sorted(range(len(points)), key=lambda i: points[i][axis])
        span = points[order[-1]][axis] - points[order[0]][axis]
        distance[order[0]] = distance[order[-1]] = math.inf
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            if span > 0:
                distance[here] += (points[after][axis] - points[before][axis]) / span
    return distance
