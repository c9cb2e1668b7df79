"""The products and sums among the gates of a recurrent layer, which QTools passes over.

A step of an LSTM is ``c = forget * c + enter * candidate`` and ``h = leave * activation(c)``, of a GRU
``h = update * h + (1 - update) * candidate`` with ``reset * h`` in the candidate, before its kernel or after it.
"""

from __future__ import annotations

from typing import Any

from qhls.qtools.entry import Part, Work
from qhls.qtools.numbers import Number
from qhls.qtools.operators import Operator, add, merge, multiply
from qhls.qtools.options import Options


def among_gates(
    layer: Any, recurrent_sum: Number, count: int, options: Options
) -> tuple[dict[str, Part], tuple[Work, ...]]:
    """Entries of the data type map and work: ``count`` times each operator, once a unit and step.

    ``recurrent_sum``: what the recurrent kernel makes. Nothing for a layer without gates. A state is as its quantizer,
    or without one as the activation.
    """
    if getattr(layer, "recurrent_activation", None) is None:
        return {}, ()

    def number(name: str) -> Number:
        return options.types.number(getattr(layer, name, None))

    gate, activation = number("recurrent_activation"), number("activation")
    stateful = getattr(layer, "state_quantizer", None)
    state = activation if stateful is None else options.types.number(stateful)
    operators = _operators(layer, recurrent_sum, gate, activation, state)
    if options.imposes(layer):
        operators = {k: operator.making(options.default_sum) for k, operator in operators.items()}
    parts = {name: Part(operator) for name, operator in operators.items()}
    return parts, (Work(count, tuple(operators.values())),)


def _operators(
    layer: Any, recurrent_sum: Number, gate: Number, activation: Number, state: Number
) -> dict[str, Operator]:
    kept = multiply(gate, state)
    if not hasattr(layer, "reset_after"):  # an LSTM
        entering = multiply(gate, activation)
        return {
            "forget_multiplier": kept,
            "input_multiplier": entering,
            "cell_accumulator": add(kept.output, entering.output),
            "output_multiplier": multiply(gate, activation),
        }
    # 1 is a number of the gate's grid, or one bit beyond it
    rest = merge("Subtract", [gate, gate], compatible=False)
    fresh = multiply(rest.output, activation)
    return {
        "reset_multiplier": multiply(gate, recurrent_sum if layer.reset_after else state),
        "update_multiplier": kept,
        "update_complement": rest,
        "candidate_multiplier": fresh,
        "state_accumulator": add(kept.output, fresh.output),
    }
