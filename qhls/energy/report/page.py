"""The HTML page of a cost comparison: one self-contained file, plots included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isnan

from qhls.energy.hardware.area import AreaReport
from qhls.energy.hardware.latency import LatencyReport
from qhls.energy.model import CAUSES, EnergyReport
from qhls.energy.operations import BitOperations, sum_operations
from qhls.energy.report.look import STYLE
from qhls.energy.report.plot import draw_bars, draw_estimates, format_number, scale_energy
from qhls.energy.sensitivity import Saving
from qhls.energy.technology import Technology


def render_page(
    technology: Technology,
    reports: Mapping[str, EnergyReport],
    ratios: Mapping[str, float],
    *,
    areas: Mapping[str, AreaReport],
    latencies: Mapping[str, LatencyReport],
    operations: Mapping[str, dict[str, BitOperations]],
    savings: Mapping[str, tuple[Saving, ...]],
) -> str:
    """Return the HTML of a page with energy by design, layer and cause, the other costs, and the sources of all prices.

    All arguments are by name of the design. ``ratios``: each design's energy over that of the first one.
    """
    first = next(iter(reports))
    body = [
        "<h1>Energy per inference</h1>",
        f"<p>{escape(technology.name)}: {escape(technology.description)}</p>",
        draw_bars(*scale_energy({name: report.causes for name, report in reports.items()})),
        _render_totals(reports, ratios),
        *_render_ratios(ratios),
        f"<p><small>Tables are in pJ per inference; the ratio is to {escape(first)}. The figures leave out the clock "
        "tree, control, leakage and pins. Compare designs with them; they do not predict a power meter.</small></p>",
        "<h2>Energy by layer and cause</h2>",
        *_render_layers(reports),
    ]
    for title, section in (
        ("Area", _render_area(areas)),
        ("Latency", _render_latency(latencies)),
        ("Bit operations", _render_operations(operations)),
        ("Savings of one bit less", _render_savings(savings)),
    ):
        lines = list(section)
        body += [f"<h2>{title}</h2>", *lines] if lines else []
    body += ["<h2>Sources of the prices</h2>", _render_sources(technology)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Costs of {escape(', '.join(reports))}</title>",
            f"<style>{STYLE}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>",
        ]
    )


def _render_ratios(ratios: Mapping[str, float]) -> Iterable[str]:
    """Yield the HTML of a bar chart of each design's ratio to the first; nothing for a single design."""
    if len(ratios) > 1:
        yield f"<h3>Ratio to {escape(next(iter(ratios)))}</h3>"
        yield draw_bars({n: {"ratio": 0.0 if isnan(r) else r} for n, r in ratios.items()}, "times")


def _render_layers(reports: Mapping[str, EnergyReport]) -> Iterable[str]:
    """Yield the HTML of one plot of all layers of all designs on one scale, then of one table per design."""
    names = dict.fromkeys(layer for report in reports.values() for layer in report.layers)
    yield draw_bars(
        *scale_energy(
            {
                f"{layer}, {name}" if len(reports) > 1 else layer: report.layers[layer]
                for layer in names
                for name, report in reports.items()
                if layer in report.layers
            }
        )
    )
    for name, report in reports.items():
        yield f"<h3>{escape(name)}</h3>"
        rows = (
            (layer, *map(format_number, causes.values()), format_number(sum(causes.values())))
            for layer, causes in report.layers.items()
        )
        yield _render_table(("layer", *CAUSES, "total"), rows)


