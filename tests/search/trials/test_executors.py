"""Executors: each trains the same trials, and a worker that is killed loses none. Dask and Ray are real clusters."""

import os
import pickle
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest

from qhls.search import GoalError, SearchError
from qhls.search.goals.objectives import parse
from qhls.search.space.choices import Space
from qhls.search.trials.executors import EXECUTORS, LOSSES, Dispatcher, Task, make_executor
from qhls.search.trials.job import Job
from qhls.search.trials.journal import JOURNAL_FILE
from qhls.search.trials.workers import Inline, Processes, Setup, answer, separate_random
from support.searches import (
    DATA,
    FEW,
    LIMIT,
    NEEDS,
    SEARCH,
    Deadly,
    Faulty,
    Hangs,
    dense,
    search,
)

OTHERS = [name for name in EXECUTORS if name != "inline"]


def without_time(found):
    return {n: {k: v for k, v in r.items() if k != "seconds"} for n, r in found.records.items()}


@pytest.fixture(scope="module")
def inline(tmp_path_factory):
    return search(tmp_path_factory.mktemp("inline"), "inline")


def job(folder, **settings):
    values = {"model": dense(), "data": (*DATA[0], *DATA[1]), "objective": parse(["accuracy"])[0]}
    values |= {"metrics": ["accuracy"], "space": {"limit": LIMIT, "quantization_config": FEW}}
    return Job(**values | settings, folder=folder)


# -- lost workers -----------------------------------------------------------------------------------


