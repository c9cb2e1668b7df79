"""Step functions in logic: a table, parallel comparisons, or a binary search."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from qhls.ir.types import Fixed
from qhls.rtl.builder import Builder

_LUT_INPUTS = 6
_WIDEST_TABLE = 16
"""Maximum number of address bits of a table: 2**16 lines of Verilog."""


def build_steps(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Build ``values[number of steps <= x]`` in the form with the fewest LUTs; return its cell.

    ``steps``: thresholds in ascending order.
    """
    first, last = (bisect_right(steps, end) for end in (build.get_lo(x), build.get_hi(x)))
    steps, values = steps[first:last], values[first : last + 1]
    kept = [i for i in range(len(steps)) if values[i] != values[i + 1]]
    steps, values = [steps[i] for i in kept], [values[0], *(values[i + 1] for i in kept)]
    if not steps:
        return build.make_const(values[0])
    width = build.cells[x].type.width
    out = Fixed.from_range(min(values), max(values), 0).width
    forms = {
        _make_table: out * _count_rom_luts(width) if width <= _WIDEST_TABLE else float("inf"),
        _make_tree: len(steps) * (width / 3 + out),
        _search: _count_search_luts(len(steps), width, out),
    }
    return min(forms, key=lambda form: forms[form])(build, x, steps, values)


def _count_rom_luts(bits: int) -> float:
    """Return the number of LUTs per output bit of a table with 2**bits entries."""
    return max(1.0, 2.0 ** (bits - _LUT_INPUTS))


def _count_search_luts(count: int, width: int, out: int) -> float:
    stages = count.bit_length()
    return out * _count_rom_luts(stages) + sum(
        0.7 * width + width * _count_rom_luts(stage) for stage in range(stages)
    )


def _make_table(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    codes = range(build.get_lo(x), build.get_hi(x) + 1)
    return build.make_table(x, [values[bisect_right(steps, code)] for code in codes])


def _make_tree(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Build a tree of multiplexers whose select bits are all computed in parallel."""
    if not steps:
        return build.make_const(values[0])
    half = len(steps) // 2
    below = _make_tree(build, x, steps[:half], values[: half + 1])
    above = _make_tree(build, x, steps[half + 1 :], values[half + 1 :])
    return build.make_mux(build.make_less(x, build.make_const(steps[half])), below, above)


def _search(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Build a binary search: each bit of the index takes one comparison with a threshold from a table."""
    stages = len(steps).bit_length()
    size = 1 << stages
    beyond = build.get_hi(x) + 1
    padded = [*steps, *[beyond] * (size - 1 - len(steps))]
    levels = [*values, *[values[-1]] * (size - len(values))]
    index = build.make_const(0)
    for stage in range(stages):
        gap = size >> stage
        limit = _look_up(build, index, padded[gap // 2 - 1 :: gap])
        below = build.make_less(x, limit)
        index = build.append(index, build.make_mux(below, build.make_const(0), build.make_const(1)))
    return _look_up(build, index, levels)


def _look_up(build: Builder, index: int, entries: Sequence[int]) -> int:
    return build.make_table(index, entries[build.get_lo(index) : build.get_hi(index) + 1])
