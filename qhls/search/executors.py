"""Who trains candidates: this process, or a pool of processes. Either trains the same seeded trials.

A worker reads the job once from its folder and writes weights into it; it never touches the journal.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from qhls.search.errors import SearchError, TrialError
from qhls.search.objectives import Objective
from qhls.search.space import Candidate, Space
from qhls.search.training import compile_like, metric_names, train

MODEL, DATA = "model.keras", "data.npz"


@dataclass(frozen=True)
class Task:
    """A candidate to train up to ``epochs``, from the weights of ``parent`` with ``begin`` epochs behind it."""

    number: int
    candidate: Candidate
    seed: int
    epochs: int
    begin: int = 0
    parent: str | None = None


@dataclass(frozen=True)
class Job:
    """What all tasks of a search have in common: model, data, and how it is trained.

    ``data``: training inputs and labels, validation inputs and labels. ``space``: arguments of ``Space``.
    """

    model: keras.Model
    data: tuple[Any, Any, Any, Any]
    objective: Objective
    metrics: Sequence[Any]
    folder: Path
    space: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)

    def run(self, task: Task) -> dict[str, Any]:
        """Train a candidate; a record for the journal. Its weights are in ``file(task.number)``."""
        started = time.monotonic()
        record: dict[str, Any] = {"metrics": {}, "epochs": task.epochs}
        try:
            keras.utils.set_random_seed(task.seed)
            model = self._space.build(task.candidate)
            if task.parent:
                model.load_weights(self.folder / task.parent)
            compile_like(model, self.model, self.metrics)
            x, y, *validation = self.data
            settings = {
                "epochs": task.epochs,
                "initial_epoch": task.begin,
                "validation_data": tuple(validation),
            }
            trained = train(
                model,
                metric_names(self.objective.name),
                lambda value, _: -self.objective.loss(value),
                fit_arguments=(x, y),
                fit_settings={**self.fit, **settings},
            )
        except TrialError as error:
            return record | {"state": "failed", "error": str(error)}
        path = self.file(task.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path, include_optimizer=False)
        seconds = round(time.monotonic() - started, 3)
        return record | {"state": "trained", "metrics": trained.metrics, "seconds": seconds}

    def file(self, number: int) -> Path:
        """Where the trained model of a trial is."""
        return self.folder / "models" / f"trial_{number:04d}.keras"

    @property
    def _space(self) -> Space:
        return Space(self.model, **self.space)

    # -- for other processes ------------------------------------------------------------------------

    def write(self) -> bytes:
        """Write model and data to ``folder/job``; returns the rest, for ``read``."""
        folder = self.folder / "job"
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save(folder / MODEL)
        np.savez(folder / DATA, *[np.asarray(part) for part in self.data])
        names = ("objective", "metrics", "folder", "space", "fit")
        try:
            return pickle.dumps({name: getattr(self, name) for name in names})
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SearchError(
                f"executor 'processes': expected metrics, callbacks and custom objects that can be sent to "
                f"other processes, received {error}; define them in a module, or use executor='inline'"
            ) from error

    @classmethod
    def read(cls, rest: bytes) -> Job:
        """The job of which ``write`` returned the rest."""
        settings = pickle.loads(rest)  # from the process that started this one
        folder = settings["folder"] / "job"
        custom = dict(settings["space"].get("custom_objects") or {})
        try:
            model = keras.models.load_model(folder / MODEL, custom_objects=custom)
        except Exception as error:  # Keras raises whatever a configuration leads to
            raise SearchError(
                f"executor 'processes': expected a model that Keras loads again with its loss and optimizer, "
                f"received {type(error).__name__}: {error}; register its functions and classes with "
                f"keras.saving.register_keras_serializable, give custom_objects, or use executor='inline'"
            ) from error
        with np.load(folder / DATA, allow_pickle=False) as arrays:
            data = tuple(arrays[name] for name in arrays.files)
        return cls(model=model, data=data, **settings)


class Executor(Protocol):
    """Trains tasks."""

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Each task with its record, as they are done."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class Inline:
    """In this process, one after another."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """See ``Executor``."""
        for task in tasks:
            yield task, self.job.run(task)

    def close(self) -> None:
        """Nothing was started."""


class Processes:
    """In ``workers`` processes, by default as many as there are cores.

    A script that searches so needs ``if __name__ == "__main__":`` around what it does, because each process
    imports it.
    """

    def __init__(self, job: Job, workers: int | None = None) -> None:
        self.workers = workers or cores()
        rest = job.write()
        self._pool = ProcessPoolExecutor(
            self.workers,
            multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(rest, max(cores() // self.workers, 1)),
        )

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """See ``Executor``. Raises ``SearchError`` if a process ends, ``GoalError`` for a metric that is not there."""
        try:
            futures: dict[Future[Any], Task] = {
                self._pool.submit(_run, task): task for task in tasks
            }
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise SearchError(
                "executor 'processes': a process ended while it trained: out of memory, a model or data that it "
                "cannot read, or a script that searches outside of if __name__ == '__main__':; "
                "executor='inline' shows the error"
            ) from error

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


EXECUTORS = ("processes", "inline")


def make_executor(name: Any, job: Job, workers: int | None) -> Executor:
    """An executor by its name, or by a function of the job. Raises ``SearchError`` for another name."""
    if name == "inline":
        return Inline(job)
    if name == "processes":
        return Processes(job, workers)
    if callable(name):
        made: Any = name(job)
        return made
    raise SearchError(
        f"executor: expected one of {', '.join(EXECUTORS)} or a function of the job, received {name!r}"
    )


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_rest = b""


def _start(rest: bytes, threads: int) -> None:
    """In a new process: remember the job, and leave the other processes their cores."""
    global _rest  # noqa: PLW0603 - a process has one job
    _rest = rest
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
    elif backend == "torch":
        import torch

        torch.set_num_threads(threads)


@cache
def _job(rest: bytes) -> Job:
    return Job.read(rest)


def _run(task: Task) -> dict[str, Any]:
    return _job(_rest).run(task)
