"""``Reals``: real numbers between an exact tensor and the quantizer that makes them codes again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from qhls.errors import LoweringError
from qhls.frontend.refusal import called
from qhls.ir import Op

Function = Callable[[Any], Any]
"""From a float tensor (samples, channels) to one of that shape, each number by itself."""


@dataclass(frozen=True)
class Reals:
    """``function(x)``: numbers that hardware never holds. A quantizer at the end turns them into steps of ``x``.

    The last axis of ``x`` is that of the channels; ``function`` may be another one for each of them.
    ``monotone``: whether it never turns. ``refusal`` is what is wrong where no quantizer comes. ``layer``: the one that
    returned these numbers, if it is one of the model's own.
    """

    x: Op
    function: Function
    monotone: bool
    refusal: LoweringError
    layer: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the tensor, without the batch."""
        return self.x.shape

    def then(self, function: Function, monotone: bool = True) -> Reals:
        """``function`` of these numbers."""
        inner = self.function
        return replace(
            self, function=lambda v: function(inner(v)), monotone=self.monotone and monotone
        )


Tensor = Op | Reals


def reals(x: Tensor, function: Function, refusal: LoweringError, monotone: bool = True) -> Reals:
    """``function(x)``, whatever ``x`` is; ``refusal`` is for an exact ``x``, else the first one stays."""
    if isinstance(x, Reals):
        return x.then(function, monotone)
    return Reals(x, function, monotone, refusal)


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
