"""Checks of the arguments of a search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from qhls.search.errors import SearchError


def refuse_unknown(function: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Raise ``SearchError`` for a name that is not an argument of ``function``; the message suggests a similar one."""
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else "Choose one of these."
            raise SearchError(
                f"{function}: expected arguments among {', '.join(known)}, got {name!r}. {advice}"
            )


def require_whole(name: str, number: Any, least: int = 1, most: float = math.inf) -> None:
    """Raise ``SearchError`` unless ``number`` is an integer from ``least`` to ``most``."""
    whole = isinstance(number, int) and not isinstance(number, bool)
    if not (whole and least <= number <= most):
        upper = f" to {most}" if math.isfinite(most) else ""
        raise SearchError(
            f"{name}: expected a number from {least} on{upper}, got {number!r}. Choose another number."
        )


def require_finite(name: str, array: Any) -> None:
    """Raise ``SearchError`` for a NumPy array that has anything but finite numbers; ignore other objects."""
    if not isinstance(array, np.ndarray):
        return
    if array.dtype.kind not in "fiub":
        raise SearchError(f"{name}: expected numbers, got {array.dtype}. Give arrays of numbers.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = array.size - int(np.isfinite(array).sum())
        raise SearchError(
            f"{name}: expected finite numbers, got {bad:,} NaN or infinite of {array.size:,}. Leave out or "
            f"replace them before the search: no training survives them."
        )
