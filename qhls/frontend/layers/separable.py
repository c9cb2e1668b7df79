"""``QSeparableConv1D``, ``QSeparableConv2D`` and their lowering rule."""

from __future__ import annotations

import keras
import numpy as np

from qhls.frontend.layers.conv1d import pad_causal
from qhls.frontend.layers.depthwise import convolve_channels
from qhls.frontend.layers.linear import Arrange, finish
from qhls.frontend.layers.protocols import QConvolution
from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.windows import convolve, convolve_depthwise
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor, require_exact
from qhls.ir import Op
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasTensor, ops


class _Separable(QLayer):
    """Base class of separable convolutions ``activation(conv(depthwise_conv(x, Q(depthwise)), Q(pointwise)) +
    Q(bias))``.
    """

    quantized_variables = (
        Quantized("depthwise_kernel", prefix="depthwise", ranged=False),
        Quantized("pointwise_kernel", prefix="pointwise", ranged=False),
        Quantized("bias", kernel=False, ranged=False),
    )
    inner_activations = ("depthwise_activation",)

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Apply both convolutions to ``inputs`` ``(batch, ..., in)``, with ``depthwise_activation`` between them;
        return ``(batch, ..., filters)``.
        """
        inputs, padding = pad_causal(self, inputs)
        outputs = convolve_channels(self, inputs, padding)
        if self.depthwise_activation is not None:
            outputs = self.depthwise_activation(outputs)
        pointwise = self.quantize_variable("pointwise_kernel")
        return ops.conv(outputs, pointwise, padding="valid", data_format=self.data_format)


@register
class QSeparableConv1D(_Separable, keras.layers.SeparableConv1D):
    """Separable 1D convolution: a depthwise, then a pointwise convolution, both with quantised weights.

    Arguments are those of ``keras.layers.SeparableConv1D`` and ``depthwise_quantizer``,
    ``pointwise_quantizer``, ``bias_quantizer``: quantizers, their strings or configurations, or
    ``None`` for float weights. ``padding`` may be "causal" too. ``depthwise_activation``, which
    QKeras lacks, is a quantizer or function between the two convolutions; without it nothing is
    rounded there. Axes of a quantizer's ``scale_axis`` are those of the kernels ``(size, in,
    depth_multiplier)`` and ``(1, in * depth_multiplier, filters)``.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        depthwise_quantizer=None,
        pointwise_quantizer=None,
        bias_quantizer=None,
        depthwise_activation=None,
        **kwargs,
    ):
        arguments = collect_arguments(locals())
        causal = str(padding).lower() == "causal"  # Keras 2 had it, Keras 3's class refuses it
        super().__init__(**arguments | ({"padding": "valid"} if causal else {}))
        self.padding = "causal" if causal else self.padding


@register
class QSeparableConv2D(_Separable, keras.layers.SeparableConv2D):
    """Separable 2D convolution: a depthwise, then a pointwise convolution, both with quantised weights.

    Arguments are those of ``keras.layers.SeparableConv2D`` and ``depthwise_quantizer``,
    ``pointwise_quantizer``, ``bias_quantizer``: quantizers, their strings or configurations, or
    ``None`` for float weights. ``depthwise_activation``, which QKeras lacks, is a quantizer or
    function between the two convolutions; without it nothing is rounded there.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        depthwise_quantizer=None,
        pointwise_quantizer=None,
        bias_quantizer=None,
        depthwise_activation=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@lower.register(QSeparableConv1D)
@lower.register(QSeparableConv2D)
def _lower_separable_conv(layer: _Separable, x: Op) -> Tensor:
    between = activate(layer, layer.depthwise_activation, convolve_depthwise(layer, x))
    return finish(layer, lower_pointwise(layer, require_exact(layer, between)))


def lower_pointwise(layer: QConvolution, x: Op, arrange: Arrange = np.asarray) -> Tensor:
    """Lower the pointwise convolution of ``x`` with a kernel that ``arrange`` brings to the shape (1, in, out) or (1,
    1, in, out).
    """

    def arrange_image(kernel: Array) -> Array:
        return arrange(kernel).reshape(1, 1, *arrange(kernel).shape[-2:])

    return convolve(layer, x, "pointwise_kernel", arrange_image, pointwise=True)
