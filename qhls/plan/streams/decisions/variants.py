"""Hardware of a plan of streams for other number types, under the same folds, tokens and FIFO depths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Input, Pool
from qhls.plan.dataflow import find_array
from qhls.plan.hardware.depth import estimate_added_depth, estimate_depth
from qhls.plan.hardware.primitives import is_wiring
from qhls.plan.process import OpHardware, Process
from qhls.plan.streams.actions import Action, Regroup, Repeat, Slide, make_window_op
from qhls.plan.streams.cut import Cut, cut
from qhls.plan.streams.decisions.choices import find_action
from qhls.plan.streams.depths import make_clock
from qhls.plan.streams.hardware import make_hardware, wire
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess


def remake(plan: StreamPlan, op: Op, new: Op) -> OpHardware:
    """Return the hardware of ``new`` in place of ``op`` in ``plan``, under the same decisions.

    ``new``: an op of equal shape whose numbers have other types.
    """
    hardware = plan.find_hardware(op)
    process = plan.process(op)
    unit: Process | None = None
    action: Action | None = None
    if process is not None:
        action = _find_action(_get_action(process, op), new, process.writes[0].lanes)
        unit = make_hardware(new, action, plan.choices[op], process.writes[0].lanes)
        if unit and isinstance(hardware.unit, Process):
            unit = _connect(unit, hardware.unit, process)
    memories = tuple(
        memory
        for holder in plan.list_holders(op)
        for memory in _retype(holder, op, new, action, unit).list_memories(new)
    )
    return replace(hardware, op=new, unit=unit, memories=memories)


def _get_action(process: StreamProcess, op: Op) -> Action:
    if op is process.op:
        return process.action
    return next(each.action for each in process.followers if each.op is op)


def _find_action(action: Action, new: Op, lanes: int) -> Action:
    """Return the action of ``new``, which replaces an op with the action ``action``."""
    if isinstance(action, Regroup):
        return Regroup(new)
    if isinstance(action, Slide):
        assert isinstance(new, Conv | Pool)
        return replace(action, step=make_window_op(new))
    whole = isinstance(action, Repeat) and action.steps == 1 and not action.by_token
    return find_action(Cut(new) if whole else cut(new), lanes)


def _connect(remade: Process, unit: Process, process: StreamProcess) -> Process:
    """Return the hardware ``remade`` with wires wherever ``unit``, the hardware that it replaces, has wires."""
    parts = [process.hardware, *(each.hardware for each in process.followers)]
    others = [part for part in parts if part and part is not unit]
    wiring = remade.is_wiring and all(map(is_wiring, others))
    follows = any(a.buffer.place == "wired" for a in unit.reads if not isinstance(a.operand, Const))
    reads = tuple(
        wire(a) if follows and not isinstance(a.operand, Const) else a for a in remade.reads
    )
    writes = wire(remade.writes) if unit.writes.buffer.place == "wired" else remade.writes
    return replace(remade, reads=reads, writes=writes, is_wiring=wiring)


def _retype(
    process: StreamProcess, op: Op, new: Op, action: Action | None, unit: Process | None
) -> StreamProcess:
    """Return ``process`` with ``new`` in place of ``op``, its first op or the tensor that it writes."""
    writes = tuple(
        replace(fifo, tensor=new) if fifo.tensor is op else fifo for fifo in process.writes
    )
    if op is not process.op or action is None:
        return replace(process, writes=writes)
    tensors = zip(_list_tensors(op), _list_tensors(new), strict=True)
    operands = {find_array(old): operand for old, operand in tensors}
    if isinstance(action, Slide):  # which may read what its op's padding reads
        operands = {process.reads[0].tensor: _list_tensors(new)[0]}
    reads = tuple(replace(f, tensor=_fit_shape(f, operands[f.tensor])) for f in process.reads)
    if isinstance(action, Repeat):
        held = (
            r.tensor for r, f in zip(reads, process.reads, strict=True) if f.tensor in process.held
        )
        action = replace(action, held=frozenset(held))
    return replace(process, op=new, action=action, hardware=unit, reads=reads, writes=writes)


def _list_tensors(op: Op) -> list[Op]:
    return [operand for operand in op.operands if not isinstance(operand, Const)]


def _fit_shape(fifo: Fifo, operand: Op) -> Op:
    """Return ``operand`` in the shape of the tensor that ``fifo`` carries."""
    shape = fifo.tensor.shape
    return operand if operand.shape == shape else Input(shape, operand.type, name=operand.name)


def estimate_cycles(
    plan: StreamPlan, levels: Mapping[Op, int], recurrences: Mapping[Op, Process]
) -> tuple[int, int]:
    """Return latency and interval of ``plan`` for other logic levels per op and other hardware of recurrences."""
    period = plan.schedule.clock_period
    paces: list[tuple[int, int, int]] = []
    for process in plan.processes:
        hardware, op = process.hardware, process.op
        own = levels[op] if hardware and op else 0
        more = sum(levels[each.op] for each in process.followers)
        tail = estimate_added_depth(own, more, period)
        if hardware:
            depth = estimate_depth(own, period)
            hardware = (op and recurrences.get(op)) or replace(hardware, depth=depth)
        paces.append((hardware.depth, hardware.interval, tail) if hardware else (0, 0, tail))
    return _time(plan, tuple(paces))


@lru_cache(maxsize=256)
def _time(plan: StreamPlan, paces: tuple[tuple[int, int, int], ...]) -> tuple[int, int]:
    """Return latency and initiation interval for given depths and intervals of the processes.

    ``paces``: the depth and the interval of each process, and the cycles that its fused ops add to the depth.
    """
    processes = tuple(
        replace(
            process,
            hardware=process.hardware and replace(process.hardware, depth=depth, interval=interval),
            tail=tail,
        )
        for process, (depth, interval, tail) in zip(plan.processes, paces, strict=True)
    )
    clock, _ = make_clock(replace(plan, processes=processes))
    timing = clock.find_earliest()
    return timing.latency, timing.interval
