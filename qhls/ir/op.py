"""``Op``: the base class of all operations of the IR, and the scope that names new operations."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from qhls.errors import VerifyError
from qhls.ir.interval import Interval
from qhls.ir.types import WIDEST, Fixed
from qhls.system.limits import ELEMENT, check_size

if TYPE_CHECKING:
    from qhls.ir.graph import Graph


class Scope:
    """Naming scope of the Keras layer that is being lowered: each new op gets a unique name after the layer."""

    def __init__(self, layer: str, prefix: str = "") -> None:
        self.layer = layer
        self._prefix = prefix or layer
        self._taken: Counter[str] = Counter()

    def name(self, local: str) -> str:
        """Return and reserve the name ``layer.local``, with a number appended from the second use on."""
        full_name = self.find_next(local)
        self._taken[local] += 1
        return full_name

    def find_next(self, local: str) -> str:
        """Return the name that ``name(local)`` will return next, without reserving it."""
        count = self._taken[local] + 1
        return f"{self._prefix}.{local}" + (f"_{count}" if count > 1 else "")


_scope: ContextVar[Scope | None] = ContextVar("qhls_layer_scope", default=None)


@contextmanager
def enter_layer(layer: str) -> Generator[Scope]:
    """Begin the names of new ops with ``layer`` within this context, and record ``layer`` as their Keras layer."""
    with _enter(Scope(layer)) as scope:
        yield scope


def get_layer() -> str:
    """Return the name of the Keras layer that is being lowered, or an empty string if none is."""
    scope = _scope.get()
    return scope.layer if scope else ""


@contextmanager
def nest_names(kind: str) -> Generator[None]:
    """Name new ops within this context after the layer's next op of ``kind``, such as ``layer.scan.matmul``."""
    outer = _scope.get()
    layer, prefix = (outer.layer, outer.find_next(kind)) if outer else ("", kind)
    with _enter(Scope(layer, prefix)):
        yield


@contextmanager
def _enter(scope: Scope) -> Generator[Scope]:
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


