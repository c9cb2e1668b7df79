"""Training jobs and tasks, and their serialisation for another process or machine.

A worker needs no folder in common with the driver. It receives model and data as bytes and returns the trained model
as bytes; the driver alone writes files.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from qhls.search.errors import SearchError, TrialError
from qhls.search.goals.costs import Hardware, measure_trained
from qhls.search.space.choices import Candidate, Space
from qhls.search.trials.training import compile_like, train
from qhls.system.files import stage_file

Record = dict[str, Any]
"""Record of a trial in the journal."""

MODEL, WEIGHTS = ".keras", ".weights.h5"
"""File name extensions under which Keras stores models and weights."""

LOGGED_COSTS = ("trial",)
"""Names of pre-training costs that are added to the logs of each epoch for callbacks to read."""


@dataclass(frozen=True)
class Task:
    """A candidate and how to train it: up to epoch ``epochs``, continuing from ``parent`` if it has one.

    ``parent``: a file in the job's folder with weights that have been trained for ``begin`` epochs. ``costs``: the
    costs from before training, which the score may depend on. ``learning_rate`` replaces the optimizer's.
    """

    number: int
    candidate: Candidate
    seed: int
    epochs: int
    begin: int = 0
    parent: str | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    learning_rate: float | None = None


class TrainingTarget(Protocol):
    """The score that determines the best epoch of a training."""

    @property
    def logged_names(self) -> tuple[str, ...]:
        """Names under which Keras may log the metric, without the prefix ``val_``."""
        ...

    def score(
        self, value: float, metrics: Mapping[str, float], costs: Mapping[str, float], /
    ) -> float:
        """Return the score of an epoch (higher is better) from the metric's ``value``, all logs and the costs."""
        ...


