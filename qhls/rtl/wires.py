"""``Wires``: tensors of netlist cells, on which an op's ``evaluate`` runs as on integers and intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array, Codes
from qhls.ir.interpret import evaluate
from qhls.ir.op import Op
from qhls.ir.ops import Input
from qhls.ir.types import Fixed, Rounding
from qhls.rtl.adders import multiply_vector
from qhls.rtl.builder import MOST_CELLS, Builder
from qhls.rtl.netlist import Netlist, Port
from qhls.rtl.pipeline import pipeline
from qhls.rtl.steps import build_steps
from qhls.rtl.ternary.join import join_adders


def build_netlist(
    graph: Graph,
    taps: Sequence[Op] = (),
    clock_period: float | None = None,
    family: str | None = None,
    ternary: bool = False,
) -> Netlist:
    """Return the netlist of ``graph``; the results of the ops ``taps`` are further outputs.

    ``clock_period``: nanoseconds of a pipeline's clock; None for a netlist without registers. ``family``: the FPGA
    family whose delays count. ``ternary``: whether adders have three operands where that saves look-up tables.

    Raises ``EmitError`` for a graph that is too large to have an adder per weight.
    """
    _check_size(graph)
    builder = Builder(graph.name)
    inputs = [_make_input(builder, op) for op in graph.inputs]
    values = evaluate(graph, inputs, [*graph.outputs, *taps], partial(Wires.of, builder))
    ports = [
        Port(op.name, op.type, op.shape, tuple(wires.ids.ravel().tolist()))
        for op, wires in zip(graph.inputs, inputs, strict=True)
    ]
    outputs = [
        Port(op.name, op.type, op.shape, tuple(values[op].ids.ravel().tolist()))
        for op in (*graph.outputs, *taps)
    ]
    netlist = builder.finish(ports, outputs)
    if ternary:
        netlist = join_adders(netlist)
    return netlist if clock_period is None else pipeline(netlist, clock_period, family)


def _check_size(graph: Graph) -> None:
    elements = sum(op.size * times for op, times in graph.walk() if op.batched)
    if elements > MOST_CELLS:
        raise EmitError(
            f"design {graph.name!r}: expected at most {MOST_CELLS:,} elements of tensors for Verilog, got "
            f"{elements:,}. Every element has its own logic there: use a smaller model."
        )


def _make_input(builder: Builder, op: Input) -> Wires:
    ids = [builder.make_input(*op.range.hull) for _ in range(op.size)]
    return Wires(builder, np.array(ids, np.int64).reshape(1, *op.shape)).settle(op.name, 0)


class Wires:
    """A tensor of netlist cells with the operations of ``Codes``; ``ids``: the indices of the cells in ``builder``."""

    def __init__(self, builder: Builder, ids: Array) -> None:
        self.builder = builder
        self.ids = ids

    @classmethod
    def of(cls, builder: Builder, codes: Codes) -> Wires:
        """Return the wires of the constants ``codes``."""
        numbers = codes.to_integers()
        ids = [builder.make_const(int(code)) for code in numbers.ravel().tolist()]
        return cls(builder, np.array(ids, np.int64).reshape(numbers.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape, with a batch axis of length 1 unless constant."""
        return self.ids.shape

    def make_constant(self, codes: Codes) -> Wires:
        """Return the wires of the constants ``codes`` in the same builder."""
        return Wires.of(self.builder, codes)

    def get_codes(self) -> Array:
        """Return the codes of these wires, which must be constants, as an array of Python ints."""
        codes = [self.builder.cells[cell].setting for cell in self.ids.ravel().tolist()]
        return np.array([*codes, None], object)[:-1].reshape(self.shape)

    def settle(self, name: str, bound: int) -> Wires:
        """Return the same wires, labelled as the result of the op ``name``."""
        shape = self.shape[1:]
        places = ("".join(f"_{i}" for i in index) for index in np.ndindex(*shape))
        self.builder.label(self.ids.ravel().tolist(), name, places)
        return self

    def _map_cells(self, rule: Callable[[int], int]) -> Wires:
        cells = [rule(cell) for cell in self.ids.ravel().tolist()]
        return Wires(self.builder, np.array(cells, np.int64).reshape(self.shape))

    def _map_pairs(self, other: Wires, rule: Callable[[int, int], int]) -> Wires:
        a, b = np.broadcast_arrays(self.ids, other.ids)
        cells = [rule(x, y) for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)]
        return Wires(self.builder, np.array(cells, np.int64).reshape(a.shape))

    # Arithmetic

    def __add__(self, other: Wires) -> Wires:
        return self._map_pairs(other, self.builder.add)

    def __sub__(self, other: Wires) -> Wires:
        return self._map_pairs(other, self.builder.subtract)

    def __mul__(self, other: Wires) -> Wires:
        return self._map_pairs(other, self.builder.multiply)

    def __lshift__(self, bits: int) -> Wires:
        return self._map_cells(lambda cell: self.builder.shift(cell, bits))

    def __matmul__(self, other: Wires) -> Wires:
        """Return the matrix product with ``other``; the products with constants share terms."""
        lead = np.broadcast_shapes(self.shape[:-2], other.shape[:-2])
        x = np.broadcast_to(self.ids, (*lead, *self.shape[-2:]))
        ids = np.empty((*x.shape[:-1], other.shape[-1]), np.int64)
        is_known = all(
            self.builder.get_code(cell) is not None for cell in other.ids.ravel().tolist()
        )
        weights, rule = (
            (other.get_codes(), multiply_vector) if is_known else (other.ids, _multiply_scalars)
        )
        matrices = np.broadcast_to(weights, (*lead, *weights.shape[-2:]))
        for place in np.ndindex(*x.shape[:-1]):
            columns = tuple(map(tuple, matrices[place[:-1]].T.tolist()))
            ids[place] = rule(self.builder, x[place].tolist(), columns)
        return Wires(self.builder, ids)

    def round_shift(self, bits: int, rounding: Rounding) -> Wires:
        """Divide by ``2**bits``, rounding; a negative ``bits`` multiplies."""
        if bits <= 0:
            return self << -bits
        return self._map_cells(lambda cell: self._round(cell, bits, rounding))

    def _round(self, cell: int, bits: int, rounding: Rounding) -> int:
        """Return the cell of ``cell / 2**bits``, rounded: the floor plus a rounding bit.

        That is the highest dropped bit; half to even also requires that another dropped bit is 1 or the floor is odd.
        """
        build = self.builder
        floor = build.shift(cell, -bits)
        if rounding is Rounding.FLOOR:
            return floor
        up = build.wrap(build.shift(cell, 1 - bits), Fixed(False, 1, 0))
        if rounding is Rounding.HALF_EVEN:
            odd = build.wrap(floor, Fixed(False, 1, 0))
            rest = build.wrap(cell, Fixed(False, bits - 1, 0)) if bits > 1 else build.make_const(0)
            up = build.make_and(up, build.make_or(build.make_any(rest), odd))
        return build.add(floor, up)

    def clip(self, lo: int, hi: int) -> Wires:
        """Saturate to ``[lo, hi]``."""
        low, high = (Wires.of(self.builder, Codes(np.array(end, object))) for end in (lo, hi))
        return self.maximum(low).minimum(high)

    def narrow(self, lo: int, hi: int) -> Wires:
        """Return the same wires, whose codes are known to be at least ``lo`` and at most ``hi``."""
        return self._map_cells(lambda cell: self.builder.narrow(cell, lo, hi))

    def wrap(self, to: Fixed) -> Wires:
        """Return the low bits as codes of the type ``to``."""
        return self._map_cells(lambda cell: self.builder.wrap(cell, to))

    def maximum(self, other: Wires) -> Wires:
        """Return the elementwise maximum."""
        return self._map_pairs(other, self._choose_larger)

    def _choose_larger(self, a: int, b: int) -> int:
        build = self.builder
        ends = max(build.get_lo(a), build.get_lo(b)), max(build.get_hi(a), build.get_hi(b))
        return build.make_mux(build.make_less(a, b), b, a, ends)

    def minimum(self, other: Wires) -> Wires:
        """Return the elementwise minimum."""
        return self._map_pairs(other, self._choose_smaller)

    def _choose_smaller(self, a: int, b: int) -> int:
        build = self.builder
        ends = min(build.get_lo(a), build.get_lo(b)), min(build.get_hi(a), build.get_hi(b))
        return build.make_mux(build.make_less(b, a), b, a, ends)

    def step(self, thresholds: Wires, values: Wires) -> Wires:
        """Return ``values[number of thresholds <= x]`` for every element ``x``."""
        steps, levels = thresholds.get_codes().tolist(), values.get_codes().tolist()
        return self._map_cells(lambda cell: build_steps(self.builder, cell, steps, levels))

    def take_rows(self, table: Wires) -> Wires:
        """Return the rows of the constant ``table`` that these wires select as indices."""
        rows = table.get_codes()
        columns = rows.reshape(len(rows), -1).T.tolist()
        cells = [
            self.builder.make_table(
                cell, column[self.builder.get_lo(cell) : self.builder.get_hi(cell) + 1]
            )
            for cell in self.ids.ravel().tolist()
            for column in columns
        ]
        return Wires(self.builder, np.array(cells, np.int64).reshape(*self.shape, *rows.shape[1:]))

    def argmax(self) -> Wires:
        """Return the index of the largest element along the last axis, which keeps length 1.

        Of equal elements, the first counts.
        """
        lines = self.ids.reshape(-1, self.shape[-1]).tolist()
        places = [self._place_of_largest(line) for line in lines]
        return Wires(self.builder, np.array(places, np.int64).reshape(*self.shape[:-1], 1))

    def _place_of_largest(self, line: list[int]) -> int:
        """Return the cell of the largest element's index, found by a binary tree; the first of equal elements."""
        build = self.builder
        pairs = [(cell, build.make_const(place)) for place, cell in enumerate(line)]
        while len(pairs) > 1:
            halved = [
                (self._choose_larger(a, b), build.make_mux(build.make_less(a, b), second, first))
                for (a, first), (b, second) in zip(pairs[::2], pairs[1::2], strict=False)
            ]
            pairs = halved + pairs[2 * len(halved) :]
        return pairs[0][1]

    # Moving elements creates no cells.

    @property
    def rows(self) -> Iterator[Wires]:
        """Return an iterator over the wires along the first axis."""
        return (Wires(self.builder, row) for row in self.ids)

    def map(self, f: Callable[[Array], Array]) -> Wires:
        """Apply ``f``, which must only move, repeat, select or drop elements."""
        return Wires(self.builder, f(self.ids))

    @staticmethod
    def join(parts: Sequence[Wires], f: Callable[[list[Array]], Array]) -> Wires:
        """Apply ``f``, which must only move elements, to several tensors."""
        return Wires(parts[0].builder, f([part.ids for part in parts]))


def _multiply_scalars(
    builder: Builder, inputs: Sequence[int], columns: tuple[tuple[int, ...], ...]
) -> list[int]:
    """Build the products of ``inputs`` with the columns of a matrix of cells; return their cells."""
    return [
        builder.sum_terms(
            (builder.multiply(x, w), 1, 0) for x, w in zip(inputs, column, strict=True)
        )
        for column in columns
    ]
