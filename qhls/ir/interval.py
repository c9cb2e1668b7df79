"""Elementwise intervals of integers, on which an op's ``evaluate`` computes the range of its result.

``Interval`` has the same algebra as ``Codes``. Because an op may use nothing but this algebra, one
``evaluate`` gives both the interpreter's result and the range, hence the type, of every tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.lib.stride_tricks import as_strided

from qhls.ir.integers import Array, Codes
from qhls.ir.types import Fixed, Rounding


class Interval:
    """Range of an integer tensor: each element is from ``lo`` to ``hi``; a constant has ``lo is hi``."""

    def __init__(self, lo: Codes, hi: Codes | None = None) -> None:
        self.lo = lo
        self.hi = lo if hi is None else hi

    @classmethod
    def fill(cls, shape: tuple[int, ...], lo: int, hi: int) -> Interval:
        """Return a tensor of ``shape`` in which the range of every element is ``[lo, hi]``."""
        return cls(Codes(np.full(shape, lo, object)), Codes(np.full(shape, hi, object)))

    @property
    def constant(self) -> bool:
        """Return whether the tensor is a constant, so that its values are known."""
        return self.lo is self.hi

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the tensor, including the batch axis if it has one."""
        return self.lo.shape

    @property
    def hull(self) -> tuple[int, int]:
        """Return the lowest and highest integer over all elements."""
        lo, hi = self.lo.array, self.hi.array
        return (int(lo.min()), int(hi.max())) if lo.size else (0, 0)

    def with_zero(self) -> Interval:
        """Return the interval widened to include 0, because partial sums lack terms; a constant stays unchanged."""
        zero = Codes(np.zeros((), np.int64))
        return self if self.constant else Interval(self.lo.minimum(zero), self.hi.maximum(zero))

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.lo - other.hi, self.hi - other.lo)

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __mul__(self, other: Interval) -> Interval:
        corners = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        lo, hi = corners[0], corners[0]
        for corner in corners[1:]:
            lo, hi = lo.minimum(corner), hi.maximum(corner)
        return Interval(lo, hi)

    def square(self) -> Interval:
        """Return the range of the square of each element, which is never negative."""
        zero = Codes(np.zeros((), np.int64))
        least = self.lo.maximum(-self.hi).maximum(zero)
        most = self.hi.maximum(-self.lo)
        return Interval(least * least, most * most)

    def __matmul__(self, other: Interval) -> Interval:
        if not other.constant:
            raise TypeError("Interval: the right operand of @ must be a constant")
        zero = Codes(np.zeros((), np.int64))
        positive, negative = other.lo.maximum(zero), other.lo.minimum(zero)
        lo = self.lo @ positive + self.hi @ negative
        hi = self.hi @ positive + self.lo @ negative
        return Interval(lo.tighten(), hi.tighten())

    def __lshift__(self, bits: int) -> Interval:
        return self._map_ends(lambda codes: codes << bits)

    def round_shift(self, bits: int, rounding: Rounding) -> Interval:
        """Divide both ends by ``2**bits`` and round them, which gives the range because rounding is monotone."""
        return self._map_ends(lambda codes: codes.round_shift(bits, rounding))

    def clip(self, lo: int, hi: int) -> Interval:
        """Saturate both ends to ``[lo, hi]``."""
        return self._map_ends(lambda codes: codes.clip(lo, hi))

    def wrap(self, to: Fixed) -> Interval:
        """Return the range after wrapping to the type ``to``: the same if it fits, else all codes of the type."""
        # As Python ints: ``to`` may be of any width.
        lo, hi = (end.to_integers().astype(object) for end in (self.lo, self.hi))
        fits = (lo >= to.lo) & (hi <= to.hi)
        return Interval(Codes(np.where(fits, lo, to.lo)), Codes(np.where(fits, hi, to.hi)))

    def maximum(self, other: Interval) -> Interval:
        """Return the range of the elementwise maximum."""
        return Interval(self.lo.maximum(other.lo), self.hi.maximum(other.hi))

    def minimum(self, other: Interval) -> Interval:
        """Return the range of the elementwise minimum."""
        return Interval(self.lo.minimum(other.lo), self.hi.minimum(other.hi))

    def step(self, thresholds: Interval, values: Interval) -> Interval:
        """Return the range of a step function: the extremes of all values between the levels of ``lo`` and ``hi``."""
        if not (thresholds.constant and values.constant):
            raise TypeError("Interval: thresholds and values of a step function must be constants")
        steps, codes = thresholds.lo, values.lo.array
        levels = Codes(np.arange(len(codes)))
        low, high = (end.step(steps, levels).to_integers() for end in (self.lo, self.hi))
        lo, hi = np.empty(low.shape, object), np.empty(low.shape, object)
        for first, last in set(zip(low.ravel().tolist(), high.ravel().tolist(), strict=True)):
            here, reached = (low == first) & (high == last), codes[first : last + 1]
            lo[here], hi[here] = int(reached.min()), int(reached.max())
        return Interval(Codes(lo), None if self.constant else Codes(hi))

    def take_rows(self, table: Interval) -> Interval:
        """Return the range of a lookup in ``table``: the extremes of all rows between the indices ``lo`` and ``hi``."""
        if not table.constant:
            raise TypeError("Interval: a table must be a constant")
        rows = table.lo.to_integers()
        low, high = (end.array.astype(np.intp) for end in (self.lo, self.hi))
        lo, hi = (np.empty((*low.shape, *rows.shape[1:]), object) for _ in range(2))
        for first, last in set(zip(low.ravel().tolist(), high.ravel().tolist(), strict=True)):
            here, reached = (low == first) & (high == last), rows[first : last + 1]
            lo[here], hi[here] = reached.min(0), reached.max(0)
        return Interval(Codes(lo), None if self.constant else Codes(hi))

    def argmax(self) -> Interval:
        """Return the range of the index of the largest element along the last axis, which keeps length 1.

        An index is possible if its highest value reaches the lowest value of every other index.
        """
        if self.constant:
            return Interval(self.lo.argmax())
        lo, hi = self.lo.to_integers().astype(object), self.hi.to_integers().astype(object)
        possible = hi >= lo.max(-1, keepdims=True)
        first = possible.argmax(-1)[..., None]
        last = possible.shape[-1] - 1 - possible[..., ::-1].argmax(-1)[..., None]
        return Interval(Codes(first), Codes(last))

    def sum(self, axis: int) -> Interval:
        """Return the range of the sum along ``axis``."""
        return self._map_ends(lambda codes: codes.sum(axis))

    def map(self, f: Callable[[Array], Array]) -> Interval:
        """Return the interval with ``f`` applied to both ends; ``f`` may only move, repeat, select or drop elements."""
        return self._map_ends(lambda codes: codes.map(f))

    @property
    def rows(self) -> list[Interval]:
        """Return the slices of a constant along its first axis."""
        if not self.constant:
            raise TypeError("Interval: rows are those of constants")
        return [Interval(row) for row in self.lo.rows]

    def make_constant(self, codes: Codes) -> Interval:
        """Return ``codes`` as a constant interval; the bounds of this interval do not matter."""
        return Interval(codes)

    @staticmethod
    def join(parts: Sequence[Interval], f: Callable[[list[Array]], Array]) -> Interval:
        """Combine several intervals into one by ``f``, which may only move elements."""
        lo = Codes.join([part.lo for part in parts], f)
        if all(part.constant for part in parts):
            return Interval(lo)
        return Interval(lo, Codes.join([part.hi for part in parts], f))

    def _map_ends(self, f: Callable[[Codes], Codes]) -> Interval:
        lo = f(self.lo)
        return Interval(lo, lo if self.constant else f(self.hi))


