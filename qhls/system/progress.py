"""Progress of long work: functions report their current activity, and the command line shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from qhls.system.text import escape_line

if TYPE_CHECKING:
    from rich.console import Console

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("_listener", default=None)


def report(activity: str) -> None:
    """Pass ``activity``, a verb and its object, to the listener, if one is set."""
    if listener := _listener.get():
        listener(activity)


@contextmanager
def show_progress(console: Console) -> Iterator[None]:
    """Show the current activity and the elapsed time in one line of ``console``, which disappears at the end.

    Nothing is shown where ``console`` is not a terminal.
    """
    if not console.is_terminal:
        yield
        return
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    # Results are printed through the console only on the same terminal: a pipe must get them directly.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task("start")
        token = _listener.set(
            lambda activity: bar.update(task, description=escape(escape_line(activity)))
        )
        try:
            yield
        finally:
            _listener.reset(token)
