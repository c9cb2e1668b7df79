"""The report of a Pareto search: one page, without scripts or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from qhls.search.front import Front, show
from qhls.search.objectives import Objective

WIDTH, HEIGHT, MARGIN = 640, 360, 60
TICKS = 5


@dataclass(frozen=True)
class Dot:
    """A trial in the picture: pixels, what is told of it, and whether it is on the front."""

    x: float
    y: float
    text: str
    on_front: bool


def write(front: Front, path: Path) -> Path:
    """Write the page; returns its path."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qhls.search"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    across, up = _axes(front.objectives)
    page = environment.get_template("report.html.j2").render(
        front=front,
        objectives=front.objectives,
        rows=[_row(front, index) for index in range(len(front))],
        counts=front.counts(),
        across=across,
        up=up,
        picture=_picture(front, across, up),
        width=WIDTH,
        height=HEIGHT,
        margin=MARGIN,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _axes(objectives: Sequence[Objective]) -> tuple[Objective, Objective]:
    """A cost across, if there is one, and a metric up."""
    up = next(o for o in objectives if not o.is_cost)
    rest = [o for o in objectives if o is not up]
    return next((o for o in rest if o.is_cost), rest[0] if rest else up), up


def _row(front: Front, index: int) -> dict[str, Any]:
    point = front[index]
    return {
        "number": point.number,
        "values": [show(point.values[o.name]) for o in front.objectives],
        "candidate": point.candidate,
        "command": point.command,
    }


def _picture(front: Front, across: Objective, up: Objective) -> dict[str, Any]:
    names = [objective.name for objective in front.objectives]
    on_front = {point.number for point in front}
    trials = [
        (number, dict(zip(names, record["values"], strict=True)))
        for number, record in front.records.items()
        if record["state"] in ("trained", "stopped")
    ]
    xs, ys = ([values[axis.name] for _, values in trials] for axis in (across, up))
    place_x, ticks_x = _scale(xs, MARGIN, WIDTH - MARGIN / 3)
    place_y, ticks_y = _scale(ys, HEIGHT - MARGIN, MARGIN / 3)
    dots = [
        Dot(
            place_x(values[across.name]),
            place_y(values[up.name]),
            f"trial {number}: {', '.join(f'{n} {show(v)}' for n, v in values.items())}",
            number in on_front,
        )
        for number, values in trials
    ]
    dots.sort(key=lambda dot: dot.on_front)
    return {"dots": dots, "x": ticks_x, "y": ticks_y}


def _scale(
    values: Sequence[float], begin: float, end: float
) -> tuple[Any, list[tuple[float, str]]]:
    """A function from numbers to pixels, and places and texts of ticks."""
    lo, hi = min(values), max(values)
    if hi == lo:
        lo, hi = lo - abs(lo) * 0.05 - 1e-9, hi + abs(hi) * 0.05 + 1e-9

    def place(value: float) -> float:
        return round(begin + (value - lo) / (hi - lo) * (end - begin), 1)

    ticks = [lo + (hi - lo) * i / (TICKS - 1) for i in range(TICKS)]
    return place, [(place(tick), show(tick)) for tick in ticks]
