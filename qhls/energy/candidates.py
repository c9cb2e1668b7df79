"""``Candidates``: what other quantizers in the same layers would cost, from types and shapes alone.

Before training there are no weights. In their place stand the numbers that the quantizer can give, all of them
equally often, and accumulators are as wide as the worst of them make necessary. Trained weights crowd around
zero and so cost less; see docs/energy.md for how much.

Each op is rebuilt for the types it meets, the IR itself saying what follows from them, and what it costs is kept:
a second candidate that agrees on a layer and its input looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum

import numpy as np

from qhls.energy.area import AreaTable, priced
from qhls.energy.latency import (
    Step,
    critical_path,
    memories_read,
    op_latency,
    scan_latency,
    stores,
)
from qhls.energy.model import op_energy
from qhls.energy.primitives import hardware
from qhls.energy.technology import Technology
from qhls.errors import EnergyError
from qhls.ir import (
    Codes,
    Const,
    Fixed,
    Graph,
    Input,
    Interval,
    Op,
    Quantize,
    Reshape,
    Scan,
    Schedule,
    Threshold,
)
from qhls.ir.dataflow import channels, obstacles
from qhls.ir.encoding import Encoding, encoding, two_valued
from qhls.ir.integers import Array, whole
from qhls.ir.work import MULTIPLICATIONS


@dataclass(frozen=True)
class Levels:
    """The numbers that a quantizer can give: ``codes * 2**-frac``, rising."""

    codes: tuple[int, ...]
    frac: int

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Once: a candidate is looked up by it, and there may be thousands of codes."""
        return hash((self.codes, self.frac))

    @classmethod
    def of(cls, to: Fixed) -> Levels:
        """All numbers of a type."""
        return cls(tuple(range(to.lo, to.hi + 1)), to.frac)

    @cached_property
    def _order(self) -> Array:
        """The codes in an order that has nothing to do with their size, always the same.

        Where the encoding is narrower than a fixed-point number's, those that make it what it is come first.
        """
        shuffled: list[int] = np.random.default_rng(0).permutation(self.codes).tolist()
        if not self._fixed:
            small = min((code for code in self.codes if code), key=abs, default=0)
            first = (self.codes[-1], -small if -small in self.codes else small, self.codes[0], 0)
            shuffled = [*(c for c in dict.fromkeys(first) if c in self.codes), *shuffled]
        return np.array(list(dict.fromkeys(shuffled)))

    @cached_property
    def _fixed(self) -> bool:
        return encoding(np.array(self.codes).reshape(-1, 1)).encoding is Encoding.FIXED

    def const(self, like: Const) -> Const:
        """In the shape of ``like``, every code as often as another, and in each output most of them."""
        if self._fixed or not like.shape:
            return self._filled(like, np.resize(self._order, like.shape))
        outputs = like.shape[-1]
        column = np.resize(self._order, (like.size // outputs, 1))
        return self._filled(like, np.repeat(column, outputs, axis=1).reshape(like.shape))

    def extremes(self, like: Const) -> tuple[Const, Const]:
        """In the shape of ``like``: the lowest code everywhere, and the highest."""
        low, high = (np.full(like.shape, self.codes[end]) for end in (0, -1))
        return self._filled(like, low), self._filled(like, high)

    def _filled(self, like: Const, codes: object) -> Const:
        return replace(like, codes=Codes(np.asarray(codes)), frac=self.frac)


@dataclass(frozen=True)
class Choice:
    """The numbers of one layer; None leaves what the graph has.

    ``weights``: of its products, or of some of them as (variable, levels) pairs, such as ``(("kernel", levels),)``.
    ``bias``: of what is added. ``activations``: of whatever it rounds: a type to round to, or levels for a function
    that is no rounding.
    """

    weights: Levels | tuple[tuple[str, Levels], ...] | None = None
    bias: Levels | None = None
    activations: Fixed | Levels | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one candidate. ``energy``: pJ per inference. ``area``: by unit of the area table, empty without one.

    ``latency``: clock cycles of an input; ``interval``: between inputs.
    """

    energy: float
    area: Mapping[str, float]
    latency: int
    interval: int


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of a tensor: its type, the range within it, and whether it is one of two opposite numbers."""

    type: Fixed
    lo: int
    hi: int
    opposite: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What an op with certain operands and a certain choice is and costs."""

    state: _State
    energy: float
    area: tuple[float, ...]
    cycles: int
    busy: int


_AS_IS = Choice()


class Candidates:
    """Costs of variants of ``graph``: thousands a second once its layers have been seen.

    ``area``: a table to count hardware by, or None to leave it out. ``nested``: whether an op runs the graph, so that
    its inputs are held within the design.
    """

    def __init__(
        self,
        graph: Graph,
        schedule: Schedule,
        technology: Technology,
        area: AreaTable | None = None,
        *,
        nested: bool = False,
    ) -> None:
        self._holds_inputs = nested
        self._schedule, self._technology, self._area = schedule, technology, area
        self._ops = [op for op in graph.ops if not isinstance(op, Const)]
        index = {op: i for i, op in enumerate(self._ops)}
        self._sources = [tuple(index[o] for o in op.operands if o in index) for op in self._ops]
        self._sequential = nested or bool(obstacles(graph))
        self._memories = [
            memories_read(op, schedule)
            if self._sequential and not isinstance(op, Input | Reshape)
            else ()
            for op in self._ops
        ]
        copies = () if nested else stores(graph, schedule)
        self._stored = max((copy.cycles for copy in copies), default=0)
        self._channels = frozenset[Op]() if nested else channels(graph)
        self._first = graph.inputs[0] if graph.inputs else None
        self._nested: dict[Op, Candidates] = {}
        self._outputs = [index[op] for op in graph.outputs if op in index]
        self._seen: list[dict[object, _Known]] = [{} for _ in self._ops]
        self.layers = tuple(dict.fromkeys(op.layer for op in self._ops if op.layer))

    def energy(self, choices: Mapping[str, Choice]) -> float:
        """pJ per inference with ``choices`` by Keras layer. Raises ``EnergyError`` for a layer that is not there."""
        return fsum(known.energy for known in self._walk(choices))

    def costs(self, choices: Mapping[str, Choice]) -> Costs:
        """Energy, area and latency; see ``energy``."""
        found = self._walk(choices)
        cycles, busy = self._timed(found)
        units = self._area.units if self._area else ()
        totals = map(fsum, zip(*(known.area for known in found), strict=True))
        return Costs(
            fsum(known.energy for known in found),
            dict(zip(units, totals, strict=True)),
            cycles,
            busy,
        )

    def _timed(self, found: list[_Known]) -> tuple[int, int]:
        """Cycles until the outputs are there, and between two inputs."""
        steps = [
            Step(known.cycles, known.cycles, sources, memories)
            for known, sources, memories in zip(found, self._sources, self._memories, strict=True)
        ]
        latency = critical_path(steps, self._outputs)[0] + self._stored
        busy = max((known.busy for known in found), default=1)
        return latency, latency if self._sequential else max(busy, self._stored)

    def by_layer(self, choices: Mapping[str, Choice]) -> dict[str, float]:
        """pJ per inference by Keras layer; an op without layer is its own."""
        found: dict[str, float] = {}
        for op, known in zip(self._ops, self._walk(choices), strict=True):
            layer = op.layer or op.name
            found[layer] = found.get(layer, 0.0) + known.energy
        return found

    def types(self, choices: Mapping[str, Choice]) -> dict[str, Fixed]:
        """The type of every op's result, by its name."""
        found = self._walk(choices)
        return {op.name: known.state.type for op, known in zip(self._ops, found, strict=True)}

    def _walk(
        self, choices: Mapping[str, Choice], entering: tuple[_State, ...] = ()
    ) -> list[_Known]:
        """What each op is and costs; ``entering``: the state of the first input, if it is not the graph's own."""
        results: list[_Known] = []
        if not choices.keys() <= set(self.layers):
            unknown = next(name for name in choices if name not in self.layers)
            raise EnergyError(
                f"candidates: expected layers of {', '.join(self.layers)}, got {unknown!r}"
            )
        for op, sources, seen in zip(self._ops, self._sources, self._seen, strict=True):
            choice = choices.get(op.layer, _AS_IS)
            states = tuple([results[i].state for i in sources])
            if entering and op is self._first:
                states = entering
            key = (choice, states)
            known = seen.get(key)
            if known is None:
                known = seen[key] = self._costed(op, choice, states)
            results.append(known)
        return results

    def _costed(self, op: Op, choice: Choice, states: tuple[_State, ...]) -> _Known:
        if isinstance(op, Scan):
            return self._scanned(op, choice, states)
        fresh = _rebuilt(op, choice, states)
        state = _State(fresh.type, *fresh.range.hull, two_valued(fresh))
        energy = fsum(op_energy(fresh, self._schedule, self._technology).values())
        timed = None if isinstance(op, Input | Reshape) else op_latency(fresh, self._schedule)
        cycles, busy = (timed.cycles, timed.busy) if timed else (0, 1)
        areas = self._areas(fresh, op in self._channels)
        return _Known(state, energy, areas, cycles, busy)

    def _scanned(self, op: Scan, choice: Choice, states: tuple[_State, ...]) -> _Known:
        """A recurrence: its step's costs. What is carried keeps its type."""
        if op not in self._nested:
            parts = (op.body, self._schedule, self._technology, self._area)
            self._nested[op] = Candidates(*parts, nested=True)
        inner = self._nested[op]
        row = states[0].type  # any of its numbers may come in: a step is the same for all rows
        entering = _State(row, row.lo, row.hi, opposite=False)
        found = inner._walk({op.layer: choice} if op.layer else {}, (entering,))
        cycles, _ = inner._timed(found)
        timed = scan_latency(op, cycles, self._schedule)
        state = found[inner._outputs[0]].state
        areas = [self._areas(op, op in self._channels), *(known.area for known in found)]
        return _Known(
            state,
            op.steps * fsum(known.energy for known in found),
            tuple(map(fsum, zip(*areas, strict=True))),
            timed.cycles,
            timed.busy,
        )

    def _areas(self, op: Op, channel: bool) -> tuple[float, ...]:
        """Of ``op``, by unit."""
        if self._area is None:
            return ()
        copies = self._area.copies(channel)
        built = hardware(op, self._schedule, self._holds_inputs, copies)
        resources, *_ = priced(built, self._area)
        return tuple(resources[unit] for unit in self._area.units)


def _rebuilt(op: Op, choice: Choice, states: tuple[_State, ...]) -> Op:
    """``op`` on operands of these states, with the numbers that ``choice`` gives its layer."""
    if isinstance(op, Input):
        return _placeholder(op, *states) if states else op
    tensors = [operand for operand in op.operands if not isinstance(operand, Const)]
    new = {
        operand: _placeholder(operand, state)
        for operand, state in zip(tensors, states, strict=True)
    }
    if isinstance(op, Quantize | Threshold):
        return _activation(op, choice.activations, new[op.x])
    constants = [operand for operand in op.operands if isinstance(operand, Const)]
    multiplies = any(event.kind in MULTIPLICATIONS for event in op.events)
    if len(constants) != 1 or not (multiplies or op.kind == "add"):
        return op.with_operands(new)
    (constant,) = constants
    levels = _weights(choice, constant) if multiplies else choice.bias
    if levels is None:
        return op.with_operands(new)
    fresh = op.with_operands({**new, constant: levels.const(constant)})
    if multiplies:
        ends = [op.with_operands({**new, constant: end}) for end in levels.extremes(constant)]
        hulls = [end.range.hull for end in ends]
        _limit(fresh, min(lo for lo, _ in hulls), max(hi for _, hi in hulls))
    return fresh


def _weights(choice: Choice, constant: Const) -> Levels | None:
    """The numbers of ``constant``: those of the variable with the longest name that its own name ends in."""
    if not isinstance(choice.weights, tuple):
        return choice.weights
    name = re.sub(r"_\d+$", "", constant.name)
    fitting = [(variable, levels) for variable, levels in choice.weights if name.endswith(variable)]
    return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None


def _placeholder(operand: Op, state: _State) -> Op:
    """A tensor of which only the state is known."""
    if state.opposite:
        x = Input(operand.shape, Fixed(True, 2, 0), name="any")
        values = Const(Codes(np.array([state.lo, state.hi])), state.type.frac, name="values")
        return Threshold(x, Const.of([0.0], "steps"), values, name=operand.name)
    tensor = Input(operand.shape, state.type, name=operand.name)
    _limit(tensor, state.lo, state.hi, state.type)
    return tensor


def _limit(op: Op, lo: int, hi: int, to: Fixed | None = None) -> None:
    """Give ``op`` a range that its operands here do not show, and the type that holds it."""
    object.__setattr__(op, "range", Interval.full((1, *op.shape), lo, hi))
    object.__setattr__(op, "type", to or Fixed.holding(lo, hi, op.frac))


def _activation(op: Quantize | Threshold, chosen: Fixed | Levels | None, x: Op) -> Op:
    if isinstance(chosen, Levels):
        return _steps(op, x, np.array(chosen.codes), chosen.frac)
    if isinstance(op, Quantize):
        return replace(op, x=x, to=chosen or op.to)
    if chosen is not None:
        return Quantize(x, chosen, name=op.name, layer=op.layer)
    if x.type.frac == op.x.type.frac:
        return op.with_operands({op.x: x})
    values = op.values.codes.integers()  # its thresholds are not on this grid
    return _steps(op, x, values.reshape(-1, values.shape[-1])[0], op.values.frac)


def _steps(op: Op, x: Op, values: Array, frac: int) -> Op:
    """A step function through ``values``, with a threshold between each two, spread over the range of ``x``."""
    lo, hi = x.range.hull
    count = max(min(len(values) - 1, hi - lo), 1)
    places = (lo + 1 + i * max(hi - lo, 1) // count for i in range(count))
    thresholds = whole(places, max(-lo, hi) + 1)
    kept = values[np.linspace(0, len(values) - 1, count + 1).round().astype(int)]
    return Threshold(
        x,
        Const(Codes(thresholds), x.type.frac, name="thresholds"),
        Const(Codes(kept), frac, name="values"),
        name=op.name,
        layer=op.layer,
    )
