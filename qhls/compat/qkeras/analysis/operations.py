"""The operations of a model: their number, their kinds, and the widths of their operands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from qhls.compat.products import list_products
from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.graph import Call, list_model_calls
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.hardware import HardwareWeight, list_hardware_weights
from qhls.frontend.models.walk import unwrap, walk_layers
from qhls.quantizers import Quantizer, quantized_relu
from qhls.quantizers.keras_types import KerasLayer

_Mode = tuple[int, int, int]
"""The kind of a number, its width in bits, and 1 if it is signed, else 0."""

FIXED, PO2, TERNARY, BINARY, BINARY_01, FLOAT = range(6)
"""Kinds of numbers, with QKeras' codes."""

_MULTIPLIERS = (
    ("mult", "barrel", "mux", "mux", "mux", "fmult"),
    ("barrel", "adder", "mux", "xor", "mux", "fmult"),
    ("mux", "mux", "mux", "mux", "xor", "fmult"),
    ("mux", "xor", "mux", "xor", "xor", "fmult"),
    ("mux", "mux", "xor", "xor", "xor", "fmult"),
    ("fmult",) * 6,
)
"""The operation that computes a product, by the kind of the weight, then of the input."""


def get_quant_mode(quant: Any) -> _Mode:
    """Return ``(kind, bits, signed)`` for the output of a quantizer.

    Kinds are 0: fixed point, 1: power of two, 2: ternary, 3: binary (-1, 1), 4: binary (0, 1), 5: float, also for
    anything but a quantizer. ``quantized_ulaw`` counts as fixed point, as in QKeras.
    """
    if not isinstance(quant, Quantizer):
        return FLOAT, 32, 1
    signed = int(np.any(to_numpy(quant.min()) < 0))
    if quant.number_type == "ternary":
        return TERNARY, 2, 1
    if quant.number_type == "binary":
        return (BINARY if signed else BINARY_01), 1, signed
    bits = getattr(quant, "bits", None)
    if bits is None:
        return FLOAT, 32, 1
    return (PO2 if quant.number_type == "po2" else FIXED), bits, signed


def create_activation_cache(model: keras.Model) -> dict[int, Any]:
    """Return a dictionary from the ``id`` of each tensor in ``model`` to its quantizer, or to ``None`` without one.

    As in QKeras, inputs count as ``quantized_relu(8,0)``, and a merge of tensors has the quantizer of the first.
    """
    cache: dict[int, Any] = {}
    for call in list_model_calls(model):
        for tensor in call.inputs:
            cache.setdefault(id(tensor), quantized_relu(8, 0))
        quantizer = _find_activation(call, cache)
        cache |= {id(tensor): quantizer for tensor in call.outputs}
    return cache


def _find_activation(call: Call, cache: Mapping[int, Any]) -> Any:
    """Return the quantizer that describes the outputs of a layer's call, or ``None`` if no quantizer does."""
    layer = unwrap(call.layer)
    quantizer = getattr(layer, "quantizer", None)
    if quantizer is None:
        quantizer = getattr(layer, "activation", None)
    if isinstance(quantizer, Quantizer) and not hasattr(layer, "recurrent_activation"):
        return quantizer  # in a recurrent layer, gates mix the values of the activation
    return cache[id(call.inputs[0])] if is_transparent(layer) and call.inputs else None


def is_transparent(layer: KerasLayer) -> bool:
    """Return whether the quantizer of a layer's input also describes its output.

    Such a layer has no weights, and no activation except relu.
    """
    harmless = (None, keras.activations.linear, keras.activations.relu)
    return not getattr(layer, "weights", None) and getattr(layer, "activation", None) in harmless


def get_operation_type(
    layer: KerasLayer, output_cache: Mapping[int, Any]
) -> tuple[str, Any, Any, Any]:
    """Return the operation that computes a layer's products, and the kinds, widths and signs of its operands.

    The result is ``(operation, kinds, bits, signs)``. The last three are pairs, for weight and input. The operation is
    "mult", "barrel" (a shift), "adder" (of exponents), "mux", "xor" or "fmult" (of floats).
    ``output_cache`` is the result of ``create_activation_cache``.

    Raises:
        UtilityError: the layer has no quantised kernel, or is of another model.
    """
    tensors = keras.tree.flatten(layer.input)
    kernels = [w for w in list_hardware_weights(layer) if not w.is_bias]
    if not kernels or id(tensors[0]) not in output_cache:
        raise UtilityError(
            f"layer {layer.name!r}: expected a layer with a kernel, of the model of output_cache, "
            f"got {type(layer).__name__}. Make the cache with create_activation_cache(model)."
        )
    return _describe_operation(kernels[0], output_cache[id(tensors[0])])


