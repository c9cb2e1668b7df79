"""``Counter``: the Verilog text of a register that counts."""

from __future__ import annotations

from dataclasses import dataclass

from qhls.rtl.verilog import make_literal


@dataclass(frozen=True)
class Counter:
    """A Verilog counter modulo ``size`` that starts at ``start``; without a register if ``size`` is 1."""

    name: str
    size: int
    start: int = 0

    @property
    def width(self) -> int:
        """Return the width of the register in bits."""
        return max((self.size - 1).bit_length(), 1)

    @property
    def declaration(self) -> str:
        """Return the Verilog declaration of the register; empty if ``size`` is 1."""
        return f"reg [{self.width - 1}:0] {self.name};" if self.size > 1 else ""

    @property
    def last(self) -> str:
        """Return the Verilog condition that the counter has its last value, the one before ``start``."""
        return self.print_equals((self.start - 1) % self.size)

    def print_equals(self, number: int) -> str:
        """Return the Verilog condition that the counter equals ``number``."""
        return f"{self.name} == {make_literal(number, self.width)}" if self.size > 1 else "1'b1"

    def print_within(self, low: int, high: int) -> str:
        """Return the Verilog condition that the counter is at least ``low`` and below ``high``."""
        parts = [f"{self.name} >= {make_literal(low, self.width)}"] if low > 0 else []
        parts += [f"{self.name} < {make_literal(high, self.width)}"] if high < self.size else []
        return "1'b0" if high <= low else " && ".join(parts) or "1'b1"

    @property
    def first(self) -> str:
        """Return the Verilog literal of the first value."""
        return make_literal(self.start, self.width)

    @property
    def following(self) -> str:
        """Return the Verilog expression of the next value."""
        wrap = self.print_equals(self.size - 1)
        return f"({wrap} ? {make_literal(0, self.width)} : {self.name} + {make_literal(1, self.width)})"

    @property
    def reset(self) -> str:
        """Return the Verilog assignment of the first value; empty if ``size`` is 1."""
        return f"{self.name} <= {make_literal(self.start, self.width)};" if self.size > 1 else ""

    @property
    def advance(self) -> str:
        """Return the Verilog assignment of the next value; empty if ``size`` is 1."""
        return f"{self.name} <= {self.following};" if self.size > 1 else ""
