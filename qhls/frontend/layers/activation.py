"""``QActivation``, and the lowering rules of activation layers."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend.layers.qlayer import QuantizerState, get_activation, serialize
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import activate, lower, lower_softmax
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Op
from qhls.quantizers.keras_types import Identifier, KerasShape, KerasTensor


@register
class QActivation(QuantizerState):
    """Layer that applies a quantizer or an activation function to its input.

    ``activation`` is a quantizer, its string such as ``"quantized_relu(6,2)"``, its configuration,
    or a function or its name. The output has the input's shape.

    Raises:
        QuantizerError: a quantizer or function that does not exist.
    """

    def __init__(self, activation: Identifier, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self.quantizer = get_activation(activation)
        self.supports_masking = True

    def call(self, inputs: KerasTensor) -> KerasTensor:
        """Quantize ``inputs``."""
        return self.quantizer(inputs)

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the input's shape."""
        return input_shape

    def get_quantizers(self) -> list[Any]:
        """Return the quantizer or function, in a list."""
        return [self.quantizer]

    def get_quantization_config(self) -> str:
        """Return the quantizer's text, for reports."""
        return str(self.activation)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys; an activation given as a string remains a string."""
        text = self.activation if isinstance(self.activation, str) else None
        return super().get_config() | {"activation": text or serialize(self.quantizer)}


@lower.register(QActivation, reads_reals=True)
def _lower_q_activation(layer: QActivation, x: Tensor) -> Tensor:
    return activate(layer, layer.quantizer, x)


@lower.register(keras.layers.Activation, reads_reals=True)
def _lower_activation(layer: keras.layers.Activation, x: Tensor) -> Tensor:
    return activate(layer, layer.activation, x)


@lower.register(keras.layers.Softmax)
def _lower_softmax_layer(layer: keras.layers.Softmax, x: Op) -> Op:
    return lower_softmax(layer, x, layer.axis)
