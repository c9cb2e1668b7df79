"""Exact integer tensors: ``Codes``, an ndarray in the cheapest dtype that cannot lose a bit.

Floats represent integers exactly up to 2**24 (float32) or 2**53 (float64). They have BLAS and SIMD, unlike int64,
which makes matrix products 40 times faster. So a ``Codes`` has a bound on the magnitude of its elements. Every
operation derives the bound of its result and of its partial sums, and chooses the dtype by this bound. Beyond 63 bits,
the elements are Python ints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from qhls.ir.types import Fixed, Rounding

Array = npt.NDArray[Any]

_CARRIERS: tuple[tuple[int, npt.DTypeLike], ...] = (
    (1 << 24, np.float32),
    (1 << 53, np.float64),
    ((1 << 63) - 1, np.int64),
)
_NEGLIGIBLE = 100
"""Right shift in bits that leaves only the sign of a float below 2**53, so that a larger shift is the same."""
_BLAS_ALONE = 1 << 18
"""Largest number of multiplications in a matrix product that OpenBLAS computes in the calling thread."""
_FEW_ROWS = 64
"""Smallest number of rows per call for which splitting a matrix product saves time."""
_TABLE = 1 << 19
"""Limit on the span of thresholds (last minus first) for which levels are looked up in a table, not searched for."""
_TABLES = 1 << 22
"""Limit on the table entries of all channels of one tensor together, because the tables stay in memory."""
_MANY = 1024
"""Smallest number of elements for which computing a table of levels (once) saves time."""


def choose_carrier(bound: int) -> np.dtype[Any]:
    """Return the cheapest dtype that holds every integer from ``-bound`` to ``bound``."""
    for limit, dtype in _CARRIERS:
        if bound <= limit:
            return np.dtype(dtype)
    return np.dtype(object)


def narrow_integers(numbers: Iterable[int], bound: int) -> Array:
    """Return ``numbers`` as an array: int64 if the sum of two integers up to ``bound`` fits, else Python ints."""
    integers = list(numbers)  # NumPy alone may choose uint64 or float64 for what exceeds int64
    return np.array(integers, np.int64 if bound < 1 << 62 else object)


def _find_magnitude(array: Array) -> int:
    """Return the largest absolute value in ``array`` as a Python int."""
    if array.size == 0:
        return 0
    return max(int(array.max()), -int(array.min()), 0)


class Codes:
    """Integer tensor with ``abs(array) <= bound`` in the dtype ``choose_carrier(bound)``; all operations are exact."""

    room = _TABLE
    """Limit on the span of thresholds (last minus first) for which levels are looked up in a table."""

    def __init__(self, array: npt.ArrayLike, bound: int | None = None) -> None:
        values = np.asarray(array)
        self.bound = _find_magnitude(values) if bound is None else bound
        dtype = choose_carrier(self.bound)
        if values.dtype != dtype:
            if dtype.kind == "O" and values.dtype.kind == "f":
                values = values.astype(np.int64)  # only integers are converted to Python ints
            values = values.astype(dtype)
        self.array: Array = values

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the array, including the batch axis if it has one."""
        return tuple(self.array.shape)

    def to_integers(self) -> Array:
        """Return the codes as int64, or as Python ints where 64 bits are not enough."""
        return self.array if self.array.dtype == object else self.array.astype(np.int64)

    def tighten(self) -> Self:
        """Return the same integers with ``bound`` set to their largest magnitude, which may allow a cheaper dtype."""
        return type(self)(self.array)

    def with_bound(self, bound: int) -> Self:
        """Return the same integers with another ``bound``, which the caller guarantees."""
        return self if bound == self.bound else type(self)(self.array, bound)

    def settle(self, name: str, bound: int) -> Self:
        """Return the result of the op ``name`` with its ``bound``; the name matters only to netlists and proofs."""
        return self.with_bound(bound)

    @cached_property
    def column_sum(self) -> int:
        """Return the largest sum of absolute values in a column.

        The bound of ``x`` times this sum is a bound of ``x @ self``.
        """
        return _find_magnitude(abs(self).sum(-2).array)

    @cached_property
    def rows(self) -> list[Codes]:
        """Return the slices along the first axis, the same objects on each call."""
        rows = [Codes(row, self.bound) for row in self.array]
        for row in rows:
            row.room = min(_TABLE, _TABLES // len(rows))
        return rows

    @cached_property
    def step_counts(self) -> tuple[int, Array] | None:
        """Return a table of how many of these sorted thresholds each integer reaches, or None if no table can be used.

        The table is the integer below the first threshold, and the counts from that integer to the last threshold.
        """
        if self.array.dtype == object or self.array.size == 0:
            return None
        reached = self.to_integers()
        before = int(reached[0]) - 1
        if int(reached[-1]) - before >= self.room:
            return None
        places = reached - reached[0]
        lengths = np.diff(places, prepend=-1, append=places[-1] + 1)
        counts = np.arange(len(lengths), dtype=np.min_scalar_type(len(reached)))
        return before, np.repeat(counts, lengths)

    # Arithmetic: the bound of the result decides the dtype to which both operands are converted.

    def _cast(self, bound: int) -> Array:
        return Codes(self.array, bound).array

    def _combine(self, other: Codes, bound: int, f: Callable[[Array, Array], Array]) -> Codes:
        widest = max(bound, self.bound, other.bound)
        return Codes(f(self._cast(widest), other._cast(widest)), bound)

    def __add__(self, other: Codes) -> Codes:
        return self._combine(other, self.bound + other.bound, np.add)

    def __sub__(self, other: Codes) -> Codes:
        return self._combine(other, self.bound + other.bound, np.subtract)

    def __mul__(self, other: Codes) -> Codes:
        return self._combine(other, self.bound * other.bound, np.multiply)

    def __matmul__(self, other: Codes) -> Codes:
        return self._combine(other, self.bound * other.column_sum, _multiply)

    def __neg__(self) -> Codes:
        return Codes(-self.array, self.bound)

    def __abs__(self) -> Codes:
        return Codes(abs(self.array), self.bound)

    def __lshift__(self, bits: int) -> Codes:
        bound = self.bound << bits
        if not bound:
            return self  # 2.0**bits may be infinite, and 0 * inf is not 0
        wide = self._cast(bound)
        return Codes(
            wide * wide.dtype.type(2.0**bits) if _is_floating(wide) else wide * (1 << bits), bound
        )

    def round_shift(self, bits: int, rounding: Rounding) -> Codes:
        """Return the codes divided by ``2**bits`` and rounded; a negative ``bits`` multiplies, which is exact."""
        if bits <= 0:
            return self << -bits
        half = 1 << (bits - 1)
        if rounding is Rounding.HALF_UP:
            return (self + Codes(np.array(half))).round_shift(bits, Rounding.FLOOR)
        bound = (self.bound >> bits) + 1
        if _is_floating(self.array):
            scaled = np.asarray(self.array * self.array.dtype.type(2.0 ** -min(bits, _NEGLIGIBLE)))
            ufunc = np.floor if rounding is Rounding.FLOOR else np.rint
            return Codes(ufunc(scaled, out=scaled), bound)
        whole = self.array if bits < 63 else self.array.astype(object)  # int64 cannot hold 2**63
        quotient = np.asarray(whole >> bits, whole.dtype)
        if rounding is Rounding.HALF_EVEN:
            rest = whole - (quotient << bits)
            up = np.asarray((rest > half) | ((rest == half) & ((quotient & 1) == 1)))
            quotient = quotient + up.astype(quotient.dtype)
        return Codes(quotient, bound)

    def clip(self, lo: int, hi: int) -> Codes:
        """Return the codes saturated to ``[lo, hi]``."""
        if self.bound <= min(-lo, hi):
            return self
        wide = self._cast(max(abs(lo), abs(hi), self.bound))
        kind: Callable[[int], Any] = int if wide.dtype == object else wide.dtype.type
        return Codes(np.clip(wide, kind(lo), kind(hi)), max(abs(lo), abs(hi)))

    def wrap(self, to: Fixed) -> Codes:
        """Return the low ``to.width`` bits of each code, in two's complement if ``to`` is signed."""
        offset = Codes(np.array(-to.lo))
        shifted = self + offset
        size = 1 << to.width
        wide = Codes(shifted.array, max(shifted.bound, size)).array
        kind: Callable[[int], Any] = int if wide.dtype == object else wide.dtype.type
        return Codes(np.mod(wide, kind(size)), size) - offset

    def maximum(self, other: Codes) -> Codes:
        """Return the elementwise maximum."""
        return self._combine(other, max(self.bound, other.bound), np.maximum)

    def minimum(self, other: Codes) -> Codes:
        """Return the elementwise minimum."""
        return self._combine(other, max(self.bound, other.bound), np.minimum)

    def step(self, thresholds: Codes, values: Codes) -> Codes:
        """Return ``values[number of thresholds <= x]`` per code ``x``: a step function with ascending thresholds."""
        widest = max(self.bound, thresholds.bound + 1)
        x, table = self._cast(widest), thresholds.step_counts if self.array.size >= _MANY else None
        if table is None or x.dtype == object:
            levels = np.searchsorted(thresholds._cast(widest), x, side="right")
        else:
            before, counts = table
            levels = counts[(np.clip(x, before, before + len(counts) - 1) - before).astype(np.intp)]
        return Codes(values.array[levels], values.bound)

    def take_rows(self, table: Codes) -> Codes:
        """Return one row of ``table`` per code, with the codes as indices of rows."""
        return Codes(table.array[self.array.astype(np.intp)], table.bound)

    def argmax(self) -> Codes:
        """Return the index of the largest code along the last axis, the first if several are equal.

        The last axis keeps length 1.
        """
        return Codes(np.argmax(self.array, -1)[..., None], self.shape[-1] - 1)

    def sum(self, axis: int) -> Codes:
        """Return the sum along ``axis``."""
        bound = self.bound * self.shape[axis]
        return Codes(self._cast(bound).sum(axis), bound)

    # Movement of elements, which changes no code.

    def map(self, f: Callable[[Array], Array]) -> Codes:
        """Return the result of ``f`` on the array; ``f`` may only move, repeat, select or drop elements."""
        return Codes(f(self.array), self.bound)

    def make_constant(self, codes: Codes) -> Codes:
        """Return the given ``codes`` as a constant of this tensor's class; the codes of this tensor do not matter."""
        return codes

    @staticmethod
    def join(parts: Sequence[Codes], f: Callable[[list[Array]], Array]) -> Codes:
        """Combine several tensors into one by ``f``, which may only move elements."""
        bound = max(part.bound for part in parts)
        return Codes(f([part._cast(bound) for part in parts]), bound)


def _multiply(x: Array, w: Array) -> Array:
    """Return ``x @ w``, computed in slices of rows that are small enough for BLAS to use one thread.

    On small products, the threads of BLAS cost more than they save, because they wait by spinning.
    """
    step = _BLAS_ALONE // max(w.size, 1)
    if step < _FEW_ROWS or x.size == 0 or x.ndim < 2 or w.ndim != 2:
        return np.matmul(x, w)
    rows = x.reshape(-1, x.shape[-1])
    result = np.empty((len(rows), w.shape[1]), x.dtype)
    for start in range(0, len(rows), step):
        np.matmul(rows[start : start + step], w, out=result[start : start + step])
    return result.reshape(*x.shape[:-1], w.shape[1])


def _is_floating(array: Array) -> bool:
    return array.dtype.kind == "f"


def find_dyadic(values: npt.ArrayLike) -> tuple[Array, int]:
    """Return codes and the smallest ``frac`` with ``values == codes * 2**-frac`` exactly.

    ``values``: finite floats. Codes are int64, or Python ints where 63 bits are not enough.
    """
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        raise ValueError("find_dyadic: values must be finite, got NaN or infinity")
    nonzero = array[array != 0]
    if nonzero.size == 0:
        return np.zeros(array.shape, np.int64), 0
    mantissa, exponent = np.frexp(nonzero)
    significand = np.ldexp(mantissa, 53).astype(np.int64)
    lowest_bit = np.frexp((significand & -significand).astype(np.float64))[1] - 1
    frac = int((53 - exponent - lowest_bit).max())
    if frac + int(exponent.max()) < 63:
        return np.ldexp(array, frac).astype(np.int64), frac
    exact = [int(Fraction(value) * Fraction(2) ** frac) for value in array.ravel().tolist()]
    return np.array(exact, object).reshape(array.shape), frac