def kill_when_it_hangs(file):
    """``kill -9`` of the worker that writes its number to ``file``."""

    def watch():
        deadline = time.monotonic() + 500
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(int(file.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("executor", OTHERS)
def test_a_killed_worker_loses_no_trial(tmp_path, executor, inline):
    """Killed from outside in the middle of a trial: the same trials, metrics, costs and weights as in one process."""
    victim = tmp_path / "victim"
    killer = kill_when_it_hangs(victim)
    fit = SEARCH["fit"] | {"callbacks": [Hangs(victim)]}
    began = time.monotonic()
    found = search(tmp_path / "run", executor, fit=fit)
    killer.join(1)
    assert not killer.is_alive()
    assert int(victim.read_text()) != os.getpid()
    assert time.monotonic() - began < 600  # it was killed, it did not end by itself
    assert without_time(found) == without_time(inline)
    for a, b in zip(found, inline, strict=True):
        for v, w in zip(a.model().get_weights(), b.model().get_weights(), strict=True):
            np.testing.assert_array_equal(v, w)


@pytest.mark.parametrize(
    "executor", ["processes", *(pytest.param(e, marks=pytest.mark.long) for e in ("dask", "ray"))]
)
def test_a_candidate_that_kills_its_workers_fails_and_the_search_goes_on(
    tmp_path, executor, inline
):
    fit = SEARCH["fit"] | {"callbacks": [Deadly()]}
    found = search(tmp_path, executor, fit=fit, rungs=(), trials=3)
    failed = {n for n, record in found.records.items() if record["state"] == "failed"}
    deadly = {
        n
        for n, record in found.records.items()
        if record["candidate"]["d0_kernel_quantizer"].startswith("quantized_bits(2")
        and record["state"] != "duplicate"
    }
    assert failed == deadly
    assert failed
    for number in failed:
        assert re.match(
            rf"^training: expected a worker that survives it, got {LOSSES} in a row that were lost, the last "
            r"with .+: out of memory, or a crash in what it calls\.$",
            found.records[number]["error"],
        )
    assert found.count_states()["trained"] >= 3


SCRIPT = """
import sys
import support.searches as here

if __name__ == "__main__":
    here.search({folder!r}, {executor!r}, {settings})
"""


@pytest.mark.parametrize(
    "executor", ["processes", *(pytest.param(e, marks=pytest.mark.long) for e in ("dask", "ray"))]
)
def test_a_killed_driver_resumes(tmp_path, executor):
    """Killed while one worker trains and what the other has trained is noted; no process trains on without it."""
    script, folder, victim = tmp_path / "script.py", tmp_path / "run", tmp_path / "victim"
    fit = f"here.SEARCH['fit'] | {{'callbacks': [here.Hangs({str(victim)!r})]}}"
    call = {"folder": str(folder), "executor": executor}
    script.write_text(SCRIPT.format(**call, settings=f"rungs=(), trials=4, fit={fit}"))
    driver = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL)
    journal, deadline = folder / JOURNAL_FILE, time.monotonic() + 300

    def until(reached):
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    until(lambda: driver.poll() is not None or victim.exists())
    until(lambda: driver.poll() is not None or (journal.exists() and len(lines(journal)) == 4))
    assert driver.poll() is None
    driver.kill()
    driver.wait()
    until(lambda: not Path(f"/proc/{victim.read_text()}").exists())
    noted = lines(journal)
    again, whole = (search(f, "inline", rungs=()) for f in (folder, tmp_path / "whole"))
    assert lines(journal)[: len(noted)] == noted
    assert without_time(again) == without_time(whole)
    for a, b in zip(again, whole, strict=True):
        for v, w in zip(a.model().get_weights(), b.model().get_weights(), strict=True):
            np.testing.assert_array_equal(v, w)


def lines(journal):
    return journal.read_bytes().splitlines(keepends=True)


def test_threads_beside_a_training_leave_its_random_numbers_alone():
    """Keras seeds initial weights by Python's generator, from which a cluster's threads draw for their timers."""
    random.seed(3)
    wanted = [random.random() for _ in range(200)]
    before, stop = random.random, threading.Event()
    drawn = []

    def draw():
        while not stop.is_set():
            drawn.append(random.random())

    with separate_random():
        thread = threading.Thread(target=draw)
        thread.start()
        random.seed(3)
        found = []
        for _ in wanted:
            count = len(drawn)
            while len(drawn) == count:  # the other draws between any two
                time.sleep(0)
            found.append(random.random())
        stop.set()
        thread.join()
    assert found == wanted
    assert random.random == before


# -- clusters that are there ------------------------------------------------------------------------


def test_workers_need_no_folder_in_common_with_the_driver(tmp_path, monkeypatch, inline):
    """Workers run elsewhere, in an empty folder that stays so; the search's folder is relative to the driver's."""
    distributed = pytest.importorskip("distributed", reason="executor 'dask' needs it")
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir(), here.mkdir()
    monkeypatch.chdir(there)
    settings = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": None}
    with distributed.LocalCluster(local_directory=tmp_path / "own", **settings) as cluster:
        monkeypatch.chdir(here)
        address = cluster.scheduler_address
        found = search("run", f"dask:{address}")
        assert without_time(found) == without_time(inline)
        for point in found:
            assert point.path.is_file()
            assert point.model().get_weights()
        assert not list(there.iterdir())
        with distributed.Client(address) as client:
            left = client.run(lambda dask_worker: [p for p in dask_worker.plugins if "qhls" in p])
        assert len(left) == 2  # the cluster goes on, without the job
        assert not any(left.values())


@pytest.fixture
def ray_cluster():
    """Address and environment of a cluster of two CPUs, as ``ray start`` on its head begins it, with a token."""
    pytest.importorskip("ray", reason="executor 'ray' needs it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--head", "--block", f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    settings = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    settings["env"] = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123" * 16}
    command = [Path(sys.executable).with_name("ray"), "start", *options, "--disable-usage-stats"]
    head = subprocess.Popen(command, start_new_session=True, **settings)
    deadline = time.monotonic() + 120
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert head.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        yield f"127.0.0.1:{port}", settings["env"]
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait(60)


@pytest.mark.long
def test_a_ray_cluster_that_is_there(tmp_path, inline, ray_cluster):
    """Searched on twice: it stays when a search has ended."""
    address, environment = ray_cluster
    script = tmp_path / "script.py"
    for name in ("first", "second"):
        folder = tmp_path / name
        values = {"folder": str(folder), "executor": f"ray:{address}"}
        script.write_text(SCRIPT.format(**values, settings=""))
        subprocess.run([sys.executable, script], check=True, env=environment, timeout=600)
        assert without_time(search(folder, "inline")) == without_time(inline)


@pytest.mark.parametrize(
    ("given", "team", "address"),
    [
        ("dask", "dask", ""),
        ("dask:tcp://host:8786", "dask", "tcp://host:8786"),
        ("dask://host:8786", "dask", "host:8786"),
        ("tcp://host:8786", "dask", "tcp://host:8786"),
        ("tls://host:8786", "dask", "tls://host:8786"),
        ("ray", "ray", ""),
        ("ray:auto", "ray", "auto"),
        ("ray://head:10001", "ray", "ray://head:10001"),
        ("ray:ray://head:10001", "ray", "ray://head:10001"),
    ],
)
def test_names_and_addresses(tmp_path, given, team, address):
    pytest.importorskip(NEEDS[team], reason=f"executor {team!r} needs it")
    made = make_executor(given, job(tmp_path), 3).team
    assert (made.name, made.address, made.workers) == (team, address, 3)
    made.close()


def test_a_cluster_that_is_not_there(tmp_path):
    pytest.importorskip("distributed", reason="executor 'dask' needs it")
    import dask.config

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}),
        pytest.raises(
            SearchError,
            match=r"^executor 'dask': expected a cluster at 'tcp://127.0.0.1:9', got OSError: .*$",
        ),
    ):
        search(tmp_path, "tcp://127.0.0.1:9")


