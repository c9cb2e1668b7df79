"""Compilation of a Keras model: translation to the IR, optimisation, and a schedule make a ``Design``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

from qhls.errors import LoweringError, VerifyError
from qhls.ir import optimise
from qhls.model.softmax import Mode, Softmax
from qhls.plan import Schedule, check_schedule
from qhls.system.progress import report

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.model.graph import ModelGraph

DEFAULT_SCHEDULE = Schedule()
RealEnd = Literal["auto", "host", "hardware"]
REAL_ENDS: tuple[RealEnd, ...] = get_args(RealEnd)
MOST_BITS = 24
"""Most bits of an approximation: float32, in which Keras computes, has no more."""


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

    ``model_or_path``: a Keras model or a file that ``qhls.load_model`` reads, then with ``weights`` where the file has
    none. ``input_types``: the types of the inputs. Pass one ``Fixed``, string or quantizer for all inputs, a list, or
    a dictionary by input name. "s16.10" is signed, 16 bits wide, with 10 fraction bits.

    ``softmax``: how a softmax at the end of the model is computed. "host": the outputs are its logits. "hardware": the
    outputs are probabilities of ``softmax_bits`` (1 to 16) fraction bits, off by at most
    ``design.softmax.bound_error(classes)``. "argmax": the output is the index of the largest logit, shape (..., 1).

    ``real_end``: the processor of the layers from the first real weights on, such as a plain Dense. "host": the outputs
    of the design are their inputs, and ``design.finish`` computes them. "hardware": the design computes them, which
    needs ``allow_approximate``. "auto": the host, if no quantised kernel follows and nothing is approximated.

    ``allow_approximate``: what to do with real weights, and with real numbers (of a function or a scale) that no
    quantizer follows. False: raise ``LoweringError``. True: round both to ``approximate_bits`` (2 to 24) that hold all
    of them, and replace a layer with one factor and offset per channel by a fixed-point layer. A quantizer (an object
    or a string): insert it behind the layers. ``design.approximations`` lists the errors. ``design.distance`` is the
    distance from the given model, on ``data`` (inputs as ``design.run`` takes them) or on random inputs.

    Raises ``LoadError`` for an unreadable file, ``LoweringError`` for a layer, quantizer or type without exact meaning
    in fixed point, and ``VerifyError`` if ``softmax`` is not "host" and an output has no softmax.
    """
    check_schedule(schedule, "compile")
    from qhls.design import Design
    from qhls.frontend import load_model
    from qhls.frontend.approximation.ends import split

    report("load the model")
    is_path = isinstance(model_or_path, str | PathLike)
    _check_options(real_end, approximate_bits)
    original = model = load_model(model_or_path, weights) if is_path else model_or_path
    may_split = real_end == "host" or (real_end == "auto" and allow_approximate is False)
    ends = split(model, real_end == "host") if may_split else None
    if ends is not None:
        _check_end(softmax, ends.layers)
        model = ends.chip
    model, graph, approximations = _trace(model, input_types, allow_approximate, approximate_bits)
    if ends is not None:
        graph = replace(graph, host_layers=ends.layers)
    report("optimise the graph")
    exact = optimise(graph)
    end = Softmax(softmax, softmax_bits)
    parts = (schedule, model, exact, end, approximations, original, ends.host if ends else None)
    design = Design(optimise(end.apply(exact)), *parts)
    return replace(design, distance=design.measured(data)) if approximations else design


def _trace(
    model: Any, input_types: Any, allow_approximate: Any, bits: int
) -> tuple[Any, ModelGraph, tuple[Any, ...]]:
    """Return ``model`` or its approximation, the graph of it, and the list of approximations."""
    from qhls.frontend.approximation.approximate import trace_exactly, trace_nearest
    from qhls.frontend.approximation.rounding import round_weights

    if allow_approximate is False:
        return model, trace_exactly(model, input_types), ()
    quantizer = None if allow_approximate is True else allow_approximate
    model, rounded = round_weights(model, bits)
    model, graph, inserted = trace_nearest(model, input_types, quantizer, bits)
    return model, graph, (*rounded, *inserted)


def _check_options(real_end: Any, bits: Any) -> None:
    if real_end not in REAL_ENDS:
        raise LoweringError(
            f"real_end: expected one of {', '.join(REAL_ENDS)}, got {real_end!r}. Choose what computes the layers "
            f"with real weights."
        )
    if not isinstance(bits, int) or isinstance(bits, bool) or not 2 <= bits <= MOST_BITS:
        raise LoweringError(
            f"approximate_bits: expected an integer from 2 to {MOST_BITS}, got {bits!r}. Give the bits of an "
            f"approximation."
        )


def _check_end(softmax: Mode, layers: Sequence[str]) -> None:
    if softmax != "host":
        raise VerifyError(
            f"softmax={softmax!r}: expected a softmax at the end of the design, got layers that are left to the host: "
            f"{', '.join(layers)}. Quantise them, compile with allow_approximate=True, or leave softmax='host'."
        )
