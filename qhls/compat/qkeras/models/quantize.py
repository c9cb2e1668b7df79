"""``model_quantize``: converts a model of Keras' layers to a model of Q-layers.

``quantizer_config`` has entries by the name of a layer, by its new class ("QConv2D"), by its class ("Conv2D"), and
under "default". The first entry in this order is used.

- Layers with weights: ``{"kernel_quantizer": ..., "bias_quantizer": ...}``, and ``depthwise_quantizer``,
  ``pointwise_quantizer`` (by default ``kernel_quantizer``), ``recurrent_quantizer``, ``state_quantizer``. A layer is
  converted if its entry has a quantizer for one of its weights. "QBidirectional" is for both directions.
- ``activation_quantizer`` and ``recurrent_activation_quantizer`` replace the activations of such a layer. Without the
  first, relu, tanh and sigmoid become ``quantized_relu``, ``quantized_tanh`` and ``quantized_sigmoid`` of
  ``activation_bits`` bits.
- "default": the same keys, also "kernel" (all kernels) and "bias", for all layers with kernels.
- Activation, ReLU and LeakyReLU layers: a quantizer, or quantizers by activation
  (``{"relu": ..., "leakyrelu": ...}``), by name or under "QActivation" or "QAdaptiveActivation". Under the latter, and
  by name with ``prefer_qadaptiveactivation``, ``quantized_bits`` and ``quantized_relu`` become a
  ``QAdaptiveActivation`` of as many bits. With ``prefer_qadaptiveactivation`` it goes before "QActivation".
- BatchNormalization: any entry, also an empty one, makes a ``QBatchNormalization``; missing quantizers are ``None``.
- AveragePooling2D, GlobalAveragePooling2D: ``average_quantizer``, ``activation_quantizer``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import keras

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.activations import (
    get_activation_name,
    get_adaptive_arguments,
    get_function_name,
    get_upper_bound,
    limit_quantizer,
)
from qhls.compat.qkeras.models.folding import find_foldable, join_configurations, transfer
from qhls.frontend import Clip, QActivation, QInitializer, get_registered
from qhls.frontend.layers.adaptive import QAdaptiveActivation
from qhls.frontend.layers.traits import FOLDED_SUFFIX, find_q_class, find_twin, list_quantized
from qhls.frontend.models.rebuild import convert_inside, copy_layer, enter_custom_scope, rebuild
from qhls.frontend.models.walk import list_inner, walk_layers
from qhls.quantizers import get_quantizer
from qhls.quantizers.keras_types import KerasLayer

_Entry = dict[str, Any]

_ADAPTIVE = "QAdaptiveActivation"
_DEFAULT = "default"
_INLINE = ("relu", "tanh", "sigmoid")
"""The activations that ``quantized_*(activation_bits)`` replaces by default."""

_FOLDING = ("folding_mode", "ema_freeze_delay")
_ACTIVATIONS = {
    "activation_quantizer": "activation",
    "recurrent_activation_quantizer": "recurrent_activation",
}
"""The argument of a layer that each of these keys of an entry sets."""


def model_quantize(  # noqa: PLR0917 - QKeras' order
    model: keras.Model,
    quantizer_config: Mapping[str, Any],
    activation_bits: int,
    custom_objects: Mapping[str, Any] | None = None,
    transfer_weights: bool = False,
    prefer_qadaptiveactivation: bool = False,
    enable_bn_folding: bool = False,
) -> keras.Model:
    """Return a copy of ``model`` in which Q-layers replace the layers for which ``quantizer_config`` has an entry.

    ``quantizer_config`` has entries by a layer's name, by class and under "default"; see
    ``help("qhls.compat.qkeras.models.quantize")``. ``activation_bits`` is the default width of
    activations inside layers.

    ``enable_bn_folding``: a dense, convolution or depthwise layer whose sums a BatchNormalization alone reads becomes a
    ``QConv2DBatchnorm`` or the like, if it is converted; ``folding_mode`` and ``ema_freeze_delay`` are keys of its
    entry. ``transfer_weights``: the new model has the weights of ``model``; the result of ``adapt`` is always copied.
    ``custom_objects``: classes and functions by their names in configurations.

    Raises:
        UtilityError: an entry is not a dictionary; a layer does not have a key or an argument; a quantizer does not
            exist.
        LoweringError: the model is not built from layers.
    """
    config = _Config(quantizer_config, activation_bits, prefer_qadaptiveactivation)
    config.warn_of_unknown(model)
    folds = find_foldable(model) if enable_bn_folding else []
    folds = [(layer, norm) for layer, norm in folds if config.find_folded(layer) is not None]
    normalisations = {id(layer): norm for layer, norm in folds}
    converted: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        norm = normalisations.get(id(layer))
        new = config.convert(layer) if norm is None else config.fold(layer, norm)
        converted.append((layer, new))
        return new

    with enter_custom_scope(custom_objects):
        quantized = rebuild(model, convert, [norm for _, norm in folds])
    for layer, new in converted:
        adapted = hasattr(layer, "adapt")  # to data; training does not repeat this
        if transfer_weights or adapted:
            transfer(layer, new, normalisations.get(id(layer)))
    return quantized


def quantize_activation(layer_config: dict[str, Any], activation_bits: int) -> None:
    """Replace relu, tanh or sigmoid in ``layer_config["activation"]`` by its quantizer of ``activation_bits`` bits."""
    name = layer_config.get("activation")
    if name in _INLINE:
        layer_config["activation"] = f"quantized_{name}({activation_bits})"


def get_config(
    quantizer_config: Mapping[str, Any],
    layer: KerasLayer,
    layer_class: str,
    parameter: str | None = None,
) -> Any:
    """Look up the entry for a layer by its name, or else by ``layer_class``, and return the entry or one value in it.

    ``parameter`` is the key of the value. ``layer`` is a layer, or a layer of a model's JSON. The result is ``None`` if
    no entry or no such key exists.
    """
    name = layer["config"]["name"] if isinstance(layer, dict) else layer.name
    entry = quantizer_config.get(name, quantizer_config.get(layer_class))
    return entry.get(parameter) if entry is not None and parameter is not None else entry


class _Config:
    """The converter of layers for ``model_quantize``: it finds the entry of a layer and creates the Q-layer."""

    def __init__(self, entries: Mapping[str, Any], bits: int, adaptive: bool) -> None:
        if not isinstance(entries, Mapping):
            raise UtilityError(
                f"model_quantize: expected a dictionary as quantizer_config, got "
                f"{type(entries).__name__}. Its keys are names of layers and classes."
            )
        self.entries, self.bits, self.adaptive = entries, bits, adaptive

    def warn_of_unknown(self, model: keras.Model) -> None:
        """Warn of each key of ``quantizer_config`` that is not "default", a layer of ``model`` or a class of layers."""
        classes = {name.removeprefix("Q") for name in get_registered()}
        names = {
            part
            for name, layer in walk_layers(model)
            for part in (name, name.rpartition("/")[2], layer.name)
        }
        for key in self.entries:
            known = key in names or key == _DEFAULT or key in get_registered() or key in classes
            if not known and not isinstance(getattr(keras.layers, str(key), None), type):
                warnings.warn(
                    f"model_quantize: quantizer_config: expected the name of a layer of the model "
                    f"{model.name!r} or of a class of layers, got {key!r}. This entry has no effect.",
                    stacklevel=3,
                )

    # -- entries ------------------------------------------------------------------------------------

    def find_entry(self, layer: KerasLayer, *classes: str) -> tuple[Any, str]:
        """Return the first entry that applies to ``layer``, and its key, or ``(None, "")`` if no entry applies."""
        for key in (layer.name, *classes):
            if self.entries.get(key) is not None:
                return self.entries[key], key
        return None, ""

    def _find_weighted(self, layer: KerasLayer, *classes: str) -> tuple[_Entry | None, str]:
        """Return the checked entry that applies to a layer with weights, and its key, or ``(None, "")``."""
        entry, key = self.find_entry(layer, *classes, type(layer).__name__, _DEFAULT)
        if entry is None:
            return None, key
        if not isinstance(entry, Mapping):
            raise UtilityError(
                f"quantizer_config[{key!r}]: expected a dictionary for the layer {layer.name!r}, "
                f"such as {{'kernel_quantizer': 'quantized_bits(4,0,alpha=1)'}}, got {entry!r}. Write a dictionary."
            )
        if key == _DEFAULT:
            entry = {
                k if k.endswith("_quantizer") else f"{k}_quantizer": v for k, v in entry.items()
            }
        keys = _list_known_keys()
        for name in entry:
            if name not in keys:
                raise UtilityError(
                    f"quantizer_config[{key!r}]: expected keys among {', '.join(keys)}, got {name!r}. Use one of these."
                )
        return dict(entry), key

    def _make_quantizers(self, cls: type, entry: _Entry, key: str) -> _Entry:
        """Return the quantizer arguments of the class ``cls`` from ``entry``: a quantizer or ``None`` per weight."""
        quantizers = {}
        for weight in list_quantized(cls):
            quantizer = entry.get(weight.name_argument("quantizer"))
            shared = weight.variable.endswith("kernel") and (
                key == _DEFAULT or weight.variable != "recurrent_kernel"
            )
            if quantizer is None and shared:
                quantizer = entry.get("kernel_quantizer")
            quantizers[weight.name_argument("quantizer")] = copy(
                quantizer
            )  # scales differ by weight
        return quantizers

    # -- layers -------------------------------------------------------------------------------------

    def convert(self, layer: KerasLayer) -> Any:
        """Return the Q-layer that replaces ``layer``, a wrapper with its inner layer converted, or else a copy."""
        if isinstance(layer, keras.layers.Bidirectional):
            return self._replace_bidirectional(layer)
        if get_activation_name(layer) is not None:
            return self._replace_activation(layer)
        cls = find_q_class(type(layer))
        if cls is None or not list_quantized(cls):
            if isinstance(layer, keras.layers.Wrapper):
                return convert_inside(layer, self.convert)
            self._warn_of_parts(layer)
            return copy_layer(layer)
        entry, key = self._find_weighted(layer, *_list_keys(cls))
        return self._with(layer, cls, entry, key) or copy_layer(layer)

    def _warn_of_parts(self, layer: KerasLayer) -> None:
        """Warn of inner layers that have an entry but cannot be replaced, because ``layer`` itself creates them."""
        names = [each.name for each in layer._flatten_layers(include_self=False) if self._has(each)]
        if names and list_inner(layer):
            warnings.warn(
                f"model_quantize: the layer {layer.name!r} ({type(layer).__name__}) holds layers that are not "
                f"converted: {', '.join(names)}. Make them layers of the model, or of a nested model.",
                stacklevel=2,
            )

    def _has(self, layer: KerasLayer) -> bool:
        """Return whether ``quantizer_config`` has an entry for a layer."""
        if get_activation_name(layer) is not None:
            return self.find_entry(layer, *self._list_activation_keys(layer))[0] is not None
        cls = find_q_class(type(layer))
        if cls is None or not list_quantized(cls):
            return False
        return self._find_weighted(layer, *_list_keys(cls))[0] is not None

    def _with(self, layer: KerasLayer, cls: type, entry: _Entry | None, key: str) -> Any:
        """Return ``layer`` converted to the class ``cls``, or ``None`` if ``entry`` does not ask for a conversion."""
        if entry is None:
            return None
        quantised = type(layer) is cls
        if quantised and key == _DEFAULT:
            return None
        settings = self._make_quantizers(cls, entry, key)
        if quantised:  # other quantizers of the layer are unchanged
            settings = {k: q for k, q in settings.items() if q is not None or k in entry}
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        pools = "average_quantizer" in settings and "activation_quantizer" in entry
        enough = (normalises or pools) and key != _DEFAULT
        if not enough and not quantised and all(q is None for q in settings.values()):
            return None
        config = _refit(layer, settings) if quantised else layer.get_config()
        return self._build(layer, cls, config | settings, entry, key)

    def _build(
        self, layer: KerasLayer, cls: type, settings: _Entry, entry: _Entry, key: str
    ) -> Any:
        function = getattr(layer, "activation", None)
        if isinstance(function, keras.layers.ReLU) and get_upper_bound(function) is None:
            settings["activation"] = get_function_name(function)
        quantize_activation(settings, self.bits)
        for name, argument in _ACTIVATIONS.items():
            if entry.get(name) is not None:
                settings[argument] = copy(entry[name])
        try:
            return cls.from_config(settings)
        except (TypeError, ValueError) as error:
            cause: BaseException = error
            while cause.__context__ is not None:  # Keras' error repeats the whole configuration
                cause = cause.__context__
            raise UtilityError(
                f"quantizer_config[{key!r}]: expected arguments of a {cls.__name__} for the layer "
                f"{settings['name']!r}, got: {cause}"
            ) from error

    def _replace_bidirectional(self, layer: Any) -> Any:
        cls = find_q_class(type(layer.forward_layer))
        if cls is None:
            return copy_layer(layer)
        entry, key = self._find_weighted(layer, "QBidirectional", "Bidirectional", cls.__name__)
        if entry is None:
            return copy_layer(layer)
        directions = [
            self._with(each, cls, entry, key)
            for each in (layer.forward_layer, layer.backward_layer)
        ]
        if None in directions:
            return copy_layer(layer)
        settings = {
            k: v for k, v in layer.get_config().items() if k not in ("layer", "backward_layer")
        }
        return get_registered()["QBidirectional"](
            directions[0], backward_layer=directions[1], **settings
        )

    def find_folded(self, layer: KerasLayer) -> tuple[type, _Entry, str] | None:
        """Return class, entry and key for folding a normalisation into ``layer``, or ``None`` if any is missing."""
        cls = find_twin(type(layer), FOLDED_SUFFIX)
        if cls is None:
            return None
        entry, key = self._find_weighted(layer, cls.__name__, f"Q{type(layer).__name__}")
        if entry is None or all(q is None for q in self._make_quantizers(cls, entry, key).values()):
            return None
        return cls, entry, key

    def fold(self, layer: KerasLayer, norm: Any) -> Any:
        """Return the Q-layer that replaces ``layer``, with the normalisation ``norm`` folded into it."""
        target = self.find_folded(layer)
        assert target is not None
        cls, entry, key = target
        settings = join_configurations(layer, norm) | self._make_quantizers(cls, entry, key)
        settings |= {name: entry[name] for name in _FOLDING if entry.get(name) is not None}
        return self._build(layer, cls, settings, entry, key)

    # -- activations --------------------------------------------------------------------------------

    def _list_activation_keys(self, layer: KerasLayer) -> tuple[str, ...]:
        """Return the keys under which to look up an activation layer if no entry has its name."""
        first, second = (_ADAPTIVE, "QActivation") if self.adaptive else ("QActivation", _ADAPTIVE)
        return first, second, type(layer).__name__

    def _replace_activation(self, layer: KerasLayer) -> Any:
        entry, key = self.find_entry(layer, *self._list_activation_keys(layer))
        if isinstance(entry, Mapping):
            entry = entry.get(get_activation_name(layer))
        if entry is None:
            return copy_layer(layer)
        try:
            quantizer = get_quantizer(copy(entry))
        except ValueError as error:
            raise UtilityError(
                f"quantizer_config[{key!r}]: expected a quantizer for the layer {layer.name!r}, or "
                f"quantizers by activation, got {entry!r}: {error}"
            ) from error
        common = {"name": layer.name, "dtype": layer.dtype_policy}
        adapts = key == _ADAPTIVE or (self.adaptive and key != "QActivation")
        adaptive = get_adaptive_arguments(layer, quantizer) if adapts else None
        if adaptive is not None:
            return QAdaptiveActivation(**adaptive, **common)
        limited = limit_quantizer(layer, quantizer)
        as_given = isinstance(entry, str) and limited is quantizer
        return QActivation(entry if as_given else limited, **common)


def _list_keys(cls: type) -> list[str]:
    """Return the class names under which to look up a Q-class: its name, and the name without "Batchnorm"."""
    return [cls.__name__, cls.__name__.removesuffix(FOLDED_SUFFIX)]


def _refit(layer: KerasLayer, changed: _Entry) -> _Entry:
    """Return a Q-layer's configuration without constraints and initializers that were fitted to replaced quantizers."""
    config = layer.get_config()
    for each in list_quantized(type(layer)):
        constraint, initializer = (
            each.name_argument("constraint"),
            each.name_argument("initializer"),
        )
        if each.name_argument("quantizer") not in changed:
            continue
        owner = getattr(layer, "cell", layer)
        if isinstance(getattr(owner, constraint, None), Clip):
            config[constraint] = None
        fitted = getattr(owner, initializer, None)
        if isinstance(fitted, QInitializer):
            config[initializer] = keras.initializers.serialize(fitted.initializer)
    return config


def _list_known_keys() -> list[str]:
    """Return all keys that an entry of a layer with weights may have."""
    return sorted({*_ACTIVATIONS, *_FOLDING, "kernel_quantizer", *_list_arguments()})


def _list_arguments() -> Iterator[str]:
    for cls in get_registered().values():
        for weight in list_quantized(cls):
            yield weight.name_argument("quantizer")
