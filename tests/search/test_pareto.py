"""The Pareto search: what the driver asks, prices, refuses, remembers and takes up again; the front and its report."""

import io
import json
import math
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest
from rich.console import Console

import qhls
from qhls.cli import main
from qhls.energy.report import plot
from qhls.quantizers import get_quantizer
from qhls.search import (
    BudgetError,
    GoalError,
    JournalError,
    SearchError,
    pareto,
)
from qhls.search.engines.samplers import ENGINES, Engine, TrialOutcome, choose_engine
from qhls.search.engines.warm import find_warm_candidates, list_homogeneous, solve_program
from qhls.search.goals.costs import Hardware, measure
from qhls.search.goals.objectives import dominates, parse
from qhls.search.results.pictures import draw_parallel
from qhls.search.results.report import collect_layer_bits
from qhls.search.space.choices import Space
from qhls.search.trials.executors import Job, Task
from qhls.search.trials.journal import JOURNAL_FILE
from support.searches import BITS, DATA, FEW, LIMIT, Pretended, data, dense, run, states

# -- the driver -------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["tpe", "nsga2", "random"])
def test_the_front_is_of_what_was_tried(tmp_path, engine):
    found = run(tmp_path, engine=engine, tune_filters="layer")
    assert found.count_states()["trained"] >= 12
    trained = [r["values"] for r in found.records.values() if r["state"] == "trained"]
    losses = [(-accuracy, bits) for accuracy, bits in trained]
    points = [(-p.values["accuracy"], p.values["bits"]) for p in found]
    for point in points:
        assert not any(dominates(other, point) for other in losses)
    for other in losses:
        assert other in points or any(dominates(point, other) for point in points)
    assert points == sorted(points)
    for point in found:  # each has its file; what was beaten has none
        assert json.loads(point.path.read_text()) == point.candidate
    assert len(list((tmp_path / "models").iterdir())) == len(found)


def test_a_callable_module(tmp_path):
    model = dense()
    settings = {
        "limit": LIMIT,
        "quantization_config": FEW,
        "executor": Pretended,
        "progress": False,
    }
    called = qhls.search(model, DATA, BITS, folder=tmp_path / "a", trials=4, **settings)
    named = qhls.search.pareto(
        model, (*DATA[0], *DATA[1]), BITS, folder=tmp_path / "b", trials=4, **settings
    )
    assert [p.values for p in called] == [p.values for p in named]


def test_candidates_are_streams_where_the_schedule_says_so(tmp_path):
    schedule = qhls.Schedule(io="stream", interval=40)
    costs = ("accuracy", "energy", "area", "latency")
    found = run(tmp_path, objectives=costs, schedule=schedule, trials=4)
    arrays = run(tmp_path / "arrays", objectives=costs, trials=4)
    slowest, fastest = (
        ends(p.values["latency"] for p in front) for ends, front in ((max, arrays), (min, found))
    )
    assert 0 < slowest < fastest  # a token after the other


def test_all_of_a_small_space_is_tried_and_nothing_twice(tmp_path):
    found = run(tmp_path, trials=100, engine="random")
    trained = [r for r in found.records.values() if r["state"] == "trained"]
    assert len(trained) == 2**5
    twice = [r for r in found.records.values() if r["state"] == "duplicate"]
    assert twice
    for record in twice:
        first = found.records[record["of"]]
        assert first["state"] == "trained"
        assert first["candidate"] == record["candidate"]


def test_candidates_over_budget_are_not_trained(tmp_path):
    executors = []

    def spy(job):
        executors.append(Pretended(job))
        return executors[0]

    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    ends = [
        measure(space.build(c), ["energy", "bits"], Hardware("s8.4"))
        for c in (space.smallest, space.get_candidate(space.size - 1))
    ]
    most = {name: (ends[0][name] + ends[1][name]) / 2 for name in ends[0]}
    found = run(
        tmp_path,
        objectives=("accuracy", "energy"),
        budgets=most,
        executor=spy,
    )
    assert {"rejected", "trained"} <= set(states(found))
    trained = {task.number for task in executors[0].tasks}
    for number, record in found.records.items():
        if record["state"] == "duplicate":
            continue
        over = any(record["costs"][name] > most[name] for name in most)
        assert over == (record["state"] == "rejected")
        assert (number in trained) == (record["state"] == "trained")
        if over:
            assert re.match(r"^over budget: (energy|bits) [\d.]+", record["error"])
    for point in found:
        model = Space(dense(), limit=LIMIT, quantization_config=FEW).build(point.candidate)
        assert measure(model, ["energy"], Hardware("s8.4"))["energy"] == point.values["energy"]


