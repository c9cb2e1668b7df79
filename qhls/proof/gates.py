"""Computation of the results of Yosys' cells, in the arithmetic of sample arrays or of a solver's formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qhls.ir.integers import Array
from qhls.proof.circuit import BitWord, Gate

Word = Any
"""Word in any arithmetic; its width is passed separately."""


BitArithmetic = Any
"""Object with the operations on words: ``Samples``, or ``Formulas`` of a solver."""


def compute_gate(gate: Gate, word: Callable[[BitWord], Word], on: BitArithmetic) -> Word:
    """Return the result of a gate in the arithmetic ``on``; the callback ``word`` returns the value of its operands."""
    words = {name: word(bits) for name, bits in gate.ports.items()}
    return on.settle(_RULES[gate.kind](gate, words, on), len(gate.out))


def _widen(gate: Gate, words: dict[str, Word], width: int, on: BitArithmetic) -> list[Word]:
    """Return the operands of a gate, extended or cut to ``width`` bits."""
    return [
        on.extend(words[port], len(gate.ports[port]), width, gate.signed)
        for port in ("A", "B")
        if port in words
    ]


def _make_arithmetic(kind: str) -> Callable[[Gate, dict[str, Word], BitArithmetic], Word]:
    def compute(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
        a, b = _widen(gate, words, len(gate.out), on)
        make = {"$add": on.add, "$sub": on.subtract, "$mul": on.multiply}[kind]
        return make(a, b, len(gate.out))

    return compute


def _negate(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    (a,) = _widen(gate, words, len(gate.out), on)
    return on.subtract(on.make_constant(0, len(gate.out)), a, len(gate.out))


def _make_comparison(swapped: bool, inverted: bool, equal: bool) -> Callable[..., Word]:
    def compute(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
        width = max(len(gate.ports["A"]), len(gate.ports["B"]))
        a, b = _widen(gate, words, width, on)
        if swapped:
            a, b = b, a
        result = (
            on.compare_equal(a, b, width) if equal else on.compare_less(a, b, width, gate.signed)
        )
        result = on.invert(result, 1) if inverted else result
        return on.extend(result, 1, len(gate.out), False)

    return compute


def _combine_bits(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    a, b = _widen(gate, words, len(gate.out), on)
    return on.combine(gate.kind, a, b, len(gate.out))


def _test_any(gate: Gate, words: dict[str, Word], on: BitArithmetic, port: str = "A") -> Word:
    """Return a bit that is 1 if the word at ``port`` is not 0."""
    width = len(gate.ports[port])
    return on.invert(on.compare_equal(words[port], on.make_constant(0, width), width), 1)


def _make_reduction(inverted: bool) -> Callable[..., Word]:
    def compute(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
        result = _test_any(gate, words, on)
        return on.extend(on.invert(result, 1) if inverted else result, 1, len(gate.out), False)

    return compute


def _test_all(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    width = len(gate.ports["A"])
    all_set = on.compare_equal(words["A"], on.make_constant((1 << width) - 1, width), width)
    return on.extend(all_set, 1, len(gate.out), False)


def _make_logic(kind: str) -> Callable[..., Word]:
    def compute(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
        a, b = (_test_any(gate, words, on, port) for port in ("A", "B"))
        return on.extend(on.combine(kind, a, b, 1), 1, len(gate.out), False)

    return compute


def _copy(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    return _widen(gate, words, len(gate.out), on)[0]


def _invert(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    return on.invert(_copy(gate, words, on), len(gate.out))


def _choose(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    return on.choose(words["S"], words["B"], words["A"], len(gate.out))


def _choose_first(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    """Return the word in B whose bit in S is 1, or A if none is; Yosys' comparisons set at most one bit."""
    width, choices = len(gate.out), len(gate.ports["S"])
    selected = words["A"]
    for place in range(choices):
        word = on.slice(words["B"], place * width, width, choices * width)
        selected = on.choose(on.slice(words["S"], place, 1, choices), word, selected, width)
    return selected


def _look_up(gate: Gate, words: dict[str, Word], on: BitArithmetic) -> Word:
    return on.look_up(gate.entries, words["A"], len(gate.ports["A"]), len(gate.out))


