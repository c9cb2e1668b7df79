"""Writers of C expressions for indices, conditions and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

LITERAL_BITS = 53
"""The number of significant bits of a C literal of type double; wider numbers are written as sums of literals."""


def write_offset(indices: Sequence[str], dims: Sequence[int]) -> str:
    """Return the C expression of the row-major offset of ``indices`` in an array of shape ``dims``."""
    terms: list[str] = []
    for axis, index in enumerate(indices):
        stride = math.prod(dims[axis + 1 :])
        if dims[axis] > 1:
            grouped = f"({index})" if " " in index and stride > 1 else index
            terms.append(f"{grouped} * {stride}" if stride > 1 else grouped)
    return " + ".join(terms) or "0"


def write_literal(code: int, frac: int, type_name: str) -> str:
    """Return ``code * 2**-frac`` as a C literal, or as a sum of literals of the type if a double is too narrow."""
    sign, rest = (-1 if code < 0 else 1), abs(code)
    zeros = max((rest & -rest).bit_length() - 1, 0)
    places = range(zeros, max(rest.bit_length(), zeros + 1), LITERAL_BITS)
    parts = {place: sign * (rest >> place & (1 << LITERAL_BITS) - 1) for place in places}
    texts = [repr(math.ldexp(part, place - frac)) for place, part in parts.items() if part]
    if len(texts) <= 1:
        return "".join(texts) or "0.0"
    return " + ".join(f"{type_name}({text})" for text in texts)


def write_sum(*terms: tuple[str, int]) -> str:
    """Return the C expression of a sum of products, each of a variable and a constant factor."""
    return " + ".join(f"{name} * {factor}" if factor != 1 else name for name, factor in terms)


def list_conditions(
    widths: Sequence[tuple[int, int]], dims: Sequence[int], names: Sequence[str] = ()
) -> list[str]:
    """Return the C conditions under which the element ``names`` of a padded tensor comes from its operand.

    ``widths``: the padding before and after each axis; ``dims``: the shape of the operand. ``names``: by default
    ``i0``, ``i1``, ...
    """
    conditions: list[str] = []
    names = names or [f"i{axis}" for axis in range(len(dims))]
    for name, (before, after), size in zip(names, widths, dims, strict=True):
        conditions += [f"{name} >= {before}"] if before else []
        conditions += [f"{name} < {before + size}"] if after else []
    return conditions
