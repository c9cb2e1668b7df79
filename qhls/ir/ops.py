"""The instruction set. What an op means stands here once: ``evaluate``, over integers and intervals.

Every op but ``Quantize`` and ``Threshold`` keeps every bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from qhls.ir import encoding
from qhls.ir import work as events
from qhls.ir.integers import Array, Codes, dyadic
from qhls.ir.interval import Interval, Value, join, taps
from qhls.ir.op import FLOAT32_EXACT, Op
from qhls.ir.types import Fixed, Overflow, Quantization, Rounding
from qhls.ir.work import Work


@dataclass(frozen=True, eq=False)
class Input(Op):
    """An input tensor of ``dims`` whose elements are any number of ``dtype``."""

    dims: tuple[int, ...]
    dtype: Fixed

    @property
    def frac(self) -> int:
        return self.dtype.frac

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "type", self.dtype)

    def evaluate(self) -> Interval:
        return Interval.full((1, *self.dims), self.dtype.lo, self.dtype.hi)


@dataclass(frozen=True, eq=False)
class Const(Op):
    """Known numbers ``codes * 2**-scale``; the type is the narrowest that holds the real values."""

    codes: Codes
    scale: int

    batched = False

    @classmethod
    def of(cls, values: npt.ArrayLike, name: str = "const") -> Const:
        """From finite floats, exactly: each float is an integer times a power of two."""
        codes, frac = dyadic(values)
        return cls(Codes(codes), frac, name=name)

    @property
    def frac(self) -> int:
        return self.scale

    def evaluate(self) -> Interval:
        return Interval(self.codes)

    @property
    def float32_exact(self) -> bool:
        # A number alone may lie anywhere; what becomes of several is for the ops that read them to say.
        if self.codes.bound <= FLOAT32_EXACT:
            return True
        codes = self.codes.integers().astype(object)
        return bool((codes.astype(np.float32).astype(object) == codes).all())


@dataclass(frozen=True, eq=False)
class Matmul(Op):
    """``x @ w`` over the last axis of ``x``, with ``w`` (inputs, outputs) known.

    Exact: frac adds; the range is that of the real weights, not of their widths.
    """

    x: Op
    w: Const

    @property
    def frac(self) -> int:
        return self.x.type.frac + self.w.type.frac

    def check(self) -> None:
        x, w = self.x.shape, self.w.shape
        self.require(
            len(w) == 2 and bool(x) and x[-1] == w[0], f"weights ({x[-1] if x else '?'}, n)", str(w)
        )

    def evaluate(self, x: Value, w: Value) -> Value:
        return x @ w

    def work(self) -> Work:
        macs = self.size * self.w.shape[0]
        return multiply_accumulate(self, self.w, macs)


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """2-D convolution of ``x`` (rows, columns, channels) with known ``w`` (kh, kw, channels, filters).

    No padding: ``Pad`` goes before it. Exact, as ``Matmul``.
    """

    x: Op
    w: Const
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)

    @property
    def frac(self) -> int:
        return self.x.type.frac + self.w.type.frac

    def check(self) -> None:
        x, w = self.x.shape, self.w.shape
        self.require(len(x) == 3, "an input (rows, columns, channels)", str(x))
        self.require(len(w) == 4 and w[2] == x[2], f"weights (kh, kw, {x[2]}, filters)", str(w))
        check_windows(self, x, (w[0], w[1]), self.dilation)

    def evaluate(self, x: Value, w: Value) -> Value:
        kh, kw, channels, filters = self.w.shape
        columns = taps(x, (kh, kw), self.strides, self.dilation)
        rows = join(columns, lambda arrays: np.concatenate(arrays, axis=3))
        return rows @ w.map(lambda array: array.reshape(kh * kw * channels, filters))

    def work(self) -> Work:
        kh, kw, channels, _ = self.w.shape
        return multiply_accumulate(self, self.w, self.size * kh * kw * channels)


def multiply_accumulate(op: Matmul | Conv, w: Const, macs: int) -> Work:
    """``macs`` products of input and weight, each added to an accumulator as wide as the result."""
    return encoding.multiply_accumulate(op, op.x, w, macs)


def check_windows(
    op: Conv | Pool,
    x: tuple[int, ...],
    size: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> None:
    """Require positive steps and that at least one window fits into ``x`` (rows, columns, channels)."""
    steps = (*size, *op.strides, *dilation)
    op.require(min(steps) >= 1, "window, strides and dilation of at least 1", str(steps))
    span = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    op.require(
        span[0] <= x[0] and span[1] <= x[1], f"an input of at least {span[0]} x {span[1]}", str(x)
    )


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """Two operands, broadcast as NumPy does, brought to the finer ``frac``."""

    a: Op
    b: Op

    @property
    def frac(self) -> int:
        return max(self.a.type.frac, self.b.type.frac)

    def check(self) -> None:
        try:
            shape = np.broadcast_shapes(self.a.shape, self.b.shape)
        except ValueError:
            shape = None
        batched = tuple(o.shape for o in (self.a, self.b) if o.batched)
        fits = shape is not None and all(len(s) == len(shape) for s in batched)
        self.require(fits, "operands that broadcast", f"{self.a.shape} and {self.b.shape}")

    def align(self, a: Value, b: Value) -> tuple[Value, Value]:
        """Both operands' codes at this op's ``frac``."""
        return a << self.frac - self.a.type.frac, b << self.frac - self.b.type.frac


@dataclass(frozen=True, eq=False)
class Add(Elementwise):
    """``a + b``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a + b

    def work(self) -> Work:
        return Work({events.add(self.type.width): self.size})


