"""Loading of weights from HDF5 files, in the layout of Keras 2 or of Keras 3, into a built model."""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from qhls.errors import LoadError
from qhls.frontend.models.state import settle
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer, ops
from qhls.system.limits import check_size

_turn = threading.RLock()
"""Lock of ``limit_weights``: only one thread at a time may replace Keras' ``add_weight``."""


def load_weights(model: keras.Model, path: Path, where: str) -> None:
    """Put the weights of the HDF5 file ``path`` into ``model``.

    Known are the files of Keras 2's ``save_weights`` and whole-model ``save``, and Keras 3's
    ``.weights.h5``. ``where`` begins the messages.

    Raises:
        LoadError: not HDF5 or none of these layouts; weights that do not fit the model in number or
            shape, or that are NaN or infinite; a file that refers to other files.
    """
    with open_h5(path, where) as file:
        refuse_references(file, where)
        root: Any = file.get("model_weights", file)
        if "layer_names" in root.attrs or "layer_names0" in root.attrs:
            _load_keras2(model, root, where)
        else:
            _load_keras3(model, path, where)
    check_finite(model, where)


@contextmanager
def limit_weights(where: str) -> Iterator[None]:
    """Raise ``LoadError`` within this context once the weights of the layers that this thread builds exceed the limit.

    Raises:
        LoadError: weights beyond the limit, before memory is allocated. It names the layer.
    """
    thread, original, total = threading.get_ident(), keras.layers.Layer.add_weight, 0

    def add_weight(
        layer: keras.layers.Layer, shape: object = None, *arguments: Any, **settings: Any
    ) -> keras.Variable:
        nonlocal total
        if threading.get_ident() == thread:
            total += _count_bytes(shape)
            check_size(
                total,
                f"{where}: layer {layer.name!r}",
                "weights with those of the layers before it",
            )
        return original(layer, shape, *arguments, **settings)

    with _turn:
        base: Any = keras.layers.Layer
        base.add_weight = add_weight
        try:
            yield
        finally:
            base.add_weight = original


def _count_bytes(shape: Any) -> int:
    """Return the size in bytes of a float32 variable of shape ``shape``; 0 for a shape that Keras refuses."""
    sizes = list(shape) if isinstance(shape, list | tuple) else [shape]
    whole = all(isinstance(size, int | float | np.number) for size in sizes)
    return 4 * max(int(math.prod(map(int, sizes))), 0) if whole else 0


@contextmanager
def open_h5(path: Path, where: str) -> Iterator[h5py.File]:
    """Open the HDF5 file ``path`` for reading within this context; errors of HDF5 are raised as ``LoadError``.

    Raises:
        LoadError: it is no HDF5 file, a truncated or a damaged one.
    """
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise LoadError(
            f"{where}: expected readable HDF5 data, got an error: {_read_first_line(error)}. Save the file "
            f"again: it is truncated, damaged or of another kind."
        ) from error


def read_attribute(group: Any, name: str) -> list[str]:
    """Return the names in an HDF5 attribute, which Keras splits into ``name0, name1, ...`` if it is long."""
    if name in group.attrs:
        values = list(group.attrs[name])
    else:
        values, i = [], 0
        while f"{name}{i}" in group.attrs:
            values += list(group.attrs[f"{name}{i}"])
            i += 1
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def refuse_references(root: Any, where: str) -> None:
    """Raise ``LoadError`` for links, for data sets stored in other files, and for weights that are not numbers."""
    waiting, seen = [root], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            item = group[name] if isinstance(link, h5py.HardLink) else None
            data = isinstance(item, h5py.Dataset)
            if item is None or (data and (item.is_virtual or item.external)):
                raise LoadError(
                    f"{where}: expected weights inside the file, got a reference at "
                    f"{group.name.rstrip('/')}/{name}, which is not followed. Save the weights again."
                )
            if data:
                _check_dataset(item, where)
            if isinstance(item, h5py.Group) and item not in seen:  # groups may hold each other
                seen.add(item)
                waiting.append(item)


