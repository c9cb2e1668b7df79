"""The widths of the accumulators of a model's layers, from bounds or from samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import keras
import numpy as np

from qhls.compat.qkeras.analysis.operations import has_kernel, is_transposed
from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.graph import list_model_calls, run_layers, warn_of_unseen
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.hardware import HardwareWeight, list_hardware_weights
from qhls.frontend.models.walk import unwrap
from qhls.quantizers.keras_types import KerasLayer
from qhls.system.text import say

_Range = tuple[Any, Any]
"""The lowest and the highest value: two numbers, or two arrays with one number per channel."""


def analyze_accumulator(
    in_model: keras.Model, x: Mapping[str, tuple[float, float]], verbose: bool = False
) -> dict[str, int]:
    """Return the number of integer bits, without the sign, that the accumulator of each Q-layer with a kernel needs.

    The layers are dense layers and all kinds of convolutions, and the result has them by name.

    ``x`` is the range ``(min, max)`` of each layer's input, by the layer's name. ``-2**bits``
    and ``2**bits`` bound every sum of products of the quantised kernel with such inputs (or padding). They do so in any
    order, with or without the quantised bias. For a layer with one kernel, some inputs exceed fewer
    bits. A separable layer has the bits of its larger sum. ``verbose`` prints the ranges of the sums.

    Raises:
        UtilityError: ``x`` has no range for a layer.
        LoweringError: the model is not built from layers.
    """
    sizes = {}
    warn_of_unseen("analyze_accumulator", in_model)
    for name, layer in _list_summing(in_model):
        if name not in x:
            raise UtilityError(
                f"analyze_accumulator: expected the range (min, max) of the input of the layer "
                f"{name!r} in x, got those of {', '.join(x) or 'none'}. "
                f"Use analyze_accumulator_from_sample to find them."
            )
        low, high = bound_sums(layer, x[name])
        sizes[name] = _count_bits(max(-low, high))
        if verbose:
            say(f"{name}: sums from {low:g} to {high:g}, {sizes[name]} bits")
    return sizes


def analyze_accumulator_from_sample(
    in_model: keras.Model,
    x_sample: Any,
    mode: Literal["conservative", "sampled"] = "conservative",
    verbose: bool = False,
) -> dict[str, int]:
    """Return the number of integer bits that the accumulator of each Q-layer with a kernel needs for ``x_sample``.

    The result is like that of ``analyze_accumulator``, for the numbers that occur on the samples.

    "conservative" takes the range of each layer's input from the sample. "sampled" returns the bits of the largest sum
    itself, bias included, that occurs before the layer's activation.

    Raises:
        UtilityError: ``mode`` is unknown, or the samples do not fit the model.
        LoweringError: the model is not built from layers.
    """
    if mode not in ("conservative", "sampled"):
        raise UtilityError(
            f"analyze_accumulator_from_sample: expected mode 'conservative' or 'sampled', got {mode!r}. "
            f"Choose one of these."
        )
    summing = dict(_list_summing(in_model))
    if mode == "sampled":
        warn_of_unseen("analyze_accumulator_from_sample", in_model)
    ranges: dict[str, tuple[float, float]] = {}
    for call, read, _ in run_layers(in_model, x_sample):
        if call.name not in summing:
            continue
        tensor = read[0]
        if mode == "sampled":
            with _suspend_activation(summing[call.name]):
                tensor = call.layer(tensor)
        values = to_numpy(tensor)
        low, high = ranges.get(call.name, (np.inf, -np.inf))
        ranges[call.name] = min(low, float(values.min())), max(high, float(values.max()))
    if mode == "conservative":
        return analyze_accumulator(in_model, ranges, verbose)
    if verbose:
        for name, (low, high) in ranges.items():
            say(f"{name}: sums from {low:g} to {high:g}, {_count_bits(max(-low, high))} bits")
    return {name: _count_bits(max(-low, high)) for name, (low, high) in ranges.items()}


def _list_summing(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield ``(name, layer)`` once for each Q-layer that sums products."""
    every = {call.name: unwrap(call.layer) for call in list_model_calls(model)}
    for name, layer in every.items():
        if hasattr(layer, "get_quantized_weights") and has_kernel(layer):
            yield name, layer


@contextmanager
def _suspend_activation(layer: Any) -> Iterator[None]:
    activation = layer.activation
    layer.activation = keras.activations.linear
    try:
        yield
    finally:
        layer.activation = activation


def _count_bits(largest: float) -> int:
    return math.ceil(math.log2(largest)) if largest > 0 else 0


def bound_sums(layer: KerasLayer, input_range: _Range) -> tuple[float, float]:
    """Return the range of all partial sums within ``layer`` for inputs in the range ``input_range``."""
    weights = list_hardware_weights(layer)
    kernels = [w for w in weights if not w.is_bias]
    low, high = _bound_products(layer, kernels[0], input_range)
    lowest, highest = low.min(), high.max()
    if len(kernels) > 1:
        low, high = _bound_products(layer, kernels[1], _bound_between(layer, low, high))
        lowest, highest = min(lowest, low.min()), max(highest, high.max())
    for bias in (w.values.astype(np.float64).ravel() for w in weights if w.is_bias):
        lowest = min(lowest, (low + np.minimum(bias, 0)).min())
        highest = max(highest, (high + np.maximum(bias, 0)).max())
    return float(lowest), float(highest)


def _bound_products(
    layer: KerasLayer, kernel: HardwareWeight, input_range: _Range
) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of all partial sums of products for each output channel; padding may replace inputs by 0."""
    w = kernel.values.astype(np.float64)
    least, most = (np.asarray(end, np.float64) for end in input_range)
    least, most = np.minimum(least, 0), np.maximum(most, 0)
    if least.ndim:  # one bound per channel, of a pointwise kernel
        shape = [1] * w.ndim
        shape[-1 if is_transposed(layer) else -2] = -1
        least, most = least.reshape(shape), most.reshape(shape)
    output_axes = _find_output_axes(layer, kernel)
    axes = tuple(axis for axis in range(w.ndim) if axis not in output_axes)
    low = np.minimum(w * least, w * most).sum(axes)
    high = np.maximum(w * least, w * most).sum(axes)
    return low.ravel(), high.ravel()


def _find_output_axes(layer: KerasLayer, kernel: HardwareWeight) -> tuple[int, ...]:
    """Return the axes of a kernel that index the output channels."""
    rank, depthwise = kernel.values.ndim, kernel.variable == "depthwise_kernel"
    if not is_transposed(layer):
        return (rank - 2, rank - 1) if depthwise else (rank - 1,)
    if depthwise and kernel.values.shape[-2] == 1:  # (height, width, 1, channels)
        return (rank - 1,)
    return (rank - 2,)


def _bound_between(layer: KerasLayer, low: np.ndarray, high: np.ndarray) -> _Range:
    """Return the range of each channel between the two kernels of a separable layer, after any activation there."""
    activation = getattr(layer, "depthwise_activation", None)
    if activation is None:
        return low, high
    values = np.linspace(low, high, 257).astype(np.float32)
    values = to_numpy(activation(values))
    return values.min(0), values.max(0)
