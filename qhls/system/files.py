"""Reading of files within the size limits, and atomic writing of files."""

from __future__ import annotations

import json
import os
import stat
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from qhls.errors import EnergyError, LoadError, QhlsError
from qhls.system.limits import JSON, ErrorKind, check_size, find_limit, format_bytes
from qhls.system.text import shorten

_FOLDER = "a folder"

ARCHIVE_ERRORS = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
"""Exceptions that reading a damaged zip archive raises; ``NotImplementedError``, for a later version, is included."""


# -- reading ----------------------------------------------------------------------------------------


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is a folder, without raising an exception."""
    return _find_problem(path) == _FOLDER


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is a regular file, without raising an exception."""
    return _find_problem(path) is None


def check_regular_file(
    path: str | os.PathLike[str], what: str, kind: ErrorKind = LoadError
) -> Path:
    """Return ``path`` if it is a regular file, else raise an error of the class ``kind``."""
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


def read(path: Path, what: str, kind: ErrorKind = LoadError, share: int = 1) -> bytes:
    """Return the content of a regular file. Raises ``kind`` if it cannot be read or exceeds the size limit."""
    path = check_regular_file(path, what, kind)
    try:
        check_size(path.stat().st_size, str(path), what, kind, share)
        return path.read_bytes()
    except OSError as error:
        raise kind(
            f"{path}: expected {what}, got an error ({error.strerror}). Check that the file is readable."
        ) from error


def read_json(path: Path, what: str, kind: ErrorKind = LoadError, where: str = "") -> Any:
    """Return the value in a JSON file. Raises ``kind``."""
    return parse_json(read(path, what, kind, JSON), where or str(path), what, kind)


def parse_json(text: bytes | str, where: str, what: str, kind: ErrorKind = LoadError) -> Any:
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
    """Raise an error for an array with a bad header, of no numbers, or larger than its file or the limit."""
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
        raise ValueError(f"{name} of {format_bytes(wanted)} bytes in {size:,}")
    if wanted > most:
        check_size(wanted, name, "an array")


def find_table(what: str, name_or_path: str | PathLike[str] | None, folder: Path) -> Path:
    """Return the path of a table, from its name in ``folder`` or its .json file. Raises ``EnergyError``."""
    if isinstance(name_or_path, str | PathLike):
        path = Path(name_or_path)
        path = path if path.suffix == ".json" else folder / f"{name_or_path}.json"
        if is_file(path):
            return path
    names = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
    got = repr(name_or_path) if name_or_path is None else repr(str(name_or_path))
    raise EnergyError(f"{what}: expected one of {names} or a .json file, got {got}. Choose one.")


# -- writing ----------------------------------------------------------------------------------------


@contextmanager
def stage_file(path: Path) -> Generator[Path]:
    """Yield a temporary path to write to, which then replaces ``path``, or is deleted if writing fails."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: str | os.PathLike[str], content: bytes, where: str) -> Path:
    """Write a file atomically and return its path. Raises ``QhlsError``, whose message begins with ``where``."""
    target = Path(path)
    try:
        with stage_file(target) as part:
            part.write_bytes(content)
    except OSError as error:
        raise QhlsError(
            f"{where}: expected to write {target}, got: {error.strerror}. Choose another path or make room."
        ) from error
    return target
