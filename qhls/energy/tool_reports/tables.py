"""Readers of text tables drawn with ``+``, ``-`` and ``|`` in reports, and of the numbers in their cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BORDER = re.compile(r"\+[-+]*-\+")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of a report: its section, the line of text above it, its last line of headings, and its rows."""

    section: str
    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def find_row(self, name: str) -> tuple[str, ...]:
        """Return the row whose first cell is ``name``. Raises ``ValueError`` without such a row."""
        for row in self.rows:
            if row[0].strip() == name:
                return row
        raise ValueError(f"a table of {self.heading[0]} without {name}")


def list_tables(text: str) -> list[TextTable]:
    """Return all tables in ``text``. Raises ``ValueError`` for a table without last border, as in a truncated file."""
    tables: list[TextTable] = []
    section = title = ""
    parts: list[list[tuple[str, ...]]] = []
    for line in [*(line.strip() for line in text.splitlines()), ""]:
        if _BORDER.fullmatch(line):
            parts.append([])
        elif line.startswith("|") and line.endswith("|") and parts:
            parts[-1].append(tuple(line[1:-1].split("|")))
        elif parts:
            tables.append(_build_table(section, title, parts))
            parts = []
        if line.startswith("== "):
            section, title = line[3:], ""
        elif line and line[0] not in "+|-=":
            title = line
    return tables


def _build_table(section: str, title: str, parts: list[list[tuple[str, ...]]]) -> TextTable:
    """Check and return a table; ``parts``: the lines after each border (headings, then rows, none after the last)."""
    where = title or section or "the file"
    if len(parts) < 2 or parts[-1]:
        raise ValueError(f"a table without its last line under {where!r}")
    if not parts[0]:
        raise ValueError(f"a table without headings under {where!r}")
    heading = tuple(cell.strip() for cell in parts[0][-1])
    rows = tuple(row for part in parts[1:] for row in part)
    for row in rows:
        if len(row) != len(heading):
            raise ValueError(f"a row of {len(row)} instead of {len(heading)} cells under {where!r}")
    return TextTable(section, title, heading, rows)


def find_titled_table(tables: list[TextTable], section: str, title: str) -> TextTable | None:
    """Return the first table of ``section`` under the line ``title``, or None."""
    return next((t for t in tables if t.section == section and t.title == title), None)


def read_cells(heading: tuple[str, ...], row: tuple[str, ...]) -> Mapping[str, str]:
    """Return the cells of ``row`` by heading."""
    return dict(zip(heading, (cell.strip() for cell in row), strict=True))


def read_number(text: str) -> float:
    """Return the number of a cell, such as ``12``, ``0.5`` or ``29 (~0%)``; 0 for ``-``. Raises ``ValueError``."""
    text = re.sub(r" *\([^()]*\)$", "", text.strip())
    if text in ("-", ""):
        return 0
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        raise ValueError(f"{text[:40]!r} in place of a number")
    return float(text) if "." in text else int(text)


def read_cycles(text: str) -> int | None:
    """Return the number of clock cycles in a cell; None if it is unknown: ``?``, ``-``, ``undef``, ``NA`` or empty.

    Raises ``ValueError`` for any other text.
    """
    text = text.strip()
    if text in ("?", "-", "", "undef", "NA", "N/A"):
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError(f"{text[:40]!r} in place of a number of cycles")
    return int(text)


def read_time(text: str) -> float:
    """Return the time in a cell, such as ``4.066 ns`` or ``4.066``, in nanoseconds. Raises ``ValueError``."""
    return float(read_number(text.strip().removesuffix("ns")))


def list_matches(pattern: str, text: str) -> Iterator[str]:
    """Yield the text of the first group of ``pattern`` for each line of ``text`` that begins with a match."""
    for match in re.finditer(rf"^[ \t]*{pattern}", text, re.M):
        yield match[1].strip()


def find_match(pattern: str, text: str, what: str) -> str:
    """Return the first group of ``pattern`` in the first line that begins with a match; ``what`` names it in errors.

    Raises ``ValueError`` without a match.
    """
    for match in list_matches(pattern, text):
        return match
    raise ValueError(f"no {what}")
