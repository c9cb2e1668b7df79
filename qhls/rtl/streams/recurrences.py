"""Recurrences in Verilog: the netlist of one time step, and the products in it that share multipliers.

Such a product is a separate design within the state machine. The rest of the step is one netlist, which has the
operands of these products as further outputs and their results as further inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qhls.backends.names import Names
from qhls.ir.graph import Graph
from qhls.ir.op import Op
from qhls.ir.ops import Const, Conv, Input, Matmul
from qhls.ir.scan import Scan
from qhls.ir.types import Fixed
from qhls.plan.fold import choose_fold
from qhls.plan.process import Process
from qhls.plan.schedule import LIMIT_UNITS, Schedule
from qhls.rtl.builder import BIT, Builder
from qhls.rtl.netlist import Netlist
from qhls.rtl.streams.counters import Counter
from qhls.rtl.streams.steps import choose_wires, make_input, make_operand, make_port
from qhls.rtl.wires import Wires

if TYPE_CHECKING:
    from qhls.rtl.streams.design import StreamVerilog


@dataclass(frozen=True, eq=False)
class SharedProduct:
    """A product ``op`` of a recurrence's step that shares multipliers, as a ``design`` with whole tensors as tokens.

    ``level``: the most such products on a path to its operand.
    """

    op: Matmul | Conv
    design: StreamVerilog
    level: int


def make_shared_products(
    scan: Scan, hardware: Process, schedule: Schedule, names: Names
) -> tuple[SharedProduct, ...]:
    """Return the products of the step that share multipliers by the plan of the step, in topological order.

    ``names``: the names of modules that are taken.
    """
    from qhls.rtl.streams.design import StreamVerilog

    plan = hardware.body
    folded = {each.op: each.fold for each in plan.processes if each.fold} if plan else {}
    levels: dict[Op, int] = {}
    products: list[SharedProduct] = []
    for op in scan.body.ops:
        level = max((levels[operand] for operand in op.operands), default=0)
        fold = folded.get(op)
        levels[op] = level + (fold is not None)
        if fold is None:
            continue
        assert isinstance(op, Matmul | Conv)
        unlimited = dict.fromkeys((*LIMIT_UNITS, "fit", "interval", "throughput"))
        alone = replace(schedule, io="array", folding=(), **unlimited)
        if choose_fold(op, alone) != fold:
            alone = replace(alone, reuse_factor=1, folding={op.layer: (fold.simd, fold.pe)})
        lo, hi = op.x.range.hull
        x = Input(op.x.shape, op.x.type, range(lo, hi + 1), name=op.x.name, layer=op.layer)
        graph = Graph((x,), (op.with_operands({op.x: x, op.w: op.w}),), f"{scan.name}_{op.name}")
        products.append(SharedProduct(op, StreamVerilog.of(graph, alone, names), level))
    return tuple(products)


def count_turn(netlist: Netlist, products: Sequence[SharedProduct]) -> int:
    """Return the cycles of a time step: the netlist settles once, and once before each level of shared products.

    One cycle stores the states, one asks the products of a level.
    """
    slowest: dict[int, int] = {}
    for product in products:
        cycles = product.design.plan.latency
        slowest[product.level] = max(slowest.get(product.level, 0), cycles)
    settled = netlist.latency + 1
    return settled + sum(settled + 1 + cycles for cycles in slowest.values())


def advance(scan: Scan, to: Fixed, products: Sequence[SharedProduct]) -> Netlist:
    """Return the netlist of one time step without ``products``; in the first one, the states are ``scan.start``."""
    builder = Builder(scan.name)
    first, first_port = make_input(builder, "first", BIT, (0, 1), ())
    x = scan.x
    row, row_port = make_input(builder, x.name, x.type, x.range.hull, x.shape[1:])
    states = [make_operand(builder, op) for op in scan.carried]
    starts = {op: make_operand(builder, op) for op in scan.start if not isinstance(op, Const)}
    given = {product.op: make_operand(builder, product.op) for product in products}
    begun = scan.begin(
        row,
        [
            Wires.of(builder, op.codes) if isinstance(op, Const) else starts[op][0]
            for op in scan.start
        ],
    )
    (bit,) = first.ids.ravel().tolist()
    carried = [choose_wires(bit, a, b) for a, (b, _) in zip(begun, states, strict=True)]
    results: dict[Op, Wires] = {op: wires for op, (wires, _) in given.items()}
    operands = [product.op.x for product in products]
    result, leaving, asked = scan.advance_around(row, carried, results, operands)
    outputs = [make_port(scan.name, to, result)]
    outputs += [make_port(op.name, op.type, w) for op, w in zip(scan.carried, leaving, strict=True)]
    outputs += [make_port(op.name, op.type, w) for op, w in zip(operands, asked, strict=True)]
    builder.label([], scan.name, [])
    ports = [port for group in (starts, given) for _, port in group.values()]
    return builder.finish([first_port, row_port, *(p for _, p in states), *ports], outputs)


@dataclass(frozen=True)
class PlacedProduct:
    """A shared product in its module: ``top`` is its design, whose ports have the signals ``asks`` and ``gives``.

    ``level``: the number of levels of products before it. ``operand``: the Verilog part-select of its operand.
    ``parts``: the Verilog list of the elements of the port's result, the last first, each cut to the op's width.
    ``given``: the width of the port's result in bits; ``bits``: that of the cut result.
    """

    number: int
    level: int
    top: str
    asks: dict[str, str]
    gives: dict[str, str]
    operand: str
    parts: str
    given: int
    bits: int


def place_products(products: Sequence[SharedProduct], start: int) -> list[PlacedProduct]:
    """Return the products of a module, whose operands lie from bit ``start`` on in the vector ``made``."""
    placed: list[PlacedProduct] = []
    for number, product in enumerate(products):
        op, design = product.op, product.design
        (taken,), (given,) = design.plan.inputs, design.plan.outputs
        end = start + taken.bits
        wide, width = given.tensor.type.width, op.type.width
        lows = (element * wide for element in reversed(range(op.size)))
        parts = ", ".join(f"given{number}[{low + width - 1}:{low}]" for low in lows)
        signals = design.signals[taken.name], design.signals[given.name]
        operand, start = f"made[{end - 1}:{start}]", end
        sizes = given.bits, op.size * width
        placed.append(
            PlacedProduct(number, product.level, design.top, *signals, operand, parts, *sizes)
        )
    return placed


@dataclass(frozen=True)
class Turn:
    """A time step of a recurrence: the widths in bits of its ``result`` and of the ``states`` that it carries.

    ``steps`` counts the time steps, ``levels`` the levels of products that share multipliers in each; its last value is
    the end of the step.
    """

    result: int
    states: int
    steps: Counter
    levels: Counter
    products: list[PlacedProduct]

    @classmethod
    def of(cls, scan: Scan, netlist: Netlist, products: Sequence[SharedProduct]) -> Turn:
        """Return a time step of ``scan``, which ``netlist`` computes without ``products``."""
        port = netlist.outputs[0]
        result = port.type.width * len(port.cells)
        states = sum(op.type.width * op.size for op in scan.carried)
        last = max((product.level for product in products), default=-1) + 2
        counters = Counter("turns", scan.steps), Counter("level", last)
        return cls(result, states, *counters, place_products(products, result + states))
