"""Lowering rules of recurrent layers: one step, which a ``Scan`` repeats.

For that a state needs a type that no step leaves. Without a ``state_quantizer`` a state may grow at every step. Then
the sequence is unrolled: every step becomes separate ops, with their exact types.

Steps that a mask leaves out keep output and states: the mask is one more column of the rows, which the step reads.

A state that is a real function of a sum, such as tanh, is exact where only quantizers read it. These are a
``state_quantizer`` within the layer, and what follows the layer. Steps then return the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.linear import make_weight
from qhls.frontend.layers.recurrent import (
    QRNN,
    QBidirectional,
    QCell,
    QGRUCell,
    QLSTMCell,
    QSimpleRNNCell,
)
from qhls.frontend.lowering.choices import make_truth, select
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import LayerResult, ReadingPlace, Reals, Tensor, require_exact
from qhls.frontend.lowering.refusal import explain_refusal, name_layer_first
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
    nest_names,
)
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops

WIDEST_STATE = 53
"""Largest width of a state in bits, since Keras' float64 is no reference for wider ones, which grow at every step."""

_ATTEMPTS = 5
"""Largest number of types that are tried for a state; with a quantizer the second type suffices."""

_StepFunction = Callable[["_Cell", Op, list[Op]], list[Tensor]]
"""A function from a cell, the input times the kernel and the quantised states to the new states, the output first."""

_read_at_once: ContextVar[bool] = ContextVar("qhls_read_at_once", default=False)
"""True within a layer that computes with the results of a recurrent layer, which then cannot be real numbers."""


class _Cell:
    """A Keras cell whose quantised weights are the same constants in all steps of a sequence.

    ``real``: whether its output may be real numbers, because steps read it only through a quantizer. ``masked``:
    whether steps choose between states, and so quantise those that they read themselves.
    """

    def __init__(self, cell: QCell, steps: int, masked: bool = False) -> None:
        self.keras = cell
        self.masked = masked
        followed = steps == 1 or isinstance(cell.state_quantizer, Quantizer)
        self.real = followed and not masked and not _read_at_once.get()
        self._weights: dict[tuple[str, Any], Const] = {}

    def get_weight(self, variable: str, *index: int | slice) -> Const:
        """Return the quantised weight ``variable``, or the part of it at ``index``."""
        key = (variable, str(index))
        if key not in self._weights:
            self._weights[key] = make_weight(self.keras, variable, lambda w: w[index])
        return self._weights[key]

    def carry(self, state: Tensor) -> Op:
        """Return ``state`` as the next step reads it: exact and, without a mask, quantised."""
        return (
            require_exact(self.keras, state) if self.masked else _quantize_state(self.keras, state)
        )

    def apply_function(self, name: str, x: Op) -> Op:
        """Apply the cell's activation ``name`` to ``x`` and return an exact result."""
        return require_exact(self.keras, self._activate(name, x), ReadingPlace(self.keras, name))

    def apply_output(self, x: Op) -> Tensor:
        """Apply the activation whose result is the cell's output."""
        return (
            self._activate("activation", x) if self.real else self.apply_function("activation", x)
        )

    def _activate(self, name: str, x: Op) -> Tensor:
        activation = getattr(self.keras, name)
        if activation is keras.activations.softmax or isinstance(activation, keras.layers.Softmax):
            raise explain_refusal(
                self.keras,
                f"a function of each number alone as {name}",
                "a softmax, which every step computes",
                "Use e.g. 'quantized_sigmoid(8)'.",
            )
        return activate(self.keras, activation, x)


@lower.register(keras.layers.RNN, masked=True)
@lower.register(QRNN, masked=True)
def _lower_rnn(layer: keras.layers.RNN, x: Op, *initial: Op, mask: Op | None = None) -> LayerResult:
    with name_layer_first(layer):
        return _lower_recurrence(layer, x, initial, mask)


