"""Model configurations of Keras 2 and 3, rewritten for Keras 3 and from a closed list of classes.

A model file is data from anywhere. So every object it names is looked up here, in what Keras ships
and what ``register`` has seen; nothing is imported, called or unpickled because the file says so.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.frontend.registry import registered
from qhls.quantizers.base import QUANTIZERS

Config = dict[str, Any]

_MODELS = {"Sequential", "Functional", "Model"}

_CODE = {
    "Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod",
    "InstanceProperty", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer",
}  # fmt: skip
"""Layers that are code, not numbers: a Python function in the file or in a library."""

_STOCK_LAYERS = {
    "InputLayer", "Identity", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dense",
    "Embedding", "Masking", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose",
    "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D",
    "AveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "Flatten",
    "Reshape", "Permute", "RepeatVector", "Cropping1D", "Cropping2D", "Cropping3D", "ZeroPadding1D",
    "ZeroPadding2D", "ZeroPadding3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Add",
    "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", "Dropout",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
    "GaussianNoise", "ActivityRegularization", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "UnitNormalization", "Rescaling", "Normalization", "SimpleRNN", "LSTM",
    "GRU", "RNN", "SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells", "Bidirectional",
    "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D", "Attention", "MultiHeadAttention",
}  # fmt: skip

_PARTS = {
    keras.initializers: keras.initializers.Initializer,
    keras.regularizers: keras.regularizers.Regularizer,
    keras.constraints: keras.constraints.Constraint,
}

_LAYER_KEYS = {"layer", "forward_layer", "backward_layer", "cell", "cells"}

_RENAMED = {("LeakyReLU", "alpha"): "negative_slope"}

_ANY = object()
_MEANINGLESS = {
    "batch_input_shape": _ANY, "input_dtype": _ANY, "implementation": _ANY, "fused": _ANY,
    "time_major": False, "ragged": False, "sparse": False, "renorm": False, "force_generator":
    False, "renorm_clipping": None, "renorm_momentum": _ANY, "virtual_batch_size": None,
    "adjustment": None, "groups": 1, "noise_shape": None, "output_padding": None, "input_length":
    _ANY, "zero_output_for_mask": False, "kernel_initializer": _ANY, "kernel_regularizer": None,
    "kernel_constraint": None, "synchronized": False,
}  # fmt: skip
"""Keys that Keras 3 refuses, with the value at which dropping one changes nothing."""


def translate(config: Any, where: str) -> Config:
    """The configuration of a model, of Keras 2 or 3, in Keras 3's form.

    ``where`` begins the messages: the file's name.

    Raises:
        LoadError: not a model; an unknown class; code in place of a layer; an argument without a
            meaning.
    """
    try:
        return _top(config, where)
    except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
        raise LoadError(
            f"{where}: expected the configuration of a Keras model, received one of another structure "
            f"({type(error).__name__}: {error}); the file is damaged"
        ) from error


def _top(config: Any, where: str) -> Config:
    if not isinstance(config, dict) or "class_name" not in config:
        raise LoadError(
            f"{where}: expected the configuration of a Keras model (an object with 'class_name'), "
            f"received {_short(config)}; save it with model.save() or model.to_json()"
        )
    name = _class_name(config, where)
    if name not in _MODELS:
        raise LoadError(
            f"{where}: expected a Sequential or Functional model, received class {name!r}; rebuild "
            f"a subclassed model with the functional API"
        )
    return _model(name, config, where)


def build(config: Config, where: str) -> Any:
    """The layer or model of a translated configuration.

    Raises:
        LoadError: Keras, a quantizer or a layer refuses an argument.
    """
    try:
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:  # the configuration is data: any argument may be anything
        cause: BaseException = error
        while cause.__context__ is not None:  # Keras wraps an error once for each layer around it
            cause = cause.__context__
        raise LoadError(
            f"{where}: expected a configuration that can be built, received one that is refused: "
            f"{cause}"
        ) from error


# -- objects ---------------------------------------------------------------------------------------


def _value(value: Any, where: str, key: str = "") -> Any:
    """Anything that stands in a configuration."""
    if isinstance(value, list):
        return [_value(v, where, key) for v in value]
    if not isinstance(value, dict):
        return value
    if "class_name" in value:
        return _layer(value, where) if key in _LAYER_KEYS else _part(value, where)
    return {k: _value(v, where, k) for k, v in value.items()}


def _part(config: Config, where: str) -> Any:
    """An object that is no layer: a tensor, a quantizer, an initializer, a function, ..."""
    name, inner = _class_name(config, where), config.get("config")
    if name in ("__tensor__", "__numpy__"):
        return _field(inner, "value", where)
    if name == "__keras_tensor__":
        keys = ("shape", "dtype", "keras_history")
        return {"class_name": name, "config": {k: _field(inner, k, where) for k in keys}}
    if name in ("DTypePolicy", "Policy"):
        return _field(inner, "name", where)
    if name == "function":
        return _class_name({"class_name": inner}, where)
    cls = _find(name, config, where)
    settings = {k: _value(v, where, k) for k, v in (inner or {}).items()}
    if issubclass(cls, keras.initializers.Initializer):
        settings.pop("dtype", None)  # Keras 2.2 wrote the dtype here, later ones ask the layer
    return _named(cls, settings)


def _layer(config: Config, where: str) -> Config:
    """A layer, which may be a model."""
    inner = config.get("config")
    label = inner.get("name") if isinstance(inner, dict) else None
    where = f"{where}: layer {label or config.get('name') or config.get('class_name')!r}"
    name = _class_name(config, where)
    if name in _MODELS:
        return _model(name, config, where)
    if not isinstance(inner, dict):
        raise LoadError(
            f"{where}: expected an object as 'config', received {_short(inner)}; the file is "
            f"damaged"
        )
    cls = _find(name, config, where, layer=True)
    settings = {k: _value(v, where, k) for k, v in inner.items()}
    layer_config = _named(cls, _settings(cls, settings, where))
    # Built only so that a bad argument is told with its layer; from_config may take from what it gets.
    build(copy.deepcopy(layer_config), where)
    return layer_config


def _find(name: str, config: Config, where: str, layer: bool = False) -> type:
    """The class the file calls ``name``: of Keras, a quantizer, or a registered one."""
    module = str(config.get("module") or "")
    stock = _stock(name, layer)
    ours = registered().get(name) or QUANTIZERS.get(name)
    cls = stock or ours if module.startswith("keras") else ours or stock
    if cls is not None:
        return cls
    kind = "layer class" if layer else "class"
    raise LoadError(
        f"{where}: unknown {kind} {name!r}: expected a Q-layer, a class decorated with "
        f"@qhls.frontend.register or one that Keras ships; import the module that defines {name} "
        f"and decorate the class with @qhls.frontend.register"
    )


def _stock(name: str, layer: bool) -> type | None:
    if layer or (name in _STOCK_LAYERS and not hasattr(keras.initializers, name)):
        return getattr(keras.layers, name) if name in _STOCK_LAYERS else None
    for module, base in _PARTS.items():
        cls = getattr(module, name, None)
        if isinstance(cls, type) and issubclass(cls, base):
            return cls
    return None


def _named(cls: type, settings: Config) -> Config:
    """A Keras 3 configuration whose class Keras resolves to ``cls`` and to nothing else."""
    registered_name = keras.saving.get_registered_name(cls)
    if keras.saving.get_registered_object(registered_name) is cls:
        module, key = cls.__module__, registered_name
    else:
        module = next(
            (m.__name__ for m in _PARTS if getattr(m, cls.__name__, None) is cls), "layers"
        )
        module, key = f"keras.{module.rpartition('.')[2]}", None
    return {
        "module": module,
        "class_name": cls.__name__,
        "config": settings,
        "registered_name": key,
    }


def _settings(cls: type, settings: Config, where: str) -> Config:
    """A layer's arguments: renamed where Keras 3 renamed them, without those that mean nothing."""
    if issubclass(cls, keras.layers.InputLayer) and "batch_input_shape" in settings:
        settings["batch_shape"] = settings.pop("batch_input_shape")
    if isinstance(settings.get("axis"), list) and issubclass(cls, keras.layers.BatchNormalization):
        (settings["axis"],) = settings["axis"]
    accepted = {p for base in cls.__mro__ for p in inspect.signature(base.__init__).parameters}
    result = {}
    for old, value in settings.items():
        key = _RENAMED.get((cls.__name__, old), old)
        if key in accepted:
            result[key] = value
        elif _MEANINGLESS.get(key, cls) is _ANY or _MEANINGLESS.get(key, cls) == value:
            continue
        elif cls in registered().values():
            result[key] = value  # it may take this among its keyword arguments
        else:
            raise LoadError(
                f"{where}: {cls.__name__} has no argument {key!r} in Keras 3 and {_short(value)} "
                f"is not a value that can be left out; save the model again without it"
            )
    return result


