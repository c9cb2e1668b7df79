"""Number types of the IR: ``Fixed`` and the two things an assignment to it may lose, rounding and overflow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Self

WIDEST = 1024
"""Bits of the widest type, and of its fraction and integer part: what the vendors' types take by default."""
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
    """Overflow mode: the treatment of a value beyond the type of ``Quantize``."""

    SATURATE = "saturate"
    """Clip to the lowest and highest code: AC_SAT, AP_SAT."""
    SATURATE_SYMMETRIC = "saturate_symmetric"
    """Clip to ``-highest`` and ``highest``: AC_SAT_SYM, AP_SAT_SYM."""
    WRAP = "wrap"
    """Keep the low bits (two's complement): AC_WRAP, AP_WRAP."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The numbers ``code * 2**-frac`` with a ``width``-bit code, two's complement if ``signed``.

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
        """Read ``s16.10`` (signed, 16 bits, 10 of them fraction) or ``u8.8``."""
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
        """Return the lowest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Return the highest code."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def integer(self) -> int:
        """Return the bits left of the point, the sign's included: the second argument of ``ac_fixed``."""
        return self.width - self.frac

    @property
    def step(self) -> float:
        """Return the value of one code step, ``2**-frac``."""
        return 2.0**-self.frac

    @property
    def ac(self) -> str:
        """Return the type as Catapult writes it."""
        return f"ac_fixed<{self.width},{self.integer},{'true' if self.signed else 'false'}>"

    @property
    def ap(self) -> str:
        """Return the type as Vitis writes it."""
        return f"ap_{'' if self.signed else 'u'}fixed<{self.width},{self.integer}>"

    @property
    def representable(self) -> bool:
        """Return whether width, fraction and integer part are within ``WIDEST``, so that C++ has the type."""
        return max(self.width, self.frac, self.integer) <= WIDEST

    def can_hold(self, other: Fixed) -> bool:
        """Return whether every number of ``other`` is a number of this type."""
        shift = self.frac - other.frac
        return shift >= 0 and self.lo <= other.lo << shift and other.hi << shift <= self.hi

    def join(self, other: Fixed) -> Self:
        """Return the narrowest type that contains both."""
        frac = max(self.frac, other.frac)
        ends = [end << frac - t.frac for t in (self, other) for end in (t.lo, t.hi)]
        return self.from_range(min(ends), max(ends), frac)

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}.{self.frac}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Assignment to a fixed-point variable: everything that the compiler needs of an activation's quantizer."""

    to: Fixed
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    @property
    def lo(self) -> int:
        """Return the lowest code that can result."""
        symmetric = self.to.signed and self.overflow is Overflow.SATURATE_SYMMETRIC
        return -self.to.hi if symmetric else self.to.lo

    @property
    def hi(self) -> int:
        """Return the highest code that can result."""
        return self.to.hi