def _lower_recurrence(
    layer: keras.layers.RNN, x: Op, initial: Sequence[Op], mask: Op | None
) -> LayerResult:
    cell = layer.cell
    step = _STEPS.get(type(cell))
    if step is None:
        known = ", ".join(cls.__name__ for cls in _STEPS)
        raise explain_refusal(
            layer, f"a cell of {known}", f"a {type(cell).__name__}", "Use one of these."
        )
    if layer.stateful:
        raise explain_refusal(
            layer, "stateful=False", "True", "Give the state as an input and return_state=True."
        )
    projected = Matmul(x, make_weight(cell, "kernel"))
    if cell.use_bias:
        bias = make_weight(
            cell, "bias", lambda b: b if b.ndim == 1 else b[0]
        )  # GRU: (2, 3 x units)
        projected = Add(projected, bias)
    if mask is not None:
        projected = Concat((projected, Reshape(mask, (*mask.shape, 1))), -1)
    if layer.go_backwards:
        projected = _reverse(projected)
    states = list[Op](initial)
    if not states:
        sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
        states = [Const.of(np.zeros(size), "start") for size in sizes]
    steps, units = projected.shape[0], states[0].size
    if mask is not None:
        apart = bool(initial) or layer.zero_output_for_mask
        step = _mask_step(step, layer.zero_output_for_mask, apart)
        states = [*([Const.of(np.zeros(units), "start")] if apart else []), *states]
    once = _Recurrence(layer, step, _Cell(cell, steps, mask is not None), projected)
    entering = [once.cell.carry(state) for state in states]
    settled = once.settle(entering) if steps > 1 else None
    return once.unroll(entering) if settled is None else once.scan(entering, *settled)


@dataclass(frozen=True)
class _Recurrence:
    """A recurrent layer, with the ``step`` that it applies to each row of ``x``, the input times the kernel."""

    layer: keras.layers.RNN
    step: _StepFunction
    cell: _Cell
    x: Op

    def settle(self, entering: list[Op]) -> tuple[Graph, Tensor] | None:
        """Find types of the states that a step does not widen, and build the step's graph; None if states keep growing.

        The graph's first output: all states, concatenated, if the layer returns them, else the cell's output. The
        tensor is this output too, as real numbers if the output is real.
        """
        types = [state.type for state in entering]
        for _ in range(_ATTEMPTS):
            body, result = self._build_body(entering, types)
            reached = [old.join(op.type) for old, op in zip(types, body.outputs[1:], strict=True)]
            if reached == types:
                return body, result
            if max(kind.width for kind in reached) > WIDEST_STATE:
                return None
            types = reached
        return None

    def _build_body(self, entering: list[Op], types: list[Fixed]) -> tuple[Graph, Tensor]:
        with nest_names("scan"):
            row = Input(self.x.shape[1:], self.x.type, name="row")
            states = [
                Input(op.shape, t, name="state") for op, t in zip(entering, types, strict=True)
            ]
            new = self.step(self.cell, row, list(states))
            every = self.layer.return_state and len(new) > 1
            result = _join(new, -1) if every else new[0]
            following = [self.cell.carry(state) for state in new]
        return Graph((row, *states), (_find_below(result), *following), "step"), result

    def scan(self, entering: list[Op], body: Graph, result: Tensor) -> LayerResult:
        """Return the layer's results, computed by a ``Scan`` of the step's graph."""
        scanned = Scan(self.x, tuple(entering), body, self.layer.return_sequences)
        results = self._collect_results(scanned, entering[0].size)
        outputs = tuple(_reapply(op, result) for op in results)
        return outputs if self.layer.return_state else outputs[0]

    def _collect_results(self, scanned: Op, units: int) -> tuple[Op, ...]:
        sequence = self.layer.return_sequences
        if not self.layer.return_state:
            return (scanned,)
        *_, width = scanned.shape
        steps = scanned.shape[0] if sequence else 1
        output, last = scanned, (steps - 1) * width
        if width > units:
            dims, strides = ((steps, units), (width, 1)) if sequence else ((units,), (1,))
            output = View(scanned, dims, strides)
        places = range(last + width - _count_states(self.layer) * units, last + width, units)
        return (output, *(View(scanned, (units,), (1,), place) for place in places))

    def unroll(self, entering: list[Op]) -> LayerResult:
        """Return the layer's results, computed by separate ops for every step."""
        outputs = list[Tensor]()
        states = list[Tensor](entering)
        for t in range(self.x.shape[0]):
            entering = [self.cell.carry(state) for state in states] if t else entering
            states = self.step(self.cell, _take_part(self.x, t), entering)
            _check_width(self.layer, states, t)
            outputs.append(states[0])
        rows = [_reapply(Reshape(_find_below(h), (1, *h.shape)), h) for h in outputs]
        result = _join(rows, 0) if self.layer.return_sequences else outputs[-1]
        last = states[len(states) - _count_states(self.layer) :]
        return (result, *last) if self.layer.return_state else result


