"""``model_save_quantized_weights``: the weights of a model for hardware, as a dictionary and as files."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.fusing import add_bn_fusing_weights, find_bn_fusing_layer_pair
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.hardware import (
    HardwareWeight,
    list_hardware_weights,
    make_hardware_weight,
)
from qhls.errors import LoweringError
from qhls.frontend.layers.batchnorm import QBatchNormalization
from qhls.frontend.models.walk import walk_layers
from qhls.quantizers import Quantizer, quantized_bits, quantized_po2, quantized_relu_po2
from qhls.quantizers.keras_types import KerasLayer

GROUP = "quantized"
"""The group of an HDF5 file that stores the dictionary; the same file stores Keras' weights outside this group."""
_KERAS_3 = ".weights.h5"
_ATTRIBUTE_BYTES = 60_000


def model_save_quantized_weights(
    model: keras.Model,
    filename: str | os.PathLike[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the quantised weights of each Q-layer by the layer's name, and write them to ``filename`` if given.

    Lists have one entry per weight, in the order of ``layer.get_quantized_weights()``; ``[]`` where it does not apply.

    - ``integer_codes`` (int64) times ``integer_scales`` (float64) is the quantised weight, for every quantizer with
      codes.
    - ``weights`` are float32 in QKeras' form. For powers of two they are exponents (``signs * 2**weights``), for
      ``quantized_bits`` with "auto_po2" codes (``weights * scales``), and otherwise quantised values.

    ``signs`` and ``scales`` exist if some weight of the layer needs them. A layer with a folded batch normalisation has
    its folded kernel and bias. Pooling has ``pool_area``, its reciprocal ``mult_factor``, and the quantised
    ``q_mult_factor``. If a ``QBatchNormalization`` follows, ``enable_bn_fusing`` is true, and ``add_bn_fusing_weights``
    describes ``fused_bn_layer_name``, ``bn_inv`` and ``fused_bias``.

    The model is not changed. A ``filename`` with ``.npz`` stores the arrays as ``layer/key`` or ``layer/key/index``.
    One with ``.h5`` or ``.hdf5`` stores the same below the group "quantized", and the weights of the model for
    ``load_weights`` or ``qhls.load_model(..., weights=filename)``: quantised values where that changes no result, in
    the layout of Keras 3 for ``.weights.h5``, else in that of Keras 2. ``custom_objects`` is an argument of QKeras
    without effect.

    Raises:
        UtilityError: ``filename`` has another suffix; weights are not finite, or random at every call.
        LoweringError: the model is not built from layers.
    """
    path = None if filename is None else _check_path(Path(filename))
    saved = {name: _make_entry(layer) for name, layer in walk_layers(model) if _has_entry(layer)}
    every = dict(walk_layers(model))
    for name, normalisation in _find_normalised(model, every).items():
        _fuse(name, every[name], every[normalisation], saved)
    if path is not None and path.suffix == ".npz":
        np.savez(path, **_flatten(saved))
    elif path is not None:
        _write_h5(model, path, saved)
    return saved


def _find_normalised(model: keras.Model, every: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the name of the ``QBatchNormalization`` to fuse into a layer, by the name of each layer that has one.

    If the calls of the layers are unknown, the result is empty, and a warning says so if any normalisation exists.
    """
    try:
        return find_bn_fusing_layer_pair(model)[0]
    except LoweringError:
        if any(isinstance(layer, QBatchNormalization) for layer in every.values()):
            warnings.warn(
                f"model_save_quantized_weights: model {model.name!r}: the layers before each "
                f"QBatchNormalization are unknown, so none is fused. Build the model with the functional API.",
                stacklevel=3,
            )
        return {}


def _check_path(path: Path) -> Path:
    if path.suffix in (".npz", ".h5", ".hdf5"):
        return path
    raise UtilityError(
        f"model_save_quantized_weights: expected a file name that ends in .npz, .h5 or .hdf5, "
        f"got {str(path)!r}. The suffix chooses the format."
    )


def _has_entry(layer: KerasLayer) -> bool:
    return bool(list_hardware_weights(layer)) or hasattr(layer, "average_quantizer")


def _fuse(name: str, layer: KerasLayer, normalisation: Any, saved: dict[str, Any]) -> None:
    entry = {layer.name: saved[name]}
    add_bn_fusing_weights(layer, normalisation, entry)
    saved[name] = entry[layer.name]


def _make_entry(layer: KerasLayer) -> dict[str, Any]:
    weights = list_hardware_weights(layer)
    forms = [_to_qkeras(weight) for weight in weights]
    entry: dict[str, Any] = {"weights": [form["weights"] for form in forms]}
    entry["integer_codes"] = [[] if w.codes is None else w.codes for w in weights]
    entry["integer_scales"] = [[] if w.scale is None else w.scale for w in weights]
    entry["enable_bn_fusing"] = False
    for key in ("signs", "scales"):
        if any(key in form for form in forms):
            entry[key] = [form.get(key, []) for form in forms]
    if hasattr(layer, "average_quantizer"):
        entry |= _make_pooling_entry(layer)
    return entry


def _to_qkeras(weight: HardwareWeight) -> dict[str, Any]:
    """Convert a weight to the arrays that QKeras writes for it: ``weights``, and if needed ``signs`` or ``scales``."""
    quantizer = weight.quantizer
    if isinstance(quantizer, quantized_po2 | quantized_relu_po2):
        with np.errstate(divide="ignore"):  # 0 where 2**min_exp is below the range of float32
            exponents = np.round(np.log2(np.abs(weight.values)))
        return {"weights": exponents, "signs": np.where(weight.values < 0, -1.0, 1.0).astype("f4")}
    if isinstance(quantizer, quantized_bits) and quantizer.alpha == "auto_po2":
        codes, scale = weight.codes, weight.scale
        return {"weights": np.asarray(codes, "f4"), "scales": np.asarray(scale, "f4")}
    return {"weights": weight.values}


def _make_pooling_entry(layer: Any) -> dict[str, Any]:
    area = _count_window(layer)
    factor = np.float32(1.0 / area)
    entry: dict[str, Any] = {"pool_area": area, "mult_factor": 1.0 / area, "q_mult_factor": factor}
    if isinstance(layer.average_quantizer, Quantizer):
        code, scale = layer.average_quantizer.compute_integer_codes(factor)
        entry["q_mult_factor"] = (code * scale).astype(np.float32)
        entry |= {"q_mult_factor_code": code, "q_mult_factor_scale": scale}
    elif layer.average_quantizer is not None:
        entry["q_mult_factor"] = to_numpy(layer.average_quantizer(factor))
    return entry


def _count_window(layer: Any) -> int:
    """Return the number of elements of a pooling window, or of the whole image for global pooling."""
    if hasattr(layer, "pool_size"):
        return math.prod(layer.pool_size)
    shape = layer.input.shape[1:]
    return math.prod(shape[:-1] if layer.data_format == "channels_last" else shape[1:])


# -- files ------------------------------------------------------------------------------------------


def _flatten(saved: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the values of all layers' entries as one dictionary with the keys ``layer/key`` or ``layer/key/index``."""
    flat = {}
    for name, entry in saved.items():
        for key, value in entry.items():
            if isinstance(value, list):
                arrays = [(i, v) for i, v in enumerate(value) if not isinstance(v, list)]
                flat |= {f"{name}/{key}/{i}": v for i, v in arrays}
            else:
                flat[f"{name}/{key}"] = value
    return flat


def _write_h5(model: keras.Model, path: Path, saved: dict[str, dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / f"model{_KERAS_3}"  # Keras 3 writes its layout under this suffix
        with _use_quantized(model):
            if path.name.endswith(_KERAS_3):
                model.save_weights(weights)
            else:
                _write_keras2(model, weights)
        with h5py.File(weights, "a") as file:
            group = file.create_group(GROUP)
            for key, value in _flatten(saved).items():
                group.create_dataset(key, data=value)
        shutil.copyfile(weights, path)


def _write_keras2(model: keras.Model, path: Path) -> None:
    """Write the weights in Keras 2's layout: for each layer first the trainable weights, then all others.

    A nested model counts as one layer.
    """
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        names = [layer.name for layer in model.layers]
        _write_names(group, "layer_names", names)
        for name, layer in zip(names, model.layers, strict=True):
            variables = [*layer.trainable_weights, *layer.non_trainable_weights]
            layer_group = group.create_group(name)
            keys = [f"{v.name}_{i}" for i, v in enumerate(variables)]
            _write_names(layer_group, "weight_names", keys)
            for variable, key in zip(variables, keys, strict=True):
                layer_group.create_dataset(key, data=to_numpy(variable))


def _write_names(group: Any, attribute: str, names: list[str]) -> None:
    """Write ``names`` as an HDF5 attribute, which beyond 60 kB is split into ``attribute0``, ``attribute1``, ...

    Keras reads both forms.
    """
    encoded = [name.encode() for name in names]
    longest = max(map(len, encoded), default=1)
    size = max(_ATTRIBUTE_BYTES // longest, 1)
    chunks = [encoded[i : i + size] for i in range(0, len(encoded), size)] or [[]]
    for i, chunk in enumerate(chunks):
        group.attrs[attribute if len(chunks) == 1 else f"{attribute}{i}"] = chunk


@contextmanager
def _use_quantized(model: keras.Model) -> Iterator[None]:
    """Return a context in which variables of ``model`` have their quantised values, see ``assign_quantized``."""
    before = model.get_weights()
    try:
        assign_quantized(model)
        yield
    finally:
        model.set_weights(before)


def assign_quantized(model: keras.Model) -> None:
    """Set each variable of ``model`` to its quantised value if this changes no result.

    Other variables are unchanged: quantising them twice would give other values, because a scale or threshold follows
    the values or because ``binary(use_01=1)`` has zeros. A folded kernel cannot be split into its parts either.
    """
    for _, layer in walk_layers(model):
        for owner, weight in _walk_variables(layer):
            variable = getattr(owner, weight.variable)
            real = to_numpy(variable)
            if real.shape != weight.real.shape or np.any(real != weight.real):
                continue
            repeated = make_hardware_weight(owner, weight.variable, weight.quantizer, weight.values)
            if np.array_equal(repeated.values, weight.values):
                variable.assign(weight.values)


def _walk_variables(layer: KerasLayer) -> Iterator[tuple[Any, HardwareWeight]]:
    """Yield (owner, weight) for each quantised weight; the owner, a layer or its cell, has it as an attribute."""
    parts = (getattr(layer, name, None) for name in ("forward_layer", "backward_layer"))
    owners = [part for part in parts if part is not None] or [layer]
    for owner in owners:
        owner = getattr(owner, "cell", owner)  # noqa: PLW2901
        for weight in list_hardware_weights(owner):
            yield owner, weight
