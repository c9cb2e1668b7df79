"""Lowering rules of recurrent layers: one step, which a ``Scan`` repeats.

For that a state needs a type that no step leaves. Where there is none, because without a ``state_quantizer`` the state
grows at every step, the sequence is unrolled: every step becomes separate ops, with their exact types.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from qhls.frontend.linear import weight
from qhls.frontend.lower import activate, lower
from qhls.frontend.reals import Place, exact
from qhls.frontend.recurrent import QRNN, QBidirectional, QGRUCell, QLSTMCell, QSimpleRNNCell
from qhls.frontend.refusal import refusal, within
from qhls.ir import (
    Add,
    Concat,
    Const,
    Fixed,
    Graph,
    Input,
    Matmul,
    Mul,
    Op,
    Reshape,
    Scan,
    Shift,
    Sub,
    View,
    nested_scope,
)

WIDEST_STATE = 53
"""Bits of a state: beyond, Keras' float64 is no reference and the state would grow with every step."""

_ATTEMPTS = 5
"""Types tried for a state: with a quantizer the second one lasts."""

Step = Callable[["_Cell", Op, list[Op]], list[Op]]
"""Cell, the input times the kernel, quantised states -> new states; the first is the output."""


class _Cell:
    """A Keras cell in the steps of a sequence, which all read the same constants."""

    def __init__(self, cell: Any) -> None:
        self.keras = cell
        self._weights: dict[tuple[str, Any], Const] = {}

    def weight(self, variable: str, *index: Any) -> Const:
        """The quantised ``variable``, or its part ``[index]``."""
        key = (variable, str(index))
        if key not in self._weights:
            self._weights[key] = weight(self.keras, variable, lambda w: w[index])
        return self._weights[key]

    def function(self, name: str, x: Op) -> Op:
        """``x`` through the activation ``name``."""
        made = activate(self.keras, getattr(self.keras, name), x)
        return exact(self.keras, made, Place(self.keras, name))


@lower.register(keras.layers.RNN)
@lower.register(QRNN)
def _(layer: Any, x: Op, *initial: Op) -> Any:
    with within(layer):
        return _recurrence(layer, x, *initial)


def _recurrence(layer: Any, x: Op, *initial: Op) -> Any:
    cell = layer.cell
    step = _STEPS.get(type(cell))
    if step is None:
        known = ", ".join(cls.__name__ for cls in _STEPS)
        raise refusal(layer, f"a cell of {known}", f"a {type(cell).__name__}; use one of these")
    if layer.stateful:
        raise refusal(
            layer, "stateful=False", "True; give the state as an input and return_state=True"
        )
    projected = Matmul(x, weight(cell, "kernel"))
    if cell.use_bias:
        bias = weight(cell, "bias", lambda b: b if b.ndim == 1 else b[0])  # GRU: (2, 3 x units)
        projected = Add(projected, bias)
    if layer.go_backwards:
        projected = _reversed(projected)
    states = list[Op](initial)
    if not states:
        sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
        states = [Const.of(np.zeros(size), "start") for size in sizes]
    entering = [_quantised(cell, state) for state in states]
    once = _Recurrence(layer, step, _Cell(cell), projected)
    body = once.settled(entering)
    return once.unrolled(entering) if body is None else once.scanned(entering, body)


@dataclass(frozen=True)
class _Recurrence:
    """A layer's step on the rows of ``x``, the input times the kernel."""

    layer: Any
    step: Step
    cell: _Cell
    x: Op

    def settled(self, entering: list[Op]) -> Graph | None:
        """The step as a graph whose states leave in the types in which they enter; None where they keep growing.

        Its result: the states, one after another, or the output alone where nothing else is asked for.
        """
        types = [state.type for state in entering]
        for _ in range(_ATTEMPTS):
            body = self._body(entering, types)
            reached = [old.joined(op.type) for old, op in zip(types, body.outputs[1:], strict=True)]
            if reached == types:
                return body
            if max(kind.width for kind in reached) > WIDEST_STATE:
                return None
            types = reached
        return None

    def _body(self, entering: list[Op], types: list[Fixed]) -> Graph:
        with nested_scope("scan"):
            row = Input(self.x.shape[1:], self.x.type, name="row")
            states = [
                Input(op.shape, t, name="state") for op, t in zip(entering, types, strict=True)
            ]
            new = self.step(self.cell, row, list(states))
            result = Concat(tuple(new), -1) if self.layer.return_state and new[1:] else new[0]
            following = [_quantised(self.cell.keras, state) for state in new]
        return Graph((row, *states), (result, *following), "step")

    def scanned(self, entering: list[Op], body: Graph) -> Any:
        """The layer's results from a ``Scan``."""
        sequence, units = self.layer.return_sequences, entering[0].size
        found = Scan(self.x, tuple(entering), body, sequence)
        if not self.layer.return_state:
            return found
        *_, width = found.shape
        steps = found.shape[0] if sequence else 1
        output, last = found, (steps - 1) * width
        if width > units:
            dims, strides = ((steps, units), (width, 1)) if sequence else ((units,), (1,))
            output = View(found, dims, strides)
        places = range(last, last + width, units)
        return (output, *(View(found, (units,), (1,), place) for place in places))

    def unrolled(self, entering: list[Op]) -> Any:
        """The layer's results, step by step."""
        outputs = list[Op]()
        states = entering
        for t in range(self.x.shape[0]):
            entering = [_quantised(self.cell.keras, state) for state in states] if t else entering
            states = self.step(self.cell, _part(self.x, t), entering)
            _check_width(self.layer, states, t)
            outputs.append(states[0])
        result = _sequence(outputs) if self.layer.return_sequences else outputs[-1]
        return (result, *states) if self.layer.return_state else result