# -- models ----------------------------------------------------------------------------------------


def _model(name: str, config: Config, where: str) -> Config:
    inner: Any = config.get("config")
    if isinstance(inner, list):  # Keras before 2.2.3 wrote the bare list of a Sequential's layers
        inner = {"name": "sequential", "layers": inner}
    layers = _field(inner, "layers", where)
    if not isinstance(layers, list) or not layers:
        raise LoadError(
            f"{where}: expected a list of layers, received {_short(layers)}; the file is damaged"
        )
    if name == "Sequential":
        return _sequential(inner, config, where)
    return _functional(inner, where)


def _sequential(inner: Config, config: Config, where: str) -> Config:
    layers = inner["layers"]
    translated = [_layer(each, where) for each in layers]
    if translated[0]["class_name"] != "InputLayer":
        shape = _first_shape(layers[0]) or inner.get("build_input_shape")
        shape = shape or (config.get("build_config") or {}).get("input_shape")
        if shape is None:
            raise LoadError(
                f"{where}: expected a Sequential with a known input shape, received none; build "
                f"the model (model.build(shape) or keras.Input) before saving it"
            )
        first = translated[0]["config"]
        settings = {"batch_shape": shape, "dtype": "float32", "name": f"{first['name']}_input"}
        translated.insert(0, _named(keras.layers.InputLayer, settings))
    settings = {"name": inner.get("name", "sequential"), "layers": translated}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": settings,
        "registered_name": None,
    }


