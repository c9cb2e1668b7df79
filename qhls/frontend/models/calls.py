"""Translation of the calls of layers in model files of Keras 2 and 3 to the form of Keras 3."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.frontend.files.classes import Config, format_value

MODELS = {"Sequential", "Functional", "Model"}

_ARGUMENTS = {
    "__keras_tensor__": ("shape", "dtype", "keras_history"),
    "__tensor__": ("value", "dtype"),
    "__numpy__": ("value", "dtype"),
    "__slice__": ("start", "stop", "step"),
    "__ellipsis__": (),
}
"""Classes of objects that may be arguments of a call, each with the keys of its configuration."""


def make_node(given: dict[str, Any] | list[Any], nested: dict[str, str], where: str) -> Config:
    """Return one call of a layer in Keras 3's form; Keras 2 writes a call as ``[[name, node, tensor, kwargs], ...]``.

    ``nested`` has the class of every layer of the model by its name.

    Raises:
        LoadError: an argument that is neither a tensor nor a constant.
    """
    if isinstance(given, dict):
        return {k: make_argument(read_field(given, k, where), where) for k in ("args", "kwargs")}
    tensors, kwargs = [], {}
    if given and isinstance(given[0], str):  # TFOpLambda keeps the structure of its argument
        given = [given]
    for name, index, tensor, *rest in given:
        tensors.append(
            tensor
            if name == "_CONSTANT_VALUE"
            else _make_tensor_keras2([name, index, tensor], nested)
        )
        kwargs = rest[0] if rest else {}
    kwargs = {k: _translate_keras2(v, nested, where) for k, v in kwargs.items() if v is not None}
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}


def make_argument(value: object, where: str) -> Any:
    """Check an argument of a call in Keras 3's form, and return it without keys that are not needed."""
    if isinstance(value, list):
        return [make_argument(v, where) for v in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {k: make_argument(v, where) for k, v in value.items()}
    kept = _keep_checked(value["class_name"], value.get("config"), where)
    if kept is None:
        raise LoadError(
            f"{where}: expected tensors, numbers and slices as arguments of a call, got {format_value(value)}. "
            f"Rebuild this part of the model with plain layers."
        )
    return {"class_name": value["class_name"], "config": kept}


def _keep_checked(name: object, inner: Any, where: str) -> Config | None:
    """Return the checked configuration of a tensor, array, slice or ellipsis; ``None`` for any other object."""
    keys = _ARGUMENTS.get(name) if isinstance(name, str) else None
    if keys is None:
        return None
    kept = {k: read_field(inner, k, where) for k in keys}
    if name in ("__tensor__", "__numpy__"):
        kept["dtype"] = keras.backend.standardize_dtype(kept["dtype"])
        return None if kept["dtype"] == "string" else kept
    if name == "__slice__" and any(type(end) not in (int, type(None)) for end in kept.values()):
        return None
    return kept


def make_ends(given: object, nested: dict[str, str], where: str) -> Any:
    """Return a model's ``input_layers`` or ``output_layers`` in Keras 3's form: ``[name, node, tensor]``, nested in
    lists or dicts.
    """
    if isinstance(given, dict):
        return {k: make_ends(v, nested, where) for k, v in given.items()}
    if not isinstance(given, list) or not given:
        raise LoadError(
            f"{where}: expected [layer, node, tensor], got {format_value(given)}. Save the model again."
        )
    if isinstance(given[0], str):
        name, index, tensor = given
        return [name, index - (nested.get(name) == "Sequential"), tensor]
    return [make_ends(each, nested, where) for each in given]


def rename_layers(value: object, names: dict[str, str]) -> Any:
    """Return calls of a layer, or a model's inputs or outputs, with layers renamed by ``names``, old name to new."""
    if isinstance(value, dict):
        return {k: rename_layers(v, names) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    if _is_tensor_of_keras2(value, names):
        return [names[value[0]], *rename_layers(value[1:], names)]
    return [rename_layers(each, names) for each in value]


def read_field(config: object, key: str, where: str) -> Any:
    """Return ``config[key]``.

    Raises:
        LoadError: it is missing.
    """
    if not isinstance(config, dict) or key not in config:
        raise LoadError(
            f"{where}: expected {key!r} in the file, got {format_value(config)}. Save the model again."
        )
    return config[key]


def _translate_keras2(value: Any, nested: dict[str, str], where: str) -> Any:
    """Return a keyword argument of Keras 2 in Keras 3's form; a list ``[name, node, tensor]`` in it refers to a
    tensor.
    """
    if _is_tensor_of_keras2(value, nested):
        return _make_tensor_keras2(value[:3], nested)
    if isinstance(value, list):
        return [_translate_keras2(each, nested, where) for each in value]
    if isinstance(value, dict) and value.keys() == {"start", "stop", "step"}:
        return make_argument({"class_name": "__slice__", "config": value}, where)
    return make_argument(value, where)


def _is_tensor_of_keras2(value: Any, names: Collection[str]) -> bool:
    sound = isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str)
    return sound and value[0] in names and all(type(each) is int for each in value[1:3])


def _make_tensor_keras2(place: list[Any], nested: dict[str, str]) -> Config:
    """Return Keras 3's reference to the tensor that Keras 2 writes as ``[name, node, tensor]``; Keras infers its
    shape.
    """
    name, index, tensor = place
    # Keras 2 counts the building of a nested model as its call 0, Keras 3 does not.
    history = [name, index - (nested.get(name) in MODELS), tensor]
    kept = {"shape": [None], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": kept}
