"""Operators on two numbers: the type of the result and the gates of a product, quotient or sum.

Each function follows QTools' rule for one operation. The kinds of ``numbers`` index the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qhls.compat.qtools.types.numbers import (
    BINARY,
    BINARY_01,
    FIXED,
    FLOAT,
    NO_LIMIT,
    PO2,
    TERNARY,
    Number,
    make_fixed,
    make_floating,
    make_power_of_two,
    make_ternary,
)

MULTIPLIERS = (
    ("mul", "shifter", "mux", "mux", "and", "float"),
    ("shifter", "add", "mux", "mux", "and", "float"),
    ("mux", "mux", "mux", "mux", "and", "float"),
    ("mux", "mux", "mux", "xor", "and", "float"),
    ("and", "and", "and", "and", "and", "float"),
    ("float",) * 6,
)
"""The hardware of a product, by the kind of the weight, then of the input."""

AND_FACTOR, BINARY_FACTOR, TERNARY_FACTOR, VALUE_FACTOR = 0.1, 0.3, 2 * 0.3, 0.3
"""The energy of a gate relative to an adder of the same width; a shift costs ``VALUE_FACTOR`` per distinct power."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An arithmetic operator: its output type, and hardware that costs ``gate_factor`` times one ``op``.

    ``op`` is "mul", "add", "mux", "xor", "and" or "shifter", and ``gate_bits`` bits wide. If ``gate_bits`` is ``None``,
    the width is that of ``output``. An imposed output type decides whether the price of fixed or floating point
    applies.
    """

    output: Number
    op: str
    gate_factor: float = 1
    gate_bits: float | None = None

    @property
    def priced_bits(self) -> float:
        """Return the width in bits for which the operator is priced."""
        return self.output.bits if self.gate_bits is None else self.gate_bits

    def with_output(self, output: Number) -> Operator:
        """Return an operator with the same gates and another output type."""
        return replace(self, output=output)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that QTools writes for the operator."""
        return self.output.to_dict() | {"op_type": self.op}


def multiply(weight: Number, x: Number, aligned: bool = True) -> Operator:
    """Return the operator of ``weight * x``.

    Unless ``aligned``, a fixed-point product has the widths of both operands together, as in QKeras 0.9.0.
    """
    operator = _MULTIPLY[MULTIPLIERS[weight.kind][x.kind]](weight, x)
    if operator.op != "mul" or operator.output.is_float or aligned:
        return operator
    return operator.with_output(replace(operator.output, bits=weight.bits + x.bits))


def _make_multiplier(w: Number, x: Number) -> Operator:
    int_bits, is_signed = x.int_bits + w.int_bits, x.is_signed | w.is_signed
    output = make_fixed(int_bits + x.frac + w.frac + int(is_signed), int_bits, is_signed)
    return Operator(output, "mul", 1, np.sqrt(x.bits * w.bits))


def _make_shifter(w: Number, x: Number) -> Operator:
    po2, other = (w, x) if w.kind == PO2 else (x, w)
    down, up = po2.exponents
    return _shift(other, po2, up, down)


def _shift(x: Number, po2: Number, up: float, down: float) -> Operator:
    """Return the operator that shifts ``x`` by up to ``up`` bits left and ``down`` bits right."""
    sign = int(not x.is_signed and bool(po2.is_signed))
    output = make_fixed(
        int(x.bits + up + down) + sign, int(x.int_bits + up), x.is_signed | po2.is_signed
    )
    if po2.distinct > 0:
        return Operator(output, "shifter", po2.distinct * VALUE_FACTOR, x.bits)
    b = np.sqrt(2**po2.bits * x.bits)
    return Operator(output, "shifter", 1, b * np.log10(b))


def _make_adder(w: Number, x: Number) -> Operator:
    """Return the operator of a product of two powers of two, which adds the exponents."""
    limited = NO_LIMIT not in (w.max_value, x.max_value)
    limit = x.max_value * w.max_value if limited else NO_LIMIT
    output = make_power_of_two(max(x.bits, w.bits) + 1, x.is_signed | w.is_signed, limit)
    return Operator(replace(output, int_bits=max(x.int_bits, w.int_bits) + 1), "add")


def _find_output(w: Number, x: Number, bits: int, int_bits: int, is_signed: int) -> Number:
    """Return the output type of a multiplexer or gate; its kind is that of the operand with more values."""
    kinds = {w.kind, x.kind}
    if PO2 in kinds:
        limit = (w if w.kind == PO2 else x).max_value
        return replace(make_power_of_two(bits, is_signed, limit), int_bits=int_bits)
    if FIXED in kinds:
        return make_fixed(bits, int_bits, is_signed)
    if kinds in ({BINARY}, {BINARY_01}):
        return Number(w.kind, "binary", bits, int_bits, is_signed)
    return Number(TERNARY, "ternary", bits, int_bits, is_signed)


def _make_mux(w: Number, x: Number) -> Operator:
    chooses = w.kind in (TERNARY, BINARY)
    choosing, chosen = (w, x) if chooses else (x, w)
    bits = chosen.bits + int(not chosen.is_signed and bool(choosing.is_signed))
    output = _find_output(w, x, bits, chosen.int_bits, w.is_signed | x.is_signed)
    if output.kind == PO2:
        output = replace(output, int_bits=output.bits)
    # QTools treats a "stochastic_binary" input as ternary here, but not such a weight.
    two_valued = "binary" in w.name if chooses else x.name == "binary"
    return Operator(output, "mux", BINARY_FACTOR if two_valued else TERNARY_FACTOR, chosen.bits)


