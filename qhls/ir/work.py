"""Hardware events: what an op does, counted, before any technology puts a price on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event; ``bits`` are the operand widths, widest first where the order does not matter."""

    kind: str
    bits: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.bits))})"


Work = Counter[Event]
"""Events and how often one inference does each."""


def multiply(a: int, b: int) -> Event:
    """A product of an ``a``-bit and a ``b``-bit number."""
    return Event("multiply", (max(a, b), min(a, b)))


def add(bits: int) -> Event:
    """An addition or subtraction with a ``bits``-wide result."""
    return Event("add", (bits,))


def compare(bits: int) -> Event:
    """A comparison and selection of ``bits``-wide numbers."""
    return Event("compare", (bits,))
