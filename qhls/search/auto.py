"""``AutoQKeras``: the quantised model of the best score, found as QKeras' AutoQKeras finds it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.search.arguments import require_finite
from qhls.search.errors import GoalError, SearchError, TrialError
from qhls.search.feasible import check_feasible, check_input_types
from qhls.search.goals import as_goal, towards
from qhls.search.journal import Journal
from qhls.search.only import only_driver
from qhls.search.space import LEARNING_RATE, Space
from qhls.search.training import (
    DIRECTIONS,
    compile_like,
    first_metric,
    metric_names,
    require_compiled,
    train,
    trial_seed,
)
from qhls.search.training import metric_direction as known_direction
from qhls.search.tuners import TUNERS, Proposal, Tuner
from qhls.utils.arrays import to_numpy

LEARNING_RATES = 5
"""How many learning rates ``learning_rate_optimizer`` chooses among."""

_IGNORED = ("distribution_strategy", "executions_per_trial", "project_name", "directory", "logger")
"""Arguments of Keras Tuner that have no meaning here."""


class AutoQKeras:
    """Search for the quantised form of ``model`` of the best score; arguments are those of QKeras.

    Args:
        model: compiled; its optimizer (with its learning rate) and loss train every candidate.
        metrics: what Keras logs, by name or as functions, as ``compile`` takes them: also by output. The first is
            the score's metric, "acc" by default. Of an error the least is best, as Keras knows.
        custom_objects: classes and functions by the names under which configurations know them.
        goal: bits by default; see ``qhls.search.goals``.
        output_dir: folder of the journal and the weights; with ``overwrite`` a new one, ``output_dir_1``, ...,
            where there is one; without, the search that is in it is gone on with.
        mode: "random", "bayesian" or "hyperband".
        custom_tuner: a function of ``(space, **tuner_kwargs)`` that returns a ``tuners.Tuner``.
        transfer_weights: candidates start from the weights of ``model``.
        frozen_layers: names of layers that stay as they are: not quantised, with their weights, not trained.
        activation_bits: bits of the activations that layers apply themselves where nothing is chosen.
        limit: class of a layer, or regular expression for names (those that match share one choice) ->
            ``[kernel, bias, activation]`` (recurrent layers: ``[kernel, bias, recurrent, activation]``), each the
            most bits or a list of quantizers. A class that is not there is not quantised; "default" fills
            lists that are too short. ``None``: every class with 8 bits at most.
        tune_filters: "layer" or "block": multiply units and filters by 0.5, 0.75, 1, 1.5 or 2, each layer's
            by its own or all by one factor; layers that the outputs' shape depends on are left out.
        tune_filters_exceptions: a regular expression; layers in whose names it is found are left out.
        learning_rate_optimizer: choose among 5 learning rates, from that of ``model`` times 1 plus the
            share by which the trial is larger (but at most 1) to 1.1 times it.
        layer_indexes: numbers of the layers, in ``model.layers``, that are quantised.
        quantization_config: quantizers and their bits, by "kernel", "bias", "activation", "linear".
        overwrite: see ``output_dir``.
        head_name: the output whose metric counts, where there are several.
        score_metric: the metric that counts, if it is not the first of ``metrics``.
        metric_direction: "max" or "min", for a metric of which Keras does not know which is better.
        tuner_kwargs: ``max_trials`` (10), ``seed`` and what the mode takes (``qhls.search.tuners``).

    Raises:
        SpaceError, GoalError, BudgetError, JournalError: arguments that are not acceptable.
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
        **tuner_kwargs: Any,
    ) -> None:
        require_compiled(model)
        self.model, self.metrics = model, metrics or ["acc"]
        self.goal = as_goal(goal, model)
        first = first_metric(self.metrics, head_name)
        chosen = score_metric or self.goal.metric or self.goal.default_metric or first
        self.metric = metric_names(chosen, head_name if chosen != "loss" else None)
        if self.goal.factor is not None:
            direction = metric_direction or known_direction(
                chosen, self.metrics, getattr(model, "output_names", ())
            )
            if direction not in DIRECTIONS:
                raise GoalError(
                    f"metric_direction: expected 'max' or 'min', got {direction!r}. Give one of them."
                )
            self.goal = towards(self.goal, direction)
        self.space = Space(
            model,
            quantization_config=quantization_config,
            limit=limit,
            tune_filters=tune_filters,
            tune_filters_exceptions=tune_filters_exceptions,
            layer_indexes=layer_indexes,
            frozen_layers=frozen_layers or (),
            activation_bits=activation_bits,
            transfer_weights=transfer_weights,
            learning_rates=LEARNING_RATES if learning_rate_optimizer else 0,
            custom_objects=custom_objects,
        )
        self.tuner_kwargs = {k: v for k, v in tuner_kwargs.items() if k not in _IGNORED}
        self.seed = int(self.tuner_kwargs.setdefault("seed", 0) or 0)
        self._make_tuner = _tuner(mode, custom_tuner)
        self.mode = mode
        self.output_dir = new_folder(Path(output_dir), overwrite)
        self.records: dict[int, dict[str, Any]] = {}
        self.learning_rate = math.nan

    # -- the search ---------------------------------------------------------------------------------

    def fit(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Search; the arguments are those of ``keras.Model.fit``, with ``validation_data`` or ``validation_split``.

        Where no callback stops early, training stops when ``val_loss`` has not improved for a fifth of the
        epochs, at most 20. A trial that fails (a loss that is not finite, a model that cannot become a
        design) is noted, and the search goes on.

        Raises:
            GoalError: the metric is not logged.
            BudgetError: a budget below what the cheapest candidate costs; it tells how much that is.
            SearchError: every trial failed; it tells why the last one did.
        """
        epochs = fit_kwargs.setdefault("epochs", 10)
        fit_kwargs["callbacks"] = _with_early_stopping(fit_kwargs.get("callbacks"), epochs)
        tuner = self._tuner(epochs)
        for array in keras.tree.flatten((fit_args, fit_kwargs)):
            require_finite("fit", array)
        if {*self.goal.budgets, *self.goal.costs} - {"bits"}:
            check_input_types(self.space, self.goal.hardware)
        with only_driver(self.output_dir):
            self._search(tuner, fit_args, fit_kwargs)
        self._require_success()

    def _search(self, tuner: Tuner, fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any]) -> None:
        journal = Journal(self.output_dir, self._header(fit_kwargs["epochs"]), trials=True)
        known = dict(journal.records)
        if not known:
            check_feasible(self.space, self.goal.budgets, self.goal.hardware)
        while (proposal := tuner.ask()) is not None:
            record = known.get(proposal.number)
            if record is None:
                record = self._run(proposal, fit_args, fit_kwargs)
                journal.append(proposal.number, record)
            self.records[proposal.number] = record
            tuner.tell(proposal, record["score"])

    def _tuner(self, epochs: int) -> Tuner:
        settings = dict(self.tuner_kwargs)
        if self.mode == "hyperband":
            settings.setdefault("max_epochs", epochs)
        else:
            settings.setdefault("max_trials", 10)
        try:
            return self._make_tuner(self.space, **settings)
        except TypeError as error:
            raise SearchError(f"mode {self.mode!r}: {error}; see qhls.search.tuners") from None

    def _header(self, epochs: int) -> dict[str, Any]:
        return {
            "search": "AutoQKeras",
            "choices": {choice.name: list(choice.options) for choice in self.space.choices},
            "goal": self.goal.description(),
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

    def _run(
        self, proposal: Proposal, fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A trial, as the journal notes it."""
        record: dict[str, Any] = {"candidate": proposal.candidate, "score": None, "costs": {}}
        try:
            keras.utils.set_random_seed(trial_seed(self.seed, proposal.number))
            model = self.space.build(proposal.candidate)
            record["costs"] = costs = self.goal.measure(model)
            over = self.goal.over(costs)
            if over:
                return record | {"state": "rejected", "error": f"over budget: {_numbers(over)}"}
            if proposal.parent is not None:
                model.load_weights(self._weights(proposal.parent))
            self._compile(model, proposal.candidate, costs)
            settings = dict(fit_kwargs)
            if proposal.epochs is not None:
                settings |= {"epochs": proposal.epochs, "initial_epoch": proposal.initial_epoch}
            extra = {"trial": costs["trial"]} if "trial" in costs else {}
            trained = train(
                model,
                self.metric,
                lambda value, logs: self.goal.score(value, logs, costs),
                fit_arguments=fit_args,
                fit_settings=settings,
                extra=extra,
            )
        except TrialError as error:
            return record | {"state": "failed", "error": str(error)}
        path = self._weights(proposal.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(path)
        found = {"state": "trained", "score": trained.score, "metrics": trained.metrics}
        return record | found

    def _compile(
        self, model: keras.Model, candidate: Mapping[str, Any], costs: Mapping[str, float]
    ) -> None:
        compile_like(model, self.model, self.metrics, self._rate(candidate, costs))

    def _rate(self, candidate: Mapping[str, Any], costs: Mapping[str, float]) -> float | None:
        """The learning rate that a candidate chose, if there is a choice."""
        if LEARNING_RATE not in candidate:
            return None
        larger = 0.0
        if self.goal.factor is not None:
            reference = self.goal.factor.reference_total
            larger = min((costs["trial"] - reference) / reference, 0.0)
        rates = self.get_best_lr(self.model) * np.linspace(1.0 + larger, 1.1, LEARNING_RATES)
        return float(rates[int(candidate[LEARNING_RATE])])

    def _weights(self, number: int) -> Path:
        return self.output_dir / f"trial_{number:04d}.weights.h5"

    def _require_success(self) -> None:
        if self._ranked():
            return
        errors = [record["error"] for record in self.records.values()]
        last = errors[-1] if errors else "there was nothing to try"
        raise SearchError(f"search: expected a trial that was trained, received none: {last}")

    # -- results ------------------------------------------------------------------------------------

    def _ranked(self) -> list[int]:
        """The numbers of the trials that were trained, the best first."""
        trained = [n for n, record in self.records.items() if record["score"] is not None]
        return sorted(trained, key=lambda n: (-self.records[n]["score"], n))

    def history(self, number_of_trials: int = -1) -> dict[str, list[float]]:
        """ "score", "trial_size" and each metric, and ``val_`` each, of the best trials, the best first.

        ``number_of_trials``: how many, -1: all.
        """
        ranked = self._ranked()[: None if number_of_trials < 0 else number_of_trials]
        records = [self.records[n] for n in ranked]
        found: dict[str, list[float]] = {"score": [record["score"] for record in records]}
        for record in records:
            for name, value in record["metrics"].items():
                if f"val_{name}" in record["metrics"] and name not in ("score", "loss"):
                    found.setdefault(name, []).append(value)
                    found.setdefault(f"val_{name}", []).append(record["metrics"][f"val_{name}"])
        sizes = [record["costs"].get("trial") for record in records]
        if None not in sizes:
            found["trial_size"] = sizes
        return found

    def get_best_model(self) -> keras.Model:
        """The model of the best score with the weights that it had then, compiled.

        Raises ``SearchError`` before ``fit``.
        """
        ranked = self._ranked()
        if not ranked:
            raise SearchError(
                "get_best_model: expected a search that has run, received none; call fit"
            )
        model = self.get_model(ranked[0])
        if self.goal.factor is not None:
            self.goal.factor.get_trial(model)
        self.learning_rate = self.get_best_lr(model)
        return model

    def get_model(self, number: int) -> keras.Model:
        """The model of a trial, a key of ``records``, with the weights of its best epoch, compiled.

        Raises ``SearchError`` for a number that was not trained.
        """
        record = self.records.get(number, {"score": None})
        if record["score"] is None:
            trained = ", ".join(map(str, sorted(self._ranked()))) or "none: call fit"
            raise SearchError(
                f"get_model: expected the number of a trained trial ({trained}), received {number!r}"
            )
        model = self.space.build(record["candidate"])
        model.load_weights(self._weights(number))
        for layer in model.layers:
            layer.trainable = True
        self._compile(model, record["candidate"], record["costs"])
        return model

    @staticmethod
    def get_best_lr(qmodel: keras.Model) -> float:
        """The learning rate that a model is compiled with."""
        return float(to_numpy(qmodel.optimizer.learning_rate))

    def get_learning_rate(self) -> float:
        """The learning rate of the best model; not a number before ``get_best_model``."""
        return self.learning_rate


def _tuner(mode: str, custom: Any) -> Any:
    if custom is not None:
        return custom
    if mode not in TUNERS:
        raise SearchError(f"mode: expected one of {', '.join(TUNERS)}, received {mode!r}")
    return TUNERS[mode]


def new_folder(folder: Path, overwrite: bool) -> Path:
    """``folder``, or with ``overwrite`` the first of ``folder``, ``folder_1``, ... that is not there."""
    found, number = folder, 0
    while overwrite and found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}_{number}")
    return found


def _with_early_stopping(callbacks: Any, epochs: int) -> list[Any]:
    callbacks = list(callbacks or [])
    if not any(isinstance(c, keras.callbacks.EarlyStopping) for c in callbacks):
        patience = min(20, epochs // 5)
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=patience))
    return callbacks


def _numbers(values: Mapping[str, float]) -> str:
    return json.dumps({name: round(value, 3) for name, value in values.items()})
