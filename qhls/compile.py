"""The road: a Keras model, traced to the IR, optimised, and with its schedule: a ``Design``."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from qhls.ir import Schedule, optimise
from qhls.ir.softmax import Mode, Softmax
from qhls.progress import report

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
    allow_approximate: Any = False,
    data: Any = None,
) -> Design:
    """Compile a Q-model to a typed fixed-point design.

    ``model_or_path``: a Keras model, or what ``qhls.load_model`` reads (then with ``weights`` where the
    file has none). ``input_types``: the numbers the inputs are: one ``Fixed``, string ("s16.10": signed,
    16 bits, 10 of them fraction) or quantizer for all inputs, or a list or a dictionary by input name.

    ``softmax``: what becomes of one at the model's end. "host": the outputs are its logits; "hardware":
    probabilities of ``softmax_bits`` (1 to 16) fraction bits, an approximation whose error
    ``design.softmax.error(classes)`` bounds; "argmax": the index of the largest, shape (..., 1).

    ``allow_approximate``: what becomes of real numbers that no quantizer follows, of a function or a scale. False: a
    ``LoweringError``. True: 12 bits that hold them all are put behind the layer, or the quantizer that is given here
    (an object or a string); ``design.approximations`` names each, with how far it is off, and ``design.distance`` says
    how far the whole is from the given model: on ``data`` (inputs as ``design.run`` takes them), or on random ones.

    Raises ``LoadError`` for an unreadable file, ``LoweringError`` for what has no exact meaning in
    fixed point, ``VerifyError`` for a ``softmax`` other than "host" where an output has none.
    """
    from qhls.approximate import trace_exactly, trace_nearest
    from qhls.design import Design
    from qhls.frontend import load_model

    report("load the model")
    is_path = isinstance(model_or_path, str | PathLike)
    given = model = load_model(model_or_path, weights) if is_path else model_or_path
    if allow_approximate is False:
        graph, made = trace_exactly(model, input_types), ()
    else:
        quantizer = None if allow_approximate is True else allow_approximate
        model, graph, made = trace_nearest(model, input_types, quantizer)
    report("optimise the graph")
    exact = optimise(graph)
    end = Softmax(softmax, softmax_bits)
    design = Design(optimise(end.apply(exact)), schedule, model, exact, end, made, given)
    return design if not made else replace(design, distance=design.measured(data))
