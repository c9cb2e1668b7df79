"""Fusion of a batch normalisation with the layer before it, in QKeras' form for hardware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.analysis.operations import has_kernel, is_transposed
from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.graph import Call, list_calls_and_results
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.frontend.layers.batchnorm import QBatchNormalization
from qhls.quantizers.keras_types import ops


def find_bn_fusing_layer_pair(
    model: keras.Model, custom_objects: Mapping[str, Any] | None = None
) -> tuple[dict[str, str], set[str]]:
    """Return the name of the ``QBatchNormalization`` that can be fused into a Q-layer, by Q-layer, and all such names.

    The second result is the set of these normalisations' names. The Q-layer is a dense or convolution layer without
    activation, and no other layer reads it. ``custom_objects`` is an argument of QKeras without effect.

    Raises:
        LoweringError: the model is not built from layers.
    """
    pairs = find_normalised_layers(model, QBatchNormalization)
    names = {a.name: b.name for a, b in pairs if hasattr(a.layer, "get_quantized_weights")}
    return names, set(names.values())


def find_normalised_layers(model: keras.Model, normalisation: type) -> list[tuple[Call, Call]]:
    """Return pairs of a dense or convolution layer without activation and the normalisation that alone reads it.

    Both layers are called only once, and the normalisation is along the layer's channels.
    """
    every, results = list_calls_and_results(model)
    readers: dict[int, list[Call]] = {}
    for call in every:
        for tensor in call.inputs:
            readers.setdefault(id(tensor), []).append(call)
    output_ids = {id(tensor) for tensor in results}
    called = [id(call.layer) for call in every]
    pairs = []
    for call in every:
        following = readers.get(id(call.outputs[0]), [])
        linear = getattr(call.layer, "activation", None) in (None, keras.activations.linear)
        if not (linear and has_kernel(call.layer) and not is_transposed(call.layer)):
            continue
        if len(following) != 1 or id(call.outputs[0]) in output_ids:
            continue
        (after,) = following
        once = called.count(id(call.layer)) == called.count(id(after.layer)) == 1
        if once and isinstance(after.layer, normalisation) and _is_along_channels(call, after):
            pairs.append((call, after))
    return pairs


def _is_along_channels(call: Call, after: Call) -> bool:
    rank = len(call.outputs[0].shape)
    first = getattr(call.layer, "data_format", None) == "channels_first"
    return after.layer.axis % rank == (1 if first else rank - 1)


def add_bn_fusing_weights(
    prev_layer: Any, bn_layer: Any, saved_weights: dict[str, dict[str, Any]]
) -> None:
    """Enter factor and offset of ``bn_layer``, fused into ``prev_layer``, in the latter's entry of ``saved_weights``.

    If ``y`` is the layer's sum of products without bias, the result of the normalisation is
    ``bn_inv * y + fused_bias``: ``bn_inv = Q(Q(gamma) / sqrt(Q(variance) + epsilon))`` and
    ``fused_bias = bn_inv * (Q(bias) - Q(mean)) + Q(beta)``, both float32.

    Raises:
        UtilityError: ``bn_layer`` is not a ``QBatchNormalization``.
    """
    if not isinstance(bn_layer, QBatchNormalization):
        raise UtilityError(
            f"add_bn_fusing_weights: expected a QBatchNormalization, got the layer "
            f"{bn_layer.name!r} ({type(bn_layer).__name__}). Find pairs of layers with "
            f"find_bn_fusing_layer_pair(model)."
        )
    inverse, offset = scale_and_offset(bn_layer)
    bias = _quantize(prev_layer, "bias") if prev_layer.use_bias else 0.0
    saved_weights[prev_layer.name] |= {
        "enable_bn_fusing": True,
        "fused_bn_layer_name": bn_layer.name,
        "bn_inv": inverse,
        "fused_bias": np.asarray(inverse * bias + offset, np.float32),
    }


def scale_and_offset(bn_layer: QBatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """Return factor and offset per channel of a normalisation, which computes ``inv * x + offset`` in inference."""
    variance: Any = ops.convert_to_tensor(_quantize(bn_layer, "moving_variance"))
    inverse = ops.rsqrt(variance + bn_layer.epsilon)
    if bn_layer.scale:
        inverse = inverse * _quantize(bn_layer, "gamma")
    inverse = _to_float32(bn_layer.apply_quantizer("inverse", inverse))
    offset = -_quantize(bn_layer, "moving_mean") * inverse
    return inverse, offset + _quantize(bn_layer, "beta") if bn_layer.center else offset


def _quantize(layer: Any, variable: str) -> np.ndarray:
    return _to_float32(layer.apply_quantizer(variable, layer.get_unquantized(variable)))


def _to_float32(tensor: Any) -> np.ndarray:
    return to_numpy(tensor).astype(np.float32)
