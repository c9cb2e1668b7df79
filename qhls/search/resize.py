"""Models with more or fewer units and filters in some of their layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from qhls.frontend.state import copy_model_state
from qhls.search.errors import SpaceError
from qhls.utils.rebuild import again, custom_scope, rebuild

FILTER_FACTORS = (0.5, 0.75, 1.0, 1.5, 2.0)
"""What AutoQKeras multiplies units and filters by."""

_SIZES = {"Dense": "units", "Conv1D": "filters", "Conv2D": "filters"}
"""Class of a layer -> its argument that tells how many outputs it has."""


def resize(
    model: keras.Model,
    factors: Mapping[str, float],
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """``model`` with the outputs of layers, by name, times ``factors``: rounded down, at least 1.

    Layers whose shapes stay the same keep their weights. Without a factor but 1 it is ``model`` itself.
    Raises ``ValueError``, as Keras does, where shapes no longer fit.
    """
    if all(factor == 1 for factor in factors.values()):
        return model

    def convert(layer: Any) -> Any:
        argument, factor = _SIZES.get(type(layer).__name__), factors.get(layer.name, 1)
        if argument is None or factor == 1:
            return again(layer)
        settings = layer.get_config()
        return type(layer).from_config(
            settings | {argument: max(int(settings[argument] * factor), 1)}
        )

    with custom_scope(custom_objects):
        resized = rebuild(model, convert)
    copy_model_state(model, resized, partly=True)
    return resized


def resizable(
    model: keras.Model,
    names: Sequence[str],
    together: bool,
    custom_objects: Mapping[str, Any] | None = None,
) -> list[str]:
    """Those of the layers ``names`` whose size is free: the model can be built and its outputs stay as they are.

    ``together``: all of them change by the same factor, so that branches which meet again may be resized.
    Raises ``SpaceError`` if they cannot change together.
    """
    free = [name for name in names if type(model.get_layer(name)).__name__ in _SIZES]
    shapes = [tensor.shape for tensor in model.outputs]

    def kept(factors: Mapping[str, float]) -> bool | None:
        """Whether the outputs stay as they are; ``None`` if the model cannot be built."""
        try:
            resized = resize(model, factors, custom_objects)
        except ValueError:
            return None
        return [tensor.shape for tensor in resized.outputs] == shapes

    verdicts = {name: kept({name: 2.0}) for name in free}
    if not together:
        return [name for name in free if verdicts[name]]
    free = [name for name in free if verdicts[name] is not False]
    if free and not kept(dict.fromkeys(free, 2.0)):
        raise SpaceError(
            f"tune_filters='block': expected layers that can all be resized by one factor, received "
            f"{', '.join(free)}, whose shapes then no longer fit; name some of them in "
            f"tune_filters_exceptions"
        )
    return free
