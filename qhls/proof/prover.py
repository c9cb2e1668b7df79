"""Proof, op by op, that a circuit computes its specification: by equal polynomials, all codes, or a solver."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from qhls.backends.names import make_identifier
from qhls.ir.integers import Array
from qhls.proof.circuit import BitWord, Circuit, Gate
from qhls.proof.forms import Forms
from qhls.proof.gates import Samples, compute_gate, read_signed
from qhls.proof.meaning import SampledValues
from qhls.proof.polynomials import NormalForm, Unknown
from qhls.proof.solver import SECONDS, Formulas, find_solver
from qhls.proof.terms import SUM, Specification
from qhls.system.progress import report

MOST_CODES = 1 << 20
"""Largest number of combinations of input codes on which a word is compared exhaustively."""
_FEW_CODES = 1 << 15
"""Largest number of combinations of input codes for which exhaustive comparison is faster than the solver."""
_CANDIDATES = 3
"""Largest number of words that are tried for one unknown, of those with its values on samples."""
_LARGEST_CONE = 4000
"""Largest number of gates in a cone that is compared with an unknown."""
_STEPS_BACK = 3
"""Largest number of ops by which a proof extends a cone towards the inputs."""

OUTPUTS = "outputs"
LINEAR, WIRING = "linear normal form", "wiring"
ALL_CODES, SOLVER = "all codes", "solver"


@dataclass
class Verdict:
    """Method by which an unknown or an output was proved, or "" and the ``reason`` if it was not proved."""

    op: str
    method: str
    reason: str = ""
    codes: int = 0
    ends: tuple[int, int] | None = None
    """Lowest and highest value, or None if not all values were computed."""


@dataclass
class Cone:
    """The gates between a word and the unknowns that it depends on."""

    gates: list[Gate]
    leaves: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Unknown to which each bit at the start of the cone belongs, and the bit's place in it."""

    @property
    def unknowns(self) -> list[int]:
        """Return the sorted numbers of the unknowns at the start of the cone."""
        return sorted({number for number, _ in self.leaves.values()})


