"""Compilation of a model to a ``Design``: translation to the IR, optimisation, and a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

from qhls.errors import LoadError, LoweringError, VerifyError
from qhls.ir import optimise
from qhls.model.softmax import Mode, Softmax
from qhls.plan import Schedule, check_schedule
from qhls.system.progress import report

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.model.graph import ModelGraph
    from qhls.onnx.load.model import OnnxModel

DEFAULT_SCHEDULE = Schedule()
RealEndMode = Literal["auto", "host", "hardware"]
REAL_ENDS: tuple[RealEndMode, ...] = get_args(RealEndMode)
_MOST_BITS = 24
"""Largest width of an approximation in bits: the precision of float32, in which Keras computes."""


def compile(
    model_or_path: Any,
    input_types: Any = None,
    *,
    weights: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
    softmax: Mode = "host",
    softmax_bits: int = 10,
    real_end: RealEndMode = "auto",
    allow_approximate: Any = False,
    approximate_bits: int = 12,
    data: Any = None,
) -> Design:
    """Compile a Q-model to a typed fixed-point design.

    ``model_or_path``: a Keras model, an ONNX model of ``qhls.load_onnx``, or a file of either; ``weights`` where the
    file has none. ``input_types``: the types of the inputs. Pass one ``Fixed``, string or quantizer for all inputs, a
    list, or a dictionary by input name. "s16.10" is signed, 16 bits wide, with 10 fraction bits.

    ``softmax``: how a softmax at the end of the model is computed. "host": the outputs are its logits. "hardware": the
    outputs are probabilities of ``softmax_bits`` (1 to 16) fraction bits, off by at most
    ``design.softmax.bound_error(classes)``. "argmax": the output is the index of the largest logit, shape (..., 1).

    ``real_end``: the processor of the layers from the first real weights on, such as a plain Dense. "host": the outputs
    of the design are their inputs, and ``design.finish`` computes them. "hardware": the design computes them, which
    needs ``allow_approximate``. "auto": the host, if no quantised kernel follows and nothing is approximated.

    ``allow_approximate``: what to do with real weights, and with real numbers (of a function or a scale) that no
    quantizer follows. False: raise ``LoweringError``. True: round both to ``approximate_bits`` (2 to 24) that hold all
    of them, and replace a layer with one factor and offset per channel by a fixed-point layer. A quantizer (an object
    or a string): insert it after the layers. ``design.approximations`` lists the errors. ``design.distance`` is the
    distance from the given model, on ``data`` (inputs as ``design.run`` takes them) or on random inputs.

    Raises ``LoadError`` for an unreadable file, ``LoweringError`` for a layer, quantizer or type without exact meaning
    in fixed point, and ``VerifyError`` if ``softmax`` is not "host" and an output has no softmax.
    """
    check_schedule(schedule, "compile")
    from qhls.design import Design
    from qhls.onnx.load.model import OnnxModel

    options = _Options(softmax, real_end, allow_approximate, approximate_bits)
    model = read_source(model_or_path, weights)
    trace = _trace_onnx if isinstance(model, OnnxModel) else _trace_keras
    traced = trace(model, input_types, options)
    report("optimise the graph")
    exact = optimise(traced.graph)
    end = Softmax(softmax, softmax_bits)
    parts = (schedule, traced.model, exact, end, traced.approximations, model, traced.host)
    design = Design(optimise(end.apply(exact)), *parts)
    return replace(design, distance=design.measured(data)) if traced.approximations else design


def read_source(model_or_path: Any, weights: str | PathLike[str] | None = None) -> Any:
    """Return ``model_or_path`` if it is a model, else the Keras model or ``OnnxModel`` from the file at that path.

    Raises ``LoadError``.
    """
    if not isinstance(model_or_path, str | PathLike):
        return model_or_path
    report("load the model")
    from qhls.onnx.load.file import is_onnx, load_onnx

    if not is_onnx(model_or_path):
        from qhls.frontend import load_model

        return load_model(model_or_path, weights)
    if weights is not None:
        raise LoadError(
            f"{model_or_path}: expected no weights beside an ONNX file, which holds them, got {weights}. Leave them "
            f"out."
        )
    return load_onnx(model_or_path)


@dataclass(frozen=True)
class _Options:
    """Arguments of ``compile`` on the softmax, real weights and approximations, checked when they are set.

    Raises ``LoweringError``.
    """

    softmax: Mode
    real_end: RealEndMode
    allow_approximate: Any
    bits: int

    def __post_init__(self) -> None:
        if self.real_end not in REAL_ENDS:
            raise LoweringError(
                f"real_end: expected one of {', '.join(REAL_ENDS)}, got {self.real_end!r}. Choose what computes the "
                f"layers with real weights."
            )
        bits: Any = self.bits
        if not isinstance(bits, int) or isinstance(bits, bool) or not 2 <= bits <= _MOST_BITS:
            raise LoweringError(
                f"approximate_bits: expected an integer from 2 to {_MOST_BITS}, got {bits!r}. Give the bits of an "
                f"approximation."
            )

    @property
    def quantizer(self) -> Any:
        """Return the quantizer to insert, or None to insert types that represent all numbers."""
        return None if self.allow_approximate is True else self.allow_approximate

    def check_end(self, layers: Sequence[str]) -> None:
        """Raise ``VerifyError`` if hardware shall compute the softmax, but ``layers`` are left to the host."""
        if self.softmax != "host":
            raise VerifyError(
                f"softmax={self.softmax!r}: expected a softmax at the end of the design, got layers that are left to "
                f"the host: {', '.join(layers)}. Quantise them, compile with allow_approximate=True, or leave "
                f"softmax='host'."
            )


@dataclass(frozen=True)
class _Traced:
    """Lowered graph, the model that it equals bit for bit, the host's part of the model, and the approximations."""

    graph: ModelGraph
    model: Any
    host: Any = None
    approximations: tuple[Any, ...] = ()


def _trace_keras(model: Any, input_types: Any, options: _Options) -> _Traced:
    """Lower a Keras model, or an approximation of it, to a graph."""
    from qhls.frontend.approximation.approximate import trace_exactly, trace_nearest
    from qhls.frontend.approximation.ends import split
    from qhls.frontend.approximation.rounding import round_weights

    real_end, exact = options.real_end, options.allow_approximate is False
    may_split = real_end == "host" or (real_end == "auto" and exact)
    ends = split(model, real_end == "host") if may_split else None
    if ends is not None:
        options.check_end(ends.layers)
        model = ends.chip
    if exact:
        traced = _Traced(trace_exactly(model, input_types), model)
    else:
        bits = options.bits
        model, rounded = round_weights(model, bits)
        model, graph, inserted = trace_nearest(model, input_types, options.quantizer, bits)
        traced = _Traced(graph, model, None, (*rounded, *inserted))
    if ends is None:
        return traced
    return replace(traced, graph=replace(traced.graph, host_layers=ends.layers), host=ends.host)


def _trace_onnx(model: OnnxModel, input_types: Any, options: _Options) -> _Traced:
    """Lower an ONNX model, or an approximation of it, to a graph."""
    from qhls.onnx.load.approximate import trace_nearest_onnx
    from qhls.onnx.load.trace import trace_onnx

    if options.allow_approximate is False:
        traced = _Traced(*trace_onnx(model, input_types, options.real_end != "hardware"))
    else:
        may_leave = options.real_end == "host"
        nearest = trace_nearest_onnx(model, input_types, may_leave, options.quantizer, options.bits)
        traced = _Traced(*nearest)
    if traced.host is not None:
        options.check_end(traced.graph.host_layers)
    return traced
