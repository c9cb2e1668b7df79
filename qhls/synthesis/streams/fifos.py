"""Area of FIFOs: their memory, and the logic around it, interpolated between measured depths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qhls.synthesis.families import BRAM, CARRY, COLUMNS, FF, LUT
from qhls.synthesis.streams.memories import map_memory

FifoLogic = Mapping[int, tuple[float, float, float]]
"""Depth of a FIFO -> its logic besides the memory: look-up tables, look-up tables per bit of a token, carry cells."""


@dataclass(frozen=True, slots=True)
class FifoTable:
    """Measured logic of the FIFOs of a family, by kind of memory ("LUT", "BRAM" or "logic")."""

    logic: Mapping[str, FifoLogic]

    def find(self, kind: str, depth: int) -> tuple[float, float, float]:
        """Return the logic of a FIFO, interpolated between measured depths; beyond them, that of the nearest one."""
        rows = self.logic[kind]
        known = sorted(rows)
        columns = zip(*(rows[each] for each in known), strict=True)
        first, bits, carry = (float(np.interp(depth, known, column)) for column in columns)
        return first, bits, carry


def count_fifo(family: str, table: FifoTable, width: int, depth: int) -> dict[str, float]:
    """Return the resources of a FIFO of ``depth`` tokens of ``width`` bits.

    Registers are the read and write addresses (one of them twice), two counts, and the tokens if they are stored in
    logic. With block RAM, one more token is stored to bypass the memory if it is read while it is written.
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