def _first_shape(config: Config) -> Any:
    """The input shape that the first layer of a Sequential tells, if it does."""
    inner = config.get("config")
    if isinstance(inner, list):
        return _first_shape(inner[0])
    if not isinstance(inner, dict):
        return None
    if isinstance(inner.get("layers"), list):
        return _first_shape(inner["layers"][0])
    return inner.get("batch_input_shape") or inner.get("batch_shape")


def _functional(inner: Config, where: str) -> Config:
    configs = inner["layers"]
    names = [_field(each, "name", where) for each in configs]
    nested = {n: _class_name(c, where) for n, c in zip(names, configs, strict=True)}
    legacy = any(isinstance(n, list) for c in configs for n in c.get("inbound_nodes") or [])
    layers = []
    for name, config in zip(names, configs, strict=True):
        nodes = [
            _node(n, nested, f"{where}: layer {name!r}") for n in config.get("inbound_nodes") or []
        ]
        layers.append(_layer(config, where) | {"name": name, "inbound_nodes": nodes})
    settings = {
        "name": inner.get("name"),
        "trainable": inner.get("trainable", True),
        "layers": layers,
    }
    for key in ("input_layers", "output_layers"):
        ends = _ends(_field(inner, key, where), nested if legacy else {}, where)
        # Keras 2 writes a list of one where the model takes or returns a tensor.
        settings[key] = ends[0] if legacy and len(ends) == 1 else ends
    return {"module": "keras", "class_name": "Model", "config": settings, "registered_name": None}


def _node(node: Any, nested: dict[str, str], where: str) -> Any:
    """One call of a layer: ``[[name, node, tensor, kwargs], ...]`` or Keras 3's args and kwargs."""
    if isinstance(node, dict):
        return {k: _value(_field(node, k, where), where) for k in ("args", "kwargs")}
    calls = []
    for origin in node:
        name, index, tensor, *rest = origin
        kwargs = {k: v for k, v in (rest[0] if rest else {}).items() if v is not None}
        if any(isinstance(v, list | dict) for v in kwargs.values()):
            raise LoadError(
                f"{where}: expected a call with tensors as positional arguments only, received "
                f"keyword arguments {_short(kwargs)}; rebuild this part of the model with plain "
                f"layers"
            )
        # Keras 2 counts the building of a nested model as its call 0, Keras 3 does not.
        calls.append([name, index - (nested.get(name) in _MODELS), tensor, kwargs])
    return calls


def _ends(ends: Any, nested: dict[str, str], where: str) -> Any:
    """``input_layers`` or ``output_layers``: ``[name, node, tensor]``, nested in lists or dicts."""
    if isinstance(ends, dict):
        return {k: _ends(v, nested, where) for k, v in ends.items()}
    if not isinstance(ends, list) or not ends:
        raise LoadError(
            f"{where}: expected [layer, node, tensor], received {_short(ends)}; it is damaged"
        )
    if isinstance(ends[0], str):
        name, index, tensor = ends
        return [name, index - (nested.get(name) == "Sequential"), tensor]
    return [_ends(each, nested, where) for each in ends]


# -- helpers ---------------------------------------------------------------------------------------


def _class_name(config: Config, where: str) -> str:
    """The class's name without the package under which it was registered."""
    name = config.get("class_name")
    if not isinstance(name, str):
        raise LoadError(
            f"{where}: expected the name of a class or function, received {_short(name)}"
        )
    name = name.rpartition(">")[2]
    if name in _CODE:
        raise LoadError(
            f"{where}: expected a layer without code of its own, received {name!r}; what it "
            f"computes is not in the file as numbers, so it is never run: replace it by a Keras "
            f"layer, or by your own one decorated with @qhls.frontend.register"
        )
    return name


def _field(config: Any, key: str, where: str) -> Any:
    if not isinstance(config, dict) or key not in config:
        raise LoadError(f"{where}: expected {key!r} in {_short(config)}; the file is damaged")
    return config[key]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
