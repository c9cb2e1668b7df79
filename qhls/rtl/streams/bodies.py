"""Bodies of stream processes: the netlist of one step, tile or time step, built by ``evaluate``, and its timing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from qhls.errors import EmitError
from qhls.ir.integers import Array, Codes
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Matmul, Threshold
from qhls.ir.scan import Scan
from qhls.ir.types import Fixed
from qhls.plan.fold import Fold
from qhls.plan.streams.actions import Fill, Fork, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.cut import take_part
from qhls.plan.streams.firings import Pace
from qhls.plan.streams.network import StreamProcess
from qhls.rtl.builder import BIT, Builder
from qhls.rtl.netlist import Netlist, Port
from qhls.rtl.pipeline import pipeline
from qhls.rtl.wires import Wires

BodyKind = Literal["steps", "fold", "tiles", "scan", "fill", "reduce"]
"""The way in which the steps of a process follow each other.

``"steps"`` overlap. A product multiplies one tile of weights per cycle after it has read its tokens (``"fold"``) or
while the next tokens arrive (``"tiles"``). ``"scan"`` is a recurrence, ``"fill"`` a padding, and ``"reduce"`` a running
sum or maximum.
"""


@dataclass(frozen=True, eq=False)
class Body:
    """The logic of ``process`` for one step, tile or time step; ``engine``: the way in which steps follow each other.

    Ports of the netlist: of ``"steps"``, the number of the step where steps differ in constants, and the operands of a
    step; of ``"fold"`` and ``"tiles"``, the inputs and the weights of a tile and their sums; of ``"scan"``, a bit that
    is 1 in the first time step, a row (the input of a time step), the states, and the initial states; of ``"fill"``, a
    bit that is 1 within the operand, and a token; of ``"reduce"``, a bit that is 1 for the first pixel, a token, and
    the sums so far.
    """

    process: StreamProcess
    netlist: Netlist
    engine: BodyKind
    pace: Pace | None


def make_body(
    process: StreamProcess, clock_period: float, family: str | None = None
) -> Body | None:
    """Return the netlist of ``process`` and its timing; None where the process only copies or regroups tokens.

    ``clock_period``: nanoseconds of the pipeline's clock. ``family``: the FPGA family whose delays count.

    Raises ``EmitError`` for a recurrence whose step shares multipliers.
    """
    action = process.action
    if isinstance(action, Fill):
        return Body(process, _fill(process, action), "fill", None)
    if isinstance(action, Fork | Regroup):
        return None
    if isinstance(action, Reduce):
        return Body(process, _accumulate(process, action), "reduce", Pace(1))
    step, hardware, op = action.step, process.hardware, process.op
    assert hardware is not None and op is not None
    if isinstance(step, Scan):
        _check_unfolded(process)
        netlist = pipeline(_advance(step, op.type), clock_period, family)
        return Body(process, netlist, "scan", Pace(0, step.steps * (netlist.latency + 1)))
    if isinstance(step, Matmul | Conv) and hardware.fold:
        return _make_product(process, step, hardware.fold, clock_period, family)
    period = action.period if isinstance(action, Repeat) else 1
    netlist = pipeline(_evaluate(op, step, period), clock_period, family)
    interval = max(*process.taken, process.given, 1)
    return Body(process, netlist, "steps", Pace(interval, 0, netlist.latency))


def _make_product(
    process: StreamProcess, step: Matmul | Conv, fold: Fold, clock_period: float, family: str | None
) -> Body:
    """Return the netlist and the timing of a product that multiplies one tile of its weights per cycle.

    Where the plan says so, it multiplies while the next tokens arrive.
    """
    netlist = pipeline(
        _multiply_tile(step, fold, process.writes[0].tensor.type), clock_period, family
    )
    if process.tiles:  # cycles that copy a window, read weights, add products
        return Body(process, netlist, "tiles", Pace(0, 0, netlist.latency + 3))
    # One cycle reads weights, one adds the last products, and one moves a window.
    cycles = fold.trips + netlist.latency + 1 + isinstance(process.action, Slide)
    return Body(process, netlist, "fold", Pace(0, cycles))


def _check_unfolded(process: StreamProcess) -> None:
    hardware = process.hardware
    plan = hardware.body if hardware else None
    folded = [each.name for each in plan.processes if each.fold] if plan else []
    if folded:
        raise EmitError(
            f"verilog: expected a recurrence {process.name!r} that shares no multiplier, got one with folds of "
            f"{', '.join(folded)}. Leave out reuse_factor and the fold of its layer, or emit C++."
        )


def _make_input(
    builder: Builder, name: str, of: Fixed, ends: tuple[int, int], shape: tuple[int, ...]
) -> tuple[Wires, Port]:
    """Create the wires (1, *shape) of an input; return them and their port."""
    size = int(np.prod(shape))
    ids = [builder.make_input(*ends) for _ in range(size)]
    wires = Wires(builder, np.array(ids, np.int64).reshape(1, *shape)).settle(name, 0)
    return wires, Port(name, of, shape, tuple(ids))


def _make_operand(builder: Builder, op: Op) -> tuple[Wires, Port]:
    return _make_input(builder, op.name, op.type, op.range.hull, op.shape)


def _make_port(name: str, of: Fixed, wires: Wires) -> Port:
    return Port(name, of, wires.shape[1:], tuple(wires.ids.ravel().tolist()))


def list_operands(step: Op) -> list[Op]:
    """Return the distinct operands of a step that are not constants."""
    return [operand for operand in dict.fromkeys(step.operands) if not isinstance(operand, Const)]


def _evaluate(op: Op, step: Op, period: int) -> Netlist:
    """Return the netlist of ``step``, whose results have the type of ``op``.

    The type of ``step`` may have more bits, because a part has the range of all parts. ``period``: the number of steps
    after which constants repeat; if it is above 1, the first input is the number of the step.
    """
    builder = Builder(step.name)
    operands = {operand: _make_operand(builder, operand) for operand in list_operands(step)}
    inputs = [port for _, port in operands.values()]
    phase: list[int] = []
    if period > 1:
        count = Fixed.from_range(0, period - 1, 0)
        wires, port = _make_input(builder, "phase", count, (0, period - 1), ())
        inputs, phase = [port, *inputs], wires.ids.ravel().tolist()

    def run(constants: Callable[[Const, Const], Wires]) -> Wires:
        pairs = zip(op.operands, step.operands, strict=True)
        values = [
            constants(whole, part)
            if isinstance(whole, Const) and isinstance(part, Const)
            else operands[part][0]
            for whole, part in pairs
        ]
        return step.evaluate(*values)

    if isinstance(op, Threshold) and phase:  # cells cannot have its thresholds as operands
        results = [
            run(lambda whole, part, n=n: Wires.of(builder, _take(whole, part, n)))
            for n in range(period)
        ]
        result = _select(builder, phase[0], results)
    else:
        result = run(lambda whole, part: _make_constants(builder, whole, part, phase, period))
    result = result.settle(step.name, step.bound)
    return builder.finish(inputs, [_make_port(step.name, op.type, result)])


def _take(whole: Const, part: Const, number: int) -> Codes:
    """Return the codes of the constant ``whole`` for step ``number`` of a period, in the shape of ``part``.

    ``part``: the constant of the first step.
    """
    codes = whole.codes.to_integers()
    size = part.codes.to_integers().size
    if whole.size == size:
        return part.codes
    flat = codes.reshape(-1)[number * size : (number + 1) * size]
    return Codes(flat.reshape(part.shape))


def _make_constants(
    builder: Builder, whole: Const, part: Const, phase: list[int], period: int
) -> Wires:
    """Return the wires of a step's constant; where steps differ, they come from a table with address ``phase``."""
    if not phase or whole.size == part.size:
        return Wires.of(builder, part.codes)
    steps = [_take(whole, part, number).to_integers() for number in range(period)]
    columns = np.stack([each.ravel() for each in steps], 1).tolist()
    ids = [builder.make_table(phase[0], [int(code) for code in column]) for column in columns]
    return Wires(builder, np.array(ids, np.int64).reshape(part.shape))


