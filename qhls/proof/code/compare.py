"""SegmentComparison of one segment of a C++ function with its ops: which vectors are tried, and what they prove."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from qhls.backends.calls import Calls
from qhls.ir.elementwise import Elementwise
from qhls.ir.integers import Array
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Conv, Matmul, Pool
from qhls.proof.code import vectors
from qhls.proof.code.methods import ALL_CODES, BASIS, COPIES, ORDERS, ZERO_ONE
from qhls.proof.code.segments import Segment, list_limits, list_varying
from qhls.proof.report import Counterexample

MOST_EVALUATIONS = 1 << 26
"""Largest number of elements of operands and results of all vectors on which one segment is tried."""
MOST_PRODUCTS = 1 << 30
"""Largest number of multiplications on all vectors of a basis."""
_MOST_ENDS = 512
"""Largest number of results whose two extremes are tried; beyond, the extreme ones of each channel are."""
_MOST_ORDERED = 6
"""Longest row of which all weak orders are tried: 4,683 vectors."""
_MOST_PATTERN_BITS = 16
_SAMPLES = 4096
"""Number of random vectors for what is not proved."""


_Choice = tuple[str, Iterable[Array], str]
"""A method, or "", the vectors that it needs, and the reason if it proves nothing."""


@dataclass
class Outcome:
    """Result of a comparison: the ``method`` that proves it, or "" and a ``reason``, or a counterexample."""

    method: str
    reason: str = ""
    codes: int = 0
    counterexample: Counterexample | None = None


@dataclass
class SegmentComparison:
    """SegmentComparison of the C++ of ``segment`` with its ops; ``codes``: the codes that were compared so far."""

    calls: Calls
    segment: Segment
    codes: int = 0
    difference: Counterexample | None = None
    ends: tuple[Array, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.ends = list_limits(self.segment.sources)

    def run(self) -> Outcome:
        """Try the vectors that prove the segment, or random vectors where those are too many."""
        low, high = self.ends
        method, chosen, reason = self._choose()
        for part in [vectors.draw_vectors(low, high, 64), chosen]:
            if not self.is_equal_on(part):
                return Outcome("", "", self.codes, self.difference)
        if method == BASIS and not self._try_ends():
            return Outcome("", "", self.codes, self.difference)
        return Outcome(method, reason, self.codes)

    def _choose(self) -> _Choice:
        """Return the method, its vectors, and the reason if it proves nothing."""
        if self.segment.is_by_element:
            return self._choose_by_element()
        if self.segment.is_linear:
            return self._choose_basis()
        if len(self.segment.ops) > 1:
            return self._draw_instead(
                "several ops in one function, without a result between that can be given"
            )
        return self._choose_by_kind(self.segment.result)

    def _choose_by_element(self) -> _Choice:
        low, high = self.ends
        most = int((high - low).max()) + 1
        tags = vectors.list_tags(low, high)
        if most * max(len(low), self.segment.result.size) <= MOST_EVALUATIONS:
            return ALL_CODES, _join([tags, vectors.list_all_codes(low, high)]), ""
        if self.segment.is_linear:
            return COPIES, _join([tags, _list_powers(low, high)]), ""
        if most <= MOST_EVALUATIONS and self.segment.is_constant_over_elements:
            shared = vectors.list_shared_codes(int(low.min()), int(high.max()), len(low))
            return ALL_CODES, _join([tags, shared]), ""
        return self._draw_instead(f"{most:,} codes of {len(low):,} elements are too many to try")

    def _choose_by_kind(self, op: Op) -> _Choice:
        low, high = self.ends
        if isinstance(op, Elementwise) and len(list_varying(op)) == 2:
            return self._choose_pairs(op)
        if isinstance(op, Pool) and math.prod(op.window) <= _MOST_PATTERN_BITS:
            rows, columns, channels = op.x.shape
            patterns = vectors.list_zero_ones(low, high, (rows, columns, channels), op.window)
            return ZERO_ONE, _join([patterns, _list_powers(low, high)]), ""
        if isinstance(op, ArgMax) and op.x.shape[-1] <= _MOST_ORDERED:
            orders = list(vectors.list_orders(low, high, op.x.shape[-1]))
            if orders:
                return ORDERS, orders, ""
        return self._draw_instead(f"{op.kind} has no method of proof")

    def _draw_instead(self, reason: str) -> _Choice:
        return "", vectors.draw_vectors(*self.ends, self._count_samples(), seed=1), reason

    def _count_samples(self) -> int:
        """Return the number of random vectors, fewer for large tensors."""
        size = max(len(self.ends[0]), *(op.size for op in self.segment.ops))
        return max(min(_SAMPLES, MOST_EVALUATIONS // (4 * size)), 16)

    def _choose_basis(self) -> _Choice:
        low, high = self.ends
        products = sum(_count_products(op) for op in self.segment.ops)
        cost = 3 * len(low) * max(products, self.segment.result.size)
        if cost > MOST_PRODUCTS:
            return self._draw_instead(f"a basis of {len(low):,} vectors takes {cost:,} products")
        return BASIS, vectors.list_basis(low, high), ""

    def _find_slopes(self) -> Array:
        """Return the coefficients (elements, results) of some results: those whose extremes are tried."""
        low, high = self.ends
        chosen = _choose_ends(self.segment.result)
        rest = vectors.find_rest(low, high)
        zero = self.segment.evaluate(self._share(rest[None]))[:, chosen]
        rows: list[Array] = []
        for part in vectors.list_units(low, high):
            signs = (part - rest).sum(1)[:, None]
            rows.append((self.segment.evaluate(self._share(part))[:, chosen] - zero) * signs)
        return np.concatenate(rows)

    def _try_ends(self) -> bool:
        """Try the vectors for which results are as low and as high as possible."""
        low, high = self.ends
        return self.is_equal_on(_stack(vectors.list_ends(low, high, self._find_slopes())))

    def _choose_pairs(self, op: Op) -> _Choice:
        """Return the vectors for a function of two codes per element: all pairs, spread over equal elements."""
        sizes = [x.size for x in self.segment.sources]
        if len(sizes) != 2 or sizes[0] != sizes[1] or sizes[0] != op.size:
            return self._draw_instead("two operands are broadcast")
        low, high = self.ends
        spans = high - low + 1
        half = sizes[0]
        pairs = int(spans[:half].max()) * int(spans[half:].max())
        if pairs * half > MOST_EVALUATIONS:
            return self._draw_instead(
                f"{pairs:,} pairs of codes of {half:,} elements are too many to try"
            )
        return ALL_CODES, _list_pairs(low, high, half), ""

    def _share(self, part: Array) -> dict[Op, Array]:
        """Return the codes of each source in vectors of all of them."""
        ends = np.cumsum([op.size for op in self.segment.sources])[:-1]
        return dict(zip(self.segment.sources, np.split(part, ends, 1), strict=True))

    def is_equal_on(self, parts: Iterable[Array]) -> bool:
        """Return whether C++ and ops agree on all vectors; else ``difference`` is the first one that differs."""
        for part in parts:
            inputs = self._share(part)
            want = self.segment.evaluate(inputs)
            got = self._call(inputs, len(part))
            self.codes += want.size
            differ = np.argwhere(want != got)
            if len(differ):
                vector, element = differ[0].tolist()
                shown = tuple(codes[vector].reshape(1, *op.shape) for op, codes in inputs.items())
                self.difference = Counterexample(
                    shown,
                    0,
                    f"element {element}",
                    int(want[vector, element]),
                    int(got[vector, element]),
                    op=self.segment.result.name if self.segment.ops else "the copy to an output",
                )
                return False
        return True

    def _call(self, inputs: dict[Op, Array], samples: int) -> Array:
        segment = self.segment
        call = self.calls.calls[segment.number]
        kept = None if segment.last is None else (segment.last, segment.result.size)
        if segment.first is None:
            return self.calls.run(segment.number, list(inputs.values()), samples, kept=kept)
        (given,) = inputs.values()
        others = [np.zeros((samples, tensor.size), np.int64) for _, tensor in call.parameters]
        return self.calls.run(
            segment.number, others, samples, given=(segment.first, given), kept=kept
        )


def _join(parts: Iterable[Iterable[Array]]) -> Iterator[Array]:
    for part in parts:
        yield from part


def _stack(parts: Iterable[Array], most: int = 1 << 20) -> Iterator[Array]:
    """Yield the same vectors in fewer arrays of at most about ``most`` codes."""
    held: list[Array] = []
    for part in parts:
        held.append(part)
        if sum(each.size for each in held) >= most:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _list_powers(low: Array, high: Array) -> Iterator[Array]:
    """Yield vectors with the same power of two, positive and negative, in all elements that can hold it."""
    most = int(max(high.max(), -low.min(), 1)).bit_length()
    powers = [0, *(sign << place for place in range(most) for sign in (1, -1))]
    yield np.array([low, high, *(np.clip(power, low, high) for power in powers)])


def _list_pairs(low: Array, high: Array, half: int) -> Iterator[Array]:
    """Yield vectors in which each pair of elements takes all pairs of codes, in different orders."""
    spans = high - low + 1
    first, second = int(spans[:half].max()), int(spans[half:].max())
    starts = np.arange(half) * 7919
    step = max((1 << 20) // half, 1)
    for begin in range(0, first * second, step):
        number = np.arange(begin, min(begin + step, first * second))[:, None] + starts
        number %= first * second
        a = low[:half] + number // second % spans[:half]
        b = low[half:] + number % second % spans[half:]
        yield np.concatenate([a, b], 1)


def _count_products(op: Op) -> int:
    if isinstance(op, Matmul):
        return op.size * op.w.shape[0]
    if isinstance(op, Conv):
        return op.size * math.prod(op.w.shape[:3])
    if isinstance(op, Pool):
        return op.size * math.prod(op.window)
    return op.size


def _choose_ends(result: Op) -> Array:
    """Return the elements of a result whose extremes are tried: all, or those of the largest range of each channel."""
    if result.size <= _MOST_ENDS:
        return np.arange(result.size)
    low, high = (end.reshape(-1, result.shape[-1]) for end in list_limits([result]))
    channels = np.arange(result.shape[-1])
    chosen = np.concatenate([low.argmin(0), high.argmax(0)]) * result.shape[-1] + np.tile(
        channels, 2
    )
    return np.unique(chosen)[:_MOST_ENDS]
