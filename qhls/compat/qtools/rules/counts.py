"""Count the operations of a layer for one sample."""

from __future__ import annotations

import math
from typing import Any

from qhls.compat.qkeras.analysis.operations import count_positions
from qhls.compat.qtools.graph import Node, drop_batch
from qhls.quantizers.keras_types import KerasLayer

MERGES = ("Add", "Multiply", "Subtract", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
AVERAGES = (
    *("AveragePooling2D", "AvgPool2D", "GlobalAvgPool2D", "GlobalAveragePooling2D"),
    *("QAveragePooling2D", "QGlobalAveragePooling2D"),
)
_OTHER_AVERAGES = ("AveragePooling1D", "AveragePooling3D")
"""Parts of the class names of averages that QTools does not count."""

KEPT_SHAPES = ("MaxPool", "Reshape", "Flatten")
"""Parts of the class names of layers that QTools counts by the elements that they read."""


def count_operations(node: Node, compatible: bool) -> int:
    """Return the multiplications of a layer, or its element operations if it has no products; 0 if it is not counted.

    If ``compatible``, QTools' rules apply. They omit separable and most transposed convolutions, recurrent layers and
    ``QAveragePooling2D``. An average counts one window per channel, a grouped convolution all pairs of channels, a
    depthwise one no ``depth_multiplier``. Otherwise every operation counts.
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
        return _count_products(node, shape)
    return sum(count for count, _ in list_kernels(node))


def is_average(kind: str, compatible: bool) -> bool:
    """Return whether a layer of this class is an average that is counted."""
    other = not compatible and any(part in kind for part in _OTHER_AVERAGES)
    return kind in AVERAGES or other


def _find_largest(node: Node) -> tuple[int, ...]:
    """Return the shape of the input that is the largest by QTools' rule."""
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
    """Return the sizes of a pooling window."""
    if hasattr(node.layer, "pool_size"):
        size = node.layer.pool_size
        return tuple(size) if isinstance(size, tuple | list) else (size,)
    shape = drop_batch(node.inputs[0].shape)
    return shape[1:] if _is_channels_first(node.layer) else shape[:-1]


def _is_channels_first(layer: KerasLayer) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def _find_channel_axis(layer: KerasLayer) -> int:
    return 0 if _is_channels_first(layer) else -1


def _count_products(node: Node, shape: tuple[int, ...]) -> int:
    """Return QTools' count for a layer with kernels."""
    kind, layer = node.kind, node.layer
    out, axis = drop_batch(node.output_shape), _find_channel_axis(layer)
    plain = ("Conv2D", "QConv2D", "QConv2DBatchnorm", "Conv2DTranspose", "QConv2DTranspose")
    if kind in (*plain, "Conv1D", "QConv1D"):
        window = find_kernel(layer).shape[:-2]
        return math.prod(out) * math.prod(window) * shape[axis]
    if kind in ("DepthwiseConv2D", "QDepthwiseConv2D"):
        window = find_kernel(layer).shape[:2]
        return math.prod(window) * math.prod(out) // out[axis] * shape[axis]
    if kind in ("Dense", "QDense"):
        return math.prod(out) * shape[-1]
    return 0


def find_kernel(layer: KerasLayer) -> Any:
    """Return the first kernel of a layer; None if it has none."""
    names = ("kernel", "depthwise_kernel", "weight")
    return next((k for n in names if (k := getattr(layer, n, None)) is not None), None)


def list_kernels(node: Node) -> list[tuple[int, str]]:
    """Return ``(multiplications, variable)`` of each kernel of a layer: its elements times their uses per sample."""
    layer = list_directions(node.layer)
    sides = len(layer)
    counts: list[tuple[int, str]] = []
    seen: list[Any] = []  # a depthwise kernel has two names
    for variable in ("depthwise_kernel", "kernel", "pointwise_kernel", "recurrent_kernel"):
        kernel = find_variable(layer[0], variable)
        if kernel is not None and not any(kernel is other for other in seen):
            seen.append(kernel)
            counts.append((sides * math.prod(kernel.shape) * _count_uses(node, variable), variable))
    return counts


def list_directions(layer: Any) -> list[Any]:
    """Return the layers of both directions of a bidirectional layer, else the layer."""
    if hasattr(layer, "forward_layer"):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def find_variable(layer: KerasLayer, name: str) -> Any:
    """Return a variable of a layer or of its cell."""
    variable = getattr(layer, name, None)
    return variable if variable is not None else getattr(getattr(layer, "cell", None), name, None)


def _count_uses(node: Node, variable: str) -> int:
    """Return the uses of each element of a kernel per sample."""
    layer = list_directions(node.layer)[0]
    if hasattr(layer, "cell"):
        return drop_batch(node.inputs[0].shape)[0]  # one per step
    transposed = "Transpose" in node.kind and variable != "pointwise_kernel"
    return count_positions(
        layer, drop_batch(node.inputs[0].shape if transposed else node.output_shape)
    )
