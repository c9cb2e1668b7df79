"""Tables as plain text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType
from rich.text import Text

from qhls.system.text import one_line


def render_text(table: RenderableType, width: int = 120) -> str:
    """Return ``table`` as text without colours, ``width`` columns wide."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def make_cell(text: str, style: str = "") -> Text:
    """Return ``text``, which may be a name from a file, as a cell or title of a table."""
    return Text(one_line(text), style)
