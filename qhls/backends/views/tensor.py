"""Template views of tensors and of the ops that make them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qhls.backends.expressions import write_offset
from qhls.backends.names import make_printable
from qhls.ir.op import Op
from qhls.ir.types import Fixed, Overflow, Rounding
from qhls.plan.process import Place

PORT_LIMIT = 63
"""Codes cross the border between C++ and files or Python as ``long long``."""


@dataclass(frozen=True)
class CType:
    """A ``typedef``: a fixed-point type and, for a quantizer's variable, its rounding and overflow."""

    name: str
    fixed: Fixed
    rounding: Rounding | None = None
    overflow: Overflow | None = None


@dataclass(frozen=True)
class CTensor:
    """A tensor as a flat, row-major C array ``name`` of ``dims``."""

    name: str
    type: CType
    dims: tuple[int, ...]
    place: Place
    partition: bool
    """True if each element is a separate register, or a constant in the logic."""
    banks: int = 1
    word: int = 1
    """Elements of a constant that are one word of a memory."""
    table: str = ""
    """The C name of a constant's integer codes."""
    start: str = ""
    """The C variable that is the first element of a constant's part, empty for the whole constant."""

    @property
    def tensor(self) -> CTensor:
        """Return the tensor itself, as ``CStream`` returns the one that it carries."""
        return self

    @property
    def constant(self) -> bool:
        """Return whether the elements are known."""
        return bool(self.table)

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.dims)

    def place_of(self, *indices: str) -> str:
        """Return the flat index at one C expression per axis, without the axes of length 1."""
        return write_offset(indices, self.dims)

    def write_element(self, *indices: str, array: str = "") -> str:
        """Return ``name[...]`` at one C expression per axis, without the axes of length 1."""
        start = f"{self.start} + " if self.start else ""
        return f"{array or self.name}[{start}{self.place_of(*indices)}]"

    def broadcast(self, indices: Sequence[str], array: str = "") -> str:
        """Return ``at`` for indices of a result to which this tensor is broadcast."""
        return self.write_element(*indices[len(indices) - len(self.dims) :], array=array)


@dataclass(frozen=True)
class COp:
    """An op with its number and its names in the C++."""

    op: Op
    index: int

    @property
    def title(self) -> str:
        """Return the op's name, safe in comments and string literals."""
        return make_printable(self.op.name)

    @property
    def layer(self) -> str:
        """Return the Keras layer's name, safe in comments and string literals."""
        return make_printable(self.op.layer)


@dataclass(frozen=True)
class CTap(COp):
    """The recorded result of an op: its place in all taps. ``computed``: whether the C++ has the result at all."""

    computed: bool = True

    @property
    def tapped(self) -> bool:
        """Return whether a tap can carry the result: its codes fit ``long long``."""
        return self.computed and self.op.type.width <= PORT_LIMIT
