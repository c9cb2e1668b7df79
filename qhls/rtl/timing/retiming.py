"""Retiming: cells move between stages to save register bits, with the same latency and clock period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qhls.rtl.netlist import Kind, Netlist

_SLACK = 1 + 1e-9
"""Relative tolerance for rounding errors in sums of delays."""
_MOST_MOVED = 60
"""Maximum number of cells in one move."""


def retime(
    netlist: Netlist,
    stages: Sequence[int],
    free: Sequence[bool],
    delays: Sequence[float],
    room: float,
) -> list[int]:
    """Return the stage of each cell after retiming, with no more register bits than ``stages``.

    ``free``: the cells whose registers are in front of them. ``room``: nanoseconds that the cells between two registers
    may take. Cells move by a stage, with those that must move along, as long as that saves bits.
    """
    moves = _Moves(netlist, stages, free, find_long_paths(netlist, delays, room))
    while moves.improve():
        pass
    return moves.stages


def find_long_paths(
    netlist: Netlist, delays: Sequence[float], room: float
) -> list[tuple[int, int]]:
    """Return the first and last cell of each minimal path that is too slow to fit between two registers."""
    last = list(range(len(netlist.cells)))
    for place, cell in enumerate(netlist.cells):
        for arg in cell.args:
            last[arg] = place
    times: dict[int, dict[int, float]] = {}
    """Longest delay of the paths that fit, by their last cell, then by their first cell."""
    paths: list[tuple[int, int]] = []
    for place, (cell, delay) in enumerate(zip(netlist.cells, delays, strict=True)):
        longest: dict[int, float] = {}
        for arg in set(cell.args):
            for start, time in times[arg].items():
                longest[start] = max(longest.get(start, 0.0), time + delay)
        far = [start for start, time in longest.items() if delay and time > room * _SLACK]
        paths += [(start, place) for start in far]
        for start in far:
            del longest[start]
        times[place] = {**longest, place: delay} if delay else longest
        for arg in set(cell.args):
            if last[arg] == place:
                del times[arg]
    return paths


class _Moves:
    """The stages of cells, the constraints between stages, and the registers that the stages need."""

    def __init__(
        self,
        netlist: Netlist,
        stages: Sequence[int],
        free: Sequence[bool],
        apart: Iterable[tuple[int, int]],
    ) -> None:
        cells = netlist.cells
        self.stages = list(stages)
        self._free = free
        self._last = max(stages, default=0)
        self._widths = [cell.type.width for cell in cells]
        self._fixed = [cell.kind in (Kind.INPUT, Kind.CONST) for cell in cells]
        self._behind: list[list[tuple[int, int]]] = [[] for _ in cells]
        """Cells that come at least a number of stages after each cell, with that number."""
        self._before: list[list[tuple[int, int]]] = [[] for _ in cells]
        self._roots: list[int] = []
        """Cell whose registers delay the value of each cell; wiring cells follow these registers."""
        self._sources: list[list[int]] = []
        self._readers: list[list[int]] = [[] for _ in cells]
        for place, cell in enumerate(cells):
            args = [arg for arg in dict.fromkeys(cell.args) if cells[arg].kind is not Kind.CONST]
            self._roots.append(self._roots[args[0]] if free[place] and args else place)
            self._sources.append(list(dict.fromkeys(self._roots[arg] for arg in args)))
            for arg in args:
                self._bound(arg, place, 0)
            if self._roots[place] == place:
                for source in self._sources[place]:
                    self._readers[source].append(place)
        for first, second in apart:
            self._bound(first, second, 1)
        ends = (cell for port in netlist.outputs for cell in port.cells)
        self._outputs = {self._roots[cell] for cell in ends}

    def _bound(self, first: int, second: int, stages: int) -> None:
        self._behind[first].append((second, stages))
        self._before[second].append((first, stages))

    def improve(self) -> int:
        """Try to move each cell, or all operands or readers of a cell; return the number of register bits saved."""
        saved = 0
        for place in reversed(range(len(self.stages))):
            saved += self._repeat([place], 1)
            if len(self._sources[place]) > 1:
                saved += self._repeat(self._sources[place], 1)
        for place in range(len(self.stages)):
            saved += self._repeat([place], -1)
            readers = self._readers[place]
            if len(readers) > 1:
                latest = max(self.stages[reader] for reader in readers)
                saved += self._repeat([r for r in readers if self.stages[r] == latest], -1)
        return saved

    def _repeat(self, cells: Sequence[int], step: int) -> int:
        saved = 0
        while gain := self._move(cells, step):
            saved += gain
        return saved

    def _move(self, cells: Sequence[int], step: int) -> int:
        """Move ``cells`` by ``step`` stages, with cells that must follow, if that saves bits; return the bits saved."""
        moved = self._find_moved(cells, step)
        touched = {root for cell in moved for root in (self._roots[cell], *self._sources[cell])}
        before = self._count_bits(touched)
        for cell in moved:
            self.stages[cell] += step
        saved = before - self._count_bits(touched)
        if saved > 0:
            return saved
        for cell in moved:
            self.stages[cell] -= step
        return 0

    def _find_moved(self, cells: Sequence[int], step: int) -> set[int]:
        """Return ``cells`` and all cells that must move with them; an empty set if one cannot or they are too many."""
        moved, front = set[int](), list(cells)
        while front:
            cell = front.pop()
            if cell in moved:
                continue
            stage = self.stages[cell] + step
            if self._fixed[cell] or not 0 <= stage <= self._last or len(moved) == _MOST_MOVED:
                return set()
            moved.add(cell)
            for other, apart in (self._behind if step > 0 else self._before)[cell]:
                if (self.stages[other] - stage) * step < apart:
                    front.append(other)
        return moved

    def _count_bits(self, cells: Iterable[int]) -> int:
        """Return the number of bits of the registers that delay the values of ``cells``."""
        stages, bits = self.stages, 0
        for cell in cells:
            last = max((stages[reader] for reader in self._readers[cell]), default=stages[cell])
            end = self._last if cell in self._outputs else last
            bits += self._widths[cell] * (end - stages[cell])
        return bits
