"""``prove_code``: proof that the emitted C++ equals its graph, function by function, with the vendor's headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from qhls.backends.calls import Calls, build_calls
from qhls.backends.csim import Csim
from qhls.backends.layout import lay_out
from qhls.backends.target import get_target
from qhls.backends.view import CDesign
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.interpret import run
from qhls.ir.movement import Reshape
from qhls.ir.ops import Const, Input
from qhls.plan import Schedule
from qhls.proof.code.compare import Outcome, SegmentComparison
from qhls.proof.code.methods import ALWAYS, ASSUMPTIONS, CALLS
from qhls.proof.code.segments import Segment, list_segments
from qhls.proof.code.text import Text
from qhls.proof.prove import draw_samples, measure_cpu
from qhls.proof.report import Counterexample, OpProof, ProofReport
from qhls.system.progress import report

_SAMPLES = 512
"""Number of vectors on which the whole design is simulated first."""


def prove_code(
    graph: Graph,
    schedule: Schedule,
    target: str,
    *,
    include: str | Path | None = None,
    change: Callable[[dict[str, str]], dict[str, str]] | None = None,
) -> ProofReport:
    """Prove that the emitted C++ computes ``graph`` for all inputs, function by function.

    Each function of the design is called by itself, compiled with the vendor's headers. Where it computes several ops,
    taps read the result of one and give all its codes to the next. Functions by element are compared on all codes,
    linear ones on a basis and at their extremes. What the arguments need is checked in the text: conditions and
    indices depend on counters only, and nothing outlives a call. ``change`` edits the texts before they are compiled.

    Raises ``CsimError`` without compiler or headers, and ``EmitError`` for streams or a target that is no
    HLS tool.
    """
    start = measure_cpu()
    chosen = get_target(target)
    if schedule.io != "array":
        raise EmitError(
            f"prove: expected Schedule.io = 'array' for C++, got {schedule.io!r}. Prove the design of arrays, "
            "and check streams."
        )
    report(f"build the functions of {target}")
    view = lay_out(graph, schedule)
    calls = build_calls(view, chosen, include, change)
    base = ProofReport(graph.name, (), 0, samples=_SAMPLES, target=target)
    difference = _find_difference(graph, Csim(graph, chosen, calls.path))
    if difference is None:
        text = Text(calls.texts[f"src/{view.top}.cpp"])
        outcomes = _compare_all(calls, text)
        difference = next((o.counterexample for _, o in outcomes if o.counterexample), None)
        proofs = (*_list_proofs(graph, outcomes), _prove_calls(view, text))
        used = {method for proof in proofs for method in proof.methods}
        assumptions = [text for method, text in ASSUMPTIONS.items() if method in used]
        base = replace(base, ops=proofs, assumptions=(*assumptions, ALWAYS))
    return replace(base, counterexample=difference, seconds=measure_cpu() - start)


def _find_difference(graph: Graph, simulation: Csim) -> Counterexample | None:
    """Return the first output of the whole design that differs on samples, or None."""
    codes = draw_samples(graph, _SAMPLES)
    pairs = zip(graph.outputs, run(graph, codes), simulation.run(codes), strict=True)
    for op, want, got in pairs:
        differ = np.argwhere(want != got)
        if len(differ):
            vector, *index = differ[0].tolist()
            shown = tuple(array[vector : vector + 1] for array in codes)
            place = (vector, *index)
            port = f"{op.name}{list(index)}"
            return Counterexample(shown, 0, port, int(want[place]), int(got[place]))
    return None


def _compare_all(calls: Calls, text: Text) -> list[tuple[Segment, Outcome]]:
    """Return the outcome of each segment of each function, up to the first counterexample."""
    outcomes: list[tuple[Segment, Outcome]] = []
    for number, call in enumerate(calls.calls):
        for segment in list_segments(number, call):
            report(f"prove {segment.result.name if segment.ops else call.function}")
            outcome = SegmentComparison(calls, segment).run()
            if outcome.method:
                fault = text.find_fault(
                    call.function, outcome.method, given=segment.first is not None
                )
                outcome = replace(outcome, method="", reason=fault) if fault else outcome
            outcomes.append((segment, outcome))
            if outcome.counterexample:
                return outcomes
    return outcomes


def _list_proofs(graph: Graph, outcomes: list[tuple[Segment, Outcome]]) -> tuple[OpProof, ...]:
    """Return one proof per op, in the order of the functions, and one of the copies to outputs."""
    proofs: dict[str, OpProof] = {}
    for segment, outcome in outcomes:
        for op in segment.ops:
            proofs[op.name] = _make_proof(op.name, op.size, outcome)
        if not segment.ops:
            name = f"output {segment.sources[0].name}"
            proofs[name] = _make_proof(name, segment.sources[0].size, outcome)
    for op in dict.fromkeys(op for op, _ in graph.walk()):
        if op.name not in proofs and not isinstance(op, Input | Const | Reshape):
            reason = "codes of more than 63 bits are not exchanged with C++"
            proofs[op.name] = OpProof(op.name, {}, 0, op.size, reason)
    return tuple(proofs.values())


def _prove_calls(view: CDesign, text: Text) -> OpProof:
    """Return the proof that the top function calls each function on the arrays of its operands."""
    wanted = [
        (o.function, (*(tensor.name for _, tensor in o.parameters), o.out.name))
        for o in view.operations
    ]
    wanted += [(function, (result.name, port.name)) for function, result, port in view.copies]
    listed = text.list_calls(view.top)
    differ = [want for want, got in zip_longest(wanted, listed) if want != got]
    if not differ:
        return OpProof("calls", {CALLS: len(wanted)})
    return OpProof(
        "calls", {}, 0, len(differ), "the text calls other functions or arrays than planned"
    )


def _make_proof(name: str, results: int, outcome: Outcome) -> OpProof:
    if outcome.method:
        return OpProof(name, {outcome.method: results}, outcome.codes)
    return OpProof(name, {}, outcome.codes, results, outcome.reason)
