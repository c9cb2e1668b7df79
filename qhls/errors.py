"""Exceptions of qhls. Every message has the form ``<where>: expected <A>, got <B>. <What to do.>``"""

from qhls.system.text import escape_controls, shorten


class QhlsError(Exception):
    """Base class of all errors of qhls.

    A message may quote a file: long messages are cut, and control characters are escaped.
    """

    longest = 1500

    def __init__(self, message: object = "", *more: object) -> None:
        super().__init__(shorten(escape_controls(str(message)), self.longest), *more)


class DesignWarning(UserWarning):
    """Warning that a design was written although it does not fit its part or its tool will not build it."""


class LoadError(QhlsError):
    """A model file or its weights cannot be read as a Q-model."""


class MissingError(QhlsError, ImportError):
    """A package that a part of qhls needs is not installed; the message names the command that installs it."""


class QuantizerError(QhlsError, ValueError):
    """An argument, a string or a configuration of a quantizer is invalid."""


class LoweringError(QhlsError):
    """A Keras layer, quantizer or input type has no exact meaning in the IR."""


class VerifyError(QhlsError):
    """A graph or a call breaks a rule of the IR."""


class PlanError(QhlsError):
    """No hardware meets the budget, the interval or the folds of a schedule."""


class EmitError(QhlsError):
    """A project cannot be written, because of its target, folder or name."""


class CsimError(QhlsError):
    """A C simulation cannot be built or run, because of the compiler, the headers or the data."""

    longest = 10_000


class RtlError(QhlsError):
    """A simulation of Verilog cannot be built or run, because of Verilator, the compiler or the data."""

    longest = 10_000


class EnergyError(QhlsError):
    """A technology table is invalid, or has no price for an event that a design causes."""
