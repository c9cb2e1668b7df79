"""The journal of a run: a JSON line for what is searched, then one for each trial. The driver alone writes it.

A line is written whole and flushed, with its checksum in front, before anything depends on it. So a search
that is killed can be run again: it asks for the same candidates in the same order, and what the journal has
is not trained again. A last line without its end is what a killed driver leaves: it is dropped.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qhls.search.errors import JournalError

VERSION = 1
FILE = "journal.jsonl"


class Journal:
    """``records``: trial number -> what was noted of it; ``append`` notes another.

    ``header`` says what is searched; a journal that is there must have the same. Raises ``JournalError``
    where it is damaged or of another search.
    """

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        self.path = folder / FILE
        self.records: dict[int, dict[str, Any]] = {}
        wanted = json.loads(json.dumps({"version": VERSION, **header}))
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size:
            self._read(wanted)
        if not self.path.exists() or not self.path.stat().st_size:
            self._write(wanted)

    def append(self, number: int, record: Mapping[str, Any]) -> None:
        """Note a trial, for good."""
        self.records[number] = dict(record)
        self._write({"number": number, **record})

    def _write(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, sort_keys=True)
        line = f"{zlib.crc32(text.encode()):08x} {text}\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, wanted: Mapping[str, Any]) -> None:
        data = self.path.read_bytes()
        whole, torn = data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :]
        lines = [self._line(i, line) for i, line in enumerate(whole.splitlines(), 1)]
        if torn:
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        if not lines:
            return
        self._compare(lines[0], wanted)
        for number, record in enumerate(lines[1:], 2):
            if not isinstance(record.get("number"), int):
                raise self._damaged(number, "a trial without number")
            self.records[record.pop("number")] = record

    def _line(self, number: int, line: bytes) -> dict[str, Any]:
        checksum, _, text = line.partition(b" ")
        if checksum != f"{zlib.crc32(text):08x}".encode():
            raise self._damaged(number, "one whose checksum is wrong")
        content = json.loads(text)
        if not isinstance(content, dict):
            raise self._damaged(number, f"{content!r}")
        return content

    def _damaged(self, number: int, received: str) -> JournalError:
        return JournalError(
            f"{self.path}, line {number}: expected what a search has written, received {received}; "
            f"the file is damaged: cut it off before that line, or search in a new folder"
        )

    def _compare(self, header: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if header.get("version") != VERSION:
            raise JournalError(
                f"{self.path}: expected a journal of version {VERSION}, received {header.get('version')!r}; "
                f"search in a new folder"
            )
        for key in sorted({*header, *wanted}):
            if header.get(key) != wanted.get(key):
                raise JournalError(
                    f"{self.path}: expected the journal of this search, received one whose {key} is "
                    f"{_short(header.get(key))}, not {_short(wanted.get(key))}; search in a new folder, "
                    f"or with the same arguments"
                )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
