"""Lowering rules of Keras' own layers without weights: identities and pooling."""

from __future__ import annotations

import math
from typing import Any

import keras

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
from qhls.frontend.lowering.reals import Tensor
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
