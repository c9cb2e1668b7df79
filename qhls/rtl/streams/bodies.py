"""Bodies of stream processes: the netlist of one step, tile or time step, built by ``evaluate``, and its timing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from qhls.backends.names import Names
from qhls.ir.integers import Array
from qhls.ir.ops import Conv, Matmul
from qhls.ir.scan import Scan
from qhls.ir.types import Fixed
from qhls.plan.fold import Fold
from qhls.plan.schedule import Schedule
from qhls.plan.streams.actions import Fill, Fork, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.cut import take_part
from qhls.plan.streams.firings import Pace
from qhls.plan.streams.network import StreamProcess
from qhls.rtl.builder import BIT, Builder
from qhls.rtl.netlist import Netlist
from qhls.rtl.pipeline import pipeline
from qhls.rtl.streams.recurrences import (
    SharedProduct,
    advance,
    count_turn,
    make_shared_products,
)
from qhls.rtl.streams.steps import (
    choose_wires,
    evaluate_followers,
    evaluate_step,
    finish_ops,
    make_input,
    make_phase,
    make_port,
)
from qhls.rtl.ternary.join import join_adders
from qhls.rtl.wires import Wires

BodyKind = Literal["steps", "fold", "tiles", "scan", "fill", "reduce"]
"""The way in which the steps of a process follow each other.

``"steps"`` overlap. A product multiplies one tile of weights per cycle after it has read its tokens (``"fold"``) or
while the next tokens arrive (``"tiles"``). ``"scan"`` is a recurrence, ``"fill"`` a padding, and ``"reduce"`` a running
sum or maximum.
"""


@dataclass(frozen=True, eq=False)
class Tail:
    """The logic of a process's later fused ops, on one token; ``staged``: whether a register holds the token before.

    Ports of the netlist: the number of the token where tokens differ in constants, and the token.
    """

    netlist: Netlist
    staged: bool

    @property
    def delay(self) -> int:
        """Return the number of cycles that a token takes."""
        return self.netlist.latency + self.staged


@dataclass(frozen=True, eq=False)
class Body:
    """The logic of ``process`` for one step, tile or time step; ``engine``: the way in which steps follow each other.

    ``tail``: the logic of later fused ops. It is None if ``netlist`` makes one token per step and computes them itself.

    Ports of the netlist: of ``"steps"``, the number of the token where tokens differ in constants, and the operands
    of a step; of ``"fold"`` and ``"tiles"``, the inputs and the weights of a tile and their sums; of ``"scan"``, a
    bit that is 1 in the first time step, a row (the input of a time step), the states, the initial states, and the
    results of ``products``; of ``"fill"``, the number of the token as in ``"steps"``, a bit that is 1 within the
    operand, and a token; of ``"reduce"``, a bit that is 1 for the first pixel, a token, and the sums so far.
    """

    process: StreamProcess
    netlist: Netlist
    engine: BodyKind
    pace: Pace
    tail: Tail | None = None
    products: tuple[SharedProduct, ...] = ()
    """The products of a recurrence's step that share multipliers."""

    @property
    def netlists(self) -> list[Netlist]:
        """Return the netlists that compute the ops of the process."""
        return [self.netlist, *([self.tail.netlist] if self.tail else [])]


def make_body(process: StreamProcess, schedule: Schedule, names: Names) -> Body | None:
    """Return the netlists of ``process`` and their timing; None where the process only copies or regroups tokens.

    ``schedule``: the clock, the FPGA family whose delays count, and the number of operands of adders.
    ``names``: the names of modules that are taken.
    """
    if isinstance(process.action, Fork | Regroup):
        return None
    body = _make_first(process, process.action, schedule, names)
    whole = body.engine == "fill" or (body.engine == "steps" and process.given == 1)
    if whole or not process.followers:
        return body
    # A sum that is still added up, or the choice between tokens, leaves no time for more logic in the same cycle.
    staged = body.engine == "reduce" or process.given > 1
    tail = Tail(_finish(evaluate_followers(process), schedule), staged)
    return replace(body, pace=replace(body.pace, tail=tail.delay), tail=tail)


