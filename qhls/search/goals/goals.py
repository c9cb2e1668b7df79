"""Goals of a search for one best model: the score of a trial, and limits of its costs.

A goal is given in one of these forms:

- ``{"type": "bits", "params": {...}}`` or ``{"type": "energy", "params": {...}}``, or a ``ForgivingFactor``: the
  goals of AutoQKeras (``qhls.search.goals.forgiving``).
- ``maximise("accuracy", energy=3000)``, ``minimise("loss", bits=20_000)``: the best metric within budgets.
- a function ``f(metrics, costs) -> float``, higher is better, or ``judge(f, costs=("energy",))`` if it reads
  costs. ``metrics`` has the logs of Keras: ``val_accuracy``, ``loss``, ...
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras

from qhls.qtools import QTools
from qhls.search.errors import BudgetError, GoalError
from qhls.search.goals.costs import COST_UNITS, Hardware, check_costs, measure
from qhls.search.goals.forgiving import (
    DEFAULT_CONFIG,
    ForgivingFactor,
    ForgivingFactorBits,
    ForgivingFactorEnergy,
    Stats,
)

Costs = dict[str, float]
Metrics = Mapping[str, float]

DEFAULT_GOAL: dict[str, Any] = {
    "type": "bits",
    "params": {
        "delta_p": 8.0,
        "delta_n": 8.0,
        "rate": 2.0,
        "stress": 1.0,
        "input_bits": 8,
        "output_bits": 8,
        "ref_bits": 8,
        "config": DEFAULT_CONFIG,
    },
}
"""AutoQKeras' goal where none is given."""


@dataclass(frozen=True)
class Goal:
    """A goal: the score of a trial (higher is better) and budgets for its costs.

    ``score(value, metrics, costs)`` gets the value of ``metric``, all logs of Keras, and the costs from before
    training. If ``metric`` is ``None``, the search's metric counts, or else ``default_metric``.
    """

    score: Callable[[float, Metrics, Costs], float]
    metric: str | None = None
    default_metric: str | None = None
    costs: tuple[str, ...] = ()
    budgets: Mapping[str, float] = field(default_factory=dict)
    hardware: Hardware = field(default_factory=Hardware)
    factor: ForgivingFactor | None = None

    def measure(self, model: keras.Model) -> Costs:
        """Return the costs of an untrained candidate; for a forgiving goal also its size "trial" and bonus "delta".

        Raises ``TrialError`` where the candidate has no costs.
        """
        names = dict.fromkeys((*self.budgets, *self.costs))
        costs = measure(model, names, self.hardware) if names else {}
        if self.factor is not None:
            costs["trial"] = float(self.factor.get_trial(model))
            costs["delta"] = self.factor.delta()
        return costs

    def describe(self) -> dict[str, Any]:
        """Return the parameters that distinguish this goal from others in the header of a journal.

        Two functions passed to ``judge`` are not distinguished.
        """
        factor, kind = self.factor, getattr(self.score, "__name__", "lambda")
        names = ("delta_p", "delta_n", "rate", "stress", "reference_total")
        numbers = {name: getattr(factor, name) for name in names} if factor else {}
        return {
            "kind": type(factor).__name__ if factor else kind.strip("_<>"),
            "metric": self.metric,
            "budgets": dict(self.budgets),
            **numbers,
        }

    def find_over_budget(self, costs: Mapping[str, float]) -> dict[str, float]:
        """Return the costs that exceed their budget, by name."""
        return find_over_budget(self.budgets, costs)


def find_over_budget(budgets: Mapping[str, float], costs: Mapping[str, float]) -> dict[str, float]:
    """Return the costs that exceed their budget, by name."""
    return {name: costs[name] for name, most in budgets.items() if costs[name] > most}