def _count_states(layer: keras.layers.RNN) -> int:
    sizes = layer.cell.state_size
    return len(sizes) if isinstance(sizes, list | tuple) else 1


def _mask_step(step: _StepFunction, zeros: bool, apart: bool) -> _StepFunction:
    """Make a masked step: where the last number of a row is 0, output and states stay as they are.

    ``zeros``: the output is 0 instead. ``apart``: the output is not the first state, but is carried before it.
    """

    def step_masked(cell: _Cell, row: Op, states: list[Op]) -> list[Tensor]:
        size = row.size - 1
        kept = make_truth(View(row, (1,), (1,), size))
        old = states[1:] if apart else states
        new = step(cell, View(row, (size,), (1,)), [_quantize_state(cell.keras, s) for s in old])
        after = [require_exact(cell.keras, state) for state in new]
        chosen = list[Tensor](select(kept, *pair) for pair in zip(after, old, strict=True))
        if not apart:
            return chosen
        before = Const.of(np.zeros(states[0].shape), "start") if zeros else states[0]
        return [select(kept, after[0], before), *chosen]

    return step_masked


def _reverse(x: Op) -> Op:
    """Return ``x`` with its rows in reverse order."""
    steps, units = x.shape
    return View(x, x.shape, (-units, 1), (steps - 1) * units)


def _take_part(x: Op, index: int) -> Op:
    """Return ``x[index]``."""
    size = x.size // x.shape[0]
    return View(x, (size,), (1,), index * size)


