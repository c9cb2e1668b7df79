"""Translation of model configurations of Keras 2 and 3 to Keras 3's form; only classes from a closed list are accepted.

A model file is data from anywhere. So every object that it names is looked up among the classes that Keras ships and
that its user registered (``classes.py``). Nothing is imported, called or unpickled because the file says so.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.frontend.files import tf_ops
from qhls.frontend.files.classes import (
    CODE,
    Config,
    find,
    find_registered_name,
    format_value,
    name_class,
    read_settings,
)
from qhls.frontend.models.calls import MODELS, make_ends, make_node, read_field, rename_layers

_LAYER_KEYS = {"layer", "layers", "forward_layer", "backward_layer", "cell", "cells"}


def translate(config: object, where: str) -> Config:
    """Translate the configuration of a model, of Keras 2 or 3, to Keras 3's form.

    ``where`` begins the messages: the file's name.

    Raises:
        LoadError: not a model; an unknown class; code in place of a layer; an argument without a
            meaning.
    """
    try:
        return _read_top(config, where)
    except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
        raise LoadError(
            f"{where}: expected the configuration of a Keras model, got one of another structure "
            f"({type(error).__name__}: {error}). Save the model again."
        ) from error


def _read_top(config: object, where: str) -> Config:
    if not isinstance(config, dict) or "class_name" not in config:
        raise LoadError(
            f"{where}: expected the configuration of a Keras model (an object with 'class_name'), "
            f"got {format_value(config)}. Save it with model.save() or model.to_json()."
        )
    name = _read_class_name(config, where)
    if name not in MODELS:
        raise LoadError(
            f"{where}: expected a Sequential or Functional model, got class {name!r}. Rebuild "
            f"a subclassed model with the functional API."
        )
    return _read_model(name, config, where)


def build(config: Config, where: str) -> Any:
    """Build the layer or model of a translated configuration.

    Raises:
        LoadError: Keras, a quantizer or a layer refuses an argument.
    """
    try:
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:  # the configuration is data: any argument may be anything
        cause: BaseException = error
        while (
            cause.__context__ is not None and not cause.__suppress_context__
        ):  # Keras wraps an error once for each layer around it
            cause = cause.__context__
        raise LoadError(
            f"{where}: expected a configuration that can be built, got one that is refused: "
            f"{str(cause) or type(cause).__name__}"
        ) from error


# -- objects ---------------------------------------------------------------------------------------


def _read_value(value: object, where: str, key: str = "") -> Any:
    """Translate any value of a configuration."""
    if isinstance(value, list):
        return [_read_value(v, where, key) for v in value]
    if not isinstance(value, dict):
        return value
    if "class_name" in value:
        return _read_layer(value, where) if key in _LAYER_KEYS else _read_part(value, where)
    return {k: _read_value(v, where, k) for k, v in value.items()}


def _read_part(config: Config, where: str) -> Any:
    """Translate the configuration of an object that is not a layer, such as a tensor, a quantizer or a function."""
    name, inner = _read_class_name(config, where), config.get("config")
    if name in ("__tensor__", "__numpy__"):
        return read_field(inner, "value", where)
    if name in ("DTypePolicy", "Policy"):
        return read_field(inner, "name", where)
    if name == "function":
        return _read_function(inner, where)
    cls = find(name, config, where)
    if issubclass(cls, keras.layers.Layer):
        return _read_layer(config, where)
    settings = {k: _read_value(v, where, k) for k, v in (inner or {}).items()}
    if issubclass(cls, keras.initializers.Initializer):
        settings.pop("dtype", None)  # Keras 2.2 wrote the dtype here, later ones ask the layer
    return name_class(cls, settings)


def _read_function(name: object, where: str) -> Config | str:
    """Return the translated reference to a function: its name, or the configuration of a function that the user
    registered.
    """
    plain = _read_class_name({"class_name": name}, where)
    known = find_registered_name(name)
    if known is None:
        return plain
    config = {"module": "builtins", "class_name": "function", "config": known}
    return config | {"registered_name": known}


def _read_layer(config: Config, where: str) -> Config:
    """Translate a layer, which may be a model."""
    config = _strip_pruning(config, where)
    inner = config.get("config")
    label = inner.get("name") if isinstance(inner, dict) else None
    where = f"{where}: layer {label or config.get('name') or config.get('class_name')!r}"
    name = _read_class_name(config, where)
    if name in MODELS:
        return _read_model(name, config, where)
    if not isinstance(inner, dict):
        raise LoadError(
            f"{where}: expected an object as 'config', got {format_value(inner)}. Save the model again."
        )
    cls = find(name, config, where, layer=True)
    settings = {k: _read_value(v, where, k) for k, v in inner.items()}
    if issubclass(cls, keras.layers.Layer):
        module = str(config.get("module") or _find_module(inner))
        settings = read_settings(cls, settings, where, module)
    return _check_config(name_class(cls, settings), where)


def _find_module(settings: Config) -> str:
    """Return the module named in a layer's dtype configuration, or ``""``, for HDF5 files of Keras 3, which lack the
    layer's own module.
    """
    dtype = settings.get("dtype")
    return str(dtype.get("module") or "") if isinstance(dtype, dict) else ""


def _check_config(layer_config: Config, where: str) -> Config:
    # Built only so that a message names a bad argument with its layer; from_config may take from what it gets.
    build(copy.deepcopy(layer_config), where)
    return layer_config


def _strip_pruning(config: Config, where: str) -> Config:
    """Return the configuration of the layer inside a ``PruneLowMagnitude``, which acts in training only; return other
    configurations unchanged.
    """
    name = config.get("class_name") if isinstance(config, dict) else None
    if not isinstance(name, str) or name.rpartition(">")[2] != "PruneLowMagnitude":
        return config
    outer: Any = read_field(config, "config", where)
    layer = read_field(outer, "layer", where)
    inner: Any = read_field(layer, "config", where)
    first = {k: outer[k] for k in ("batch_input_shape",) if k in outer}
    own = {"config": first | inner, "name": read_field(inner, "name", where)}
    return layer | own | {"inbound_nodes": config.get("inbound_nodes")}


# -- models ----------------------------------------------------------------------------------------


def _read_model(name: str, config: Config, where: str) -> Config:
    inner: Any = config.get("config")
    if isinstance(inner, list):  # Keras before 2.2.3 wrote the bare list of a Sequential's layers
        inner = {"name": "sequential", "layers": inner}
    layers = read_field(inner, "layers", where)
    if not isinstance(layers, list) or not layers:
        raise LoadError(
            f"{where}: expected a list of layers, got {format_value(layers)}. Save the model again."
        )
    if name == "Sequential":
        return _read_sequential(inner, config, where)
    return _read_functional(inner, where)


def _read_sequential(inner: Config, config: Config, where: str) -> Config:
    layers = inner["layers"]
    translated = [_read_layer(each, where) for each in layers]
    if translated[0]["class_name"] != "InputLayer":
        shape = _find_first_shape(layers[0]) or inner.get("build_input_shape")
        shape = shape or (config.get("build_config") or {}).get("input_shape")
        if shape is None:
            raise LoadError(
                f"{where}: expected a Sequential with a known input shape, got none. Build "
                f"the model (model.build(shape) or keras.Input) before saving it."
            )
        first = translated[0]["config"]
        settings = {"batch_shape": shape, "dtype": "float32", "name": f"{first['name']}_input"}
        translated.insert(0, name_class(keras.layers.InputLayer, settings))
    settings = {"name": inner.get("name", "sequential"), "layers": translated}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": settings,
        "registered_name": None,
    }


def _find_first_shape(config: Config) -> list[int | None] | None:
    """Return the input shape in the configuration of a Sequential's first layer, or ``None`` if it contains none."""
    inner = config.get("config")
    if isinstance(inner, list):
        return _find_first_shape(inner[0])
    if not isinstance(inner, dict):
        return None
    if isinstance(inner.get("layers"), list):
        return _find_first_shape(inner["layers"][0])
    return inner.get("batch_input_shape") or inner.get("batch_shape")


