"""Search for quantised models: the best of one score, as AutoQKeras, or the front of several objectives."""

from qhls.search.auto import AutoQKeras
from qhls.search.errors import (
    BudgetError,
    GoalError,
    JournalError,
    SearchError,
    SpaceError,
    TrialError,
)
from qhls.search.forgiving import ForgivingFactor, ForgivingFactorBits, ForgivingFactorEnergy
from qhls.search.goals import Goal, judge, maximise, minimise
from qhls.search.scheduler import AutoQKerasScheduler
from qhls.search.space import Space

__all__ = [
    "AutoQKeras",
    "AutoQKerasScheduler",
    "BudgetError",
    "ForgivingFactor",
    "ForgivingFactorBits",
    "ForgivingFactorEnergy",
    "Goal",
    "GoalError",
    "JournalError",
    "SearchError",
    "Space",
    "SpaceError",
    "TrialError",
    "judge",
    "maximise",
    "minimise",
]
