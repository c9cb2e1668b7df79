"""Lowering rules of Keras' layers that move elements and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.windows import Pair, as_pair, list_sizes, require_channels_last
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor, find_boundary, join_tensors, make_exact
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Concat, Fixed, Input, Op, Pad, Quantize, Reshape, View
from qhls.ir.integers import Array, find_dyadic

_MOST_VIEWS = 64
"""Largest number of views for an irregular selection of elements."""


def list_strides(dims: tuple[int, ...]) -> list[int]:
    """Return the stride of each axis of a row-major tensor, in elements."""
    return [math.prod(dims[axis + 1 :]) for axis in range(len(dims))]


def permute(x: Op, axes: tuple[int, ...]) -> Op:
    """Return ``x`` with its axes (batch not counted) in the order ``axes``."""
    strides = list_strides(x.shape)
    return View(x, tuple(x.shape[a] for a in axes), tuple(strides[a] for a in axes))


def crop(x: Op, widths: tuple[tuple[int, int], ...]) -> Op:
    """Return ``x`` without the first ``before`` and last ``behind`` elements of axis i, where ``widths[i] = (before,
    behind)``.
    """
    strides = list_strides(x.shape)
    dims = [size - before - behind for size, (before, behind) in zip(x.shape, widths, strict=True)]
    offset = sum(before * stride for (before, _), stride in zip(widths, strides, strict=True))
    return View(x, tuple(dims), tuple(strides), offset)


def repeat_elements(x: Op, times: tuple[int, ...]) -> Op:
    """Return ``x`` with each element repeated ``times[i]`` times along axis i."""
    dims = [d for pair_ in zip(x.shape, times, strict=True) for d in pair_]
    strides = [s for stride in list_strides(x.shape) for s in (stride, 0)]
    spread = View(x, tuple(dims), tuple(strides))
    return Reshape(spread, tuple(a * b for a, b in zip(x.shape, times, strict=True)))


def gather(x: Op, places: Array) -> Op | None:
    """Return the elements of ``x`` at the row-major indices ``places`` (n,), as views joined in order; ``None`` if too
    many views are needed.
    """
    views: list[Op] = []
    start = 0
    while start < len(places):
        view, size = _find_longest_view(x, places[start:])
        views.append(view)
        start += size
        if len(views) > _MOST_VIEWS:
            return None
    return views[0] if len(views) == 1 else Concat(tuple(views), 0)


def _find_longest_view(x: Op, places: Array) -> tuple[Op, int]:
    """Return a regular view of ``x`` that yields as many of the first ``places`` as possible, and their number."""
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


def concatenate(xs: Sequence[Tensor], axis: int, dims: tuple[int, ...] | None = None) -> Tensor:
    """Return the tensors ``xs``, exact or real, concatenated along ``axis`` (batch not counted).

    ``dims``: the shape to which each tensor is reshaped first.
    """

    def concatenate_ops(*ops: Op) -> Op:
        return Concat(ops if dims is None else tuple(Reshape(op, dims) for op in ops), axis)

    xs = [make_exact(x) for x in xs]
    if all(isinstance(x, Op) for x in xs):
        return concatenate_ops(*xs)  # type: ignore[arg-type]
    shapes = [list(dims or x.shape) for x in xs]
    shapes[0][axis] = sum(shape[axis] for shape in shapes)
    return join_tensors(xs, concatenate_ops, tuple(shapes[0]), find_boundary(xs))


def pad_axes(x: Tensor, widths: tuple[Pair, ...], value: float = 0.0) -> Tensor:
    """Return ``x``, exact or real, padded along axis i by ``widths[i] = (before, behind)`` elements of ``value``."""
    x = make_exact(x)
    codes, frac = find_dyadic(np.array(value))
    code = codes.item()
    filling = Input((1,), Fixed.from_range(code, code, frac), (code,), name="filling")
    if isinstance(x, Op):
        return _fill(x, filling, widths)
    shape = tuple(a + n + b for n, (a, b) in zip(x.shape, widths, strict=True))
    boundary = find_boundary([x])
    return join_tensors([x, filling], lambda x, value: _fill(x, value, widths), shape, boundary)


def _fill(x: Op, filling: Op, widths: tuple[Pair, ...]) -> Op:
    """Return ``x`` padded with the only number in the range of ``filling``."""
    code, _ = filling.range.hull
    more = filling.type.frac - x.type.frac if code else 0
    if more > 0:
        lo, hi = (end << more for end in x.range.hull)
        x = Quantize(x, Fixed.from_range(lo, hi, filling.type.frac), proved=True)
    return Pad(x, widths, code << max(-more, 0))


@lower.register(keras.layers.Flatten, moves=True)
def _lower_flatten(layer: keras.layers.Flatten, x: Op) -> Op:
    if len(x.shape) > 1:
        require_channels_last(layer)
    return Reshape(x, (x.size,))


@lower.register(keras.layers.Reshape, moves=True)
def _lower_reshape(layer: keras.layers.Reshape, x: Op) -> Op:
    shape: Any = layer.compute_output_shape((1, *x.shape))
    return Reshape(x, tuple(shape[1:]))


@lower.register(keras.layers.Permute, moves=True)
def _lower_permute(layer: keras.layers.Permute, x: Op) -> Op:
    return permute(x, tuple(axis - 1 for axis in layer.dims))


@lower.register(keras.layers.RepeatVector, moves=True)
def _lower_repeat_vector(layer: keras.layers.RepeatVector, x: Op) -> Op:
    return View(x, (layer.n, *x.shape), (0, 1))


@lower.register(keras.layers.UpSampling1D, moves=True)
def _lower_upsampling1d(layer: keras.layers.UpSampling1D, x: Op) -> Op:
    return repeat_elements(x, (int(layer.size), 1))


@lower.register(keras.layers.UpSampling2D, moves=True)
def _lower_upsampling2d(layer: keras.layers.UpSampling2D, x: Op) -> Op:
    require_channels_last(layer)
    if layer.interpolation != "nearest":
        raise explain_refusal(
            layer,
            "interpolation='nearest'",
            f"{layer.interpolation!r}",
            "Use a transposed convolution.",
        )
    return repeat_elements(x, (*as_pair(layer.size), 1))


@lower.register(keras.layers.UpSampling3D, moves=True)
def _lower_upsampling3d(layer: keras.layers.UpSampling3D, x: Op) -> Op:
    require_channels_last(layer)
    return repeat_elements(x, (*list_sizes(layer.size), 1))


@lower.register(keras.layers.CenterCrop, moves=True)
def _lower_center_crop(layer: keras.layers.CenterCrop, x: Op) -> Op:
    require_channels_last(layer)
    rows, columns = (a - b for a, b in zip(x.shape, (layer.height, layer.width), strict=False))
    if min(rows, columns) < 0:
        expected = f"an image of at least {layer.height} x {layer.width}"
        raise explain_refusal(
            layer, expected, f"one of {x.shape}", "Pad it, or resize it on the host."
        )
    widths = [(n // 2, n - n // 2) for n in (rows, columns)]
    return crop(x, (*widths, (0, 0)))


_ZeroPadding = keras.layers.ZeroPadding1D | keras.layers.ZeroPadding2D | keras.layers.ZeroPadding3D
_Cropping = keras.layers.Cropping1D | keras.layers.Cropping2D | keras.layers.Cropping3D


@lower.register(keras.layers.ZeroPadding1D, reads_reals=True)
@lower.register(keras.layers.ZeroPadding2D, reads_reals=True)
@lower.register(keras.layers.ZeroPadding3D, reads_reals=True)
def _lower_zero_padding(
    layer: _ZeroPadding,
    x: Tensor,
) -> Tensor:
    require_channels_last(layer)
    return pad_axes(x, (*_read_pairs(layer.padding), (0, 0)))


@lower.register(keras.layers.Cropping1D, moves=True)
@lower.register(keras.layers.Cropping2D, moves=True)
@lower.register(keras.layers.Cropping3D, moves=True)
def _lower_cropping(layer: _Cropping, x: Op) -> Op:
    if len(x.shape) > 2:
        require_channels_last(layer)
    return crop(x, (*_read_pairs(layer.cropping), (0, 0)))


def _read_pairs(widths: Sequence[Any]) -> tuple[Pair, ...]:
    """Return Keras' widths of padding or cropping as one pair (before, behind) per axis; a 1D layer stores a bare
    pair.
    """
    pairs = widths if isinstance(widths[0], tuple | list) else [widths]
    return tuple((int(before), int(behind)) for before, behind in pairs)
