"""Layers that QTools passes over: separable and transposed convolutions, recurrent layers, scale and shift."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qhls.qtools.counts import kernels, unbidirectional, variable_of
from qhls.qtools.entry import Findings, Part, Work
from qhls.qtools.gates import among_gates
from qhls.qtools.graph import Node, size_of
from qhls.qtools.numbers import PO2, Number
from qhls.qtools.operators import accumulate, add, multiply
from qhls.qtools.options import Options
from qhls.utils.arrays import to_numpy

_PARTS = ("Separable", "Transpose", "RNN", "LSTM", "GRU", "Bidirectional", "ScaleShift")


def applies(node: Node) -> bool:
    """Whether a layer has kernels and is one that QTools does not count."""
    known = any(part in node.kind for part in _PARTS)
    return known and (bool(kernels(node)) or "ScaleShift" in node.kind)


def counted(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Every kernel of the layer with its own multiplier and sum, named after the kernel; then what gates multiply."""
    if "ScaleShift" in node.kind:
        return _scale_shift(node, inputs, options)
    layers = unbidirectional(node.layer)
    layer, x = layers[0], inputs[0]
    parts: dict[str, Part] = {}
    work: list[Work] = []
    parameters: list[tuple[int, Number]] = []
    sums: list[Number] = []
    multiplied: list[tuple[int, int]] = []
    for count, variable in kernels(node):
        kernel = variable_of(layer, variable)
        weight = _number(layer, variable, options)
        operand = _operand(layer, variable, x, sums, options)
        multiplier = multiply(weight, operand)
        total = accumulate(_terms(node, variable, kernel.shape), multiplier.output)
        if options.imposes(layer):
            multiplier = multiplier.making(options.default_sum)
            total = total.making(options.default_sum)
        parts[f"{variable}_quantizer"] = Part(weight, list(kernel.shape))
        parts |= {
            f"{variable}_multiplier": Part(multiplier),
            f"{variable}_accumulator": Part(total),
        }
        work.append(Work(count, (multiplier, total)))
        parameters.append((len(layers) * math.prod(kernel.shape), weight))
        sums.append(total.output)
        multiplied.append((count, weight.bits * operand.bits))
    made = sums[-1]
    if len(sums) > 1 and hasattr(layer, "cell"):
        count = len(layers) * size_of(node.inputs[0].shape)[0] * layer.units
        among, further = among_gates(layer, sums[1], count, options)
        parts |= among
        work += further
        made = add(sums[0], sums[1]).output
    bias = variable_of(layer, "bias")
    if bias is not None:
        number = _number(layer, "bias", options)
        made = add(made, number).output
        parts["bias_quantizer"] = Part(number, list(bias.shape))
        parameters.append((len(layers) * math.prod(bias.shape), number))
    if options.imposes(layer):
        made = options.default_sum
    return Findings(made, parts, tuple(work), tuple(parameters), tuple(multiplied))


def _number(layer: Any, variable: str, options: Options) -> Number:
    """The type of a variable: its quantizer's."""
    if options.imposes(layer):
        return options.default_weight
    pairs = (getattr(layer, "cell", None) or layer).quantized_weights()
    quantizer, values = pairs[variable]
    number = options.types.number(quantizer)
    if not options.is_inference or number.kind != PO2:
        return number
    return replace(number, distinct=len(np.unique(to_numpy(quantizer(values)))))


def _operand(layer: Any, variable: str, x: Number, sums: list[Number], options: Options) -> Number:
    """What a kernel multiplies: the input, the sum of the kernel before, or the state."""
    if variable == "recurrent_kernel":
        state = getattr(layer, "state_quantizer", None) or getattr(layer, "activation", None)
        return options.types.number(state)
    if variable == "pointwise_kernel" and sums:
        between = getattr(layer, "depthwise_activation", None)
        return options.types.number(between) if options.types.tells_output(between) else sums[-1]
    return x


def _terms(node: Node, variable: str, shape: tuple[int, ...]) -> int:
    """The products of one sum."""
    if variable == "depthwise_kernel":
        return math.prod(shape[:-2])
    if "Transpose" in node.kind and variable == "kernel":
        return math.prod(shape[:-2]) * shape[-1]  # (height, width, out, in)
    return math.prod(shape[:-1])


def _scale_shift(node: Node, inputs: list[Number], options: Options) -> Findings:
    """One weight and one bias for all elements."""
    number = options.types.number
    weight, bias = (number(q) for q in node.layer.get_quantizers()[:2])
    product = multiply(weight, inputs[0])
    total = add(product.output, bias)
    count = math.prod(size_of(node.output_shape))
    gates = (product, total) if node.layer.use_bias else (product,)
    parts = {"weight_quantizer": Part(weight, [1, 1]), "multiplier": Part(product)}
    parameters = [(1, weight)]
    if node.layer.use_bias:
        parts |= {"bias_quantizer": Part(bias, [1, 1]), "accumulator": Part(total)}
        parameters.append((1, bias))
    return Findings(gates[-1].output, parts, (Work(count, gates),), tuple(parameters))
