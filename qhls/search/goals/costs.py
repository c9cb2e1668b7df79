"""Estimates of the costs of a candidate: energy, area and latency of its design, and the size of its model in bits.

Before training, ``qhls.candidates`` estimates costs from types, not from weights. The final comparison uses the costs
of trained designs; ``docs/energy.md`` states the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import keras

from qhls.candidates import candidates, read_choices
from qhls.compile import compile as compile_model
from qhls.errors import QhlsError
from qhls.plan import Schedule
from qhls.plan.schedule import check_schedule
from qhls.search.errors import GoalError, TrialError
from qhls.search.goals.forgiving import DEFAULT_CONFIG
from qhls.search.space.sizes import Sizes, count_model_bits

COST_UNITS = {"energy": "pJ", "area": "LUT", "latency": "ns", "bits": "bits"}
"""Name -> unit of each cost."""

AREA_TABLE = "xilinx_lut6"


@dataclass(frozen=True)
class Hardware:
    """Settings that the costs of a candidate depend on.

    ``input_types`` and ``schedule`` as in ``qhls.compile``, ``technology`` as in ``Design.energy``.
    """

    input_types: Any = None
    schedule: Schedule = field(default_factory=Schedule)
    technology: Any = "horowitz_45nm"

    def __post_init__(self) -> None:
        check_schedule(self.schedule, "search")


def measure(model: keras.Model, names: Iterable[str], hardware: Hardware) -> dict[str, float]:
    """Return the costs ``names`` (keys of ``COST_UNITS``) of an untrained candidate, independent of its weights.

    Raises ``GoalError`` for a cost that does not exist, ``TrialError`` if the model cannot be compiled to a
    design.
    """
    names = tuple(names)
    check_costs(names)
    costs: dict[str, float] = {}
    if "bits" in names:
        stats = count_model_bits(model, Sizes(), DEFAULT_CONFIG)
        costs["bits"] = sum(entry["total"] for entry in stats.values())
    if set(names) - {"bits"}:
        costs |= _measure_design(model, hardware)
    return {name: costs[name] for name in names}


def measure_trained(
    model: keras.Model, names: Iterable[str], hardware: Hardware
) -> dict[str, float]:
    """Compile a trained model and return the costs ``names`` of its design, all but "bits".

    Raises ``TrialError`` if the model cannot be compiled to a design.
    """
    names = [name for name in names if name != "bits"]
    if not names:
        return {}
    try:
        design = compile_model(model, hardware.input_types, schedule=hardware.schedule)
    except QhlsError as error:
        raise _name_failure(model, error) from error
    costs = {
        "energy": lambda: design.energy(hardware.technology).total,
        "area": lambda: design.area(AREA_TABLE).totals[COST_UNITS["area"]],
        "latency": lambda: design.latency().latency * design.schedule.clock_period,
    }
    return {name: float(costs[name]()) for name in names}


def check_costs(names: Iterable[str]) -> None:
    """Raise ``GoalError`` for a name that is no cost."""
    for name in names:
        if name not in COST_UNITS:
            raise GoalError(
                f"costs: expected one of {', '.join(COST_UNITS)}, got {name!r}. Choose one of "
                f"these: a metric is an objective, not a cost."
            )


def _measure_design(model: keras.Model, hardware: Hardware) -> dict[str, float]:
    try:
        variants = candidates(
            model,
            hardware.input_types,
            technology=hardware.technology,
            area=AREA_TABLE,
            schedule=hardware.schedule,
        )
        costs = variants.estimate_costs(read_choices(model))
    except QhlsError as error:
        raise _name_failure(model, error) from error
    return {
        "energy": costs.energy,
        "area": costs.area[COST_UNITS["area"]],
        "latency": costs.latency * hardware.schedule.clock_period,
    }


def _name_failure(model: keras.Model, error: QhlsError) -> TrialError:
    return TrialError(f"model {model.name!r}: expected one that becomes a design, got: {error}")
