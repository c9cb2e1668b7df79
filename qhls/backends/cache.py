"""Cache of built libraries: a damaged one is built again and never loaded."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from qhls.backends.scratch import make_scratch, take_left_over
from qhls.errors import CsimError

_PREFIX = "build-"
_SEAL = hashlib.sha256().digest_size
"""Bytes of the checksum that follows a library's content. A loader does not read them."""


def find_cache_folder() -> Path:
    """Return the folder of built libraries: ``QHLS_CACHE``, else ``qhls`` in the user's cache folder.

    Raises ``CsimError`` where neither is known.
    """
    chosen = os.environ.get("QHLS_CACHE")
    if chosen:
        return Path(chosen).absolute()
    common = os.environ.get("XDG_CACHE_HOME", "")
    if Path(common).is_absolute():
        return Path(common) / "qhls"
    try:
        return Path.home() / ".cache" / "qhls"
    except RuntimeError as error:
        raise CsimError(
            "cache folder: expected a home folder to keep libraries in, got none. Set QHLS_CACHE or HOME."
        ) from error


def keep_library(name: str, make: Callable[[Path, Path], None]) -> Path:
    """Return the library ``name`` of the cache; ``make(folder, library)`` builds a missing one in a new folder.

    Raises ``CsimError`` where the cache cannot be written.
    """
    library = find_cache_folder() / name
    try:
        if is_intact(library):
            return library
        library.parent.mkdir(parents=True, exist_ok=True)
        for _ in take_left_over(library.parent, _PREFIX):
            pass
        with make_scratch(library.parent, _PREFIX) as folder:
            built = folder / "design.so"
            make(folder, built)
            with built.open("ab") as file:
                file.write(_compute_checksum(built.read_bytes()))
            built.replace(library)
    except OSError as error:
        raise CsimError(
            f"cache folder {str(library.parent)!r}: expected a folder that can be written, got: {error}. "
            "Make room, make it writable or set QHLS_CACHE to another."
        ) from error
    return library


def stamp(path: Path) -> str:
    """Return size and time of a file that libraries are built from: another file has another stamp."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def digest(parts: Iterable[str]) -> str:
    """Return the name of a library that depends on ``parts``: SHA-256 in hexadecimal."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_intact(library: Path) -> bool:
    """Return whether a library exists and is as it was written."""
    if not library.is_file():
        return False
    content = library.read_bytes()
    return content[-_SEAL:] == _compute_checksum(content[:-_SEAL])


def read_kept(name: str, make: Callable[[Path, Path], None]) -> bytes:
    """Return the bytes that ``make`` wrote, from the cache (see ``keep_library``)."""
    return keep_library(name, make).read_bytes()[:-_SEAL]


def open_library(library: Path) -> ctypes.CDLL:
    """Load a library. Raises ``CsimError`` for one that is damaged or gone: to load it would end the process."""
    try:
        if is_intact(library):
            return ctypes.CDLL(str(library))
        problem = "one that is damaged or gone"
    except OSError as error:
        problem = str(error)
    raise CsimError(
        f"library {str(library)!r}: expected the one that was built, got {problem}. Build the design again."
    )


def _compute_checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
