"""``OnnxReference``: an ONNX model on a design's inputs, computed by the reference implementation of ONNX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qhls.ir import Op, decode, run
from qhls.ir.integers import Array
from qhls.ir.interpret import compute_in_batches
from qhls.model.graph import ModelGraph
from qhls.onnx.execution import OnnxExecutor
from qhls.onnx.load.model import OnnxModel
from qhls.onnx.load.trace import OnnxHost, RealEnd

_NEAR = {"float32": 2.0**-20, "float64": 2.0**-30}
"""Tolerance between two computations of a real number, relative to the largest number, by float type."""


class OnnxReference:
    """An ONNX model as reference of ``graph``, in float32 if op ranges prove this exact, else in float64.

    ``host``: the part of the model after the outputs, which the host computes. Its results are compared as real
    numbers.
    """

    framework = "ONNX"

    def __init__(self, model: OnnxModel, graph: ModelGraph, host: OnnxHost | None = None) -> None:
        self.model, self.graph, self.host = model, graph, host
        layers = graph.inexact
        self.dtype = "float64" if layers else "float32"
        self.beyond: tuple[str, ...] = ()
        self.notes: list[str] = []
        if layers:
            self.notes.append(
                f"float32 (24 bits) may round in {', '.join(layers[:5])}: compared with ONNX in float64"
            )
        if graph.reals:
            self.notes.append(
                f"real scales or functions in {', '.join(graph.reals[:5])}: compared behind the next Quant"
            )
        self._executor = OnnxExecutor(model.proto, self.dtype)

    def run(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs in codes of the graph's output types, as fractions where they lie between codes."""
        names = [self._find_logits(name) for name in self.model.outputs]
        computed = self._compute(codes, names)
        ends = self.host.ends if self.host else [None] * len(computed)
        expected = run(self.graph, codes) if self.host else [None] * len(computed)
        outputs = zip(computed, self.graph.outputs, ends, expected, strict=True)
        return [
            np.ldexp(array, op.type.frac)
            if end is None or own is None
            else self._compare_ends(array, op, end, own)
            for array, op, end, own in outputs
        ]

    def compute_numbers(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs as real numbers; logits where a softmax is left to the host."""
        return self._compute(codes, [self._find_logits(name) for name in self.model.outputs])

    def compute_ends(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs of the given model as real numbers, after its softmax."""
        return self._compute(codes, list(self.model.outputs))

    def tap(self, codes: Sequence[Array]) -> dict[Op, Array]:
        """Return the codes of each node's result by the node's last op, where both have the same shape."""
        last = {
            op.layer: op for op in self.graph.ops if op.batched and op.layer in self.model.tensors
        }
        if not last:
            return {}
        names = {op: self.model.tensors[layer] for layer, op in last.items()}
        arrays = self._compute(codes, [name for name, _ in names.values()])
        taps: dict[Op, Array] = {}
        for (op, (_, order)), array in zip(names.items(), arrays, strict=True):
            stored = np.transpose(array, (0, *(axis + 1 for axis in order)))
            if stored.shape[1:] == op.shape:
                taps[op] = np.ldexp(stored, op.type.frac)
        return taps

    def _compare_ends(self, received: Array, op: Op, end: RealEnd, codes: Array) -> Array:
        """Return ``codes``, changed in each sample whose host results differ from ``received`` by more than rounding.

        A sample that differs is half a code away in each element.
        """
        computed = end(decode(codes, op.type))
        near = np.abs(computed - received) <= _NEAR[self.dtype] * max(
            float(np.abs(received).max(initial=0)), 1e-30
        )
        same = near.reshape(len(near), -1).all(1).reshape(-1, *(1,) * (codes.ndim - 1))
        return np.where(same, codes, codes + 0.5)

    def _find_logits(self, output: str) -> str:
        """Return the name of the tensor before a softmax that is left to the host, or of the output itself."""
        nodes = [node for node in self.model.nodes if output in node.outputs]
        left = nodes and nodes[0].name in self.graph.host_softmax
        return nodes[0].inputs[0] if left else output

    def _compute(self, codes: Sequence[Array], names: list[str]) -> list[Array]:
        """Return the tensors ``names``, computed in batches of the size that the model's file states."""
        numbers = [
            decode(array, op.type) for array, op in zip(codes, self.graph.inputs, strict=True)
        ]
        inputs, batch = [each.name for each in self.model.inputs], self.model.batch

        def compute(samples: list[Array]) -> list[Array]:
            whole = [np.concatenate([a, a[:1].repeat(batch - len(a), 0)]) for a in samples]
            results = self._executor.run(
                dict(zip(inputs, whole, strict=True)), list(dict.fromkeys(names))
            )
            return [results[name][: len(samples[0])].astype(np.float64) for name in names]

        return compute_in_batches(compute, numbers, batch)
