"""The exception that QKeras' utilities raise."""

from qhls.errors import QhlsError


class UtilityError(QhlsError, ValueError):
    """The error raised if a utility cannot use a model, a layer, an argument or a file."""
