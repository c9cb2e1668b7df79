"""Fixed-point types of the IR (``Fixed``), and the rounding and overflow modes of an assignment to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Self

WIDEST = 1024
"""Limit on the width, the integer bits and the fraction bits of a type: the default limit of the vendors' types."""
_NOTATION = re.compile(r"(?P<sign>[su])(?P<width>\d+)\.(?P<frac>-?\d+)")


class Rounding(Enum):
    """Rounding mode: the way in which ``Quantize`` drops fraction bits."""

    HALF_EVEN = "half_even"
    """Nearest code, ties to the even one, as in QKeras: AC_RND_CONV, AP_RND_CONV."""
    HALF_UP = "half_up"
    """Nearest code, ties towards plus infinity: AC_RND, AP_RND."""
    FLOOR = "floor"
    """Next code towards minus infinity: AC_TRN, AP_TRN."""


class Overflow(Enum):
    """Overflow mode: the result of ``Quantize`` for a value outside the range of its type."""

    SATURATE = "saturate"
    """Clip to the lowest and highest code: AC_SAT, AP_SAT."""
    SATURATE_SYMMETRIC = "saturate_symmetric"
    """Clip to ``-highest`` and ``highest``: AC_SAT_SYM, AP_SAT_SYM."""
    WRAP = "wrap"
    """Keep the low bits (two's complement): AC_WRAP, AP_WRAP."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Fixed-point type of the numbers ``code * 2**-frac`` with ``width``-bit codes, two's complement if ``signed``.

    ``Fixed(True, 8, 5)`` prints as ``s8.5`` and is ``ac_fixed<8,3,true>``. ``frac`` may be negative or
    exceed ``width``. Rounding and overflow belong to ``Quantize``, not to the type.
    """

    signed: bool
    width: int
    frac: int

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"Fixed: width must be at least 1, got {self.width}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the name of a type, such as ``s16.10`` (signed, 16 bits, 10 of them fraction) or ``u8.8``."""
        match = _NOTATION.fullmatch(text)
        if match is None or int(match["width"]) < 1:
            raise ValueError(
                f"Fixed: expected a type such as 's16.10' (signed, 16 bits, 10 of them fraction) "
                f"or 'u8.8', got {text!r}. Write one of these forms."
            )
        return cls(match["sign"] == "s", int(match["width"]), int(match["frac"]))

    @classmethod
    def from_range(cls, lo: int, hi: int, frac: int) -> Self:
        """Return the narrowest type with ``frac`` fraction bits that holds every code from ``lo`` to ``hi``."""
        if lo > hi:
            raise ValueError(f"Fixed.from_range: lo must not exceed hi, got [{lo}, {hi}]")
        if lo >= 0:
            return cls(False, max(hi.bit_length(), 1), frac)
        return cls(True, max((~lo).bit_length(), hi.bit_length() if hi > 0 else 0) + 1, frac)

    @property
    def lo(self) -> int:
        """Return the lowest code of the type."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Return the highest code of the type."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def integer(self) -> int:
        """Return the number of integer bits including the sign bit: the second argument of ``ac_fixed``."""
        return self.width - self.frac

    @property
    def step(self) -> float:
        """Return the difference between neighbouring numbers, ``2**-frac``."""
        return 2.0**-self.frac

    @property
    def ac(self) -> str:
        """Return the C++ type of Catapult, such as ``ac_fixed<8,3,true>``."""
        return f"ac_fixed<{self.width},{self.integer},{'true' if self.signed else 'false'}>"

    @property
    def ap(self) -> str:
        """Return the C++ type of Vitis, such as ``ap_fixed<8,3>``."""
        return f"ap_{'' if self.signed else 'u'}fixed<{self.width},{self.integer}>"

    @property
    def representable(self) -> bool:
        """Return whether C++ can represent the type: width, fraction bits and integer bits are at most ``WIDEST``."""
        return max(self.width, self.frac, self.integer) <= WIDEST

    def can_hold(self, other: Fixed) -> bool:
        """Return whether this type represents every number of the type ``other``."""
        shift = self.frac - other.frac
        return shift >= 0 and self.lo <= other.lo << shift and other.hi << shift <= self.hi

    def join(self, other: Fixed) -> Self:
        """Return the narrowest type that represents all numbers of both types."""
        frac = max(self.frac, other.frac)
        ends = [end << frac - t.frac for t in (self, other) for end in (t.lo, t.hi)]
        return self.from_range(min(ends), max(ends), frac)

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}.{self.frac}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Type, rounding mode and overflow mode of an activation's quantizer: all that the compiler needs of it."""

    to: Fixed
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    @property
    def lo(self) -> int:
        """Return the lowest code that the assignment can produce."""
        symmetric = self.to.signed and self.overflow is Overflow.SATURATE_SYMMETRIC
        return -self.to.hi if symmetric else self.to.lo

    @property
    def hi(self) -> int:
        """Return the highest code that the assignment can produce."""
        return self.to.hi
