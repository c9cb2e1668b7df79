"""The data type map of a model, built with one rule per class of layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from qhls.compat.qtools.graph import Edge, Node
from qhls.compat.qtools.rules import complete, normal, products
from qhls.compat.qtools.rules import layers as rules
from qhls.compat.qtools.rules.counts import MERGES, count_operations, is_average
from qhls.compat.qtools.rules.entry import Entry, Findings
from qhls.compat.qtools.types.convert import DEFAULT_TYPE, Types
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.options import Options
from qhls.errors import EnergyError

_Rule = Callable[[Node, list[Number], Options], Findings]

_RULES: dict[str, _Rule] = {
    **dict.fromkeys(MERGES, rules.count_merging),
    **dict.fromkeys(rules.ACTIVATIONS, rules.count_activation),
    **dict.fromkeys(normal.NORMALISATIONS, normal.count_normalisation),
    **dict.fromkeys(products.PRODUCTS, products.count_product),
    **dict.fromkeys(products.FOLDED, products.count_folded),
}
"""The rule of each class of layer."""


def find_rule(node: Node, options: Options) -> _Rule:
    """Return the rule for the class of a layer; layers that QTools omits are counted only if not compatible."""
    if not options.compatible and complete.is_uncounted(node):
        return complete.count_every_kernel
    if is_average(node.kind, options.compatible):
        return rules.count_averaging
    if rules.is_plain(node.kind):
        return rules.count_passing
    return _RULES.get(node.kind, rules.count_unknown)


def find_source_types(model: keras.Model, source_quantizers: Any, types: Types) -> list[Number]:
    """Return the types of a model's inputs from one type for all, one per input, or None for the default.

    Raises ``EnergyError`` if the number of types differs from that of the inputs.
    """
    inputs = keras.tree.flatten(model.inputs)
    types_given = source_quantizers
    if not isinstance(types_given, list | tuple):
        types_given = [types_given] * len(inputs)
    if len(types_given) != len(inputs):
        raise EnergyError(
            f"QTools, source_quantizers: expected one type, or one per input of the model, which has "
            f"{len(inputs)}, got {len(types_given)}. Give one per input."
        )
    return [types.from_name(DEFAULT_TYPE if kind is None else kind) for kind in types_given]


def make_entries(nodes: Sequence[Node], sources: Sequence[Number], options: Options) -> list[Entry]:
    """Return the data type map as one entry per node, in the order of the nodes."""
    results: list[Entry] = []

    def read(edge: Edge) -> Number:
        if edge.is_input:
            return options.types.pass_on(sources[edge.which])
        return results[edge.source].output

    for node in nodes:
        inputs = [read(edge) for edge in node.inputs]
        findings = find_rule(node, options)(node, inputs, options)
        output = options.find_output(node, findings.made)
        count = count_operations(node, options.compatible)
        results.append(Entry(node, tuple(inputs), output, count, findings, options.compatible))
    return results
