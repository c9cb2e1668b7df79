"""Analysis of netlists that Yosys has mapped: the number of cells, and the layers on the longest path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

_STORES = ("FD", "DFF", "SB_DFF", "TRELLIS_FF", "SRL", "RAM", "DP16", "PDPW", "SDP", "pROM")
"""Prefixes of the types of sequential cells and memories, at which paths begin and end."""
_FREE = ("INV", "GND", "VCC", "BUFG", "IBUF", "OBUF")


def count_cells(module: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of cells of each kind."""
    return dict(Counter(cell["type"] for cell in module["cells"].values()))


def find_longest_path(
    module: Mapping[str, Any], find_owner: Callable[[str], str | None]
) -> list[tuple[str, int]]:
    """Return the layers on the register-to-register path with the most cells, each with its number of cells.

    The list is empty if cells form a cycle. Layers are in path order. ``find_owner`` returns the layer of a wire of the
    emitted Verilog, by its name. Cells between two such wires belong to the layer of the later one.
    """
    names = _name_bits(module, find_owner)
    drivers: dict[Any, str] = {}
    reads: dict[str, set[Any]] = {}
    for name, cell in module["cells"].items():
        if cell["type"].startswith(_STORES):
            continue
        reads[name] = set()
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                drivers.update(dict.fromkeys(bits, name))
            else:
                reads[name] |= {bit for bit in bits if isinstance(bit, int)}
    before = {
        name: {drivers[bit] for bit in bits if bit in drivers} for name, bits in reads.items()
    }
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError:
        return []
    longest: dict[str, tuple[int, str | None]] = {}
    for name in order:
        best = max(before[name], key=lambda each: longest[each][0], default=None)
        own = 0 if module["cells"][name]["type"].startswith(_FREE) else 1
        longest[name] = (longest[best][0] if best else 0) + own, best
    end = max(longest, key=lambda each: longest[each][0], default=None)
    return _follow(module, longest, end, names)


def _name_bits(
    module: Mapping[str, Any], find_owner: Callable[[str], str | None]
) -> dict[Any, str]:
    """Return the layer of each bit that belongs to a named wire of the emitted Verilog."""
    names: dict[Any, str] = {}
    for name, net in module["netnames"].items():
        owner = find_owner(name)
        if owner is not None:
            names.update(dict.fromkeys(net["bits"], owner))
    return names


def _follow(
    module: Mapping[str, Any],
    longest: Mapping[str, tuple[int, str | None]],
    end: str | None,
    names: Mapping[Any, str],
) -> list[tuple[str, int]]:
    """Return the layers on the longest path that ends at the cell ``end``, each with its number of cells."""
    path: list[tuple[str, int]] = []
    layer = "outputs"
    while end is not None:
        cell = module["cells"][end]
        outputs = [
            bit
            for port, bits in cell["connections"].items()
            if cell["port_directions"][port] == "output"
            for bit in bits
        ]
        layer = next((names[bit] for bit in outputs if bit in names), layer)
        own = longest[end][0] - (longest[previous][0] if (previous := longest[end][1]) else 0)
        if path and path[-1][0] == layer:
            path[-1] = layer, path[-1][1] + own
        else:
            path.append((layer, own))
        end = previous
    return path[::-1]
