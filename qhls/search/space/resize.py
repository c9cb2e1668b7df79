"""Models with more or fewer units and filters in some of their layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from qhls.frontend.layers.traits import find_twin
from qhls.frontend.models.rebuild import convert_inside, copy_layer, enter_custom_scope, rebuild
from qhls.frontend.models.state import copy_model_state
from qhls.frontend.models.walk import walk_replaceable
from qhls.quantizers.keras_types import KerasLayer
from qhls.search.errors import SpaceError

FILTER_FACTORS = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Factors of units and filters, as in AutoQKeras."""


def resize(
    model: keras.Model,
    factors: Mapping[str, float],
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Return a copy of ``model`` with the units or filters of layers multiplied by ``factors`` (layer name -> factor).

    Products are rounded down to at least 1. Layers whose shapes stay the same keep their weights. If all factors
    are 1, ``model`` itself is returned. Raises ``ValueError``, as Keras does, if shapes no longer fit.
    """
    if all(factor == 1 for factor in factors.values()):
        return model

    def convert(layer: KerasLayer) -> Any:
        if isinstance(layer, keras.layers.Wrapper):
            return convert_inside(layer, convert)
        argument, factor = _find_size_argument(layer), factors.get(layer.name, 1)
        if argument is None or factor == 1:
            return copy_layer(layer)
        settings = layer.get_config()
        return type(layer).from_config(
            settings | {argument: max(int(settings[argument] * factor), 1)}
        )

    with enter_custom_scope(custom_objects):
        resized = rebuild(model, convert)
    copy_model_state(model, resized, partly=True)
    return resized


def find_resizable(
    model: keras.Model,
    names: Sequence[str],
    together: bool,
    custom_objects: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return the layers among ``names`` that can be resized without changing the shapes of the model's outputs.

    ``together``: all of them are resized by the same factor, so that branches that merge again can be resized.
    Raises ``SpaceError`` if they cannot be resized together.
    """
    inside = {layer.name: layer for layer in walk_replaceable(model)}
    free = [name for name in names if _find_size_argument(inside[name])]
    shapes = [tensor.shape for tensor in model.outputs]

    def has_same_shapes(factors: Mapping[str, float]) -> bool | None:
        """Return whether resizing by ``factors`` keeps the outputs' shapes; ``None`` if the model cannot be built."""
        try:
            resized = resize(model, factors, custom_objects)
        except ValueError:
            return None
        return [tensor.shape for tensor in resized.outputs] == shapes

    verdicts = {name: has_same_shapes({name: 2.0}) for name in free}
    if not together:
        return [name for name in free if verdicts[name]]
    free = [name for name in free if verdicts[name] is not False]
    if free and not has_same_shapes(dict.fromkeys(free, 2.0)):
        raise SpaceError(
            f"tune_filters='block': expected layers that can all be resized by one factor, got "
            f"{', '.join(free)}, whose shapes then no longer fit. Name some of them in "
            f"tune_filters_exceptions."
        )
    return free


def _find_size_argument(layer: KerasLayer) -> str | None:
    """Return the name of a layer's argument for its number of outputs, such as "units"; ``None`` if it has none."""
    return getattr(find_twin(type(layer)), "size_argument", None)
