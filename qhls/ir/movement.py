"""Ops that move elements and compute nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from qhls.ir.integers import Array, Codes
from qhls.ir.interval import Operand, join
from qhls.ir.op import Op


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """The elements of ``x``, in row-major order, in another shape."""

    x: Op
    dims: tuple[int, ...]

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        self.require(
            int(np.prod(self.dims)) == self.x.size,
            f"a shape of {self.x.size} elements",
            str(self.dims),
        )

    def evaluate(self, x: Operand) -> Operand:
        return x.map(lambda array: array.reshape(len(array), *self.dims))


@dataclass(frozen=True, eq=False)
class View(Op):
    """Strided view of ``x``: element ``index`` is the element ``offset + index . strides`` of the row-major ``x``.

    Cropping, steps, transposition, reversal and repetition are views, as in NumPy.
    """

    x: Op
    dims: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def frac(self) -> int:
        return self.x.type.frac

    @property
    def places(self) -> Array:
        """Return the flat index in ``x`` of every element of the result, as an array of shape ``dims``."""
        places = np.full((1,) * len(self.dims), self.offset)
        for axis, (size, stride) in enumerate(zip(self.dims, self.strides, strict=True)):
            places = places + stride * np.arange(size).reshape(
                -1, *(1,) * (len(self.dims) - axis - 1)
            )
        return places

    def check(self) -> None:
        sound = len(self.dims) == len(self.strides) and all(size >= 1 for size in self.dims)
        self.require(sound, "a stride for each positive size", f"{self.strides} for {self.dims}")
        self.require_size(self.dims)
        places = self.places
        inside = int(places.min()) >= 0 and int(places.max()) < self.x.size
        self.require(
            inside, f"places from 0 to {self.x.size - 1}", f"{places.min()} to {places.max()}"
        )

    def evaluate(self, x: Operand) -> Operand:
        return x.map(self._view)

    def _view(self, array: Array) -> Array:
        """Return the view of ``array`` with this op's strides, without copying."""
        rows = array.reshape(len(array), math.prod(array.shape[1:]))
        sample, element = rows.strides
        steps = (sample, *(stride * element for stride in self.strides))
        shape = (len(rows), *self.dims)
        return as_strided(rows[:, self.offset :], shape, steps, writeable=False)


@dataclass(frozen=True, eq=False)
class Pad(Op):
    """``x`` with ``widths[i] = (before, after)`` elements of code ``value`` added along axis i."""

    x: Op
    widths: tuple[tuple[int, int], ...]
    value: int = 0

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        rank = len(self.x.shape)
        sound = len(self.widths) == rank and all(w >= 0 for pair in self.widths for w in pair)
        self.require(sound, f"{rank} pairs of widths of at least 0", str(self.widths))
        self.require_size(n + sum(w) for n, w in zip(self.x.shape, self.widths, strict=True))

    def evaluate(self, x: Operand) -> Operand:
        filling = Codes(np.full((), self.value, object))

        def pad(arrays: list[Array]) -> Array:
            array, value = arrays  # np.pad would put an int64 among Python's integers
            widths = ((0, 0), *self.widths)
            sizes = [a + n + b for n, (a, b) in zip(array.shape, widths, strict=True)]
            padded = np.full(sizes, value.item(), array.dtype)
            starts = zip(array.shape, widths, strict=True)
            padded[tuple(slice(a, a + n) for n, (a, _) in starts)] = array
            return padded

        return join([x, x.make_constant(filling)], pad)


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """Concatenation of ``xs`` along ``axis`` (not counting the batch axis), aligned to the finest ``frac``."""

    xs: tuple[Op, ...]
    axis: int = -1

    @property
    def frac(self) -> int:
        return max(x.type.frac for x in self.xs)

    def check(self) -> None:
        shapes = [list(x.shape) for x in self.xs]
        rank = len(shapes[0]) if shapes else 0
        sound = bool(shapes) and -rank <= self.axis < rank and all(len(s) == rank for s in shapes)
        rest = [s[: self.axis % rank] + s[self.axis % rank + 1 :] for s in shapes] if sound else []
        self.require(
            sound and all(r == rest[0] for r in rest), "shapes equal but for the axis", str(shapes)
        )
        for x in self.xs:
            self.require(x.batched, "operands that depend on an input", f"the {x.kind} {x.name!r}")

    def evaluate(self, *xs: Any) -> Any:
        axis = self.axis + 1 if self.axis >= 0 else self.axis
        shifts = [self.frac - op.type.frac for op in self.xs]
        aligned = [x << shift for x, shift in zip(xs, shifts, strict=True)]
        return join(aligned, lambda arrays: np.concatenate(arrays, axis))
