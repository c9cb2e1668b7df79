"""Lookup of the classes that a model file names: those of Keras, of qhls and those that the user registered.

A file is data from anywhere. A name in it is looked up here and nowhere else: nothing is imported, called or
unpickled because the file says so.
"""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.frontend.layers.registry import get_registered
from qhls.quantizers.base import QUANTIZERS

Config = dict[str, Any]

CODE = {
    "Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod",
    "InstanceProperty", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer",
}  # fmt: skip
"""Names of classes that wrap a Python function or an external model: files that name them are refused, except for two
that ``tf_ops`` translates.
"""

_OF_FUNCTIONS = {
    "AssociativeScan", "Cond", "ForiLoop", "Function", "JVP", "Map", "Scan", "Switch",
    "VectorizedMap", "WhileLoop",
}  # fmt: skip
"""Names of Keras operations that call a function passed as an argument; a file may not name these."""

_OPERATIONS = {
    *(f"keras.src.ops.{part}" for part in ("numpy", "nn", "math", "core", "linalg", "image")),
    "keras.src.activations.activations",
}
"""Keras modules that define the operation classes behind ``keras.ops`` and ``a + b``; files name each class with its
module.
"""

_KINDS: dict[Any, type] = {
    keras.initializers: keras.initializers.Initializer,
    keras.regularizers: keras.regularizers.Regularizer,
    keras.constraints: keras.constraints.Constraint,
    keras.layers: keras.layers.Layer,
}
"""Public Keras modules whose classes a file may name, each with the base class of these classes."""

_RENAMED = {("LeakyReLU", "alpha"): "negative_slope"}

_ANY = object()
_MEANINGLESS = {
    "batch_input_shape": _ANY, "input_dtype": _ANY, "implementation": _ANY, "fused": _ANY,
    "time_major": False, "ragged": False, "sparse": False, "renorm": False, "force_generator":
    False, "renorm_clipping": None, "renorm_momentum": _ANY, "virtual_batch_size": None,
    "adjustment": None, "groups": 1, "noise_shape": None, "output_padding": None, "input_length":
    _ANY, "zero_output_for_mask": False, "kernel_initializer": _ANY, "kernel_regularizer": None,
    "kernel_constraint": None, "synchronized": False, "trainable": _ANY,
}  # fmt: skip
"""Layer arguments that Keras 3 refuses, each with the value for which it can be dropped without effect."""


def find(name: str, config: Config, where: str, layer: bool = False) -> type:
    """Return the class called ``name`` in ``config``; with ``layer``, only a layer or operation class.

    Raises:
        LoadError: none was found.
    """
    module = str(config.get("module") or (_find_missing_module(name, config) if layer else ""))
    stock = find_shipped(name, module, layer)
    ours = _find_registered(name) or get_registered().get(name) or QUANTIZERS.get(name)
    ours = (
        ours
        or _find_registered(config.get("registered_name"))
        or _find_registered(config.get("class_name"))
    )
    cls = stock or ours if module.startswith("keras") else ours or stock
    if cls is not None and not (layer and not issubclass(cls, keras.Operation)):
        return cls
    kind = "layer class" if layer else "class"
    raise LoadError(
        f"{where}: expected a Q-layer, a class decorated with @qhls.frontend.register or one that Keras "
        f"ships, got the {kind} {name!r}. Import the module that defines {name} "
        f"and decorate the class with @qhls.frontend.register."
    )


def find_shipped(name: str, module: str = "", layer: bool = False) -> type | None:
    """Return the class that Keras ships as ``name``, preferably from ``module``; ``None`` if a file may name no such
    class.
    """
    if module in _OPERATIONS:
        cls = vars(sys.modules.get(module)).get(name) if module in sys.modules else None
        own = isinstance(cls, type) and issubclass(cls, keras.Operation)
        return cls if own and cls.__module__ == module and name not in _OF_FUNCTIONS else None
    named = [kind for kind in _KINDS if _shorten_name(kind) == module.rpartition(".")[2]]
    for kind in [keras.layers] if layer else [*named, *_KINDS]:
        cls = getattr(kind, name, None)
        if isinstance(cls, type) and issubclass(cls, _KINDS[kind]) and name not in CODE:
            return cls
    return None


