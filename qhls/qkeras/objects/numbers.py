"""QTools' types as mutable objects; each represents a ``Number`` of ``qhls.compat.qtools`` under QTools' names."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self

from qhls.compat.qtools.types.convert import DEFAULTS, Types
from qhls.compat.qtools.types.numbers import (
    BINARY,
    BINARY_01,
    FLOAT,
    PO2,
    Number,
    make_fixed,
    make_floating,
    make_power_of_two,
    make_ternary,
)
from qhls.qkeras.objects.settings import cfg
from qhls.quantizers import QUANTIZERS, Quantizer, get_quantizer

FLOATINGPOINT_BITS = 32

_TYPES = Types(compatible=True)

_FIELDS = {
    "mode": "kind",
    "name": "name",
    "bits": "bits",
    "int_bits": "int_bits",
    "is_signed": "is_signed",
    "max_val_po2": "max_value",
    "inference_value_counts": "distinct",
}
"""The field of ``Number`` that each of QTools' attributes represents."""


class IQuantizer:
    """A type of numbers: width, integer bits without the sign, and kind of number (``mode``)."""

    start: ClassVar[Number] = Number(-1, "", -1, -1, 0)
    quantizer: ClassVar[str] = ""
    """The name of the quantizer whose outputs have this type."""
    arguments: ClassVar[Mapping[str, str]] = {}
    """The attribute of this type that decides each argument of its quantizer."""

    op_type: str
    name: str
    mode: Any
    bits: Any
    int_bits: Any
    is_signed: Any
    max_val_po2: Any
    inference_value_counts: Any

    def __init__(self, **attributes: Any) -> None:
        self.op_type = "quantizer"
        self.set_number(self.start)
        for name, value in attributes.items():
            setattr(self, name, value)

    @classmethod
    def of(cls, number: Number) -> Self:
        """Return the mutable object that represents ``number``."""
        quantizer: Any = object.__new__(CLASSES.get(number.name, CLASSES["quantized_bits"]))
        quantizer.op_type = "quantizer"
        quantizer.set_number(number)
        return quantizer

    @property
    def number(self) -> Number:
        """Return the current state of this type as a ``Number``."""
        return Number(**{field: getattr(self, name) for name, field in _FIELDS.items()})

    def set_number(self, number: Number) -> None:
        """Set all attributes of this type to those of ``number``."""
        for name, field in _FIELDS.items():
            setattr(self, name, getattr(number, field))

    @property
    def is_floating_point(self) -> bool:
        """Return whether this is a floating-point type."""
        return self.mode == FLOAT

    @property
    def is_po2(self) -> int:
        """Return 1 if this is a type of powers of two, else 0."""
        return int(self.mode == PO2)

    @property
    def use_01(self) -> bool:
        """Return whether this is the binary type with the values 0 and 1, not -1 and 1."""
        return self.mode == BINARY_01

    def get_min_max_exp(self) -> tuple[float, float]:
        """Return ``(down, up)``: the exponents of this type of powers of two run from ``-down`` to ``up``."""
        return self.number.exponents

    def convert_qkeras_quantizer(self, quantizer: Any) -> None:
        """Change this type to that of a quantizer's output; ignore anything but a quantizer."""
        if isinstance(quantizer, Quantizer):
            number = _TYPES.to_number(quantizer)
            self.set_number(replace(number, name=number.name if number.kind == PO2 else self.name))

    def convert_to_qkeras_quantizer(self, **arguments: Any) -> Any:
        """Return a quantizer whose output has this type; ``arguments`` are those that the type does not decide."""
        own = {argument: getattr(self, name) for argument, name in self.arguments.items()}
        if self.mode == PO2:
            own["max_value"] = self.max_val_po2 if self.max_val_po2 >= 0 else None
            if self.is_signed:
                arguments.pop("negative_slope", None)
        kind = self.name if self.mode == PO2 else self.quantizer
        return QUANTIZERS[kind](**own, **arguments)

    def update_inference_values(self, weights: Any) -> None:
        """Count the distinct values in ``weights``, and store the count in this type."""
        self.inference_value_counts = len(set(weights.flatten()))


class _Kind(NamedTuple):
    start: Number
    arguments: Mapping[str, str]
    parent: str = ""


