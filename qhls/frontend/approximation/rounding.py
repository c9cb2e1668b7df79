"""Rounding of real weights to fixed point: Keras' layers become their quantised twins."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import keras

from qhls.frontend.approximation.approximate import choose_quantizer
from qhls.frontend.approximation.ends import has_real_weights
from qhls.frontend.layers.traits import find_twin, list_quantized
from qhls.frontend.models.rebuild import copy_layer, rebuild
from qhls.frontend.models.state import copy_state
from qhls.ir.integers import Array
from qhls.quantizers import get_quantizer
from qhls.quantizers.keras_types import KerasLayer, ops

_BOUNDED = (keras.activations.tanh, keras.activations.sigmoid, keras.activations.softsign)
"""Activations with values between -1 and 1."""


@dataclass(frozen=True)
class RoundedWeights:
    """A variable of a layer that was rounded by ``quantizer``, and the largest rounding ``error``."""

    layer: str
    variable: str
    quantizer: str
    error: float

    def __str__(self) -> str:
        return f"{self.quantizer} on the {self.variable} of layer {self.layer!r}: error up to {self.error:.3g}"


def round_weights(model: keras.Model, bits: int) -> tuple[keras.Model, tuple[RoundedWeights, ...]]:
    """Return ``model`` with real weights rounded to ``bits`` bits where layers have quantised twins, and these weights.

    Each variable, and each state of a recurrent layer, has the finest steps that hold its largest number. A model
    without real weights is returned as it is.

    Raises:
        LoweringError: the model is not built from layers.
    """
    rounding = _Rounding(bits)
    pairs: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> KerasLayer:
        pairs.append((layer, rounding.make_twin(layer)))
        return pairs[-1][1]

    copy = rebuild(model, convert)
    if not rounding.rounded:
        return model, ()
    for layer, new in pairs:
        copy_state(layer, new)
    return copy, tuple(rounding.rounded)


class _Rounding:
    """Conversion of layers to their quantised twins, and the list of all rounded weights."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.rounded: list[RoundedWeights] = []

    def make_twin(self, layer: KerasLayer) -> KerasLayer:
        """Return a new layer like ``layer``, with quantizers where it has real weights."""
        if not has_real_weights(layer):
            return copy_layer(layer)
        if isinstance(layer, keras.layers.Bidirectional):
            config = layer.get_config()
            rest = {k: v for k, v in config.items() if k not in ("layer", "backward_layer")}
            backward = self.make_twin(layer.backward_layer)
            return type(layer)(self.make_twin(layer.forward_layer), backward_layer=backward, **rest)
        if isinstance(layer, keras.layers.Wrapper):
            inner = keras.saving.serialize_keras_object(self.make_twin(layer.layer))
            return type(layer).from_config(layer.get_config() | {"layer": inner})
        cls = type(layer) if hasattr(layer, "get_quantized_weights") else find_twin(type(layer))
        if cls is None:
            return copy_layer(layer)
        return cls.from_config(layer.get_config() | self._choose_quantizers(layer, cls))

    def _choose_quantizers(self, layer: KerasLayer, cls: type) -> dict[str, str]:
        """Return quantizers for real weights and states of ``layer``, by the names of the arguments of ``cls``."""
        owner = getattr(layer, "cell", layer)
        chosen: dict[str, str] = {}
        for each in list_quantized(cls):
            if each.variable == "state":
                chosen |= self._choose_state_quantizer(layer, owner)
                continue
            argument = each.name_argument("quantizer")
            value = getattr(owner, each.variable, None)
            if value is None and each.kernel:
                value = getattr(owner, "kernel", None)  # Keras' name of a depthwise kernel
            if value is None or getattr(owner, argument, None) is not None:
                continue
            numbers: Array = ops.convert_to_numpy(value)
            chosen[argument] = choose_quantizer(numbers, self.bits, signed=True)
            rounding: Any = get_quantizer(chosen[argument])
            error = abs(ops.convert_to_numpy(rounding(numbers)) - numbers).max()
            self.rounded.append(
                RoundedWeights(layer.name, each.variable, chosen[argument], float(error))
            )
        return chosen

    def _choose_state_quantizer(self, layer: KerasLayer, cell: Any) -> dict[str, str]:
        """Return a quantizer for the states of a recurrent layer by its argument's name; empty if no bound is known.

        Without a quantizer states grow at every step.

        States are bounded if the cell's activation is: those of an LSTM by the number of steps, others by 1.
        """
        shape = (layer.get_build_config() or {}).get("input_shape")
        if cell.activation not in _BOUNDED or not shape or None in shape[1:]:
            return {}
        steps = shape[1] if isinstance(cell, keras.layers.LSTMCell) else 1
        integer = ceil(log2(steps))
        quantizer = f"quantized_bits({self.bits},{integer},alpha=1)"
        step = 2.0 ** (integer + 1 - self.bits)
        self.rounded.append(RoundedWeights(layer.name, "state", quantizer, step))  # of a state of 1
        return {"state_quantizer": quantizer}
