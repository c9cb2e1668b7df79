"""Count the primitives, pieces of hardware, of an op; an area table then prices them.

A trip of an op's loop (``qhls.ir.loops``) does its events in the cycles of its interval, which share the hardware.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from qhls.energy.model import list_events
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
    """A piece of hardware and its sizes, in bits except the last of ``scale``, ``choice``, ``lookup``, ``select``.

    multiply (a, b); scale (bits, digits); accumulate, add (bits of the result); maximum, relu, compare,
    compare_constant (bits); choice (bits, stages); gate (); round (bits of the result); saturate (bits
    dropped, bits kept); lookup (bits, entries), of constants; select (bits, entries), of registers; register (bits);
    bram, rom, lutram (elements, bits).
    """

    kind: str
    sizes: tuple[int, ...]


PrimitiveCounts = Counter[Primitive]
"""The number of each primitive."""

_BY_EVENT = {
    **{"multiply": "multiply", "scale": "scale", "shift": "choice", "mux": "choice"},
    **{"add": "add", "compare": "maximum", "choose": "relu"},
    **{"round": "round", "lookup": "lookup"},
}


def count_primitives(
    op: Op, schedule: Schedule, held: bool = False, copies: int = 1
) -> PrimitiveCounts:
    """Return the primitives of ``op``, with the storage of its result and of the constants that it reads.

    A reshape has no primitives. An input in registers belongs to the caller of the design, unless it is ``held`` as
    the input of a nested graph. ``copies``: the copies of the result, two if calls overlap.
    """
    built = PrimitiveCounts()
    if isinstance(op, Const | Reshape):
        return built
    if not isinstance(op, Input):
        built += _count_logic(op, schedule)
        for operand in dict.fromkeys(op.operands):
            if isinstance(operand, Const):
                built += _count_constant(op, operand, schedule)
            else:
                built += _count_choices_of_operand(op, operand, schedule)
    where = place(op, schedule)
    if where != "registers":
        built[Primitive(where, (op.size, op.type.width))] += copies
    elif held or not isinstance(op, Input):
        built[Primitive("register", (op.type.width,))] += copies * op.size
    return built


def _count_choices_of_operand(op: Op, operand: Op, schedule: Schedule) -> PrimitiveCounts:
    """Return the multiplexers by which a rolled loop reads registers."""
    count, among = choices(op, operand, schedule)
    if not count or among < 2:
        return PrimitiveCounts()
    return PrimitiveCounts({Primitive("select", (operand.type.width, among)): count})


def _count_constant(op: Op, const: Const, schedule: Schedule) -> PrimitiveCounts:
    """Return the memory of a constant, or the logic that chooses an element by the loop variable."""
    where = constant_place(op, const, schedule)
    if where in ("lutram", "bram", "rom"):
        tiles, width = fold(op, schedule), const.type.width
        shape = (tiles.trips, tiles.products * width) if tiles else (const.size, width)
        return PrimitiveCounts({Primitive(where, shape): 1})
    chosen = where == "registers" and not isinstance(op, Matmul | Conv)
    if chosen and not unrolled(op, schedule):
        return PrimitiveCounts({Primitive("lookup", (const.type.width, const.size)): 1})
    return PrimitiveCounts()


def _count_logic(op: Op, schedule: Schedule) -> PrimitiveCounts:
    """Return the arithmetic of one trip, shared by the cycles of its interval."""
    steps = loop(op, schedule)
    if isinstance(op, Quantize):
        return _count_quantizer(op, math.ceil(steps.elements / steps.interval))
    work, table = list_events(op, schedule)
    products = any(event.kind in MULTIPLICATIONS for event in work)
    tiles = fold(op, schedule)
    sharing = steps.interval * (tiles.trips if tiles else 1)
    if products and sharing > 1:
        work = stored(work)  # a multiplier that several constants share suits all of them
    built = PrimitiveCounts()
    for event, count in work.items():
        kind = _find_kind(op, event, table)
        if kind:
            sizes = () if kind == "gate" else event.bits
            built[Primitive(kind, sizes)] += math.ceil(count / steps.trips / steps.interval)
    if products and sharing > 1:
        built += _count_choices_of_weights(op, schedule, built, sharing)
    return built


def _find_kind(op: Op, event: Event, table: str | None) -> str:
    """Return the kind of primitive for ``event``; empty if it needs none."""
    if event.kind == "xnor":
        return "gate"
    if event.kind == "lookup" and table is not None:
        return ""  # a read of the memory that is counted with the constant
    if event.kind == "add" and isinstance(op, Matmul | Conv | Pool):
        return "accumulate"
    if event.kind == "compare" and isinstance(op, Threshold):
        return "compare" if op.searched or table is not None else "compare_constant"
    return _BY_EVENT.get(event.kind, "")


def _count_choices_of_weights(
    op: Op, schedule: Schedule, built: PrimitiveCounts, shared: int
) -> PrimitiveCounts:
    """Return the choices of weights outside memories: each shared multiplier chooses among ``shared`` of them."""
    constants = [o for o in op.operands if isinstance(o, Const)]
    places = {constant_place(op, const, schedule) for const in constants if const.size > 1}
    if not places & {"registers", HARD_WIRED}:
        return PrimitiveCounts()
    bits = max(o.type.width for o in constants)
    count = sum(
        n for primitive, n in built.items() if primitive.kind in ("multiply", "choice", "gate")
    )
    return (
        PrimitiveCounts({Primitive("lookup", (bits, shared)): count})
        if count
        else PrimitiveCounts()
    )


def _count_quantizer(op: Quantize, elements: int) -> PrimitiveCounts:
    """Return an incrementer of the remaining bits for rounding and a choice by the dropped bits for saturation."""
    built = PrimitiveCounts()
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
