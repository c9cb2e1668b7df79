"""Search for the quantised model of the best score, with the arguments and scores of QKeras' AutoQKeras."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.search.arguments import require_finite, require_whole
from qhls.search.engines.tuners import TUNERS, Proposal, Tuner
from qhls.search.errors import GoalError, SearchError
from qhls.search.goals.feasible import check_feasible, check_input_types
from qhls.search.goals.goals import Goal, as_goal, set_direction
from qhls.search.space.choices import LEARNING_RATE, Candidate, Space
from qhls.search.trials.driver import Driver
from qhls.search.trials.executors import make_executor
from qhls.search.trials.job import WEIGHTS, Job, Record, count_cores
from qhls.search.trials.journal import Journal
from qhls.search.trials.only import lock_folder
from qhls.search.trials.training import (
    DIRECTIONS,
    compile_like,
    find_first_metric,
    list_metric_names,
    require_compiled,
)
from qhls.search.trials.training import find_metric_direction as known_direction
from qhls.system.text import find_free_name

LEARNING_RATES = 5
"""Number of learning rates that ``learning_rate_optimizer`` chooses among."""

_IGNORED = ("distribution_strategy", "executions_per_trial", "project_name", "directory", "logger")
"""Arguments of Keras Tuner that have no meaning here."""


class AutoQKeras:
    """Search for the quantised version of ``model`` with the best score; arguments are those of QKeras.

    Args:
        model: compiled; its optimizer (with its learning rate) and loss train every candidate.
        metrics: metrics that Keras logs, as in ``compile``: names, functions, or a dictionary by output. The first is
            the score's metric, "acc" by default. Keras knows which metrics, such as errors, to minimise.
        custom_objects: classes and functions by the names under which configurations know them.
        goal: bits by default; see ``qhls.search.goals.goals``.
        output_dir: folder of the journal and the weights. If it exists, its search is resumed; with ``overwrite``,
            a new folder ``output_dir_1``, ... is used.
        mode: "random", "bayesian" or "hyperband".
        custom_tuner: a function of ``(space, **tuner_kwargs)`` that returns a ``tuners.Tuner``.
        transfer_weights: candidates start from the weights of ``model``.
        frozen_layers: names of layers that stay as they are: not quantised, with their weights, not trained.
        activation_bits: bits of the activations that layers apply themselves where nothing is chosen.
        limit: class of a layer, or regular expression for names -> ``[kernel, bias, activation]``. Recurrent
            layers have ``[kernel, bias, recurrent, activation]``. Each entry is a maximum width in bits or a list of
            quantizers. Layers of one expression share one choice. A class without an entry is not quantised;
            "default" fills lists that are too short. ``None``: every class with 8 bits at most.
        tune_filters: multiply units and filters by 0.5, 0.75, 1, 1.5 or 2. "layer": one factor per layer. "block":
            one factor for all. Layers that determine the outputs' shapes are left out.
        tune_filters_exceptions: a regular expression; layers in whose names it is found are left out.
        learning_rate_optimizer: choose among 5 learning rates, the largest 1.1 times that of ``model``. The smallest
            is that of ``model``, reduced in proportion if the trial is smaller than the reference.
        layer_indexes: numbers of the layers, in ``model.layers``, that are quantised.
        quantization_config: quantizers and their bits, by "kernel", "bias", "activation", "linear".
        overwrite: see ``output_dir``.
        head_name: the output whose metric counts, if the model has several.
        score_metric: the metric that counts, if it is not the first of ``metrics``.
        metric_direction: "max" or "min", for a metric whose direction Keras does not know.
        executor: "inline", "processes", "dask" or "ray", or any other executor of ``qhls.search.pareto``. All but
            "inline" need ``if __name__ == "__main__":`` around a script.
        workers: worker processes, by default one per core.
        batch: trials that are proposed before the first of them has a score. 1 with "inline", otherwise one per
            worker by default. Scores do not depend on the executor; mode "bayesian" depends on ``batch``.
        tuner_kwargs: ``max_trials`` (10), ``seed`` and what the mode takes (``qhls.search.engines.tuners``).

    Raises:
        SpaceError, GoalError, BudgetError, JournalError: invalid arguments.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        model: keras.Model,
        metrics: Any = None,
        custom_objects: Mapping[str, Any] | None = None,
        goal: Any = None,
        output_dir: str | Path = "result",
        mode: str = "random",
        custom_tuner: Any = None,
        transfer_weights: bool = False,
        frozen_layers: Sequence[str] | None = None,
        activation_bits: int = 4,
        limit: Mapping[str, Any] | None = None,
        tune_filters: str = "none",
        tune_filters_exceptions: str | None = None,
        learning_rate_optimizer: bool = False,
        layer_indexes: Sequence[int] | None = None,
        quantization_config: Mapping[str, Mapping[str, int]] | None = None,
        overwrite: bool = True,
        head_name: str | None = None,
        score_metric: Any = None,
        metric_direction: str | None = None,
        executor: Any = "inline",
        workers: int | None = None,
        batch: int | None = None,
        **tuner_kwargs: Any,
    ) -> None:
        require_compiled(model)
        self.model, self.metrics = model, metrics or ["acc"]
        self.goal = as_goal(goal, model)
        self._choose_metric(head_name, score_metric, metric_direction)
        self._space_settings: dict[str, Any] = {
            "quantization_config": quantization_config,
            "limit": limit,
            "tune_filters": tune_filters,
            "tune_filters_exceptions": tune_filters_exceptions,
            "layer_indexes": layer_indexes,
            "frozen_layers": frozen_layers or (),
            "activation_bits": activation_bits,
            "transfer_weights": transfer_weights,
            "learning_rates": LEARNING_RATES if learning_rate_optimizer else 0,
            "custom_objects": custom_objects,
        }
        self.space = Space(model, **self._space_settings)
        for name, number in (("workers", workers), ("batch", batch)):
            if number is not None:
                require_whole(name, number)
        self.executor, self.workers, self.batch = executor, workers, batch
        self.tuner_kwargs = {k: v for k, v in tuner_kwargs.items() if k not in _IGNORED}
        self.seed = int(self.tuner_kwargs.setdefault("seed", 0) or 0)
        self._make_tuner = _choose_tuner(mode, custom_tuner)
        self.mode = mode
        self.output_dir = choose_folder(Path(output_dir), overwrite)
        self.records: dict[int, Record] = {}
        self.learning_rate = math.nan

    def _choose_metric(self, head_name: str | None, score_metric: Any, direction: Any) -> None:
        """Set the metric of the score and, for a forgiving goal, whether the score maximises or minimises it."""
        first = find_first_metric(self.metrics, head_name)
        chosen = score_metric or self.goal.metric or self.goal.default_metric or first
        self.metric = list_metric_names(chosen, head_name if chosen != "loss" else None)
        if self.goal.factor is None:
            return
        heads = getattr(self.model, "output_names", ())
        direction = direction or known_direction(chosen, self.metrics, heads)
        if direction not in DIRECTIONS:
            raise GoalError(
                f"metric_direction: expected 'max' or 'min', got {direction!r}. Give one of them."
            )
        self.goal = set_direction(self.goal, direction)

    # -- the search ---------------------------------------------------------------------------------

    def fit(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Run or resume the search; arguments are those of ``keras.Model.fit``, including validation data.

        If no callback stops early, training stops when ``val_loss`` has not improved for a fifth of the
        epochs, at most 20. A trial that fails (a loss that is not finite, a model that cannot become a
        design) is written to the journal, and the search continues.

        Raises:
            GoalError: the metric is not logged.
            BudgetError: a budget below the cost of the cheapest candidate, which the message names.
            SearchError: every trial failed; the message has the reason of the last one.
        """
        settings = _name_arguments(fit_args, fit_kwargs)
        epochs = settings.setdefault("epochs", 10)
        settings["callbacks"] = _add_early_stopping(settings.get("callbacks"), epochs)
        tuner = self._create_tuner(epochs)
        for array in keras.tree.flatten((fit_args, fit_kwargs)):
            require_finite("fit", array)
        if {*self.goal.budgets, *self.goal.costs} - {"bits"}:
            check_input_types(self.space, self.goal.hardware)
        with lock_folder(self.output_dir):
            self._search(tuner, settings)
        self._require_success()

    def _search(self, tuner: Tuner[float], settings: Mapping[str, Any]) -> None:
        journal = Journal(self.output_dir, self._make_header(settings["epochs"]), trials=True)
        if not journal.records:
            check_feasible(self.space, self.goal.budgets, self.goal.hardware)
        batch = self.batch or (1 if self.executor == "inline" else self.workers or count_cores())
        plan = ScorePlan(self.goal, (settings["epochs"],), batch, self.seed, self._get_rate)
        job = Job(
            self.model,
            (),
            ScoreTarget(self.metric, self.goal.score),
            self.metrics,
            self.output_dir,
            self._space_settings,
            settings,
            weights_only=True,
        )
        executor = make_executor(self.executor, job, self.workers)
        try:
            Driver(self.space, plan, job, tuner, executor, journal, self.records).run()
        finally:
            executor.close()

    def _create_tuner(self, epochs: int) -> Tuner[float]:
        settings = dict(self.tuner_kwargs)
        if self.mode == "hyperband":
            settings.setdefault("max_epochs", epochs)
        else:
            settings.setdefault("max_trials", 10)
        try:
            return self._make_tuner(self.space, **settings)
        except TypeError as error:
            raise SearchError(
                f"mode {self.mode!r}: expected arguments of its tuner, got: {error}. Read qhls.search.engines.tuners."
            ) from None

    def _make_header(self, epochs: int) -> dict[str, Any]:
        return {
            "search": "AutoQKeras",
            "choices": {choice.name: list(choice.options) for choice in self.space.choices},
            "goal": self.goal.describe(),
            "transfer_weights": self.space.transfer_weights,
            "activation_bits": self.space.activation_bits,
            "frozen_layers": sorted(self.space.frozen_layers),
            "mode": self.mode,
            "tuner": {
                k: repr(v) for k, v in sorted(self.tuner_kwargs.items()) if k != "max_trials"
            },
            "metric": list(self.metric),
            "epochs": epochs,
        }

    def _get_rate(self, candidate: Mapping[str, Any], costs: Mapping[str, float]) -> float | None:
        """Return the learning rate of a candidate; ``None`` if learning rates are not searched."""
        if LEARNING_RATE not in candidate:
            return None
        larger = 0.0
        if self.goal.factor is not None:
            reference = self.goal.factor.reference_total
            larger = min((costs["trial"] - reference) / reference, 0.0)
        rates = self.get_best_lr(self.model) * np.linspace(1.0 + larger, 1.1, LEARNING_RATES)
        return float(rates[int(candidate[LEARNING_RATE])])

    def _require_success(self) -> None:
        if self._rank_trials():
            return
        errors = [record["error"] for record in self.records.values()]
        last = errors[-1] if errors else "no candidate. Enlarge the space or the budgets."
        raise SearchError(f"search: expected a trial that was trained, got none: {last}")

    # -- results ------------------------------------------------------------------------------------

    def _rank_trials(self) -> list[int]:
        """Return the numbers of the trials that were trained, the best first."""
        trained = [n for n, r in self.records.items() if r.get("score") is not None]
        return sorted(trained, key=lambda n: (-self.records[n]["score"], n))

    def history(self, number_of_trials: int = -1) -> dict[str, list[float]]:
        """Return scores, sizes and metrics of the best trials as lists by name, the best trial first.

        Names are "score", "trial_size", and each metric with and without ``val_``. ``number_of_trials``: the number
        of trials; -1 for all.
        """
        ranked = self._rank_trials()[: None if number_of_trials < 0 else number_of_trials]
        records = [self.records[n] for n in ranked]
        series: dict[str, list[float]] = {"score": [record["score"] for record in records]}
        for record in records:
            for name, value in record["metrics"].items():
                if f"val_{name}" in record["metrics"] and name not in ("score", "loss"):
                    series.setdefault(name, []).append(value)
                    series.setdefault(f"val_{name}", []).append(record["metrics"][f"val_{name}"])
        sizes = [record["costs"].get("trial") for record in records]
        if None not in sizes:
            series["trial_size"] = sizes
        return series

    def get_best_model(self) -> keras.Model:
        """Return the compiled model with the best score and its trained weights.

        Raises ``SearchError`` before ``fit``.
        """
        ranked = self._rank_trials()
        if not ranked:
            raise SearchError(
                "get_best_model: expected a search that has run, got none. Call fit first."
            )
        model = self.get_model(ranked[0])
        if self.goal.factor is not None:
            self.goal.factor.get_trial(model)
        self.learning_rate = self.get_best_lr(model)
        return model

    def get_model(self, number: int) -> keras.Model:
        """Return the compiled model of trial ``number`` with the weights of its best epoch.

        Raises ``SearchError`` if the trial was not trained.
        """
        record = self.records.get(number, {})
        if record.get("score") is None:
            trained = ", ".join(map(str, sorted(self._rank_trials()))) or "none: call fit"
            raise SearchError(
                f"get_model: expected the number of a trained trial ({trained}), got {number!r}. Choose one of these."
            )
        model = self.space.build(record["candidate"])
        model.load_weights(self.output_dir / f"trial_{number:04d}{WEIGHTS}")
        for layer in model.layers:
            layer.trainable = True
        rate = self._get_rate(record["candidate"], record["costs"])
        compile_like(model, self.model, self.metrics, rate)
        return model

    @staticmethod
    def get_best_lr(qmodel: keras.Model) -> float:
        """Return the learning rate that a model is compiled with."""
        return float(to_numpy(qmodel.optimizer.learning_rate))

    def get_learning_rate(self) -> float:
        """Return the learning rate of the best model; not a number before ``get_best_model``."""
        return self.learning_rate


@dataclass(frozen=True)
class ScoreTarget:
    """Score of the goal as the target of a training, in a form that can be sent to other processes."""

    logged_names: tuple[str, ...]
    score: Callable[[float, Mapping[str, float], Any], float]


@dataclass(frozen=True)
class ScorePlan:
    """Plan of ``AutoQKeras`` for the driver: repeated candidates are trained again, and the tuner ends the search."""

    goal: Goal
    stages: tuple[int, ...]
    batch: int
    seed: int
    get_learning_rate: Callable[[Mapping[str, Any], Mapping[str, float]], float | None]

    @property
    def budgets(self) -> Mapping[str, float]:
        """The largest permitted value of each cost, by name."""
        return self.goal.budgets

    def measure(self, space: Space, candidate: Candidate) -> dict[str, float]:
        """Return the costs of an untrained candidate. Raises ``TrialError`` if it has none."""
        return self.goal.measure(space.build(candidate))

    def identify(self, space: Space, proposal: Proposal) -> str:
        """Return the trial's number, so that Hyperband may train a candidate again for more epochs."""
        return str(proposal.number)

    def judge(self, record: Record) -> Record:
        """Return the record of a trial for the journal, with a score that is ``None`` if it was not trained."""
        trained = record["state"] == "trained"
        names = ("candidate", "costs", "state", "metrics" if trained else "error")
        score = record["metrics"]["val_score"] if trained else None
        return {name: record[name] for name in names} | {"score": score}

    def get_outcome(self, record: Mapping[str, Any]) -> float | None:
        """Return the score; ``None``: the trial was not trained."""
        return record["score"]

    def count_remaining(self, records: Mapping[int, Mapping[str, Any]]) -> float:
        """Return infinity: the tuner says which proposal is the last."""
        return math.inf

    def is_done(self, records: Mapping[int, Mapping[str, Any]], asked: int, space: Space) -> bool:
        """Return false: the tuner says which proposal is the last."""
        return False

    def rank(self, values: Sequence[Sequence[float]]) -> list[int]:
        """Return the indices of ``values`` (one score each), the best first."""
        return sorted(range(len(values)), key=lambda i: -values[i][0])


def _name_arguments(arguments: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``keras.Model.fit`` by name."""
    names = tuple(inspect.signature(keras.Model.fit).parameters)[1:]
    return dict(zip(names, arguments, strict=False)) | dict(settings)


def _choose_tuner(mode: str, custom: Any) -> Any:
    if custom is not None:
        return custom
    if mode not in TUNERS:
        raise SearchError(
            f"mode: expected one of {', '.join(TUNERS)}, got {mode!r}. Choose one of these."
        )
    return TUNERS[mode]


def choose_folder(folder: Path, overwrite: bool) -> Path:
    """Return ``folder``, or with ``overwrite`` the first of ``folder``, ``folder_1``, ... that does not exist."""
    if not overwrite:
        return folder
    return folder.with_name(
        find_free_name(folder.name, lambda name: folder.with_name(name).exists(), first=1)
    )


def _add_early_stopping(callbacks: Any, epochs: int) -> list[Any]:
    callbacks = list(callbacks or [])
    if not any(isinstance(c, keras.callbacks.EarlyStopping) for c in callbacks):
        patience = min(20, epochs // 5)
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=patience))
    return callbacks
