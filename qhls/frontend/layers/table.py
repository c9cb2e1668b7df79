"""``QTable``, a layer that looks up each element in a table, and its lowering rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.steps import tabulate_steps
from qhls.ir import Codes, Const, Op, Reshape, Threshold
from qhls.ir.integers import Array, find_dyadic
from qhls.quantizers.keras_types import KerasShape, KerasTensor, ops


@keras.saving.register_keras_serializable(package="qhls")
class QTable(keras.layers.Layer):
    """Layer that replaces each element x, a number on a grid, by its table entry ``values[(x - first) / step]``.

    Its weights are ``first`` and ``step``, of ``shape``, which broadcasts to a sample, and ``values`` of shape
    ``(*shape, entries)``. Elements must be on the grid; those beyond its ends have the value at the end.

    Args:
        shape: shape of the elements that have a function each, such as ``(channels,)``.
        entries: numbers of the longest table; shorter ones repeat their last value.
    """

    def __init__(self, shape: Sequence[int] = (), entries: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape, self.entries = tuple(int(size) for size in shape), int(entries)
        self.supports_masking = True

    def build(self, input_shape: KerasShape) -> None:
        """Create the weights: ``first`` of 0, ``step`` of 1 and ``values`` of 0."""
        for name, shape, start in (
            ("first", self.shape, "zeros"),
            ("step", self.shape, "ones"),
            ("values", (*self.shape, self.entries), "zeros"),
        ):
            weight = self.add_weight(
                name=name, shape=shape, initializer=start, trainable=False, autocast=False
            )
            setattr(self, name, weight)

    def call(self, inputs: KerasTensor) -> KerasTensor:
        """Return the table's value for each element of ``inputs``."""
        first, step = (ops.cast(each, inputs.dtype) for each in (self.first, self.step))
        place = ops.clip(ops.round((inputs - first) / step), 0, self.entries - 1)
        tables = np.arange(math.prod(self.shape)).reshape(self.shape) * self.entries
        flat = ops.reshape(ops.cast(self.values, inputs.dtype), (-1,))
        return ops.take(flat, ops.cast(place, "int32") + tables.astype("int32"))

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"shape": list(self.shape), "entries": self.entries}


@lower.register(QTable)
def _lower_table(layer: QTable, x: Op) -> Op:
    """Lower the table as a step function with thresholds where neighbouring values differ, per tensor, channel or
    element.
    """
    first, step, values = (
        np.asarray(ops.convert_to_numpy(w), np.float64)
        for w in (layer.first, layer.step, layer.values)
    )
    dims = (1,) * (len(x.shape) - first.ndim) + first.shape
    alike = _count_functions(dims, x.shape)
    shape = x.shape if alike == x.size else x.shape[-1:] if alike > 1 else ()
    rows = int(np.prod(shape, dtype=int))
    trimmed = dims[len(dims) - len(shape) :]
    first, step = (np.broadcast_to(each.reshape(trimmed), shape).ravel() for each in (first, step))
    spread = np.broadcast_to(values.reshape(*trimmed, layer.entries), (*shape, layer.entries))
    points, levels = _list_steps(x, first, step, spread.reshape(rows, layer.entries))
    thresholds, results = tabulate_steps(layer, points, levels, x.range.hull[1])
    codes, frac = find_dyadic(results)
    flat = Reshape(x, (x.size,)) if rows == x.size and len(x.shape) > 1 and rows > 1 else x
    stepped = Threshold(
        flat,
        Const(Codes(thresholds), x.type.frac, name="thresholds"),
        Const(Codes(codes), frac, name="values"),
    )
    return stepped if flat is x else Reshape(stepped, x.shape)


def _count_functions(dims: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """Return how many functions a table of the shape ``dims`` needs for a sample of ``shape``: 1, one per channel, or
    one per element.
    """
    if all(size == 1 for size in dims):
        return 1
    return shape[-1] if all(size == 1 for size in dims[:-1]) else math.prod(shape)


def _list_steps(x: Op, first: Array, step: Array, values: Array) -> tuple[list[Array], list[Array]]:
    """Return, for each function, the lowest code of ``x`` and the codes where its value changes, and the values from
    these on.
    """
    lo, hi = x.range.hull
    points: list[Array] = []
    levels: list[Array] = []
    for start, width, row in zip(first, step, values, strict=True):
        change = np.concatenate([[0], np.flatnonzero(row[1:] != row[:-1]) + 1])
        places = np.ceil(np.ldexp(start + width * change, x.type.frac))
        codes = np.array([lo, *places[1:].astype(np.int64)], np.int64)
        inside = (codes > lo) & (codes <= hi)
        inside &= np.append(codes[1:] != codes[:-1], True)  # a grid coarser than the table's
        before = int((codes[1:] <= lo).sum())
        points.append(np.concatenate([[lo], codes[inside]]))
        levels.append(np.concatenate([[row[change[before]]], row[change[inside]]]))
    return points, levels
