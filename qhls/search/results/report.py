"""Report of a search as one self-contained HTML page without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qhls.design import Design
from qhls.energy.report.look import STYLE
from qhls.energy.report.plot import draw_bars, scale_energy
from qhls.errors import QhlsError
from qhls.ir import Const, Quantize, Threshold
from qhls.report.template import load_page_template
from qhls.search.goals.objectives import Objective
from qhls.search.results.front import Front, Point, format_figure
from qhls.search.results.pictures import MARGIN, draw_parallel, draw_scatter

DARKEST = 12
"""Bit width at which a cell in the table of widths has its darkest shade."""


@dataclass(frozen=True)
class Bits:
    """Widths in bits of a layer's widest weight and of its results; 0 without weights."""

    weights: int
    results: int

    @property
    def shade(self) -> float:
        """Darkness of the cell, from 0 to 1."""
        return min(max(self.weights, self.results) / DARKEST, 1.0)


def write(front: Front, path: Path) -> Path:
    """Write the HTML report of a front and return its path."""
    across, up = _choose_axes(front.objectives)
    designs = {point.number: _compile(point) for point in front}
    reports = {
        point.number: design.energy(point.hardware.technology)
        for point in front
        if (design := designs[point.number]) is not None
    }
    bits = {
        number: collect_layer_bits(design)
        for number, design in designs.items()
        if design is not None
    }
    page = load_page_template("qhls.search.results", "report.html.j2").render(
        front=front,
        objectives=front.objectives,
        rows=[_make_row(front, index) for index in range(len(front))],
        counts=front.count_states(),
        across=across,
        up=up,
        picture=draw_scatter(front, across, up),
        lines=draw_parallel(front),
        margin=MARGIN,
        style=STYLE,
        split=draw_bars(*scale_energy({f"trial {n}": r.causes for n, r in reports.items()})),
        layers={number: draw_bars(*scale_energy(r.layers)) for number, r in reports.items()},
        bits=bits,
        names=list(dict.fromkeys(name for layers in bits.values() for name in layers)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def collect_layer_bits(design: Design) -> dict[str, Bits]:
    """Return the bit widths in ``design`` of each Keras layer that has weights or quantises its results."""
    weights: dict[str, int] = {}
    results: dict[str, int] = {}
    for op in design.graph.ops:
        if isinstance(op, Const) or op.layer is None:
            continue
        widths = [operand.type.width for operand in op.operands if isinstance(operand, Const)]
        if widths or isinstance(op, Quantize | Threshold) or op.layer in results:
            stored = 0 if isinstance(op, Threshold) else max(widths, default=0)
            weights[op.layer] = max(weights.get(op.layer, 0), stored)
            results[op.layer] = op.type.width
    return {layer: Bits(weights[layer], results[layer]) for layer in results}


def _compile(point: Point) -> Design | None:
    """Return the design of a point, or ``None`` if its model does not compile."""
    try:
        return point.design()
    except QhlsError:
        return None


def _choose_axes(objectives: Sequence[Objective]) -> tuple[Objective, Objective]:
    """Return the objectives for the horizontal axis (a cost if possible) and the vertical axis (a metric)."""
    up = next(o for o in objectives if not o.is_cost)
    rest = [o for o in objectives if o is not up]
    return next((o for o in rest if o.is_cost), rest[0] if rest else up), up


def _make_row(front: Front, index: int) -> dict[str, Any]:
    point = front[index]
    return {
        "number": point.number,
        "values": [format_figure(point.values[o.name]) for o in front.objectives],
        "candidate": point.candidate,
        "command": point.command,
    }
