"""Conversion of a model to a model with learned bit widths, and of the latter to a Q-model with equal outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.models.folding import fold_normalisations
from qhls.frontend import QActivation, get_registered
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.layers.traits import find_q_class, has_plain_product, list_plain_products
from qhls.frontend.models.rebuild import copy_layer, rebuild
from qhls.frontend.models.state import copy_state
from qhls.frontend.models.walk import walk_layers
from qhls.ir.integers import Array
from qhls.quantizers import quantized_bits, quantized_relu
from qhls.quantizers.keras_types import KerasLayer
from qhls.search.errors import SpaceError
from qhls.search.learned.layers import (
    LearnedActivation,
    LearnedWeights,
    get_learned_class,
)
from qhls.search.learned.units import find_removable, remove_units

_MOST_BITS = 62
"""Maximum width, in bits, of an exported ``quantized_bits``."""

_KINDS = {"relu": "relu", "linear": "linear"}


def build_learned_model(
    model: keras.Model, stored: bool, custom_objects: Any = None
) -> keras.Model:
    """Return a copy of ``model`` whose layers learn their bit widths, with weights copied and normalisations folded.

    ``stored``: whether kernels are stored in memories, so that all weights of a kernel share one width. Raises
    ``SpaceError`` for a layer whose widths cannot be learned.
    """
    pairs: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        new = _learn_layer(layer, stored)
        pairs.append((layer, new))
        return new

    with keras.saving.custom_object_scope(dict(custom_objects or {})):
        built = rebuild(fold_normalisations(model), convert)
    for layer, new in pairs:
        if isinstance(new, LearnedWeights):
            names = [each.variable for each in new.quantized_variables]
            variables = [v for name in names if (v := getattr(new, name, None)) is not None]
            for variable, values in zip(variables, layer.get_weights(), strict=True):
                variable.assign(values)  # by position, because Keras may use other names
        elif not isinstance(new, LearnedActivation):
            copy_state(layer, new)
    return built


def _learn_layer(layer: KerasLayer, stored: bool) -> Any:
    name = type(layer).__name__
    kind = _find_kind(layer)
    if kind is not None:
        return LearnedActivation(kind, name=layer.name) if kind in _KINDS else copy_layer(layer)
    if has_plain_product(type(layer)):
        return _learn_weights(layer, find_q_class(type(layer)).__name__, stored)
    if layer.get_weights() or isinstance(layer, QLayer) or name in get_registered():
        learnable = ", ".join(sorted(list_plain_products()))
        raise SpaceError(
            f"gradient: expected layers whose widths can be learned ({learnable}, activations "
            f"relu and linear), got {layer.name!r}, a {name}. Fold or replace it, or search with an engine "
            f"of qhls.search."
        )
    return copy_layer(layer)


def _learn_weights(layer: Any, name: str, stored: bool) -> LearnedWeights:
    cls = get_learned_class(name)
    config = layer.get_config()
    for each in cls.quantized_variables:
        config.pop(each.name_argument("quantizer"), None)
        config.pop(each.name_argument("constraint"), None)
    if config.pop("mask", None) is not None:
        raise SpaceError(
            f"gradient: expected a kernel without mask, got {layer.name!r}, which has one. Remove the mask."
        )
    function = config.pop("activation", None)
    kind = _name_function(layer, layer.activation)
    new = cls.from_config(config | {"activation": function if kind == "softmax" else None})
    if kind == "relu" or isinstance(layer.activation, quantized_bits):
        new.activation = LearnedActivation(kind, name=f"{layer.name}_activation")
    new.shared = stored
    return new


def _find_kind(layer: KerasLayer) -> str | None:
    """Return the function of an activation layer: "relu", "linear" or "softmax"; ``None`` for another layer."""
    if isinstance(layer, keras.layers.ReLU):
        plain = layer.max_value is None and not layer.threshold and not layer.negative_slope
        return "relu" if plain else _refuse(layer, "a ReLU with slope, threshold or max_value")
    if isinstance(layer, QActivation):
        return _name_function(layer, layer.quantizer)
    if isinstance(layer, keras.layers.Activation):
        return _name_function(layer, layer.activation)
    return "softmax" if isinstance(layer, keras.layers.Softmax) else None


def _name_function(layer: KerasLayer, function: Any) -> str:
    """Return the name of an activation function: "relu", "linear" or "softmax".

    Raises ``SpaceError`` for another function.
    """
    if isinstance(function, quantized_relu) and not (
        function.negative_slope or function.use_sigmoid
    ):
        return "relu"
    if isinstance(function, quantized_bits):
        return "linear"
    name = getattr(function, "__name__", "linear" if function is None else str(function))
    return name if name in (*_KINDS, "softmax") else _refuse(layer, name)


def _refuse(layer: KerasLayer, name: str) -> str:
    raise SpaceError(
        f"gradient: expected an activation whose width can be learned (relu, linear, or softmax at the end), "
        f"got {name} in the layer {layer.name!r}. Replace it, or search with an engine of qhls.search."
    )


# -- learned widths ---------------------------------------------------------------------------------


def find_layers(model: keras.Model) -> dict[str, Any]:
    """Return the layers with learned widths, activation layers included, by the layer name of their ops in a design."""
    learned = LearnedWeights | LearnedActivation
    return {name: layer for name, layer in walk_layers(model) if isinstance(layer, learned)}


def find_activations(model: keras.Model) -> dict[str, LearnedActivation]:
    """Return the learned activations by the name of the layer that applies them."""
    inner = {n: getattr(layer, "activation", layer) for n, layer in find_layers(model).items()}
    return {n: layer for n, layer in inner.items() if isinstance(layer, LearnedActivation)}


def export(model: keras.Model) -> keras.Model:
    """Return the ordinary Q-model that computes what ``model`` does outside of training, bit for bit.

    Its weights are already quantised; the quantizer of a kernel is wide enough for all its weights. Units that do not
    affect the outputs are removed (``learned.units``).
    """
    learned = find_layers(model).values()
    values = {e: quantize_variables(e) for e in learned if isinstance(e, LearnedWeights)}
    values |= remove_units(find_removable(model), values)
    pairs: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        if isinstance(layer, LearnedActivation):
            return QActivation(_make_activation_quantizer(layer), name=layer.name)
        is_learned = isinstance(layer, LearnedWeights)
        new = _make_q_layer(layer, values[layer]) if is_learned else copy_layer(layer)
        pairs.append((layer, new))
        return new

    built = rebuild(model, convert)
    for layer, new in pairs:
        if layer in values:
            for variable, array in values[layer].items():
                getattr(new, variable).assign(array)
        else:
            copy_state(layer, new)
    return built


def quantize_variables(layer: LearnedWeights) -> dict[str, Array]:
    """Return the layer's variables, quantised to their learned fraction bits, as float32 arrays by name."""
    return {
        each.variable: np.asarray(
            keras.ops.convert_to_numpy(layer.quantize_variable(each.variable))
        )
        for each in layer.quantized_variables
        if layer.get_unquantized(each.variable) is not None
    }


