"""``round_line``: lowering of a linear real function and its quantizer to an integer factor and offset per channel.

A channel's codes ``x`` become levels ``floor((factor * x + offset) / 2**power)``, saturated. Where the float function
meets ties, which it rounds to even levels, the line has more fraction bits than the levels and is rounded likewise.
These are the levels of the float function itself. That is proved on every code or, since both functions are monotone,
on both sides of every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from math import ceil, floor, frexp, inf
from operator import or_

import numpy as np

from qhls.frontend.lowering.arithmetic import Arithmetic, find_arithmetic
from qhls.frontend.lowering.reals import Function, Reals
from qhls.frontend.lowering.steps import MOST_LEVELS, find_lookup, make_float_function, on_grid
from qhls.ir import (
    Add,
    Codes,
    Const,
    Fixed,
    Max,
    Min,
    Mul,
    Op,
    Overflow,
    Quantize,
    Rounding,
)
from qhls.ir.integers import Array

TABLE_BITS = 8
"""Number of table bits that cost as much as a multiplier of one bit by one bit."""
NARROWEST = 8
"""Assumed smallest width of a factor in bits: a table no larger than its multiplier is used without a search."""
_PARTS = 16
"""Number of parts into which each round of a search divides an interval of codes."""
SPREAD = 32
"""Number of evenly spread steps of each channel whose codes are searched for first."""
ADDED = 8
"""Largest number of codes per channel that one round of the proof adds to the points of its line."""
FINEST = 96
"""Largest number of fraction bits of a factor."""
CONSTANT = 63
"""Largest width of a constant in bits."""
TRIED = 32
"""Number of factors, after the first, that are tried with the same number of fraction bits."""
INFINITE = 1 << 256
"""An integer larger than every offset."""
_WIDEST = 40
"""Largest width of an input in bits: for wider ones, float64 does not distinguish slopes that differ on some code."""
_BLOCK = 1 << 21
"""Number of codes or steps, of all channels together, that are checked in one batch."""
_FLOAT32 = 2.0**-16
"""Largest error of a level by rounding in float32, as a share of the number of levels."""


@dataclass(frozen=True)
class Line:
    """The integer function ``floor((factor * x + offset) / 2**power)`` of a code ``x``."""

    factor: int
    offset: int
    power: int


@dataclass(frozen=True)
class Levels:
    """The levels, 0 to ``top``, of a quantised float function at the codes ``lo`` to ``hi`` of each channel.

    ``sign`` (channels, 1), as ``lo`` and ``hi``: -1 for a channel that falls, whose codes are negated, so that all
    rise. ``finer``: fraction bits that a line has below the levels; if not 0, the line is rounded half to even.
    """

    numbers_at: Callable[[Array], Array]
    frac: int
    lowest: int
    top: int
    lo: Array
    hi: Array
    sign: Array
    finer: int = 0

    @classmethod
    def of(
        cls, numbers_at: Callable[[Array], Array], frac: int, lo: int, hi: int, channels: int
    ) -> Levels | None:
        """Make the levels of a function on codes ``lo`` to ``hi``; None if its first or last number is off the grid.

        ``numbers_at``: the function from codes (channels, points) to numbers. ``frac``: the fraction bits of the grid.
        """
        ends = np.ldexp(numbers_at(np.array([[lo, hi]] * channels)), frac)
        if not np.isfinite(ends).all() or (ends != np.rint(ends)).any():
            return None
        lowest, highest = int(ends.min()), int(ends.max())
        falls = ends[:, 1:] < ends[:, :1]
        first, last = np.where(falls, -hi, lo), np.where(falls, -lo, hi)
        sign = np.where(falls, -1, 1)
        return cls(numbers_at, frac, lowest, highest - lowest, first, last, sign)

    @property
    def codes(self) -> int:
        """Return the number of codes of a channel."""
        return int(self.hi[0, 0] - self.lo[0, 0]) + 1

    def __call__(self, codes: Array) -> Array:
        """Return the levels at ``codes`` (channels, points)."""
        numbers = np.ldexp(self.numbers_at(self.sign * codes), self.frac)
        return np.rint(numbers).astype(np.int64) - self.lowest

    def find_least(self, levels: Array) -> Array:
        """Return, for each of ``levels``, the smallest value of a line, in the line's steps, that is rounded to it."""
        if not self.finer:
            return levels
        odd = levels + self.lowest & 1
        return (levels << self.finer) - (1 << self.finer - 1) + odd

    def round_numbers(self, numbers: Array) -> Array:
        """Return the levels to which ``numbers``, values of a line in the line's steps, are rounded."""
        if not self.finer:
            return numbers
        odd = (numbers >> self.finer) + self.lowest & 1
        return numbers + (1 << self.finer - 1) - 1 + odd >> self.finer

    def find_reached(self, levels: Array) -> Array:
        """Find, per channel, the first code whose level is at least each of ``levels``; ``hi + 1`` if none is."""
        below, above = (
            np.tile(ends, len(levels)).astype(np.int64) for ends in (self.lo - 1, self.hi + 1)
        )
        shares = np.arange(_PARTS + 1)
        while (gap := (above - below)[..., None]).max() > 1:
            # A call of the function costs more than the numbers that it is asked for.
            ends = below[..., None] + gap // _PARTS * shares + gap % _PARTS * shares // _PARTS
            inner = ends[..., 1:-1]
            at = self(np.clip(inner, self.lo[..., None], self.hi[..., None]).reshape(len(ends), -1))
            there = (at.reshape(inner.shape) >= levels[:, None]) & (inner >= self.lo[..., None])
            first = (~there).sum(2)[..., None]
            below, above = (np.take_along_axis(ends, first + side, 2)[..., 0] for side in (0, 1))
        return above


