"""The main loop of every search that trains candidates: propose, price, train, record, report the outcomes.

``Driver`` is the loop, for one score and for several objectives. ``ParetoPlan`` and ``FrontKeeper`` adapt it to the
Pareto search, ``auto.ScorePlan`` to ``AutoQKeras``.
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
"""Number of proposals per requested trial after which the search ends."""

HOPELESS = 20
"""Number of failed trials after which a search without any successful trial ends."""

KEEP = 3
"""Reduction factor at a rung: the best one of this many candidates continues training."""


@dataclass(frozen=True)
class ParetoPlan:
    """Plan of a Pareto search for the driver: it prices and judges candidates, and decides when the search ends.

    ``stages``: the number of epochs at each rung; the last is the full training.
    """

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
        """Return the deduplication key of a proposal: of the proposals with the same key, only the first is trained."""
        return space.format_key(proposal.candidate)

    def get_learning_rate(self, candidate: Candidate, costs: Mapping[str, float]) -> float | None:
        """Return ``None``: candidates train with the optimizer's learning rate."""
        return None

    def judge(self, record: Record) -> Record:
        """Return the record, with the objective values added if the trial was trained."""
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
        """Return the indices of ``values`` (one entry per candidate), the best candidate first."""
        return rank_points([self.to_losses(each) for each in values])

    # -- for the front ------------------------------------------------------------------------------

    def to_losses(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return the objective values with signs such that less is always better."""
        return tuple(o.to_loss(v) for o, v in zip(self.objectives, values, strict=True))

    def find_front(self, records: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Return the numbers of the trained trials on the Pareto front, sorted by the first objective, best first."""
        return self.join_front([], records, records)

    def join_front(
        self,
        before: Sequence[int],
        numbers: Iterable[int],
        records: Mapping[int, Mapping[str, Any]],
    ) -> list[int]:
        """Return the numbers of the trials on the front of ``before`` and of the trained trials among ``numbers``."""
        numbers = sorted({*before, *(n for n in numbers if records[n]["state"] == "trained")})
        losses = [self.to_losses(records[n]["values"]) for n in numbers]
        return [numbers[i] for i in sorted(find_front(losses), key=lambda i: losses[i])]

    def make_points(
        self,
        numbers: Iterable[int],
        records: Mapping[int, Mapping[str, Any]],
        file: Callable[[int], Path],
    ) -> list[Point]:
        """Return the trials ``numbers`` as points; ``file`` maps the number of a trial to its model file."""
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
    """Interface through which the driver uses the goal of a search; ``ParetoPlan`` describes each member."""

    @property
    def budgets(self) -> Mapping[str, float]:
        """The largest permitted value of each cost, by name."""
        ...

    @property
    def stages(self) -> tuple[int, ...]:
        """The number of epochs at each rung; the last is the full training."""
        ...

    @property
    def batch(self) -> int:
        """The maximum number of proposals in one batch."""
        ...

    @property
    def seed(self) -> int:
        """The seed from which the seeds of all trials are derived."""
        ...

    def measure(self, space: Space, candidate: Candidate) -> dict[str, float]:
        """Return the costs of an untrained candidate."""
        ...

    def identify(self, space: Space, proposal: Proposal) -> str:
        """Return the deduplication key of a proposal: of the proposals with the same key, only the first is trained."""
        ...

    def get_learning_rate(
        self, candidate: Candidate, costs: Mapping[str, float], /
    ) -> float | None:
        """Return the learning rate of a candidate; ``None``: the optimizer's."""
        ...

    def judge(self, record: Record) -> Record:
        """Return the record of a trial with its objective values or its score added."""
        ...

    def get_outcome(self, record: Mapping[str, Any]) -> Any:
        """Return the outcome of a trial for the tuner, or ``None`` if the trial failed."""
        ...

    def count_remaining(self, records: Mapping[int, Mapping[str, Any]]) -> float:
        """Return the number of candidates to train until the search is complete."""
        ...

    def is_done(self, records: Mapping[int, Mapping[str, Any]], asked: int, space: Space) -> bool:
        """Return whether the search ends after ``asked`` proposals."""
        ...

    def rank(self, values: Sequence[Sequence[float]]) -> list[int]:
        """Return the indices of ``values`` (one entry per candidate), the best candidate first."""
        ...


class Follower(Protocol):
    """Observer of a search, whose methods are called when trials end."""

    def add(self, number: int) -> None:
        """Record that the trial ``number`` has ended."""
        ...

    def show(self) -> None:
        """Show the trials so far."""
        ...

    def end_batch(self) -> None:
        """Delete the files that are no longer needed."""
        ...


@dataclass
class Driver:
    """The main loop of one search and the only writer of its journal.

    ``records``: number of a trial -> its record. ``followers`` read the same dictionary.
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
            if not waiting:  # otherwise the rest is left for a search with more trials
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
        """Dequeue proposals, record those that need no training, and return those that need it."""
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
        """Train candidates rung by rung, and record those that are not promoted as "stopped"."""
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
        """Return the proposals in the best third of trials at a rung, at least one, and record others as "stopped"."""
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
    """Follower that maintains the front of a running search, displays it and deletes the models of other trials."""

    plan: ParetoPlan
    job: Job
    records: Mapping[int, Record]
    displays: Sequence[Display]
    _front: list[int] = field(default_factory=list)
    _ended: set[int] = field(default_factory=set)
    """Numbers of the trials that have ended since the front was last computed."""
    _stored: set[int] = field(default_factory=set)
    """Trials that have ended and may have a model on disk."""

    def add(self, number: int) -> None:
        """Record that the trial ``number`` has ended."""
        self._ended.add(number)
        self._stored.add(number)

    def list_points(self) -> list[Point]:
        """Return the Pareto front of the fully trained trials so far as points."""
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
        """Return the final front; ``asked``: the number of proposals, for the error message.

        Raises ``SearchError`` if no trial was trained.
        """
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