@dataclass(frozen=True, eq=False)
class Max(Elementwise):
    """The larger of ``a`` and ``b``; ReLU is ``Max(x, 0)``."""

    def evaluate(self, a: Value, b: Value) -> Value:
        a, b = self.align(a, b)
        return a.maximum(b)

    def work(self) -> Work:
        hulls = [value.hull for value in self.align(self.a.range, self.b.range)]
        compared = Fixed.holding(min(lo for lo, _ in hulls), max(hi for _, hi in hulls), self.frac)
        return Work({events.compare(compared.width): self.size})


@dataclass(frozen=True, eq=False)
class Pool(Op):
    """The maximum or sum over windows of ``x`` (rows, columns, channels), per channel, no padding."""

    x: Op
    window: tuple[int, int]
    strides: tuple[int, int]
    reduction: Literal["max", "sum"] = "max"

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        self.require(
            len(self.x.shape) == 3, "an input (rows, columns, channels)", str(self.x.shape)
        )
        check_windows(self, self.x.shape, self.window)

    def evaluate(self, x: Value) -> Value:
        elements = taps(x, self.window, self.strides)
        if self.reduction == "max":
            return reduce(lambda a, b: a.maximum(b), elements)
        return reduce(lambda a, b: a + b, elements)

    def work(self) -> Work:
        steps = self.size * (self.window[0] * self.window[1] - 1)
        event = events.compare if self.reduction == "max" else events.add
        return Work({event(self.type.width): steps})


@dataclass(frozen=True, eq=False)
class Shift(Op):
    """``x * 2**power``: the codes stay, the point moves."""

    x: Op
    power: int

    @property
    def frac(self) -> int:
        return self.x.type.frac - self.power

    def evaluate(self, x: Value) -> Value:
        return x


