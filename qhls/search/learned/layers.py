"""Layers that learn their own widths: every weight, bias and activation has a trainable number of fraction bits.

A number is rounded half to even to ``f`` fraction bits, with ``f`` rounded to a whole number. Gradients are those
of C. Sun et al., HGQ, arXiv 2405.00645: 1 through the rounding, and ``ln 2`` times the error towards ``f``, because
that error is about ``2**-f`` in size. Weights never saturate; activations saturate at a power of two that
holds what was seen in training.
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
"""Bits per unit of a variable: an optimizer whose steps suit weights so moves widths fast enough."""

MOST_FRACTION_BITS = 16
DECAY = 0.99
"""Factor of the largest activation that was seen, per batch."""


def round_bits(fraction: KerasTensor) -> KerasTensor:
    """Return fraction bits as a whole number within ``MOST_FRACTION_BITS`` of 0, with gradient 1."""
    bound = float(MOST_FRACTION_BITS)
    return ops.clip(round_through(fraction), -bound, bound)


def read_fraction_bits(layer: Any, variable: Any) -> KerasTensor:
    """Return the fraction bits of a variable, whole numbers; without gradient where the layer's ``moving`` is 0."""
    bits = round_bits(ops.convert_to_tensor(variable) * BITS_PER_UNIT)
    fixed = ops.stop_gradient(bits)
    return fixed + (bits - fixed) * ops.convert_to_tensor(layer.moving)


def round_to_fraction(x: KerasTensor, fraction: KerasTensor) -> KerasTensor:
    """Return ``x`` rounded to ``fraction`` bits; gradients: 1 to ``x``, ``ln 2`` times the error to ``fraction``."""
    step = compute_exp2(-ops.stop_gradient(fraction))
    value = ops.stop_gradient(ops.round(x / step) * step)
    error = ops.stop_gradient(x - value)
    bits = fraction - ops.stop_gradient(fraction)
    return value + (x - ops.stop_gradient(x)) + math.log(2.0) * error * bits


def count_code_bits(x: KerasTensor, fraction: KerasTensor) -> KerasTensor:
    """Return the bits of the magnitude of each code of ``x``; codes that are not 0 have gradient 1 to ``fraction``."""
    codes = ops.abs(ops.round(ops.stop_gradient(x) * compute_exp2(ops.stop_gradient(fraction))))
    bits = ops.floor(ops.log(ops.maximum(codes, 0.5) + 0.25) / math.log(2.0)) + 1.0
    used = ops.cast(codes > 0, x.dtype)
    return ops.stop_gradient(bits) * used + (fraction - ops.stop_gradient(fraction)) * used


class LearnedWeights(QLayer):
    """A Q-layer whose kernel and bias have learned fraction bits; it precedes its Q-layer among the bases.

    All biases have one number of fraction bits. ``shared``: whether all weights of the kernel have one, as those in
    a memory do, or each its own. ``term``: the energy of the whole model, which this layer adds to the loss.
    """

    shared: bool = False
    term: Any = None

    @property
    def kernel_name(self) -> str:
        """Name of the variable that multiplies the inputs."""
        return list_kernel_variables(type(self))[0]

    def build(self, input_shape: Any) -> None:
        """Add the fraction bits to the layer's variables."""
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
        """Give all variables ``bits`` bits at the start, the sign and the largest weight included."""
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
        """Return ``fractions`` limited to the fraction bits that the finest weight may have."""
        return ops.minimum(fractions, ops.convert_to_tensor(self.finest_fraction))

    def compute_fraction(self, variable: str) -> KerasTensor:
        """Return the fraction bits of a variable as whole numbers, in its shape or as one number."""
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
        """Call the Q-layer and, while training, add the energy to the loss."""
        if training and self.term is not None:
            self.add_loss(self.term.compute_loss())
        return super().call(inputs)

    # -- for prices ---------------------------------------------------------------------------------

    def count_kernel_bits(self) -> KerasTensor:
        """Return the bits of the magnitude of each weight, in the kernel's shape; 0 for one that is pruned."""
        name = self.kernel_name
        return count_code_bits(self.get_unquantized(name) + 0.0, self.compute_fraction(name))

    def count_bias_bits(self) -> KerasTensor:
        """Return the bits of the magnitude of the largest bias; 0 if all are 0."""
        return ops.max(
            count_code_bits(self.get_unquantized("bias") + 0.0, self.compute_fraction("bias"))
        )

    def find_finest(self) -> KerasTensor:
        """Return the most fraction bits of a weight that is not 0."""
        fraction = self.compute_fraction(self.kernel_name)
        used = ops.stop_gradient(self.count_kernel_bits()) > 0
        most = ops.max(ops.where(used, fraction, -float(MOST_FRACTION_BITS)))
        if not len(fraction.shape):
            return most
        finest = read_fraction_bits(self, self.finest_fraction)
        return ops.stop_gradient(most) + finest - ops.stop_gradient(finest)

    def count_unit_bits(self, bits: KerasTensor) -> KerasTensor:
        """Return the bits of the largest weight of each unit, from ``count_kernel_bits``."""
        return ops.max(bits, axis=tuple(range(len(bits.shape) - 1)))

    def compute_growth(self) -> KerasTensor:
        """Return the bits that a sum has beyond those of a whole input, without the weights' fraction bits."""
        value = ops.abs(
            self.apply_quantizer(self.kernel_name, self.get_unquantized(self.kernel_name))
        )
        each = self.kernel_name == "depthwise_kernel"  # then every channel has separate sums
        axes = tuple(range(len(value.shape) - (2 if each else 1)))
        largest = ops.max(ops.sum(ops.stop_gradient(value), axis=axes))
        return ops.log(ops.maximum(largest, 2.0**-MOST_FRACTION_BITS)) / math.log(2.0)


class LearnedActivation(keras.layers.Layer):
    """ReLU (``kind`` "relu") or nothing ("linear"), rounded to a learned number of fraction bits.

    Saturates at the power of two that holds the largest number seen while training, which slowly forgets.
    """

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def build(self, input_shape: Any) -> None:
        """Add the fraction bits and the largest number seen to the layer's variables."""
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
        """Begin with ``bits`` bits, the sign included; ``peak`` is known."""
        fraction = bits - self.signed - int(self.compute_integer())
        self.output_fraction.assign(fraction / BITS_PER_UNIT)

    def compute_integer(self) -> KerasTensor:
        """Return the bits left of the binary point, without the sign."""
        peak = ops.maximum(ops.convert_to_tensor(self.peak), 2.0**-MOST_FRACTION_BITS)
        return ops.stop_gradient(ops.ceil(ops.log(peak) / math.log(2.0)))

    def compute_fraction(self) -> KerasTensor:
        """Return the fraction bits: enough that one bit remains beside the sign."""
        return ops.maximum(
            read_fraction_bits(self, self.output_fraction), 1.0 - self.compute_integer()
        )

    def compute_width(self) -> KerasTensor:
        """Return the bits of a number, the sign included."""
        return self.compute_integer() + self.compute_fraction() + float(self.signed)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return ``inputs`` rounded and saturated."""
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
    """Return the class that learns the widths of the Q-layer ``name``."""
    if name not in _LEARNED:
        _LEARNED[name] = type(f"Learned{name}", (LearnedWeights, get_registered()[name]), {})
    return cast("type[LearnedWeights]", _LEARNED[name])


_LEARNED: dict[str, type] = {}
