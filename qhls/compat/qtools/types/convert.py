"""Conversion of quantizers and names of types to ``Number``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qhls.compat.qtools.types.numbers import (
    BINARY,
    BINARY_01,
    FIXED,
    NO_LIMIT,
    Number,
    make_fixed,
    make_floating,
    make_power_of_two,
    make_ternary,
)
from qhls.errors import EnergyError, QuantizerError
from qhls.quantizers import Quantizer, get_quantizer

DEFAULT_TYPE = "quantized_bits(8,0,1)"
"""The type of an input, a weight or a result for which no type is specified."""

DEFAULTS = {
    "fp32": make_floating(32),
    "fp16": make_floating(16),
    "int8": make_fixed(8, 0, True),
    "int16": make_fixed(16, 7, True),
    "int32": make_fixed(32, 10, True),
}
"""The types that QTools knows by name. The int types are fixed point with 0, 7 and 10 integer bits."""


def _get_integer_bits(quantizer: Any) -> int:
    """Return the number of integer bits of a quantizer; the maximum if channels differ."""
    return int(np.max(np.asarray(quantizer.integer)))


def _convert_bits(q: Any) -> Number:
    return make_fixed(q.bits, _get_integer_bits(q), q.keep_negative, type(q).__name__)


def _convert_relu(q: Any) -> Number:
    integer = _get_integer_bits(q)
    kind = BINARY_01 if q.bits == 1 and integer == 1 else FIXED
    return Number(kind, "quantized_relu", q.bits, integer, int(q.negative_slope != 0))


def _convert_binary(name: str, zero_and_one: bool) -> Number:
    return Number(BINARY_01 if zero_and_one else BINARY, name, 1, 1, int(not zero_and_one))


def _convert_po2(q: Any) -> Number:
    is_signed = int(type(q).__name__ == "quantized_po2")
    return make_power_of_two(q.bits, is_signed, q.max_value or NO_LIMIT)


_RULES: dict[str, Callable[[Any], Number]] = {
    "quantized_bits": _convert_bits,
    "quantized_linear": _convert_bits,
    "quantized_hswish": lambda q: make_fixed(q.bits, _get_integer_bits(q), 1, "quantized_hswish"),
    "quantized_ulaw": lambda q: make_fixed(q.bits, _get_integer_bits(q), 1, "quantized_ulaw"),
    "quantized_tanh": lambda q: make_fixed(q.bits, 0, 1, "quantized_tanh"),
    "quantized_sigmoid": lambda q: make_fixed(q.bits, 0, 0, "quantized_sigmoid"),
    "quantized_relu": _convert_relu,
    "quantized_po2": _convert_po2,
    "quantized_relu_po2": _convert_po2,
    "binary": lambda q: _convert_binary("binary", bool(q.use_01)),
    "stochastic_binary": lambda q: _convert_binary("stochastic_binary", False),
    "bernoulli": lambda q: _convert_binary("bernoulli", True),
    "ternary": lambda q: make_ternary(),
    "stochastic_ternary": lambda q: make_ternary("stochastic_ternary"),
}

_FORGOTTEN = ("quantized_tanh", "quantized_ulaw", "stochastic_binary", "bernoulli")
"""The quantizers whose outputs QTools mistakes for ternary once a further layer passes them on."""

_IGNORED = ("quantized_linear", "quantized_sigmoid")
"""The quantizers unknown to QTools: it fails on them in weights and ``QActivation``, and ignores inline ones."""


class Types:
    """A converter of quantizers and names to types; if ``compatible``, it reproduces QTools' bugs."""

    def __init__(self, compatible: bool) -> None:
        self.compatible = compatible

    def to_number(self, quantizer: Any) -> Number:
        """Return the type of a quantizer's output, which is ``DEFAULT_TYPE`` for ``None`` and plain functions.

        If compatible, ``quantized_tanh`` has -1 integer bits, as in QTools.
        """
        rule = _RULES.get(type(quantizer).__name__)
        if rule is None or not isinstance(quantizer, Quantizer):
            return self.from_name(DEFAULT_TYPE)
        number = rule(quantizer)
        if self.compatible and number.name == "quantized_tanh":
            return make_fixed(number.bits, -1, 1, number.name)
        return number

    def is_deciding(self, activation: Any) -> bool:
        """Return whether an inline activation decides the type of the layer's results."""
        name = type(activation).__name__
        known = isinstance(activation, Quantizer) and name in _RULES
        return known and not (self.compatible and name in _IGNORED)

    def pass_on(self, number: Number) -> Number:
        """Return the type of numbers that a layer passes on; if compatible, a bug of QTools makes some ternary."""
        if self.compatible and number.name in _FORGOTTEN:
            return make_ternary("stochastic_ternary")
        return number

    def from_name(self, name: Any) -> Number:
        """Return the type that a name ("fp32", "int8", ...), a quantizer's string or a quantizer specifies.

        Raises ``EnergyError`` for a name that is no type.
        """
        if isinstance(name, str) and name in DEFAULTS:
            return DEFAULTS[name]
        try:
            quantizer = get_quantizer(name)
        except QuantizerError:
            quantizer = None
        if not isinstance(quantizer, Quantizer) or type(quantizer).__name__ not in _RULES:
            raise EnergyError(
                f"QTools: expected a type that is one of {', '.join(DEFAULTS)} or a quantizer, "
                f"got {name!r}. Write for example 'quantized_bits(8,0,1)'."
            )
        return self.to_number(quantizer)
