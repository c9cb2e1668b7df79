"""How many operations a layer does for one sample."""

from __future__ import annotations

import math
from typing import Any

from qhls.qtools.graph import Node, size_of

MERGES = ("Add", "Multiply", "Subtract", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
AVERAGES = (
    *("AveragePooling2D", "AvgPool2D", "GlobalAvgPool2D", "GlobalAveragePooling2D"),
    *("QAveragePooling2D", "QGlobalAveragePooling2D"),
)
_OTHER_AVERAGES = ("AveragePooling1D", "AveragePooling3D")
"""Parts of the names of averages that QTools does not know."""

KEPT_SHAPES = ("MaxPool", "Reshape", "Flatten")
"""Parts of the names of classes that QTools counts by the elements they read."""


def operation_count(node: Node, compatible: bool) -> int:
    """Multiplications, or element operations of what does not multiply; 0 for what is not counted.

    QTools' rules if ``compatible``: it does not count separable and most transposed convolutions,
    recurrent layers and ``QAveragePooling2D``; of averages it counts one window a channel; of a
    grouped convolution every pair of channels; of a depthwise one no ``depth_multiplier``. Else
    everything is counted as it is.
    """
    kind, shape = node.kind, _largest(node)
    if kind in MERGES or any(part in kind for part in KEPT_SHAPES):
        return math.prod(shape)
    if is_average(kind, compatible):
        return _averages(node, compatible)
    if "UpSampling" in kind:
        return math.prod(size_of(node.output_shape))
    elementwise = ("Activation", "BatchNormalization", *(() if compatible else ("ScaleShift",)))
    if any(part in kind for part in elementwise):
        return math.prod(shape)
    if compatible:
        return _products(node, shape)
    return sum(count for count, _ in kernels(node))


def is_average(kind: str, compatible: bool) -> bool:
    """Whether a layer of this class is an average that is counted."""
    other = not compatible and any(part in kind for part in _OTHER_AVERAGES)
    return kind in AVERAGES or other


def _largest(node: Node) -> tuple[int, ...]:
    """The shape of the input that QTools takes for the largest one."""
    return size_of(max(node.inputs, key=lambda edge: edge.size).shape)


def _averages(node: Node, compatible: bool) -> int:
    layer, out = node.layer, size_of(node.output_shape)
    window = math.prod(window_of(node))
    if not compatible:
        return window * math.prod(out)
    if node.kind == "QAveragePooling2D":
        return 0
    return window * out[_channel_axis(layer)]


def window_of(node: Node) -> tuple[int, ...]:
    """The sizes of a pooling window."""
    if hasattr(node.layer, "pool_size"):
        size = node.layer.pool_size
        return tuple(size) if isinstance(size, tuple | list) else (size,)
    shape = size_of(node.inputs[0].shape)
    return shape[1:] if _channels_first(node.layer) else shape[:-1]


def _channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def _channel_axis(layer: Any) -> int:
    return 0 if _channels_first(layer) else -1


def _products(node: Node, shape: tuple[int, ...]) -> int:
    """QTools' count for layers with kernels."""
    kind, layer = node.kind, node.layer
    out, axis = size_of(node.output_shape), _channel_axis(layer)
    plain = ("Conv2D", "QConv2D", "QConv2DBatchnorm", "Conv2DTranspose", "QConv2DTranspose")
    if kind in (*plain, "Conv1D", "QConv1D"):
        window = kernel_of(layer).shape[:-2]
        return math.prod(out) * math.prod(window) * shape[axis]
    if kind in ("DepthwiseConv2D", "QDepthwiseConv2D"):
        window = kernel_of(layer).shape[:2]
        return math.prod(window) * math.prod(out) // out[axis] * shape[axis]
    if kind in ("Dense", "QDense"):
        return math.prod(out) * shape[-1]
    return 0


def kernel_of(layer: Any) -> Any:
    """The first kernel of a layer; None if it has none."""
    names = ("kernel", "depthwise_kernel", "weight")
    return next((k for n in names if (k := getattr(layer, n, None)) is not None), None)


def kernels(node: Node) -> list[tuple[int, str]]:
    """``(multiplications, variable)`` of each kernel of a layer: its elements times how often each is used."""
    layer = unbidirectional(node.layer)
    sides = len(layer)
    found: list[tuple[int, str]] = []
    seen: list[Any] = []  # a depthwise kernel has two names
    for variable in ("depthwise_kernel", "kernel", "pointwise_kernel", "recurrent_kernel"):
        kernel = variable_of(layer[0], variable)
        if kernel is not None and not any(kernel is other for other in seen):
            seen.append(kernel)
            found.append((sides * math.prod(kernel.shape) * _uses(node, variable), variable))
    return found


def unbidirectional(layer: Any) -> list[Any]:
    """The layers of both directions of a bidirectional one; else the layer."""
    if hasattr(layer, "forward_layer"):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def variable_of(layer: Any, name: str) -> Any:
    """A variable of a layer, or of its cell."""
    found = getattr(layer, name, None)
    return found if found is not None else getattr(getattr(layer, "cell", None), name, None)


def _uses(node: Node, variable: str) -> int:
    """How often a sample uses each element of a kernel."""
    layer = unbidirectional(node.layer)[0]
    if hasattr(layer, "cell"):
        return size_of(node.inputs[0].shape)[0]  # a step
    transposed = "Transpose" in node.kind and variable != "pointwise_kernel"
    shape = list(size_of(node.inputs[0].shape if transposed else node.output_shape))
    del shape[_channel_axis(layer)]
    return math.prod(shape)
