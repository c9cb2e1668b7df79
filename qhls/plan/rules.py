"""``make_process``: the hardware of each op, by one rule per kind of op.

A product of matrices computes one row per trip and a convolution or pooling one position per trip, with all channels
in parallel. Where multipliers are shared, a product takes one tile of its weights after another (``qhls.plan.fold``).
The place of a maximum is found by one comparison after another. Other ops compute all elements in one trip if their
result lies in registers. Otherwise ``Choice.lanes`` is the number of elements per trip, along the last axis.

A constant that a loop's variable chooses is a table. A constant that only unrolled loops read has fixed indices.
So synthesis makes its numbers part of the logic, whatever its length and whether or not a pragma splits it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import singledispatch

from qhls.ir.elementwise import Mul
from qhls.ir.movement import View
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Const, Conv, Lookup, Matmul, Pool, Threshold
from qhls.ir.scan import Scan
from qhls.plan.dataflow import is_start_of_sum
from qhls.plan.fold import Fold
from qhls.plan.hardware.depth import count_logic_levels, estimate_depth
from qhls.plan.hardware.primitives import is_wiring
from qhls.plan.loop import Loop
from qhls.plan.process import Access, Buffer, Place, Process
from qhls.plan.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Choice:
    """The decisions on the hardware of one op; None leaves ``lanes``, ``place`` or ``weights`` to the schedule.

    ``fold``: the tiles of a product, None if it shares no multiplier. ``weights``: the place of a product's weights.
    ``in_luts``: whether its multipliers are look-up tables.
    ``lanes``: results per trip of an op without a fold. ``place`` and ``banks``: those of the result. ``body``: the
    decisions on a recurrence's step.
    """

    schedule: Schedule
    fold: Fold | None = None
    weights: Place | None = None
    lanes: int | None = None
    place: Place | None = None
    banks: int = 1
    body: tuple[Choice, ...] = ()
    in_luts: bool = False

    def is_at_once(self, op: Op) -> bool:
        """Return whether all elements of the result of ``op`` are computed in one trip."""
        if self.lanes is None:
            return is_in_registers(op, self.schedule)
        return self.lanes >= op.size


@dataclass(frozen=True, slots=True)
class Outline:
    """The loops of an op, its results per trip, the cycles between trips and its use of operands, as its rule decides.

    ``constants``: place and words per inference of each constant. ``window``: elements of the operand that one trip
    reads where trips read elements again, else 0. ``moves``: the trips that read other elements, 0 for all trips.
    ``scattered``: the elements of one trip lie in any banks.
    """

    loops: Sequence[Loop]
    lanes: int
    interval: int = 1
    constants: Mapping[Op, tuple[Place, float]] = field(
        default_factory=dict[Op, tuple[Place, float]]
    )
    window: int = 0
    moves: int = 0
    scattered: bool = False

    @property
    def trips(self) -> int:
        """Return the number of trips in one inference."""
        return math.prod(loop.trips for loop in self.loops)


def make_process(
    op: Op,
    choice: Choice,
    sources: Sequence[Buffer],
    result: Buffer,
    product: Op | None = None,
) -> Process:
    """Return the process that computes ``op`` and reads its operands, but for constants, from the buffers ``sources``.

    ``product``: the op of the same process whose sum begins with the bias that ``op`` adds.

    Its interval is that of the rule. It is longer if a trip reads or writes more words of a memory than its ports
    allow.
    """
    rough = outline(op, choice)
    tensors = [o for o in dict.fromkeys(op.operands) if not isinstance(o, Const)]
    places = dict(zip(tensors, sources, strict=True))
    reads = tuple(
        _read_constant(op, operand, choice, rough)
        if isinstance(operand, Const)
        else _read(op, operand, places[operand], rough)
        for operand in dict.fromkeys(op.operands)
    )
    writes = Access(op, result, op.size)
    interval, bound = rough.interval, "schedule"
    used = [(access.operand.name, access.buffer, access.words / rough.trips) for access in reads]
    for name, buffer, words in (*used, (op.name, writes.buffer, rough.lanes)):
        banks = 1 if rough.scattered and buffer is not writes.buffer else buffer.banks
        needed = math.ceil(words / (buffer.ports * banks)) if buffer.is_memory else 0
        if needed > interval:
            interval, bound = needed, name
    levels = count_logic_levels(op, product)
    depth = estimate_depth(levels, choice.schedule.clock_period)
    parts = (rough.lanes, interval, depth, levels, reads, writes, bound, choice.fold)
    loops = tuple(rough.loops)
    process = Process(op.name, op.kind, (op,), loops, *parts, in_luts=choice.in_luts)
    return replace(process, is_wiring=is_wiring(process))


def fuse(parts: Sequence[Process], schedule: Schedule) -> Process:
    """Return the process that fuses ``parts``, each of which reads the results of the previous part."""
    first, last = parts[0], parts[-1]
    slowest = max(parts, key=lambda part: part.interval)
    wiring = all(part.is_wiring for part in parts)
    levels = sum(part.logic_levels for part in parts)
    begins = len(parts) > 1 and is_start_of_sum(parts[1].op, first.op)
    adds_all = begins and is_first_term_added(first)
    inside = tuple(
        replace(
            part,
            interval=slowest.interval,
            is_wiring=wiring,
            absorbed=adds_all and part is parts[1],
        )
        for part in parts
    )
    constants = [a for part in parts[1:] for a in part.reads if isinstance(a.operand, Const)]
    return replace(
        first,
        name=last.name,
        kind=" + ".join(part.kind for part in parts),
        ops=tuple(part.op for part in parts),
        interval=slowest.interval,
        bound=slowest.bound,
        depth=estimate_depth(levels, schedule.clock_period),
        logic_levels=levels,
        reads=(*first.reads, *constants),
        writes=last.writes,
        parts=inside,
        is_wiring=wiring,
    )


def is_first_term_added(product: Process) -> bool:
    """Return whether even the first term of each sum of ``product`` has an adder; it has none if weights are logic."""
    return product.read(product.op.operands[1]).buffer.place != "wired"


def make_store(op: Op, buffer: Buffer) -> Process:
    """Return the process that copies an output from its memory to the design's port, one element per bank and cycle."""
    access = Access(op, buffer, op.size)
    lanes = buffer.banks
    loops = (Loop("i", op.size, lanes),)
    return Process(f"store {op.name}", "store", (op,), loops, lanes, 1, 1, 0, (access,), access)


