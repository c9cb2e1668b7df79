"""Lowering of layers that Keras computes in half precision, which are refused where that precision would round.

The half-precision type must represent all numbers that such a layer reads and computes, partial sums included. The
layer's quantised weights are compared with those that Keras multiplies. Keras computes an activation on every code of
its input.
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
    """A 16-bit float type: the width of its significand, and the exponents of its smallest and largest power of two."""

    name: str
    bits: int
    lowest: int
    highest: int

    def can_hold(self, magnitude: int, frac: int) -> bool:
        """Return whether the type represents all numbers ``code * 2**-frac`` with codes up to ``magnitude``."""
        exponent = magnitude.bit_length() - 1 - frac
        return magnitude <= 1 << self.bits and -frac >= self.lowest and exponent <= self.highest


_TYPES = {
    "float16": _HalfType("float16", 11, -14, 15),
    "bfloat16": _HalfType("bfloat16", 8, -126, 127),
}
"""The half-precision types by name. Subnormal numbers are left out, since some devices flush them to 0."""


@dataclass
class _Half:
    """The half-precision layer that is being lowered, its type, and the ops that are already proved exact."""

    layer: Any
    type: _HalfType
    proved: set[Op] = field(default_factory=set[Op])


_present: ContextVar[_Half | None] = ContextVar("qhls_half", default=None)


def find_half_type(node: KerasNode) -> str | None:
    """Return the name of the half-precision type in which a layer or operation computes; None for other types."""
    layer = node.operation
    parts = layer._flatten_layers() if isinstance(layer, keras.layers.Layer) else ()
    types = [part.compute_dtype for part in parts]
    types += [keras.backend.standardize_dtype(tensor.dtype) for tensor in node.outputs]
    return next((each for each in types if each in _TYPES), None)


@contextmanager
def lower_in_half(layer: KerasLayer | KerasOperation, dtype: str | None) -> Iterator[None]:
    """Enter a context in which ``layer`` is lowered for the half-precision type ``dtype``; None changes nothing.

    Raises:
        LoweringError: ``layer`` contains other layers, which may have other types.
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
    """Refuse the layer that is being lowered if half precision may round any number in it.

    ``rounds``: whether even float32 may round in it, according to its lowering rule.

    Raises:
        LoweringError: a number that the type does not represent.
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
    """Check that ``activation`` in half precision equals its ops ``lowered`` on every code of ``x``.

    ``again`` lowers the activation of another op, here that of all codes.

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
    """Return the ops that compute ``results`` from ``inputs``, including constants and excluding ``inputs``."""
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
