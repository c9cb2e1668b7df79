"""Look-up tables of functions that are given as truth tables: those of constant tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qhls.ir.integers import Array
from qhls.rtl.netlist import Cell
from qhls.synthesis.families import Family


def list_columns(cell: Cell, source: Cell) -> list[Array]:
    """Return the truth table of each bit of a constant table, for the codes of ``source``, which it reads."""
    width = source.type.width
    codes = range(source.type.lo, source.type.hi + 1)
    entries = [cell.setting[min(max(c - source.lo, 0), len(cell.setting) - 1)] for c in codes]
    entries = [entries[(p - source.type.lo) % len(entries)] for p in range(1 << width)]
    return [
        np.array([entry >> bit & 1 for entry in entries], np.uint8)
        for bit in range(cell.type.width)
    ]


def count_functions(
    columns: Sequence[Array],
    family: Family,
    seen: set[object] | None = None,
    operand: tuple[int, ...] = (),
) -> float:
    """Return the number of look-up tables of functions of the bits of ``operand``, given as truth tables.

    Functions that were ``seen`` before are shared; the set grows.
    """
    known: set[object] = set() if seen is None else seen
    return sum(_price_function(operand, column, known, family) for column in columns)


def _price_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> float:
    """Return the expected number of look-up tables of a function after technology mapping."""
    beyond = len(find_inputs(column)) - len(family.costs)
    waste = family.spent[min(beyond, len(family.spent)) - 1] if beyond > 0 else 1.0
    return waste * _count_function(operand, column, seen, family)


def _count_function(
    operand: tuple[int, ...], column: Array, seen: set[object], family: Family
) -> int:
    """Return the number of look-up tables of a function of the bits of ``operand``; 0 if it was ``seen`` before.

    A function with too many inputs is a multiplexer, by its highest input, between two functions of the others.
    """
    inputs = find_inputs(column)
    if len(inputs) <= 1:
        return 0
    key = operand, column.tobytes()
    if key in seen:
        return 0
    seen.add(key)
    costs = family.costs
    if len(inputs) <= len(costs):
        return costs[len(inputs) - 1]
    halves = column.reshape(-1, 2, 1 << inputs[-1])
    return 1 + sum(
        _count_function(operand, halves[:, side].ravel(), seen, family) for side in (0, 1)
    )


def find_inputs(column: Array) -> list[int]:
    """Return the indices of the inputs on which a truth table depends."""
    places = range(len(column).bit_length() - 1)
    halves = (column.reshape(-1, 2, 1 << place) for place in places)
    return [
        place
        for place, pair in zip(places, halves, strict=True)
        if not np.array_equal(pair[:, 0], pair[:, 1])
    ]
