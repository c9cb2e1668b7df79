"""Tensors during the lowering of an ONNX model: constants, and exact tensors with a real factor or function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.lowering.reals import Reals
from qhls.ir import Const, Mul, Op, Shift, View
from qhls.ir.integers import find_dyadic
from qhls.onnx.quantization import Numbers

FEW_BITS = 12
"""Largest width in bits of a factor by which hardware multiplies exactly."""


@dataclass(frozen=True)
class Constant:
    """A constant of ``values``; after a Quant also the ``integers`` and the ``scale`` whose product is ``values``."""

    values: Numbers
    integers: Numbers | None = None
    scale: Numbers | None = None

    def move(self, move: Callable[[Numbers], Numbers]) -> Constant:
        """Return the constant with its elements moved by ``move``."""
        if self.integers is None or self.scale is None:
            return Constant(move(self.values))
        return Constant(move(self.values), move(self.integers), move(self.scale))


@dataclass(frozen=True)
class Value:
    """A tensor ``factor * x``, where ``factor`` is at least 1 and below 2, and exactly 1 if ``x`` is real.

    Axis i of ``x`` is axis ``order[i]`` of the tensor, batch not counted. ``exact``: if ``x`` is real, the same numbers
    as an op with wide constants, for readers other than a Quant.
    """

    x: Op | Reals
    order: tuple[int, ...]
    factor: Fraction = Fraction(1)
    exact: Op | None = None

    @classmethod
    def of(cls, x: Op | Reals) -> Value:
        """Return ``x`` as a tensor with factor 1, whose axes are stored in order."""
        return cls(x, tuple(range(len(x.shape))))

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Return the shape without the batch."""
        return tuple(self.x.shape[self.order.index(axis)] for axis in range(len(self.order)))

    def scale(self, factor: Fraction) -> Value:
        """Return the tensor times a number that is not 0; powers of two and signs move into ``x``."""
        if isinstance(self.x, Reals):
            real = float(factor)
            return Value(self.x.apply(lambda v: v * real, shared=True), self.order)
        whole = self.factor * factor
        x = self.x
        if whole < 0:
            x, whole = Mul(x, Const.of(-1.0, "sign")), -whole
        power = find_power(whole)
        return replace(self, x=Shift(x, power) if power else x, factor=whole / Fraction(2) ** power)

    def with_order(self, order: tuple[int, ...] | None = None) -> Value:
        """Return the tensor with its axes stored in ``order``, by default from first to last."""
        order = tuple(range(len(self.order))) if order is None else order
        if order == self.order:
            return self
        shape = self.x.shape
        steps = [int(np.prod(shape[axis + 1 :], dtype=int)) for axis in range(len(shape))]
        places = [self.order.index(axis) for axis in order]
        dims = tuple(shape[place] for place in places)
        strides = tuple(steps[place] for place in places)

        def turn(x: Op) -> Op:
            return View(x, dims, strides)

        exact = turn(self.exact) if self.exact is not None else None
        return replace(self, x=self.move(turn), order=order, exact=exact)

    def without_reals(self) -> Value:
        """Return the tensor with its exact op instead of real numbers, if it has such an op, else unchanged."""
        return self if self.exact is None else Value(self.exact, self.order)

    def move(self, make: Callable[[Op], Op]) -> Op | Reals:
        """Return ``x`` with its elements moved by ``make``, without the factor."""
        return self.x.move_by(make) if isinstance(self.x, Reals) else make(self.x)

    def with_last(self, axis: int) -> Value:
        """Return the tensor with ``axis`` stored last, and the others in order."""
        if self.order and self.order[-1] == axis:
            return self
        others = (each for each in range(len(self.order)) if each != axis)
        return self.with_order((*others, axis))

    def arrange(self, array: Numbers) -> Numbers:
        """Return ``array``, which broadcasts to the tensor's shape, with its axes in the order of those of ``x``."""
        whole = array.reshape((*(1,) * (len(self.order) - array.ndim), *array.shape))
        return np.transpose(whole, self.order)

    def to_reals(self, layer: str, refusal: LoweringError) -> Reals:
        """Return the tensor as real numbers; ``refusal`` is the error if no quantizer follows."""
        if isinstance(self.x, Reals):
            return self.x
        factor = float(self.factor)
        function: Callable[[Any], Any] = (lambda v: v) if factor == 1 else (lambda v: v * factor)
        return Reals(self.x, function, True, refusal, layer, shared=True)


def find_power(number: Fraction) -> int:
    """Return the exponent of the largest power of two that does not exceed ``number``, which is positive."""
    power = number.numerator.bit_length() - number.denominator.bit_length()
    return power - (number < Fraction(2) ** power)


def has_short_mantissa(factor: Fraction) -> bool:
    """Return whether ``factor`` is an integer of at most ``FEW_BITS`` bits times a power of two."""
    if factor.denominator & factor.denominator - 1:
        return False
    return not factor or count_magnitude_bits(np.array(float(factor))) <= FEW_BITS


def count_magnitude_bits(values: Numbers) -> int:
    """Return the width in bits of the narrowest unsigned type that represents the magnitudes of all ``values``."""
    codes, _ = find_dyadic(values)
    return max((abs(code).bit_length() for code in codes.ravel().tolist()), default=0)


def find_exact(value: Value) -> Op | None:
    """Return the tensor as one exact op, multiplied by its factor; None for real numbers or a wide factor."""
    value = value.without_reals()
    if isinstance(value.x, Reals) or not has_short_mantissa(value.factor):
        return None
    return value.x if value.factor == 1 else Mul(value.x, Const.of(float(value.factor), "factor"))
