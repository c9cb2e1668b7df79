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
    """One kind of event; ``bits`` are the operand widths, widest first where the order does not matter.

    ``stored``: the event that takes its place where the op's constants are read from a memory; None if
    it is the same.
    """

    kind: str
    bits: tuple[int, ...]
    stored: Event | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.bits))})"


Events = Counter[Event]
"""Events and how often one inference does each."""

NOTHING = Event("nothing", ())
"""No event: what remains of the product by a zero."""

MULTIPLICATIONS = ("multiply", "scale", "shift", "mux", "xnor")
"""The kinds of event that are the product of an input and a weight."""


def multiply(a: int, b: int) -> Event:
    """Return the product of an ``a``-bit and a ``b``-bit number."""
    return Event("multiply", (max(a, b), min(a, b)))


def scale(bits: int, digits: int, stored: Event) -> Event:
    """Return the product of a ``bits``-wide number and a constant of ``digits`` non-zero signed digits.

    It takes one addition less than digits. So the product by 0 or by a power of two,
    whose sign the sum takes as a subtraction, is wiring.
    """
    return Event("scale", (bits, digits), stored=stored)


def shift(bits: int, stages: int) -> Event:
    """Return the shift and negation of a ``bits``-wide number by a weight: ``stages`` two-way choices in a row."""
    return Event("shift", (bits, stages))


def choose_sign(bits: int, stages: int) -> Event:
    """Return the choice among a ``bits``-wide number, its negative and 0: ``stages`` two-way choices in a row."""
    return Event("mux", (bits, stages))


def compare_signs() -> Event:
    """Return the product of two numbers that are each 1 or -1."""
    return Event("xnor", (1,))


def add(bits: int, stored: Event | None = None) -> Event:
    """Return an addition or subtraction with a ``bits``-wide result."""
    return Event("add", (bits,), stored=stored)


def compare(bits: int, stored: Event | None = None) -> Event:
    """Return a comparison and selection of ``bits``-wide numbers."""
    return Event("compare", (bits,), stored=stored)


def choose(bits: int, stored: Event | None = None) -> Event:
    """Return a selection of ``bits``-wide numbers by an existing bit, such as the sign."""
    return Event("choose", (bits,), stored=stored)


def skip(stored: Event) -> Event:
    """Return no event where constants are part of the logic, ``stored`` where they are not."""
    return Event("nothing", (), stored=stored)


def round_to(bits: int) -> Event:
    """Return the rounding and saturation to a ``bits``-wide number."""
    return Event("round", (bits,))


def look_up(bits: int, entries: int) -> Event:
    """Return the choice of one of ``entries`` constants of ``bits`` bits."""
    return Event("lookup", (bits, entries))


def is_wiring(events: Events) -> bool:
    """Return whether only wires remain: no event, or only products by 0 and powers of two, sums with 0 and the like."""
    return all(e.kind == "nothing" or (e.kind == "scale" and e.bits[1] <= 1) for e in events)


def replace_stored(events: Events) -> Events:
    """Return the events of the same op where its constants are read from a memory."""
    result = Events()
    for event, count in events.items():
        instead = event if event.stored is None else event.stored
        if instead.kind != "nothing":
            result[instead] += count
    return result
