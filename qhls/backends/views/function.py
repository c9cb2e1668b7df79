"""The view, for the templates, of a C function that computes an op and all ops that are fused with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from qhls.backends.expressions import (
    list_conditions,
    write_literal,
    write_offset,
    write_sum,
)
from qhls.backends.names import make_printable
from qhls.backends.views.tensor import COp, CTensor, CType
from qhls.backends.views.tiles import CFold
from qhls.ir.graph import write_expression
from qhls.ir.movement import Concat, Pad, View
from qhls.ir.ops import Conv, Matmul, Pool, Quantize, Threshold
from qhls.ir.types import Fixed, Overflow
from qhls.plan import Process
from qhls.plan.dataflow import is_start_of_sum


@dataclass(frozen=True)
class CBody:
    """A nested graph in C++: its input and result arrays and the functions that it calls."""

    inputs: list[CTensor]
    operations: list[CFunction]
    results: list[CTensor]


@dataclass(frozen=True)
class CFunction(COp):
    """One function of the design: ``void function(operands..., out)``.

    It computes ``op``, then each of ``followers`` on every result. ``made``: the result of ``op`` itself.
    """

    function: str
    operands: tuple[CTensor, ...]
    made: CTensor
    process: Process
    fold: CFold | None
    """The tiles of a product that multiplies one tile of its weights per trip; None for all other functions."""
    bodies: tuple[CBody, ...] = ()
    """The nested graphs that the function runs; empty if it runs none or if an earlier function is reused."""
    defines: bool = True
    """True if the function is defined for this op; false if it is that of an equal earlier op."""
    followers: tuple[CFunction, ...] = ()
    tapped: bool = False
    """True if the simulation can record the result of each op of the function."""
    padding: Pad | None = None
    """The padding that the indices of a convolution replace."""

    @property
    def out(self) -> CTensor:
        """Return the tensor that the function writes."""
        return self.followers[-1].made if self.followers else self.made

    @property
    def all(self) -> tuple[CFunction, ...]:
        """Return the views of the ops that the function computes, in order."""
        return (self, *self.followers)

    @property
    def kind(self) -> str:
        """Return the kind of the op, which is also the name of its template."""
        return self.op.kind

    @property
    def names(self) -> str:
        """Return the names of the function's ops as one text, safe in comments; a common prefix is written once."""
        names = [each.op.name for each in self.all]
        prefixes = {name.rpartition(".")[0] for name in names}
        if len(names) > 1 and len(prefixes) == 1 and "" not in prefixes:
            own = ", ".join(name.rpartition(".")[2] for name in names)
            return make_printable(f"{prefixes.pop()}: {own}", 1000)
        return make_printable(", ".join(names), 1000)

    @property
    def layers(self) -> str:
        """Return the names of the ops' Keras layers, without repetitions, as one text, safe in comments."""
        layers = dict.fromkeys(each.op.layer for each in self.all if each.op.layer)
        return make_printable(", ".join(layers), 1000)

    @property
    def comment(self) -> str:
        """Return the formulas of the function's ops, with the type of each result, as one line, safe in comments."""
        formulas = [f"{each.op.type} = {write_expression(each.op)}" for each in self.all]
        return make_printable("; ".join(formulas), 1000)

    @property
    def start(self) -> CFunction | None:
        """Return the addition of a bias with which this product's accumulators are initialised, or None without one."""
        product = self.op if isinstance(self.op, Matmul | Conv) else None
        first = self.followers[0] if self.followers else None
        return first if first and is_start_of_sum(first.op, product) else None

    @property
    def summed(self) -> CTensor:
        """Return the tensor of a product's final sums, including the bias with which accumulators are initialised."""
        return self.start.made if self.start else self.made

    @property
    def after(self) -> tuple[CFunction, ...]:
        """Return the ops after the first, without the addition of a bias with which accumulators are initialised."""
        return self.followers[1:] if self.start else self.followers

    def write_bias(self, filter_: str) -> tuple[str, int]:
        """Return a filter's bias as a C expression and its left shift in the accumulator, or ("", 0) without a bias."""
        if not self.start:
            return "", 0
        bias = next(t for t in self.start.operands if t.constant)
        shift = self.start.op.frac - bias.type.fixed.frac
        indices = ["0"] * (len(bias.dims) - 1) + [filter_]
        return bias.write_element(*indices[len(indices) - len(bias.dims) :]), shift

    def write_channels(self, channel: str) -> list[str]:
        """Return one C index per axis of the result for reading constants: ``channel`` on the last axis, else 0."""
        return ["0"] * (len(self.out.dims) - 1) + [channel]

    def write_values(self, indices: Sequence[str], given: str = "") -> list[str]:
        """Return the C expression of each operand's element; ``given``: the expression of the previous op's result."""
        pairs = zip(self.operands, self.sources, strict=True)
        return [
            given if given and not tensor.constant else tensor.broadcast(indices, array=source)
            for tensor, source in pairs
        ]

    @property
    def multiplies(self) -> bool:
        """Return whether any op of the function is an elementwise multiplication."""
        return any(each.kind == "mul" for each in self.all)

    @property
    def parameters(self) -> list[tuple[str, CTensor]]:
        """Return the C name and the tensor of each array parameter; constants are global, so they are no parameters."""
        pairs = zip(self.sources, self.operands, strict=True)
        return list({name: (name, t) for name, t in pairs if not t.constant}.values())

    @cached_property
    def sources(self) -> list[str]:
        """Return the C name of each operand inside the function; operands in one array share one."""
        first: dict[str, int] = {}
        for i, tensor in enumerate(self.operands):
            first.setdefault(tensor.name, i)
        return [t.name if t.constant else f"x{first[t.name]}" for t in self.operands]

    @property
    def at_once(self) -> bool:
        """Return whether one loop trip computes all elements of the result."""
        return self.process.trips == 1 or self.process.lanes >= self.out.size

    @property
    def lanes(self) -> int:
        """Return the number of results that one loop trip computes."""
        return self.process.lanes

    @property
    def indices(self) -> list[str]:
        """Return the name of one C loop variable per axis of the result."""
        return [f"i{axis}" for axis in range(len(self.out.dims))]

    @staticmethod
    def list_axes(dims: Sequence[int]) -> list[tuple[str, int]]:
        """Return the variable and the number of trips of one loop per axis of ``dims``."""
        return [(f"i{axis}", size) for axis, size in enumerate(dims)]

    @property
    def axes(self) -> list[tuple[str, int]]:
        """Return the variable and the number of trips of each loop over the result: axes longer than 1, or the last."""
        axes = self.list_axes(self.out.dims)
        return [axis for axis in axes if axis[1] > 1] or axes[-1:]

    @property
    def elements(self) -> list[str]:
        """Return the C index along each axis of the result inside the loops of ``axes``."""
        loops = dict(self.axes)
        return [index if index in loops else "0" for index in self.indices]

    @property
    def rows(self) -> int:
        """Return the number of rows of the result: the product of all dimensions except the last."""
        return math.prod(self.out.dims[:-1])

    @property
    def widened(self) -> CType | None:
        """Return, for ``Quantize``, the operand's type widened to all dropped bits, or None if it is wide enough.

        ``ap_fixed`` reads the highest dropped bit, and aborts when the operand has none there.
        """
        assert isinstance(self.op, Quantize)
        narrow = self.op.x.type
        dropped = narrow.frac - self.op.frac
        if dropped <= narrow.width:
            return None
        return CType("", Fixed(narrow.signed, dropped, narrow.frac))

    @property
    def always_zero(self) -> bool:
        """Return whether a ``Quantize`` can only give 0: it saturates symmetrically to one signed bit.

        The vendors' types would keep the lowest code.
        """
        assert isinstance(self.op, Quantize)
        lone_sign = self.op.to.signed and self.op.to.width == 1
        return lone_sign and self.op.overflow is Overflow.SATURATE_SYMMETRIC

    @property
    def compared(self) -> CType:
        """Return, for ``Max``, ``Min`` and ``Threshold``, the type in which both operands are compared.

        It holds each of them: ``ap_fixed`` compares a signed with an unsigned number by their bits.
        """
        first, second = (tensor.type.fixed for tensor in self.operands[:2])
        return CType("", first.join(second))

    @property
    def corner(self) -> tuple[str, str]:
        """Return, for ``Pool``, the C expressions of the input row and column at which the window begins."""
        assert isinstance(self.op, Pool)
        return write_sum(("r", self.op.strides[0])), write_sum(("c", self.op.strides[1]))

    @property
    def reach(self) -> tuple[str, str]:
        """Return, for ``Conv`` and ``Pool``, the C expressions of the input row and column of window element (i, j)."""
        sides = self.padding.widths[:2] if self.padding else ((0, 0), (0, 0))
        row, column = (
            f"{index} - {before}" if before else index
            for index, (before, _) in zip(self._reach_padded, sides, strict=True)
        )
        return row, column

    @property
    def _reach_padded(self) -> tuple[str, str]:
        """Return the row and column of window element (i, j) in the padded input."""
        assert isinstance(self.op, Conv | Pool)
        strides, dilation = self.op.strides, getattr(self.op, "dilation", (1, 1))
        i, j = (self.fold.row, self.fold.column) if self.fold else ("i", "j")
        return write_sum(("r", strides[0]), (i, dilation[0])), write_sum(
            ("c", strides[1]), (j, dilation[1])
        )

    @property
    def within(self) -> list[str]:
        """Return the C conditions under which a window's element is in the image; empty without a padding."""
        if self.padding is None:
            return []
        sides, image = self.padding.widths[:2], self.operands[0].dims[:2]
        return list_conditions(sides, image, self._reach_padded)

    @property
    def beyond(self) -> int:
        """Return the integer code of a window's element beyond the image."""
        return self.padding.value if self.padding else 0

    @property
    def channel(self) -> str:
        """Return, for ``Conv``, the C expression of the input channel that weight ``k`` of group ``g`` multiplies."""
        assert isinstance(self.op, Conv)
        return write_sum(("g", self.op.w.shape[2]), ("k", 1)) if self.op.groups > 1 else "k"

    @property
    def filter(self) -> str:
        """Return, for ``Conv``, the C expression of the overall index of filter ``n`` in group ``g``."""
        assert isinstance(self.op, Conv)
        each = self.op.w.shape[3] // self.op.groups
        return write_sum(("g", each), ("n", 1)) if self.op.groups > 1 else "n"

    @property
    def place(self) -> str:
        """Return, for ``View``, the C expression of the operand's flat index that an element of the result reads."""
        assert isinstance(self.op, View)
        pairs = zip(self.indices, self.op.strides, self.op.dims, strict=True)
        terms = [(index, stride) for index, stride, size in pairs if stride and size > 1]
        start = [str(self.op.offset)] if self.op.offset or not terms else []
        return " + ".join([*start, *([write_sum(*terms)] if terms else [])])

    @property
    def looked_up(self) -> str:
        """Return, for ``Lookup``, the C expression of the operand's element that selects a row of the table."""
        return self.operands[0].write_element(
            *self.indices[: len(self.operands[0].dims)], array="x0"
        )

    @property
    def behind(self) -> list[str]:
        """Return, for ``Lookup``, the loop variables of the axes of a table row."""
        return self.indices[len(self.operands[0].dims) :]

    def write_offset(self, row: str, column: str, dims: tuple[int, int]) -> str:
        """Return the C expression of the row-major offset of a matrix element."""
        return write_offset((row, column), dims)

    @property
    def inside(self) -> list[str]:
        """Return, for ``Pad``, the C conditions under which an element of the result comes from the operand."""
        assert isinstance(self.op, Pad)
        return list_conditions(self.op.widths, self.op.x.shape)

    @property
    def unpadded(self) -> list[str]:
        """Return, for ``Pad``, one C index per axis of the operand for an element that comes from it."""
        assert isinstance(self.op, Pad)
        return [
            f"i{a} - {before}" if before else f"i{a}"
            for a, (before, _) in enumerate(self.op.widths)
        ]

    def write_level(self, compared: str, value: str, channel: str) -> str:
        """Return, for ``Threshold``, the C expression of the number of a channel's thresholds that ``value`` reaches.

        ``compared``: the C type of the comparisons. The called template gets the row of ``_find_row``.
        """
        assert isinstance(self.op, Threshold)
        table, count = self.operands[1], self.op.count
        start, step, offset = self._find_row(table, count, channel)
        name = "search" if self.op.searched else "compare"
        sizes = [compared, str(count), *([str(step)] if step > 1 else [])]
        row = [start, offset] if step > 1 else [start] if start != "0" else []
        return f"qhls::{name}<{', '.join(sizes)}>({', '.join([value, table.name, *row])})"

    def write_value(self, channel: str) -> str:
        """Return, for ``Threshold``, the C expression of the output value at ``level``, from a table or computed."""
        assert isinstance(self.op, Threshold)
        if self.op.start is None or self.process.read(self.op.values).buffer.place != "wired":
            return self._write_in_row(self.operands[2], self.op.count + 1, channel, "level")
        code = f"level + {self.op.start}" if self.op.start else "level"
        return f"qhls::from_code<{self.made.type.name}>({code})"

    def _write_in_row(self, table: CTensor, length: int, channel: str, place: str) -> str:
        """Return the C expression of an element in the row of ``channel`` of ``table``, or in its only row."""
        start, step, offset = self._find_row(table, length, channel)
        index = f"{start} + {place}" if start != "0" else place
        return f"{table.name}[{f'({index}) * {step} + {offset}' if step > 1 else index}]"

    def _find_row(self, table: CTensor, length: int, channel: str) -> tuple[str, int, str]:
        """Return where the row of ``channel`` lies in ``table``: element i at ``(start + i) * step + offset``."""
        assert isinstance(self.op, Threshold)
        if not self.op.per_channel:
            return "0", 1, "0"
        banks = 1 if table.place in ("registers", "wired") else table.banks
        row = f"{table.start} + {channel}" if table.start else channel
        if banks == 1:
            return _scale(row, length), 1, "0"
        first, bank = (
            (table.start, channel) if table.start else (channel, f"{_group(channel)} % {banks}")
        )
        return f"{_group(first)} / {banks} * {length}", banks, bank

    @property
    def offset(self) -> str:
        """Return the C expression of the index at which parts of constants begin; empty if constants are read whole."""
        tensors = (tensor for each in self.all for tensor in each.operands)
        return next((tensor.start for tensor in tensors if tensor.start), "")

    @property
    def offsets(self) -> Iterator[tuple[str, CTensor, list[str]]]:
        """Yield, for each operand of ``Concat``, its C name, its tensor, and its C indices in the result."""
        assert isinstance(self.op, Concat)
        axis = self.op.axis % len(self.out.dims)
        starts = accumulate((tensor.dims[axis] for tensor in self.operands), initial=0)
        for source, tensor, start in zip(self.sources, self.operands, starts, strict=False):
            moved = [
                f"i{a} + {start}" if a == axis and start else f"i{a}"
                for a in range(len(self.out.dims))
            ]
            yield source, tensor, moved

    @property
    def filling(self) -> str:
        """Return, for ``Pad``, the C expression of the padding value in the type of the result."""
        assert isinstance(self.op, Pad)
        return write_literal(self.op.value, self.op.frac, self.made.type.name)


def _scale(index: str, factor: int) -> str:
    return write_sum((_group(index), factor))


def _group(index: str) -> str:
    return f"({index})" if " " in index else index
