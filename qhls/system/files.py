"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from qhls.errors import QhlsError


def write_whole(path: str | os.PathLike[str], content: bytes, where: str) -> Path:
    """Write a file, in whole or not at all, and return its path. Raises ``QhlsError``, which begins with ``where``."""
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise QhlsError(
            f"{where}: expected to write {target}, got: {error.strerror}. Choose another path or make room."
        ) from error
    return target