def test_the_first_batch_is_as_large_as_said(tmp_path):
    sizes = []

    class Counted(Pretended):
        def run(self, tasks):
            sizes.append(len(tasks))
            return super().run(tasks)

    run(tmp_path, executor=Counted, tune_filters="layer", batch=5, trials=10)
    assert sizes == [5, 5]


def test_only_the_best_third_goes_beyond_a_rung(tmp_path):
    executors = []

    def spy(job):
        executors.append(Pretended(job))
        return executors[0]

    found = run(
        tmp_path, executor=spy, tune_filters="layer", batch=6, trials=12, rungs=(1, 2), epochs=5
    )
    tasks = executors[0].tasks
    assert [sum(t.epochs == e for t in tasks[:9]) for e in (1, 2, 5)] == [6, 2, 1]
    assert {(t.begin, t.epochs) for t in tasks} == {(0, 1), (1, 2), (2, 5)}
    for task in tasks:
        parent = f"models/trial_{task.number:04d}.keras" if task.begin else None
        assert task.parent == parent
    counts = found.count_states()
    assert counts["stopped"] + counts["trained"] == 12
    assert all(found.records[p.number]["epochs"] == 5 for p in found)
    for record in found.records.values():
        if record["state"] == "stopped":
            assert record["values"] == record["rungs"][str(record["epochs"])]


def test_failures_are_noted_and_the_search_goes_on(tmp_path):
    class Failing(Pretended):
        def result(self, task):
            if task.number % 2:
                return {
                    "state": "failed",
                    "error": "training: expected a finite loss",
                    "metrics": {},
                }
            return super().result(task)

    found = run(tmp_path, executor=Failing, tune_filters="layer", trials=6)
    assert states(found)[:4] == ["trained", "failed", "trained", "failed"]
    assert found.count_states()["trained"] >= 6


def test_nothing_could_be_trained(tmp_path):
    class Failing(Pretended):
        def result(self, task):
            return {"state": "failed", "error": "training: lost", "metrics": {}}

    with pytest.raises(SearchError, match=r"^search: expected a trial that was trained within the budgets, got "
                       r"none of \d+: training: lost$"):  # fmt: skip
        run(tmp_path, executor=Failing, trials=4)


def test_a_search_in_which_everything_fails_ends_soon(tmp_path):
    """No prices: nothing can be priced."""
    told = r"model 'dense': expected one that becomes a design, got: technology: expected one of .*"
    with pytest.raises(SearchError, match=rf"^search: expected a trial that was trained within the budgets, got "
                       rf"none of 20: {told}$"):  # fmt: skip
        run(
            tmp_path / "a",
            objectives=("accuracy", "energy"),
            technology="none",
            tune_filters="layer",
        )
    with pytest.raises(SearchError, match=rf"^budget 'energy': expected a candidate that can be priced, got "
                       rf"none: {told}$"):  # fmt: skip
        run(tmp_path / "b", budgets={"energy": 9}, technology="none")


# -- taken up again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["tpe", "nsga2", "random"])
@pytest.mark.parametrize("kept", [1, 3, 7, 9])
def test_a_search_goes_on_from_its_journal(tmp_path, engine, kept):
    """With any number of lines left, the rest is as it would have been, and what is noted is not trained again."""
    settings = {"engine": engine, "tune_filters": "layer"}
    whole = run(tmp_path / "whole", **settings)
    part = tmp_path / "part"
    part.mkdir()
    lines = (tmp_path / "whole" / JOURNAL_FILE).read_bytes().splitlines(keepends=True)
    (part / JOURNAL_FILE).write_bytes(b"".join(lines[: kept + 1]) + lines[kept + 1][:20])
    trained = []

    class Counted(Pretended):
        def result(self, task):
            trained.append(task.number)
            return super().result(task)

    again = run(part, executor=Counted, **settings)
    assert again.records == whole.records
    noted = {json.loads(line.split(b" ", 1)[1])["number"] for line in lines[1 : kept + 1]}
    expected = [
        n for n, r in sorted(whole.records.items()) if r["state"] == "trained" and n not in noted
    ]
    assert trained == expected
    assert sorted((part / JOURNAL_FILE).read_bytes().splitlines()) == sorted(
        b"".join(lines).splitlines()
    )


