"""Errors of searches."""

from qhls.errors import QhlsError


class SearchError(QhlsError, ValueError):
    """A search cannot run as it was asked for, or has nothing to return."""


class SpaceError(SearchError):
    """``quantization_config``, ``limit`` or another argument describes no space of candidates."""


class GoalError(SearchError):
    """A goal, an objective or a metric is unknown, incomplete or not there."""


class BudgetError(SearchError):
    """A budget that no candidate of the space keeps, or that is no number above 0."""


class JournalError(SearchError):
    """A run's journal is damaged, or belongs to another search."""


class TrialError(SearchError):
    """One candidate cannot be built, priced or trained. The search notes it and goes on."""
