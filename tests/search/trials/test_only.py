"""One driver of a search at a time; data and types that no training survives; a search trains what it is told to."""

import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO

import numpy as np
import pytest
import sqlalchemy
from rich.console import Console

from qhls.search import AutoQKeras, JournalError, SearchError, gradient, pareto
from qhls.search.trials import database
from qhls.search.trials.database import DatabaseLines
from qhls.search.trials.journal import JOURNAL_FILE as JOURNAL
from qhls.search.trials.only import (
    LOCK_FILE,
    identify_machine,
    identify_process,
    is_running,
    lock_folder,
)
from support.searches import BITS, DATA, FEW, LIMIT, Pretended, dense, run, states

TAKEN = (
    r"expected to be the only driver of this search, got another: process \d+ on \S+ since .*\. "
    r"Wait for it or end it, or search in another folder or under another name\.$"
)

SCRIPT = """
import sys, time
from pathlib import Path
from support.searches import Pretended, run

class Slow(Pretended):
    def result(self, task):
        Path({folder!r}, "runs").touch()
        time.sleep({seconds})
        return super().result(task)

run({folder!r}, executor=Slow, trials=8, storage={url!r})
"""


def driver(folder, url=None, seconds=0.1):
    script = SCRIPT.format(folder=str(folder), url=url, seconds=seconds)
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)


def wait_for(path, process, seconds=200):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("storage", [False, True], ids=["file", "database"])
def test_a_second_driver_is_refused_and_a_dead_one_is_not_waited_for(tmp_path, storage):
    url = f"sqlite:///{tmp_path}/search.db" if storage else None
    folder = tmp_path / "run"
    first = driver(folder, url, 1000)
    try:
        wait_for(folder / "runs", first)
        with pytest.raises(JournalError, match=rf"^{folder}: {TAKEN}"):
            run(folder, trials=8, storage=url)
        if storage:  # in a folder of its own
            with pytest.raises(JournalError, match=rf"^sqlite:.*, search 'run': {TAKEN}"):
                run(tmp_path / "other", trials=8, storage=url, name="run")
            assert not (tmp_path / "other").exists()
        os.kill(first.pid, signal.SIGKILL)
    finally:
        first.kill()
        first.communicate()
    assert (folder / LOCK_FILE).exists()
    found = run(folder, trials=8, storage=url)
    assert found.records == run(tmp_path / "alone", trials=8).records
    assert not (folder / LOCK_FILE).exists()
    if storage:
        with sqlalchemy.create_engine(url).connect() as connection:
            assert not connection.execute(sqlalchemy.text("select * from qhls_lock")).all()


def test_two_drivers_at_once_leave_one_sound_journal(tmp_path):
    folder = tmp_path / "run"
    drivers = [driver(folder) for _ in range(2)]
    errors = [each.communicate(timeout=300)[1] for each in drivers]
    assert sorted(each.returncode for each in drivers) in ([0, 0], [0, 1])
    for each, error in zip(drivers, errors, strict=True):
        assert each.returncode == 0 or "expected to be the only driver of this search" in error
    assert run(folder, trials=8).records == run(tmp_path / "alone", trials=8).records


@pytest.mark.parametrize("kind", ["gradient", "AutoQKeras"])
def test_other_searches_have_one_driver_too(tmp_path, kind):
    def search():
        if kind == "gradient":
            gradient(
                dense(),
                DATA,
                epochs=1,
                levels=1,
                input_types="s8.4",
                folder=tmp_path / "x",
                progress=False,
            )
        else:
            found = AutoQKeras(
                dense(),
                limit=LIMIT,
                quantization_config=FEW,
                max_trials=1,
                output_dir=tmp_path / "x",
                overwrite=False,
            )
            found.fit(*DATA[0], validation_data=DATA[1], epochs=1, verbose=0)

    with lock_folder(tmp_path / "x"), pytest.raises(JournalError, match=rf"^.*/x: {TAKEN}"):
        search()
    assert not (tmp_path / "x").exists()
    search()
    assert (tmp_path / "x" / JOURNAL).exists()
    assert not (tmp_path / "x" / LOCK_FILE).exists()


def test_a_process_is_told_apart_from_a_later_one_of_its_number():
    name = identify_process(os.getpid())
    assert is_running(name)
    assert not is_running(f"{os.getpid()} 1")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    begun = identify_process(ended.pid)
    ended.wait()
    assert not is_running(begun)


def planted(url, **changes):
    """A lock that another driver has, in the table."""
    row = {"search": "x", "token": "t", "beat": 0, "driver": "process 7 on here since 1"}
    row |= {"machine": identify_machine(), "process": identify_process(os.getpid())}
    lines = DatabaseLines(url, "x")
    lines.read()
    lines._execute(sqlalchemy.insert(database._locks).values(row | changes))
    return lines


