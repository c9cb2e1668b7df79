"""``QBatchNormalization``, and the lowering rule that it shares with ``keras.layers.BatchNormalization``."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor, apply_real_along
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.quantizers.keras_types import KerasTensor, ops


@register
class QBatchNormalization(QLayer, keras.layers.BatchNormalization):
    """Batch normalisation ``activation(x * inv + (Q(beta) - Q(mean) * inv))`` with quantised parameters, where ``inv =
    Q(Q(gamma) / sqrt(Q(variance) + epsilon))``.

    Arguments are those of ``keras.layers.BatchNormalization`` without batch renormalisation, and
    ``gamma_quantizer``, ``beta_quantizer``, ``mean_quantizer``, ``variance_quantizer`` and
    ``inverse_quantizer``: quantizers, their strings or configurations, or ``None`` for real
    numbers. ``inverse_quantizer`` is for ``inv`` as a whole, so it takes the place of
    ``gamma_quantizer`` and ``variance_quantizer``. Training normalises with the batch's mean and
    variance, quantised too; the moving averages are those of the real ones. ``gamma_range`` and
    ``beta_range`` are kept for old QKeras configurations and have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: an ``inverse_quantizer`` beside one for gamma or variance; several axes; renorm.
    """

    quantized_variables = (
        Quantized("gamma"),
        Quantized("beta", kernel=False),
        Quantized("moving_mean", prefix="mean", kernel=False, ranged=False),
        Quantized("moving_variance", prefix="variance", ranged=False),
        Quantized("inverse", kernel=False, ranged=False),
    )

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        axis=-1,
        momentum=0.99,
        epsilon=1e-3,
        center=True,
        scale=True,
        activation=None,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_quantizer="quantized_po2(5)",
        gamma_quantizer="quantized_relu_po2(6,2048)",
        mean_quantizer="quantized_po2(5)",
        variance_quantizer="quantized_relu_po2(6,quadratic_approximation=True)",
        inverse_quantizer=None,
        gamma_constraint=None,
        beta_constraint=None,
        beta_range=None,
        gamma_range=None,
        **kwargs,
    ):
        factors = (gamma_quantizer, variance_quantizer)
        if inverse_quantizer is not None and factors != (None, None):
            raise ValueError(
                f"QBatchNormalization: expected gamma_quantizer=None and variance_quantizer=None "
                f"beside inverse_quantizer={inverse_quantizer!r}, got {gamma_quantizer!r} and "
                f"{variance_quantizer!r}. Quantise either the factors or their product."
            )
        if kwargs.get("renorm"):
            raise ValueError("QBatchNormalization: expected renorm=False, got True. Leave it out.")
        del factors
        arguments = collect_arguments(locals())
        arguments["axis"] = read_axis("QBatchNormalization", axis)
        super().__init__(**arguments)

    def call(
        self, inputs: KerasTensor, training: bool | None = None, mask: KerasTensor | None = None
    ) -> KerasTensor:
        """Normalise ``inputs`` and apply the activation; elements where ``mask`` is false are left out of the batch
        statistics.
        """
        return self.activation(self.normalise(inputs, training, mask))

    def normalise(
        self, inputs: KerasTensor, training: bool | None = None, mask: KerasTensor | None = None
    ) -> KerasTensor:
        """Return the normalised ``inputs`` before the activation; training also updates the moving statistics."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        variables: tuple[Any, Any] = self.moving_mean, self.moving_variance
        mean, variance = (ops.cast(variable, x.dtype) for variable in variables)
        if training and self.trainable:
            moving, momentum = (mean, variance), self.momentum
            moments: Any = self._moments(x, mask)
            mean, variance = moments
            for variable, old, new in zip(variables, moving, moments, strict=True):
                variable.assign(old * momentum + new * (1.0 - momentum))
        mean = self.apply_quantizer("moving_mean", mean)
        inverse = ops.rsqrt(self.apply_quantizer("moving_variance", variance) + self.epsilon)
        if self.scale:
            inverse = inverse * self.apply_quantizer("gamma", ops.cast(self.gamma, x.dtype))
        inverse = self.apply_quantizer("inverse", inverse)
        offset = -mean * inverse
        if self.center:
            offset = self.apply_quantizer("beta", ops.cast(self.beta, x.dtype)) + offset
        shape = [1] * len(x.shape)
        shape[self.axis] = -1
        outputs = x * ops.reshape(inverse, shape) + ops.reshape(offset, shape)
        return ops.cast(outputs, self.compute_dtype)

    def get_prunable_weights(self) -> list[Any]:
        """Return no weights: the layer has no kernel."""
        return []


def read_axis(name: str, axis: Any) -> int:
    """Return ``axis`` as an integer; Keras 2 writes it as a list of one element."""
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if len(axes) != 1:
        raise ValueError(f"{name}: expected one axis, got {axis!r}. Normalise along one axis.")
    return int(axes[0])


@lower.register(QBatchNormalization, reads_reals=True)
@lower.register(keras.layers.BatchNormalization, reads_reals=True)
def _lower_batch_normalization(layer: keras.layers.BatchNormalization, x: Tensor) -> Tensor:
    """Lower the layer as a function with real results, which a following quantizer must round."""
    odd = explain_refusal(
        layer,
        "a quantizer behind the normalisation, whose factors are real numbers",
        "none",
        "Add a QActivation, or fold it into the layer before (qhls.utils.convert_to_folded_model).",
    )

    normalise = layer.normalise if isinstance(layer, QBatchNormalization) else layer
    axis = layer.axis % (len(x.shape) + 1) - 1
    normal = apply_real_along(x, lambda v: normalise(v, training=False), odd, axes=(axis,))
    return activate(layer, getattr(layer, "activation", None), normal)