# -- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["threads", "inline:3", "processes:tcp://host", "", 3, None])
def test_unknown_executors(tmp_path, given):
    with pytest.raises(
        SearchError,
        match=r"^executor: expected one of processes, inline, dask, ray, 'dask:ADDRESS', 'ray:ADDRESS' or a function "
        rf"of the job, got {given!r}\. .*$",
    ):
        make_executor(given, job(tmp_path), None)


@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_package_that_is_missing(tmp_path, monkeypatch, name, package):
    monkeypatch.delitem(sys.modules, f"qhls.search.trials.on_{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SearchError, match=rf"^executor '{name}': expected the package that it needs, got none "
                       rf"\(.*\)\. Run pip install 'qhls\[{name}\]'\.$"):  # fmt: skip
        make_executor(name, job(tmp_path), None)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_workers_are_a_number(tmp_path, workers):
    with pytest.raises(
        SearchError, match=rf"^workers: expected a number from 1 on, got {workers}\. .*$"
    ):
        search(tmp_path, "processes", workers=workers)


def task(made):
    return Task(0, Space(made.model, **made.space).smallest, 1, 1)


def test_errors_of_a_worker_arrive_as_they_were(tmp_path):
    made = job(tmp_path, metrics=[], objective=parse(["auc"])[0])
    for team in (Inline(made), Processes(made, 1)):
        with pytest.raises(
            GoalError, match=r"^metric: expected one of val_auc in what Keras logs, got .*$"
        ):
            list(Dispatcher(made, team).run([task(made)]))
        team.close()


def test_an_unexpected_error_of_a_worker_is_told_with_its_trace(tmp_path):
    made = job(tmp_path, fit={"callbacks": [Faulty()]})
    told = answer(Setup("test", lambda: made.pack("ray")), task(made), None)
    assert re.match(
        r"^worker \d+ on .*: expected to train, got ZeroDivisionError: of a callback\. Use executor='inline' "
        r"to see where\.$",
        str(told),
    )
    again = pickle.loads(pickle.dumps(told))
    assert type(again) is SearchError
    assert "on_epoch_begin" in again.__notes__[0]


def test_a_script_without_main_is_told_what_it_lacks(tmp_path):
    script = tmp_path / "script.py"
    text = SCRIPT.format(
        folder=str(tmp_path / "run"),
        executor="processes",
        settings="trials=1, workers=1",
    )
    script.write_text(text.replace('if __name__ == "__main__":', "if True:"))
    ended = subprocess.run(
        [sys.executable, script], check=False, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 1
    assert re.search(
        r"SearchError: executor 'processes': expected workers that read model and data, got one that ended "
        r"before \(status 1\), out of memory or because a script searches outside of if __name__ == '__main__'\. "
        r"Use executor='inline', which needs neither\.$",
        ended.stderr,
        re.MULTILINE,
    )


def test_a_worker_with_another_backend(tmp_path, monkeypatch):
    packed = job(tmp_path).pack("ray")
    monkeypatch.setattr(keras.backend, "backend", lambda: "other")
    with pytest.raises(SearchError, match=r"^executor 'ray': expected workers with the driver's Keras backend, "
                       r"(\w+), got other\. Start them with KERAS_BACKEND=\1\.$"):  # fmt: skip
        Job.unpack(packed)


def test_a_process_cannot_load_what_has_no_name(tmp_path):
    made = job(tmp_path, model=dense(loss=lambda y, p: keras.ops.mean(p)))
    with pytest.raises(SearchError, match=r"^executor 'processes': expected a model that Keras loads again with its "
                       r"loss and optimizer, got .*lambda.*\. Register .*, or use executor='inline'\.$"):  # fmt: skip
        Job.unpack(made.pack("processes"))


def test_a_process_cannot_be_sent_what_has_no_name(tmp_path):
    with pytest.raises(SearchError, match=r"^executor 'processes': expected metrics, callbacks and custom objects "
                       r"that can be sent to other processes, got .*\. Define them in .*$"):  # fmt: skip
        Processes(job(tmp_path, metrics=[lambda y, p: p]))
