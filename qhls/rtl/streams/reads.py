"""``Read``: a FIFO that a Verilog module reads."""

from __future__ import annotations

from dataclasses import dataclass

from qhls.plan.streams.network import Fifo


@dataclass(frozen=True)
class Read:
    """A FIFO that a module reads, with the number of tokens that a step takes from it.

    ``held``: the number of its tokens if they are read before the first step and kept for the whole inference, else 0.
    ``first``: the number of held tokens of the FIFOs before it.
    """

    number: int
    fifo: Fifo
    taken: int
    first: int
    held: int

    @property
    def bits(self) -> int:
        """Return the width of a token in bits."""
        return self.fifo.bits

    @property
    def kept(self) -> int:
        """Return the width in bits of the register that stores the held tokens, or the tokens of one step."""
        return self.bits * (self.held or self.taken)

    def print_element(self, place: str, number: int) -> str:
        """Return the Verilog part-select of element ``number`` of the vector ``place``."""
        width = self.fifo.tensor.type.width
        return f"{place}[{(number + 1) * width - 1}:{number * width}]"
