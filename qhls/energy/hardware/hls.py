"""Counts of the operations that an HLS tool builds for a project with hls4ml's latency strategy, as in its reports.

* A product by a constant of two signed digits is an addition, by one of more digits a product. Products of one
  input are shared by all outputs that need the same constant. ``0 - x`` is an operation.
* A sum of n numbers takes n - 1 additions in a balanced tree of numbers sorted by width.
* A quantizer is comparisons, choices and gates; rounding to even adds, and compares the dropped bits.
* Layers after a convolution process one position after another, and a FIFO stores each of their results.
* Reuse factor, interval and folds change nothing: the latency strategy limits multipliers, but its additions are not
  shared.
* Memories and other ops are counted as for other tables.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from qhls.energy.hardware.results import Selection, cut_results, find_built
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Op,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
)
from qhls.plan import Plan, Process, Schedule, plan
from qhls.plan.hardware.primitives import Primitive, PrimitiveCounts, count_primitives
from qhls.plan.streams.network import StreamPlan

WIDE, NARROW = 10, 5
"""The widths in bits that decide on DSPs: a product has one if an operand exceeds ``WIDE`` and both reach ``NARROW``.

This rule holds for all 2,663 products in published reports of Vivado HLS 2019.2 and Vitis HLS 2024.1.
"""

_Term = tuple[int, bool]
"""The width of a number in bits, and whether it is signed."""

_RENAMED = {
    **{"add": "add", "accumulate": "add", "round": "add", "choice": "select"},
    **{"compare": "compare", "compare_constant": "compare_constant", "scale": "add"},
}
"""The HLS operation for each kind of primitive; a scale by a constant of two digits is an addition."""


def list_operations(
    network: Plan | StreamPlan, results: Fixed | None
) -> Iterator[tuple[Op, PrimitiveCounts]]:
    """Yield each op and the counts of its HLS operations; ``results``: the type of sums, which are exact if None."""
    graph = network.graph if results is None else cut_results(network.graph, results)
    network = plan(graph, Schedule(part=network.schedule.part))  # no multiplier is shared
    built, lanes = find_built(graph), _count_lanes(graph)
    streams = any(lanes[op] < op.size for op in graph.ops if not isinstance(op, Input | Const))
    for op, hardware in ((each.op, each.unit) for each in network.walk()):
        counts = PrimitiveCounts()
        mask = built.get(op)
        if isinstance(hardware, Process) and mask is None:  # of a nested graph
            counts += _rename(count_primitives(hardware))
        elif isinstance(hardware, Process) and mask is not None and mask.any():
            counts += _count_op(op, hardware, mask, lanes[op], results)
            if streams and _is_stored(graph, op):
                counts[_make("fifo", op.type.width, op.size // lanes[op])] += lanes[op]
        yield op, counts


def _is_stored(graph: Graph, op: Op) -> bool:
    """Return whether a FIFO stores the result of ``op``, because an op of another layer reads it."""
    users = graph.users[op]
    return any(user.layer != op.layer for user in users)


def _count_lanes(graph: Graph) -> dict[Op, int]:
    """Return the number of elements of each tensor that are processed in parallel: the channels of one position."""
    lanes: dict[Op, int] = {}
    for op in graph.ops:
        sources = [o for o in op.operands if not isinstance(o, Const)]
        moved = isinstance(op, Reshape) or not isinstance(op, Matmul | Conv)
        if moved and sources and sources[0].size == op.size:
            lanes[op] = lanes[sources[0]]
        elif len(op.shape) > 1:
            lanes[op] = op.shape[-1]
        else:
            lanes[op] = op.size
    return lanes


def _count_op(
    op: Op, hardware: Process, mask: Selection, lanes: int, results: Fixed | None
) -> PrimitiveCounts:
    elements = math.ceil(int(mask.sum()) * lanes / op.size)
    if isinstance(op, Matmul | Conv) and _is_wired(op, hardware):
        return _count_sums(op, mask, results)
    if isinstance(op, Quantize):
        return _multiply(_count_quantizer(op), elements)
    if isinstance(op, Pool):
        return _multiply(_count_pool(op), elements)
    if isinstance(op, Max) and any(_is_zero(o) for o in op.operands):
        bits = max(o.type.width for o in op.operands)
        one = PrimitiveCounts({_make("compare_constant", bits): 1, _make("select", bits - 1): 1})
        return _multiply(one, elements)
    if isinstance(op, Add) and any(isinstance(o, Const) for o in op.operands):
        return PrimitiveCounts({_make_sum(op.type.width, results): _count_added(op, mask, lanes)})
    share = min(lanes / max(hardware.lanes, 1), 1.0)
    counts = _rename(count_primitives(hardware))
    return PrimitiveCounts({p: math.ceil(n * share) for p, n in counts.items()})


def _is_wired(op: Matmul | Conv, hardware: Process) -> bool:
    """Return whether a product is ungrouped, has no fold, and reads each weight as a constant in the logic.

    Ports of a memory do not matter, because streams have none.
    """
    grouped = isinstance(op, Conv) and op.groups > 1
    return not grouped and hardware.fold is None and hardware.read(op.w).buffer.place == "wired"


def _is_zero(op: Op) -> bool:
    return isinstance(op, Const) and op.range.hull == (0, 0)


def _count_added(op: Add, mask: Selection, lanes: int) -> int:
    """Return the number of adders for a bias: one per non-zero element, of those processed in parallel."""
    bias = next(o for o in op.operands if isinstance(o, Const))
    added = mask & np.broadcast_to(bias.codes.to_integers() != 0, op.shape)
    return math.ceil(int(added.sum()) * lanes / op.size)


# -- sums of products with constants ----------------------------------------------------------------


def _count_sums(op: Matmul | Conv, mask: Selection, results: Fixed | None) -> PrimitiveCounts:
    """Return a product's operations for one row or position: multiplications that outputs share, then adder trees."""
    weights = op.w.codes.to_integers().reshape(-1, op.shape[-1])
    weights = weights[:, mask.reshape(-1, op.shape[-1]).any(0)]
    lo, hi = op.x.range.hull
    signed = op.x.type.signed
    bits = op.x.type.width
    dropped = max(op.type.frac - results.frac, 0) if results else 0
    widest = results.width if results else op.type.width
    counts = PrimitiveCounts()
    counts.update(_count_products(weights, bits))
    ends: dict[int, _Term] = {}
    for constant in set(weights.ravel().tolist()) - {0}:
        low, high = sorted((lo * constant >> dropped, hi * constant >> dropped))
        held = Fixed.from_range(low, high, 0)
        ends[constant] = (min(held.width, widest), held.signed or signed)
    widths = Counter[int]()
    for column in weights.T.tolist():
        widths.update(_add_tree([ends[c] for c in column if c], widest))
    counts.update({_make_sum(width, results): n for width, n in widths.items()})
    return counts


