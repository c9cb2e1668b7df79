"""``Candidates``: the costs of a model with other quantizers, estimated before training from types and shapes.

Before training, no weights are known. The values that the quantizer can return replace them, all equally often.
Accumulators are as wide as the worst of these values require. Trained weights crowd around zero and so cost less;
docs/energy.md says how much.

Each op is rebuilt for the types of its operands; its ``evaluate`` derives everything else. Its costs are cached, so a
second candidate with the same layer and input looks them up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum
from typing import cast

import numpy as np

from qhls.energy.model import price_op
from qhls.energy.technology import Technology
from qhls.errors import EnergyError
from qhls.ir import (
    Codes,
    Const,
    Fixed,
    Input,
    Op,
    Quantize,
    Scan,
    Threshold,
)
from qhls.ir.integers import Array, narrow_integers
from qhls.plan import Plan, Process
from qhls.plan.hardware.counting import count_multiplications
from qhls.plan.hardware.encoding import Encoding, find_encoding, is_two_valued
from qhls.plan.hardware.prices import AreaTable, list_area_tables, price_primitives
from qhls.plan.hardware.primitives import count_hardware
from qhls.plan.network import repeat
from qhls.plan.process import OpHardware
from qhls.plan.streams.network import StreamPlan


@dataclass(frozen=True)
class QuantizerLevels:
    """The values that a quantizer can return: ``codes * 2**-frac``, in ascending order."""

    codes: tuple[int, ...]
    frac: int

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Compute the hash once: each lookup of a candidate needs it, and there may be thousands of codes."""
        return hash((self.codes, self.frac))

    @classmethod
    def of(cls, to: Fixed) -> QuantizerLevels:
        """Return all values that a type can represent."""
        return cls(tuple(range(to.lo, to.hi + 1)), to.frac)

    @cached_property
    def _order(self) -> Array:
        """Return the codes in a fixed random order.

        If the encoding is narrower than that of fixed-point numbers, the codes that decide it come first.
        """
        shuffled: list[int] = np.random.default_rng(0).permutation(self.codes).tolist()
        if not self._fixed:
            small = min((code for code in self.codes if code), key=abs, default=0)
            first = (self.codes[-1], -small if -small in self.codes else small, self.codes[0], 0)
            shuffled = [*(c for c in dict.fromkeys(first) if c in self.codes), *shuffled]
        return np.array(list(dict.fromkeys(shuffled)))

    @cached_property
    def _fixed(self) -> bool:
        return find_encoding(np.array(self.codes).reshape(-1, 1)).encoding is Encoding.FIXED

    def make_constant(self, like: Const) -> Const:
        """Return a constant in the shape of ``like``, filled with the codes in random order, repeated as needed."""
        if self._fixed or not like.shape:
            return self._fill(like, np.resize(self._order, like.shape))
        outputs = like.shape[-1]
        column = np.resize(self._order, (like.size // outputs, 1))
        return self._fill(like, np.repeat(column, outputs, axis=1).reshape(like.shape))

    def make_extremes(self, like: Const) -> tuple[Const, Const]:
        """Return two constants in the shape of ``like``: one filled with the lowest code, one with the highest."""
        low, high = (np.full(like.shape, self.codes[end]) for end in (0, -1))
        return self._fill(like, low), self._fill(like, high)

    def _fill(self, like: Const, codes: object) -> Const:
        return replace(like, codes=Codes(np.asarray(codes)), frac=self.frac)


@dataclass(frozen=True)
class LayerChoice:
    """The quantizers of one layer in a candidate; None leaves a quantizer as it is in the graph.

    ``weights``: the weights of its products, for all or by variable: ``(("kernel", levels),)``. ``bias``: the values
    of its bias. ``activations``: its quantized results: a type to round to, or levels for any other function.
    """

    weights: QuantizerLevels | tuple[tuple[str, QuantizerLevels], ...] | None = None
    bias: QuantizerLevels | None = None
    activations: Fixed | QuantizerLevels | None = None


@dataclass(frozen=True, slots=True)
class CandidateCosts:
    """The costs of one candidate. ``energy``: pJ per inference. ``area``: by unit, empty without an area table.

    ``latency``: the clock cycles for one input. ``interval``: the initiation interval, in clock cycles.
    """

    energy: float
    area: Mapping[str, float]
    latency: int
    interval: int


@dataclass(frozen=True, slots=True)
class _State:
    """The properties of a tensor on which costs depend: its type, its range, and whether it holds only x and -x."""

    type: Fixed
    lo: int
    hi: int
    opposite: bool


@dataclass(frozen=True, slots=True)
class _OpCosts:
    """The state of an op's result and the op's costs, for given states of its operands and a given choice."""

    state: _State
    energy: float
    area: tuple[float, ...]
    logic_levels: int
    """The number of logic levels of one trip of the op's process."""
    timed: Process | None = None
    """The process of a recurrence, with the cycles that its step takes; None for other ops."""


_AS_IS = LayerChoice()

_Choice = LayerChoice | tuple[tuple[str, LayerChoice], ...]
"""The choice for the layer of an op or, for a recurrence, the choices for the layers of its step."""


class Candidates:
    """Estimator of the costs of a planned graph if its layers had other quantizers; it caches the costs of each op.

    It makes thousands of estimates per second. The decisions of the plan ``network`` remain. ``area``: the table that
    prices area; None leaves area out. ``nested``: whether an op runs the graph, so that the design stores its inputs.
    """

    def __init__(
        self,
        network: Plan | StreamPlan,
        technology: Technology,
        area: AreaTable | None = None,
        *,
        nested: bool = False,
    ) -> None:
        if area is not None and area.counts != "primitives":
            raise EnergyError(
                f"candidates: expected an area table that prices any design: {', '.join(list_area_tables())}, got "
                f"{area.name!r}, which needs trained weights. Choose another one."
            )
        graph = network.graph
        self._plan, self._holds_inputs = network, nested
        self._technology, self._area = technology, area
        self._ops = [op for op in graph.ops if not isinstance(op, Const)]
        index = {op: i for i, op in enumerate(self._ops)}
        self._sources = [tuple(index[o] for o in op.operands if o in index) for op in self._ops]
        self._first = graph.inputs[0] if graph.inputs else None
        self._nested: dict[Op, Candidates] = {
            hardware.op: Candidates(hardware.unit.body, technology, area, nested=True)
            for hardware in map(network.find_hardware, self._ops)
            if isinstance(hardware.unit, Process) and hardware.unit.body
        }
        self._outputs = [index[op] for op in graph.outputs if op in index]
        self._seen: list[dict[object, _OpCosts]] = [{} for _ in self._ops]
        layers = [op.layer for op in self._ops if op.layer]
        inner = [layer for nested in self._nested.values() for layer in nested.layers]
        self.layers: tuple[str, ...] = tuple(dict.fromkeys([*layers, *inner]))

    def energy(self, choices: Mapping[str, LayerChoice]) -> float:
        """Return the total energy in pJ per inference with ``choices``, which maps names of Keras layers to choices.

        Raises ``EnergyError`` for an unknown layer.
        """
        return fsum(op.energy for op in self._walk(choices))

    def estimate_costs(self, choices: Mapping[str, LayerChoice]) -> CandidateCosts:
        """Return the costs of the graph with ``choices``, which maps layers to choices. Raises like ``energy``."""
        costs = self._walk(choices)
        latency, interval = self._find_cycles(costs)
        units = self._area.units if self._area else ()
        totals = map(fsum, zip(*(op.area for op in costs), strict=True))
        return CandidateCosts(
            fsum(op.energy for op in costs),
            dict(zip(units, totals, strict=True)),
            latency,
            interval,
        )

    def _find_cycles(self, costs: list[_OpCosts]) -> tuple[int, int]:
        """Return the latency and the initiation interval in clock cycles of the graph whose ops have these costs."""
        priced = dict(zip(self._ops, costs, strict=True))
        levels = {op: each.logic_levels for op, each in priced.items()}
        recurrences = {op: each.timed for op, each in priced.items() if each.timed}
        return self._plan.estimate_cycles(levels, recurrences)

    def sum_by_layer(self, choices: Mapping[str, LayerChoice]) -> dict[str, float]:
        """Return the energy in pJ per inference by Keras layer; an op without layer counts under its own name."""
        layers: dict[str, float] = {}
        for op, costs in zip(self._ops, self._walk(choices), strict=True):
            layer = op.layer or op.name
            layers[layer] = layers.get(layer, 0.0) + costs.energy
        return layers

    def derive_types(self, choices: Mapping[str, LayerChoice]) -> dict[str, Fixed]:
        """Return the type of each op's result for ``choices``, by name of the op."""
        results = self._walk(choices)
        return {op.name: costs.state.type for op, costs in zip(self._ops, results, strict=True)}

    def _walk(
        self, choices: Mapping[str, LayerChoice], entering: tuple[_State, ...] = ()
    ) -> list[_OpCosts]:
        """Return the state and the costs of each op; ``entering``: a state that replaces that of the first input."""
        results: list[_OpCosts] = []
        if not choices.keys() <= set(self.layers):
            unknown = next(name for name in choices if name not in self.layers)
            raise EnergyError(
                f"candidates: expected layers of {', '.join(self.layers)}, got {unknown!r}. Choose one of these."
            )
        for op, sources, seen in zip(self._ops, self._sources, self._seen, strict=True):
            choice = self._find_choice(op, choices)
            states = tuple([results[i].state for i in sources])
            if entering and op is self._first:
                states = entering
            key = (choice, states)
            costs = seen.get(key)
            if costs is None:
                costs = seen[key] = self._price_op(op, choice, states)
            results.append(costs)
        return results

    def _find_choice(self, op: Op, choices: Mapping[str, LayerChoice]) -> _Choice:
        """Return the choice for the layer of ``op`` or, for a recurrence, the choices for the layers of its step."""
        if op not in self._nested:
            return choices.get(op.layer or "", _AS_IS)
        layers = self._nested[op].layers
        return tuple((layer, choices[layer]) for layer in layers if layer in choices)

    def _price_op(self, op: Op, choice: _Choice, states: tuple[_State, ...]) -> _OpCosts:
        if isinstance(choice, tuple):
            return self._price_scan(cast("Scan", op), dict(choice), states)
        new_op = _rebuild(op, choice, states)
        state = _State(new_op.type, *new_op.range.hull, is_two_valued(new_op))
        hardware = self._plan.remake(op, new_op)
        energy = fsum(price_op(hardware, self._technology).values())
        levels = hardware.unit.logic_levels if isinstance(hardware.unit, Process) else 0
        return _OpCosts(state, energy, self._price_area(hardware), levels)

    def _price_scan(
        self, op: Scan, choices: Mapping[str, LayerChoice], states: tuple[_State, ...]
    ) -> _OpCosts:
        """Return the state and the costs of a recurrence, from those of its step.

        The recurrent state, which a step passes to the next one, keeps its type.
        """
        hardware = self._plan.find_hardware(op)
        assert isinstance(hardware.unit, Process) and hardware.unit.body
        inner = self._nested[op]
        row = states[0].type  # a row may hold any of its numbers: a step is the same for all rows
        entering = _State(row, row.lo, row.hi, opposite=False)
        costs = inner._walk(choices, (entering,))
        cycles, _ = inner._find_cycles(costs)
        timed = repeat(hardware.unit, hardware.unit.body, cycles)
        hardware = replace(hardware, unit=timed)
        own = price_op(hardware, self._technology).values()
        areas = [self._price_area(hardware), *(step_op.area for step_op in costs)]
        return _OpCosts(
            costs[inner._outputs[0]].state,
            fsum([*own, *(op.steps * hardware.times * step_op.energy for step_op in costs)]),
            tuple(map(fsum, zip(*areas, strict=True))),
            0,
            timed,
        )

    def _price_area(self, hardware: OpHardware) -> tuple[float, ...]:
        """Return the area of ``hardware``, one number per unit of the area table; empty without an area table."""
        if self._area is None:
            return ()
        held = self._holds_inputs or not isinstance(hardware.op, Input)
        resources, *_ = price_primitives(
            count_hardware(hardware, held, self._area.copies), self._area
        )
        return tuple(resources[unit] for unit in self._area.units)


def _rebuild(op: Op, choice: LayerChoice, states: tuple[_State, ...]) -> Op:
    """Return a copy of ``op`` for operands with these states, with its constant or result quantized by ``choice``."""
    if isinstance(op, Input):
        return _make_placeholder(op, *states) if states else op
    tensors = [operand for operand in op.operands if not isinstance(operand, Const)]
    new = {
        operand: _make_placeholder(operand, state)
        for operand, state in zip(tensors, states, strict=True)
    }
    if isinstance(op, Quantize | Threshold):
        return _replace_activation(op, choice.activations, new[op.x])
    constants = [operand for operand in op.operands if isinstance(operand, Const)]
    multiplies = count_multiplications(op) > 0
    if len(constants) != 1 or not (multiplies or op.kind == "add"):
        return op.with_operands(new)
    (constant,) = constants
    levels = _find_weights(choice, constant) if multiplies else choice.bias
    if levels is None:
        return op.with_operands(new)
    typical = {**new, constant: levels.make_constant(constant)}
    if not multiplies:
        return op.with_operands(typical)
    extremes = [op.with_operands({**new, constant: end}) for end in levels.make_extremes(constant)]
    lowest, highest = zip(*(extreme.range.hull for extreme in extremes), strict=True)
    return op.with_operands(typical, bounds=(min(lowest), max(highest)))


def _find_weights(choice: LayerChoice, constant: Const) -> QuantizerLevels | None:
    """Return the levels for ``constant``, or None; if variables have levels, the longest that ends its name decides."""
    if not isinstance(choice.weights, tuple):
        return choice.weights
    name = re.sub(r"_\d+$", "", constant.name)
    fitting = [(variable, levels) for variable, levels in choice.weights if name.endswith(variable)]
    return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None


def _make_placeholder(operand: Op, state: _State) -> Op:
    """Return an input with this state and the name and shape of ``operand``."""
    values = (state.lo, state.hi) if state.opposite else range(state.lo, state.hi + 1)
    return Input(operand.shape, state.type, values, name=operand.name)


def _replace_activation(
    op: Quantize | Threshold, choice: Fixed | QuantizerLevels | None, x: Op
) -> Op:
    if isinstance(choice, QuantizerLevels):
        return _make_steps(op, x, np.array(choice.codes), choice.frac)
    if isinstance(op, Quantize):
        return replace(op, x=x, to=choice or op.to)
    if choice is not None:
        return Quantize(x, choice, name=op.name, layer=op.layer)
    if x.type.frac == op.x.type.frac:
        return op.with_operands({op.x: x})
    values = op.values.codes.to_integers()  # its thresholds are not on this grid
    return _make_steps(op, x, values.reshape(-1, values.shape[-1])[0], op.values.frac)


def _make_steps(op: Op, x: Op, values: Array, frac: int) -> Op:
    """Return a step function with the levels ``values``, whose thresholds are spread evenly over the range of ``x``."""
    lo, hi = x.range.hull
    count = max(min(len(values) - 1, hi - lo), 1)
    steps = (lo + 1 + i * max(hi - lo, 1) // count for i in range(count))
    thresholds = narrow_integers(steps, max(-lo, hi) + 1)
    reached = values[np.linspace(0, len(values) - 1, count + 1).round().astype(int)]
    return Threshold(
        x,
        Const(Codes(thresholds), x.type.frac, name="thresholds"),
        Const(Codes(reached), frac, name="values"),
        name=op.name,
        layer=op.layer,
    )
