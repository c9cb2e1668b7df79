"""``OnnxSimulation``: execution of the ONNX model that is exported from a graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qhls.ir import Graph, Op, decode
from qhls.ir.integers import Array
from qhls.ir.interpret import compute_in_batches
from qhls.onnx.execution import OnnxExecutor
from qhls.onnx.export.emit import build_model


class OnnxSimulation:
    """The exported ONNX model of a graph, executed in float32 on integer codes.

    Raises ``EmitError`` for a graph whose numbers float32 does not represent.
    """

    name = "qonnx"

    def __init__(self, graph: Graph) -> None:
        self.graph, self._written = graph, build_model(graph)
        self._executor = OnnxExecutor(self._written.model)
        # A recurrence begins with constants for one sample.
        self._batch = 1 if any(op.nested for op in graph.ops) else None

    def run(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs' codes for input codes, one array (samples, *shape) per input."""
        names = [each.name for each in self._written.model.graph.output]
        arrays = self._compute(codes, names)
        pairs = zip(arrays, self.graph.outputs, strict=True)
        return [_to_codes(array, op) for array, op in pairs]

    def tap(self, codes: Sequence[Array]) -> dict[Op, Array]:
        """Return the codes of every op that depends on an input."""
        tensors = self._written.tensors
        ops = [op for op in self.graph.ops if op.batched and op in tensors]
        names = [str(tensors[op].last or tensors[op].first) for op in ops]
        results: dict[Op, Array] = {}
        for op, array in zip(ops, self._compute(codes, names), strict=True):
            turned = array if tensors[op].last else np.moveaxis(array, 1, -1)
            results[op] = _to_codes(turned, op)
        return results

    def _compute(self, codes: Sequence[Array], names: list[str]) -> list[Array]:
        """Return the tensors ``names``, which may repeat, for input ``codes``."""
        numbers = [
            decode(array, op.type) for array, op in zip(codes, self.graph.inputs, strict=True)
        ]
        inputs = [each.name for each in self._written.model.graph.input]

        def compute(samples: list[Array]) -> list[Array]:
            batch = dict(zip(inputs, samples, strict=True))
            results = self._executor.run(batch, list(dict.fromkeys(names)))
            return [results[name] for name in names]

        return compute_in_batches(compute, numbers, self._batch or max(len(numbers[0]), 1))


def _to_codes(array: Array, op: Op) -> Array:
    return np.ldexp(array.astype(np.float64), op.type.frac)
