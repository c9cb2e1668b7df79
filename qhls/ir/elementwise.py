"""Elementwise ops on two operands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qhls.ir.integers import Array
from qhls.ir.interval import Interval, Operand
from qhls.ir.op import Op


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """Base of the elementwise ops: two operands that broadcast as in NumPy, aligned to the finer ``frac``."""

    a: Op
    b: Op

    @property
    def frac(self) -> int:
        return max(self.a.type.frac, self.b.type.frac)

    def check(self) -> None:
        try:
            shape = np.broadcast_shapes(self.a.shape, self.b.shape)
        except ValueError:
            shape = None
        batched = tuple(o.shape for o in (self.a, self.b) if o.batched)
        fits = shape is not None and all(len(s) == len(shape) for s in batched)
        self.require(fits, "operands that broadcast", f"{self.a.shape} and {self.b.shape}")

    def align(self, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """Return the codes of both operands, shifted to the fraction bits of this op."""
        return a << self.frac - self.a.type.frac, b << self.frac - self.b.type.frac

    def find_constant(self, operand: Op) -> Array | None:
        """Return the code of a constant ``operand`` for each element of the result, or None if it is not a constant.

        The codes have the fraction bits of this op.
        """
        if operand.batched:
            return None
        a, b = self.align(self.a.range, self.b.range)
        codes = (a if operand is self.a else b).lo.to_integers()
        return np.broadcast_to(codes, self.shape).ravel()


@dataclass(frozen=True, eq=False)
class Add(Elementwise):
    """``a + b``."""

    def evaluate(self, a: Operand, b: Operand) -> Operand:
        a, b = self.align(a, b)
        return a + b


@dataclass(frozen=True, eq=False)
class Sub(Elementwise):
    """``a - b``."""

    def evaluate(self, a: Operand, b: Operand) -> Operand:
        a, b = self.align(a, b)
        return a - b


@dataclass(frozen=True, eq=False)
class Mul(Elementwise):
    """``a * b``, whose number of fraction bits is the sum of both operands'."""

    @property
    def frac(self) -> int:
        return self.a.type.frac + self.b.type.frac

    def evaluate(self, a: Operand, b: Operand) -> Operand:
        if self.a is self.b and isinstance(a, Interval):
            return a.square()
        return a * b


@dataclass(frozen=True, eq=False)
class Extreme(Elementwise):
    """Base of ``Max`` and ``Min``: one of two operands, chosen by a comparison."""


@dataclass(frozen=True, eq=False)
class Max(Extreme):
    """The larger of ``a`` and ``b``; ReLU is ``Max(x, 0)``."""

    def evaluate(self, a: Operand, b: Operand) -> Operand:
        a, b = self.align(a, b)
        return a.maximum(b)


@dataclass(frozen=True, eq=False)
class Min(Extreme):
    """The smaller of ``a`` and ``b``."""

    def evaluate(self, a: Operand, b: Operand) -> Operand:
        a, b = self.align(a, b)
        return a.minimum(b)
