"""Bit-exact comparison of the interpreter with the simulation of every target, and with Keras or ONNX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qhls.check.distance import measure_distance
from qhls.errors import VerifyError
from qhls.ir import Codes, Graph, Interval, Op, Quantize, decode, run, tap
from qhls.ir.graph import align
from qhls.ir.integers import Array
from qhls.model.floats import FLOAT64_EXACT
from qhls.model.softmax import list_softmax_axes
from qhls.system.display import Printed
from qhls.system.progress import report
from qhls.system.text import escape_controls

if TYPE_CHECKING:
    from qhls.backends.csim import Csim
    from qhls.design import Design
    from qhls.onnx.export.simulation import OnnxSimulation
    from qhls.rtl import Rtl
    from qhls.rtl.streams.simulate import StreamRtl

    Simulation = Csim | Rtl | StreamRtl | OnnxSimulation


@dataclass(frozen=True)
class BitComparison:
    """Comparison of two executions: the number of codes, bits and mismatches, and the first op that differs."""

    title: str
    codes: int
    bits: int
    mismatches: int
    blame: str = ""
    rounded: int = 0
    """Samples that differ only because the float64 reference rounds; these are no mismatches."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row of the report that describes this comparison."""
        verdict = "equal" if not self.mismatches else "DIFFERENT"
        if self.rounded:
            verdict += f", except for {self.rounded:,} samples where float64 itself rounds"
        return self.title, f"{self.codes:,}", f"{self.bits:,}", f"{self.mismatches:,}", verdict