def _count_products(weights: Any, bits: int) -> PrimitiveCounts:
    """Return the operations that multiply each input of ``bits`` bits by the distinct constants in its weight row."""
    uses, negated = Counter[int](), Counter[int]()
    for row in weights.tolist():
        constants = set(row) - {0}
        uses.update(constants)
        negated.update({_list_digits(c)[-1][0] for c in constants if _is_negated(c)})
    counts = PrimitiveCounts()
    for constant, count in uses.items():
        digits = _list_digits(constant)
        if len(digits) > 2:
            product = _make_product(bits, _count_bits(constant), len(digits))
            counts.update(_multiply(product, count))
        elif len(digits) == 2:
            extra = 2 if _is_negated(constant) else 1
            counts[_make("add", bits + digits[-1][0] + extra)] += count
    for power, count in negated.items():
        counts[_make("negate", bits + power + 1)] += count
    return counts


def _is_negated(constant: int) -> bool:
    """Return whether ``constant`` has at most two signed digits, all negative, so that its product needs a negation."""
    digits = _list_digits(constant)
    return len(digits) <= 2 and all(sign < 0 for _, sign in digits)


@lru_cache(maxsize=1 << 16)
def _list_digits(constant: int) -> tuple[tuple[int, int], ...]:
    """Return the non-zero signed digits of ``constant``, (power, sign), in canonical form."""
    digits: list[tuple[int, int]] = []
    power = 0
    while constant:
        if constant & 1:
            sign = 2 - (constant & 3)
            digits.append((power, sign))
            constant -= sign
        constant >>= 1
        power += 1
    return tuple(digits)


def _count_bits(constant: int) -> int:
    """Return the width in bits of a constant operand, with a sign bit only if it is negative."""
    return constant.bit_length() + (1 if constant < 0 else 0)


