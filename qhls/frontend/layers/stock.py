"""Lowering rules of Keras' own layers without weights: identities and pooling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

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
from qhls.frontend.lowering.reals import Tensor
from qhls.frontend.lowering.refusal import refusal
from qhls.frontend.lowering.steps import values_of
from qhls.ir import Op, Pool

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


def maximum(layer: Any, x: Tensor, make: Callable[[Op], Op]) -> Tensor:
    """Return the maxima that ``make`` takes within channels of ``x``.

    Of real numbers they are taken before a function that rises in every channel, else of what a quantizer that rises
    makes of them.
    """
    if isinstance(x, Op):
        return make(x)
    if x.move is None and x.monotone and (x.shared or x.dims is None):
        lo, hi = x.x.range.hull
        ends = values_of(x.function, x.x, x.channels)(np.array([[lo, hi]] * x.channels))
        if (ends[:, 0] <= ends[:, 1]).all():
            return replace(x, x=make(x.x))
    falling = refusal(
        layer,
        "a function that never falls behind a maximum of real numbers",
        "one that may",
        "Put a QActivation before it.",
    )
    return x.behind(make, falling)


@lower.register(keras.layers.AveragePooling1D)
@lower.register(keras.layers.AveragePooling2D)
def _(layer: Any, x: Op) -> Tensor:
    sums, part = window_sums(layer, x)
    return mean(layer, sums, math.prod(pair(layer.pool_size)), part)


@lower.register(keras.layers.GlobalAveragePooling1D)
@lower.register(keras.layers.GlobalAveragePooling2D)
@lower.register(keras.layers.GlobalAveragePooling3D)
def _(layer: Any, x: Op) -> Tensor:
    require_channels_last(layer)
    return mean(layer, whole(layer, x, "sum"), math.prod(x.shape[:-1]))
