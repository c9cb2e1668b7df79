"""``Reals``: real numbers between an exact tensor and the quantizer that makes them codes again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from keras import ops

from qhls.errors import LoweringError
from qhls.frontend.refusal import called
from qhls.ir import Op, Reshape

Function = Callable[[Any], Any]
"""From a float tensor (samples, channels) to one of that shape, each number by itself."""


@dataclass(frozen=True)
class Reals:
    """``function(x)``: numbers that hardware never holds. A quantizer at the end turns them into steps of ``x``.

    The last axis of ``x`` is that of the channels; ``function`` may be another one for each of them, unless it is
    ``shared``. ``monotone``: whether it never turns. ``refusal`` is what is wrong where no quantizer comes. ``layer``:
    the one that returned these numbers, if it is one of the model's own. ``dims``: the shape, where ``x`` is flat
    because every element has another function.
    """

    x: Op
    function: Function
    monotone: bool
    refusal: LoweringError
    layer: str = ""
    shared: bool = False
    dims: tuple[int, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the tensor, without the batch."""
        return self.x.shape if self.dims is None else self.dims

    @property
    def channels(self) -> int:
        """How many functions there are: the length of the last axis of what ``function`` receives."""
        return 1 if self.shared else self.x.shape[-1]

    def then(self, function: Function, monotone: bool = True, shared: bool = False) -> Reals:
        """``function`` of these numbers, of (samples, channels) or, if ``shared``, of any shape."""
        inner = self.function
        outer = function if shared or self.dims is None else _regrouped(function, self.dims[-1])
        return replace(
            self,
            function=lambda v: outer(inner(v)),
            monotone=self.monotone and monotone,
            shared=self.shared and shared,
        )

    def apart(self) -> Reals:
        """The same numbers with a function for each element."""
        if self.dims is not None:
            return self
        function = self.function if self.shared else _regrouped(self.function, self.shape[-1])
        flat = Reshape(self.x, (self.x.size,))
        return replace(self, x=flat, function=function, shared=False, dims=self.shape)


def _regrouped(function: Function, channels: int) -> Function:
    """``function`` of (samples, channels) on (samples, elements), which are channels again and again."""

    def regrouped(v: Any) -> Any:
        return ops.reshape(function(ops.reshape(v, (-1, channels))), ops.shape(v))

    return regrouped


Tensor = Op | Reals


def reals(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    shared: bool = False,
) -> Reals:
    """``function(x)``, whatever ``x`` is; ``refusal`` is for an exact ``x``, else the first one stays.

    ``function`` receives (samples, channels) or, if it is ``shared`` by all numbers, any shape.
    """
    if isinstance(x, Reals):
        return x.then(function, monotone, shared)
    return Reals(x, function, monotone, refusal, shared=shared)


def reals_along(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    axes: Collection[int] = (),
) -> Reals:
    """As ``reals``, of a ``function`` on (samples, *shape) that differs along ``axes`` (batch not counted).

    Along the others it also takes an axis of length 1.
    """
    shape = x.shape
    rank = len(shape)
    own = {axis % rank for axis in axes if shape[axis] > 1}
    if own <= {rank - 1}:
        used = (*(1,) * (rank - 1), shape[-1] if own else 1)
    else:
        used = shape
        x = (x if isinstance(x, Reals) else reals(x, lambda v: v, refusal, shared=True)).apart()

    def shaped(v: Any) -> Any:
        return ops.reshape(function(ops.reshape(v, (-1, *used))), ops.shape(v))

    if isinstance(x, Reals) and x.dims is not None and used is shape:
        inner = x.function
        return replace(x, function=lambda v: shaped(inner(v)), monotone=x.monotone and monotone)
    return reals(x, shaped, refusal, monotone, shared=not own)


def exact(layer: Any, x: Tensor) -> Op:
    """``x``, an exact tensor that ``layer`` can read; ``None`` stands for the user of the model.

    Raises:
        RealNumbersError: real numbers; it says where they come from.
    """
    if isinstance(x, Reals):
        reader = called(layer) if layer is not None else "the model's user"
        raise RealNumbersError(f"{x.refusal}; {reader} would read real numbers", x)
    return x


class RealNumbersError(LoweringError):
    """No quantizer follows ``reals``."""

    def __init__(self, message: str, reals: Reals) -> None:
        super().__init__(message)
        self.reals = reals


@dataclass
class Arithmetic:
    """In which floating-point numbers Keras computes, as the reference of a lowering.

    ``rounds`` collects the layers whose float32 results depend on the order of a sum of real numbers, ``reals``
    those in which there are real numbers.
    """

    dtype: str
    rounds: list[str] = field(default_factory=list[str])
    reals: list[str] = field(default_factory=list[str])


_arithmetic: ContextVar[Arithmetic | None] = ContextVar("qhls_arithmetic", default=None)


@contextmanager
def arithmetic(dtype: str) -> Iterator[Arithmetic]:
    """Within it the reference computes in ``dtype``."""
    chosen = Arithmetic(dtype)
    token = _arithmetic.set(chosen)
    try:
        yield chosen
    finally:
        _arithmetic.reset(token)


def current_arithmetic() -> Arithmetic | None:
    """That of the lowering which runs, ``None`` outside of one."""
    return _arithmetic.get()
