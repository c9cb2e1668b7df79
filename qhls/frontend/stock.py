"""Lowering rules of Keras' own layers without weights: shapes, pooling, merging, identities."""

from __future__ import annotations

from functools import reduce
from typing import Any

import keras

from qhls.frontend.lower import lower, refusal
from qhls.frontend.reals import Tensor
from qhls.frontend.windows import pad_same, pair, require_channels_last
from qhls.ir import Add, Concat, Max, Op, Pad, Pool, Reshape

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


@lower.register(keras.layers.Flatten)
def _(layer: keras.layers.Flatten, x: Op) -> Op:
    if len(x.shape) > 1:
        require_channels_last(layer)
    return Reshape(x, (x.size,))


@lower.register(keras.layers.Reshape)
def _(layer: keras.layers.Reshape, x: Op) -> Op:
    shape: Any = layer.compute_output_shape((1, *x.shape))
    return Reshape(x, tuple(shape[1:]))


@lower.register(keras.layers.MaxPooling2D)
def _(layer: keras.layers.MaxPooling2D, x: Op) -> Op:
    require_channels_last(layer)
    window, strides = pair(layer.pool_size), pair(layer.strides)
    if layer.padding == "same":
        # Each window holds an element of x, so the lowest code there is never wins against them.
        x = pad_same(x, window, strides, value=x.range.hull[0])
    return Pool(x, window, strides)


@lower.register(keras.layers.GlobalMaxPooling2D)
def _(layer: keras.layers.GlobalMaxPooling2D, x: Op) -> Op:
    require_channels_last(layer)
    rows, columns, channels = x.shape
    best = Pool(x, (rows, columns), (1, 1))
    return best if layer.keepdims else Reshape(best, (channels,))


@lower.register(keras.layers.ZeroPadding2D)
def _(layer: keras.layers.ZeroPadding2D, x: Op) -> Op:
    require_channels_last(layer)
    rows, columns = map(pair, layer.padding)
    return Pad(x, (rows, columns, (0, 0)))


@lower.register(keras.layers.ZeroPadding1D)
def _(layer: keras.layers.ZeroPadding1D, x: Op) -> Op:
    return Pad(x, (pair(layer.padding), (0, 0)))


@lower.register(keras.layers.Maximum)
def _(layer: keras.layers.Maximum, *xs: Op) -> Op:
    return reduce(Max, xs)


@lower.register(keras.layers.Add)
def _(layer: keras.layers.Add, *xs: Op) -> Op:
    return reduce(Add, xs)


@lower.register(keras.layers.Concatenate)
def _(layer: keras.layers.Concatenate, *xs: Op) -> Op:
    if layer.axis == 0 or layer.axis == -len(xs[0].shape) - 1:
        raise refusal(
            layer, "an axis other than the batch's", "axis 0; concatenate on another axis"
        )
    return Concat(xs, layer.axis - 1 if layer.axis > 0 else layer.axis)
