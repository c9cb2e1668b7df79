"""Rules for layers that sum products of inputs and a kernel: dense layers and convolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qhls.errors import EnergyError
from qhls.qtools.counts import kernel_of, operation_count
from qhls.qtools.entry import Findings, Part, Work
from qhls.qtools.graph import Node
from qhls.qtools.normal import fused, scale_of
from qhls.qtools.numbers import Number
from qhls.qtools.operators import Operator, accumulate, add, multiply
from qhls.qtools.options import Options

KINDS = (
    *("Dense", "Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D"),
    *("QDense", "QConv1D", "QConv2D", "QDepthwiseConv2D", "QSeparableConv2D"),
)
FOLDED = ("QConv2DBatchnorm", "QDepthwiseConv2DBatchnorm")

_CHARGED = tuple(kind for kind in KINDS if "Separable" not in kind)


@dataclass(frozen=True)
class Weights:
    """The types of a layer's kernel and bias, and the kernel's quantizer where its scale matters."""

    kernel: Number
    bias: Number | None
    quantizer: Any = None


def weights(layer: Any, options: Options) -> Weights:
    """The types of kernel and bias; of a separable layer QTools takes the second kernel for the bias."""
    if options.imposes(layer):
        kernel = bias = options.default_weight
        quantizer = None
    else:
        quantizer, second = layer.get_quantizers()[:2]
        kernel, bias = options.types.number(quantizer), options.types.number(second)
        if type(layer).__name__ in FOLDED and second is None:
            bias = None
    bias = bias and options.counted(bias, layer, 1)
    return Weights(options.counted(kernel, layer, 0), bias, quantizer)


def parts_of(layer: Any, types: Weights) -> dict[str, Part]:
    """Kernel and bias in the data type map; QTools takes the bias for as long as the kernel's last axis."""
    shape = list(kernel_of(layer).shape)
    parts = {"weight_quantizer": Part(types.kernel, shape)}
    if types.bias is not None:
        parts["bias_quantizer"] = Part(types.bias, shape[-1])
    return parts


def read(layer: Any, types: Weights, compatible: bool) -> tuple[tuple[int, Number], ...]:
    """What is read of kernel and bias."""
    shape = kernel_of(layer).shape
    found = [(math.prod(shape), types.kernel)]
    if types.bias is not None:
        length = shape[-1]
        if not compatible:
            length = _channels(layer)
        found.append((length, types.bias))
    return tuple(found)


def _channels(layer: Any) -> int:
    """The outputs of a layer whose bias has one element for each."""
    shape = kernel_of(layer).shape
    return shape[-2] * shape[-1] if _is_depthwise(layer) else shape[-1]


def terms_of(layer: Any) -> int:
    """The products of one sum."""
    shape = kernel_of(layer).shape
    return math.prod(shape[:2] if _is_depthwise(layer) else shape[:-1])


def _is_depthwise(layer: Any) -> bool:
    return "DepthwiseConv2D" in type(layer).__name__


def product(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Dense layers and convolutions, also with the normalisation that follows fused in."""
    layer, x = node.layer, inputs[0]
    types = weights(layer, options)
    entry = options.fusing(node.name)
    scale = scale_of(types.quantizer, kernel_of(layer), options)
    multiplier = multiply(types.kernel, x, options.aligned)
    if entry and scale is not None:
        multiplier = multiplier.making(multiplier.output.rescaled(*scale))
    if not layer.use_bias:
        types = replace(types, bias=None)
    kernel_sum = accumulate(terms_of(layer), multiplier.output)
    total = _with_bias(kernel_sum, types.bias)
    if not options.aligned:  # a bias is one more summand, and always there
        total = accumulate(math.prod(kernel_of(layer).shape[:-1]) + 1, multiplier.output)
    scaled = total
    if scale is not None and not entry and options.aligned:
        rescaled = multiplier.output.rescaled(*scale)
        scaled = _with_bias(accumulate(terms_of(layer), rescaled), types.bias)
    if options.imposes(layer):
        multiplier = multiplier.making(options.default_sum)
        total = scaled = total.making(options.default_sum)
    parts = parts_of(layer, types)
    parts |= {"multiplier": Part(multiplier), "accumulator": Part(total)}
    work: tuple[Work, ...] = ()
    if node.kind in _CHARGED:
        work = (Work(operation_count(node, options.compatible), (multiplier, total)),)
    charged = read(layer, types, options.compatible)
    if entry:
        normal = _normalisation(node, entry, options)
        within = fused(node, normal, x, kernel_sum.output, types.bias, options)
        parts |= within.parts
        read_too = (charged[0], *within.parameters)  # the bias is within those
        return Findings(within.total.output, parts, (*work, within.work), read_too)
    parts["fused_accumulator"] = Part(scaled)
    return Findings(total.output, parts, work, charged)


def _normalisation(node: Node, entry: Mapping[str, Any], options: Options) -> Any:
    name = entry.get("fused_bn_layer_name")
    if not isinstance(name, str) or name not in options.layers:
        raise EnergyError(
            f"QTools, hw_weight_dict, layer {node.name!r}: expected a fused_bn_layer_name that is a "
            f"layer of the model, received {name!r}; use what model_save_quantized_weights returns"
        )
    return options.layers[name]


def _with_bias(kernel_sum: Operator, bias: Number | None) -> Operator:
    return kernel_sum if bias is None else add(kernel_sum.output, bias)


def folded(node: Node, inputs: list[Number], options: Options) -> Findings:
    """A convolution with a normalisation folded into kernel and bias.

    Without ``bias_quantizer`` the bias has the type of the sum. QTools charges these layers nothing.
    """
    layer, x = node.layer, inputs[0]
    types = weights(layer, options)
    multiplier = multiply(types.kernel, x, options.aligned)
    scale = scale_of(types.quantizer, _folded_kernel(layer), options)
    if scale is not None:
        multiplier = multiplier.making(multiplier.output.rescaled(*scale))
    # QTools counts all channels of a depthwise sum, too.
    terms = math.prod(kernel_of(layer).shape[:-1]) if options.compatible else terms_of(layer)
    total = accumulate(terms + int(types.bias is not None), multiplier.output)
    if types.bias is None:
        types = replace(types, bias=total.output)
        if not total.output.is_float:
            total = total.making(total.output.widened(1))
    if options.imposes(layer):
        multiplier = multiplier.making(options.default_sum)
        total = total.making(options.default_sum)
    parts = parts_of(layer, types)
    parts |= {"multiplier": Part(multiplier), "accumulator": Part(total)}
    if options.compatible:
        return Findings(total.output, parts)
    count = operation_count(node, compatible=False)
    work = Work(count, (multiplier, total))
    return Findings(total.output, parts, (work,), read(layer, types, compatible=False))


def _folded_kernel(layer: Any) -> Any:
    """What the quantizer of a folded layer's kernel receives."""
    return next(iter(layer.quantized_weights().values()))[1]
