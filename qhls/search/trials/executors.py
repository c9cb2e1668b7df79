"""Executors, which train candidates in this process, in a process pool, on Dask or on Ray, with equal results.

Workers receive tasks and return records and serialised models; only the driver writes the journal and files. If a
worker is lost (killed, out of memory, its machine unreachable), its task is submitted again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from importlib import import_module
from typing import Any, Protocol

from qhls.errors import QhlsError
from qhls.search.errors import SearchError
from qhls.search.trials.job import Job, Record, Task, count_cores
from qhls.search.trials.workers import Answer, Inline, Processes, Team

__all__ = ["EXECUTORS", "Dispatcher", "Executor", "Job", "Task", "count_cores", "make_executor"]

EXECUTORS = ("processes", "inline", "dask", "ray")

LOSSES = 3
"""Number of workers lost on the same task after which its trial counts as failed."""

PAUSE = 5.0
"""Interval in seconds at which the executor, while waiting for results, checks for new workers."""


class Executor(Protocol):
    """Interface of an object that trains the candidates of tasks."""

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Record]]:
        """Yield each task with its record when it is done; the model is then in ``job.locate_model(task.number)``."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


class Dispatcher:
    """Executor that sends tasks to a team of workers and yields their results in order of completion."""

    def __init__(self, job: Job, team: Team) -> None:
        self.job, self.team = job, team
        self._begun = False

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Record]]:
        """Yield each task with its record once it is done. Raises ``SearchError`` if no worker can be used."""
        waiting, under_way = deque(tasks), dict[Future[Answer], Task]()
        losses = Counter[int]()
        if waiting:
            self.begin()
        while waiting or under_way:
            while waiting and len(under_way) < self.team.count_slots():
                task = waiting.popleft()
                under_way[self._submit(task)] = task
            for future in wait(under_way, PAUSE, FIRST_COMPLETED).done:
                task = under_way.pop(future)
                try:
                    record, model = self._read_result(future)
                except self.team.lost as error:
                    losses[task.number] += 1
                    if losses[task.number] < LOSSES:
                        waiting.appendleft(task)
                        continue
                    record, model = _record_loss(task, error), None
                self.job.store(task, model)
                yield task, record

    def begin(self) -> None:
        """Make the workers load the job, so that a faulty job raises an error before any candidate is trained."""
        if self._begun:
            return
        futures = [self._submit(None) for _ in range(self.team.count_slots())]
        for future in futures:
            try:
                self._read_result(future)
            except self.team.lost as error:
                raise SearchError(
                    f"executor {self.team.name!r}: expected workers that read model and data, got one that "
                    f"ended before ({error}), out of memory or because a script searches outside of "
                    f"if __name__ == '__main__'. Use executor='inline', which needs neither."
                ) from error
        self._begun = True

    def _submit(self, task: Task | None) -> Future[Answer]:
        try:
            return self.team.submit(task, self.job.read_parent(task) if task else None)
        except self.team.broken as error:
            raise self._make_error(error) from error

    def _read_result(self, future: Future[Answer]) -> tuple[Record, bytes | None]:
        try:
            answer = future.result()
        except self.team.lost:
            raise
        except self.team.broken as error:
            raise self._make_error(error) from error
        if isinstance(answer, QhlsError):
            raise answer
        return answer

    def _make_error(self, error: BaseException) -> SearchError:
        return SearchError(
            f"executor {self.team.name!r}: expected workers with qhls installed, got {type(error).__name__}: "
            f"{error}. Search again with the same arguments to go on: what the journal has is kept."
        )

    def close(self) -> None:
        """End the workers."""
        self.team.close()


def _record_loss(task: Task, error: BaseException) -> Record:
    return {
        "state": "failed",
        "metrics": {},
        "epochs": task.epochs,
        "error": f"training: expected a worker that survives it, got {LOSSES} in a row that were lost, the "
        f"last with {error or type(error).__name__}: out of memory, or a crash in what it calls.",
    }


def make_executor(choice: Any, job: Job, workers: int | None) -> Executor:
    """Return the executor that ``choice`` names, or that ``choice(job)`` returns if it is a function.

    ``choice``: one of ``EXECUTORS``, or "dask:ADDRESS" or "ray:ADDRESS" for a running cluster. The address is that
    of ``distributed.Client`` or ``ray.init``; "tcp://...", "tls://...", "dask://..." and "ray://..." are accepted too.
    Raises ``SearchError`` for any other choice, or if a package is missing.
    """
    if callable(choice):
        executor: Any = choice(job)
        return executor
    name, _, address = choice.partition(":") if isinstance(choice, str) else ("", "", "")
    if name in ("tcp", "tls"):
        name, address = "dask", choice
    if name not in EXECUTORS or (address and name in ("inline", "processes")):
        raise SearchError(
            f"executor: expected one of {', '.join(EXECUTORS)}, 'dask:ADDRESS', 'ray:ADDRESS' or a function of the "
            f"job, got {choice!r}. Choose one of these."
        )
    if name == "inline":
        return Dispatcher(job, Inline(job))
    if name == "processes":
        return Dispatcher(job, Processes(job, workers))
    return Dispatcher(job, _cluster(name)(job, workers, address))


def _cluster(name: str) -> Any:
    """Return the team class for "dask" or "ray". Raises ``SearchError`` if its package is not installed."""
    try:
        return getattr(import_module(f"qhls.search.trials.on_{name}"), f"{name.capitalize()}Team")
    except ImportError as error:
        raise SearchError(
            f"executor {name!r}: expected the package that it needs, got none ({error}). "
            f"Run pip install 'qhls[{name}]'."
        ) from error
