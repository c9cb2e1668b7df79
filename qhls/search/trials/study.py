"""Trials of a search as an Optuna study, for optuna-dashboard and other readers.

The study is written in addition to the journal; a search resumes from the journal alone. Trials have the same numbers
in both: a resumed search adds the trials that the study lacks.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy import make_url
from sqlalchemy.pool import NullPool

from qhls.search.errors import SearchError
from qhls.search.results.front import Point
from qhls.search.space.choices import Space
from qhls.search.trials.driver import ParetoPlan

STUDY_FILE = "optuna.log"

_STATES = {
    "trained": TrialState.COMPLETE,
    "stopped": TrialState.PRUNED,
    "rejected": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
"""Trial state in the journal -> trial state in Optuna.

A trial stopped at a rung has the values of fewer epochs; a rejected trial has none.
"""

_UNKNOWN = {"state": "running"}


class Study:
    """Optuna study ``name``, in the database at ``url`` or, if that is ``None``, in a file in ``folder``.

    ``place``: the argument for ``optuna-dashboard``, without a password. ``is_new``: replace an existing study.
    """

    def __init__(
        self,
        space: Space,
        plan: ParetoPlan,
        *,
        folder: Path,
        url: str | None,
        name: str,
        is_new: bool,
    ) -> None:
        path = folder / STUDY_FILE
        self.place = make_url(url).render_as_string(hide_password=True) if url else str(path)
        self._plan = plan
        self._distributions: dict[str, BaseDistribution] = {
            c.name: CategoricalDistribution(c.options) for c in space.choices
        }
        with self._convert_errors():
            storage = _open_database(url) if url else _open_file(path, is_new)
            self._study = self._open(storage, name, is_new)
            self._count = len(self._study.get_trials(deepcopy=False))

    def update(self, records: Mapping[int, Mapping[str, Any]], points: Sequence[Point]) -> None:
        """Add the trials that the study lacks, in order, up to the first trial that is still running."""
        while records.get(self._count, _UNKNOWN)["state"] != "running":
            with self._convert_errors():
                self._study.add_trial(self._make_trial(records[self._count], records))
            self._count += 1

    def _open(self, storage: BaseStorage, name: str, is_new: bool) -> optuna.Study:
        if is_new and name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        objectives = self._plan.objectives
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=["maximize" if o.more else "minimize" for o in objectives],
            load_if_exists=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(
                [f"{o.name}, {o.unit}" if o.unit else o.name for o in objectives]
            )
        return study

    @contextmanager
    def _convert_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, optuna.exceptions.StorageInternalError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SearchError(
                f"{self.place}: expected to write the trials as an Optuna study, got: {reason}. Make room, or "
                f"make it writable, and search again with the same arguments: what the journal has is kept."
            ) from error

    def _make_trial(
        self, record: Mapping[str, Any], records: Mapping[int, Mapping[str, Any]]
    ) -> optuna.trial.FrozenTrial:
        notes = {key: record[key] for key in ("state", "of", "error", "epochs") if key in record}
        if record["state"] == "duplicate":
            record = {**records[record["of"]], "seconds": 0}
        costs = record.get("costs", {})
        over = {name: costs[name] / most - 1 for name, most in self._plan.budgets.items() if costs}
        trial = optuna.create_trial(
            state=_STATES[record["state"]],
            values=record.get("values"),
            params=record["candidate"],
            distributions=self._distributions,
            user_attrs={**notes, **costs, **record.get("metrics", {})},
            # Optuna 5 stores constraints by name; optuna-dashboard 0.21 reads them from a list.
            system_attrs={"constraints": list(over.values())} if over else {},
            constraints=over,
        )
        if trial.datetime_complete is not None:
            took = datetime.timedelta(seconds=record.get("seconds", 0))
            trial.datetime_start = trial.datetime_complete - took
        return trial


def _open_database(url: str) -> BaseStorage:
    return RDBStorage(
        url, engine_kwargs={"poolclass": NullPool}
    )  # trainings outlast idle connections


def _open_file(path: Path, is_new: bool) -> BaseStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_new:
        path.unlink(missing_ok=True)
    elif path.exists():
        data = path.read_bytes()
        with path.open("r+b") as file:  # a killed driver may leave an incomplete last line
            file.truncate(data.rfind(b"\n") + 1)
    return JournalStorage(JournalFileBackend(str(path)))