_WIDTHS = {"bits": "bits", "integer": "int_bits"}
_KINDS = {
    "QuantizedBits": _Kind(make_fixed(-1, -1, 1), {**_WIDTHS, "keep_negative": "is_signed"}),
    "QuantizedTanh": _Kind(
        make_fixed(-1, -1, 1, "quantized_tanh"), {"bits": "bits"}, "QuantizedBits"
    ),
    "QuantizedUlaw": _Kind(make_fixed(-1, -1, 1, "quantized_ulaw"), _WIDTHS, "QuantizedBits"),
    "QuantizedLinear": _Kind(
        make_fixed(-1, -1, 1, "quantized_linear"),
        {**_WIDTHS, "keep_negative": "is_signed"},
        "QuantizedBits",
    ),
    "QuantizedSigmoid": _Kind(
        make_fixed(-1, 0, 0, "quantized_sigmoid"), {"bits": "bits"}, "QuantizedBits"
    ),
    "QuantizedHswish": _Kind(make_fixed(-1, -1, 1, "quantized_hswish"), _WIDTHS, "QuantizedBits"),
    "QuantizedRelu": _Kind(make_fixed(-1, -1, 0, "quantized_relu"), _WIDTHS),
    "Binary": _Kind(Number(BINARY, "binary", 1, 1, 1), {"use_01": "use_01"}),
    "StochasticBinary": _Kind(Number(BINARY, "stochastic_binary", 1, 1, 1), {}, "Binary"),
    "Bernoulli": _Kind(Number(BINARY_01, "bernoulli", 1, 1, 0), {}, "Binary"),
    "Ternary": _Kind(make_ternary(), {}),
    "StochasticTernary": _Kind(make_ternary("stochastic_ternary"), {}, "Ternary"),
    "FloatingPoint": _Kind(make_floating(FLOATINGPOINT_BITS), {}),
    "PowerOfTwo": _Kind(make_power_of_two(-1, 1), {"bits": "bits"}),
    "ReluPowerOfTwo": _Kind(make_power_of_two(-1, 0), {"bits": "bits"}, "PowerOfTwo"),
}
"""The settings from which QTools' classes of types are created, by class name."""


def _set_up_binary(self: IQuantizer, use_01: bool = False) -> None:
    IQuantizer.__init__(self)
    if use_01:
        self.mode, self.is_signed = BINARY_01, 0


def _set_up_floating(self: IQuantizer, bits: Any) -> None:
    IQuantizer.__init__(self, bits=bits)


def _set_up_power(self: IQuantizer, is_signed: Any = True) -> None:
    IQuantizer.__init__(self)
    self.set_number(make_power_of_two(-1, is_signed))


_CONSTRUCTORS = {
    "Binary": _set_up_binary,
    "FloatingPoint": _set_up_floating,
    "PowerOfTwo": _set_up_power,
}


def _make_classes() -> dict[str, type[IQuantizer]]:
    classes: dict[str, type[IQuantizer]] = {}
    for name, kind in _KINDS.items():
        members: dict[str, Any] = {
            "__doc__": f"QTools' type of {kind.start.name} numbers.",
            "__module__": __name__,
            "start": kind.start,
            "quantizer": kind.start.name,
            "arguments": kind.arguments,
            "__init__": _CONSTRUCTORS.get(name, IQuantizer.__init__),
        }
        classes[name] = type(name, (classes.get(kind.parent, IQuantizer),), members)
    return classes


_CLASSES = _make_classes()
CLASSES = {kind.start.name: _CLASSES[name] for name, kind in _KINDS.items()}
"""QTools' classes of types, by the name of the type."""


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_exp(quantizer: IQuantizer) -> tuple[float, float]:
    """Return ``(down, up)``: the exponents of a type of powers of two run from ``-down`` to ``up``."""
    return quantizer.get_min_max_exp()


def get_np_value(val: Any) -> Any:
    """Convert a number, or a tensor of one element, to a Python number."""
    return val.item() if hasattr(val, "item") else val


def as_object(number: Number) -> IQuantizer:
    """Return the mutable object that represents ``number``."""
    return IQuantizer.of(number)


class QuantizerFactory:
    """A factory that creates QTools' types from quantizers and names."""

    def make_quantizer(self, quantizer: Any) -> IQuantizer:
        """Return the type that a quantizer or a name such as "int8" specifies, or a copy of a type.

        Anything else has the default type.
        """
        if isinstance(quantizer, IQuantizer):
            return self.clone_quantizer(quantizer)
        if isinstance(quantizer, str) and quantizer in DEFAULTS:
            return self.make_default_quantizer(quantizer)
        if isinstance(quantizer, str):
            quantizer = get_quantizer(quantizer)
        if quantizer is None or not self.is_quantizer_supported(quantizer):
            return self.make_default_quantizer(cfg.default_interm_quantizer)
        return as_object(_TYPES.to_number(quantizer))

    def is_quantizer_supported(self, quantizer: Any) -> bool:
        """Return whether QTools has a type for ``quantizer``, which may also be a type or None."""
        return quantizer is None or isinstance(quantizer, Quantizer | IQuantizer)

    def make_default_quantizer(self, mode: Any) -> IQuantizer:
        """Return the type that a name such as "fp32" or "int8", or a quantizer's string, specifies."""
        return as_object(_TYPES.from_name(mode))

    def clone_quantizer(self, quantizer: IQuantizer) -> IQuantizer:
        """Return a copy of a type."""
        return copy.deepcopy(quantizer)