def check_budgets(budgets: Mapping[str, Any]) -> dict[str, float]:
    """Check that budgets are positive numbers for known costs, and return them as floats.

    Raises ``GoalError`` for an unknown cost, ``BudgetError`` for a budget that is not a positive number.
    """
    check_costs(budgets)
    for name, most in budgets.items():
        number = isinstance(most, int | float) and not isinstance(most, bool)
        if not (number and math.isfinite(most) and most > 0):
            raise BudgetError(
                f"budget {name!r}: expected a number of {COST_UNITS[name]} above 0, got {most!r}. Correct it."
            )
    return {name: float(most) for name, most in budgets.items()}


# -- goals of the user -----------------------------------------------------------------------------


def maximise(
    metric: str = "accuracy", *, hardware: Hardware | None = None, **budgets: float
) -> Goal:
    """Return a goal that maximises ``metric`` on the validation data within budgets.

    ``budgets``: energy in pJ per inference, area in LUT, latency in ns, bits. ``hardware``: the settings that
    costs depend on; energy, area and latency need its ``input_types``. Raises ``GoalError`` for another cost,
    ``BudgetError`` for a budget that is not a positive number.
    """
    checked = check_budgets(budgets)
    return Goal(_as_is, metric, budgets=checked, hardware=hardware or Hardware())


def minimise(metric: str = "loss", *, hardware: Hardware | None = None, **budgets: float) -> Goal:
    """Return a goal that minimises ``metric``, such as a loss, within budgets; arguments are as in ``maximise``."""
    checked = check_budgets(budgets)
    return Goal(_negate, metric, budgets=checked, hardware=hardware or Hardware())


def judge(
    score: Callable[[Metrics, Costs], float],
    *,
    costs: Iterable[str] = (),
    hardware: Hardware | None = None,
    **budgets: float,
) -> Goal:
    """Return a goal that maximises ``score(metrics, costs)`` within budgets.

    ``costs``: names of the costs that ``score`` reads.
    """
    names = tuple(costs)
    check_costs(names)
    return Goal(
        partial(_apply_score, score),
        default_metric="loss",
        costs=names,
        budgets=check_budgets(budgets),
        hardware=hardware or Hardware(),
    )


def _apply_score(
    score: Callable[[Metrics, Costs], float], _value: float, metrics: Metrics, costs: Costs
) -> float:
    return float(score(metrics, costs))


def _as_is(value: float, _metrics: Metrics, _costs: Costs) -> float:
    return value


def _negate(value: float, _metrics: Metrics, _costs: Costs) -> float:
    return -value


def _forgive(value: float, _metrics: Metrics, costs: Costs) -> float:
    return value * (1.0 + costs["delta"])


def _forgive_error(value: float, _metrics: Metrics, costs: Costs) -> float:
    factor = 1.0 + costs["delta"]
    return -value / factor if value >= 0 else -value * factor


def set_direction(goal: Goal, direction: str) -> Goal:
    """Adapt a forgiving goal to a metric to maximise ("max") or minimise ("min"); return other goals unchanged."""
    least = direction == "min" and goal.factor is not None
    return replace(goal, score=_forgive_error) if least else goal


# -- AutoQKeras' ------------------------------------------------------------------------------------


def as_goal(goal: Any, model: keras.Model) -> Goal:
    """Convert any form of goal to a ``Goal``; ``model`` is the reference of a forgiving factor.

    Raises ``GoalError`` for anything else.
    """
    if isinstance(goal, Goal):
        return goal
    if goal is None or isinstance(goal, Mapping):
        goal = make_forgiving_factor(goal or DEFAULT_GOAL)
    if isinstance(goal, ForgivingFactor):
        goal.get_reference(model)
        return Goal(_forgive, factor=goal)
    if callable(goal):
        function: Callable[..., Any] = goal
        return judge(function)
    raise GoalError(
        f"goal: expected {{'type': 'bits' or 'energy', 'params': {{...}}}}, a ForgivingFactor, "
        f"maximise(...), minimise(...) or a function of metrics and costs, got {goal!r}. Pass one of these."
    )


