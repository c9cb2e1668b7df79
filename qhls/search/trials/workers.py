"""Teams, which train tasks in this process or in worker processes here; ``on_dask`` and ``on_ray`` define more.

``submit`` sends a task to a team and returns a future of an ``Answer``. If the future raises one of ``lost``, the
executor submits the task again; the team replaces lost workers.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import keras

from qhls.errors import QhlsError
from qhls.search.errors import SearchError
from qhls.search.trials.job import Job, Record, Task, count_cores, count_threads
from qhls.system.quiet import run_quietly

Answer = tuple[Record, bytes | None] | QhlsError
"""Result of a task: a record and the serialised model, or an error with which the search ends.

The error is returned rather than raised, so that every executor passes it on unchanged.
"""


Errors = tuple[type[BaseException], ...]


class Team(Protocol):
    """Interface of a group of workers that train tasks."""

    name: str
    lost: Errors
    """Exceptions that a future raises if its worker was lost."""
    broken: Errors
    """Exceptions that mean that the team cannot train any more tasks."""

    def count_slots(self) -> int:
        """Return the number of tasks that can currently run in parallel."""
        ...

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Return a future of training ``task``; without a task, of checking that the job can be loaded.

        ``parent``: the serialised model whose weights training starts from, or ``None``.
        """
        ...

    def close(self) -> None:
        """End the workers, also those that train."""
        ...


def cluster_error(name: str, address: str, error: Exception) -> SearchError:
    """Return the error of a cluster that does not answer, or cannot be started."""
    return SearchError(
        f"executor {name!r}: expected a cluster at {address or 'this machine'!r}, got "
        f"{type(error).__name__}: {error}. Start one there, or correct the address."
    )


# -- in a worker ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """Arguments with which a worker loads the job.

    ``key``: the name of the job. ``fetch`` returns the packed job. ``threads``: the number of threads of the backend;
    ``None`` leaves it unchanged. ``path``: directories to add to ``sys.path``.
    """

    key: str
    fetch: Callable[[], bytes]
    threads: int | None = None
    path: tuple[str, ...] = ()


_turn = threading.Lock()
"""Lock by which only one thread of a worker trains at a time, because Keras' seeds are global to the process."""

_jobs: dict[str, Job] = {}
"""Cache of the most recent job of this process, by key."""


def answer(setup: Setup, task: Task | None, parent: bytes | None) -> Answer:
    """Train one task in this process and return its record and serialised model, or the error that ends the search."""
    with _turn:
        try:
            job = _jobs.get(setup.key)
            if job is None:
                _jobs.clear()
                limit_threads(setup.threads)
                sys.path += [place for place in setup.path if place not in sys.path]
                job = _jobs[setup.key] = Job.unpack(setup.fetch())
            with separate_random():
                return job.train(task, parent) if task else ({}, None)
        except QhlsError as error:
            return error.with_traceback(None)
        except Exception as error:
            failure = SearchError(
                f"worker {os.getpid()} on {socket.gethostname()}: expected to train, got "
                f"{type(error).__name__}: {error}. Use executor='inline' to see where."
            )
            failure.add_note(traceback.format_exc())
            return failure


@contextmanager
def separate_random() -> Iterator[None]:
    """Give this thread a separate generator for Python's ``random``, unaffected by other threads of the process.

    Keras seeds Python's generator and draws the seeds of a model's initial weights from it. The threads of a cluster
    library, which also draw from it for their timers, would otherwise change the result of a trial.
    """
    shared: Any = random.seed
    names = [n for n, f in vars(random).items() if getattr(f, "__self__", None) is shared.__self__]
    before = {name: getattr(random, name) for name in names}
    here, generator = threading.get_ident(), random.Random()

    def replace(name: str) -> Callable[..., Any]:
        ours, theirs = getattr(generator, name), before[name]

        def draw(*arguments: Any, **settings: Any) -> Any:
            chosen = ours if threading.get_ident() == here else theirs
            return chosen(*arguments, **settings)

        return draw

    try:
        for name in names:
            setattr(random, name, replace(name))
        yield
    finally:
        for name, function in before.items():
            setattr(random, name, function)


