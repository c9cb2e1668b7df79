"""How far a design with approximations is from the model that was given, measured on samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qhls.ir import run
from qhls.ir.integers import Array

if TYPE_CHECKING:
    from qhls.design import Design

SAMPLES = 256
"""Random inputs on which a distance is measured where no data are given."""


@dataclass(frozen=True)
class OutputDistance:
    """One output: its name, the ``largest`` difference of a number, and the share of samples with the same argmax.

    ``agreement`` is None where the last axis has one number only.
    """

    name: str
    largest: float
    agreement: float | None

    def __str__(self) -> str:
        same = "" if self.agreement is None else f", same argmax in {self.agreement:.2%}"
        return f"off by up to {self.largest:.3g}{same}"


@dataclass(frozen=True)
class Distance:
    """The outputs of a design and of the model given, on ``samples`` inputs, which are ``data``."""

    samples: int
    data: str
    outputs: tuple[OutputDistance, ...]

    def __str__(self) -> str:
        several = len(self.outputs) > 1
        parts = [f"{each.name!r} {each}" if several else str(each) for each in self.outputs]
        return f"the model given, on {self.samples:,} {self.data}: {'; '.join(parts)}"


def distance(design: Design, codes: Sequence[Array], data: str) -> Distance:
    """Return how far ``design``, by the interpreter, is from the model given on input ``codes``, called ``data``.

    Outputs are those of the model given, of the design before a softmax. Keras computes in what ``check``
    compares with, float32 or float64.
    """
    from qhls.approximate import SOFTMAX_APART
    from qhls.design import numbers_of
    from qhls.frontend.reference import Reference
    from qhls.frontend.trace import output_names

    graph = design.exact or design.graph
    made = numbers_of(graph, run(graph, codes))
    if design.host is not None:
        finished = design.finish(made)
        made = finished if isinstance(finished, list) else [finished]
    ends = tuple(name.removesuffix(f"/{SOFTMAX_APART}") for name in graph.host_softmax)
    wanted = Reference(design.given, replace(graph, host_softmax=ends)).numbers(codes)
    outputs = tuple(
        OutputDistance(name, float(abs(a - b).max(initial=0.0)), _agreement(a, b))
        for name, a, b in zip(output_names(design.given), made, wanted, strict=True)
    )
    return Distance(len(codes[0]), data, outputs)


def _agreement(made: Array, wanted: Array) -> float | None:
    if made.shape[-1] < 2 or not made.size:
        return None
    return float((made.argmax(-1) == wanted.argmax(-1)).mean())
