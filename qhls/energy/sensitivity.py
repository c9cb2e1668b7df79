"""What one bit less would save: each layer's weights or activations narrowed by a bit, and priced again.

The narrowed design is a graph like any other, so every width that follows from it is as real as the
original's: accumulators, the next layer's products, memories. How far its accuracy falls only training says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from typing import Literal

import numpy as np

from qhls.energy.model import estimate, op_energy
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
    Schedule,
    Threshold,
)
from qhls.ir.encoding import Encoding, encoding, two_valued
from qhls.ir.integers import Array
from qhls.ir.work import MULTIPLICATIONS

_SETTLING = 64
"""Times that what enters a recurrence is widened until it holds what leaves: a bit or two is what rounding adds."""

Part = Literal["weights", "activations"]
"""What of a layer is narrowed: the weights of its products, or the numbers that it passes on."""


@dataclass(frozen=True, slots=True)
class Saving:
    """pJ per inference that a bit less in one Keras layer saves; None where there is no bit to take.

    A narrowed part keeps two bits and a ternary or binary one is left as it is.
    """

    layer: str
    weights: float | None
    activations: float | None


def sensitivity(graph: Graph, schedule: Schedule, technology: Technology) -> tuple[Saving, ...]:
    """Return what a bit less saves, a Keras layer at a time; only layers with something to narrow.

    Only ops that change are rebuilt and priced, so that the time grows with the layers and not with their square.
    """
    narrowing = _Narrowing(graph)

    def saved(layer: str, part: Part) -> float | None:
        changed = narrowing.changes(layer, part, _alike)
        if not changed:
            return None
        before, after = (
            math.fsum(_price(op, schedule, technology) for op in ops)
            for ops in (changed, changed.values())
        )
        return before - after

    layers = dict.fromkeys(op.layer for op in graph.ops if op.layer)
    found = (Saving(name, saved(name, "weights"), saved(name, "activations")) for name in layers)
    return tuple(s for s in found if s.weights is not None or s.activations is not None)


def _price(op: Op, schedule: Schedule, technology: Technology) -> float:
    """pJ of ``op`` and the graphs that it runs, in one inference."""
    if isinstance(op, Const):  # priced with what reads it
        return 0.0
    inner = (times * estimate(body, schedule, technology).total for body, times in op.nested)
    return math.fsum((*op_energy(op, schedule, technology).values(), *inner))


def _alike(fresh: Op, op: Op) -> bool:
    """Whether nothing that reads ``fresh`` differs from what reads ``op``: what the ops of a graph see of operands."""
    return (
        not isinstance(fresh, Const)
        and fresh.type == op.type
        and all(
            np.array_equal(new.array, old.array)
            for new, old in ((fresh.range.lo, op.range.lo), (fresh.range.hi, op.range.hi))
        )
        and two_valued(fresh) == two_valued(op)
    )


def narrowed(graph: Graph, layer: str, part: Part) -> Graph:
    """Return ``graph`` with a bit less in ``part`` of ``layer``; itself where there is nothing to narrow.

    Weights and activations lose their last fraction bit, rounded to the nearest, ties to even. Weights that
    are powers of two lose the lower half of their exponents, which become the lowest that remains.
    """
    changed = _Narrowing(graph).changes(layer, part, lambda fresh, op: False)
    if not changed:
        return graph
    return replace(graph, outputs=tuple(changed.get(op, op) for op in graph.outputs))


class _Narrowing:
    """What of a graph changes when a layer gets a bit less; what all layers share is found once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._place = {op: place for place, op in enumerate(graph.ops)}
        self._weights = {
            operand
            for op in graph.ops
            if any(event.kind in MULTIPLICATIONS for event in op.events)
            for operand in op.operands
            if isinstance(operand, Const)
        }
        self._members: dict[str, list[Op]] = {}
        for op in graph.ops:
            inside = (inner for body, _ in op.nested for inner, _ in body.walk())
            for layer in {op.layer, *(inner.layer for inner in inside)}:
                self._members.setdefault(layer, []).append(op)

    def changes(self, layer: str, part: Part, settled: Callable[[Op, Op], bool]) -> dict[Op, Op]:
        """Return the new op of each that changes; the readers of one that is ``settled`` stay as they are."""
        waiting = [self._place[op] for op in self._members.get(layer, ())]
        queued = set(waiting)
        changed: dict[Op, Op] = {}
        new: dict[Op, Op] = {}
        while waiting:  # in the graph's order, a list in order being a heap
            op = self.graph.ops[heappop(waiting)]
            fresh = self._fresh(op, new, layer, part)
            if fresh is op:
                continue
            changed[op] = fresh
            if settled(fresh, op):
                continue
            new[op] = fresh
            for place in (self._place[reader] for reader in self.graph.users[op]):
                if place not in queued:
                    queued.add(place)
                    heappush(waiting, place)
        return changed

    def _fresh(self, op: Op, new: dict[Op, Op], layer: str, part: Part) -> Op:
        fresh = _rescanned(op, new, layer, part) if isinstance(op, Scan) else _rebuilt(op, new)
        if op.layer != layer:
            return fresh
        if part == "activations":
            return _narrow_activation(fresh)
        if op in self._weights and isinstance(fresh, Const):
            return _narrow_weights(fresh)
        return fresh


