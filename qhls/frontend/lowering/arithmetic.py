"""``Arithmetic``: the floating-point type in which Keras computes the reference of a lowering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Arithmetic:
    """The floating-point arithmetic of Keras that is the reference of a lowering.

    ``plain``: whether quantizers leave out what serves their gradient only, as they do behind real numbers. Three
    lists collect layers. In ``rounds`` float32 results depend on the order of a sum of real numbers. Those in ``reals``
    hold real numbers. In ``uneven`` the part for the gradient rounds.
    """

    dtype: str
    plain: bool = False
    rounds: list[str] = field(default_factory=list[str])
    reals: list[str] = field(default_factory=list[str])
    uneven: list[str] = field(default_factory=list[str])


_arithmetic: ContextVar[Arithmetic | None] = ContextVar("qhls_arithmetic", default=None)


@contextmanager
def use_arithmetic(dtype: str, plain: bool = False) -> Iterator[Arithmetic]:
    """Enter a context in which Keras computes the reference in ``dtype``; ``plain``: see ``Arithmetic``."""
    chosen = Arithmetic(dtype, plain)
    token = _arithmetic.set(chosen)
    try:
        yield chosen
    finally:
        _arithmetic.reset(token)


def find_arithmetic() -> Arithmetic | None:
    """Return the arithmetic of the running lowering; None if no lowering is running."""
    return _arithmetic.get()