@dataclass(frozen=True)
class CheckReport(Printed):
    """The comparisons of one ``check``; true if none has a mismatch. ``print`` shows all of them."""

    samples: int
    comparisons: list[BitComparison]
    notes: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return not any(comparison.mismatches for comparison in self.comparisons)

    def __str__(self) -> str:
        header = ("compared", "codes", "bits", "mismatches", "verdict")
        rows = align([header, *(comparison.cells for comparison in self.comparisons)])
        blames = [f"{c.title}: {c.blame}" for c in self.comparisons if c.blame]
        first = f"check of {self.samples} samples: {'all equal' if self else 'DIFFERENT'}"
        notes = [f"note: {note}" for note in self.notes]
        return escape_controls("\n".join([first, *rows, *blames, *notes]))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as data for JSON."""
        return {"equal": bool(self), **asdict(self)}


def check(
    design: Design,
    codes: Sequence[Array],
    targets: str | Sequence[str],
    include: str | Path | None = None,
) -> CheckReport:
    """Run the interpreter, the simulations of ``targets`` and the model, if any, on ``codes``; compare their outputs.

    Raises:
        CsimError: a C simulation cannot be built or run.
        RtlError: the simulation of the Verilog cannot be built or run.
        VerifyError: no samples.
    """
    from qhls import rtl
    from qhls.backends.target import VERILOG

    graph = design.graph
    report("run the interpreter")
    expected = run(graph, codes)
    if not len(expected[0]):
        raise VerifyError(
            "check: expected at least one sample, got none. Pass inputs with one sample or more."
        )
    comparisons: list[BitComparison] = []
    for library in build_simulations(design, targets, include):
        report(f"run the simulation of {library.name}")
        results = library.run(codes)
        wrong = _find_differences(expected, results)
        blame = ""
        if wrong.any():
            (tapped,) = build_simulations(design, [library.name], include, taps=True)
            sample = [array[wrong.argmax()][None] for array in codes]
            blame = _explain_difference(graph, sample, tapped.tap(sample))
            if library.name == VERILOG:
                blame += f"; all signals are in {rtl.save_waves(graph, design.schedule, sample)}"
        comparisons.append(
            _compare(f"interpreter == {library.name}", graph, expected, results, blame)
        )
    if design.approximations and design.given is not None:
        design = replace(design, distance=measure_distance(design, codes, "inputs of this check"))
    notes = list(design.notes)
    if design.model is not None:
        against_model, reasons = _compare_with_model(design, codes, expected)
        comparisons += against_model
        notes += reasons
    elif design.reference is not None:
        notes.append("Keras is not compared: a design from a file holds no Keras model")
    return CheckReport(len(codes[0]), comparisons, notes)


def build_simulations(
    design: Design,
    targets: str | Sequence[str],
    include: str | Path | None = None,
    *,
    taps: bool = False,
) -> list[Simulation]:
    """Build the simulation of every target, in the order of ``targets``.

    ``taps``: whether simulations return the results of all ops.
    """
    from qhls import rtl
    from qhls.backends.csim import build
    from qhls.backends.target import QONNX, VERILOG, get_target

    names = [targets] if isinstance(targets, str) else list(targets)
    compiled = [get_target(name).name for name in names if name not in (VERILOG, QONNX)]
    built: dict[str, Simulation] = {}
    if QONNX in names:
        from qhls.onnx.export.simulation import OnnxSimulation

        built[QONNX] = OnnxSimulation(design.graph)
    if VERILOG in names:
        built[VERILOG] = rtl.build_design(design.graph, design.schedule, taps=taps)
    if compiled:
        libraries = build(design.graph, design.schedule, compiled, include=include, taps=taps)
        built |= dict(zip(compiled, libraries, strict=True))
    return [built[name] for name in names]


def _compare_with_model(
    design: Design, codes: Sequence[Array], results: Sequence[Array]
) -> tuple[list[BitComparison], list[str]]:
    """Compare the exact part of a design, and a softmax in hardware, with the model; return comparisons and notes."""
    from qhls.check.reference import make_reference

    graph = design.exact or design.graph
    expected = results if graph is design.graph else run(graph, codes)
    reference = make_reference(design.model, graph, design.host)
    report(f"run {reference.framework}")
    received = reference.run(codes)
    undefined = _find_undefined(received)
    received = [_replace(a, b, undefined) for a, b in zip(expected, received, strict=True)]
    wrong, rounded = _find_differences(expected, received), 0
    if wrong.any() and reference.beyond:
        samples = [array[wrong] for array in codes]
        explained = np.zeros(len(wrong), bool)
        explained[wrong] = _find_rounding(graph, samples, reference.tap(samples))
        received = [_replace(a, b, explained) for a, b in zip(expected, received, strict=True)]
        wrong, rounded = wrong & ~explained, int(explained.sum())
    blame = ""
    if wrong.any():
        sample = [array[wrong.argmax()][None] for array in codes]
        blame = _explain_difference(graph, sample, reference.tap(sample))
    title = f"interpreter == {reference.framework} {reference.dtype}"
    comparison = _compare(title, graph, expected, received, blame)
    comparisons = [replace(comparison, rounded=rounded)]
    if design.softmax.mode != "host":
        comparisons.append(
            _compare_softmax(design, reference.framework, reference.compute_ends(codes), results)
        )
    notes = list(reference.notes)
    if undefined.any():
        notes.append(
            f"{reference.framework} has no finite number in {undefined.sum():,} of {len(undefined):,} samples: these "
            "are not compared"
        )
    return comparisons, notes


def _find_undefined(received: Sequence[Any]) -> Array:
    """Return for each sample whether any output has a number that is not finite."""
    return np.any([~np.isfinite(a).reshape(len(a), -1).all(1) for a in received], axis=0)


def _find_rounding(graph: Graph, samples: Sequence[Array], received: dict[Op, Any]) -> Array:
    """Return for each sample whether rounding of wide sums in float64 explains its first difference.

    Between compared ops, an interval bounds each tensor that may have rounded, and its readers map the interval.
    """
    batched = [op for op in graph.ops if op.batched and op not in graph.inputs]
    expected = tap(graph, samples, [*graph.inputs, *batched])
    rounded: dict[Op, Interval] = {}
    explained = np.zeros(len(samples[0]), bool)
    open_ = ~explained

    def find_range(op: Op) -> Interval:
        return rounded.get(op) or (Interval(Codes(expected[op])) if op.batched else op.range)

    for op in batched:
        around, slack = Interval(Codes(expected[op])), _bound_rounding(op)
        # The interval of a nested graph is its whole range, which would explain too much.
        reached = not op.nested and any(operand in rounded for operand in op.operands)
        if reached:
            around = op.evaluate(*map(find_range, op.operands))
        if op in received:
            # Python compares an integer and a float exactly, numpy does not.
            arrays = (around.lo.to_integers(), around.hi.to_integers(), expected[op], received[op])
            lo, hi, good, bad = (a.astype(object).reshape(len(open_), -1) for a in arrays)
            inside = np.asarray((lo - slack <= bad) & (bad <= hi + slack), bool).all(1)
            differs = np.asarray(good != bad, bool).any(1)
            explained |= open_ & differs & inside
            open_ &= ~differs
        elif reached or slack >= 1:
            more = Codes(np.array(int(slack), object))
            rounded[op] = Interval(around.lo - more, around.hi + more)
    return explained


def _bound_rounding(op: Op) -> Fraction:
    """Return a bound of the rounding error of ``op`` in float64, in codes, on exact inputs: 0 up to 53 bits."""
    size, bits = op.magnitude, 0
    if isinstance(op, Quantize):  # Keras adds the difference (quantised - x) to x
        finest = max(op.x.type.frac, op.frac)
        size = max(op.x.bound << finest - op.x.type.frac, op.bound << finest - op.frac)
        bits = finest - op.frac
    if op.proved or size <= FLOAT64_EXACT:
        return Fraction(0)
    terms = 2 + max(operand.size for operand in op.operands)
    return Fraction(terms * size, 1 << 53 + bits)


def _replace(values: Array, into: Array, where: Array) -> Array:
    """Return ``into`` with the samples marked by ``where`` replaced by those of ``values``."""
    return np.where(where.reshape(-1, *(1,) * (values.ndim - 1)), values, into)


def _compare_softmax(
    design: Design, framework: str, wanted: Sequence[Array], results: Sequence[Array]
) -> BitComparison:
    """Compare the hardware's softmax with the probabilities of the given model."""
    from qhls.design import decode_outputs

    end, axes = design.softmax, list_softmax_axes(design.exact or design.graph)
    pairs = zip(wanted, decode_outputs(design.graph, results), axes, strict=True)
    faults = [end.find_wrong(real, computed, over) for real, computed, over in pairs]
    title = f"{framework} == {end}"
    if end.mode == "hardware":
        shapes = zip(wanted, axes, strict=True)
        classes = max(math.prod(real.shape[1:][a] for a in over) for real, over in shapes)
        title += f", within {end.bound_error(classes):.2g}"
    codes = sum(array.size for array in results)
    bits = sum(a.size * op.type.width for a, op in zip(results, design.graph.outputs, strict=True))
    return BitComparison(title, codes, bits, sum(int(fault.sum()) for fault in faults))


