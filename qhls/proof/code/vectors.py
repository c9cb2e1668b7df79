"""Vectors on which a function is tried: all codes, a basis, all orders. Each is an array (vectors, elements)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from qhls.ir.integers import Array

_PART = 1 << 20
"""Largest number of codes in one array of vectors."""
_STRIDE = 0x9E3779B1
"""Odd factor that gives neighbours far codes: 2**32 divided by the golden ratio."""


def _split(vectors: int, elements: int) -> Iterator[Array]:
    """Yield the numbers of ``vectors`` vectors as columns, few enough at a time."""
    step = max(_PART // max(elements, 1), 1)
    for start in range(0, vectors, step):
        yield np.arange(start, min(start + step, vectors), dtype=np.int64)[:, None]


def list_all_codes(low: Array, high: Array) -> Iterator[Array]:
    """Yield vectors in which each element takes all its codes from ``low`` to ``high``, in different orders."""
    spans = high - low + 1
    starts = (np.arange(len(low)) * _STRIDE) % spans
    for number in _split(int(spans.max()), len(low)):
        yield low + (number + starts) % spans


def list_shared_codes(low: int, high: int, elements: int) -> Iterator[Array]:
    """Yield vectors whose elements together take all codes from ``low`` to ``high``."""
    for number in _split(-(-(high - low + 1) // elements), elements):
        yield np.minimum(low + number * elements + np.arange(elements), high)


def list_tags(low: Array, high: Array) -> Iterator[Array]:
    """Yield vectors of the lowest and the highest codes that differ for each pair of elements."""
    numbers = np.arange(len(low))
    bits = [numbers >> place & 1 for place in range(max(len(low) - 1, 1).bit_length())]
    yield np.array([np.where(chosen ^ turned, high, low) for chosen in bits for turned in (0, 1)])


def find_rest(low: Array, high: Array) -> Array:
    """Return the code of each element that is nearest to 0."""
    return np.clip(0, low, high)


def list_units(low: Array, high: Array) -> Iterator[Array]:
    """Yield the vectors of the codes nearest to 0 in which one element is one further, if it has several codes."""
    rest = find_rest(low, high)
    yield from _replace_one(rest, np.where(rest < high, rest + 1, np.maximum(rest - 1, low)))


def list_basis(low: Array, high: Array) -> Iterator[Array]:
    """Yield the vector of codes nearest to 0, then those in which one element is one further, lowest or highest."""
    rest = find_rest(low, high)
    yield rest[None]
    yield from list_units(low, high)
    yield from _replace_one(rest, low)
    yield from _replace_one(rest, high)


def _replace_one(rest: Array, codes: Array) -> Iterator[Array]:
    """Yield ``rest`` with one element after another replaced by that of ``codes``."""
    for number in _split(len(rest), len(rest)):
        places = number[:, 0]
        vectors = np.repeat(rest[None], len(number), 0)
        vectors[np.arange(len(number)), places] = codes[places]
        yield vectors


def list_ends(low: Array, high: Array, slopes: Array) -> Iterator[Array]:
    """Yield, for each linear function with the coefficients ``slopes`` (elements, functions), its two extremes."""
    for row in slopes.T:
        yield np.array([np.where(row > 0, high, low), np.where(row > 0, low, high)])


def list_orders(low: Array, high: Array, length: int) -> Iterator[Array]:
    """Yield vectors in which each row of ``length`` elements takes all weak orders, if all elements share enough codes.

    Fewer codes than elements are enough if all elements have the same.
    """
    base, top = int(low.max()), int(high.min())
    levels = min(length, top - base + 1)
    alike = bool((low == base).all() and (high == top).all())
    if levels < length and not alike:
        return
    ranks = [
        row for row in product(range(levels), repeat=length) if set(row) == set(range(max(row) + 1))
    ]
    codes = np.array([*range(base, base + levels - 1), top])
    yield np.tile(codes[np.array(ranks)], (1, len(low) // length))


def list_zero_ones(
    low: Array, high: Array, shape: tuple[int, int, int], window: tuple[int, int]
) -> Iterator[Array]:
    """Yield images of lowest and highest codes in which each window takes all patterns, by the 0-1 principle."""
    rows, columns, channels = shape
    kh, kw = window
    place = (np.arange(rows)[:, None] % kh) * kw + np.arange(columns) % kw
    place = np.repeat(place[:, :, None], channels, 2).ravel()
    for number in _split(1 << kh * kw, len(low)):
        yield np.where(number >> place & 1, high, low)


def draw_vectors(low: Array, high: Array, count: int, seed: int = 0) -> Iterator[Array]:
    """Yield ``count`` random vectors, half of them of small codes."""
    random = np.random.default_rng(seed)
    for number in _split(count, len(low)):
        drawn = random.integers(low, high, (len(number), len(low)), endpoint=True)
        bits = np.maximum(high - low, 1).astype(float)
        shift = random.integers(0, np.log2(bits).astype(int) + 1, (len(number), len(low)))
        small = np.clip(drawn >> shift, low, high)
        yield np.where(number % 2 == 0, drawn, small)
