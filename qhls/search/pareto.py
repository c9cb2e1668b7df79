"""``pareto``: the front of several objectives, such as accuracy and energy, over the quantised forms of a model."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.ir import Schedule
from qhls.search.costs import UNITS, Hardware
from qhls.search.driver import Driver, Plan
from qhls.search.engines import Engine, default_engine
from qhls.search.errors import SearchError
from qhls.search.executors import Job, cores, executor as make_executor
from qhls.search.feasible import check_feasible
from qhls.search.front import Front
from qhls.search.goals import check_budgets
from qhls.search.journal import Journal
from qhls.search.objectives import parse
from qhls.search.progress import Progress
from qhls.search.quantization import HARDWARE_QUANTIZATION
from qhls.search.space import Space
from qhls.search.training import require_compiled, trial_seed
from qhls.search.warm import warm_candidates


def pareto(
    model: keras.Model,
    data: Sequence[Any],
    objectives: Sequence[Any] = ("accuracy", "energy"),
    *,
    budgets: Mapping[str, float] | None = None,
    engine: str | None = None,
    trials: int = 50,
    epochs: int = 10,
    rungs: Sequence[int] = (),
    warm_start: bool = False,
    folder: str | Path = "search",
    input_types: Any = None,
    schedule: Schedule | None = None,
    technology: Any = "horowitz_45nm",
    executor: Any = "processes",
    workers: int | None = None,
    batch: int | None = None,
    seed: int = 0,
    metrics: Sequence[Any] | None = None,
    fit: Mapping[str, Any] | None = None,
    progress: Any = True,
    **space: Any,
) -> Front:
    """Search quantised forms of ``model`` of which no other is better in every objective.

    Candidates come from the engine in batches. Each is priced from its IR before training; one over a budget is
    told to the engine and not trained, one that was there before is answered from what was noted. The others are
    trained, each from a seed of its own, and what became of them is written to ``folder/journal.jsonl``. A search
    that was ended in the middle goes on where it was, if it is called again in the same way; with more ``trials``
    it goes on after its end. Executors do not change what is found.

    Args:
        model: compiled; its optimizer and loss train every candidate.
        data: ``((x, y), (x_val, y_val))`` or ``(x, y, x_val, y_val)``, numpy arrays.
        objectives: metrics of the validation data (more is better, but for losses and errors, or as pairs such as
            ``("auc", "max")`` say) and costs: "energy" (pJ per inference), "area" (LUT), "latency" (ns), "bits".
            The epoch of the best first metric counts.
        budgets: the most that costs may be.
        engine: "tpe" (under 300 trials the default), "nsga2", "gp" or "random".
        trials: candidates to train, at most; twenty times as many are asked for where budgets refuse them.
        epochs: of each, at most.
        rungs: numbers of epochs, e.g. ``(2, 6)``: only the best third of a batch trains beyond each.
        warm_start: begin with candidates that an integer program finds from the sensitivity of the (trained)
            ``model`` to each choice.
        folder: journal, trained models and report.
        input_types, schedule, technology: what costs are for; see ``qhls.compile`` and ``Design.energy``.
        executor: "processes", "inline" or a function of a ``Job``; ``workers``: processes, by default one a core.
        batch: candidates asked for at a time, by default 4 or, if more, one a core.
        metrics: what Keras logs besides the loss, by default the metrics among ``objectives``.
        fit: arguments of ``keras.Model.fit``: ``batch_size``, ``callbacks``, ...
        progress: whether to show trials and front on the terminal, or a ``rich`` console.
        space: arguments of ``qhls.search.Space``; "quantization_config" is by default one of fixed scales, each
            of which becomes hardware.

    Raises:
        SpaceError, GoalError, BudgetError, JournalError, SearchError: arguments that are not acceptable, a
            budget below what the cheapest candidate costs, a journal of another search, or no trial that
            was trained.
    """
    require_compiled(model)
    parsed, limits = parse(objectives), check_budgets(budgets or {})
    space.setdefault("quantization_config", HARDWARE_QUANTIZATION)
    candidates = Space(model, **space)
    hardware = Hardware(input_types, schedule or Schedule(), technology)
    batch = batch or max(4, cores())
    plan = Plan(parsed, limits, hardware, trials, _stages(rungs, epochs), batch, seed)
    arrays = _data(data)
    logged = list(metrics) if metrics is not None else [
        o.name for o in parsed if o.name not in UNITS and o.name != "loss"
    ]
    first = next(objective for objective in parsed if not objective.is_cost)
    place = Path(folder)
    job = Job(model, arrays, first, logged, place, space, fit or {})
    chosen = engine or default_engine(trials)
    asking = Engine(candidates, parsed, chosen, trial_seed(seed, 2**31), max(batch, 10))
    header = plan.header() | {
        "search": "pareto",
        "engine": chosen,
        "choices": {choice.name: list(choice.options) for choice in candidates.choices},
        "warm_start": warm_start,
        "data": _fingerprint(arrays),
        "weights": _fingerprint(model.get_weights()) if space.get("transfer_weights") else "",
    }
    journal = Journal(place, header)
    if not journal.records:
        check_feasible(candidates, limits, hardware)
    if warm_start:
        asking.enqueue(warm_candidates(candidates, job, plan))
    running = make_executor(executor, job, workers)
    try:
        with Progress(progress, plan) as shown:
            return Driver(candidates, plan, job, asking, running, journal, shown).run()
    finally:
        running.close()


def _stages(rungs: Sequence[int], epochs: int) -> tuple[int, ...]:
    stages = (*rungs, epochs)
    rising = all(a < b for a, b in zip(stages, stages[1:], strict=False))
    if not rising or stages[0] < 1:
        raise SearchError(
            f"rungs: expected rising numbers of epochs from 1 to below epochs={epochs}, received {tuple(rungs)}"
        )
    return stages


def _data(data: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    parts = list(data) if isinstance(data, tuple | list) else []
    if len(parts) == 2 and all(isinstance(part, tuple | list) for part in parts):
        parts = [*parts[0], *parts[1]]
    if len(parts) != 4:
        raise SearchError(
            "data: expected ((x, y), (x_val, y_val)), arrays to train and to validate with, received "
            f"{type(data).__name__} of {len(parts)}"
        )
    arrays = [np.asarray(part) for part in parts]
    for x, y in (arrays[:2], arrays[2:]):
        if len(x) != len(y) or not len(x):
            raise SearchError(
                f"data: expected as many inputs as labels, at least 1, received {len(x)} and {len(y)}"
            )
    return tuple(arrays)  # pyright: ignore[reportReturnType]


def _fingerprint(arrays: Sequence[Any]) -> str:
    """What tells arrays apart: shapes, and a checksum of the contents."""
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
    return json.dumps([list(np.shape(array)) for array in arrays]) + f" {checksum:08x}"
