"""The products and sums between the gates of a recurrent layer, which QTools omits.

A step of an LSTM is ``c = forget * c + enter * candidate`` and ``h = leave * activation(c)``. A step of a GRU is
``h = update * h + (1 - update) * candidate`` with ``reset * h`` in the candidate, before its kernel or after it.
"""

from __future__ import annotations

from typing import Any

from qhls.compat.qtools.rules.entry import LayerWork, MapPart
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.operators import Operator, add, merge, multiply
from qhls.compat.qtools.types.options import Options
from qhls.quantizers.keras_types import KerasLayer


def count_gate_products(
    layer: KerasLayer, recurrent_sum: Number, count: int, options: Options
) -> tuple[dict[str, MapPart], tuple[LayerWork, ...]]:
    """Return the operators between the gates of ``layer``, as parts of the data type map and as charged work.

    Each operator runs ``count`` times, once per unit and step. ``recurrent_sum`` is the type of the recurrent kernel's
    sums. A layer without gates has no such operators. A state has the type of its quantizer, or else the type of the
    activation.
    """
    if getattr(layer, "recurrent_activation", None) is None:
        return {}, ()

    def find_type(name: str) -> Number:
        return options.types.to_number(getattr(layer, name, None))

    gate, activation = find_type("recurrent_activation"), find_type("activation")
    stateful = getattr(layer, "state_quantizer", None)
    state = activation if stateful is None else options.types.to_number(stateful)
    operators = _make_operators(layer, recurrent_sum, gate, activation, state)
    if options.is_imposing(layer):
        operators = {
            k: operator.with_output(options.default_sum) for k, operator in operators.items()
        }
    parts = {name: MapPart(operator) for name, operator in operators.items()}
    return parts, (LayerWork(count, tuple(operators.values())),)


def _make_operators(
    layer: Any, recurrent_sum: Number, gate: Number, activation: Number, state: Number
) -> dict[str, Operator]:
    state_product = multiply(gate, state)
    if not hasattr(layer, "reset_after"):  # an LSTM
        entering = multiply(gate, activation)
        return {
            "forget_multiplier": state_product,
            "input_multiplier": entering,
            "cell_accumulator": add(state_product.output, entering.output),
            "output_multiplier": multiply(gate, activation),
        }
    # 1 is a number of the gate's grid, or one bit beyond it
    complement = merge("Subtract", [gate, gate], compatible=False)
    candidate_product = multiply(complement.output, activation)
    return {
        "reset_multiplier": multiply(gate, recurrent_sum if layer.reset_after else state),
        "update_multiplier": state_product,
        "update_complement": complement,
        "candidate_multiplier": candidate_product,
        "state_accumulator": add(state_product.output, candidate_product.output),
    }
