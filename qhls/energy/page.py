"""The HTML page of a comparison: one file that asks for nothing, with its plots in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import isnan
from typing import TYPE_CHECKING

from qhls.energy.model import CAUSES
from qhls.energy.operations import total
from qhls.energy.plot import bars, estimates, number

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
    """The page as text: totals and ratios, layers by cause, area, latency, bit operations, savings, and sources."""
    technology, first = comparison.technology, next(iter(comparison.reports))
    body = [
        "<h1>Energy per inference</h1>",
        f"<p>{escape(technology.name)}: {escape(technology.description)}</p>",
        comparison.svg(),
        _totals(comparison),
        f"<h3>Ratio to {escape(first)}</h3>",
        bars({n: {"ratio": 0.0 if isnan(r) else r} for n, r in comparison.ratios.items()}, "times"),
        f"<p><small>pJ per inference; the ratio is to {escape(first)}. Clock tree, control, leakage and pins "
        "are not in it: compare designs, do not predict a power meter.</small></p>",
        "<h2>By layer and cause</h2>",
        *_layers(comparison),
    ]
    for title, section in (
        ("Area", _area(comparison)),
        ("Latency", _latency(comparison)),
        ("Bit operations", _operations(comparison)),
        ("What one bit less saves", _savings(comparison)),
    ):
        lines = list(section)
        body += [f"<h2>{title}</h2>", *lines] if lines else []
    body += ["<h2>Where the prices come from</h2>", _sources(comparison)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Costs of {escape(', '.join(comparison.reports))}</title>",
            f"<style>{_STYLE}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>",
        ]
    )


def _layers(comparison: Comparison) -> Iterable[str]:
    for name, report in comparison.reports.items():
        yield f"<h3>{escape(name)}</h3>"
        yield bars(report.layers)
        rows = (
            (layer, *map(number, causes.values()), number(sum(causes.values())))
            for layer, causes in report.layers.items()
        )
        yield _table(("layer", *CAUSES, "total"), rows)


def _area(comparison: Comparison) -> Iterable[str]:
    """A picture a resource, with the error bars; then layers."""
    reports = comparison.areas
    if not reports:
        return
    first = next(iter(reports.values()))
    yield f"<p>{escape(first.table_name)}. Whiskers: the primitives' own errors, as if all erred to one side."
    yield 'A "?" marks what was measured only in part. Control and glue are not in it.</p>'
    for unit in first.units:
        found = {n: (r.totals[unit], r.errors[unit]) for n, r in reports.items()}
        if any(total for total, _ in found.values()):
            yield estimates({n: (v, max(v - e, 0.0), v + e) for n, (v, e) in found.items()}, unit)
    rows = ((name, *(r.cell(unit) for unit in first.units)) for name, r in reports.items())
    yield _table(("design", *first.units), rows)
    for name, report in reports.items():
        yield f"<h3>{escape(name)}</h3>"
        yield from (f"<p><strong>Warning:</strong> {escape(w)}.</p>" for w in report.warnings)
        layers = (
            (layer, *(f"{found[unit]:,.0f}" for unit in report.units))
            for layer, found in report.layers.items()
        )
        yield _table(("layer", *report.units), layers)


def _latency(comparison: Comparison) -> Iterable[str]:
    reports = comparison.latencies
    if not reports:
        return
    found = {
        n: (float(r.latency), float(r.bounds[0]), float(r.bounds[1])) for n, r in reports.items()
    }
    yield estimates(found, "cycles")
    headings = ("design", "cycles", "from", "to", "ns", "an input every", "Catapult")
    yield _table(
        headings,
        (
            (
                n,
                f"{r.latency:,}",
                *(f"{b:,}" for b in r.bounds),
                f"{r.nanoseconds:,g}",
                f"{r.interval:,}",
                f"{r.sequential:,}",
            )
            for n, r in reports.items()
        ),
    )
    for name, report in reports.items():
        yield f"<h3>{escape(name)}</h3>"
        if report.obstacles:
            yield f"<p>No DATAFLOW: {escape('; '.join(report.obstacles))}.</p>"
        numbers = (
            (op.name, *(f"{n:,}" for n in (op.trips, op.interval, op.depth, op.cycles)), op.bound)
            for op in report.ops
        )
        yield _table(("op", "trips", "interval", "depth", "cycles", "bound by"), numbers)


def _operations(comparison: Comparison) -> Iterable[str]:
    """EBOPs by layer as a picture, all three as tables."""
    if not comparison.operations:
        return
    for name, layers in comparison.operations.items():
        yield f"<h3>{escape(name)}</h3>"
        yield bars({layer: {"EBOPs": float(o.ebops)} for layer, o in layers.items()}, "")
        rows = [(layer, o) for layer, o in layers.items()] + [("total", total(layers))]
        cells = ((layer, f"{o.macs:,}", f"{o.bops:,.0f}", f"{o.ebops:,}") for layer, o in rows)
        yield _table(("layer", "MACs", "BOPs", "EBOPs"), cells)


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
        yield bars(
            {
                s.layer: {
                    "weights": max(s.weights or 0.0, 0.0),
                    "activations": max(s.activations or 0.0, 0.0),
                }
                for s in savings
            }
        )
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
