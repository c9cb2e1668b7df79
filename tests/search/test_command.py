"""``qhls search``: what it finds, how it goes on, how Ctrl-C ends it, and what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qhls.cli import main
from qhls.search.trials.journal import JOURNAL_FILE
from support.searches import FEW, LIMIT, data, dense

(X, Y), (X_VALIDATION, Y_VALIDATION) = data()
HALF = {"limit": LIMIT, "quantization_config": FEW}


@pytest.fixture
def files(tmp_path):
    """A model, data and a space, and the arguments that are always there."""
    dense().save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x_train=X, y_train=Y, x_test=X_VALIDATION, y_test=Y_VALIDATION)
    (tmp_path / "space.json").write_text(json.dumps(HALF))
    names = (tmp_path / name for name in ("model.keras", "data.npz"))
    given = {"-i": "s8.4", "--space": tmp_path / "space.json", "--folder": tmp_path / "run"}
    given |= {
        "--trials": 2,
        "--epochs": 1,
        "--batch": 2,
        "--batch-size": 96,
        "--executor": "inline",
    }
    return [*map(str, names), *(str(part) for pair in given.items() for part in pair)]


def test_a_front_from_the_command_line(files, tmp_path, capsys):
    wanted = [
        "--objective",
        "accuracy",
        "--objective",
        "energy",
        "--budget",
        "energy=90",
        "--report",
    ]
    assert main(["search", *files, *wanted, "--transfer-weights"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^trials: .*\d trained", text, re.MULTILINE)
    commands = re.findall(r"^qhls check \S+\.keras -i s8.4$", text, re.MULTILINE)
    assert commands
    assert f"optuna-dashboard {tmp_path}/run/optuna.log\n" in text
    assert f"report: {tmp_path}/run/report.html\n" in text
    assert (tmp_path / "run/report.html").is_file()
    journal = (tmp_path / "run" / JOURNAL_FILE).read_bytes()
    header = json.loads(journal.splitlines()[0].split(b" ", 1)[1])
    assert header["objectives"] == [["accuracy", "max"], ["energy", "min"]]
    assert header["budgets"] == {"energy": 90}
    assert header["weights"]
    points = tmp_path / "front.json"
    assert main(["search", *files, *wanted, "--transfer-weights", "--json", str(points)]) == 0
    assert (tmp_path / "run" / JOURNAL_FILE).read_bytes() == journal
    assert [point["command"] for point in json.loads(points.read_text())] == commands
    assert main([*commands[0].split()[1:], "--samples", "4", "-t", "vitis"]) == 0


def test_a_loss_for_a_model_that_has_none(files, tmp_path, capsys):
    dense(compiled=False).save(tmp_path / "model.keras")
    assert main(["search", *files]) == 2
    assert re.match(
        r"^qhls search: model 'dense': expected a compiled model, .*", capsys.readouterr().err
    )
    added = ["--loss", "sparse_categorical_crossentropy", "--optimizer", "sgd"]
    assert main(["search", *files, "--objective", "loss:min", "--objective", "bits", *added]) == 0


def test_widths_are_learned(files, tmp_path, capsys):
    """The same run again is answered from its journal; no dashboard, since there is no study."""
    learned = f"--learned --epochs 4 --levels 2 --strengths 0.1 30 --bits 6 --report -i s8.4 --folder {tmp_path}/run"
    for _ in range(2):
        assert main(["search", *files[:2], *learned.split()]) == 0
        text = capsys.readouterr().out
        assert "trials: 2 trained\n" in text
        assert re.search(
            r"^qhls check .*/run/models/epoch_000\d.keras -i s8.4$", text, re.MULTILINE
        )
        assert "optuna-dashboard" not in text
        assert f"report: {tmp_path}/run/report.html\n" in text


SCRIPT = """
import sys
from support.searches import Hangs
from qhls.cli import main
from qhls.search import command

pareto = command.pareto
command.pareto = lambda *given, fit, **settings: pareto(
    *given, fit=fit | {{"callbacks": [Hangs({victim!r})]}}, **settings
)
if __name__ == "__main__":
    sys.exit(main({arguments!r}))