class Prover:
    """Proof that words of a circuit equal unknowns and outputs; each step may use the words that were proved before."""

    def __init__(self, spec: Specification, circuit: Circuit, seconds: float = SECONDS) -> None:
        self.spec = spec
        self.circuit = circuit
        self.seconds = seconds
        self.solver = find_solver()
        self.forms = Forms(circuit, spec.find_ends)
        self.leaves: dict[int, list[tuple[int, int]]] = {}
        """Unknowns to which each bit belongs, and the bit's place in them."""
        self.verdicts: list[Verdict] = []
        self.open: list[tuple[Unknown, BitWord]] = []
        """Unknowns and outputs whose word was found but not proved."""
        self._matched: set[int] = set()
        self._compared: dict[Any, Verdict] = {}
        self._words: dict[BitWord, int] = {}
        self._same: dict[int, NormalForm] = {}
        """Unknowns that were found to equal a constant or another unknown."""
        self._inputs = {number for port in spec.inputs for number in port}
        words = zip(circuit.inputs.values(), (n for port in spec.inputs for n in port), strict=True)
        for bits, number in words:
            self._bind(number, bits)

    def run(self, candidates: dict[int, list[BitWord]]) -> None:
        """Try to prove that words of the circuit equal the unknowns and the outputs, and record the verdicts.

        ``candidates``: words that have the values of an unknown on samples.
        """
        computed = [unknown for unknown in self.spec.unknowns if unknown.rule != "input"]
        computed.sort(key=lambda unknown: unknown.group)
        for _, group in groupby(computed, key=lambda unknown: unknown.group):
            self._prove_group(list(group), candidates)
        outputs = [each for port in self.spec.outputs for each in port]
        for number, (name, bits) in enumerate(self.circuit.outputs.items()):
            self.verdicts.append(self._prove_output(name, outputs[number], bits))

    def _prove_group(self, group: list[Unknown], candidates: dict[int, list[BitWord]]) -> None:
        self.forms.forget()
        proved: list[tuple[int, BitWord]] = []
        report(f"prove {group[0].op}")
        for unknown in group:
            for bits in candidates.get(unknown.number, [])[:_CANDIDATES]:
                verdict = self._prove_word(unknown, bits)
                if verdict.method:
                    self.verdicts.append(verdict)
                    proved.append((unknown.number, bits))
                    break
            else:
                if candidates.get(unknown.number):
                    self.open.append((unknown, candidates[unknown.number][0]))
        for number, bits in proved:
            self._bind(number, bits)

    def _bind(self, number: int, bits: BitWord) -> None:
        self._matched.add(number)
        low, high = self.spec.get_range(number)
        other = self._words.setdefault(bits, number)
        if low == high:
            self._same[number] = NormalForm.make_constant(low)
        elif other != number and self._is_alike(number, other, len(bits)):
            self._same[number] = NormalForm.make_unknown(other)
        self.forms.bind(bits, NormalForm.make_unknown(number))
        for place, bit in enumerate(bits):
            if bit > 1:
                self.leaves.setdefault(bit, []).append((number, place))

    def _is_alike(self, number: int, other: int, width: int) -> bool:
        """Return whether two unknowns with the same word are equal: both are its signed or both its unsigned value."""
        ends = [self.spec.get_range(each) for each in (number, other)]
        half = 1 << (width - 1)
        return all(low >= 0 for low, _ in ends) or all(high < half for _, high in ends)

    # One word

    def _prove_output(self, name: str, value: NormalForm, bits: BitWord) -> Verdict:
        form = self.forms.of(bits)
        if (
            self._is_held(value, len(bits))
            and form is not None
            and self._is_equal(form, value, bits)
        ):
            return Verdict(OUTPUTS, WIRING)
        unknown = Unknown(-1, OUTPUTS, "", (0, 0), *self.spec.find_ends(value), SUM, (value,))
        verdict = self._prove_word(unknown, bits)
        if not verdict.method:
            verdict.reason = f"{name}: {verdict.reason}"
            self.open.append((unknown, bits))
        return verdict

    def _is_held(self, value: NormalForm, width: int) -> bool:
        """Return whether a word of ``width`` bits can represent all values of ``value``."""
        low, high = self.spec.find_ends(value)
        half = 1 << (width - 1)
        return -half <= low and (high < half or (low >= 0 and high < 2 * half))

    def _is_equal(self, form: NormalForm, value: NormalForm, bits: BitWord) -> bool:
        width = len(bits)
        if form.reduce_modulo(width) == value.reduce_modulo(width):
            return True
        return self._unfold(form).reduce_modulo(width) == self._unfold(value).reduce_modulo(width)

    def _unfold(self, value: NormalForm) -> NormalForm:
        """Return the polynomial with unknowns replaced, recursively: sums by their terms, others by known equals."""
        for number in sorted(value.list_unknowns(), reverse=True):
            unknown = self.spec.unknowns[number]
            inner = self._same.get(number)
            if inner is None and unknown.rule == SUM:
                inner = unknown.args[0]
            if inner is not None and (number,) in value.terms:
                terms = dict(value.terms)
                factor = terms.pop((number,))
                value = NormalForm(terms) + self._unfold(inner).scale(factor)
        return value

    def _prove_word(self, unknown: Unknown, bits: BitWord) -> Verdict:
        """Return the verdict on whether a word equals an unknown, for all values of the unknowns that either reads."""
        if unknown.rule == SUM:
            value = unknown.args[0]
            form = self.forms.of(bits) if self._is_held(value, len(bits)) else None
            if form is not None and self._is_equal(form, value, bits):
                return Verdict(unknown.op, LINEAR)
        hidden: set[int] = set()
        verdict = self._compare_word(unknown, bits)
        for _ in range(_STEPS_BACK):
            # The word may differ only for values that the unknowns it reads never take: extend the cone by one step.
            inner = self._read(unknown) - self._inputs
            if verdict.method or not inner:
                break
            hidden |= inner
            self._matched -= inner
            verdict = self._compare_word(unknown, bits)
        self._matched |= hidden
        if verdict.ends:
            low, high = verdict.ends
            self._narrow(unknown, max(low, unknown.lo), min(high, unknown.hi))
        return Verdict(unknown.op, verdict.method, verdict.reason, verdict.codes)

    def _narrow(self, unknown: Unknown, low: int, high: int) -> None:
        """Set the lowest and the highest value of an unknown; an output, whose number is negative, is ignored."""
        if unknown.number >= 0:
            self.spec.unknowns[unknown.number] = replace(unknown, lo=low, hi=high)

    def _compare_word(self, unknown: Unknown, bits: BitWord) -> Verdict:
        cone = self._find_cone(unknown, bits)
        if cone is None:
            return Verdict("", "", f"more than {_LARGEST_CONE:,} gates depend on one another")
        key = self._make_key(unknown, bits, cone)
        if key not in self._compared:
            self._compared[key] = self._compare(unknown, bits, cone)
        return self._compared[key]

    def _read(self, unknown: Unknown) -> set[int]:
        """Return the numbers of unknowns in ``_matched`` on which ``unknown`` depends, directly or through others."""
        numbers: set[int] = set()
        stack = [n for arg in unknown.args for n in arg.list_unknowns()]
        while stack:
            number = stack.pop()
            if number in numbers:
                continue
            if number in self._matched:
                numbers.add(number)
            else:
                args = self.spec.unknowns[number].args
                stack += [n for arg in args for n in arg.list_unknowns()]
        return numbers

    def _find_cone(self, unknown: Unknown, bits: BitWord) -> Cone | None:
        """Return the cone from inputs and unknowns that ``unknown`` reads to a word, or None if too many gates."""
        read = self._read(unknown) | self._inputs
        gates: dict[int, Gate] = {}
        cone = Cone([])
        stack = [bit for bit in bits if bit > 1]
        first = len(self.circuit.inputs)
        while stack:
            bit = stack.pop()
            if bit in cone.leaves:
                continue
            ends = [each for each in self.leaves.get(bit, []) if each[0] in read]
            if ends:
                cone.leaves[bit] = ends[-1]
                continue
            source = self.circuit.places[bit][0] - first
            if source not in gates:
                if len(gates) == _LARGEST_CONE:
                    return None
                gates[source] = gate = self.circuit.gates[source]
                stack += [b for word in gate.ports.values() for b in word if b > 1]
        cone.gates = [gates[number] for number in sorted(gates)]
        return cone

    def _make_key(self, unknown: Unknown, bits: BitWord, cone: Cone) -> Any:
        """Return a cache key, which is the same for comparisons that differ only in the numbers of their unknowns."""
        numbers = sorted({*cone.unknowns, *self._read(unknown)})
        order = {number: place for place, number in enumerate(numbers)}
        names: dict[int, Any] = {0: 0, 1: 1}
        for bit, (number, place) in cone.leaves.items():
            names[bit] = order[number], place
        gates: list[Any] = []
        for index, gate in enumerate(cone.gates):
            words = tuple(tuple(names[bit] for bit in word) for word in gate.ports.values())
            names |= {
                bit: names.get(bit, ("gate", index, place)) for place, bit in enumerate(gate.out)
            }
            gates.append((gate.kind, words, len(gate.out), gate.signed, gate.entries))
        spec = self._describe(unknown, order)
        ends = tuple(self.spec.get_range(number) for number in numbers)
        return tuple(gates), tuple(names[bit] for bit in bits), spec, ends

    def _describe(self, unknown: Unknown, order: dict[int, int]) -> Any:
        def rename(number: int) -> Any:
            if number in order:
                return order[number]
            return self._describe(self.spec.unknowns[number], order)

        args = tuple(
            tuple(
                sorted(
                    ((tuple(map(rename, m)), factor) for m, factor in arg.terms.items()), key=repr
                )
            )
            for arg in unknown.args
        )
        return unknown.rule, args, unknown.setting

    # Comparisons

    def _compare(self, unknown: Unknown, bits: BitWord, cone: Cone) -> Verdict:
        numbers = sorted({*cone.unknowns, *self._read(unknown)})
        ends = [self.spec.get_range(number) for number in numbers]
        codes = math.prod(high - low + 1 for low, high in ends)
        reason = "bitwuzla is not installed (pip install 'qhls[prove]')"
        if codes <= _FEW_CODES or (codes <= MOST_CODES and self.solver is None):
            return self._try_codes(unknown, bits, cone, numbers, codes)
        if self.solver is not None:
            answer = self._ask(unknown, bits, cone, Formulas(self.solver, self.seconds))
            if answer == "unsat":
                return Verdict("", SOLVER)
            if answer == "sat":
                return Verdict("", "", "the solver found a difference")
            reason = f"the solver found no answer in {self.seconds:g} s"
            if codes <= MOST_CODES:
                return self._try_codes(unknown, bits, cone, numbers, codes)
        return Verdict("", "", f"{codes:,} codes are too many to try, and {reason}")

    def _try_codes(
        self, unknown: Unknown, bits: BitWord, cone: Cone, numbers: list[int], codes: int
    ) -> Verdict:
        """Compare a word with an unknown on all combinations of codes of the unknowns ``numbers``."""
        columns: dict[int, Array] = {}
        rest = codes
        places = np.arange(codes)
        for number in numbers:
            low, high = self.spec.get_range(number)
            rest //= high - low + 1
            columns[number] = places // rest % (high - low + 1) + low
        wanted = SampledValues(self.spec.unknowns, codes, columns)
        want = wanted.compute(unknown.args[0]) if unknown.number < 0 else wanted.of(unknown.number)
        got = self._evaluate(bits, cone, columns)
        full = np.broadcast_to(got, want.shape)
        values = [full, read_signed(full, len(bits))]
        low, high = int(want.min()), int(want.max())
        same = np.array_equal(values[low < 0], want)
        fits = high < 1 << (len(bits) - (low < 0))
        if same and fits:
            return Verdict("", ALL_CODES, codes=codes, ends=(low, high))
        return Verdict("", "", "the word differs for some codes of what it reads")

    def _evaluate(self, bits: BitWord, cone: Cone, columns: dict[int, Array]) -> Any:
        def read(number: int, low: int, length: int) -> Array:
            return (columns[number] >> low) & ((1 << length) - 1)

        return self._compute(Samples(), bits, cone, read)

    def _compute(
        self, on: Any, bits: BitWord, cone: Cone, read: Callable[[int, int, int], Any]
    ) -> Any:
        """Return the value of ``bits`` after computing all gates of ``cone``; ``read`` returns bits of an unknown."""
        values: dict[int, tuple[Any, int]] = {}

        def gather_word(of: BitWord) -> Any:
            parts: list[tuple[Any, int, int]] = []
            for place, length, source, low in _list_runs(of, cone.leaves, self.circuit):
                if source is None:
                    part = on.make_constant(low, length)
                elif isinstance(source, tuple):
                    part = read(source[0], low, length)
                else:
                    value, width = values[source]
                    part = on.slice(value, low, length, width)
                parts.append((part, length, place))
            return on.gather(parts)

        for gate in cone.gates:
            source = self.circuit.places[gate.out[0]][0]
            values[source] = compute_gate(gate, gather_word, on), len(gate.out)
        return gather_word(bits)

    def find_codes(self, unknown: Unknown, bits: BitWord) -> dict[int, int] | None:
        """Return codes of the inputs for which a word differs from its unknown, or None if none were found."""
        if self.solver is None:
            return None
        matched, self._matched = self._matched, self._inputs
        try:
            cone = self._find_cone(unknown, bits)
            on = Formulas(self.solver, self.seconds)
            if cone is None or self._ask(unknown, bits, cone, on) != "sat":
                return None
            return {number: on.get_value(number) for number in on.variables}
        finally:
            self._matched = matched

    def _ask(self, unknown: Unknown, bits: BitWord, cone: Cone, on: Formulas) -> str:
        """Return "sat" if the solver finds that the word can differ from the unknown, "unsat" if not, or "unknown"."""
        got = self._make_formula(on, bits, cone)
        low = self.spec.find_ends(unknown.args[0])[0] if unknown.rule == SUM else unknown.lo
        want = self._make_wanted(on, unknown)
        width = len(bits)
        exact = (got, width) if low < 0 else (on.extend(got, width, width + 1, False), width + 1)
        self._define(on, cone)
        on.query.assert_formula(on.make_difference(exact, want))
        return on.solve()

    def _define(self, on: Formulas, cone: Cone) -> None:
        """Assert that each variable equals the result of its rule, if all that the rule reads are variables too."""
        for number in list(on.variables):
            unknown = self.spec.unknowns[number]
            read = {n for arg in unknown.args for n in arg.list_unknowns()}
            if read and read <= set(on.variables):
                term = self._make_wanted(on, unknown)
                differ = on.make_difference(on.variables[number], term)
                on.query.assert_formula(on.make_term("NOT", [differ]))

    def _make_wanted(self, on: Formulas, unknown: Unknown) -> tuple[Any, int]:
        def of(number: int) -> tuple[Any, int]:
            inner = self.spec.unknowns[number]
            return (
                on.make_variable(inner) if number in self._matched else self._make_wanted(on, inner)
            )

        args = [on.sum_terms(arg, of, self.spec.find_ends(arg)) for arg in unknown.args]
        return on.apply_rule(unknown, args)

    def _make_formula(self, on: Formulas, bits: BitWord, cone: Cone) -> Any:
        def read(number: int, low: int, length: int) -> Any:
            value, width = on.make_variable(self.spec.unknowns[number])
            if low + length > width:  # the word is wider than the range needs
                value = on.extend(value, width, low + length, True)
                width = low + length
            return on.slice(value, low, length, width)

        return self._compute(on, bits, cone, read)


