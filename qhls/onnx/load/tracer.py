"""``Tracer``: the nodes of a model in order, each through its rule."""

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
    """Register a function as the rule of nodes of ``kinds``."""

    def register(rule: Callable[[Tracer, OnnxNode], OnnxTensor]) -> Callable[..., OnnxTensor]:
        RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


class RealTensorError(LoweringError):
    """A node reads ``value``, the real numbers of the tensor ``name``, which no Quant makes codes again."""

    def __init__(self, message: str, name: str, value: Value) -> None:
        super().__init__(message)
        self.name, self.value = name, value


class RealConstantError(LoweringError):
    """A node reads weights that no Quant makes codes: the constant ``name`` with ``values``."""

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
    """The tensors of a model so far, by name, and where each layer's result can be compared."""

    model: OnnxModel
    lowered: Mapping[str, OnnxTensor] = field(default_factory=dict[str, OnnxTensor])
    """Results of nodes that are lowered already."""
    tensors: dict[str, OnnxTensor] = field(default_factory=dict[str, OnnxTensor])
    softmax: dict[str, SoftmaxEnd] = field(default_factory=dict[str, SoftmaxEnd])
    rounds: list[str] = field(default_factory=list[str])
    """Nodes with sums of real numbers, which depend on their order in float32."""
    layers: dict[str, str] = field(default_factory=dict[str, str])
    """The node that made each tensor."""

    def run(self) -> None:
        """Lower every node. Raises ``LoweringError`` and ``VerifyError``."""
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
        """Return an operand that depends on an input."""
        tensor = self.tensors[node.inputs[place]]
        if isinstance(tensor, Constant):
            raise node.refuse(
                "an operand that depends on an input",
                f"the constant {node.inputs[place]!r}",
                "Swap or fold it.",
            )
        return tensor

    def read_constant(self, node: OnnxNode, place: int) -> Constant | None:
        """Return a known operand; None where it is left out. Raises ``LoweringError`` for one that is not known."""
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
        """Return the numbers of a known operand that is needed."""
        constant = self.read_constant(node, place)
        if constant is None:
            raise node.refuse(f"at least {place + 1} operands", f"{place}", "Export it again.")
        return constant.values

    def read_integers(self, node: OnnxNode, place: int, attribute: str) -> list[int] | None:
        """Return integers that older versions have as an attribute and newer ones as an operand; None without."""
        if attribute in node.attributes:
            return [int(each) for each in node.attributes[attribute]]
        constant = self.read_constant(node, place)
        return (
            None if constant is None else [int(each) for each in constant.values.ravel().tolist()]
        )

    def read_exact(self, node: OnnxNode, place: int = 0) -> Value:
        """Return an operand without a real function; it may have a factor. Raises ``RealTensorError``."""
        value = self.read_value(node, place).without_reals()
        if isinstance(value.x, Op):
            return value
        raise self.explain_reals(node.inputs[place], value, str(node))

    def note_sum(self, node: OnnxNode, *values: Value) -> None:
        """Note a sum whose terms may have a real factor."""
        if any(value.factor != 1 for value in values):
            self.rounds.append(node.name)

    def read_settled(self, node: OnnxNode, place: int = 0) -> Value:
        """Return an operand as exact numbers, without a factor. Raises ``RealTensorError``."""
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
        """Refuse an operand of another number of axes, batch not counted."""
        if len(value.order) not in ranks:
            expected = " or ".join(str(rank + 1) for rank in ranks)
            raise node.refuse(
                f"an operand of {expected} axes", f"{len(value.order) + 1}", "Reshape it."
            )


def find_axis(node: OnnxNode, axis: int, rank: int) -> int:
    """Return an axis of a tensor with a batch as one of a sample. Raises ``LoweringError`` for the batch's own."""
    counted = axis + rank + 1 if axis < 0 else axis
    if not 1 <= counted <= rank:
        raise node.refuse(
            f"an axis from 1 to {rank}, within a sample", f"axis {axis}", "Use another."
        )
    return counted - 1


def drop_samples_axis(node: OnnxNode, array: Numbers, rank: int) -> Numbers:
    """Return a constant that broadcasts to a tensor of ``rank`` axes and a batch, without the batch's axis."""
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
    """Return the only number of an array, where all of them may be equal. Raises ``LoweringError``."""
    values = np.unique(np.asarray(array))
    if len(values) != 1:
        raise node.refuse(f"one number as {what}", f"{len(values)} different ones", "Use one.")
    return float(values[0])