def _split_gates(x: Op, count: int) -> list[Op]:
    """Split ``x`` (count x units,) into its gates."""
    return [_take_part(Reshape(x, (count, x.size // count)), gate) for gate in range(count)]


def _find_below(x: Tensor) -> Op:
    """Return ``x`` if it is exact, else the exact tensor of which its real numbers are a function."""
    return x.x if isinstance(x, Reals) else require_exact(None, x)


def _reapply(x: Op, result: Tensor) -> Tensor:
    """Return the function of ``result`` applied to ``x`` if ``result`` is real, else ``x`` itself."""
    return replace(result, x=x) if isinstance(result, Reals) else x


def _join(parts: list[Tensor], axis: int) -> Tensor:
    """Concatenate ``parts``, all of which are exact or have the same real function, along ``axis``."""
    return _reapply(Concat(tuple(map(_find_below, parts)), axis), parts[0])


def _quantize_state(cell: QCell, state: Tensor) -> Op:
    """Quantise ``state`` by the cell's state quantizer, if it has one; a constant first state stays a constant."""
    if cell.state_quantizer is None:
        return require_exact(cell, state)
    if isinstance(state, Const):
        start = ops.convert_to_numpy(cell.state_quantizer(np.zeros(state.shape, "float32")))
        return Const.of(start, "start") if start.any() else state
    return require_exact(cell, activate(cell, cell.state_quantizer, state))


def _multiply(state: Op, w: Const) -> Op:
    """Return ``state @ w``, which is a constant if ``state`` is one."""
    if isinstance(state, Const):
        row = state.codes.map(lambda array: array.reshape(1, -1)) @ w.codes
        return Const(row.map(lambda array: array[0]).tighten(), state.frac + w.frac, name="start")
    return Matmul(state, w)


def _sum(a: Op, b: Const) -> Op:
    """Return ``a + b``, which is a constant if ``a`` is one."""
    if not isinstance(a, Const):
        return Add(a, b)
    frac = max(a.frac, b.frac)
    return Const((a.codes << frac - a.frac) + (b.codes << frac - b.frac), frac, name="start")


def _check_width(layer: KerasLayer, states: list[Tensor], step: int) -> None:
    widest = max(_find_below(state).type.width for state in states)
    if widest > WIDEST_STATE:
        raise explain_refusal(
            layer,
            f"a state of at most {WIDEST_STATE} bits at every step",
            f"one of {widest} bits after step {step + 1}",
            "Add e.g. state_quantizer='quantized_bits(16,7,alpha=1)'.",
        )


def _lower_simple_step(cell: _Cell, x: Op, states: list[Op]) -> list[Tensor]:
    recurrent = _multiply(states[0], cell.get_weight("recurrent_kernel"))
    return [cell.apply_output(Add(x, recurrent))]


def _lower_lstm_step(cell: _Cell, x: Op, states: list[Op]) -> list[Tensor]:
    h, c = states
    recurrent = _multiply(h, cell.get_weight("recurrent_kernel"))
    enter, forget, candidate, leave = _split_gates(Add(x, recurrent), 4)
    kept = Mul(cell.apply_function("recurrent_activation", forget), c)
    new = cell.apply_function("activation", candidate)
    carry = Add(kept, Mul(cell.apply_function("recurrent_activation", enter), new))
    opened = cell.apply_function("recurrent_activation", leave)
    return [Mul(opened, cell.apply_function("activation", carry)), carry]


def _lower_gru_step(cell: _Cell, x: Op, states: list[Op]) -> list[Tensor]:
    (h,) = states
    units, after = cell.keras.units, cell.keras.reset_after
    update_x, reset_x, candidate_x = _split_gates(x, 3)

    def multiply_recurrent(state: Op, first: int, last: int) -> Op:
        """Return ``state`` times gates ``first`` to ``last - 1`` of the recurrent kernel, plus their bias."""
        columns = slice(first * units, last * units)
        product = _multiply(state, cell.get_weight("recurrent_kernel", slice(None), columns))
        if not (after and cell.keras.use_bias):
            return product
        return _sum(product, cell.get_weight("bias", 1, columns))

    update = cell.apply_function("recurrent_activation", Add(update_x, multiply_recurrent(h, 0, 1)))
    reset = cell.apply_function("recurrent_activation", Add(reset_x, multiply_recurrent(h, 1, 2)))
    remembered = (
        Mul(reset, multiply_recurrent(h, 2, 3))
        if after
        else multiply_recurrent(Mul(reset, h), 2, 3)
    )
    candidate = cell.apply_function("activation", Add(candidate_x, remembered))
    fresh = Mul(Sub(Const.of(1.0, "one"), update), candidate)
    return [Add(Mul(update, h), fresh)]


_STEPS: dict[type, _StepFunction] = {
    QSimpleRNNCell: _lower_simple_step,
    QLSTMCell: _lower_lstm_step,
    QGRUCell: _lower_gru_step,
}


# -- both directions --------------------------------------------------------------------------------


@lower.register(QBidirectional, masked=True)
@lower.register(keras.layers.Bidirectional, masked=True)
def _lower_bidirectional(
    layer: keras.layers.Bidirectional, x: Op, *initial: Op, mask: Op | None = None
) -> LayerResult:
    half = len(initial) // 2
    masks = {} if mask is None else {"mask": mask}
    forward, backward = layer.forward_layer, layer.backward_layer
    merge = _MERGES.get(layer.merge_mode)
    with name_layer_first(layer), _is_read_at_once(merge is not None):
        y, *states = _split_states(lower.find_rule(forward)(forward, x, *initial[:half], **masks))
        back, *more = _split_states(
            lower.find_rule(backward)(backward, x, *initial[half:], **masks)
        )
        if layer.return_sequences:
            back = _reapply(_reverse(_find_below(back)), back)
        if layer.merge_mode is None:
            return (y, back, *states, *more)
        merged = (
            _put_beside(y, back)
            if merge is None
            else merge(require_exact(layer, y), require_exact(layer, back))
        )
    return (merged, *states, *more) if layer.return_state else merged


@contextmanager
def _is_read_at_once(read: bool) -> Iterator[None]:
    token = _read_at_once.set(read)
    try:
        yield
    finally:
        _read_at_once.reset(token)


def _split_states(result: LayerResult) -> tuple[Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def _put_beside(a: Tensor, b: Tensor) -> Tensor:
    """Concatenate ``a`` and ``b`` along the last axis; their channels keep their real functions."""
    both = Concat((_find_below(a), _find_below(b)), -1)
    real = [x for x in (a, b) if isinstance(x, Reals)]
    first, second = (x.function if isinstance(x, Reals) else _keep for x in (a, b))
    if first is second and all(x.shared for x in real):
        return _reapply(both, a)
    size = a.shape[-1]

    def apply_both(v: KerasTensor) -> KerasTensor:
        parts = (first(v[..., :size]), second(v[..., size:]))
        return ops.concatenate(parts, axis=-1)

    return Reals(both, apply_both, all(x.monotone for x in real), real[0].refusal)


def _keep(v: KerasTensor) -> KerasTensor:
    return v


_MERGES: dict[str, Callable[[Op, Op], Op]] = {
    "sum": Add,
    "mul": Mul,
    "ave": lambda a, b: Shift(Add(a, b), -1),
}
"""Functions of the merge modes of ``Bidirectional`` that combine numbers, by Keras' names of the modes."""