def make_forgiving_factor(goal: Mapping[str, Any]) -> ForgivingFactor:
    """Create a forgiving factor from ``{"type": "bits" or "energy", "params": {...}}``. Raises ``GoalError``."""
    _check_keys("goal", goal, ("type", "params"), ("type", "params"))
    kinds: dict[str, Callable[..., ForgivingFactor]] = {
        "bits": ForgivingFactorBits,
        "energy": _make_energy_factor,
    }
    if goal["type"] not in kinds:
        raise GoalError(
            f"goal: expected type {' or '.join(map(repr, kinds))}, got {goal['type']!r}. Choose one of these."
        )
    params = goal["params"]
    if not isinstance(params, Mapping):
        raise GoalError(
            f"goal: expected a dictionary under 'params', got {params!r}. Write the parameters by name."
        )
    known = tuple(inspect.signature(kinds[goal["type"]]).parameters)
    _check_keys("goal: params", params, known, ("delta_p", "delta_n", "rate"))
    return kinds[goal["type"]](**params)


def _check_keys(
    what: str, keys: Mapping[str, Any], known: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    for key in keys:
        if key not in known:
            raise GoalError(
                f"{what}: expected keys among {', '.join(known)}, got {key!r}. Choose one of these."
            )
    for key in needed:
        if key not in keys:
            raise GoalError(f"{what}: expected the key {key!r}, got {', '.join(keys)}. Add it.")


_MEMORIES = ("dram", "sram", "fixed")


def _make_energy_factor(
    delta_p: float,
    delta_n: float,
    rate: float,
    *,
    stress: float = 1.0,
    process: Any = "horowitz",
    parameters_on_memory: Any = ("fixed", "fixed"),
    activations_on_memory: Any = ("dram", "dram"),
    rd_wr_on_io: Any = (True, True),
    min_sram_size: Any = (0, 0),
    source_quantizers: Any = None,
    trained_model: bool = False,
    reference_internal: str = "fp32",
    reference_accumulator: str = "fp32",
    config_json: None = None,
    stress_in_delta: bool = True,
) -> ForgivingFactor:
    """Create a forgiving factor from energies that QTools estimates.

    The first entry of a pair applies to the reference, the second to trials.
    """
    pairs = {
        "parameters_on_memory": parameters_on_memory,
        "activations_on_memory": activations_on_memory,
        "min_sram_size": min_sram_size,
        "rd_wr_on_io": rd_wr_on_io,
    }
    _check_energy(pairs, reference_internal, reference_accumulator)
    if config_json is not None:
        raise GoalError(
            f"goal: config_json: expected None, got {config_json!r}. Pass a table of prices as process."
        )

    def measure_energy(model: keras.Model, reference: bool) -> Stats:
        tools = QTools(
            model,
            process,
            reference_internal if reference else source_quantizers,
            is_inference=trained_model,
            keras_quantizer=reference_internal,
            keras_accumulator=reference_accumulator,
            for_reference=reference,
        )
        prices = tools.pe(*(pair[0 if reference else 1] for pair in pairs.values()))
        return tools.extract_energy_profile(tools.include_energy, prices)

    return ForgivingFactorEnergy(
        delta_p, delta_n, rate, stress, energy=measure_energy, stress_in_delta=stress_in_delta
    )


def _check_energy(pairs: Mapping[str, Any], internal: str, accumulator: str) -> None:
    for name, pair in pairs.items():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise GoalError(
                f"goal: {name}: expected two, for reference and trial, got {pair!r}. Pass a list of two."
            )
    for name, value, known in (
        *((key, place, _MEMORIES) for key in list(pairs)[:2] for place in pairs[key]),
        ("reference_internal", internal, ("fp16", "fp32", "int8")),
        ("reference_accumulator", accumulator, ("int16", "int32", "fp16", "fp32")),
    ):
        if value not in known:
            raise GoalError(
                f"goal: {name}: expected one of {', '.join(known)}, got {value!r}. Choose one of these."
            )
