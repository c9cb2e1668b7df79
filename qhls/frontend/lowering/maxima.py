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
    """Return the maxima that ``make`` takes within channels of ``x``.

    Maxima of real numbers are taken before their function, if it rises in every channel. Else they are taken of the
    results of a quantizer that rises. Before a function that never turns, codes first get the sign by which it rises.
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
    """Return whether ``x`` before its moves is a function that never turns of each channel."""
    return x.monotone and (x.shared or x.dims is None)


def _find_signs(x: Reals) -> Array:
    """Return for each channel -1 if its function falls, else 1."""
    ends = make_float_function(x.function, x.x, x.channels)(np.array([x.x.range.hull] * x.channels))
    return np.where(ends[:, 0] <= ends[:, 1], 1, -1)


def _turn_maximum(x: Reals) -> Reals | None:
    """Return ``x``, of which maxima were taken, as a function of maxima of codes times signs; None where it is none."""
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
    """Return the channel of each maximum that ``make`` takes in ``shape``; None if it takes some across channels."""
    # The largest channel of a window is its smallest one.
    largest = find_places(make, shape, np.arange(shape[-1]))
    smallest = shape[-1] - 1 - find_places(make, shape, np.arange(shape[-1])[::-1])
    return largest if (largest == smallest).all() else None
