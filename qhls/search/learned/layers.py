"""Layers that learn their own widths: every weight, bias and activation has a trainable number of fraction bits.

A number is rounded half to even to ``f`` fraction bits, with ``f`` rounded to an integer. Gradients are those
of C. Sun et al., HGQ, arXiv 2405.00645: 1 through the rounding, and ``ln 2`` times the error with respect to ``f``,
because that error is about ``2**-f`` in size. Weights never saturate; activations saturate at a power of two above
the largest number seen in training.
"""

from __future__ import annotations

import math
from typing import Any, cast

import keras
import numpy as np

from qhls.frontend import get_registered
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.layers.traits import list_kernel_variables
from qhls.quantizers.exponents import compute_exp2
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import KerasTensor, round_through

BITS_PER_UNIT = 16.0
"""Number of fraction bits per unit of a trainable variable.

    By this factor, optimizer steps that suit weights change widths fast enough.
    """

MOST_FRACTION_BITS = 16
DECAY = 0.99
"""Decay factor per batch of the recorded largest activation."""


def round_bits(fraction: KerasTensor) -> KerasTensor:
    """Round a number of fraction bits to an integer, with gradient 1, and clip it to ``MOST_FRACTION_BITS``."""
    bound = float(MOST_FRACTION_BITS)
    return ops.clip(round_through(fraction), -bound, bound)


def read_fraction_bits(layer: Any, variable: Any) -> KerasTensor:
    """Return the integer number of fraction bits that ``variable`` encodes; no gradient if ``layer.moving`` is 0."""
    bits = round_bits(ops.convert_to_tensor(variable) * BITS_PER_UNIT)
    fixed = ops.stop_gradient(bits)
    return fixed + (bits - fixed) * ops.convert_to_tensor(layer.moving)


def round_to_fraction(x: KerasTensor, fraction: KerasTensor) -> KerasTensor:
    """Round ``x`` to ``fraction`` fraction bits.

    The gradient is 1 with respect to ``x`` and ``ln 2`` times the rounding error with respect to ``fraction``.
    """
    step = compute_exp2(-ops.stop_gradient(fraction))
    value = ops.stop_gradient(ops.round(x / step) * step)
    error = ops.stop_gradient(x - value)
    bits = fraction - ops.stop_gradient(fraction)
    return value + (x - ops.stop_gradient(x)) + math.log(2.0) * error * bits


def count_code_bits(x: KerasTensor, fraction: KerasTensor) -> KerasTensor:
    """Return the width in bits of the magnitude of each code of ``x``.

    The gradient with respect to ``fraction`` is 1 for codes that are not 0, else 0.
    """
    codes = ops.abs(ops.round(ops.stop_gradient(x) * compute_exp2(ops.stop_gradient(fraction))))
    bits = ops.floor(ops.log(ops.maximum(codes, 0.5) + 0.25) / math.log(2.0)) + 1.0
    used = ops.cast(codes > 0, x.dtype)
    return ops.stop_gradient(bits) * used + (fraction - ops.stop_gradient(fraction)) * used


