"""``Number``: a kind of number on so many bits, and how QTools writes it down."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

FIXED, PO2, TERNARY, BINARY, BINARY_01, FLOAT = range(6)
"""Kinds of numbers: fixed point, power of two, {-1, 0, 1}, {-1, 1}, {0, 1}, floating point."""

NO_LIMIT = -1
"""``max_value`` of a power of two that is not limited, ``distinct`` where values are not known."""


@dataclass(frozen=True, slots=True)
class Number:
    """What a tensor, a product or a sum is made of.

    ``int_bits`` are bits left of the point without the sign. A power of two has ``max_value``, where it
    saturates, and in inference ``distinct``, how many different values a tensor of it has. ``is_signed``
    is 0, 1 or the truth value that the quantizer tells: QTools writes it as it came.
    """

    kind: int
    name: str
    bits: int
    int_bits: int = -1
    is_signed: int = 1
    max_value: float = NO_LIMIT
    distinct: int = NO_LIMIT

    @property
    def is_float(self) -> bool:
        """Whether it is a floating-point number."""
        return self.kind == FLOAT

    @property
    def frac(self) -> int:
        """Bits right of the point."""
        return self.bits - int(self.is_signed) - self.int_bits

    def exponents(self) -> tuple[float, float]:
        """``(down, up)`` of a power of two: its exponents run from ``-down`` to ``up``, as QTools takes them.

        One bit of the exponent is its sign, whatever ``max_value`` is (``quantized_po2`` itself spares
        that bit where ``max_value <= 1``). ``down`` is 0.5 where no bit is left.
        """
        bits = self.bits - 1 if self.is_signed else self.bits
        down = 2 ** (bits - 1)
        up = down - 1
        if self.max_value != NO_LIMIT:
            limit = 0 if self.max_value <= 0 else math.ceil(np.log2(self.max_value))
            up = min(limit, up)
        return down, max(0, up)

    def as_fixed(self) -> Number:
        """A power of two as the fixed-point number that holds every value of it; others as they are."""
        if self.kind != PO2:
            return self
        down, up = self.exponents()
        return fixed(int(self.is_signed + (down + up)), int(up), self.is_signed)

    def widened(self, bits: int) -> Number:
        """With ``bits`` more bits left of the point."""
        return replace(self, bits=self.bits + bits, int_bits=self.int_bits + bits)

    def rescaled(self, least: int, greatest: int) -> Number:
        """The number that holds this one times any of ``2**least`` to ``2**greatest``."""
        extra = greatest - least
        return replace(self, bits=self.bits + extra, int_bits=self.int_bits + greatest)

    def to_dict(self) -> dict[str, Any]:
        """QTools' JSON object; ``int_bits`` there counts the sign."""
        told: dict[str, Any] = {"quantizer_type": self.name, "bits": self.bits}
        if self.kind == FLOAT:
            return told
        if self.kind == PO2:
            return told | {"is_signed": self.is_signed, "max_value": self.max_value}
        if self.kind == TERNARY:
            return told | {"bits": 2, "int_bits": 2, "is_signed": 1, "values": [0, -1, 1]}
        if self.kind == FIXED:
            signed = self.is_signed
            return told | {"int_bits": self.int_bits + signed, "is_signed": signed}
        values = [0, 1] if self.kind == BINARY_01 else [-1, 1]
        return told | {"int_bits": self.int_bits, "is_signed": self.is_signed, "values": values}


def fixed(bits: int, int_bits: int, is_signed: int, name: str = "quantized_bits") -> Number:
    """A fixed-point number; ``int_bits`` without the sign."""
    return Number(FIXED, name, bits, int_bits, is_signed)


def floating(bits: int) -> Number:
    """A floating-point number."""
    return Number(FLOAT, "floating_point", bits)


def ternary(name: str = "ternary") -> Number:
    """-1, 0 or 1."""
    return Number(TERNARY, name, 2, 2, 1)


def power_of_two(bits: int, is_signed: int, max_value: float = NO_LIMIT) -> Number:
    """A power of two; its name tells whether it is signed."""
    name = "quantized_po2" if is_signed else "quantized_relu_po2"
    return Number(PO2, name, bits, bits, is_signed, max_value)