def _make_first(
    process: StreamProcess,
    action: Repeat | Fill | Slide | Reduce,
    schedule: Schedule,
    names: Names,
) -> Body:
    """Return the body of ``process``, with later fused ops only where it makes one token per step."""
    if isinstance(action, Fill):
        netlist = _finish(_fill(process, action), schedule)
        return Body(process, netlist, "fill", Pace(1, 0, netlist.latency))
    if isinstance(action, Reduce):
        return Body(process, _accumulate(process, action), "reduce", Pace(1))
    step, hardware = action.step, process.hardware
    assert hardware is not None and process.op is not None
    if isinstance(step, Scan):
        products = make_shared_products(step, hardware, schedule, names)
        netlist = _finish(advance(step, process.op.type, products), schedule)
        cycles = step.steps * count_turn(netlist, products)
        return Body(process, netlist, "scan", Pace(0, cycles), products=products)
    if isinstance(step, Matmul | Conv) and hardware.fold:
        return _make_product(process, step, hardware.fold, schedule)
    netlist = _finish(evaluate_step(process, step), schedule)
    interval = max(*process.taken, process.given, 1)
    return Body(process, netlist, "steps", Pace(interval, 0, netlist.latency))


def _make_product(
    process: StreamProcess, step: Matmul | Conv, fold: Fold, schedule: Schedule
) -> Body:
    """Return the netlist and the timing of a product that multiplies one tile of its weights per cycle.

    Where the plan says so, it multiplies while the next tokens arrive.
    """
    assert process.op is not None
    netlist = _finish(_multiply_tile(step, fold, process.op.type), schedule)
    if process.tiles:  # cycles that copy a window, read weights, add products
        return Body(process, netlist, "tiles", Pace(0, 0, netlist.latency + 3))
    # One cycle reads weights, one adds the last products, and one moves a window.
    cycles = fold.trips + netlist.latency + 1 + isinstance(process.action, Slide)
    return Body(process, netlist, "fold", Pace(0, cycles))


def _finish(netlist: Netlist, schedule: Schedule) -> Netlist:
    """Return the pipeline of a body's netlist, with the adders of the schedule."""
    joined = join_adders(netlist) if schedule.ternary_adders else netlist
    return pipeline(joined, schedule.clock_period, schedule.family)


def _accumulate(process: StreamProcess, action: Reduce) -> Netlist:
    """Return the netlist that adds a token to the running sums, or updates the running maxima.

    It has no registers, because the next cycle may need the result. Fewer pixels may give any number of the result's
    type, of which a sum keeps the low bits.
    """
    op, lanes = action.op, process.writes[0].lanes
    builder = Builder(op.name)
    first, first_port = make_input(builder, "first", BIT, (0, 1), ())
    token, port = make_input(builder, op.x.name, op.x.type, op.x.range.hull, (1, 1, lanes))
    ends = (op.type.lo, op.type.hi)
    before, before_port = make_input(builder, op.name, op.type, ends, (1, 1, lanes))
    pair = replace(op, x=take_part(op.x, (2, 1, lanes)), window=(2, 1), strides=(2, 1))
    evaluate: Any = pair.evaluate
    both = Wires.join([before, token], lambda arrays: np.concatenate(arrays, 1))
    (bit,) = first.ids.ravel().tolist()
    kept = Fixed(op.type.signed, op.type.width, 0)
    result = choose_wires(bit, token, evaluate(both)).wrap(kept).settle(op.name, op.bound)
    return builder.finish([first_port, port, before_port], [make_port(op.name, op.type, result)])