def test_more_trials_go_on_after_the_end(tmp_path):
    short = run(tmp_path, trials=4, tune_filters="layer")
    longer = run(tmp_path, trials=12, tune_filters="layer")
    assert short.records.items() <= longer.records.items()
    assert longer.count_states()["trained"] >= 12


def test_the_journal_of_another_search(tmp_path):
    run(tmp_path, trials=4)
    with pytest.raises(JournalError, match=r"^.*: expected the journal of this search, got one whose seed is 0, "
                       r"not 1\. .*$"):  # fmt: skip
        run(tmp_path, trials=4, seed=1)
    with pytest.raises(
        JournalError, match=r"^.*: expected the journal of this search, got one whose data .*$"
    ):
        pareto(dense(), data(seed=1), BITS, limit=LIMIT, quantization_config=FEW, folder=tmp_path,
               executor=Pretended, progress=False, trials=12, batch=4, epochs=3, input_types="s8.4")  # fmt: skip


def test_a_damaged_journal(tmp_path):
    run(tmp_path, trials=4)
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(path.read_bytes().replace(b"trained", b"trainde", 1))
    with pytest.raises(
        JournalError, match=r"^.*journal.jsonl, line 2: expected what a search has written, .*$"
    ):
        run(tmp_path, trials=4)


def test_another_version_of_the_engine_is_noticed(tmp_path, monkeypatch):
    run(tmp_path, trials=4, tune_filters="layer")
    ask = Engine.ask
    monkeypatch.setattr(
        Engine, "ask", lambda self: replace(ask(self), candidate=self.space.get_candidate(7))
    )
    with pytest.raises(JournalError, match=r"^.*: expected the candidate \{.*\} as trial 0, got \{.*\}, of "
                       r"another version of Optuna or qhls\. Search in a new folder\.$"):  # fmt: skip
        run(tmp_path, trials=8, tune_filters="layer")


SCRIPT = """
import sys, time
from support.searches import Pretended, run

class Slow(Pretended):
    def result(self, task):
        time.sleep(0.2)
        return super().result(task)

run({folder!r}, executor=Slow, tune_filters="layer", trials=40)
"""


def test_a_driver_that_is_killed_resumes(tmp_path):
    script = SCRIPT.format(folder=str(tmp_path / "run"))
    driver = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    path = tmp_path / "run" / JOURNAL_FILE
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes().count(b"\n") < 8:
        assert driver.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    noted = path.read_bytes().count(b"\n") - 1
    settings = {"tune_filters": "layer", "trials": 40}
    again = run(tmp_path / "run", **settings)
    assert noted < len(again.records)
    assert again.records == run(tmp_path / "whole", **settings).records


# -- for real ---------------------------------------------------------------------------------------

