"""Training of one candidate, which returns the metrics and weights of the epoch with the best score."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from qhls.search.errors import GoalError, TrialError

Score = Callable[[float, Mapping[str, float]], float]
"""Function that computes the score of an epoch from the value of the metric and all logs."""


@dataclass
class Trained:
    """Result of training a candidate.

    ``score``, ``metrics`` and ``weights`` are those of the best epoch; ``history``: name of a log -> its value in
    each epoch.
    """

    score: float = -math.inf
    metrics: dict[str, float] = field(default_factory=dict)
    weights: list[np.ndarray] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=dict)


class Watch(keras.callbacks.Callback):
    """Callback that adds ``score``, ``val_score`` and ``extra`` to the logs and records the best epoch's weights.

    It runs before other callbacks, so that they can read the score. ``metrics``: the names under which the metric
    may be logged. A loss or score that is not finite ends training.
    """

    def __init__(self, metrics: Sequence[str], score: Score, extra: Mapping[str, float]) -> None:
        super().__init__()
        self.names, self.score, self.extra = tuple(metrics), score, dict(extra)
        self.best = Trained()
        self.broken: str | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the scores of the epoch to its logs, record the best epoch so far, and end a training that fails."""
        assert logs is not None
        for name, value in logs.items():
            if name in ("loss", "val_loss") and not math.isfinite(value) and not self.broken:
                self.broken = f"{name} is {value} in epoch {epoch + 1}"
        logs |= self.extra
        for prefix in ("", "val_"):
            logged = [f"{prefix}{name}" for name in self.names if f"{prefix}{name}" in logs]
            if logged:
                logs[f"{prefix}score"] = self.score(float(logs[logged[0]]), logs)
        if "val_score" not in logs:
            raise GoalError(
                f"metric: expected one of {', '.join(f'val_{n}' for n in self.names)} in what Keras logs, "
                f"got {', '.join(logs)}. Compile the model's metrics and fit with validation_data."
            )
        for name, value in logs.items():
            self.best.history.setdefault(name, []).append(float(value))
        score = logs["val_score"]
        if not math.isfinite(score):
            self.broken = self.broken or f"the score is {score} in epoch {epoch + 1}"
        model: Any = self.model
        if self.broken:
            model.stop_training = True
        elif score > self.best.score:
            self.best.score = score
            self.best.metrics = {name: float(value) for name, value in logs.items()}
            self.best.weights = [np.array(w) for w in model.get_weights()]


def train(
    model: keras.Model,
    metrics: Sequence[str],
    score: Score,
    *,
    fit_settings: Mapping[str, Any],
    extra: Mapping[str, float] | None = None,
) -> Trained:
    """Fit a compiled ``model`` and leave it with the weights of its best epoch.

    ``metrics``: names under which Keras may log the metric, without ``val_``. Callbacks are copied, since each
    trial needs its own. Raises ``GoalError`` if the metric is not logged, ``TrialError`` if the loss or
    score is no finite number.
    """
    watch = Watch(metrics, score, extra or {})
    settings: dict[str, Any] = {"verbose": 0, **fit_settings}
    settings["callbacks"] = [watch, *copy.deepcopy(list(settings.get("callbacks") or []))]
    model.fit(**settings)
    if watch.broken:
        raise TrialError(
            f"training: expected a finite loss and score, got: {watch.broken}. Lower the learning rate."
        )
    model.set_weights(watch.best.weights)
    return watch.best


def compile_like(
    model: keras.Model,
    reference: keras.Model,
    metrics: Any,
    learning_rate: float | None = None,
) -> None:
    """Compile ``model`` with the loss and loss weights of ``reference`` and a new optimizer of the same configuration.

    ``metrics`` are as in Keras' ``compile``. ``learning_rate`` replaces the optimizer's.
    Raises ``GoalError`` if ``reference`` is not compiled.
    """
    optimizer = require_compiled(reference)
    settings = optimizer.get_config()
    compiled: Any = reference
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    model.compile(
        optimizer=type(optimizer).from_config(settings),
        loss=compiled.loss,
        loss_weights=compiled._compile_config.config.get("loss_weights"),
        metrics=keras.tree.map_structure(_reset_metric, metrics),
        jit_compile=compiled.jit_compile,
        run_eagerly=compiled.run_eagerly,
    )


def _reset_metric(metric: Any) -> Any:
    """Return a new instance of a metric object, without the state of another model; other objects unchanged."""
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config(metric.get_config())
    return metric


def list_metric_names(metric: Any, head_name: str | None = None) -> tuple[str, ...]:
    """Return the names under which Keras may log a metric; with ``head_name``, the metric of that model output."""
    name = metric if isinstance(metric, str) else getattr(metric, "name", None)
    name = name or getattr(metric, "__name__", None)
    if not isinstance(name, str):
        raise GoalError(
            f"metric: expected a name, a function or one of keras.metrics, got {metric!r}. Pass one of these."
        )
    aliases = ("acc", "accuracy")
    names = (name, *(a for a in aliases if a != name)) if name in aliases else (name,)
    return tuple(f"{head_name}_{n}" for n in names) if head_name else names


DIRECTIONS = ("max", "min")


def find_metric_direction(metric: Any, metrics: Any, heads: Sequence[str] = ()) -> str:
    """Return "max" or "min": whether a higher or a lower value of a metric is better, according to Keras.

    ``metric`` may be the name of one of ``metrics`` as Keras logs it, prefixed with an output name from ``heads``.
    Raises ``GoalError`` if Keras defines no direction for the metric.
    """
    (name,) = list_metric_names(metric)[:1]
    objects = [m for m in keras.tree.flatten(metrics) if isinstance(m, keras.metrics.Metric)]
    names = [name, *(name.removeprefix(f"{head}_") for head in heads)]
    candidates = [metric, *(m for m in objects if m.name in names)]
    for candidate in [*candidates, *names]:
        direction = getattr(_look_up_metric(candidate), "_direction", None)
        if direction is not None:
            return {"up": "max", "down": "min"}[direction]
    raise GoalError(
        f"metric {name!r}: expected a metric of which Keras knows whether more or less is better, got "
        f"another one. Give metric_direction='max' or 'min'."
    )


def _look_up_metric(metric: Any) -> Any:
    """Return the Keras metric that a name or a function denotes; ``None`` if Keras knows no such metric."""
    if isinstance(metric, keras.metrics.Metric):
        return metric
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "")
    name = {
        "acc": "accuracy",
        "loss": "mse",
        "kld": "kl_divergence",
        "log_cosh": "LogCoshError",
    }.get(name, name)
    try:
        return keras.metrics.get(name)
    except (TypeError, ValueError):
        return None


def find_first_metric(metrics: Any, head_name: str | None = None) -> Any:
    """Return the first metric from an argument of ``compile``; from a dictionary, preferably that of ``head_name``."""
    while isinstance(metrics, Mapping | list | tuple):
        if isinstance(metrics, Mapping):
            metrics = metrics[head_name] if head_name in metrics else next(iter(metrics.values()))
        else:
            metrics = metrics[0]
    return metrics


def require_compiled(model: keras.Model) -> Any:
    """Check that ``model`` is compiled and return its optimizer. Raises ``GoalError`` if it is not."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or getattr(model, "loss", None) is None:
        raise GoalError(
            f"model {model.name!r}: expected a compiled model, whose optimizer and loss train every "
            f"candidate, got one that is not. Call model.compile(optimizer, loss, metrics)."
        )
    return optimizer


def derive_trial_seed(seed: int, number: int) -> int:
    """Return the seed of a trial, which is the same in every process."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)
