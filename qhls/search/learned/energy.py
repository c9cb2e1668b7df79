"""``EnergyTerm``: the energy of a model whose widths are learned, as a differentiable part of its loss.

Events and memory accesses come from the graph of the initial model, and prices from the technology. This module
defines how they depend on the widths:

* A product by a weight that is part of the logic costs one addition per signed digit, as wide as the input. A bit
  has a third of a digit on average. Its addition to the sum is as wide as the sum. A weight of 0 costs nothing.
* A product by a weight in a memory costs a multiplier and an addition, whatever the weight. Reading the memory costs
  in proportion to its bits.
* All else (activations, pooling, registers, block RAM) is proportional to the width of the tensor that it processes.

The width of a sum follows from three numbers: the width of its input, the fraction bits of its finest weight, and the
largest sum of the weights' magnitudes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qhls.energy.model import list_energy_terms
from qhls.energy.technology import Polynomial, Technology
from qhls.ir import Add, Const, Graph, Input, Op, Quantize
from qhls.plan import Process, Schedule, plan_design
from qhls.plan.hardware.counting import count_multiplications
from qhls.plan.process import OpHardware
from qhls.quantizers.keras_types import KerasTensor, ops
from qhls.search.learned.layers import LearnedActivation, LearnedWeights

Learned = LearnedWeights | LearnedActivation

DIGITS_PER_BIT = 1 / 3
"""Average number of non-zero signed digits per bit of a number (G. W. Reitwiesner, Binary Arithmetic, 1960)."""


@dataclass(frozen=True)
class LearnedWidth:
    """Width of a tensor relative to the learned width of the layer ``root``: the tensor is ``more`` bits wider.

    ``root``: the layer whose activation or sum has a learned width; ``None``: the width is the constant ``more``.
    """

    root: Learned | None
    more: float
    fraction: float
    """Number of fraction bits relative to that of ``root``."""


@dataclass(frozen=True)
class Product:
    """The product of a layer's kernel with an input of width ``x``.

    ``weights``: the number of weights. ``uses``: the number of products per weight in one inference.
    """

    layer: LearnedWeights
    x: LearnedWidth
    weights: int
    uses: float
    memory: tuple[float, float, float] | None
    """Energy in pJ of reading the weights at a reference width, that width, and the exponent of their relation.

    ``None`` if the weights are part of the logic.
    """


@dataclass
class EnergyTerm:
    """Energy term of the loss: ``strength`` times the ratio of the current energy to the initial energy.

    ``at_start``: the initial energy in pJ. ``constant``: the pJ that do not depend on widths. ``slopes``: the pJ per
    bit of each activation and sum. ``calls``: the number of calls of the layer that adds the term.
    """

    technology: Technology
    strength: Any
    at_start: float = 0.0
    constant: float = 0.0
    products: list[Product] = field(default_factory=list)
    slopes: dict[Learned, float] = field(default_factory=dict)
    biases: dict[Learned, float] = field(default_factory=dict)
    """Energy, in pJ per bit of the sum, of adding a layer's bias; a bias of zeros needs no addition."""
    removable: set[Learned] = field(default_factory=set)
    """Layers whose unused units are removed on export."""
    calls: int = 1

    def compute_loss(self) -> KerasTensor:
        """Return the amount that each call of the layer with this term adds to the loss."""
        return (
            ops.convert_to_tensor(self.strength)
            * self.compute_energy()
            / (self.at_start * self.calls)
        )

    def compute_energy(self) -> KerasTensor:
        """Return the energy in pJ per inference, estimated from the current widths."""
        total = ops.convert_to_tensor(self.constant)
        bits: dict[Any, KerasTensor] = {}
        sums: dict[Any, tuple[KerasTensor, KerasTensor]] = {}
        for product in self.products:
            layer = product.layer
            if layer not in bits:
                bits[layer] = layer.count_kernel_bits()
                sums[layer] = self._sum(product, sums)
            total = total + self._price_product(product, bits[layer], sums)
        for root, slope in self.slopes.items():
            width, _ = self._count_bits(LearnedWidth(root, 0.0, 0.0), sums)
            if root in self.removable:
                width = width * ops.mean(mark_used(root.count_unit_bits(bits[root])))
            total = total + slope * width
            if root in self.biases:
                total = total + self.biases[root] * mark_used(root.count_bias_bits()) * width
        return total

    def _count_bits(
        self, width: LearnedWidth, sums: Mapping[Any, tuple[KerasTensor, KerasTensor]]
    ) -> tuple[KerasTensor, KerasTensor]:
        """Return the width and the number of fraction bits of a tensor, with gradients to the learned variables."""
        if width.root is None:
            return ops.convert_to_tensor(width.more), ops.convert_to_tensor(width.fraction)
        if isinstance(width.root, LearnedActivation):
            bits, fraction = width.root.compute_width(), width.root.compute_fraction()
        else:
            bits, fraction = sums[width.root]
        return bits + width.more, fraction + width.fraction

    def _sum(
        self, product: Product, sums: Mapping[Any, tuple[KerasTensor, KerasTensor]]
    ) -> tuple[KerasTensor, KerasTensor]:
        """Return the width and the number of fraction bits of a layer's sum of products and bias."""
        bits, fraction = self._count_bits(product.x, sums)
        layer = product.layer
        finest = fraction + layer.find_finest()
        if layer.get_unquantized("bias") is not None:
            there = ops.stop_gradient(layer.count_bias_bits()) > 0
            finest = ops.where(there, ops.maximum(finest, layer.compute_fraction("bias")), finest)
        return ops.maximum(bits - fraction + layer.compute_growth() + finest + 1.0, 1.0), finest

    def _price_product(
        self,
        product: Product,
        bits: KerasTensor,
        sums: Mapping[Any, tuple[KerasTensor, KerasTensor]],
    ) -> KerasTensor:
        """Return the energy in pJ of a layer's products and their accumulation."""
        operations = self.technology.operations
        x, _ = self._count_bits(product.x, sums)
        add, wide = price(operations["add"], x), price(operations["add"], sums[product.layer][0])
        if product.memory is None:
            digits = ops.sum(ops.maximum(bits - 1.0, 0.0)) * DIGITS_PER_BIT
            return product.uses * (digits * add + ops.sum(mark_used(bits)) * wide)
        stored = ops.max(bits) + 1.0
        once, at, power = product.memory
        times = product.uses * product.weights
        multiplied = price(operations["multiply"], x, stored)
        return times * (multiplied + wide) + once * (stored / at) ** power


