"""The result of a rule for one layer: its types, and the operations and parameters whose energy is charged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qhls.compat.qtools.graph import Node, Shape
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.operators import Operator


@dataclass(frozen=True)
class LayerWork:
    """Operations of a layer: each operator in ``operators`` is used ``count`` times.

    QTools multiplies the gates of a merging layer by the count first, and those of any other layer by the price first.
    The results differ in the last bit of a float; ``count_first`` selects the order.
    """

    count: int
    operators: tuple[Operator, ...]
    count_first: bool = False


@dataclass(frozen=True)
class MapPart:
    """A part of a layer in the data type map: a type or an operator, with a shape if QTools writes one."""

    what: Number | Operator
    shape: Any = None

    @property
    def number(self) -> Number:
        """Return the type of this part, which for an operator is its output type."""
        return self.what.output if isinstance(self.what, Operator) else self.what

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that QTools writes for this part."""
        content = self.what.to_dict()
        return content if self.shape is None else content | {"shape": self.shape}


@dataclass(frozen=True)
class Findings:
    """The result of applying a rule to a layer: its types, and what its energy is charged for.

    ``made`` is the type of the results before an activation. Energy is charged for ``work`` and for ``parameters``,
    which are pairs of (elements, number). ``multiplied`` are pairs of (products, bits of one operand times bits of the
    other) of a layer with several kernels.
    """

    made: Number
    parts: Mapping[str, MapPart] = field(default_factory=dict)
    work: tuple[LayerWork, ...] = ()
    parameters: tuple[tuple[int, Number], ...] = ()
    multiplied: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Entry:
    """A layer in the data type map: its types, its number of operations, and the result of its rule.

    If ``compatible``, a normalisation of a model's input has one output element, as in QTools.
    """

    node: Node
    inputs: tuple[Number, ...]
    output: Number
    count: int
    findings: Findings
    compatible: bool = True

    @property
    def output_shape(self) -> Any:
        """Return the output shape as QTools writes it.

        For a normalisation it is the input shape, in a list if the input is the model's.
        """
        edge, of_input = self.node.inputs[0], "BatchNormalization" in self.node.kind
        if of_input and edge.is_input and self.compatible:
            return [_as_list(edge.shape, None)]
        return _as_list(self.node.output_shape, -1)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that QTools writes for the layer, with the keys in QTools' order."""
        content: dict[str, Any] = {
            "layer_type": self.node.kind,
            "input_quantizer_list": [x.to_dict() for x in self.inputs],
            "output_quantizer": self.output.to_dict() | {"shape": self.output_shape},
        }
        content |= {key: part.to_dict() for key, part in self.findings.parts.items()}
        return content | {"operation_count": self.count}


def _as_list(shape: Shape, batch: int | None) -> list[int | None]:
    return [batch, *shape[1:]]
