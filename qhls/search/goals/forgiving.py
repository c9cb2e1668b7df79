"""Forgiving factors: the goals of AutoQKeras, which accept a slightly worse metric for a smaller model.

The score of a trial is ``metric * (1 + delta)``, where

    delta = (delta_p if trial < reference else delta_n) / 100 * ln(reference / trial) / ln(rate)

with ``reference`` the reference model's size times ``stress``. So for each factor of ``rate`` by which a trial is
smaller, its score rises by ``delta_p`` percent of the metric. As in QKeras, ``delta_p / 100``, ``delta_n / 100`` and
``ln(rate)`` are float32 numbers, the rest float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from qhls.search.errors import GoalError
from qhls.search.space.sizes import Sizes, count_model_bits
from qhls.system.text import say

DEFAULT_CONFIG = {"default": ["parameters", "activations"]}

Stats = dict[str, dict[str, float]]


def compute_delta(
    reference: float, trial: float, delta_p: float, delta_n: float, rate: float
) -> float:
    """Return ``delta``, the relative bonus (or, if negative, penalty) on the metric for the size of a trial.

    ``delta_p`` and ``delta_n`` are percentages.
    """
    share = np.float32(delta_p if trial < reference else delta_n) / np.float32(100)
    return float(share * (np.log(np.float64(reference) / trial) / np.log(np.float32(rate))))


class ForgivingFactor:
    """Base class that compares a trial's size with a reference's; ``measure`` of a subclass defines the size.

    ``delta_p`` and ``delta_n`` are percentages; ``rate`` is above 1. Trials are compared with ``stress`` times the
    reference's size: a ``stress`` below 1 favours smaller models. Raises ``GoalError`` for invalid numbers.
    """

    unit = ""

    def __init__(self, delta_p: float, delta_n: float, rate: float, stress: float = 1.0) -> None:
        for name, value, least in (
            ("delta_p", delta_p, None),
            ("delta_n", delta_n, None),
            ("rate", rate, 1.0),
            ("stress", stress, 0.0),
        ):
            check_number(f"goal: {name}", value, least)
        self.delta_p, self.delta_n, self.rate, self.stress = delta_p, delta_n, rate, stress
        self.reference_total, self.trial_size = math.nan, math.nan
        self.reference_size_dict: Stats = {}
        self.trial_size_dict: Stats = {}

    def measure(self, model: keras.Model, reference: bool) -> Stats:
        """Return for each layer, by name, a dictionary whose "total" is what the layer adds to the model's size."""
        raise NotImplementedError

    def add_up(self, stats: Stats) -> float:
        """Return the size of the whole model from the result of ``measure``."""
        return sum(entry["total"] for entry in stats.values())

    def get_reference(self, model: keras.Model) -> float:
        """Return the size of the reference times ``stress``; the first call measures ``model`` as the reference."""
        if math.isnan(self.reference_total):
            self.reference_size_dict = self.measure(model, reference=True)
            self.reference_total = self.add_up(self.reference_size_dict)
            if not self.reference_total > 0:
                raise GoalError(
                    f"goal: expected a reference of a size above 0 {self.unit}, got "
                    f"{self.reference_total:g} for the model {model.name!r}. Count some of its layers."
                )
        return self.reference_size

    @property
    def reference_size(self) -> float:
        """Size that trials are compared with."""
        return self.reference_total * self.stress

    def get_trial(self, model: keras.Model) -> float:
        """Measure a quantised model as the last trial and return its size."""
        self.trial_size_dict = self.measure(model, reference=False)
        self.trial_size = self.add_up(self.trial_size_dict)
        return self.trial_size

    def delta(self) -> float:
        """Return the relative bonus on the metric for the size of the last trial.

        Raises ``GoalError`` if no trial was measured.
        """
        self._require_trial()
        return compute_delta(
            self.reference_size, self.trial_size, self.delta_p, self.delta_n, self.rate
        )

    def get_total_factor(self) -> float:
        """Return the relative increase in size from the reference to the last trial, ignoring ``stress``."""
        self._require_trial()
        return (self.trial_size - self.reference_total) / self.reference_total

    def get_reference_stats(self) -> Stats:
        """Return the reference's size by layer."""
        return self.reference_size_dict

    def get_trial_stats(self) -> Stats:
        """Return the last trial's size by layer."""
        return self.trial_size_dict

    def print_stats(self) -> None:
        """Print the sizes of reference and last trial, and the factor by which the trial's metric is multiplied."""
        say(
            f"reference {self.reference_size:,.0f} {self.unit}, trial {self.trial_size:,.0f} "
            f"{self.unit} ({self.get_total_factor():+.1%} of the unstressed reference): the metric "
            f"counts {1 + self.delta():.4f} times"
        )

    def _require_trial(self) -> None:
        if not (self.reference_total > 0 and self.trial_size > 0):
            raise GoalError(
                f"goal: expected sizes above 0 {self.unit}, got {self.reference_total:g} for the "
                f"reference and {self.trial_size:g} for the trial. Call get_reference(model) and "
                f"get_trial(quantized_model) first."
            )


