"""``QDense`` and its lowering rule."""

from __future__ import annotations

import keras

from qhls.frontend.layers.linear import finish, lower_linear
from qhls.frontend.layers.qlayer import QLayer, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Matmul, Op
from qhls.quantizers.keras_types import KerasTensor, ops


@register
class QDense(QLayer, keras.layers.Dense):
    """Dense layer with quantised weights: ``activation(x @ Q(kernel) + Q(bias))`` on the last axis of x.

    Arguments are those of ``keras.layers.Dense`` and ``kernel_quantizer``, ``bias_quantizer``:
    quantizers, their strings or configurations, or ``None`` for float weights. ``kernel_range`` and
    ``bias_range`` are kept for old QKeras configurations and have no effect. Input ``(batch, ...,
    n)``, output ``(batch, ..., units)``.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    plain_product = True
    size_argument = "units"

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
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
        """Compute ``(..., n) @ (n, units)``."""
        return ops.matmul(inputs, self.quantize_variable("kernel"))


@lower.register(QDense)
def _lower_dense(layer: QDense, x: Op) -> Tensor:
    return finish(layer, lower_linear(layer, "kernel", lambda w: Matmul(x, w)))
