"""``Fold``: the tiles of weights through which a matrix product or convolution shares its multipliers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from qhls.ir.integers import Array
from qhls.ir.ops import Conv, Matmul
from qhls.ir.schedule import Schedule

Sizes = tuple[int, int, int, int]
"""Rows and columns of a kernel, input channels and filters."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Tiles of weights: one trip multiplies weights of ``sizes`` by one ``tile``; ``counts`` tiles cover each axis."""

    sizes: Sizes
    tile: Sizes

    @property
    def counts(self) -> Sizes:
        """Return the tiles along each axis; the last one of an axis may reach beyond it."""
        pairs = zip(self.sizes, self.tile, strict=True)
        rows, columns, channels, filters = (math.ceil(size / part) for size, part in pairs)
        return rows, columns, channels, filters

    @property
    def trips(self) -> int:
        """Return the number of all tiles."""
        return math.prod(self.counts)

    @property
    def products(self) -> int:
        """Return the multiplications of one trip."""
        return math.prod(self.tile)

    def tiled(self, codes: Array) -> Array:
        """Return weights, shaped as the op has them, as (trips, products), with zeros where a tile reaches beyond.

        Tiles are in the order of the loops: filters, rows, columns, channels. So are the weights of a tile.
        """
        spans = [count * part for count, part in zip(self.counts, self.tile, strict=True)]
        whole = np.zeros(spans, codes.dtype)
        whole[tuple(slice(size) for size in self.sizes)] = codes.reshape(self.sizes)
        split = [n for pair in zip(self.counts, self.tile, strict=True) for n in pair]
        order = (6, 0, 2, 4, 7, 1, 3, 5)
        return whole.reshape(split).transpose(order).reshape(self.trips, self.products)


def fold(op: object, schedule: Schedule) -> Fold | None:
    """Return the tiles through which ``op`` shares its multipliers; None where it shares none or has groups."""
    if isinstance(op, Matmul):
        sizes = (1, 1, *op.w.shape)
    elif isinstance(op, Conv) and op.groups == 1:
        sizes = op.w.shape
    else:
        return None
    rows, columns, channels, filters = sizes
    found = Fold(*_least((rows, columns, channels, filters), schedule.reuse_factor))
    return found if found.trips > 1 else None


@lru_cache(maxsize=1024)
def _least(sizes: Sizes, reuse: int) -> tuple[Sizes, Sizes]:
    """Return the tile of the fewest products in at most ``reuse`` trips; of equals, the one of the fewest trips."""
    rows, columns, channels, filters = sizes
    best = Fold(sizes, sizes)
    for row, column in product({1, rows}, {1, columns}):
        around = rows // row * (columns // column)
        outputs = {math.ceil(filters / n) for n in range(1, min(filters, reuse // around) + 1)}
        for width in outputs:
            left = reuse // (around * math.ceil(filters / width))
            depth = math.ceil(channels / min(left, channels))
            each = Fold(sizes, (row, column, depth, width))
            best = min(best, each, key=lambda f: (f.products, f.trips, f.tile))
    return best.sizes, best.tile
