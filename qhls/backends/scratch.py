"""Temporary folders: deleted after use, and by the next process where one was killed."""

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
"""Flag of Linux' renameat2: two names change places at once."""
_HERE = -100


@contextmanager
def make_scratch(folder: Path, prefix: str) -> Generator[Path]:
    """Make a new folder in ``folder``, whose name begins with ``prefix``; delete it in the end. Raises ``OSError``."""
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
    """Yield the folders that killed processes left; delete each after its turn."""
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
    """Return ``text`` as a pattern that matches it alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def exchange(a: Path, b: Path) -> bool:
    """Exchange two folders at once; return false, with nothing changed, where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return call(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _EXCHANGE) == 0
