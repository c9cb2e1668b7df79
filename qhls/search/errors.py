"""Errors of searches."""

from qhls.errors import QhlsError


class SearchError(QhlsError, ValueError):
    """Error of a search that cannot run as requested, or that has no result."""


class SpaceError(SearchError):
    """Error for an argument, such as ``limit``, that does not describe a valid space of candidates."""


class GoalError(SearchError):
    """Error for a goal, an objective or a metric that is unknown, incomplete or missing."""


class BudgetError(SearchError):
    """Error for a budget that every candidate exceeds, or that is not a positive number."""


class JournalError(SearchError):
    """Error for a journal that is damaged, belongs to another search, or is in use by another process."""


class TrialError(SearchError):
    """Error for one candidate that cannot be built, priced or trained; the search records it and continues."""
