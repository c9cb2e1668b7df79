"""``QConv1D`` and its lowering rule."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend.layers.linear import finish
from qhls.frontend.layers.protocols import Convolution
from qhls.frontend.layers.qlayer import QLayer, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.windows import convolve
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Op
from qhls.quantizers.keras_types import KerasTensor, ops


@register
class QConv1D(QLayer, keras.layers.Conv1D):
    """1D convolution with quantised weights: ``activation(conv(x, Q(kernel)) + Q(bias))``.

    Arguments are those of ``keras.layers.Conv1D`` and ``kernel_quantizer``, ``bias_quantizer``:
    quantizers, their strings or configurations, or ``None`` for float weights. ``padding="causal"``
    looks at the past only. ``kernel_range`` and ``bias_range`` are kept for old QKeras
    configurations and have no effect. Input ``(batch, steps, in)``, output ``(batch, steps',
    filters)``.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    plain_product = True
    size_argument = "filters"

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="he_normal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        bias_quantizer=None,
        kernel_range=None,
        bias_range=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Convolve ``inputs`` ``(batch, steps, in)`` with the quantised kernel; return ``(batch, steps', filters)``."""
        inputs, padding = pad_causal(self, inputs)
        return ops.conv(
            inputs,
            self.quantize_variable("kernel"),
            strides=self.strides,
            padding=padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )


def pad_causal(layer: Convolution, inputs: KerasTensor) -> tuple[Any, str]:
    """Return ``inputs`` zero-padded if the convolution is causal, and the ``padding`` that the convolution itself
    still adds.

    ``padding="causal"`` is done here: zeros before the first step.
    """
    if layer.padding != "causal":
        return inputs, layer.padding
    before = (layer.dilation_rate[0] * (layer.kernel_size[0] - 1), 0)
    last = layer.data_format == "channels_last"
    return ops.pad(inputs, ((0, 0), before, (0, 0)) if last else ((0, 0), (0, 0), before)), "valid"


@lower.register(QConv1D)
def _lower_conv1d(layer: QConv1D, x: Op) -> Tensor:
    groups = layer.groups
    return finish(layer, convolve(layer, x, "kernel", lambda kernel: kernel[None], groups=groups))
