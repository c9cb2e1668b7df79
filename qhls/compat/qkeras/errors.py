"""Exception of the utilities."""

from qhls.errors import QhlsError


class UtilityError(QhlsError, ValueError):
    """A model, a layer, an argument or a file that a utility cannot use."""
