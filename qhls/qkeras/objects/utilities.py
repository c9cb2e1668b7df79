"""QTools' helper functions for layers: kinds of layers, counts of operations, scales of "auto_po2"."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qtools.graph import OUTSIDE, Edge, Node
from qhls.compat.qtools.rules.counts import KEPT_SHAPES, MERGES, count_operations
from qhls.compat.qtools.rules.normal import find_scale
from qhls.frontend.models.rebuild import copy_layer
from qhls.qkeras.objects.operators import OPTIONS, AccumulatorFactory, IAdder


def get_val(feature: Any, key: str, default_val: Any = None) -> Any:
    """Return an entry of a dictionary or an attribute of an object, or ``default_val`` if it is missing."""
    if isinstance(feature, Mapping):
        return feature.get(key, default_val)
    return getattr(feature, key, default_val)


def is_shape_alternation_layers(layer: Any) -> bool:
    """Return whether a layer is a maximum pooling, a reshape or a flattening."""
    return any(part in type(layer).__name__ for part in KEPT_SHAPES)


def is_merge_layers(layer: Any) -> bool:
    """Return whether a layer merges its inputs."""
    return type(layer).__name__ in MERGES


def is_upsampled(layer: Any) -> bool:
    """Return whether a layer is an upsampling, which repeats elements of its input."""
    return "UpSampling" in type(layer).__name__


def find_divisors(num: int) -> list[int]:
    """Return the divisors of a number, the smallest first."""
    return [n for n in range(1, num + 1) if num % n == 0]


def get_operation_count(layer: Any, input_shape: Any) -> int:
    """Return the number of operations of a layer for one sample; ``input_shape`` includes the batch."""
    shape = input_shape[0] if isinstance(input_shape, list) else input_shape
    if not layer.built:
        layer = copy_layer(layer)
        layer.build(tuple(shape))
    output = tuple(layer.compute_output_shape(tuple(shape)))
    edge = Edge(OUTSIDE, tuple(shape))
    return count_operations(Node(layer.name, layer, (edge,), output, 1), compatible=True)


def get_weights(layer: Any, model_weights_already_quantized: bool = True) -> list[np.ndarray]:
    """Return a layer's weights, and quantise them first unless they are quantised already."""
    weights = copy.deepcopy(layer.get_weights())
    if model_weights_already_quantized or not hasattr(layer, "get_quantizers"):
        return weights
    quantizers = layer.get_quantizers()
    return [
        to_numpy(q(w)) if (q := quantizers[i] if i < len(quantizers) else None) else w
        for i, w in enumerate(weights)
    ]


def get_scale_from_quantized_bits_with_auto_po2(quantizer: Any) -> Any:
    """Return the fitted scales of a quantizer as an array, or None if it has none, as before its first call."""
    scale = quantizer.scale
    return None if scale is None or not np.ndim(scale) else to_numpy(scale)


def adjust_multiplier_for_auto_po2(multiplier: Any, qkeras_weight_quantizer: Any) -> None:
    """Widen a multiplier's output type so that it covers products with every "auto_po2" scale of the weights."""
    scale = find_scale(qkeras_weight_quantizer, None, OPTIONS)
    if scale is not None:
        multiplier.output.set_number(multiplier.output.number.rescale(*scale))


def adjust_accumulator_for_auto_po2(
    layer: Any, multiplier: Any, qkeras_weight_quantizer: Any, bias_quantizer: Any
) -> Any:
    """Return the operator that sums a layer's products and bias, wide enough for every "auto_po2" scale."""
    widened = copy.deepcopy(multiplier)
    adjust_multiplier_for_auto_po2(widened, qkeras_weight_quantizer)
    shape = layer.get_weights()[0].shape
    if "Depthwise" in type(layer).__name__:
        shape = (*shape[:-2], 1, 1)
    total = AccumulatorFactory().make_accumulator(shape, widened, use_bias=False)
    if not layer.use_bias or bias_quantizer is None:
        return total
    return IAdder().make_quantizer(total.output, bias_quantizer)


def get_layer_info(layer: Any, attr_name: str) -> Any:
    """Return a layer's class, its number of channels, or the height or width of its kernel, as ``attr_name`` selects.

    The sizes are ``input_channel``, ``output_channel``, ``kernel_height`` and ``kernel_width``.
    """
    height, width = getattr(layer, "kernel_size", (1, 1))
    info = {
        "layer_type": type(layer).__name__,
        "input_channel": layer.input.shape[-1],
        "output_channel": layer.output.shape[-1],
        "kernel_height": height,
        "kernel_width": width,
    }
    return info.get(attr_name)


def get_input_quantizers(
    graph: Any, node_id: int, quantizer_factory: Any, debug: bool = False
) -> list[tuple[Any, Any]]:
    """Return one (type, edge) pair per edge that enters a node."""
    edges = [graph.edges[parent, node_id] for parent in graph.predecessors(node_id)]
    return [(quantizer_factory.make_quantizer(edge["quantizer"]), edge) for edge in edges]


def get_input_quantizers_advanced(  # noqa: PLR0917 - QTools' order
    graph: Any,
    node_id: int,
    is_input_layer: bool,
    quantizer_factory: Any,
    cfg: Any,
    debug: bool = False,
) -> list[tuple[Any, Any]]:
    """Return one (type, edge) pair per edge that enters a node; an unknown type is replaced by a default of ``cfg``."""
    default = cfg.default_source_quantizer if is_input_layer else cfg.default_interm_quantizer
    quantizers = []
    for parent in graph.predecessors(node_id):
        edge = graph.edges[parent, node_id]
        quantizer = edge["quantizer"]
        if quantizer is None:
            quantizers.append((quantizer_factory.make_default_quantizer(default), edge))
        else:
            quantizers.append((quantizer_factory.make_quantizer(quantizer), edge))
    return quantizers