REAL = {
    "limit": LIMIT, "quantization_config": FEW, "input_types": "s8.4", "trials": 3, "batch": 3,
    "epochs": 2, "fit": {"batch_size": 96}, "transfer_weights": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    return pareto(
        dense(),
        DATA,
        ("accuracy", "energy"),
        folder=folder,
        executor="inline",
        progress=False,
        **REAL,
    )


def test_points_have_their_weights_and_a_command(real, capsys, monkeypatch):
    for point in real:
        model = point.model()
        model.compile(
            "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True
        )
        _, accuracy = model.evaluate(*DATA[1], batch_size=96, verbose=0)
        assert accuracy == pytest.approx(point.values["accuracy"])
        assert point.design().energy().total == point.values["energy"] <= point.costs["energy"]
    program, *arguments = shlex.split(real[0].command)
    assert (program, arguments[-1]) == ("qhls", "s8.4")
    assert main([*arguments, "--samples", "16", "-t", "vitis"]) == 0
    assert "mismatch" not in capsys.readouterr().err


def test_the_report_shows_every_point(real):
    page = real.report().read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count('class="front"') == len(real)
    trained = sum(record["state"] == "trained" for record in real.records.values())
    assert page.count("<circle") == page.count("<polyline") == trained
    assert page.count('<polyline class="point"') == len(real)
    for point in real:
        assert f"<code>{point.command}</code>" in page
        for option in point.candidate.values():
            assert f"<code>{option}</code>" in page


def test_the_report_splits_energy_and_bits(real):
    page = real.report().read_text(encoding="utf-8")
    split, _, tables = page.partition("<h2>Energy of each point</h2>")[2].partition("<h2>Bits")
    for point in real:
        design = point.design()
        assert (
            f"trial {point.number}, add: {plot.format_number(design.energy().causes['add'])} pJ"
            in split
        )
        graph = {op.name: op for op in design.graph.ops}
        bits = collect_layer_bits(design)
        layers = [layer.name for layer in point.model().layers]
        assert list(bits) == [name for name in layers if name in bits]
        assert {"d0", "d1", "d2"} <= set(bits)
        assert bits["d0"].weights == graph["d0.kernel"].type.width
        results = [op for op in design.graph.ops if op.layer == "d0"]
        assert bits["d0"].results == results[-1].type.width
        cells = "".join(rf".*>{b.weights or '-'} / {b.results}</td>" for b in bits.values())
        assert re.search(rf'<td class="number">{point.number}</td>{cells}', tables)


def test_parallel_coordinates_show_what_differs(real):
    picture = draw_parallel(real)
    trained = [r for r in real.records.values() if r["state"] == "trained"]
    choices = {name: {str(r["candidate"][name]) for r in trained} for name in real[0].candidate}
    names = [axis.name for axis in picture.axes]
    assert names[-2:] == [objective.name for objective in real.objectives]
    assert set(names[:-2]) <= {name for name, options in choices.items() if len(options) > 1}
    for axis in picture.axes[:-2]:
        bits = [get_quantizer(option).bits for option in choices[axis.name]]
        assert [text for _, text in axis.ticks] == [str(b) for b in sorted(set(bits))]
        assert axis.ticks[0][0] > axis.ticks[-1][0]  # more is higher
    assert all(len(mark.at) == len(names) for mark in picture.marks)
    assert [mark.on_front for mark in picture.marks][-len(real) :] == [True] * len(real)


def test_the_report_quotes_what_it_is_given(tmp_path):
    found = run(tmp_path / "<b>", trials=4)
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_the_front_as_a_table_and_as_text(real):
    console = Console(file=io.StringIO(), width=200)
    console.print(real.to_table())
    text = console.file.getvalue()
    assert "energy, pJ" in text
    for point, told in zip(real, json.loads(real.to_json()), strict=True):
        assert str(point.path) in text.replace("\n", "")
        assert told["values"] == point.values
        assert told["command"] == point.command


def test_the_best_within_bounds(real):
    dearest, cheapest = real[0], real[len(real) - 1]
    assert real.best("accuracy") == dearest
    assert real.best("energy") == cheapest
    assert real.best("accuracy", energy=cheapest.values["energy"]) == cheapest
    with pytest.raises(
        SearchError, match=r"^front: expected one of accuracy, energy, got 'area'\. .*$"
    ):
        real.best("area")
    with pytest.raises(
        SearchError, match=r"^front: expected a point within \{'energy': 1\}, got none\. .*$"
    ):
        real.best("accuracy", energy=1)


def test_losses_that_are_not_finite_fail_their_trial(tmp_path):
    model = dense(loss=lambda y, p: keras.ops.mean(p) * math.nan)
    job = Job(
        model,
        (*DATA[0], *DATA[1]),
        parse(["loss"])[0],
        [],
        tmp_path,
        {"limit": LIMIT, "quantization_config": FEW},
    )
    space = Space(model, limit=LIMIT, quantization_config=FEW)
    record = job.run(Task(0, space.smallest, 0, 1))
    assert record["state"] == "failed"
    assert (
        record["error"]
        == "training: expected a finite loss and score, got: loss is nan in epoch 1. Lower the learning rate."
    )


def test_a_metric_that_is_not_there(tmp_path):
    with pytest.raises(
        GoalError,
        match=r"^metric: expected one of val_auc in what Keras logs, got .*loss.*\. .*$",
    ):
        pareto(
            dense(),
            DATA,
            ("auc", "bits"),
            folder=tmp_path,
            executor="inline",
            progress=False,
            metrics=[],
            **REAL,
        )


# -- engines ----------------------------------------------------------------------------------------


def test_engines_are_functions_of_their_seed():
    space = Space(dense(), limit=LIMIT)
    objectives = parse(("accuracy", "bits"))

    def asked(name, seed):
        engine = Engine(space, objectives, name, seed, 5)
        found = []
        for number in range(12):
            proposal = engine.ask()
            assert proposal.number == number
            found.append(proposal.candidate)
            values = [number, math.nan if number == 5 else 1.0]
            outcome = TrialOutcome(values, {"bits": 0.1 * number - 0.5})
            engine.tell(proposal, None if number == 3 else outcome)
        return found

    for name in ("tpe", "nsga2", "random"):
        assert asked(name, 1) == asked(name, 1) != asked(name, 2)


def test_the_gaussian_process_of_optuna():
    pytest.importorskip("torch", reason="Optuna's Gaussian process needs torch")
    space = Space(dense(), limit={"Activation": [8]}, quantization_config=FEW)
    engine = Engine(space, parse(("accuracy", "bits")), "gp", 0, 2)
    for number in range(3):
        proposal = engine.ask()
        space.check(proposal.candidate)
        engine.tell(proposal, TrialOutcome([number, 1.0]))


def test_what_is_enqueued_is_asked_for_first():
    space = Space(dense(), limit=LIMIT)
    engine = Engine(space, parse(("accuracy", "bits")), "tpe", 0, 5)
    wanted = [space.get_candidate(3), space.get_candidate(77)]
    engine.enqueue(wanted)
    assert [engine.ask().candidate for _ in wanted] == wanted


def test_the_default_engine():
    assert (choose_engine(299), choose_engine(300)) == ("tpe", "nsga2")
    assert choose_engine(10) in ENGINES


@pytest.mark.parametrize(
    ("module", "engine", "message"),
    [
        (
            "optuna",
            "tpe",
            r"^search: expected Optuna, got none \(.*\)\. Run pip install 'qhls\[search\]'\.$",
        ),
        (
            "torch",
            "gp",
            r"^engine 'gp': expected torch, .*, got none \(.*\)\. Install it, or use engine='tpe'\.$",
        ),
    ],
)
def test_what_is_not_installed(tmp_path, monkeypatch, module, engine, message):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SearchError, match=message):
        run(tmp_path, engine=engine)