def make_buffer(op: Op, choice: Choice, double: bool = False) -> Buffer:
    """Return the buffer for the tensor of ``op``, in the place of ``choice`` or else by ``partition_limit``."""
    place = choice.place or ("registers" if is_in_registers(op, choice.schedule) else "bram")
    banks = op.size if place in ("registers", "wired") else choice.banks
    return Buffer(op, place, op.size, op.type.width, banks=banks, double=double)


def is_in_registers(op: Op, schedule: Schedule) -> bool:
    """Return whether ``partition_limit`` places the tensor of ``op`` in registers, as it does any single number."""
    return op.size <= max(schedule.partition_limit, 1)


@singledispatch
def outline(op: Op, choice: Choice) -> Outline:
    """Return the loops of ``op`` and the use of its operands, by the rule for its kind of op."""
    at_once = choice.is_at_once(op)
    multiplied = isinstance(op, Mul)
    loops, lanes = _list_loops(op, choice)
    constants: dict[Op, tuple[Place, float]] = {
        const: (
            _place_constant(
                const, choice, fixed=_is_index_fixed(const, loops), multiplied=multiplied
            ),
            const.size if at_once else max(op.size, const.size),
        )
        for const in _list_constants(op)
    }
    interval = choice.schedule.reuse_factor if at_once and multiplied else 1
    return Outline(loops, lanes, interval, constants)


@outline.register
def _outline_view(op: View, choice: Choice) -> Outline:
    loops, lanes = _list_loops(op, choice)
    scattered = bool(op.strides) and op.strides[-1] != 1
    return Outline(loops, lanes, window=lanes, scattered=scattered)


