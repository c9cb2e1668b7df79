"""The hardware of one process of a plan of streams: its work per token, per window or per step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Matmul
from qhls.plan.loop import Loop
from qhls.plan.network import plan_step
from qhls.plan.process import Access, Buffer, Process
from qhls.plan.rules import Choice, make_process
from qhls.plan.streams.actions import Action, Reduce, Repeat, Slide


def make_hardware(op: Op, action: Action, choice: Choice, lanes: int) -> Process | None:
    """Return the hardware that computes ``op``, one step of it or one window; None where tokens only move.

    ``lanes``: the elements of a token of the result. A token or a window is in registers.
    """
    if isinstance(action, Reduce):
        return _reduce(action, choice, lanes)
    if isinstance(action, Slide):
        return _make_in_registers(action.step, choice)
    if not isinstance(action, Repeat):
        return None
    step = action.step
    if action.by_token:
        return _work_on_tokens(op, choice, lanes)
    tiles = choice.fold
    if isinstance(step, Matmul | Conv) and tiles and tiles.divides and lanes % tiles.pe == 0:
        return _make_in_registers(step, choice)
    return plan_step(step, choice)


def _work_on_tokens(op: Op, choice: Choice, lanes: int) -> Process:
    """Return the hardware of an elementwise op, which computes one token per loop trip."""
    chosen = replace(choice, lanes=lanes)
    sources = [
        hold_elements(o, min(lanes, o.size))
        for o in dict.fromkeys(op.operands)
        if not isinstance(o, Const)
    ]
    process = make_process(op, chosen, sources, hold_elements(op, lanes))
    reads = tuple(
        access if isinstance(access.operand, Const) else replace(access, selected=0, candidates=1)
        for access in process.reads
    )
    whole = lanes > op.shape[-1] if op.shape else False  # a token of several pixels
    loops = (Loop("t", op.size, lanes),) if whole else process.loops
    return replace(process, reads=reads, loops=loops)


def _make_in_registers(step: Op, choice: Choice) -> Process:
    """Return the hardware of a step whose operands and result are in registers."""
    sources = [
        hold_elements(o, o.size) for o in dict.fromkeys(step.operands) if not isinstance(o, Const)
    ]
    return make_process(step, choice, sources, hold_elements(step, step.size))


def _reduce(action: Reduce, choice: Choice, lanes: int) -> Process:
    """Return the hardware of a running sum or maximum, which reads one token per loop trip."""
    op = action.op
    sources = [hold_elements(op.x, lanes)]
    process = make_process(op, replace(choice, lanes=lanes), sources, hold_elements(op, op.size))
    loops = (Loop("p", action.pixels), Loop("k", op.size, lanes))
    reads = tuple(
        replace(each, words=op.x.size, selected=0, candidates=1) for each in process.reads
    )
    return replace(process, loops=loops, lanes=lanes, reads=reads)


def wire_parts(parts: Sequence[Process], stored: bool) -> list[Process]:
    """Return the hardware of fused ops, connected by wires; registers store only the last result.

    ``stored``: whether the first op's results are in registers too, because they are not one token.
    """
    wiring = all(part.is_wiring for part in parts)
    wired: list[Process] = []
    for number, part in enumerate(parts):
        reads, writes = part.reads, part.writes
        if number > stored:
            reads = tuple(a if isinstance(a.operand, Const) else wire(a) for a in reads)
        if stored <= number < len(parts) - 1:
            writes = wire(writes)
        wired.append(replace(part, reads=reads, writes=writes, is_wiring=wiring))
    return wired


def wire(access: Access) -> Access:
    """Return ``access`` through wires, so that nothing stores the values."""
    return replace(access, buffer=replace(access.buffer, place="wired"))


def hold_elements(op: Op, elements: int) -> Buffer:
    """Return a buffer of registers for ``elements`` elements of the tensor of ``op``."""
    return Buffer(op, "registers", elements, op.type.width, banks=elements)
