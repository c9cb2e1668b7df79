"""Bodies: the netlist that a process of tokens runs, made by the op's own ``evaluate``, and its cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from qhls.errors import EmitError
from qhls.ir.integers import Array
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Matmul
from qhls.ir.scan import Scan
from qhls.ir.types import Fixed
from qhls.plan.fold import Fold
from qhls.plan.streams.actions import Fill, Fork, Slide
from qhls.plan.streams.firings import Pace
from qhls.plan.streams.network import StreamProcess
from qhls.rtl.builder import BIT, Builder
from qhls.rtl.netlist import Netlist, Port
from qhls.rtl.pipeline import pipelined
from qhls.rtl.wires import Wires

Engine = Literal["steps", "fold", "scan", "fill"]
"""Steps that overlap, tiles of weights one after another, a recurrence, or tokens that only move."""


@dataclass(frozen=True, eq=False)
class Body:
    """The logic of one step of ``process``: ``netlist``, and ``engine``, the way in which steps follow each other.

    Ports of the netlist: of ``"steps"``, the operands of the step; of ``"fold"``, the inputs and the weights of a tile
    and their sums; of ``"scan"``, a bit that is 1 in the first step, a row, the states, and the states that the first
    step reads; of ``"fill"``, a bit that is 1 within the operand, and a token.
    """

    process: StreamProcess
    netlist: Netlist
    engine: Engine
    pace: Pace | None


def make_body(process: StreamProcess, clock_period: float) -> Body | None:
    """Return the body of ``process``, a pipeline for ``clock_period`` nanoseconds; None for a fork.

    Raises ``EmitError`` for a recurrence whose step shares multipliers, and for steps with constants of their own.
    """
    action = process.action
    if isinstance(action, Fill):
        return Body(process, _fill(process, action), "fill", None)
    if isinstance(action, Fork):
        return None
    step, hardware, op = action.step, process.hardware, process.op
    assert hardware is not None and op is not None
    _check_constants(op, step)
    if isinstance(step, Scan):
        _check_unfolded(process)
        netlist = pipelined(_advance(step, op.type), clock_period)
        return Body(process, netlist, "scan", Pace(0, step.steps * (netlist.latency + 1)))
    if isinstance(step, Matmul | Conv) and hardware.fold:
        netlist = pipelined(_multiply_tile(step, hardware.fold, op.type), clock_period)
        # A cycle reads weights, one adds the last products, and one moves a window.
        cycles = hardware.fold.trips + netlist.latency + 1 + isinstance(action, Slide)
        return Body(process, netlist, "fold", Pace(0, cycles))
    netlist = pipelined(_evaluate(step, op.type), clock_period)
    interval = max(*process.taken, process.given, 1)
    return Body(process, netlist, "steps", Pace(interval, 0, netlist.latency))


def _check_constants(op: Op, step: Op) -> None:
    shared = [operand for operand in op.operands if isinstance(operand, Const)]
    own = [o.name for o in step.operands if isinstance(o, Const) and o not in shared]
    if own:
        raise EmitError(
            f"verilog: expected an op {op.name!r} whose steps share their constants, got other ones of "
            f"{', '.join(own)} in each step. Use Schedule(io='array'), or emit C++."
        )


def _check_unfolded(process: StreamProcess) -> None:
    hardware = process.hardware
    plan = hardware.body if hardware else None
    folded = [each.name for each in plan.processes if each.fold] if plan else []
    if folded:
        raise EmitError(
            f"verilog: expected a recurrence {process.name!r} that shares no multiplier, got one with folds of "
            f"{', '.join(folded)}. Leave out reuse_factor and the fold of its layer, or emit C++."
        )


def _input(
    builder: Builder, name: str, of: Fixed, ends: tuple[int, int], shape: tuple[int, ...]
) -> tuple[Wires, Port]:
    """Return new wires (1, *shape) and their port."""
    size = int(np.prod(shape))
    ids = [builder.input(*ends) for _ in range(size)]
    wires = Wires(builder, np.array(ids, np.int64).reshape(1, *shape)).settled(name, 0)
    return wires, Port(name, of, shape, tuple(ids))


def _operand(builder: Builder, op: Op) -> tuple[Wires, Port]:
    return _input(builder, op.name, op.type, op.range.hull, op.shape)


def _port(name: str, of: Fixed, wires: Wires) -> Port:
    return Port(name, of, wires.shape[1:], tuple(wires.ids.ravel().tolist()))


def operands_of(step: Op) -> list[Op]:
    """Return the operands of a step that are no constants, each once."""
    return [operand for operand in dict.fromkeys(step.operands) if not isinstance(operand, Const)]


def _evaluate(step: Op, to: Fixed) -> Netlist:
    """Return ``step`` with results of the type ``to``: a part has the range of all parts, which may need more bits."""
    builder = Builder(step.name)
    made = {operand: _operand(builder, operand) for operand in operands_of(step)}
    values = [
        Wires.of(builder, operand.codes) if isinstance(operand, Const) else made[operand][0]
        for operand in step.operands
    ]
    result: Wires = step.evaluate(*values).settled(step.name, step.bound)
    inputs = [port for _, port in made.values()]
    return builder.finish(inputs, [_port(step.name, to, result)])


def _fill(process: StreamProcess, action: Fill) -> Netlist:
    """Return the choice between a token and the padding's value."""
    op, builder = action.op, Builder(action.op.name)
    inside, inside_port = _input(builder, "belongs", BIT, (0, 1), ())
    dims = (process.writes[0].lanes,)
    token, port = _input(builder, op.x.name, op.x.type, op.x.range.hull, dims)
    (bit,) = inside.ids.ravel().tolist()
    filling = builder.const(op.value)
    ids = [builder.mux(bit, cell, filling) for cell in token.ids.ravel().tolist()]
    result = Wires(builder, np.array([ids], np.int64)).settled(op.name, op.bound)
    return builder.finish([inside_port, port], [_port(op.name, op.type, result)])


