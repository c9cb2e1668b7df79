"""``qhls.compare``: what several models cost, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from qhls.compile import DEFAULT_SCHEDULE
from qhls.ir import Schedule
from qhls.progress import report

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.energy import AreaTable, Comparison, Technology


def compare(
    models: Any,
    input_types: Any = None,
    *,
    technology: str | PathLike[str] | Technology = "horowitz_45nm",
    names: Sequence[str] | None = None,
    weights: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
    sensitivity: bool = False,
    area: str | PathLike[str] | None = "xilinx_lut6",
) -> Comparison:
    """Compare the costs of ``models`` with the first's: ``print`` them, or ``save`` them as .html, .svg, .json.

    Energy by layer and cause, area, latency, bit operations.

    ``models``: one or several designs, which keep their own schedule, or of what ``compile`` takes: Keras models and
    files, with ``input_types``, ``weights`` and ``schedule`` for all of them. ``technology``: a name, a .json file or a
    ``Technology``. ``names``: of the designs; by default the files' or the models' own. ``sensitivity``:
    also price a bit less in each layer. ``area``: an area table's name, a .json file, or None to leave area out.

    Raises ``EnergyError`` for no model, for names that are not one a model, and for a technology or a table that does
    not exist.
    """
    from qhls.design import Design
    from qhls.energy import Technology, load_area_table, load_technology
    from qhls.errors import EnergyError

    if isinstance(models, str | PathLike | Design) or not isinstance(models, Iterable):
        models = [models]
    models = list(models)
    prices = technology if isinstance(technology, Technology) else load_technology(technology)
    cells = None if area is None else load_area_table(area)
    if names is not None and (len(names) != len(models) or len(set(names)) < len(names)):
        raise EnergyError(
            f"compare: expected {len(models)} different names, got {', '.join(names) or 'none'}"
        )
    designs: dict[str, Design] = {}
    for i, model in enumerate(models):
        report(f"price design {i + 1} of {len(models)}")
        design = (
            model if isinstance(model, Design) else _compiled(model, input_types, weights, schedule)
        )
        own = fspath(model) if isinstance(model, str | PathLike) else design.graph.name
        designs[names[i] if names else _unique(own, designs)] = design
    return _comparison(designs, prices, cells, sensitivity)


def _comparison(
    designs: Mapping[str, Design],
    prices: Technology,
    cells: AreaTable | None,
    sensitivity: bool,
) -> Comparison:
    """Every cost of ``designs``, area where there is a table."""
    from qhls.energy import Comparison, bit_operations, estimate, estimate_area, estimate_latency
    from qhls.energy.sensitivity import sensitivity as savings_of

    built = {name: (design.graph, design.schedule) for name, design in designs.items()}
    return Comparison(
        {name: estimate(*each, prices) for name, each in built.items()},
        prices,
        {name: savings_of(*each, prices) for name, each in built.items()} if sensitivity else {},
        {name: estimate_area(*each, cells) for name, each in built.items()} if cells else {},
        {name: estimate_latency(*each) for name, each in built.items()},
        {name: bit_operations(graph) for name, (graph, _) in built.items()},
    )


def _compiled(model: Any, input_types: Any, weights: Any, schedule: Schedule) -> Any:
    from qhls.compile import compile as compile_model

    return compile_model(model, input_types, weights=weights, schedule=schedule)


def _unique(name: str, taken: dict[str, Any]) -> str:
    number, result = 1, name
    while result in taken:
        number += 1
        result = f"{name} ({number})"
    return result
