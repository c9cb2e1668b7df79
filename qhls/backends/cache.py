"""A cache of compiled libraries, in which a damaged library is built again and never loaded."""

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
"""The number of bytes of the checksum at the end of a library, which the dynamic loader ignores."""


def find_cache_folder() -> Path:
    """Return the folder of cached libraries: ``QHLS_CACHE``, or ``qhls`` in the user's cache folder if it is not set.

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
    """Return the path of the cached library ``name``; ``make(folder, library)`` builds a missing or damaged one.

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
    """Return the size and modification time of a file as text, which changes when the file changes."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def digest(parts: Iterable[str]) -> str:
    """Return the SHA-256 of ``parts`` in hexadecimal, which names the library built from them."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_intact(library: Path) -> bool:
    """Return whether a library exists and its checksum matches its content."""
    if not library.is_file():
        return False
    content = library.read_bytes()
    return content[-_SEAL:] == _compute_checksum(content[:-_SEAL])


def read_kept(name: str, make: Callable[[Path, Path], None]) -> bytes:
    """Return the content of the cached file ``name`` without its checksum; ``make`` writes a missing or damaged one."""
    return keep_library(name, make).read_bytes()[:-_SEAL]


def open_library(library: Path) -> ctypes.CDLL:
    """Load a compiled library into this process and return it.

    Raises ``CsimError`` for a missing or damaged one, which could crash this process.
    """
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
