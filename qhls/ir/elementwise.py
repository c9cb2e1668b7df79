"""Ops on two operands, element by element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qhls.ir import work as events
from qhls.ir.interval import Value
from qhls.ir.op import Op
from qhls.ir.types import Fixed
from qhls.ir.work import Work


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """Two operands, broadcast as NumPy does, brought to the finer ``frac``."""

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

    def align(self, a: Value, b: Value) -> tuple[Value, Value]:
        """Both operands' codes at this op's ``frac``."""
        return a << self.frac - self.a.type.frac, b << self.frac - self.b.type.frac


@dataclass(frozen=True, eq=False)
class Add(Elementwise):
    """``a + b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a + b

    def work(self) -> Work:
        return Work({events.add(self.type.width): self.size})


@dataclass(frozen=True, eq=False)
class Sub(Elementwise):
    """``a - b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a - b

    def work(self) -> Work:
        return Work({events.add(self.type.width): self.size})


@dataclass(frozen=True, eq=False)
class Mul(Elementwise):
    """``a * b``: the fraction bits add."""

    @property
    def frac(self) -> int:
        return self.a.type.frac + self.b.type.frac

    def evaluate(self, a: Value, b: Value) -> Value:
        return a * b

    def work(self) -> Work:
        return Work({events.multiply(self.a.type.width, self.b.type.width): self.size})


@dataclass(frozen=True, eq=False)
class Extreme(Elementwise):
    """One of two operands, chosen by a comparison."""

    def work(self) -> Work:
        hulls = [value.hull for value in self.align(self.a.range, self.b.range)]
        compared = Fixed.holding(min(lo for lo, _ in hulls), max(hi for _, hi in hulls), self.frac)
        return Work({events.compare(compared.width): self.size})


@dataclass(frozen=True, eq=False)
class Max(Extreme):
    """The larger of ``a`` and ``b``; ReLU is ``Max(x, 0)``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a.maximum(b)


@dataclass(frozen=True, eq=False)
class Min(Extreme):
    """The smaller of ``a`` and ``b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a.minimum(b)
