"""Quant nodes inserted where a node would read real numbers or real weights: the result is the nearest exact model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.approximation.approximate import choose_quantizer, list_numbers, measure_error
from qhls.frontend.approximation.rounding import RoundedWeights
from qhls.ir import Fixed
from qhls.model.graph import ModelGraph
from qhls.onnx.load.file import read_model
from qhls.onnx.load.model import OnnxModel
from qhls.onnx.load.trace import OnnxHost, trace_onnx
from qhls.onnx.load.tracer import RealConstantError, RealTensorError
from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import DOMAIN
from qhls.quantizers import get_quantizer


@dataclass(frozen=True)
class _Inserted:
    """A Quant: its type and the quantizer that it is to be called."""

    to: Fixed
    quantizer: str


def trace_nearest_onnx(
    model: OnnxModel, input_types: Any, may_leave: bool, quantizer: Any, bits: int
) -> tuple[ModelGraph, OnnxModel, OnnxHost | None, tuple[Any, ...]]:
    """Return the graph of ``model`` with a Quant wherever it is needed, that model, its host, and the approximations.

    ``may_leave``: whether real factors and functions at the end are left to the host. ``quantizer``: an object or a
    string; by default ``quantized_bits`` of ``bits`` that hold every number. Raises ``LoweringError``.
    """
    approximations: list[Any] = []
    for _ in range(2 * len(model.nodes) + 2):  # each round inserts one Quant
        try:
            return *trace_onnx(model, input_types, may_leave), tuple(approximations)
        except RealTensorError as error:
            source = _name_source(model, error.name)
            reals = error.value.to_reals(source, error)
            codes, numbers = list_numbers(reals)
            chosen = str(get_quantizer(quantizer)) if quantizer else choose_quantizer(numbers, bits)
            approximations.append(measure_error(source, reals, chosen, codes, numbers))
            model = _insert_quant(model, error.name, _Inserted(_find_fixed(chosen), chosen))
        except RealConstantError as error:
            chosen = choose_quantizer(np.asarray(error.values, np.float64), bits)
            quantize: Any = get_quantizer(chosen)
            rounded = np.asarray(quantize(np.asarray(error.values, np.float32)))
            largest = float(np.abs(rounded - error.values).max())
            source = next(n.name for n in model.nodes if error.name in n.inputs)
            approximations.append(RoundedWeights(source, error.name, chosen, largest))
            model = _insert_quant(model, error.name, _Inserted(_find_fixed(chosen), chosen))
    raise LoweringError(
        f"model {model.name!r}: expected quantizers that make all numbers exact, got real ones behind each. Quantise "
        f"the model itself."
    )


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


def _insert_quant(model: OnnxModel, name: str, inserted: _Inserted) -> OnnxModel:
    """Return ``model`` with a Quant behind the tensor ``name``, for all that read it."""
    onnx = import_onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    graph, to = proto.graph, inserted.to
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    taken |= {each.name for each in graph.initializer}
    fresh = _find_fresh(f"{name}.real", taken)
    is_made = any(name in node.output for node in graph.node)
    if is_made:
        source, made = fresh, name  # an output of the model keeps its name
        for node in graph.node:
            node.output[:] = [fresh if each == name else each for each in node.output]
    else:
        source, made = name, _find_fresh(f"{name}.rounded", taken)
        for node in graph.node:
            node.input[:] = [made if each == name else each for each in node.input]
    names = [_find_fresh(f"{name}.{part}", taken) for part in ("scale", "zero_point", "bits")]
    numbers = (2.0**-to.frac, 0.0, float(to.width))
    for each, number in zip(names, numbers, strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(number), each))
    quant = onnx.helper.make_node(
        "Quant",
        [source, *names],
        [made],
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
    """Return the node that makes the tensor ``name``, or an input itself."""
    return next((node.name for node in model.nodes if name in node.outputs), name)


def _find_fresh(wanted: str, taken: set[str]) -> str:
    """Return ``wanted`` with a number behind it if it is taken, and take it."""
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted}_{number}"
    taken.add(found)
    return found
