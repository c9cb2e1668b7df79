"""Translation of HGQ2's dense, einsum and convolutional layers, with or without a folded batch normalisation."""

from __future__ import annotations

from collections.abc import Iterable

import keras
import numpy as np

from qhls.frontend.files.classes import Config
from qhls.frontend.hgq.numbers import describe_grid
from qhls.frontend.hgq.parts import Layer, register_expansion
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.conv1d import QConv1D
from qhls.frontend.layers.dense import QDense
from qhls.frontend.layers.einsum import QEinsumDense
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import ops

_WINDOWS = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "dilation_rate",
    "data_format",
    "groups",
)
"""Arguments that a convolution of HGQ2 shares with that of Keras."""


def quantize_weight(layer: Layer, what: str, values: Array) -> Array:
    """Return ``values``, the kernel or bias of a layer, quantised as in HGQ2; ``what`` is "kernel" or "bias"."""
    grid = layer.read_quantizer(f"{what[0]}q_conf", f"{what[0]}q")
    if grid is None:
        return np.asarray(ops.convert_to_numpy(values))
    shape, bits = tuple(values.shape), grid.fraction.shape
    if len(bits) != len(shape) or any(
        b not in (1, size) for b, size in zip(bits, shape, strict=True)
    ):
        raise layer.refuse(
            f"bits that broadcast to the {what}, of shape {shape}",
            f"those of the shape {bits}",
            "Give the weights that were saved with this model.",
        )
    return grid.quantize(values)


def list_quantizers(layer: Layer, **weights: Array) -> Config:
    """Return, as arguments of a Q-layer, quantizers that leave these already quantised weights unchanged."""
    return {
        f"{name}_quantizer": describe_grid(values, f"{layer.where}: {name}")
        for name, values in weights.items()
    }


def add_linear(
    layer: Layer, cls: type, settings: Config, kernel: Array, bias: Array | None
) -> None:
    """Add the parts of a layer: its input quantizer, the Q-layer with these weights and the output quantizer."""
    weights = {"kernel": quantize_weight(layer, "kernel", kernel)}
    if bias is not None:
        weights["bias"] = quantize_weight(layer, "bias", bias)
    own = settings | list_quantizers(layer, **weights) | {"activation": layer.read("activation")}
    x = layer.quantize_input()
    layer.quantize_output(layer.add("", cls, [x], own, list(weights.values())))


def read_kernel(layer: Layer) -> tuple[Array, Array | None]:
    """Return the kernel and the bias of a layer as stored in the file; ``None`` for the bias of a layer without one."""
    if not layer.read("use_bias"):
        return layer.read_weights(1)[0], None
    kernel, bias = layer.read_weights(2)
    return kernel, bias


@register_expansion("QDense")
def _expand_dense(layer: Layer) -> None:
    settings = {key: layer.read(key) for key in ("units", "use_bias")}
    add_linear(layer, QDense, settings, *read_kernel(layer))


@register_expansion("QConv1D", "QConv2D")
def _expand_conv1d(layer: Layer) -> None:
    settings = {key: layer.read(key) for key in (*_WINDOWS, "use_bias")}
    cls = QConv1D if layer.kind == "QConv1D" else QConv2D
    add_linear(layer, cls, settings, *read_kernel(layer))


@register_expansion("QBatchNormDense")
def _expand_batch_norm_dense(layer: Layer) -> None:
    """Fold the normalisation into kernel and bias as HGQ2 does, and add a dense layer with the results."""
    scaled = bool(layer.read("scale"))
    kernel, bias, *gamma, mean, variance = map(
        ops.convert_to_tensor, layer.read_weights(5 if scaled else 4)
    )
    scale = (gamma[0] if scaled else 1) / ops.sqrt(variance + layer.read("epsilon"))
    folded = scale[:, None] * kernel
    moved = bias - ops.dot(mean, kernel)
    settings = {key: layer.read(key) for key in ("units", "use_bias")}
    add_linear(layer, QDense, settings, folded, moved)


@register_expansion("QEinsumDense")
def _expand_einsum_dense(layer: Layer) -> None:
    biased = layer.read("bias_axes") is not None
    kernel, *bias = layer.read_weights(1 + biased)
    add_linear(layer, QEinsumDense, _list_einsum(layer), kernel, bias[0] if biased else None)


@register_expansion("QEinsumDenseBatchnorm")
def _expand_einsum_dense_batchnorm(layer: Layer) -> None:
    """Fold the normalisation into kernel and bias as HGQ2 does, with Keras' default epsilon, and add an einsum layer.

    HGQ2 writes none of its settings, so those of a layer that it loads are the defaults.
    """
    kernel, bias, gamma, mean, variance = map(ops.convert_to_tensor, layer.read_weights(5))
    scale = gamma / ops.sqrt(variance + keras.config.epsilon())
    _, rest = layer.read("equation").replace(" ", "").split(",")
    axes, _ = rest.split("->")
    normalised = "".join(a for a in axes if a in layer.read("bias_axes"))
    folded = ops.einsum(f"{axes},{normalised}->{axes}", kernel, scale)
    offset = ops.reshape(-mean * scale, _cast_shape(layer, normalised, mean.shape))
    add_linear(layer, QEinsumDense, _list_einsum(layer), folded, bias + offset)


def _list_einsum(layer: Layer) -> Config:
    return {name: layer.read(name) for name in ("equation", "output_shape", "bias_axes")}


def _cast_shape(layer: Layer, axes: str, sizes: Iterable[int]) -> tuple[int, ...]:
    """Return the shape in which an array with the letters ``axes`` broadcasts to the last axes of the einsum's
    result.
    """
    out = layer.read("equation").replace(" ", "").split("->")[1].replace("...", "")
    known = dict(zip((a for a in axes), (int(size) for size in sizes), strict=True))
    first = min(out.index(a) for a in axes)
    return tuple(known.get(a, 1) for a in out[first:])
