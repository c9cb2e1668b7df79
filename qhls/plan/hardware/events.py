"""Hardware events of ops, counted before any technology prices them.

Events are counted as if constants were hard-wired: a zero weight costs nothing, a power of two only wires.
``stored`` converts the count to the case where constants are read from memory and the hardware must handle
every value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event and its sizes ``bits``, such as operand widths, widest first where the order does not matter.

    ``stored``: the event that takes its place where the op's constants are read from a memory; None if
    it is the same.
    """

    kind: str
    bits: tuple[int, ...]
    stored: Event | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.bits))})"


Events = Counter[Event]
"""Number of times that each event occurs in one inference."""

NOTHING = Event("nothing", ())
"""Event without hardware, such as the product with a zero weight."""

MULTIPLICATIONS = ("multiply", "scale", "shift", "mux", "xnor")
"""Kinds of events that multiply an input by a weight."""


def multiply(a: int, b: int) -> Event:
    """Return the event of multiplying an ``a``-bit by a ``b``-bit number."""
    return Event("multiply", (max(a, b), min(a, b)))


def scale(bits: int, digits: int, stored: Event) -> Event:
    """Return the event of multiplying a ``bits``-wide number by a constant of ``digits`` non-zero signed digits.

    It takes one addition fewer than it has digits. So the product by 0 or by a power of two,
    whose sign the sum takes as a subtraction, is wiring.
    """
    return Event("scale", (bits, digits), stored=stored)


def shift(bits: int, stages: int) -> Event:
    """Return the event of multiplying a ``bits``-wide number by a signed power of two in ``stages`` two-way choices."""
    return Event("shift", (bits, stages))


def choose_sign(bits: int, stages: int) -> Event:
    """Return the event of multiplying a ``bits``-wide number by -1, 0 or 1 in ``stages`` two-way choices."""
    return Event("mux", (bits, stages))


def compare_signs() -> Event:
    """Return the event of multiplying two numbers that are each 1 or -1."""
    return Event("xnor", (1,))


def add(bits: int, stored: Event | None = None) -> Event:
    """Return the event of an addition or subtraction with a ``bits``-wide result."""
    return Event("add", (bits,), stored=stored)


def compare(bits: int, stored: Event | None = None) -> Event:
    """Return the event of comparing two ``bits``-wide numbers and selecting one."""
    return Event("compare", (bits,), stored=stored)


def choose(bits: int, stored: Event | None = None) -> Event:
    """Return the event of selecting a ``bits``-wide number by an existing bit, such as the sign."""
    return Event("choose", (bits,), stored=stored)


def skip(stored: Event) -> Event:
    """Return an event that needs no hardware; ``stored`` takes its place where constants are read from a memory."""
    return Event("nothing", (), stored=stored)


def round_to(bits: int) -> Event:
    """Return the event of rounding and saturating to a ``bits``-wide number."""
    return Event("round", (bits,))


def look_up(bits: int, entries: int) -> Event:
    """Return the event of selecting one of ``entries`` constants of ``bits`` bits."""
    return Event("lookup", (bits, entries))


def replace_stored(events: Events) -> Events:
    """Return the events of the same op if its constants are read from a memory instead."""
    result = Events()
    for event, count in events.items():
        instead = event if event.stored is None else event.stored
        if instead.kind != "nothing":
            result[instead] += count
    return result
