"""Registry of the classes that a model file may name: Q-layers and their parts, from qhls and from users."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import keras

_CLASSES: dict[str, type] = {}

Class = TypeVar("Class", bound=type)


def register(cls: Class) -> Class:
    """Register a layer, constraint or initializer of Keras, so that model files may name it.

    ``load_model`` builds only classes that are registered here or that Keras itself ships: nothing a model
    file says is imported. A class that Keras does not know yet is registered with it too, as
    ``qhls>ItsName``, so that ``keras.saving.load_model`` and ``keras.models.clone_model`` find it.

    Raises:
        ValueError: another class has the same name.
    """
    known = _CLASSES.setdefault(cls.__name__, cls)
    if known is not cls and known.__qualname__ != cls.__qualname__:
        raise ValueError(
            f"register: expected a class name that is still free, got {cls.__name__!r}, which "
            f"is {known.__module__}.{known.__qualname__}. Rename the new class."
        )
    _CLASSES[cls.__name__] = cls
    if keras.saving.get_registered_object(keras.saving.get_registered_name(cls)) is not cls:
        keras.saving.register_keras_serializable(package="qhls")(cls)
    return cls


def get_registered() -> Mapping[str, type]:
    """Return all classes that ``register`` has seen, by their names."""
    return MappingProxyType(_CLASSES)
