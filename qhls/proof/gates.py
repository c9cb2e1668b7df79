"""Meaning of Yosys' cells, once for all arithmetics: numbers of samples, and formulas of a solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qhls.ir.integers import Array
from qhls.proof.circuit import Bits, Gate

Word = Any
"""A word of an arithmetic; its width is known to who uses it."""


Arithmetic = Any
"""Operations on words of bits: ``Samples``, and the formulas of a solver."""


def compute_gate(gate: Gate, word: Callable[[Bits], Word], on: Arithmetic) -> Word:
    """Return the result of a gate; ``word`` gives that of bits."""
    words = {name: word(bits) for name, bits in gate.ports.items()}
    return on.settled(_RULES[gate.kind](gate, words, on), len(gate.out))


def _widened(gate: Gate, words: dict[str, Word], width: int, on: Arithmetic) -> list[Word]:
    """Return the operands at ``width`` bits."""
    return [
        on.extended(words[port], len(gate.ports[port]), width, gate.signed)
        for port in ("A", "B")
        if port in words
    ]


def _sum(kind: str) -> Callable[[Gate, dict[str, Word], Arithmetic], Word]:
    def rule(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
        a, b = _widened(gate, words, len(gate.out), on)
        make = {"$add": on.added, "$sub": on.subtracted, "$mul": on.multiplied}[kind]
        return make(a, b, len(gate.out))

    return rule


def _negated(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    (a,) = _widened(gate, words, len(gate.out), on)
    return on.subtracted(on.known(0, len(gate.out)), a, len(gate.out))


def _compared(swapped: bool, inverted: bool, equal: bool) -> Callable[..., Word]:
    def rule(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
        width = max(len(gate.ports["A"]), len(gate.ports["B"]))
        a, b = _widened(gate, words, width, on)
        if swapped:
            a, b = b, a
        found = on.equal(a, b, width) if equal else on.less(a, b, width, gate.signed)
        found = on.inverted(found, 1) if inverted else found
        return on.extended(found, 1, len(gate.out), False)

    return rule


def _bitwise(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    a, b = _widened(gate, words, len(gate.out), on)
    return on.joined(gate.kind, a, b, len(gate.out))


def _any(gate: Gate, words: dict[str, Word], on: Arithmetic, port: str = "A") -> Word:
    """Return the bit that says whether a word is not 0."""
    width = len(gate.ports[port])
    return on.inverted(on.equal(words[port], on.known(0, width), width), 1)


def _reduced(inverted: bool) -> Callable[..., Word]:
    def rule(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
        found = _any(gate, words, on)
        return on.extended(on.inverted(found, 1) if inverted else found, 1, len(gate.out), False)

    return rule


def _all(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    width = len(gate.ports["A"])
    found = on.equal(words["A"], on.known((1 << width) - 1, width), width)
    return on.extended(found, 1, len(gate.out), False)


def _logic(kind: str) -> Callable[..., Word]:
    def rule(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
        a, b = (_any(gate, words, on, port) for port in ("A", "B"))
        return on.extended(on.joined(kind, a, b, 1), 1, len(gate.out), False)

    return rule


def _same(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    return _widened(gate, words, len(gate.out), on)[0]


def _not(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    return on.inverted(_same(gate, words, on), len(gate.out))


def _mux(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    return on.chosen(words["S"], words["B"], words["A"], len(gate.out))


def _pmux(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    """Return the word whose bit of S is 1; at most one is, by the comparisons that Yosys makes."""
    width, choices = len(gate.out), len(gate.ports["S"])
    found = words["A"]
    for place in range(choices):
        word = on.slice(words["B"], place * width, width, choices * width)
        found = on.chosen(on.slice(words["S"], place, 1, choices), word, found, width)
    return found


def _entry(gate: Gate, words: dict[str, Word], on: Arithmetic) -> Word:
    return on.entry(gate.entries, words["A"], len(gate.ports["A"]), len(gate.out))


_RULES: dict[str, Callable[[Gate, dict[str, Word], Arithmetic], Word]] = {
    **{kind: _sum(kind) for kind in ("$add", "$sub", "$mul")},
    **dict.fromkeys(("$and", "$or", "$xor"), _bitwise),
    "$neg": _negated,
    "$lt": _compared(False, False, False),
    "$ge": _compared(False, True, False),
    "$gt": _compared(True, False, False),
    "$le": _compared(True, True, False),
    "$eq": _compared(False, False, True),
    "$ne": _compared(False, True, True),
    "$mux": _mux,
    "$pmux": _pmux,
    "$not": _not,
    "$pos": _same,
    "$reduce_or": _reduced(False),
    "$reduce_bool": _reduced(False),
    "$logic_not": _reduced(True),
    "$reduce_and": _all,
    "$logic_and": _logic("$and"),
    "$logic_or": _logic("$or"),
    "$memrd_v2": _entry,
}

_WORD = 62
"""Bits up to which int64 holds a word and the sum of two."""


def _kind(width: int) -> Any:
    return np.int64 if width <= _WORD else object


def read_signed(a: Array, width: int) -> Array:
    """Return words without sign as numbers in two's complement."""
    half = 1 << (width - 1)
    return a - ((a & half) << 1)


