"""The energy of one inference by layer in pJ: reads of inputs and parameters, writes of outputs, and operations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qhls.compat.qtools.graph import drop_batch
from qhls.compat.qtools.prices import Prices
from qhls.compat.qtools.rules.entry import Entry, LayerWork
from qhls.errors import EnergyError

PLACES = ("dram", "sram", "fixed")
"""The places that a tensor can have; a "fixed" tensor is part of the logic and costs no energy to access."""


@dataclass(frozen=True)
class Memory:
    """The places of weights and activations: DRAM, SRAM or, if "fixed", the logic itself.

    The inputs and outputs of a model are in DRAM if ``rd_wr_on_io``, else in SRAM. With ``rd_wr_on_io`` each access to
    DRAM also passes through SRAM. ``min_sram_size`` is the size of the smallest SRAM, in bits.
    """

    weights_on_memory: str = "dram"
    activations_on_memory: str = "dram"
    min_sram_size: int = 0
    rd_wr_on_io: bool = True

    def __post_init__(self) -> None:
        for name in ("weights_on_memory", "activations_on_memory"):
            place = getattr(self, name)
            if place not in PLACES:
                raise EnergyError(
                    f"QTools.pe, {name}: expected one of {', '.join(PLACES)}, got {place!r}. "
                    f"Choose one."
                )

    def access(self, prices: Prices, bits: int, place: str) -> float:
        """Return the energy in pJ of one read or write of ``bits`` bits at ``place``."""
        if place == "sram":
            return prices.price_sram(bits, self.min_sram_size)
        if place != "dram":
            return 0.0
        passing = prices.price_sram(bits, self.min_sram_size) if self.rd_wr_on_io else 0.0
        return passing + prices.price_dram(bits)

    def get_outside(self, is_border: bool) -> str:
        """Return the place of activations; if ``is_border``, the place of the model's inputs and outputs."""
        if is_border:
            return "dram" if self.rd_wr_on_io else "sram"
        return self.activations_on_memory


def price_layer(entry: Entry, memory: Memory, prices: Prices) -> dict[str, float]:
    """Return the energy of a layer in pJ by cause, not rounded."""
    node = entry.node
    place = memory.get_outside(node.is_input)
    inputs: Any = 0
    for edge, number in zip(node.inputs, entry.inputs, strict=True):
        inputs += memory.access(prices, math.prod(drop_batch(edge.shape)) * number.bits, place)
    parameters: Any = 0
    for elements, number in entry.findings.parameters:
        parameters += memory.access(prices, elements * number.bits, memory.weights_on_memory)
    written = memory.access(prices, _count_written(entry), memory.get_outside(node.is_output))
    operations: Any = 0
    for work in entry.findings.work:
        operations += price_work(work, prices)
    return {
        "inputs": float(inputs),
        "outputs": float(written),
        "parameters": float(parameters),
        "op_cost": float(operations),
    }


def _count_written(entry: Entry) -> int:
    """Return the size of a layer's output in bits."""
    return math.prod(entry.output_shape[1:]) * entry.output.bits


def price_work(work: LayerWork, prices: Prices) -> float:
    """Return the energy of a layer's operations in pJ, with the factors multiplied in QTools' order."""
    if work.count_first:
        first = work.operators[0]
        return work.count * first.gate_factor * prices.price_operator(first)
    each: Any = 0
    for operator in work.operators:
        each += operator.gate_factor * prices.price_operator(operator)
    return work.count * each


def make_energy_dict(entries: Sequence[Entry], memory: Memory, prices: Prices) -> dict[str, Any]:
    """Return QTools' energy dictionary: the class of each layer, its energy by cause in pJ, and ``total_cost``.

    Energies of layers are rounded to 0.01 pJ. ``total_cost`` is in whole pJ.
    """
    layers: dict[str, Any] = {}
    total = 0.0
    for entry in entries:
        causes = price_layer(entry, memory, prices)
        layers[entry.node.name] = {
            "class_name": entry.node.kind,
            "energy": {cause: float(f"{pj:.2f}") for cause, pj in causes.items()},
        }
        total += causes["inputs"] + causes["outputs"] + causes["parameters"] + causes["op_cost"]
    return layers | {"total_cost": int(total)}
