"""Search for quantised models: the best by one score, as in AutoQKeras, or the Pareto front of several objectives.

>>> best = qhls.search.AutoQKeras(model, limit={"Dense": [4, 8, 4]}, max_trials=20)
>>> best.fit(x, y, validation_data=(x_val, y_val), epochs=10)
>>> front = qhls.search(model, ((x, y), (x_val, y_val)), ("accuracy", "energy"), input_types="s8.4")

``qhls.search(...)`` is ``qhls.search.pareto(...)``.
"""

import sys
from importlib import import_module
from inspect import signature
from types import ModuleType

import qhls.system.needs_keras  # noqa: F401 - before any import of Keras, so that its error is shown
from qhls.search.auto import AutoQKeras
from qhls.search.errors import (
    BudgetError,
    GoalError,
    JournalError,
    SearchError,
    SpaceError,
    TrialError,
)
from qhls.search.goals.costs import Hardware
from qhls.search.goals.forgiving import ForgivingFactor, ForgivingFactorBits, ForgivingFactorEnergy
from qhls.search.goals.goals import Goal, judge, maximise, minimise
from qhls.search.learned.run import gradient
from qhls.search.pareto import pareto
from qhls.search.results.front import Front, Point
from qhls.search.scheduler import AutoQKerasScheduler
from qhls.search.space.choices import Space


class _Callable(ModuleType):
    """Class of this module, which makes the module callable as ``pareto``."""

    __call__ = staticmethod(pareto)


__signature__ = signature(
    pareto
)  # inspect treats the first parameter of a class's __call__ as self
sys.modules[__name__].__class__ = _Callable

# Aliases for scripts that import these modules by their former names.
for _name, _place in {
    "costs": "goals.costs",
    "front": "results.front",
    "journal": "trials.journal",
    "objectives": "goals.objectives",
}.items():
    sys.modules[f"{__name__}.{_name}"] = import_module(f"{__name__}.{_place}")

__all__ = [
    "AutoQKeras",
    "AutoQKerasScheduler",
    "BudgetError",
    "ForgivingFactor",
    "ForgivingFactorBits",
    "ForgivingFactorEnergy",
    "Front",
    "Goal",
    "GoalError",
    "Hardware",
    "JournalError",
    "Point",
    "SearchError",
    "Space",
    "SpaceError",
    "TrialError",
    "gradient",
    "judge",
    "maximise",
    "minimise",
    "pareto",
]