def _make_product(a: int, b: int, digits: int = 0) -> PrimitiveCounts:
    """Return the operations of a product of ``a`` and ``b`` bits; ``digits``: their number in a constant b, else 0."""
    if max(a, b) <= WIDE:
        return PrimitiveCounts({_make("product", a, b, digits or b): 1})
    counts = PrimitiveCounts({_make("product_glue"): 1})
    if min(a, b) >= NARROW:
        counts[_make("product_dsp", a, b)] = 1
    return counts


def _add_tree(terms: Sequence[_Term], widest: int) -> Iterator[int]:
    """Yield the width of each addition in a balanced adder tree of ``terms``, widest first, at most ``widest`` bits."""
    level = sorted(terms, reverse=True)
    while len(level) > 1:
        above = [_add_pair(a, b, widest) for a, b in zip(level[::2], level[1::2], strict=False)]
        yield from (bits for bits, _ in above)
        level = above + level[len(above) * 2 :]


def _add_pair(a: _Term, b: _Term, widest: int) -> _Term:
    signed = a[1] or b[1]
    bits = max(width + (signed and not sign) for width, sign in (a, b)) + 1
    return min(bits, widest), signed


def _make_sum(bits: int, results: Fixed | None) -> Primitive:
    return _make("sum", bits, max(results.width - bits, 0) if results else 0)


# -- other ops --------------------------------------------------------------------------------------


def _count_quantizer(op: Quantize) -> PrimitiveCounts:
    """Return the operations that quantize one element: for its sign, rounding and saturation, where types need them."""
    counts = PrimitiveCounts()
    source, to = op.x.type, op.to
    dropped = max(source.frac - to.frac, 0)
    above = source.width - dropped - to.width
    saturates = op.overflow is not Overflow.WRAP
    if saturates and source.signed and not to.signed:
        counts.update({_make("compare_constant", source.width): 1, _make("select", to.width): 1})
    if dropped and op.rounding is not Rounding.FLOOR:
        counts.update({_make("add", to.width): 1, _make("gate"): 2})
        if op.rounding is Rounding.HALF_EVEN and dropped > 2:
            counts.update({_make("compare_constant", dropped - 1): 1})
    if saturates and above > 0:
        counts.update({_make("compare_constant", above): 2, _make("select", to.width): 1})
        counts.update({_make("select", 1): 1, _make("gate"): 2})
    return counts


def _count_pool(op: Pool) -> PrimitiveCounts:
    """Return the operations that pool one channel; a window of the whole input takes one position after another."""
    height, width = op.window
    steps = 1 if op.window == op.x.shape[:2] else height * width - 1
    if op.reduction == "sum":
        return PrimitiveCounts({_make("add", op.type.width): steps})
    bits = op.type.width
    return PrimitiveCounts({_make("compare", bits): steps, _make("select", bits): steps})


def _rename(counts: PrimitiveCounts) -> PrimitiveCounts:
    """Return primitives converted to HLS operations, without storage, which reports list separately."""
    operations = PrimitiveCounts()
    for primitive, count in counts.items():
        operations += _multiply(_find_operations(primitive), count)
    return operations


def _find_operations(primitive: Primitive) -> PrimitiveCounts:
    kind, (first, last) = primitive.kind, (*primitive.sizes, 1, 1)[:2]
    operations: dict[Primitive, int] = {}
    if kind == "multiply" or (kind == "scale" and last > 2):
        return _make_product(first, *((last,) if kind == "multiply" else (NARROW, last)))
    if kind in _RENAMED:
        operations = {_make(_RENAMED[kind], first): 1}
    elif kind == "gate":
        operations = {_make("gate"): 1}
    elif kind in ("maximum", "relu"):
        compared = "compare" if kind == "maximum" else "compare_constant"
        operations = {_make(compared, first): 1, _make("select", first): 1}
    elif kind == "saturate":
        operations = {_make("compare_constant", first): 2, _make("select", last): 2}
    elif kind == "select":
        operations = {_make("select", first): max(last - 1, 1)}
    elif kind == "lookup":
        operations = {_make("table", last, first): 1}
    elif kind == "rom":
        operations = {_make("table", first, last): 1}
    return PrimitiveCounts(operations)


def _make(kind: str, *sizes: int) -> Primitive:
    return Primitive(kind, sizes)


def _multiply(counts: PrimitiveCounts, times: int) -> PrimitiveCounts:
    return PrimitiveCounts({primitive: n * times for primitive, n in counts.items()})
