"""``step_function``: lowering of a real function of an exact tensor to an exact ``Threshold`` or ``Lookup``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.reals import Function, Joined, Reals, Tensor, is_rising
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Codes, Const, Lookup, Op, Reshape, Threshold, View
from qhls.ir.integers import Array, find_dyadic, narrow_integers
from qhls.model.floats import FLOAT32_EXACT
from qhls.quantizers.keras_types import KerasTensor, ops
from qhls.quantizers.numerics import PACKETS, pad_to_packets, skip_gradients, use_precision

MOST_LEVELS = 4096
"""Largest number of steps of a function, and so the largest length of its table."""
ENUMERATED = 1 << 16
"""Largest number of codes that are tried one by one; with more, monotone pieces of a function are bisected."""
MEASURED = 1 << 24
"""Largest number of codes, of all channels together, that are tried one by one if a function may turn anywhere."""
_NOISY = 1 << 22
"""Largest number of codes that are tried one by one for a quantizer whose term for the gradient rounds."""
_BESIDE = {"float32": 2.0**-20, "float64": 2.0**-48}
"""Upper bounds of the relative rounding error of a few float operations, by float type."""
_CHUNK = 1 << 20
"""Number of codes, of all channels together, that are tried in one batch."""
_ASKED = 1 << 10
"""Number of codes, of all channels together, that a round of a bisection tries; a call costs more than so few codes."""


def step_function(
    owner: object, function: Function, x: Tensor, turns: tuple[float, ...] | None
) -> Op:
    """Lower the elementwise ``function(x)`` to an op with exactly the steps of the float function on an integer grid.

    The grid is that of ``x`` or, where ``x`` are reals, of the exact tensor they are a function of. In the latter
    case each channel has its own steps, unless all are the same. The function is called in the arithmetic of the
    lowering. Outside of one that is float32, or float64 for codes of more than 24 bits. ``turns``: rising numbers
    between which ``function`` is monotone, or None if it may turn anywhere; ``owner`` is named in errors.

    Raises:
        LoweringError: a function with more than ``MOST_LEVELS`` steps; one that may turn anywhere on more codes than
            ``MEASURED``; one whose value is not finite.
    """
    if isinstance(x, Joined):
        rising = turns == () and is_rising(function)
        return x.apply_each(lambda part: step_function(owner, function, part, turns), rising)
    running = find_arithmetic()
    if isinstance(x, Reals):
        x = x.prepare(function, turns == (), shared=True)
        if running is not None:
            running.reals.append(x.x.layer)
        chain = x.apply(function, monotone=turns == (), shared=True)
        search = _Search(owner, x.x, x.channels, on_grid(chain.function))
        table = find_lookup(x.x)
        if table is not None and (x.channels == 1 or table is x.x):
            return x.place(_follow_rows(search, table))
        stepped = search.bisect(x.function, turns) if x.monotone else search.enumerate()
        return x.place(stepped)
    noisy, plain = (_Search(owner, x, 1, f) for f in (function, on_grid(function)))
    if noisy.codes <= ENUMERATED and (running is None or not running.plain):
        stepped = noisy.enumerate()
        if running is not None and _may_round(running.dtype, noisy, plain, stepped):
            running.uneven.append(stepped.layer)
        return stepped
    stepped = plain.bisect(lambda v: v, turns)
    wide = noisy.codes > MEASURED and not isinstance(turns, tuple)
    if running is not None and (wide or _may_round(running.dtype, noisy, plain, stepped)):
        if noisy.codes <= _NOISY and not running.plain:
            with suppress(LoweringError):  # rounding alone may make too many steps
                stepped = noisy.enumerate()
                running.uneven.append(stepped.layer)
                return stepped
        running.reals.append(stepped.layer)
    return stepped


def find_lookup(x: Op) -> Lookup | None:
    """Return the ``Lookup`` from which ``x`` results by reshapes and views only; None if no ``Lookup`` does."""
    while isinstance(x, Reshape | View):
        x = x.x
    return x if isinstance(x, Lookup) else None


def _follow_rows(search: _Search, table: Lookup) -> Op:
    """Return a ``Lookup`` of function values at the rows of ``table``, then the moves from it to ``search.x``."""
    codes = table.table.codes.to_integers()
    values_at = make_float_function(search.function, search.x, search.channels)
    results = values_at(codes.reshape(-1, search.channels).T).T.reshape(codes.shape)
    bad = results[~np.isfinite(results)]
    if bad.size:
        raise explain_refusal(
            search.owner, "finite values", f"{bad[0]} on its input", "Limit its input."
        )
    followed: Op = Lookup(table.x, Const.of(results, "table"))
    moves: list[Op] = []
    x = search.x
    while x is not table:
        moves.append(x)
        (x,) = x.operands
    for move in reversed(moves):
        followed = move.with_operands({move.operands[0]: followed})
    return followed


@dataclass(frozen=True)
class _Search:
    """A search for the steps of ``function`` on the codes of ``x``, separately for each of ``channels`` channels."""

    owner: Any
    x: Op
    channels: int
    function: Function

    @property
    def codes(self) -> int:
        """Return the number of codes to try, of all channels together."""
        lo, hi = self.x.range.hull
        return (hi - lo + 1) * self.channels

    def bisect(self, inner: Function, turns: tuple[float, ...] | None) -> Threshold:
        """Find the steps by bisection where turns of function or owner are known, else by trying every code.

        ``function`` turns only where the monotone ``inner`` reaches one of ``turns``.
        """
        if turns is None and self.codes > MEASURED and getattr(self.owner, "real_turns", None):
            return self._make_threshold(*self._bisect_beside(inner))
        if turns is None or self.codes <= ENUMERATED:
            return self.enumerate()
        pieces_at = _count_turns(make_float_function(inner, self.x, self.channels), turns)
        return self._make_threshold(*_bisect(self, pieces_at))

    def enumerate(self) -> Threshold:
        """Find the steps by trying every code."""
        if self.codes > MEASURED:
            raise self._explain_width()
        return self._make_threshold(*_enumerate(self))

    def _bisect_beside(self, inner: Function) -> tuple[list[Array], list[Array]]:
        """Find steps of a quantizer as ``_bisect`` does, but try every code where rounding may break monotony.

        Elsewhere the value is that of functions that are larger and smaller than the quantizer's by more than rounding.
        """
        quantizer, dtype = self.owner, _find_dtype(self.x)
        pieces_at = _count_turns(
            make_float_function(inner, self.x, self.channels), quantizer.real_turns
        )
        sides = [
            replace(
                self, function=lambda v, share=share: quantizer.quantize_beside(inner(v), share)
            )
            for share in (-_BESIDE[dtype], _BESIDE[dtype])
        ]
        bisected = [_bisect(search, pieces_at)[0] for search in (self, *sides)]
        points = [np.unique(np.concatenate(each)) for each in zip(*bisected, strict=True)]
        known = [_select_at(search, points) for search in (self, *sides)]
        if dtype == "float32" and max(map(abs, self.x.range.hull)) > FLOAT32_EXACT:
            return points, known[0]  # it is repeated in float64
        for c, (codes, *rows) in enumerate(zip(points, *known, strict=True)):
            alike = np.logical_and.reduce([row[1:] == rows[0][:-1] for row in rows])
            alike &= np.logical_and.reduce([row[:-1] == rows[0][:-1] for row in rows])
            doubtful = np.flatnonzero(~alike & (np.diff(codes) > 1))
            if sum(int(codes[i + 1] - codes[i]) for i in doubtful) > MEASURED // self.channels:
                raise self._explain_width()
            inside = [
                narrow_integers(range(codes[i] + 1, codes[i + 1]), max(map(abs, self.x.range.hull)))
                for i in doubtful
            ]
            points[c] = np.sort(np.concatenate([codes, *inside]))
        return points, _select_at(self, points)

    def _explain_width(self) -> LoweringError:
        return explain_refusal(
            self.owner,
            f"an input of at most {MEASURED.bit_length() - 1} bits, all channels together, because the function "
            f"may turn",
            f"one of {(self.codes - 1).bit_length()} bits",
            "Quantise it first, e.g. QActivation('quantized_bits(10,3,alpha=1)').",
        )

    def _make_threshold(self, points: list[Array], values: list[Array]) -> Threshold:
        steps, levels = tabulate_steps(self.owner, points, values, self.x.range.hull[1])
        codes, frac = find_dyadic(levels)
        thresholds = Const(Codes(steps), self.x.type.frac, name="thresholds")
        return Threshold(self.x, thresholds, Const(Codes(codes), frac, name="values"))

    @cached_property
    def values_at(self) -> Callable[[Array], Array]:
        """Return the function from codes (channels, points) to the values of the float function."""
        return make_float_function(self.function, self.x, self.channels)


def on_grid(function: Function) -> Function:
    """Return ``function`` of real numbers, without the terms that a quantizer adds for its gradient only."""

    def apply_exactly(v: KerasTensor) -> KerasTensor:
        with skip_gradients():
            return function(v)

    return apply_exactly


def _may_round(dtype: str, noisy: _Search, plain: _Search, table: Threshold) -> bool:
    """Return whether a quantizer's term for its gradient may round, so that values lie beside the grid.

    The sum is exact where the numbers of each level and its value share a grid that ``dtype`` holds.
    """
    x, values = table.x, table.values
    lo, hi = x.range.hull
    steps: list[int] = table.thresholds.codes.to_integers().tolist()
    ends = [lo, *(min(step, hi) for step in steps), hi]
    beside = sorted({end - side for end in ends for side in (0, 1) if lo <= end - side})
    points = narrow_integers(beside, max(-lo, hi))[None]
    if (noisy.values_at(points) != plain.values_at(points)).any():
        return True
    limit = 1 << (24 if dtype == "float32" else 53)
    for (first, last), level in zip(
        pairwise(ends), values.codes.to_integers().tolist(), strict=True
    ):
        if level:
            zeros = (level & -level).bit_length() - 1
            frac = values.frac - zeros
            finest = max(x.type.frac, frac)
            own = abs(level) >> zeros
            size = max(abs(first), abs(last)) << finest - x.type.frac
            if max(size, own << finest - frac) > limit:
                return True
    return False


def make_float_function(function: Function, x: Op, channels: int) -> Callable[[Array], Array]:
    """Return a function from codes of ``x`` (channels, points) to the values of the float ``function``."""
    dtype = _find_dtype(x)

    def compute_values(codes: Array) -> Array:
        numbers = np.ldexp(codes.T.astype(np.float64), -x.type.frac)
        with use_precision(dtype):
            result = function(ops.convert_to_tensor(pad_to_packets(numbers), dtype))
            computed = np.asarray(ops.convert_to_numpy(result), np.float64)
            return computed[: len(numbers)].T

    return compute_values


def _find_dtype(x: Op) -> str:
    """Return the float type of the running lowering or, without one, the type in which the codes of ``x`` are exact."""
    running = find_arithmetic()
    float32 = max(map(abs, x.range.hull)) <= FLOAT32_EXACT
    return running.dtype if running else ("float32" if float32 else "float64")


def _select_at(search: _Search, points: list[Array]) -> list[Array]:
    """Return the values of each channel at its own ``points``."""
    asked = np.full((len(points), max(map(len, points))), points[0][0], points[0].dtype)
    for row, codes in zip(asked, points, strict=True):
        row[: len(codes)] = codes
    step = max(_CHUNK // len(points), 2)
    parts = [search.values_at(asked[:, i : i + step]) for i in range(0, asked.shape[1], step)]
    rows = np.concatenate(parts, axis=1)
    return [row[: len(codes)] for row, codes in zip(rows, points, strict=True)]


def _count_turns(
    numbers_at: Callable[[Array], Array], turns: tuple[float, ...]
) -> Callable[[Array], Array]:
    """Return a function from codes (channels, points) to the number of ``turns`` reached there."""
    if not turns:
        return lambda codes: np.zeros(codes.shape, int)
    return lambda codes: np.searchsorted(turns, numbers_at(codes), side="right")


def _enumerate(search: _Search) -> tuple[list[Array], list[Array]]:
    """Find the steps as ``_bisect`` does, but by trying all codes."""
    (lo, hi), channels = search.x.range.hull, search.channels
    points: list[list[Array]] = [[] for _ in range(channels)]
    values: list[list[Array]] = [[] for _ in range(channels)]
    step = max(_CHUNK // channels, 2)
    for start in range(lo, hi + 1, step):
        codes = narrow_integers(range(start, min(start + step, hi + 1)), max(-lo, hi))
        for c, row in enumerate(search.values_at(np.tile(codes, (channels, 1)))):
            change = np.flatnonzero(row[1:] != row[:-1])
            _limit_steps(search.owner, len(change))
            kept = np.unique(np.concatenate([[0], change, change + 1, [len(row) - 1]]))
            points[c].append(codes[kept])
            values[c].append(row[kept])
    return [np.concatenate(p) for p in points], [np.concatenate(v) for v in values]


def _bisect(
    search: _Search, pieces_at: Callable[[Array], Array]
) -> tuple[list[Array], list[Array]]:
    """Find codes of each channel, and the values there, such that neighbours of unequal values differ by 1.

    Within a piece the function is monotone: values that are equal at two points are equal between them.
    """
    (lo, hi), channels = search.x.range.hull, search.channels
    ends = np.array([narrow_integers((lo, hi), max(-lo, hi))] * channels)
    points, values, pieces = list(ends), list(search.values_at(ends)), list(pieces_at(ends))
    while True:
        gaps = [np.diff(p) for p in points]
        splits = [
            np.flatnonzero(((v[1:] != v[:-1]) | (q[1:] != q[:-1])) & (gap > 1))
            for v, q, gap in zip(values, pieces, gaps, strict=True)
        ]
        most = max(split.size for split in splits)
        if not most:
            return points, values
        _limit_steps(search.owner, most)
        parts = int(np.clip(_ASKED // (channels * most), 1, PACKETS)) + 1
        inner = [_split_gaps(*row, parts) for row in zip(points, gaps, splits, strict=True)]
        asked = np.full((channels, max(map(len, inner))), lo, points[0].dtype)
        for row, new in zip(asked, inner, strict=True):
            row[: len(new)] = new
        trials = zip(inner, search.values_at(asked), pieces_at(asked), strict=True)
        for c, (new, value, piece) in enumerate(trials):
            points[c], first = np.unique(np.concatenate([points[c], new]), return_index=True)
            values[c] = np.concatenate([values[c], value[: len(new)]])[first]
            pieces[c] = np.concatenate([pieces[c], piece[: len(new)]])[first]


def _split_gaps(points: Array, gaps: Array, splits: Array, parts: int) -> Array:
    """Return the codes that divide the gap after each point of ``splits`` into ``parts`` about equal parts."""
    cuts = np.arange(1, parts)
    some = gaps[splits, None]
    steps = (
        some // parts * cuts + some % parts * cuts // parts
    )  # gaps times cuts may exceed 63 bits
    return np.unique(points[splits, None] + steps)


def tabulate_steps(
    owner: object, points: list[Array], values: list[Array], hi: int
) -> tuple[Array, Array]:
    """Make thresholds (channels, n) and levels (channels, n + 1); if all channels are alike, (n,) and (n + 1,).

    Channels with fewer steps get some that no code reaches.
    """
    bad = [v[~np.isfinite(v)][0] for v in values if not np.isfinite(v).all()]
    if bad:
        raise explain_refusal(owner, "finite values", f"{bad[0]} on its input", "Limit its input.")
    changes = [np.flatnonzero(v[1:] != v[:-1]) for v in values]
    most = max(1, *(len(c) for c in changes))
    _limit_steps(owner, most)
    beyond = narrow_integers(
        range(hi + 1, hi + 1 + most), max(abs(hi), abs(int(points[0][0]))) + most
    )
    steps = np.array([beyond] * len(points), beyond.dtype)
    levels = np.empty((len(points), most + 1))
    for c, change in enumerate(changes):
        n = len(change)
        steps[c, :n] = points[c][change + 1]
        levels[c, : n + 1] = values[c][[0, *(change + 1)]]
        levels[c, n + 1 :] = levels[c, n]
    same = (steps == steps[0]).all() and (levels == levels[0]).all()
    return (steps[0], levels[0]) if same else (steps, levels)


def _limit_steps(owner: object, steps: int) -> None:
    if steps > MOST_LEVELS:
        raise explain_refusal(
            owner,
            f"a function of at most {MOST_LEVELS} steps on its input",
            "more",
            "Give its quantizer fewer bits, or quantise its input to fewer.",
        )
