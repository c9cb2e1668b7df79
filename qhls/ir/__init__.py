"""The typed fixed-point IR: exact integer tensors, about twenty ops and an interpreter. It needs only NumPy.

Every op but ``Quantize`` and ``Threshold`` keeps every bit.
"""

from importlib import import_module
from typing import Any

from qhls.ir.elementwise import Add, Max, Min, Mul, Sub
from qhls.ir.graph import Graph
from qhls.ir.integers import Codes
from qhls.ir.interpret import decode, encode, run, tap
from qhls.ir.interval import Interval
from qhls.ir.movement import Concat, Pad, Reshape, View
from qhls.ir.op import Op, enter_layer, get_layer, nest_names
from qhls.ir.ops import ArgMax, Const, Conv, Input, Lookup, Matmul, Pool, Quantize, Shift, Threshold
from qhls.ir.passes import optimise
from qhls.ir.scan import Scan
from qhls.ir.types import Assignment, Fixed, Overflow, Rounding
from qhls.ir.verify import verify

__all__ = [
    "Add",
    "ArgMax",
    "Assignment",
    "Codes",
    "Concat",
    "Const",
    "Conv",
    "Fixed",
    "Graph",
    "Input",
    "Interval",
    "Lookup",
    "Matmul",
    "Max",
    "Min",
    "Mul",
    "Op",
    "Overflow",
    "Pad",
    "Pool",
    "Quantize",
    "Reshape",
    "Rounding",
    "Scan",
    "Shift",
    "Sub",
    "Threshold",
    "View",
    "decode",
    "encode",
    "enter_layer",
    "get_layer",
    "nest_names",
    "optimise",
    "run",
    "tap",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "Schedule":  # a public name from when the IR held schedules; no op knows of it
        return import_module("qhls.plan").Schedule
    raise AttributeError(f"module 'qhls.ir' has no attribute {name!r}")