def _make_xor(w: Number, x: Number) -> Operator:
    bits, int_bits = max(x.bits, w.bits), max(x.int_bits, w.int_bits)
    return Operator(
        _find_output(w, x, bits, int_bits, x.is_signed | w.is_signed), "xor", BINARY_FACTOR, 1
    )


def _make_and(w: Number, x: Number) -> Operator:
    int_bits = x.int_bits if w.kind == BINARY_01 and w.name == "binary" else w.int_bits
    output = _find_output(w, x, max(x.bits, w.bits), int_bits, x.is_signed | w.is_signed)
    if output.kind == TERNARY:
        output = make_ternary()
    return Operator(output, "and", AND_FACTOR, output.bits)


def _make_float(w: Number, x: Number) -> Operator:
    output = make_floating(max(n.bits for n in (w, x) if n.is_float))
    return Operator(output, "mul", 1, output.bits)


_MULTIPLY = {
    "mul": _make_multiplier,
    "shifter": _make_shifter,
    "add": _make_adder,
    "mux": _make_mux,
    "xor": _make_xor,
    "and": _make_and,
    "float": _make_float,
}


def divide(numerator: Number, denominator: Number) -> Operator:
    """Return the operator of ``numerator / denominator``; QTools prices a floating-point division as a multiplication.

    QTools refuses denominators of two or three values; here the division is in floating point.
    """
    n, d = numerator, denominator
    if n.is_float or d.is_float:
        return _make_float(n, d)
    if d.kind != PO2:
        return Operator(make_floating(32), "mul", 1, 32)
    if n.kind == PO2:
        limited = NO_LIMIT not in (n.max_value, d.max_value)
        limit = n.max_value / d.max_value if limited else NO_LIMIT
        output = make_power_of_two(max(n.bits, d.bits) + 1, 1, limit)
        return Operator(replace(output, int_bits=max(n.int_bits, d.int_bits) + 1), "add")
    down, up = d.exponents
    shifted = _shift(n, d, down, up)
    if n.kind in (BINARY, BINARY_01):
        out = shifted.output
        po2 = replace(Number(PO2, "quantized_po2", out.bits), int_bits=out.int_bits)
        return shifted.with_output(replace(po2, is_signed=out.is_signed))
    return shifted


def accumulate(terms: int, product: Number) -> Operator:
    """Return the operator of a sum of ``terms`` products, wide enough for the worst case."""
    if product.is_float:
        return Operator(make_floating(product.bits), "add")
    carry = int(np.ceil(np.log2(terms)))
    summand = product.as_fixed()
    return Operator(
        make_fixed(carry + summand.bits, carry + summand.int_bits, product.is_signed), "add"
    )


def add(a: Number, b: Number, aligned: bool = True) -> Operator:
    """Return the operator of ``a + b``.

    Unless ``aligned``, the sum is one bit wider than the wider operand, as in QKeras 0.9.0.
    """
    if a.is_float or b.is_float:
        return Operator(make_floating(max(a.bits, b.bits)), "add")
    if not (a.kind == PO2 and b.kind == BINARY_01):  # there QTools adds the bits of the exponent
        a, b = a.as_fixed(), b.as_fixed()
    int_bits, is_signed = max(a.int_bits, b.int_bits) + 1, a.is_signed | b.is_signed
    bits = int_bits + int(is_signed) + max(a.frac, b.frac)
    return Operator(
        make_fixed(bits if aligned else max(a.bits, b.bits) + 1, int_bits, is_signed), "add"
    )


def merge(layer: str, inputs: Sequence[Number], compatible: bool) -> Operator:
    """Return the operator of the Keras layer that merges ``inputs``; ``layer`` is its class, such as "Add".

    As in QTools, a sum has one bit more than the widest input, even if the binary points differ. If not
    ``compatible``, it has every fraction bit. ``Subtract`` (which QTools lacks) results in signed numbers.
    ``Concatenate`` has no gates.
    """
    if layer in ("Multiply", "Dot"):
        operator = Operator(inputs[0], "mul", 1, inputs[0].bits)
        for x in inputs[1:]:
            operator = multiply(operator.output, x)
        return operator
    if layer in ("Add", "Subtract"):
        output = _find_widest(inputs, 1, compatible)
        if layer == "Subtract" and not output.is_float:
            output = replace(output, is_signed=1, bits=output.bits + int(not output.is_signed))
        return Operator(output, "add", 1, output.bits)
    first = inputs[0]
    same = all(_is_alike(first, x) for x in inputs[1:])
    output = first if same else _find_widest(inputs, 0, compatible)
    factor = {"Average": 1, "Concatenate": 0}.get(layer, 0.2)
    return Operator(output, "add", factor, output.bits)


def _is_alike(a: Number, b: Number) -> bool:
    return (a.name, a.bits, a.int_bits, a.is_signed) == (b.name, b.bits, b.int_bits, b.is_signed)


def _find_widest(inputs: Sequence[Number], carry: int, compatible: bool) -> Number:
    floats = [x.bits for x in inputs if x.kind == FLOAT]
    if floats:
        return make_floating(max(floats))
    numbers = [x.as_fixed() for x in inputs]
    is_signed: int = False
    for x in inputs:
        is_signed |= x.is_signed
    int_bits = max(x.int_bits for x in numbers)
    bits = max(x.bits for x in numbers)
    if not compatible:
        bits = int_bits + max(x.frac for x in numbers) + int(is_signed)
    return make_fixed(bits + carry, int_bits + carry, is_signed)
