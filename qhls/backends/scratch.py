"""Temporary folders, deleted after use, or by a later process if their own process was killed."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from qhls.system.locks import is_at, lock

_EXCHANGE = 2
"""The flag RENAME_EXCHANGE of Linux's renameat2, which swaps two paths atomically."""
_HERE = -100
"""The descriptor AT_FDCWD of Linux: relative paths start in the current folder."""


@contextmanager
def make_scratch(folder: Path, prefix: str) -> Generator[Path]:
    """Create a locked temporary folder in ``folder`` for a ``with`` block, and delete it afterwards.

    Its name begins with ``prefix``. Raises ``OSError``.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # take_left_over of another thread or process was faster
            continue
        lock(descriptor, wait=True)
        if is_at(descriptor, path):
            break
        os.close(descriptor)  # another process took it for one that was left over
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def take_left_over(folder: Path, prefix: str) -> Generator[Path]:
    """Yield each temporary folder in ``folder`` that a killed process left over, and delete it after use."""
    for path in folder.glob(f"{escape_glob(prefix)}*"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if lock(descriptor, wait=False):
                    yield path
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def escape_glob(text: str) -> str:
    """Return a glob pattern that matches exactly ``text``."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def exchange(a: Path, b: Path) -> bool:
    """Swap two folders atomically, and return whether that succeeded; a failure changes nothing."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return call(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _EXCHANGE) == 0
