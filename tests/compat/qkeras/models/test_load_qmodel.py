"""``load_qmodel`` and ``quantized_model_from_json``: files, custom objects, compiling."""

import json
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest

from qhls.errors import LoadError
from qhls.frontend import get_registered
from qhls.layers import QActivation, QDense
from qhls.utils import load_qmodel, quantized_model_from_json
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import BITS, randomized
from support.shared import LAYERS, NAMES


def small(*extra):
    stack = [QDense(3, kernel_quantizer=BITS, name="q"), QActivation("quantized_relu(4,2)"), *extra]
    return randomized(keras.Sequential([keras.Input((4,)), *stack]))


X, Y = np.ones((4, 4), "float32"), np.ones((4, 3), "float32")


def test_a_compiled_model_is_compiled_again(tmp_path):
    model = small()
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    model.compile(keras.optimizers.Adam(rate, beta_1=0.5), keras.losses.Huber(), metrics=["mae"])
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = load_qmodel(tmp_path / "m.keras")
    assert_equal(loaded(X), model(X))
    assert type(loaded.optimizer).__name__ == "Adam"
    assert loaded.optimizer.beta_1 == 0.5
    assert loaded.optimizer.get_config()["learning_rate"]["config"]["decay_rate"] == 0.9
    assert_close(loaded.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-5)
    assert not load_qmodel(str(tmp_path / "m.keras"), compile=False).compiled


def test_a_model_that_was_not_compiled(tmp_path):
    small().save(tmp_path / "m.keras")
    assert not load_qmodel(tmp_path / "m.keras").compiled


KERAS2 = {
    "optimizer_config": {
        "class_name": "Custom>Adam",
        "config": {
            "learning_rate": 0.25,
            "decay": 0.0,
            "is_legacy_optimizer": False,
            "name": "Adam",
        },
    },
    "loss": "categorical_crossentropy",
    "metrics": [
        [
            {
                "class_name": "MeanMetricWrapper",
                "config": {"name": "accuracy", "fn": "categorical_accuracy"},
            }
        ]
    ],
    "weighted_metrics": None,
    "loss_weights": None,
}


def keras2_file(tmp_path, training):
    if not NAMES:
        pytest.skip(f"no golden models in {LAYERS}")
    path = tmp_path / "m.h5"
    path.write_bytes((LAYERS / "mlp_jet_tagging" / "model.h5").read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = json.dumps(training)
    return path


def test_keras_2(tmp_path):
    model = load_qmodel(keras2_file(tmp_path, KERAS2))
    assert float(numpy(model.optimizer.learning_rate)) == 0.25
    results = model.evaluate(np.ones((2, 16)), np.eye(5)[:2], verbose=0, return_dict=True)
    assert set(results) == {"loss", "categorical_accuracy"}


def test_metrics_of_several_outputs(tmp_path):
    x = keras.Input((4,))
    outputs = [keras.layers.Dense(2, name=name)(x) for name in ("a", "b")]
    model = keras.Model(x, outputs)
    model.compile("sgd", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    model.save(tmp_path / "m.h5")
    loaded = load_qmodel(tmp_path / "m.h5")
    numbers = np.ones((2, 4)), [np.ones((2, 2))] * 2
    results = loaded.evaluate(*numbers, verbose=0, return_dict=True)
    assert results == pytest.approx(model.evaluate(*numbers, verbose=0, return_dict=True))
    assert {"a_mae", "b_mse"} <= set(results)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": {"class_name": "Popen", "module": "subprocess", "config": {"args": "true"}}},
        {"optimizer_config": {"class_name": "NoSuch", "config": {}}},
        {"optimizer_config": 7},
    ],
)
def test_training_configurations_run_nothing(change, tmp_path):
    path = keras2_file(tmp_path, KERAS2 | change)
    message = (
        r"^load_qmodel: \S+m\.h5: the model is not compiled, because the training "
        r"configuration in the file cannot be used: .*\. Compile it with model\.compile\(\.\.\.\)\.$"
    )
    with pytest.warns(UserWarning, match=message):
        model = load_qmodel(path)
    assert not model.compiled
    assert load_qmodel(path, compile=False).name == "model"


class Twice(keras.layers.Layer):
    def call(self, x):
        return x * 2


