"""Locks on files and folders, which are released when their process ends, even if it is killed."""

from __future__ import annotations

import os
from contextlib import suppress

try:
    import fcntl
except ImportError:  # not POSIX: nothing is locked, and no file counts as abandoned
    fcntl = None


def lock(descriptor: int, *, wait: bool, otherwise: bool = False) -> bool:
    """Lock an open file or folder for this process, and return whether that succeeded.

    ``wait``: wait for another process to release it. ``otherwise``: the result on a system or disk without locks.
    """
    if fcntl is None:
        return otherwise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return otherwise
    return True


def is_at(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` still refers to the open file or folder ``descriptor``."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116 - a path of either kind
    return False
