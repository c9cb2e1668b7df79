"""The HTML page of a comparison: one file that asks for nothing, with its plots in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from qhls.energy.model import CAUSES
from qhls.energy.plot import bars, number

if TYPE_CHECKING:
    from qhls.energy.comparison import Comparison

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em }
table { border-collapse: collapse; margin: .8em 0; font-variant-numeric: tabular-nums }
th, td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #8886; vertical-align: top }
th:first-child, td:first-child, .text td { text-align: left; overflow-wrap: anywhere }
tr:last-child td { border-bottom: none } svg { max-width: 100%; height: auto } small { color: #888 }
"""


def page(comparison: Comparison) -> str:
    """The page as text: totals and ratios, layers by cause, what a bit less saves, the prices' sources."""
    technology, first = comparison.technology, next(iter(comparison.reports))
    body = [
        "<h1>Energy per inference</h1>",
        f"<p>{escape(technology.name)}: {escape(technology.description)}</p>",
        comparison.svg(),
        _totals(comparison),
        f"<p><small>pJ per inference; the ratio is to {escape(first)}. Clock tree, control, leakage and pins "
        "are not in it: compare designs, do not predict a power meter.</small></p>",
        "<h2>By layer and cause</h2>",
    ]
    for name, report in comparison.reports.items():
        body += [f"<h3>{escape(name)}</h3>", bars(report.layers)]
        rows = (
            (layer, *map(number, causes.values()), number(sum(causes.values())))
            for layer, causes in report.layers.items()
        )
        body.append(_table(("layer", *CAUSES, "total"), rows))
    if comparison.savings:
        body += ["<h2>What one bit less saves</h2>", *_savings(comparison)]
    body += ["<h2>Where the prices come from</h2>", _sources(comparison)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Energy of {escape(', '.join(comparison.reports))}</title>",
            f"<style>{_STYLE}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>",
        ]
    )


def _totals(comparison: Comparison) -> str:
    rows = (
        (
            name,
            *map(number, report.causes.values()),
            number(report.total),
            f"{comparison.ratios[name]:.3f}",
        )
        for name, report in comparison.reports.items()
    )
    return _table(("design", *CAUSES, "total", "ratio"), rows)


def _savings(comparison: Comparison) -> Iterable[str]:
    for design, savings in comparison.savings.items():
        yield f"<h3>{escape(design)}</h3>"
        rows = (
            (s.layer, *("-" if v is None else number(v) for v in (s.weights, s.activations)))
            for s in savings
        )
        yield _table(("layer", "weights, pJ", "activations, pJ"), rows)


def _sources(comparison: Comparison) -> str:
    technology = comparison.technology
    figures = [(kind, figure) for kind, figure in technology.operations.items()]
    figures += [
        (f"{place} {access}", curve)
        for place, curves in technology.memories.items()
        for access, curve in curves.items()
    ]
    rows = ((name, figure.source, figure.error) for name, figure in figures)
    return _table(("price", "source", "error"), rows, "text")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([f'<table class="{kind}">', f"<tr>{head}</tr>", *lines, "</table>"])
