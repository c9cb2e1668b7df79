"""``refusal``: the error for what cannot be lowered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qhls.errors import LoweringError
from qhls.quantizers.keras_types import KerasLayer


class RealWeightsError(LoweringError):
    """Weights that are real numbers."""


def refusal(layer: Any, expected: str, actual: object, advice: str) -> LoweringError:
    """Return the error for a layer or quantizer that cannot be lowered; ``advice`` is a sentence."""
    return LoweringError(f"{called(layer)}: expected {expected}, got {actual}. {advice}")


def called(layer: Any) -> str:
    """A layer by name and class; a quantizer by its text."""
    name = getattr(layer, "name", None)
    return f"layer {name!r} ({type(layer).__name__})" if name else f"quantizer {layer}"


@contextmanager
def within(layer: KerasLayer) -> Iterator[None]:
    """Name ``layer`` first in an error of a part of it."""
    try:
        yield
    except LoweringError as error:
        whole = called(layer)
        if not str(error).startswith(whole):
            error.args = (f"{whole}: {error}",)
        raise
