"""``QConv2D`` and its lowering rule."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from qhls.frontend.layers.linear import finish
from qhls.frontend.layers.qlayer import QLayer, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.windows import convolve
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Op
from qhls.quantizers.keras_types import KerasTensor, ops


@register
class QConv2D(QLayer, keras.layers.Conv2D):
    """2D convolution with quantised weights: ``activation(conv(x, Q(kernel) * mask) + Q(bias))``.

    Arguments are those of ``keras.layers.Conv2D`` and ``kernel_quantizer``, ``bias_quantizer``:
    quantizers, their strings or configurations, or ``None`` for float weights. ``mask`` is an array
    that broadcasts to the kernel ``(height, width, in / groups, out)``; one of rank 2 is
    ``(height, width)``. ``kernel_range`` and ``bias_range`` are kept for old QKeras configurations
    and have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: a mask that is neither of rank 2 nor of rank 4.
    """

    plain_product = True
    size_argument = "filters"

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
        arguments = collect_arguments(locals())
        mask = arguments.pop("mask")
        super().__init__(**arguments)
        self.mask = None if mask is None else _apply_mask(mask)

    def quantize_variable(self, variable: str) -> KerasTensor:
        """Return the quantised variable; a kernel is masked after it is quantised."""
        value = super().quantize_variable(variable)
        if variable == "kernel" and self.mask is not None:
            return value * ops.cast(self.mask, value.dtype)
        return value

    def compute_product(self, inputs: KerasTensor) -> Any:
        """Convolve ``inputs`` ``(batch, h, w, in)`` with the quantised kernel; return ``(batch, h', w', filters)``."""
        return self.convolution_op(inputs, self.quantize_variable("kernel"))

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys; the mask as nested lists."""
        return super().get_config() | {"mask": None if self.mask is None else self.mask.tolist()}


def _apply_mask(mask: ArrayLike) -> np.ndarray:
    array = np.asarray(mask, dtype="float32")
    if array.ndim == 2:
        return array[:, :, None, None]
    if array.ndim != 4:
        raise ValueError(
            f"QConv2D: expected a mask of shape (height, width) or (height, width, in, out), "
            f"got one of shape {array.shape}. Reshape it."
        )
    return array


@lower.register(QConv2D)
def lower_convolution(layer: QConv2D, x: Op) -> Tensor:
    """Lower a ``QConv2D``, also one whose kernel is folded with a normalisation."""
    mask = 1 if layer.mask is None else layer.mask.astype("float64")
    return finish(layer, convolve(layer, x, "kernel", mask=mask, groups=layer.groups))
