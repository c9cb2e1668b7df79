"""``populate_bias_quantizer_from_accumulator``: types for folded biases without a quantizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from qhls.compat.qkeras.analysis.operations import (
    BINARY,
    BINARY_01,
    FIXED,
    PO2,
    TERNARY,
    get_quant_mode,
    is_product,
    is_transparent,
)
from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.graph import Call, list_model_calls
from qhls.compat.qkeras.weights.hardware import list_hardware_weights
from qhls.frontend.layers.folded import Folded
from qhls.frontend.lowering.trace import find_functional
from qhls.frontend.models.walk import unwrap
from qhls.quantizers import Quantizer, get_quantizer, quantized_bits


@dataclass(frozen=True)
class Width:
    """Integer bits without the sign, fraction bits, and signedness."""

    integer: int
    frac: int
    signed: bool

    def __mul__(self, other: Width) -> Width:
        signed = self.signed or other.signed
        return Width(self.integer + other.integer, self.frac + other.frac, signed)

    def __add__(self, other: Width) -> Width:
        integer, frac = max(self.integer, other.integer), max(self.frac, other.frac)
        return Width(integer + 1, frac, self.signed or other.signed)

    def summed(self, terms: int) -> Width:
        """Return the width of a sum of ``terms`` such numbers."""
        return Width(self.integer + math.ceil(math.log2(terms)), self.frac, self.signed)


def populate_bias_quantizer_from_accumulator(
    model: keras.Model, source_quantizers: Sequence[Any] | None = None
) -> keras.Model:
    """Give each folded layer without ``bias_quantizer`` a quantizer with the type of its accumulator.

    The type is that of QTools: the type of the products of kernel and input (without scales of "auto" and "auto_po2"),
    plus as many integer bits as the number of products in a sum needs. ``source_quantizers`` are the quantizers of the
    model's inputs, by default ``quantized_bits(8,0,1)``. Changes the layers of ``model`` and returns it.

    Raises:
        UtilityError: ``source_quantizers`` does not match the inputs; the input or kernel of a layer has no type.
        LoweringError: the model is not built from layers.
    """
    inputs = find_functional(model, model).inputs
    sources = [quantized_bits(8, 0, 1)] * len(inputs)
    if source_quantizers is not None:
        sources = [get_quantizer(each) for each in source_quantizers]
    if len(sources) != len(inputs):
        raise UtilityError(
            f"populate_bias_quantizer_from_accumulator: expected a quantizer for each of the "
            f"{len(inputs)} inputs of model {model.name!r}, got {len(sources)}. Pass one per input."
        )
    widths = {id(t): width(quantizer) for t, quantizer in zip(inputs, sources, strict=True)}
    for call in list_model_calls(model):
        layer = unwrap(call.layer)
        sums = _accumulator(call, widths) if is_product(layer) else None
        if isinstance(layer, Folded) and layer.bias_quantizer is None:
            _populate(call, sums)
        result = _output(call, widths, sums)
        widths |= {id(tensor): result for tensor in call.outputs}
    for function in ("train_function", "test_function", "predict_function"):
        setattr(model, function, None)  # traced with the old quantizers
    return model


def _populate(call: Call, sums: Width | None) -> None:
    if sums is None:
        raise UtilityError(
            f"populate_bias_quantizer_from_accumulator: layer {call.name!r}: expected a quantised "
            f"kernel and an input with a type, got the kernel's quantizer "
            f"{call.layer.get_quantizers()[0]}, or real numbers. Give the layer a kernel "
            f"quantizer and insert a QActivation before it."
        )
    bits = sums.integer + sums.frac + sums.signed
    quantizer = quantized_bits(bits, sums.integer, 1, keep_negative=sums.signed)
    call.layer.bias_quantizer = call.layer.bias_quantizer_internal = quantizer


def width(quantizer: Any) -> Width | None:
    """Return the width of a quantizer's numbers; ``None`` for real numbers."""
    kind, bits, signed = get_quant_mode(quantizer)
    if kind in (BINARY, BINARY_01, TERNARY):
        return Width(0, 0, bool(signed))
    if kind == PO2:
        low, high = quantizer._limits
        return Width(max(high, 0), max(-low, 0), bool(signed))
    integer = getattr(quantizer, "integer", 0)
    if kind != FIXED or not isinstance(integer, int):
        return None
    return Width(integer, bits - signed - integer, bool(signed))


def _accumulator(call: Call, widths: dict[int, Width | None]) -> Width | None:
    """Return the width of the sums in a layer, after its last kernel; ``None`` for real numbers."""
    sums = widths.get(id(call.inputs[0]))
    for weight in list_hardware_weights(unwrap(call.layer)):
        kernel = width(weight.quantizer) if isinstance(weight.quantizer, Quantizer) else None
        if weight.is_bias or sums is None:
            continue
        shape = weight.values.shape
        terms = shape[:-2] if weight.variable == "depthwise_kernel" else shape[:-1]
        sums = None if kernel is None else (sums * kernel).summed(math.prod(terms))
    return sums


def _output(call: Call, widths: dict[int, Width | None], sums: Width | None) -> Width | None:
    layer = unwrap(call.layer)
    quantizer = getattr(layer, "quantizer", None) or getattr(layer, "activation", None)
    if isinstance(quantizer, Quantizer):
        return width(quantizer)
    if sums is not None:
        biases = [width(w.quantizer) for w in list_hardware_weights(layer) if w.is_bias]
        return sums if not biases else None if biases[0] is None else sums + biases[0]
    read = [widths.get(id(tensor)) for tensor in call.inputs]
    if not is_transparent(layer) or not read or None in read:
        return None
    if isinstance(layer, keras.layers.Add):
        total = read[0]
        for each in read[1:]:
            total = total + each  # type: ignore[operator]
        return total
    return read[0]
