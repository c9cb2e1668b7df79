"""Feasibility checks before any training, such as refusing a budget below the cost of the cheapest candidate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress

from qhls.errors import LoweringError
from qhls.frontend.lowering.trace import list_inputs
from qhls.search.errors import BudgetError, SearchError, TrialError
from qhls.search.goals.costs import COST_UNITS, Hardware, measure
from qhls.search.space.choices import Candidate, Space

Cost = Callable[[Candidate], float]


def check_input_types(space: Space, hardware: Hardware) -> None:
    """Raise ``SearchError`` if an input has no type, because every candidate would then fail."""
    with suppress(TrialError):  # an error of this candidate need not occur in others
        model = space.build(space.smallest)
        try:
            list_inputs(model, hardware.input_types)
        except LoweringError as error:
            raise SearchError(f"input_types: {error}") from error


def check_feasible(space: Space, budgets: Mapping[str, float], hardware: Hardware) -> None:
    """Raise ``BudgetError`` for a budget below the cost of the cheapest candidate; the message states that cost.

    Raises ``SearchError`` if no candidate can be priced.
    """
    for name, most in budgets.items():
        errors: list[TrialError] = []

        def measure_cost(
            candidate: Candidate, name: str = name, errors: list[TrialError] = errors
        ) -> float:
            try:
                return measure(space.build(candidate), [name], hardware)[name]
            except TrialError as error:
                errors.append(error)
                return math.inf

        least = find_cheapest(space, measure_cost, most)
        if least == math.inf:
            raise SearchError(
                f"budget {name!r}: expected a candidate that can be priced, got none: {errors[-1]}"
            )
        if least > most:
            raise BudgetError(
                f"budget {name!r}: expected at least {least:g} {COST_UNITS[name]}, what the cheapest candidate "
                f"costs, got {most:g}. Raise it, or give the space smaller quantizers."
            )


def find_cheapest(space: Space, cost: Cost, enough: float) -> float:
    """Return the lowest cost found by coordinate descent from the smallest candidate, one choice at a time.

    The descent ends early at a cost of at most ``enough``. The result is the global minimum if the order of a choice's
    options by cost does not depend on the other choices. That holds for bits, and in practice for energy, area and
    latency.
    """
    best = space.smallest
    least = cost(best)
    for choice in space.choices:
        for option in choice.options:
            if least <= enough:
                return least
            if option != best[choice.name]:
                other = best | {choice.name: option}
                price = cost(other)
                if price < least:
                    best, least = other, price
    return least
