"""What the utilities raise."""

from qhls.errors import QhlsError


class UtilityError(QhlsError, ValueError):
    """A model, a layer, an argument or a file is not what a utility needs."""