def _fill(process: StreamProcess, action: Fill) -> Netlist:
    """Return the netlist of a padding and of later fused ops: a bit selects the operand's token or the value."""
    op, builder = action.op, Builder(action.op.name)
    phase_ports, phase = make_phase(builder, process.period)
    inside, inside_port = make_input(builder, "belongs", BIT, (0, 1), ())
    dims = (process.writes[0].lanes,)
    token, port = make_input(builder, op.x.name, op.x.type, op.x.range.hull, dims)
    (bit,) = inside.ids.ravel().tolist()
    filling = builder.make_const(op.value)
    ids = [builder.make_mux(bit, cell, filling) for cell in token.ids.ravel().tolist()]
    result = Wires(builder, np.array([ids], np.int64)).settle(op.name, op.bound)
    return finish_ops(builder, process, [*phase_ports, inside_port, port], result, phase)


def _multiply_tile(step: Matmul | Conv, fold: Fold, to: Fixed) -> Netlist:
    """Return the netlist that multiplies the inputs of one tile with its weights and adds the products of each result.

    Sums wrap to the width of ``to``.
    """
    builder, weights = Builder(step.name), step.w
    groups, filters = fold.tile[0], fold.tile[4]
    x_ends, w_ends = (_with_zero(op.range.hull) for op in (step.x, weights))
    x, x_port = make_input(builder, step.x.name, step.x.type, x_ends, (groups, fold.simd))
    tile = (groups, filters, fold.simd)
    w, w_port = make_input(builder, weights.name, weights.type, w_ends, tile)
    rows = x.map(lambda ids: ids[:, :, None, :])
    sums = (rows @ w.map(lambda ids: ids.swapaxes(2, 3))).wrap(Fixed(to.signed, to.width, 0))
    result = sums.map(lambda ids: ids.reshape(1, fold.pe)).settle(step.name, step.bound)
    return builder.finish([x_port, w_port], [make_port(step.name, to, result)])


def _with_zero(ends: tuple[int, int]) -> tuple[int, int]:
    return min(ends[0], 0), max(ends[1], 0)


def list_tile_elements(step: Matmul | Conv, fold: Fold) -> list[list[int | None]]:
    """Return the indices of the operand's elements in each tile of inputs; None beyond the end of an axis.

    Tiles are in the order group, row, column, channel.

    The elements of a tile are in the order of its weights: group, row, column, channel.
    """
    columns, channels = 1, step.x.shape[-1]
    down, right = 1, 1
    if isinstance(step, Conv):
        columns, (down, right) = step.x.shape[1], step.dilation
    groups, height, width, depth, _ = fold.sizes
    places = np.full([c * t for c, t in zip(fold.counts[:4], fold.tile[:4], strict=True)], -1)
    group, row, column, channel = np.ix_(*map(np.arange, (groups, height, width, depth)))
    flat = (row * down * columns + column * right) * channels + group * depth + channel
    places[:groups, :height, :width, :depth] = flat
    split = [n for pair in zip(fold.counts[:4], fold.tile[:4], strict=True) for n in pair]
    tiles = places.reshape(split).transpose(0, 2, 4, 6, 1, 3, 5, 7)
    tiles = tiles.reshape(-1, fold.tile[0] * fold.simd).tolist()
    return [[None if place < 0 else place for place in tile] for tile in tiles]


def list_result_lanes(fold: Fold) -> list[int]:
    """Return the index of the accumulator of each element of a result.

    A round, all tiles that add to the same results, has ``pe`` accumulators; rounds follow one another.
    """
    groups, filters = fold.sizes[0], fold.sizes[4]
    many, wide = fold.tile[0], fold.tile[4]
    return [
        (g // many * fold.counts[4] + f // wide) * fold.pe + g % many * wide + f % wide
        for g in range(groups)
        for f in range(filters)
    ]


def pack_weights(step: Matmul | Conv, fold: Fold) -> list[int]:
    """Return the tiles of weights as words of a ROM, the first weight in the lowest bits."""
    width = step.w.type.width
    codes: Array = fold.order_codes(step.w.codes.to_integers().astype(object))
    mask = (1 << width) - 1
    return [
        sum((int(code) & mask) << width * lane for lane, code in enumerate(row))
        for row in codes.tolist()
    ]
