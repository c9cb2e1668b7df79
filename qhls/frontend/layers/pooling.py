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
    """Base class of average poolings that multiply a sum by a quantised ``1 / area``; it comes before Keras' class
    among the bases.
    """

    quantized_variables = (Quantized("average", kernel=False, ranged=False),)
    use_bias = False

    def sum_and_area(self, inputs: KerasTensor) -> tuple[Any, Any]:
        """Return the sum over each window of ``inputs``, and the number of a window's elements."""
        raise NotImplementedError(f"{type(self).__name__} must define sum_and_area(inputs)")

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Return ``sum * Q(1 / area)``, or Keras' average if the layer has no quantizer. Integers become floats."""
        inputs = as_float(inputs)
        if self.average_quantizer is None:
            return self.compute_mean(inputs)
        total, area = self.sum_and_area(inputs)
        reciprocal = 1 / ops.cast(area, keras.config.floatx())
        return total * ops.cast(self.apply_quantizer("average", reciprocal), total.dtype)

    def compute_mean(self, inputs: KerasTensor) -> KerasTensor:
        """Return the average as Keras' layer computes it."""
        return super(QLayer, self).call(inputs)


@register
class QAveragePooling2D(_QAverage, keras.layers.AveragePooling2D):
    """Average pooling ``activation(average(x * area) * Q(1 / area))``, where ``area`` is that of a whole window.

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
        """Return the average of ``inputs * area``, of integers exact for windows without padding, and the area."""
        area = math.prod(self.pool_size)
        return self.compute_mean(inputs * area), area

    def compute_mean(self, inputs: KerasTensor) -> KerasTensor:
        """Return Keras' average, with zeros as padding on torch too, where Keras may repeat the border."""
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
    """Global average pooling ``activation(sum(x) * Q(1 / (height * width)))``.

    Arguments are those of ``keras.layers.GlobalAveragePooling2D`` and ``average_quantizer``: a
    quantizer, its string or configuration; ``None`` averages without rounding.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    def __init__(self, data_format=None, average_quantizer=None, activation=None, **kwargs):
        super().__init__(**collect_arguments(locals()))

    def sum_and_area(self, inputs: KerasTensor) -> tuple[Any, Any]:
        """Return the sum over the whole image, and the number of its pixels."""
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
    """Lower the average and the activation, given ``sums``: the average of each window times ``area * part``."""
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
