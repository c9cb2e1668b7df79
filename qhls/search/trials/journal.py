"""Journal of a search: one line for its settings, then one line per trial, written only by the driver.

Each line, with its checksum, is on disk before anything depends on it. So a killed search can be run again: it
proposes the same candidates in the same order and does not train those in the journal again. Lines are in a file or,
with ``database``, in a table. A killed driver may leave an incomplete last line, which is dropped.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from qhls.search.errors import JournalError
from qhls.system.files import parse_json, read

_VERSION = 2
JOURNAL_FILE = "journal.jsonl"

_OF_ALL = ("candidate", "state")
_BY_STATE = {
    "trained": ("metrics", "costs"),
    "stopped": ("metrics", "costs", "values"),
    "rejected": ("costs", "error"),
    "failed": ("error",),
    "duplicate": ("of",),
}
"""State -> keys that a record must have."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    "candidate": dict,
    "costs": dict,
    "error": str,
    "metrics": dict,
    "of": int,
    "rungs": dict,
    "score": (int, float, type(None)),
    "trained_costs": dict,
    "values": list,
}
"""Key -> type of its value in a record."""


class Lines(Protocol):
    """Interface of the storage of a journal's lines. ``where``: its name in error messages."""

    where: str

    def read(self) -> list[bytes]:
        """Return all lines."""
        ...

    def append(self, line: bytes) -> None:
        """Append a line durably. Raises ``JournalError`` if that is not possible."""
        ...


class Journal:
    """The journal of a search, read on creation; ``append`` adds the record of a trial.

    ``records``: number of a trial -> its record. ``place``: the folder of the journal file, or another storage.
    ``header``: the settings of the search, which must equal those of an existing journal. ``trials``: whether to check
    that each record is one that a search can resume from. Raises ``JournalError`` if the journal is damaged or
    belongs to another search.
    """

    def __init__(
        self, place: Path | Lines, header: Mapping[str, Any], trials: bool = False
    ) -> None:
        self._lines = FileLines(place) if isinstance(place, Path) else place
        self.where = self._lines.where
        self.records: dict[int, dict[str, Any]] = {}
        self._header = json.loads(json.dumps({"version": _VERSION, **header}))
        lines = [self._parse_line(i, line) for i, line in enumerate(self._lines.read(), 1)]
        self._begun = bool(lines)
        if lines:
            self._compare(lines[0])
        for line, record in enumerate(lines[1:], 2):
            number = record.pop("number", None)
            if not isinstance(number, int) or number < 0:
                raise self._make_error(line, "a trial without number")
            if trials:
                self._check(line, number, record)
            self.records[number] = record

    def append(self, number: int, record: Mapping[str, Any]) -> None:
        """Append the record of a trial durably. Raises ``JournalError`` if that is not possible."""
        if not self._begun:  # a search refused before its first record leaves no journal
            self._write(self._header)
            self._begun = True
        self._write({"number": number, **record})
        self.records[number] = dict(record)

    def _write(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, sort_keys=True).encode()
        self._lines.append(b"%08x %s" % (zlib.crc32(text), text))

    def _parse_line(self, number: int, line: bytes) -> dict[str, Any]:
        checksum, _, text = line.partition(b" ")
        if checksum != f"{zlib.crc32(text):08x}".encode():
            raise self._make_error(number, "one whose checksum is wrong")
        content = parse_json(text, f"{self.where}, line {number}", "a journal's line", JournalError)
        if not isinstance(content, dict):
            raise self._make_error(number, f"{content!r}")
        return content

    def _check(self, line: int, number: int, record: Mapping[str, Any]) -> None:
        """Raise ``JournalError`` for a record from which a search cannot resume."""
        state = record.get("state")
        if state not in _BY_STATE:
            raise self._make_error(line, f"a trial of state {state!r}")
        goals = self._header.get("objectives")
        needed = (*_OF_ALL, *_BY_STATE[state])
        if goals is None:
            needed = (*needed, "score")
        elif state == "trained":
            needed = (*needed, "values")
        for key in needed:
            if key not in record:
                raise self._make_error(line, f"a {state} trial without {key}")
        for key, kind in _KINDS.items():
            if key in record and not isinstance(record[key], kind):
                raise self._make_error(line, f"a trial whose {key} is {_shorten(record[key])}")
        if "values" in record and goals is not None:
            sound = all(isinstance(value, int | float) for value in record["values"])
            if not sound or len(record["values"]) != len(goals):
                raise self._make_error(
                    line, f"values {_shorten(record['values'])} of {len(goals)} goals"
                )
        if state == "duplicate" and not 0 <= record["of"] < number:
            raise self._make_error(line, f"trial {number} as a duplicate of trial {record['of']}")

    def _make_error(self, number: int, received: str) -> JournalError:
        return JournalError(
            f"{self.where}, line {number}: expected what a search has written, got {received}. "
            f"Cut the damaged journal off before that line, or begin a new one in a new folder."
        )

    def _compare(self, header: Mapping[str, Any]) -> None:
        wanted = self._header
        if header.get("version") != _VERSION:
            raise JournalError(
                f"{self.where}: expected a journal of version {_VERSION}, got {header.get('version')!r}. "
                f"Search in a new folder."
            )
        for key in sorted({*header, *wanted}):
            if header.get(key) != wanted.get(key):
                raise JournalError(
                    f"{self.where}: expected the journal of this search, got one whose {key} is "
                    f"{_shorten(header.get(key))}, not {_shorten(wanted.get(key))}. Search in a new folder, "
                    f"or with the same arguments."
                )


class FileLines:
    """Journal lines in a file in ``folder``; both are created with the first line."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_FILE
        self.where = str(self._path)

    def read(self) -> list[bytes]:
        """Return all lines, and remove an incomplete last line from the file."""
        if not self._path.exists():
            return []
        data = read(self._path, "a journal", JournalError)
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        return whole.splitlines()

    def append(self, line: bytes) -> None:
        """Append a line and sync it to disk. Raises ``JournalError`` if that is not possible."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalError(
                f"{self.where}: expected to write another line, got: {error.strerror}. Make room, or make the "
                f"folder writable, and search again with the same arguments: what the journal has is kept."
            ) from error


def _shorten(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
