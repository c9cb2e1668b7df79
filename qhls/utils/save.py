"""``model_save_quantized_weights``: a model's weights as hardware needs them, as a dictionary and as files."""

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

from qhls.errors import LoweringError
from qhls.frontend.batchnorm import QBatchNormalization
from qhls.quantizers import Quantizer, quantized_bits, quantized_po2, quantized_relu_po2
from qhls.utils.arrays import to_numpy
from qhls.utils.errors import UtilityError
from qhls.utils.fusing import add_bn_fusing_weights, find_bn_fusing_layer_pair
from qhls.utils.graph import layers
from qhls.utils.hardware import HardwareWeight, hardware_weight, hardware_weights

GROUP = "quantized"
"""Where the dictionary stands in an HDF5 file, beside Keras' weights."""
_KERAS_3 = ".weights.h5"
_ATTRIBUTE_BYTES = 60_000


def model_save_quantized_weights(
    model: keras.Model,
    filename: str | os.PathLike[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """The quantised weights of each Q-layer, by the layer's name; written to ``filename`` if given.

    Lists have an entry for each weight, in the order of ``layer.quantized_weights()``; ``[]`` where
    it does not apply. Of each weight

    - ``integer_codes`` (int64) times ``integer_scales`` (float64) is the quantised weight, for
      every quantizer that has codes;
    - ``weights`` are float32 in QKeras' form: exponents for powers of two, to which ``signs``
      belong (``signs * 2**weights``); codes for ``quantized_bits`` with "auto_po2", to which
      ``scales`` belong (``weights * scales``); quantised values otherwise.

    ``signs`` and ``scales`` are there where some weight of the layer needs them. A layer with a
    folded batch normalisation has its folded kernel and bias. Pooling has ``pool_area``,
    ``mult_factor`` (one over it) and ``q_mult_factor``, that quantised. Where a
    ``QBatchNormalization`` follows, ``enable_bn_fusing`` is true and ``fused_bn_layer_name``,
    ``bn_inv`` and ``fused_bias`` are told by ``add_bn_fusing_weights``.

    The model stays as it is. ``filename`` ends in ``.npz``: the arrays, as
    ``layer/key`` or ``layer/key/index``; or in ``.h5`` or ``.hdf5``: the same below the group
    "quantized", and the model's weights, for ``load_weights`` or ``qhls.load_model(..., weights=filename)``:
    quantised, where that changes no result. They have the layout that Keras expects behind that name: that of
    Keras 3 for ``.weights.h5``, else that of Keras 2.
    ``custom_objects`` is QKeras' argument; nothing depends on it.

    Raises:
        UtilityError: another suffix; weights that are not finite or are drawn at each call.
        LoweringError: a model that is not built from layers.
    """
    path = None if filename is None else _checked(Path(filename))
    found = {name: layer for name, layer in layers(model) if _has_entry(layer)}
    saved = {name: _entry(layer) for name, layer in found.items()}
    every = dict(layers(model))
    for name, normalisation in _normalised(model, every).items():
        _fuse(name, every[name], every[normalisation], saved)
    if path is not None and path.suffix == ".npz":
        np.savez(path, **_flat(saved))
    elif path is not None:
        _write_h5(model, path, saved)
    return saved


def _normalised(model: keras.Model, every: Mapping[str, Any]) -> Mapping[str, str]:
    """``find_bn_fusing_layer_pair``; no pair, and a warning, where the calls of a model's layers are unknown."""
    try:
        return find_bn_fusing_layer_pair(model)
    except LoweringError:
        if any(isinstance(layer, QBatchNormalization) for layer in every.values()):
            warnings.warn(
                f"model_save_quantized_weights: model {model.name!r}: which layers a "
                f"QBatchNormalization follows is unknown, so none is fused. Build the model with the "
                f"functional API.",
                stacklevel=3,
            )
        return {}


def _checked(path: Path) -> Path:
    if path.suffix in (".npz", ".h5", ".hdf5"):
        return path
    raise UtilityError(
        f"model_save_quantized_weights: expected a file name that ends in .npz, .h5 or .hdf5, "
        f"received {str(path)!r}; the suffix chooses the format"
    )


def _has_entry(layer: Any) -> bool:
    return bool(hardware_weights(layer)) or hasattr(layer, "average_quantizer")


def _fuse(name: str, layer: Any, normalisation: Any, saved: dict[str, Any]) -> None:
    entry = {layer.name: saved[name]}
    add_bn_fusing_weights(layer, normalisation, entry)
    saved[name] = entry[layer.name]


def _entry(layer: Any) -> dict[str, Any]:
    weights = hardware_weights(layer)
    forms = [_form(weight) for weight in weights]
    entry: dict[str, Any] = {"weights": [form["weights"] for form in forms]}
    entry["integer_codes"] = [[] if w.codes is None else w.codes for w in weights]
    entry["integer_scales"] = [[] if w.scale is None else w.scale for w in weights]
    entry["enable_bn_fusing"] = False
    for key in ("signs", "scales"):
        if any(key in form for form in forms):
            entry[key] = [form.get(key, []) for form in forms]
    if hasattr(layer, "average_quantizer"):
        entry |= _pooling(layer)
    return entry


def _form(weight: HardwareWeight) -> dict[str, Any]:
    """QKeras' form of one weight."""
    quantizer = weight.quantizer
    if isinstance(quantizer, quantized_po2 | quantized_relu_po2):
        with np.errstate(divide="ignore"):  # 0 where 2**min_exp is below the range of float32
            exponents = np.round(np.log2(np.abs(weight.values)))
        return {"weights": exponents, "signs": np.where(weight.values < 0, -1.0, 1.0).astype("f4")}
    if isinstance(quantizer, quantized_bits) and quantizer.alpha == "auto_po2":
        codes, scale = weight.codes, weight.scale
        return {"weights": np.asarray(codes, "f4"), "scales": np.asarray(scale, "f4")}
    return {"weights": weight.values}


def _pooling(layer: Any) -> dict[str, Any]:
    area = _area(layer)
    factor = np.float32(1.0 / area)
    entry: dict[str, Any] = {"pool_area": area, "mult_factor": 1.0 / area, "q_mult_factor": factor}
    if isinstance(layer.average_quantizer, Quantizer):
        code, scale = layer.average_quantizer.integer_codes(factor)
        entry["q_mult_factor"] = (code * scale).astype(np.float32)
        entry |= {"q_mult_factor_code": code, "q_mult_factor_scale": scale}
    elif layer.average_quantizer is not None:
        entry["q_mult_factor"] = to_numpy(layer.average_quantizer(factor))
    return entry


def _area(layer: Any) -> int:
    """The elements of a pooling window; of the whole image for a global one."""
    if hasattr(layer, "pool_size"):
        return math.prod(layer.pool_size)
    shape = layer.input.shape[1:]
    return math.prod(shape[:-1] if layer.data_format == "channels_last" else shape[1:])


# -- files ------------------------------------------------------------------------------------------


def _flat(saved: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """``layer/key`` or ``layer/key/index`` -> array."""
    flat = {}
    for name, entry in saved.items():
        for key, value in entry.items():
            if isinstance(value, list):
                kept = [(i, v) for i, v in enumerate(value) if not isinstance(v, list)]
                flat |= {f"{name}/{key}/{i}": v for i, v in kept}
            else:
                flat[f"{name}/{key}"] = value
    return flat


def _write_h5(model: keras.Model, path: Path, saved: dict[str, dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights = (
            Path(folder) / f"model{_KERAS_3}"
        )  # the one name by which Keras 3 writes its layout
        with _quantized(model):
            if path.name.endswith(_KERAS_3):
                model.save_weights(weights)
            else:
                _write_keras2(model, weights)
        with h5py.File(weights, "a") as file:
            group = file.create_group(GROUP)
            for key, value in _flat(saved).items():
                group.create_dataset(key, data=value)
        shutil.copyfile(weights, path)


def _write_keras2(model: keras.Model, path: Path) -> None:
    """Keras 2's layout: by layer its trainable weights, then the others, over all layers of a nested model."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        names = [layer.name for layer in model.layers]
        _write_names(group, "layer_names", names)
        for name, layer in zip(names, model.layers, strict=True):
            variables = [*layer.trainable_weights, *layer.non_trainable_weights]
            own, stored = (
                group.create_group(name),
                [f"{v.name}_{i}" for i, v in enumerate(variables)],
            )
            _write_names(own, "weight_names", stored)
            for variable, key in zip(variables, stored, strict=True):
                own.create_dataset(key, data=to_numpy(variable))


def _write_names(group: Any, attribute: str, names: list[str]) -> None:
    """An attribute holds 64 KB; Keras reads ``attribute0``, ``attribute1``, ... where the names are more."""
    encoded = [name.encode() for name in names]
    longest = max(map(len, encoded), default=1)
    size = max(_ATTRIBUTE_BYTES // longest, 1)
    chunks = [encoded[i : i + size] for i in range(0, len(encoded), size)] or [[]]
    for i, chunk in enumerate(chunks):
        group.attrs[attribute if len(chunks) == 1 else f"{attribute}{i}"] = chunk


@contextmanager
def _quantized(model: keras.Model) -> Iterator[None]:
    """Within it, ``model``'s variables hold their quantised values, see ``assign_quantized``."""
    before = model.get_weights()
    try:
        assign_quantized(model)
        yield
    finally:
        model.set_weights(before)


def assign_quantized(model: keras.Model) -> None:
    """Set the variables of ``model`` to their quantised values, where that changes no result.

    It would where a quantizer makes other values of these: a scale or threshold that follows the
    values, or zeros of ``binary(use_01=1)``. Nor can a folded kernel go back into its parts.
    """
    for _, layer in layers(model):
        for owner, weight in _variables(layer):
            variable = getattr(owner, weight.variable)
            real = to_numpy(variable)
            if real.shape != weight.real.shape or np.any(real != weight.real):
                continue
            again = hardware_weight(owner, weight.variable, weight.quantizer, weight.values)
            if np.array_equal(again.values, weight.values):
                variable.assign(weight.values)


def _variables(layer: Any) -> Iterator[tuple[Any, HardwareWeight]]:
    """Each quantised weight with the object whose attribute it is: a layer, or its cell."""
    parts = (getattr(layer, name, None) for name in ("forward_layer", "backward_layer"))
    owners = [part for part in parts if part is not None] or [layer]
    for owner in owners:
        owner = getattr(owner, "cell", owner)  # noqa: PLW2901
        for weight in hardware_weights(owner):
            yield owner, weight