# -- where it begins --------------------------------------------------------------------------------


def test_the_integer_program_finds_the_best_of_all():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    rng = np.random.default_rng(0)
    losses, costs = (
        {c.name: rng.random(len(c.options)).tolist() for c in space.choices} for _ in range(2)
    )

    def total(table, candidate):
        return sum(table[c.name][c.options.index(candidate[c.name])] for c in space.choices)

    every = [space.get_candidate(i) for i in range(space.size)]
    least = min(total(costs, c) for c in every)
    for bound in (least, least + 0.3, least + 1, 99):
        found = solve_program(space, losses, {"bits": costs}, {"bits": bound})
        assert total(costs, found) <= bound + 1e-6
        best = min(total(losses, c) for c in every if total(costs, c) <= bound + 1e-9)
        assert total(losses, found) == pytest.approx(best)
    assert solve_program(space, losses, {"bits": costs}, {"bits": least - 0.01}) is None


def test_a_warm_start_begins_with_what_the_trained_model_bears(tmp_path):
    model = dense()
    model.fit(*DATA[0], epochs=20, verbose=0)
    found = run(tmp_path, model, warm_start=True, transfer_weights=True, engine="random")
    space = Space(model, limit=LIMIT, quantization_config=FEW, transfer_weights=True)
    job = Job(model, (*DATA[0], *DATA[1]), parse(["accuracy"])[0], [], tmp_path)
    plan = type("Plan", (), {"costs": ("bits",), "budgets": {}, "hardware": Hardware("s8.4")})()
    wanted = find_warm_candidates(space, job, plan)
    first = [found.records[i]["candidate"] for i in range(len(wanted))]
    assert first == wanted
    assert wanted[0] == space.smallest
    same = list_homogeneous(space)
    assert all(candidate in wanted for candidate in same)
    solved = [i for i, candidate in enumerate(wanted) if candidate not in same]
    bits = [found.records[i]["costs"]["bits"] for i in solved]
    assert bits == sorted(bits)
    assert solved


def test_homogeneous_candidates_have_as_many_bits_everywhere():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW, tune_filters="layer")
    found = list_homogeneous(space)
    assert [[c["d0_kernel_quantizer"][15], c["a0_activation_quantizer"][15]] for c in found] == [
        *(["2", "3"], ["2", "3"], ["4", "3"], ["4", "6"]),
    ]
    assert {c["network_filters_d0"] for c in found} == {1.0}


