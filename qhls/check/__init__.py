"""Comparison of all executions of a design: interpreter, C simulation and Keras."""

from qhls.check.executions import BitComparison, CheckReport, check

__all__ = ["BitComparison", "CheckReport", "check"]
