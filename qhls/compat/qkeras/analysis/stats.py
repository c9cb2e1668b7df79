"""``print_qstats``: prints operations, weights and zeros of a model."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import keras

from qhls.compat.qkeras.analysis.operations import extract_model_operations, list_uncounted
from qhls.compat.qkeras.weights.sparsity import get_model_sparsity
from qhls.system.text import say

_RULE = "    " + "-" * 40


def print_qstats(model: keras.Model) -> None:
    """Print the number and types of operations, the widths of weights and the share of zeros, layer by layer.

    ``extract_model_operations`` and ``get_model_sparsity`` describe the figures. A warning names the layers whose
    quantised weights are not counted.

    Raises:
        LoweringError: the model is not built from layers.
    """
    operations = extract_model_operations(model)
    total, shares = get_model_sparsity(model, per_layer=True)
    ignored = list_uncounted(model)
    if ignored:
        warnings.warn(
            f"print_qstats: operations and weights of these layers are not counted: {', '.join(ignored)}. "
            f"Like QKeras it ignores recurrent, transposed and elementwise layers, and layers inside others "
            f"whose calls are unknown.",
            stacklevel=2,
        )
    say("\nNumber of operations in model:")
    kinds: Counter[str] = Counter()
    for name in sorted(operations):
        kind, number = (
            _format_operation(operations[name]["type"]),
            operations[name]["number_of_operations"],
        )
        kinds[kind] += number
        say(f"    {name:30}: {number!s:5} ({kind})")
    say("\nNumber of operation types in model:")
    for kind in sorted(kinds):
        say(f"    {kind:30}: {kinds[kind]}")
    _print_weights(operations)
    say("\nWeight sparsity:")
    say("... quantizing model")
    for name, share in shares:
        say(f"    {name:30} : {share:.4f}")
    say(_RULE)
    say(f"    {'Total Sparsity':30} : {total:.4f}")


def _format_operation(operation: Any) -> str:
    """Return an operation as text with sign, name and both widths, such as ``smult_4_8``."""
    name, _, bits, signs = operation
    return f"{'s' if any(signs) else 'u'}{name}_{bits[0]}_{bits[1]}"


def _print_weights(operations: dict[str, dict[str, Any]]) -> None:
    say("\nWeight profiling:")
    total = 0
    for name in sorted(operations):
        entry = operations[name]
        numbers, types = entry["number_of_weights"], entry["type_of_weights"]
        rows = [("weights", numbers, types)]
        if isinstance(numbers, list):
            rows = [
                (f"weights_{i}", *row) for i, row in enumerate(zip(numbers, types, strict=True))
            ]
        rows.append(("bias", entry["number_of_bias"], entry["type_of_bias"]))
        for part, number, (_, bits, _) in rows:
            say(f"    {f'{name}_{part}':30} : {number!s:5} ({bits}-bit unit)")
            total += number * bits
    say(_RULE)
    say(f"    {'Total Bits':30} : {total:5}")
