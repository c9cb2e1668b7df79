"""Report of the layers in which Keras' float32 is exact, and of the float type that ``check`` compares with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qhls.ir.graph import align
from qhls.model.graph import ModelGraph
from qhls.system.display import Printed
from qhls.system.text import escape_controls


@dataclass(frozen=True)
class LayerExactness:
    """The exactness of one Keras layer: the width of its largest integer in bits, and a verdict on float32.

    ``bits``: the width; float32 represents 24 bits exactly.

    ``float32``: "exact", "may round", or "real numbers" where a scale or function is not fixed-point and a quantizer
    turns it into steps.
    """

    layer: str
    bits: int
    float32: str


@dataclass(frozen=True)
class ExactnessReport(Printed):
    """The exactness of all layers, and the float type in which Keras is compared with the design."""

    layers: list[LayerExactness]
    compared_in: str
    approximations: tuple[str, ...] = ()
    """Sentences on each approximation and its error, and on the distance of the whole design."""
    notes: tuple[str, ...] = ()
    """Sentences on the layers that are left to the host."""

    def __str__(self) -> str:
        header = ("layer", "bits", "Keras in float32")
        rows = [(row.layer, str(row.bits), row.float32) for row in self.layers]
        lines = [f"compared with Keras in {self.compared_in}"]
        lines += [f"approximated: {text}" for text in self.approximations]
        lines += [f"note: {note}" for note in self.notes]
        return escape_controls("\n".join([*align([header, *rows]), *lines]))


def report_exactness(graph: ModelGraph, approximations: Sequence[object] = ()) -> ExactnessReport:
    """Report the exactness of each layer of ``graph``, derived from the ranges of its ops."""
    layers: dict[str, int] = {}
    inexact = graph.inexact
    for op in graph.ops:
        if op.batched and op.layer and not op.proved:
            layers[op.layer] = max(layers.get(op.layer, 0), op.magnitude.bit_length())

    def decide(layer: str) -> str:
        return (
            "real numbers" if layer in graph.reals else "may round" if layer in inexact else "exact"
        )

    rows = [LayerExactness(layer, bits, decide(layer)) for layer, bits in layers.items()]
    texts = tuple(map(str, approximations))
    compared = "float64" if inexact else "float32"
    return ExactnessReport(rows, compared, texts, tuple(graph.notes))
