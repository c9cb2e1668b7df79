"""``NormalForm``: integer polynomials over unknowns, the normal form of all sums and products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from math import gcd
from typing import Any

Monomial = tuple[int, ...]
"""Numbers of unknowns in ascending order, one per factor; () for the constant term."""
Range = tuple[int, int]


class NormalForm:
    """Polynomial with integer coefficients, none of which is 0; ``terms`` maps each monomial to its coefficient."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = {monomial: factor for monomial, factor in terms.items() if factor}
        self._hash: int | None = None

    @classmethod
    def make_constant(cls, code: int) -> NormalForm:
        """Return the constant polynomial ``code``."""
        return cls({(): code})

    @classmethod
    def make_unknown(cls, number: int) -> NormalForm:
        """Return the polynomial that is the unknown ``number``."""
        return cls({(number,): 1})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NormalForm) and self.terms == other.terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __add__(self, other: NormalForm) -> NormalForm:
        terms = dict(self.terms)
        for monomial, factor in other.terms.items():
            terms[monomial] = terms.get(monomial, 0) + factor
        return NormalForm(terms)

    def __sub__(self, other: NormalForm) -> NormalForm:
        return self + other.scale(-1)

    def __mul__(self, other: NormalForm) -> NormalForm:
        terms: dict[Monomial, int] = {}
        for a, factor in self.terms.items():
            for b, more in other.terms.items():
                monomial = tuple(sorted(a + b))
                terms[monomial] = terms.get(monomial, 0) + factor * more
        return NormalForm(terms)

    def scale(self, factor: int) -> NormalForm:
        """Return the polynomial multiplied by the integer ``factor``."""
        return NormalForm({monomial: own * factor for monomial, own in self.terms.items()})

    def halve(self, times: int) -> NormalForm | None:
        """Return the polynomial divided by ``2**times``, or None if a coefficient is not divisible."""
        if any(factor & ((1 << times) - 1) for factor in self.terms.values()):
            return None
        return NormalForm({monomial: own >> times for monomial, own in self.terms.items()})

    def reduce_modulo(self, width: int) -> NormalForm:
        """Return the polynomial with its coefficients reduced modulo ``2**width``."""
        mask = (1 << width) - 1
        return NormalForm({monomial: own & mask for monomial, own in self.terms.items()})

    @property
    def code(self) -> int | None:
        """Return the value of a constant polynomial, or None if the polynomial is not constant."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def single(self) -> int | None:
        """Return the number of the unknown that the polynomial is, or None if it is not a single unknown."""
        if len(self.terms) != 1:
            return None
        ((monomial, factor),) = self.terms.items()
        return monomial[0] if len(monomial) == 1 and factor == 1 else None

    @property
    def twos(self) -> int:
        """Return the exponent of the largest power of 2 that divides all coefficients."""
        common = reduce(gcd, self.terms.values(), 0)
        return (common & -common).bit_length() - 1 if common else 0

    def list_unknowns(self) -> set[int]:
        """Return the numbers of the unknowns in the polynomial."""
        return {number for monomial in self.terms for number in monomial}

    def find_range(self, of: Callable[[int], Range]) -> Range:
        """Return bounds on the value of the polynomial; ``of`` returns the range of an unknown."""
        low = high = 0
        for monomial, factor in self.terms.items():
            ends = (1, 1)
            for number in monomial:
                corners = [x * y for x in ends for y in of(number)]
                ends = (min(corners), max(corners))
            if len(monomial) == 2 and monomial[0] == monomial[1]:
                ends = (max(ends[0], 0), ends[1])
            corners = (ends[0] * factor, ends[1] * factor)
            low, high = low + min(corners), high + max(corners)
        return low, high

    def evaluate(self, of: Callable[[int], Any], start: Any) -> Any:
        """Return the value of the polynomial; ``of`` returns an unknown's value, and ``start`` is 0 as such a value."""
        total = start
        for monomial, factor in self.terms.items():
            part: Any = factor
            for number in monomial:
                part = of(number) * part
            total = total + part
        return total


@dataclass(frozen=True)
class Unknown:
    """An integer of the specification: an input, or the result of ``rule`` on ``args``.

    ``op`` computes it. ``group`` is the number of the op and of a step within it: unknowns of a group do not read one
    another.
    """

    number: int
    op: str
    place: str
    group: tuple[int, int]
    lo: int
    hi: int
    rule: str = "input"
    args: tuple[NormalForm, ...] = ()
    setting: Any = field(default=None)
