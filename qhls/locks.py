"""What keeps processes out of each other's way on disk. A lock ends with its process, however that ends."""

from __future__ import annotations

import os
from contextlib import suppress

try:
    import fcntl
except ImportError:  # no POSIX: nothing is locked, and nothing is taken for left over
    fcntl = None


def lock(descriptor: int, *, wait: bool, otherwise: bool = False) -> bool:
    """Lock an open file or folder; whether it is now this process's. Without ``wait``: at once or not at all.

    ``otherwise``: the answer where the system or its disk knows no locks.
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
    """Whether the open file or folder is the one that is now at ``path``."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116 - of either kind
    return False