@dataclass(frozen=True, eq=False)
class Quantize(Op):
    """Assignment to a fixed-point variable: the one op here that may lose bits, by rounding and overflow."""

    x: Op
    to: Fixed
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        super().__post_init__()
        # The variable is as wide as the quantizer says, whatever part of it the range fills.
        object.__setattr__(self, "type", self.to)

    @property
    def frac(self) -> int:
        return self.to.frac

    def evaluate(self, x: Value) -> Value:
        rounded = x.round_shift(self.x.type.frac - self.to.frac, self.rounding)
        if self.overflow is Overflow.WRAP:
            return rounded.wrap(self.to)
        limits = Quantization(self.to, self.rounding, self.overflow)
        return rounded.clip(limits.lo, limits.hi)

    def work(self) -> Work:
        if self.overflow is Overflow.WRAP and self.rounding is Rounding.FLOOR:
            return Work()
        return Work({events.round_to(self.to.width): self.size})

    @property
    def float32_exact(self) -> bool:
        # Keras adds the difference (quantised - x) to x: both must lie on one grid of 24 bits.
        lo, hi = self.x.range.hull
        finer = max(self.x.type.frac, self.frac)
        own = max(-self.to.lo, self.to.hi)
        largest = max(max(-lo, hi) << finer - self.x.type.frac, own << finer - self.frac)
        return largest <= FLOAT32_EXACT


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """``values[number of thresholds <= x]``: any function of a number with few levels, exactly.

    ``thresholds`` (n,) rise and lie on the grid of ``x``; ``values`` (n + 1,) need not rise.
    """

    x: Op
    thresholds: Const
    values: Const

    @property
    def frac(self) -> int:
        return self.values.type.frac

    @property
    def searched(self) -> bool:
        """Whether hardware halves the thresholds step by step; a few it compares all at once."""
        return self.thresholds.size > 4

    @property
    def comparisons(self) -> int:
        """Comparisons for one element."""
        n = self.thresholds.size
        return n.bit_length() if self.searched else n

    def check(self) -> None:
        n = self.thresholds.size
        shapes = (self.thresholds.shape, self.values.shape)
        self.require(
            n > 0 and shapes == ((n,), (n + 1,)), "thresholds (n,), values (n + 1,)", str(shapes)
        )
        rising = bool((np.diff(self.thresholds.codes.integers()) > 0).all())
        self.require(rising, "thresholds that rise", "some that do not")
        given = self.thresholds.scale
        self.require(
            given == self.x.type.frac, f"thresholds of {self.x.type.frac} fraction bits", str(given)
        )

    def evaluate(self, x: Value, thresholds: Value, values: Value) -> Value:
        return x.step(thresholds, values)

    def work(self) -> Work:
        n, bits = self.thresholds.shape[-1], self.x.type.width
        work = Work({events.compare(bits): self.size * self.comparisons})
        if self.searched:  # each comparison is with a threshold that is looked up
            work[events.lookup(bits, n)] += self.size * self.comparisons
        work[events.lookup(self.type.width, n + 1)] += self.size
        return work

    @property
    def float32_exact(self) -> bool:
        # Keras computes the function in float32, as the search for the thresholds did.
        return max(map(abs, self.x.range.hull)) <= FLOAT32_EXACT


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """The same elements, row-major, in another shape."""

    x: Op
    dims: tuple[int, ...]

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        self.require(
            int(np.prod(self.dims)) == self.x.size,
            f"a shape of {self.x.size} elements",
            str(self.dims),
        )

    def evaluate(self, x: Value) -> Value:
        return x.map(lambda array: array.reshape(len(array), *self.dims))


@dataclass(frozen=True, eq=False)
class Pad(Op):
    """``x`` with ``widths[i] = (before, after)`` elements of code ``value`` added along axis i."""

    x: Op
    widths: tuple[tuple[int, int], ...]
    value: int = 0

    @property
    def frac(self) -> int:
        return self.x.type.frac

    def check(self) -> None:
        rank = len(self.x.shape)
        sound = len(self.widths) == rank and all(w >= 0 for pair in self.widths for w in pair)
        self.require(sound, f"{rank} pairs of widths of at least 0", str(self.widths))

    def evaluate(self, x: Value) -> Value:
        filling = Codes(np.full((), self.value, object))

        def pad(arrays: list[Array]) -> Array:
            return np.pad(arrays[0], ((0, 0), *self.widths), constant_values=arrays[1].item())

        if isinstance(x, Codes):
            return join([x, filling], pad)
        return join([x, Interval(filling)], pad)


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """``xs`` one after another along ``axis`` (batch not counted), brought to the finest ``frac``."""

    xs: tuple[Op, ...]
    axis: int = -1

    @property
    def frac(self) -> int:
        return max(x.type.frac for x in self.xs)

    def check(self) -> None:
        shapes = [list(x.shape) for x in self.xs]
        rank = len(shapes[0]) if shapes else 0
        sound = bool(shapes) and -rank <= self.axis < rank and all(len(s) == rank for s in shapes)
        rest = [s[: self.axis % rank] + s[self.axis % rank + 1 :] for s in shapes] if sound else []
        self.require(
            sound and all(r == rest[0] for r in rest), "shapes equal but for the axis", str(shapes)
        )
        for x in self.xs:
            self.require(x.batched, "operands that depend on an input", f"the {x.kind} {x.name!r}")

    def evaluate(self, *xs: Any) -> Any:
        axis = self.axis + 1 if self.axis >= 0 else self.axis
        shifts = [self.frac - op.type.frac for op in self.xs]
        aligned = [x << shift for x, shift in zip(xs, shifts, strict=True)]
        return join(aligned, lambda arrays: np.concatenate(arrays, axis))