def _select(builder: Builder, phase: int, results: Sequence[Wires]) -> Wires:
    """Return the result of the step ``phase``, selected by a binary tree of multiplexers."""
    pairs = list(enumerate(results))
    while len(pairs) > 1:
        halved = [
            (first, _choose(builder.make_less(phase, builder.make_const(second)), a, b))
            for (first, a), (second, b) in zip(pairs[::2], pairs[1::2], strict=False)
        ]
        pairs = halved + pairs[2 * len(halved) :]
    return pairs[0][1]


def _accumulate(process: StreamProcess, action: Reduce) -> Netlist:
    """Return the netlist that adds a token to the running sums, or updates the running maxima.

    It has no registers, because the next cycle may need the result.
    """
    op, lanes = action.op, process.writes[0].lanes
    builder = Builder(op.name)
    first, first_port = _make_input(builder, "first", BIT, (0, 1), ())
    token, port = _make_input(builder, op.x.name, op.x.type, op.x.range.hull, (1, 1, lanes))
    before, before_port = _make_input(builder, op.name, op.type, op.range.hull, (1, 1, lanes))
    pair = replace(op, x=take_part(op.x, (2, 1, lanes)), window=(2, 1), strides=(2, 1))
    evaluate: Any = pair.evaluate
    both = Wires.join([before, token], lambda arrays: np.concatenate(arrays, 1))
    (bit,) = first.ids.ravel().tolist()
    result = _choose(bit, token, evaluate(both)).settle(op.name, op.bound)
    return builder.finish([first_port, port, before_port], [_make_port(op.name, op.type, result)])


