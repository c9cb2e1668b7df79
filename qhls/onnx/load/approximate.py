"""Insertion of Quant nodes where a node would read real numbers or weights: the result is the nearest exact model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.approximation.approximate import choose_quantizer, list_numbers, measure_error
from qhls.frontend.approximation.rounding import RoundedWeights
from qhls.ir import Fixed
from qhls.model.graph import ModelGraph
from qhls.onnx.load.file import read_model
from qhls.onnx.load.model import OnnxModel
from qhls.onnx.load.trace import OnnxHost, make_inputs, trace_nodes, trace_onnx
from qhls.onnx.load.tracer import OnnxTensor, RealConstantError, RealTensorError, Tracer
from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import DOMAIN
from qhls.quantizers import get_quantizer
from qhls.system.text import find_free_name


def trace_nearest_onnx(
    model: OnnxModel, input_types: Any, may_leave: bool, quantizer: Any, bits: int
) -> tuple[ModelGraph, OnnxModel, OnnxHost | None, tuple[Any, ...]]:
    """Return the graph of ``model`` with all necessary Quants, that model, the host's part, and the approximations.

    ``may_leave``: whether real factors and functions at the end are left to the host. ``quantizer``: an object or a
    string; by default ``quantized_bits`` of ``bits`` that hold every number. Raises ``LoweringError``.
    """
    nearest = _Nearest(model, quantizer, bits, 2 * len(model.nodes) + 2)
    while True:
        try:
            traced = trace_onnx(nearest.model, input_types, may_leave)
        except (RealTensorError, RealConstantError) as error:
            nearest.insert(error)
            nearest.insert_all(input_types, may_leave)
        else:
            return *traced, tuple(nearest.approximations)


@dataclass
class _Nearest:
    """A model with the Quants that were inserted so far, at most ``most``, and the resulting approximations."""

    model: OnnxModel
    quantizer: Any
    bits: int
    most: int
    approximations: list[Any] = field(default_factory=list[Any])

    def insert_all(self, input_types: Any, may_leave: bool) -> None:
        """Insert a Quant wherever a trace in float32 needs one; nodes before a Quant are not lowered again."""
        inputs = make_inputs(self.model, input_types)
        tracer = Tracer(self.model)
        while True:
            try:
                trace_nodes(tracer, inputs, may_leave, "float32")
            except (RealTensorError, RealConstantError) as error:
                lowered = _list_before(tracer, error.name)
                self.insert(error)
                tracer = Tracer(self.model, lowered, softmax=tracer.softmax)
            else:
                return

    def insert(self, error: RealTensorError | RealConstantError) -> None:
        """Insert a Quant after the tensor of ``error``. Raises ``LoweringError``."""
        if len(self.approximations) == self.most:
            raise LoweringError(
                f"model {self.model.name!r}: expected quantizers that make all numbers exact, got real ones behind "
                f"each. Quantise the model itself."
            )
        is_constant = isinstance(error, RealConstantError)
        chosen = self._round_constant(error) if is_constant else self._round_tensor(error)
        self.model = _insert_quant(self.model, error.name, chosen)

    def _round_tensor(self, error: RealTensorError) -> str:
        """Choose a quantizer for the real numbers of ``error``, record the approximation, and return the quantizer."""
        source = _name_source(self.model, error.name)
        reals = error.value.to_reals(source, error)
        codes, numbers = list_numbers(reals)
        wanted = self.quantizer
        chosen = str(get_quantizer(wanted)) if wanted else choose_quantizer(numbers, self.bits)
        self.approximations.append(measure_error(source, reals, chosen, codes, numbers))
        return chosen

    def _round_constant(self, error: RealConstantError) -> str:
        """Choose a quantizer for the real weights of ``error``, record the approximation, and return the quantizer."""
        values = np.asarray(error.values)
        chosen = choose_quantizer(values.astype(np.float64), self.bits)
        quantize: Any = get_quantizer(chosen)
        rounded = np.asarray(quantize(values.astype(np.float32)))
        largest = float(np.abs(rounded - values).max())
        reader = next(node.name for node in self.model.nodes if error.name in node.inputs)
        self.approximations.append(RoundedWeights(reader, error.name, chosen, largest))
        return chosen


def _list_before(tracer: Tracer, name: str) -> dict[str, OnnxTensor]:
    """Return the results of all nodes before the first node that computes or reads the tensor ``name``."""
    changed = (each for each in tracer.model.nodes if name in (*each.inputs, *each.outputs))
    first = next(changed, None)
    results: dict[str, OnnxTensor] = {}
    for node in tracer.model.nodes:
        if node is first or node.outputs[0] not in tracer.tensors:
            break
        results[node.outputs[0]] = tracer.tensors[node.outputs[0]]
    return results


def _find_fixed(quantizer: str) -> Fixed:
    """Return the type to which ``quantizer`` rounds. Raises ``LoweringError``."""
    rounding: Any = get_quantizer(quantizer)
    assignment = rounding.quantization
    if assignment is None:
        raise LoweringError(
            f"allow_approximate: expected a quantizer with one fixed-point type, got {quantizer}. Use "
            f"'quantized_bits(8,2,alpha=1)', say."
        )
    return assignment.to


def _insert_quant(model: OnnxModel, name: str, quantizer: str) -> OnnxModel:
    """Return ``model`` with ``quantizer`` as a Quant between the tensor ``name`` and all its readers."""
    onnx = import_onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    graph, to = proto.graph, _find_fixed(quantizer)
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    taken |= {each.name for each in graph.initializer}

    def name_part(part: str) -> str:
        return find_free_name(f"{name}.{part}", taken.__contains__)

    if any(name in node.output for node in graph.node):
        source, result = name_part("real"), name  # an output of the model keeps its name
        for node in graph.node:
            node.output[:] = [source if each == name else each for each in node.output]
    else:
        source, result = name, name_part("rounded")
        for node in graph.node:
            node.input[:] = [result if each == name else each for each in node.input]
    numbers = {"scale": 2.0**-to.frac, "zero_point": 0.0, "bits": float(to.width)}
    names = [name_part(part) for part in numbers]
    for constant, number in zip(names, numbers.values(), strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(number), constant))
    quant = onnx.helper.make_node(
        "Quant",
        [source, *names],
        [result],
        name=f"{_name_source(model, name)}_approximation",
        domain=DOMAIN,
        signed=int(to.signed),
        narrow=0,
        rounding_mode="ROUND",
    )
    places = [i for i, node in enumerate(graph.node) if source in node.output]
    graph.node.insert(places[0] + 1 if places else 0, quant)
    return replace(read_model(proto, model.name), name=model.name)


def _name_source(model: OnnxModel, name: str) -> str:
    """Return the name of the node that computes the tensor ``name``, or ``name`` itself if no node does."""
    return next((node.name for node in model.nodes if name in node.outputs), name)
