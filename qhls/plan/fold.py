"""``Fold``: the tiles of weights through which a matrix product or convolution shares its multipliers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from qhls.ir.integers import Array
from qhls.ir.ops import Conv, Matmul
from qhls.plan.loop import Loop
from qhls.plan.schedule import Schedule

_KernelSizes = tuple[int, int, int, int, int]
"""Numbers of groups, rows and columns of a kernel, input channels per group and filters per group."""


@dataclass(frozen=True, slots=True)
class Fold:
    """The tiles into which weights of ``sizes`` are cut; one trip multiplies by one tile, whose sizes are ``tile``.

    ``counts`` tiles cover each axis. ``simd`` inputs of each of ``pe`` results are multiplied in one trip.
    """

    sizes: _KernelSizes
    tile: _KernelSizes

    @property
    def counts(self) -> _KernelSizes:
        """Return the number of tiles along each axis; the last tile of an axis may reach beyond the weights."""
        pairs = zip(self.sizes, self.tile, strict=True)
        groups, rows, columns, channels, filters = (math.ceil(size / part) for size, part in pairs)
        return groups, rows, columns, channels, filters

    @property
    def trips(self) -> int:
        """Return the number of tiles, each of which takes one trip."""
        return math.prod(self.counts)

    @property
    def rounds(self) -> int:
        """Return the number of groups of ``pe`` results that each position computes one after another."""
        return self.counts[0] * self.counts[4]

    @property
    def simd(self) -> int:
        """Return the number of inputs of each result that one trip multiplies."""
        return math.prod(self.tile[1:4])

    @property
    def pe(self) -> int:
        """Return the number of results to which one trip adds products."""
        return self.tile[0] * self.tile[4]

    @property
    def products(self) -> int:
        """Return the number of multiplications of one trip."""
        return self.simd * self.pe

    @property
    def divides(self) -> bool:
        """Return whether no tile reaches beyond the weights."""
        return all(size % part == 0 for size, part in zip(self.sizes, self.tile, strict=True))

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Return the loops over tiles, outermost first, with a tile's axes unrolled; axes of length 1 have no loop."""
        groups, rows, columns, channels, filters = zip(self.sizes, self.tile, strict=True)
        named = {"b": groups, "f": filters, "i": rows, "j": columns, "g": channels}
        return tuple(Loop(name, *axis) for name, axis in named.items() if axis[0] > 1)

    def order_codes(self, codes: Array) -> Array:
        """Return the weights of an op in the shape (trips, products), with zeros where a tile reaches beyond them.

        Tiles are in the order of the loops: groups, filters, rows, columns, channels. So are the weights of a tile.
        """
        groups, rows, columns, channels, filters = self.sizes
        apart = codes.reshape(rows, columns, channels, groups, filters).transpose(3, 0, 1, 2, 4)
        spans = [count * part for count, part in zip(self.counts, self.tile, strict=True)]
        whole = np.zeros(spans, codes.dtype)
        whole[tuple(slice(size) for size in self.sizes)] = apart
        split = [n for pair in zip(self.counts, self.tile, strict=True) for n in pair]
        order = (0, 8, 2, 4, 6, 1, 9, 3, 5, 7)
        return whole.reshape(split).transpose(order).reshape(self.trips, self.products)


def list_weight_sizes(op: Matmul | Conv) -> _KernelSizes:
    """Return the sizes of the weights of ``op``, in the order of ``Fold.sizes``."""
    if isinstance(op, Matmul):
        return (1, 1, 1, *op.w.shape)  # type: ignore[return-value]
    rows, columns, channels, filters = op.w.shape
    return op.groups, rows, columns, channels, filters // op.groups


def choose_fold(op: object, schedule: Schedule) -> Fold | None:
    """Return the tiles with which ``op`` shares multipliers by ``reuse_factor``; None if it shares no multiplier."""
    if not isinstance(op, Matmul | Conv):
        return None
    sizes = list_weight_sizes(op)
    reuse = schedule.reuse_factor
    tiles = Fold(*_find_least(sizes, reuse)) if sizes[0] == 1 else find_fold(sizes, reuse)
    return tiles if tiles.trips > 1 else None


def find_fold(
    sizes: _KernelSizes, trips: int, windows: int | None = None, lanes: int | None = None
) -> Fold:
    """Return the tiles with the fewest products that divide ``sizes`` and need at most ``trips`` trips.

    If none do, one tile contains all weights.

    ``windows``: the elements of one channel that a memory provides per cycle; a tile with more takes several cycles.
    ``lanes``: the elements of a token of results, which whole tiles fill.
    """

    def count_cycles(tiles: Fold) -> int:
        elements = tiles.tile[1] * tiles.tile[2]
        return tiles.trips * (math.ceil(elements / windows) if windows else 1)

    folds = [t for t in list_folds(sizes) if lanes is None or lanes % t.pe == 0]
    fast = [tiles for tiles in folds if count_cycles(tiles) <= trips] or [Fold(sizes, sizes)]
    return min(fast, key=lambda tiles: (tiles.products, max(tiles.simd, tiles.pe), tiles.trips))


@lru_cache(maxsize=1024)
def list_folds(sizes: _KernelSizes) -> tuple[Fold, ...]:
    """Return the tiles that divide ``sizes``: they cut channels, then columns, then rows; and filters, then groups."""
    groups, rows, columns, channels, filters = sizes
    inputs = dict.fromkeys(
        [
            *((1, 1, depth) for depth in list_divisors(channels)),
            *((1, column, channels) for column in list_divisors(columns)),
            *((row, columns, channels) for row in list_divisors(rows)),
        ]
    )
    results = dict.fromkeys(
        [
            *((1, width) for width in list_divisors(filters)),
            *((g, filters) for g in list_divisors(groups)),
        ]
    )
    return tuple(
        Fold(sizes, (group, *window, width)) for window, (group, width) in product(inputs, results)
    )


def list_divisors(number: int) -> tuple[int, ...]:
    """Return the divisors of a positive number in increasing order."""
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return tuple(sorted({*small, *(number // n for n in small)}))


@lru_cache(maxsize=1024)
def _find_least(sizes: _KernelSizes, reuse: int) -> tuple[_KernelSizes, _KernelSizes]:
    """Return ``sizes`` and the tile with the fewest products, then the fewest trips, in at most ``reuse`` trips."""
    _, rows, columns, channels, filters = sizes
    best = Fold(sizes, sizes)
    for row, column in product({1, rows}, {1, columns}):
        around = rows // row * (columns // column)
        outputs = {math.ceil(filters / n) for n in range(1, min(filters, reuse // around) + 1)}
        for width in outputs:
            left = reuse // (around * math.ceil(filters / width))
            depth = math.ceil(channels / min(left, channels))
            each = Fold(sizes, (1, row, column, depth, width))
            best = min(best, each, key=lambda f: (f.products, f.trips, f.tile))
    return best.sizes, best.tile