def mark_used(bits: KerasTensor) -> KerasTensor:
    """Return 1 for each weight with a width above 0, else 0.

    The gradient is the average saving per bit on the way to a width of 0.
    """
    fixed = ops.stop_gradient(bits)
    return ops.minimum(fixed, 1.0) + (bits - fixed) / ops.maximum(fixed, 1.0)


def price(polynomial: Polynomial, *bits: KerasTensor) -> KerasTensor:
    """Return the energy in pJ of one operation on operands of these widths, as ``Polynomial.price`` for tensors."""
    product = bits[0]
    for each in bits[1:]:
        product = product * each
    constant, *coefficients = polynomial.coefficients
    total: KerasTensor = ops.convert_to_tensor(float(constant))
    for power, coefficient in enumerate(coefficients, start=1):
        total = total + coefficient * product ** (power / len(bits))
    return total


def derive_energy_term(
    graph: Graph,
    schedule: Schedule,
    technology: Technology,
    layers: Mapping[str, LearnedWeights],
    activations: Mapping[str, LearnedActivation],
) -> EnergyTerm:
    """Derive the energy term of a model from its initial ``graph``; layers and activations are by layer name."""
    term = EnergyTerm(technology, 0.0)
    widths: dict[Op, LearnedWidth] = {}
    network = plan_design(graph, schedule)
    for op in graph.ops:
        if isinstance(op, Const):
            continue
        layer = layers.get(op.layer or "")
        is_product = layer is not None and count_multiplications(op) > 0
        widths[op] = _find_width(op, widths, layer if is_product else None, activations)
        for cause, tensor, pj in list_energy_terms(network.find_hardware(op), technology):
            term.at_start += pj
            if is_product and (isinstance(tensor, Const) or (tensor is op and cause != "memory")):
                continue
            width = widths.get(tensor, LearnedWidth(None, 0.0, 0.0))
            bits = max(tensor.type.width, 1)
            if width.root is None:
                term.constant += pj
            else:
                adds_bias = layer is not None and isinstance(op, Add)
                slopes = term.biases if adds_bias else term.slopes
                term.slopes.setdefault(width.root, 0.0)
                slopes[width.root] = slopes.get(width.root, 0.0) + pj / bits
                term.constant += pj / bits * width.more
        if is_product:
            assert layer is not None
            hardware = network.find_hardware(op)
            term.products.append(_make_product(hardware, layer, widths, technology))
    return term


def _find_width(
    op: Op,
    widths: Mapping[Op, LearnedWidth],
    layer: LearnedWeights | None,
    activations: Mapping[str, LearnedActivation],
) -> LearnedWidth:
    """Return the width of an op's result relative to that of the learned layer, if any, from which it derives."""
    if layer is not None:
        return LearnedWidth(layer, 0.0, 0.0)
    if isinstance(op, Quantize) and op.layer in activations:
        return LearnedWidth(activations[op.layer], 0.0, 0.0)
    operands = [o for o in op.operands if not isinstance(o, Const)]
    if isinstance(op, Input) or not operands:
        return LearnedWidth(None, float(op.type.width), float(op.type.frac))
    widest = max(operands, key=lambda o: o.type.width)
    before = widths[widest]
    more = before.more + op.type.width - widest.type.width
    return LearnedWidth(before.root, more, before.fraction + op.type.frac - widest.type.frac)


def _make_product(
    hardware: OpHardware,
    layer: LearnedWeights,
    widths: Mapping[Op, LearnedWidth],
    technology: Technology,
) -> Product:
    op, process = hardware.op, hardware.unit
    assert isinstance(process, Process)
    (w,) = [o for o in op.operands if isinstance(o, Const)]
    x = next(o for o in op.operands if not isinstance(o, Const))
    macs = count_multiplications(op)
    (part,) = [
        o for o in process.op.operands if isinstance(o, Const)
    ]  # the part of w that a step reads
    where, memory = process.read(part).buffer.place, None
    if where != "wired":
        bits = w.size * w.type.width
        once = sum(pj for _, t, pj in list_energy_terms(hardware, technology) if t is w)
        growth = technology.read(where, 64 * bits) / technology.read(where, bits)
        memory = (once, float(w.type.width), math.log(growth) / math.log(64))
    return Product(layer, widths[x], w.size, macs / w.size, memory)
