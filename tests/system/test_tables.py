"""Reports in a notebook: tables and text as HTML, with hostile names escaped."""

from html.parser import HTMLParser

import pytest
from rich.table import Table

import qhls
from qhls.plan import Schedule
from qhls.system.tables import render_html
from support.graphs.designs import classifier


class Rows(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        assert tag in ("table", "caption", "tr", "th", "td", "p", "br", "pre")
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, text):
        if self.rows and self.rows[-1] and text.strip():
            self.rows[-1][-1] += text


def test_a_table_has_its_heading_rows_and_footer():
    table = Table(title="<title>", show_footer=True)
    table.add_column("name", "total")
    table.add_column("number", "3")
    table.add_row("<script>", "1")
    table.add_row("b", "2")
    text = render_html(table)
    assert Rows(text).rows == [["name", "number"], ["<script>", "1"], ["b", "2"], ["total", "3"]]
    assert "<script>" not in text


@pytest.mark.parametrize(
    "name", ["energy", "area", "latency", "check", "plan", "design", "compare"]
)
def test_reports_are_shown_in_a_notebook(name):
    design = qhls.Design(classifier("<img>"), Schedule())
    made = {
        "check": lambda: design.check(targets="catapult"),
        "compare": lambda: qhls.compare(design),
        "design": lambda: design,
        "plan": lambda: design.plan,
    }
    shown = made[name]() if name in made else getattr(design, name)()
    text = shown._repr_html_()
    rows = Rows(text).rows
    assert all(len(row) == len(rows[0]) for row in rows) or name == "compare"
    assert "<img" not in text
    if rows:
        assert any("pool1" in cell for row in rows for cell in row)
