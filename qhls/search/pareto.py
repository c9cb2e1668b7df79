"""Search for the Pareto front of objectives such as accuracy and energy among quantised versions of a model."""

from __future__ import annotations

import inspect
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.plan import Schedule
from qhls.search.arguments import refuse_unknown, require_finite, require_whole
from qhls.search.engines.samplers import Engine, choose_engine
from qhls.search.engines.warm import find_warm_candidates
from qhls.search.errors import GoalError, SearchError
from qhls.search.goals.costs import Hardware
from qhls.search.goals.feasible import check_feasible, check_input_types
from qhls.search.goals.goals import check_budgets
from qhls.search.goals.objectives import parse
from qhls.search.results.front import Front
from qhls.search.results.progress import Progress
from qhls.search.space.choices import Space
from qhls.search.space.quantization import HARDWARE_QUANTIZATION
from qhls.search.trials.driver import Driver, FrontKeeper, ParetoPlan
from qhls.search.trials.executors import make_executor
from qhls.search.trials.job import Job, Record, count_cores
from qhls.search.trials.journal import Journal, Lines
from qhls.search.trials.only import lock_folder
from qhls.search.trials.training import derive_trial_seed, require_compiled

SPACE = tuple(inspect.signature(Space).parameters)[1:]
"""Arguments of ``Space`` beside the model, which ``pareto`` takes too."""


