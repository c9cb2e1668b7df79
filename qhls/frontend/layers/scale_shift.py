"""``QScaleShift`` and ``QChannelScaleShift``, which scale and shift a whole tensor or each channel, and their lowering
rule.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.linear import make_weight
from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Add, Mul, Op
from qhls.quantizers.keras_types import KerasShape, KerasTensor, ops

_PARTS = {
    name: getattr(keras, f"{name.partition('_')[2]}s")
    for name in ("weight_initializer", "weight_regularizer", "bias_initializer", "bias_regularizer")
}
"""Module of Keras that serialises and deserialises each argument."""


class _ScaleShift(keras.layers.Layer):
    """Base layer with the variables of ``QScaleShift``, because Keras has no such layer."""

    def __init__(self, use_bias: bool, **arguments: Any) -> None:
        parts = {name: _PARTS[name].get(arguments.pop(name)) for name in _PARTS}
        super().__init__(**arguments)
        self.use_bias = use_bias
        for name, part in parts.items():
            setattr(self, name, part)

    def build(self, input_shape: KerasShape) -> None:
        """Make ``weight`` and ``bias``."""
        shape = self.find_variable_shape(input_shape)
        self.weight = self._add("weight", shape)
        self.bias = self._add("bias", shape) if self.use_bias else None

    def find_variable_shape(self, input_shape: KerasShape) -> tuple[int, ...]:
        """Return the shape of ``weight`` and ``bias``."""
        return (1, 1)

    def _add(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        parts = {what: getattr(self, f"{name}_{what}") for what in ("initializer", "regularizer")}
        return self.add_weight(name=name, shape=shape, **parts)

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        parts = {name: module.serialize(getattr(self, name)) for name, module in _PARTS.items()}
        return super().get_config() | parts | {"use_bias": self.use_bias}


@register
class QScaleShift(QLayer, _ScaleShift):
    """Layer that computes ``activation(x * Q(weight) + Q(bias))`` with one weight and one bias for all of x.

    ``weight_quantizer`` and ``bias_quantizer`` are quantizers, their strings or configurations, or
    ``None`` for float weights. As in QKeras both become ``auto_po2`` if they have no ``alpha``.
    Input of any shape ``(batch, n, ...)``; the output has it too.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    quantized_variables = (Quantized("weight", ranged=False), Quantized("bias", ranged=False))

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        weight_quantizer=None,
        bias_quantizer=None,
        use_bias=True,
        activation=None,
        weight_initializer="he_normal",
        weight_regularizer=None,
        bias_initializer="zeros",
        bias_regularizer=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Compute ``x * weight``."""
        return ops.multiply(inputs, self.quantize_variable("weight"))


@register
class QChannelScaleShift(QScaleShift):
    """Layer that computes ``activation(x * Q(weight) + Q(bias))`` with one weight and one bias per channel; channels
    lie along the last axis.

    Arguments are those of ``QScaleShift``. A normalisation in fixed point.
    """

    def find_variable_shape(self, input_shape: KerasShape) -> tuple[int, ...]:
        """Return the shape of ``weight`` and ``bias``: one element per channel."""
        return (input_shape[-1],)


@lower.register(QScaleShift)
def _lower_scale_shift(layer: QScaleShift, x: Op) -> Tensor:
    scaled: Op = Mul(x, make_weight(layer, "weight", np.ravel))
    if layer.use_bias:
        scaled = Add(scaled, make_weight(layer, "bias", np.ravel))
    return activate(layer, layer.activation, scaled)
