"""Training that learns bit widths; energy counts more and more in the loss, so one run yields a Pareto front."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from qhls.compile import compile as compile_model
from qhls.energy.technology import Technology, load_technology
from qhls.errors import QhlsError
from qhls.plan import Schedule
from qhls.search.arguments import refuse_unknown, require_whole
from qhls.search.errors import GoalError, JournalError, SearchError, SpaceError, TrialError
from qhls.search.goals.costs import Hardware, measure_trained
from qhls.search.goals.objectives import parse
from qhls.search.learned import state as gradient_state
from qhls.search.learned.energy import derive_energy_term
from qhls.search.learned.layers import LearnedActivation, LearnedWeights
from qhls.search.learned.model import (
    build_learned_model,
    describe_quantizers,
    export,
    find_activations,
    find_layers,
)
from qhls.search.learned.units import find_removable
from qhls.search.pareto import check_data, compute_fingerprint
from qhls.search.results.front import Front, Point
from qhls.search.results.progress import Progress
from qhls.search.trials.driver import ParetoPlan
from qhls.search.trials.job import serialize_model, store
from qhls.search.trials.journal import Journal
from qhls.search.trials.only import lock_folder
from qhls.search.trials.training import compile_like, derive_trial_seed, require_compiled

SETTLING_RATE = 0.1
"""Factor of the learning rate while widths are fixed."""

_SAMPLES = 512
"""Number of inputs from which the initial ranges of activations are determined."""


@dataclass(frozen=True, kw_only=True)
class GradientSettings:
    """Settings of ``gradient`` besides model, data and objectives."""

    strengths: Sequence[float] = (0.1, 3.0)
    """Strengths of the energy term through which the levels rise geometrically.

    A strength is the amount that the initial energy adds to the loss.
    """

    epochs: int = 240
    """Total number of epochs, divided equally among the levels."""

    levels: int = 30
    """Number of levels, each with one strength.

    Widths are learned in the first three quarters of a level's epochs. In the last quarter they are fixed, and the
    learning rate is divided by 10. Each of these epochs ends with a model that may become a point of the front.
    """

    bits: int = 8
    """Initial width in bits of weights and activations."""

    input_types: Any = None
    """Types of the inputs, as in ``qhls.compile``."""

    schedule: Schedule = field(default_factory=Schedule)
    """Requests on time and place, as in ``qhls.compile``.

    Each weight in the logic learns a separate width; weights in a memory share one per kernel.
    """

    technology: Any = "horowitz_45nm"
    """Technology of the energy, as in ``Design.energy``."""

    folder: str | Path = "gradient"
    """Folder of the journal, the models of the front and the report."""

    seed: int = 0
    """Seed of all random numbers."""

    metrics: Sequence[Any] | None = None
    """Metrics that Keras logs besides the loss; by default those among the objectives."""

    fit: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of ``keras.Model.fit``: ``batch_size``, ``callbacks``, ..."""

    custom_objects: Mapping[str, Any] | None = None
    """Classes and functions by the names under which the model knows them."""

    progress: Any = True
    """True to show epochs and front on the terminal, or a ``rich`` console."""


def gradient(
    model: keras.Model,
    data: Sequence[Any],
    objectives: Sequence[Any] = ("accuracy", "energy"),
    **settings: Any,
) -> Front:
    """Train ``model`` with learned bit widths while energy counts more and more in the loss; return the Pareto front.

    Every weight that is part of the logic learns a separate number of fraction bits, until the weight is 0 and costs
    nothing. Kernels in a memory and activations learn one number each; integer bits follow the ranges. Widths are
    constant in the last quarter of each level. After each of these epochs, the model is exported as an ordinary
    Q-model and compiled, and its costs are computed with its real weights. It joins the front unless another point
    dominates it. Points are numbered by epoch. ``fit`` is called once per level.
    A complete run is read from its journal; a killed run resumes after its last complete level.

    Args:
        model: compiled, and best trained. It consists of Dense, Conv1D, Conv2D, DepthwiseConv2D, activations relu
            and linear, layers without weights, or their Q-layers, whose quantizers are replaced. Batch
            normalisations behind a layer are folded into it at the start.
        data: ``((x, y), (x_val, y_val))`` or ``(x, y, x_val, y_val)``, arrays.
        objectives: as in ``pareto``; all costs but "bits".
        settings: those of ``GradientSettings``.

    Raises:
        SpaceError: a layer whose width cannot be learned, or that becomes no design.
        GoalError: objectives or metrics that are not there.
        JournalError: a journal of another run. TrialError: a loss that is not finite.
        SearchError: arguments that are not acceptable.
    """
    require_compiled(model)
    chosen = _check_settings(settings)
    plan = _plan(objectives, chosen)
    arrays = check_data(data)
    folder = Path(chosen.folder)
    header = plan.make_header() | {
        "search": "gradient",
        "strengths": list(chosen.strengths),
        "levels": chosen.levels,
        "bits": chosen.bits,
        "epochs": chosen.epochs,
        "data": compute_fingerprint(arrays),
        "weights": compute_fingerprint(model.get_weights()),
    }
    with lock_folder(folder):
        journal = _open_journal(folder, header)
        points = _train_points(model, arrays, chosen, plan, journal)
    return Front(plan.objectives, tuple(points), folder, journal.records)