_RULES: dict[str, Callable[[Gate, dict[str, Word], BitArithmetic], Word]] = {
    **{kind: _make_arithmetic(kind) for kind in ("$add", "$sub", "$mul")},
    **dict.fromkeys(("$and", "$or", "$xor"), _combine_bits),
    "$neg": _negate,
    "$lt": _make_comparison(False, False, False),
    "$ge": _make_comparison(False, True, False),
    "$gt": _make_comparison(True, False, False),
    "$le": _make_comparison(True, True, False),
    "$eq": _make_comparison(False, False, True),
    "$ne": _make_comparison(False, True, True),
    "$mux": _choose,
    "$pmux": _choose_first,
    "$not": _invert,
    "$pos": _copy,
    "$reduce_or": _make_reduction(False),
    "$reduce_bool": _make_reduction(False),
    "$logic_not": _make_reduction(True),
    "$reduce_and": _test_all,
    "$logic_and": _make_logic("$and"),
    "$logic_or": _make_logic("$or"),
    "$memrd_v2": _look_up,
}

_WORD = 62
"""Largest width in bits for which int64 holds the sum of two words."""


def _choose_kind(width: int) -> Any:
    return np.int64 if width <= _WORD else object


def read_signed(a: Array, width: int) -> Array:
    """Return unsigned words, reinterpreted as signed numbers in two's complement."""
    half = 1 << (width - 1)
    return a - ((a & half) << 1)


class Samples:
    """Arithmetic on words as arrays of unsigned numbers, one number per sample."""

    def slice(self, a: Array, low: int, width: int, whole: int) -> Array:
        """Return the part-select of ``width`` bits from bit ``low`` on."""
        return ((a >> low) & ((1 << width) - 1)).astype(_choose_kind(width))

    def extend(self, a: Array, width: int, to: int, signed: bool) -> Array:
        """Return the word ``a`` of ``width`` bits, extended or cut to ``to`` bits."""
        if to == width:
            return a
        if to < width:
            return self.slice(a, 0, to, width)
        wide = a.astype(_choose_kind(to))
        return (read_signed(wide, width) if signed else wide) & ((1 << to) - 1)

    def add(self, a: Array, b: Array, width: int) -> Array:
        """Return the sum modulo ``2**width``."""
        return (a + b) & ((1 << width) - 1)

    def subtract(self, a: Array, b: Array, width: int) -> Array:
        """Return the difference modulo ``2**width``."""
        return (a - b) & ((1 << width) - 1)

    def multiply(self, a: Array, b: Array, width: int) -> Array:
        """Return the product modulo ``2**width``."""
        kind = _choose_kind(2 * width)
        return ((a.astype(kind) * b.astype(kind)) & ((1 << width) - 1)).astype(_choose_kind(width))

    def combine(self, kind: str, a: Array, b: Array, width: int) -> Array:
        """Return the bitwise AND, OR or XOR of two words, as ``kind`` says."""
        return {"$and": np.bitwise_and, "$or": np.bitwise_or, "$xor": np.bitwise_xor}[kind](a, b)

    def compare_less(self, a: Array, b: Array, width: int, signed: bool) -> Array:
        """Return a bit that is 1 if ``a`` is less than ``b``."""
        if signed:
            a, b = read_signed(a, width), read_signed(b, width)
        return np.asarray(a < b).astype(np.int64)

    def compare_equal(self, a: Array, b: Array, width: int) -> Array:
        """Return a bit that is 1 if ``a`` equals ``b``."""
        return np.asarray(a == b).astype(np.int64)

    def choose(self, bit: Array, a: Array, b: Array, width: int) -> Array:
        """Return ``a`` where ``bit`` is 1, else ``b``."""
        return np.where(bit != 0, a, b)

    def invert(self, a: Array, width: int) -> Array:
        """Return the bitwise complement."""
        return ((1 << width) - 1) - a

    def settle(self, a: Array, width: int) -> Array:
        """Return the result of a gate in the dtype for its width."""
        return np.asarray(a).astype(_choose_kind(width))

    def make_constant(self, code: int, width: int) -> Array:
        """Return ``code`` as a constant word of ``width`` bits."""
        return np.array(code, _choose_kind(width))

    def look_up(self, entries: tuple[int, ...], a: Array, width: int, out: int) -> Array:
        """Return the table entry at index ``a``, or 0 beyond the last entry, where Verilog is undefined."""
        full = [*entries[: 1 << width], *[0] * ((1 << width) - len(entries))]
        return np.array([*full, 0], _choose_kind(out))[a.astype(np.intp)]

    def gather(self, parts: list[tuple[Array, int, int]]) -> Array:
        """Return the word that consists of ``parts``, each an unsigned value, its width and its place in the word."""
        whole = sum(width for _, width, _ in parts)
        total: Any = np.array(0, _choose_kind(whole))
        for value, _, place in parts:
            total = total + (value.astype(_choose_kind(whole)) << place)
        return np.asarray(total, _choose_kind(whole))
