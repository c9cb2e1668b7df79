"""FIFOs of streams: their memory, and the logic around it as measured by depth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from qhls.synthesis.families import BRAM, CARRY, COLUMNS, FF, LUT
from qhls.synthesis.streams.memories import map_memory

FifoLogic = Mapping[int, tuple[float, float, float]]
"""Look-up tables, those for each bit of a token, and carry cells beside the memory, by depth."""


@dataclass(frozen=True, slots=True)
class FifoTable:
    """The logic of FIFOs of a family, by what their memory consists of."""

    logic: Mapping[str, FifoLogic]

    def find(self, kind: str, depth: int) -> tuple[float, float, float]:
        """Return the logic of a FIFO; between two measured depths, on the line between theirs."""
        rows = self.logic[kind]
        known = sorted(rows)
        place = min(bisect_left(known, depth), len(known) - 1)
        low, high = known[max(place - 1, 0)], known[place]
        if depth >= high or low == high:
            return rows[high]
        share = (depth - low) / (high - low)
        pairs = zip(rows[low], rows[high], strict=True)
        first, bits, carry = (a + (b - a) * share for a, b in pairs)
        return first, bits, carry


def count_fifo(family: str, table: FifoTable, width: int, depth: int) -> dict[str, float]:
    """Return the resources of a FIFO of ``depth`` tokens of ``width`` bits.

    Registers: the places of the oldest and the newest token, one of them twice where the memory has its own, two
    counts, and tokens in logic. A block of memory keeps a token that is read as it is written.
    """
    memory = map_memory(family, width, depth, "ram")
    first, bits, carry = table.find(memory.kind, depth)
    registers = 3 * (depth - 1).bit_length() + 2 * depth.bit_length()
    if memory.kind == "logic":
        registers += width * depth
    if memory.kind == BRAM:
        registers += width + 1
    counts: dict[str, float] = dict.fromkeys(COLUMNS, 0.0)
    counts |= {FF: registers, CARRY: carry, LUT: first + bits * width}
    if memory.ram:
        counts[memory.kind] += memory.cells
    return counts
