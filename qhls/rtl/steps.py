"""Step functions of one number as logic: a table, comparisons side by side, or a search by halving."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from qhls.ir.types import Fixed
from qhls.rtl.builder import Builder

_LUT_INPUTS = 6
_WIDEST_TABLE = 16
"""Bits of the longest table: 2**16 lines of Verilog."""


def build_steps(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Return ``values[number of steps <= x]``, in the form with the fewest LUTs. ``steps`` rise."""
    first, last = (bisect_right(steps, end) for end in (build.lo(x), build.hi(x)))
    steps, values = steps[first:last], values[first : last + 1]
    kept = [i for i in range(len(steps)) if values[i] != values[i + 1]]
    steps, values = [steps[i] for i in kept], [values[0], *(values[i + 1] for i in kept)]
    if not steps:
        return build.const(values[0])
    width = build.cells[x].type.width
    out = Fixed.from_range(min(values), max(values), 0).width
    forms = {
        _table: out * _rom(width) if width <= _WIDEST_TABLE else float("inf"),
        _tree: len(steps) * (width / 3 + out),
        _search: _search_luts(len(steps), width, out),
    }
    return min(forms, key=lambda form: forms[form])(build, x, steps, values)


def _rom(bits: int) -> float:
    """Return the LUTs of one output of a table of 2**bits entries."""
    return max(1.0, 2.0 ** (bits - _LUT_INPUTS))


def _search_luts(count: int, width: int, out: int) -> float:
    stages = count.bit_length()
    return out * _rom(stages) + sum(0.7 * width + width * _rom(stage) for stage in range(stages))


def _table(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    codes = range(build.lo(x), build.hi(x) + 1)
    return build.table(x, [values[bisect_right(steps, code)] for code in codes])


def _tree(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Return a tree of choices whose bits are all computed at once."""
    if not steps:
        return build.const(values[0])
    half = len(steps) // 2
    below = _tree(build, x, steps[:half], values[: half + 1])
    above = _tree(build, x, steps[half + 1 :], values[half + 1 :])
    return build.mux(build.less(x, build.const(steps[half])), below, above)


def _search(build: Builder, x: int, steps: Sequence[int], values: Sequence[int]) -> int:
    """Return the entry whose index is found bit by bit, each time with a threshold from a table."""
    stages = len(steps).bit_length()
    size = 1 << stages
    beyond = build.hi(x) + 1
    padded = [*steps, *[beyond] * (size - 1 - len(steps))]
    levels = [*values, *[values[-1]] * (size - len(values))]
    index = build.const(0)
    for stage in range(stages):
        gap = size >> stage
        limit = _entry(build, index, padded[gap // 2 - 1 :: gap])
        below = build.less(x, limit)
        index = build.append(index, build.mux(below, build.const(0), build.const(1)))
    return _entry(build, index, levels)


def _entry(build: Builder, index: int, entries: Sequence[int]) -> int:
    return build.table(index, entries[build.lo(index) : build.hi(index) + 1])
