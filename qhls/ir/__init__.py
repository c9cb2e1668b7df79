"""The typed fixed-point IR: exact integer tensors, about a dozen ops, one interpreter. Needs numpy only."""

from qhls.ir.graph import Graph
from qhls.ir.integers import Codes
from qhls.ir.interpret import decode, encode, run, trace
from qhls.ir.interval import Interval
from qhls.ir.op import Op, layer_scope
from qhls.ir.ops import (
    Add,
    Concat,
    Const,
    Conv,
    Input,
    Matmul,
    Max,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Shift,
    Threshold,
)
from qhls.ir.passes import optimise
from qhls.ir.schedule import Schedule
from qhls.ir.types import Fixed, Overflow, Quantization, Rounding
from qhls.ir.verify import verify

__all__ = [
    "Add",
    "Codes",
    "Concat",
    "Const",
    "Conv",
    "Fixed",
    "Graph",
    "Input",
    "Interval",
    "Matmul",
    "Max",
    "Op",
    "Overflow",
    "Pad",
    "Pool",
    "Quantization",
    "Quantize",
    "Reshape",
    "Rounding",
    "Schedule",
    "Shift",
    "Threshold",
    "decode",
    "encode",
    "layer_scope",
    "optimise",
    "run",
    "trace",
    "verify",
]
