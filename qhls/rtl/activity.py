"""Switching activity of a netlist: how often its wires toggle on the user's data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qhls.ir.integers import Array
from qhls.rtl.netlist import WIRES, Kind, Netlist

_MACHINE = 62
"""Width in bits of the widest code whose toggles NumPy counts in 64-bit integers."""


def count_toggles(netlist: Netlist, codes: Sequence[Array]) -> dict[str, tuple[int, float]]:
    """Return the number of wire bits and of their toggles per inference, by op.

    Samples follow one another as inputs of the hardware. Glitches are not counted. Wires without logic are counted
    where their source is. Registers delay a wire and do not change its toggles.

    ``codes``: input codes (samples, *shape), at least two samples, one array per port.
    """
    bits: dict[str, int] = {}
    toggles: dict[str, int] = {}
    for index, values in netlist.walk_values(codes):
        cell = netlist.cells[index]
        if cell.kind in WIRES or cell.kind is Kind.REG:
            continue
        name, _ = netlist.labels[index]
        bits[name] = bits.get(name, 0) + cell.type.width
        toggles[name] = toggles.get(name, 0) + count_changes(values, cell.type.width)
    steps = len(codes[0]) - 1
    return {name: (width, toggles[name] / steps) for name, width in bits.items()}


def count_changes(codes: Array, width: int) -> int:
    """Return the total number of bits that toggle between consecutive codes of ``width`` bits."""
    if width <= _MACHINE:
        patterns = codes.astype(np.int64) & ((1 << width) - 1)
        return int(np.bitwise_count(patterns[1:] ^ patterns[:-1]).sum())
    mask = (1 << width) - 1
    numbers = [int(code) & mask for code in codes.tolist()]
    return sum((a ^ b).bit_count() for a, b in zip(numbers[1:], numbers[:-1], strict=True))
