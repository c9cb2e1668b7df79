"""Tables as plain text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def as_text(table: RenderableType) -> str:
    """``table`` without colours, 120 columns wide."""
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()
