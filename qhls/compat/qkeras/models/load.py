"""Loading of models from files and JSON texts: ``load_qmodel`` and ``quantized_model_from_json``."""

from __future__ import annotations

import inspect
import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from qhls.errors import LoadError
from qhls.frontend import load_model
from qhls.frontend.files.classes import find_registered_name, format_value
from qhls.frontend.files.config import build, translate
from qhls.frontend.files.load import read_keras
from qhls.frontend.files.weights import limit_weights, load_weights, open_h5, read_attribute
from qhls.frontend.models.rebuild import enter_custom_scope
from qhls.system.files import parse_json

_MODULES = (
    keras.optimizers,
    keras.optimizers.schedules,
    keras.losses,
    keras.metrics,
)
_LARGEST = 20_000
"""The largest number that a file may pass to a metric or loss."""

_ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


def load_qmodel(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> keras.Model:
    """Load a model and its weights as ``qhls.load_model`` does, and compile it with the settings in the file.

    ``custom_objects`` are classes and functions that the file may name, in addition to those of qhls. If ``compile``,
    the model gets the optimizer with its state, the losses and the metrics that the file names. The model stays
    uncompiled if the file has no such settings, or, after a warning, if some of them cannot be used.

    Raises:
        LoadError: ``qhls.load_model`` cannot read the file.
    """
    with enter_custom_scope(custom_objects):
        model = load_model(filepath)
        if compile:
            _compile(model, os.fspath(filepath))
    return model


def _compile(model: keras.Model, path: str) -> None:
    """Compile the model with the settings in the file, and load the state of its optimizer."""
    settings = _compile_as(model, lambda: _read_configuration(path), f"load_qmodel: {path}")
    if not settings.get("optimizer"):
        return
    try:
        _load_optimizer(model, Path(path))
    except LoadError as error:
        warnings.warn(
            f"load_qmodel: the optimizer starts without its state, because the state in the file does not fit: "
            f"{error}",
            stacklevel=3,
        )


def quantized_model_from_json(
    json_string: str, custom_objects: Mapping[str, Any] | None = None
) -> keras.Model:
    """Build a model with new weights from the JSON text that ``model.to_json()`` of Keras 2 or 3 wrote.

    The model is compiled with the settings in the text, if it has any. A warning reports settings that cannot be used.

    ``custom_objects`` are classes and functions that the text may name, in addition to those of qhls.

    Raises:
        LoadError: the text does not describe a model, or names an unknown class, or contains code.
    """
    where = "quantized_model_from_json"
    config = parse_json(json_string, where, "the text that model.to_json() makes")
    with enter_custom_scope(custom_objects), limit_weights(where):
        model = build(translate(config, where), where)
        _compile_as(model, lambda: config.get("compile_config"), where)
    return model


# -- how the model was compiled ---------------------------------------------------------------------


def _compile_as(model: keras.Model, read: Callable[[], Any], where: str) -> dict[str, Any]:
    """Compile the model with a training configuration and return the arguments of ``compile``.

    ``read`` returns the configuration. If anything fails, a warning gives the reason, and the result is {}.
    """
    try:
        settings = _read_settings(read())
        if settings:
            model.compile(**settings)
    except Exception as error:  # the configuration is data: any argument may be anything
        warnings.warn(
            f"{where}: the model is not compiled, because the training configuration in the file cannot be used: "
            f"{error}. Compile it with model.compile(...).",
            stacklevel=4,
        )
        return {}
    return settings


def _load_optimizer(model: keras.Model, path: Path) -> None:
    """Load the state of the compiled model's optimizer from ``path``, if the file has one."""
    if not zipfile.is_zipfile(path):
        with open_h5(path, path.name) as file:
            if "optimizer_weights" in file:
                group: Any = file["optimizer_weights"]
                _build_optimizer(model, len(read_attribute(group, "weight_names")))
                _fill_optimizer(model.optimizer.variables, group, path.name)
        return
    with tempfile.TemporaryDirectory() as folder:
        _, weights = read_keras(path, Path(folder), path.name)
        with open_h5(weights, path.name) as file:
            names: list[str] = []
            if "optimizer" in file:
                group: Any = file["optimizer"]
                group.visititems(
                    lambda name, x: names.append(name) if isinstance(x, h5py.Dataset) else None
                )
        if names:
            _build_optimizer(model, len(names))
            # Keras loads the variables of the optimizer together with the weights.
            load_weights(model, weights, path.name)


def _build_optimizer(model: keras.Model, saved: int) -> None:
    """Create the variables of the model's optimizer if the file has more of them than the optimizer.

    ``saved`` is the number of variables in the file. An optimizer that was saved before it was built has fewer.
    """
    optimizer: Any = model.optimizer
    if saved > len(optimizer.variables):
        optimizer.build(model.trainable_variables)


def _fill_optimizer(variables: list[Any], group: Any, where: str) -> None:
    values = [group[name] for name in read_attribute(group, "weight_names")]
    expected = [tuple(variable.shape) for variable in variables]
    got = [value.shape if isinstance(value, h5py.Dataset) else None for value in values]
    if expected != got:
        raise LoadError(
            f"{where}: expected {len(expected)} variables of the optimizer of the shapes {format_value(expected)}, "
            f"got {len(got)} of {format_value(got)}. Give the optimizer its state by hand, or train on."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.asarray(value[()]))


def _read_configuration(path: str) -> dict[str, Any]:
    """Return the training configuration in a file, or ``{}`` if the file has none."""
    what = "a training configuration"
    config: Any = None
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = parse_json(archive.read("config.json"), path, what).get("compile_config")
    elif h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            config = parse_json(file.attrs.get("training_config", "null"), path, what)
    if not isinstance(config, dict):
        return {}
    if "optimizer_config" in config:  # Keras 2
        config["optimizer"] = config["optimizer_config"]
    return config


def _read_settings(config: Any) -> dict[str, Any]:
    """Convert a training configuration to the arguments of ``compile``.

    Classes and functions are those of Keras, registered ones and custom objects.
    """
    if not config:
        return {}
    config = dict(config)
    metrics = config.get("metrics") or []
    if len(metrics) == 1 and isinstance(metrics[0], list):
        (config["metrics"],) = metrics  # Keras 2: a list for the one output
    return {k: _read_value(config[k]) for k in _ARGUMENTS if config.get(k) is not None}


def _read_value(value: Any) -> Any:
    """Convert one part of a training configuration to its Python value; classes are looked up, never imported."""
    if isinstance(value, list):
        return [_read_value(each) for each in value]
    if isinstance(value, str):
        return keras.saving.get_registered_object(value) or value
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _read_value(each) for key, each in value.items()}
    name = str(value["class_name"]).rpartition(">")[2]
    config: Any = value.get("config")
    if name in ("function", "MeanMetricWrapper"):
        return _find_function(
            config if isinstance(config, str) else config.get("fn") or config["name"]
        )
    cls = next(
        (getattr(m, name) for m in _MODULES if isinstance(getattr(m, name, None), type)), None
    )
    cls = (
        cls
        or _find_registered(value.get("registered_name"))
        or _find_registered(value["class_name"])
    )
    if not isinstance(cls, type):
        raise _make_error(name)
    arguments = {key: _read_value(each) for key, each in (config or {}).items()}
    accepted = {p for base in cls.__mro__ for p in inspect.signature(base.__init__).parameters}
    arguments.pop("dtype", None)
    if issubclass(cls, keras.metrics.Metric | keras.losses.Loss):
        _check_numbers(name, arguments)
    return cls(**{key: each for key, each in arguments.items() if key in accepted})


def _check_numbers(name: str, arguments: Any) -> None:
    """Raise ``ValueError`` if an argument of a metric or loss contains a number larger than ``_LARGEST``.

    A metric may allocate an array with that many elements, or with the square of that many.
    """
    for value in keras.tree.flatten(arguments):
        if isinstance(value, int | float) and abs(value) > _LARGEST:
            raise ValueError(
                f"{name}: expected numbers up to {_LARGEST:,}, got {value:,}. Use smaller ones."
            )


def _find_function(name: str) -> Any:
    registered = _find_registered(name)
    if registered is None and not any(hasattr(module, name) for module in _MODULES):
        raise _make_error(name)
    return registered or name


def _find_registered(name: Any) -> Any:
    """Return the object registered with Keras under this name, with or without its package, or None if unknown."""
    full_name = find_registered_name(name)
    return keras.saving.get_registered_object(full_name) if full_name else None


def _make_error(name: str) -> ValueError:
    return ValueError(
        f"{name!r} is neither an optimizer, loss or metric of Keras nor in custom_objects"
    )
