"""Q-layers that fold a batch normalisation into their kernel and bias before they quantise these."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import keras

from qhls.frontend.layers.batchnorm import read_axis
from qhls.frontend.layers.conv import QConv2D, lower_convolution
from qhls.frontend.layers.dense import QDense
from qhls.frontend.layers.depthwise import (
    QDepthwiseConv2D,
    convolve_channels,
    lower_depthwise,
)
from qhls.frontend.layers.linear import finish, lower_linear
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.ir import Matmul, Op
from qhls.quantizers.keras_types import Identifier, KerasShape, KerasTensor, ops
from qhls.quantizers.numerics import as_trained

FOLDING_MODES = ("ema_stats_folding", "batch_stats_folding")

NORMALISATION_ARGUMENTS = (
    "axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer",
    "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer",
    "gamma_regularizer", "beta_constraint", "gamma_constraint",
)  # fmt: skip


class _Normalization(keras.layers.BatchNormalization):
    """Batch normalisation of a folded layer; mixed precision does not round its variables before they are folded."""

    def add_weight(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """Add a variable that mixed precision does not cast when the layer reads it."""
        return super().add_weight(*args, **{**kwargs, "autocast": False})


class Folded(QLayer):
    """Base class of layers that compute ``activation(op(x, Q(kernel * inv)) + Q((bias - mean) * inv + beta))``.

    ``inv = gamma / sqrt(variance + epsilon)``. As a base it precedes the Q-layer, which gives the op.
    Mean and variance are the moving ones of the op's real output in inference. In training
    they are the batch's, from a first run of the op with the real kernel, which also updates the
    moving ones:

    - "batch_stats_folding" folds the batch's into kernel and bias;
    - "ema_stats_folding" folds the moving variance into the kernel, so that its codes move slowly,
      and corrects the op's result by ``sqrt((moving_variance + epsilon) / (variance + epsilon))``.

    ``iteration`` counts training steps from -1. Once it exceeds ``ema_freeze_delay`` (``None`` or
    negative: never), the moving statistics freeze and training uses them as inference does.

    ``get_quantized_weights``, ``quantize_variable`` and ``get_folded_weights`` return the folded kernel and bias
    of inference. The folded bias always exists; without a ``bias_quantizer`` it stays real.
    """

    plain_product = False
    size_argument = None

    def __init__(
        self,
        *args: Any,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Identifier = "zeros",
        gamma_initializer: Identifier = "ones",
        moving_mean_initializer: Identifier = "zeros",
        moving_variance_initializer: Identifier = "ones",
        beta_regularizer: Identifier = None,
        gamma_regularizer: Identifier = None,
        beta_constraint: Identifier = None,
        gamma_constraint: Identifier = None,
        ema_freeze_delay: int | None = None,
        folding_mode: str = "ema_stats_folding",
        **kwargs: Any,
    ) -> None:
        settings = {
            name: value for name, value in locals().items() if name in NORMALISATION_ARGUMENTS
        }
        if folding_mode not in FOLDING_MODES:
            raise ValueError(
                f"{type(self).__name__}: expected a folding_mode of {' or '.join(FOLDING_MODES)}, "
                f"got {folding_mode!r}. Choose one of these."
            )
        super().__init__(*args, **kwargs)
        self.axis = read_axis(type(self).__name__, axis)
        self.ema_freeze_delay = ema_freeze_delay
        self.folding_mode = folding_mode
        self.batchnorm = _Normalization(
            **settings | {"axis": self._channels, "name": "batchnorm", "dtype": self.dtype_policy}
        )

    @property
    def _channels(self) -> int:
        """Return the index of the channel axis."""
        return 1 if getattr(self, "data_format", None) == "channels_first" else -1

    def build(self, input_shape: KerasShape) -> None:
        """Create kernel, bias, the variables of the normalisation, and the step counter ``iteration``."""
        super().build(input_shape)
        rank = len(input_shape)
        if self.axis != -1 and self.axis % rank != self._channels % rank:
            raise ValueError(
                f"{type(self).__name__}: expected the channels' axis ({self._channels}), got "
                f"axis={self.axis}. Use that axis: no other can be folded into the kernel."
            )
        self.batchnorm.build(self.compute_output_shape(input_shape))
        self.iteration = self.add_weight(
            name="iteration",
            shape=(),
            dtype="int",
            initializer=keras.initializers.Constant(-1),
            trainable=False,
        )

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Save all variables; Keras' convolutions and ``Dense`` write kernel and bias only."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Load all variables of the layer; ``iteration`` stays as it is if the file lacks it.

        The Keras 3 port of QKeras writes ``iteration`` under its name.
        """
        values = {name: store[name] for name in list(store.keys())}
        last = str(1 + self.use_bias)
        values.setdefault(last, values.pop("iteration", self.iteration))
        keras.layers.Layer.load_own_variables(self, values)

    # -- folding ------------------------------------------------------------------------------------

    def apply_kernel(self, inputs: KerasTensor, kernel: KerasTensor) -> KerasTensor:
        """Apply the layer's linear op to ``inputs`` with the given ``kernel``."""
        raise NotImplementedError(f"{type(self).__name__} must define apply_kernel(inputs, kernel)")

    def scale_kernel(self, kernel: KerasTensor, factors: KerasTensor) -> KerasTensor:
        """Multiply each output channel of ``kernel`` by its factor."""
        return factors * kernel

    def get_unquantized(self, variable: str) -> KerasTensor | None:
        """Return the folded kernel or bias that inference uses, before quantisation; ``None`` before the layer is
        built.
        """
        if not self.built:
            return None
        mean, variance = self._read_moving()
        return (
            self._fold_bias(mean, variance) if variable == "bias" else self._fold_kernel(variance)
        )

    def get_folded_weights(self) -> list[Any]:
        """Return kernel and bias, folded with the moving statistics and not quantised."""
        return [self.get_unquantized(each.variable) for each in self.quantized_variables]

    @property
    def _kernel_name(self) -> str:
        return self.quantized_variables[0].variable

    def _read_moving(self) -> tuple[Any, Any]:
        """Return the moving mean and variance, through which no gradient flows."""
        norm = self.batchnorm
        return ops.stop_gradient(norm.moving_mean), ops.stop_gradient(norm.moving_variance)

    def _compute_inverse(self, variance: KerasTensor) -> KerasTensor:
        inverse = ops.rsqrt(as_trained(variance) + self.batchnorm.epsilon)
        return inverse * as_trained(self.batchnorm.gamma) if self.batchnorm.scale else inverse

    def _fold_kernel(self, variance: KerasTensor) -> KerasTensor:
        inverse = self._compute_inverse(variance)
        return self.scale_kernel(ops.cast(self.kernel, inverse.dtype), inverse)

    def _fold_bias(self, mean: KerasTensor, variance: KerasTensor) -> KerasTensor:
        inverse = self._compute_inverse(variance)
        mean = as_trained(mean)
        bias = ops.cast(self.bias, inverse.dtype) - mean if self.use_bias else -mean
        scaled = inverse * bias
        return scaled + as_trained(self.batchnorm.beta) if self.batchnorm.center else scaled

    # -- the call -----------------------------------------------------------------------------------

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        """Apply the folded, quantised kernel, the folded, quantised bias and the activation."""
        mean, variance = self._read_moving()
        kernel_variance, correction = variance, None
        if training and self.trainable:
            mean, variance, live = self._observe(inputs)
            if self.folding_mode == "batch_stats_folding":
                kernel_variance = variance
            else:
                kernel_variance = self._read_moving()[1]
                correction = self._find_correction(kernel_variance, variance, live)
        kernel = self.apply_quantizer(self._kernel_name, self._fold_kernel(kernel_variance))
        outputs = self.apply_kernel(inputs, ops.cast(kernel, self.compute_dtype))
        if correction is not None:
            outputs = outputs * self._broadcast_along(correction, outputs)
        bias = self.apply_quantizer("bias", self._fold_bias(mean, variance))
        return self.activation(outputs + self._broadcast_along(bias, outputs))

    def _observe(self, inputs: KerasTensor) -> tuple[Any, Any, Any]:
        """Update the step counter and the moving statistics; return mean, variance and whether the statistics still
        move.
        """
        norm: Any = self.batchnorm
        kernel = ops.cast(self.kernel, self.compute_dtype)
        outputs = ops.cast(self.apply_kernel(inputs, kernel), norm.moving_mean.dtype)
        if self.use_bias:
            outputs = outputs + self._broadcast_along(ops.cast(self.bias, outputs.dtype), outputs)
        axes = [a for a in range(len(outputs.shape)) if a != self._channels % len(outputs.shape)]
        delay = self.ema_freeze_delay
        live = True if delay is None or delay < 0 else self.iteration <= delay
        used = []
        for batch, variable in zip(
            ops.moments(outputs, axes), (norm.moving_mean, norm.moving_variance), strict=True
        ):
            moving = ops.convert_to_tensor(variable)
            mixed = moving * norm.momentum + ops.stop_gradient(batch) * (1.0 - norm.momentum)
            variable.assign(mixed if live is True else ops.where(live, mixed, moving))
            used.append(batch if live is True else ops.where(live, batch, moving))
        self.iteration.assign(self.iteration + 1)
        return used[0], used[1], live

    def _find_correction(
        self, moving: KerasTensor, variance: KerasTensor, live: KerasTensor | bool
    ) -> KerasTensor:
        """Return the factor that turns outputs normalised by the ``moving`` variance into outputs normalised by
        ``variance``.
        """
        epsilon = self.batchnorm.epsilon
        correction = ops.sqrt(moving + epsilon) * ops.rsqrt(variance + epsilon)
        return correction if live is True else ops.where(live, correction, 1.0)

    def _broadcast_along(self, values: KerasTensor, outputs: KerasTensor) -> KerasTensor:
        """Return ``values``, one per channel, in the type of ``outputs`` and a shape that broadcasts to it."""
        shape = [1] * len(outputs.shape)
        shape[self._channels] = -1
        return ops.cast(ops.reshape(values, shape), outputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys: those of the Q-layer and of the normalisation."""
        norm = self.batchnorm.get_config() | {"axis": self.axis}
        return super().get_config() | {
            **{name: norm[name] for name in NORMALISATION_ARGUMENTS},
            "ema_freeze_delay": self.ema_freeze_delay,
            "folding_mode": self.folding_mode,
        }


@register
class QConv2DBatchnorm(Folded, QConv2D):
    """A ``QConv2D`` with a batch normalisation folded into kernel and bias before these are quantised.

    Arguments are those of ``QConv2D``, of ``keras.layers.BatchNormalization`` without batch
    renormalisation, ``folding_mode`` ("ema_stats_folding" or "batch_stats_folding") and
    ``ema_freeze_delay``: see ``Folded``. ``axis`` is that of the channels; -1 is it in both data
    formats.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: an unknown ``folding_mode``; an ``axis`` that is not that of the channels.
    """

    def apply_kernel(self, inputs: KerasTensor, kernel: KerasTensor) -> Any:
        """Convolve ``inputs`` ``(batch, h, w, in)`` with ``kernel``, masked as in ``QConv2D``; return ``(batch, h',
        w', filters)``.
        """
        masked = kernel if self.mask is None else kernel * ops.cast(self.mask, kernel.dtype)
        return self.convolution_op(inputs, masked)


@register
class QDepthwiseConv2DBatchnorm(Folded, QDepthwiseConv2D):
    """A ``QDepthwiseConv2D`` with a batch normalisation folded in as in ``QConv2DBatchnorm``.

    Arguments are those of ``QDepthwiseConv2D`` and, as there, of the normalisation and the folding.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: an unknown ``folding_mode``; an ``axis`` that is not that of the channels.
    """

    def apply_kernel(self, inputs: KerasTensor, kernel: KerasTensor) -> KerasTensor:
        """Convolve each channel of ``inputs`` ``(batch, h, w, in)`` with ``kernel``; return ``(batch, h', w', in *
        depth_multiplier)``.
        """
        return convolve_channels(self, inputs, kernel=kernel)

    def scale_kernel(self, kernel: KerasTensor, factors: KerasTensor) -> KerasTensor:
        """Multiply each output channel, the last two axes of ``(h, w, in, depth_multiplier)``, by its factor."""
        return ops.reshape(factors, kernel.shape[2:]) * kernel


@register
class QDenseBatchnorm(Folded, QDense):
    """A ``QDense`` with a batch normalisation folded in as in ``QConv2DBatchnorm``.

    Arguments are those of ``QDense`` and, as there, of the normalisation and the folding.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: an unknown ``folding_mode``; an ``axis`` that is not that of the channels.
    """

    def apply_kernel(self, inputs: KerasTensor, kernel: KerasTensor) -> KerasTensor:
        """Compute ``(..., n) @ (n, units)``."""
        return ops.matmul(inputs, kernel)


lower.register(QConv2DBatchnorm)(lower_convolution)  # their kernel and bias are the folded ones
lower.register(QDepthwiseConv2DBatchnorm)(lower_depthwise)


@lower.register(QDenseBatchnorm)
def _lower_dense_batchnorm(layer: QDenseBatchnorm, x: Op) -> Tensor:
    return finish(layer, lower_linear(layer, "kernel", lambda w: Matmul(x, w)))
