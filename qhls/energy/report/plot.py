"""Bar charts as self-contained SVG text, and numbers as text, without packages beside the standard library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#8a8f98")
"""The colours of the parts of a bar, distinct for the colour-blind too (Okabe and Ito's palette, and a grey)."""

_LABEL, _BAR, _TOTAL, _ROW, _TOP = 210, 430, 110, 26, 34


def draw_bars(values: Mapping[str, Mapping[str, float]], unit: str = "pJ") -> str:
    """Return an SVG with one horizontal bar per row, stacked from its parts, all on one scale.

    ``values``: by row, then by part; at least 0. The total follows each bar. A tooltip names each part.
    """
    parts = list(dict.fromkeys(part for row in values.values() for part in row))
    totals = {name: math.fsum(row.values()) for name, row in values.items()}
    widest = max(totals.values(), default=0.0) or 1.0
    lines = [_draw_head(len(values))]
    for i, part in enumerate(parts):
        x = _LABEL + i * 110
        lines.append(f'<rect x="{x}" y="8" width="12" height="12" fill="{_choose_colour(i)}"/>')
        lines.append(f'<text x="{x + 17}" y="18">{escape(part)}</text>')
    for i, (name, row) in enumerate(values.items()):
        y, x = _TOP + i * _ROW, float(_LABEL)
        lines.append(_draw_label(name, y))
        for part, value in row.items():
            length = value / widest * _BAR
            note = f"<title>{escape(f'{name}, {part}: {format_number(value)} {unit}')}</title>"
            colour = _choose_colour(parts.index(part))
            lines.append(
                f'<rect x="{x:.2f}" y="{y}" width="{length:.2f}" height="{_ROW - 8}" fill="{colour}">{note}</rect>'
            )
            x += length
        lines.append(
            f'<text x="{x + 6:.2f}" y="{y + 15}">{format_number(totals[name])} {escape(unit)}</text>'
        )
    return "\n".join([*lines, "</svg>"])


def draw_estimates(values: Mapping[str, tuple[float, float, float]], unit: str) -> str:
    """Return an SVG with one horizontal bar per row that shows an estimate, with a whisker between its bounds.

    ``values``: the estimate, its lower and its upper bound, by row; at least 0, in ``unit``.
    """
    widest = max((high for _, _, high in values.values()), default=0.0) or 1.0
    lines = [_draw_head(len(values))]
    for i, (name, (value, low, high)) in enumerate(values.items()):
        y = _TOP + i * _ROW
        end, left, right = (_LABEL + n / widest * _BAR for n in (value, low, high))
        text = f"{format_number(value)} {unit}, {format_number(low)} to {format_number(high)}"
        middle = y + (_ROW - 8) / 2
        lines += [
            _draw_label(name, y),
            f'<rect x="{_LABEL}" y="{y}" width="{end - _LABEL:.2f}" height="{_ROW - 8}" fill="{_choose_colour(0)}">'
            f"<title>{escape(f'{name}: {text}')}</title></rect>",
            f'<path d="M{left:.2f} {middle}H{right:.2f}M{left:.2f} {middle - 5}v10M{right:.2f} {middle - 5}v10" '
            f'stroke="{COLOURS[1]}" stroke-width="2" fill="none"/>',
            f'<text x="{max(right, end) + 6:.2f}" y="{y + 15}">{format_number(value)} {escape(unit)}</text>',
        ]
    return "\n".join([*lines, "</svg>"])


def _draw_head(rows: int) -> str:
    width, height = _LABEL + _BAR + _TOTAL, _TOP + _ROW * rows + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" font-family="sans-serif" font-size="13" fill="currentColor">'
    )


def _draw_label(name: str, y: int) -> str:
    """Return the SVG of a row's label: its name, or the end of a long name, with the whole name as tooltip."""
    shown = name if len(name) <= 28 else f"…{name[-27:]}"
    title = f"<title>{escape(name)}</title>"
    return f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{title}{escape(shown)}</text>'


def format_number(value: float) -> str:
    """Return a number as text: with four significant digits below 1000, else rounded to an integer."""
    return f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def choose_energy_unit(pj: float) -> tuple[float, str]:
    """Return a suitable unit for an energy, as its size in pJ and its name: pJ, nJ from 10,000 pJ on, or uJ."""
    if pj < 1e4:
        return 1.0, "pJ"
    return (1e3, "nJ") if pj < 1e7 else (1e6, "uJ")


def format_energy(pj: float) -> str:
    """Return an energy as text with four significant digits and a suitable unit."""
    factor, unit = choose_energy_unit(pj)
    return f"{format_number(pj / factor)} {unit}"


def scale_energy(
    rows: Mapping[str, Mapping[str, float]],
) -> tuple[dict[str, dict[str, float]], str]:
    """Return rows of pJ converted to a unit that suits the largest total, and the unit, for ``draw_bars``."""
    factor, unit = choose_energy_unit(
        max((math.fsum(r.values()) for r in rows.values()), default=0.0)
    )
    return {n: {part: pj / factor for part, pj in row.items()} for n, row in rows.items()}, unit


def _choose_colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]