def _describe_operation(kernel: HardwareWeight, read: Any) -> tuple[str, Any, Any, Any]:
    kinds, bits, signs = zip(get_quant_mode(kernel.quantizer), get_quant_mode(read), strict=True)
    return _MULTIPLIERS[kinds[0]][kinds[1]], kinds, bits, signs


def extract_model_operations(in_model: keras.Model) -> dict[str, dict[str, Any]]:
    """Count the operations of each dense and convolution layer of a model, by the layer's name.

    ``type`` is that of ``get_operation_type``. ``number_of_operations`` are the products for one sample, over all calls
    of a shared layer. ``number_of_weights`` and ``type_of_weights`` (see ``get_quant_mode``) are those of the kernel,
    lists for several kernels. ``number_of_bias`` and ``type_of_bias`` are those of the bias. A folded layer counts with
    its folded kernel and bias. As in QKeras, recurrent and transposed layers and layers that scale elements are not
    counted; ``list_uncounted`` returns them.

    Raises:
        LoweringError: the model is not built from layers.
    """
    cache = create_activation_cache(in_model)
    operations: dict[str, dict[str, Any]] = {}
    for call in list_model_calls(in_model):
        layer = unwrap(call.layer)
        if is_product(layer):
            entry = _make_entry(call, list_hardware_weights(layer), cache)
            if call.name in operations:
                entry["number_of_operations"] += operations[call.name]["number_of_operations"]
            operations[call.name] = entry
    return operations


def _make_entry(
    call: Call, weights: list[HardwareWeight], cache: Mapping[int, Any]
) -> dict[str, Any]:
    kernels = [w for w in weights if not w.is_bias]
    biases = [w for w in weights if w.is_bias]
    numbers = [w.values.size for w in kernels]
    types = [get_quant_mode(w.quantizer) for w in kernels]
    several = len(kernels) > 1
    return {
        "type": _describe_operation(kernels[0], cache[id(call.inputs[0])]),
        "number_of_operations": _count_products(call),
        "number_of_weights": numbers if several else numbers[0],
        "number_of_bias": sum(w.values.size for w in biases),
        "type_of_weights": types if several else types[0],
        "type_of_bias": get_quant_mode(biases[0].quantizer if biases else None),
    }


def _count_products(call: Call) -> int:
    """Return the number of products of a layer for one sample.

    Raises ``UtilityError`` for an output of unknown shape.
    """
    input_shape, output_shape = call.inputs[0].shape[1:], call.outputs[0].shape[1:]
    if None in output_shape:
        raise UtilityError(
            f"layer {call.name!r}: expected an output of known shape, got "
            f"{tuple(call.outputs[0].shape)}. Build the model with keras.Input(shape) of numbers."
        )
    return sum(
        products.count for products in list_products(unwrap(call.layer), input_shape, output_shape)
    )


def is_product(layer: KerasLayer) -> bool:
    """Return whether a layer is a dense Q-layer or a Q-convolution that is not transposed."""
    return (
        hasattr(layer, "get_quantized_weights") and has_kernel(layer) and not is_transposed(layer)
    )


def has_kernel(layer: KerasLayer) -> bool:
    """Return whether a layer, quantised or not, is a dense layer or any kind of convolution."""
    if isinstance(layer, keras.layers.RNN | keras.layers.Wrapper):
        return False
    return any(getattr(layer, name, None) is not None for name in ("kernel", "depthwise_kernel"))


def is_transposed(layer: KerasLayer) -> bool:
    """Return whether a layer is a transposed convolution."""
    return isinstance(layer, keras.layers.Conv2DTranspose)


def list_uncounted(model: keras.Model) -> list[str]:
    """Return the names of the layers with quantised weights that ``extract_model_operations`` does not count."""
    counted = {id(x) for call in list_model_calls(model) if is_product(x := unwrap(call.layer))}
    others = {name: layer for name, layer in walk_layers(model) if id(layer) not in counted}
    return [name for name, layer in others.items() if list_hardware_weights(layer)]
