"""Rules that find types and charged operations of dense layers and convolutions, which sum products with a kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qhls.compat.qtools.graph import Node
from qhls.compat.qtools.rules.counts import count_operations, find_kernel
from qhls.compat.qtools.rules.entry import Findings, LayerWork, MapPart
from qhls.compat.qtools.rules.normal import count_fused, find_scale
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.operators import Operator, accumulate, add, multiply
from qhls.compat.qtools.types.options import Options
from qhls.errors import EnergyError
from qhls.frontend.layers.traits import find_q_class, list_kernel_variables, list_plain_products
from qhls.quantizers.keras_types import KerasLayer

PRODUCTS = tuple(
    q + name for q in ("", "Q") for name in (*list_plain_products(), "SeparableConv2D")
)
FOLDED = ("QConv2DBatchnorm", "QDepthwiseConv2DBatchnorm")

_CHARGED = tuple(kind for kind in PRODUCTS if "Separable" not in kind)


@dataclass(frozen=True)
class WeightTypes:
    """The types of a layer's kernel and bias, and the kernel's quantizer, or None if default types are imposed."""

    kernel: Number
    bias: Number | None
    quantizer: Any = None


def find_weight_types(layer: Any, options: Options) -> WeightTypes:
    """Return the types of a layer's kernel and bias; like QTools, use a separable layer's second kernel as bias."""
    if options.is_imposing(layer):
        kernel = bias = options.default_weight
        quantizer = None
    else:
        quantizer, second = layer.get_quantizers()[:2]
        kernel, bias = options.types.to_number(quantizer), options.types.to_number(second)
        if type(layer).__name__ in FOLDED and second is None:
            bias = None
    bias = bias and options.count_values(bias, layer, 1)
    return WeightTypes(options.count_values(kernel, layer, 0), bias, quantizer)


def list_parts(layer: KerasLayer, types: WeightTypes) -> dict[str, MapPart]:
    """Return the parts of the data type map for kernel and bias; the bias is as long as the kernel's last axis."""
    shape = list(find_kernel(layer).shape)
    parts = {"weight_quantizer": MapPart(types.kernel, shape)}
    if types.bias is not None:
        parts["bias_quantizer"] = MapPart(types.bias, shape[-1])
    return parts


def read(layer: KerasLayer, types: WeightTypes, compatible: bool) -> tuple[tuple[int, Number], ...]:
    """Return (number of elements, type) of a layer's kernel and, if ``types`` has one, of its bias."""
    shape = find_kernel(layer).shape
    parameters = [(math.prod(shape), types.kernel)]
    if types.bias is not None:
        length = shape[-1]
        if not compatible:
            length = _count_channels(layer)
        parameters.append((length, types.bias))
    return tuple(parameters)


def _count_channels(layer: KerasLayer) -> int:
    """Return the number of output channels of a layer, which is the length of its bias."""
    shape = find_kernel(layer).shape
    return shape[-2] * shape[-1] if _is_depthwise(layer) else shape[-1]


def count_terms(layer: KerasLayer) -> int:
    """Return the number of products of a kernel that each sum of a dense layer or convolution adds."""
    shape = find_kernel(layer).shape
    return math.prod(shape[:2] if _is_depthwise(layer) else shape[:-1])


def _is_depthwise(layer: KerasLayer) -> bool:
    return list_kernel_variables(find_q_class(type(layer))) == ("depthwise_kernel",)


def count_product(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return types and charged operations of a dense layer or a convolution and any normalisation fused into it."""
    layer, x = node.layer, inputs[0]
    types = find_weight_types(layer, options)
    entry = options.find_fusing(node.name)
    scale = find_scale(types.quantizer, find_kernel(layer), options)
    multiplier = multiply(types.kernel, x, options.aligned)
    if entry and scale is not None:
        multiplier = multiplier.with_output(multiplier.output.rescale(*scale))
    if not layer.use_bias:
        types = replace(types, bias=None)
    kernel_sum = accumulate(count_terms(layer), multiplier.output)
    total = _with_bias(kernel_sum, types.bias)
    if not options.aligned:  # a bias is always one more summand
        total = accumulate(math.prod(find_kernel(layer).shape[:-1]) + 1, multiplier.output)
    scaled = total
    if scale is not None and not entry and options.aligned:
        rescaled = multiplier.output.rescale(*scale)
        scaled = _with_bias(accumulate(count_terms(layer), rescaled), types.bias)
    if options.is_imposing(layer):
        multiplier = multiplier.with_output(options.default_sum)
        total = scaled = total.with_output(options.default_sum)
    parts = list_parts(layer, types)
    parts |= {"multiplier": MapPart(multiplier), "accumulator": MapPart(total)}
    work: tuple[LayerWork, ...] = ()
    if node.kind in _CHARGED:
        work = (LayerWork(count_operations(node, options.compatible), (multiplier, total)),)
    charged = read(layer, types, options.compatible)
    if entry:
        normal = _find_normalisation(node, entry, options)
        within = count_fused(node, normal, x, kernel_sum.output, types.bias, options)
        parts |= within.parts
        read_too = (charged[0], *within.parameters)  # the offset includes the bias
        return Findings(within.total.output, parts, (*work, within.work), read_too)
    parts["fused_accumulator"] = MapPart(scaled)
    return Findings(total.output, parts, work, charged)


def _find_normalisation(node: Node, entry: Mapping[str, Any], options: Options) -> Any:
    name = entry.get("fused_bn_layer_name")
    if not isinstance(name, str) or name not in options.layers:
        raise EnergyError(
            f"QTools, hw_weight_dict, layer {node.name!r}: expected a fused_bn_layer_name that is a "
            f"layer of the model, got {name!r}. Pass the result of model_save_quantized_weights."
        )
    return options.layers[name]


def _with_bias(kernel_sum: Operator, bias: Number | None) -> Operator:
    return kernel_sum if bias is None else add(kernel_sum.output, bias)


def count_folded(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return types and charged operations of a convolution with a normalisation folded into its kernel and bias.

    Without ``bias_quantizer`` the bias has the type of the sum. QTools does not charge these layers.
    """
    layer, x = node.layer, inputs[0]
    types = find_weight_types(layer, options)
    multiplier = multiply(types.kernel, x, options.aligned)
    scale = find_scale(types.quantizer, _get_folded_kernel(layer), options)
    if scale is not None:
        multiplier = multiplier.with_output(multiplier.output.rescale(*scale))
    # QTools counts all channels of a depthwise sum, too.
    terms = math.prod(find_kernel(layer).shape[:-1]) if options.compatible else count_terms(layer)
    total = accumulate(terms + int(types.bias is not None), multiplier.output)
    if types.bias is None:
        types = replace(types, bias=total.output)
        if not total.output.is_float:
            total = total.with_output(total.output.widen(1))
    if options.is_imposing(layer):
        multiplier = multiplier.with_output(options.default_sum)
        total = total.with_output(options.default_sum)
    parts = list_parts(layer, types)
    parts |= {"multiplier": MapPart(multiplier), "accumulator": MapPart(total)}
    if options.compatible:
        return Findings(total.output, parts)
    count = count_operations(node, compatible=False)
    work = LayerWork(count, (multiplier, total))
    return Findings(total.output, parts, (work,), read(layer, types, compatible=False))


def _get_folded_kernel(layer: Any) -> Any:
    """Return the folded kernel before quantisation."""
    return next(iter(layer.get_quantized_weights().values()))[1]
