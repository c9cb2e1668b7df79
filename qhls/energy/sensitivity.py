"""Savings of one bit less: the energy saved if one layer's weights or activations are one bit narrower.

The narrowed design is a graph like any other, and all widths follow from it: accumulators, the next layer's
products, memories. Only training can say how much accuracy it loses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from typing import Literal

import numpy as np

from qhls.energy.model import price_op
from qhls.energy.technology import Technology
from qhls.ir import (
    Codes,
    Const,
    Fixed,
    Graph,
    Input,
    Op,
    Pad,
    Quantize,
    Rounding,
    Scan,
    Threshold,
)
from qhls.ir.integers import Array
from qhls.plan import Plan, Process, Schedule, plan_design
from qhls.plan.hardware.counting import count_multiplications
from qhls.plan.hardware.encoding import Encoding, find_encoding, is_two_valued
from qhls.plan.hardware.primitives import is_wiring
from qhls.plan.process import OpHardware
from qhls.plan.streams.network import StreamPlan

_SETTLING = 64
"""The largest number of attempts to widen the inputs of a recurrence until its results fit into them."""

NarrowedPart = Literal["weights", "activations"]
"""The part of a layer to narrow: the weights of its products, or its results."""


@dataclass(frozen=True, slots=True)
class Saving:
    """The energy in pJ per inference that one bit less in a layer's weights or activations saves; None if impossible.

    A part that is narrowed retains at least two bits. Ternary and binary parts stay as they are.
    """

    layer: str
    weights: float | None
    activations: float | None


def find_savings(graph: Graph, schedule: Schedule, technology: Technology) -> tuple[Saving, ...]:
    """Return the energy that one bit less saves, for each Keras layer that can be narrowed.

    Only ops that change are rebuilt and priced, so the time is linear in the number of layers.
    """
    narrowing, network = _Narrowing(graph), plan_design(graph, schedule)

    def find_saving(layer: str, part: NarrowedPart) -> float | None:
        changed = narrowing.find_changes(layer, part, _has_same_readers)
        if not changed:
            return None
        totals = (
            math.fsum(
                pj
                for op in hardware
                for each in op.walk()
                for pj in price_op(each, technology).values()
            )
            for hardware in zip(*_remake(network, changed), strict=True)
        )
        return next(totals) - next(totals)

    layers = dict.fromkeys(op.layer for op in graph.ops if op.layer)
    savings = (
        Saving(name, find_saving(name, "weights"), find_saving(name, "activations"))
        for name in layers
    )
    return tuple(s for s in savings if s.weights is not None or s.activations is not None)


def _remake(
    network: Plan | StreamPlan, changed: Mapping[Op, Op]
) -> Iterator[tuple[OpHardware, OpHardware]]:
    """Yield the hardware, before and after, of each changed op and of all ops in the same process.

    A process stores nothing if all of its ops are wires, so a change of one op may affect the others.
    """
    ops = [op for op in changed if not isinstance(op, Const)]
    beside = [o for op in ops if (process := network.process(op)) for o in process.ops]
    after = {
        op: network.remake(op, changed[op]) if op in changed else network.find_hardware(op)
        for op in (*ops, *beside)
    }
    for op, hardware in after.items():
        process = network.process(op)
        units = [after[other].unit for other in process.ops] if process else []
        processes = [unit for unit in units if isinstance(unit, Process)]
        wires = all(map(is_wiring, processes))
        unit = hardware.unit
        settled = replace(unit, is_wiring=wires) if isinstance(unit, Process) else unit
        yield network.find_hardware(op), replace(hardware, unit=settled)


def _has_same_readers(new: Op, op: Op) -> bool:
    """Return whether ``new`` can replace ``op`` without a change of its readers.

    That is if both have the same type and range, and are two-valued or not.
    """
    return (
        not isinstance(new, Const)
        and new.type == op.type
        and all(
            np.array_equal(ours.array, theirs.array)
            for ours, theirs in ((new.range.lo, op.range.lo), (new.range.hi, op.range.hi))
        )
        and is_two_valued(new) == is_two_valued(op)
    )


def narrow(graph: Graph, layer: str, part: NarrowedPart) -> Graph:
    """Return ``graph`` with one bit less in ``part`` of ``layer``; ``graph`` itself if nothing can be narrowed.

    Weights and activations lose their last fraction bit, rounded to nearest, ties to even. Weights that are
    powers of two lose the lower half of their exponents, which are raised to the lowest remaining exponent.
    """
    changed = _Narrowing(graph).find_changes(layer, part, lambda new, op: False)
    if not changed:
        return graph
    return replace(graph, outputs=tuple(changed.get(op, op) for op in graph.outputs))


class _Narrowing:
    """Finder of the ops that change when a layer has one bit less; facts common to all layers are computed once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._position = {op: position for position, op in enumerate(graph.ops)}
        self._weights = {
            operand
            for op in graph.ops
            if count_multiplications(op)
            for operand in op.operands
            if isinstance(operand, Const)
        }
        self._members: dict[str, list[Op]] = {}
        for op in graph.ops:
            inside = (inner for body, _ in op.nested for inner, _ in body.walk())
            for layer in {op.layer, *(inner.layer for inner in inside)}:
                self._members.setdefault(layer, []).append(op)

    def find_changes(
        self, layer: str, part: NarrowedPart, settled: Callable[[Op, Op], bool]
    ) -> dict[Op, Op]:
        """Return the replacement of each op that changes; if ``settled(new, old)``, readers of the op do not change."""
        waiting = [self._position[op] for op in self._members.get(layer, ())]
        queued = set(waiting)
        changed: dict[Op, Op] = {}
        new: dict[Op, Op] = {}
        while waiting:  # a heap of positions, so the order is the graph's; a sorted list is a heap
            op = self.graph.ops[heappop(waiting)]
            new_op = self._narrow_op(op, new, layer, part)
            if new_op is op:
                continue
            changed[op] = new_op
            if settled(new_op, op):
                continue
            new[op] = new_op
            for position in (self._position[reader] for reader in self.graph.users[op]):
                if position not in queued:
                    queued.add(position)
                    heappush(waiting, position)
        return changed

    def _narrow_op(self, op: Op, new: dict[Op, Op], layer: str, part: NarrowedPart) -> Op:
        new_op = _rebuild_scan(op, new, layer, part) if isinstance(op, Scan) else _rebuild(op, new)
        if op.layer != layer:
            return new_op
        if part == "activations":
            return _narrow_activation(new_op)
        if op in self._weights and isinstance(new_op, Const):
            return _narrow_weights(new_op)
        return new_op


