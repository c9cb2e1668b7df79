"""Notebooks as Markdown, with the results that their cells show."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any


def run_notebook(path: Path) -> tuple[str, int]:
    """Run the notebook in an empty folder; return it as Markdown, and the number of results shown as HTML."""
    parts: list[str] = []
    names: dict[str, Any] = {"__name__": "notebook"}
    shown = 0
    with _enter_empty_folder():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                parts.append(source)
                continue
            result, printed = _run_cell(source, names, path.name)
            parts.append(f"```python\n{source}\n```")
            if printed:
                parts.append(f"<pre>{escape(printed)}</pre>")
            if html := _show(result):
                parts.append(f'<div class="result">\n{html}\n</div>')
                shown += hasattr(result, "_repr_html_")
    return "\n\n".join(parts), shown


def _run_cell(source: str, names: dict[str, Any], file: str) -> tuple[Any, str]:
    """Run a cell; return the value of its last line, if that is an expression, and what it prints."""
    printed = io.StringIO()
    *steps, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        steps, last = [*steps, last], ast.parse("None").body[0]
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(steps, []), file, "exec"), names)
        value = eval(compile(ast.Expression(last.value), file, "eval"), names)
    return value, printed.getvalue()


def _show(value: object) -> str:
    """Return ``value`` as HTML, as a notebook shows it; nothing for None."""
    if value is None:
        return ""
    draw = getattr(value, "_repr_html_", None)
    return draw() if draw else f"<pre>{escape(repr(value))}</pre>"


@contextlib.contextmanager
def _enter_empty_folder() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
