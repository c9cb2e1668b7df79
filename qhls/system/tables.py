"""Tables as plain text and, in a notebook, as HTML."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from html import escape

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from qhls.system.text import escape_line


def render_text(table: RenderableType, width: int = 120) -> str:
    """Return ``table`` as text without colours, ``width`` columns wide."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def make_cell(text: str, style: str = "") -> Text:
    """Return ``text`` as a cell or title of a table, with control characters escaped."""
    return Text(escape_line(text), style)


def render_html(table: Table) -> str:
    """Return ``table`` as an HTML table with its title, footer and caption."""
    columns = list(table.columns)
    rows = zip(*(list(column.cells) for column in columns), strict=True)
    lines = [f"<caption>{_escape(table.title)}</caption>"] if table.title else []
    lines.append(_format_row("th", [column.header for column in columns]))
    lines += [_format_row("td", row) for row in rows]
    if table.show_footer:
        lines.append(_format_row("th", [column.footer for column in columns]))
    note = f"<p>{_escape(table.caption)}</p>" if table.caption else ""
    return "\n".join(["<table>", *lines, "</table>", note])


def read_rows(table: Table) -> list[dict[str, str | int]]:
    """Return one dictionary per row of ``table``, from header to cell; whole numbers are converted to ``int``."""
    headers = [_strip_markup(column.header) for column in table.columns]
    rows = zip(*(list(column.cells) for column in table.columns), strict=True)
    return [dict(zip(headers, map(_read_cell, row), strict=True)) for row in rows]


def list_records(table: Table) -> Iterator[str]:
    """Yield ``table`` as lines of text with one cell per line, for terminals that are narrower than a row."""
    if table.title:
        yield _strip_markup(table.title)
    headers = [_strip_markup(column.header) for column in table.columns]
    rows = [list(row) for row in zip(*(list(c.cells) for c in table.columns), strict=True)]
    if table.show_footer:
        rows.append([column.footer for column in table.columns])
    for row in rows:
        first, *others = (_strip_markup(cell) for cell in row)
        yield first
        yield from (
            f"  {name}: {cell}" for name, cell in zip(headers[1:], others, strict=True) if cell
        )
    if table.caption:
        yield _strip_markup(table.caption)


def _read_cell(cell: object) -> str | int:
    text = _strip_markup(cell)
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() else text


def _strip_markup(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)


def _format_row(tag: str, cells: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{_escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _escape(cell: object) -> str:
    return escape(_strip_markup(cell)).replace("\n", "<br>")
