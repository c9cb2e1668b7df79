"""Scales of quantizers: the factors that ``alpha`` selects, their axes, and their fit to a tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from qhls.errors import QuantizerError
from qhls.quantizers.exponents import round_to_po2
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import EPSILON, KerasTensor, make_constant

Axes = int | Sequence[int] | None
Alpha = float | str | Sequence[Any] | np.ndarray | None
"""The scale of a quantizer: a number, an array, "auto" or "auto_po2"; None is 1."""

AUTO_PO2_ITERATIONS = 5
"""Largest number of rounds of least squares in which "auto_po2" fits a scale."""


def is_auto(alpha: Alpha) -> TypeGuard[str]:
    """Return whether ``alpha`` is "auto" or "auto_po2", with which every call fits the scale to its input."""
    return isinstance(alpha, str)


def read_scale(alpha: Alpha, x: KerasTensor) -> KerasTensor | float:
    """Return the scale that an ``alpha`` of None, a number or an array selects, as a float or a tensor like ``x``."""
    if alpha is None:
        return 1.0
    if isinstance(alpha, (int, float)):
        return float(alpha)
    return make_constant(np.asarray(alpha), x)


def find_po2_exponent(alpha: Alpha) -> int | None:
    """Return ``k`` with ``alpha == 2**k``, where an ``alpha`` of None is 1; None if ``alpha`` is not of this form."""
    if alpha is None:
        return 0
    if not isinstance(alpha, (int, float)):
        return None
    mantissa, exponent = math.frexp(alpha)
    return exponent - 1 if mantissa == 0.5 else None


def find_reduced_axes(rank: int, scale_axis: Axes) -> list[int]:
    """Return the axes along which elements share a scale: all but ``scale_axis``, whose default is the last axis."""
    if scale_axis is None:
        scaled_axes = [max(rank - 1, 0)]
    else:
        scaled_axes = [scale_axis] if isinstance(scale_axis, int) else list(scale_axis)
    for axis in scaled_axes:
        if axis >= max(rank, 1):
            raise QuantizerError(
                f"scale_axis: expected axes of a tensor of rank {rank}, got {axis}. "
                f"Use axes from 0 to {rank - 1}."
            )
    return [axis for axis in range(rank) if axis not in scaled_axes]


def find_greatest(x: KerasTensor, scale_axis: Axes) -> KerasTensor:
    """Return the largest ``|x|`` of elements that share a scale; of all elements of a vector without ``scale_axis``."""
    rank = len(x.shape)
    axes = find_reduced_axes(rank, scale_axis)
    if rank == 1 and scale_axis is None:
        axes = [0]
    return ops.max(ops.abs(x), axis=axes, keepdims=True) if axes else ops.abs(x)


def fit_least_squares(
    x: KerasTensor, codes: KerasTensor, scale_axis: Axes, elements_per_scale: Axes = None
) -> KerasTensor:
    """Return the scale ``s`` with the smallest ``|x - s * codes|²``: ``mean(x codes) / (mean(codes²) + 1e-7)``.

    The means run over the axes that share a scale. Groups of ``elements_per_scale`` neighbours along
    ``scale_axis`` share one scale, which is repeated to the length of the axis.
    """
    xq, qq = x * codes, codes * codes
    if elements_per_scale is None:
        axes = find_reduced_axes(len(x.shape), scale_axis)
        xq, qq = _average(xq, axes), _average(qq, axes)
        return xq / (qq + EPSILON)
    groups = _count_groups(tuple(x.shape), scale_axis, elements_per_scale)
    scale = _group_mean(xq, groups, scale_axis) / (_group_mean(qq, groups, scale_axis) + EPSILON)
    for axis, size in groups.items():
        scale = ops.repeat(scale, size, axis=axis)
    return scale


def fit_scale(q: Any, x: KerasTensor, codes: KerasTensor) -> KerasTensor:
    """Return the scale with which ``codes`` approximate ``x`` best, for "auto_po2" rounded to a power of two."""
    scale = fit_least_squares(x, codes, q.scale_axis, q.elements_per_scale)
    if q.alpha == "auto":
        return scale
    return round_scale(scale, q.min_po2_exponent, q.max_po2_exponent)


def round_scale(scale: KerasTensor, low: int | None = None, high: int | None = None) -> KerasTensor:
    """Return the nearest power of two, limited to at least ``2**low`` and at most ``2**high``; None is no limit."""
    scale = round_to_po2(scale)
    if low is not None:
        scale = ops.maximum(scale, 2.0**low)
    if high is not None:
        scale = ops.minimum(scale, 2.0**high)
    return scale


def _average(x: KerasTensor, axes: Sequence[int]) -> KerasTensor:
    return ops.mean(x, axis=list(axes), keepdims=True) if axes else x


def _count_groups(
    shape: tuple[Any, ...], scale_axis: Axes, elements_per_scale: int | Sequence[int]
) -> dict[int, int]:
    """Return the number of neighbours that share a scale, for each axis of ``scale_axis``."""
    axes = len(shape) - 1 if scale_axis is None else scale_axis
    axes = [axes] if isinstance(axes, int) else list(axes)
    sizes = elements_per_scale
    sizes = [sizes] * len(axes) if isinstance(sizes, int) else list(sizes)
    if len(sizes) != len(axes):
        raise QuantizerError(
            f"elements_per_scale: expected one number or one per scale_axis {axes}, got {sizes}. Match the axes."
        )
    for axis, size in zip(axes, sizes, strict=True):
        if axis >= len(shape) or shape[axis] is None or shape[axis] % size:
            raise QuantizerError(
                f"elements_per_scale: expected a divisor of axis {axis} of a tensor of shape {shape}, got {size}. "
                f"Choose another number."
            )
    return dict(zip(axes, sizes, strict=True))


def _group_mean(x: KerasTensor, groups: dict[int, int], scale_axis: Axes) -> KerasTensor:
    """Return the mean over the axes that share a scale, with one entry per group of neighbours on grouped axes."""
    reduced = find_reduced_axes(len(x.shape), scale_axis)
    split: list[int] = []
    over: list[int] = []
    result: list[int] = []
    for axis, length in enumerate(x.shape):
        if axis in groups:
            split += [length // groups[axis], groups[axis]]
            over.append(len(split) - 1)
            result.append(length // groups[axis])
        else:
            split.append(length)
            result.append(length)
            if axis in reduced:
                over.append(len(split) - 1)
                result[-1] = 1
    return ops.reshape(ops.mean(ops.reshape(x, split), axis=over), result)
