"""Inputs, constants, and the ops that are neither elementwise on two operands nor movements nor recurrences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from qhls.ir.integers import Codes, find_dyadic
from qhls.ir.interval import (
    Interval,
    Operand,
    extract_patches,
    join,
    list_rows,
    list_window_elements,
)
from qhls.ir.op import Op
from qhls.ir.types import Assignment, Fixed, Overflow, Rounding


@dataclass(frozen=True, eq=False)
class Input(Op):
    """Input tensor of shape ``dims`` and type ``dtype``, whose codes are among the ascending ``values`` if given."""

    dims: tuple[int, ...]
    dtype: Fixed
    values: range | tuple[int, ...] | None = None

    @property
    def frac(self) -> int:
        return self.dtype.frac

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "type", self.dtype)

    def check(self) -> None:
        self.require_representable(self.dtype)
        self.require_size(self.dims)
        if self.values is not None:
            values = self.values  # a range may be too long to check each element
            rise = isinstance(values, range) or all(a < b for a, b in pairwise(values))
            inside = bool(values) and self.dtype.lo <= values[0] <= values[-1] <= self.dtype.hi
            self.require(rise and inside, f"rising codes of {self.dtype}", str(values))

    def evaluate(self) -> Interval:
        lo, hi = (
            (self.values[0], self.values[-1]) if self.values else (self.dtype.lo, self.dtype.hi)
        )
        return Interval.fill((1, *self.dims), lo, hi)


@dataclass(frozen=True, eq=False)
class Const(Op):
    """Constant tensor of the numbers ``codes * 2**-frac``, in the narrowest type that represents all of them."""

    codes: Codes
    frac: int  # pyright: ignore[reportIncompatibleMethodOverride]

    batched = False

    @classmethod
    def of(cls, values: npt.ArrayLike, name: str = "const") -> Const:
        """Return a constant that equals the finite floats ``values`` exactly, with as few fraction bits as possible."""
        codes, frac = find_dyadic(values)
        return cls(Codes(codes), frac, name=name)

    def evaluate(self) -> Interval:
        return Interval(self.codes)


@dataclass(frozen=True, eq=False)
class Matmul(Op):
    """Matrix product ``x @ w`` over the last axis of ``x``, with constant weights ``w`` (inputs, outputs).

    It is exact: the fraction bits add up, and the range follows from the real weights, not from their widths.
    """

    x: Op
    w: Const

    @property
    def frac(self) -> int:
        return self.x.type.frac + self.w.type.frac

    def check(self) -> None:
        x, w = self.x.shape, self.w.shape
        self.require(
            len(w) == 2 and bool(x) and x[-1] == w[0], f"weights ({x[-1] if x else '?'}, n)", str(w)
        )

    def evaluate(self, x: Operand, w: Operand) -> Operand:
        return x @ w


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """2-D convolution of ``x`` (rows, columns, channels) with constant ``w`` (kh, kw, channels / groups, filters).

    No padding: ``Pad`` goes before it. Channels and filters are cut into ``groups``, each convolved by
    itself; as many groups as channels is a depthwise convolution. Exact, as ``Matmul``.
    """

    x: Op
    w: Const
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def frac(self) -> int:
        return self.x.type.frac + self.w.type.frac

    def check(self) -> None:
        x, w, groups = self.x.shape, self.w.shape, self.groups
        self.require(len(x) == 3, "an input (rows, columns, channels)", str(x))
        self.require(groups >= 1, "at least one group", str(groups))
        fits = len(w) == 4 and w[2] * groups == x[2] and w[3] % groups == 0
        several = f"weights (kh, kw, {x[2]} / {groups}, a multiple of {groups})"
        expected = several if groups > 1 else f"weights (kh, kw, {x[2]}, filters)"
        self.require(fits, expected, str(w))
        check_windows(self, x, (w[0], w[1]), self.dilation)

    def evaluate(self, x: Operand, w: Operand) -> Operand:
        kh, kw, channels, filters = self.w.shape
        taken = kh * kw * channels
        windows = extract_patches(x, (kh, kw), self.strides, self.dilation)
        if self.groups == 1:
            rows = windows.map(lambda array: array.reshape(*array.shape[:3], taken))
            return rows @ w.map(lambda array: array.reshape(taken, filters))
        # (batch, rows, columns, groups, 1, taps x channels) @ (groups, taps x channels, filters)
        apart = windows.map(
            lambda array: array.reshape(*array.shape[:5], self.groups, channels).transpose(
                0, 1, 2, 5, 3, 4, 6
            )
        )
        rows = apart.map(lambda array: array.reshape(*array.shape[:4], 1, taken))
        kernels = w.map(
            lambda array: array.reshape(-1, self.groups, filters // self.groups).swapaxes(0, 1)
        )
        return (rows @ kernels).map(lambda array: array.reshape(*array.shape[:3], filters))


def check_windows(
    op: Conv | Pool,
    x: tuple[int, ...],
    size: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> None:
    """Require sizes, strides and dilations of at least 1, and a window that fits ``x`` (rows, columns, channels)."""
    steps = (*size, *op.strides, *dilation)
    op.require(min(steps) >= 1, "window, strides and dilation of at least 1", str(steps))
    span = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    op.require(
        span[0] <= x[0] and span[1] <= x[1], f"an input of at least {span[0]} x {span[1]}", str(x)
    )


@dataclass(frozen=True, eq=False)
class Pool(Op):
    """Maximum or sum over windows of ``x`` (rows, columns, channels), per channel, without padding."""

    x: Op
    window: tuple[int, int]
    strides: tuple[int, int]
    reduction: Literal["max", "sum"] = "max"

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        self.require(
            len(self.x.shape) == 3, "an input (rows, columns, channels)", str(self.x.shape)
        )
        check_windows(self, self.x.shape, self.window)

    def evaluate(self, x: Operand) -> Operand:
        elements = list_window_elements(x, self.window, self.strides)
        if self.reduction == "max":
            return reduce(lambda a, b: a.maximum(b), elements)
        return reduce(lambda a, b: a + b, elements)


@dataclass(frozen=True, eq=False)
class ArgMax(Op):
    """Index of the largest number (of equal ones the first) along the last axis of ``x``, which keeps length 1."""

    x: Op

    @property
    def frac(self) -> int:
        return 0

    def check(self) -> None:
        self.require(bool(self.x.shape), "an axis", "a scalar")

    def evaluate(self, x: Operand) -> Operand:
        return x.argmax()


@dataclass(frozen=True, eq=False)
class Shift(Op):
    """``x * 2**power``: the codes stay the same, and only the binary point moves."""

    x: Op
    power: int

    @property
    def frac(self) -> int:
        return self.x.type.frac - self.power

    def evaluate(self, x: Operand) -> Operand:
        return x


@dataclass(frozen=True, eq=False)
class Quantize(Op):
    """Assignment of ``x`` to a fixed-point variable of type ``to``, which may lose bits by rounding and overflow."""

    x: Op
    to: Fixed
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        super().__post_init__()
        # The variable is as wide as the quantizer says, whatever part of it the range fills.
        object.__setattr__(self, "type", self.to)

    @property
    def frac(self) -> int:
        return self.to.frac

    def check(self) -> None:
        self.require_representable(self.to)

    def evaluate(self, x: Operand) -> Operand:
        rounded = x.round_shift(self.x.type.frac - self.to.frac, self.rounding)
        if self.overflow is Overflow.WRAP:
            return rounded.wrap(self.to)
        limits = Assignment(self.to, self.rounding, self.overflow)
        return rounded.clip(limits.lo, limits.hi)


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """Step function ``values[number of thresholds <= x]``: any function of one number with few levels, exactly.

    ``thresholds`` (n,) rise and lie on the grid of ``x``; ``values`` (n + 1,) need not rise. Either a
    function for all elements or, as (channels, n) and (channels, n + 1), one for each channel, the
    last axis of ``x``.
    """

    x: Op
    thresholds: Const
    values: Const

    @property
    def frac(self) -> int:
        return self.values.type.frac

    @property
    def count(self) -> int:
        """Return the number of thresholds per step function."""
        return self.thresholds.shape[-1]

    @property
    def per_channel(self) -> bool:
        """Return whether each channel has its own function."""
        return len(self.thresholds.shape) == 2

    @property
    def searched(self) -> bool:
        """Return whether hardware uses a binary search; a few thresholds are all compared in parallel instead."""
        return self.count > 4

    @property
    def start(self) -> int | None:
        """Return the first value if the values are consecutive codes, the same for all channels, else None."""
        values = self.values.codes.to_integers()
        first = int(values.flat[0])
        consecutive = (values == first + np.arange(self.count + 1)).all()
        return first if consecutive else None

    @property
    def comparisons(self) -> int:
        """Return the number of comparisons for one element."""
        return self.count.bit_length() if self.searched else self.count

    def check(self) -> None:
        steps, levels = self.thresholds.shape, self.values.shape
        lead = self.x.shape[-1:] if len(steps) == 2 else ()
        fits = bool(steps) and steps == (*lead, steps[-1]) and levels == (*lead, steps[-1] + 1)
        expected = "thresholds (n,), values (n + 1,), or those of each channel"
        self.require(fits and steps[-1] > 0, expected, f"{steps}, {levels} for {self.x.shape}")
        codes = self.thresholds.codes.to_integers()
        rising = bool((codes[..., 1:] > codes[..., :-1]).all())
        self.require(rising, "thresholds that rise", "some that do not")
        frac = self.thresholds.frac
        self.require(
            frac == self.x.type.frac, f"thresholds of {self.x.type.frac} fraction bits", str(frac)
        )

    def evaluate(self, x: Operand, thresholds: Operand, values: Operand) -> Operand:
        if not self.per_channel:
            return x.step(thresholds, values)

        channels = [
            x.map(lambda array, c=c: array[..., c]).step(steps, levels)
            for c, (steps, levels) in enumerate(
                zip(list_rows(thresholds), list_rows(values), strict=True)
            )
        ]
        return join(channels, lambda arrays: np.stack(arrays, axis=-1))


@dataclass(frozen=True, eq=False)
class Lookup(Op):
    """Rows of the constant ``table`` at the indices ``x``; the result has the axes of ``x``, then those of a row."""

    x: Op
    table: Const

    @property
    def frac(self) -> int:
        return self.table.type.frac

    def check(self) -> None:
        self.require(bool(self.table.shape), "a table of rows", "a number")
        self.require(self.x.type.frac <= 0, "whole numbers", str(self.x.type))
        lo, hi = (end << -self.x.type.frac for end in self.x.range.hull)
        rows = self.table.shape[0]
        self.require(lo >= 0 and hi < rows, f"indices from 0 to {rows - 1}", f"{lo} to {hi}")

    def evaluate(self, x: Operand, table: Operand) -> Operand:
        return (x << -self.x.type.frac).take_rows(table)
