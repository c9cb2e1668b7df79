"""k-means clustering in numpy, with the same centres in every run."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import numpy as np

ITERATIONS = 300
STARTS = 10
BINS = 512
"""The largest number of distinct values that are partitioned exactly, and the number of bins for more values."""


class KMeans:
    """k-means clustering with ``n_clusters`` centres by Lloyd's algorithm, under scikit-learn's names.

    The first centres of scalars are those of their best partition, which is exact for up to ``BINS`` distinct values.
    Vectors start from several draws of k-means++ with a fixed seed, and the best result is used. If the points have
    fewer distinct values than clusters, centres repeat.
    """

    cluster_centers_: np.ndarray

    def __init__(self, n_clusters: int) -> None:
        self.n_clusters = n_clusters

    def fit(self, points: np.ndarray) -> Self:
        """Find the cluster centres of ``points`` ``(n, dimensions)``, and sort them by their coordinates."""
        points = np.asarray(points, np.float64)
        different, counts = np.unique(points, axis=0, return_counts=True)
        n = min(self.n_clusters, len(different))
        if different.shape[1] == 1:
            start = _find_best_partition(*_bin(different[:, 0], counts), n)[:, None]
            missing = np.linspace(0, len(different) - 1, n - len(start) + 2)[1:-1].astype(np.int64)
            starts = [np.concatenate([start, different[missing]])]
        else:
            random = np.random.default_rng(0)
            starts = [_draw_starts(different, counts, n, random) for _ in range(STARTS)]
        _, centres = min((_refine(different, counts, s) for s in starts), key=lambda r: r[0])
        centres = centres[np.lexsort(centres.T[::-1])]
        repeated = np.repeat(centres[-1:], self.n_clusters - len(centres), axis=0)
        self.cluster_centers_ = np.concatenate([centres, repeated])
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return the index of the centre nearest to each of ``points`` ``(n, dimensions)``."""
        return _find_nearest(np.asarray(points, np.float64), self.cluster_centers_)


def _bin(numbers: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most ``BINS`` numbers and their weights: the mean of the numbers in each of ``BINS`` intervals."""
    if len(numbers) <= BINS:
        return numbers, counts
    place = (numbers - numbers[0]) * (BINS / (numbers[-1] - numbers[0]))
    bins = np.minimum(place.astype(np.int64), BINS - 1)
    weights = np.bincount(bins, counts, BINS)
    sums = np.bincount(bins, counts * numbers, BINS)
    return sums[weights > 0] / weights[weights > 0], weights[weights > 0]


def _find_best_partition(numbers: np.ndarray, counts: np.ndarray, n: int) -> np.ndarray:
    """Split sorted ``numbers`` into ``n`` runs with the smallest squared error, and return the mean of each run.

    After each round, ``least[j]`` is the error of the first ``j`` numbers in one more run. A run from ``i`` to before
    ``j`` costs ``cost[i, j]``.
    """
    n = min(n, len(numbers))
    size, mean = len(numbers), np.average(numbers, weights=counts)
    x = numbers - mean
    sums = [np.concatenate([[0.0], np.cumsum(counts * x**power)]) for power in range(3)]
    weight, first, second = (s[None, :] - s[:, None] for s in sums)
    cost = np.maximum(second - first**2 / np.where(weight > 0, weight, 1.0), 0.0)
    cost[np.tri(size + 1, dtype=bool)] = np.inf  # no run is empty
    least, cuts = cost[0], []
    for _ in range(n - 1):
        total = least[:, None] + cost
        cuts.append(total.argmin(axis=0))
        least = total.min(axis=0)
    ends = [size]
    for cut in reversed(cuts):
        ends.append(int(cut[ends[-1]]))
    edges = [0, *reversed(ends)]
    return np.array(
        [np.average(numbers[a:b], weights=counts[a:b]) for a, b in pairwise(edges) if a < b]
    )


def _draw_starts(
    points: np.ndarray, counts: np.ndarray, n: int, random: np.random.Generator
) -> np.ndarray:
    """Draw ``n`` first centres by k-means++: a point's probability grows with its distance to earlier centres."""
    chosen = [int(random.choice(len(points), p=counts / counts.sum()))]
    away = _measure_distances(points, points[chosen[0]])
    for _ in range(n - 1):
        chance = counts * away
        chosen.append(int(random.choice(len(points), p=chance / chance.sum())))
        away = np.minimum(away, _measure_distances(points, points[chosen[-1]]))
    return points[chosen]


def _refine(
    points: np.ndarray, counts: np.ndarray, centres: np.ndarray
) -> tuple[float, np.ndarray]:
    """Move centres to the means of their points up to ``ITERATIONS`` times; return the squared error and centres."""
    for _ in range(ITERATIONS):
        labels = _find_nearest(points, centres)
        number = np.bincount(labels, counts, len(centres))
        sums = [np.bincount(labels, counts * column, len(centres)) for column in points.T]
        means = np.stack(sums, axis=1) / np.maximum(number, 1)[:, None]
        moved = np.where(number[:, None] > 0, means, centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    away = _measure_distances(points, centres[_find_nearest(points, centres)])
    return float(away @ counts), centres


def _measure_distances(points: np.ndarray, to: np.ndarray) -> np.ndarray:
    return ((points - to) ** 2).sum(axis=1)


def _find_nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the index of the centre nearest to each point; the first of several at the same distance."""
    if centres.shape[1] == 1:
        return _find_nearest_on_line(points[:, 0], centres[:, 0])
    best = np.full(len(points), np.inf)
    labels = np.zeros(len(points), np.int64)
    for label, centre in enumerate(centres):
        distance = _measure_distances(points, centre)
        labels[distance < best] = label
        best = np.minimum(best, distance)
    return labels


def _find_nearest_on_line(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    line, first = np.unique(centres, return_index=True)
    upper = np.minimum(np.searchsorted(line, points), len(line) - 1)
    lower = np.maximum(upper - 1, 0)
    nearer = np.abs(points - line[lower]) <= np.abs(line[upper] - points)
    return first[np.where(nearer, lower, upper)]