def _make_q_layer(layer: LearnedWeights, values: Mapping[str, Array]) -> Any:
    cls = type(layer).__mro__[2]
    config = layer.get_config()
    for size in ("units", "filters"):
        if size in config:
            config[size] = values["kernel"].shape[-1]
    for each in layer.quantized_variables:
        if each.variable in values:
            config[each.name_argument("quantizer")] = find_narrowest(values[each.variable])
    if isinstance(layer.activation, LearnedActivation):
        config["activation"] = _make_activation_quantizer(layer.activation)
    return cls.from_config(config)  # pyright: ignore[reportAttributeAccessIssue]


def find_narrowest(values: Array) -> quantized_bits:
    """Return the narrowest symmetric ``quantized_bits`` of scale 1 that does not change ``values``."""
    magnitudes = np.abs(np.asarray(values, np.float64))
    used = magnitudes[magnitudes > 0]
    if not used.size:
        return quantized_bits(2, 0, 1, alpha=1)
    frac = max(_find_lowest_bit(float(v)) for v in np.unique(used))
    largest = round(float(used.max()) * 2.0**frac)
    bits = max(largest.bit_length(), 1) + 1
    if bits > _MOST_BITS:
        raise SpaceError(
            f"gradient: expected weights of at most {_MOST_BITS} bits, got {bits}: from "
            f"{used.min():g} to {used.max():g}. Train the model first, or clip its weights."
        )
    return quantized_bits(bits, bits - 1 - frac, 1, alpha=1)


def _find_lowest_bit(value: float) -> int:
    """Return the number of fraction bits that ``value`` needs, negative for a multiple of 2."""
    numerator, denominator = value.as_integer_ratio()
    if denominator > 1:
        return denominator.bit_length() - 1
    return 1 - (numerator & -numerator).bit_length()


def _make_activation_quantizer(layer: LearnedActivation) -> Any:
    integer, fraction = int(layer.compute_integer()), int(layer.compute_fraction())
    if layer.kind == "relu":
        return quantized_relu(integer + fraction, integer)
    return quantized_bits(integer + fraction + 1, integer, 0, alpha=1)


def describe_quantizers(model: keras.Model) -> dict[str, str]:
    """Return the quantizers of a Q-model, by the names of AutoQKeras' choices."""
    quantizers: dict[str, str] = {}
    for _, layer in walk_layers(model):
        if isinstance(layer, QLayer):
            for each in layer.quantized_variables:
                quantizer = layer.find_quantizer(each.variable)
                if quantizer is not None:
                    quantizers[f"{layer.name}_{each.name_argument('quantizer')}"] = str(quantizer)
        function = (
            layer.quantizer
            if isinstance(layer, QActivation)
            else getattr(layer, "activation", None)
        )
        if function is not None and type(function).__module__.startswith("qhls"):
            quantizers[f"{layer.name}_activation_quantizer"] = str(function)
    return quantizers
