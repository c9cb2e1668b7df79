"""Common base of the quantizers with a uniform step: ``quantized_bits`` and ``quantized_linear``."""

from __future__ import annotations

from typing import Any, ClassVar

from qhls.ir.types import Assignment, Fixed, Overflow, Rounding
from qhls.quantizers.base import Quantizer, format_argument


class UniformQuantizer(Quantizer):
    """Common base of quantizers with codes of ``bits`` bits; a subclass defines the grid and its arguments."""

    _shown: ClassVar[int] = 3

    bits: int
    integer: int
    symmetric: Any
    alpha: Any
    keep_negative: Any = True
    use_stochastic_rounding: Any = False

    def _assign(self, frac: int) -> Assignment:
        """Return the assignment that rounds and saturates to a type of ``bits`` bits with ``frac`` fraction bits."""
        symmetric = self.symmetric and self.keep_negative
        overflow = Overflow.SATURATE_SYMMETRIC if symmetric else Overflow.SATURATE
        to = Fixed(bool(self.keep_negative), self.bits, frac)
        return Assignment(to, Rounding.HALF_EVEN, overflow)

    def _set_trainable_parameter(self) -> None:
        if self.alpha is None:
            self.alpha = "auto_po2"
            self.symmetric = True

    def __str__(self) -> str:
        parts = [str(self.bits), str(self.integer), str(int(self.symmetric))]
        if not self.keep_negative:
            parts.append("keep_negative=False")
        if self.alpha is not None:
            parts.append(f"alpha={format_argument(self.alpha)}")
        if self.use_stochastic_rounding:
            parts.append(f"use_stochastic_rounding={int(self.use_stochastic_rounding)}")
        return f"{type(self).__name__}({','.join(parts)})"
