"""``Forms``: translation of a circuit's words to polynomials over unknowns that were proved to equal words."""

from __future__ import annotations

from collections.abc import Callable

from qhls.proof.circuit import BitWord, Circuit, Gate
from qhls.proof.polynomials import NormalForm, Range

_MOST_TERMS = 20_000
"""Largest number of monomials in the product of two polynomials, because products of sums grow fast."""


class Forms:
    """Polynomials that equal the words of a circuit, each modulo ``2**width`` of its word.

    ``bound`` contains words whose value is exactly a polynomial, by their bits up to the first that is no constant.
    ``ends`` returns the range of a polynomial.
    """

    def __init__(self, circuit: Circuit, ends: Callable[[NormalForm], Range]) -> None:
        self.circuit = circuit
        self.ends = ends
        self.bound: dict[BitWord, list[tuple[BitWord, NormalForm]]] = {}
        self._gates = {gate.out: gate for gate in circuit.gates}
        self._inputs = len(circuit.inputs)
        self._known: dict[int, NormalForm | None] = {}
        self._begins: set[int] = set()

    def bind(self, bits: BitWord, value: NormalForm) -> None:
        """Record that the word ``bits`` equals ``value``, in two's complement if ``value`` can be negative."""
        first = _find_varying(bits)
        if first < len(bits):
            self.bound.setdefault(bits[: first + 1], []).append((bits, value))
            self._begins.add(bits[first])

    def forget(self) -> None:
        """Discard the cached polynomials of gates, because words that were bound since then shorten them."""
        self._known.clear()

    def of(self, bits: BitWord) -> NormalForm | None:
        """Return a polynomial that equals ``bits`` modulo ``2**len(bits)``, or None if none was found."""
        total, place = NormalForm({}), 0
        while place < len(bits):
            first = place + _find_varying(bits[place:])
            form = self._find_bound(bits, place, first)
            if form is None:
                code = sum(bit << number for number, bit in enumerate(bits[place:first]))
                total = total + NormalForm.make_constant(code << place)
                place = first
                form = self._find_gated(bits[place:]) if place < len(bits) else None
                if place < len(bits) and form is None:
                    return None
            if form is not None:
                value, length = form
                total = total + value.scale(1 << place)
                place += length
        return total

    def _find_bound(self, bits: BitWord, place: int, first: int) -> tuple[NormalForm, int] | None:
        """Return the polynomial and the number of bits from ``place`` on that one bound word determines, or None."""
        if first == len(bits):
            return None
        words = self.bound.get(bits[place : first + 1], [])
        forms = [each for word, value in words if (each := self._fit(bits[place:], word, value))]
        best = min(forms, key=lambda each: (each[2], -each[1]), default=None)
        if best is None or (best[2] and first > place):
            return None
        return best[:2]

    def _find_gated(self, bits: BitWord) -> tuple[NormalForm, int] | None:
        """Return the polynomial and the number of the first bits that one bound word or gate determines, or None."""
        form = self._find_bound(bits, 0, 0)
        if form is not None:
            return form
        source, low = self.circuit.places[bits[0]]
        if source < self._inputs:
            return None
        word = self.circuit.gates[source - self._inputs].out[low:]
        value = self._find_gate(source - self._inputs)
        rest = value.halve(low) if value is not None else None
        fitted = self._fit(bits, word, rest) if rest is not None else None
        return fitted[:2] if fitted else None

    def _fit(
        self, bits: BitWord, word: BitWord, value: NormalForm
    ) -> tuple[NormalForm, int, bool] | None:
        """Return the polynomial of the first bits that ``bits`` and ``word`` (of the value ``value``) share, or None.

        The result also has the number of these bits, and whether bits of ``word`` are cut off.
        """
        own = 0
        while own < min(len(bits), len(word)) and bits[own] == word[own]:
            own += 1
        if own == len(bits):
            return value, own, own < len(word)  # the modulus cuts off the upper bits of the word
        low, high = self.ends(value)
        size, half = 1 << own, 1 << (own - 1)
        # Modulo ``size``, the value may be off by a multiple of ``size``: move it into the range of the word.
        if own == len(word) and all(bit == word[-1] for bit in bits[own:]):
            beyond = low + half >> own
            moved = value - NormalForm.make_constant(beyond << own)
            return (moved, len(bits), False) if high - beyond * size < half else None
        beyond = low >> own if own == len(word) else 0
        moved = value - NormalForm.make_constant(beyond << own)
        fits = low >= beyond * size and high - beyond * size < size
        return (moved, own, own < len(word)) if fits else None

    def _find_gate(self, number: int) -> NormalForm | None:
        """Return the polynomial of a gate's result, or None, after finding those of its inputs without recursion."""
        stack = [number]
        while stack:
            top = stack[-1]
            if top in self._known:
                stack.pop()
                continue
            waiting = self._list_waiting(self.circuit.gates[top])
            if waiting:
                stack += waiting
                continue
            self._known[top] = self._compute(self.circuit.gates[top])
            stack.pop()
        return self._known[number]

    def _list_waiting(self, gate: Gate) -> list[int]:
        if gate.kind not in _LINEAR:
            return []
        waiting: list[int] = []
        for bits in gate.ports.values():
            for bit in bits:
                if bit > 1 and bit not in self._begins:
                    source = self.circuit.places[bit][0] - self._inputs
                    if source >= 0 and source not in self._known and source not in waiting:
                        waiting.append(source)
        return waiting

    def _compute(self, gate: Gate) -> NormalForm | None:
        if gate.kind not in _LINEAR:
            return None
        width = len(gate.out)
        operands = [
            self.of(_extend(gate.ports[port], width, gate.signed))
            for port in ("A", "B")
            if port in gate.ports
        ]
        known = [each for each in operands if each is not None]
        if len(known) < len(operands):
            return None
        if gate.kind == "$mul" and len(known[0].terms) * len(known[1].terms) > _MOST_TERMS:
            return None
        return _LINEAR[gate.kind](*known)


def _find_varying(bits: BitWord) -> int:
    """Return the place of the first bit that is not constant, or the number of bits if all are."""
    return next((place for place, bit in enumerate(bits) if bit > 1), len(bits))


def _extend(bits: BitWord, width: int, signed: bool) -> BitWord:
    return (*bits, *[bits[-1] if signed else 0] * (width - len(bits)))[:width]


_LINEAR: dict[str, Callable[..., NormalForm]] = {
    "$add": lambda a, b: a + b,
    "$sub": lambda a, b: a - b,
    "$mul": lambda a, b: a * b,
    "$neg": lambda a: a.scale(-1),
    "$pos": lambda a: a,
}
