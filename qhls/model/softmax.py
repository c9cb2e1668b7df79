"""The end of a classifier: a softmax that the host computes, a softmax in integers, or argmax."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from qhls.errors import VerifyError
from qhls.ir.elementwise import Max, Min, Mul, Sub
from qhls.ir.integers import Array, Codes
from qhls.ir.movement import Reshape, View
from qhls.ir.op import Op, enter_layer
from qhls.ir.ops import ArgMax, Const, Pool, Quantize, Threshold
from qhls.ir.types import Fixed, Rounding

if TYPE_CHECKING:
    from qhls.model.graph import ModelGraph

Mode = Literal["host", "hardware", "argmax"]
MODES: tuple[Mode, ...] = get_args(Mode)
GUARD_BITS = 2
"""Number of fraction bits that exponentials and reciprocals have in addition to those of the result."""
_NEARLY = 1e-3
"""Largest accepted difference between 1 and the sum of the outputs of a float softmax."""


@dataclass(frozen=True)
class Softmax:
    """Treatment of the softmax at the end: its ``mode`` and, in hardware, the fraction ``bits`` of probabilities."""

    mode: Mode = "host"
    bits: int = 10

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise VerifyError(
                f"softmax: expected one of {', '.join(MODES)}, got {self.mode!r}. Choose one of these."
            )
        if not 1 <= self.bits <= 16:
            raise VerifyError(
                f"softmax bits: expected 1 to 16, got {self.bits}. Choose such a number."
            )

    def apply(self, graph: ModelGraph) -> ModelGraph:
        """Return ``graph`` with its logits replaced by probabilities or by their argmax, or unchanged in mode "host".

        Raises ``VerifyError`` where not every output is the logits of a softmax.
        """
        if self.mode == "host":
            return graph
        if not graph.host_softmax or len(graph.host_softmax) != len(graph.outputs):
            raise VerifyError(
                f"softmax={self.mode!r}: expected a softmax at the end of each of {len(graph.outputs)} outputs, "
                f"got {len(graph.host_softmax)}. End the model in a softmax, or leave softmax='host'."
            )
        outputs: list[Op] = []
        for layer, axes, logits in zip(
            graph.host_softmax, list_softmax_axes(graph), graph.outputs, strict=True
        ):
            with enter_layer(layer):
                outputs.append(self._apply_along(layer, axes, logits))
        return replace(graph, outputs=tuple(outputs), host_softmax=(), softmax_axes=())

    def _apply_along(self, layer: str, axes: tuple[int, ...], x: Op) -> Op:
        """Return the probabilities or the argmax over ``axes`` of ``x``, the logits of ``layer``."""
        rank = len(x.shape)
        if self.mode == "argmax" and len(axes) > 1:
            raise VerifyError(
                f"softmax='argmax': expected a softmax over one axis, got one over {len(axes)} in layer {layer!r}. "
                f"Use softmax='hardware', or flatten these axes before it."
            )
        axes = tuple(axis % rank for axis in axes)
        order = [axis for axis in range(rank) if axis not in axes] + list(axes)
        turned = _transpose(x, order)
        leading = turned.shape[: rank - len(axes)]
        rows = (
            turned
            if len(axes) == 1
            else Reshape(turned, (*leading, turned.size // math.prod(leading)))
        )
        if self.mode == "argmax":
            result: Op = ArgMax(rows)
        else:
            result = compute_probabilities(rows, self.bits)
            result = result if len(axes) == 1 else Reshape(result, turned.shape)
        return _transpose(result, [order.index(axis) for axis in range(rank)])

    def bound_error(self, classes: int) -> float:
        """Return a bound on the error of a probability computed in hardware, for a softmax over ``classes`` classes.

        Rounding to ``p = bits + GUARD_BITS`` bits changes each exponential by at most ``e = 2**-(p+1)``, and their sum,
        which is at least 1, by ``classes * e``. So the quotient changes by at most ``(classes + 1) * e``. The rounding
        of the reciprocal to ``p`` bits adds ``e``, and that of the result to ``bits`` adds ``2**-(bits+1)``.
        """
        inner = 2.0 ** -(self.bits + GUARD_BITS + 1)
        return (classes + 2) * inner + 2.0 ** -(self.bits + 1)

    def find_wrong(self, wanted: Any, results: Any, axes: tuple[int, ...] = (-1,)) -> Array:
        """Return a boolean array that marks the ``results`` that contradict the real probabilities ``wanted``.

        ``axes``: the axes of a sample over which the softmax goes. Probabilities may differ by ``bound_error``.
        """
        wanted = np.asarray(wanted)
        if (
            self.mode == "argmax"
        ):  # any of several equal maxima is right: floats may round probabilities to one number
            axis = axes[0] + (axes[0] >= 0)
            chosen = np.take_along_axis(wanted, np.asarray(results, np.intp), axis)
            total = wanted.sum(
                axis, keepdims=True
            )  # 1 along the axes of the softmax, and no others
            return (chosen < wanted.max(axis, keepdims=True)) | (abs(total - 1) > _NEARLY)
        classes = math.prod(wanted.shape[1:][a] for a in axes)
        rounding = (8 + classes / 8) * float(np.finfo(wanted.dtype).eps)  # of the floats themselves
        return abs(wanted.astype(np.float64) - results) > self.bound_error(classes) + rounding

    def __str__(self) -> str:
        return "argmax" if self.mode == "argmax" else f"softmax of {self.bits} fraction bits"


def list_softmax_axes(graph: ModelGraph) -> tuple[tuple[int, ...], ...]:
    """Return the axes of each softmax that the host computes."""
    return graph.softmax_axes or ((-1,),) * len(graph.host_softmax)


def _transpose(x: Op, order: list[int]) -> Op:
    """Return ``x`` with its axes in the order ``order``."""
    if order == sorted(order):
        return x
    strides = [math.prod(x.shape[axis + 1 :]) for axis in range(len(x.shape))]
    return View(x, tuple(x.shape[a] for a in order), tuple(strides[a] for a in order))


def compute_probabilities(x: Op, bits: int) -> Op:
    """Return the softmax over the last axis of ``x``, computed by tables of exponentials and of reciprocals.

    These are ``exp(x - max)``, its sum, the sum's reciprocal and their product; ``Softmax.bound_error`` bounds the
    error.
    """
    rows, classes = x.size // x.shape[-1], x.shape[-1]
    inner = bits + GUARD_BITS
    lines = Reshape(x, (rows, classes, 1))
    largest = Pool(lines, (1, classes), (1, 1))
    below = Min(Sub(lines, largest), Const.of(0.0, "zero"))  # never above: a narrower type
    powers = _tabulate_exponentials(below, inner)
    total = Max(Pool(powers, (1, classes), (1, 1), "sum"), Const.of(1.0, "one"))  # never below
    product = Mul(powers, _tabulate_reciprocals(total, inner))
    rounded = Quantize(product, Fixed(False, bits + 1, bits), Rounding.HALF_UP)
    return Reshape(rounded, x.shape)


def _tabulate_exponentials(x: Op, bits: int) -> Op:
    """Return a table op that computes ``exp(x)`` for ``x <= 0``, rounded to ``bits`` fraction bits."""
    levels = np.arange(1, (1 << bits) + 1)
    reached = np.ceil(np.log((levels - 0.5) / (1 << bits)) * 2.0**x.type.frac)
    lowest = x.range.hull[0]
    codes = [int(code) for code in reached]
    last = {code: level for code, level in zip(codes, levels.tolist(), strict=True) if code <= 0}
    steps = sorted(code for code in last if code > lowest) or [1]
    floor = max((level for code, level in last.items() if code <= lowest), default=0)
    values = [floor, *(last.get(code, floor) for code in steps)]
    return _make_table(x, steps, values, bits)


def _tabulate_reciprocals(x: Op, bits: int) -> Op:
    """Return a table op that computes ``1 / x`` for ``x >= 1``, rounded to ``bits`` fraction bits."""
    lo, hi = x.range.hull
    twice = 2 << bits + x.type.frac
    first, last = ((twice // code + 1) // 2 for code in (lo, hi))
    if first == last:
        return _make_table(x, [hi + 1], [first] * 2, bits)
    # Codes outnumber levels by far, so the first code that is rounded to less than a level is computed from the level.
    below = np.arange(first, last, -1)
    steps = twice // (2 * below - 1) + 1
    reached = np.append(steps[1:] != steps[:-1], True)  # of levels with one first code, the lowest
    return _make_table(x, steps[reached].tolist(), [first, *(below[reached] - 1).tolist()], bits)


def _make_table(x: Op, steps: list[int], values: list[int], bits: int) -> Op:
    thresholds = Const(Codes(np.array(steps)), x.type.frac, name="thresholds")
    return Threshold(x, thresholds, Const(Codes(np.array(values)), bits, name="values"))