@dataclass(frozen=True, eq=False)
class Op:
    """Operation of the IR with one result tensor; its operands are ops, and ops are compared by identity.
    A subclass declares ``frac`` (fraction bits of the result) and ``evaluate`` (its meaning, over integers and over
    intervals alike). Range, type and shape follow from ``evaluate`` when the op is built. Arrays have a leading batch
    axis, which ``shape`` leaves out; constants have none.

    Raises ``VerifyError`` when the operands do not fit, naming op, layer and shapes.
    """

    name: str = field(default="", kw_only=True)
    layer: str = field(default="", kw_only=True)
    proved: bool = field(default=False, kw_only=True)
    """True if the op is part of a function that float32 is proved to compute exactly, whatever the op's own range."""
    bounds: tuple[int, int] | None = field(default=None, kw_only=True)
    """Lowest and highest code if constants are only examples and so imply no range; None: ``evaluate`` decides."""
    range: Interval = field(init=False, repr=False)
    type: Fixed = field(init=False, repr=False)

    if TYPE_CHECKING:  # a field of constants, a property of the other ops

        @property
        def frac(self) -> int:
            """Return the number of fraction bits of the result."""
            ...

    batched: ClassVar[bool] = True
    evaluate: ClassVar[Callable[..., Any]]
    """Meaning of the op: a function from the operands' codes to the result's codes, or from ranges to the range."""

    def __init_subclass__(cls) -> None:
        # The repr of a dataclass would print operands recursively, which is exponential where they are shared.
        cls.__repr__ = Op.__repr__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __post_init__(self) -> None:
        self._name()
        self.check()
        value: Interval = self.evaluate(*(operand.range for operand in self.operands))
        if self.bounds is not None:
            value = Interval.fill(value.shape, *self.bounds)
        tight = Interval(value.lo.tighten(), None if value.constant else value.hi.tighten())
        object.__setattr__(self, "range", tight)
        object.__setattr__(self, "type", Fixed.from_range(*tight.hull, self.frac))
        self.require_representable(self.type)

    def _name(self) -> None:
        scope = _scope.get()
        if scope is not None and not self.layer:
            object.__setattr__(self, "name", scope.name(self.name or self.kind))
            object.__setattr__(self, "layer", scope.layer)
        elif not self.name:
            object.__setattr__(self, "name", self.kind)

    @property
    def kind(self) -> str:
        """Return the name of the operation in snake case, such as ``arg_max``, by which templates are found."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def check(self) -> None:
        """Raise ``VerifyError``, by ``self.require``, if the operands or parameters do not fit the op."""

    def require(self, condition: bool, expected: str, actual: str, advice: str = "") -> None:
        """Raise a ``VerifyError`` that names this op unless ``condition`` is true; ``advice`` is a sentence."""
        if not condition:
            where = f" of layer {self.layer!r}" if self.layer else ""
            message = (
                f"{type(self).__name__} {self.name!r}{where}: expected {expected}, got {actual}."
            )
            raise VerifyError(f"{message} {advice}".rstrip())

    def require_representable(self, fixed: Fixed) -> None:
        """Raise a ``VerifyError`` with advice on what to quantise if the type ``fixed`` is too wide for C++."""
        if fixed.representable:
            return
        widest = max(self.operands, key=lambda operand: operand.type.width, default=None)
        advice = "Give it a type or quantizer of fewer bits."
        if widest is not None:
            layer = f" of layer {widest.layer!r}" if widest.layer else ""
            advice = f"Quantise what it reads, e.g. {widest.name!r}{layer} with a QActivation."
        self.require(
            False, f"at most {WIDEST} bits, before and behind the point", str(fixed), advice
        )

    def require_size(self, dims: Iterable[int]) -> None:
        """Raise a ``VerifyError`` if a tensor of shape ``dims`` exceeds the size limit, before it is allocated."""
        where = f"{type(self).__name__} {self.name!r}"
        where += f" of layer {self.layer!r}" if self.layer else ""
        check_size(math.prod(dims), where, "a tensor", VerifyError, ELEMENT)

    @cached_property
    def operands(self) -> tuple[Op, ...]:
        """Return the ops whose tensors this one reads, in the order of ``evaluate``'s arguments."""
        ops: list[Op] = []
        for name in list_operand_fields(self):
            value = getattr(self, name)
            ops += [value] if isinstance(value, Op) else value
        return tuple(ops)

    def with_operands(self, new: dict[Op, Op], **changes: Any) -> Self:
        """Return the op with each operand replaced by ``new[operand]``, or the op itself if nothing changes.

        ``changes``: other fields of the op.
        """
        if not changes and all(new.get(operand, operand) is operand for operand in self.operands):
            return self
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Op):
                changes[item.name] = new.get(value, value)
            elif isinstance(value, tuple) and any(isinstance(entry, Op) for entry in value):  # pyright: ignore[reportUnknownVariableType]
                changes[item.name] = tuple(new.get(entry, entry) for entry in value)  # pyright: ignore
        return replace(self, **changes)

    @property
    def nested(self) -> tuple[tuple[Graph, int], ...]:
        """Return the graphs that the op runs, each with the number of runs per inference."""
        return ()

    def rewrite_nested(self, rule: Callable[[Op], Op]) -> Op:
        """Return the same op with ``rule`` applied to the ops of the graphs that it runs."""
        return self

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the result without the batch axis."""
        return self.range.shape[1:] if self.batched else self.range.shape

    @property
    def size(self) -> int:
        """Return the number of elements per sample."""
        return math.prod(self.shape)

    @cached_property
    def bound(self) -> int:
        """Return the largest magnitude of a code of the result."""
        lo, hi = self.range.hull
        return max(-lo, hi, 0)

    @cached_property
    def magnitude(self) -> int:
        """Return a bound on the magnitude of every partial result in codes, for any order of summation."""
        lo, hi = self.evaluate(*(operand.range.with_zero() for operand in self.operands)).hull
        return max(-lo, hi, 0)


MARKS = tuple(item.name for item in fields(Op) if item.init)
"""Names of the fields that every op has, none of which is an operand or a parameter."""


def list_operand_fields(op: Op) -> list[str]:
    """Return the names of the fields of ``op`` that are operands or tuples of operands."""
    return [item.name for item in fields(op) if _has_ops(getattr(op, item.name, None))]


def _has_ops(value: Any) -> bool:
    several = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    return any(isinstance(entry, Op) for entry in several)
