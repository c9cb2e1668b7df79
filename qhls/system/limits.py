"""Limits on the size of files, weights and arrays: a file is untrusted data and must not exhaust the machine.

``QHLS_LIMIT`` in the environment is the largest size of a model's weights, a file or an array: ``16G``. All other
limits are shares of it.
"""

from __future__ import annotations

import os
import re

from qhls.errors import LoadError, QhlsError

DEFAULT = 1 << 30

JSON = 64
"""Bytes that each byte of a JSON text counts against the limit, because Python's objects are that much larger."""

ELEMENT = 32
"""Bytes that each element of a design's tensor counts against the limit: its code and both ends of its range."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

ErrorKind = type[QhlsError]


def find_limit() -> int:
    """Return the size limit in bytes: ``QHLS_LIMIT`` or ``DEFAULT``. Raises ``QhlsError`` for an invalid size."""
    text = os.environ.get("QHLS_LIMIT", "").strip()
    if not text:
        return DEFAULT
    match = re.fullmatch(r"(?P<number>\d{1,12})(?P<unit>[KMGT]?)(i?B)?", text, re.IGNORECASE)
    if match is None or not int(match["number"]):
        raise QhlsError(f"QHLS_LIMIT: expected a size such as 16G or 500M, got {text!r}. Set one.")
    return int(match["number"]) * _UNITS[match["unit"].upper()]


def check_size(
    size: int, where: str, what: str, kind: ErrorKind = LoadError, share: int = 1
) -> None:
    """Raise an error of the class ``kind`` if ``size`` bytes, or elements of ``share`` bytes each, exceed the limit."""
    most = find_limit() // share
    if size > most:
        unit = "elements" if share == ELEMENT else "bytes"
        raise kind(
            f"{where}: expected {what} of at most {most:,} {unit}, got {format_bytes(size)}. "
            f"To allow this size, raise the limit: QHLS_LIMIT={_suggest_limit(size * share)}."
        )


def format_bytes(size: int) -> str:
    """Return the number ``size`` as text for a message: in digits, or only its length in bits if it is huge."""
    return f"{size:,}" if size < 10**30 else f"a number of {size.bit_length():,} bits"


def _suggest_limit(size: int) -> str:
    """Return a value of ``QHLS_LIMIT`` that allows ``size`` bytes, or a phrase if no machine has so many."""
    return f"{-(-size // _UNITS['G'])}G" if size < 1 << 60 else "as much as you have"
