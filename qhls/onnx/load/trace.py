"""``trace_onnx``: translation of an ONNX model to an IR graph, and to the real functions left to the host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.lowering.arithmetic import use_arithmetic
from qhls.frontend.lowering.reals import Reals
from qhls.frontend.lowering.steps import make_float_function
from qhls.frontend.lowering.trace import list_types
from qhls.ir import Fixed, Input, Op, Threshold, verify
from qhls.ir.integers import Array
from qhls.model.graph import ModelGraph
from qhls.onnx.load.model import WIDEST_EXACT, OnnxInput, OnnxModel, OnnxNode
from qhls.onnx.load.rules import elementwise, linear, movement, quantizers, windows
from qhls.onnx.load.tracer import Tracer
from qhls.onnx.load.values import Constant, Value, find_exact
from qhls.onnx.quantization import find_limits
from qhls.quantizers.numerics import use_precision

RULE_MODULES = (elementwise, linear, movement, quantizers, windows)
"""Modules that are imported for the rules that they register."""
_PASSED = ("Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout")
"""Kinds of nodes after an input that leave its numbers unchanged."""
_ANNOTATION = re.compile(r"(?:(U?)INT(\d+)|FIXED<(\d+),\s*(-?\d+)>|(BINARY|BIPOLAR|TERNARY))")


@dataclass(frozen=True)
class RealEnd:
    """The real function that the host applies to an exact output, perhaps with a softmax over the axis ``softmax``."""

    value: Value
    layer: str
    softmax: int | None = None

    def __call__(self, outputs: Array) -> Array:
        """Return the model's real outputs for ``outputs``, the numbers that the design computed."""
        x, order = self.value.x, self.value.order
        if isinstance(x, Reals):
            codes = np.ldexp(outputs.astype(np.float64), x.x.type.frac).astype(np.int64)
            with use_arithmetic("float64", plain=True):
                at = make_float_function(x.function, x.x, x.channels)
                numbers = at(codes.reshape(-1, x.channels).T).T.reshape(len(codes), *x.shape)
        else:
            numbers = outputs.astype(np.float64) * float(self.value.factor)
        stored = [order.index(axis) + 1 for axis in range(len(order))]
        logical = np.transpose(numbers, (0, *stored))
        if self.softmax is None:
            return logical
        raised = np.exp(logical - logical.max(self.softmax + 1, keepdims=True))
        return raised / raised.sum(self.softmax + 1, keepdims=True)


@dataclass(frozen=True)
class OnnxHost:
    """The functions that the host applies to the outputs of a design; None for an output without a function.

    The method ``predict`` is called like that of a Keras model.
    """

    ends: tuple[RealEnd | None, ...]

    def predict(self, arrays: Any, verbose: int = 0) -> Any:
        """Return the outputs of the model for the outputs of the design, which are one array or a list."""
        listed = arrays if isinstance(arrays, list) else [arrays]
        pairs = zip(listed, self.ends, strict=True)
        results = [array if end is None else end(np.asarray(array)) for array, end in pairs]
        return results if isinstance(arrays, list) else results[0]


def trace_onnx(
    model: OnnxModel, input_types: Any = None, may_leave: bool = True
) -> tuple[ModelGraph, OnnxModel, OnnxHost | None]:
    """Return the graph of ``model``, the model with the tensors of the graph's layers, and the host's part.

    ``input_types``: as ``qhls.compile`` takes them. They may be left out for inputs whose type the file annotates, or
    that a Quant with a power of two as scale reads first. ``may_leave``: whether real factors and functions at the end
    may be left to the host.

    Raises ``LoweringError`` for a node without exact meaning in integers, and ``VerifyError`` for shapes that differ.
    """
    inputs = make_inputs(model, input_types)
    tracer = Tracer(model)
    graph, host = trace_nodes(tracer, inputs, may_leave, "float32")
    rounds = tracer.rounds
    steps = graph.reals or any(isinstance(op, Threshold) for op in graph.ops)
    if steps and (rounds or graph.rounded):  # float32 depends on the order of a sum
        tracer = Tracer(model)
        graph, host = trace_nodes(tracer, inputs, may_leave, "float64")
    graph = replace(graph, rounded=tuple(dict.fromkeys([*graph.rounded, *rounds])))
    return graph, replace(model, tensors=_list_tensors(tracer)), host


def trace_nodes(
    tracer: Tracer, inputs: tuple[Input, ...], may_leave: bool, dtype: str
) -> tuple[ModelGraph, OnnxHost | None]:
    """Lower the nodes and return the graph and the host's functions; real functions are computed in ``dtype``."""
    model = tracer.model
    for each, op in zip(model.inputs, inputs, strict=True):
        tracer.tensors[each.name] = Value.of(op)
    with use_arithmetic(dtype, plain=True) as running, use_precision(dtype):
        tracer.run()
        ends = [_end(tracer, name, may_leave) for name in model.outputs]
    hosts = [end for _, end in ends]
    names = [name for name in model.outputs if name in tracer.softmax and not any(hosts)]
    softmax = [tracer.softmax[name] for name in names]
    graph = ModelGraph(
        inputs,
        tuple(op for op, _ in ends),
        model.name,
        host_softmax=tuple(end.node for end in softmax),
        softmax_axes=tuple((end.axis,) for end in softmax),
        host_layers=tuple(dict.fromkeys(end.layer for end in hosts if end)),
    )
    reals = tuple(dict.fromkeys([*running.reals, *_list_scaled(tracer)]))
    graph = verify(replace(graph, rounded=graph.inexact, reals=reals))
    host = OnnxHost(tuple(hosts)) if any(hosts) else None
    tracer.rounds += running.rounds
    return graph, host


