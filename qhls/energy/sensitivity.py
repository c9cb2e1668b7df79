"""What one bit less would save: each layer's weights or activations narrowed by a bit, and priced again.

The narrowed design is a graph like any other, so every width that follows from it is as real as the
original's: accumulators, the next layer's products, memories. How far its accuracy falls only training says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from qhls.energy.model import estimate
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
from qhls.ir.encoding import Encoding, encoding
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
    """What a bit less saves, a Keras layer at a time; only layers with something to narrow."""
    total = estimate(graph, schedule, technology).total

    def saved(layer: str, part: Part) -> float | None:
        narrow = narrowed(graph, layer, part)
        return None if narrow is graph else total - estimate(narrow, schedule, technology).total

    layers = dict.fromkeys(op.layer for op in graph.ops if op.layer)
    found = (Saving(name, saved(name, "weights"), saved(name, "activations")) for name in layers)
    return tuple(s for s in found if s.weights is not None or s.activations is not None)


def narrowed(graph: Graph, layer: str, part: Part) -> Graph:
    """``graph`` with a bit less in ``part`` of ``layer``; itself where there is nothing to narrow.

    Weights and activations lose their last fraction bit, rounded to the nearest, ties to even. Weights that
    are powers of two lose the lower half of their exponents, which become the lowest that remains.
    """
    weights = {
        operand
        for op in graph.ops
        if any(event.kind in MULTIPLICATIONS for event in op.events)
        for operand in op.operands
        if isinstance(operand, Const)
    }
    new: dict[Op, Op] = {}
    for op in graph.ops:
        scan = isinstance(op, Scan)
        fresh = _rescanned(op, new, layer, part) if scan else _rebuilt(op, new)
        if op.layer == layer:
            if part == "weights" and op in weights and isinstance(fresh, Const):
                fresh = _narrow_weights(fresh)
            elif part == "activations":
                fresh = _narrow_activation(fresh)
        new[op] = fresh
    if all(old is fresh for old, fresh in new.items()):
        return graph
    return replace(graph, outputs=tuple(new[op] for op in graph.outputs))


def _rebuilt(op: Op, new: dict[Op, Op]) -> Op:
    """``op`` on its new operands, whose grid may be coarser."""
    if isinstance(op, Threshold) and new[op.x].type.frac != op.x.type.frac:
        return _regrid(op, new[op.x])
    if isinstance(op, Pad) and new[op.x].type.frac != op.x.type.frac:
        finer = np.ldexp(float(op.value), new[op.x].type.frac - op.x.type.frac)
        return replace(op, x=new[op.x], value=round(float(finer)))
    return op.with_operands(new)


def _rescanned(op: Scan, new: dict[Op, Op], layer: str, part: Part) -> Scan:
    """``op`` on its new operands, its body narrowed. Rounded weights may give larger sums: what enters is widened."""
    x, start = new[op.x], tuple(new[state] for state in op.start)
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
    thresholds = replace(op.thresholds, codes=Codes(steps), scale=x.type.frac)
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
    return replace(const, codes=Codes(_halved(codes)), scale=const.scale - 1)


def _narrow_activation(op: Op) -> Op:
    if isinstance(op, Quantize) and op.to.width > 2:
        return replace(op, to=Fixed(op.to.signed, op.to.width - 1, op.to.frac - 1))
    if isinstance(op, Threshold) and op.values.type.width > 2:
        values = Codes(_halved(op.values.codes.integers()))
        return replace(op, values=replace(op.values, codes=values, scale=op.values.scale - 1))
    return op