def limit_threads(threads: int | None) -> None:
    """Limit the number of threads of the Keras backend; TensorFlow ignores it once it has computed something."""
    backend = keras.backend.backend()
    if threads is None:
        return
    if backend == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError:
            return  # too late: this process has already computed
    elif backend == "torch":
        import torch

        torch.set_num_threads(threads)


# -- here -------------------------------------------------------------------------------------------


class Inline:
    """Team of this process alone, which trains one task after another."""

    name = "inline"
    lost: Errors = ()
    broken: Errors = ()

    def __init__(self, job: Job) -> None:
        self.job = job

    def count_slots(self) -> int:
        """Return 1: tasks are trained one after another."""
        return 1

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Train ``task`` and return a future that is done. Raises the errors of training."""
        future: Future[Answer] = Future()
        future.set_result(self.job.train(task, parent) if task else ({}, None))
        return future

    def close(self) -> None:
        """Do nothing, since nothing was started."""


# -- in other processes -----------------------------------------------------------------------------


class WorkerLostError(Exception):
    """Error raised if a worker process ended while it trained a task."""


class Processes:
    """Team of ``workers`` processes on this machine, by default one per core.

    One thread of this process communicates with each worker. A script that uses this team needs
    ``if __name__ == "__main__":`` around its code, because each worker process imports it.
    """

    name = "processes"
    lost: Errors = (WorkerLostError,)
    broken: Errors = ()

    def __init__(self, job: Job, workers: int | None = None) -> None:
        self.workers = workers or count_cores()
        self._packed = job.pack(self.name)
        self._threads = ThreadPoolExecutor(self.workers)
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._closed = False

    def count_slots(self) -> int:
        """Return the number of processes."""
        return self.workers

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Return a future of training ``task`` in an idle process, from the weights of ``parent``."""
        return self._threads.submit(self._ask, task, parent)

    def _ask(self, task: Task | None, parent: bytes | None) -> Answer:
        process = self._idle.pop() if self._idle else self._start()
        try:
            answer = process.ask(task, parent)
        except (EOFError, OSError):
            self._all.discard(process)
            raise WorkerLostError(process.describe_end()) from None
        self._idle.append(process)
        return answer

    def _start(self) -> _Process:
        process = _Process(self._packed, count_threads(self.workers))
        self._all.add(process)
        if self._closed:
            process.end()
        return process

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        for process in tuple(self._all):
            process.end()
        self._threads.shutdown(cancel_futures=True)


class _Process:
    """Worker process, with the pipe that passes tasks to it and its answers back."""

    def __init__(self, packed: bytes, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        arguments = (__name__, serve.__name__, there, packed, threads)
        self._process = context.Process(target=run_quietly, args=arguments, daemon=True)
        self._process.start()
        there.close()  # so that the pipe closes when the process ends

    def ask(self, task: Task | None, parent: bytes | None) -> Answer:
        self._here.send((task, parent))
        return self._here.recv()

    def end(self) -> None:
        """End the process if it runs."""
        self._process.kill()
        self._process.join()

    def describe_end(self) -> str:
        """Return the signal or the status with which the process ended."""
        self._process.join(1)  # the pipe closes a moment before the process ends
        self.end()
        code = self._process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"status {code}"


def serve(there: Connection[Any, Any], packed: bytes, threads: int) -> None:
    """Train the tasks that the pipe ``there`` delivers and send back the answers, until the driver ends."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is left to the driver, which ends this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    setup = Setup("", lambda: packed, threads)
    while True:
        try:
            task, parent = there.recv()
        except EOFError:
            return
        there.send(answer(setup, task, parent))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
