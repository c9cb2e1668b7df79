"""The road: a Keras model, traced to the IR, optimised, and with its schedule: a ``Design``."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from qhls.ir import Schedule, optimise
from qhls.ir.softmax import Mode, Softmax

if TYPE_CHECKING:
    from qhls.design import Design

DEFAULT_SCHEDULE = Schedule()


def compile(
    model_or_path: Any,
    input_types: Any = None,
    *,
    weights: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
    softmax: Mode = "host",
    softmax_bits: int = 10,
) -> Design:
    """Compile a Q-model to a typed fixed-point design.

    ``model_or_path``: a Keras model, or what ``qhls.load_model`` reads (then with ``weights`` where the
    file has none). ``input_types``: the numbers the inputs are: one ``Fixed``, string ("s16.10": signed,
    16 bits, 10 of them fraction) or quantizer for all inputs, or a list or a dictionary by input name.

    ``softmax``: what becomes of one at the model's end. "host": the outputs are its logits; "hardware":
    probabilities of ``softmax_bits`` (1 to 16) fraction bits, an approximation whose error
    ``design.softmax.error(classes)`` bounds; "argmax": the index of the largest, shape (..., 1).

    Raises ``LoadError`` for an unreadable file, ``LoweringError`` for what has no exact meaning in
    fixed point, ``VerifyError`` for a ``softmax`` other than "host" where an output has none.
    """
    from qhls.design import Design
    from qhls.frontend import load_model
    from qhls.frontend.trace import trace

    is_path = isinstance(model_or_path, str | PathLike)
    model = load_model(model_or_path, weights) if is_path else model_or_path
    exact = optimise(trace(model, input_types))
    end = Softmax(softmax, softmax_bits)
    return Design(optimise(end.apply(exact)), schedule, model, exact, end)