def _render_area(reports: Mapping[str, AreaReport]) -> Iterable[str]:
    """Yield the HTML of one plot with error bars per resource, then of the tables by design and by layer."""
    if not reports:
        return
    first = next(iter(reports.values()))
    yield f"<p>{escape(first.table_name)}. Whiskers: the errors of all primitives, added as if all had one sign."
    yield 'A "?" marks a total with parts that were never measured. Control and glue logic are left out.</p>'
    for unit in first.units:
        totals = {n: (r.totals[unit], r.errors[unit]) for n, r in reports.items()}
        if any(total for total, _ in totals.values()):
            yield draw_estimates(
                {n: (v, max(v - e, 0.0), v + e) for n, (v, e) in totals.items()}, unit
            )
    rows = ((name, *(r.format_figure(unit) for unit in first.units)) for name, r in reports.items())
    yield _render_table(("design", *first.units), rows)
    for name, report in reports.items():
        yield f"<h3>{escape(name)}</h3>"
        yield from (f"<p><strong>Warning:</strong> {escape(w)}</p>" for w in report.warnings)
        layers = (
            (layer, *(f"{resources[unit]:,.0f}" for unit in report.units))
            for layer, resources in report.layers.items()
        )
        yield _render_table(("layer", *report.units), layers)


def _render_latency(reports: Mapping[str, LatencyReport]) -> Iterable[str]:
    if not reports:
        return
    cycles = {
        n: (float(r.latency), float(r.bounds[0]), float(r.bounds[1])) for n, r in reports.items()
    }
    yield draw_estimates(cycles, "cycles")
    headings = ("design", "cycles", "from", "to", "ns", "initiation interval", "in Catapult")
    yield _render_table(
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
            yield f"<p>DATAFLOW disabled: {escape('; '.join(report.obstacles))}.</p>"
        numbers = (
            (op.name, *(f"{n:,}" for n in (op.trips, op.interval, op.depth, op.cycles)), op.bound)
            for op in report.ops
        )
        yield _render_table(("op", "trips", "interval", "depth", "cycles", "bound by"), numbers)


def _render_operations(operations: Mapping[str, dict[str, BitOperations]]) -> Iterable[str]:
    """Yield, per design, the HTML of a plot of EBOPs by layer and of a table of MACs, BOPs and EBOPs."""
    for name, layers in operations.items():
        yield f"<h3>{escape(name)}</h3>"
        yield draw_bars({layer: {"EBOPs": float(o.ebops)} for layer, o in layers.items()}, "")
        rows = [(layer, o) for layer, o in layers.items()] + [("total", sum_operations(layers))]
        cells = ((layer, f"{o.macs:,}", f"{o.bops:,.0f}", f"{o.ebops:,}") for layer, o in rows)
        yield _render_table(("layer", "MACs", "BOPs", "EBOPs"), cells)


def _render_totals(reports: Mapping[str, EnergyReport], ratios: Mapping[str, float]) -> str:
    rows = (
        (
            name,
            *map(format_number, report.causes.values()),
            format_number(report.total),
            f"{ratios[name]:.3f}",
        )
        for name, report in reports.items()
    )
    return _render_table(("design", *CAUSES, "total", "ratio"), rows)


def _render_savings(savings: Mapping[str, tuple[Saving, ...]]) -> Iterable[str]:
    for design, layers in savings.items():
        yield f"<h3>{escape(design)}</h3>"
        yield draw_bars(
            {
                s.layer: {
                    "weights": max(s.weights or 0.0, 0.0),
                    "activations": max(s.activations or 0.0, 0.0),
                }
                for s in layers
            }
        )
        rows = (
            (s.layer, *("-" if v is None else format_number(v) for v in (s.weights, s.activations)))
            for s in layers
        )
        yield _render_table(("layer", "weights, pJ", "activations, pJ"), rows)


def _render_sources(technology: Technology) -> str:
    figures = [
        *technology.operations.items(),
        *(
            (f"{place} {access}", curve)
            for place, curves in technology.memories.items()
            for access, curve in curves.items()
        ),
    ]
    rows = ((name, figure.source, figure.error) for name, figure in figures)
    return _render_table(("price", "source", "error"), rows, "text")


def _render_table(headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([f'<table class="{kind}">', f"<tr>{head}</tr>", *lines, "</table>"])
