"""Cuts: rules that split an op into steps, each the same op on one part of its tensors.

A cut keeps the rank: its first ``axes`` axes have length 1, so that constants keep their shape and their indices. An
op that cannot be cut works on its whole operands in one step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import singledispatch

from qhls.ir.elementwise import Elementwise
from qhls.ir.integers import Codes
from qhls.ir.movement import Concat, Pad, View
from qhls.ir.op import Op
from qhls.ir.ops import ArgMax, Const, Conv, Input, Lookup, Matmul, Pool, Quantize, Shift, Threshold
from qhls.plan.dataflow import find_array, list_arrays_read


@dataclass(frozen=True)
class Cut:
    """A rule that splits an op into steps on parts of its tensors.

    ``axes``: the number of leading axes of the result that become steps. ``held``: operands that all steps read whole.
    ``by_element``: any consecutive elements are a part, whatever their number. ``period``: the number of result
    elements after which the constants of such a cut repeat; 0 where they are the same for all elements. ``running``:
    the result is a running sum or maximum over all pixels. ``regroups``: the elements of the operand stay in their
    order. ``padding``: the op that makes the operand, if the window of ``op`` adds the padding itself.
    """

    op: Op
    axes: int = 0
    held: frozenset[Op] = frozenset()
    by_element: bool = False
    period: int = 0
    running: bool = False
    regroups: bool = False
    padding: Pad | None = None

    @property
    def arrays(self) -> list[Op]:
        """Return the ops whose arrays the process of ``op`` reads, without duplicates."""
        return [find_array(self.padding.x)] if self.padding else list_arrays_read(self.op)

    @property
    def steps(self) -> int:
        """Return the number of steps; for a cut by element, the number of elements."""
        return math.prod(self.op.shape[: self.axes])

    def count_read(self, operand: Op) -> int:
        """Return the number of elements of ``operand`` that one step reads."""
        return operand.size if operand in self.held else operand.size // self.steps

    @property
    def result(self) -> int:
        """Return the number of elements of the result that one step writes."""
        return self.op.size // self.steps

    def step(self, elements: int) -> Op:
        """Return the op that one step computes; ``elements``: the length of a part if the cut is by element."""
        operands: dict[Op, Op] = {
            operand: take_part(operand, operand.shape)
            if operand in self.held
            else self._take_part(operand, elements)
            for operand in dict.fromkeys(self.op.operands)
            if not isinstance(operand, Const)
        }
        if self.period:
            operands |= {c: _take_first(c, self.op, elements) for c in list_moving(self.op)}
        op = self.op
        if isinstance(op, View):
            op = replace(op, dims=(1,) * self.axes + op.dims[self.axes :])
        return op.with_operands(operands)

    def _take_part(self, operand: Op, elements: int) -> Op:
        if self.axes == 0 and not self.by_element:
            return take_part(operand, operand.shape)
        if self.by_element:
            dims = (*(1,) * (len(operand.shape) - 1), elements)[: len(operand.shape)]
        elif isinstance(self.op, View):
            dims = (self.count_read(operand),)
        else:
            dims = (1,) * self.axes + operand.shape[self.axes :]
        return take_part(operand, dims)


def take_part(operand: Op, dims: tuple[int, ...]) -> Input:
    """Return an input op of shape ``dims`` that represents any part of ``operand``."""
    low, high = operand.range.hull
    return Input(dims, operand.type, range(low, high + 1), name=operand.name)


def list_moving(op: Op) -> list[Const]:
    """Return the distinct constants of ``op`` that may differ between elements.

    These are all constants of a ``Threshold``, and those of several numbers of another op.
    """
    constants = [o for o in dict.fromkeys(op.operands) if isinstance(o, Const)]
    return constants if isinstance(op, Threshold) else [c for c in constants if c.size > 1]


def _take_first(const: Const, op: Op, elements: int) -> Const:
    """Return the part of ``const`` that belongs to the first ``elements`` elements of its period."""
    codes = const.codes.to_integers()
    if isinstance(op, Threshold):
        part = codes[:elements]
    else:
        dims = (*(1,) * (len(op.shape) - 1), elements)
        part = codes.reshape(-1)[:elements].reshape(dims[-max(len(const.shape), 1) :])
    return replace(const, codes=Codes(part))


def cut(op: Op) -> Cut:
    """Return the rule that cuts ``op`` into the smallest parts."""
    if isinstance(op, Pool) and op.window == op.x.shape[:2] and _can_accumulate(op):
        return Cut(op, running=True)
    period = _find_period(op)
    return Cut(op, len(op.shape), by_element=True, period=period) if period else _cut(op)


def _can_accumulate(op: Pool) -> bool:
    """Return whether the type of the result holds those of fewer pixels; sums may wrap, maxima may not."""
    return op.reduction == "sum" or op.type.lo <= op.x.range.hull[0]


@singledispatch
def _cut(op: Op) -> Cut:
    return Cut(op)


@_cut.register(Quantize)
@_cut.register(Shift)
def _cut_quantize_shift(op: Quantize | Shift) -> Cut:
    return Cut(op, len(op.shape), by_element=True)


@_cut.register
def _cut_threshold(op: Threshold) -> Cut:
    rank = len(op.shape)
    return Cut(op, rank - 1) if op.per_channel else Cut(op, rank, by_element=True)


@_cut.register(Matmul)
@_cut.register(ArgMax)
def _cut_matmul_arg_max(op: Matmul | ArgMax) -> Cut:
    return Cut(op, len(op.shape) - 1)


@_cut.register
def _cut_lookup(op: Lookup) -> Cut:
    return Cut(op, len(op.x.shape))


@_cut.register
def _cut_concat(op: Concat) -> Cut:
    return Cut(op, op.axis % len(op.shape))


@_cut.register
def _cut_pad(op: Pad) -> Cut:
    padded = [axis for axis, width in enumerate(op.widths) if width != (0, 0)]
    if op.shape and (not padded or padded[-1] < len(op.shape) - 1):
        return Cut(op, len(op.shape), by_element=True)  # tokens lie within the last axis
    return Cut(op, padded[0])


@_cut.register
def _cut_conv(op: Conv) -> Cut:
    pointwise = op.w.shape[:2] == op.strides == (1, 1)
    return Cut(op, 2 if pointwise else 0)


@_cut.register
def _cut_view(op: View) -> Cut:
    for axes in reversed(range(len(op.dims) + 1)):
        steps, inner = math.prod(op.dims[:axes]), op.dims[axes:]
        part = op.x.size // steps
        if op.x.size % steps or part % (*op.x.shape, 1)[len(op.x.shape) - 1]:
            continue  # parts are whole rows
        row_major = all(
            size == 1 or stride == part * math.prod(op.dims[axis + 1 : axes])
            for axis, (size, stride) in enumerate(zip(op.dims, op.strides[:axes], strict=False))
        )
        reach = [s * (n - 1) for s, n in zip(op.strides[axes:], inner, strict=True)]
        lowest = op.offset + sum(r for r in reach if r < 0)
        highest = op.offset + sum(r for r in reach if r > 0)
        if row_major and lowest >= 0 and highest < part:
            return Cut(op, axes)
    return Cut(op)


@_cut.register
def _cut_elementwise(op: Elementwise) -> Cut:
    shape = op.shape
    for axes in reversed(range(len(shape) + 1)):
        held: set[Op] = set()
        for operand in op.operands:
            lead = (*(1,) * (len(shape) - len(operand.shape)), *operand.shape)[:axes]
            if lead == shape[:axes] and not isinstance(operand, Const):
                continue
            if any(size > 1 for size in lead):
                break
            held.add(operand)
        else:
            held = {operand for operand in held if not isinstance(operand, Const)}
            whole = axes == len(shape)
            return Cut(op, axes, frozenset(held), by_element=whole)
    return Cut(op)


def _find_period(op: Op) -> int:
    """Return the number of result elements after which the constants of ``op`` repeat; 0 without such a number.

    It is 0 too where all elements share the constants.
    """
    if isinstance(op, Threshold):
        return op.shape[-1] if op.per_channel else 0
    if not isinstance(op, Elementwise):
        return 0
    moving = list_moving(op)
    lengths = {const.size for const in moving}
    if len(lengths) != 1 or any(
        o.shape != op.shape for o in op.operands if not isinstance(o, Const)
    ):
        return 0
    for const in moving:
        shape = const.shape
        while shape[0] == 1:
            shape = shape[1:]
        if shape != op.shape[len(op.shape) - len(shape) :]:
            return 0
    return lengths.pop()
