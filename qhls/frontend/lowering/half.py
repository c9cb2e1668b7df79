"""Layers that Keras computes in half precision: lowered where that loses nothing, refused elsewhere.

All numbers that such a layer reads and makes must be numbers of the half type, partial sums included. Its quantised
weights are compared with those that Keras multiplies. An activation is computed by Keras on every code of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.lowering.reals import Tensor
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Const, Fixed, Graph, Input, Op, Quantize, Threshold, enter_layer, run
from qhls.ir.integers import Array
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer, KerasNode, KerasOperation, KerasTensor, ops


@dataclass(frozen=True)
class _HalfType:
    """A floating-point type: bits of a significand, and exponents of the smallest and the largest power of two."""

    name: str
    bits: int
    lowest: int
    highest: int

    def can_hold(self, magnitude: int, frac: int) -> bool:
        """Return whether it has all multiples of ``2**-frac`` up to this many of them."""
        exponent = magnitude.bit_length() - 1 - frac
        return magnitude <= 1 << self.bits and -frac >= self.lowest and exponent <= self.highest


_TYPES = {
    "float16": _HalfType("float16", 11, -14, 15),
    "bfloat16": _HalfType("bfloat16", 8, -126, 127),
}
"""The types by name. Numbers below the smallest normal one are left out, since some devices flush them to 0."""


@dataclass
class _Half:
    """The layer that is lowered at present, in half precision, and the ops that its activations made."""

    layer: Any
    type: _HalfType
    proved: set[Op] = field(default_factory=set[Op])


_present: ContextVar[_Half | None] = ContextVar("qhls_half", default=None)


def find_half_type(node: KerasNode) -> str | None:
    """Return the half type in which a call of a layer or operation computes, or ``None``."""
    layer = node.operation
    parts = layer._flatten_layers() if isinstance(layer, keras.layers.Layer) else ()
    types = [part.compute_dtype for part in parts]
    types += [keras.backend.standardize_dtype(tensor.dtype) for tensor in node.outputs]
    return next((each for each in types if each in _TYPES), None)


@contextmanager
def lower_in_half(layer: KerasLayer | KerasOperation, dtype: str | None) -> Iterator[None]:
    """Lower ``layer`` within this context as one that computes in the half type ``dtype``, if any.

    Raises:
        LoweringError: it holds layers, which may have other types.
    """
    if dtype is None:
        yield
        return
    if isinstance(layer, keras.layers.Layer):
        inner = layer._flatten_layers(include_self=False)
        if any(part is not getattr(layer, "activation", None) for part in inner):
            raise _explain_refusal(layer, dtype, "layers within it")
    token = _present.set(_Half(layer, _TYPES[dtype]))
    try:
        yield
    finally:
        _present.reset(token)


def check_half(inputs: Sequence[Tensor], results: Sequence[Tensor], rounds: bool) -> None:
    """Refuse the present layer if half precision may round in it; ``rounds``: float32 may, by its rule.

    Raises:
        LoweringError: a number that the type does not have.
    """
    present = _present.get()
    if present is None:
        return
    layer, kind = present.layer, present.type
    if rounds or any(not isinstance(x, Op) for x in (*inputs, *results)):
        raise _explain_refusal(layer, kind.name, "real numbers")
    for x in inputs:
        if isinstance(x, Op) and not kind.can_hold(x.bound, x.type.frac):
            raise _explain_refusal(layer, kind.name, f"inputs of the type {x.type}")
    for op in _list_made(results, inputs):
        _check_op(present, op)
    for variable, (quantizer, values) in getattr(layer, "get_quantized_weights", dict)().items():
        if isinstance(quantizer, Quantizer):
            codes, scale = quantizer.compute_integer_codes(values.astype(np.float32))
            if (_list_numbers(layer.quantize_variable(variable)) != codes * scale).any():
                raise _explain_refusal(
                    layer, kind.name, f"weights of {variable!r} that {kind.name} rounds"
                )


def prove_in_half(
    activation: Callable[[Any], Any], x: Tensor, lowered: Tensor, again: Callable[[Op], Any]
) -> None:
    """Compare ``activation`` in half precision with its ops on every code of ``x``; ``again`` makes the ops anew.

    Raises:
        LoweringError: they differ.
    """
    present = _present.get()
    if present is None or not (isinstance(x, Op) and isinstance(lowered, Op)):
        return
    layer, kind = present.layer, present.type
    if not kind.can_hold(x.bound, x.type.frac):
        raise _explain_refusal(layer, kind.name, f"sums of the type {x.type}")
    lo, hi = x.range.hull
    codes = np.arange(lo, hi + 1)
    with enter_layer("half"):
        samples = Input((len(codes),), Fixed.from_range(lo, hi, x.type.frac), name="samples")
        op = again(samples)
    (exact,) = run(Graph((samples,), (op,)), [codes[None]])
    numbers = ops.convert_to_tensor(np.ldexp(codes.astype(np.float64), -x.type.frac), kind.name)
    computed = np.ldexp(_list_numbers(activation(numbers)), op.type.frac)
    if (computed != exact[0].astype(np.float64)).any():
        raise _explain_refusal(
            layer, kind.name, f"an activation that {kind.name} rounds, {activation}"
        )
    present.proved |= set(_list_made([lowered], [x]))


def _check_op(present: _Half, op: Op) -> None:
    kind = present.type
    if isinstance(op, Const):
        codes = {abs(code) for code in op.codes.to_integers().ravel().tolist() if code}
        odd = [
            c
            for c in codes
            if not kind.can_hold(c // (c & -c), op.frac - (c & -c).bit_length() + 1)
        ]
        if odd:
            raise _explain_refusal(
                present.layer, kind.name, f"constants such as {odd[0] * 2.0**-op.frac:g}"
            )
    elif op not in present.proved:
        if isinstance(op, Quantize | Threshold) or op.nested:
            raise _explain_refusal(present.layer, kind.name, "a function of real numbers")
        if not kind.can_hold(op.magnitude, op.type.frac):
            raise _explain_refusal(
                present.layer, kind.name, f"sums up to {op.magnitude} x 2**{-op.type.frac}"
            )


def _list_made(results: Sequence[Tensor], inputs: Collection[Any]) -> list[Op]:
    """Return the ops behind ``inputs`` that ``results`` are computed of, constants included."""
    ends = {id(x) for x in inputs}
    seen: dict[int, Op] = {}
    waiting = [op for op in results if isinstance(op, Op)]
    while waiting:
        op = waiting.pop()
        if id(op) not in ends and id(op) not in seen:
            seen[id(op)] = op
            waiting += op.operands
    return list(seen.values())


def _list_numbers(tensor: KerasTensor) -> Array:
    numbers: Array = ops.convert_to_numpy(ops.cast(tensor, "float32"))
    return numbers.astype(np.float64)


def _explain_refusal(layer: KerasLayer | KerasOperation, dtype: str, got: str) -> LoweringError:
    bits = _TYPES[dtype].bits
    return explain_refusal(
        layer,
        f"numbers that {dtype} holds, of at most {bits} bits",
        got,
        "Give it fewer bits, or dtype='float32'.",
    )
