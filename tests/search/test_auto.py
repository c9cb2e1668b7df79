"""AutoQKeras and its scheduler, trained for real on small data."""

import json
import math
from itertools import pairwise

import keras
import numpy as np
import pytest

import qhls
from qhls.search import (
    AutoQKeras,
    AutoQKerasScheduler,
    BudgetError,
    GoalError,
    JournalError,
    SearchError,
    SpaceError,
    judge,
    maximise,
    minimise,
)
from qhls.search.engines.tuners import Proposal
from qhls.search.trials.job import Job
from support.searches import FEW, LIMIT, data, dense

TRAIN, VALIDATION = data()
FIT = {"validation_data": VALIDATION, "batch_size": 96, "epochs": 2}


def by_accuracy(metrics, costs):
    return metrics["val_acc"]


def search(folder, model=None, **arguments):
    settings = {
        "limit": LIMIT,
        "quantization_config": FEW,
        "max_trials": 3,
        "output_dir": folder / "run",
    }
    return AutoQKeras(dense() if model is None else model, **settings | arguments)


def fitted(folder, model=None, fit=None, **arguments):
    found = search(folder, model, **arguments)
    found.fit(*TRAIN, **FIT | (fit or {}))
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "random"},
        {"mode": "bayesian", "num_initial_points": 2, "max_trials": 4},
        {"mode": "hyperband", "max_trials": None, "max_epochs": 3, "tune_filters": "layer"},
        {"learning_rate_optimizer": True, "transfer_weights": True, "tune_filters": "block"},
    ],
    ids=["random", "bayesian", "hyperband", "rates"],
)
def test_the_best_model_is_the_one_that_was_measured(tmp_path, arguments):
    found = fitted(tmp_path, **arguments)
    history = found.history()
    assert history["score"] == sorted(history["score"], reverse=True)
    model = found.get_best_model()
    _, accuracy = model.evaluate(*VALIDATION, batch_size=96, verbose=0)
    assert accuracy == pytest.approx(history["val_acc"][0])
    size = found.goal.factor.get_trial(model)
    assert size == history["trial_size"][0]
    assert history["score"][0] == pytest.approx(
        accuracy * (1 + found.goal.factor.delta()), rel=1e-6
    )
    assert all(layer.trainable for layer in model.layers)
    assert found.get_learning_rate() == pytest.approx(AutoQKeras.get_best_lr(model))
    assert len(found.history(1)["score"]) == 1


def test_the_model_of_any_trial_is_the_one_that_was_measured(tmp_path):
    found = fitted(tmp_path)
    trained = [n for n, record in found.records.items() if record["score"] is not None]
    assert len(trained) > 1
    for number in trained:
        _, accuracy = found.get_model(number).evaluate(*VALIDATION, batch_size=96, verbose=0)
        assert accuracy == pytest.approx(found.records[number]["metrics"]["val_acc"])
    with pytest.raises(
        SearchError,
        match=r"^get_model: expected the number of a trained trial \(0, 1, .*\), got 99\. .*$",
    ):
        found.get_model(99)


def test_the_best_model_becomes_hardware(tmp_path):
    design = qhls.compile(fitted(tmp_path).get_best_model(), "s8.4")
    x = VALIDATION[0][:8]
    assert design.check(x, targets=())


def test_the_score_is_there_for_callbacks(tmp_path):
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs))

    found = fitted(tmp_path, fit={"callbacks": [Seen()], "epochs": 1}, max_trials=1)
    (logs,) = seen
    costs = found.records[0]["costs"]
    assert logs["val_score"] == logs["val_acc"] * (1 + costs["delta"])
    assert logs["score"] == logs["acc"] * (1 + costs["delta"])
    assert logs["trial"] == costs["trial"]


def test_learning_rates_fall_with_the_size(tmp_path):
    """Five from the model's rate times the trial's share of the reference to 1.1 times it."""
    found = fitted(tmp_path, learning_rate_optimizer=True, max_trials=5)
    reference = found.goal.factor.reference_total
    for record in found.records.values():
        index = int(record["candidate"]["learning_rate"])
        share = record["costs"]["trial"] / reference
        rates = 0.02 * np.linspace(share, 1.1, 5)
        assert found._get_rate(record["candidate"], record["costs"]) == pytest.approx(rates[index])
    assert search(tmp_path)._get_rate({}, {}) is None


