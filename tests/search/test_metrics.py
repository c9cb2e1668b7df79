"""Which metric counts in AutoQKeras, which way it goes, and the losses' weights."""

import keras
import numpy as np
import pytest

from qhls.search import AutoQKeras, GoalError, judge
from qhls.search.goals.goals import as_goal, set_direction
from qhls.search.trials.training import compile_like, find_first_metric, find_metric_direction

LIMIT = {"Dense": [8, 8, 8]}


def own_score(y, p):
    return keras.ops.mean(p)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("mae", "min"), ("mse", "min"), ("loss", "min"), ("kld", "min"), ("acc", "max"), ("auc", "max"),
        ("size_mae", "min"), ("kind_acc", "max"), ("mine", "max"), (keras.metrics.mean_absolute_error, "min"),
        (keras.metrics.RootMeanSquaredError(), "min"), ("root_mean_squared_error", "min"),
    ],
)  # fmt: skip
def test_the_direction_is_keras(metric, direction):
    metrics = {"kind": ["acc", keras.metrics.AUC(name="mine")], "size": ["mae"]}
    assert find_metric_direction(metric, metrics, ["kind", "size"]) == direction


def test_the_first_metric():
    assert find_first_metric(["mae", "acc"]) == "mae"
    by_output = {"kind": ["acc"], "size": "mae"}
    assert [find_first_metric(by_output, head) for head in (None, "kind", "size")] == [
        "acc",
        "acc",
        "mae",
    ]
    assert find_first_metric([["mae"], ["mse"]]) == "mae"


def mlp(**settings):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, name="d")])
    model.compile("adam", "mse", **settings)
    return model


def test_of_a_metric_that_keras_does_not_know_the_direction_is_asked_for(tmp_path):
    message = (
        r"^metric 'own_score': expected a metric of which Keras knows whether more or less is better, "
        r"got another one\. Give metric_direction='max' or 'min'\.$"
    )
    with pytest.raises(GoalError, match=message):
        AutoQKeras(mlp(), metrics=[own_score], limit=LIMIT, output_dir=tmp_path)
    with pytest.raises(GoalError, match=r"^metric_direction: expected 'max' or 'min', got 'up'\."):
        AutoQKeras(
            mlp(), metrics=[own_score], limit=LIMIT, metric_direction="up", output_dir=tmp_path
        )
    AutoQKeras(mlp(), metrics=[own_score], limit=LIMIT, metric_direction="min", output_dir=tmp_path)
    goal = judge(lambda metrics, costs: 0.0)
    AutoQKeras(mlp(), metrics=[own_score], limit=LIMIT, goal=goal, output_dir=tmp_path)


def test_less_of_an_error_scores_more_and_so_does_a_smaller_model():
    goal = as_goal(None, mlp())
    least = set_direction(goal, "min")
    scores = [
        least.score(error, {}, {"delta": delta}) for error, delta in ((2, 0), (1, 0), (1, 0.08))
    ]
    assert scores == sorted(scores)
    assert set_direction(goal, "max").score(2, {}, {"delta": 0.5}) == 3.0


def test_candidates_are_trained_with_the_weights_of_the_losses():
    x = keras.Input((6,))
    model = keras.Model(x, [keras.layers.Dense(1, name="a")(x), keras.layers.Dense(1, name="b")(x)])
    model.compile("adam", ["mse", "mse"], loss_weights=[1.0, 0.0])
    new = keras.models.clone_model(model)
    compile_like(new, model, {"a": ["mae"], "b": [keras.metrics.MeanSquaredError()]})
    data, targets = np.ones((4, 6)), [np.zeros((4, 1)), np.full((4, 1), 1e3)]
    found = new.evaluate(data, targets, verbose=0, return_dict=True)
    assert found["loss"] < 1e3
    assert {"a_mae", "b_mean_squared_error"} <= found.keys()


def test_a_regression_chooses_the_least_error(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 6)).astype("float32")
    y = x[:, :2]
    model = mlp()
    model.layers[0].kernel.assign(np.eye(6, 2))
    config = {"kernel": {"binary": 1, "quantized_bits(8,1,alpha=1)": 8}, "bias": {"quantized_bits(8,1,alpha=1)": 8},
              "activation": {"quantized_relu(8,2)": 8}, "linear": {"quantized_bits(8,1,alpha=1)": 8}}  # fmt: skip
    goal = {"type": "bits", "params": {"delta_p": 0.0, "delta_n": 0.0, "rate": 2.0}}
    search = AutoQKeras(
        model, metrics=["mae"], goal=goal, limit=LIMIT, quantization_config=config, transfer_weights=True,
        output_dir=tmp_path / "r", max_trials=2,
    )  # fmt: skip
    search.fit(x, y, validation_data=(x, y), epochs=1, verbose=0)
    errors = [record["metrics"]["val_mae"] for record in search.records.values()]
    assert len(errors) == 2
    assert (
        search.records[search._rank_trials()[0]]["metrics"]["val_mae"] == min(errors) < max(errors)
    )
