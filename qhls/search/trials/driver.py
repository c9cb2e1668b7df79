"""The loop of every search that trains candidates: ask, price, train, write to the journal, pass outcomes back.

``Driver`` is the loop, for one score and for several objectives. ``ParetoPlan`` and ``FrontKeeper`` are the part of the
Pareto search; ``auto.ScorePlan`` is the part of ``AutoQKeras``.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras

from qhls.search.engines.samplers import TrialOutcome
from qhls.search.engines.tuners import Proposal, Tuner, count_promoted
from qhls.search.errors import JournalError, SearchError, TrialError
from qhls.search.goals.costs import Hardware, measure
from qhls.search.goals.goals import find_over_budget
from qhls.search.goals.objectives import Objective, find_front, rank_points
from qhls.search.results.front import Front, Point
from qhls.search.space.choices import Candidate, Space
from qhls.search.trials.executors import Executor
from qhls.search.trials.job import Job, Record, Task
from qhls.search.trials.journal import Journal
from qhls.search.trials.training import derive_trial_seed

PATIENCE = 20
"""Most candidates that are proposed for each one that is trained."""

HOPELESS = 20
"""Failures after which a search ends if nothing could be trained: what is wrong is not the candidates."""

KEEP = 3
"""Number of candidates at a rung of which the best one trains on."""


@dataclass(frozen=True)
class ParetoPlan:
    """The goal and the size of a Pareto search. ``stages``: epochs of each rung, the last of them in full."""

    objectives: tuple[Objective, ...]
    budgets: Mapping[str, float]
    hardware: Hardware
    trials: int
    stages: tuple[int, ...]
    batch: int
    seed: int

    @property
    def costs(self) -> tuple[str, ...]:
        """Costs that objectives and budgets need."""
        names = [objective.name for objective in self.objectives if objective.is_cost]
        return tuple(dict.fromkeys((*names, *self.budgets)))

    # -- for the driver -----------------------------------------------------------------------------

    def measure(self, space: Space, candidate: Candidate) -> dict[str, float]:
        """Return the costs of an untrained candidate. Raises ``TrialError`` if it has none."""
        if not self.costs:
            return {}
        return measure(space.build(candidate), self.costs, self.hardware)

    def identify(self, space: Space, proposal: Proposal) -> str:
        """Return the key that proposals share of which only the first is trained."""
        return space.format_key(proposal.candidate)

    def get_learning_rate(self, candidate: Candidate, costs: Mapping[str, float]) -> float | None:
        """Return ``None``: candidates train with the optimizer's learning rate."""
        return None

    def judge(self, record: Record) -> Record:
        """Return the record of a trial with the values of the objectives, if it was trained."""
        if record["state"] != "trained":
            return record
        costs = record["costs"] | record.get("trained_costs", {})
        return record | {"values": [o.of(record["metrics"], costs) for o in self.objectives]}

    def get_outcome(self, record: Mapping[str, Any]) -> TrialOutcome | None:
        """Return the outcome of a trial for the engine; ``None``: it failed."""
        if record["state"] == "failed":
            return None
        violations = {
            name: record["costs"][name] / most - 1.0 for name, most in self.budgets.items()
        }
        values = record.get("values") or [
            record["costs"][o.name] if o.is_cost else math.nan for o in self.objectives
        ]
        return TrialOutcome(values, violations)

    def count_remaining(self, records: Mapping[int, Mapping[str, Any]]) -> int:
        """Return the number of candidates to train until the search is complete."""
        states = Counter(record["state"] for record in records.values())
        return self.trials - states["trained"] - states["stopped"]

    def is_done(self, records: Mapping[int, Mapping[str, Any]], asked: int, space: Space) -> bool:
        """Return whether the search ends after ``asked`` proposals."""
        remaining = self.count_remaining(records)
        enough = remaining <= 0 or asked >= PATIENCE * self.trials
        states = Counter(record["state"] for record in records.values())
        hopeless = remaining == self.trials and states["failed"] >= HOPELESS
        return enough or hopeless or len(records) - states["duplicate"] >= space.size

    def rank(self, values: Sequence[Sequence[float]]) -> list[int]:
        """Return the numbers of ``values``, those of the best candidate first."""
        return rank_points([self.to_losses(each) for each in values])

    # -- for the front ------------------------------------------------------------------------------

    def to_losses(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return values of the objectives as numbers of which less is better."""
        return tuple(o.to_loss(v) for o, v in zip(self.objectives, values, strict=True))

    def find_front(self, records: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Return the numbers of the trained trials that no other is better than in everything, the best first."""
        return self.join_front([], records, records)

    def join_front(
        self,
        before: Sequence[int],
        numbers: Iterable[int],
        records: Mapping[int, Mapping[str, Any]],
    ) -> list[int]:
        """Return the front of the front ``before`` and of ``numbers``, in whatever order these were trained."""
        numbers = sorted({*before, *(n for n in numbers if records[n]["state"] == "trained")})
        losses = [self.to_losses(records[n]["values"]) for n in numbers]
        return [numbers[i] for i in sorted(find_front(losses), key=lambda i: losses[i])]

    def make_points(
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

    def make_header(self) -> dict[str, Any]:
        """Return the settings that a journal must have in common with this plan."""
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


class SearchPlan(Protocol):
    """The goal of a search, as the driver needs it; ``ParetoPlan`` describes each member."""

    @property
    def budgets(self) -> Mapping[str, float]:
        """The most that costs may be."""
        ...

    @property
    def stages(self) -> tuple[int, ...]:
        """Epochs of each rung, the last of them in full."""
        ...

    @property
    def batch(self) -> int:
        """The most proposals that are under way at a time."""
        ...

    @property
    def seed(self) -> int:
        """The number that the seeds of all trials follow from."""
        ...

    def measure(self, space: Space, candidate: Candidate) -> dict[str, float]:
        """Return the costs of an untrained candidate."""
        ...

    def identify(self, space: Space, proposal: Proposal) -> str:
        """Return the key that proposals share of which only the first is trained."""
        ...

    def get_learning_rate(
        self, candidate: Candidate, costs: Mapping[str, float], /
    ) -> float | None:
        """Return the learning rate of a candidate; ``None``: the optimizer's."""
        ...

    def judge(self, record: Record) -> Record:
        """Return the record of a trial with its values or its score."""
        ...

    def get_outcome(self, record: Mapping[str, Any]) -> Any:
        """Return the outcome of a trial for the tuner; ``None``: it has none."""
        ...

    def count_remaining(self, records: Mapping[int, Mapping[str, Any]]) -> float:
        """Return the number of candidates to train until the search is complete."""
        ...

    def is_done(self, records: Mapping[int, Mapping[str, Any]], asked: int, space: Space) -> bool:
        """Return whether the search ends after ``asked`` proposals."""
        ...

    def rank(self, values: Sequence[Sequence[float]]) -> list[int]:
        """Return the numbers of ``values``, those of the best candidate first."""
        ...


class Follower(Protocol):
    """An object that is informed of the course of a search."""

    def add(self, number: int) -> None:
        """Take in that a trial has ended."""
        ...

    def show(self) -> None:
        """Show the trials so far."""
        ...

    def end_batch(self) -> None:
        """Delete the files that are no longer needed."""
        ...


@dataclass
class Driver:
    """The loop of one search, which alone writes the journal.

    ``records``: number of a trial -> its record in the journal. ``followers`` read the same dictionary.
    """

    space: Space
    plan: SearchPlan
    job: Job
    tuner: Tuner[Any]
    executor: Executor
    journal: Journal
    records: dict[int, Record]
    followers: Sequence[Follower] = ()
    _first: dict[str, int] = field(default_factory=dict)

    def run(self) -> int:
        """Search to the end and return the number of proposals."""
        asked = 0
        while not self.plan.is_done(self.records, asked, self.space):
            batch = self._ask()
            if not batch:
                break
            asked += len(batch)
            waiting = deque(batch)
            while waiting and self.plan.count_remaining(self.records) > 0:
                self._train(self._resolve(waiting))
            if not waiting:  # otherwise the rest is for a search of more trials
                for proposal in batch:
                    self.tuner.tell(proposal, self._get_outcome(proposal.number))
            for follower in self.followers:
                follower.end_batch()
            self._show()
        return asked

    # -- a batch ------------------------------------------------------------------------------------

    def _ask(self) -> list[Proposal]:
        batch: list[Proposal] = []
        while len(batch) < self.plan.batch and (proposal := self.tuner.ask()) is not None:
            batch.append(proposal)
        return batch

    def _resolve(self, waiting: deque[Proposal]) -> list[Proposal]:
        """Take proposals, note those that need no training, and return as many as are to be trained."""
        to_train: list[Proposal] = []
        most = self.plan.count_remaining(self.records)
        while waiting and len(to_train) < most:
            proposal = waiting.popleft()
            number = proposal.number
            key = self.plan.identify(self.space, proposal)
            known = self.journal.records.get(number)
            if known is not None:
                self._require_same(proposal, known)
                self._add(number, known)
                most -= known["state"] in ("trained", "stopped")
            elif key in self._first:
                record = {"candidate": proposal.candidate, "state": "duplicate"}
                self._note(number, record | {"of": self._first[key]})
            elif self._price(proposal):
                to_train.append(proposal)
            self._first.setdefault(key, number)
        return to_train

    def _require_same(self, proposal: Proposal, known: Mapping[str, Any]) -> None:
        key, other = (
            self.space.format_key(proposal.candidate),
            self.space.format_key(known["candidate"]),
        )
        if other != key:
            raise JournalError(
                f"{self.journal.where}: expected the candidate {key} as trial {proposal.number}, got "
                f"{other}, of another version of Optuna or qhls. Search in a new folder."
            )

    def _price(self, proposal: Proposal) -> bool:
        """Price a new candidate and return whether it is to be trained."""
        number = proposal.number
        record: Record = {"candidate": proposal.candidate, "costs": {}}
        try:
            keras.utils.set_random_seed(derive_trial_seed(self.plan.seed, number))
            record["costs"] = self.plan.measure(self.space, proposal.candidate)
        except TrialError as error:
            record |= {"state": "failed", "error": str(error)}
            self._note(number, self.plan.judge(record))
            return False
        over = find_over_budget(self.plan.budgets, record["costs"])
        if over:
            text = ", ".join(f"{name} {value:g}" for name, value in over.items())
            record |= {"state": "rejected", "error": f"over budget: {text}"}
            self._note(number, self.plan.judge(record))
            return False
        self.records[number] = record | {"state": "running"}
        return True

    def _train(self, proposals: Sequence[Proposal]) -> None:
        """Train candidates rung by rung; of those that do not go on, "stopped" is noted."""
        begin, last = 0, self.plan.stages[-1]
        for stage in self.plan.stages:
            tasks = [self._make_task(proposal, stage, begin) for proposal in proposals]
            for task, result in self.executor.run(tasks):
                record = self.plan.judge(self.records[task.number] | result)
                if record["state"] == "trained" and stage != last:
                    record["state"] = "running"
                self.records[task.number] = record
                if record["state"] != "running":
                    self._note(task.number, record)
                self._show()
            alive = [p for p in proposals if self.records[p.number]["state"] == "running"]
            proposals, begin = self._promote(alive, stage), stage

    def _make_task(self, proposal: Proposal, stage: int, begin: int) -> Task:
        number = proposal.number
        record = self.records[number]
        parent = number if begin else proposal.parent
        return Task(
            number,
            proposal.candidate,
            derive_trial_seed(self.plan.seed, number),
            proposal.epochs or stage,
            begin or proposal.initial_epoch,
            None
            if parent is None
            else str(self.job.locate_model(parent).relative_to(self.job.folder)),
            record["costs"],
            self.plan.get_learning_rate(proposal.candidate, record["costs"]),
        )

    def _promote(self, proposals: Sequence[Proposal], stage: int) -> list[Proposal]:
        """Return the proposals that train beyond a rung: of the best third of all at it, but at least one."""
        if not proposals:
            return []
        for proposal in proposals:
            record = self.records[proposal.number]
            record.setdefault("rungs", {})[str(stage)] = record["values"]
        numbers = [n for n, record in self.records.items() if str(stage) in record.get("rungs", {})]
        ranking = self.plan.rank([self.records[n]["rungs"][str(stage)] for n in numbers])
        order = [numbers[i] for i in ranking]
        best = set(order[: count_promoted(len(order), KEEP)])
        chosen = [p for p in proposals if p.number in best]
        chosen = chosen or [min(proposals, key=lambda p: order.index(p.number))]
        for proposal in proposals:
            if proposal not in chosen:
                self._note(proposal.number, self.records[proposal.number] | {"state": "stopped"})
        return chosen

    def _get_outcome(self, number: int) -> Any:
        record = self.records[number]
        if record["state"] == "duplicate":
            record = self.records[record["of"]]
        return self.plan.get_outcome(record)

    def _note(self, number: int, record: Record) -> None:
        self._add(number, record)
        self.journal.append(number, record)

    def _add(self, number: int, record: Record) -> None:
        self.records[number] = record
        for follower in self.followers:
            follower.add(number)

    def _show(self) -> None:
        for follower in self.followers:
            follower.show()


# -- the front --------------------------------------------------------------------------------------


class Display(Protocol):
    """An object that shows the progress of a Pareto search."""

    def update(self, records: Mapping[int, Mapping[str, Any]], points: Sequence[Point]) -> None:
        """Show all trials so far, and the front among them."""
        ...


@dataclass
class FrontKeeper:
    """The front of a running search, its display, and the models on disk: those of the front alone."""

    plan: ParetoPlan
    job: Job
    records: Mapping[int, Record]
    displays: Sequence[Display]
    _front: list[int] = field(default_factory=list)
    _ended: set[int] = field(default_factory=set)
    """Trials that have ended since the front was last asked for."""
    _stored: set[int] = field(default_factory=set)
    """Trials that have ended and may have a model on disk."""

    def add(self, number: int) -> None:
        """Take in that a trial has ended."""
        self._ended.add(number)
        self._stored.add(number)

    def list_points(self) -> list[Point]:
        """Return the trials trained in full that no other is better than in everything."""
        self._front = self.plan.join_front(self._front, self._ended, self.records)
        self._ended.clear()
        return self.plan.make_points(self._front, self.records, self.job.locate_model)

    def show(self) -> None:
        """Show the trials so far, and the front among them."""
        points = self.list_points()
        for display in self.displays:
            display.update(self.records, points)

    def end_batch(self) -> None:
        """Delete the models that are not on the front."""
        numbers = {point.number for point in self.list_points()}
        for number in self._stored - numbers:
            self.job.locate_model(number).unlink(missing_ok=True)
        self._stored &= numbers

    def make_front(self, asked: int) -> Front:
        """Return the front after ``asked`` proposals. Raises ``SearchError`` if nothing could be trained."""
        points = self.list_points()
        if not points:
            raise SearchError(
                f"search: expected a trial that was trained within the budgets, got none of {asked}: "
                f"{self._find_last_error()}"
            )
        return Front(self.plan.objectives, tuple(points), self.job.folder, self.records)

    def _find_last_error(self) -> str:
        errors = [record["error"] for record in self.records.values() if "error" in record]
        return errors[-1] if errors else "no error was noted"
