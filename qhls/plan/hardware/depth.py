"""Pipeline depth of an op: the clock cycles that the logic levels of one trip take."""

from __future__ import annotations

import math

from qhls.ir.elementwise import Mul
from qhls.ir.op import Op
from qhls.ir.ops import Conv, Matmul, Pool
from qhls.plan.hardware.counting import count_events
from qhls.plan.hardware.events import MULTIPLICATIONS

LOGIC_LEVEL_NS = 1.0
"""Delay in nanoseconds of one logic level, such as an adder, and of the wires to it.

With it the jet tagger 16-64-32-32-5 in 6 bits takes 11 cycles at 5 ns: four products of 2 cycles with their biases, and
three activations of 1, which are separate functions. That is the published figure: C. N. Coelho et al., Nature Machine
Intelligence 3 (2021), Q6 on a VU9P, 55 ns. The same network has 9 cycles there in 16 bits, and 11 and 14 in two mixed
quantisations.
"""


def estimate_depth(levels: int, clock_period: float) -> int:
    """Return the number of clock cycles that ``levels`` consecutive logic levels take."""
    return max(math.ceil(levels * LOGIC_LEVEL_NS / clock_period), 1)


def estimate_added_depth(levels: int, more: int, clock_period: float) -> int:
    """Return the number of cycles that ``more`` logic levels add behind ``levels`` others."""
    return estimate_depth(levels + more, clock_period) - estimate_depth(levels, clock_period)


def count_logic_levels(op: Op, product: Op | None = None) -> int:
    """Return the number of logic levels from an op's operands to its result: consecutive additions and choices.

    ``product``: the op whose sum begins with the bias that ``op`` adds; only the levels of one more term count.
    """
    if product is not None:
        terms = product.operands[1].size // product.shape[-1]
        return _count_tree_levels(terms + 1) - _count_tree_levels(terms)
    return _count_levels(op)


def _count_levels(op: Op) -> int:
    work = count_events(op)
    if isinstance(op, Matmul | Conv):
        terms = op.w.size // op.shape[-1]
        digits = max((e.bits[1] for e in work if e.kind == "scale"), default=1)
        # The digits of a product and the products of a sum are added as trees.
        return _count_tree_levels(digits) + _count_tree_levels(terms)
    if isinstance(op, Pool):
        return _count_tree_levels(op.window[0] * op.window[1])
    kinds = {event.kind for event in work} - {"nothing"}
    if isinstance(op, Mul) and "scale" in kinds:
        return _count_tree_levels(max(e.bits[1] for e in work if e.kind == "scale"))
    if "lookup" in kinds:
        compares = sum(n for event, n in work.items() if event.kind == "compare") // op.size
        searched = sum(n for event, n in work.items() if event.kind == "lookup") > op.size
        return 2 * compares + 1 if searched else 2
    if "round" in kinds:
        return 2
    return 3 if kinds & set(MULTIPLICATIONS) else len(kinds)


def _count_tree_levels(terms: int) -> int:
    return math.ceil(math.log2(max(terms, 1)))