class LearnedWeights(QLayer):
    """Mixin for a Q-layer whose kernel and bias have learned numbers of fraction bits.

    All biases share one number of fraction bits. ``shared``: whether all weights of the kernel share one too, as those
    in a memory do. ``term``: the energy of the whole model, which the layer that has it adds to the loss.
    """

    shared: bool = False
    term: Any = None

    @property
    def kernel_name(self) -> str:
        """Name of the variable that multiplies the inputs."""
        return list_kernel_variables(type(self))[0]

    def build(self, input_shape: Any) -> None:
        """Create the variables of the Q-layer and those of the learned fraction bits."""
        super().build(input_shape)
        options: dict[str, Any] = {"shape": (), "initializer": "zeros", "trainable": False}
        self.strength = self.add_weight(**options, name="strength")
        self.moving = self.add_weight(shape=(), initializer="ones", trainable=False, name="moving")
        for each in self.quantized_variables:
            variable = getattr(self, each.variable, None)
            if variable is not None:
                shape = () if self.shared or not each.kernel else tuple(variable.shape)
                name = f"{each.variable}_fraction"
                fraction = self.add_weight(shape=shape, initializer="zeros", name=name)
                setattr(self, name, fraction)
                if shape:
                    self.finest_fraction = self.add_weight(
                        shape=(), initializer="zeros", name="finest_fraction"
                    )
                    fraction.constraint = self._limit
        if isinstance(self.activation, LearnedActivation):
            self.activation.build(None)

    def start(self, bits: int) -> None:
        """Initialise the fraction bits so that the kernel, and biases below 1, have ``bits`` bits, sign included."""
        for each in self.quantized_variables:
            variable = getattr(self, each.variable, None)
            if variable is None:
                continue
            largest = float(ops.max(ops.abs(variable))) if each.kernel else 1.0
            fraction = bits - 1 - math.ceil(math.log2(max(largest, 2.0**-MOST_FRACTION_BITS)))
            bound = min(max(fraction, -MOST_FRACTION_BITS), MOST_FRACTION_BITS)
            start = getattr(self, f"{each.variable}_fraction")
            start.assign(np.full(start.shape, bound / BITS_PER_UNIT))
            if len(start.shape):
                self.finest_fraction.assign(bound / BITS_PER_UNIT)

    def _limit(self, fractions: KerasTensor) -> KerasTensor:
        """Limit ``fractions`` to ``finest_fraction``, the largest number of fraction bits that a weight may have."""
        return ops.minimum(fractions, ops.convert_to_tensor(self.finest_fraction))

    def compute_fraction(self, variable: str) -> KerasTensor:
        """Return the integer numbers of fraction bits of a variable, either one per element or one for all."""
        bits = read_fraction_bits(self, getattr(self, f"{variable}_fraction"))
        if not len(bits.shape):
            return bits
        finest = read_fraction_bits(self, self.finest_fraction)
        fixed = ops.stop_gradient(ops.minimum(bits, finest))
        at_it = ops.cast(ops.stop_gradient(bits >= finest), bits.dtype)
        return (
            fixed + (bits - ops.stop_gradient(bits)) + at_it * (finest - ops.stop_gradient(finest))
        )

    def apply_quantizer(self, variable: str, value: Any) -> Any:
        """Return ``value`` rounded to the fraction bits of ``variable``."""
        return round_to_fraction(ops.convert_to_tensor(value), self.compute_fraction(variable))

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Call the Q-layer; in training, a layer with the energy ``term`` also adds it to the loss."""
        if training and self.term is not None:
            self.add_loss(self.term.compute_loss())
        return super().call(inputs)

    # -- for prices ---------------------------------------------------------------------------------

    def count_kernel_bits(self) -> KerasTensor:
        """Return the width in bits of each weight's magnitude, in the kernel's shape; 0 for weights of 0."""
        name = self.kernel_name
        return count_code_bits(self.get_unquantized(name) + 0.0, self.compute_fraction(name))

    def count_bias_bits(self) -> KerasTensor:
        """Return the width in bits of the largest bias' magnitude; 0 if all biases are 0."""
        return ops.max(
            count_code_bits(self.get_unquantized("bias") + 0.0, self.compute_fraction("bias"))
        )

    def find_finest(self) -> KerasTensor:
        """Return the largest number of fraction bits among the weights that are not 0."""
        fraction = self.compute_fraction(self.kernel_name)
        used = ops.stop_gradient(self.count_kernel_bits()) > 0
        most = ops.max(ops.where(used, fraction, -float(MOST_FRACTION_BITS)))
        if not len(fraction.shape):
            return most
        finest = read_fraction_bits(self, self.finest_fraction)
        return ops.stop_gradient(most) + finest - ops.stop_gradient(finest)

    def count_unit_bits(self, bits: KerasTensor) -> KerasTensor:
        """Return the width in bits of each unit's largest weight; ``bits`` is the result of ``count_kernel_bits``."""
        return ops.max(bits, axis=tuple(range(len(bits.shape) - 1)))

    def compute_growth(self) -> KerasTensor:
        """Return by how many integer bits a sum exceeds an input: log2 of the largest sum of weight magnitudes."""
        value = ops.abs(
            self.apply_quantizer(self.kernel_name, self.get_unquantized(self.kernel_name))
        )
        each = self.kernel_name == "depthwise_kernel"  # then each channel has separate sums
        axes = tuple(range(len(value.shape) - (2 if each else 1)))
        largest = ops.max(ops.sum(ops.stop_gradient(value), axis=axes))
        return ops.log(ops.maximum(largest, 2.0**-MOST_FRACTION_BITS)) / math.log(2.0)


class LearnedActivation(keras.layers.Layer):
    """Activation, ReLU (``kind`` "relu") or identity ("linear"), rounded to a learned number of fraction bits.

    It saturates at the power of two above the largest number seen in training, which decays slowly.
    """

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def build(self, input_shape: Any) -> None:
        """Create the variables of the layer: the fraction bits and the largest number seen in training."""
        options: dict[str, Any] = {"shape": (), "initializer": "zeros"}
        self.output_fraction = self.add_weight(**options, name="output_fraction")
        self.peak = self.add_weight(**options, trainable=False, name="peak")
        self.moving = self.add_weight(shape=(), initializer="ones", trainable=False, name="moving")
        self.built = True

    @property
    def signed(self) -> bool:
        """True if the results may be negative."""
        return self.kind != "relu"

    def start(self, bits: int) -> None:
        """Initialise the fraction bits for a width of ``bits`` bits, sign included; ``peak`` must be set before."""
        fraction = bits - self.signed - int(self.compute_integer())
        self.output_fraction.assign(fraction / BITS_PER_UNIT)

    def compute_integer(self) -> KerasTensor:
        """Return the number of integer bits, without the sign, that ``peak`` needs."""
        peak = ops.maximum(ops.convert_to_tensor(self.peak), 2.0**-MOST_FRACTION_BITS)
        return ops.stop_gradient(ops.ceil(ops.log(peak) / math.log(2.0)))

    def compute_fraction(self) -> KerasTensor:
        """Return the integer number of fraction bits, limited so that at least one bit remains besides the sign."""
        return ops.maximum(
            read_fraction_bits(self, self.output_fraction), 1.0 - self.compute_integer()
        )

    def compute_width(self) -> KerasTensor:
        """Return the width of a result in bits, sign included."""
        return self.compute_integer() + self.compute_fraction() + float(self.signed)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Apply the activation, saturate and round; in training, also update the largest number seen."""
        if training:
            seen = ops.max(ops.abs(inputs) if self.signed else inputs)
            seen = ops.stop_gradient(ops.maximum(seen, DECAY * self.peak))
            self.peak.assign(ops.cast(seen, self.peak.dtype))
        fraction, top = self.compute_fraction(), compute_exp2(self.compute_integer())
        last = compute_exp2(-ops.stop_gradient(fraction))
        low = -top if self.signed else 0.0
        return round_to_fraction(ops.clip(inputs, low, top - last), fraction)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape


def get_learned_class(name: str) -> type[LearnedWeights]:
    """Return the class that combines ``LearnedWeights`` with the Q-layer class ``name``."""
    if name not in _LEARNED:
        _LEARNED[name] = type(f"Learned{name}", (LearnedWeights, get_registered()[name]), {})
    return cast("type[LearnedWeights]", _LEARNED[name])


_LEARNED: dict[str, type] = {}
