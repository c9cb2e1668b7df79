"""The driver of a Pareto search: asks, prices, has trained, notes, tells. It alone writes the journal."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras

from qhls.search.costs import Hardware, measure
from qhls.search.engines import Engine
from qhls.search.errors import JournalError, SearchError, TrialError
from qhls.search.executors import Executor
from qhls.search.front import Front, Point
from qhls.search.goals import over_budget
from qhls.search.job import Job, Task
from qhls.search.journal import Journal
from qhls.search.objectives import Objective, front, ranked
from qhls.search.space import Candidate, Space
from qhls.search.training import trial_seed

PATIENCE = 20
"""Candidates asked for, at most, for each that is to be trained."""

HOPELESS = 20
"""Failures after which a search ends if nothing could be trained: what is wrong is not the candidates."""

KEEP = 3
"""Of so many candidates at a rung the best one trains on."""


@dataclass(frozen=True)
class Plan:
    """What is searched for. ``stages``: epochs of each rung, the last of them in full."""

    objectives: tuple[Objective, ...]
    budgets: Mapping[str, float]
    hardware: Hardware
    trials: int
    stages: tuple[int, ...]
    batch: int
    seed: int

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs that objectives and budgets need."""
        names = [objective.name for objective in self.objectives if objective.is_cost]
        return tuple(dict.fromkeys((*names, *self.budgets)))

    def losses(self, values: Sequence[float]) -> tuple[float, ...]:
        """Values of the objectives as numbers of which less is better."""
        return tuple(o.loss(v) for o, v in zip(self.objectives, values, strict=True))

    def front(self, records: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """The numbers of the records of trained models that no other is better than in everything, the best first."""
        return self.joined([], records, records)

    def joined(
        self, kept: Sequence[int], numbers: Iterable[int], records: Mapping[int, Mapping[str, Any]]
    ) -> list[int]:
        """Return the front of a front ``kept`` and of ``numbers``, in whatever order these were trained."""
        numbers = sorted({*kept, *(n for n in numbers if records[n]["state"] == "trained")})
        losses = [self.losses(records[n]["values"]) for n in numbers]
        return [numbers[i] for i in sorted(front(losses), key=lambda i: losses[i])]

    def points(
        self,
        numbers: Iterable[int],
        records: Mapping[int, Mapping[str, Any]],
        file: Callable[[int], Path],
    ) -> list[Point]:
        """Return the trials ``numbers`` as points; ``file``: where the model of a number is."""
        names = [objective.name for objective in self.objectives]
        return [
            Point(
                number,
                records[number]["candidate"],
                dict(zip(names, records[number]["values"], strict=True)),
                records[number]["costs"],
                records[number]["metrics"],
                file(number),
                self.hardware,
            )
            for number in numbers
        ]

    def header(self) -> dict[str, Any]:
        """What a journal must have in common with this plan."""
        return {
            "objectives": [[o.name, "max" if o.more else "min"] for o in self.objectives],
            "budgets": dict(self.budgets),
            "input_types": repr(self.hardware.input_types),
            "schedule": repr(self.hardware.schedule),
            "technology": str(getattr(self.hardware.technology, "name", self.hardware.technology)),
            "stages": list(self.stages),
            "batch": self.batch,
            "seed": self.seed,
        }


class Shown(Protocol):
    """What is told how far a search is."""

    def update(self, records: Mapping[int, Mapping[str, Any]], points: Sequence[Point]) -> None:
        """All trials so far, and the front among them."""
        ...


@dataclass
class Driver:
    """One search. ``records``: number of a trial -> what the journal notes of it."""

    space: Space
    plan: Plan
    job: Job
    engine: Engine
    executor: Executor
    journal: Journal
    shown: Sequence[Shown]
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    _first: dict[str, int] = field(default_factory=dict)
    _front: list[int] = field(default_factory=list)
    _ended: set[int] = field(default_factory=set)
    """Trials that have ended since the front was last asked for."""
    _stored: set[int] = field(default_factory=set)
    """Trials that have ended and may have a model on disk."""

    def run(self) -> Front:
        """Search to the end. Raises ``SearchError`` if nothing could be trained."""
        asked = 0
        while not self._done(asked):
            batch = [(asked + i, *self.engine.ask()) for i in range(self.plan.batch)]
            asked += len(batch)
            waiting = deque((number, candidate) for number, _, candidate in batch)
            while waiting and self._left() > 0:  # what is then left is for a search of more trials
                self._train(self._resolve(waiting))
            if not waiting:
                for number, trial, _ in batch:
                    self._tell(trial, self.records[number])
            self._clean()
            self._show()
        if not self.points():
            raise SearchError(
                f"search: expected a trial that was trained within the budgets, received none of {asked}: "
                f"{self._last_error()}"
            )
        return Front(self.plan.objectives, tuple(self.points()), self.job.folder, self.records)

    def _done(self, asked: int) -> bool:
        left = self._left()
        enough = left <= 0 or asked >= PATIENCE * self.plan.trials
        failed = sum(record["state"] == "failed" for record in self.records.values())
        hopeless = left == self.plan.trials and failed >= HOPELESS
        return enough or hopeless or len(self._first) >= self.space.size

    def _left(self) -> int:
        """How many candidates are still to be trained."""
        states = Counter(record["state"] for record in self.records.values())
        return self.plan.trials - states["trained"] - states["stopped"]

    # -- a batch ------------------------------------------------------------------------------------

    def _resolve(self, waiting: deque[tuple[int, Candidate]]) -> list[int]:
        """Take candidates and note what needs no training; returns the numbers of as many as are to be trained."""
        left = []
        most = self._left()
        while waiting and len(left) < most:
            number, candidate = waiting.popleft()
            key = self.space.key(candidate)
            known = self.journal.records.get(number)
            if known is not None:
                if self.space.key(known["candidate"]) != key:
                    raise JournalError(
                        f"{self.journal.where}: expected the candidate {key} as trial {number}, received "
                        f"{self.space.key(known['candidate'])}; it was written with another version of Optuna "
                        f"or qhls: search in a new folder"
                    )
                self._keep(number, known)
                most -= known["state"] in ("trained", "stopped")
                self._first.setdefault(key, number)
            elif key in self._first:
                self._note(
                    number, {"candidate": candidate, "state": "duplicate", "of": self._first[key]}
                )
            elif self._price(number, candidate):
                left.append(number)
            self._first.setdefault(key, number)
        return left

    def _price(self, number: int, candidate: Candidate) -> bool:
        """Price a new candidate; whether it is to be trained."""
        record: dict[str, Any] = {"candidate": candidate, "costs": {}}
        try:
            keras.utils.set_random_seed(trial_seed(self.plan.seed, number))
            if self.plan.costs:
                model = self.space.build(candidate)
                record["costs"] = measure(model, self.plan.costs, self.plan.hardware)
        except TrialError as error:
            self._note(number, record | {"state": "failed", "error": str(error)})
            return False
        over = over_budget(self.plan.budgets, record["costs"])
        if over:
            text = ", ".join(f"{name} {value:g}" for name, value in over.items())
            self._note(number, record | {"state": "rejected", "error": f"over budget: {text}"})
            return False
        self.records[number] = record | {"state": "running"}
        return True

    def _train(self, numbers: Sequence[int]) -> None:
        """Train candidates rung by rung; of those that do not go on, "stopped" is noted."""
        begin = 0
        for stage in self.plan.stages:
            tasks = [
                Task(
                    number,
                    self.records[number]["candidate"],
                    trial_seed(self.plan.seed, number),
                    stage,
                    begin,
                    str(self.job.file(number).relative_to(self.job.folder)) if begin else None,
                )
                for number in numbers
            ]
            last = stage == self.plan.stages[-1]
            for task, result in self.executor.run(tasks):
                record = self.records[task.number] | result
                if record["state"] == "trained":
                    record["values"] = self._values(record)
                    record["state"] = "trained" if last else "running"
                self.records[task.number] = record
                if record["state"] != "running":
                    self._note(task.number, record)
                self._show()
            numbers = [n for n in numbers if self.records[n]["state"] == "running"]
            numbers, begin = self._promote(numbers, stage), stage

    def _promote(self, numbers: Sequence[int], stage: int) -> list[int]:
        """Those of a batch that train beyond a rung: the best third of all that were there, at least one."""
        if not numbers:
            return []
        for number in numbers:
            self.records[number].setdefault("rungs", {})[str(stage)] = self.records[number][
                "values"
            ]
        there = [n for n, record in self.records.items() if str(stage) in record.get("rungs", {})]
        losses = [self.plan.losses(self.records[n]["rungs"][str(stage)]) for n in there]
        order = [there[i] for i in ranked(losses)]
        best = set(order[: max(len(order) // KEEP, 1)])
        kept = [n for n in numbers if n in best] or [min(numbers, key=order.index)]
        for number in numbers:
            if number not in kept:
                self._note(number, self.records[number] | {"state": "stopped"})
        return kept

    def _values(self, record: Mapping[str, Any]) -> list[float]:
        costs = record["costs"] | record.get("trained_costs", {})
        return [o.of(record["metrics"], costs) for o in self.plan.objectives]

    def _note(self, number: int, record: dict[str, Any]) -> None:
        self._keep(number, record)
        self.journal.append(number, record)

    def _keep(self, number: int, record: dict[str, Any]) -> None:
        """Have the record of a trial that has ended."""
        self.records[number] = record
        self._ended.add(number)
        self._stored.add(number)

    def _tell(self, trial: Any, record: Mapping[str, Any]) -> None:
        if record["state"] == "duplicate":
            record = self.records[record["of"]]
        if record["state"] == "failed":
            self.engine.tell(trial, None, {})
            return
        violations = {
            name: record["costs"][name] / most - 1.0 for name, most in self.plan.budgets.items()
        }
        values = record.get("values") or [
            record["costs"][o.name] if o.is_cost else math.nan for o in self.plan.objectives
        ]
        self.engine.tell(trial, values, violations)

    # -- results ------------------------------------------------------------------------------------

    def points(self) -> list[Point]:
        """The front: the trials that were trained in full and that no other is better than in everything."""
        self._front = self.plan.joined(self._front, self._ended, self.records)
        self._ended.clear()
        return self.plan.points(self._front, self.records, self.job.file)

    def _show(self) -> None:
        points = self.points()
        for shown in self.shown:
            shown.update(self.records, points)

    def _clean(self) -> None:
        """Delete the models that are not on the front: what one is beaten by stays."""
        kept = {point.number for point in self.points()}
        for number in self._stored - kept:
            self.job.file(number).unlink(missing_ok=True)
        self._stored &= kept

    def _last_error(self) -> str:
        errors = [record["error"] for record in self.records.values() if "error" in record]
        return errors[-1] if errors else "no error was noted"
