"""The data type map of a model: every layer through its rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from qhls.errors import EnergyError
from qhls.qtools import complete, normal, products, rules
from qhls.qtools.convert import DEFAULT_TYPE, Types
from qhls.qtools.counts import MERGES, is_average, operation_count
from qhls.qtools.entry import Entry, Findings
from qhls.qtools.graph import Edge, Node
from qhls.qtools.numbers import Number
from qhls.qtools.options import Options

Rule = Callable[[Node, list[Number], Options], Findings]

RULES: dict[str, Rule] = {
    **dict.fromkeys(MERGES, rules.merging),
    **dict.fromkeys(rules.ACTIVATIONS, rules.activation),
    **dict.fromkeys(normal.KINDS, normal.normalisation),
    **dict.fromkeys(products.KINDS, products.product),
    **dict.fromkeys(products.FOLDED, products.folded),
}
"""By the layer's class."""


def rule_of(node: Node, options: Options) -> Rule:
    """The rule for a layer: by its class; what QTools does not count has one only if not compatible."""
    if not options.compatible and complete.applies(node):
        return complete.counted
    if is_average(node.kind, options.compatible):
        return rules.averaging
    if rules.is_plain(node.kind):
        return rules.passing
    return RULES.get(node.kind, rules.unknown)


def source_types(model: keras.Model, given: Any, types: Types) -> list[Number]:
    """The types of a model's inputs: one for all, one for each, or the default.

    Raises ``EnergyError`` for another number of types than inputs.
    """
    inputs = keras.tree.flatten(model.inputs)
    if given is None:
        given = DEFAULT_TYPE
    if not isinstance(given, list | tuple):
        given = [given] * len(inputs)
    if len(given) != len(inputs):
        raise EnergyError(
            f"QTools, source_quantizers: expected one type, or one for each of the model's "
            f"{len(inputs)} inputs, received {len(given)}"
        )
    return [types.named(DEFAULT_TYPE if each is None else each) for each in given]


def entries(nodes: Sequence[Node], sources: Sequence[Number], options: Options) -> list[Entry]:
    """What is known of each node, in their order."""
    found: list[Entry] = []

    def read(edge: Edge) -> Number:
        if edge.is_input:
            return options.types.passed_on(sources[edge.which])
        return found[edge.source].output

    for node in nodes:
        inputs = [read(edge) for edge in node.inputs]
        findings = rule_of(node, options)(node, inputs, options)
        output = options.output(node, findings.made)
        count = operation_count(node, options.compatible)
        found.append(Entry(node, tuple(inputs), output, count, findings, options.compatible))
    return found
