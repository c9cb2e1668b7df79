"""Lowering rules of Keras' own layers without weights: identities and pooling."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from qhls.frontend.layers.windows import (
    as_image,
    like,
    mean,
    pad_same,
    pair,
    require_channels_last,
    whole,
    window_sums,
)
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.maxima import maximum
from qhls.frontend.lowering.reals import Reals, Tensor
from qhls.frontend.lowering.refusal import refusal
from qhls.ir import Codes, Const, Fixed, Mul, Op, Pool, Quantize, Reshape, Threshold, View

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
)
"""Layers that do something in training only."""


def _identity(layer: Any, x: Tensor) -> Tensor:
    return x


for _cls in _IDENTITIES:
    lower.register(_cls, reads_reals=True)(_identity)


@lower.register(keras.layers.MaxPooling1D, reads_reals=True)
@lower.register(keras.layers.MaxPooling2D, reads_reals=True)
def _(layer: Any, x: Tensor) -> Tensor:
    require_channels_last(layer)
    return maximum(layer, x, lambda op: _windows(layer, op))


def _windows(layer: Any, x: Op) -> Op:
    window, strides, image = pair(layer.pool_size), pair(layer.strides), as_image(x)
    if layer.padding == "same":
        # Each window holds an element of x, so the lowest code there is never wins against them.
        image = pad_same(image, window, strides, value=x.range.hull[0])
    return like(x, Pool(image, window, strides))


@lower.register(keras.layers.GlobalMaxPooling1D, reads_reals=True)
@lower.register(keras.layers.GlobalMaxPooling2D, reads_reals=True)
@lower.register(keras.layers.GlobalMaxPooling3D, reads_reals=True)
def _(layer: Any, x: Tensor) -> Tensor:
    require_channels_last(layer)
    return maximum(layer, x, lambda op: whole(layer, op, "max"))


@lower.register(keras.layers.AveragePooling1D)
@lower.register(keras.layers.AveragePooling2D)
def _(layer: Any, x: Op) -> Tensor:
    sums, part = window_sums(layer, x)
    return mean(layer, sums, math.prod(pair(layer.pool_size)), part)


@lower.register(keras.layers.GlobalAveragePooling1D, masked=True)
def _(layer: Any, x: Op, mask: Op | None = None) -> Tensor:
    require_channels_last(layer)
    if mask is not None:
        return _masked_mean(layer, x, mask)
    return mean(layer, whole(layer, x, "sum"), math.prod(x.shape[:-1]))


def _masked_mean(layer: Any, x: Op, mask: Op) -> Tensor:
    """Return the average over the steps where ``mask`` (steps,) is 1: one of the sums over each number of steps.

    Where it is 0 throughout, Keras divides 0 by 0, which is no number; here it is the first of these, 0 / 1.
    """
    steps, channels = x.shape
    sums = whole(layer, Mul(x, Reshape(mask, (steps, 1)), proved=True), "sum")
    count = Reshape(Pool(Reshape(mask, (1, steps, 1)), (1, steps), (1, 1), "sum"), (1,))
    numbers = np.arange(1, steps + 1)
    ends = np.stack([numbers - (numbers == 1), numbers + 1], axis=1)  # no step counts as one
    places = Const(Codes(ends), 0, name="counts")
    chosen = Threshold(
        View(count, (steps,), (0,)), places, Const(Codes(np.array([[0, 1, 0]] * steps)), 0)
    )
    divisors = np.repeat(numbers, channels)

    lowest, highest = (math.ldexp(end, -x.type.frac) for end in x.range.hull)

    def averages(v: Any) -> Any:  # other sums do not occur with this number of steps
        return ops.clip(v / ops.convert_to_tensor(divisors, v.dtype), lowest, highest)

    def choice(averages: Op) -> Op:
        picked = Mul(averages, Reshape(chosen, (steps, 1)), proved=True)
        total = Pool(Reshape(picked, (1, steps, channels)), (1, steps), (1, 1), "sum", proved=True)
        lo, hi = (f(0, end) for f, end in zip((min, max), averages.range.hull, strict=True))
        to = Fixed.holding(lo, hi, averages.type.frac)
        return Reshape(Quantize(total, to, proved=True), sums.shape)  # one of them is not 0

    odd = refusal(
        layer,
        f"a quantizer behind an average over up to {steps} numbers",
        "none; add a QActivation behind it",
    )
    repeated = Reshape(View(sums, (steps, channels), (0, 1)), (steps * channels,))
    real = Reals(repeated, averages, True, odd, dims=(steps, channels))
    return real.selected(choice, sums.shape)


@lower.register(keras.layers.GlobalAveragePooling2D)
@lower.register(keras.layers.GlobalAveragePooling3D)
def _(layer: Any, x: Op) -> Tensor:
    require_channels_last(layer)
    return mean(layer, whole(layer, x, "sum"), math.prod(x.shape[:-1]))