def _find_differences(expected: Sequence[Array], received: Sequence[Array]) -> Array:
    """Return for each sample whether any output differs."""
    pairs = zip(expected, received, strict=True)
    return np.any([(a != b).reshape(len(a), -1).any(1) for a, b in pairs], axis=0)


def _compare(
    title: str, graph: Graph, expected: Sequence[Array], received: Sequence[Array], blame: str
) -> BitComparison:
    """Return the comparison of ``expected`` and ``received`` outputs of ``graph``."""
    mismatches = sum(int((a != b).sum()) for a, b in zip(expected, received, strict=True))
    codes = sum(array.size for array in expected)
    bits = sum(
        array.size * op.type.width for array, op in zip(expected, graph.outputs, strict=True)
    )
    return BitComparison(title, codes, bits, mismatches, blame)


def _explain_difference(graph: Graph, sample: Sequence[Array], received: dict[Op, Any]) -> str:
    """Return a sentence on the first op of the graph whose result differs: its layer and both values."""
    expected = tap(graph, sample, list(received))
    for op in graph.ops:
        if op not in received or (expected[op] == received[op]).all():
            continue
        index = tuple(np.argwhere(expected[op] != received[op])[0].tolist())
        good, bad = expected[op][index], received[op][index]
        numbers = [float(decode(np.asarray(code), op.type)) for code in (good, bad)]
        layer = f" of layer {op.layer!r}" if op.layer else ""
        return (
            f"first difference in op {op.name!r}{layer}, element {index[1:]}: expected {numbers[0]:g} "
            f"(code {good}), got {numbers[1]:g} (code {bad})"
        )
    return "no tapped op differs: the difference is in the copy of an output"