def _reversed(x: Op) -> Op:
    """``x`` with its last row first."""
    steps, units = x.shape
    return View(x, x.shape, (-units, 1), (steps - 1) * units)


def _part(x: Op, index: int) -> Op:
    """``x[index]``."""
    size = x.size // x.shape[0]
    return View(x, (size,), (1,), index * size)


def _gates(x: Op, count: int) -> list[Op]:
    """``x`` (count x units,) cut into its gates."""
    return [_part(Reshape(x, (count, x.size // count)), gate) for gate in range(count)]


def _sequence(outputs: list[Op]) -> Op:
    return Concat(tuple(Reshape(h, (1, *h.shape)) for h in outputs), 0)


def _quantised(cell: Any, state: Op) -> Op:
    """``state`` through the state quantizer; the first, of zeros, is known."""
    if cell.state_quantizer is None:
        return state
    if isinstance(state, Const):
        start = keras.ops.convert_to_numpy(cell.state_quantizer(np.zeros(state.shape, "float32")))
        return Const.of(start, "start") if start.any() else state
    return exact(cell, activate(cell, cell.state_quantizer, state))


def _product(state: Op, w: Const) -> Op:
    """``state @ w``, also of a known state."""
    if isinstance(state, Const):
        row = state.codes.map(lambda array: array.reshape(1, -1)) @ w.codes
        return Const(row.map(lambda array: array[0]).exact(), state.frac + w.frac, name="start")
    return Matmul(state, w)


def _sum(a: Op, b: Const) -> Op:
    """``a + b``, also of a known ``a``."""
    if not isinstance(a, Const):
        return Add(a, b)
    frac = max(a.frac, b.frac)
    return Const((a.codes << frac - a.frac) + (b.codes << frac - b.frac), frac, name="start")


def _check_width(layer: Any, states: list[Op], step: int) -> None:
    widest = max(state.type.width for state in states)
    if widest > WIDEST_STATE:
        raise refusal(
            layer,
            f"a state of at most {WIDEST_STATE} bits at every step",
            f"one of {widest} bits after step {step + 1}; add e.g. "
            f"state_quantizer='quantized_bits(16,7,alpha=1)'",
        )


def _simple_step(cell: _Cell, x: Op, states: list[Op]) -> list[Op]:
    recurrent = _product(states[0], cell.weight("recurrent_kernel"))
    return [cell.function("activation", Add(x, recurrent))]


def _lstm_step(cell: _Cell, x: Op, states: list[Op]) -> list[Op]:
    h, c = states
    recurrent = _product(h, cell.weight("recurrent_kernel"))
    enter, forget, candidate, leave = _gates(Add(x, recurrent), 4)
    kept = Mul(cell.function("recurrent_activation", forget), c)
    new = cell.function("activation", candidate)
    carry = Add(kept, Mul(cell.function("recurrent_activation", enter), new))
    opened = cell.function("recurrent_activation", leave)
    return [Mul(opened, cell.function("activation", carry)), carry]


def _gru_step(cell: _Cell, x: Op, states: list[Op]) -> list[Op]:
    (h,) = states
    units, after = cell.keras.units, cell.keras.reset_after
    update_x, reset_x, candidate_x = _gates(x, 3)

    def recurrent(state: Op, first: int, last: int) -> Op:
        """``state`` times gates ``first`` to ``last`` of the recurrent kernel, and their bias."""
        columns = slice(first * units, last * units)
        product = _product(state, cell.weight("recurrent_kernel", slice(None), columns))
        if not (after and cell.keras.use_bias):
            return product
        return _sum(product, cell.weight("bias", 1, columns))

    update = cell.function("recurrent_activation", Add(update_x, recurrent(h, 0, 1)))
    reset = cell.function("recurrent_activation", Add(reset_x, recurrent(h, 1, 2)))
    remembered = Mul(reset, recurrent(h, 2, 3)) if after else recurrent(Mul(reset, h), 2, 3)
    candidate = cell.function("activation", Add(candidate_x, remembered))
    fresh = Mul(Sub(Const.of(1.0, "one"), update), candidate)
    return [Add(Mul(update, h), fresh)]


_STEPS: dict[type, Step] = {
    QSimpleRNNCell: _simple_step,
    QLSTMCell: _lstm_step,
    QGRUCell: _gru_step,
}


# -- both directions --------------------------------------------------------------------------------


@lower.register(QBidirectional)
@lower.register(keras.layers.Bidirectional)
def _(layer: Any, x: Op, *initial: Op) -> Any:
    half = len(initial) // 2
    forward, backward = layer.forward_layer, layer.backward_layer
    with within(layer):
        y, *states = _several(lower.rule(forward)(forward, x, *initial[:half]))
        back, *more = _several(lower.rule(backward)(backward, x, *initial[half:]))
    if layer.return_sequences:
        back = _reversed(back)
    merged = _MERGES[layer.merge_mode](y, back)
    return (*merged, *states, *more) if len(merged) > 1 or layer.return_state else merged[0]


def _several(result: Any) -> tuple[Op, ...]:
    return result if isinstance(result, tuple) else (result,)


_MERGES: dict[str | None, Callable[[Op, Op], tuple[Op, ...]]] = {
    "concat": lambda a, b: (Concat((a, b), -1),),
    "sum": lambda a, b: (Add(a, b),),
    "mul": lambda a, b: (Mul(a, b),),
    "ave": lambda a, b: (Shift(Add(a, b), -1),),
    None: lambda a, b: (a, b),
}