# -- refusals ---------------------------------------------------------------------------------------


def test_a_budget_below_the_minimum_tells_the_minimum(tmp_path):
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    names, hardware = ["energy", "area", "latency", "bits"], Hardware("s8.4")
    every = [
        measure(space.build(space.get_candidate(i)), names, hardware) for i in range(space.size)
    ]  # the smallest need not be the cheapest: fewer fraction bits take a rounding
    costs = {name: min(found[name] for found in every) for name in names}
    for (name, least), unit in zip(costs.items(), ("pJ", "LUT", "ns", "bits"), strict=True):
        with pytest.raises(BudgetError, match=rf"^budget '{name}': expected at least {least:g} {unit}, what the "
                           r"cheapest candidate costs, got .*\. Raise it, or give .*$"):  # fmt: skip
            run(tmp_path / name, budgets={name: 0.9 * least})
        assert (
            run(tmp_path / f"{name}_kept", budgets={name: least}, trials=1).count_states()[
                "trained"
            ]
            >= 1
        )


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"trails": 3}, SearchError, r"^search: expected arguments among budgets, engine, trials, .*, got 'trails'\. "
         r"Did you mean 'trials'\?$"),
        ({"trials": 0}, SearchError, r"^trials: expected a number from 1 on, got 0\. .*$"),
        ({"epochs": 1.5}, SearchError, r"^epochs: expected a number from 1 on, got 1.5\. .*$"),
        ({"engine": "cma"}, SearchError, r"^engine: expected one of tpe, gp, nsga2, random, got 'cma'\. .*$"),
        ({"workers": 0}, SearchError, r"^workers: expected a number from 1 on, got 0\. .*$"),
        ({"rungs": (3, 2)}, SearchError, r"^rungs: expected rising numbers of epochs from 1 to below epochs=3, "
         r"got \(3, 2\)\. .*$"),
        ({"budgets": {"power": 3}}, GoalError, r"^costs: expected one of energy, .*, got 'power'\. .*$"),
        ({"budgets": {"bits": -3}}, BudgetError, r"^budget 'bits': expected a number of bits above 0, got -3\. .*$"),
        ({"objectives": ("bits",)}, GoalError, r"^objectives: expected a metric, .*$"),
        ({"model": dense(compiled=False)}, GoalError, r"^model 'dense': expected a compiled model, .*$"),
    ],
)  # fmt: skip
def test_bad_arguments(tmp_path, settings, kind, message):
    with pytest.raises(kind, match=message):
        run(tmp_path, **settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (DATA[0], r"^data: expected \(\(x, y\), \(x_val, y_val\)\), arrays to train and to validate with, got "
         r"tuple of 2\. .*$"),
        (3, r"^data: expected .*, got int of 0\. .*$"),
        ((DATA[0][0], DATA[0][1][:5], *DATA[1]), r"^data: expected as many inputs as labels, .*, got 96 and 5\. .*$"),
    ],
)  # fmt: skip
def test_bad_data(tmp_path, given, message):
    with pytest.raises(SearchError, match=message):
        pareto(dense(), given, BITS, folder=tmp_path, progress=False)


# -- on the terminal --------------------------------------------------------------------------------


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_and_front_are_shown(tmp_path, terminal):
    console = Console(file=io.StringIO(), width=160, force_terminal=terminal, color_system=None)
    found = run(tmp_path, progress=console, trials=4)
    text = console.file.getvalue()
    assert terminal or text.endswith("\n")
    assert (text.count("Pareto front") > 1) == terminal  # elsewhere the last picture alone
    assert re.search(r"4 of 4 trials \(4 trained\), \d+ s", text)
    assert "Pareto front" in text
    for point in found:
        assert point.path.name in text


def test_progress_is_told_after_each_trial(tmp_path, monkeypatch):
    told = []

    def update(self, records, points):
        told.append(sum(record["state"] == "trained" for record in records.values()))

    monkeypatch.setattr("qhls.search.results.progress.Progress.update", update)
    run(tmp_path, trials=8, tune_filters="layer", progress=Console(file=io.StringIO()))
    assert sorted(set(told)) == list(range(9))
    assert told == sorted(told)