def _check_dataset(item: Any, where: str) -> None:
    """Raise ``LoadError`` unless a data set contains numbers and is within the size limit; skip optimizer state."""
    if item.name.startswith("/optimizer"):
        return
    if item.shape is not None:
        check_size(item.size * item.dtype.itemsize, f"{where}: {item.name}", "weights")
    if item.dtype.kind not in "fiub":
        raise LoadError(
            f"{where}: {item.name}: expected numbers as weights, got {item.dtype}. Give the "
            f"weights that were saved with this model."
        )


# -- Keras 2 ---------------------------------------------------------------------------------------


def _load_keras2(model: keras.Model, root: Any, where: str) -> None:
    stored = {
        name: _strip_pruning(read_attribute(root[name], "weight_names"))
        for name in read_attribute(root, "layer_names")
    }
    stored = {name: weights for name, weights in stored.items() if weights}
    wrapped = {name.removeprefix("prune_low_magnitude_"): name for name in stored}
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise LoadError(
            f"{where}: expected weights of {len(layers)} layers "
            f"({_read_names(x.name for x in layers)}), got {len(stored)} ({_read_names(stored)}). Give "
            f"the weights that were saved with this model."
        )
    by_name = {layer.name for layer in layers} == set(wrapped)
    for layer, position in zip(layers, stored, strict=True):
        source = wrapped[layer.name] if by_name else position
        _fill(layer, root[source], stored[source], where)


def _strip_pruning(names: list[str]) -> list[str]:
    """Return the names of a layer's weights without those that its ``PruneLowMagnitude`` wrapper uses in training."""
    last = {name: name.rpartition("/")[2].partition(":")[0] for name in names}
    if "pruning_step" not in last.values():
        return names
    return [name for name in names if last[name] not in ("mask", "threshold", "pruning_step")]


def _fill(layer: KerasLayer, group: Any, names: list[str], where: str) -> None:
    # Keras 2 writes trainable variables first, over all layers of a nested model.
    variables = [*layer.trainable_weights, *layer.non_trainable_weights]
    if len(names) != len(variables):
        raise LoadError(
            f"{where}: layer {layer.name!r}: expected {len(variables)} weights "
            f"({_read_names(v.name for v in variables)}), got {len(names)} ({_read_names(names)}). Give "
            f"the weights that were saved with this model."
        )
    for variable, name in zip(variables, names, strict=True):
        data = group[name]
        if not isinstance(data, h5py.Dataset) or tuple(data.shape) != tuple(variable.shape):
            raise LoadError(
                f"{where}: layer {layer.name!r}, variable {variable.name!r}: expected shape "
                f"{tuple(variable.shape)}, got {getattr(data, 'shape', 'a group')} from "
                f"{name!r}. Give the weights that were saved with this model."
            )
        variable.assign(np.asarray(data[()]))
    settle(layer)


# -- Keras 3 ---------------------------------------------------------------------------------------


def _load_keras3(model: keras.Model, path: Path, where: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.weights.h5"  # the one name by which Keras knows its own layout
        shutil.copyfile(path, copy)
        try:
            model.load_weights(copy)
        except Exception as error:
            raise LoadError(
                f"{where}: expected the weights of this model, got others or none: "
                f"{_read_first_line(error)}. Give the weights that were saved with this model."
            ) from error


# -- both ------------------------------------------------------------------------------------------


def check_finite(model: keras.Model, where: str) -> None:
    """Raise ``LoadError`` unless all weights of ``model`` are finite."""
    for layer in _list_leaves(model):
        for variable in layer.weights:
            values: Array = ops.convert_to_numpy(variable)
            bad = values.size - np.isfinite(values).sum()
            if bad:
                raise LoadError(
                    f"{where}: layer {layer.name!r}, variable {variable.name!r}: expected finite "
                    f"weights, got {bad} NaN or infinite of {values.size}. Train the model "
                    f"again with a smaller learning rate."
                )


def _list_leaves(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        yield from _list_leaves(layer) if isinstance(layer, keras.Model) else [layer]


def _read_names(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "none"


def _read_first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its type if the message is empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
