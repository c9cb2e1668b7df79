"""``model_quantize``: a model of Q-layers from a model of Keras' own.

``quantizer_config`` has entries by the name of a layer, by the class that it becomes
("QConv2D") or is ("Conv2D"), and under "default"; the first of these that is there counts.

- Layers with weights: ``{"kernel_quantizer": ..., "bias_quantizer": ...}``, and
  ``depthwise_quantizer``, ``pointwise_quantizer`` (without them ``kernel_quantizer``),
  ``recurrent_quantizer``, ``state_quantizer``. A layer is converted if its entry has a
  quantizer for one of its weights; "QBidirectional" is for both directions.
- ``activation_quantizer`` and ``recurrent_activation_quantizer`` replace what such a layer
  applies itself; without the first, relu, tanh and sigmoid become ``quantized_relu``,
  ``quantized_tanh`` and ``quantized_sigmoid`` of ``activation_bits`` bits.
- "default": as above, also with the keys "kernel" (all kernels) and "bias", for all layers with
  kernels.
- Activation, ReLU and LeakyReLU layers: a quantizer, or quantizers by activation
  (``{"relu": ..., "leakyrelu": ...}``), by name or under "QActivation"; with
  ``prefer_qadaptiveactivation`` under "QAdaptiveActivation" too, and ``quantized_bits`` and
  ``quantized_relu`` become a ``QAdaptiveActivation`` of as many bits.
- BatchNormalization: an entry, also an empty one, makes a ``QBatchNormalization``; quantizers
  that it does not have are ``None``.
- AveragePooling2D, GlobalAveragePooling2D: ``average_quantizer``, ``activation_quantizer``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import keras

from qhls.frontend import Clip, QActivation, QInitializer, registered
from qhls.frontend.adaptive import QAdaptiveActivation
from qhls.frontend.qlayer import Quantized
from qhls.quantizers import get_quantizer
from qhls.utils.activations import (
    activation_name,
    adaptive_arguments,
    bounded,
    function_name,
    upper_bound,
)
from qhls.utils.errors import UtilityError
from qhls.utils.folding import fold, foldable, transfer
from qhls.utils.graph import layers, parts
from qhls.utils.rebuild import again, custom_scope, rebuild

Entry = dict[str, Any]

_DEFAULT = "default"
_INLINE = ("relu", "tanh", "sigmoid")
"""Activations that become ``quantized_*(activation_bits)`` where nothing else is said."""

_FOLDING = ("folding_mode", "ema_freeze_delay")
_ACTIVATIONS = {
    "activation_quantizer": "activation",
    "recurrent_activation_quantizer": "recurrent_activation",
}
"""Key of an entry -> argument of the layer."""


def model_quantize(  # noqa: PLR0917 - QKeras' order
    model: keras.Model,
    quantizer_config: Mapping[str, Any],
    activation_bits: int,
    custom_objects: Mapping[str, Any] | None = None,
    transfer_weights: bool = False,
    prefer_qadaptiveactivation: bool = False,
    enable_bn_folding: bool = False,
) -> keras.Model:
    """A model like ``model`` with Q-layers in the places of the layers that ``quantizer_config`` names.

    ``quantizer_config`` has entries by a layer's name, by class and under "default":
    ``help(qhls.utils.quantize)`` tells which. ``activation_bits`` are the bits of the activations
    that layers apply themselves where an entry does not tell.

    With ``enable_bn_folding`` a dense, convolution or depthwise layer whose sums a
    BatchNormalization alone reads becomes ``QConv2DBatchnorm`` or the like, if it is converted at
    all; ``folding_mode`` and ``ema_freeze_delay`` are keys of its entry. With ``transfer_weights``
    the new model has the weights of ``model``; what a layer learned by ``adapt`` it has always.
    ``custom_objects`` are classes and functions by the names under which configurations know them.

    Raises:
        UtilityError: an entry that is no dictionary, a key or an argument that a layer does not
            have, a quantizer that does not exist.
        LoweringError: a model that is not built from layers.
    """
    config = _Config(quantizer_config, activation_bits, prefer_qadaptiveactivation)
    config.warn_of_unknown(model)
    folds = foldable(model) if enable_bn_folding else []
    folds = [(layer, norm) for layer, norm in folds if config.folded(layer) is not None]
    normalisations = {id(layer): norm for layer, norm in folds}
    made: list[tuple[Any, Any]] = []

    def convert(layer: Any) -> Any:
        norm = normalisations.get(id(layer))
        new = config.convert(layer) if norm is None else config.fold(layer, norm)
        made.append((layer, new))
        return new

    with custom_scope(custom_objects):
        quantized = rebuild(model, convert, [norm for _, norm in folds])
    for layer, new in made:
        adapted = hasattr(layer, "adapt")  # to data, which no training does again
        if transfer_weights or adapted:
            transfer(layer, new, normalisations.get(id(layer)))
    return quantized


def quantize_activation(layer_config: dict[str, Any], activation_bits: int) -> None:
    """Replace relu, tanh or sigmoid under "activation" by its quantizer of ``activation_bits`` bits."""
    name = layer_config.get("activation")
    if name in _INLINE:
        layer_config["activation"] = f"quantized_{name}({activation_bits})"


def get_config(
    quantizer_config: Mapping[str, Any], layer: Any, layer_class: str, parameter: str | None = None
) -> Any:
    """The entry for a layer, by its name or else by ``layer_class``; of it ``parameter``, if given.

    ``layer`` is a layer, or a layer of a model's JSON. ``None``: there is none.
    """
    name = layer["config"]["name"] if isinstance(layer, dict) else layer.name
    entry = quantizer_config.get(name, quantizer_config.get(layer_class))
    return entry.get(parameter) if entry is not None and parameter is not None else entry


class _Config:
    """A ``quantizer_config`` and what else says how a layer is converted."""

    def __init__(self, entries: Mapping[str, Any], bits: int, adaptive: bool) -> None:
        if not isinstance(entries, Mapping):
            raise UtilityError(
                f"model_quantize: expected a dictionary as quantizer_config, received "
                f"{type(entries).__name__}; its keys are names of layers and classes"
            )
        self.entries, self.bits, self.adaptive = entries, bits, adaptive

    def warn_of_unknown(self, model: keras.Model) -> None:
        """A key that is neither a layer's name nor a class is most likely misspelt."""
        classes = {name.removeprefix("Q") for name in registered()}
        names = {part for name, _ in layers(model) for part in (name, name.rpartition("/")[2])}
        for key in self.entries:
            known = key in names or key == _DEFAULT or key in registered() or key in classes
            if not known and not isinstance(getattr(keras.layers, str(key), None), type):
                warnings.warn(
                    f"model_quantize: quantizer_config has {key!r}, which is neither a layer of "
                    f"the model {model.name!r} nor a class of layers; it has no effect",
                    stacklevel=3,
                )

    # -- entries ------------------------------------------------------------------------------------

    def entry(self, layer: Any, *classes: str) -> tuple[Any, str]:
        """The first entry for ``layer``, and its key; ``(None, "")``."""
        for key in (layer.name, *classes):
            if self.entries.get(key) is not None:
                return self.entries[key], key
        return None, ""

    def _weighted(self, layer: Any, *classes: str) -> tuple[Entry | None, str]:
        """As ``entry`` for a layer with weights: a checked dictionary."""
        entry, key = self.entry(layer, *classes, type(layer).__name__, _DEFAULT)
        if entry is None:
            return None, key
        if not isinstance(entry, Mapping):
            raise UtilityError(
                f"quantizer_config[{key!r}]: expected a dictionary for the layer {layer.name!r}, "
                f"such as {{'kernel_quantizer': 'quantized_bits(4,0,alpha=1)'}}, received {entry!r}"
            )
        if key == _DEFAULT:
            entry = {
                k if k.endswith("_quantizer") else f"{k}_quantizer": v for k, v in entry.items()
            }
        known = _known_keys()
        for name in entry:
            if name not in known:
                raise UtilityError(
                    f"quantizer_config[{key!r}]: unknown key {name!r}; known are {', '.join(known)}"
                )
        return dict(entry), key

    def _quantizers(self, cls: type, entry: Entry, key: str) -> Entry:
        """Argument of ``cls`` -> quantizer or ``None``, for each weight."""
        found = {}
        for weight in _quantized_variables(cls):
            quantizer = entry.get(weight.argument("quantizer"))
            shared = weight.variable.endswith("kernel") and (
                key == _DEFAULT or weight.variable != "recurrent_kernel"
            )
            if quantizer is None and shared:
                quantizer = entry.get("kernel_quantizer")
            found[weight.argument("quantizer")] = copy(quantizer)  # each weight has its own scale
        return found

    # -- layers -------------------------------------------------------------------------------------

    def convert(self, layer: Any) -> Any:
        """The Q-layer for ``layer``, or another one like it."""
        if isinstance(layer, keras.layers.Bidirectional):
            return self._bidirectional(layer)
        if activation_name(layer) is not None:
            return self._activation(layer)
        cls = _q_class(type(layer))
        if cls is None or not _quantized_variables(cls):
            if isinstance(layer, keras.layers.Wrapper):
                return self._wrapper(layer)
            self._warn_of_parts(layer)
            return again(layer)
        entry, key = self._weighted(layer, *_classes(cls))
        return self._with(layer, cls, entry, key) or again(layer)

    def _warn_of_parts(self, layer: Any) -> None:
        """Of what a layer makes itself: its configuration says nothing of it, so nothing else can take its place."""
        left = [each.name for each in layer._flatten_layers(include_self=False) if self._has(each)]
        if left and parts(layer):
            warnings.warn(
                f"model_quantize: the layer {layer.name!r} ({type(layer).__name__}) holds layers that "
                f"stay as they are: {', '.join(left)}. Make them layers of the model, or of a nested model.",
                stacklevel=2,
            )

    def _has(self, layer: Any) -> bool:
        """Whether there is an entry for a layer."""
        if activation_name(layer) is not None:
            return self.entry(layer, "QActivation", type(layer).__name__)[0] is not None
        cls = _q_class(type(layer))
        weighted = cls is not None and bool(_quantized_variables(cls))
        return weighted and self._weighted(layer, *_classes(cls))[0] is not None

    def _wrapper(self, layer: Any) -> Any:
        """A wrapper such as ``TimeDistributed``, whose configuration has the layer, around the converted one."""
        inner = layer.layer
        nested = isinstance(inner, keras.Model)
        new = rebuild(inner, self.convert) if nested else self.convert(inner)
        config = layer.get_config() | {"layer": keras.saving.serialize_keras_object(new)}
        return type(layer).from_config(config)

    def _with(self, layer: Any, cls: type, entry: Entry | None, key: str) -> Any:
        """The layer as one of ``cls``; ``None`` where ``entry`` has nothing for it."""
        if entry is None:
            return None
        quantised = type(layer) is cls
        if quantised and key == _DEFAULT:
            return None
        settings = self._quantizers(cls, entry, key)
        if quantised:  # what the entry does not mention stays
            settings = {k: q for k, q in settings.items() if q is not None or k in entry}
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        pools = "average_quantizer" in settings and "activation_quantizer" in entry
        enough = (normalises or pools) and key != _DEFAULT
        if not enough and not quantised and all(q is None for q in settings.values()):
            return None
        config = _refitted(layer, settings) if quantised else layer.get_config()
        return self._build(layer, cls, config | settings, entry, key)

    def _build(self, layer: Any, cls: type, settings: Entry, entry: Entry, key: str) -> Any:
        function = getattr(layer, "activation", None)
        if isinstance(function, keras.layers.ReLU) and upper_bound(function) is None:
            settings["activation"] = function_name(function)
        quantize_activation(settings, self.bits)
        for name, argument in _ACTIVATIONS.items():
            if entry.get(name) is not None:
                settings[argument] = copy(entry[name])
        try:
            return cls.from_config(settings)
        except (TypeError, ValueError) as error:
            cause: BaseException = error
            while cause.__context__ is not None:  # Keras wraps it with all of the configuration
                cause = cause.__context__
            raise UtilityError(
                f"quantizer_config[{key!r}]: the layer {settings['name']!r} cannot become a "
                f"{cls.__name__}: {cause}"
            ) from error

    def _bidirectional(self, layer: Any) -> Any:
        cls = _q_class(type(layer.forward_layer))
        if cls is None:
            return again(layer)
        entry, key = self._weighted(layer, "QBidirectional", "Bidirectional", cls.__name__)
        if entry is None:
            return again(layer)
        directions = [
            self._with(each, cls, entry, key)
            for each in (layer.forward_layer, layer.backward_layer)
        ]
        if None in directions:
            return again(layer)
        settings = {
            k: v for k, v in layer.get_config().items() if k not in ("layer", "backward_layer")
        }
        return registered()["QBidirectional"](
            directions[0], backward_layer=directions[1], **settings
        )

    def folded(self, layer: Any) -> tuple[type, Entry, str] | None:
        """Class, entry and its key for a layer into which a normalisation is folded."""
        cls = registered().get(f"Q{type(layer).__name__}Batchnorm")
        if cls is None:
            return None
        entry, key = self._weighted(layer, cls.__name__, f"Q{type(layer).__name__}")
        if entry is None or all(q is None for q in self._quantizers(cls, entry, key).values()):
            return None
        return cls, entry, key

    def fold(self, layer: Any, norm: Any) -> Any:
        """The Q-layer for ``layer`` with ``norm`` folded into it."""
        found = self.folded(layer)
        assert found is not None
        cls, entry, key = found
        settings = fold(layer, norm) | self._quantizers(cls, entry, key)
        settings |= {name: entry[name] for name in _FOLDING if entry.get(name) is not None}
        return self._build(layer, cls, settings, entry, key)

    # -- activations --------------------------------------------------------------------------------

    def _activation(self, layer: Any) -> Any:
        classes = ("QAdaptiveActivation",) if self.adaptive else ()
        entry, key = self.entry(layer, *classes, "QActivation", type(layer).__name__)
        if isinstance(entry, Mapping):
            entry = entry.get(activation_name(layer))
        if entry is None:
            return again(layer)
        try:
            quantizer = get_quantizer(copy(entry))
        except ValueError as error:
            raise UtilityError(
                f"quantizer_config[{key!r}]: expected a quantizer for the layer {layer.name!r}, or "
                f"quantizers by activation, received {entry!r}: {error}"
            ) from error
        common = {"name": layer.name, "dtype": layer.dtype_policy}
        adaptive = adaptive_arguments(layer, quantizer) if self.adaptive else None
        if adaptive is not None:
            return QAdaptiveActivation(**adaptive, **common)
        limited = bounded(layer, quantizer)
        as_given = isinstance(entry, str) and limited is quantizer
        return QActivation(entry if as_given else limited, **common)


