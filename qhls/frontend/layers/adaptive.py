"""``QAdaptiveActivation``: an activation quantizer that adapts its integer bits to the range of activations in
training.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import activate, explain_refusal, lower, multiply_by
from qhls.frontend.lowering.reals import Tensor, apply_real_along
from qhls.frontend.lowering.steps import step_function
from qhls.ir import Op
from qhls.quantizers import Quantizer, quantized_bits, quantized_relu
from qhls.quantizers.keras_types import KerasShape, KerasTensor, ops
from qhls.quantizers.numerics import as_float

_QUANTIZERS = ("quantized_bits", "quantized_relu")


def get_integer_bits(  # noqa: PLR0917 - QKeras' order
    min_value: KerasTensor,
    max_value: KerasTensor,
    bits: int = 8,
    symmetric: bool = False,
    keep_negative: bool = False,
    is_clipping: bool = True,
) -> KerasTensor:
    """Return the number of integer bits, without the sign, with which a type of ``bits`` bits covers ``[min_value,
    max_value]``.

    They are the fewest, up to ``bits - keep_negative``, with which neither end saturates. With
    ``is_clipping`` they are those of the nearest power of two, so the ends may saturate. ``min_value``
    counts with ``keep_negative`` only; ``symmetric``: the lowest code is minus the highest. The
    values are tensors of one shape, the result is an int32 tensor of that shape.
    """
    magnitude_bits = bits - int(bool(keep_negative))
    powers = 2.0 ** np.arange(magnitude_bits)
    highest = powers * (1.0 - 2.0**-magnitude_bits)  # the largest value with 0, 1, ... integer bits
    lowest = highest if symmetric else powers
    if is_clipping:
        highest = lowest = powers * np.sqrt(2.0)
    integer = _count_below(max_value, highest)
    return ops.maximum(integer, _count_below(-min_value, lowest)) if keep_negative else integer


def _count_below(value: KerasTensor, limits: np.ndarray) -> KerasTensor:
    """Return the number of ``limits`` below each entry of ``value``."""
    value = ops.expand_dims(as_float(value), -1)
    below = value > ops.cast(ops.convert_to_tensor(limits), value.dtype)
    return ops.sum(ops.cast(below, "int32"), axis=-1)


@register
class QAdaptiveActivation(keras.layers.Layer):
    """Layer that applies ``quantized_bits`` or ``quantized_relu`` with as many integer bits as the activations need.

    Training keeps exponential moving averages of the smallest and largest activation (after the
    relu, before the quantizer), from 0 on. Before a step updates them, ``get_integer_bits`` of them
    gives the quantizer's ``integer``; its ``alpha`` is 1. Inference only reads them.
    The averages and the number of the last training step are the layer's weights.

    Args:
        activation: "quantized_bits" or "quantized_relu", without arguments.
        total_bits: the quantizer's bits.
        current_step: a variable that counts training steps, such as ``optimizer.iterations``, or
            the number from which the layer counts itself; ``None``: its first step is 0.
        symmetric: the lowest code is minus the highest.
        quantization_delay: training steps that pass real numbers, before the first that quantises.
        ema_freeze_delay: the last training step that updates the averages; ``None``: every one.
        ema_decay: how much of an average a training step keeps.
        per_channel: averages and integer bits for each channel.
        po2_rounding: integer bits by the nearest power of two, see ``get_integer_bits``.
        relu_neg_slope: ``negative_slope`` of "quantized_relu".
        relu_upper_bound: ``relu_upper_bound`` of "quantized_relu", where the real relu saturates too.

    Raises:
        ValueError: another ``activation``.
        QuantizerError: what the quantizer refuses.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        activation: str,
        total_bits: int,
        current_step: keras.Variable | int | None = None,
        symmetric: bool = True,
        quantization_delay: int = 0,
        ema_freeze_delay: int | None = None,
        ema_decay: float = 0.9999,
        per_channel: bool = False,
        po2_rounding: bool = False,
        relu_neg_slope: float = 0.0,
        relu_upper_bound: float | None = None,
        **kwargs: Any,
    ) -> None:
        if activation not in _QUANTIZERS:
            raise ValueError(
                f"QAdaptiveActivation: expected the activation {' or '.join(map(repr, _QUANTIZERS))}, "
                f"without arguments, got {activation!r}. Choose one of these."
            )
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activation
        self.total_bits = total_bits
        self.symmetric = symmetric
        self.quantization_delay = quantization_delay
        self.ema_freeze_delay = ema_freeze_delay
        self.ema_decay = ema_decay
        self.per_channel = per_channel
        self.po2_rounding = po2_rounding
        self.relu_neg_slope = relu_neg_slope
        self.relu_upper_bound = relu_upper_bound
        self._counted_elsewhere = isinstance(current_step, keras.Variable)
        self._current_step = lambda: current_step  # a variable within is not this layer's weight
        self._make_quantizer(0)

    def build(self, input_shape: KerasShape) -> None:
        """Create the counter of training steps and the moving averages."""
        self.step = self._read_number("step", (), "int", -1)
        channels = (
            input_shape[self._find_channel_axis(len(input_shape))] if self.per_channel else 1,
        )
        self.ema_min = self._read_number("ema_min", channels, self.variable_dtype, 0)
        self.ema_max = self._read_number("ema_max", channels, self.variable_dtype, 0)
        if not self._counted_elsewhere and self._current_step() is not None:
            self.step.assign(int(self._current_step()))

    def _read_number(
        self, name: str, shape: tuple[int, ...], dtype: str, value: int
    ) -> keras.Variable:
        start = keras.initializers.Constant(value)
        return self.add_weight(
            name=name, shape=shape, dtype=dtype, initializer=start, trainable=False, autocast=False
        )

    @property
    def quantizer(self) -> Quantizer:
        """Return the quantizer that inference uses, with its current integer bits."""
        if not self.built:
            return self._make_quantizer(0)
        integer = ops.convert_to_numpy(self._choose_integer())
        return self._make_quantizer(
            ops.convert_to_tensor(integer) if self.per_channel else int(integer[0])
        )

    @property
    def _keep_negative(self) -> bool:
        return self.activation == "quantized_bits" or self.relu_neg_slope != 0

    def _make_quantizer(self, integer: Any) -> Quantizer:
        if self.activation == "quantized_bits":
            symmetric = int(bool(self.symmetric))
            return quantized_bits(self.total_bits, integer, symmetric, alpha=1.0)
        return quantized_relu(
            self.total_bits,
            integer,
            negative_slope=self.relu_neg_slope,
            relu_upper_bound=self.relu_upper_bound,
            is_quantized_clip=False,
        )

    def _choose_integer(self) -> KerasTensor:
        return get_integer_bits(
            ops.convert_to_tensor(self.ema_min),
            ops.convert_to_tensor(self.ema_max),
            self.total_bits,
            self.symmetric,
            self._keep_negative,
            self.po2_rounding,
        )

    def _find_channel_axis(self, rank: int) -> int:
        """Return the axis of the channels."""
        return 1 if keras.config.image_data_format() == "channels_first" else rank - 1

    def call(self, inputs: KerasTensor, training: bool = False) -> KerasTensor:
        """Quantize ``inputs``; training also records their range for the next call."""
        x = as_float(inputs)
        shape = [1] * len(x.shape)
        shape[self._find_channel_axis(len(shape)) if self.per_channel else -1] = -1
        integer = ops.cast(ops.reshape(self._choose_integer(), shape), x.dtype)
        quantizer = self._make_quantizer(integer)
        outputs = quantizer(x)
        if not (training and self.trainable):
            return outputs
        real = quantizer.compute_surrogate(x)
        step = self._current_step() if self._counted_elsewhere else self.step + 1
        step = ops.cast(step, self.step.dtype)
        self.step.assign(step)
        self._track(real, step)
        if self.quantization_delay > 0:
            return ops.where(step >= self.quantization_delay, outputs, real)
        return outputs

    def _track(self, real: KerasTensor, step: KerasTensor) -> None:
        """Update the moving averages with the smallest and largest values of ``real``, up to the step
        ``ema_freeze_delay``.
        """
        channels = self._find_channel_axis(len(real.shape))
        axes = [a for a in range(len(real.shape)) if not (self.per_channel and a == channels)]
        real = ops.stop_gradient(real)
        for variable, extreme in ((self.ema_min, ops.min), (self.ema_max, ops.max)):
            average = ops.convert_to_tensor(variable)
            value = ops.cast(ops.reshape(extreme(real, axis=axes), (-1,)), average.dtype)
            moved = average * self.ema_decay + value * (1.0 - self.ema_decay)
            if self.ema_freeze_delay is not None:
                moved = ops.where(step <= self.ema_freeze_delay, moved, average)
            variable.assign(moved)

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the input's shape."""
        return input_shape

    def get_quantizers(self) -> list[Any]:
        """Return a list with one element: the quantizer with its current integer bits."""
        return [self.quantizer]

    def get_quantization_config(self) -> str:
        """Return the quantizer's text, for reports."""
        return str(self.quantizer)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the current value of ``current_step`` if that is a variable."""
        step = self._current_step()
        return super().get_config() | {
            "activation": self.activation,
            "total_bits": self.total_bits,
            "current_step": None if step is None else int(ops.convert_to_numpy(step)),
            "symmetric": self.symmetric,
            "quantization_delay": self.quantization_delay,
            "ema_freeze_delay": self.ema_freeze_delay,
            "ema_decay": self.ema_decay,
            "per_channel": self.per_channel,
            "po2_rounding": self.po2_rounding,
            "relu_neg_slope": self.relu_neg_slope,
            "relu_upper_bound": self.relu_upper_bound,
        }


@lower.register(QAdaptiveActivation, reads_reals=True)
def _lower_adaptive_activation(layer: QAdaptiveActivation, x: Tensor) -> Tensor:
    if not layer.per_channel:
        return activate(layer, layer.quantizer, x)
    if isinstance(x, Op) and layer.relu_upper_bound is None:
        # Scaled by a power of two, every channel has the same quantizer.
        gains = 2.0 ** ops.convert_to_numpy(layer._choose_integer()).astype(np.float64)
        common: Any = activate(layer, layer._make_quantizer(0), multiply_by(x, 1 / gains))
        return multiply_by(common, gains)
    # It makes the steps itself, in the next line.
    odd = explain_refusal(layer, "steps of each channel", "none", "Quantise each channel.")
    return step_function(
        layer, keras.activations.linear, apply_real_along(x, layer.quantizer, odd, axes=(-1,)), ()
    )