def test_frozen_layers_keep_their_weights(tmp_path):
    model = dense()
    best = fitted(tmp_path, model, frozen_layers=["d0"], max_trials=2).get_best_model()
    assert type(best.get_layer("d0")) is keras.layers.Dense
    for a, b in zip(
        model.get_layer("d0").get_weights(), best.get_layer("d0").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_a_loss_can_be_minimised_within_budgets(tmp_path):
    found = fitted(tmp_path, goal=minimise("loss", bits=700), max_trials=6)
    states = {record["state"] for record in found.records.values()}
    assert states == {"trained", "rejected"}
    for record in found.records.values():
        assert (record["costs"]["bits"] <= 700) == (record["state"] == "trained")
        assert (record["score"] is None) == (record["state"] == "rejected")
    loss = found.get_best_model().evaluate(*VALIDATION, batch_size=96, verbose=0)[0]
    assert -found.history()["score"][0] == pytest.approx(loss, rel=1e-5)


def test_a_search_is_gone_on_with(tmp_path, monkeypatch):
    whole = fitted(tmp_path / "a", overwrite=False, max_trials=4)
    part = fitted(tmp_path / "b", overwrite=False, max_trials=2)
    trained = []
    original = Job.train
    monkeypatch.setattr(
        Job,
        "train",
        lambda self, task, parent: trained.append(task.number) or original(self, task, parent),
    )
    again = fitted(tmp_path / "b", overwrite=False, max_trials=4)
    assert trained == [2, 3]
    assert again.records == whole.records
    assert part.records.items() <= whole.records.items()


def test_an_interrupted_search_has_the_trials_before(tmp_path, monkeypatch):
    original = Job.train

    def train(self, task, parent):
        if task.number == 1:
            raise KeyboardInterrupt
        return original(self, task, parent)

    monkeypatch.setattr(Job, "train", train)
    found = search(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        found.fit(*TRAIN, **FIT)
    assert len(found.history()["score"]) == 1
    assert found.get_model(0).built
    with pytest.raises(
        SearchError, match=r"^get_model: expected the number of a trained trial \(0\), got 1\. .*$"
    ):
        found.get_model(1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"goal": judge(by_accuracy), "learning_rate_optimizer": True},
        {"mode": "hyperband", "max_trials": None, "max_epochs": 3, "tune_filters": "layer"},
    ],
    ids=["random", "hyperband"],
)
def test_processes_find_what_one_process_finds(tmp_path, arguments):
    model = dense(run_eagerly=False)
    alone = fitted(tmp_path / "a", model, **arguments)
    others = fitted(tmp_path / "b", model, executor="processes", workers=2, batch=2, **arguments)
    assert sorted(others.records) == sorted(alone.records)
    for number, record in alone.records.items():
        other = others.records[number]
        assert (other["candidate"], other["state"]) == (record["candidate"], record["state"])
        assert other["score"] == pytest.approx(record["score"], rel=1e-4)
    assert others.history()["val_acc"] == pytest.approx(alone.history()["val_acc"])


def test_an_executor_that_loses_nothing_of_fit(tmp_path):
    """Arguments of ``fit`` by position are those by name."""
    by_name = fitted(tmp_path / "a", max_trials=1)
    by_place = search(tmp_path / "b", max_trials=1)
    by_place.fit(*TRAIN, 96, 2, validation_data=VALIDATION)
    assert by_place.records == by_name.records


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"executor": "threads"}, r"^executor: expected one of processes, inline, dask, ray, .*, got 'threads'\. .*$"),
        ({"workers": 0}, r"^workers: expected a number from 1 on, got 0\. .*$"),
        ({"batch": 1.5}, r"^batch: expected a number from 1 on, got 1.5\. .*$"),
        ({"executor": "processes", "goal": lambda metrics, costs: 0.0},
         r"^executor 'processes': expected metrics, callbacks and custom objects that can be sent .*$"),
    ],
)  # fmt: skip
def test_bad_executors(tmp_path, arguments, message):
    with pytest.raises(SearchError, match=message):
        fitted(tmp_path, **arguments)
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("*.h5"))


def test_a_new_search_leaves_an_old_one_alone(tmp_path):
    first = fitted(tmp_path, max_trials=1)
    second = search(tmp_path)
    assert (first.output_dir.name, second.output_dir.name) == ("run", "run_1")


def test_the_journal_of_another_search_is_refused(tmp_path):
    fitted(tmp_path, overwrite=False, max_trials=1)
    with pytest.raises(
        JournalError,
        match=r"^.*: expected the journal of this search, got one whose epochs .*$",
    ):
        fitted(tmp_path, overwrite=False, fit={"epochs": 1})
    with pytest.raises(
        JournalError,
        match=r"^.*: expected the journal of this search, got one whose goal is .*$",
    ):
        fitted(tmp_path, overwrite=False, goal=minimise("acc"))