def _quantized_variables(cls: type) -> tuple[Quantized, ...]:
    """The weights of a Q-class, or of its cells', that quantizers stand on."""
    return getattr(getattr(cls, "cell_class", cls), "quantized_variables", ())


def _q_class(cls: type) -> type | None:
    """The Q-class that layers of ``cls`` become: ``cls`` itself where it is one."""
    if registered().get(cls.__name__) is cls:
        return cls
    return registered().get(f"Q{cls.__name__}")


def _classes(cls: type) -> list[str]:
    """The keys for a Q-class; one with a folded normalisation has also those of the class without."""
    return [cls.__name__, cls.__name__.removesuffix("Batchnorm")]


def _refitted(layer: Any, changed: Entry) -> Entry:
    """The configuration of a Q-layer, whose constraints and initializers will fit the changed quantizers."""
    config = layer.get_config()
    for each in _quantized_variables(type(layer)):
        constraint, initializer = each.argument("constraint"), each.argument("initializer")
        if each.argument("quantizer") not in changed:
            continue
        owner = getattr(layer, "cell", layer)
        if isinstance(getattr(owner, constraint, None), Clip):
            config[constraint] = None
        fitted = getattr(owner, initializer, None)
        if isinstance(fitted, QInitializer):
            config[initializer] = keras.initializers.serialize(fitted.initializer)
    return config


def _known_keys() -> list[str]:
    """Every key that an entry of a layer with weights may have."""
    return sorted({*_ACTIVATIONS, *_FOLDING, "kernel_quantizer", *_arguments()})


def _arguments() -> Iterator[str]:
    for cls in registered().values():
        for weight in _quantized_variables(cls):
            yield weight.argument("quantizer")
