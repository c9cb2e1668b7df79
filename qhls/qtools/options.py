"""What one run of QTools is asked for, and the types that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from qhls.qtools.convert import DEFAULT_TYPE, Types
from qhls.qtools.graph import Node
from qhls.qtools.numbers import PO2, Number
from qhls.utils.arrays import to_numpy
from qhls.utils.hardware import hardware_weights


@dataclass(frozen=True)
class Options:
    """The arguments of ``QTools`` that decide types, under QTools' names.

    ``layers`` are the model's by name: a fused convolution looks for its normalisation there. If not
    ``aligned``, products and sums have the widths of QKeras 0.9.0.
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
        """Whether QTools' slips are kept."""
        return self.types.compatible

    @property
    def default(self) -> Number:
        """The type of what nothing else tells the type of."""
        return self.types.named(DEFAULT_TYPE)

    @property
    def default_weight(self) -> Number:
        """The type of weights that no quantizer stands on."""
        return self.types.named(self.keras_quantizer) if self.keras_quantizer else self.default

    @property
    def default_sum(self) -> Number:
        """The type of results where they are imposed."""
        return self.types.named(self.keras_accumulator) if self.keras_accumulator else self.default

    def imposes(self, layer: Any) -> bool:
        """Whether the types within a layer are the defaults: it is Keras' own, or all of them are."""
        return self.for_reference or not hasattr(layer, "get_quantizers")

    def output(self, node: Node, made: Number) -> Number:
        """The type of what a layer hands on: its activation's, else ``made``."""
        layer = node.layer
        told = _told(layer)
        if self.for_reference or not self.types.tells_output(told):
            return self.types.passed_on(made)
        return self.types.number(told)

    def counted(self, number: Number, layer: Any, index: int) -> Number:
        """A weight's power of two with the number of different values that it has, in inference."""
        if not self.is_inference or number.kind != PO2:
            return number
        weights = _weights(layer, self.model_weights_already_quantized)
        if index >= len(weights):
            return number
        return replace(number, distinct=len(np.unique(weights[index])))

    def fusing(self, name: str) -> Mapping[str, Any] | None:
        """The entry of ``hw_weight_dict`` of a layer that a normalisation is fused into."""
        entry = self.hw_weight_dict.get(name)
        return entry if entry and entry.get("enable_bn_fusing") else None

    def is_fused(self, name: str) -> bool:
        """Whether a normalisation is fused into another layer."""
        targets = {e.get("fused_bn_layer_name") for e in self.hw_weight_dict.values()}
        return name in targets or self.fusing(name) is not None


def _told(layer: Any) -> Any:
    """What a layer says its results are: its quantizer or activation; of both directions the first's."""
    layer = getattr(layer, "forward_layer", layer)
    return getattr(layer, "quantizer", None) or getattr(layer, "activation", None)


def _weights(layer: Any, already_quantized: bool) -> list[np.ndarray]:
    """The layer's weights, quantised; the folded ones where a normalisation is folded in.

    Weights that are said to be quantised go through their quantizers all the same: powers of two stay
    what they are. Those that are not are paired with quantizers by position, as in QTools, which is
    wrong where a normalisation lacks gamma or beta; so is this then.
    """
    if hasattr(layer, "get_folded_weights"):
        return [weight.values for weight in hardware_weights(layer)]
    if already_quantized and hasattr(layer, "quantized_weights"):
        pairs = list(layer.quantized_weights().values())
    else:
        quantizers = layer.get_quantizers() if hasattr(layer, "get_quantizers") else []
        pairs = list(zip_longest(quantizers, layer.get_weights()))[: len(layer.get_weights())]
    return [to_numpy(w if q is None else q(w)) for q, w in pairs]
