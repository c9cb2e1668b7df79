"""``qhls.compare``: costs of several models side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from qhls.compile import DEFAULT_SCHEDULE
from qhls.plan import Schedule
from qhls.system.progress import report
from qhls.system.text import find_free_name

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.energy import AreaTable, CostComparison, Technology


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
) -> CostComparison:
    """Compare the costs of ``models`` with those of the first model.

    The costs are energy by layer and cause, area, latency and bit operations. ``print`` the result, or ``save`` it as
    .html, .svg or .json.

    ``models``: one or several designs, Keras models or files. A design keeps its schedule; ``input_types``, ``weights``
    and ``schedule`` apply to all others, as for ``compile``. ``technology``: a name, a .json file or a ``Technology``.
    ``names``: one name per design; by default those of the files or models. ``sensitivity``: also price one bit less in
    each layer. ``area``: the name or .json file of an area table, or None to leave area out.

    Raises ``EnergyError`` without a model, without one name per model, and for a technology or a table
    that does not exist.
    """
    from qhls.design import Design
    from qhls.energy import Technology, load_area_table, load_technology
    from qhls.errors import EnergyError

    if isinstance(models, str | PathLike | Design) or not isinstance(models, Iterable):
        models = [models]
    models = list(models)
    prices = technology if isinstance(technology, Technology) else load_technology(technology)
    table = None if area is None else load_area_table(area)
    if names is not None and (len(names) != len(models) or len(set(names)) < len(names)):
        raise EnergyError(
            f"compare: expected {len(models)} different names, got {', '.join(names) or 'none'}. "
            f"Give one name per model."
        )
    designs: dict[str, Design] = {}
    for i, model in enumerate(models):
        report(f"price design {i + 1} of {len(models)}")
        design = (
            model if isinstance(model, Design) else _compile(model, input_types, weights, schedule)
        )
        default_name = fspath(model) if isinstance(model, str | PathLike) else design.graph.name
        designs[
            names[i] if names else find_free_name(default_name, designs.__contains__, "{} ({})")
        ] = design
    return _compare_designs(designs, prices, table, sensitivity)


def _compare_designs(
    designs: Mapping[str, Design],
    prices: Technology,
    area_table: AreaTable | None,
    sensitivity: bool,
) -> CostComparison:
    """Return every cost of ``designs``: area only with an area table, savings by one bit only with ``sensitivity``."""
    from qhls.energy import (
        CostComparison,
        count_bit_operations,
        estimate,
        estimate_area,
        estimate_latency,
    )
    from qhls.energy.sensitivity import find_savings

    scheduled = {name: (design.graph, design.schedule) for name, design in designs.items()}
    return CostComparison(
        {name: estimate(*pair, prices) for name, pair in scheduled.items()},
        prices,
        {name: find_savings(*pair, prices) for name, pair in scheduled.items()}
        if sensitivity
        else {},
        {name: estimate_area(*pair, area_table) for name, pair in scheduled.items()}
        if area_table
        else {},
        {name: estimate_latency(*pair) for name, pair in scheduled.items()},
        {name: count_bit_operations(graph) for name, (graph, _) in scheduled.items()},
    )


def _compile(model: Any, input_types: Any, weights: Any, schedule: Schedule) -> Any:
    from qhls.compile import compile as compile_model

    return compile_model(model, input_types, weights=weights, schedule=schedule)
