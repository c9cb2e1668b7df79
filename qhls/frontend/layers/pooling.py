"""``QAveragePooling2D``, ``QGlobalAveragePooling2D`` and their lowering rules."""

from __future__ import annotations

import math
from typing import Any

import keras

from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.windows import (
    explain_average,
    find_same_padding,
    lower_mean,
    lower_window_sums,
    reduce_all,
    require_channels_last,
)
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor, apply_real
from qhls.ir import Const, Mul, Op
from qhls.quantizers.keras_types import KerasTensor, ops
from qhls.quantizers.numerics import as_float


class _QAverage(QLayer):
    """An average as a sum times a quantised ``1 / area``; it precedes the Keras layer."""

    quantized_variables = (Quantized("average", kernel=False, ranged=False),)
    use_bias = False

    def sum_and_area(self, inputs: KerasTensor) -> tuple[Any, Any]:
        """Return the sum over each window of ``inputs``, and the number of a window's elements."""
        raise NotImplementedError(f"{type(self).__name__} must define sum_and_area(inputs)")

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Compute ``sum * Q(1 / area)``; Keras' average without a quantizer. Integers become floats."""
        inputs = as_float(inputs)
        if self.average_quantizer is None:
            return self.compute_mean(inputs)
        total, area = self.sum_and_area(inputs)
        reciprocal = 1 / ops.cast(area, keras.config.floatx())
        return total * ops.cast(self.apply_quantizer("average", reciprocal), total.dtype)

    def compute_mean(self, inputs: KerasTensor) -> KerasTensor:
        """Return Keras' average."""
        return super(QLayer, self).call(inputs)


@register
class QAveragePooling2D(_QAverage, keras.layers.AveragePooling2D):
    """``activation(average(x * area) * Q(1 / area))``, ``area`` that of a whole window.

    Arguments are those of ``keras.layers.AveragePooling2D`` and ``average_quantizer``: a quantizer,
    its string or configuration; ``None`` averages without rounding. With ``padding="same"`` a
    window at the border averages what lies inside the image.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        pool_size=(2, 2),
        strides=None,
        padding="valid",
        data_format=None,
        average_quantizer=None,
        activation=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    def sum_and_area(self, inputs: KerasTensor) -> tuple[Any, Any]:
        """Return the average times the area: multiplied first, so exact for integers, as in hardware."""
        area = math.prod(self.pool_size)
        return self.compute_mean(inputs * area), area

    def compute_mean(self, inputs: KerasTensor) -> KerasTensor:
        """Return Keras' average, the same on all backends: that of torch repeats the border when padded."""
        axes = (1, 2) if self.data_format == "channels_last" else (2, 3)
        if self.padding != "same" or None in [inputs.shape[axis] for axis in axes]:
            return super().compute_mean(inputs)
        widths = [(0, 0)] * 4
        for axis, size, stride in zip(axes, self.pool_size, self.strides, strict=True):
            widths[axis] = find_same_padding(inputs.shape[axis], size, stride)
        area = math.prod(self.pool_size)
        # Multiplied before it is averaged, both are exact for integers. The second: how many lie inside.
        filled = [inputs * area, ops.full_like(inputs[:1], area)]
        totals, counts = (
            ops.average_pool(
                ops.pad(x, widths), self.pool_size, self.strides, "valid", self.data_format
            )
            for x in filled
        )
        return totals / counts


@register
class QGlobalAveragePooling2D(_QAverage, keras.layers.GlobalAveragePooling2D):
    """``activation(sum(x) * Q(1 / (height * width)))``.

    Arguments are those of ``keras.layers.GlobalAveragePooling2D`` and ``average_quantizer``: a
    quantizer, its string or configuration; ``None`` averages without rounding.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    def __init__(self, data_format=None, average_quantizer=None, activation=None, **kwargs):
        super().__init__(**collect_arguments(locals()))

    def sum_and_area(self, inputs: KerasTensor) -> tuple[Any, Any]:
        """Return sum and area of the whole image."""
        axes = (1, 2) if self.data_format == "channels_last" else (2, 3)
        height, width = (ops.shape(inputs)[axis] for axis in axes)
        return ops.sum(inputs, axis=axes, keepdims=self.keepdims), height * width


@lower.register(QAveragePooling2D)
def _lower_average_pooling2d(layer: QAveragePooling2D, x: Op) -> Tensor:
    sums, part = lower_window_sums(layer, x)
    return _average(layer, sums, math.prod(layer.pool_size), part)


@lower.register(QGlobalAveragePooling2D)
def _lower_global_average_pooling2d(layer: QGlobalAveragePooling2D, x: Op) -> Tensor:
    require_channels_last(layer)
    return _average(layer, reduce_all(layer, x, "sum"), math.prod(x.shape[:-1]))


def _average(layer: _QAverage, sums: Op, area: int, part: int = 1) -> Tensor:
    """Lower average and activation; ``sums`` are ``part`` times the sums of a whole window."""
    quantizer = layer.average_quantizer
    if quantizer is None:
        divided = getattr(layer, "padding", "") == "same"
        return activate(
            layer, layer.activation, lower_mean(layer, sums, area, part, divided=divided)
        )
    reciprocal = layer.apply_quantizer("average", ops.cast(1 / area, keras.config.floatx()))
    if part == 1:
        average: Tensor = Mul(sums, Const.of(ops.convert_to_numpy(reciprocal), "reciprocal"))
    else:

        def scale(v: KerasTensor) -> KerasTensor:
            return v / part * ops.cast(reciprocal, v.dtype)

        average = apply_real(sums, scale, explain_average(layer, area), shared=True)
    return activate(layer, layer.activation, average)