def test_nan_losses_fail_a_trial_and_the_search_goes_on(tmp_path):
    calls = []

    def loss(y, p):
        calls.append(1)
        broken = math.nan if len(calls) == 1 else 1.0  # the one batch of the first trial
        return keras.losses.sparse_categorical_crossentropy(y, p) * broken

    model = dense(loss=loss)
    found = fitted(tmp_path, model, fit={"epochs": 1})
    assert [record["state"] for record in found.records.values()] == [
        "failed",
        "trained",
        "trained",
    ]
    assert found.records[0]["error"] == (
        "training: expected a finite loss and score, got: loss is nan in epoch 1. Lower the learning rate."
    )
    assert len(found.history()["score"]) == 2


def test_all_trials_failed(tmp_path):
    model = dense(loss=lambda y, p: keras.ops.mean(p) * math.nan)
    with pytest.raises(SearchError, match=r"^search: expected a trial that was trained, got none: training: "
                       r"expected a finite loss and score, got: loss is nan in epoch 1\. Lower .*$"):  # fmt: skip
        fitted(tmp_path, model, fit={"epochs": 1}, max_trials=2)


def test_a_metric_that_is_not_there(tmp_path):
    with pytest.raises(GoalError, match=r"^metric: expected one of val_auc in what Keras logs, got acc, loss, "
                       r"val_acc, .*\. Compile the model's metrics and fit with validation_data\.$"):  # fmt: skip
        fitted(tmp_path, score_metric="auc")
    with pytest.raises(
        GoalError, match=r"^metric: expected one of val_acc, val_accuracy in what Keras logs, .*$"
    ):
        fitted(tmp_path, fit={"validation_data": None})


def test_a_budget_below_the_minimum(tmp_path):
    least = search(tmp_path).space
    goal = maximise("acc", bits=10)
    bits = goal.measure(least.build(least.smallest))["bits"]
    with pytest.raises(BudgetError, match=rf"^budget 'bits': expected at least {bits:g} bits, what the cheapest "
                       r"candidate costs, got 10\. Raise it, or give the space smaller quantizers\.$"):  # fmt: skip
        fitted(tmp_path, goal=goal)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"mode": "grid"},
            SearchError,
            r"^mode: expected one of random, bayesian, hyperband, got 'grid'\. .*$",
        ),
        (
            {"depth": 3},
            SearchError,
            r"^mode 'random': .*unexpected keyword argument 'depth'\. Read qhls.search.engines.tuners\.$",
        ),
        (
            {"score_metric": 3},
            GoalError,
            r"^metric: expected a name, a function or one of keras.metrics, got 3\. .*$",
        ),
        (
            {"limit": {"dense_9": [4]}},
            SpaceError,
            r"^limit: expected classes of layers or .*, got 'dense_9'\. .*$",
        ),
    ],
)
def test_bad_arguments(tmp_path, arguments, kind, message):
    with pytest.raises(kind, match=message):
        fitted(tmp_path, **arguments)


def test_a_model_that_is_not_compiled(tmp_path):
    message = r"^model 'dense': expected a compiled model, .*\. Call model.compile\(optimizer, loss, metrics\)\.$"
    with pytest.raises(GoalError, match=message):
        search(tmp_path, dense(compiled=False))
    with pytest.raises(GoalError, match=message):
        AutoQKerasScheduler(dense(compiled=False), blocks=["d"])


def test_there_is_no_best_model_before_fit(tmp_path):
    with pytest.raises(
        SearchError,
        match=r"^get_best_model: expected a search that has run, got none\. Call fit first\.$",
    ):
        search(tmp_path).get_best_model()


def test_a_tuner_of_ones_own(tmp_path):
    class Last:
        def __init__(self, space, **_):
            self.left = [space.get_candidate(space.size - 1)]
            self.told = []

        def ask(self):
            return Proposal(0, self.left.pop()) if self.left else None

        def tell(self, proposal, score):
            self.told.append(score)

    found = fitted(tmp_path, custom_tuner=Last)
    assert [r["candidate"] for r in found.records.values()] == [
        found.space.get_candidate(found.space.size - 1)
    ]


def test_the_metric_of_one_head(tmp_path):
    x = keras.Input((6,))
    heads = [keras.layers.Dense(3, "softmax", name=name)(x) for name in ("left", "right")]
    model = keras.Model(x, dict(zip(("left", "right"), heads, strict=True)))
    losses = dict.fromkeys(("left", "right"), "sparse_categorical_crossentropy")
    model.compile("adam", losses, run_eagerly=True)
    found = search(
        tmp_path, model, head_name="right", metrics=[], max_trials=1, score_metric="loss"
    )  # fmt: skip
    labels = dict.fromkeys(losses, TRAIN[1])
    found.metrics = []
    found.fit(
        TRAIN[0],
        labels,
        epochs=1,
        validation_data=(VALIDATION[0], dict.fromkeys(losses, VALIDATION[1])),
    )
    record = found.records[0]
    assert record["score"] == pytest.approx(
        -record["metrics"]["val_loss"] / (1 + record["costs"]["delta"])
    )


