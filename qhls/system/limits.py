"""Limits on the size of files, weights and arrays: a file is untrusted data and may not exhaust the machine.

``QHLS_LIMIT`` in the environment is the largest size of a model's weights, a file or an array: ``16G``. All other
limits are shares of it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
import zlib
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from qhls.errors import EnergyError, LoadError, QhlsError
from qhls.system.text import shorten

DEFAULT = 1 << 30

JSON = 64
"""Bytes of the limit per byte of a JSON text: Python's objects are about this many times larger."""

ELEMENT = 32
"""Bytes of the limit per element of a design's tensor: its code and both ends of its range."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

_FOLDER = "a folder"

ARCHIVE_ERRORS = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
"""Everything that reading a damaged zip archive raises; ``NotImplementedError`` of a later version is one of them."""

Kind = type[QhlsError]


def find_limit() -> int:
    """Return the limit in bytes, from ``QHLS_LIMIT`` or ``DEFAULT``. Raises ``QhlsError`` if that is not a size."""
    text = os.environ.get("QHLS_LIMIT", "").strip()
    if not text:
        return DEFAULT
    match = re.fullmatch(r"(?P<number>\d{1,12})(?P<unit>[KMGT]?)(i?B)?", text, re.IGNORECASE)
    if match is None or not int(match["number"]):
        raise QhlsError(f"QHLS_LIMIT: expected a size such as 16G or 500M, got {text!r}. Set one.")
    return int(match["number"]) * _UNITS[match["unit"].upper()]


def check_size(size: int, where: str, what: str, kind: Kind = LoadError, share: int = 1) -> None:
    """Raise ``kind`` if ``size`` bytes, or elements of ``share`` bytes each, exceed the limit."""
    most = find_limit() // share
    if size > most:
        unit = "elements" if share == ELEMENT else "bytes"
        raise kind(
            f"{where}: expected {what} of at most {most:,} {unit}, got {_parse_number(size)}. "
            f"To allow this size, raise the limit: QHLS_LIMIT={_suggest_limit(size * share)}."
        )


def _parse_number(size: int) -> str:
    return f"{size:,}" if size < 10**30 else f"a number of {size.bit_length():,} bits"


def _suggest_limit(size: int) -> str:
    """Return a limit in GiB that allows ``size`` bytes, or words where no machine has so many."""
    return f"{-(-size // _UNITS['G'])}G" if size < 1 << 60 else "as much as you have"


# -- files ------------------------------------------------------------------------------------------


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is a folder; never raise."""
    return _find_problem(path) == _FOLDER


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is a regular file; never raise."""
    return _find_problem(path) is None


def check_regular_file(path: str | os.PathLike[str], what: str, kind: Kind = LoadError) -> Path:
    """Return ``path`` if it is a regular file. Raises ``kind``."""
    problem = _find_problem(path)
    if problem is None:
        return Path(path)
    name = shorten(os.fspath(path), 300)
    raise kind(f"{name}: expected {what}, got {problem}. Check the path.")


def _find_problem(path: str | os.PathLike[str]) -> str | None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path may be longer than Path bears
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError) as error:
        return f"a path that cannot be followed ({getattr(error, 'strerror', None) or error})"
    if stat.S_ISDIR(mode):
        return _FOLDER
    return None if stat.S_ISREG(mode) else "a device or pipe, which may have no end"


def read(path: Path, what: str, kind: Kind = LoadError, share: int = 1) -> bytes:
    """Return the content of a regular file that is not too large. Raises ``kind``."""
    path = check_regular_file(path, what, kind)
    try:
        check_size(path.stat().st_size, str(path), what, kind, share)
        return path.read_bytes()
    except OSError as error:
        raise kind(
            f"{path}: expected {what}, got an error ({error.strerror}). Check that the file is readable."
        ) from error


def read_json(path: Path, what: str, kind: Kind = LoadError, where: str = "") -> Any:
    """Return the value in a JSON file. Raises ``kind``."""
    return parse_json(read(path, what, kind, JSON), where or str(path), what, kind)


def parse_json(text: bytes | str, where: str, what: str, kind: Kind = LoadError) -> Any:
    """Return the value of a JSON text. Raises ``kind`` for a text that is not JSON, too large or nested too deeply."""
    if not isinstance(text, bytes | str):
        raise kind(
            f"{where}: expected {what}, got {type(text).__name__}. The file is damaged: write it again."
        )
    check_size(len(text), where, what, kind, JSON)
    try:
        return json.loads(text, parse_int=_read_whole)
    except (ValueError, RecursionError) as error:
        raise kind(
            f"{where}: expected {what}, got text that is not JSON ({error}). Check that the file is complete and of "
            f"this kind."
        ) from error


def _read_whole(text: str) -> int:
    number = int(text)
    if number.bit_length() > 1023:
        raise ValueError(f"a whole number of {len(text)} digits")
    return number


# -- arrays -----------------------------------------------------------------------------------------

Arrays = dict[str, np.ndarray[Any, Any]]


def read_arrays(path: Path) -> Any:
    """Return the array of an ``.npy`` file, or the arrays of an ``.npz`` file by name.

    Arrays may be as large as the file; compressed ones up to the limit. Raises ``LoadError``.
    """
    what = "a .npy or .npz file of numbers"
    path = check_regular_file(path, what)
    try:
        most = max(find_limit(), path.stat().st_blocks * 512)
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                _check_header(file, path.stat().st_size, most, path.name)
            return np.load(path, allow_pickle=False)
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if e.filename.endswith(".npy")]
            whole = sum(entry.file_size for entry in entries)
            if whole > most:
                check_size(whole, str(path), what)
            for entry in entries:
                with archive.open(entry) as file:
                    _check_header(file, entry.file_size, most, entry.filename)
        with np.load(path, allow_pickle=False) as arrays:
            return {
                name: arrays[name]
                for name in arrays.files
                if f"{name}.npy" in arrays.zip.namelist()
            }
    except (*ARCHIVE_ERRORS, MemoryError) as error:
        raise LoadError(
            f"{path}: expected {what}, got {error}. Write one with numpy.save."
        ) from error


def _check_header(file: Any, size: int, most: int, name: str) -> None:
    """Refuse an array that is larger than its file or has no numbers, before it is allocated."""
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise ValueError(f"{name} of version {version}")
    try:
        shape, _, dtype = read_header(file)
    except Exception as error:  # the header is a Python literal, whose parser may raise anything
        raise ValueError(f"{name} with a header that cannot be read: {error}") from error
    if dtype.kind not in "fiub":
        raise ValueError(f"{name} of {dtype}")
    wanted = dtype.itemsize * int(np.prod(shape, dtype=object))
    if wanted > size:
        raise ValueError(f"{name} of {_parse_number(wanted)} bytes in {size:,}")
    if wanted > most:
        check_size(wanted, name, "an array")


def find_table(what: str, name_or_path: str | PathLike[str] | None, folder: Path) -> Path:
    """Find the table of that name in ``folder``, or a JSON file of the user. Raises ``EnergyError``."""
    if isinstance(name_or_path, str | PathLike):
        path = Path(name_or_path)
        path = path if path.suffix == ".json" else folder / f"{name_or_path}.json"
        if is_file(path):
            return path
    names = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
    got = repr(name_or_path) if name_or_path is None else repr(str(name_or_path))
    raise EnergyError(f"{what}: expected one of {names} or a .json file, got {got}. Choose one.")
