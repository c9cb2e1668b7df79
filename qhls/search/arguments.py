"""Checks of what a search is called with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from qhls.search.errors import SearchError


def refuse_unknown(function: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Raise ``SearchError`` for a name that ``function`` has no argument of, with the nearest one."""
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise SearchError(
                f"{function}: unknown argument {name!r}; known are {', '.join(known)}{hint}"
            )


def require_whole(name: str, number: Any, least: int = 1, most: float = math.inf) -> None:
    """Raise ``SearchError`` unless ``number`` is a whole one from ``least`` to ``most``."""
    whole = isinstance(number, int) and not isinstance(number, bool)
    if not (whole and least <= number <= most):
        upper = f" to {most}" if math.isfinite(most) else ""
        raise SearchError(f"{name}: expected a number from {least} on{upper}, received {number!r}")