def near(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


def test_custom_objects(tmp_path):
    model = small(Twice(name="t"))
    model.compile("sgd", near, metrics=[near])
    model.save(tmp_path / "m.keras")
    with pytest.raises(
        LoadError, match=r"^.*: expected a Q-layer, .* got the layer class 'Twice'\."
    ):
        load_qmodel(tmp_path / "m.keras")
    own = {"Twice": Twice, "near": near}
    loaded = load_qmodel(tmp_path / "m.keras", own)
    assert_equal(loaded(X), model(X))
    assert_close(loaded.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-6)
    assert "Twice" not in get_registered()
    renamed = model.to_json().replace('"Twice"', '"OldName"')
    again = quantized_model_from_json(renamed, {"OldName": Twice})
    assert type(again.get_layer("t")) is Twice


def test_from_json():
    model = small()
    again = quantized_model_from_json(model.to_json())
    assert again.get_config() == model.get_config()
    assert np.any(numpy(again.layers[0].kernel) != numpy(model.layers[0].kernel))


@pytest.mark.skipif(not NAMES, reason=f"no golden models in {LAYERS}")
def test_from_json_of_qkeras():
    text = (LAYERS / "cnn_mixed" / "model.json").read_text()
    model = quantized_model_from_json(text)
    meta = json.loads((LAYERS / "cnn_mixed" / "meta.json").read_text())
    assert [[x.name, type(x).__name__] for x in model.layers] == meta["layers"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"^quantized_model_from_json: expected the text that model\.to_json\(\) makes, got text that .*$"),
        ("{}", r"^quantized_model_from_json: expected the configuration of a Keras model .*$"),
        (None, r"^quantized_model_from_json: expected the text .*$"),
    ],
)  # fmt: skip
def test_text_that_is_no_model(text, message):
    with pytest.raises(LoadError, match=message):
        quantized_model_from_json(text)


def test_code_in_a_file_is_not_run(tmp_path):
    model = small()
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    evil = {"class_name": "function", "module": "os", "config": "getcwd"}
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["compile_config"]["loss"] = evil
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "e.keras", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.warns(UserWarning, match=r"cannot be used: .*getcwd"):
        load_qmodel(tmp_path / "e.keras")


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd with momentum", "scaled loss"])
def test_training_goes_on_where_it_ended(optimizer, name, tmp_path):
    made = {
        "adam": lambda: keras.optimizers.Adam(0.02),
        "sgd with momentum": lambda: keras.optimizers.SGD(0.02, momentum=0.9),
        "scaled loss": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.02)),
    }
    model = small()
    model.compile(made[optimizer](), "mse")
    model.fit(X, Y, epochs=3, verbose=0)
    model.save(tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = load_qmodel(tmp_path / name)
    for each in (model, again):
        each.fit(X, Y, epochs=2, verbose=0)
    for ours, wanted in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        assert_close(numpy(ours), numpy(wanted), rtol=1e-6)
    assert_close(numpy(again.layers[0].kernel), numpy(model.layers[0].kernel), rtol=1e-6)


def test_the_state_of_another_optimizer_is_left_out(tmp_path):
    model = small()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        names = file["optimizer_weights"].attrs.pop("weight_names")
        file["optimizer_weights"].attrs["weight_names"] = names[:4]
    message = (
        r"^load_qmodel: the optimizer starts without its state, because the state in the file does not fit: "
        r"m\.h5: expected 6 variables of the optimizer of the shapes .*, got 4 of \[.*\]\. Give the optimizer its state"
    )
    with pytest.warns(UserWarning, match=message):
        again = load_qmodel(tmp_path / "m.h5")
    assert int(numpy(again.optimizer.iterations)) == 0


def test_a_registered_loss(tmp_path):
    registered_near = keras.saving.register_keras_serializable("tests")(near)
    model = small()
    model.compile("sgd", registered_near, metrics=[registered_near])
    model.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = load_qmodel(tmp_path / "m.keras")
    assert_close(loaded.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-6)


def test_a_text_of_a_compiled_model_compiles():
    model = keras.Sequential([keras.Input((3,)), QDense(2, kernel_quantizer="quantized_bits(4,0)")])
    model.compile(keras.optimizers.SGD(0.5), "mse", metrics=["mae"])
    copy = quantized_model_from_json(model.to_json())
    assert copy.to_json() == model.to_json()
    assert float(copy.optimizer.learning_rate) == 0.5
