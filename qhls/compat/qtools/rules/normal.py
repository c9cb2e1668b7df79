"""Rules that find types and charged operations of batch normalisations, separate or fused into the layer before."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qtools.graph import Node, drop_batch
from qhls.compat.qtools.rules.counts import count_operations
from qhls.compat.qtools.rules.entry import Findings, LayerWork, MapPart
from qhls.compat.qtools.types.numbers import PO2, Number
from qhls.compat.qtools.types.operators import Operator, add, divide, multiply
from qhls.compat.qtools.types.options import Options

NORMALISATIONS = ("QBatchNormalization", "BatchNormalization")


@dataclass(frozen=True)
class Statistics:
    """The types of a normalisation's parameters."""

    gamma: Number
    beta: Number
    mean: Number
    variance: Number
    inverse: Number


def find_statistics(layer: Any, x: Number, options: Options) -> Statistics:
    """Return the types of the parameters of a normalisation of ``x``.

    Without a quantizer, beta and mean of a Q-layer have the type of ``x``, the others the default.
    """
    if options.is_imposing(layer):
        weight = options.default_weight
        types = Statistics(weight, weight, weight, weight, weight)
    else:
        gamma, beta, mean, variance, inverse = layer.get_quantizers()
        number = options.types.to_number
        types = Statistics(
            number(gamma),
            x if beta is None else number(beta),
            x if mean is None else number(mean),
            number(variance),
            number(inverse),
        )
    last = 1 + int(bool(layer.scale)) + int(bool(layer.center))
    gamma = options.count_values(types.gamma, layer, 0) if layer.scale else types.gamma
    return replace(types, gamma=gamma, variance=options.count_values(types.variance, layer, last))


def find_deviation(variance: Number) -> Number:
    """Return the type of the square root of ``variance``; for a power of two it has one bit less."""
    if variance.kind != PO2:
        return variance
    limit = variance.max_value
    if limit >= 0:
        limit = np.round(math.sqrt(limit))
    bits = variance.bits - 1
    return replace(variance, max_value=limit, bits=bits, int_bits=bits)


def list_operators(
    x: Number, gamma: Number | None, beta: Number | None, variance: Number, aligned: bool = True
) -> dict[str, Operator]:
    """Return the operators of ``gamma / deviation * x + beta`` by QTools' names; ``gamma`` and ``beta`` may be None."""
    below = find_deviation(variance)
    quotient = divide(x if gamma is None else gamma, below)
    operators = {"internal_divide_quantizer": quotient}
    if gamma is not None:
        if gamma.distinct > 0 and below.kind == PO2 and below.distinct > 0:
            distinct = gamma.distinct * below.distinct
            quotient = quotient.with_output(replace(quotient.output, distinct=distinct))
        operators["internal_multiplier"] = multiply(quotient.output, x, aligned)
    if beta is not None:
        last = list(operators.values())[-1]
        operators["internal_accumulator"] = add(last.output, beta, aligned)
    return operators