def _read_functional(inner: Config, where: str) -> Config:
    inner = _rename_wrapped(inner, where)
    configs = inner["layers"]
    names = [read_field(each, "name", where) for each in configs]
    nested = {
        n: _read_class_name(c, where, CODE - {*tf_ops.OP_LAYERS})
        for n, c in zip(names, configs, strict=True)
    }
    legacy = any(isinstance(n, list) for c in configs for n in c.get("inbound_nodes") or [])
    layers = []
    for name, config in zip(names, configs, strict=True):
        at = f"{where}: layer {name!r}"
        nodes = [make_node(n, nested, at) for n in config.get("inbound_nodes") or []]
        if nested[name] in tf_ops.OP_LAYERS:
            cls, settings, nodes = tf_ops.translate_operation(config, nodes, at)
            layer = _check_config(name_class(cls, settings | {"name": name}), at)
        else:
            layer = _read_layer(config, where)
        layers.append(layer | {"name": name, "inbound_nodes": nodes})
    settings = {
        "name": inner.get("name"),
        "trainable": inner.get("trainable", True),
        "layers": layers,
    }
    for key in ("input_layers", "output_layers"):
        tensors = make_ends(read_field(inner, key, where), nested if legacy else {}, where)
        # Keras 2 writes a list of one where the model takes or returns a tensor.
        settings[key] = tensors[0] if legacy and len(tensors) == 1 else tensors
    return {"module": "keras", "class_name": "Model", "config": settings, "registered_name": None}


def _rename_wrapped(inner: Config, where: str) -> Config:
    """Return the model's configuration with each pruning wrapper replaced by its inner layer, under the inner layer's
    name.
    """
    layers = [_strip_pruning(each, where) for each in inner["layers"]]
    pairs = zip(inner["layers"], layers, strict=True)
    names = {read_field(old, "name", where): read_field(new, "name", where) for old, new in pairs}
    if all(old == new for old, new in names.items()):
        return inner
    layers = [
        each | {"inbound_nodes": rename_layers(each.get("inbound_nodes"), names)} for each in layers
    ]
    places = {k: rename_layers(inner.get(k), names) for k in ("input_layers", "output_layers")}
    return inner | places | {"layers": layers}


# -- helpers ---------------------------------------------------------------------------------------


def _read_class_name(config: Config, where: str, refused: Collection[str] = CODE) -> str:
    """Return the class name in ``config`` without its registration package; refuse the names in ``refused``."""
    name = config.get("class_name")
    if not isinstance(name, str):
        raise LoadError(
            f"{where}: expected the name of a class or function, got {format_value(name)}. Save the model again."
        )
    name = name.rpartition(">")[2]
    if name in refused:
        raise LoadError(
            f"{where}: expected a layer that holds no code, got {name!r}, whose "
            f"code in the file is never run. Replace it by a Keras "
            f"layer, or by your own one decorated with @qhls.frontend.register."
        )
    return name