# -- block by block ---------------------------------------------------------------------------------


def scheduler(folder, **arguments):
    settings = {"limit": LIMIT, "quantization_config": FEW, "output_dir": folder / "blocks"}
    settings |= {"blocks": ["d0|a0", "d1", "d2"], "max_trials": 2}
    return AutoQKerasScheduler(dense(), **settings | arguments)


def test_blocks_and_their_trials(tmp_path):
    found = scheduler(tmp_path, max_trials=100, schedule_block="cost")
    costs = [cost for _, _, cost, _ in found.schedule]
    assert costs == sorted(costs, reverse=True)
    reference = found.factor.reference_total
    for _, _, cost, trials in found.schedule:
        assert trials == max(10, int(100 * cost / reference))
    assert [names for _, names, _, _ in scheduler(tmp_path).schedule] == [
        ["d0", "a0"],
        ["d1"],
        ["d2"],
    ]


def test_blocks_are_quantised_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr("qhls.search.scheduler.MIN_TRIALS", 2)
    found = scheduler(tmp_path)
    found.fit(*TRAIN, **FIT)
    model = found.get_best_model()
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["QDense", "QActivation", "QDense", "QDense", "Activation"]
    assert len(found.get_history()) == 3
    _, accuracy = model.evaluate(*VALIDATION, batch_size=96, verbose=0)
    assert accuracy == pytest.approx(found.get_history()[-1]["val_acc"][0])
    blocks = [
        keras.models.load_model(tmp_path / f"blocks/model_block_{i}.keras", compile=False)
        for i in range(3)
    ]
    for earlier, later in pairwise(blocks):
        first = (block.get_layer("d0").get_weights() for block in (earlier, later))
        for a, b in zip(*first, strict=True):
            np.testing.assert_array_equal(a, b)
    assert json.loads((tmp_path / "blocks/scheduler.json").read_text()) == {"next_block": 3}
    assert all(layer.trainable for layer in model.layers)
    (tmp_path / "blocks/scheduler.json").write_text('{"next_block": 2}')
    again = scheduler(tmp_path, overwrite=False)
    assert again.next_block == 2
    again.fit(*TRAIN, **FIT)
    assert len(again.get_history()) == 1
    for a, b in zip(again.get_best_model().get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_debug_searches_nothing(tmp_path):
    found = scheduler(tmp_path, debug=True)
    found.fit(*TRAIN, **FIT)
    assert not (tmp_path / "blocks").exists()
    with pytest.raises(
        SearchError,
        match=r"^get_best_model: expected a search that has run, got none\. Call fit first\.$",
    ):
        found.get_best_model()


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"blocks": None}, SpaceError, r"^blocks: expected a list of regular expressions for names of layers, .*$"),
        ({"blocks": ["("]}, SpaceError, r"^blocks: expected a regular expression, got '\(': .*$"),
        ({"blocks": ["d", "d1"]}, SpaceError, r"^blocks: expected a pattern that matches layers which no earlier one "
         r"does, got 'd1'\. Layers are d0, a0, d1, d2, softmax\.$"),
        ({"schedule_block": "random"}, SpaceError, r"^schedule_block: expected one of sequential, cost, got .*$"),
        ({"goal": maximise("acc")}, SearchError, r"^goal: expected a forgiving factor .*\. Use AutoQKeras with it\.$"),
    ],
)  # fmt: skip
def test_bad_blocks(tmp_path, arguments, kind, message):
    with pytest.raises(kind, match=message):
        scheduler(tmp_path, **arguments)


@pytest.mark.parametrize(
    "text", ["{}", '{"next_block": 7}', '{"next_block": 1}', '{"next_block": "1"}']
)
def test_a_damaged_schedule(tmp_path, text):
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks/scheduler.json").write_text(text)
    with pytest.raises(JournalError, match=r"^.*scheduler.json: expected \{'next_block': a number up to 3\} and the "
                       r"model of the block before it, got .*\. Search in a new folder\.$"):  # fmt: skip
        scheduler(tmp_path, overwrite=False)


def test_a_schedule_that_was_cut_off(tmp_path):
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks/scheduler.json").write_text("{")
    with pytest.raises(JournalError, match=r"^.*scheduler.json: expected \{'next_block': a number\}, got text that "
                       r"is not JSON \(.*\)\. Check that the file is complete .*$"):  # fmt: skip
        scheduler(tmp_path, overwrite=False)
