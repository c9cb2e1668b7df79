"""``prove``: a proof for all inputs that Verilog equals its graph, or a counterexample that Verilator confirms."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from qhls.errors import RtlError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import draw_codes, run
from qhls.proof.circuit import Circuit
from qhls.proof.gates import read_signed
from qhls.proof.meaning import SampledValues
from qhls.proof.prover import Prover, Verdict, find_candidates
from qhls.proof.report import Counterexample, OpProof, ProofReport
from qhls.proof.simulation import Run
from qhls.proof.solver import SECONDS
from qhls.proof.terms import Specification
from qhls.rtl.simulate import build_text, find_verilator
from qhls.rtl.verilog import Verilog
from qhls.synthesis.yosys import read_verilog
from qhls.system.progress import report

_SAMPLES = 512
"""Number of vectors that are simulated before a proof, to find most faults and the words of each op."""
_HUNTED = 20_000
"""Number of random vectors that are simulated if a proof does not succeed."""


def prove(
    graph: Graph, verilog: Verilog, text: str | None = None, *, seconds: float = SECONDS
) -> ProofReport:
    """Prove that Verilog computes ``graph`` for all inputs, op by op.

    ``text``: the Verilog of ``verilog``, by default what it prints. ``seconds``: the solver's time for one question.

    The text is read back by Yosys. Registers must be equally many on all paths. Words of the text with the values of
    an op on samples are compared with the op's ``evaluate`` of the words that it reads. Linear ones are compared by
    their normal form modulo their widths, others on all codes or by the solver. A proved result is an unknown of the
    ops that read it. So each op is proved for all values of the range of what it reads.

    Raises ``MissingError`` without pyosys, and ``RtlError`` for a text that Yosys cannot read.
    """
    start = measure_cpu()
    source = verilog.print() if text is None else text
    report("read the Verilog back")
    circuit = Circuit.read(read_verilog(source, verilog.top))
    task = _Task(graph, verilog, source, circuit)
    result = task.prove(seconds)
    return replace(result, seconds=measure_cpu() - start)


def measure_cpu() -> float:
    """Return the CPU seconds of this process and of the child processes that have ended."""
    spent = time.process_time
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent() + children.ru_utime + children.ru_stime


class _Task:
    """Proof that one Verilog text computes its graph, or search for a counterexample, with the data of all steps."""

    def __init__(self, graph: Graph, verilog: Verilog, text: str, circuit: Circuit) -> None:
        self.graph = graph
        self.verilog = verilog
        self.text = text
        self.circuit = circuit
        self.latency = verilog.netlist.latency
        names = [list(chain.from_iterable(each)) for each in (verilog.inputs, verilog.outputs)]
        if [list(circuit.inputs), list(circuit.outputs)] != names:
            raise RtlError(
                f"{verilog.top}: expected the ports {', '.join(names[0] + names[1])[:200]} in this order, got "
                f"{', '.join([*circuit.inputs, *circuit.outputs])[:200]}. Prove the text of the same design."
            )

    def prove(self, seconds: float) -> ProofReport:
        """Simulate samples, check registers, prove each op, search for a counterexample if that fails, and report."""
        base = ProofReport(self.graph.name, (), self.latency, samples=_SAMPLES)
        codes = draw_samples(self.graph, _SAMPLES)
        difference = self._find_difference(codes)
        if difference:
            return replace(base, counterexample=difference)
        fault = self._check_registers()
        if fault:
            return replace(base, fault=fault)
        prover = self._make_prover(codes, seconds)
        base = replace(base, ops=_group_verdicts(prover))
        if base.proved:
            return base
        return self._hunt(base, prover)

    def _check_registers(self) -> str:
        """Return the error message for a wrong number of registers on a path, or "" if all paths are right."""
        try:
            stages = self.circuit.count_registers()
        except RtlError as fault:
            return str(fault)
        for name, bits in self.circuit.outputs.items():
            counts = sorted({count for bit in bits if (count := stages[bit]) is not None})
            if counts not in ([], [self.latency]):
                numbers = " and ".join(map(str, counts))
                return f"port {name}: expected {self.latency} registers before it, got {numbers}"
        return ""

    def _make_prover(self, codes: list[Array], seconds: float) -> Prover:
        spec = Specification.of(self.graph)
        flat = self.circuit.drop_registers()
        columns = _list_columns(codes)
        columns_by_bit = dict(zip(chain.from_iterable(spec.inputs), columns, strict=True))
        numbers = SampledValues(spec.unknowns, len(codes[0]), columns_by_bit)
        words = flat.list_words()
        simulated = Run(flat, columns)
        values = [simulated.compute_values(bits) for bits in words.values()]
        prover = Prover(spec, flat, seconds)
        prover.run(find_candidates(spec, words, values, numbers))
        return prover

    def _find_difference(self, codes: list[Array]) -> Counterexample | None:
        """Return the first output that differs from the graph on samples, with the input vectors, or None."""
        wanted = _list_columns(run(self.graph, codes))
        padded = [np.concatenate([c, np.repeat(c[-1:], self.latency, 0)]) for c in codes]
        simulated = Run(self.circuit, _list_columns(padded))
        first: tuple[int, str, int, int] | None = None
        for want, (name, bits) in zip(wanted, self.circuit.outputs.items(), strict=True):
            got = simulated.compute_values(bits)[self.latency :]
            differ = np.flatnonzero((want - got) & ((1 << len(bits)) - 1))
            if len(differ) and (first is None or differ[0] < first[0]):
                place = int(differ[0])
                value = read_signed(got, len(bits)) if int(want.min()) < 0 else got
                first = place, name, int(want[place]), int(value[place])
        if first is None:
            return None
        place, name, expected, got_code = first
        begin = max(place - self.latency - 1, 0)
        inputs = tuple(array[begin : place + 2] for array in codes)
        shown = Counterexample(inputs, place - begin, name, expected, got_code)
        return replace(shown, confirmed=self._is_confirmed(inputs))

    def _is_confirmed(self, inputs: Sequence[Array]) -> bool | None:
        """Return whether Verilator finds a difference too, or None if it is not installed."""
        try:
            find_verilator()
        except RtlError:
            return None
        simulation = build_text(self.graph, self.verilog, self.text)
        pairs = zip(run(self.graph, inputs), simulation.run(inputs), strict=True)
        return any(not np.array_equal(want, got) for want, got in pairs)

    def _hunt(self, base: ProofReport, prover: Prover) -> ProofReport:
        """Search for a counterexample among vectors of the solver and random vectors, and return the report."""
        report("search for a difference")
        for unknown, bits in prover.open:
            codes = prover.find_codes(unknown, bits)
            if codes is not None:
                difference = self._find_difference(self._draw_near(prover, codes))
                if difference:
                    return replace(base, counterexample=difference)
        difference = self._find_difference(draw_samples(self.graph, _HUNTED, seed=1))
        return replace(base, counterexample=difference, samples=base.samples + _HUNTED)

    def _draw_near(self, prover: Prover, codes: dict[int, int]) -> list[Array]:
        """Return random samples, except that the inputs in ``codes`` have the codes given there."""
        arrays = draw_samples(self.graph, _SAMPLES, seed=2)
        for array, numbers in zip(arrays, prover.spec.inputs, strict=True):
            flat = array.reshape(len(array), -1)
            for place, number in enumerate(numbers):
                if number in codes:
                    flat[:, place] = codes[number]
        return arrays


def draw_samples(graph: Graph, samples: int, seed: int = 0) -> list[Array]:
    """Return random input codes; except for inputs with ``values``, they include the limits and all magnitudes."""
    random = np.random.default_rng(seed)
    arrays: list[Array] = []
    for op in graph.inputs:
        low, high = op.range.hull
        array = np.clip(draw_codes(op.type, (samples, *op.shape), random, op.values), low, high)
        if op.values is None:
            shifts = random.integers(0, op.type.width, (len(array[::2]), *op.shape))
            array[::2] = np.clip(array[::2] >> shifts, low, high)
            for place, end in enumerate((low, high, min(max(0, low), high))):
                if place < samples:
                    array[place] = end
        arrays.append(array)
    return arrays


def _list_columns(arrays: Sequence[Array]) -> list[Array]:
    return [column for array in arrays for column in array.reshape(len(array), -1).T]


def _group_verdicts(prover: Prover) -> tuple[OpProof, ...]:
    """Return one ``OpProof`` per op, which summarises the verdicts on its results, in the order of the verdicts."""
    rows: dict[str, list[Verdict]] = {}
    for verdict in prover.verdicts:
        rows.setdefault(verdict.op, []).append(verdict)
    proofs: list[OpProof] = []
    for name, verdicts in rows.items():
        methods: dict[str, int] = {}
        for verdict in verdicts:
            if verdict.method:
                methods[verdict.method] = methods.get(verdict.method, 0) + 1
        failed = [verdict for verdict in verdicts if not verdict.method]
        codes = sum(verdict.codes for verdict in verdicts)
        reason = failed[0].reason if failed else ""
        proofs.append(OpProof(name, methods, codes, len(failed), reason))
    return tuple(proofs)
