"""``Number``: a numeric type with its width, and its form in QTools' JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qhls.compat.qkeras.analysis.operations import BINARY, BINARY_01, FIXED, FLOAT, PO2, TERNARY

__all__ = [
    "BINARY",
    "BINARY_01",
    "FIXED",
    "FLOAT",
    "NO_LIMIT",
    "PO2",
    "TERNARY",
    "Number",
    "make_fixed",
    "make_floating",
    "make_power_of_two",
    "make_ternary",
]

NO_LIMIT = -1
"""The ``max_value`` of an unlimited power of two, and the ``distinct`` of a tensor whose values are unknown."""


@dataclass(frozen=True, slots=True)
class Number:
    """The type of a tensor, a product or a sum.

    ``int_bits`` are the integer bits without the sign. A power of two saturates at ``max_value``. In inference,
    ``distinct`` is the number of different values in its tensor. ``is_signed`` is 0, 1 or the truth value of the
    quantizer, which QTools writes unchanged.
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
        """Return whether this is a floating-point type."""
        return self.kind == FLOAT

    @property
    def frac(self) -> int:
        """Return the number of fraction bits."""
        return self.bits - int(self.is_signed) - self.int_bits

    @property
    def exponents(self) -> tuple[float, float]:
        """Return ``(down, up)``: in QTools, the exponents of a type of powers of two run from ``-down`` to ``up``.

        One bit of the exponent is its sign, whatever ``max_value`` is (``quantized_po2`` itself has
        no such bit if ``max_value <= 1``). ``down`` is 0.5 if no bit remains.
        """
        bits = self.bits - 1 if self.is_signed else self.bits
        down = 2 ** (bits - 1)
        up = down - 1
        if self.max_value != NO_LIMIT:
            limit = 0 if self.max_value <= 0 else math.ceil(np.log2(self.max_value))
            up = min(limit, up)
        return down, max(0, up)

    def as_fixed(self) -> Number:
        """Return the fixed-point type for all values of a type of powers of two; return any other type unchanged."""
        if self.kind != PO2:
            return self
        down, up = self.exponents
        return make_fixed(int(self.is_signed + (down + up)), int(up), self.is_signed)

    def widen(self, bits: int) -> Number:
        """Return the same type with ``bits`` more integer bits."""
        return replace(self, bits=self.bits + bits, int_bits=self.int_bits + bits)

    def rescale(self, least: int, greatest: int) -> Number:
        """Return the type that represents this type's values times any power from ``2**least`` to ``2**greatest``."""
        extra = greatest - least
        return replace(self, bits=self.bits + extra, int_bits=self.int_bits + greatest)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that QTools writes for this type; ``int_bits`` of fixed point count the sign."""
        content: dict[str, Any] = {"quantizer_type": self.name, "bits": self.bits}
        if self.kind == FLOAT:
            return content
        if self.kind == PO2:
            return content | {"is_signed": self.is_signed, "max_value": self.max_value}
        if self.kind == TERNARY:
            return content | {"bits": 2, "int_bits": 2, "is_signed": 1, "values": [0, -1, 1]}
        if self.kind == FIXED:
            signed = self.is_signed
            return content | {"int_bits": self.int_bits + signed, "is_signed": signed}
        values = [0, 1] if self.kind == BINARY_01 else [-1, 1]
        return content | {"int_bits": self.int_bits, "is_signed": self.is_signed, "values": values}


def make_fixed(bits: int, int_bits: int, is_signed: int, name: str = "quantized_bits") -> Number:
    """Return a fixed-point type; ``int_bits`` do not count the sign."""
    return Number(FIXED, name, bits, int_bits, is_signed)


def make_floating(bits: int) -> Number:
    """Return the floating-point type of this width."""
    return Number(FLOAT, "floating_point", bits)


def make_ternary(name: str = "ternary") -> Number:
    """Return the ternary type, whose values are -1, 0 and 1."""
    return Number(TERNARY, name, 2, 2, 1)


def make_power_of_two(bits: int, is_signed: int, max_value: float = NO_LIMIT) -> Number:
    """Return a type of powers of two; its name depends on whether it is signed."""
    name = "quantized_po2" if is_signed else "quantized_relu_po2"
    return Number(PO2, name, bits, bits, is_signed, max_value)
