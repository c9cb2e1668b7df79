"""Base classes of objects that a terminal shows as text and a notebook as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from rich.table import Table


class Printed:
    """Base class of objects that are shown as plain text, even in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


class Tabular:
    """Base class of objects that are shown as one table: text of ``text_width`` columns, or HTML in a notebook."""

    __slots__ = ()
    text_width: ClassVar[int] = 120

    def to_table(self) -> Table:
        """Return the object as a table for a ``rich`` console."""
        raise NotImplementedError

    def __str__(self) -> str:
        from qhls.system.tables import render_text  # rich takes a while to import

        return render_text(self.to_table(), self.text_width)

    def _repr_html_(self) -> str:
        from qhls.system.tables import render_html

        return render_html(self.to_table())