Operand = TypeVar("Operand", Codes, Interval)
"""Type variable of the operands of ``evaluate``: integers (``Codes``) or intervals of integers."""


def list_rows(value: Operand) -> list[Operand]:
    """Return the slices along the first axis of a constant: integers, an interval, or a value of another world."""
    return cast(Any, value).rows


def join(parts: Sequence[Operand], f: Callable[[list[Array]], Array]) -> Operand:
    """Combine several tensors of the same world into one by ``f``, which may only move elements."""
    return cast(Any, type(parts[0])).join(parts, f)


def extract_patches(
    x: Operand, size: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int]
) -> Operand:
    """Return all sliding windows as one view ``(batch, out_rows, out_columns, *size, channels)``, without copying."""
    (kh, kw), (sh, sw), (dh, dw) = size, strides, dilation

    def look(array: Array) -> Array:
        batch, rows, columns, channels = array.shape
        sample, down, across, element = array.strides
        counts = (rows - (kh - 1) * dh - 1) // sh + 1, (columns - (kw - 1) * dw - 1) // sw + 1
        shape = (batch, *counts, kh, kw, channels)
        steps = (sample, sh * down, sw * across, dh * down, dw * across, element)
        return as_strided(array, shape, steps, writeable=False)

    return x.map(look)


def list_window_elements(
    x: Operand, size: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> list[Operand]:
    """Return, for each place in a sliding window, one tensor of the elements of all windows at that place.

    ``x`` is ``(batch, rows, columns, channels)`` and is not padded; the tensors are ``(batch, out_rows, out_columns,
    channels)``, for the places of the window in row-major order.
    """
    (kh, kw), (sh, sw), (dh, dw) = size, strides, dilation
    rows = (x.shape[1] - (kh - 1) * dh - 1) // sh + 1
    columns = (x.shape[2] - (kw - 1) * dw - 1) // sw + 1

    def tap(i: int, j: int) -> Operand:
        down = slice(i * dh, i * dh + (rows - 1) * sh + 1, sh)
        across = slice(j * dw, j * dw + (columns - 1) * sw + 1, sw)
        return x.map(lambda array: array[:, down, across])

    return [tap(i, j) for i in range(kh) for j in range(kw)]
