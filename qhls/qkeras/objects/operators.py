"""QTools' arithmetic operators as objects, and their factories; ``qhls.compat.qtools`` decides their output types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np

from qhls.compat.qtools.rules.normal import find_scale, list_operators, sum_fused
from qhls.compat.qtools.types.convert import Types
from qhls.compat.qtools.types.numbers import BINARY, BINARY_01, PO2, TERNARY, Number
from qhls.compat.qtools.types.operators import (
    Operator,
    accumulate,
    add,
    divide,
    merge,
    multiply,
)
from qhls.compat.qtools.types.options import Options
from qhls.errors import QhlsError
from qhls.qkeras.objects.numbers import IQuantizer, as_object

OPTIONS = Options(Types(compatible=True))


class UnacceptedQuantizerError(QhlsError, ValueError):
    """The error raised for a denominator whose type has only two or three values."""


class ComputedObject:
    """An arithmetic operator: the type of its ``output``, and the gates that implement it."""

    def __init__(self, operator: Operator, op_type: str) -> None:
        self.operator = operator
        self.output = as_object(operator.output)
        self.output.op_type = op_type
        self.gate_factor = operator.gate_factor
        self.gate_bits = operator.priced_bits

    def implemented_as(self) -> str:
        """Return the name of the gates: "mul", "add", "mux", "xor", "and" or "shifter"."""
        return self.operator.op

    def name(self) -> str:
        """Return the name of the output's type."""
        return self.output.name

    def output_quantizer(self) -> IQuantizer:
        """Return the type of the output."""
        return self.output


class IMultiplier(ComputedObject):
    """A product of a weight and an input."""

    def __init__(
        self,
        weight_quantizer: IQuantizer,
        input_quantizer: IQuantizer,
        output_quantizer: Any = None,
    ) -> None:
        super().__init__(multiply(weight_quantizer.number, input_quantizer.number), "multiplier")
        self.weights = weight_quantizer
        self.input = input_quantizer


class IAccumulator(ComputedObject):
    """A sum of all products for one output of a kernel, plus a bias if ``use_bias``."""

    def __init__(self, kernel_shape: Sequence[int], multiplier: Any, use_bias: bool = True) -> None:
        terms = math.prod(kernel_shape[:-1]) + int(use_bias)
        super().__init__(accumulate(terms, multiplier.output.number), "accumulator")
        self.multiplier = multiplier
        self.log_add_ops = int(np.ceil(np.log2(terms)))


class IAdderImpl(ComputedObject):
    """A sum of two numbers."""

    def __init__(self, quantizer_1: IQuantizer, quantizer_2: IQuantizer) -> None:
        super().__init__(add(quantizer_1.number, quantizer_2.number), "accumulator")


class IDividerImpl(ComputedObject):
    """A quotient of two numbers."""

    def __init__(
        self,
        numerator_quantizer: IQuantizer,
        denominator_quantizer: IQuantizer,
        output_quantizer: Any = None,
    ) -> None:
        operator = divide(numerator_quantizer.number, denominator_quantizer.number)
        super().__init__(operator, "multiplier")
        self.numerator_quantizer = numerator_quantizer
        self.denominator_quantizer = denominator_quantizer


class IMerger(ComputedObject):
    """A layer that merges its inputs; ``input_qe_list`` are pairs of a type and an edge of the graph."""

    layer: ClassVar[str] = "Add"

    def __init__(self, input_qe_list: Sequence[tuple[IQuantizer, Any]]) -> None:
        self.input_quantizers = [quantizer for quantizer, _ in input_qe_list]
        self.edges = [edge for _, edge in input_qe_list]
        numbers = [quantizer.number for quantizer in self.input_quantizers]
        super().__init__(merge(self.layer, numbers, compatible=True), "merge")


