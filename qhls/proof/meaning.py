"""Evaluation of a specification on samples: its rules run on integers, in the arithmetic of the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qhls.ir.integers import Array, Codes
from qhls.ir.types import Fixed
from qhls.proof.polynomials import Unknown

_Rule = Callable[[Any, list[Codes]], Codes]


def _make_constants(codes: tuple[int, ...]) -> Codes:
    return Codes(np.array([*codes, None], object)[:-1])


_MEANINGS: dict[str, _Rule] = {
    "sum": lambda setting, args: args[0],
    "round": lambda setting, args: args[0].round_shift(*setting),
    "clip": lambda setting, args: args[0].clip(*setting),
    "wrap": lambda setting, args: args[0].wrap(Fixed(setting[0], setting[1], 0)),
    "maximum": lambda setting, args: args[0].maximum(args[1]),
    "minimum": lambda setting, args: args[0].minimum(args[1]),
    "step": lambda setting, args: args[0].step(
        _make_constants(setting[0]), _make_constants(setting[1])
    ),
    "table": lambda setting, args: args[0].take_rows(_make_constants(setting)),
    "argmax": lambda setting, args: Codes(
        np.stack([arg.to_integers() for arg in args], -1)
    ).argmax(),
}


class SampledValues:
    """Values of all unknowns on samples, each computed on first use from the values ``given`` for some of them."""

    def __init__(self, unknowns: list[Unknown], samples: int, given: dict[int, Array]) -> None:
        self.unknowns = unknowns
        self.samples = samples
        self.values = dict(given)

    def of(self, number: int) -> Array:
        """Return the values of an unknown, as int64 or, if they are large, Python ints."""
        if number not in self.values:
            unknown = self.unknowns[number]
            args = [Codes(self.compute(arg)) for arg in unknown.args]
            value = _MEANINGS[unknown.rule](unknown.setting, args).to_integers()
            self.values[number] = value.reshape(self.samples)
        return self.values[number]

    def compute(self, polynomial: Any) -> Array:
        """Return the values of a polynomial on all samples."""
        low, high = polynomial.find_range(lambda n: (self.unknowns[n].lo, self.unknowns[n].hi))
        wide = max(abs(low), abs(high), *_list_sizes(self.unknowns, polynomial)) >= 1 << 62
        kind: Any = object if wide else np.int64
        start = np.zeros(self.samples, kind)
        return polynomial.evaluate(lambda n: self.of(n).astype(kind), start)


def _list_sizes(unknowns: list[Unknown], polynomial: Any) -> list[int]:
    """Return bounds on the magnitudes of intermediate results when a polynomial is evaluated."""
    sizes = [0]
    for monomial, factor in polynomial.terms.items():
        size = abs(factor)
        for number in monomial:
            size *= max(abs(unknowns[number].lo), abs(unknowns[number].hi), 1)
        sizes.append(size * len(polynomial.terms))
    return sizes
