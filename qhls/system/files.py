"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from qhls.errors import QhlsError


@contextmanager
def stage_file(path: Path) -> Generator[Path]:
    """Give a path beside ``path`` to write to, which takes its place at the end, or goes if writing fails."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: str | os.PathLike[str], content: bytes, where: str) -> Path:
    """Write a file, in whole or not at all, and return its path. Raises ``QhlsError``, which begins with ``where``."""
    target = Path(path)
    try:
        with stage_file(target) as part:
            part.write_bytes(content)
    except OSError as error:
        raise QhlsError(
            f"{where}: expected to write {target}, got: {error.strerror}. Choose another path or make room."
        ) from error
    return target
