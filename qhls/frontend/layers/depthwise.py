"""``QDepthwiseConv2D`` and its lowering rule."""

from __future__ import annotations

import keras

from qhls.frontend.layers.linear import finish
from qhls.frontend.layers.protocols import QConvolution
from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.windows import convolve_depthwise
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Op
from qhls.quantizers.keras_types import KerasTensor, ops


@register
class QDepthwiseConv2D(QLayer, keras.layers.DepthwiseConv2D):
    """Depthwise 2D convolution with quantised weights: ``activation(depthwise_conv(x, Q(depthwise_kernel)) +
    Q(bias))``.

    Arguments are those of ``keras.layers.DepthwiseConv2D`` and ``depthwise_quantizer``,
    ``bias_quantizer``: quantizers, their strings or configurations, or ``None`` for float weights.
    The kernel is ``(height, width, in, depth_multiplier)``: an automatic scale is one for each
    multiple unless the quantizer has a ``scale_axis``. ``depthwise_range`` and ``bias_range`` are
    kept for old QKeras configurations and have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    plain_product = True

    quantized_variables = (
        Quantized("depthwise_kernel", prefix="depthwise"),
        Quantized("bias", kernel=False),
    )

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        activation=None,
        use_bias=True,
        depthwise_initializer="he_normal",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        dilation_rate=(1, 1),
        depthwise_quantizer=None,
        bias_quantizer=None,
        depthwise_range=None,
        bias_range=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    @property
    def depthwise_kernel(self) -> KerasTensor:
        """Return the kernel, under QKeras' name for it."""
        return self.kernel

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Convolve each channel of ``inputs`` ``(batch, h, w, in)``; return ``(batch, h', w', in *
        depth_multiplier)``.
        """
        return convolve_channels(self, inputs)


def convolve_channels(
    layer: QConvolution,
    inputs: KerasTensor,
    padding: str | None = None,
    kernel: KerasTensor | None = None,
) -> KerasTensor:
    """Convolve each channel of ``inputs`` with ``layer``'s quantised depthwise kernel.

    ``padding`` and ``kernel``, where given, take the place of ``layer``'s.
    """
    return ops.depthwise_conv(
        inputs,
        layer.quantize_variable("depthwise_kernel") if kernel is None else kernel,
        strides=layer.strides,
        padding=padding or layer.padding,
        dilation_rate=layer.dilation_rate,
        data_format=layer.data_format,
    )


@lower.register(QDepthwiseConv2D)
def lower_depthwise(layer: QDepthwiseConv2D, x: Op) -> Tensor:
    """Lower a ``QDepthwiseConv2D``, also one whose kernel is folded with a normalisation."""
    return finish(layer, convolve_depthwise(layer, x))
