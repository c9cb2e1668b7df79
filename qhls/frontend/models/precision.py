"""Copies of models that compute in float32 or float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from qhls.frontend.models.state import copy_model_state
from qhls.quantizers.numerics import use_precision

_WHOLE = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
"""Names of the integer and boolean types of Keras."""


HALF = ("float16", "bfloat16")
"""Types of half precision."""


def find_float_type(model: keras.Model) -> str:
    """Return "float64" if a layer of ``model`` computes in it, else "float32", even if all layers have half
    precision.
    """
    has_doubles = any(layer.compute_dtype == "float64" for layer in list_layers_of_type(model))
    return "float64" if has_doubles else "float32"


def list_layers_of_type(model: keras.Model) -> list[Any]:
    """Return the layers of ``model`` that compute in floats, those within others included."""
    others = keras.Model | keras.layers.InputLayer
    every = model._flatten_layers(include_self=False)
    return [x for x in every if not isinstance(x, others) and "float" in str(x.compute_dtype)]


def copy_in_precision(
    model: keras.Model, dtype: str, host_softmax: Sequence[str] = ()
) -> keras.Model:
    """Return a copy of ``model`` that computes in ``dtype``, without the softmax of the layers ``host_softmax``.

    Layers of half precision keep their types in a float32 model.
    """
    with use_precision(dtype):
        halves = any(layer.compute_dtype in HALF for layer in list_layers_of_type(model))
        changed = None if halves and dtype == "float32" else dtype
        config = _adapt(model.get_config(), changed, set(host_softmax), "")
        copy = type(model).from_config(config)
        if not copy.built:
            copy.build(model.input_shape)
        copy_model_state(model, copy)
        return copy


def _adapt(config: object, dtype: str | None, linear: set[str], path: str) -> Any:
    """Return ``config`` with the type ``dtype``, unless ``None``, and without the softmax of the layers named in
    ``linear``.
    """
    if isinstance(config, list | tuple):
        return type(config)(_adapt(entry, dtype, linear, path) for entry in config)
    if not isinstance(config, dict):
        return config
    name = (config.get("config") or {}).get("name") if "class_name" in config else None
    if name is not None and f"{path}{name}" in linear:
        return _drop_softmax(_adapt(config, dtype, set(), path))
    below = f"{path}{name}/" if name is not None and "layers" in config["config"] else path
    return {
        key: dtype
        if dtype and key == "dtype" and value not in (None, *_WHOLE)
        else _adapt(value, dtype, linear, below)
        for key, value in config.items()
    }


def _drop_softmax(layer: dict[str, Any]) -> dict[str, Any]:
    if layer["class_name"] != "Softmax":
        return layer | {"config": layer["config"] | {"activation": "linear"}}
    kept = {key: layer["config"][key] for key in ("name", "dtype") if key in layer["config"]}
    # The operation ``keras.ops.softmax`` has the name of the layer, in another module.
    linear = {"module": "keras.layers", "class_name": "Activation", "registered_name": None}
    changed = layer | linear | {"config": kept | {"activation": "linear"}}
    if "inbound_nodes" in layer:  # calls of a Softmax name its mask, which an Activation has not
        calls = [node | {"kwargs": {}} for node in layer["inbound_nodes"]]
        return changed | {"inbound_nodes": calls}
    return changed
