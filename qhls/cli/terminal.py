"""Printing of tables: as wide as the terminal, or as one record per row if the terminal is too narrow."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from qhls.system.display import Tabular
from qhls.system.tables import list_records, make_cell

_ROOM = 10_000


def print_tables(*tables: Table | Tabular) -> None:
    """Print tables to stdout.

    A pipe or a file gets each table in full: those of a ``Tabular`` in its width, others in 120 columns.
    """
    is_terminal = sys.stdout.isatty()
    for shown in tables:
        table = shown.to_table() if isinstance(shown, Tabular) else shown
        full = shown.text_width if isinstance(shown, Tabular) else 120
        console = Console(width=None if is_terminal else full)
        # Measured with ample width, because rich limits a measurement to the current width.
        least = Measurement.get(console, console.options.update(width=_ROOM), table).minimum
        with console.capture() as printed:
            if is_terminal and least > console.width:
                console.print(*list_records(table), sep="\n", markup=False, highlight=False)
            else:
                console.print(table)
        sys.stdout.write(
            printed.get()
        )  # not by the console, which would write over the progress line


def print_lines(text: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print ``text``, which has one line per row, or print ``rows`` as records if the terminal is too narrow."""
    if sys.stdout.isatty() and max(map(len, text.splitlines()), default=0) > Console().width:
        table = Table(*header)
        for row in rows:
            table.add_row(*map(make_cell, row))
        text = "\n".join(list_records(table))
    sys.stdout.write(f"{text}\n")
