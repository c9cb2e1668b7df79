"""``clone_model_and_freeze_auto_po2_scale``: a copy of a model whose scales no longer follow the weights."""

from __future__ import annotations

import os
from typing import Any

import keras

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.hardware import HardwareWeight, list_hardware_weights
from qhls.compat.qkeras.weights.save import assign_quantized, model_save_quantized_weights
from qhls.frontend import load_model
from qhls.frontend.models.rebuild import clone_model
from qhls.frontend.models.state import copy_model_state
from qhls.frontend.models.walk import walk_layers
from qhls.quantizers import Quantizer, binary, quantized_bits, quantized_linear


def clone_model_and_freeze_auto_po2_scale(
    orig_model: keras.Model,
    orig_model_path: str | os.PathLike[str] | None = None,
    quantize_model_weights: bool = False,
) -> tuple[keras.Model, dict[str, dict[str, Any]]]:
    """Copy ``orig_model`` and fix the "auto_po2" scales of its weights at their current values.

    Training then continues with fixed scales. ``quantized_bits`` gets a ``post_training_scale``, ``quantized_linear``
    and ``binary`` an array as ``alpha``. ``orig_model_path`` is a file whose weights are used instead.
    ``quantize_model_weights`` sets the copy's variables to their quantised values where that changes no result.

    Returns the copy, and the result of ``model_save_quantized_weights`` for it.

    Raises:
        UtilityError: the scale of a quantizer with "auto_po2" cannot be fixed, for example of ``ternary``.
        LoadError: the file cannot be read.
        LoweringError: the model is not built from layers.
    """
    copy = clone_model(orig_model)
    if orig_model_path is not None:
        copy_model_state(load_model(orig_model_path), copy)
    for name, layer in walk_layers(copy):
        for weight in list_hardware_weights(layer):
            if getattr(weight.quantizer, "alpha", None) == "auto_po2":
                _freeze(name, weight)
    if quantize_model_weights:
        assign_quantized(copy)
    return copy, model_save_quantized_weights(copy)


def _freeze(name: str, weight: HardwareWeight) -> None:
    quantizer: Quantizer = weight.quantizer
    quantizer(weight.real)  # its scale is that of the last call
    scale = to_numpy(quantizer.scale).tolist()
    if isinstance(quantizer, quantized_bits):
        if quantizer.post_training_scale is None:
            quantizer.post_training_scale = scale
    elif isinstance(quantizer, quantized_linear | binary):
        quantizer.alpha = scale
    else:
        raise UtilityError(
            f"clone_model_and_freeze_auto_po2_scale: layer {name!r}, {weight.variable}: expected "
            f"quantized_bits, quantized_linear or binary with alpha='auto_po2', got {quantizer}, whose codes depend "
            f"on the scale. Give it a number as alpha."
        )
