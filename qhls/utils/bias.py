"""``populate_bias_quantizer_from_accumulator``: a type for the folded biases that have none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from qhls.frontend.folded import Folded
from qhls.frontend.trace import functional_of
from qhls.quantizers import Quantizer, get_quantizer, quantized_bits
from qhls.utils.errors import UtilityError
from qhls.utils.graph import Call, calls, unwrapped
from qhls.utils.hardware import hardware_weights
from qhls.utils.operations import (
    BINARY,
    BINARY_01,
    FIXED,
    PO2,
    TERNARY,
    get_quant_mode,
    is_product,
    keeps_numbers,
)


@dataclass(frozen=True)
class Width:
    """Bits left and right of the point, without the sign, and whether there is one."""

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
        """Of the sum of so many such numbers."""
        return Width(self.integer + math.ceil(math.log2(terms)), self.frac, self.signed)


def populate_bias_quantizer_from_accumulator(
    model: keras.Model, source_quantizers: Sequence[Any] | None = None
) -> keras.Model:
    """Give each folded layer without ``bias_quantizer`` one of the type of its accumulator.

    The type is QTools': that of the products of kernel and input (scales of "auto" and "auto_po2"
    not counted), wider by as many integer bits as the number of products in a sum needs.
    ``source_quantizers`` are the quantizers of the model's inputs, ``quantized_bits(8,0,1)`` each
    if not given. Returns ``model``, whose layers are changed.

    Raises:
        UtilityError: quantizers that are not as many as the inputs; a layer for whose input or
            kernel there is no type.
        LoweringError: a model that is not built from layers.
    """
    inputs = functional_of(model, model).inputs
    given = [quantized_bits(8, 0, 1)] * len(inputs)
    if source_quantizers is not None:
        given = [get_quantizer(each) for each in source_quantizers]
    if len(given) != len(inputs):
        raise UtilityError(
            f"populate_bias_quantizer_from_accumulator: expected a quantizer for each of the "
            f"{len(inputs)} inputs of model {model.name!r}, received {len(given)}"
        )
    widths = {id(t): width(quantizer) for t, quantizer in zip(inputs, given, strict=True)}
    for call in calls(model):
        layer = unwrapped(call.layer)
        sums = _accumulator(call, widths) if is_product(layer) else None
        if isinstance(layer, Folded) and layer.bias_quantizer is None:
            _populate(call, sums)
        made = _output(call, widths, sums)
        widths |= {id(tensor): made for tensor in call.outputs}
    for function in ("train_function", "test_function", "predict_function"):
        setattr(model, function, None)  # traced with the old quantizers
    return model


def _populate(call: Call, sums: Width | None) -> None:
    if sums is None:
        raise UtilityError(
            f"populate_bias_quantizer_from_accumulator: layer {call.name!r}: expected a quantised "
            f"kernel and an input with a type, received the kernel's quantizer "
            f"{call.layer.get_quantizers()[0]} and, it may be, real numbers; give the layer a kernel "
            f"quantizer and put a QActivation before it"
        )
    bits = sums.integer + sums.frac + sums.signed
    quantizer = quantized_bits(bits, sums.integer, 1, keep_negative=sums.signed)
    call.layer.bias_quantizer = call.layer.bias_quantizer_internal = quantizer


def width(quantizer: Any) -> Width | None:
    """The width of a quantizer's numbers; ``None`` for real numbers."""
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
    """Of the sums in a layer, kernel after kernel."""
    sums = widths.get(id(call.inputs[0]))
    for weight in hardware_weights(unwrapped(call.layer)):
        own = width(weight.quantizer) if isinstance(weight.quantizer, Quantizer) else None
        if weight.is_bias or sums is None:
            continue
        shape = weight.values.shape
        terms = shape[:-2] if weight.variable == "depthwise_kernel" else shape[:-1]
        sums = None if own is None else (sums * own).summed(math.prod(terms))
    return sums


def _output(call: Call, widths: dict[int, Width | None], sums: Width | None) -> Width | None:
    layer = unwrapped(call.layer)
    quantizer = getattr(layer, "quantizer", None) or getattr(layer, "activation", None)
    if isinstance(quantizer, Quantizer):
        return width(quantizer)
    if sums is not None:
        biases = [w for w in hardware_weights(layer) if w.is_bias]
        own = [width(w.quantizer) for w in biases]
        return sums if not own else None if own[0] is None else sums + own[0]
    read = [widths.get(id(tensor)) for tensor in call.inputs]
    if not keeps_numbers(layer) or not read or None in read:
        return None
    if isinstance(layer, keras.layers.Add):
        total = read[0]
        for each in read[1:]:
            total = total + each  # type: ignore[operator]
        return total
    return read[0]