def count_normalisation(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the types and charged operations of a batch normalisation, ``gamma / deviation * x + beta``.

    The subtraction of the mean is not charged. If compatible, the addition of beta is not charged either.
    """
    if options.is_fused(node.name):
        return _pass_fused(node, inputs, options)
    layer, x = node.layer, inputs[0]
    types = find_statistics(layer, x, options)
    gamma, beta = (types.gamma if layer.scale else None), (types.beta if layer.center else None)
    operators = list_operators(x, gamma, beta, types.variance, options.aligned)
    if options.is_imposing(layer):
        operators = {k: o.with_output(options.default_sum) for k, o in operators.items()}
    gates = [o for key, o in operators.items() if key != "internal_accumulator"]
    if not options.compatible:
        gates = list(operators.values())
    numbers = (types.gamma, types.beta, types.mean, types.variance)
    names = ("gamma", "beta", "mean", "variance")
    parts = {f"{name}_quantizer": MapPart(n) for name, n in zip(names, numbers, strict=True)}
    parts |= {key: MapPart(o) for key, o in operators.items()}
    channels = layer.get_weights()[0].shape[0]
    return Findings(
        list(operators.values())[-1].output,
        parts,
        (LayerWork(count_operations(node, options.compatible), tuple(gates)),),
        tuple((channels, n) for n in _list_held(layer, numbers, options.compatible)),
    )


def _list_held(layer: Any, numbers: tuple[Number, ...], compatible: bool) -> list[Number]:
    """Return the types of the parameters whose reads are charged; QTools charges gamma and beta in any case."""
    existing = (layer.scale, layer.center, True, True)
    return [n for n, exists in zip(numbers, existing, strict=True) if exists or compatible]


def _pass_fused(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the type after a normalisation that is fused into the layer before it and therefore costs nothing here."""
    imposed = options.for_reference and options.keras_accumulator and not node.is_input
    return Findings(options.default_sum if imposed else inputs[0])


def sum_fused(  # noqa: PLR0917 - all of them are needed
    kernel_sum: Number,
    bias: Number | None,
    inverse: Number,
    mean: Number,
    beta: Number | None,
    scale: tuple[int, int] | None = None,
) -> tuple[Operator, Number, Operator]:
    """Return product operator, offset type and sum operator of a normalisation fused into a layer with a kernel.

    The layer computes ``inverse * kernel_sum + (inverse * (bias - mean) + beta)``. ``scale`` are the exponents of the
    scales of ``inverse``. ``bias``, ``beta`` and ``scale`` are None if the layer has none.
    """

    def scale_result(number: Number) -> Operator:
        product = multiply(inverse, number)
        return product if scale is None else product.with_output(product.output.rescale(*scale))

    offset = scale_result(mean).output
    if bias is not None:
        offset = add(scale_result(bias).output, offset).output
    if beta is not None:
        offset = add(offset, beta).output
    product = scale_result(kernel_sum)
    return product, offset, add(product.output, offset)


@dataclass(frozen=True)
class Fused:
    """The costs of a normalisation fused into the layer before it: its types, final sum, work and parameters."""

    parts: dict[str, MapPart]
    total: Operator
    work: LayerWork
    parameters: tuple[tuple[int, Number], ...]


def count_fused(  # noqa: PLR0917 - all of them are needed
    node: Node,
    layer: Any,
    x: Number,
    kernel_sum: Number,
    bias: Number | None,
    options: Options,
) -> Fused:
    """Return the costs of the normalisation ``layer`` fused into ``node``.

    Together they compute ``inverse * sum + (inverse * (bias - mean) + beta)``.

    ``x`` is the type of ``node``'s input, ``kernel_sum`` that of its sum of products without bias.
    """
    types = find_statistics(layer, x, options)
    inverse = layer.get_quantizers()[-1] if hasattr(layer, "get_quantizers") else None
    scale = find_scale(inverse, None, options)

    product, offset, total = sum_fused(
        kernel_sum, bias, types.inverse, types.mean, types.beta if layer.center else None, scale
    )
    if options.is_imposing(node.layer):
        product, total = (
            product.with_output(options.default_sum),
            total.with_output(options.default_sum),
        )
    parts = {
        "bn_beta_quantizer": MapPart(types.beta),
        "bn_mean_quantizer": MapPart(types.mean),
        "bn_inverse_quantizer": MapPart(types.inverse),
        "fused_accumulator": MapPart(total),
    }
    outputs, channels = math.prod(drop_batch(node.output_shape)), len(layer.get_weights()[0])
    parameters = ((channels, types.inverse), (channels, offset))
    return Fused(parts, total, LayerWork(outputs, (product, total)), parameters)


def find_scale(quantizer: Any, real: Any, options: Options) -> tuple[int, int] | None:
    """Return the smallest and the largest exponent of the scales of an "auto_po2" quantizer, or None if unknown.

    As in QTools, they are known after a call of the quantizer, for example by ``model_save_quantized_weights``. In
    inference this function calls it with ``real`` weights if they are not quantised yet.
    """
    automatic = getattr(quantizer, "alpha", None) == "auto_po2"
    if not automatic or type(quantizer).__name__ not in ("quantized_bits", "quantized_linear"):
        return None
    if options.is_inference and not options.model_weights_already_quantized and real is not None:
        quantizer = copy.deepcopy(quantizer)  # the model's quantizer keeps its state
        quantizer(real)
    if quantizer.scale is None or not np.ndim(scale := to_numpy(quantizer.scale)):
        return None
    return int(np.log2(np.min(scale))), int(np.log2(np.max(scale)))
