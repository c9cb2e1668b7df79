"""What hardware an op is made of: primitives, counted, before any table says how large they are.

A trip of an op's loop (``qhls.ir.loops``) does its events in the cycles of its interval, which share the hardware.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from qhls.energy.model import arithmetic
from qhls.ir import (
    Const,
    Conv,
    Input,
    Matmul,
    Op,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Schedule,
    Threshold,
)
from qhls.ir.fold import fold
from qhls.ir.loops import HARD_WIRED, choices, constant_place, loop, place, unrolled
from qhls.ir.work import MULTIPLICATIONS, Event, stored


@dataclass(frozen=True, slots=True)
class Primitive:
    """A piece of hardware and its sizes, in bits but for the last one of ``scale``, ``choice``, ``lookup``, ``select``.

    multiply (a, b); scale (bits, digits); accumulate, add (bits of the result); maximum, relu, compare,
    compare_constant (bits); choice (bits, stages); gate (); round (bits of the result); saturate (bits
    dropped, bits kept); lookup (bits, entries), of constants; select (bits, entries), of registers; register (bits);
    bram, rom, lutram (elements, bits).
    """

    kind: str
    sizes: tuple[int, ...]


Hardware = Counter[Primitive]
"""Primitives and how many there are."""

_BY_EVENT = {
    **{"multiply": "multiply", "scale": "scale", "shift": "choice", "mux": "choice"},
    **{"add": "add", "compare": "maximum", "choose": "relu"},
    **{"round": "round", "lookup": "lookup"},
}


def hardware(op: Op, schedule: Schedule, held: bool = False, copies: int = 1) -> Hardware:
    """Return the primitives that ``op`` is built of, with the storage of its result and of the constants it reads.

    A reshape has none of its own, and whoever calls the design holds an input that is registers, unless it is
    ``held``: a nested graph's. ``copies``: of the result, two where calls overlap.
    """
    built = Hardware()
    if isinstance(op, Const | Reshape):
        return built
    if not isinstance(op, Input):
        built += _logic(op, schedule)
        for operand in dict.fromkeys(op.operands):
            if isinstance(operand, Const):
                built += _constant(op, operand, schedule)
            else:
                built += _chosen(op, operand, schedule)
    where = place(op, schedule)
    if where != "registers":
        built[Primitive(where, (op.size, op.type.width))] += copies
    elif held or not isinstance(op, Input):
        built[Primitive("register", (op.type.width,))] += copies * op.size
    return built


def _chosen(op: Op, operand: Op, schedule: Schedule) -> Hardware:
    """The multiplexers by which a rolled loop reads registers."""
    count, among = choices(op, operand, schedule)
    if not count or among < 2:
        return Hardware()
    return Hardware({Primitive("select", (operand.type.width, among)): count})


def _constant(op: Op, const: Const, schedule: Schedule) -> Hardware:
    """The memory of a constant, or the choice among its elements that the loop's variable makes."""
    where = constant_place(op, const, schedule)
    if where in ("lutram", "bram", "rom"):
        tiles, width = fold(op, schedule), const.type.width
        shape = (tiles.trips, tiles.products * width) if tiles else (const.size, width)
        return Hardware({Primitive(where, shape): 1})
    chosen = where == "registers" and not isinstance(op, Matmul | Conv)
    if chosen and not unrolled(op, schedule):
        return Hardware({Primitive("lookup", (const.type.width, const.size)): 1})
    return Hardware()


def _logic(op: Op, schedule: Schedule) -> Hardware:
    """What a trip needs at once, unless the cycles of its interval share it, whatever makes the interval longer."""
    steps = loop(op, schedule)
    if isinstance(op, Quantize):
        return _quantizer(op, math.ceil(steps.elements / steps.interval))
    work, table = arithmetic(op, schedule)
    products = any(event.kind in MULTIPLICATIONS for event in work)
    tiles = fold(op, schedule)
    sharing = steps.interval * (tiles.trips if tiles else 1)
    if products and sharing > 1:
        work = stored(work)  # a multiplier that several constants share suits all of them
    built = Hardware()
    for event, count in work.items():
        kind = _kind(op, event, table)
        if kind:
            sizes = () if kind == "gate" else event.bits
            built[Primitive(kind, sizes)] += math.ceil(count / steps.trips / steps.interval)
    if products and sharing > 1:
        built += _choices_of_weights(op, schedule, built, sharing)
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
    """Where weights are no memory, each shared multiplier chooses among as many as share it."""
    constants = [o for o in op.operands if isinstance(o, Const)]
    places = {constant_place(op, const, schedule) for const in constants if const.size > 1}
    if not places & {"registers", HARD_WIRED}:
        return Hardware()
    bits = max(o.type.width for o in constants)
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