@dataclass(frozen=True, kw_only=True)
class ParetoSettings:
    """Settings of ``pareto`` besides model, data, objectives and the arguments of ``Space``."""

    budgets: Mapping[str, float] = field(default_factory=dict)
    """Name -> limit of each cost: "energy", "area", "latency", "bits"."""

    engine: str | None = None
    """Engine that proposes candidates: "tpe", "nsga2", "gp" or "random".

    The default is "tpe" for fewer than 300 trials, else "nsga2".
    """

    trials: int = 50
    """Number of candidates to train.

    If budgets reject candidates, the search ends at the latest after twenty times as many proposals.
    """

    epochs: int = 10
    """Number of epochs of each trial, which keeps the weights of the epoch with the best value of the first metric."""

    rungs: Sequence[int] = ()
    """Numbers of epochs, such as ``(2, 6)``, after each of which only the best third continues training.

    Training continues with a fresh optimizer.
    """

    warm_start: bool = False
    """True to begin with candidates that an integer program finds from the loss increase of each choice alone.

    The model should be trained.
    """

    folder: str | Path = "search"
    """Folder of the journal, the trained models and the report."""

    storage: str | None = None
    """SQLAlchemy URL of a database for the journal, such as "sqlite:///..."; by default the journal is a file."""

    name: str | None = None
    """Name of the search in the database, which may hold many; by default that of the folder."""

    input_types: Any = None
    """Types of the inputs, as in ``qhls.compile``."""

    schedule: Schedule = field(default_factory=Schedule)
    """Requests on time and place, as in ``qhls.compile``."""

    technology: Any = "horowitz_45nm"
    """Technology of the energy, as in ``Design.energy``."""

    executor: Any = "processes"
    """Executor that trains candidates: "processes", "inline", "dask" or "ray", on this machine.

    "dask:ADDRESS" or "ray:ADDRESS" uses a running cluster. A function that returns an ``executors.Executor`` for a
    ``Job`` is accepted too.
    """

    workers: int | None = None
    """Number of worker processes, by default one per core; for a running cluster, the most workers to use of it."""

    batch: int | None = None
    """Number of candidates proposed in one batch; by default one per worker or core, at least 4."""

    seed: int = 0
    """Seed of all random decisions in proposals and trainings."""

    metrics: Sequence[Any] | None = None
    """Metrics that Keras logs besides the loss; by default those among the objectives."""

    fit: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of ``keras.Model.fit``: ``batch_size``, ``callbacks``, ..."""

    progress: Any = True
    """True to show trials and front on the terminal, or a ``rich`` console."""


def pareto(
    model: keras.Model,
    data: Sequence[Any],
    objectives: Sequence[Any] = ("accuracy", "energy"),
    **settings: Any,
) -> Front:
    """Search for the Pareto front of quantised versions of ``model``: those that no other version dominates.

    The engine proposes candidates in batches. The costs of each are estimated from its IR before training. A candidate
    over a budget is not trained, and the engine learns its costs. A candidate that was proposed before gets the
    earlier result. The others are trained, each with a separate seed, and their costs are computed again with their
    weights; the front compares these costs. Records are written to ``folder/journal.jsonl`` or ``storage``, and to an
    Optuna study, which optuna-dashboard shows. The same call resumes an interrupted search; with more ``trials`` it
    continues a complete one. Results do not depend on the executor.

    Args:
        model: compiled; its optimizer and loss train every candidate.
        data: ``((x, y), (x_val, y_val))`` or ``(x, y, x_val, y_val)``, arrays.
        objectives: metrics of the validation data, and costs: "energy" (pJ per inference), "area" (LUT), "latency"
            (ns), "bits". Of a metric more is better, of losses and errors less. Pairs such as
            ``("auc", "max")`` say it otherwise.
        settings: those of ``ParetoSettings`` and of ``Space``; "quantization_config" is by default one of fixed
            scales, each of which becomes hardware.

    Raises:
        SpaceError, GoalError: arguments that are not acceptable.
        BudgetError: a budget below the cost of the cheapest candidate.
        JournalError: a journal of another search, or one that another process uses.
        SearchError: inputs without a type, data that is not finite, or no trial that was trained.
    """
    require_compiled(model)
    chosen, space = _split(settings)
    candidates = Space(model, **space)
    plan = _plan(objectives, chosen)
    job = _make_job(model, check_data(data), plan, chosen, space)
    if set(plan.costs) - {"bits"}:
        check_input_types(candidates, plan.hardware)
    chosen = replace(chosen, name=chosen.name or job.folder.absolute().name)
    if chosen.storage is None:
        with lock_folder(job.folder):
            return _search(candidates, plan, job, chosen, job.folder)
    from qhls.search.trials.database import DatabaseLines

    lines = DatabaseLines(chosen.storage, str(chosen.name))
    with lock_folder(job.folder), lines.lock():
        return _search(candidates, plan, job, chosen, lines)


def _search(
    candidates: Space, plan: ParetoPlan, job: Job, chosen: ParetoSettings, place: Path | Lines
) -> Front:
    """Search with the journal at ``place``, which only this process writes, and return the front."""
    sampler = chosen.engine or choose_engine(chosen.trials)
    engine = Engine(
        candidates,
        plan.objectives,
        sampler,
        derive_trial_seed(plan.seed, 2**31),
        max(plan.batch, 10),
    )
    journal = Journal(place, _make_header(plan, chosen, candidates, job, sampler), trials=True)
    if not journal.records:
        check_feasible(candidates, plan.budgets, plan.hardware)
    if chosen.warm_start:
        engine.enqueue(find_warm_candidates(candidates, job, plan))
    from qhls.search.trials.study import Study  # needs Optuna, which the engine has found

    executor = make_executor(chosen.executor, job, chosen.workers)
    to = {"folder": job.folder, "url": chosen.storage, "name": chosen.name}
    study = Study(candidates, plan, **to, is_new=not journal.records)
    try:
        with Progress(chosen.progress, plan) as progress:
            records: dict[int, Record] = {}
            keeper = FrontKeeper(plan, job, records, (progress, study))
            driver = Driver(candidates, plan, job, engine, executor, journal, records, [keeper])
            return replace(keeper.make_front(driver.run()), study=study.place)
    finally:
        executor.close()


def _make_header(
    plan: ParetoPlan, settings: ParetoSettings, space: Space, job: Job, engine: str
) -> dict[str, Any]:
    """Return the settings that a journal must have in common with this search."""
    return plan.make_header() | {
        "search": "pareto",
        "engine": engine,
        "choices": {choice.name: list(choice.options) for choice in space.choices},
        "warm_start": settings.warm_start,
        "data": compute_fingerprint(job.data),
        "weights": compute_fingerprint(space.model.get_weights()) if space.transfer_weights else "",
    }


def _split(settings: Mapping[str, Any]) -> tuple[ParetoSettings, dict[str, Any]]:
    """Split the arguments of ``pareto`` into the settings of the search and those of its space, and return both."""
    names = tuple(each.name for each in fields(ParetoSettings))
    refuse_unknown("search", settings, (*names, *SPACE))
    space = {name: value for name, value in settings.items() if name in SPACE}
    space.setdefault("quantization_config", HARDWARE_QUANTIZATION)
    return ParetoSettings(**{n: v for n, v in settings.items() if n in names}), space


def _plan(objectives: Sequence[Any], settings: ParetoSettings) -> ParetoPlan:
    for name in ("trials", "epochs", "workers", "batch"):
        number = getattr(settings, name)
        if number is not None or name not in ("workers", "batch"):
            require_whole(name, number)
    return ParetoPlan(
        parse(objectives),
        check_budgets(settings.budgets or {}),
        Hardware(settings.input_types, settings.schedule, settings.technology),
        settings.trials,
        _plan_stages(settings.rungs, settings.epochs),
        settings.batch or max(4, settings.workers or count_cores()),
        settings.seed,
    )


def _make_job(
    model: keras.Model,
    data: tuple[Any, Any, Any, Any],
    plan: ParetoPlan,
    settings: ParetoSettings,
    space: Mapping[str, Any],
) -> Job:
    measured = [objective for objective in plan.objectives if not objective.is_cost]
    logged = [o.name for o in measured if o.name != "loss"]
    if settings.metrics is None:
        _check_metrics(logged)
    else:
        logged = list(settings.metrics)
    folder = Path(settings.folder)
    return Job(
        model, data, measured[0], logged, folder, space, settings.fit, plan.costs, plan.hardware
    )


def _check_metrics(names: Sequence[str]) -> None:
    """Raise ``GoalError`` for a name that Keras would refuse in the first trial."""
    for name in names:
        if name in (
            "acc",
            "accuracy",
            "ce",
            "crossentropy",
        ):  # Keras chooses the metric by the labels
            continue
        try:
            keras.metrics.get(name)
        except ValueError as error:
            raise GoalError(
                f"objective {name!r}: expected a metric that Keras knows by name, got: {error}. Pass the "
                f"metric itself: metrics=[...]."
            ) from error


def _plan_stages(rungs: Sequence[int], epochs: int) -> tuple[int, ...]:
    stages = (*rungs, epochs)
    rising = all(a < b for a, b in pairwise(stages))
    if not rising or stages[0] < 1:
        raise SearchError(
            f"rungs: expected rising numbers of epochs from 1 to below epochs={epochs}, got "
            f"{tuple(rungs)}. Choose such numbers."
        )
    return stages


def check_data(data: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    """Check training and validation data and return them as arrays ``(x, y, x_val, y_val)``.

    Raises ``SearchError`` for anything else.
    """
    parts = list(data) if isinstance(data, tuple | list) else []
    if len(parts) == 2 and all(isinstance(part, tuple | list) for part in parts):
        parts = [*parts[0], *parts[1]]
    if len(parts) != 4:
        raise SearchError(
            "data: expected ((x, y), (x_val, y_val)), arrays to train and to validate with, got "
            f"{type(data).__name__} of {len(parts)}. Pass two pairs."
        )
    arrays = [np.asarray(part) for part in parts]
    for name, array in zip(("x", "y", "x_val", "y_val"), arrays, strict=True):
        require_finite(f"data: {name}", array)
    for x, y in (arrays[:2], arrays[2:]):
        if len(x) != len(y) or not len(x):
            raise SearchError(
                f"data: expected as many inputs as labels, at least 1, got {len(x)} and {len(y)}. Match them."
            )
    return tuple(arrays)  # pyright: ignore[reportReturnType]


def compute_fingerprint(arrays: Sequence[Any]) -> str:
    """Return a text with the shapes and a checksum of arrays, which identifies them."""
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
    return json.dumps([list(np.shape(array)) for array in arrays]) + f" {checksum:08x}"