class _Points:
    """Some codes of one channel, and the levels that the channel's line must have at these codes."""

    def __init__(self, codes: Array, levels: Array) -> None:
        self.codes, self.levels = codes, levels

    def add(self, codes: Array, levels: Array) -> None:
        self.codes = np.concatenate([self.codes, codes])
        self.levels = np.concatenate([self.levels, levels])

    def find_bounds(self, levels: Levels) -> tuple[Array, Array, Array, Array]:
        """Return codes with the values that the line must reach there, and codes with values that it must stay below.

        Beyond the lowest and the highest level the line may continue, since it saturates.
        """
        low, high = self.levels > 0, self.levels < levels.top
        least, most = levels.find_least(self.levels[low]), levels.find_least(self.levels[high] + 1)
        return self.codes[low], least, self.codes[high], most

    def find_slopes(self, levels: Levels, slack: float = 0.0) -> tuple[float, float]:
        """Return the approximate smallest and largest slope of all lines through the points.

        ``slack``: the distance by which a line may miss each bound.
        """
        t, least, u, most = self.find_bounds(levels)
        dx = (t[:, None] - u).ravel()
        dy = (least[:, None] - most).ravel() - 2 * slack
        rising, falling = dx > 0, dx < 0
        lowest = (dy[rising] / dx[rising]).max(initial=0.0)
        return float(lowest), float((dy[falling] / dx[falling]).min(initial=inf))

    def is_nearly_straight(self, levels: Levels) -> bool:
        """Return whether a line passes through all points within the rounding error of float32."""
        lowest, highest = self.find_slopes(levels, _FLOAT32 * (levels.top + 1))
        return lowest <= highest

    def find_line(self, levels: Levels, first: int) -> Line | None:
        """Return the line through all points with the fewest fraction bits, at least ``first``; None if none fits."""
        lowest, highest = self.find_slopes(levels)
        if lowest > highest:
            return None
        highest = min(highest, 2 * lowest + 1)
        t, least, u, most = (array.astype(object) for array in self.find_bounds(levels))
        wide = max(highest - lowest, 2.0**-FINEST)
        for power in range(max(first, -frexp(wide)[1]), FINEST + 1):
            start, stop = floor(lowest * 2.0**power), ceil(highest * 2.0**power)
            middle = max((start + stop - TRIED) // 2, start)
            for factor in range(middle, min(middle + TRIED, stop) + 1):
                lower = ((least << power) - factor * t).max(initial=-INFINITE)
                upper = ((most << power) - 1 - factor * u).min(initial=INFINITE)
                if lower <= upper:
                    return Line(factor, _find_roundest(lower, upper, 1 << power), power)
        return None


def _find_roundest(lower: int, upper: int, unit: int) -> int:
    """Return the integer from ``lower`` to ``upper`` with the most trailing zero bits, near a bound that is finite."""
    upper = min(upper, lower + unit) if lower > -INFINITE else upper
    lower = max(lower, upper - unit)
    widths = reversed(range((upper - lower).bit_length() + 1))
    zeros = next(k for k in widths if upper >> k << k >= lower)
    return upper >> zeros << zeros


def fit_lines(levels: Levels) -> list[Line] | None:
    """Fit one rising line per channel that equals the function's levels on every code; None if a channel has no line.

    Lines are checked on more and more codes or steps. Codes that refute a line are points of the next line.
    """
    every = levels.codes <= 2 * levels.top
    points = _choose_first_points(levels)
    lines = [Line(0, 0, 0)] * len(points)
    doubtful = list(range(len(points)))
    count = levels.codes if every else levels.top
    stride = 4 ** (max(count.bit_length() - 6, 0) // 2)
    while True:
        for c in doubtful:
            line = points[c].find_line(levels, lines[c].power)
            if line is None or not _is_in_int64(line, levels, every):
                return None
            lines[c] = line
        doubtful = _find_refuted(levels, lines, points, stride, every)
        if not doubtful and stride == 1:
            return lines
        stride = stride if doubtful else stride // 4


def _choose_first_points(levels: Levels) -> list[_Points]:
    """Choose the first points of each channel: its first and last code, and both sides of evenly spread steps."""
    some = np.unique(np.linspace(1, max(levels.top, 1), SPREAD).astype(np.int64))
    reached = levels.find_reached(some)
    codes = np.concatenate([levels.lo, levels.hi, reached, reached - 1], 1)
    codes = np.clip(codes, levels.lo, levels.hi)
    return [_Points(*pair) for pair in zip(codes, levels(codes), strict=True)]


def _is_in_int64(line: Line, levels: Levels, every: bool) -> bool:
    """Return whether every intermediate number of the proof fits in int64."""
    if every:
        largest = line.factor * int(max(-levels.lo.min(), levels.hi.max())) + abs(line.offset)
    elif line.factor:
        steps = max((1 << line.power) // line.factor, line.factor) * (
            levels.top + 1 << levels.finer
        )
        largest = steps + abs(line.offset) // line.factor
    else:
        largest = abs(line.offset)
    return largest.bit_length() < 63


def _find_refuted(
    levels: Levels, lines: list[Line], points: list[_Points], stride: int, every: bool
) -> list[int]:
    """Find the channels whose lines are wrong at a ``stride``-th code or step, and add such codes to ``points``."""
    marks = np.arange(0, levels.codes, stride) if every else np.arange(1, levels.top + 1, stride)
    size = max(_BLOCK // len(lines), 1)
    for start in range(0, len(marks), size):
        block = marks[start : start + size]
        codes, least, most = (_sample_codes if every else _sample_steps)(levels, lines, block)
        there = (codes >= levels.lo) & (codes <= levels.hi)
        codes = np.clip(codes, levels.lo, levels.hi)
        expected = levels(codes)
        wrong = there & ((expected < least) | (expected > most))
        channels = np.flatnonzero(wrong.any(1)).tolist()
        for c in channels:
            places = np.flatnonzero(wrong[c])
            places = places[np.unique(np.linspace(0, len(places) - 1, ADDED).astype(int))]
            points[c].add(codes[c, places], expected[c, places])
        if channels:
            return channels
    return []


def _sample_codes(levels: Levels, lines: list[Line], places: Array) -> tuple[Array, Array, Array]:
    """Return each channel's codes with the indices ``places``, and the lowest and highest level allowed there."""
    codes = levels.lo + places
    factor, offset, power = _make_columns(
        [(line.factor, line.offset, line.power) for line in lines]
    )
    expected = np.clip(levels.round_numbers((factor * codes + offset) >> power), 0, levels.top)
    return codes, expected, expected


def _sample_steps(levels: Levels, lines: list[Line], steps: Array) -> tuple[Array, Array, Array]:
    """Return the codes on both sides of each line's ``steps``, and the lowest and highest level that it allows there.

    The first code is ``ceil((least << power - offset) / factor)``, computed by quotients and remainders of 64 bits.
    """
    least = levels.find_least(steps)
    parts = [
        (*divmod(1 << line.power, line.factor or 1), *divmod(line.offset, line.factor or 1))
        for line in lines
    ]
    quotient, rest, start, more = _make_columns(parts)
    (factor,) = _make_columns([(line.factor or 1,) for line in lines])
    first = least * quotient - start - (more - least * rest) // factor
    flat = np.array([line.factor == 0 for line in lines])[:, None]
    (level,) = _make_columns([(line.offset >> line.power,) for line in lines])
    first = np.where(flat, np.where(level >= least, levels.lo, levels.hi + 1), first)
    first = np.clip(first, levels.lo, levels.hi + 1)
    reached, before = np.broadcast_to(steps, first.shape), np.broadcast_to(steps - 1, first.shape)
    nothing, all_ = np.zeros_like(first), np.full_like(first, levels.top)
    codes = np.concatenate([first, first - 1], 1)
    return codes, np.concatenate([reached, nothing], 1), np.concatenate([all_, before], 1)


def _make_columns(rows: list[tuple[int, ...]]) -> list[Array]:
    """Return each column of ``rows``, which has one row per channel, as an array (channels, 1)."""
    return list(np.array(rows, np.int64).T[:, :, None])


# -- the ops ------------------------------------------------------------------------------------------


def round_line(function: Function, x: Reals, to: Fixed) -> Op | None:
    """Lower ``function(x)`` to an integer factor and offset per channel, rounded to ``to``.

    ``function`` is monotone and returns numbers of ``to``. None if a table is smaller, or if no lines fit.
    Where only float32's rounding prevents lines, the lowering's ``rounds`` record it. The returned op then has the
    right type only: the lowering is repeated in float64.
    """
    x = x.prepare(function, monotone=True, shared=True)
    source, levels, running = (
        x.x,
        _list_levels(x.apply(function, shared=True), to),
        find_arithmetic(),
    )
    if levels is None or is_small(source.type, levels.top, to):
        return None
    width = source.type.width
    table = levels.top * (width + to.width)
    lines = fit_lines(levels)
    if lines is None and (finer := _with_ties(levels)):
        lines = fit_lines(finer)
        levels = finer if lines else levels
    if lines is not None:
        factor = max(line.factor.bit_length() for line in lines)
        result = (
            _make_line_ops(source, lines, levels) if table > TABLE_BITS * width * factor else None
        )
    else:
        factor = width + levels.top.bit_length()  # one that keeps all codes of the input apart
        own = x.channels > 1 or levels.top > MOST_LEVELS  # else one small table for all channels
        worth = own and table > 2 * TABLE_BITS * width * factor
        result = Quantize(source, to) if worth and _is_blurred(levels, running) else None
    if result is not None and running is not None:
        running.reals.append(source.layer)
        running.rounds += [source.layer] if lines is None else []
    return x.place(result) if result is not None else None


def is_small(source: Fixed, steps: int, to: Fixed) -> bool:
    """Return whether a table of so many ``steps`` costs no more than the narrowest multiplier."""
    return steps * (source.width + to.width) <= TABLE_BITS * source.width * NARROWEST


def _list_levels(chain: Reals, to: Fixed) -> Levels | None:
    """Return the levels of the function ``chain`` on the grid of ``to``; None if it is not monotone or too wide.

    Also None for a function of a table, to which another table is the better answer.
    """
    lo, hi = chain.x.range.hull
    if find_lookup(chain.x) is not None:
        return None  # another table is all that is needed
    if not chain.monotone or (hi - lo).bit_length() > _WIDEST:
        return None
    numbers_at = make_float_function(on_grid(chain.function), chain.x, chain.channels)
    return Levels.of(numbers_at, to.frac, lo, hi, chain.channels)


def _with_ties(levels: Levels) -> Levels | None:
    """Return ``levels`` for lines with enough fraction bits to represent ties; None if these would be too wide.

    With so many bits each code moves the line by a step or more.
    """
    slopes = [points.find_slopes(levels)[0] for points in _choose_first_points(levels)]
    finer = max([1, *(2 - frexp(slope)[1] for slope in slopes if slope > 0)])
    return replace(levels, finer=finer) if levels.top.bit_length() + finer < CONSTANT else None


def _is_blurred(levels: Levels, running: Arithmetic | None) -> bool:
    """Return whether only rounding in float32 keeps the levels from being lines, so that float64 may find lines."""
    if running is None or running.dtype != "float32":
        return False
    return all(points.is_nearly_straight(levels) for points in _choose_first_points(levels))


def _make_line_ops(x: Op, lines: list[Line], levels: Levels) -> Op | None:
    """Return ``x`` times each channel's factor, plus its offset, rounded and saturated to the function's levels.

    None if a constant is too wide for C++.
    """
    power = max(line.power for line in lines)
    factors, offsets = np.empty((2, len(lines)), object)
    for c, (line, sign) in enumerate(zip(lines, levels.sign[:, 0].tolist(), strict=True)):
        factors[c] = sign * line.factor << power - line.power
        start = levels.lowest << levels.finer + line.power
        offsets[c] = line.offset + start << power - line.power
    frac = levels.frac + levels.finer
    factor = _make_constant(factors, power + frac - x.type.frac, "factor")
    offset = _make_constant(offsets, power + frac, "offset")
    if max(factor.type.width, offset.type.width) > CONSTANT:
        return None
    scaled: Op = Add(Mul(x, factor, proved=True), offset, proved=True)
    if levels.finer:
        dropped = scaled.type.frac - frac
        low, high = (end >> max(dropped, 0) << max(-dropped, 0) for end in scaled.range.hull)
        scaled = Quantize(scaled, Fixed.from_range(low, high, frac), Rounding.FLOOR, proved=True)
    return _saturate(scaled, levels)


def _make_constant(codes: Array, frac: int, name: str) -> Const:
    """Make the constant ``codes * 2**-frac`` with no more fraction bits than are used."""
    used = reduce(or_, codes.tolist())
    zeros = (used & -used).bit_length() - 1 if used else 0
    return Const(Codes(codes >> zeros), frac - zeros, name=name, proved=True)


def _saturate(x: Op, levels: Levels) -> Op:
    """Round ``x`` to the grid of the levels and saturate it at the lowest and the highest level."""
    lowest, highest = levels.lowest, levels.lowest + levels.top
    to = Fixed.from_range(lowest, highest, levels.frac)
    symmetric = to.signed and lowest == -to.hi
    overflow = Overflow.SATURATE_SYMMETRIC if symmetric else Overflow.SATURATE
    rounding = Rounding.HALF_EVEN if levels.finer else Rounding.FLOOR
    result: Op = Quantize(x, to, rounding, overflow, proved=True)
    low, high = result.range.hull
    if low < lowest:
        result = Max(
            result, Const(Codes(np.array(lowest)), levels.frac, name="lowest"), proved=True
        )
    if high > highest:
        result = Min(
            result, Const(Codes(np.array(highest)), levels.frac, name="highest"), proved=True
        )
    return result
