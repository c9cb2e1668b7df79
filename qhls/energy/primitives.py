"""What hardware an op is made of: primitives, counted, before any table says how large they are.

The loops are those of the generated C++: a product of matrices computes a row at a time and a convolution a
position at a time, with all of its multiplications at once, or as many as ``reuse_factor`` leaves; roundings
and step functions work on all elements at once where the result is registers, else on one; other ops on
one element at a time.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from qhls.energy.model import HARD_WIRED, arithmetic, place
from qhls.ir import (
    Const,
    Conv,
    Input,
    Matmul,
    Max,
    Op,
    Overflow,
    Pool,
    Quantize,
    Rounding,
    Schedule,
    Threshold,
)
from qhls.ir.work import MULTIPLICATIONS, Event


@dataclass(frozen=True, slots=True)
class Primitive:
    """A piece of hardware and its sizes, in bits but for the last size of ``scale``, ``choice``, ``lookup``.

    multiply (a, b); scale (bits, digits); accumulate, add (bits of the result); maximum, relu, compare,
    compare_constant (bits); choice (bits, stages); gate (); round (bits of the result); saturate (bits
    dropped, bits kept); lookup (bits, entries); register (bits); bram, rom, lutram (elements, bits).
    """

    kind: str
    sizes: tuple[int, ...]


Hardware = Counter[Primitive]
"""Primitives and how many there are."""

_BY_EVENT = {
    **{"multiply": "multiply", "scale": "scale", "shift": "choice", "mux": "choice"},
    **{"add": "add", "compare": "maximum", "round": "round", "lookup": "lookup"},
}


@dataclass(frozen=True, slots=True)
class Loop:
    """How an op runs: ``trips`` of its pipelined loop, a new one every ``interval`` clock cycles.

    ``elements``: results of one trip.
    """

    trips: int
    interval: int
    elements: int


def loop(op: Op, schedule: Schedule) -> Loop:
    """The loop that the generated C++ has for ``op``."""
    if isinstance(op, Matmul):
        return Loop(op.size // op.shape[-1], schedule.reuse_factor, op.shape[-1])
    if isinstance(op, Conv | Pool):
        rows, columns, channels = op.shape
        interval = schedule.reuse_factor if isinstance(op, Conv) else 1
        return Loop(rows * columns, interval, channels)
    if op.kind in ("quantize", "threshold", "shift") and op.size <= schedule.partition_limit:
        return Loop(1, 1, op.size)
    return Loop(op.size, 1, 1)


def hardware(op: Op, schedule: Schedule, held: bool = False) -> Hardware:
    """The primitives that ``op`` is built of, its result's storage included; of a constant, its memory.

    ``held``: whether an input is a nested graph's, so that the design holds it and not its user.
    """
    built = Hardware() if isinstance(op, Const | Input) else _logic(op, schedule)
    where = place(op, schedule)
    outside = isinstance(op, Const) or (isinstance(op, Input) and not held)
    if where == "registers" and not outside:
        built[Primitive("register", (op.type.width,))] += op.size
    elif where not in ("registers", HARD_WIRED):
        built[Primitive(where, (op.size, op.type.width))] += 1
    return built


def _logic(op: Op, schedule: Schedule) -> Hardware:
    steps = loop(op, schedule)
    if isinstance(op, Quantize):
        return _quantizer(op, steps.elements)
    if isinstance(op, Max) and any(_is_zero(operand) for operand in op.operands):
        width = max(o.type.width for o in op.operands if not _is_zero(o))
        return Hardware({Primitive("relu", (width,)): steps.elements})
    work, table = arithmetic(op, schedule)
    products = any(event.kind in MULTIPLICATIONS for event in work)
    shared = steps.interval if products else 1
    built = Hardware()
    for event, count in work.items():
        kind = _kind(op, event, table)
        if kind:
            # Everything that a trip needs at once, unless ``interval`` cycles share it.
            sizes = () if kind == "gate" else event.bits
            built[Primitive(kind, sizes)] += math.ceil(count / steps.trips / shared)
    if products and shared > 1:
        built += _choices_of_weights(op, schedule, built, shared)
    return built


def _kind(op: Op, event: Event, table: str | None) -> str:
    """The primitive for ``event``; empty where there is none."""
    if event.kind == "xnor":
        return "gate"
    if event.kind == "lookup" and table is not None:
        return ""  # a read of the memory that is counted with the constant
    if event.kind == "add" and isinstance(op, Matmul | Conv | Pool):
        return "accumulate"
    if event.kind == "compare" and isinstance(op, Threshold):
        return "compare" if op.searched or table is not None else "compare_constant"
    return _BY_EVENT.get(event.kind, "")


def _choices_of_weights(op: Op, schedule: Schedule, built: Hardware, shared: int) -> Hardware:
    """Where weights are registers, each shared multiplier chooses among as many as share it."""
    bits = max((o.type.width for o in op.operands if isinstance(o, Const)), default=0)
    if not any(isinstance(o, Const) and place(o, schedule) == "registers" for o in op.operands):
        return Hardware()
    count = sum(
        n for primitive, n in built.items() if primitive.kind in ("multiply", "choice", "gate")
    )
    return Hardware({Primitive("lookup", (bits, shared)): count}) if count else Hardware()


def _quantizer(op: Quantize, elements: int) -> Hardware:
    """Rounding is an incrementer of the bits that stay, saturation a choice that the dropped bits make."""
    built = Hardware()
    dropped = op.x.type.frac - op.to.frac
    kept = max(op.x.type.width - max(dropped, 0), 1)
    if dropped > 0 and op.rounding is not Rounding.FLOOR:
        built[Primitive("round", (kept,))] += elements
    lo, hi = op.x.range.hull
    fits = op.to.lo << max(dropped, 0) <= lo << max(-dropped, 0) and (
        hi << max(-dropped, 0) <= op.to.hi << max(dropped, 0)
    )
    if op.overflow is not Overflow.WRAP and not fits:
        wide = kept + max(-dropped, 0)
        built[Primitive("saturate", (max(wide - op.to.width, 1), op.to.width))] += elements
    return built


def _is_zero(op: Op) -> bool:
    return isinstance(op, Const) and op.range.hull == (0, 0)
