"""Memories of Verilog as Yosys maps them: registers, look-up tables or blocks, whichever costs least.

The costs are those of its pass ``memory_libmap`` and of its libraries of memories for each family.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qhls.synthesis.families import BRAM, LUT

_Access = Literal["ram", "rom"]
"""Reading of a memory: at a register's address, the new word if it is just written; or of constants."""

_LOGIC = {"ram": 1.0, "rom": 1 / 16}
"""Cost of a bit without a memory."""
_EMULATED = 2.0
_CHOICE = 0.5
"""Costs of what surrounds a memory: a point of emulation, and a bit of a choice among banks."""


@dataclass(frozen=True, slots=True)
class Ram:
    """A kind of memory: 2**``depth`` words of ``widths[0]`` bits, half as many of ``widths[1]``, and so on.

    ``cost`` of one; ``scaled``: the part of it that is shared by the bits in use. ``takes``: what one is made of.
    ``read_only``: whether constants may lie in it. ``byte``: bits that are written alone; 0 for all. ``narrowest``: the
    first of ``widths`` that a write may have.
    """

    takes: tuple[str, int]
    cost: float
    depth: int
    widths: tuple[int, ...]
    scaled: float = 0.0
    read_only: bool = False
    byte: int = 0
    narrowest: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A memory in ``count`` pieces of ``ram``, None for logic; ``banks`` of them follow each other."""

    ram: Ram | None
    count: int
    banks: int
    cost: float

    @property
    def kind(self) -> str:
        """Return ``LUT`` or ``BRAM``, or "logic"."""
        return self.ram.takes[0] if self.ram else "logic"

    @property
    def cells(self) -> int:
        """Return the look-up tables or blocks."""
        return self.count * self.ram.takes[1] if self.ram else 0


def map_memory(family: str, width: int, words: int, access: _Access) -> Placed:
    """Return what a memory of ``words`` words becomes on a family: what costs least, logic where nothing costs less."""
    best = Placed(None, 0, 1, width * words * _LOGIC[access])
    for ram in RAMS[family]:
        if ram.read_only or access == "ram":
            placed = min(_list_shapes(ram, width, words, access), key=lambda each: each.cost)
            best = min(best, placed, key=lambda each: each.cost)
    return best


def _list_shapes(ram: Ram, width: int, words: int, access: _Access) -> Iterator[Placed]:
    """Yield the ways to build a memory of one kind, by the width of its pieces."""
    writes = access == "ram"
    score = 4 if writes else 1  # a word that is just written; one more port
    for base, unit in enumerate(ram.widths):
        byte = (min(ram.byte, unit) or unit) if writes else 1
        if writes and base < ram.narrowest and byte == unit and unit < ram.byte:
            continue
        banks = -(-words // (1 << (ram.depth - base)))
        count = -(-banks * (-(-width // byte) * byte) // unit)
        cost = (ram.cost - ram.scaled) * count + ram.scaled * banks * width / unit
        cost += _CHOICE * (banks - 1) * width + score * _EMULATED
        cost += _CHOICE * banks if writes and banks > 1 else 0.0
        yield Placed(ram, count, banks, cost)


_BLOCK = (1, 2, 4, 9, 18, 36)


_BLOCKS = (
    Ram((BRAM, 1), 129, 14, _BLOCK, read_only=True, byte=9, narrowest=5),
    Ram((BRAM, 2), 257, 15, (*_BLOCK, 72), read_only=True, byte=9, narrowest=6),
)
"""The blocks of AMD, of 18 and of 36 kbit."""

RAMS: dict[str, tuple[Ram, ...]] = {
    "xc7": (
        *(Ram((LUT, 4), 8, d, (w,), 8) for d, w in ((5, 4), (6, 2), (7, 1))),
        *(Ram((LUT, 4), 8, d, (w,), 7) for d, w in ((5, 6), (6, 3))),
        *_BLOCKS,
    ),
    "xcup": (
        *(Ram((LUT, 8), 16, d, (w,), 16) for d, w in ((5, 8), (6, 4), (7, 2), (8, 1))),
        *(Ram((LUT, 8), 16, d, (w,), 16) for d, w in ((5, 14), (6, 7))),
        *_BLOCKS,
    ),
    "ice40": (Ram((BRAM, 1), 64, 11, (2, 4, 8, 16), read_only=True, byte=1),),
    "ecp5": (
        Ram((LUT, 6), 4, 4, (4,)),
        Ram((BRAM, 1), 128, 14, _BLOCK, read_only=True, byte=9, narrowest=5),
        Ram((BRAM, 1), 128, 14, _BLOCK[:-1], read_only=True, byte=9),
    ),
    "gowin": (
        Ram((LUT, 6), 4, 4, (4,), 4),
        Ram((BRAM, 1), 128, 14, _BLOCK, read_only=True, byte=9),
    ),
}
"""The kinds of memory of each family, as Yosys' libraries describe them."""
