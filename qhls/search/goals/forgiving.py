"""Forgiving factors: AutoQKeras' goals, which let a smaller model be a little worse.

The score of a trial is ``metric * (1 + delta)``, where

    delta = (delta_p if trial < reference else delta_n) / 100 * ln(reference / trial) / ln(rate)

with ``reference`` the reference model's size times ``stress``. So each time that a trial is ``rate`` times
smaller, ``delta_p`` percent of the metric are forgiven. As in QKeras, ``delta_p / 100``, ``delta_n / 100`` and
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
    """Return the share of the metric that is forgiven (or, below 0, taken); ``delta_p``, ``delta_n`` in percent."""
    share = np.float32(delta_p if trial < reference else delta_n) / np.float32(100)
    return float(share * (np.log(np.float64(reference) / trial) / np.log(np.float32(rate))))


class ForgivingFactor:
    """Comparison of a trial's size with a reference's; ``measure`` of a subclass defines the size.

    ``delta_p`` and ``delta_n`` are percentages; ``rate`` is above 1. Trials are compared with ``stress`` times the
    reference's size: below 1, it asks for smaller models. Raises ``GoalError`` for numbers
    that are not acceptable.
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
        """Return by layer a dictionary whose "total" is the layer's part of the size."""
        raise NotImplementedError

    def add_up(self, stats: Stats) -> float:
        """Return the size of the whole model from the result of ``measure``."""
        return sum(entry["total"] for entry in stats.values())

    def get_reference(self, model: keras.Model) -> float:
        """Return the size of the reference, the first model of a call, times ``stress``."""
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
        """Return the size of a quantised model."""
        self.trial_size_dict = self.measure(model, reference=False)
        self.trial_size = self.add_up(self.trial_size_dict)
        return self.trial_size

    def delta(self) -> float:
        """Return the share of the metric that is forgiven to the last trial. Raises ``GoalError`` without a trial."""
        self._require_trial()
        return compute_delta(
            self.reference_size, self.trial_size, self.delta_p, self.delta_n, self.rate
        )

    def get_total_factor(self) -> float:
        """Return the share by which the last trial is larger than the unstressed reference; below 0: smaller."""
        self._require_trial()
        return (self.trial_size - self.reference_total) / self.reference_total

    def get_reference_stats(self) -> Stats:
        """Return the reference's size by layer."""
        return self.reference_size_dict

    def get_trial_stats(self) -> Stats:
        """Return the last trial's size by layer."""
        return self.trial_size_dict

    def print_stats(self) -> None:
        """Print the last comparison."""
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
    """Forgiving factor of bits: those of the parameters, and those of the activations of one sample.

    ``input_bits`` and ``output_bits`` are those of an element of the inputs and of a softmax or sigmoid;
    ``ref_bits`` those of whatever else is not quantised. ``config``: class of a layer, or "default" ->
    "parameters", "activations" or both, as a list; without it nothing counts. See ``qhls.search.space.sizes``.
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
        """Return by layer the bits of parameters, of activations and, of those that ``config`` counts, in total."""
        return count_model_bits(model, self.sizes, self.config)


class ForgivingFactorEnergy(ForgivingFactor):
    """Forgiving factor of whole pJ per inference, which ``energy(model, reference)`` returns by layer.

    QKeras leaves ``stress`` out of ``delta``; here it counts. ``stress_in_delta=False`` is as QKeras.
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
        """Return by layer the pJ per inference."""
        return self.energy(model, reference)

    def add_up(self, stats: Stats) -> float:
        """Return the size of the whole model, rounded down as QTools does."""
        return float(int(super().add_up(stats)))

    def delta(self) -> float:
        """Return the share of the metric that is forgiven to the last trial."""
        if self.stress_in_delta:
            return super().delta()
        self._require_trial()
        return compute_delta(
            self.reference_total, self.trial_size, self.delta_p, self.delta_n, self.rate
        )


def check_number(what: str, value: Any, above: float | None) -> None:
    """Raise ``GoalError`` unless ``value`` is a finite number, above ``above``."""
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
