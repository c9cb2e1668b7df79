"""Team of Dask workers.

The job is distributed as a worker plugin, so that workers that join later receive it too.
"""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import CancelledError, Future
from functools import cached_property, partial
from typing import Any

import cloudpickle
import dask.config
import distributed
from distributed.client import FutureCancelledError

from qhls.search.trials.job import Job, Task, count_cores, count_threads
from qhls.search.trials.workers import Answer, Errors, Setup, answer, cluster_error


class DaskTeam:
    """Team of the Dask workers at ``address``; if ``address`` is empty, a local cluster is started.

    ``workers``: the number of workers of a local cluster, by default one per core, or the most workers to use of a
    running cluster. Each worker process trains one candidate at a time.
    """

    name = "dask"
    lost: Errors = (distributed.KilledWorker, FutureCancelledError, CancelledError)
    broken: Errors = (OSError, RuntimeError, ImportError)

    def __init__(self, job: Job, workers: int | None, address: str) -> None:
        self.workers, self.address = workers, address.removeprefix("//")
        self._key = f"qhls-{uuid.uuid4().hex}"
        self._packed = job.pack(self.name, cloudpickle.dumps)

    def count_slots(self) -> int:
        """Return the number of tasks that can currently run in parallel."""
        there = len(self._client.scheduler_info(n_workers=-1)["workers"])
        return max(min(self.workers or there, there), 1)

    def submit(self, task: Task | None, parent: bytes | None) -> Future[Answer]:
        """Return a future of training ``task`` on the cluster, from the weights of ``parent``."""
        return self._executor.submit(answer, self._setup, task, parent)

    @cached_property
    def _cluster(self) -> Any:
        workers = self.workers or count_cores()
        # The executor counts and resubmits lost tasks; otherwise Dask would silently retry them.
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
            local: Any = distributed.LocalCluster
            return local(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )

    @cached_property
    def _client(self) -> Any:
        try:
            client = distributed.Client(self.address or self._cluster)
        except (OSError, ValueError) as error:
            raise cluster_error(self.name, self.address, error) from error
        client.register_plugin(_Plugin(self._packed), name=self._key)
        return client

    @cached_property
    def _executor(self) -> Any:
        return self._client.get_executor(pure=False)

    @cached_property
    def _setup(self) -> Setup:
        threads = None if self.address else count_threads(self.workers)
        return Setup(self._key, partial(_fetch, self._key), threads)

    def close(self) -> None:
        """Stop a local cluster; on a running cluster, disconnect and let current tasks finish."""
        begun = vars(self)
        if "_executor" in begun:
            self._executor.shutdown(wait=False)
        if "_client" in begun:
            if self.address:
                self._client.unregister_worker_plugin(self._key)
            self._client.close()
        if "_cluster" in begun:
            self._cluster.close()


class _Plugin(distributed.WorkerPlugin):
    """The packed job, which Dask sends to every worker."""

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


def _fetch(key: str) -> bytes:
    plugin: Any = distributed.get_worker().plugins[key]
    return plugin.packed
