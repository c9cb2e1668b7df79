"""Removal of units that do not affect the outputs of a ``keras.Sequential``.

A unit (or filter) can be removed if all weights that read it are 0. It can also be removed if its weights and bias
are 0: then its output is 0, even after activations, pooling and padding. The layers between must process each channel
separately.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer
from qhls.search.learned.layers import LearnedActivation, LearnedWeights

Values = Mapping[str, Array]

_layers = keras.layers
CHANNELWISE = (
    *(LearnedActivation, _layers.Dropout, _layers.Flatten, _layers.MaxPooling1D),
    *(_layers.MaxPooling2D, _layers.GlobalMaxPooling1D, _layers.GlobalMaxPooling2D),
    *(_layers.AveragePooling1D, _layers.AveragePooling2D, _layers.GlobalAveragePooling1D),
    *(_layers.GlobalAveragePooling2D, _layers.ZeroPadding1D, _layers.ZeroPadding2D),
)
"""Layer classes that map 0 to 0 in each channel separately and keep channels last (if flattened: innermost)."""


def find_removable(model: keras.Model) -> list[tuple[LearnedWeights, LearnedWeights]]:
    """Return the pairs of layers of a ``Sequential`` where the second layer alone reads the units of the first."""
    pairs: list[tuple[LearnedWeights, LearnedWeights]] = []
    if not isinstance(model, keras.Sequential):
        return pairs
    before: LearnedWeights | None = None
    for layer in model.layers:
        if isinstance(layer, LearnedWeights):
            if before is not None and _is_channel_reader(layer):
                pairs.append((before, layer))
            before = layer if _has_units(layer) else None
        elif not isinstance(layer, CHANNELWISE) or not _is_channels_last(layer):
            before = None
    return pairs


def choose_units(
    pairs: Sequence[tuple[LearnedWeights, LearnedWeights]], values: Mapping[Any, Values]
) -> dict[Any, Array]:
    """Return the indices of the units to keep, at least one, for the first layer of each pair."""
    units = {first: np.arange(values[first]["kernel"].shape[-1]) for first, _ in pairs}
    inputs = {second: first for first, second in pairs}
    while True:
        before = {layer: len(numbers) for layer, numbers in units.items()}
        for first, second in reversed(pairs):
            read = split_inputs(values[second]["kernel"], values[first]["kernel"].shape[-1])
            read = read[..., units[second]] if second in units else read
            kernel = values[first]["kernel"]
            if first in inputs:
                kernel = split_inputs(kernel, values[inputs[first]]["kernel"].shape[-1])
                kernel = kernel[..., units[inputs[first]], :]
            alive = np.atleast_1d(kernel.any(axis=tuple(range(kernel.ndim - 1))))
            if "bias" in values[first]:
                alive |= values[first]["bias"] != 0
            alive = alive & read.any(axis=tuple(i for i in range(read.ndim) if i != read.ndim - 2))
            numbers = units[first][alive[units[first]]]
            units[first] = numbers if len(numbers) else units[first][:1]
        if before == {layer: len(numbers) for layer, numbers in units.items()}:
            return units


def remove_units(
    pairs: Sequence[tuple[LearnedWeights, LearnedWeights]], values: Mapping[Any, Values]
) -> dict[Any, dict[str, Array]]:
    """Return the ``values`` of all layers without the units that do not affect the outputs."""
    kept = choose_units(pairs, values)
    channels = {layer: values[layer]["kernel"].shape[-1] for layer in kept}
    result = {layer: dict(variables) for layer, variables in values.items()}
    for layer, units in kept.items():
        result[layer] = {name: array[..., units] for name, array in result[layer].items()}
    for first, second in pairs:
        kernel = result[second]["kernel"]
        read = split_inputs(kernel, channels[first])[..., kept[first], :]
        last = read.shape[-1]
        shape = (-1, last) if kernel.ndim == 2 else read.shape
        result[second]["kernel"] = np.ascontiguousarray(read).reshape(shape)
    return result


def split_inputs(kernel: Array, channels: int) -> Array:
    """Return ``kernel`` reshaped so that its second to last axis is that of the input channels."""
    return kernel.reshape(-1, channels, kernel.shape[-1]) if kernel.ndim == 2 else kernel


def _is_channels_last(layer: KerasLayer) -> bool:
    return getattr(layer, "data_format", "channels_last") in (None, "channels_last")


def _has_units(layer: LearnedWeights) -> bool:
    linear = isinstance(layer.activation, LearnedActivation)
    linear |= layer.activation is None or layer.activation is keras.activations.linear
    return linear and layer.kernel_name == "kernel" and _is_channel_reader(layer)


def _is_channel_reader(layer: LearnedWeights) -> bool:
    grouped = getattr(layer, "groups", 1) != 1
    return layer.kernel_name == "kernel" and not grouped and _is_channels_last(layer)
