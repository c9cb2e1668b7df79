"""Comparison of all executions of a design: interpreter, simulations, and Keras or ONNX."""

from qhls.check.executions import BitComparison, CheckReport, check

__all__ = ["BitComparison", "CheckReport", "check"]
