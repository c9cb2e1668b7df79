"""``Arithmetic``: the floating-point numbers in which Keras computes while a lowering runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Arithmetic:
    """In which floating-point numbers Keras computes, as the reference of a lowering.

    ``plain``: whether quantizers leave out what is there for their gradient only, as they do behind real numbers.
    ``rounds`` collects the layers whose float32 results depend on the order of a sum of real numbers, ``reals``
    those in which there are real numbers, ``uneven`` those in which the gradient's part rounds.
    """

    dtype: str
    plain: bool = False
    rounds: list[str] = field(default_factory=list[str])
    reals: list[str] = field(default_factory=list[str])
    uneven: list[str] = field(default_factory=list[str])


_arithmetic: ContextVar[Arithmetic | None] = ContextVar("qhls_arithmetic", default=None)


@contextmanager
def use_arithmetic(dtype: str, plain: bool = False) -> Iterator[Arithmetic]:
    """Within it the reference computes in ``dtype``; ``plain``: see ``Arithmetic``."""
    chosen = Arithmetic(dtype, plain)
    token = _arithmetic.set(chosen)
    try:
        yield chosen
    finally:
        _arithmetic.reset(token)


def find_arithmetic() -> Arithmetic | None:
    """That of the lowering which runs, ``None`` outside of one."""
    return _arithmetic.get()
