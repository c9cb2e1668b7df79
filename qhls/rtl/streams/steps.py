"""Netlists of one step of a process, and of the later ops that are fused into it, built by ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qhls.ir.integers import Codes
from qhls.ir.op import Op
from qhls.ir.ops import Const, Threshold
from qhls.ir.types import Fixed
from qhls.plan.streams.cut import take_part
from qhls.plan.streams.network import StreamProcess
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import Netlist, Port
from qhls.rtl.wires import Wires


def make_input(
    builder: Builder, name: str, of: Fixed, ends: tuple[int, int], shape: tuple[int, ...]
) -> tuple[Wires, Port]:
    """Create the wires (1, *shape) of an input; return them and their port."""
    size = int(np.prod(shape))
    ids = [builder.make_input(*ends) for _ in range(size)]
    wires = Wires(builder, np.array(ids, np.int64).reshape(1, *shape)).settle(name, 0)
    return wires, Port(name, of, shape, tuple(ids))


def make_operand(builder: Builder, op: Op) -> tuple[Wires, Port]:
    """Create the wires of an input that carries the tensor of ``op``; return them and their port."""
    return make_input(builder, op.name, op.type, op.range.hull, op.shape)


def make_port(name: str, of: Fixed, wires: Wires) -> Port:
    """Return an output port of the type ``of`` for ``wires``."""
    return Port(name, of, wires.shape[1:], tuple(wires.ids.ravel().tolist()))


def list_operands(step: Op) -> list[Op]:
    """Return the distinct operands of a step that are not constants."""
    return [operand for operand in dict.fromkeys(step.operands) if not isinstance(operand, Const)]


def make_phase(builder: Builder, period: int) -> tuple[list[Port], list[int]]:
    """Create the input that is the number of a token modulo ``period``; none where ``period`` is 1."""
    if period == 1:
        return [], []
    count = Fixed.from_range(0, period - 1, 0)
    wires, port = make_input(builder, "phase", count, (0, period - 1), ())
    return [port], wires.ids.ravel().tolist()


def evaluate_step(process: StreamProcess, step: Op) -> Netlist:
    """Return the netlist of ``step``, and of the later fused ops if a step makes one token.

    The first input is the number of a token if constants differ between tokens.
    """
    builder = Builder(step.name)
    operands = {operand: make_operand(builder, operand) for operand in list_operands(step)}
    ports, phase = make_phase(builder, process.period if process.given == 1 else 1)
    wires = {operand: wires for operand, (wires, _) in operands.items()}
    assert process.op is not None
    result = _evaluate(builder, process.op, step, wires, phase)
    inputs = [*ports, *(port for _, port in operands.values())]
    if process.given > 1:
        return builder.finish(inputs, [make_port(step.name, process.op.type, result)])
    return finish_ops(builder, process, inputs, result, phase)


def evaluate_followers(process: StreamProcess) -> Netlist:
    """Return the netlist of the later fused ops of ``process``, which reads one token of its first op."""
    op, lanes = process.op, process.writes[0].lanes
    assert op is not None
    builder = Builder(op.name)
    token, port = make_operand(builder, take_part(op, (lanes,)))
    ports, phase = make_phase(builder, process.period)
    return finish_ops(builder, process, [*ports, port], token, phase)


def finish_ops(
    builder: Builder,
    process: StreamProcess,
    inputs: Sequence[Port],
    result: Wires,
    phase: Sequence[int],
) -> Netlist:
    """Return the netlist that applies the later fused ops of ``process`` to ``result``, a token of its first op."""
    for before, each in zip(process.ops, process.followers, strict=False):
        (operand,) = list_operands(each.action.step)
        token = result.map(lambda ids, to=operand: ids.reshape(1, *to.shape))
        token = token.narrow(*before.range.hull)
        result = _evaluate(builder, each.op, each.action.step, {operand: token}, phase)
    last = process.ops[-1]
    return builder.finish(inputs, [make_port(last.name, last.type, result)])


def _evaluate(
    builder: Builder, op: Op, step: Op, operands: Mapping[Op, Wires], phase: Sequence[int]
) -> Wires:
    """Return the result of ``step``, a part of ``op``, for the token whose number is the cell ``phase``."""
    pairs = list(zip(op.operands, step.operands, strict=True))
    constants = {
        part: whole for whole, part in pairs if isinstance(whole, Const) and isinstance(part, Const)
    }
    period = max((whole.size // part.size for part, whole in constants.items()), default=1)
    if isinstance(op, Threshold) and period > 1:  # cells cannot have its thresholds as operands
        results: list[Wires] = []
        for number in range(period):
            taken = {p: Wires.of(builder, _take(w, p, number)) for p, w in constants.items()}
            results.append(step.evaluate(*(({**operands, **taken})[part] for _, part in pairs)))
        result = _select(builder, phase[0], results)
    else:
        chosen = {p: _make_constants(builder, w, p, phase) for p, w in constants.items()}
        result = step.evaluate(*(({**operands, **chosen})[part] for _, part in pairs))
    return result.settle(step.name, step.bound)


def _take(whole: Const, part: Const, number: int) -> Codes:
    """Return the codes of the constant ``whole`` for the token ``number``, in the shape of ``part``.

    ``part``: the constant of the first token.
    """
    if whole.size == part.size:
        return part.codes
    parts = whole.codes.to_integers().reshape(-1, part.size)
    return Codes(parts[number % len(parts)].reshape(part.shape))


def _make_constants(builder: Builder, whole: Const, part: Const, phase: Sequence[int]) -> Wires:
    """Return the wires of a step's constant; where tokens differ, they come from a table with address ``phase``."""
    if whole.size == part.size:
        return Wires.of(builder, part.codes)
    numbers = range(builder.get_hi(phase[0]) + 1)
    rows = [_take(whole, part, number).to_integers().ravel() for number in numbers]
    columns = np.stack(rows, 1).tolist()
    ids = [builder.make_table(phase[0], [int(code) for code in column]) for column in columns]
    return Wires(builder, np.array(ids, np.int64).reshape(part.shape))


def _select(builder: Builder, phase: int, results: Sequence[Wires]) -> Wires:
    """Return the result of the token ``phase``, selected by a binary tree of multiplexers."""
    numbers = range(builder.get_hi(phase) + 1)
    pairs = [(number, results[number % len(results)]) for number in numbers]
    while len(pairs) > 1:
        halved = [
            (first, choose_wires(builder.make_less(phase, builder.make_const(second)), a, b))
            for (first, a), (second, b) in zip(pairs[::2], pairs[1::2], strict=False)
        ]
        pairs = halved + pairs[2 * len(halved) :]
    return pairs[0][1]


def choose_wires(bit: int, a: Wires, b: Wires) -> Wires:
    """Return ``a`` where ``bit`` is 1, else ``b``."""
    pairs = zip(a.ids.ravel().tolist(), b.ids.ravel().tolist(), strict=True)
    chosen = [a.builder.make_mux(bit, x, y) for x, y in pairs]
    return Wires(a.builder, np.array(chosen, np.int64).reshape(b.shape))