def _rebuilt(op: Op, new: dict[Op, Op]) -> Op:
    """``op`` on its new operands, whose grid may be coarser."""
    if isinstance(op, Threshold | Pad):
        x = new.get(op.x, op.x)
        finer = x.type.frac - op.x.type.frac
        if finer and isinstance(op, Pad):
            return replace(op, x=x, value=round(float(np.ldexp(float(op.value), finer))))
        if finer and isinstance(op, Threshold):
            return _regrid(op, x)
    return op.with_operands(new)


def _rescanned(op: Scan, new: dict[Op, Op], layer: str, part: Part) -> Scan:
    """``op`` on its new operands, its body narrowed. Rounded weights may give larger sums: what enters is widened."""
    x, start = new.get(op.x, op.x), tuple(new.get(state, state) for state in op.start)
    body = narrowed(op.body, layer, part)
    for _ in range(_SETTLING):
        leaving = (x, *body.outputs[1:])
        types = {
            inside: inside.type.joined(outside.type).joined(result.type)
            for inside, outside, result in zip(body.inputs, (x, *start), leaving, strict=True)
        }
        if all(inside.type == to for inside, to in types.items()):
            break
        body = body.rewrite(partial(_retyped, types))
    unchanged = body is op.body and x is op.x and start == op.start
    return op if unchanged else replace(op, x=x, start=start, body=body)


def _retyped(types: dict[Input, Fixed], op: Op) -> Op:
    return replace(op, dtype=types[op]) if isinstance(op, Input) and types[op] != op.dtype else op


def _regrid(op: Threshold, x: Op) -> Threshold:
    """The same steps for an ``x`` of fewer fraction bits: each threshold goes up to the next of its numbers."""
    steps, levels = coarser_steps(
        op.thresholds.codes.integers(),
        op.values.codes.integers(),
        op.x.type.frac - x.type.frac,
        x.type.hi,
    )
    thresholds = replace(op.thresholds, codes=Codes(steps), frac=x.type.frac)
    return replace(op, x=x, thresholds=thresholds, values=replace(op.values, codes=Codes(levels)))


def coarser_steps(thresholds: Array, values: Array, bits: int, highest: int) -> tuple[Array, Array]:
    """Thresholds (..., n) and values (..., n + 1) of a step function of numbers with ``bits`` fraction bits less.

    Of thresholds that coincide then, the last one's value is reached. Functions that keep fewer than others
    get thresholds above ``highest``, the input's highest code, so that all keep as many.
    """
    count = thresholds.shape[-1]
    kept: list[tuple[list[int], list[int]]] = []
    for steps, levels in zip(
        thresholds.reshape(-1, count), values.reshape(-1, count + 1), strict=True
    ):
        rounded = [-(-int(t) >> bits) for t in steps.tolist()]
        reached = dict(zip(rounded, levels.tolist()[1:], strict=True))
        kept.append((list(reached), [levels.tolist()[0], *reached.values()]))
    longest = max(len(steps) for steps, _ in kept)
    for steps, levels in kept:
        while len(steps) < longest:
            steps.append(max(steps[-1], highest) + 1)
            levels.append(levels[-1])
    lead = thresholds.shape[:-1]
    return (
        np.array([steps for steps, _ in kept], object).reshape(*lead, longest),
        np.array([levels for _, levels in kept], object).reshape(*lead, longest + 1),
    )


def _halved(codes: Array) -> Array:
    return Codes(codes).round_shift(1, Rounding.HALF_EVEN).integers()


def _narrow_weights(const: Const) -> Const:
    codes = const.codes.integers()
    form = encoding(codes.reshape(-1, codes.shape[-1] if codes.ndim else 1)).encoding
    if form is Encoding.PO2:
        exponents = np.array([int(c).bit_length() for c in abs(codes).ravel()]).reshape(codes.shape)
        used = exponents[codes != 0]
        lowest = int(used.max()) - math.ceil((int(used.max()) - int(used.min())) / 2)
        raised = np.sign(codes) * np.maximum(abs(codes), 1 << lowest - 1)
        return replace(const, codes=Codes(np.where(codes == 0, 0, raised)))
    if form is not Encoding.FIXED or const.type.width <= 2:
        return const
    return replace(const, codes=Codes(_halved(codes)), frac=const.frac - 1)


def _narrow_activation(op: Op) -> Op:
    if isinstance(op, Quantize) and op.to.width > 2:
        return replace(op, to=Fixed(op.to.signed, op.to.width - 1, op.to.frac - 1))
    if isinstance(op, Threshold) and op.values.type.width > 2:
        values = Codes(_halved(op.values.codes.integers()))
        return replace(op, values=replace(op.values, codes=values, frac=op.values.frac - 1))
    return op
