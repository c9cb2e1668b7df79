"""Team of Ray workers.

The job is an object in Ray's object store, which each worker process fetches once.
"""

from __future__ import annotations

import os
import sys
import uuid
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import ray
from ray import cloudpickle, exceptions

from qhls.search.trials.job import Job, Task, count_cores, count_threads
from qhls.search.trials.workers import Answer, Errors, Setup, answer, cluster_error


class RayTeam:
    """Team that trains on the Ray cluster at ``address`` or, if it is empty, on a Ray runtime on this machine.

    A runtime that this process has already initialised is used instead. A task takes one CPU. ``workers``: the most
    tasks in parallel, by default one per CPU.
    """

    name = "ray"
    lost: Errors = (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.OutOfMemoryError,
    )
    broken: Errors = (exceptions.RayError, OSError, RuntimeError)

    def __init__(self, job: Job, workers: int | None, address: str) -> None:
        self.workers = workers
        self.address = f"ray:{address}" if address.startswith("//") else address
        dumps: Any = cloudpickle.dumps  # pyright: ignore[reportPrivateImportUsage]
        self._packed = job.pack(self.name, dumps)
        self._own = False
        self._under_way: dict[Future[Answer], Any] = {}

    def count_slots(self) -> int:
        """Return the number of tasks that can currently run in parallel."""
        there = int(self._ray.cluster_resources().get("CPU", 1))
        return max(min(self.workers or there, there), 1)

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Return a future of training ``task`` on the cluster, from the weights of ``parent``."""
        reference = self._train.remote(self._setup, task, parent)
        future: Future[Answer] = reference.future()
        self._under_way[future] = reference
        future.add_done_callback(lambda done: self._under_way.pop(done, None))
        return future

    @cached_property
    def _ray(self) -> Any:
        if not ray.is_initialized():
            settings: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
            if self.address:
                settings["address"] = self.address
            else:
                os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics
                settings |= {"num_cpus": self.workers or count_cores(), "include_dashboard": False}
                settings["address"] = "local"
            try:
                ray.init(**settings)
            except (OSError, RuntimeError, ValueError) as error:
                raise cluster_error(self.name, self.address, error) from error
            self._own = True
        return ray

    @cached_property
    def _train(self) -> Any:
        # The executor counts and resubmits lost tasks; otherwise Ray would silently retry them.
        return self._ray.remote(answer).options(max_retries=0, num_cpus=1)

    @cached_property
    def _setup(self) -> Setup:
        reference = self._ray.put(self._packed)
        # Ray does not resolve a reference inside a list: each process fetches the job once, not with every task.
        setup = Setup(uuid.uuid4().hex, partial(_fetch, [reference]))
        if self.address:
            return setup
        return replace(setup, threads=count_threads(self.workers), path=tuple(sys.path))

    def close(self) -> None:
        """Cancel all tasks, and end a runtime that was started here."""
        for reference in list(self._under_way.values()):
            ray.cancel(reference, force=True)
        if self._own:
            ray.shutdown()


def _fetch(references: list[Any]) -> bytes:
    return ray.get(references[0])