@pytest.mark.parametrize("beats", [False, True])
def test_a_driver_on_another_machine_lives_by_its_beats(tmp_path, monkeypatch, beats):
    monkeypatch.setattr(database, "BEAT", 0.1)
    lines = planted(f"sqlite:///{tmp_path}/x.db", machine="elsewhere")
    ended = threading.Event()
    heart = threading.Thread(target=lines._keep_alive, args=(database._locks.c.token == "t", ended))
    if beats:
        heart.start()
    try:
        if beats:
            with pytest.raises(JournalError, match=rf"^.*: {TAKEN}"), lines.lock():
                pass
        else:
            with lines.lock():
                assert lines._lock().token != "t"
                before = lines._lock().beat
                time.sleep(1)
                assert lines._lock().beat > before
            assert lines._lock() is None
    finally:
        ended.set()
        if beats:
            heart.join()


# -- before anything is trained ---------------------------------------------------------------------


class Never(Pretended):
    def result(self, task):
        raise AssertionError("something is trained")


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_is_not_finite(tmp_path, place, value):
    data = [[np.array(part, float) for part in parts] for parts in DATA]
    data[place[0]][place[1]].flat[3] = value
    name = ("x", "y", "x_val", "y_val")[2 * place[0] + place[1]]
    message = rf"^data: {name}: expected finite numbers, got 1 NaN or infinite of [\d,]+\. Leave out or .*$"
    with pytest.raises(SearchError, match=message):
        pareto(dense(), data, BITS, folder=tmp_path / "a", executor=Never)
    with pytest.raises(SearchError, match=message):
        gradient(dense(), data, folder=tmp_path / "a", input_types="s8.4")
    found = AutoQKeras(
        dense(), limit=LIMIT, quantization_config=FEW, max_trials=1, output_dir=tmp_path / "a"
    )
    with pytest.raises(
        SearchError, match=r"^fit: expected finite numbers, got 1 NaN or infinite of .*$"
    ):
        found.fit(*data[0], validation_data=tuple(data[1]), epochs=1)
    assert not (tmp_path / "a").exists()


def test_data_that_is_no_numbers(tmp_path):
    texts = np.array([["a"] * 8] * len(DATA[0][1]))
    with pytest.raises(
        SearchError, match=r"^data: x: expected numbers, got <U1\. Give arrays of numbers\.$"
    ):
        pareto(dense(), ((texts, DATA[0][1]), DATA[1]), BITS, folder=tmp_path, executor=Never)


@pytest.mark.parametrize("given", [None, "nonsense", ["s8.4", "s8.4"], {"other": "s8.4"}])
def test_inputs_without_a_type(tmp_path, given):
    with pytest.raises(SearchError, match=r"^input_types: .*expected .*$"):
        run(tmp_path / "a", objectives=("accuracy", "energy"), input_types=given, executor=Never)
    assert not (tmp_path / "a").exists()
    assert len(run(tmp_path / "b", input_types=None, trials=2).records) == 2  # bits need none


# -- as many as are asked for -----------------------------------------------------------------------


@pytest.mark.parametrize("trials", [1, 2, 4, 5, 11])
def test_as_many_are_trained_as_asked_for(tmp_path, trials):
    found = run(tmp_path, trials=trials, batch=4)
    assert states(found).count("trained") == trials
    again = run(tmp_path, trials=trials, batch=4, executor=Never)
    assert again.records == found.records


def test_a_search_of_more_trials_goes_on_within_a_batch(tmp_path):
    for trials in (1, 2, 6, 12):
        found = run(tmp_path / "part", trials=trials, batch=4)
    assert found.records == run(tmp_path / "whole", trials=12, batch=4).records


def test_others_of_a_batch_take_the_place_of_one_that_fails(tmp_path):
    class Failing(Pretended):
        def result(self, task):
            if task.number == 0:
                return {"state": "failed", "error": "training: lost", "metrics": {}}
            return super().result(task)

    found = run(tmp_path, trials=2, batch=4, executor=Failing)
    assert states(found).count("trained") == 2
    assert len(found.records) == 3


# -- what is shown ----------------------------------------------------------------------------------


def shown_of(search):
    console = Console(file=StringIO(), force_terminal=True, width=100)
    search(console)
    return console.file.getvalue()


def test_the_clock_goes_on_while_nothing_happens(tmp_path):
    class Slow(Pretended):
        def result(self, task):
            time.sleep(2.5)
            return super().result(task)

    text = shown_of(
        lambda console: run(tmp_path, trials=1, batch=1, executor=Slow, progress=console)
    )
    for second in ("0 s", "1 s", "2 s"):
        assert f"0 of 1 trials (none yet), {second}" in text or f"(1 running), {second}" in text


def test_the_bar_of_learned_widths_ends_at_its_end(tmp_path):
    settings = {"epochs": 8, "levels": 2, "input_types": "s8.4", "folder": tmp_path}
    text = shown_of(lambda console: gradient(dense(), DATA, progress=console, **settings))
    assert "2 of 2 trials (2 trained)" in text