def _multiply_tile(step: Matmul | Conv, fold: Fold, to: Fixed) -> Netlist:
    """Return the sums of the products of one tile, modulo the width of ``to``: per group, inputs by weights."""
    builder, weights = Builder(step.name), step.w
    groups, filters = fold.tile[0], fold.tile[4]
    x_ends, w_ends = (_with_zero(op.range.hull) for op in (step.x, weights))
    x, x_port = _input(builder, step.x.name, step.x.type, x_ends, (groups, fold.simd))
    tile = (groups, filters, fold.simd)
    w, w_port = _input(builder, weights.name, weights.type, w_ends, tile)
    rows = x.map(lambda ids: ids[:, :, None, :])
    sums = (rows @ w.map(lambda ids: ids.swapaxes(2, 3))).wrap(Fixed(to.signed, to.width, 0))
    result = sums.map(lambda ids: ids.reshape(1, fold.pe)).settled(step.name, step.bound)
    return builder.finish([x_port, w_port], [_port(step.name, to, result)])


def _with_zero(ends: tuple[int, int]) -> tuple[int, int]:
    return min(ends[0], 0), max(ends[1], 0)


def _advance(scan: Scan, to: Fixed) -> Netlist:
    """Return one step of a recurrence, whose states are ``start`` in the first step."""
    builder = Builder(scan.name)
    first, first_port = _input(builder, "first", BIT, (0, 1), ())
    x = scan.x
    row, row_port = _input(builder, x.name, x.type, x.range.hull, x.shape[1:])
    states = [_operand(builder, op) for op in scan.carried]
    starts = {op: _operand(builder, op) for op in scan.start if not isinstance(op, Const)}
    begun = scan.begin(
        row,
        [
            Wires.of(builder, op.codes) if isinstance(op, Const) else starts[op][0]
            for op in scan.start
        ],
    )
    carried = [_choose(first, a, b) for a, (b, _) in zip(begun, states, strict=True)]
    result, leaving = scan.advance(row, carried)
    outputs = [_port(scan.name, to, result)]
    outputs += [_port(op.name, op.type, w) for op, w in zip(scan.carried, leaving, strict=True)]
    builder.label([], scan.name, [])
    inputs = [first_port, row_port, *(p for _, p in states), *(p for _, p in starts.values())]
    return builder.finish(inputs, outputs)


def _choose(bit: Wires, a: Wires, b: Wires) -> Wires:
    """Return ``a`` where ``bit`` is 1, else ``b``."""
    (choice,) = bit.ids.ravel().tolist()
    pairs = zip(a.ids.ravel().tolist(), b.ids.ravel().tolist(), strict=True)
    made = [bit.builder.mux(choice, x, y) for x, y in pairs]
    return Wires(bit.builder, np.array(made, np.int64).reshape(b.shape))


def tile_elements(step: Matmul | Conv, fold: Fold) -> list[list[int | None]]:
    """Return for each tile of inputs (group, row, column, channel) the elements of the operand, None beyond the axis.

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


def result_lanes(fold: Fold) -> list[int]:
    """Return for each element of a result the place among all sums: rounds one after another, ``pe`` each."""
    groups, filters = fold.sizes[0], fold.sizes[4]
    many, wide = fold.tile[0], fold.tile[4]
    return [
        (g // many * fold.counts[4] + f // wide) * fold.pe + g % many * wide + f % wide
        for g in range(groups)
        for f in range(filters)
    ]


def weight_words(step: Matmul | Conv, fold: Fold) -> list[int]:
    """Return the tiles of weights as words of a ROM, the first weight in the lowest bits."""
    width = step.w.type.width
    codes: Array = fold.tiled(step.w.codes.integers().astype(object))
    mask = (1 << width) - 1
    return [
        sum((int(code) & mask) << width * lane for lane, code in enumerate(row))
        for row in codes.tolist()
    ]