_NAMED = {
    "FixedPointMultiplier": (IMultiplier, "mul"),
    "FloatingPointMultiplier": (IMultiplier, "mul"),
    "Mux": (IMultiplier, "mux"),
    "XorGate": (IMultiplier, "xor"),
    "Shifter": (IMultiplier, "shifter"),
    "AndGate": (IMultiplier, "and"),
    "Adder": (IMultiplier, "add"),
    "FixedPointAccumulator": (IAccumulator, "add"),
    "FloatingPointAccumulator": (IAccumulator, "add"),
    "Po2Accumulator": (IAccumulator, "add"),
    "FixedPointAdder": (IAdderImpl, "add"),
    "FloatingPointAdder": (IAdderImpl, "add"),
    "Po2FixedPointAdder": (IAdderImpl, "add"),
    "Po2Adder": (IAdderImpl, "add"),
    "FloatingPointDivider": (IDividerImpl, "mul"),
    "DividingShifter": (IDividerImpl, "shifter"),
    "ExponentSubtractor": (IDividerImpl, "add"),
    **{
        name: (IMerger, name)
        for name in ("Add", "Multiply", "Maximum", "Minimum", "Average", "Concatenate", "Dot")
    },
}
"""QTools' classes of operators, each with the base class that computes it, and its gates or its class of layer."""


def _make(name: str) -> type[ComputedObject]:
    base, kind = _NAMED[name]
    members: dict[str, Any] = {"__doc__": base.__doc__, "__module__": __name__}
    if base is IMerger:
        members["layer"] = kind
    else:
        members["implemented_as"] = staticmethod(lambda: kind)
    return cast("type[ComputedObject]", type(name, (base,), members))


_CLASSES = {name: _make(name) for name in _NAMED}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _find_class(base: type, operator: Operator, kinds: Sequence[int]) -> type[Any]:
    """Return QTools' class of an operator, which depends on its gates and on the kinds of its operands."""
    named = [name for name, (parent, op) in _NAMED.items() if (parent, op) == (base, operator.op)]
    if base in (IAccumulator, IAdderImpl):
        po2 = sum(kind == PO2 for kind in kinds)
        prefixes = ("Po2FixedPoint", "FixedPoint") if base is IAdderImpl else ("Po2", "FixedPoint")
        if base is IAdderImpl and po2 == len(kinds):
            prefixes = ("Po2Adder", "FixedPoint")
        wanted = "FloatingPoint" if operator.output.is_float else prefixes[0 if po2 else 1]
        named = [name for name in named if name.startswith(wanted)]
    elif operator.op == "mul":
        wanted = "FloatingPoint" if operator.output.is_float else "FixedPoint"
        named = [name for name in named if name.startswith(wanted)]
    return _CLASSES[named[0]]


class MultiplierFactory:
    """A factory that selects the hardware of a product as QTools does."""

    def make_multiplier(self, weight_quantizer: IQuantizer, input_quantizer: IQuantizer) -> Any:
        """Return the multiplier for a weight and an input of these types."""
        operator = multiply(weight_quantizer.number, input_quantizer.number)
        return _find_class(IMultiplier, operator, ())(weight_quantizer, input_quantizer)


class AccumulatorFactory:
    """A factory that selects the hardware of the sum of a kernel's products as QTools does."""

    def make_accumulator(
        self, kernel_shape: Sequence[int], multiplier: Any, use_bias: bool = True
    ) -> Any:
        """Return the accumulator for all products of one output of a kernel, and for a bias if ``use_bias``.

        The number of products is the product of the sizes ``kernel_shape[:-1]``.
        """
        number = multiplier.output.number
        cls = _find_class(IAccumulator, accumulate(1, number), [number.kind])
        return cls(kernel_shape, multiplier, use_bias)


class IAdder:
    """A factory that selects the hardware of a sum of two numbers as QTools does."""

    def make_quantizer(self, quantizer_1: IQuantizer, quantizer_2: IQuantizer) -> Any:
        """Return the adder for two numbers of these types."""
        first, second = quantizer_1.number, quantizer_2.number
        cls = _find_class(IAdderImpl, add(first, second), [first.kind, second.kind])
        return cls(quantizer_1, quantizer_2)


class ISubtractor(IAdder):
    """A factory that selects the hardware of a difference as QTools does: an adder with a signed result."""

    def make_quantizer(self, quantizer_1: IQuantizer, quantizer_2: IQuantizer) -> Any:
        """Return the subtractor for two numbers of these types."""
        operator = super().make_quantizer(quantizer_1, quantizer_2)
        if not operator.output.is_floating_point and not operator.output.is_signed:
            operator.output.is_signed = 1
            operator.output.bits += 1
        return operator


