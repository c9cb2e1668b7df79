"""``populate_bias_quantizer_from_accumulator``: types for folded biases without a quantizer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
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
from qhls.ir.types import Fixed
from qhls.quantizers import Quantizer, get_quantizer, quantized_bits

_ONE_BIT = Fixed(False, 1, 0)
"""The type of the numbers 0 and 1; a product with them is only a choice between the other factor and 0."""


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
    types = {id(t): _find_type(quantizer) for t, quantizer in zip(inputs, sources, strict=True)}
    for call in list_model_calls(model):
        layer = unwrap(call.layer)
        sums = _find_accumulator(call, types) if is_product(layer) else None
        if isinstance(layer, Folded) and layer.bias_quantizer is None:
            _populate(call, sums)
        result = _find_output(call, types, sums)
        types |= {id(tensor): result for tensor in call.outputs}
    for function in ("train_function", "test_function", "predict_function"):
        setattr(model, function, None)  # traced with the old quantizers
    return model


def _populate(call: Call, sums: Fixed | None) -> None:
    if sums is None:
        raise UtilityError(
            f"populate_bias_quantizer_from_accumulator: layer {call.name!r}: expected a quantised "
            f"kernel and an input with a type, got the kernel's quantizer "
            f"{call.layer.get_quantizers()[0]}, or real numbers. Give the layer a kernel "
            f"quantizer and insert a QActivation before it."
        )
    integer = sums.integer - sums.signed
    quantizer = quantized_bits(sums.width, integer, 1, keep_negative=sums.signed)
    call.layer.bias_quantizer = call.layer.bias_quantizer_internal = quantizer


def _find_type(quantizer: Any) -> Fixed | None:
    """Return the fixed-point type of a quantizer's output, or ``None`` if the quantizer outputs real numbers."""
    kind, bits, is_signed = get_quant_mode(quantizer)
    signed = bool(is_signed)
    if kind in (BINARY, BINARY_01, TERNARY):
        return Fixed(signed, 1, 0)
    if kind == PO2:
        low, high = quantizer._limits
        return _make_type(signed, max(high, 0), max(-low, 0))
    integer = getattr(quantizer, "integer", 0)
    if kind != FIXED or not isinstance(integer, int):
        return None
    return _make_type(signed, integer, bits - signed - integer)


def _make_type(signed: bool, integer: int, frac: int) -> Fixed:
    """Return the fixed-point type with ``integer`` bits before the binary point, which do not count the sign."""
    return Fixed(signed, max(integer + frac + signed, 1), frac)


def _multiply(a: Fixed, b: Fixed) -> Fixed:
    """Return the type of a product: widths without signs add up, but a factor of 0 or 1 leaves the other's type."""
    if _ONE_BIT in (a, b):
        return b if a == _ONE_BIT else a
    signed = a.signed or b.signed
    width = a.width - a.signed + b.width - b.signed + signed
    return Fixed(signed, width, a.frac + b.frac)


def _add(a: Fixed, b: Fixed) -> Fixed:
    """Return the type of a sum of two numbers, with one integer bit more than the operand that has more."""
    integer = max(a.integer - a.signed, b.integer - b.signed) + 1
    return _make_type(a.signed or b.signed, integer, max(a.frac, b.frac))


def _find_accumulator(call: Call, types: Mapping[int, Fixed | None]) -> Fixed | None:
    """Return the type of the sums after a layer's last kernel, or ``None`` if an input or a kernel has no type."""
    sums = types.get(id(call.inputs[0]))
    for weight in list_hardware_weights(unwrap(call.layer)):
        kernel = _find_type(weight.quantizer) if isinstance(weight.quantizer, Quantizer) else None
        if weight.is_bias or sums is None:
            continue
        shape = weight.values.shape
        terms = math.prod(shape[:-2] if weight.variable == "depthwise_kernel" else shape[:-1])
        product = None if kernel is None else _multiply(sums, kernel)
        sums = product and replace(product, width=product.width + math.ceil(math.log2(terms)))
    return sums


def _find_output(call: Call, types: Mapping[int, Fixed | None], sums: Fixed | None) -> Fixed | None:
    layer = unwrap(call.layer)
    quantizer = getattr(layer, "quantizer", None) or getattr(layer, "activation", None)
    if isinstance(quantizer, Quantizer):
        return _find_type(quantizer)
    if sums is not None:
        biases = [_find_type(w.quantizer) for w in list_hardware_weights(layer) if w.is_bias]
        return sums if not biases else biases[0] and _add(sums, biases[0])
    read = [types.get(id(tensor)) for tensor in call.inputs]
    known = [each for each in read if each is not None]
    if not is_transparent(layer) or not read or len(known) < len(read):
        return None
    return reduce(_add, known) if isinstance(layer, keras.layers.Add) else known[0]
