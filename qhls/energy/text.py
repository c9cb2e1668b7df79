"""Tables as plain text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType
from rich.text import Text

from qhls.text import one_line


def as_text(table: RenderableType) -> str:
    """``table`` without colours, 120 columns wide."""
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def cell(text: str, style: str = "") -> Text:
    """Return ``text``, which may be a name from a file, as a cell or title of a table."""
    return Text(one_line(text), style)
