"""What qhls raises: each message names the thing, what was expected, what was received and what to do."""

from qhls.text import shortened, shown


class QhlsError(Exception):
    """Base class: ``except QhlsError`` catches whatever qhls refuses.

    A message may quote a file: it is cut where it is long, and control characters in it are escaped.
    """

    longest = 1500

    def __init__(self, message: object = "", *more: object) -> None:
        super().__init__(shortened(shown(str(message)), self.longest), *more)


class DesignWarning(UserWarning):
    """A design is written that its part or its tool will not build."""


class LoadError(QhlsError):
    """A model file or its weights cannot be read as a Q-model."""


class MissingError(QhlsError, ImportError):
    """A package that a part of qhls needs is not installed; the message says how to install it."""


class QuantizerError(QhlsError, ValueError):
    """A quantizer argument, string or configuration is not acceptable."""


class LoweringError(QhlsError):
    """A Keras layer, quantizer or input type has no exact meaning in the IR."""


class VerifyError(QhlsError):
    """An IR graph breaks one of its own rules."""


class EmitError(QhlsError):
    """A project cannot be written: target, folder or name."""


class CsimError(QhlsError):
    """A C simulation cannot be built or run: compiler, headers, data."""

    longest = 10_000


class EnergyError(QhlsError):
    """A technology table is not acceptable, or does not price an event that a design causes."""
