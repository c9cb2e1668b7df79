"""Segments of C++ functions: consecutive ops whose operands a proof can give, and whose result it can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qhls.backends.views.call import CCall
from qhls.backends.views.function import CFunction
from qhls.backends.views.tensor import PORT_LIMIT
from qhls.ir.elementwise import Add, Elementwise, Mul, Sub
from qhls.ir.integers import Array, Codes
from qhls.ir.movement import Concat, Pad, Reshape, View
from qhls.ir.op import Op
from qhls.ir.ops import Conv, Lookup, Matmul, Pool, Quantize, Shift, Threshold
from qhls.plan.dataflow import find_source

_MOVES = (View, Pad, Concat, Reshape)
_LINEAR = (Matmul, Conv, Shift, Add, Sub, *_MOVES)


@dataclass(frozen=True)
class Segment:
    """Consecutive ``ops`` of one C function, from ``sources`` to the result of the last op.

    ``number``: of the call. ``first`` and ``last``: numbers, in the C++, of the op that is given and of the op that is
    kept; None where the function's parameters are given and its result is read.
    """

    number: int
    ops: tuple[Op, ...]
    sources: tuple[Op, ...]
    """The ops whose results vary: one per parameter of the function, or the op that is given."""
    first: int | None = None
    last: int | None = None

    @property
    def result(self) -> Op:
        """Return the op whose result is read; without ops, the one whose result is copied."""
        return self.ops[-1] if self.ops else self.sources[0]

    @property
    def is_by_element(self) -> bool:
        """Return whether each element of the result depends on at most one element of the sources."""
        return all(_is_by_element(op) for op in self.ops)

    @property
    def is_linear(self) -> bool:
        """Return whether the result is a linear function of the sources, plus a constant."""
        return all(_is_linear(op) for op in self.ops)

    @property
    def is_constant_over_elements(self) -> bool:
        """Return whether all elements pass through the same function, without constants of their own."""
        return not any(isinstance(op, Pad | Concat) for op in self.ops) and all(
            _is_table(op, x) or x.size == 1 for op in self.ops for x in op.operands if not x.batched
        )

    def evaluate(self, codes: Mapping[Op, Array]) -> Array:
        """Return the codes (samples, elements) of the result for those of the sources, by the ops' own ``evaluate``."""
        values = {op: Codes(array.reshape(len(array), *op.shape)) for op, array in codes.items()}
        for op in self.ops:
            operands = [self._read(x, values) for x in op.operands]
            values[op] = op.evaluate(*operands)
        array = values[self.result].to_integers()
        return array.reshape(len(array), -1)

    def _read(self, operand: Op, values: dict[Op, Codes]) -> Codes:
        if not operand.batched:
            return operand.range.lo
        if operand not in values:  # the same array in another shape
            assert isinstance(operand, Reshape)
            values[operand] = operand.evaluate(self._read(operand.x, values))
        return values[operand]


def _is_table(op: Op, operand: Op) -> bool:
    if isinstance(op, Threshold):
        return not op.per_channel
    return isinstance(op, Lookup) and operand is op.table


def list_varying(op: Op) -> list[Op]:
    """Return the operands of an op that are no constants, without repetitions."""
    return list(dict.fromkeys(x for x in op.operands if x.batched))


def _is_by_element(op: Op) -> bool:
    if isinstance(op, Quantize | Threshold | Shift | Lookup | View | Pad | Concat | Reshape):
        return True
    return isinstance(op, Elementwise) and len(list_varying(op)) == 1


def _is_linear(op: Op) -> bool:
    if isinstance(op, Mul):
        return len(list_varying(op)) == 1 and any(not x.batched for x in op.operands)
    return isinstance(op, _LINEAR) or (isinstance(op, Pool) and op.reduction == "sum")


def is_movement(op: Op) -> bool:
    """Return whether an op only moves elements."""
    return isinstance(op, _MOVES)


def list_segments(number: int, call: CCall) -> Iterator[Segment]:
    """Yield the segments of the function that the call ``number`` calls, cut at each result that taps can reach."""
    if call.view is None:
        assert call.source is not None
        yield Segment(number, (), (call.source,))
        return
    view = call.view
    sources = list_sources(view)
    ops: list[Op] = [view.padding] if view.padding else []  # indices replace it
    first: int | None = None
    for place, each in enumerate(view.all):
        ops.append(each.op)
        is_last = place == len(view.all) - 1
        is_computed = not (view.start and place == 0)
        if is_last or (is_computed and _is_tapped(view, each, call.index)):
            last = None if is_last else call.index + place
            yield Segment(number, tuple(ops), sources, first, last)
            ops, sources, first = [], (each.op,), last


def _is_tapped(view: CFunction, each: CFunction, index: int) -> bool:
    return index >= 0 and view.tapped and each.made.type.fixed.width <= PORT_LIMIT


def list_sources(view: CFunction) -> tuple[Op, ...]:
    """Return the operand that each parameter of a function holds, without its reshapes and the padding by indices."""
    pairs = zip(view.sources, view.op.operands, strict=True)
    named: dict[str, Op] = {}
    for name, operand in pairs:
        if operand.batched:
            named.setdefault(name, find_source(view.op, operand))
    return tuple(skip_reshapes(op) for op in named.values())


def skip_reshapes(op: Op) -> Op:
    """Return the op whose array an op's tensor is, which differs for reshapes only."""
    while isinstance(op, Reshape):
        op = op.x
    return op


def list_limits(ops: Sequence[Op]) -> tuple[Array, Array]:
    """Return the lowest and the highest code of each element of ``ops``, one after another, as int64."""
    low = [np.broadcast_to(op.range.lo.to_integers()[0], op.shape).ravel() for op in ops]
    high = [np.broadcast_to(op.range.hi.to_integers()[0], op.shape).ravel() for op in ops]
    return np.concatenate(low).astype(np.int64), np.concatenate(high).astype(np.int64)
