"""The road: a Keras model, traced to the IR, optimised, and with its schedule: a ``Design``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

from qhls.errors import LoweringError, VerifyError
from qhls.ir import Graph, Schedule, optimise
from qhls.ir.schedule import check_schedule
from qhls.ir.softmax import Mode, Softmax
from qhls.progress import report

if TYPE_CHECKING:
    from qhls.design import Design

DEFAULT_SCHEDULE = Schedule()
RealEnd = Literal["auto", "host", "hardware"]
REAL_ENDS: tuple[RealEnd, ...] = get_args(RealEnd)
MOST_BITS = 24
"""Of an approximation: Keras' float32 holds no more."""


def compile(
    model_or_path: Any,
    input_types: Any = None,
    *,
    weights: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
    softmax: Mode = "host",
    softmax_bits: int = 10,
    real_end: RealEnd = "auto",
    allow_approximate: Any = False,
    approximate_bits: int = 12,
    data: Any = None,
) -> Design:
    """Compile a Q-model to a typed fixed-point design.

    ``model_or_path``: a Keras model, or what ``qhls.load_model`` reads (then with ``weights`` where the
    file has none). ``input_types``: the numbers the inputs are: one ``Fixed``, string ("s16.10": signed,
    16 bits, 10 of them fraction) or quantizer for all inputs, or a list or a dictionary by input name.

    ``softmax``: what becomes of one at the model's end. "host": the outputs are its logits; "hardware":
    probabilities of ``softmax_bits`` (1 to 16) fraction bits, an approximation whose error
    ``design.softmax.error(classes)`` bounds; "argmax": the index of the largest, shape (..., 1).

    ``real_end``: where the layers from the first real weights on are computed, such as a plain Dense. "host": not by
    the design, whose outputs are what they read; ``design.finish`` computes them. "hardware": by the design, which
    needs ``allow_approximate``. "auto": by the host, where no quantised kernel follows and nothing is approximated.

    ``allow_approximate``: what becomes of real weights, and of real numbers that no quantizer follows, of a function
    or a scale. False: a ``LoweringError``. True: both are rounded to as many ``approximate_bits`` (2 to 24) as hold
    all of them; a layer that is a factor and an offset for each channel, such as a normalisation, becomes one of fixed
    point. A quantizer (an object or a string) takes the place of both for the numbers behind a layer.
    ``design.approximations`` names each, with how far it is off, and ``design.distance`` says how far the whole is
    from the given model: on ``data`` (inputs as ``design.run`` takes them), or on random ones.

    Raises ``LoadError`` for an unreadable file, ``LoweringError`` for what has no exact meaning in
    fixed point, ``VerifyError`` for a ``softmax`` other than "host" where an output has none.
    """
    check_schedule(schedule, "compile")
    from qhls.design import Design
    from qhls.frontend import load_model
    from qhls.frontend.ends import split

    report("load the model")
    is_path = isinstance(model_or_path, str | PathLike)
    _check_options(real_end, approximate_bits)
    given = model = load_model(model_or_path, weights) if is_path else model_or_path
    wanted = real_end == "host" or (real_end == "auto" and allow_approximate is False)
    ends = split(model, real_end == "host") if wanted else None
    if ends is not None:
        _check_end(softmax, ends.layers)
        model = ends.chip
    model, graph, made = _traced(model, input_types, allow_approximate, approximate_bits)
    if ends is not None:
        graph = replace(graph, host_layers=ends.layers)
    report("optimise the graph")
    exact = optimise(graph)
    end = Softmax(softmax, softmax_bits)
    host = ends.host if ends is not None else None
    design = Design(optimise(end.apply(exact)), schedule, model, exact, end, made, given, host)
    return design if not made else replace(design, distance=design.measured(data))


def _traced(
    model: Any, input_types: Any, allow_approximate: Any, bits: int
) -> tuple[Any, Graph, tuple[Any, ...]]:
    """``model``, or the one with what approximates it, its graph, and what was put."""
    from qhls.approximate import trace_exactly, trace_nearest
    from qhls.rounding import rounded_weights

    if allow_approximate is False:
        return model, trace_exactly(model, input_types), ()
    quantizer = None if allow_approximate is True else allow_approximate
    model, rounded = rounded_weights(model, bits)
    model, graph, put = trace_nearest(model, input_types, quantizer, bits)
    return model, graph, (*rounded, *put)


def _check_options(real_end: Any, bits: Any) -> None:
    if real_end not in REAL_ENDS:
        raise LoweringError(
            f"real_end: expected one of {', '.join(REAL_ENDS)}, got {real_end!r}. Choose where layers with real "
            f"weights are computed."
        )
    if not isinstance(bits, int) or isinstance(bits, bool) or not 2 <= bits <= MOST_BITS:
        raise LoweringError(
            f"approximate_bits: expected an integer from 2 to {MOST_BITS}, got {bits!r}. Give the bits of what is "
            f"approximated."
        )


def _check_end(softmax: Mode, layers: Sequence[str]) -> None:
    if softmax != "host":
        raise VerifyError(
            f"softmax={softmax!r}: expected a softmax at the end of the design, got layers that are left to the host: "
            f"{', '.join(layers)}. Quantise them, compile with allow_approximate=True, or leave softmax='host'."
        )