def _list_runs(
    bits: BitWord, leaves: dict[int, tuple[int, int]], circuit: Circuit
) -> Iterator[tuple[int, int, Any, int]]:
    """Yield the parts of a word: place, length, source and lowest bit.

    The source is the number of an unknown in a tuple, the number of a word, or None for a constant bit.
    """

    def find_origin(bit: int) -> tuple[Any, int]:
        if bit < 2:
            return None, bit
        if bit in leaves:
            return (leaves[bit][0],), leaves[bit][1]
        return circuit.places[bit]

    start = 0
    while start < len(bits):
        source, low = find_origin(bits[start])
        end = start + 1
        if source is not None:
            while end < len(bits) and find_origin(bits[end]) == (source, low + end - start):
                end += 1
        yield start, end - start, source, low
        start = end


def find_candidates(
    spec: Specification, words: dict[str, BitWord], values: Sequence[Array], numbers: SampledValues
) -> dict[int, list[BitWord]]:
    """Return, for each unknown, the words with the same values on samples, first those named after its op."""
    seen: dict[bytes, list[tuple[str, BitWord]]] = {}
    for (name, bits), value in zip(words.items(), values, strict=True):
        keys = {_print(value), _print(read_signed(value, len(bits)))}
        for key in keys:
            seen.setdefault(key, []).append((name, bits))
    candidates: dict[int, list[BitWord]] = {}
    for unknown in spec.unknowns:
        if unknown.rule == "input":
            continue
        near = seen.get(_print(numbers.of(unknown.number)), [])
        start = f"{make_identifier(unknown.op)[:64]}"
        exact = f"{start}{unknown.place}"
        ranked = sorted(
            near, key=lambda each: (each[0] != exact, not each[0].startswith(start), len(each[1]))
        )
        candidates[unknown.number] = list(dict.fromkeys(bits for _, bits in ranked))
    return candidates


def _print(values: Array) -> bytes:
    if values.dtype == object and all(abs(int(v)) < 1 << 62 for v in values.tolist()):
        values = values.astype(np.int64)
    return repr(values.tolist()).encode() if values.dtype == object else values.tobytes()
