"""``StreamCandidates``: costs of other quantizers in a design of streams.

Each candidate is a graph like any other, of which the plan is made anew by the decisions of the given one: its tiles
and tokens stay, while widths, line buffers, FIFOs and depths follow from the types. That takes milliseconds for small
networks, since times of all tokens are part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import fsum

from qhls.energy.candidates import (
    CandidateCosts,
    LayerChoice,
    check_area_table,
    check_layers,
    rebuild_op,
)
from qhls.energy.model import price_plan
from qhls.energy.sensitivity import rebuild_scan
from qhls.energy.technology import Technology
from qhls.ir import Const, Fixed, Graph, Input, Op, Scan
from qhls.plan.hardware.prices import AreaTable, price_primitives
from qhls.plan.search import count_plan
from qhls.plan.streams.build import remake_streams
from qhls.plan.streams.network import StreamPlan

_AS_IS = LayerChoice()


class StreamCandidates:
    """Costs of variants of the graph of ``network``; methods and ``area`` as those of ``Candidates``."""

    def __init__(
        self, network: StreamPlan, technology: Technology, area: AreaTable | None = None
    ) -> None:
        check_area_table(area)
        self._plan, self._technology, self._area = network, technology, area
        nested = (body for op in network.graph.ops for body, _ in op.nested)
        inner = [op.layer for body in nested for op, _ in body.walk()]
        layers = [op.layer for op in network.graph.ops if not isinstance(op, Const)] + inner
        self.layers: tuple[str, ...] = tuple(dict.fromkeys(layer for layer in layers if layer))
        self._remake = lru_cache(maxsize=16)(self._make_plan)

    def energy(self, choices: Mapping[str, LayerChoice]) -> float:
        """Return pJ per inference with ``choices`` by Keras layer. Raises ``EnergyError`` for an unknown layer."""
        return price_plan(self._find_plan(choices), self._technology).total

    def estimate_costs(self, choices: Mapping[str, LayerChoice]) -> CandidateCosts:
        """Return energy, area and latency with ``choices`` by Keras layer; see ``energy``."""
        network, table = self._find_plan(choices), self._area
        areas = [
            price_primitives(built, table)[0]
            for _, built in (count_plan(network, table.copies) if table else ())
            if table
        ]
        units = table.units if table else ()
        area = {unit: fsum(each[unit] for each in areas) for unit in units}
        return CandidateCosts(self.energy(choices), area, network.latency, network.interval)

    def sum_by_layer(self, choices: Mapping[str, LayerChoice]) -> dict[str, float]:
        """Return pJ per inference by Keras layer; an op without layer counts under its own name."""
        report = price_plan(self._find_plan(choices), self._technology)
        return {layer: fsum(causes.values()) for layer, causes in report.layers.items()}

    def derive_types(self, choices: Mapping[str, LayerChoice]) -> dict[str, Fixed]:
        """Return the type of each op's result by the name of the op."""
        ops = self._find_plan(choices).graph.ops
        return {op.name: op.type for op in ops if not isinstance(op, Const)}

    def _find_plan(self, choices: Mapping[str, LayerChoice]) -> StreamPlan:
        check_layers(choices, self.layers)
        return self._remake(frozenset(choices.items()))

    def _make_plan(self, choices: frozenset[tuple[str, LayerChoice]]) -> StreamPlan:
        if not choices:
            return self._plan
        graph, new = _rebuild(self._plan.graph, dict(choices))
        return remake_streams(self._plan, graph, new)


def _rebuild(graph: Graph, choices: Mapping[str, LayerChoice]) -> tuple[Graph, dict[Op, Op]]:
    """Return ``graph`` with ``choices`` by layer, and the new op of each of its tensors."""
    new: dict[Op, Op] = {}
    for op in graph.ops:
        if isinstance(op, Const):
            continue
        if isinstance(op, Input):
            new[op] = op
        elif isinstance(op, Scan):
            new[op] = rebuild_scan(op, new, _rebuild(op.body, choices)[0])
        else:
            operands = {operand: new[operand] for operand in op.operands if operand in new}
            new[op] = rebuild_op(op, choices.get(op.layer or "", _AS_IS), operands)
    return replace(graph, outputs=tuple(new.get(op, op) for op in graph.outputs)), new