class Samples:
    """Words as arrays of samples, each word a number without sign."""

    def slice(self, a: Array, low: int, width: int, whole: int) -> Array:
        """Return ``width`` bits from ``low`` on."""
        return ((a >> low) & ((1 << width) - 1)).astype(_kind(width))

    def extended(self, a: Array, width: int, to: int, signed: bool) -> Array:
        """Return a word at another width."""
        if to == width:
            return a
        if to < width:
            return self.slice(a, 0, to, width)
        wide = a.astype(_kind(to))
        return (read_signed(wide, width) if signed else wide) & ((1 << to) - 1)

    def added(self, a: Array, b: Array, width: int) -> Array:
        """Return the sum."""
        return (a + b) & ((1 << width) - 1)

    def subtracted(self, a: Array, b: Array, width: int) -> Array:
        """Return the difference."""
        return (a - b) & ((1 << width) - 1)

    def multiplied(self, a: Array, b: Array, width: int) -> Array:
        """Return the product."""
        kind = _kind(2 * width)
        return ((a.astype(kind) * b.astype(kind)) & ((1 << width) - 1)).astype(_kind(width))

    def joined(self, kind: str, a: Array, b: Array, width: int) -> Array:
        """Return the bits of both under a gate."""
        return {"$and": np.bitwise_and, "$or": np.bitwise_or, "$xor": np.bitwise_xor}[kind](a, b)

    def less(self, a: Array, b: Array, width: int, signed: bool) -> Array:
        """Return whether one is less."""
        if signed:
            a, b = read_signed(a, width), read_signed(b, width)
        return np.asarray(a < b).astype(np.int64)

    def equal(self, a: Array, b: Array, width: int) -> Array:
        """Return whether both are equal."""
        return np.asarray(a == b).astype(np.int64)

    def chosen(self, bit: Array, a: Array, b: Array, width: int) -> Array:
        """Return ``a`` where ``bit`` is 1."""
        return np.where(bit != 0, a, b)

    def inverted(self, a: Array, width: int) -> Array:
        """Return the complement."""
        return ((1 << width) - 1) - a

    def settled(self, a: Array, width: int) -> Array:
        """Return the result of a gate."""
        return np.asarray(a).astype(_kind(width))

    def known(self, code: int, width: int) -> Array:
        """Return a constant."""
        return np.array(code, _kind(width))

    def entry(self, entries: tuple[int, ...], a: Array, width: int, out: int) -> Array:
        """Return the entry at ``a``; 0 beyond the last, where Verilog has no meaning."""
        full = [*entries[: 1 << width], *[0] * ((1 << width) - len(entries))]
        return np.array([*full, 0], _kind(out))[a.astype(np.intp)]

    def gathered(self, parts: list[tuple[Array, int, int]]) -> Array:
        """Return a word of parts (bits of no sign, their width, their place)."""
        whole = sum(width for _, width, _ in parts)
        total: Any = np.array(0, _kind(whole))
        for value, _, place in parts:
            total = total + (value.astype(_kind(whole)) << place)
        return np.asarray(total, _kind(whole))
