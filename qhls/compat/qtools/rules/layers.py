"""Rules that find types and charged operations of layers without kernels: moves, merges, activations, averages."""

from __future__ import annotations

import math

from qhls.compat.qtools.graph import Node, drop_batch
from qhls.compat.qtools.rules.counts import KEPT_SHAPES, count_operations, find_window
from qhls.compat.qtools.rules.entry import Findings, LayerWork, MapPart
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.operators import Operator, accumulate, merge, multiply
from qhls.compat.qtools.types.options import Options
from qhls.quantizers import Quantizer

ACTIVATIONS = ("QActivation", "QAdaptiveActivation", "Activation")

_CHARGED_MERGES = ("Add", "Multiply", "Subtract", "Dot")
"""The merging layers whose energy is charged: those with a formula in QTools, and ``Dot``, on which QTools fails."""


def is_plain(kind: str) -> bool:
    """Return whether a layer of this class only moves, repeats or selects numbers."""
    return any(part in kind for part in (*KEPT_SHAPES, "UpSampling"))


def count_passing(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the unchanged type after a layer that moves numbers or selects the largest, and charged comparisons."""
    work: tuple[LayerWork, ...] = ()
    if not options.compatible and "MaxPool" in node.kind:
        compares = (math.prod(find_window(node)) - 1) * math.prod(drop_batch(node.output_shape))
        work = (LayerWork(compares, (Operator(inputs[0], "add"),)),)
    return Findings(inputs[0], work=work)


def count_unknown(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the type after a layer unknown to QTools, which is that of its first input unless one is imposed."""
    if options.for_reference and options.keras_accumulator and not node.is_input:
        return Findings(options.default_sum)
    return Findings(inputs[0])


def count_activation(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the type after an activation: that of its quantizer, or the default for a plain function."""
    quantizer = getattr(node.layer, "quantizer", None)
    if options.for_reference or not isinstance(quantizer, Quantizer):
        return Findings(options.default_sum)
    return Findings(options.types.to_number(quantizer))


def count_merging(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return the types and charged operations of a layer that merges its inputs, such as ``Add`` or ``Concatenate``."""
    numbers = inputs
    if len(inputs) < 2 and node.kind in ("Multiply", "Dot"):
        numbers = [*inputs, inputs[0]]  # one edge for two inputs; QTools has no product then
    operator = merge(node.kind, numbers, options.compatible)
    work: tuple[LayerWork, ...] = ()
    count = count_operations(node, options.compatible)
    if node.kind in _CHARGED_MERGES or not options.compatible:
        work = (LayerWork((len(inputs) - 1) * count, (operator,), count_first=True),)
    if node.kind == "Dot":
        terms = max(1, count // max(1, math.prod(drop_batch(node.output_shape))))
        total = accumulate(terms, operator.output)
        work = (LayerWork(count, (operator, total)),)
        operator = operator.with_output(total.output)
    if options.for_reference:
        operator = operator.with_output(options.default_sum)
        work = tuple(_impose(charged, operator.output) for charged in work)
    return Findings(operator.output, {f"{node.kind}_quantizer": MapPart(operator)}, work)


def _impose(work: LayerWork, output: Number) -> LayerWork:
    return LayerWork(
        work.count, tuple(o.with_output(output) for o in work.operators), work.count_first
    )


def count_averaging(node: Node, inputs: list[Number], options: Options) -> Findings:
    """Return types and charged operations of average pooling: a sum and, in a Q-layer, a product with 1 / area.

    QTools has a formula for Keras' averages, one addition per counted operation, but fails on it. It charges nothing
    for the Q-layers.
    """
    window = math.prod(find_window(node))
    if options.compatible and node.inputs[0].is_input and "Global" in node.kind:
        window = 1  # QTools reads the list around the model's input as its shape
    total = accumulate(window, inputs[0])
    parts: dict[str, MapPart] = {}
    product = None
    if node.kind.startswith("Q"):
        average = options.types.to_number(node.layer.get_quantizers()[0])
        product = multiply(total.output, average)
        parts["average_quantizer"] = MapPart(average)
    if options.for_reference:
        total = total.with_output(options.default_sum)
        product = product and product.with_output(options.default_sum)
    parts["pool_sum_accumulator"] = MapPart(total)
    count = count_operations(node, options.compatible)
    work = [LayerWork(count, (total,))]
    if product is not None:
        parts["pool_avg_multiplier"] = MapPart(product)
        outputs = math.prod(drop_batch(node.output_shape))
        work = [] if options.compatible else [*work, LayerWork(outputs, (product,))]
    result = total.output if product is None else product.output
    return Findings(result, parts, tuple(work))