@outline.register(Threshold)
@outline.register(Lookup)
def _outline_threshold_lookup(op: Threshold | Lookup, choice: Choice) -> Outline:
    constants = list(_list_constants(op))
    reads = dict.fromkeys(constants, op.size)
    if isinstance(op, Threshold):
        reads[op.thresholds] = op.size * op.comparisons
    loops, lanes = _list_loops(op, choice)
    places: dict[Op, tuple[Place, float]] = {
        const: (
            _place_constant(const, choice, fixed=_has_fixed_indices(op, const, loops), table=True),
            reads[const],
        )
        for const in constants
    }
    searched = choice.lanes is not None
    if isinstance(op, Threshold) and searched and op.start is not None:  # the level is the value
        places[op.values] = ("wired", op.size)
    return Outline(loops, lanes, constants=places)


@outline.register
def _outline_scan(op: Scan, choice: Choice) -> Outline:
    whole = outline.dispatch(Op)(op, choice)
    return replace(whole, loops=(Loop("t", op.steps),), lanes=op.body.outputs[0].size)


@outline.register
def _outline_matmul(op: Matmul, choice: Choice) -> Outline:
    row = Loop("r", op.size // op.shape[-1])
    channels, filters = op.w.shape
    if choice.fold:
        return _outline_folded(op, choice, choice.fold, [row])
    loops = (row, Loop("i", channels, channels), Loop("j", filters, filters))
    return _outline_product(op, choice, loops, row.size)


@outline.register
def _outline_conv(op: Conv, choice: Choice) -> Outline:
    height, width, channels, filters = op.w.shape
    place = [Loop("r", op.shape[0]), Loop("c", op.shape[1])]
    if choice.fold:
        return _outline_folded(op, choice, choice.fold, place)
    window = (Loop("i", height, height), Loop("j", width, width), Loop("k", channels, channels))
    loops = (*place, *window, Loop("n", filters, filters))
    elements = height * width * op.x.shape[-1]
    return _outline_product(op, choice, loops, op.shape[0] * op.shape[1], elements)


@outline.register
def _outline_pool(op: Pool, choice: Choice) -> Outline:
    (height, width), (rows, columns, channels) = op.window, op.shape
    lanes = choice.lanes or channels
    window = (Loop("k", channels, lanes), Loop("i", height, height), Loop("j", width, width))
    loops = (Loop("r", rows), Loop("c", columns), *window)
    return Outline(loops, lanes, window=height * width * lanes)


@outline.register
def _outline_arg_max(op: ArgMax, choice: Choice) -> Outline:
    length = op.x.shape[-1]
    return Outline((Loop("r", op.x.size // length), Loop("i", length)), 1)


def _outline_product(
    op: Matmul | Conv, choice: Choice, loops: Sequence[Loop], positions: int, window: int = 0
) -> Outline:
    """Return the outline of a product that uses all its weights at every position."""
    place = _place_constant(op.w, choice, fixed=True, multiplied=True)
    constants: dict[Op, tuple[Place, float]] = {op.w: (place, positions * op.w.size)}
    return Outline(loops, op.shape[-1], choice.schedule.reuse_factor, constants, window)


def _outline_folded(op: Matmul | Conv, choice: Choice, tile: Fold, place: list[Loop]) -> Outline:
    """Return the outline of a product that reads one tile of its weights per trip, as one word of a memory."""
    loops = (*place, *tile.loops)
    trips = math.prod(loop.trips for loop in loops)
    where = _place_constant(op.w, choice, fixed=True, multiplied=True)
    constants: dict[Op, tuple[Place, float]] = {op.w: (where, trips)}
    read = tile.simd * tile.tile[0]
    return Outline(loops, tile.pe, 1, constants, read, trips // tile.counts[4])


def _list_loops(op: Op, choice: Choice) -> tuple[tuple[Loop, ...], int]:
    """Return one loop per axis of the result, and the number of results per trip: all, or some along the last axis."""
    if choice.is_at_once(op):
        return tuple(Loop(f"i{axis}", size, size) for axis, size in enumerate(op.shape)), op.size
    lanes, last = choice.lanes or 1, len(op.shape) - 1
    loops = tuple(
        Loop(f"i{axis}", size, lanes if axis == last else 1) for axis, size in enumerate(op.shape)
    )
    return loops, lanes


def _list_constants(op: Op) -> dict[Const, None]:
    """Return the constants that ``op`` reads, without duplicates, as keys."""
    return dict.fromkeys(operand for operand in op.operands if isinstance(operand, Const))


def _read(op: Op, operand: Op, buffer: Buffer, rough: Outline) -> Access:
    """Return the access of ``op`` to ``operand``, a tensor that is stored in ``buffer``."""
    size = buffer.tensor.size  # indices that replace a padding read fewer elements than it has
    if buffer.is_memory:
        words = rough.trips * rough.window if rough.window else size
        return Access(operand, buffer, words)
    if isinstance(op, Scan):  # a step chooses its row of x; states are read once
        rows = (size // op.steps, op.steps) if operand is op.x else (0, 1)
        return Access(operand, buffer, size, *rows)
    if rough.trips <= 1:
        return Access(operand, buffer, size)
    if rough.window:
        moves = min(rough.moves or rough.trips, size)
        return Access(operand, buffer, size, rough.window, moves)
    count = max(size // rough.trips, 1)
    return Access(operand, buffer, size, count, math.ceil(size / count))


def _read_constant(op: Op, const: Const, choice: Choice, rough: Outline) -> Access:
    """Return the access of ``op`` to the constant ``const``.

    Except in a product, a loop's variable chooses among the elements of a constant in registers.
    """
    place, words = rough.constants[const]
    if choice.fold:
        width = choice.fold.products * const.type.width
        return Access(const, Buffer(const, place, choice.fold.trips, width), words)
    if place in ("registers", "wired"):
        banks = const.size if is_in_registers(const, choice.schedule) else 1
    else:
        banks = _count_banks(op, const, choice, rough.lanes)
    buffer = Buffer(const, place, const.size, const.type.width, banks=banks)
    chosen = place == "registers" and not isinstance(op, Matmul | Conv)
    if chosen and rough.trips > 1:
        return Access(const, buffer, words, rough.lanes, math.ceil(const.size / rough.lanes))
    return Access(const, buffer, words)


def _count_banks(op: Op, const: Const, choice: Choice, lanes: int) -> int:
    """Return the number of banks of a constant in a memory: one per lane, but 1 if lanes may read the same element.

    The level of an element, not its place, is the index of a table, but the tables of two channels are apart.
    """
    if choice.lanes is None or isinstance(op, Lookup):
        return 1
    if not isinstance(op, Threshold):
        return math.gcd(lanes, const.size)
    return math.gcd(lanes, const.shape[0]) if op.per_channel else 1


def _place_constant(
    const: Const, choice: Choice, *, fixed: bool, multiplied: bool = False, table: bool = False
) -> Place:
    """Return the place in which ``const`` is stored.

    ``fixed``: its indices are fixed. ``table``: the op that reads it counts the lookups as logic.

    A single number is always part of the logic. Others lie where ``schedule.storage`` says. In ``"registers"``, one
    with fixed indices is part of the logic, unless it is ``multiplied`` and multipliers are shared: then choosing among
    the constants counts as a read of registers. So does choosing by a loop's variable, up to ``partition_limit``
    elements; a longer table is a ROM. The tables of a ``Threshold`` or ``Lookup``, up to that limit, are logic.
    """
    schedule = choice.schedule
    if const.size == 1:
        return "wired"
    if choice.weights and multiplied and fixed:
        return choice.weights
    if schedule.storage != "registers":
        return schedule.storage
    short = const.size <= schedule.partition_limit
    if table:
        return "wired" if short or fixed else "rom"
    if fixed:
        return "registers" if multiplied and schedule.reuse_factor > 1 else "wired"
    return "registers" if short else "rom"


def _has_fixed_indices(op: Threshold | Lookup, const: Const, loops: Sequence[Loop]) -> bool:
    """Return whether ``const`` has fixed indices, as thresholds of ``op`` have that are all compared in parallel."""
    if isinstance(op, Lookup) or const is not op.thresholds or op.searched:
        return False
    return not op.per_channel or loops[-1].trips == 1


def _is_index_fixed(const: Const, loops: Sequence[Loop]) -> bool:
    """Return whether no variable of a rolled loop over the result is an index of ``const``."""
    axes = zip(reversed(const.shape), reversed(loops), strict=False)
    return all(size == 1 or loop.trips == 1 for size, loop in axes)
