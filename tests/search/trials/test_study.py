"""The trials as an Optuna study, and as the real optuna-dashboard shows them."""

import json
import math
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest

from qhls.search import SearchError
from qhls.search.goals.costs import Hardware, measure
from qhls.search.space.choices import Space
from qhls.search.trials.journal import JOURNAL_FILE
from qhls.search.trials.study import STUDY_FILE as STUDY
from support.databases import free_port, postgresql
from support.searches import FEW, LIMIT, Pretended, dense, run

SPACE = Space(dense(), limit=LIMIT, quantization_config=FEW)


class Mixed(Pretended):
    """Some fail."""

    def result(self, task):
        if task.number % 5 == 1:
            return {"state": "failed", "error": "training: lost", "metrics": {}}
        return super().result(task)


def mixed(folder, **settings):
    """A search with trials of every state."""
    least, most = (
        measure(SPACE.build(c), ["energy"], Hardware("s8.4"))["energy"]
        for c in (SPACE.smallest, SPACE.get_candidate(SPACE.size - 1))
    )
    chosen = {"executor": Mixed, "budgets": {"energy": (least + 2 * most) / 3}, "rungs": (1,)}
    chosen |= {"engine": "random", "batch": 8, "trials": 6, "objectives": ("accuracy", "energy")}
    found = run(folder, **chosen | settings)
    assert set(found.count_states()) == {"trained", "stopped", "failed", "rejected", "duplicate"}
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return mixed(tmp_path_factory.mktemp("whole") / "run")


@contextmanager
def dashboard(place):
    """A function that answers a path of the API, of the dashboard itself as a process."""
    pytest.importorskip("optuna_dashboard", reason="the dashboard is not installed")
    port = free_port()
    program = Path(sys.executable).with_name("optuna-dashboard")
    command = [program, place, "--host", "127.0.0.1", "--port", str(port), "--server", "wsgiref"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(path):
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.URLError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)

    try:
        yield get
    finally:
        process.terminate()
        process.wait()


def check_dashboard(found, get, name):
    (study,) = get("/api/studies")["study_summaries"]
    assert study["study_name"] == name
    assert study["directions"] == ["maximize", "minimize"]
    detail = get(f"/api/studies/{study['study_id']}")
    assert detail["objective_names"] == ["accuracy", "energy, pJ"]
    trials = {trial["number"]: trial for trial in detail["trials"]}
    assert sorted(trials) == sorted(found.records)
    for number, record in found.records.items():
        check_trial(trials[number], record, found.records)
    on_front = {point.number for point in found}
    assert on_front <= {n for n, trial in trials.items() if trial["state"] == "Complete"}


def check_trial(trial, record, records):
    attributes = {each["key"]: each["value"] for each in trial["user_attrs"]}
    assert attributes["state"] == record["state"]
    assert attributes.get("of") == (str(record["of"]) if "of" in record else None)
    assert attributes.get("error") == record.get("error")
    record = records[record.get("of", -1)] if "of" in record else record
    assert {p["name"]: p["param_external_value"] for p in trial["params"]} == record["candidate"]
    state = {"trained": "Complete", "failed": "Fail"}.get(record["state"], "Pruned")
    assert trial["state"] == state
    if state == "Complete":
        assert trial["values"] == record["values"]
    assert float(attributes["energy"]) == record["costs"]["energy"]
    (violation,) = trial["constraints"]
    assert (violation > 0) == (record["state"] == "rejected")


def test_the_dashboard_shows_a_search(whole):
    assert whole.dashboard == f"optuna-dashboard {whole.folder / STUDY}"
    with dashboard(whole.study) as get:
        check_dashboard(whole, get, "run")


def test_the_dashboard_shows_a_database(tmp_path):
    with postgresql() as url:
        found = mixed(tmp_path, storage=url, name="of the database")
        assert found.study == url.replace("secret", "***")
        with dashboard(url) as get:
            check_dashboard(found, get, "of the database")


def trials(path):
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    study = optuna.load_study(study_name=None, storage=storage)
    return study, [(t.params, t.values, t.state, t.user_attrs, t.constraints) for t in study.trials]


def test_the_study_is_of_its_front(whole):
    found = whole
    study, _ = trials(found.folder / STUDY)
    best = {tuple(trial.values) for trial in study.best_trials}  # some are there twice
    assert best == {tuple(point.values.values()) for point in found}
    for trial in study.trials:
        took = (trial.datetime_complete - trial.datetime_start).total_seconds()
        seconds = found.records[trial.number].get("seconds", 0)
        assert math.isclose(took, seconds, abs_tol=1e-3)


@pytest.mark.parametrize(("kept", "ahead"), [(1, False), (5, False), (9, False), (6, True)])
def test_a_search_that_goes_on_adds_what_the_study_lacks(tmp_path, whole, kept, ahead):
    """Whether journal or study had more when the driver was killed; a study may end within a line."""
    shutil.copytree(whole.folder, tmp_path, dirs_exist_ok=True)
    _, before = trials(tmp_path / STUDY)
    journal = tmp_path / JOURNAL_FILE
    lines = journal.read_bytes().splitlines(keepends=True)
    if ahead:
        journal.write_bytes(b"".join(lines[: kept + 1]))
    else:
        log = (tmp_path / STUDY).read_bytes()
        (tmp_path / STUDY).write_bytes(log[: len(log) * kept // 10])
    mixed(tmp_path, name="run")
    assert trials(tmp_path / STUDY)[1] == before


def test_a_new_search_begins_a_new_study(tmp_path):
    run(tmp_path, trials=4)
    (tmp_path / JOURNAL_FILE).unlink()
    found = run(tmp_path, trials=4, seed=3)
    _, written = trials(tmp_path / STUDY)
    assert [params for params, *_ in written] == [
        record["candidate"] for _, record in sorted(found.records.items())
    ]


def test_a_study_that_cannot_be_written(tmp_path):
    (tmp_path / STUDY).mkdir()
    with pytest.raises(SearchError, match=rf"^.*{STUDY}: expected to write the trials as an Optuna study, got: "
                       r".*\. Make room, or make it writable, and search again .*$"):  # fmt: skip
        run(tmp_path, trials=4)
