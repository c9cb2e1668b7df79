"""Profiles of tensors: the bits that their codes use, on a user's data, beside the bits of their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qhls.ir import Assignment, Const, Fixed, Graph, Op, Quantize, tap
from qhls.ir.integers import Array, Codes

BATCH_ELEMENTS = 1 << 21
"""Approximate number of codes, of all tensors together, in one batch of samples."""
_FLOAT64 = 1 << 53


@dataclass(frozen=True)
class TensorProfile:
    """Statistics of the codes of a tensor on some data: their number, their extremes, and the bits that they need.

    ``leading``: number of codes by the position of their first significant bit, 0 for the bit of ``2**-frac``; the sign
    is not counted, and codes that need no bit (0 and -1) are in ``small``. ``below`` and ``above``: codes that an
    assignment clipped or wrapped because the number was beyond its type.
    """

    name: str
    type: Fixed
    count: int = 0
    small: int = 0
    lo: int = 0
    hi: int = 0
    leading: Counter[int] = field(default_factory=Counter[int])
    used: int = 0
    """Bitwise OR of all codes, in two's complement."""
    below: int = 0
    above: int = 0

    @property
    def unused_high(self) -> int:
        """Return the number of bits at the upper end of the type, without the sign, that no code needs."""
        most = self.type.width - self.type.signed
        return max(most - 1 - max(self.leading, default=-1), 0)

    @property
    def unused_low(self) -> int:
        """Return the number of bits at the lower end of the type that are 0 in every code."""
        if not self.used:
            return self.type.width
        return min((self.used & -self.used).bit_length() - 1, self.type.width)

    @property
    def unused_sign(self) -> bool:
        """Return whether the type has a sign that no code needs."""
        return self.type.signed and self.lo >= 0

    @property
    def clipped(self) -> float:
        """Return the share of codes that were clipped or wrapped because the number was beyond the type."""
        return (self.below + self.above) / self.count if self.count else 0.0

    @property
    def numbers(self) -> tuple[float, float]:
        """Return the lowest and the highest number that the codes represent."""
        return float(self.lo * 2.0**-self.type.frac), float(self.hi * 2.0**-self.type.frac)

    def join(self, other: TensorProfile) -> TensorProfile:
        """Return the joint profile of the codes of this profile and of ``other``, of the same name and type."""
        return TensorProfile(
            self.name,
            self.type,
            self.count + other.count,
            self.small + other.small,
            min(self.lo, other.lo),
            max(self.hi, other.hi),
            self.leading + other.leading,
            self.used | other.used,
            self.below + other.below,
            self.above + other.above,
        )


def profile_constant(op: Const) -> TensorProfile:
    """Return the profile of a constant's codes."""
    return _make_profile(op, op.codes.to_integers())


def profile_design(graph: Graph, codes: Sequence[Array]) -> dict[Op, TensorProfile]:
    """Return the profile of every tensor of ``graph``, including constants, on input ``codes``, one array per input.

    The interpreter computes the tensors, in batches of samples that fit in memory. Raises ``VerifyError`` for codes
    that are no inputs.
    """
    tensors = [op for op in graph.ops if not isinstance(op, Const)]
    profiles: dict[Op, TensorProfile] = {}
    for batch in _split_batches(graph, codes):
        values = tap(graph, batch, tensors)
        for op in tensors:
            each = _make_profile(op, values[op], *_count_beyond(op, values))
            profiles[op] = profiles[op].join(each) if op in profiles else each
    for op in graph.ops:
        if isinstance(op, Const):
            profiles[op] = profile_constant(op)
    return profiles


def _split_batches(graph: Graph, codes: Sequence[Array]) -> Iterator[list[Array]]:
    elements = sum(op.size for op in graph.ops if op.batched)
    step = max(BATCH_ELEMENTS // max(elements, 1), 1)
    samples = len(codes[0]) if codes else 1
    for start in range(0, samples, step):
        yield [array[start : start + step] for array in codes]


def _make_profile(op: Op, codes: Array, below: int = 0, above: int = 0) -> TensorProfile:
    if not codes.size:
        return TensorProfile(op.name, op.type)
    leading = _count_leading(codes)
    small = leading.pop(-1, 0)
    used = int(np.bitwise_or.reduce(codes, None)) & ((1 << op.type.width) - 1)
    ends = int(codes.min()), int(codes.max())
    return TensorProfile(op.name, op.type, codes.size, small, *ends, leading, used, below, above)


def _count_leading(codes: Array) -> Counter[int]:
    """Return the number of codes by the position of their first significant bit, which is -1 for the codes 0 and -1."""
    magnitudes = np.where(codes < 0, ~codes, codes).ravel()
    if magnitudes.dtype == object or int(magnitudes.max()) > _FLOAT64:
        return Counter(int(code).bit_length() - 1 for code in magnitudes.tolist())
    _, exponents = np.frexp(magnitudes.astype(np.float64))
    positions, counts = np.unique(exponents - 1, return_counts=True)
    return Counter(dict(zip(positions.tolist(), counts.tolist(), strict=True)))


def _count_beyond(op: Op, values: Mapping[Op, Array]) -> tuple[int, int]:
    """Count the codes that an assignment clipped or wrapped, below and above its type; 0 and 0 for other ops."""
    if not isinstance(op, Quantize):
        return 0, 0
    x = op.x.codes if isinstance(op.x, Const) else Codes(values[op.x], op.x.bound)
    rounded = x.round_shift(op.x.type.frac - op.to.frac, op.rounding).array
    limits = Assignment(op.to, op.rounding, op.overflow)
    return int((rounded < limits.lo).sum()), int((rounded > limits.hi).sum())