def _rebuild(op: Op, new: dict[Op, Op]) -> Op:
    """Return ``op`` or, if ``new`` replaces operands of it, a copy that reads these, whose grids may be coarser."""
    if isinstance(op, Threshold | Pad):
        x = new.get(op.x, op.x)
        finer = x.type.frac - op.x.type.frac
        if finer and isinstance(op, Pad):
            return replace(op, x=x, value=round(float(np.ldexp(float(op.value), finer))))
        if finer and isinstance(op, Threshold):
            return _coarsen_input(op, x)
    return op.with_operands(new)


def _rebuild_scan(op: Scan, new: dict[Op, Op], layer: str, part: NarrowedPart) -> Scan:
    """Return a copy of the recurrence ``op`` with new operands and a narrowed body, or ``op`` itself if none changes.

    Rounded weights may make sums larger, so the inputs of the body are widened until the sums fit.
    """
    x, start = new.get(op.x, op.x), tuple(new.get(state, state) for state in op.start)
    body = narrow(op.body, layer, part)
    for _ in range(_SETTLING):
        leaving = (x, *body.outputs[1:])
        types = {
            inside: inside.type.join(outside.type).join(result.type)
            for inside, outside, result in zip(body.inputs, (x, *start), leaving, strict=True)
        }
        if all(inside.type == to for inside, to in types.items()):
            break
        body = body.rewrite(partial(_retype, types))
    unchanged = body is op.body and x is op.x and start == op.start
    return op if unchanged else replace(op, x=x, start=start, body=body)


def _retype(types: dict[Input, Fixed], op: Op) -> Op:
    return replace(op, dtype=types[op]) if isinstance(op, Input) and types[op] != op.dtype else op


def _coarsen_input(op: Threshold, x: Op) -> Threshold:
    """Return the same step function for an ``x`` with fewer fraction bits; thresholds are rounded up to its grid."""
    steps, levels = coarsen_steps(
        op.thresholds.codes.to_integers(),
        op.values.codes.to_integers(),
        op.x.type.frac - x.type.frac,
        x.type.hi,
    )
    thresholds = replace(op.thresholds, codes=Codes(steps), frac=x.type.frac)
    return replace(op, x=x, thresholds=thresholds, values=replace(op.values, codes=Codes(levels)))


def coarsen_steps(thresholds: Array, values: Array, bits: int, highest: int) -> tuple[Array, Array]:
    """Return a step function's thresholds (..., n) and values (..., n + 1) for ``bits`` input fraction bits less.

    If thresholds coincide, the value of the last one remains. Functions left with fewer thresholds than others are
    padded with thresholds above ``highest``, the input's highest code.
    """
    count = thresholds.shape[-1]
    functions: list[tuple[list[int], list[int]]] = []
    for steps, levels in zip(
        thresholds.reshape(-1, count), values.reshape(-1, count + 1), strict=True
    ):
        rounded = [-(-int(t) >> bits) for t in steps.tolist()]
        reached = dict(zip(rounded, levels.tolist()[1:], strict=True))
        functions.append((list(reached), [levels.tolist()[0], *reached.values()]))
    longest = max(len(steps) for steps, _ in functions)
    for steps, levels in functions:
        while len(steps) < longest:
            steps.append(max(steps[-1], highest) + 1)
            levels.append(levels[-1])
    leading = thresholds.shape[:-1]
    return (
        np.array([steps for steps, _ in functions], object).reshape(*leading, longest),
        np.array([levels for _, levels in functions], object).reshape(*leading, longest + 1),
    )


def _halve(codes: Array) -> Array:
    return Codes(codes).round_shift(1, Rounding.HALF_EVEN).to_integers()


def _narrow_weights(const: Const) -> Const:
    codes = const.codes.to_integers()
    form = find_encoding(codes.reshape(-1, codes.shape[-1] if codes.ndim else 1)).encoding
    if form is Encoding.PO2:
        exponents = np.array([int(c).bit_length() for c in abs(codes).ravel()]).reshape(codes.shape)
        used = exponents[codes != 0]
        lowest = int(used.max()) - math.ceil((int(used.max()) - int(used.min())) / 2)
        raised = np.sign(codes) * np.maximum(abs(codes), 1 << lowest - 1)
        return replace(const, codes=Codes(np.where(codes == 0, 0, raised)))
    if form is not Encoding.FIXED or const.type.width <= 2:
        return const
    return replace(const, codes=Codes(_halve(codes)), frac=const.frac - 1)


def _narrow_activation(op: Op) -> Op:
    if isinstance(op, Quantize) and op.to.width > 2:
        return replace(op, to=Fixed(op.to.signed, op.to.width - 1, op.to.frac - 1))
    if isinstance(op, Threshold) and op.values.type.width > 2:
        values = Codes(_halve(op.values.codes.to_integers()))
        return replace(op, values=replace(op.values, codes=values, frac=op.values.frac - 1))
    return op
