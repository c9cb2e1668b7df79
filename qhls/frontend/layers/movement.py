"""Lowering rules of Keras' layers that move elements and compute nothing."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.windows import pair, require_channels_last
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.refusal import refusal
from qhls.ir import Concat, Op, Pad, Reshape, View
from qhls.ir.integers import Array

_MOST_VIEWS = 64
"""Largest number of views for an irregular selection of elements."""


def strides_of(dims: tuple[int, ...]) -> list[int]:
    """Return the distance of neighbours along each axis of a row-major tensor."""
    return [math.prod(dims[axis + 1 :]) for axis in range(len(dims))]


def permuted(x: Op, axes: tuple[int, ...]) -> Op:
    """``x`` with its axes (batch not counted) in the order ``axes``."""
    strides = strides_of(x.shape)
    return View(x, tuple(x.shape[a] for a in axes), tuple(strides[a] for a in axes))


def cropped(x: Op, widths: tuple[tuple[int, int], ...]) -> Op:
    """``x`` without ``widths[i] = (before, behind)`` elements of axis i."""
    strides = strides_of(x.shape)
    dims = [size - before - behind for size, (before, behind) in zip(x.shape, widths, strict=True)]
    offset = sum(before * stride for (before, _), stride in zip(widths, strides, strict=True))
    return View(x, tuple(dims), tuple(strides), offset)


def repeated(x: Op, times: tuple[int, ...]) -> Op:
    """``x`` with each element ``times[i]`` times along axis i."""
    dims = [d for pair_ in zip(x.shape, times, strict=True) for d in pair_]
    strides = [s for stride in strides_of(x.shape) for s in (stride, 0)]
    spread = View(x, tuple(dims), tuple(strides))
    return Reshape(spread, tuple(a * b for a, b in zip(x.shape, times, strict=True)))


def gathered(x: Op, places: Array) -> Op | None:
    """Return the elements of ``x`` at ``places`` (n,), row-major, in few views; ``None`` if that takes many."""
    views: list[Op] = []
    start = 0
    while start < len(places):
        view, size = _longest_view(x, places[start:])
        views.append(view)
        start += size
        if len(views) > _MOST_VIEWS:
            return None
    return views[0] if len(views) == 1 else Concat(tuple(views), 0)


def _longest_view(x: Op, places: Array) -> tuple[Op, int]:
    """The view of ``x`` whose elements, flattened, are the most of ``places`` from the first on."""
    dims: list[int] = []
    strides: list[int] = []
    block = places[:1] - places[0]
    while len(block) < len(places):
        # The block again and again, each time one stride further on.
        size = len(block)
        stride = int(places[size] - places[0])
        whole = places[: len(places) // size * size].reshape(-1, size)
        wanted = places[0] + block + stride * np.arange(len(whole))[:, None]
        times = int(np.cumprod((whole == wanted).all(axis=1)).sum())
        if times < 2:
            break
        dims, strides = [times, *dims], [stride, *strides]
        block = (wanted[:times] - places[0]).ravel()
    view = View(x, tuple(dims) or (1,), tuple(strides) or (0,), int(places[0]))
    return Reshape(view, (len(block),)), len(block)


@lower.register(keras.layers.Flatten, moves=True)
def _(layer: keras.layers.Flatten, x: Op) -> Op:
    if len(x.shape) > 1:
        require_channels_last(layer)
    return Reshape(x, (x.size,))


@lower.register(keras.layers.Reshape, moves=True)
def _(layer: keras.layers.Reshape, x: Op) -> Op:
    shape: Any = layer.compute_output_shape((1, *x.shape))
    return Reshape(x, tuple(shape[1:]))


@lower.register(keras.layers.Permute, moves=True)
def _(layer: keras.layers.Permute, x: Op) -> Op:
    return permuted(x, tuple(axis - 1 for axis in layer.dims))


@lower.register(keras.layers.RepeatVector, moves=True)
def _(layer: keras.layers.RepeatVector, x: Op) -> Op:
    return View(x, (layer.n, *x.shape), (0, 1))


@lower.register(keras.layers.UpSampling1D, moves=True)
def _(layer: keras.layers.UpSampling1D, x: Op) -> Op:
    return repeated(x, (int(layer.size), 1))


@lower.register(keras.layers.UpSampling2D, moves=True)
def _(layer: keras.layers.UpSampling2D, x: Op) -> Op:
    require_channels_last(layer)
    if layer.interpolation != "nearest":
        raise refusal(
            layer,
            "interpolation='nearest'",
            f"{layer.interpolation!r}",
            "Use a transposed convolution.",
        )
    return repeated(x, (*pair(layer.size), 1))


@lower.register(keras.layers.ZeroPadding2D)
def _(layer: keras.layers.ZeroPadding2D, x: Op) -> Op:
    require_channels_last(layer)
    rows, columns = map(pair, layer.padding)
    return Pad(x, (rows, columns, (0, 0)))


@lower.register(keras.layers.ZeroPadding1D)
def _(layer: keras.layers.ZeroPadding1D, x: Op) -> Op:
    require_channels_last(layer)
    return Pad(x, (pair(layer.padding), (0, 0)))


@lower.register(keras.layers.Cropping2D, moves=True)
def _(layer: keras.layers.Cropping2D, x: Op) -> Op:
    require_channels_last(layer)
    rows, columns = map(pair, layer.cropping)
    return cropped(x, (rows, columns, (0, 0)))


@lower.register(keras.layers.Cropping1D, moves=True)
def _(layer: keras.layers.Cropping1D, x: Op) -> Op:
    return cropped(x, (pair(layer.cropping), (0, 0)))