def _fill(process: StreamProcess, action: Fill) -> Netlist:
    """Return the netlist that selects either a token of the operand or the padding's value."""
    op, builder = action.op, Builder(action.op.name)
    inside, inside_port = _make_input(builder, "belongs", BIT, (0, 1), ())
    dims = (process.writes[0].lanes,)
    token, port = _make_input(builder, op.x.name, op.x.type, op.x.range.hull, dims)
    (bit,) = inside.ids.ravel().tolist()
    filling = builder.make_const(op.value)
    ids = [builder.make_mux(bit, cell, filling) for cell in token.ids.ravel().tolist()]
    result = Wires(builder, np.array([ids], np.int64)).settle(op.name, op.bound)
    return builder.finish([inside_port, port], [_make_port(op.name, op.type, result)])


def _multiply_tile(step: Matmul | Conv, fold: Fold, to: Fixed) -> Netlist:
    """Return the netlist that multiplies the inputs of one tile with its weights and adds the products of each result.

    Sums wrap to the width of ``to``.
    """
    builder, weights = Builder(step.name), step.w
    groups, filters = fold.tile[0], fold.tile[4]
    x_ends, w_ends = (_with_zero(op.range.hull) for op in (step.x, weights))
    x, x_port = _make_input(builder, step.x.name, step.x.type, x_ends, (groups, fold.simd))
    tile = (groups, filters, fold.simd)
    w, w_port = _make_input(builder, weights.name, weights.type, w_ends, tile)
    rows = x.map(lambda ids: ids[:, :, None, :])
    sums = (rows @ w.map(lambda ids: ids.swapaxes(2, 3))).wrap(Fixed(to.signed, to.width, 0))
    result = sums.map(lambda ids: ids.reshape(1, fold.pe)).settle(step.name, step.bound)
    return builder.finish([x_port, w_port], [_make_port(step.name, to, result)])


def _with_zero(ends: tuple[int, int]) -> tuple[int, int]:
    return min(ends[0], 0), max(ends[1], 0)


def _advance(scan: Scan, to: Fixed) -> Netlist:
    """Return the netlist of one time step of a recurrence; in the first time step, the states are ``scan.start``."""
    builder = Builder(scan.name)
    first, first_port = _make_input(builder, "first", BIT, (0, 1), ())
    x = scan.x
    row, row_port = _make_input(builder, x.name, x.type, x.range.hull, x.shape[1:])
    states = [_make_operand(builder, op) for op in scan.carried]
    starts = {op: _make_operand(builder, op) for op in scan.start if not isinstance(op, Const)}
    begun = scan.begin(
        row,
        [
            Wires.of(builder, op.codes) if isinstance(op, Const) else starts[op][0]
            for op in scan.start
        ],
    )
    (bit,) = first.ids.ravel().tolist()
    carried = [_choose(bit, a, b) for a, (b, _) in zip(begun, states, strict=True)]
    result, leaving = scan.advance(row, carried)
    outputs = [_make_port(scan.name, to, result)]
    outputs += [
        _make_port(op.name, op.type, w) for op, w in zip(scan.carried, leaving, strict=True)
    ]
    builder.label([], scan.name, [])
    inputs = [first_port, row_port, *(p for _, p in states), *(p for _, p in starts.values())]
    return builder.finish(inputs, outputs)


def _choose(bit: int, a: Wires, b: Wires) -> Wires:
    """Return ``a`` where ``bit`` is 1, else ``b``."""
    pairs = zip(a.ids.ravel().tolist(), b.ids.ravel().tolist(), strict=True)
    chosen = [a.builder.make_mux(bit, x, y) for x, y in pairs]
    return Wires(a.builder, np.array(chosen, np.int64).reshape(b.shape))


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
