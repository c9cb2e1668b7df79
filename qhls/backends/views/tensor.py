"""Views of tensors and of the ops that compute them, which the templates read."""

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
"""The largest width of a port in bits, because C++ exchanges codes with files and Python as ``long long``."""


@dataclass(frozen=True)
class CType:
    """A C typedef: a fixed-point type and, for the result of a quantizer, its rounding and overflow mode."""

    name: str
    fixed: Fixed
    rounding: Rounding | None = None
    overflow: Overflow | None = None


@dataclass(frozen=True)
class CTensor:
    """A tensor of shape ``dims`` as a flat, row-major C array ``name``."""

    name: str
    type: CType
    dims: tuple[int, ...]
    place: Place
    partition: bool
    """True if each element is a separate register, or a constant in the logic."""
    banks: int = 1
    word: int = 1
    """The number of elements of a constant in one memory word."""
    table: str = ""
    """The C name of the table of a constant's integer codes; empty for other tensors."""
    start: str = ""
    """The C expression of the index at which a part of a constant begins; empty for a whole constant."""

    @property
    def tensor(self) -> CTensor:
        """Return the tensor itself, so that templates can read a tensor and a ``CStream`` in the same way."""
        return self

    @property
    def constant(self) -> bool:
        """Return whether the tensor is a constant, whose elements are known at compile time."""
        return bool(self.table)

    @property
    def size(self) -> int:
        """Return the number of elements."""
        return math.prod(self.dims)

    def place_of(self, *indices: str) -> str:
        """Return the C expression of the flat index for one index per axis; axes of length 1 add no term."""
        return write_offset(indices, self.dims)

    def write_element(self, *indices: str, array: str = "") -> str:
        """Return the C expression of the element at one index per axis; ``array`` replaces the name of the array."""
        start = f"{self.start} + " if self.start else ""
        return f"{array or self.name}[{start}{self.place_of(*indices)}]"

    def broadcast(self, indices: Sequence[str], array: str = "") -> str:
        """Return the C expression of the element that broadcasting this tensor puts at ``indices`` of a result."""
        return self.write_element(*indices[len(indices) - len(self.dims) :], array=array)


@dataclass(frozen=True)
class COp:
    """An op with its number in the C++ and its names for comments and strings."""

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
    """A tap: the recorded result of an op. ``computed``: whether the C++ computes this result separately."""

    computed: bool = True

    @property
    def tapped(self) -> bool:
        """Return whether the tap records the result: the C++ computes it, and its codes fit ``long long``."""
        return self.computed and self.op.type.width <= PORT_LIMIT
