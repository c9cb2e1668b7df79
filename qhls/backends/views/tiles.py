"""View, for the templates, of a product that multiplies one tile of its weights after another."""

from __future__ import annotations

from dataclasses import dataclass

from qhls.backends.expressions import write_offset, write_sum
from qhls.plan import Fold


@dataclass(frozen=True)
class CFold:
    """The loops over tiles of weights: groups ``b``, filters ``f``, rows ``i``, columns ``j`` and channels ``g``.

    The loops within a tile: results ``p``, rows ``i``, columns ``j`` and channels ``s``. An axis of one tile has no
    loop over tiles. Rows and columns cut into tiles of several have the loops ``i0`` and ``j0`` within a tile.
    """

    fold: Fold

    @property
    def loops(self) -> list[tuple[str, int]]:
        """Return the variable and the number of trips of each loop over tiles, outermost first."""
        return [(loop.name, loop.trips) for loop in self.fold.loops if loop.trips > 1]

    @property
    def first(self) -> str:
        """Return the C condition that the tile is the first of a sum; empty if a sum needs only one tile."""
        return " && ".join(f"{name} == 0" for name, _ in self.loops if name not in "bf")

    @property
    def last(self) -> str:
        """Return the C condition that the tile is the last of a sum; empty if a sum needs only one tile."""
        return " && ".join(f"{name} == {n - 1}" for name, n in self.loops if name not in "bf")

    @property
    def window(self) -> list[tuple[str, int]]:
        """Return the variable and the number of trips of each unrolled loop over one result's weights in a tile."""
        around = {name for name, _ in self.loops}
        pairs = zip(self._names, self.fold.tile[1:4], strict=True)
        return [(name, count) for name, count in pairs if name not in around]

    @property
    def row(self) -> str:
        """Return the C expression of the kernel row of the current weight."""
        return self._join("i", 1)

    @property
    def column(self) -> str:
        """Return the C expression of the kernel column of the current weight."""
        return self._join("j", 2)

    @property
    def results(self) -> int:
        """Return the number of results to which a tile contributes."""
        return self.fold.pe

    @property
    def is_shared(self) -> bool:
        """Return whether all results of a tile read the same inputs: they belong to one group."""
        return self.fold.tile[0] == 1

    @property
    def channel(self) -> str:
        """Return the C expression of the index of the current input channel."""
        depth, count = self.fold.tile[3], self.fold.counts[3]
        within = write_sum(("g", depth), ("s", 1)) if count > 1 else "s"
        return self._add(self._group, self.fold.sizes[3], within)

    @property
    def filter(self) -> str:
        """Return the C expression of the index of the current result."""
        if self.fold.counts[4] > 1:
            return self._add("b", self.fold.sizes[4], write_sum(("f", self.fold.tile[4]), ("p", 1)))
        return self._add("b", self.fold.pe, "p")

    @property
    def beyond(self) -> tuple[str, str]:
        """Return the C conditions that channel and filter exist, each empty if tiles divide its axis evenly."""
        conditions: list[str] = []
        for axis, index in ((3, self.channel), (4, self.filter)):
            size = self.fold.sizes[axis]
            conditions.append(f"{index} < {size}" if size % self.fold.tile[axis] else "")
        return conditions[0], conditions[1]

    @property
    def weight(self) -> str:
        """Return the C expression of the index of the current weight in the table of tiles."""
        groups, rows, columns, channels, filters = self.fold.counts
        tile_rows, tile_columns, depth = self.fold.tile[1:4]
        indices = ("b", "f", "i", "j", "g", "p", *self._names)
        tiles = (groups, filters, rows, columns, channels)
        return write_offset(indices, (*tiles, self.fold.pe, tile_rows, tile_columns, depth))

    @property
    def _names(self) -> tuple[str, str, str]:
        """Return the C variables of row, column and channel within a tile."""
        return "i0" if self._is_cut("i") else "i", "j0" if self._is_cut("j") else "j", "s"

    @property
    def _group(self) -> str:
        """Return the C expression of the group of the current result; empty if the product has only one group."""
        groups, tile, filters = self.fold.sizes[0], self.fold.tile[0], self.fold.tile[4]
        if groups == 1:
            return ""
        if tile == 1:
            return "b"
        within = f"p / {filters}" if filters > 1 else "p"
        return f"(b * {tile} + {within})" if self.fold.counts[0] > 1 else f"({within})"

    def _add(self, name: str, factor: int, rest: str) -> str:
        """Return the C expression ``name * factor + rest``, without terms that are always 0."""
        if not name or (name == "b" and self.fold.counts[0] == 1):
            return rest
        return f"{write_sum((name, factor))} + {rest}" if rest != "s" or factor > 1 else name

    def _is_cut(self, name: str) -> bool:
        """Return whether rows (``i``) or columns (``j``) are split into tiles that contain several of them."""
        axis = {"i": 1, "j": 2}.get(name)
        return axis is not None and self.fold.counts[axis] > 1 and self.fold.tile[axis] > 1

    def _join(self, name: str, axis: int) -> str:
        """Return the C expression of the index along ``axis`` of the current weight."""
        if self._is_cut(name):
            return f"({write_sum((name, self.fold.tile[axis]), (f'{name}0', 1))})"
        return name