class IDivider:
    """A factory that selects the hardware of a quotient as QTools does."""

    def make_quantizer(
        self, numerator_quantizer: IQuantizer, denominator_quantizer: IQuantizer
    ) -> Any:
        """Return the divider for a numerator and a denominator of these types.

        Raises ``UnacceptedQuantizerError`` for a denominator of two or three values.
        """
        refuse_denominator(denominator_quantizer.number)
        operator = divide(numerator_quantizer.number, denominator_quantizer.number)
        cls = _find_class(IDividerImpl, operator, ())
        return cls(numerator_quantizer, denominator_quantizer)


def refuse_denominator(number: Number) -> None:
    """Raise ``UnacceptedQuantizerError`` for a denominator of two or three values, as QTools does."""
    if number.kind in (TERNARY, BINARY, BINARY_01):
        raise UnacceptedQuantizerError(
            f"QTools: expected a denominator of more than three values, got {number.name} numbers. "
            f"Use another variance_quantizer."
        )


class MergeFactory:
    """A factory for the operators of layers that merge their inputs."""

    def make_quantizer(self, input_qe_list: Sequence[Any], layer_type: str) -> Any:
        """Return the operator of a merging layer by the name of its class, or None for an unknown class."""
        cls = _CLASSES.get(layer_type)
        return cls(input_qe_list) if cls is not None and issubclass(cls, IMerger) else None


class QBNFactory:
    """A factory for the operators of a batch normalisation, ``gamma / deviation * x + beta``."""

    internal_divide_quantizer: Any = None
    internal_multiplier: Any = None
    internal_accumulator: Any = None

    def make_quantizer(  # noqa: PLR0917 - QTools' order
        self,
        input_quantizer: IQuantizer,
        gamma_quantizer: IQuantizer,
        beta_quantizer: IQuantizer,
        mean_quantizer: IQuantizer,
        variance_quantizer: IQuantizer,
        use_scale: bool,
        use_center: bool,
    ) -> None:
        """Create the operators of ``gamma / deviation * x + beta`` for these types, and store them as attributes."""
        refuse_denominator(variance_quantizer.number)
        operators = list_operators(
            input_quantizer.number,
            gamma_quantizer.number if use_scale else None,
            beta_quantizer.number if use_center else None,
            variance_quantizer.number,
        )
        for name, operator in operators.items():
            setattr(self, name, ComputedObject(operator, "multiplier"))


class FusedBNFactory:
    """A factory for the operators of a batch normalisation that is fused into the layer before it."""

    internal_multiplier: Any = None
    internal_accumulator: Any = None

    def make_quantizer(  # noqa: PLR0917 - QTools' order
        self,
        prev_output_quantizer: IQuantizer,
        beta_quantizer: IQuantizer,
        mean_quantizer: IQuantizer,
        inverse_quantizer: IQuantizer,
        prev_bias_quantizer: IQuantizer | None,
        use_beta: bool,
        use_bias: bool,
        qkeras_inverse_quantizer: Any = None,
    ) -> None:
        """Create the last product and sum of ``inverse * sum + (inverse * (bias - mean) + beta)`` as attributes."""
        bias = prev_bias_quantizer.number if use_bias and prev_bias_quantizer is not None else None
        product, _, total = sum_fused(
            prev_output_quantizer.number,
            bias,
            inverse_quantizer.number,
            mean_quantizer.number,
            beta_quantizer.number if use_beta else None,
            find_scale(qkeras_inverse_quantizer, None, OPTIONS),
        )
        self.internal_multiplier = ComputedObject(product, "multiplier")
        self.internal_accumulator = ComputedObject(total, "accumulator")


def po2_qbits_converter(po2_quantizer: IQuantizer) -> IQuantizer:
    """Return the fixed-point type that represents all values of a type of powers of two."""
    return as_object(po2_quantizer.number.as_fixed())


def po2_to_qbits(quantizer: IQuantizer) -> tuple[int, int]:
    """Return the width and the integer bits of the fixed-point type for all values of a type of powers of two."""
    converted = po2_qbits_converter(quantizer)
    return converted.bits, converted.int_bits
