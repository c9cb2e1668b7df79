"""Forms of area formulas: functions from the sizes of a primitive to terms, whose coefficients a table contains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

_Terms = Callable[[tuple[int, ...]], Sequence[float]]


def _list_digit_terms(sizes: tuple[int, ...]) -> Sequence[float]:
    bits, digits = sizes
    return ((digits - 1) * bits, bits) if digits > 1 else (0.0, 0.0)


def _count_dsp48(sizes: tuple[int, ...]) -> Sequence[float]:
    """Return the number of DSP48E2 blocks of a product: one block multiplies 27 by 18 signed bits.

    Wider operands are cut into pieces of 26 and 17 unsigned bits.
    """
    wide, narrow = max(sizes), min(sizes)
    return (math.ceil(max(wide - 1, 1) / 26) * math.ceil(max(narrow - 1, 1) / 17),)


def _count_bram18(sizes: tuple[int, ...]) -> Sequence[float]:
    """Return the smallest number of 18 kbit blocks of one shape that store ``depth`` words of ``width`` bits."""
    depth, width = sizes
    shapes = ((1, 16384), (2, 8192), (4, 4096), (9, 2048), (18, 1024), (36, 512))
    return (min(math.ceil(depth / words) * math.ceil(width / bits) for bits, words in shapes),)


def _list_fifo_terms(sizes: tuple[int, ...]) -> Sequence[float]:
    """Return two terms of a FIFO: its shift registers (0 if it is a block RAM), and its counters and comparisons.

    The control is that of FINN's generated FIFOs: five LUT per bit of a counter that is wide enough for the words and
    one more, less seven.
    """
    bits, words = sizes
    shifted = bits * math.ceil(words / 32) if bits * words <= SHIFTED else 0
    return shifted, 5 * (math.ceil(math.log2(words + 1)) + 1) - 7


SHIFTED = 1024
"""Size in bits of the largest FIFO that Vivado HLS builds from shift registers."""

FORMS: dict[str, _Terms] = {
    "c": lambda s: (1.0,),
    "c bits": lambda s: (s[0],),
    "c0 bits + c1": lambda s: (s[0], 1.0),
    "c0 bits + c1 missing": lambda s: (s[0], s[1]),
    "c max(a, b)^2": lambda s: (max(s[0], s[1]) ** 2,),
    "c (digits - 1) (a + b / 2)": lambda s: ((s[2] - 1) * (s[0] + s[1] / 2),),
    "c0 bits ceil(words / 32) + c1 (5 log2(words + 1) - 2)": _list_fifo_terms,
    "c a b": lambda s: (s[0] * s[1],),
    "c0 a b + c1 (a + b)": lambda s: (s[0] * s[1], s[0] + s[1]),
    "c (digits - 1) bits": lambda s: _list_digit_terms(s)[:1],
    "c0 (digits - 1) bits + c1 bits": _list_digit_terms,
    "c bits stages": lambda s: (s[0] * s[1],),
    "c bits ceil(stages / 2)": lambda s: (s[0] * math.ceil(s[1] / 2),),
    "c0 dropped + c1 kept": lambda s: (s[0], s[1]),
    "c bits entries": lambda s: (s[0] * s[1],),
    "c bits max(entries / 64, 1)": lambda s: (s[0] * max(s[1] / 64, 1),),
    "c bits max(entries - 1, 2)": lambda s: (s[0] * max(s[1] - 1, 2),),
    "c bits ceil(elements / 64)": lambda s: (s[1] * math.ceil(s[0] / 64),),
    "c (elements bits / 8192)^0.971": lambda s: ((s[0] * s[1] / 8192) ** 0.971,),
    "c DSP48E2 blocks": _count_dsp48,
    "c BRAM18 blocks": _count_bram18,
}
"""Functions that compute the terms of a formula, by the formula's text in area tables."""
