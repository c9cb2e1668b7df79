"""Distance of a design with approximations from the given model, measured on samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qhls.ir import Graph, run
from qhls.ir.integers import Array
from qhls.onnx.load.model import OnnxModel

if TYPE_CHECKING:
    from qhls.design import Design

_SAMPLES = 256
"""Maximum number of random inputs on which a distance is measured."""
FEWEST = 8
"""Minimum number of random inputs on which a distance is measured."""
_NUMBERS = 1 << 28
"""Maximum number of tensor elements computed for these inputs: bounds the time for large images."""


@dataclass(frozen=True)
class OutputDistance:
    """Distance at one output: the largest difference of an element, and the share of samples with equal argmax.

    ``agreement`` is None where the last axis has one number only.
    """

    name: str
    largest: float
    agreement: float | None

    def __str__(self) -> str:
        same = "" if self.agreement is None else f", same argmax in {self.agreement:.2%}"
        return f"error up to {self.largest:.3g}{same}"


@dataclass(frozen=True)
class Distance:
    """Distance of a design from the given model at each output, on ``samples`` inputs, which ``data`` names."""

    samples: int
    data: str
    outputs: tuple[OutputDistance, ...]

    def __str__(self) -> str:
        several = len(self.outputs) > 1
        parts = [f"{each.name!r} {each}" if several else str(each) for each in self.outputs]
        return f"the given model, on {self.samples:,} {self.data}: {'; '.join(parts)}"


def choose_sample_count(graph: Graph) -> int:
    """Return the number of random inputs on which the distance of ``graph`` is measured."""
    numbers = sum(op.size for op in graph.ops if op.batched)
    return min(max(_NUMBERS // max(numbers, 1), FEWEST), _SAMPLES)


def measure_distance(design: Design, codes: Sequence[Array], data: str) -> Distance:
    """Measure the distance of ``design`` from the given model on input ``codes``, which the report calls ``data``.

    The interpreter runs the design. Outputs are those of the given model, or its logits where it ends in a softmax.
    Keras computes in the float type that ``check`` compares with.
    """
    from qhls.check.reference import make_reference
    from qhls.design import decode_outputs
    from qhls.frontend.approximation.approximate import SOFTMAX_APART

    graph = design.exact or design.graph
    results = decode_outputs(graph, run(graph, codes))
    if design.host is not None:
        finished = design.finish(results)
        results = finished if isinstance(finished, list) else [finished]
    ends = tuple(name.removesuffix(f"/{SOFTMAX_APART}") for name in graph.host_softmax)
    expected = make_reference(design.given, replace(graph, host_softmax=ends)).compute_numbers(
        codes
    )
    outputs = tuple(
        OutputDistance(name, float(abs(a - b).max(initial=0.0)), _compare_argmax(a, b))
        for name, a, b in zip(_list_outputs(design.given), results, expected, strict=True)
    )
    return Distance(len(codes[0]), data, outputs)


def _list_outputs(model: Any) -> Sequence[str]:
    """Return the names of the outputs of a model."""
    if isinstance(model, OnnxModel):
        return model.outputs
    from qhls.frontend.lowering.trace import list_output_names

    return list_output_names(model)


def _compare_argmax(results: Array, expected: Array) -> float | None:
    """Return the share of samples with equal argmax; None where the last axis has one number only."""
    if results.shape[-1] < 2 or not results.size:
        return None
    return float((results.argmax(-1) == expected.argmax(-1)).mean())