def store(path: Path, content: bytes, what: str = "a trained model") -> None:
    """Write a file atomically. Raises ``SearchError`` if it cannot be written, as on a full disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with stage_file(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise SearchError(
            f"{path}: expected to write {what} of {len(content):,} bytes, got: {error.strerror}. "
            f"Make room, or make it writable, and search again with the same arguments: what the journal has is kept."
        ) from error


@dataclass(frozen=True)
class Job:
    """The common part of all tasks of a search: model, data and settings of the training.

    ``data``: training inputs and labels, validation inputs and labels; empty if ``fit`` has the data.
    ``space``: arguments of ``Space``. ``folder``: where the driver stores trained models. ``costs``: names of the
    costs to measure on the trained design for ``hardware``. ``weights_only``: store only weights, directly in
    ``folder``, instead of models.
    """

    model: keras.Model
    data: tuple[Any, ...]
    objective: TrainingTarget
    metrics: Sequence[Any]
    folder: Path
    space: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    costs: Sequence[str] = ()
    hardware: Hardware = field(default_factory=Hardware)
    weights_only: bool = False

    # -- in the driver ------------------------------------------------------------------------------

    def run(self, task: Task) -> Record:
        """Train a candidate in this process and return its record; its model is in ``locate_model(task.number)``."""
        record, model = self.train(task, self.read_parent(task))
        self.store(task, model)
        return record

    def locate_model(self, number: int) -> Path:
        """Return the path of the trained model of a trial."""
        name = f"trial_{number:04d}"
        if self.weights_only:
            return self.folder / f"{name}{WEIGHTS}"
        return self.folder / "models" / f"{name}{MODEL}"

    def read_parent(self, task: Task) -> bytes | None:
        """Return the content of the file whose weights a task continues from; ``None`` if it continues from none."""
        return (self.folder / task.parent).read_bytes() if task.parent else None

    def store(self, task: Task, model: bytes | None) -> None:
        """Write a trained model atomically. Raises ``SearchError`` if it cannot be written, as on a full disk."""
        if model is None:
            return
        store(self.locate_model(task.number), model)

    # -- in the worker ------------------------------------------------------------------------------

    def train(self, task: Task, parent: bytes | None) -> tuple[Record, bytes | None]:
        """Train a candidate and return its record and serialised model, which is ``None`` if training failed.

        ``parent``: the result of ``read_parent``. Raises ``GoalError`` for a metric that is not logged.
        """
        started = time.monotonic()
        record: Record = {"metrics": {}, "epochs": task.epochs}
        try:
            keras.utils.set_random_seed(task.seed)
            model = Space(self.model, **self.space).build(task.candidate)
            if parent is not None:
                _with_file(parent, model.load_weights, WEIGHTS if self.weights_only else MODEL)
            compile_like(model, self.model, self.metrics, task.learning_rate)
            trained = train(
                model,
                self.objective.logged_names,
                lambda value, logs: self.objective.score(value, logs, task.costs),
                fit_settings={
                    **self.fit,
                    **self._fit_data(),
                    **_list_epoch_settings(task, self.fit),
                },
                extra={name: task.costs[name] for name in LOGGED_COSTS if name in task.costs},
            )
            record["trained_costs"] = measure_trained(model, self.costs, self.hardware)
        except TrialError as error:
            return record | {"state": "failed", "error": str(error)}, None
        content = (
            serialize_weights(model)
            if self.weights_only
            else serialize_model(model, include_optimizer=False)
        )
        seconds = round(time.monotonic() - started, 3)
        record |= {"state": "trained", "metrics": trained.metrics, "seconds": seconds}
        return record, content

    def _fit_data(self) -> dict[str, Any]:
        if not self.data:
            return {}
        x, y, *validation = self.data
        return {"x": x, "y": y, "validation_data": tuple(validation)}

    # -- as bytes -----------------------------------------------------------------------------------

    def pack(self, executor: str, dumps: Callable[[Any], bytes] = pickle.dumps) -> bytes:
        """Serialise the job for ``unpack`` in another process.

        ``executor``: the name of the executor, for error messages.
        Raises ``SearchError`` for metrics, callbacks or custom objects that cannot be sent.
        """
        names = ("objective", "metrics", "space", "fit", "costs", "hardware", "weights_only")
        content = {
            "executor": executor,
            "backend": keras.backend.backend(),
            "model": serialize_model(self.model),
            "data": tuple(np.asarray(part) for part in self.data),
            "settings": {name: getattr(self, name) for name in names},
        }
        try:
            return dumps(content)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SearchError(
                f"executor {executor!r}: expected metrics, callbacks and custom objects that can be sent to "
                f"other processes, got {error}. Define them in a module, or use executor='inline'."
            ) from error

    @classmethod
    def unpack(cls, packed: bytes) -> Job:
        """Return the job that was packed. Raises ``SearchError`` where this process cannot read or train it."""
        content = pickle.loads(packed)  # trusted: the driver also sends the code that runs here
        executor, settings = content["executor"], content["settings"]
        if content["backend"] != keras.backend.backend():
            raise SearchError(
                f"executor {executor!r}: expected workers with the driver's Keras backend, "
                f"{content['backend']}, got {keras.backend.backend()}. Start them with "
                f"KERAS_BACKEND={content['backend']}."
            )
        custom = dict(settings["space"].get("custom_objects") or {})
        try:
            with warnings.catch_warnings():  # the optimizer state may be missing and is not needed
                warnings.simplefilter("ignore", UserWarning)
                model: Any = _with_file(
                    content["model"],
                    lambda path: keras.models.load_model(path, custom_objects=custom),
                )
        except Exception as error:  # Keras may raise any exception here
            raise SearchError(
                f"executor {executor!r}: expected a model that Keras loads again with its loss and optimizer, "
                f"got {type(error).__name__}: {error}. Register its functions and classes with "
                f"keras.saving.register_keras_serializable, give custom_objects, or use executor='inline'."
            ) from error
        return cls(model=model, data=content["data"], folder=Path(), **settings)


def count_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_threads(workers: int | None) -> int:
    """Return the number of threads per worker on this machine; ``workers=None`` means one worker per core."""
    return max(count_cores() // (workers or count_cores()), 1)


def serialize_model(model: keras.Model, **settings: Any) -> bytes:
    """Serialise a model: return the content of its ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path, **settings)
        return path.read_bytes()


def serialize_weights(model: keras.Model) -> bytes:
    """Serialise the weights of a model: return the content of its ``.weights.h5`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{WEIGHTS}"
        model.save_weights(path)
        return path.read_bytes()


def _list_epoch_settings(task: Task, fit: Mapping[str, Any]) -> dict[str, int]:
    return {"epochs": task.epochs, "initial_epoch": task.begin or fit.get("initial_epoch", 0)}


def _with_file(content: bytes, use: Callable[[Path], Any], ending: str = MODEL) -> Any:
    """Write ``content`` to a temporary file and return ``use(path)``, because Keras reads only from files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{ending}"
        path.write_bytes(content)
        return use(path)