def _train_points(
    model: keras.Model, arrays: Any, chosen: GradientSettings, plan: ParetoPlan, journal: Journal
) -> list[Point]:
    """Train the remaining epochs of the run, and return the points of the front of all its epochs."""
    folder, steps = Path(chosen.folder), _check_phases(chosen)
    with Progress(chosen.progress, plan) as shown:
        sweep = Sweep(plan, steps, journal, shown, folder)
        if len(journal.records) < plan.trials:
            _train(model, arrays, sweep, chosen)
        (folder / gradient_state._FILE).unlink(missing_ok=True)
        points = sweep.list_points()
        shown.update(journal.records, points)
    for point in points:
        if not point.path.is_file():
            raise JournalError(
                f"{journal.where}: expected the models of the front beside it, got none at {point.path}. "
                f"Search in a new folder."
            )
    return points


def _open_journal(folder: Path, header: Mapping[str, Any]) -> Journal:
    """Open the journal of the run; if it has no records, delete leftover checkpoints and models."""
    journal = Journal(folder, header, trials=True)
    if not journal.records:
        (folder / gradient_state._FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / "models", ignore_errors=True)
    return journal


def _train(model: keras.Model, arrays: Any, sweep: Sweep, chosen: GradientSettings) -> None:
    keras.utils.set_random_seed(chosen.seed)
    hardware = sweep.plan.hardware
    learned: Any = prepare(model, arrays[0], hardware, chosen.bits, chosen.custom_objects)
    measured = [o.name for o in sweep.plan.objectives if not o.is_cost and o.name != "loss"]
    metrics = measured if chosen.metrics is None else chosen.metrics
    compile_like(learned, model, list(metrics))
    rate: Any = learned.optimizer.learning_rate
    sweep.rate = (
        float(rate) if isinstance(rate, keras.Variable) else None
    )  # None for a learning rate schedule
    settings: dict[str, Any] = {"verbose": 0, **chosen.fit}
    settings["callbacks"] = [*(settings.get("callbacks") or []), sweep]
    x, y, *validation = arrays
    done = gradient_state.load(sweep.folder, learned)
    for begin, end in split_epochs(chosen.epochs, chosen.levels):
        if end > done:
            keras.utils.set_random_seed(derive_trial_seed(chosen.seed, begin))
            settings |= {"initial_epoch": begin, "epochs": end}
            learned.fit(x, y, validation_data=tuple(validation), **settings)
            gradient_state.save(sweep.folder, learned, end)


def prepare(
    model: keras.Model, x: Any, hardware: Hardware, bits: int = 8, custom_objects: Any = None
) -> keras.Model:
    """Return a copy of ``model`` with learned widths; its first layer with weights has an ``EnergyTerm`` of strength 0.

    ``x``: inputs from which ranges are determined. ``bits``: the initial width. Raises ``SpaceError`` as ``gradient``.
    """
    schedule = hardware.schedule

    learned = build_learned_model(model, not schedule.weights_are_logic, custom_objects)
    layers = {n: e for n, e in find_layers(learned).items() if isinstance(e, LearnedWeights)}
    if not layers:
        raise SpaceError(
            f"gradient: expected a model with weights to learn the widths of, got {model.name!r} "
            "without. Build the model first."
        )
    activations = find_activations(learned)
    for layer in layers.values():
        layer.start(bits)
    for activation in activations.values():
        activation.output_fraction.assign(1.0)
    learned(x[:_SAMPLES], training=True)
    for activation in activations.values():
        activation.start(bits)
    try:
        graph = compile_model(export(learned), hardware.input_types).graph
    except QhlsError as error:
        raise SpaceError(
            f"gradient: expected a model that becomes a design, got: {error}"
        ) from error
    first = next(iter(layers.values()))
    chosen = hardware.technology
    technology = chosen if isinstance(chosen, Technology) else load_technology(chosen)
    term = derive_energy_term(graph, schedule, technology, layers, activations)
    term.strength = first.strength
    term.removable = {first for first, _ in find_removable(learned)}
    term.calls = sum(product.layer is first for product in term.products)
    first.term = term
    return learned


@dataclass(frozen=True)
class Phase:
    """Settings of one epoch.

    ``strength``: that of the energy term. ``rate``: factor of the learning rate. ``moving``: whether widths are
    learned. ``noted``: whether its model may become a point of the front.
    """

    strength: float
    moving: bool
    rate: float
    noted: bool


