"""Lowering rules of Keras' element-wise layers, whose function may differ per channel.

Where the function is exact in integers, it is a few ops; else its results are ``Reals``: Keras' own function, from
which the quantizer behind takes its steps.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from qhls.frontend.lowering.lower import has_few_bits, lower, multiply_by, rectify
from qhls.frontend.lowering.reals import Tensor, apply_real_along
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.frontend.lowering.steps import step_function
from qhls.ir import Add, Const, Max, Min, Op, Sub
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops


def _apply_real(
    layer: KerasLayer, x: Tensor, why: str, monotone: bool = True, axes: tuple[int, ...] = ()
) -> Tensor:
    """Lower the element-wise ``layer`` as a function with real results, which differs along ``axes``; a quantizer must
    follow.

    ``why``: the argument that makes it real.
    """
    odd = explain_refusal(
        layer,
        f"a quantizer behind it, because {why} makes its results real numbers",
        "none",
        "Add a QActivation behind it.",
    )
    return apply_real_along(x, layer, odd, monotone, axes)


def _find_axes(numbers: Array, rank: int) -> tuple[int, ...]:
    """Return the axes of a sample along which ``numbers``, an array that broadcasts to the sample, may differ."""
    missing = rank - numbers.ndim
    return tuple(missing + axis for axis, size in enumerate(numbers.shape) if size > 1)


@lower.register(keras.layers.ReLU, reads_reals=True)
def _lower_relu(layer: keras.layers.ReLU, x: Tensor) -> Tensor:
    slope, highest, threshold = layer.negative_slope, layer.max_value, layer.threshold
    exactly = isinstance(x, Op) and threshold == 0
    rectified = rectify(x, float(slope), highest) if isinstance(x, Op) and exactly else None
    if rectified is not None:
        return rectified
    why = f"negative_slope={slope}, max_value={highest}, threshold={threshold}"
    return _apply_real(layer, x, why, monotone=slope >= 0 and threshold >= 0)


@lower.register(keras.layers.LeakyReLU, reads_reals=True)
def _lower_leaky_relu(layer: keras.layers.LeakyReLU, x: Tensor) -> Tensor:
    slope = float(layer.negative_slope)
    rectified = rectify(x, slope) if isinstance(x, Op) else None
    return (
        _apply_real(layer, x, f"negative_slope={slope}", slope >= 0)
        if rectified is None
        else rectified
    )


@lower.register(keras.layers.ELU, reads_reals=True)
def _lower_elu(layer: keras.layers.ELU, x: Tensor) -> Tensor:
    return _apply_real(layer, x, f"alpha={layer.alpha}", layer.alpha >= 0)


@lower.register(keras.layers.PReLU, reads_reals=True)
def _lower_prelu(layer: keras.layers.PReLU, x: Tensor) -> Tensor:
    """Lower a PReLU, which multiplies negative numbers by a slope per element; elements along ``shared_axes`` share a
    slope.
    """
    slopes: Any = ops.convert_to_numpy(layer.alpha)
    if isinstance(x, Op) and has_few_bits(slopes):
        if (slopes <= 1).all():
            return Max(x, multiply_by(x, slopes))
        if (slopes >= 1).all():
            return Min(x, multiply_by(x, slopes))
    return _apply_real(
        layer, x, "a slope", bool((slopes >= 0).all()), _find_axes(slopes, len(x.shape))
    )


@lower.register(keras.layers.Rescaling, reads_reals=True)
def _lower_rescaling(layer: keras.layers.Rescaling, x: Tensor) -> Tensor:
    scale, offset = np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64)
    if scale.ndim and keras.config.image_data_format() == "channels_first":
        scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))  # as Keras does
    if isinstance(x, Op) and has_few_bits(scale) and has_few_bits(offset):
        product = multiply_by(x, scale)
        return Add(product, Const.of(offset, "offset")) if offset.any() else product
    axes = {*_find_axes(scale, len(x.shape)), *_find_axes(offset, len(x.shape))}
    why = f"scale={layer.scale}, offset={layer.offset}"
    return _apply_real(layer, x, why, axes=tuple(axes))


@lower.register(keras.layers.Normalization, reads_reals=True)
def _lower_normalization(layer: keras.layers.Normalization, x: Tensor) -> Tensor:
    """Lower ``(x - mean) / deviation``, or its inverse if ``invert``, with statistics that broadcast to a sample."""
    mean, variance = (np.asarray(ops.convert_to_numpy(v)) for v in (layer.mean, layer.variance))
    if mean.shape[0] != 1:
        raise explain_refusal(
            layer, "a normalisation within a sample", "one along the batch", "Use axis=-1."
        )
    mean, deviation = mean[0], np.maximum(np.sqrt(variance[0]), keras.config.epsilon())
    if isinstance(x, Op) and has_few_bits(mean):
        if layer.invert and has_few_bits(deviation):
            return Add(multiply_by(x, deviation), Const.of(mean, "mean"))
        if not layer.invert and (np.frexp(deviation)[0] == 0.5).all():
            return multiply_by(Sub(x, Const.of(mean, "mean")) if mean.any() else x, 1 / deviation)
    axes = _find_axes(mean, len(x.shape))
    return _apply_real(layer, x, "the variance", axes=axes)


@lower.register(keras.layers.Discretization, reads_reals=True)
def _lower_discretization(layer: keras.layers.Discretization, x: Tensor) -> Op:
    """Lower the index of each number's bin as a step function."""
    if layer.output_mode != "int":
        raise explain_refusal(
            layer, "output_mode='int'", f"{layer.output_mode!r}", "Encode its result later."
        )

    def find_bin(v: KerasTensor) -> KerasTensor:
        return ops.cast(layer(v), v.dtype)

    return step_function(layer, find_bin, x, turns=())
