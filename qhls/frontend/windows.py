"""Sliding windows in the rules: sizes, paddings, and every convolution as one."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from qhls.frontend.linear import Arrange, linear
from qhls.frontend.reals import Tensor
from qhls.frontend.refusal import refusal
from qhls.ir import Const, Conv, Mul, Op, Pad, Pool, Reshape, Shift

Pair = tuple[int, int]


def pair(sizes: Any) -> Pair:
    """Rows and columns, as Keras layers hold them; a layer of one axis has one row."""
    rows, columns = sizes if len(sizes) == 2 else (1, *sizes)
    return int(rows), int(columns)


def same_padding(length: int, size: int, stride: int, dilation: int = 1) -> Pair:
    """What ``padding="same"`` puts before and behind a line: for ``ceil(length / stride)`` windows.

    An odd element goes behind.
    """
    total = max((-(-length // stride) - 1) * stride + (size - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def pad_same(x: Op, size: Pair, strides: Pair, dilation: Pair = (1, 1), value: int = 0) -> Op:
    """``x`` (rows, columns, channels) with what Keras' ``padding="same"`` adds, of code ``value``."""
    lines = zip(x.shape, size, strides, dilation, strict=False)
    return pad(x, *(same_padding(*line) for line in lines), value=value)


def pad(x: Op, rows: Pair, columns: Pair, value: int = 0) -> Op:
    """``x`` (rows, columns, channels) with elements of code ``value`` before and behind; itself if none."""
    return Pad(x, (rows, columns, (0, 0)), value) if any((*rows, *columns)) else x


def require_channels_last(layer: Any) -> None:
    """Refuse ``data_format="channels_first"``."""
    if layer.data_format != "channels_last":
        raise refusal(
            layer,
            "data_format='channels_last'",
            f"{layer.data_format!r}; build the model with channels last",
        )


def as_image(x: Op) -> Op:
    """``x`` (rows, columns, channels); a sequence (steps, channels) is one row."""
    return x if len(x.shape) == 3 else Reshape(x, (1, *x.shape))


def like(x: Op, y: Op) -> Op:
    """``y`` as a sequence where ``x`` is one."""
    return y if len(x.shape) == 3 else Reshape(y, y.shape[1:])


def convolve(
    layer: Any,
    x: Op,
    variable: str,
    arrange: Arrange = np.asarray,
    *,
    mask: Any = 1,
    groups: int = 1,
    pointwise: bool = False,
) -> Tensor:
    """``x`` convolved with the quantised ``variable`` of ``layer``, in one dimension or two.

    ``arrange`` makes the variable, times ``mask``, (kh, kw, channels / groups, filters). ``pointwise`` leaves
    the layer's strides, dilation and padding to another convolution.
    """
    require_channels_last(layer)
    strides, dilation, image = (1, 1), (1, 1), as_image(x)
    if not pointwise:
        size = pair(layer.kernel_size)
        strides, dilation = pair(layer.strides), pair(layer.dilation_rate)
        if layer.padding == "same":
            image = pad_same(image, size, strides, dilation)
        elif layer.padding == "causal":
            image = pad(image, (0, 0), (dilation[1] * (size[1] - 1), 0))

    def make(w: Const) -> Op:
        return like(x, Conv(image, w, strides, dilation, groups))

    return linear(layer, variable, make, arrange, mask)


def convolve_depthwise(layer: Any, x: Op, variable: str = "depthwise_kernel") -> Tensor:
    """Each channel of ``x`` convolved with its part of the variable (..., channels, multiplier)."""
    channels = x.shape[-1]
    size = pair(layer.kernel_size)
    return convolve(layer, x, variable, arrange=lambda k: k.reshape(*size, 1, -1), groups=channels)


def whole(layer: Any, x: Op, reduction: Literal["max", "sum"]) -> Op:
    """The maximum or sum over all of ``x`` but its channels."""
    image = as_image(x)
    result = Pool(image, (image.shape[0], image.shape[1]), (1, 1), reduction)
    axes = (1,) * (len(x.shape) - 1) if layer.keepdims else ()
    return Reshape(result, (*axes, x.shape[-1]))


def window_sums(layer: Any, x: Op) -> Op:
    """What an average pooling ``layer`` averages times the area of a window.

    At a border of ``padding="same"`` Keras averages what lies inside, so the sum grows as a window's part
    outside does.

    Raises:
        LoweringError: windows whose part inside is no exact fraction of the area.
    """
    require_channels_last(layer)
    window, strides, image = pair(layer.pool_size), pair(layer.strides), as_image(x)
    if layer.padding != "same":
        return like(x, Pool(image, window, strides, "sum"))
    sums = Pool(pad_same(image, window, strides), window, strides, "sum")
    lines = zip(image.shape, window, strides, strict=False)
    inside = np.multiply.outer(*(np.array(_inside(*line)) for line in lines))
    if (inside == math.prod(window)).all():
        return like(x, sums)
    growth = [[exact_ratio(layer, math.prod(window), int(n)) for n in row] for row in inside]
    return like(x, Mul(sums, Const.of(np.array(growth)[..., None], "growth")))


def _inside(length: int, size: int, stride: int) -> list[int]:
    """Of each window of ``padding="same"``, how many elements lie inside a line."""
    starts = range(-same_padding(length, size, stride)[0], length, stride)
    return [min(start + size, length) - max(start, 0) for start in starts[: -(-length // stride)]]


def exact_ratio(layer: Any, area: int, count: int) -> float:
    """``area / count`` where that is an integer over a power of two."""
    odd = count // math.gcd(area, count)
    if odd & (odd - 1):
        raise refusal(
            layer,
            "windows at the border of which a power of two of the area is inside",
            f"one with {count} elements of {area} inside; use padding='valid', or pad with zeros before",
        )
    return area / count


def times(layer: Any, x: Op, factor: float) -> Op:
    """``x * factor``.

    Raises:
        LoweringError: a factor that is no power of two, unless it was quantised.
    """
    mantissa, exponent = math.frexp(factor)
    if mantissa != 0.5:
        raise refusal(
            layer,
            "an average over a power of two of elements, so that it is exact",
            f"one over {round(1 / factor)}; use QAveragePooling2D or QGlobalAveragePooling2D with an "
            f"average_quantizer",
        )
    return Shift(x, exponent - 1)
