"""Rules for layers that QTools omits: separable and transposed convolutions, recurrent layers, scale and shift."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qhls.compat.products import find_variable, list_directions
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qtools.graph import Node, drop_batch
from qhls.compat.qtools.rules.counts import list_node_products
from qhls.compat.qtools.rules.entry import Findings, LayerWork, MapPart
from qhls.compat.qtools.rules.gates import count_gate_products
from qhls.compat.qtools.types.numbers import PO2, Number
from qhls.compat.qtools.types.operators import accumulate, add, multiply
from qhls.compat.qtools.types.options import Options
from qhls.quantizers.keras_types import KerasLayer

_PARTS = ("Separable", "Transpose", "RNN", "LSTM", "GRU", "Bidirectional", "ScaleShift")


def is_uncounted(node: Node) -> bool:
    """Return whether QTools omits the products of a layer."""
    known = any(part in node.kind for part in _PARTS)
    return known and (bool(list_node_products(node)) or "ScaleShift" in node.kind)


def count_every_kernel(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return types and charged operations of a layer whose kernels each have a multiplier and an accumulator.

    The parts are named after the kernels. The operators between the gates of a recurrent layer follow.
    """
    if "ScaleShift" in node.kind:
        return _scale_shift(node, inputs, options)
    layers = list_directions(node.layer)
    layer, x = layers[0], inputs[0]
    parts: dict[str, MapPart] = {}
    work: list[LayerWork] = []
    parameters: list[tuple[int, Number]] = []
    sums: list[Number] = []
    multiplied: list[tuple[int, int]] = []
    for products in list_node_products(node):
        count, variable, shape = products.count, products.variable, products.shape
        weight = _find_type(layer, variable, options)
        operand = _find_operand_type(layer, variable, x, sums, options)
        multiplier = multiply(weight, operand)
        total = accumulate(products.terms, multiplier.output)
        if options.is_imposing(layer):
            multiplier = multiplier.with_output(options.default_sum)
            total = total.with_output(options.default_sum)
        parts[f"{variable}_quantizer"] = MapPart(weight, list(shape))
        parts |= {
            f"{variable}_multiplier": MapPart(multiplier),
            f"{variable}_accumulator": MapPart(total),
        }
        work.append(LayerWork(count, (multiplier, total)))
        parameters.append((len(layers) * math.prod(shape), weight))
        sums.append(total.output)
        multiplied.append((count, weight.bits * operand.bits))
    output = sums[-1]
    if len(sums) > 1 and hasattr(layer, "cell"):
        count = len(layers) * drop_batch(node.inputs[0].shape)[0] * layer.units
        among, further = count_gate_products(layer, sums[1], count, options)
        parts |= among
        work += further
        output = add(sums[0], sums[1]).output
    bias = find_variable(layer, "bias")
    if bias is not None:
        number = _find_type(layer, "bias", options)
        output = add(output, number).output
        parts["bias_quantizer"] = MapPart(number, list(bias.shape))
        parameters.append((len(layers) * math.prod(bias.shape), number))
    if options.is_imposing(layer):
        output = options.default_sum
    return Findings(output, parts, tuple(work), tuple(parameters), tuple(multiplied))


def _find_type(layer: Any, variable: str, options: Options) -> Number:
    """Return the type of a layer's variable, which its quantizer decides unless a default type is imposed."""
    if options.is_imposing(layer):
        return options.default_weight
    pairs = (getattr(layer, "cell", None) or layer).get_quantized_weights()
    quantizer, values = pairs[variable]
    number = options.types.to_number(quantizer)
    if not options.is_inference or number.kind != PO2:
        return number
    return replace(number, distinct=len(np.unique(to_numpy(quantizer(values)))))


def _find_operand_type(
    layer: KerasLayer, variable: str, x: Number, sums: list[Number], options: Options
) -> Number:
    """Return the type of the numbers that a kernel multiplies: inputs, sums of the previous kernel, or states."""
    if variable == "recurrent_kernel":
        state = getattr(layer, "state_quantizer", None) or getattr(layer, "activation", None)
        return options.types.to_number(state)
    if variable == "pointwise_kernel" and sums:
        between = getattr(layer, "depthwise_activation", None)
        return options.types.to_number(between) if options.types.is_deciding(between) else sums[-1]
    return x


def _scale_shift(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return types and charged operations of a layer that multiplies all elements by one weight and can add a bias."""
    number = options.types.to_number
    weight, bias = (number(q) for q in node.layer.get_quantizers()[:2])
    product = multiply(weight, inputs[0])
    total = add(product.output, bias)
    count = math.prod(drop_batch(node.output_shape))
    gates = (product, total) if node.layer.use_bias else (product,)
    parts = {"weight_quantizer": MapPart(weight, [1, 1]), "multiplier": MapPart(product)}
    parameters = [(1, weight)]
    if node.layer.use_bias:
        parts |= {"bias_quantizer": MapPart(bias, [1, 1]), "accumulator": MapPart(total)}
        parameters.append((1, bias))
    return Findings(gates[-1].output, parts, (LayerWork(count, gates),), tuple(parameters))
