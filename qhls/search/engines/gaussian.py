"""Gaussian process regression, which predicts a mean and a standard deviation at each point."""

from __future__ import annotations

import numpy as np

_LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


class GaussianProcess:
    """Regression with a Matern-5/2 kernel on standardised values.

    The length scale is the multiple of the square root of the dimension, among a few, with the highest
    marginal likelihood (C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006,
    eqs. 4.17, 2.25, 2.26, 2.30). ``noise``: the variance of standardised values around the function.
    """

    def __init__(self, noise: float) -> None:
        self.noise = noise

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        """Learn values ``y`` (n,) at points ``x`` (n, d)."""
        self._x, self._mean = x, float(y.mean())
        self._scale = float(y.std()) or 1.0
        values = (y - self._mean) / self._scale
        best = -np.inf
        for length in _LENGTHS:
            scale = length * max(x.shape[1], 1) ** 0.5
            kernel = _compute_matern(x, x, scale) + (self.noise + 1e-9) * np.eye(len(x))
            factor = np.linalg.cholesky(kernel)
            weights = np.linalg.solve(factor.T, np.linalg.solve(factor, values))
            likelihood = -0.5 * values @ weights - np.log(np.diag(factor)).sum()
            if likelihood > best:
                best, self._length = likelihood, scale
                self._factor, self._weights = factor, weights

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations (m,) at points ``x`` (m, d)."""
        cross = _compute_matern(x, self._x, self._length)
        spread = np.linalg.solve(self._factor, cross.T)
        variance = np.maximum(1.0 - (spread**2).sum(0), 0.0)
        return self._mean + self._scale * (cross @ self._weights), self._scale * np.sqrt(variance)


def _compute_matern(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    distance = np.sqrt(5 * np.maximum(squares, 0.0)) / length
    return (1 + distance + distance**2 / 3) * np.exp(-distance)
