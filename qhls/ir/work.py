"""Hardware events: what an op does, counted, before any technology puts a price on it.

An op names its events as they are where its constants are part of the logic, the form that reveals most:
a zero weight is nothing, a power of two is wiring. ``stored`` turns them into what the same op does
where its constants are read from a memory, so that the hardware must cope with any of them.
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
    """A product of an ``a``-bit and a ``b``-bit number."""
    return Event("multiply", (max(a, b), min(a, b)))


def scale(bits: int, digits: int, stored: Event) -> Event:
    """A ``bits``-wide number times a constant of ``digits`` non-zero signed digits: one addition less than digits.

    So the product by 0 or by a power of two, whose sign the sum takes as a subtraction, is wiring.
    """
    return Event("scale", (bits, digits), stored=stored)


def shift(bits: int, stages: int) -> Event:
    """A ``bits``-wide number shifted and negated as a weight says: ``stages`` two-way choices in a row."""
    return Event("shift", (bits, stages))


def mux(bits: int, stages: int) -> Event:
    """A choice among a ``bits``-wide number, its negative and 0: ``stages`` two-way choices in a row."""
    return Event("mux", (bits, stages))


def xnor() -> Event:
    """The product of two numbers that are each 1 or -1."""
    return Event("xnor", (1,))


def add(bits: int, stored: Event | None = None) -> Event:
    """An addition or subtraction with a ``bits``-wide result."""
    return Event("add", (bits,), stored=stored)


def compare(bits: int, stored: Event | None = None) -> Event:
    """A comparison and selection of ``bits``-wide numbers."""
    return Event("compare", (bits,), stored=stored)


def choose(bits: int, stored: Event | None = None) -> Event:
    """A selection of ``bits``-wide numbers by a bit that is there, such as the sign."""
    return Event("choose", (bits,), stored=stored)


def nothing(stored: Event) -> Event:
    """No event where constants are part of the logic, ``stored`` where they are not."""
    return Event("nothing", (), stored=stored)


def round_to(bits: int) -> Event:
    """Rounding and saturation to a ``bits``-wide number."""
    return Event("round", (bits,))


def lookup(bits: int, entries: int) -> Event:
    """The choice of one of ``entries`` constants of ``bits`` bits."""
    return Event("lookup", (bits, entries))


def is_wiring(work: Events) -> bool:
    """Whether nothing is computed: no event, or only products by 0 and powers of two, sums with 0 and the like."""
    return all(e.kind == "nothing" or (e.kind == "scale" and e.bits[1] <= 1) for e in work)


def stored(work: Events) -> Events:
    """The same work where the constants are read from a memory: what each event says of itself."""
    result = Events()
    for event, count in work.items():
        instead = event if event.stored is None else event.stored
        if instead.kind != "nothing":
            result[instead] += count
    return result
