"""Folding of nodes that read only constants: their results in float32, as QONNX's executor computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qhls.onnx.execution import OnnxExecutor
from qhls.onnx.load.model import OnnxModel, OnnxNode, read_quantizer
from qhls.onnx.load.values import Constant
from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import DOMAIN, DOMAINS, Numbers
from qhls.system.limits import ELEMENT, check_size
from qhls.system.text import escape_line, shorten

_MOVES = {
    *("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Identity", "Slice", "Gather"),
    "Expand",
}
"""Kinds of nodes that only move the elements of their first operand, so that integers and scales move alike."""
_OWN = {"Quant", "IntQuant", "BipolarQuant", "Trunc"}
_FOLDED = {
    *(*_MOVES, *_OWN, "Constant", "Concat", "Cast", "Shape", "ConstantOfShape"),
    *("Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Reciprocal", "Abs", "Floor", "Ceil", "Round"),
    *("Min", "Max", "Clip", "Pow", "Exp", "Sign", "Relu", "ReduceMean", "ReduceSum", "ReduceProd"),
    *("MatMul", "BatchNormalization"),
}
"""Kinds of nodes that may be folded, since the size of each one's result is known in advance from its operands."""


def fold_constants(model: OnnxModel, node: OnnxNode, read: Sequence[Constant]) -> Constant:
    """Return the result of ``node`` for the constants ``read``. Raises ``LoweringError`` and ``LoadError``."""
    if node.kind not in _FOLDED:
        raise node.refuse(
            f"one of {', '.join(sorted(_FOLDED))} on constants",
            node.kind,
            "Fold it before the export.",
        )
    _check_result(node, read)
    arrays = [each.values for each in read]
    values = _compute(model, node, arrays)
    if node.kind in _MOVES and read[0].integers is not None:
        return read[0].move(lambda array: _compute(model, node, [array, *arrays[1:]]))
    if node.kind in ("Quant", "IntQuant") and not arrays[2].any():
        return _quantize(node, arrays, values)
    if node.kind == "BipolarQuant":
        scale = np.broadcast_to(arrays[1].astype(np.float64), values.shape)
        return Constant(values, np.where(arrays[0] >= 0, 1.0, -1.0), scale)
    return Constant(values)


def _quantize(node: OnnxNode, arrays: Sequence[Numbers], values: Numbers) -> Constant:
    """Return quantised weights together with their integers and scales, which lowering needs for real scales."""
    x, scale, _, bits = arrays
    integers = read_quantizer(node, bits, "ROUND").round(x / scale)
    whole = np.broadcast_to(scale.astype(np.float64), values.shape)
    return Constant(values, np.broadcast_to(integers, values.shape).astype(np.float64), whole)


def _check_result(node: OnnxNode, read: Sequence[Constant]) -> None:
    """Refuse a node whose result would exceed the limit of size, before the result is computed."""
    shapes = [each.values.shape for each in read]
    sizes = [math.prod(shape) for shape in shapes]
    size = sum(sizes)
    if node.kind in ("Expand", "ConstantOfShape") and read:
        size = math.prod(int(each) for each in read[-1].values.ravel().tolist())
    elif node.kind not in _MOVES and node.kind != "Concat" and len(shapes) > 1:
        axes = range(1, max(map(len, shapes)) + 1)
        size = math.prod(max(shape[-a] for shape in shapes if len(shape) >= a) for a in axes)
    elif node.kind == "Gather":
        size = sizes[0] * max(sizes[1], 1)
    check_size(size, str(node), "a constant", share=ELEMENT)


def _compute(model: OnnxModel, node: OnnxNode, arrays: Sequence[Numbers]) -> Numbers:
    """Execute one node on ``arrays`` and return its first output."""
    onnx = import_onnx()
    names = iter(f"x{i}" for i in range(len(arrays)))
    inputs = [next(names) if name else "" for name in node.inputs]
    proto = onnx.helper.make_node(
        node.kind,
        inputs,
        ["y"],
        domain=DOMAIN if node.kind in _OWN else "",
        **_list_attributes(node),
    )
    operands = [name for name in inputs if name]
    kinds = [onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for array in arrays]
    describe: Any = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [proto],
        "folded",
        [describe(name, kind, None) for name, kind in zip(operands, kinds, strict=True)],
        [describe("y", onnx.TensorProto.FLOAT, None)],
    )
    versions = [
        onnx.helper.make_opsetid(domain, version)
        for domain, version in model.versions.items()
        if domain in ("", "ai.onnx", *DOMAINS)
    ]
    whole = onnx.helper.make_model(graph, opset_imports=versions)
    try:
        values = OnnxExecutor(whole).run_as_given(dict(zip(operands, arrays, strict=True)))
    except (
        Exception
    ) as error:  # whatever the reference implementation raises for a node that is wrong
        problem = shorten(escape_line(f"{type(error).__name__}: {error}"), 200)
        raise node.refuse(
            "a node that can be computed", problem, "Export the model again."
        ) from error
    if values.dtype.kind not in "fiub" or (
        values.dtype.kind == "f" and not np.isfinite(values).all()
    ):
        raise node.refuse("finite numbers", f"others in {values.dtype}", "Mend the constants.")
    return values


def _list_attributes(node: OnnxNode) -> dict[str, Any]:
    """Return the attributes of ``node`` in the form that the package ``onnx`` accepts."""
    onnx = import_onnx()
    return {
        name: onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in node.attributes.items()
    }