def split_epochs(epochs: int, levels: int) -> list[tuple[int, int]]:
    """Split the epochs evenly into levels and return the range of each: its first epoch and the one after its last."""
    levels = min(levels, max(epochs // 2, 1))
    return [(epochs * i // levels, epochs * (i + 1) // levels) for i in range(levels)]


def plan_phases(epochs: int, levels: int, strengths: Sequence[float]) -> list[Phase]:
    """Return the settings of each epoch; widths are fixed in the last quarter of each level."""
    result: list[Phase] = []
    parts = split_epochs(epochs, levels)
    at = np.linspace(0, max(len(parts) - 1, 1), len(strengths))
    for level, (begin, end) in enumerate(parts):
        strength = float(np.exp(np.interp(level, at, np.log(np.asarray(strengths, float)))))
        length = end - begin
        learning = length - max(length // 4, 1) if length > 1 else 1
        result += [Phase(strength, True, 1.0, length == 1)] * learning
        result += [Phase(strength, False, SETTLING_RATE, True)] * (length - learning)
    return result


class Sweep(keras.callbacks.Callback):
    """Callback that applies the settings of each epoch, records its model and stores the models of the front."""

    def __init__(
        self, plan: ParetoPlan, steps: Sequence[Phase], journal: Journal, shown: Any, folder: Path
    ) -> None:
        super().__init__()
        self.plan, self.steps, self.journal, self.shown = plan, steps, journal, shown
        self.folder = folder
        self._front = plan.find_front(journal.records)
        self.rate: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set strength, learning rate and whether widths are learned."""
        phase, model = self.steps[epoch], cast("Any", self.model)
        for layer in find_layers(model).values():
            for part in (layer, getattr(layer, "activation", None)):
                if isinstance(part, LearnedWeights):
                    part.strength.assign(phase.strength)
                if isinstance(part, LearnedWeights | LearnedActivation):
                    part.moving.assign(float(phase.moving))
        if self.rate is not None:
            model.optimizer.learning_rate = self.rate * phase.rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Export, price and record the model if it may become a point of the front; store it if it does."""
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in metrics.items():
            if name in ("loss", "val_loss") and not math.isfinite(value):
                raise TrialError(
                    f"gradient: expected a finite loss, got: {name} is {value} in epoch {epoch + 1}. "
                    f"Lower the learning rate or the strengths."
                )
        if not self.steps[epoch].noted or epoch in self.journal.records:
            return
        quantised = export(self.model)  # pyright: ignore[reportArgumentType]
        costs = measure_trained(quantised, self.plan.costs, self.plan.hardware)
        record = {
            "state": "trained",
            "candidate": describe_quantizers(quantised),
            "costs": costs,
            "metrics": metrics,
            "values": [o.of(metrics, costs) for o in self.plan.objectives],
            "strength": self.steps[epoch].strength,
        }
        self.journal.records[epoch] = record
        before = self._front
        self._front = self.plan.join_front(before, [epoch], self.journal.records)
        if epoch in self._front:
            store(self._locate_model(epoch), serialize_model(quantised, include_optimizer=False))
        self.journal.append(epoch, record)
        for number in set(before) - set(self._front):
            self._locate_model(number).unlink(missing_ok=True)
        self.shown.update(self.journal.records, self.list_points())

    def list_points(self) -> list[Point]:
        """Return the front of all epochs so far."""
        return self.plan.make_points(self._front, self.journal.records, self._locate_model)

    def _locate_model(self, number: int) -> Path:
        return self.folder / "models" / f"epoch_{number:04d}.keras"


# -- arguments --------------------------------------------------------------------------------------


def _check_settings(settings: Mapping[str, Any]) -> GradientSettings:
    refuse_unknown("gradient", settings, [each.name for each in fields(GradientSettings)])
    chosen = GradientSettings(**settings)
    require_whole("epochs", chosen.epochs)
    require_whole("levels", chosen.levels)
    require_whole("bits", chosen.bits, 2, 16)
    _check_strengths(chosen.strengths)
    return chosen


def _check_strengths(strengths: Any) -> None:
    numbers = list(strengths) if isinstance(strengths, list | tuple) else [strengths]
    right = isinstance(strengths, list | tuple) and bool(numbers)
    right = right and all(
        isinstance(s, int | float) and not isinstance(s, bool) and 0 < s < math.inf for s in numbers
    )
    if not right or not all(a < b for a, b in pairwise(numbers)):
        raise SearchError(
            "strengths: expected increasing numbers above 0, such as (0.01, 10.0), got "
            f"{strengths!r}. Pass such numbers."
        )


def _plan(objectives: Sequence[Any], chosen: GradientSettings) -> ParetoPlan:
    parsed = parse(objectives)
    if any(objective.name == "bits" for objective in parsed):
        raise GoalError(
            "objectives: expected costs of the design (energy, area, latency), got 'bits'. Use 'energy'."
        )
    hardware = Hardware(chosen.input_types, chosen.schedule, chosen.technology)
    noted = sum(phase.noted for phase in _check_phases(chosen))
    return ParetoPlan(parsed, {}, hardware, noted, (chosen.epochs,), 1, chosen.seed)


def _check_phases(chosen: GradientSettings) -> list[Phase]:
    return plan_phases(chosen.epochs, chosen.levels, chosen.strengths)
