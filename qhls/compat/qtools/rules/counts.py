"""The number of operations that a layer performs for one sample."""

from __future__ import annotations

import math
from typing import Any

from qhls.compat.products import KernelProducts, count_positions, list_products
from qhls.compat.qtools.graph import Node, drop_batch
from qhls.quantizers.keras_types import KerasLayer

MERGES = ("Add", "Multiply", "Subtract", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
AVERAGES = (
    *("AveragePooling2D", "AvgPool2D", "GlobalAvgPool2D", "GlobalAveragePooling2D"),
    *("QAveragePooling2D", "QGlobalAveragePooling2D"),
)
_OTHER_AVERAGES = ("AveragePooling1D", "AveragePooling3D")
"""Substrings of the class names of average-pooling layers that QTools does not count."""

KEPT_SHAPES = ("MaxPool", "Reshape", "Flatten")
"""Substrings of the class names of layers for which QTools counts one operation per input element."""

_COUNTED = (
    *("Dense", "QDense", "Conv1D", "QConv1D", "Conv2D", "QConv2D", "QConv2DBatchnorm"),
    *("Conv2DTranspose", "QConv2DTranspose", "DepthwiseConv2D", "QDepthwiseConv2D"),
)
"""Class names of the layers whose products QTools counts."""


def count_operations(node: Node, compatible: bool) -> int:
    """Return the number of multiplications of a layer, or of element operations if it has no kernel.

    If ``compatible``, QTools' rules apply. They omit separable and most transposed convolutions, recurrent layers and
    ``QAveragePooling2D``. An average counts one window per channel, a grouped convolution all pairs of channels, a
    depthwise one no ``depth_multiplier``. Otherwise every operation counts. Layers that are not counted have 0.
    """
    kind, shape = node.kind, _find_largest(node)
    if kind in MERGES or any(part in kind for part in KEPT_SHAPES):
        return math.prod(shape)
    if is_average(kind, compatible):
        return _count_averages(node, compatible)
    if "UpSampling" in kind:
        return math.prod(drop_batch(node.output_shape))
    elementwise = ("Activation", "BatchNormalization", *(() if compatible else ("ScaleShift",)))
    if any(part in kind for part in elementwise):
        return math.prod(shape)
    if compatible:
        return _count_products(node)
    return sum(products.count for products in list_node_products(node))


def is_average(kind: str, compatible: bool) -> bool:
    """Return whether a layer of this class is an average pooling whose operations are counted."""
    other = not compatible and any(part in kind for part in _OTHER_AVERAGES)
    return kind in AVERAGES or other


def _find_largest(node: Node) -> tuple[int, ...]:
    """Return the shape of the largest input, where an input of the model counts as size 1, as in QTools."""
    return drop_batch(max(node.inputs, key=lambda edge: edge.size).shape)


def _count_averages(node: Node, compatible: bool) -> int:
    layer, out = node.layer, drop_batch(node.output_shape)
    window = math.prod(find_window(node))
    if not compatible:
        return window * math.prod(out)
    if node.kind == "QAveragePooling2D":
        return 0
    return window * out[_find_channel_axis(layer)]


def find_window(node: Node) -> tuple[int, ...]:
    """Return the size of a pooling window along each axis; global pooling has the whole image as its window."""
    if hasattr(node.layer, "pool_size"):
        size = node.layer.pool_size
        return tuple(size) if isinstance(size, tuple | list) else (size,)
    shape = drop_batch(node.inputs[0].shape)
    return shape[1:] if _is_channels_first(node.layer) else shape[:-1]


def _is_channels_first(layer: KerasLayer) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def _find_channel_axis(layer: KerasLayer) -> int:
    return 0 if _is_channels_first(layer) else -1


def _count_products(node: Node) -> int:
    """Return QTools' number of products of a layer, which assumes one group and a ``depth_multiplier`` of 1."""
    kind, layer, out = node.kind, node.layer, drop_batch(node.output_shape)
    if kind not in _COUNTED:
        return 0
    size = math.prod(find_kernel(layer).shape) * count_positions(layer, out)
    if "Depthwise" in kind:
        return size // layer.depth_multiplier
    return size * getattr(layer, "groups", 1)


def find_kernel(layer: KerasLayer) -> Any:
    """Return the first kernel of a layer, or None for a layer without kernels."""
    names = ("kernel", "depthwise_kernel", "weight")
    return next((k for n in names if (k := getattr(layer, n, None)) is not None), None)


def list_node_products(node: Node) -> list[KernelProducts]:
    """Return the multiplications by each kernel of a layer."""
    shapes = drop_batch(node.inputs[0].shape), drop_batch(node.output_shape)
    return list_products(node.layer, *shapes)
