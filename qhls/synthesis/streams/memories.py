"""Memories of Verilog as Yosys maps them: registers, look-up tables or blocks, whichever costs least.

The costs are those of its pass ``memory_libmap`` and of its memory libraries for each family.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qhls.synthesis.families import BRAM, LUT

_Access = Literal["ram", "rom"]
"""Access to a memory: "ram" is written too and read at a registered address; "rom" holds constants.

A word of a "ram" that is read while it is written has its new value.
"""

_LOGIC = {"ram": 1.0, "rom": 1 / 16}
"""Cost per bit of a memory that is mapped to logic, by access."""
_EMULATED = 2.0
_CHOICE = 0.5
"""Costs of the logic around a memory: per emulated feature, and per bit of the multiplexer between banks."""


@dataclass(frozen=True, slots=True)
class Ram:
    """A kind of memory: 2**``depth`` words of ``widths[0]`` bits, half as many of ``widths[1]``, and so on.

    ``takes``: the resource and number of cells of one memory. ``cost``: the cost of one; ``scaled``: the part of the
    cost that is proportional to the bits in use. ``read_only``: whether it can hold constants. ``byte``: the number of
    bits that can be written separately; 0 for the whole word. ``narrowest``: index of the first of ``widths`` that a
    write may have if it is narrower than a byte.
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
    """Mapping of a memory to ``count`` pieces of the kind ``ram``, or to logic if that is ``None``.

    ``banks``: the number of address ranges, each in separate pieces.
    """

    ram: Ram | None
    count: int
    banks: int
    cost: float

    @property
    def kind(self) -> str:
        """Return the resource that the memory takes: ``LUT``, ``BRAM`` or "logic"."""
        return self.ram.takes[0] if self.ram else "logic"

    @property
    def cells(self) -> int:
        """Return the number of look-up tables or block RAMs; 0 for logic."""
        return self.count * self.ram.takes[1] if self.ram else 0


def map_memory(family: str, width: int, words: int, access: _Access) -> Placed:
    """Return the cheapest mapping of a memory with ``words`` words of ``width`` bits on a family."""
    best = Placed(None, 0, 1, width * words * _LOGIC[access])
    for ram in RAMS[family]:
        if ram.read_only or access == "ram":
            placed = min(_list_shapes(ram, width, words, access), key=lambda each: each.cost)
            best = min(best, placed, key=lambda each: each.cost)
    return best


def _list_shapes(ram: Ram, width: int, words: int, access: _Access) -> Iterator[Placed]:
    """Yield the mappings of a memory to pieces of the kind ``ram``, one for each width of a piece."""
    writes = access == "ram"
    score = 4 if writes else 1  # emulated: bypass of a word that is just written, one more port
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
