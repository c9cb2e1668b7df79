"""Counts of the primitives, or pieces of hardware, of an op, which an area table then prices.

A trip of a process (``qhls.plan``) does its events in the cycles of its interval, which share the hardware.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from qhls.ir import Const, Conv, Matmul, Op, Overflow, Pool, Quantize, Rounding, Threshold
from qhls.plan.hardware.counting import count_events
from qhls.plan.hardware.events import MULTIPLICATIONS, Event, Events, replace_stored
from qhls.plan.process import Access, Buffer, OpHardware, Process


@dataclass(frozen=True, slots=True)
class Primitive:
    """A piece of hardware and its sizes, such as an adder and the width of its result in bits.

    All sizes are in bits except the last of ``scale``, ``choice``, ``lookup``, ``select``, and numbers of elements.

    multiply, multiply_in_luts (a, b); scale (bits, digits); accumulate, add (bits of the result); maximum, relu,
    compare, compare_constant (bits); choice (bits, stages); gate (); round (bits of the result); saturate (bits
    dropped, bits kept); lookup (bits, entries), of constants; select (bits, entries), of registers; register (bits);
    bram, rom, lutram (elements, bits).
    """

    kind: str
    sizes: tuple[int, ...]


PrimitiveCounts = Counter[Primitive]
"""Number of times that each primitive occurs."""

_BY_EVENT = {
    **{"multiply": "multiply", "scale": "scale", "shift": "choice", "mux": "choice"},
    **{"add": "add", "compare": "maximum", "choose": "relu"},
    **{"round": "round", "lookup": "lookup"},
}


def count_primitives(
    hardware: Process | Buffer | None, held: bool = False, copies: int = 1
) -> PrimitiveCounts:
    """Return the primitives of an input's buffer, or of a process and the storage of its result and constants.

    An input in registers belongs to the caller of the design, unless it is ``held`` as the input of a nested graph.
    ``copies``: the copies of a result that has two buffers.
    """
    if hardware is None:
        return PrimitiveCounts()
    if isinstance(hardware, Buffer):
        held_here = held or hardware.is_memory
        return count_storage(hardware, copies) if held_here else PrimitiveCounts()
    if hardware.parts:
        return sum(
            (count_primitives(part, held, copies) for part in hardware.parts), PrimitiveCounts()
        )
    built = _count_logic(hardware)
    for access in hardware.reads:
        built += _count_choices(access)
        if isinstance(access.operand, Const) and access.buffer.is_memory:
            built += count_storage(access.buffer, copies=1)
    return built + count_storage(hardware.writes.buffer, copies)


def count_hardware(hardware: OpHardware, held: bool = False, copies: int = 1) -> PrimitiveCounts:
    """Return the primitives of an op, including those of its additional buffers; see ``count_primitives``."""
    built = count_primitives(hardware.unit, held, copies)
    for memory in hardware.memories:
        built += count_storage(memory.buffer)
    return built


def count_storage(buffer: Buffer, copies: int = 1) -> PrimitiveCounts:
    """Return the memories or registers that make up ``buffer``."""
    if buffer.place == "wired":
        return PrimitiveCounts()
    count = copies if buffer.double else 1
    if buffer.is_memory:
        sizes = (math.ceil(buffer.words / buffer.banks), buffer.word_bits)
        return PrimitiveCounts({Primitive(buffer.place, sizes): count * buffer.banks})
    return PrimitiveCounts({Primitive("register", (buffer.word_bits,)): count * buffer.words})


def _count_choices(access: Access) -> PrimitiveCounts:
    """Return the multiplexers by which a rolled loop reads registers, or the table by which it reads constants."""
    if not access.selected or access.candidates < 2:
        return PrimitiveCounts()
    kind = "lookup" if isinstance(access.operand, Const) else "select"
    sizes = (access.operand.type.width, access.candidates)
    return PrimitiveCounts({Primitive(kind, sizes): access.selected})


def list_events(process: Process) -> tuple[Events, str | None]:
    """Return the events of a process, and the place of the table that its lookups read, None if the table is logic.

    Constants are logic if all constants that it reads are.
    """
    if process.absorbed:
        return Events(), None
    work = count_events(process.op)
    places = [a.buffer.place for a in process.reads if isinstance(a.operand, Const)]
    memories = [place for place in places if place != "wired"]
    return (replace_stored(work), memories[-1]) if memories else (work, None)


def is_wiring(process: Process) -> bool:
    """Return whether wires suffice: each event needs no hardware or multiplies by 0 or a power of two."""
    events, _ = list_events(process)
    return all(e.kind == "nothing" or (e.kind == "scale" and e.bits[1] <= 1) for e in events)


def _count_logic(process: Process) -> PrimitiveCounts:
    """Return the primitives that compute one trip and are reused in each cycle of its interval."""
    op = process.op
    if isinstance(op, Quantize):
        return _count_quantizer(op, math.ceil(process.lanes / process.interval))
    work, table = list_events(process)
    products = any(event.kind in MULTIPLICATIONS for event in work)
    if products and process.sharing > 1:
        work = replace_stored(work)  # a multiplier that several constants share suits all of them
    built = PrimitiveCounts()
    for event, count in work.items():
        kind = _find_kind(op, event, table)
        if kind:
            sizes = () if kind == "gate" else event.bits
            kind = "multiply_in_luts" if kind == "multiply" and process.in_luts else kind
            built[Primitive(kind, sizes)] += math.ceil(count / process.trips / process.interval)
    if products and process.sharing > 1:
        built += _count_choices_of_weights(process, built)
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


def _count_choices_of_weights(process: Process, built: PrimitiveCounts) -> PrimitiveCounts:
    """Return the tables by which each shared multiplier selects its weights, if these are not in memories."""
    constants = [a for a in process.reads if isinstance(a.operand, Const)]
    if all(a.buffer.is_memory for a in constants if a.operand.size > 1):
        return PrimitiveCounts()
    bits = max(a.operand.type.width for a in constants)
    count = sum(
        n
        for primitive, n in built.items()
        if primitive.kind in ("multiply", "multiply_in_luts", "choice", "gate")
    )
    if not count:
        return PrimitiveCounts()
    return PrimitiveCounts({Primitive("lookup", (bits, process.sharing)): count})


def _count_quantizer(op: Quantize, elements: int) -> PrimitiveCounts:
    """Return the primitives that round and saturate ``elements`` elements: incrementers and choices by dropped bits."""
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
