"""``Scan``: a recurrence over the rows of a tensor, which stores the graph of one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np

from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import evaluate
from qhls.ir.interval import Interval, join
from qhls.ir.movement import Reshape
from qhls.ir.op import Op
from qhls.ir.ops import Input


@dataclass(frozen=True, eq=False)
class Scan(Op):
    """Recurrence that runs ``body`` once per row of ``x``, in order, and returns all results or only the last.

    The body's inputs are a row of ``x`` and what the step before carried over, ``start`` at first. Its outputs are the
    step's result and what it carries to the next step, of types that the inputs hold: so nothing overflows with any
    number of rows.
    """

    x: Op
    start: tuple[Op, ...]
    body: Graph
    sequence: bool = True

    @property
    def frac(self) -> int:
        return self.body.outputs[0].type.frac

    @property
    def steps(self) -> int:
        """Return the number of times that the body runs."""
        return self.x.shape[0]

    @property
    def carried(self) -> tuple[Input, ...]:
        """Return the inputs of the body that the previous step computes (its states)."""
        return self.body.inputs[1:]

    def check(self) -> None:
        body = self.body
        self.require(
            bool(self.x.shape) and self.steps >= 1,
            "rows to go through",
            f"the shape {self.x.shape}",
        )
        self.require(
            len(body.inputs) == len(body.outputs) == len(self.start) + 1,
            f"a body of {len(self.start) + 1} inputs and outputs",
            f"{len(body.inputs)} and {len(body.outputs)}",
        )
        self._check_fits(body.inputs[0], self.x, self.x.shape[1:])
        for entering, start, leaving in zip(
            self.carried, self.start, body.outputs[1:], strict=True
        ):
            self._check_fits(entering, start, start.shape)
            self._check_fits(entering, leaving, leaving.shape)
            # A carried tensor is overwritten while others may still be read.
            self.require(
                not isinstance(_find_source(leaving), Input),
                "a carried tensor that a step computes",
                leaving.name,
            )
        for op in body.outputs:
            self.require(op.batched, "results that depend on an input", f"the constant {op.name!r}")

    def _check_fits(self, inside: Input, outside: Op, shape: tuple[int, ...]) -> None:
        self.require(
            inside.shape == shape and inside.type.can_hold(outside.type),
            f"a tensor for the body's input {inside.name!r}, {inside.type} {inside.shape}",
            f"{outside.name!r}, {outside.type} {shape}",
        )

    def evaluate(self, x: Any, *start: Any) -> Any:
        if isinstance(x, Interval):  # the body's ranges hold for every step
            return self.body.outputs[0].range.map(lambda rows: self._stack([rows] * self.steps))
        carried = self.begin(x, start)
        results: list[Any] = []
        for step in range(self.steps):
            result, carried = self.advance(x.map(partial(_take_row, step)), carried)
            if not self.sequence:
                results.clear()
            results.append(result)
        return join(results, self._stack)

    def begin(self, x: Any, start: Sequence[Any]) -> list[Any]:
        """Return the states for the first step from the codes of ``start``; ``x`` gives the number of samples."""
        triples = zip(start, self.start, self.carried, strict=True)
        return [self._enter(codes, op, to, x) for codes, op, to in triples]

    def advance(self, row: Any, carried: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return the result of one step on a row of ``x``, and the states for the next step."""
        result, states, _ = self.advance_around(row, carried, {}, ())
        return result, states

    def advance_around(
        self, row: Any, carried: Sequence[Any], given: Mapping[Op, Any], taps: Sequence[Op]
    ) -> tuple[Any, list[Any], list[Any]]:
        """Return the result of one step, the states for the next step, and the values of the ops ``taps``.

        ``given``: the values of ops that are computed elsewhere.
        """
        row = row << self.body.inputs[0].type.frac - self.x.type.frac
        read = [*self.body.outputs, *taps]
        values = evaluate(self.body, [row, *carried], read, row.make_constant, given)
        result, *leaving = (values[op] for op in self.body.outputs)
        pairs = zip(leaving, self.body.outputs[1:], self.carried, strict=True)
        states = [codes << to.type.frac - op.type.frac for codes, op, to in pairs]
        return result, states, [values[op] for op in taps]

    def _enter(self, codes: Any, start: Op, to: Input, x: Any) -> Any:
        """Return one state for the first step, aligned to the body's input ``to``, with one row per sample."""
        aligned = codes << to.type.frac - start.type.frac
        if start.batched:
            return aligned
        samples: int = x.shape[0]

        def repeat(array: Array) -> Array:
            return np.broadcast_to(array, (samples, *array.shape))

        return aligned.map(repeat)

    def _stack(self, rows: list[Array]) -> Array:
        return np.stack(rows, 1) if self.sequence else rows[-1]

    @cached_property
    def magnitude(self) -> int:
        """Return the largest ``magnitude`` of all ops of the body."""
        return max(op.magnitude for op in self.body.ops if op.batched)

    @property
    def nested(self) -> tuple[tuple[Graph, int], ...]:
        return ((self.body, self.steps),)

    def rewrite_nested(self, rule: Callable[[Op], Op]) -> Self:
        """Return the same op with ``rule`` applied to the ops of the body."""
        body = self.body.rewrite(rule)
        return self if body is self.body else replace(self, body=body)


def _take_row(step: int, array: Array) -> Array:
    return array[:, step]


def _find_source(op: Op) -> Op:
    """Return the op that a chain of reshapes turns into ``op``, or ``op`` itself if it is not a reshape."""
    while isinstance(op, Reshape):
        op = op.x
    return op
