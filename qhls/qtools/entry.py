"""What is known of one layer: its types, and what it is charged for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qhls.qtools.graph import Node, Shape
from qhls.qtools.numbers import Number
from qhls.qtools.operators import Operator


@dataclass(frozen=True)
class Work:
    """``count`` times each of ``operators``.

    QTools multiplies a merging layer's count first and the price last, any other layer's price first;
    floats differ in their last bit, and ``count_first`` says which it is.
    """

    count: int
    operators: tuple[Operator, ...]
    count_first: bool = False


@dataclass(frozen=True)
class Part:
    """An entry of the data type map: a number or an operator, with a shape where QTools tells one."""

    what: Number | Operator
    shape: Any = None

    @property
    def number(self) -> Number:
        """The number; of an operator what it makes."""
        return self.what.output if isinstance(self.what, Operator) else self.what

    def to_dict(self) -> dict[str, Any]:
        """QTools' JSON object."""
        told = self.what.to_dict()
        return told if self.shape is None else told | {"shape": self.shape}


@dataclass(frozen=True)
class Findings:
    """What a layer's rule finds out.

    ``made`` is the type of the results before an activation. ``work`` and ``parameters``, pairs of
    (elements, number), are what energy is charged for. ``multiplied`` are pairs of (products, bits of
    one operand times those of the other), where there is more than one kernel.
    """

    made: Number
    parts: Mapping[str, Part] = field(default_factory=dict)
    work: tuple[Work, ...] = ()
    parameters: tuple[tuple[int, Number], ...] = ()
    multiplied: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Entry:
    """A layer in the data type map.

    If ``compatible``, a normalisation of a model's input makes one element, as in QTools.
    """

    node: Node
    inputs: tuple[Number, ...]
    output: Number
    count: int
    findings: Findings
    compatible: bool = True

    @property
    def output_shape(self) -> Any:
        """As QTools writes it: of a normalisation that of the input, in a list if that is the model's."""
        edge, of_input = self.node.inputs[0], "BatchNormalization" in self.node.kind
        if of_input and edge.is_input and self.compatible:
            return [_as_list(edge.shape, None)]
        return _as_list(self.node.output_shape, -1)

    def to_dict(self) -> dict[str, Any]:
        """QTools' JSON object, its keys in QTools' order."""
        told: dict[str, Any] = {
            "layer_type": self.node.kind,
            "input_quantizer_list": [x.to_dict() for x in self.inputs],
            "output_quantizer": self.output.to_dict() | {"shape": self.output_shape},
        }
        told |= {key: part.to_dict() for key, part in self.findings.parts.items()}
        return told | {"operation_count": self.count}


def _as_list(shape: Shape, batch: int | None) -> list[int | None]:
    return [batch, *shape[1:]]
