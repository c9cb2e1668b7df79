"""The options of one QTools run, and the types that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.hardware import list_hardware_weights
from qhls.compat.qtools.graph import Node
from qhls.compat.qtools.types.convert import DEFAULT_TYPE, Types
from qhls.compat.qtools.types.numbers import PO2, Number
from qhls.quantizers.keras_types import KerasLayer


@dataclass(frozen=True)
class Options:
    """The settings of one QTools run that decide types: some arguments of ``QTools``, and values derived from others.

    ``layers`` maps names to layers of the model, among which a convolution finds the normalisation fused into it.
    If ``aligned``, the width of a sum follows from its operands' aligned binary points. Otherwise products and sums
    have the widths of QKeras 0.9.0, which adds one bit to the wider summand.
    """

    types: Types
    is_inference: bool = False
    keras_quantizer: Any = None
    keras_accumulator: Any = None
    for_reference: bool = False
    model_weights_already_quantized: bool = True
    hw_weight_dict: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Any] = field(default_factory=dict)
    aligned: bool = True

    @property
    def compatible(self) -> bool:
        """Return whether known bugs of QTools are reproduced."""
        return self.types.compatible

    @property
    def default(self) -> Number:
        """Return the type of numbers for which no type is specified."""
        return self.types.from_name(DEFAULT_TYPE)

    @property
    def default_weight(self) -> Number:
        """Return the type of weights in layers to which the default types apply."""
        return self.types.from_name(self.keras_quantizer) if self.keras_quantizer else self.default

    @property
    def default_sum(self) -> Number:
        """Return the type of products and sums in layers to which the default types apply."""
        return (
            self.types.from_name(self.keras_accumulator) if self.keras_accumulator else self.default
        )

    def is_imposing(self, layer: KerasLayer) -> bool:
        """Return whether default types apply within a layer.

        They apply in Keras' own layers and, if ``for_reference``, in all layers.
        """
        return self.for_reference or not hasattr(layer, "get_quantizers")

    def find_output(self, node: Node, result: Number) -> Number:
        """Return the output type of a layer: the type of its activation if that is a quantizer, else ``result``.

        ``for_reference`` ignores the activation.
        """
        activation = _find_activation(node.layer)
        if self.for_reference or not self.types.is_deciding(activation):
            return self.types.pass_on(result)
        return self.types.to_number(activation)

    def count_values(self, number: Number, layer: KerasLayer, index: int) -> Number:
        """Return a weight's type; of powers of two in inference, with the number of distinct values filled in."""
        if not self.is_inference or number.kind != PO2:
            return number
        weights = _quantize_weights(layer, self.model_weights_already_quantized)
        if index >= len(weights):
            return number
        return replace(number, distinct=len(np.unique(weights[index])))

    def find_fusing(self, name: str) -> Mapping[str, Any] | None:
        """Return the ``hw_weight_dict`` entry of the named layer if a normalisation is fused into it, else None."""
        entry = self.hw_weight_dict.get(name)
        return entry if entry and entry.get("enable_bn_fusing") else None

    def is_fused(self, name: str) -> bool:
        """Return whether the named layer takes part in fusing: as the fused normalisation, or as its target."""
        targets = {e.get("fused_bn_layer_name") for e in self.hw_weight_dict.values()}
        return name in targets or self.find_fusing(name) is not None


def _find_activation(layer: KerasLayer) -> Any:
    """Return the quantizer or activation of a layer; for a bidirectional layer, of its forward layer."""
    layer = getattr(layer, "forward_layer", layer)
    return getattr(layer, "quantizer", None) or getattr(layer, "activation", None)


def _quantize_weights(layer: Any, already_quantized: bool) -> list[np.ndarray]:
    """Return the quantised weights of a layer, after folding if the layer contains a batch normalisation.

    Weights that count as quantised pass through their quantizers again, which changes no power of two. Other weights
    are paired with quantizers by position, as in QTools. The pairing is wrong if a normalisation lacks gamma or beta.
    """
    if hasattr(layer, "get_folded_weights"):
        return [weight.values for weight in list_hardware_weights(layer)]
    if already_quantized and hasattr(layer, "get_quantized_weights"):
        pairs = list(layer.get_quantized_weights().values())
    else:
        quantizers = layer.get_quantizers() if hasattr(layer, "get_quantizers") else []
        pairs = list(zip_longest(quantizers, layer.get_weights()))[: len(layer.get_weights())]
    return [to_numpy(w if q is None else q(w)) for q, w in pairs]