"""


def test_control_c_ends_it_and_the_same_command_goes_on(files, tmp_path, capfd):
    """The signal goes to all processes of the terminal; one of two workers trains, for minutes, when it comes."""
    script, victim, journal = (
        tmp_path / "script.py",
        tmp_path / "victim",
        tmp_path / "run" / JOURNAL_FILE,
    )
    arguments = ["search", *files, "--executor", "processes", "--workers", "2", "--seed", "1"]
    script.write_text(SCRIPT.format(victim=str(victim), arguments=arguments))
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # What runs in a shell's background ignores the signal, and so would what it starts.
    settings["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    driver = subprocess.Popen([sys.executable, script], **settings, start_new_session=True)
    deadline = time.monotonic() + 300
    while not (victim.exists() and journal.exists() and journal.read_bytes().count(b"\n") == 2):
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    began = time.monotonic()
    os.killpg(driver.pid, signal.SIGINT)
    _, errors = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert time.monotonic() - began < 30  # it does not wait for what trains
    assert re.search(
        r"^qhls search: interrupted; what has been trained is in .*/run: the same command goes on from there\n$",
        errors,
        re.MULTILINE,
    )
    assert "Traceback" not in errors
    assert not Path(f"/proc/{victim.read_text()}").exists()
    noted = journal.read_bytes()
    assert main([*arguments, "--executor", "inline"]) == 0
    assert journal.read_bytes().startswith(noted)
    capfd.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "energy"], r"^qhls search: --budget: expected COST=NUMBER with COST one of energy, area, "
         r"latency, bits, got 'energy'\. .*$"),
        (["--budget", "power=3"], r"^qhls search: costs: expected one of energy, area, .*, got 'power'\. .*$"),
        (["--budget", "bits=3"], r"^qhls search: budget 'bits': expected at least \d+ bits, what the cheapest "
         r"candidate costs, got 3\. Raise it, .*$"),
        (["--objective", "accuracy:up"], r"^qhls search: objectives: expected names or pairs such as .*$"),
        (["--objective", "auc"], r"^qhls search: training: expected model, data, loss and metrics that fit each other, "
         r"got: .*$"),
        (["--objective", "nonsense"], r"^qhls search: objective 'nonsense': expected a metric that Keras knows by "
         r"name, got: .*nonsense.*\. Pass the metric itself: metrics=\[\.\.\.\]\.$"),
        (["--learned", "--warm-start"], r"^qhls search: --trials, --executor, --batch, --space, --warm-start: expected "
         r"without --learned, got with it\. .*$"),
        (["--levels", "3"], r"^qhls search: --levels: expected with --learned, got without it\. .*$"),
        (["--executor", "cluster"], r"^qhls search: executor: expected one of processes, inline, dask, ray, .*, "
         r"got 'cluster'\. .*$"),
        (["--engine", "best"], r"^qhls search: engine: expected one of tpe, gp, nsga2, random, got 'best'\. .*$"),
        (["--trials", "0"], r"^qhls search: trials: expected a number from 1 on, got 0\. .*$"),
        (["--storage", "nonsense"], r"^qhls search: storage: expected a database's URL, such as .*$"),
        (["--space", "none.json"], r"^qhls search: none.json: expected a JSON file, got no such file\. .*$"),
        (["--loss", "nonsense"], r"^qhls search: --optimizer, --loss: expected names that Keras knows, got None, "
         r"'nonsense': .*$"),
    ],
)  # fmt: skip
def test_refusals(files, arguments, message, capsys):
    assert main(["search", *files, *arguments]) == 2
    assert re.match(message, capsys.readouterr().err, re.MULTILINE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], r"^qhls search: .*: expected an object with some of quantization_config, .*, got \[1\]\. .*$"),
        ({"limits": {}}, r"^qhls search: .*: expected an object with some of .*limit, .*, got limits\. .*$"),
        ({"limit": {"Dens": [4]}}, r"^qhls search: limit: expected classes of layers or .*, got 'Dens'\. .*$"),
        ({"limit": {"Conv2D": [4]}}, r"^qhls search: .*$"),
    ],
)  # fmt: skip
def test_spaces_that_are_none(files, tmp_path, content, message, capsys):
    (tmp_path / "space.json").write_text(json.dumps(content))
    assert main(["search", *files]) == 2
    assert re.match(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": X, "y_train": Y}, r"^qhls search: .*: expected arrays x_train, y_train, and x_NAME, y_NAME with "
         r"NAME one of test, val, valid, validation, got x_train, y_train without x_test, y_test\. Write them .*$"),
        ({"x_train": X, "x_val": X, "y_val": Y}, r"^qhls search: .*, got x_train, x_val, y_val without y_train\. .*$"),
        ({"x_train": X, "y_train": Y[:3], "x_val": X, "y_val": Y}, r"^qhls search: data: expected as many inputs as "
         r"labels, at least 1, got 96 and 3\. .*$"),
    ],
)  # fmt: skip
def test_data_that_is_not_enough(files, tmp_path, arrays, message, capsys):
    np.savez(tmp_path / "data.npz", **arrays)
    assert main(["search", *files]) == 2
    assert re.match(message, capsys.readouterr().err)


@pytest.mark.parametrize("place", [0, 1], ids=["model", "data"])
def test_files_that_are_none(files, tmp_path, place, capsys):
    files[place] = str(tmp_path / "space.json")
    assert main(["search", *files]) == 2
    assert re.match(
        r"^qhls search: .*space.json: expected a (model that Keras loads|\.npy or .* of numbers), (received|got) .*",
        capsys.readouterr().err,
    )
    files[place] = str(tmp_path / "nothing")
    assert main(["search", *files]) == 2
    assert re.match(
        r"^qhls search: .*nothing: expected a (model file|\.npy or \.npz file of numbers), (received|got) .*",
        capsys.readouterr().err,
    )
