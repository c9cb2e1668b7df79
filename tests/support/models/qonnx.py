"""QONNX models, built node by node as Brevitas exports them; tests that import this are skipped without ``onnx``."""

import numpy as np
import pytest

from qhls.ir import decode
from qhls.onnx.execution import OnnxExecutor
from qhls.onnx.load.file import read_model
from qhls.onnx.quantization import DOMAIN

onnx = pytest.importorskip("onnx")
OWN = {"Quant", "BipolarQuant", "Trunc", "MultiThreshold"}


class Builder:
    """Nodes and constants of a model with one input, ``x``, or several."""

    def __init__(self, *shapes, opset=13, version=1):
        self.inputs = {("x" if i == 0 else f"x{i}"): shape for i, shape in enumerate(shapes)}
        self.nodes, self.constants, self.opset, self.version = [], [], opset, version

    def constant(self, values, name=None):
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, kind, *inputs, name=None, **attributes):
        """Add a node; inputs that are no names become constants."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        domain = DOMAIN if kind in OWN else ""
        made = onnx.helper.make_node(
            kind, names, [f"{name}_out"], name, domain=domain, **attributes
        )
        self.nodes.append(made)
        return f"{name}_out"

    def quant(self, x, scale, bits, signed=1, narrow=0, rounding="ROUND", zero=0.0):
        operands = (np.float32(scale), np.float32(zero), np.float32(bits))
        return self.node(
            "Quant", x, *operands, signed=signed, narrow=narrow, rounding_mode=rounding
        )

    def weights(self, *shape, scale=0.25, bits=4, seed=0):
        """Return random weights behind a Quant; ``scale`` may be one per output."""
        numbers = np.random.default_rng(seed).normal(size=shape)
        return self.quant(self.constant(numbers), scale, bits, narrow=1)

    def build(self, *outputs, name="network", batch=1):
        """Return the model; shapes of outputs are left open, as some exporters do."""
        helper, kind = onnx.helper, onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(n, kind, [batch, *s]) for n, s in self.inputs.items()],
            [helper.make_tensor_value_info(each, kind, None) for each in outputs],
            self.constants,
        )
        versions = [helper.make_opsetid("", self.opset), helper.make_opsetid(DOMAIN, self.version)]
        model = helper.make_model(graph, opset_imports=versions)
        model.ir_version = 8
        return model


def load(proto):
    """Return a model of ``onnx`` as qhls reads it."""
    return read_model(proto, "network.onnx")


def execute(proto, *arrays):
    """Return the outputs in float32, sample by sample; by QONNX's executor too, where it is installed."""
    names = [each.name for each in proto.graph.input]
    read = load(proto).proto
    executor = OnnxExecutor(read)
    rows = [
        executor.run({n: a[i : i + 1] for n, a in zip(names, arrays, strict=True)})
        for i in range(len(arrays[0]))
    ]
    found = [np.concatenate([row[each.name] for row in rows]) for each in proto.graph.output]
    theirs = execute_with_qonnx(read, arrays)
    for ours, other in zip(found, theirs or found, strict=True):
        assert ours.shape == other.shape
        np.testing.assert_allclose(ours, other, rtol=0, atol=1e-6 * max(1, abs(other).max()))
    return theirs or found


def execute_with_qonnx(proto, arrays):
    """Return the outputs that QONNX's own executor computes; None where QONNX is not installed."""
    try:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes
    except ImportError:
        return None
    model = ModelWrapper(proto).transform(InferShapes())
    names = [each.name for each in model.graph.input]
    rows = []
    for i in range(len(arrays[0])):
        given = zip(names, arrays, strict=True)
        found = execute_onnx(model, {n: a[i : i + 1].astype(np.float32) for n, a in given})
        rows.append([found[each.name] for each in model.graph.output])
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def draw_numbers(design, samples=8, seed=0):
    """Return random inputs of a design as numbers."""
    codes = design.random_codes(samples, seed)
    return [decode(c, op.type) for c, op in zip(codes, design.graph.inputs, strict=True)]