class ForgivingFactorBits(ForgivingFactor):
    """Forgiving factor whose size is the number of bits of the parameters and of one sample's activations.

    ``input_bits`` and ``output_bits``: the width of an element of the inputs, and of a softmax or sigmoid.
    ``ref_bits``: the width of all other tensors that are not quantised. ``config``: class of a layer, or "default" ->
    a list of "parameters", "activations" or both; a layer without an entry does not count. See
    ``qhls.search.space.sizes``.
    """

    unit = "bits"

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        delta_p: float,
        delta_n: float,
        rate: float,
        stress: float = 1.0,
        input_bits: int = 8,
        output_bits: int = 8,
        ref_bits: int = 8,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(delta_p, delta_n, rate, stress)
        for name, bits in (("input", input_bits), ("output", output_bits), ("ref", ref_bits)):
            check_number(f"goal: {name}_bits", bits, 0.0)
        self.sizes = Sizes(input_bits, output_bits, ref_bits)
        self.config = _check_config(DEFAULT_CONFIG if config is None else config)

    def measure(self, model: keras.Model, reference: bool) -> Stats:
        """Return for each layer the bits of its parameters and activations, and the total that ``config`` selects."""
        return count_model_bits(model, self.sizes, self.config)


class ForgivingFactorEnergy(ForgivingFactor):
    """Forgiving factor whose size is the energy in whole pJ per inference.

    ``energy(model, reference)`` returns the energy of each layer. QKeras omits ``stress`` from ``delta``;
    ``stress_in_delta=False`` does the same.
    """

    unit = "pJ"

    def __init__(
        self,
        delta_p: float,
        delta_n: float,
        rate: float,
        stress: float = 1.0,
        *,
        energy: Callable[[keras.Model, bool], Stats],
        stress_in_delta: bool = True,
    ) -> None:
        super().__init__(delta_p, delta_n, rate, stress)
        self.energy, self.stress_in_delta = energy, stress_in_delta

    def measure(self, model: keras.Model, reference: bool) -> Stats:
        """Return for each layer its energy in pJ per inference."""
        return self.energy(model, reference)

    def add_up(self, stats: Stats) -> float:
        """Return the size of the whole model, rounded down as QTools does."""
        return float(int(super().add_up(stats)))

    def delta(self) -> float:
        """Return the relative bonus for the size of the last trial, with ``stress`` only if ``stress_in_delta``."""
        if self.stress_in_delta:
            return super().delta()
        self._require_trial()
        return compute_delta(
            self.reference_total, self.trial_size, self.delta_p, self.delta_n, self.rate
        )


def check_number(what: str, value: Any, above: float | None) -> None:
    """Raise ``GoalError`` unless ``value`` is a finite number and, if ``above`` is a number, larger than it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and (above is None or value > above)):
        bound = "" if above is None else f" above {above:g}"
        raise GoalError(f"{what}: expected a number{bound}, got {value!r}. Correct it.")


def _check_config(config: Any) -> Mapping[str, Any]:
    parts = DEFAULT_CONFIG["default"]
    sound = isinstance(config, Mapping) and all(
        isinstance(value, list | tuple) and set(value) <= set(parts) for value in config.values()
    )
    if not sound:
        raise GoalError(
            f"goal: config: expected lists of {' and '.join(parts)} by class of layer or "
            f"'default', got {config!r}. Correct the lists."
        )
    return config
