"""QKeras' helper functions for fitted scales, implemented with those of ``qhls.quantizers``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qhls.quantizers.numerics import as_float
from qhls.quantizers.scale import find_reduced_axes, fit_least_squares, round_scale

_Axes = int | list[int]


def get_scaling_axis(scale_axis: Any, len_axis: int) -> list[int]:
    """Return the axes of a tensor of rank ``len_axis`` along which all elements share a scale."""
    return find_reduced_axes(len_axis, scale_axis)


def get_scale(  # noqa: PLR0917 - QKeras' order
    alpha: Any,
    x: Any,
    q: Any,
    scale_axis: Any = None,
    per_channel_scale: bool = True,
    elements_per_scale: Any = None,
    min_po2_exponent: int | None = None,
    max_po2_exponent: int | None = None,
) -> Any:
    """Return the scale that "auto" or "auto_po2" fits to codes ``q`` of ``x``, else ``alpha`` itself, or 1.0 for None.

    Unless ``per_channel_scale``, the whole tensor has one scale.
    """
    if not isinstance(alpha, str):
        return 1.0 if alpha is None else alpha
    x, q = as_float(x), as_float(q)
    axis = scale_axis if per_channel_scale else []
    scale = fit_least_squares(x, q, axis, elements_per_scale)
    if alpha == "auto":
        return scale
    return round_scale(scale, min_po2_exponent, max_po2_exponent)


def get_unrolled_shape(
    input_shape: Sequence[int], unroll_factor: _Axes, unroll_axis: _Axes
) -> tuple[list[int], _Axes]:
    """Return a shape with each unrolled axis split into groups of ``unroll_factor`` elements, and the groups' axes."""
    if isinstance(unroll_axis, int) != isinstance(unroll_factor, int):
        raise ValueError(
            f"_get_unrolled_shape: expected two numbers or two lists, got {unroll_factor!r} and "
            f"{unroll_axis!r}. Match them."
        )
    axes = [unroll_axis] if isinstance(unroll_axis, int) else unroll_axis
    factors = [unroll_factor] if isinstance(unroll_factor, int) else unroll_factor
    shape = list(input_shape)
    groups = []
    for before, (axis, factor) in enumerate(zip(axes, factors, strict=True)):
        at = axis + before
        shape[at : at + 1] = [shape[at] // factor, factor]
        groups.append(at)
    return shape, groups[0] if isinstance(unroll_axis, int) else groups


def get_rolled_back_shape(input_shape: Sequence[int], roll_axis: _Axes) -> list[int]:
    """Return the original shape of ``input_shape``, whose axes ``_get_unrolled_shape`` has split into groups."""
    shape = list(input_shape)
    for before, axis in enumerate([roll_axis] if isinstance(roll_axis, int) else roll_axis):
        at = axis - before
        shape[at : at + 2] = [shape[at] * shape[at + 1]]
    return shape
