"""Ops on two operands, element by element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qhls.ir import encoding
from qhls.ir import work as events
from qhls.ir.integers import Array
from qhls.ir.interval import Value
from qhls.ir.op import Op
from qhls.ir.types import Fixed
from qhls.ir.work import Events


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
        """Return both operands' codes at this op's ``frac``."""
        return a << self.frac - self.a.type.frac, b << self.frac - self.b.type.frac

    def constant(self, operand: Op) -> Array | None:
        """Return the codes of a constant ``operand`` for each element, at this op's ``frac``; None for another op."""
        if operand.batched:
            return None
        a, b = self.align(self.a.range, self.b.range)
        codes = (a if operand is self.a else b).lo.integers()
        return np.broadcast_to(codes, self.shape).ravel()


@dataclass(frozen=True, eq=False)
class Add(Elementwise):
    """``a + b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a + b

    def count_events(self) -> Events:
        return _additions(self, self.a, self.b)


@dataclass(frozen=True, eq=False)
class Sub(Elementwise):
    """``a - b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a - b

    def count_events(self) -> Events:
        return _additions(self, self.b)


def _additions(op: Add | Sub, *operands: Op) -> Events:
    """Count one addition per element, as wide as the result less a constant's trailing zeros; none for a 0."""
    width = op.type.width
    full = events.add(width)
    codes = next((c for operand in operands if (c := op.constant(operand)) is not None), None)
    if codes is None:
        return Events({full: op.size})
    work = Events()
    used = codes[codes != 0]
    for zeros, count in encoding.histogram(encoding.trailing_zeros(used)):
        work[events.add(max(width - zeros, 1), stored=full)] += count
    if used.size < op.size:
        work[events.nothing(full)] += op.size - used.size
    return work


@dataclass(frozen=True, eq=False)
class Mul(Elementwise):
    """``a * b``: the fraction bits add."""

    @property
    def frac(self) -> int:
        return self.a.type.frac + self.b.type.frac

    def evaluate(self, a: Value, b: Value) -> Value:
        return a * b

    def count_events(self) -> Events:
        if not self.b.batched:
            return encoding.scaled(self, self.a, self.b)
        if not self.a.batched:
            return encoding.scaled(self, self.b, self.a)
        return Events({events.multiply(self.a.type.width, self.b.type.width): self.size})


@dataclass(frozen=True, eq=False)
class Extreme(Elementwise):
    """One of two operands, chosen by a comparison."""

    def count_events(self) -> Events:
        hulls = [value.hull for value in self.align(self.a.range, self.b.range)]
        compared = Fixed.holding(min(lo for lo, _ in hulls), max(hi for _, hi in hulls), self.frac)
        full = events.compare(compared.width)
        codes = next((c for o in (self.b, self.a) if (c := self.constant(o)) is not None), None)
        if codes is None:
            return Events({full: self.size})
        # Of a number and a constant: the sign compares with 0, and a constant beyond the range is never or always it.
        lo, hi = hulls[0 if not self.b.batched else 1]
        open_ = (codes > lo) & (codes < hi)
        signs = int((open_ & (codes == 0)).sum())
        kinds = {
            events.choose(compared.width, stored=full): signs,
            events.compare(compared.width): int(open_.sum()) - signs,
            events.nothing(full): int((~open_).sum()),
        }
        return Events({event: count for event, count in kinds.items() if count})


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
