"""Lowering rules of Keras' own layers without weights: identities and pooling."""

from __future__ import annotations

import math

import keras
import numpy as np

from qhls.frontend.layers.protocols import AdaptivePooling, GlobalPooling, Pooling
from qhls.frontend.layers.windows import (
    list_sizes,
    lower_mean,
    lower_window_sums,
    pool,
    reduce_all,
    require_channels_last,
)
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.maxima import take_maximum
from qhls.frontend.lowering.reals import Reals, Tensor
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Codes, Const, Fixed, Mul, Op, Pool, Quantize, Reshape, Threshold, View
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops

_IDENTITIES = (
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.ActivityRegularization,
    *(
        cls
        for name, cls in vars(keras.layers).items()
        if name in ("AugMix", "CutMix", "MixUp", "RandAugment")
        or (name.startswith("Random") and name != "RandomCrop")  # which crops in inference too
    ),
)
"""Keras layers that return their input unchanged in inference."""


def _keep(layer: KerasLayer, x: Tensor) -> Tensor:
    return x


for _cls in _IDENTITIES:
    lower.register(_cls, reads_reals=True)(_keep)


@lower.register(keras.layers.MaxPooling1D, reads_reals=True)
@lower.register(keras.layers.MaxPooling2D, reads_reals=True)
@lower.register(keras.layers.MaxPooling3D, reads_reals=True)
def _lower_max_pooling(layer: Pooling, x: Tensor) -> Tensor:
    require_channels_last(layer)
    window, strides = list_sizes(layer.pool_size), list_sizes(layer.strides)
    return take_maximum(layer, x, lambda op: pool(op, window, strides, layer.padding, "max"))


@lower.register(keras.layers.GlobalMaxPooling1D, reads_reals=True)
@lower.register(keras.layers.GlobalMaxPooling2D, reads_reals=True)
@lower.register(keras.layers.GlobalMaxPooling3D, reads_reals=True)
def _lower_global_max_pooling(layer: GlobalPooling, x: Tensor) -> Tensor:
    require_channels_last(layer)
    return take_maximum(layer, x, lambda op: reduce_all(layer, op, "max"))


@lower.register(keras.layers.AveragePooling1D)
@lower.register(keras.layers.AveragePooling2D)
@lower.register(keras.layers.AveragePooling3D)
def _lower_average_pooling(layer: Pooling, x: Op) -> Tensor:
    sums, part = lower_window_sums(layer, x)
    return lower_mean(layer, sums, math.prod(list_sizes(layer.pool_size)), part)


def _divide_evenly(layer: AdaptivePooling, x: Tensor) -> tuple[int, ...]:
    """Return the window of an adaptive pooling, also its strides; refuse an output size that does not divide the
    input's.
    """
    require_channels_last(layer)
    sizes = list_sizes(layer.output_size)
    if any(length % size for length, size in zip(x.shape[:-1], sizes, strict=True)):
        raise explain_refusal(
            layer,
            f"an output_size that divides {x.shape[:-1]}, so that windows are alike",
            sizes,
            "Choose another, or use a pooling with a pool_size.",
        )
    return tuple(length // size for length, size in zip(x.shape[:-1], sizes, strict=True))


def _lower_adaptive_maximum(layer: AdaptivePooling, x: Tensor) -> Tensor:
    window = _divide_evenly(layer, x)
    return take_maximum(layer, x, lambda op: pool(op, window, window, "valid", "max"))


def _lower_adaptive_average(layer: AdaptivePooling, x: Op) -> Tensor:
    window = _divide_evenly(layer, x)
    return lower_mean(layer, pool(x, window, window, "valid", "sum"), math.prod(window))


for _dimensions in (1, 2, 3):
    _maximum = getattr(keras.layers, f"AdaptiveMaxPooling{_dimensions}D", None)
    _average = getattr(keras.layers, f"AdaptiveAveragePooling{_dimensions}D", None)
    if _maximum is not None and _average is not None:  # newer than other versions of Keras 3
        lower.register(_maximum, reads_reals=True)(_lower_adaptive_maximum)
        lower.register(_average)(_lower_adaptive_average)


@lower.register(keras.layers.GlobalAveragePooling1D, masked=True)
def _lower_global_average_pooling1d(layer: GlobalPooling, x: Op, mask: Op | None = None) -> Tensor:
    require_channels_last(layer)
    if mask is not None:
        return _lower_masked_mean(layer, x, mask)
    return lower_mean(layer, reduce_all(layer, x, "sum"), math.prod(x.shape[:-1]))


def _lower_masked_mean(layer: GlobalPooling, x: Op, mask: Op) -> Tensor:
    """Lower the average over the steps where ``mask`` (steps,) is 1: divide the sum by each possible count, then
    select one quotient.

    Where the mask is 0 throughout, Keras returns NaN (0 / 0); here the result is the first quotient, 0 / 1.
    """
    steps, channels = x.shape
    sums = reduce_all(layer, Mul(x, Reshape(mask, (steps, 1)), proved=True), "sum")
    count = Reshape(Pool(Reshape(mask, (1, steps, 1)), (1, steps), (1, 1), "sum"), (1,))
    numbers = np.arange(1, steps + 1)
    ends = np.stack([numbers - (numbers == 1), numbers + 1], axis=1)  # no step counts as one
    places = Const(Codes(ends), 0, name="counts")
    chosen = Threshold(
        View(count, (steps,), (0,)), places, Const(Codes(np.array([[0, 1, 0]] * steps)), 0)
    )
    divisors = np.repeat(numbers, channels)

    lowest, highest = (math.ldexp(end, -x.type.frac) for end in x.range.hull)

    def divide(v: KerasTensor) -> KerasTensor:  # other sums do not occur with this number of steps
        return ops.clip(v / ops.convert_to_tensor(divisors, v.dtype), lowest, highest)

    def choose(averages: Op) -> Op:
        picked = Mul(averages, Reshape(chosen, (steps, 1)), proved=True)
        total = Pool(Reshape(picked, (1, steps, channels)), (1, steps), (1, 1), "sum", proved=True)
        lo, hi = (f(0, end) for f, end in zip((min, max), averages.range.hull, strict=True))
        to = Fixed.from_range(lo, hi, averages.type.frac)
        return Reshape(Quantize(total, to, proved=True), sums.shape)  # one of them is not 0

    odd = explain_refusal(
        layer,
        f"a quantizer behind an average over up to {steps} numbers",
        "none",
        "Add a QActivation behind it.",
    )
    repeated = Reshape(View(sums, (steps, channels), (0, 1)), (steps * channels,))
    real = Reals(repeated, divide, True, odd, dims=(steps, channels))
    return real.select(choose, sums.shape)


@lower.register(keras.layers.GlobalAveragePooling2D)
@lower.register(keras.layers.GlobalAveragePooling3D)
def _lower_global_average_pooling(layer: GlobalPooling, x: Op) -> Tensor:
    require_channels_last(layer)
    return lower_mean(layer, reduce_all(layer, x, "sum"), math.prod(x.shape[:-1]))
