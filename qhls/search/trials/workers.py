"""Teams of workers: this process, or others on this machine; ``on_dask`` and ``on_ray`` have two more.

A team answers tasks: ``submit`` returns a future of an ``Answer``. What it raises where a worker was lost, the
executor takes for a task to submit again; a team replaces lost workers by itself.
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
"""A record and the trained model, or what the search is to end with: a value, so that it arrives as it was."""


Errors = tuple[type[BaseException], ...]


class Team(Protocol):
    """Workers that train tasks."""

    name: str
    lost: Errors
    """Errors of a future whose worker was lost."""
    broken: Errors
    """Errors after the loss of all workers."""

    def count_slots(self) -> int:
        """Return the number of tasks that may be under way at a time, now."""
        ...

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Train ``task``, from the weights of ``parent``; without a task: check that the job can be read."""
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
    """Access of a worker to the job. ``key``: the name of the job.

    ``threads``: of the backend, ``None``: as they are; ``path``: where this machine's driver finds modules.
    """

    key: str
    fetch: Callable[[], bytes]
    threads: int | None = None
    path: tuple[str, ...] = ()


_turn = threading.Lock()
"""Keras' seeds are a process's: of a worker's threads one trains at a time."""

_jobs: dict[str, Job] = {}
"""The last job that this process was asked about."""


def answer(setup: Setup, task: Task | None, parent: bytes | None) -> Answer:
    """Train one task in this process and return the record and the model."""
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
    """Give this thread random numbers of Python that other threads of the process do not draw from.

    Keras seeds Python's generator and takes the seeds of a model's initial weights from it. A cluster's own threads,
    which draw from it for their timers, would so change what a trial comes to.
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
    """Leave the other workers their cores, where the backend has not begun yet."""
    backend = keras.backend.backend()
    if threads is None:
        return
    if backend == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError:
            return  # this process has computed before
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
    """A process ended while it trained."""


class Processes:
    """Team of ``workers`` processes, by default one per core; a thread of this process serves each.

    A script that searches so needs ``if __name__ == "__main__":`` around what it does, because each process
    imports it.
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
        """Train ``task`` in an idle process, from the weights of ``parent``."""
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
    """A process, and the pipe to it."""

    def __init__(self, packed: bytes, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        arguments = (__name__, serve.__name__, there, packed, threads)
        self._process = context.Process(target=run_quietly, args=arguments, daemon=True)
        self._process.start()
        there.close()  # so that the pipe ends with the process

    def ask(self, task: Task | None, parent: bytes | None) -> Answer:
        self._here.send((task, parent))
        return self._here.recv()

    def end(self) -> None:
        """End the process if it runs."""
        self._process.kill()
        self._process.join()

    def describe_end(self) -> str:
        """Return the signal or the status with which the process ended."""
        self._process.join(1)  # the pipe ends a moment before
        self.end()
        code = self._process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"status {code}"


def serve(there: Connection[Any, Any], packed: bytes, threads: int) -> None:
    """Answer tasks from ``there`` until this process or the driver ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which ends this process
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
