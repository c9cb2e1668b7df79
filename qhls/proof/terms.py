"""``Terms``: the world of a proof's specification, in which an op's ``evaluate`` builds polynomials over unknowns.

It shares nothing with the world that makes netlists: no adder graph, no form of a step function, no width.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from qhls.ir.graph import Graph
from qhls.ir.integers import Array, Codes
from qhls.ir.interpret import evaluate
from qhls.ir.types import Fixed, Rounding
from qhls.proof.polynomials import NormalForm, Range, Unknown

SUM = "sum"
"""Name of the rule whose result is a polynomial of other unknowns, such as the sum of a matrix product."""


class Specification:
    """Unknowns of a graph, in topological order, and the outputs of the graph as polynomials over them."""

    def __init__(self) -> None:
        self.unknowns: list[Unknown] = []
        self.inputs: list[list[int]] = []
        self.outputs: list[list[NormalForm]] = []
        self._places: dict[Any, int] = {}
        self._op = 0
        self._first = 0

    @classmethod
    def of(cls, graph: Graph) -> Specification:
        """Return the specification of ``graph``."""
        spec = cls()
        inputs = [spec.make_input(op.name, op.range.hull, op.shape) for op in graph.inputs]
        values = evaluate(graph, inputs, graph.outputs, partial(Terms.of, spec))
        spec.outputs = [values[op].ids.ravel().tolist() for op in graph.outputs]
        return spec

    def make_input(self, name: str, ends: Range, shape: tuple[int, ...]) -> Terms:
        """Create one unknown per element of the input ``name``, and return the tensor of these unknowns."""
        ids = np.empty((1, *shape), object)
        numbers: list[int] = []
        for place in np.ndindex(*shape):
            label = "".join(f"_{i}" for i in place)
            number = len(self.unknowns)
            self.unknowns.append(Unknown(number, name, label, (-1, 0), *ends))
            numbers.append(number)
            ids[(0, *place)] = NormalForm.make_unknown(number)
        self.inputs.append(numbers)
        return Terms(self, ids)

    def get_range(self, number: int) -> Range:
        """Return the lowest and the highest value of an unknown."""
        unknown = self.unknowns[number]
        return unknown.lo, unknown.hi

    def find_ends(self, polynomial: NormalForm) -> Range:
        """Return bounds on the value of a polynomial."""
        return polynomial.find_range(self.get_range)

    def make(
        self, rule: str, args: Sequence[NormalForm], ends: Range, setting: Any = None
    ) -> NormalForm:
        """Return the result of ``rule`` on ``args``: one unknown for equal calls, or a constant if both ends agree."""
        if ends[0] == ends[1]:
            return NormalForm.make_constant(ends[0])
        key = rule, tuple(args), setting
        number = self._places.get(key)
        if number is None:
            number = self._places[key] = len(self.unknowns)
            read = {n for arg in args for n in arg.list_unknowns()}
            within = (self.unknowns[n].group for n in read)
            level = max((step for op, step in within if op == self._op), default=0) + 1
            group = (self._op, level)
            self.unknowns.append(Unknown(number, "", "", group, *ends, rule, tuple(args), setting))
        return NormalForm.make_unknown(number)

    def settle(self, name: str, results: Array) -> Array:
        """Return the results of the op ``name``, each sum replaced by an unknown, and name new unknowns after it."""
        settled = np.empty(results.shape, object)
        labels: dict[int, str] = {}
        for place in np.ndindex(*results.shape):
            settled[place] = form = self._settle(cast(NormalForm, results[place]))
            for number in form.list_unknowns():
                labels.setdefault(number, "".join(f"_{i}" for i in place[1:]))
        for number in range(self._first, len(self.unknowns)):
            unknown = self.unknowns[number]
            if not unknown.op and unknown.rule != "input":
                changes = {"op": name, "place": labels.get(number, "")}
                self.unknowns[number] = Unknown(**{**vars(unknown), **changes})
        self._first = len(self.unknowns)
        self._op += 1
        return settled

    def _settle(self, result: NormalForm) -> NormalForm:
        twos = result.twos
        rest = result.halve(twos)
        assert rest is not None
        if rest.code is not None or rest.single is not None:
            return result
        return self.make(SUM, [rest], self.find_ends(rest)).scale(1 << twos)


class Terms:
    """Tensor of polynomials over unknowns; its operations are those of ``Codes`` and return such tensors."""

    def __init__(self, spec: Specification, ids: Array) -> None:
        self.spec = spec
        self.ids = ids

    @classmethod
    def of(cls, spec: Specification, codes: Codes) -> Terms:
        """Return ``codes`` as a tensor of constant polynomials."""
        numbers = codes.to_integers()
        ids = np.empty(numbers.shape, object)
        flat = [NormalForm.make_constant(int(code)) for code in numbers.ravel().tolist()]
        ids.ravel()[:] = [*flat, None][:-1]
        return cls(spec, ids)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the tensor, including a batch axis of length 1 unless it is a constant."""
        return self.ids.shape

    def make_constant(self, codes: Codes) -> Terms:
        """Return ``codes`` as a tensor of constants for the same specification."""
        return Terms.of(self.spec, codes)

    def get_codes(self) -> Array:
        """Return the codes of a tensor of constants as Python ints."""
        codes = [each.code for each in self.ids.ravel().tolist()]
        return np.array([*codes, None], object)[:-1].reshape(self.shape)

    def settle(self, name: str, bound: int) -> Terms:
        """Return the terms as the result of the op ``name``, with each sum replaced by an unknown."""
        return Terms(self.spec, self.spec.settle(name, self.ids))

    def _map_terms(self, rule: Callable[[NormalForm], NormalForm]) -> Terms:
        ids = np.empty(self.shape, object)
        for place in np.ndindex(*self.shape):
            ids[place] = rule(cast(NormalForm, self.ids[place]))
        return Terms(self.spec, ids)

    def _map_pairs(
        self, other: Terms, rule: Callable[[NormalForm, NormalForm], NormalForm]
    ) -> Terms:
        a, b = np.broadcast_arrays(self.ids, other.ids)
        ids = np.empty(a.shape, object)
        for place in np.ndindex(*a.shape):
            ids[place] = rule(cast(NormalForm, a[place]), cast(NormalForm, b[place]))
        return Terms(self.spec, ids)

    # Arithmetic

    def __add__(self, other: Terms) -> Terms:
        return self._map_pairs(other, NormalForm.__add__)

    def __sub__(self, other: Terms) -> Terms:
        return self._map_pairs(other, NormalForm.__sub__)

    def __mul__(self, other: Terms) -> Terms:
        return self._map_pairs(other, NormalForm.__mul__)

    def __lshift__(self, bits: int) -> Terms:
        return self._map_terms(lambda each: each.scale(1 << bits))

    def __matmul__(self, other: Terms) -> Terms:
        weights = other.get_codes()
        lead = np.broadcast_shapes(self.shape[:-2], weights.shape[:-2])
        x = np.broadcast_to(self.ids, (*lead, *self.shape[-2:]))
        matrices = np.broadcast_to(weights, (*lead, *weights.shape[-2:]))
        ids = np.empty((*x.shape[:-1], weights.shape[-1]), object)
        for place in np.ndindex(*x.shape[:-1]):
            columns = matrices[place[:-1]].T.tolist()
            row = x[place].tolist()
            for column, factors in enumerate(columns):
                ids[(*place, column)] = _weigh(row, factors)
        return Terms(self.spec, ids)

    def round_shift(self, bits: int, rounding: Rounding) -> Terms:
        """Return the elements divided by ``2**bits`` and rounded; a negative ``bits`` multiplies."""
        if bits <= 0:
            return self << -bits
        return self._map_terms(lambda each: self._round(each, bits, rounding))

    def _round(self, x: NormalForm, bits: int, rounding: Rounding) -> NormalForm:
        exact = x.halve(bits)
        if exact is not None:
            return exact
        ends = Codes(np.array(self.spec.find_ends(x), object)).round_shift(bits, rounding)
        return self.spec.make("round", [x], _get_ends(ends), (bits, rounding))

    def clip(self, lo: int, hi: int) -> Terms:
        """Return the elements saturated to ``[lo, hi]``."""
        return self._map_terms(lambda each: self._clip(each, lo, hi))

    def _clip(self, x: NormalForm, lo: int, hi: int) -> NormalForm:
        low, high = self.spec.find_ends(x)
        if lo <= low and high <= hi:
            return x
        ends = (min(max(low, lo), hi), min(max(high, lo), hi))
        return self.spec.make("clip", [x], ends, (lo, hi))

    def wrap(self, to: Fixed) -> Terms:
        """Return the low ``to.width`` bits of each element, in two's complement if ``to`` is signed."""
        return self._map_terms(lambda each: self._wrap(each, to))

    def _wrap(self, x: NormalForm, to: Fixed) -> NormalForm:
        low, high = self.spec.find_ends(x)
        if to.lo <= low and high <= to.hi:
            return x
        return self.spec.make("wrap", [x], (to.lo, to.hi), (to.signed, to.width))

    def maximum(self, other: Terms) -> Terms:
        """Return the elementwise maximum."""
        return self._map_pairs(other, partial(self._choose_extreme, "maximum", max))

    def minimum(self, other: Terms) -> Terms:
        """Return the elementwise minimum."""
        return self._map_pairs(other, partial(self._choose_extreme, "minimum", min))

    def _choose_extreme(
        self, rule: str, best: Callable[[int, int], int], a: NormalForm, b: NormalForm
    ) -> NormalForm:
        (low, high), (below, above) = self.spec.find_ends(a), self.spec.find_ends(b)
        if a == b or low >= above or below >= high:
            return a if best(low, below) == low and best(high, above) == high else b
        ends = best(low, below), best(high, above)
        return self.spec.make(rule, [a, b], ends)

    def step(self, thresholds: Terms, values: Terms) -> Terms:
        """Return ``values[number of thresholds <= x]`` per element ``x``: a step function with ascending thresholds."""
        steps = tuple(thresholds.get_codes().tolist())
        levels = tuple(values.get_codes().tolist())
        return self._map_terms(lambda each: self._step(each, steps, levels))

    def _step(self, x: NormalForm, steps: tuple[int, ...], levels: tuple[int, ...]) -> NormalForm:
        first, last = (bisect_right(steps, end) for end in self.spec.find_ends(x))
        reached = levels[first : last + 1]
        return self.spec.make("step", [x], (min(reached), max(reached)), (steps, levels))

    def take_rows(self, table: Terms) -> Terms:
        """Return one row of the constant ``table`` per element, with the elements as indices of rows."""
        rows = table.get_codes()
        columns = [tuple(column) for column in rows.reshape(len(rows), -1).T.tolist()]
        ids = np.empty((*self.shape, len(columns)), object)
        for place in np.ndindex(*self.shape):
            x = cast(NormalForm, self.ids[place])
            low, high = self.spec.find_ends(x)
            for number, column in enumerate(columns):
                part = column[low : high + 1]
                ids[(*place, number)] = self.spec.make("table", [x], (min(part), max(part)), column)
        return Terms(self.spec, ids.reshape(*self.shape, *rows.shape[1:]))

    def argmax(self) -> Terms:
        """Return the index of the largest element along the last axis, the first if several are equal.

        The last axis keeps length 1.
        """
        ids = np.empty((*self.shape[:-1], 1), object)
        for place in np.ndindex(*self.shape[:-1]):
            line = self.ids[place].tolist()
            ids[(*place, 0)] = self.spec.make("argmax", line, (0, len(line) - 1))
        return Terms(self.spec, ids)

    # Movement of elements, which creates no unknown.

    @property
    def rows(self) -> Iterator[Terms]:
        """Yield the slices along the first axis."""
        return (Terms(self.spec, row) for row in self.ids)

    def map(self, f: Callable[[Array], Array]) -> Terms:
        """Return the result of ``f`` on the array; ``f`` may only move, repeat, select or drop elements."""
        return Terms(self.spec, f(self.ids))

    @staticmethod
    def join(parts: Sequence[Terms], f: Callable[[list[Array]], Array]) -> Terms:
        """Combine several tensors into one by ``f``, which may only move elements."""
        return Terms(parts[0].spec, f([part.ids for part in parts]))


def _get_ends(codes: Codes) -> Range:
    low, high = codes.to_integers().tolist()
    return int(low), int(high)


def _weigh(row: Sequence[NormalForm], factors: Sequence[int]) -> NormalForm:
    terms: dict[tuple[int, ...], int] = {}
    for x, factor in zip(row, factors, strict=True):
        if factor:
            for monomial, own in x.terms.items():
                terms[monomial] = terms.get(monomial, 0) + own * factor
    return NormalForm(terms)
