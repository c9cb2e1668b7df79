"""Folding of batch normalisations into the layers before them, and unfolding of Q-layers."""

from __future__ import annotations

from typing import Any

import keras

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.fusing import find_normalised_layers
from qhls.frontend import get_registered
from qhls.frontend.layers.batchnorm import QBatchNormalization
from qhls.frontend.layers.folded import NORMALISATION_ARGUMENTS, Folded
from qhls.frontend.layers.traits import FOLDED_SUFFIX, find_twin
from qhls.frontend.models.rebuild import copy_layer, rebuild
from qhls.frontend.models.state import copy_state
from qhls.frontend.models.walk import walk_replaceable
from qhls.quantizers.keras_types import KerasLayer


def find_foldable(model: keras.Model) -> list[tuple[Any, Any]]:
    """Return (layer, normalisation) for each normalisation that can be folded into the Keras layer before it.

    The layer is dense, a convolution or depthwise, and has no activation. Only the normalisation, along its channels,
    reads it. The pairs are in the order of the model's layers.
    """
    order = [
        id(layer) for layer in walk_replaceable(model)
    ]  # without those inside a user-defined layer
    pairs = find_normalised_layers(model, keras.layers.BatchNormalization)
    pairs = [pair for pair in pairs if id(pair[0].layer) in order and id(pair[1].layer) in order]
    return [
        (call.layer, after.layer)
        for call, after in sorted(pairs, key=lambda pair: order.index(id(pair[0].layer)))
        if find_twin(type(call.layer), FOLDED_SUFFIX) is not None
        and not isinstance(after.layer, QBatchNormalization)
        and not after.layer.get_config().get("renorm")
    ]


def join_configurations(layer: KerasLayer, norm: Any) -> dict[str, Any]:
    """Return the configuration of the folded layer that replaces ``layer`` and the normalisation ``norm``."""
    config = norm.get_config()
    return layer.get_config() | {key: config[key] for key in NORMALISATION_ARGUMENTS}


def transfer(layer: KerasLayer, new: Any, norm: Any) -> None:
    """Copy the weights of ``layer`` to ``new``, and also those of the folded normalisation unless ``norm`` is None."""
    if norm is None:
        copy_state(layer, new)
        return
    for name in ("kernel", "bias"):
        if getattr(layer, name, None) is not None:
            getattr(new, name).assign(getattr(layer, name))
    copy_state(norm, new.batchnorm)


def fold_normalisations(model: keras.Model) -> keras.Model:
    """Return a copy of ``model`` with all foldable normalisations folded into Q-layers; inference results are equal.

    Kernel and bias of these Q-layers are the folded ones, real numbers where ``model`` has layers of Keras. The other
    layers and their weights are copied.

    Raises:
        LoweringError: the model is not built from layers.
    """
    normalisations = {id(layer): norm for layer, norm in find_foldable(model)}
    copied: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        norm = normalisations.get(id(layer))
        if norm is None:
            new = copy_layer(layer)
        else:
            cls = find_twin(type(layer), FOLDED_SUFFIX)
            new = cls.from_config(join_configurations(layer, norm))
        copied.append((layer, new))
        return new

    folded = rebuild(model, convert, list(normalisations.values()))
    for layer, new in copied:
        transfer(layer, new, normalisations.get(id(layer)))
    return unfold_model(folded)


def convert_to_folded_model(model: keras.Model) -> tuple[keras.Model, list[str]]:
    """Return a copy of ``model`` without its foldable batch normalisations, and the names of the layers before them.

    The other layers keep their weights. The result differs from ``model`` until the normalisations are folded into the
    named layers, as ``model_quantize(..., enable_bn_folding=True)`` does.

    Raises:
        LoweringError: the model is not built from layers.
    """
    pairs = find_foldable(model)
    copied: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        copied.append((layer, copy_layer(layer)))
        return copied[-1][1]

    folded = rebuild(model, convert, [norm for _, norm in pairs])
    for layer, new in copied:
        copy_state(layer, new)
    return folded, [layer.name for layer, _ in pairs]


def convert_folded_layer_to_unfolded(layer: KerasLayer) -> Any:
    """Return a new, unbuilt Q-layer with a bias and without normalisation that can replace a folded layer.

    It always has a bias. Its weights are those of ``layer.get_folded_weights()``.

    Raises:
        UtilityError: ``layer`` has no folded normalisation.
    """
    cls = get_registered().get(type(layer).__name__.removesuffix(FOLDED_SUFFIX))
    if not isinstance(layer, Folded) or cls is None:
        raise UtilityError(
            f"convert_folded_layer_to_unfolded: expected a layer with a folded normalisation, such "
            f"as QConv2DBatchnorm, got the layer {layer.name!r} ({type(layer).__name__}). Pass a folded layer."
        )
    folding = {*NORMALISATION_ARGUMENTS, "folding_mode", "ema_freeze_delay"}
    config = {key: value for key, value in layer.get_config().items() if key not in folding}
    return cls.from_config(config | {"use_bias": True})


def unfold_model(model: keras.Model) -> keras.Model:
    """Return a copy of ``model`` with ordinary Q-layers instead of folded ones; inference results are equal.

    Raises:
        LoweringError: the model is not built from layers.
    """
    copied: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        new = (
            convert_folded_layer_to_unfolded(layer)
            if isinstance(layer, Folded)
            else copy_layer(layer)
        )
        copied.append((layer, new))
        return new

    unfolded = rebuild(model, convert)
    for layer, new in copied:
        if isinstance(layer, Folded):
            new.set_weights(layer.get_folded_weights())
        else:
            copy_state(layer, new)
    return unfolded
