"""Plots of a search, prepared for the report's template: coordinates in pixels and the text of each mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qhls.quantizers import get_quantizer
from qhls.search.goals.objectives import Objective
from qhls.search.results.front import Front, format_figure
from qhls.search.space.choices import Candidate
from qhls.search.space.sizes import get_quantizer_bits

WIDTH, HEIGHT, MARGIN = 640, 360, 60
TICKS = 5

AXIS, TALL, TOP, BOTTOM = 110, 300, 20, 130
"""Sizes of the parallel-coordinates plot in pixels: axis spacing, axis length, top and bottom margins."""

MOST_LINES = 1000
"""Number of trials outside the front, the most recent ones, that are drawn as lines."""


Ticks = Sequence[tuple[float, str]]
"""Ticks of an axis, each a coordinate in pixels and a text."""


@dataclass(frozen=True)
class Mark:
    """Mark of a trial in a plot: a dot or a line, with a text.

    ``at``: the coordinates of the dot, or of the points of the line.
    """

    at: Sequence[tuple[float, float]]
    text: str
    on_front: bool


@dataclass(frozen=True)
class Scatter:
    """Scatter plot, with the dots of the front drawn last, on top."""

    marks: Sequence[Mark]
    x: Ticks
    y: Ticks
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Axis:
    """Axis of a parallel-coordinates plot, at the horizontal coordinate ``x``."""

    x: float
    name: str
    ticks: Ticks


@dataclass(frozen=True)
class Parallel:
    """Parallel-coordinates plot, with the lines of the front drawn last, on top."""

    marks: Sequence[Mark]
    axes: Sequence[Axis]
    width: float
    height: float = TOP + TALL + BOTTOM


def draw_scatter(front: Front, across: Objective, up: Objective) -> Scatter:
    """Return the scatter plot of all trained and stopped trials over the objectives ``across`` and ``up``."""
    trials = _list_trials(front)
    xs, ys = ([values[axis.name] for _, values, _ in trials] for axis in (across, up))
    place_x, ticks_x = _scale(xs, MARGIN, WIDTH - MARGIN / 3)
    place_y, ticks_y = _scale(ys, HEIGHT - MARGIN, MARGIN / 3)
    on_front = {point.number for point in front}
    marks = [
        Mark(
            [(place_x(values[across.name]), place_y(values[up.name]))],
            _format_tooltip(number, values),
            number in on_front,
        )
        for number, values, _ in trials
    ]
    return Scatter(sorted(marks, key=lambda mark: mark.on_front), ticks_x, ticks_y)


def draw_parallel(front: Front) -> Parallel:
    """Return the parallel-coordinates plot of trained and stopped trials: one axis per varying choice or objective."""
    on_front = {point.number for point in front}
    trials = _list_trials(front)
    trials = [t for t in trials if t[0] not in on_front][-MOST_LINES:] + [
        t for t in trials if t[0] in on_front
    ]
    names = dict.fromkeys(name for _, _, candidate in trials for name in candidate)
    chosen = {
        name: _to_numbers([candidate.get(name) for _, _, candidate in trials]) for name in names
    }
    columns = {name: numbers for name, numbers in chosen.items() if len(set(numbers)) > 1}
    axes: list[Axis] = []
    lines: list[list[tuple[float, float]]] = [[] for _ in trials]
    for i, name in enumerate([*columns, *(objective.name for objective in front.objectives)]):
        numbers = columns.get(name) or [values[name] for _, values, _ in trials]
        place, ticks = _scale(numbers, TOP + TALL, TOP)
        if name in columns:
            ticks = [(place(number), format_figure(number)) for number in sorted(set(numbers))]
        axes.append(Axis(AXIS * (i + 1.2), name, ticks))
        for line, number in zip(lines, numbers, strict=True):
            line.append((axes[-1].x, place(number)))
    marks = []
    for line, (number, values, candidate) in zip(lines, trials, strict=True):
        options = ", ".join(f"{name} {option}" for name, option in candidate.items())
        marks.append(
            Mark(line, f"{_format_tooltip(number, values)}; {options}", number in on_front)
        )
    return Parallel(marks, axes, AXIS * (len(axes) + 0.6))


def _list_trials(front: Front) -> list[tuple[int, Mapping[str, float], Candidate]]:
    """Return the number, the objective values and the candidate of each trained or stopped trial."""
    names = [objective.name for objective in front.objectives]
    return [
        (number, dict(zip(names, record["values"], strict=True)), record["candidate"])
        for number, record in front.records.items()
        if record["state"] in ("trained", "stopped")
    ]


def _format_tooltip(number: int, values: Mapping[str, float]) -> str:
    return f"trial {number}: {', '.join(f'{name} {format_figure(value)}' for name, value in values.items())}"


def _to_numbers(options: Sequence[Any]) -> list[float]:
    """Convert options to numbers: quantizers to their widths in bits, missing options to 0."""
    known: dict[Any, float] = {None: 0.0}
    for option in options:
        if option not in known:
            text = isinstance(option, str)
            known[option] = float(get_quantizer_bits(get_quantizer(option), 0) if text else option)
    return [known[option] for option in options]


def _scale(
    values: Sequence[float], begin: float, end: float
) -> tuple[Callable[[float], float], Ticks]:
    """Return a linear map from values to pixels between ``begin`` and ``end``, and the ticks of the axis."""
    lo, hi = min(values), max(values)
    if hi == lo:
        lo, hi = lo - abs(lo) * 0.05 - 1e-9, hi + abs(hi) * 0.05 + 1e-9

    def place(value: float) -> float:
        return round(begin + (value - lo) / (hi - lo) * (end - begin), 1)

    ticks = [lo + (hi - lo) * i / (TICKS - 1) for i in range(TICKS)]
    return place, [(place(tick), format_figure(tick)) for tick in ticks]
