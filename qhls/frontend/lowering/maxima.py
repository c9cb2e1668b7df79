"""``take_maximum``: maxima within channels, of exact tensors and of real numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qhls.frontend.lowering.reals import (
    Reals,
    Tensor,
    find_boundary,
    find_places,
    make_exact,
    select_functions,
)
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.frontend.lowering.steps import make_float_function
from qhls.ir import Const, Mul, Op, Reshape
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops


def take_maximum(layer: KerasLayer, x: Tensor, make: Callable[[Op], Op]) -> Tensor:
    """Return the maxima of ``x`` that ``make`` computes within each channel, such as by a max pooling.

    Maxima of real numbers are computed before their function, if it rises in every channel, else after a rising
    quantizer. Before a monotone function, codes first get the sign with which it rises.
    """
    x = make_exact(x)
    if isinstance(x, Op):
        return make(x)
    if isinstance(x, Reals) and x.move is None and _is_by_channel(x) and (_find_signs(x) > 0).all():
        return replace(x, x=make(x.x))
    falling = explain_refusal(
        layer,
        "a function that never falls behind a maximum of real numbers",
        "one that may",
        "Put a QActivation before it.",
    )
    return x.move_by(make, find_boundary([x], falling, _turn_maximum))


def _is_by_channel(x: Reals) -> bool:
    """Return whether ``x``, before its elements are moved, applies one monotone function to each channel."""
    return x.monotone and (x.shared or x.dims is None)


def _find_signs(x: Reals) -> Array:
    """Return -1 for each channel whose function falls, and 1 for every other channel."""
    ends = make_float_function(x.function, x.x, x.channels)(np.array([x.x.range.hull] * x.channels))
    return np.where(ends[:, 0] <= ends[:, 1], 1, -1)


def _turn_maximum(x: Reals) -> Reals | None:
    """Return the maxima ``x`` of real numbers as a function of maxima of signed codes; None if that is impossible."""
    if x.move is None or not _is_by_channel(x):
        return None
    signs, function = _find_signs(x), x.function
    shape = x.dims or x.x.shape
    shaped = x.x if x.x.shape == shape else Reshape(x.x, shape)
    rising = shaped if (signs > 0).all() else Mul(shaped, Const.of(signs, "sign"))

    def of_rising(v: KerasTensor) -> KerasTensor:
        return function(v * ops.convert_to_tensor(signs, v.dtype))

    free = replace(x, x=x.move.make(rising), function=of_rising, dims=None, move=None)
    if x.shared:
        return free
    channels = _find_channels(x.move.make, shape)
    if channels is None:
        return None
    if channels.shape[-1] == shape[-1] and (channels == np.arange(shape[-1])).all():
        return free
    apart = select_functions(of_rising, channels.ravel(), shape[-1])
    flat = Reshape(free.x, (free.x.size,))
    return replace(free, x=flat, function=apart, dims=free.x.shape)


def _find_channels(make: Callable[[Op], Op], shape: tuple[int, ...]) -> Array | None:
    """Return the channel of each maximum that ``make`` computes in ``shape``; None if one spans several channels."""
    # The largest channel of a window is its smallest one.
    largest = find_places(make, shape, np.arange(shape[-1]))
    smallest = shape[-1] - 1 - find_places(make, shape, np.arange(shape[-1])[::-1])
    return largest if (largest == smallest).all() else None
