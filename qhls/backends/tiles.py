"""Template view of a product that takes one tile of its weights after another."""

from __future__ import annotations

from dataclasses import dataclass

from qhls.backends.expressions import affine, flat
from qhls.plan import Fold


@dataclass(frozen=True)
class CFold:
    """A product's loops over tiles, of filters (``f``), rows (``i``), columns (``j``) and channels (``g``).

    Within a tile: filters ``p``, rows ``i``, columns ``j`` and channels ``s``. An axis of one tile has no loop around.
    """

    fold: Fold

    @property
    def loops(self) -> list[tuple[str, int]]:
        """Return variable and trips of each loop over tiles, outermost first."""
        return [(loop.name, loop.trips) for loop in self.fold.loops if loop.trips > 1]

    @property
    def first(self) -> str:
        """Return the condition of a sum's first tile, empty if it has no other."""
        return " && ".join(f"{name} == 0" for name, _ in self.loops if name != "f")

    @property
    def last(self) -> str:
        """Return the condition of a sum's last tile, empty if it has no other."""
        return " && ".join(f"{name} == {n - 1}" for name, n in self.loops if name != "f")

    @property
    def window(self) -> list[tuple[str, int]]:
        """Return variable and trips of the unrolled loops over one filter's part of a tile."""
        _, rows, columns, channels, _ = self.fold.tile
        around = {name for name, _ in self.loops}
        pairs = (("i", rows), ("j", columns), ("s", channels))
        return [(name, count) for name, count in pairs if name not in around]

    @property
    def filters(self) -> int:
        """Return the filters of a tile."""
        return self.fold.tile[4]

    @property
    def channel(self) -> str:
        """Return the index of the current input channel."""
        depth, count = self.fold.tile[3], self.fold.counts[3]
        return affine(("g", depth), ("s", 1)) if count > 1 else "s"

    @property
    def filter(self) -> str:
        """Return the index of the current filter."""
        return affine(("f", self.filters), ("p", 1)) if self.fold.counts[4] > 1 else "p"

    @property
    def beyond(self) -> tuple[str, str]:
        """Return the conditions under which channel and filter exist, empty where no tile reaches beyond them."""
        found: list[str] = []
        for axis, index in ((3, self.channel), (4, self.filter)):
            size = self.fold.sizes[axis]
            found.append(f"{index} < {size}" if size % self.fold.tile[axis] else "")
        return found[0], found[1]

    @property
    def weight(self) -> str:
        """Return the index of the current weight in the tiles."""
        _, rows, columns, channels, filters = self.fold.counts
        _, tile_rows, tile_columns, depth, width = self.fold.tile
        indices = ("f", "i", "j", "g", "p", "i", "j", "s")
        return flat(
            indices, (filters, rows, columns, channels, width, tile_rows, tile_columns, depth)
        )
