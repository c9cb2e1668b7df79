"""``QConv2D`` and its lowering rule."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from qhls.frontend.lower import finish, lower, refusal, weight
from qhls.frontend.qlayer import QLayer, given
from qhls.frontend.registry import register
from qhls.ir import Conv, Op, Pad


@register
class QConv2D(QLayer, keras.layers.Conv2D):
    """``activation(conv(x, Q(kernel) * mask) + Q(bias))``.

    Arguments are those of ``keras.layers.Conv2D`` and ``kernel_quantizer``, ``bias_quantizer``
    (quantizers, their strings or configurations, or ``None`` for float weights) and ``mask``: an
    array that broadcasts against the kernel ``(height, width, in / groups, out)``; one of rank 2 is
    ``(height, width)``. ``kernel_range`` and ``bias_range`` are kept for old QKeras configurations
    and have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: a mask that is neither of rank 2 nor of rank 4.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format="channels_last",
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        kernel_initializer="he_normal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        kernel_range=None,
        bias_range=None,
        kernel_quantizer=None,
        bias_quantizer=None,
        mask=None,
        **kwargs,
    ):
        arguments = given(locals())
        mask = arguments.pop("mask")
        super().__init__(**arguments)
        self.mask = None if mask is None else _mask(mask)

    def quantized(self, variable: str) -> Any:
        """As ``QLayer.quantized``; the kernel is masked after it is quantised."""
        value = super().quantized(variable)
        if variable == "kernel" and self.mask is not None:
            return value * ops.cast(self.mask, value.dtype)
        return value

    def product(self, inputs: Any) -> Any:
        """``(batch, h, w, in)`` -> ``(batch, h', w', filters)``."""
        return self.convolution_op(inputs, self.quantized("kernel"))

    def get_config(self) -> dict[str, Any]:
        """Configuration with QKeras' keys; the mask as nested lists."""
        return super().get_config() | {"mask": None if self.mask is None else self.mask.tolist()}


def _mask(mask: Any) -> np.ndarray:
    array = np.asarray(mask, dtype="float32")
    if array.ndim == 2:
        return array[:, :, None, None]
    if array.ndim != 4:
        raise ValueError(
            f"QConv2D: expected a mask of shape (height, width) or (height, width, in, out), "
            f"received one of shape {array.shape}"
        )
    return array


def pair(sizes: Any) -> tuple[int, int]:
    """Rows and columns, as Keras layers hold them."""
    rows, columns = sizes
    return int(rows), int(columns)


def same_padding(length: int, size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What ``padding="same"`` puts before and behind a line: for ``ceil(length / stride)`` windows.

    An odd element goes behind.
    """
    total = max((-(-length // stride) - 1) * stride + (size - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def pad_same(
    x: Op,
    size: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
    value: int = 0,
) -> Op:
    """``x`` (rows, columns, channels) with what Keras' ``padding="same"`` adds, of code ``value``."""
    lines = zip(x.shape, size, strides, dilation, strict=False)
    widths = [same_padding(*line) for line in lines]
    return Pad(x, (*widths, (0, 0)), value) if any(map(any, widths)) else x


@lower.register(QConv2D)
def convolution(layer: QConv2D, x: Op) -> Op:
    """The rule of every ``QConv2D``, also of those whose kernel something is folded into."""
    require_channels_last(layer)
    if layer.groups > 1:
        raise refusal(layer, "groups=1", f"groups={layer.groups}; use one QConv2D a group")
    mask = 1 if layer.mask is None else layer.mask.astype("float64")
    kernel = weight(layer, "kernel", mask)
    size, strides, dilation = (
        pair(layer.kernel_size),
        pair(layer.strides),
        pair(layer.dilation_rate),
    )
    if layer.padding == "same":
        x = pad_same(x, size, strides, dilation)
    return finish(layer, Conv(x, kernel, strides, dilation))


def require_channels_last(layer: Any) -> None:
    """Refuse ``data_format="channels_first"``."""
    if layer.data_format != "channels_last":
        raise refusal(
            layer,
            "data_format='channels_last'",
            f"{layer.data_format!r}; build the model with channels last",
        )
