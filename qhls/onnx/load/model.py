"""``OnnxModel``: an ONNX model whose nodes, constants and inputs were checked. Importing it needs no ``onnx``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.onnx.quantization import ROUNDINGS, IntegerQuantizer, Numbers


@dataclass(frozen=True)
class OnnxNode:
    """A node of an ONNX graph; ``name`` is unique and names the layer of its ops."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def refuse(self, expected: str, got: object, advice: str) -> LoweringError:
        """Return the error for a node that cannot be lowered; ``advice`` is a sentence."""
        return LoweringError(f"{self}: expected {expected}, got {got}. {advice}")

    def __str__(self) -> str:
        return f"node {self.name!r} ({self.kind})"


WIDEST_EXACT = 53
"""Largest width of a Quant in bits, since float64 represents its integers exactly."""


def read_quantizer(node: OnnxNode, width: Numbers, rounding: str) -> IntegerQuantizer:
    """Return the rounding to integers that a node describes. Raises ``LoweringError``.

    ``width``: the node's operand with the number of bits. ``rounding``: the default mode.
    """
    widths = np.unique(width)
    if len(widths) != 1 or widths[0] != int(widths[0]) or not 1 <= widths[0] <= WIDEST_EXACT:
        got = ", ".join(f"{each:g}" for each in widths[:3].tolist()) or "none"
        raise node.refuse(f"one whole bit width from 1 to {WIDEST_EXACT}", got, "Use such a one.")
    mode = str(node.attributes.get("rounding_mode", rounding)).upper()
    if mode not in ROUNDINGS:
        raise node.refuse(f"a rounding_mode of {', '.join(ROUNDINGS)}", mode, "Use one of these.")
    signed, narrow = bool(node.attributes.get("signed", 1)), bool(node.attributes.get("narrow", 0))
    return IntegerQuantizer(int(widths[0]), signed, narrow, mode)


@dataclass(frozen=True)
class OnnxInput:
    """An input of a model, with its ``shape`` without the batch. ``annotation``: its QONNX type, such as "UINT8"."""

    name: str
    shape: tuple[int, ...]
    annotation: str = ""


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """An ONNX model: the object ``proto`` of the package ``onnx``, and its nodes, inputs and constants for qhls.

    ``batch``: the number of samples for which shapes within the model are computed, 1 unless the file fixes another.
    ``versions``: the version of each domain. ``tensors``: by layer of the model's graph, the tensor that its last op
    computes, and the order of its axes.
    """

    name: str
    proto: Any
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    constants: dict[str, Numbers]
    versions: dict[str, int]
    batch: int = 1
    tensors: dict[str, tuple[str, tuple[int, ...]]] = field(
        default_factory=dict[str, tuple[str, tuple[int, ...]]]
    )

    def get_weights(self) -> list[Numbers]:
        """Return all constants, in the order of their names."""
        return [np.asarray(self.constants[name]) for name in sorted(self.constants)]