def _end(tracer: Tracer, name: str, may_leave: bool) -> tuple[Op, RealEnd | None]:
    """Return the op of an output, and the function that the host applies to it, which is None for an exact output."""
    tensor = tracer.tensors[name]
    if isinstance(tensor, Constant):
        raise LoweringError(
            f"output {name!r}: expected one that depends on an input, got a constant. Leave it out."
        )
    value = tensor.without_reals()
    softmax = tracer.softmax.get(name)
    if isinstance(value.x, Op) and value.factor == 1:
        return _end_exactly(value)
    few = find_exact(value)
    if few is not None and not may_leave:
        return _end_exactly(Value(few, value.order))
    moved = isinstance(value.x, Reals) and (value.x.move is not None or value.x.dims is not None)
    if moved or not may_leave:
        raise tracer.explain_reals(name, value, "the model's user")
    layer = tracer.layers.get(name, name)
    end = RealEnd(value, layer, softmax.axis if softmax else None)
    return (value.x if isinstance(value.x, Op) else value.x.x), end


def _end_exactly(value: Value) -> tuple[Op, None]:
    op = value.with_order().x
    assert isinstance(op, Op)
    return op, None


def _list_tensors(tracer: Tracer) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return, by layer, the name and the order of axes of each tensor that an op computes without a real factor."""
    return {
        tracer.layers[name]: (name, value.order)
        for name, value in tracer.tensors.items()
        if isinstance(value, Value)
        and name in tracer.layers
        and isinstance(value.x, Op)
        and value.factor == 1
        and name not in tracer.softmax
    }


def _list_scaled(tracer: Tracer) -> list[str]:
    """Return the layers whose numbers have a real factor or function."""
    return [
        layer
        for name, layer in tracer.layers.items()
        if isinstance(value := tracer.tensors[name], Value)
        and (isinstance(value.x, Reals) or value.factor != 1)
    ]


# -- inputs -----------------------------------------------------------------------------------------


def make_inputs(model: OnnxModel, input_types: Any) -> tuple[Input, ...]:
    """Return the input ops of ``model``; ``input_types`` as in ``trace_onnx``. Raises ``LoweringError``."""
    names = [each.name for each in model.inputs]
    if input_types is None:
        derived = [_derive_type(model, each) for each in model.inputs]
        input_types = None if None in derived else derived
    types: Mapping[str, Fixed] = list_types(model, names, input_types)
    return tuple(
        Input(each.shape, types[each.name], name=each.name, layer=each.name)
        for each in model.inputs
    )


def _derive_type(model: OnnxModel, tensor: OnnxInput) -> Fixed | None:
    """Return the type to which all readers of an input quantise it, else its annotated type, else None."""
    types = {_find_type(model, node) for node in _list_readers(model, tensor.name)}
    if len(types) == 1 and None not in types:
        return types.pop()
    match = _ANNOTATION.fullmatch(tensor.annotation)
    if match is None:
        return None
    unsigned, width, fixed, integer, other = match.groups()
    if other:
        return Fixed(other != "BINARY", 1 if other == "BINARY" else 2, 0)
    if width:
        return Fixed(not unsigned, int(width), 0) if int(width) else None
    return Fixed(True, int(fixed), int(fixed) - int(integer)) if int(fixed) else None


def _list_readers(model: OnnxModel, name: str) -> list[OnnxNode]:
    """Return the nodes that compute with a tensor, either directly or after nodes that only move it."""
    readers: list[OnnxNode] = []
    for node in model.nodes:
        if name in node.inputs:
            moves = node.kind in _PASSED and node.inputs[0] == name
            readers += _list_readers(model, node.outputs[0]) if moves else [node]
    return readers


def _find_type(model: OnnxModel, node: OnnxNode) -> Fixed | None:
    """Return the fixed-point type of a Quant whose scale is a power of two; None for all other nodes."""
    if node.kind not in ("Quant", "IntQuant") or len(node.inputs) < 4:
        return None
    parts = [model.constants.get(name) for name in node.inputs[1:4]]
    constants = [part for part in parts if part is not None and part.size == 1]
    if len(constants) < 3:
        return None
    scale, zero, bits = (float(part.item()) for part in constants)
    mantissa, exponent = np.frexp(scale)
    signed = bool(node.attributes.get("signed", 1))
    if mantissa != 0.5 or zero or not 1 <= bits <= WIDEST_EXACT or (bits == 1 and signed):
        return None
    lowest, highest = find_limits(int(bits), signed, False)
    return replace(Fixed.from_range(lowest, highest, 0), frac=1 - int(exponent))
