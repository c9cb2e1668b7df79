"""``Tracer``: lowering of the nodes of an ONNX model in order, each by its rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.ir import Op, enter_layer
from qhls.onnx.load.fold import fold_constants
from qhls.onnx.load.model import OnnxModel, OnnxNode
from qhls.onnx.load.values import Constant, Value, find_exact
from qhls.onnx.quantization import Numbers
from qhls.system.progress import report

OnnxTensor = Value | Constant
RULES: dict[str, Callable[[Tracer, OnnxNode], OnnxTensor]] = {}
"""The lowering rules by kind of node."""


def register_rule(
    *kinds: str,
) -> Callable[[Callable[[Tracer, OnnxNode], OnnxTensor]], Callable[[Tracer, OnnxNode], OnnxTensor]]:
    """Register the decorated function as the lowering rule of nodes of ``kinds``."""

    def register(rule: Callable[[Tracer, OnnxNode], OnnxTensor]) -> Callable[..., OnnxTensor]:
        RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


class RealTensorError(LoweringError):
    """The error for a node that reads ``value``, real numbers of the tensor ``name`` that no Quant turns into codes."""

    def __init__(self, message: str, name: str, value: Value) -> None:
        super().__init__(message)
        self.name, self.value = name, value


class RealConstantError(LoweringError):
    """The error for a node that reads real weights without a Quant: the constant ``name`` with ``values``."""

    def __init__(self, message: str, name: str, values: Numbers) -> None:
        super().__init__(message)
        self.name, self.values = name, values


@dataclass
class SoftmaxEnd:
    """A softmax over ``axis`` (batch not counted) of the output ``tensor``, which is left to the host."""

    node: str
    tensor: str
    axis: int


@dataclass
class Tracer:
    """The state of the lowering of a model: its tensors so far, by name, and records of its nodes."""

    model: OnnxModel
    lowered: Mapping[str, OnnxTensor] = field(default_factory=dict[str, OnnxTensor])
    """Results of nodes that are lowered already."""
    tensors: dict[str, OnnxTensor] = field(default_factory=dict[str, OnnxTensor])
    softmax: dict[str, SoftmaxEnd] = field(default_factory=dict[str, SoftmaxEnd])
    rounds: list[str] = field(default_factory=list[str])
    """Names of nodes with sums of real numbers, whose results in float32 depend on the order of the terms."""
    layers: dict[str, str] = field(default_factory=dict[str, str])
    """The name of the node that computed each tensor, by the name of the tensor."""

    def run(self) -> None:
        """Lower all nodes of the model. Raises ``LoweringError`` and ``VerifyError``."""
        for name, values in self.model.constants.items():
            self.tensors[name] = Constant(values)
        nodes = self.model.nodes
        for number, node in enumerate(nodes, 1):
            report(f"trace node {node.name} ({number} of {len(nodes)})")
            for name in node.outputs[1:]:
                self.tensors.pop(name, None)
            result = self.lowered.get(node.outputs[0])
            if result is None:
                with enter_layer(node.name):
                    result = self._lower(node)
            self.tensors[node.outputs[0]] = result
            self.layers[node.outputs[0]] = node.name

    def _lower(self, node: OnnxNode) -> OnnxTensor:
        for name in filter(None, node.inputs):
            if name not in self.tensors:
                raise node.refuse(
                    "the first output of another node",
                    f"{name!r}",
                    "Export the model without it.",
                )
        read = [self.tensors[name] for name in node.inputs if name]
        if all(isinstance(each, Constant) for each in read):
            constants = [each for each in read if isinstance(each, Constant)]
            return fold_constants(self.model, node, constants)
        rule = RULES.get(node.kind)
        if rule is None:
            known = ", ".join(sorted(RULES))
            raise node.refuse(f"one of {known}", node.kind, "Replace it in the model.")
        return rule(self, node)

    # -- what a node reads ----------------------------------------------------------------------------

    def read_value(self, node: OnnxNode, place: int = 0) -> Value:
        """Return an operand that depends on an input, and refuse a constant. Raises ``LoweringError``."""
        tensor = self.tensors[node.inputs[place]]
        if isinstance(tensor, Constant):
            raise node.refuse(
                "an operand that depends on an input",
                f"the constant {node.inputs[place]!r}",
                "Swap or fold it.",
            )
        return tensor

    def read_constant(self, node: OnnxNode, place: int) -> Constant | None:
        """Return a constant operand; None if the node omits it. Raises ``LoweringError`` if it depends on an input."""
        if place >= len(node.inputs) or not node.inputs[place]:
            return None
        tensor = self.tensors[node.inputs[place]]
        if isinstance(tensor, Value):
            raise node.refuse(
                f"a constant as operand {place + 1}",
                f"{node.inputs[place]!r}, which depends on an input",
                "Export it as a constant.",
            )
        return tensor

    def read_numbers(self, node: OnnxNode, place: int) -> Numbers:
        """Return the numbers of a constant operand, and refuse a node without it. Raises ``LoweringError``."""
        constant = self.read_constant(node, place)
        if constant is None:
            raise node.refuse(f"at least {place + 1} operands", f"{place}", "Export it again.")
        return constant.values

    def read_integers(self, node: OnnxNode, place: int, attribute: str) -> list[int] | None:
        """Return integers that old operators have as an attribute and new ones as an operand; None if omitted."""
        if attribute in node.attributes:
            return [int(each) for each in node.attributes[attribute]]
        constant = self.read_constant(node, place)
        return (
            None if constant is None else [int(each) for each in constant.values.ravel().tolist()]
        )

    def read_exact(self, node: OnnxNode, place: int = 0) -> Value:
        """Return an operand as an exact op, perhaps times a real factor. Raises ``RealTensorError``."""
        value = self.read_value(node, place).without_reals()
        if isinstance(value.x, Op):
            return value
        raise self.explain_reals(node.inputs[place], value, str(node))

    def note_sum(self, node: OnnxNode, *values: Value) -> None:
        """Record ``node`` as a sum that may round in float32 if one of its ``values`` has a real factor."""
        if any(value.factor != 1 for value in values):
            self.rounds.append(node.name)

    def read_settled(self, node: OnnxNode, place: int = 0) -> Value:
        """Return an operand as an exact op into which its factor is multiplied. Raises ``RealTensorError``."""
        value = self.read_value(node, place)
        op = find_exact(value)
        if op is None:
            raise self.explain_reals(node.inputs[place], value, str(node))
        return Value(op, value.order)

    def explain_reals(self, name: str, value: Value, reader: str) -> RealTensorError:
        """Return the error for a tensor that ``reader`` can read as codes only."""
        source = self.layers.get(name, name)
        return RealTensorError(
            f"node {source!r}: expected a Quant whose scale is a power of two behind it, got real numbers, which "
            f"{reader} reads. Quantise them, or compile with allow_approximate=True.",
            name,
            value,
        )

    def explain_end(self, node: OnnxNode) -> LoweringError:
        """Return the error for real numbers that ``node`` makes, where no quantizer follows."""
        return node.refuse(
            "a Quant behind it",
            "real numbers that reach the end",
            "Quantise them, or compile with allow_approximate=True.",
        )

    def check_rank(self, node: OnnxNode, value: Value, *ranks: int) -> None:
        """Refuse an operand whose number of axes, without the batch, is not one of ``ranks``."""
        if len(value.order) not in ranks:
            expected = " or ".join(str(rank + 1) for rank in ranks)
            raise node.refuse(
                f"an operand of {expected} axes", f"{len(value.order) + 1}", "Reshape it."
            )


def find_axis(node: OnnxNode, axis: int, rank: int) -> int:
    """Convert an axis of a batch to the axis of one sample. Raises ``LoweringError`` for the batch axis itself."""
    counted = axis + rank + 1 if axis < 0 else axis
    if not 1 <= counted <= rank:
        raise node.refuse(
            f"an axis from 1 to {rank}, within a sample", f"axis {axis}", "Use another."
        )
    return counted - 1


def drop_samples_axis(node: OnnxNode, array: Numbers, rank: int) -> Numbers:
    """Return the constant ``array`` without its batch axis, for a tensor whose samples have ``rank`` axes."""
    if array.ndim <= rank:
        return array
    if array.ndim > rank + 1 or array.shape[0] != 1:
        raise node.refuse(
            "a constant that is the same for all samples", f"the shape {array.shape}", "Reshape it."
        )
    return array[0]


def count_elements(shape: tuple[int, ...]) -> int:
    """Return the number of elements of a tensor of ``shape``."""
    return math.prod(shape)


def read_scalar(node: OnnxNode, array: Any, what: str) -> float:
    """Return the number to which all elements of an array are equal. Raises ``LoweringError``."""
    values = np.unique(np.asarray(array))
    if len(values) != 1:
        raise node.refuse(f"one number as {what}", f"{len(values)} different ones", "Use one.")
    return float(values[0])
