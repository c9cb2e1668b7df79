"""Rules for layers without kernels: what passes numbers on, merges, activations, averages."""

from __future__ import annotations

import math

from qhls.qtools.counts import KEPT_SHAPES, operation_count, window_of
from qhls.qtools.entry import Findings, Part, Work
from qhls.qtools.graph import Node, size_of
from qhls.qtools.numbers import Number
from qhls.qtools.operators import Operator, accumulate, merge, multiply
from qhls.qtools.options import Options
from qhls.quantizers import Quantizer

ACTIVATIONS = ("QActivation", "QAdaptiveActivation", "Activation")

_CHARGED_MERGES = ("Add", "Multiply", "Subtract", "Dot")
"""The merging layers whose energy QTools has a formula for, and ``Dot``, which it cannot type."""


def is_plain(kind: str) -> bool:
    """Whether a layer of this class only moves or repeats numbers, or chooses among them."""
    return any(part in kind for part in (*KEPT_SHAPES, "UpSampling"))


def passing(node: Node, inputs: list[Number], options: Options) -> Findings:
    """What only moves numbers, or chooses the largest: they stay as they are."""
    work: tuple[Work, ...] = ()
    if not options.compatible and "MaxPool" in node.kind:
        compares = (math.prod(window_of(node)) - 1) * math.prod(size_of(node.output_shape))
        work = (Work(compares, (Operator(inputs[0], "add"),)),)
    return Findings(inputs[0], work=work)


def unknown(node: Node, inputs: list[Number], options: Options) -> Findings:
    """What QTools does not know, such as padding: numbers stay as they are, unless types are imposed."""
    if options.for_reference and options.keras_accumulator and not node.is_input:
        return Findings(options.default_sum)
    return Findings(inputs[0])


def activation(node: Node, inputs: list[Number], options: Options) -> Findings:
    """The quantizer's numbers; the default's where there is none, but a function."""
    quantizer = getattr(node.layer, "quantizer", None)
    if options.for_reference or not isinstance(quantizer, Quantizer):
        return Findings(options.default_sum)
    return Findings(options.types.number(quantizer))


def merging(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Layers that merge their inputs element by element."""
    numbers = inputs
    if len(inputs) < 2 and node.kind in ("Multiply", "Dot"):
        numbers = [*inputs, inputs[0]]  # one edge stands for two; QTools has no product then
    operator = merge(node.kind, numbers, options.compatible)
    work: tuple[Work, ...] = ()
    count = operation_count(node, options.compatible)
    if node.kind in _CHARGED_MERGES or not options.compatible:
        work = (Work((len(inputs) - 1) * count, (operator,), count_first=True),)
    if node.kind == "Dot":
        terms = max(1, count // max(1, math.prod(size_of(node.output_shape))))
        total = accumulate(terms, operator.output)
        work = (Work(count, (operator, total)),)
        operator = operator.making(total.output)
    if options.for_reference:
        operator = operator.making(options.default_sum)
        work = tuple(_imposed(each, operator.output) for each in work)
    return Findings(operator.output, {f"{node.kind}_quantizer": Part(operator)}, work)


def _imposed(work: Work, output: Number) -> Work:
    return Work(work.count, tuple(o.making(output) for o in work.operators), work.count_first)


def averaging(node: Node, inputs: list[Number], options: Options) -> Findings:
    """A sum over a window, and in a Q-layer its product with the quantised 1 / area.

    QTools' energy model fails for Keras' averages, for which it has a formula (an addition for every
    operation it counts), and charges nothing for the Q-layers.
    """
    window = math.prod(window_of(node))
    if options.compatible and node.inputs[0].is_input and "Global" in node.kind:
        window = 1  # QTools takes the list around the model's input for its shape
    total = accumulate(window, inputs[0])
    parts: dict[str, Part] = {}
    product = None
    if node.kind.startswith("Q"):
        average = options.types.number(node.layer.get_quantizers()[0])
        product = multiply(total.output, average)
        parts["average_quantizer"] = Part(average)
    if options.for_reference:
        total = total.making(options.default_sum)
        product = product and product.making(options.default_sum)
    parts["pool_sum_accumulator"] = Part(total)
    count = operation_count(node, options.compatible)
    work = [Work(count, (total,))]
    if product is not None:
        parts["pool_avg_multiplier"] = Part(product)
        outputs = math.prod(size_of(node.output_shape))
        work = [] if options.compatible else [*work, Work(outputs, (product,))]
    made = total.output if product is None else product.output
    return Findings(made, parts, tuple(work))