def name_class(cls: type, settings: Config) -> Config:
    """Return the Keras 3 configuration of an object of class ``cls`` with the constructor's arguments ``settings``."""
    registered_name = keras.saving.get_registered_name(cls)
    if keras.saving.get_registered_object(registered_name) is cls:
        module, key = cls.__module__, registered_name
    elif cls.__module__ in _OPERATIONS:
        module, key = cls.__module__, None
    else:
        kind = next(k for k in _KINDS if getattr(k, cls.__name__, None) is cls)
        module, key = f"keras.{_shorten_name(kind)}", None
    return {
        "module": module,
        "class_name": cls.__name__,
        "config": settings,
        "registered_name": key,
    }


def read_settings(cls: type, settings: Config, where: str, module: str = "") -> Config:
    """Return a layer's constructor arguments under their Keras 3 names, without those that no longer have an effect.

    Raises:
        LoadError: an argument of Keras 2 without a meaning in Keras 3; one that is a file to read.
    """
    if issubclass(cls, keras.layers.InputLayer) and "batch_input_shape" in settings:
        settings["batch_shape"] = settings.pop("batch_input_shape")
    if isinstance(settings.get("axis"), list) and issubclass(cls, keras.layers.BatchNormalization):
        (settings["axis"],) = settings["axis"]
    _refuse_paths(cls, settings, where)
    accepted = _list_accepted(cls)
    result = {}
    for old, value in settings.items():
        key = _RENAMED.get((cls.__name__, old), old)
        if key in accepted:
            result[key] = value
        elif _MEANINGLESS.get(key, cls) is _ANY or _MEANINGLESS.get(key, cls) == value:
            continue
        elif module.startswith("keras") or find_shipped(cls.__name__, layer=True) is not cls:
            result[key] = value  # the class may take this among its keyword arguments
        else:
            raise LoadError(
                f"{where}: expected arguments of {cls.__name__} in Keras 3, got {key}={format_value(value)}. "
                f"Save the model again without it."
            )
    return result


def format_value(value: object) -> str:
    """Return the ``repr`` of ``value`` for an error message, shortened to 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def find_registered_name(name: object) -> str | None:
    """Return the name under which the user registered a function or class with Keras, or ``None`` if none is
    registered.

    ``name`` may lack the package, as files of Keras 3.6 and older do.
    """
    if not isinstance(name, str):
        return None
    names = (name, name.rpartition(">")[2])
    return next((n for n in names if keras.saving.get_registered_object(n) is not None), None)


def _find_missing_module(name: str, config: Config) -> str:
    """Return the module of an operation that an HDF5 file of Keras 3 names without a module; ``""`` for layers.

    All layers write their dtype or whether they train; that distinguishes ``Add`` from ``a + b``.
    """
    nodes, settings = config.get("inbound_nodes"), config.get("config")
    if not nodes or not isinstance(nodes[0], dict) or not isinstance(settings, dict):
        return ""
    if settings.keys() & {"dtype", "trainable"} and find_shipped(name, layer=True):
        return ""
    return next((module for module in sorted(_OPERATIONS) if find_shipped(name, module)), "")


def _find_registered(name: object) -> type | None:
    """Return the class that Keras finds as a registered or custom object under ``name``, or ``None``."""
    cls = keras.saving.get_registered_object(name) if isinstance(name, str) else None
    return cls if isinstance(cls, type) else None


def _shorten_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _list_accepted(cls: type) -> set[str]:
    """Return the names of the arguments that the constructor of ``cls`` accepts, including those passed on to base
    classes.
    """
    accepted: set[str] = set()
    for base in cls.__mro__:
        parameters = inspect.signature(base.__init__).parameters
        accepted |= parameters.keys()
        if all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            break
    return accepted


def _refuse_paths(cls: type, settings: Config, where: str) -> None:
    """Raise ``LoadError`` for a lookup layer of Keras unless its configuration contains the vocabulary as a list."""
    if "vocabulary" not in _list_accepted(cls) or not cls.__module__.startswith("keras."):
        return
    if not isinstance(settings.get("vocabulary"), list):
        raise LoadError(
            f"{where}: expected the vocabulary of {cls.__name__} as a list in the configuration, got "
            f"{format_value(settings.get('vocabulary'))}. Build the layer with "
            f"vocabulary=layer.get_vocabulary() and save the model again: no other file is read."
        )
