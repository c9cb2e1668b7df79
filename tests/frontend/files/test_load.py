"""``load_model``: layouts of Keras 2 built by hand, and every refusal with its message."""

import json
import pickle
import zipfile

import h5py
import keras
import numpy as np
import pytest

from qhls.errors import LoadError
from qhls.frontend import QActivation, QConv2D, QDense, load_model, register
from support.arrays import assert_equal
from support.models.keras2_files import (
    BITS,
    RELU,
    dense2,
    input2,
    layer2,
    refuses,
    sequential,
    write_keras2_weights,
)


@pytest.fixture
def weights(rng):
    return {
        "fc1": {"kernel": rng.normal(size=(5, 3)), "bias": rng.normal(size=3)},
        "act": {},
        "fc2": {"kernel": rng.normal(size=(3, 2)), "bias": rng.normal(size=2)},
    }


@pytest.fixture
def model2():
    activation = layer2("QActivation", "act", activation=RELU)
    return sequential(input2("in", 5), dense2("fc1", 3), activation, dense2("fc2", 2))


def same_by_hand(weights):
    model = keras.Sequential(
        [
            keras.Input((5,)),
            QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS),
            QActivation(RELU),
            QDense(2, kernel_quantizer=BITS, bias_quantizer=BITS),
        ]
    )
    model.set_weights([w for layer in weights.values() for w in layer.values()])
    return model


# -- what loads ---------------------------------------------------------------------------------


def test_keras_2_json_and_weights(model2, weights, write, keras2_weights, rng):
    model = load_model(write(model2), weights=keras2_weights(weights))
    x = rng.normal(size=(4, 5))
    assert_equal(model(x), same_by_hand(weights)(x))
    assert [layer.name for layer in model.layers] == ["fc1", "act", "fc2"]


def test_keras_2_whole_model(model2, weights, tmp_path, rng):
    path = tmp_path / "whole.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model2)
        file.attrs["training_config"] = "not read"
        write_keras2_weights(file.create_group("model_weights"), weights)
    x = rng.normal(size=(4, 5))
    assert_equal(load_model(path)(x), same_by_hand(weights)(x))
    assert_equal(load_model(path, weights=path)(x), same_by_hand(weights)(x))


@pytest.mark.parametrize("change", ["no InputLayer", "bare list", "Custom> names"])
def test_older_sequential_forms(change, model2, weights, write, keras2_weights, rng):
    layers = model2["config"]["layers"]
    if change == "no InputLayer":
        del layers[0]
        layers[0]["config"]["batch_input_shape"] = [None, 5]
    if change == "bare list":
        model2["config"] = layers
    if change == "Custom> names":
        layers[1]["class_name"] = "Custom>QDense"
    model = load_model(write(model2), weights=keras2_weights(weights))
    x = rng.normal(size=(4, 5))
    assert_equal(model(x), same_by_hand(weights)(x))


def test_weights_go_by_name_or_else_by_order(model2, weights, write, keras2_weights, rng):
    x = rng.normal(size=(4, 5))
    shuffled = {name: weights[name] for name in ("fc2", "act", "fc1")}
    model = load_model(write(model2), weights=keras2_weights(shuffled))
    assert_equal(model(x), same_by_hand(weights)(x))
    renamed = {"dense_7": weights["fc1"], "dense_8": weights["fc2"]}
    model = load_model(write(model2), weights=keras2_weights(renamed, "renamed.h5"))
    assert_equal(model(x), same_by_hand(weights)(x))


def test_names_that_keras_split_over_attributes(model2, weights, write, tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_keras2_weights(file, weights)
        names = file.attrs.pop("layer_names")
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:1], names[1:]
    load_model(write(model2), weights=tmp_path / "w.h5")


def test_functional_with_shared_layers_nested_models_and_two_ends(write, keras2_weights, rng):
    inner = sequential(input2("inner_in", 4), dense2("d", 4))["config"]
    nested = {"class_name": "Sequential", "name": "inner", "config": inner | {"name": "inner"}}
    functional = {
        "class_name": "Functional",
        "config": {
            "name": "f",
            "layers": [
                input2("a", 4, inbound=[]),
                input2("b", 4, inbound=[]),
                dense2("shared", 4, [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]),
                nested | {"inbound_nodes": [[["shared", 0, 0, {}]], [["shared", 1, 0, {}]]]},
                layer2("Add", "add", [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]]),
            ],
            "input_layers": [["a", 0, 0], ["b", 0, 0]],
            "output_layers": [["add", 0, 0], ["inner", 2, 0]],
        },
    }
    values = {n: {"kernel": rng.normal(size=(4, 4)), "bias": rng.normal(size=4)} for n in "sd"}
    stored = {"shared": values["s"], "inner": values["d"]}
    model = load_model(write(functional), weights=keras2_weights(stored))
    shared, d = model.get_layer("shared"), model.get_layer("inner").layers[0]
    a, b = rng.normal(size=(2, 3, 4)).astype("float32")
    assert_equal(d.kernel, values["d"]["kernel"].astype("float32"))
    total, second = model([a, b])
    assert_equal(second, d(shared(b)))
    assert_equal(total, d(shared(a)) + d(shared(b)))


def test_keras_2_arguments_that_keras_3_refuses(write, keras2_weights, rng):
    config = sequential(
        input2("in", 6, 6, 2),
        layer2("BatchNormalization", "bn", axis=[3], renorm=False, fused=True),
        layer2("LeakyReLU", "leaky", alpha=0.25),
        layer2("DepthwiseConv2D", "dw", kernel_size=[2, 2], groups=1, kernel_initializer="zeros"),
        layer2(
            "QConv2D",
            "c",
            filters=2,
            kernel_size=[2, 2],
            kernel_quantizer=BITS,
            kernel_initializer={"class_name": "HeNormal", "config": {"dtype": "float32"}},
            dtype={"class_name": "Policy", "config": {"name": "float32"}},
            kernel_constraint={
                "class_name": "Clip",
                "config": {
                    "min_value": {"class_name": "__tensor__", "config": {"value": -2.0}},
                    "max_value": 2,
                },
            },
        ),
    )
    ones = np.ones(2)
    stored = {
        "bn": dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), ones),
        "dw": {"depthwise_kernel": rng.normal(size=(2, 2, 2, 1)), "bias": ones},
        "c": {"kernel": rng.normal(size=(2, 2, 2, 2)), "bias": ones},
    }
    model = load_model(write(config), weights=keras2_weights(stored))
    assert model.get_layer("leaky").negative_slope == 0.25
    assert model.get_layer("c").kernel_constraint.min_value == -2


def test_files_of_the_keras_3_port_load(tmp_path, rng):
    """The port registers its classes as ``qkeras>...`` in modules ``qkeras.*``."""
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), QConv2D(2, 2, kernel_quantizer=BITS, activation=RELU)]
    )
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.save(tmp_path / "ours.keras")
    with zipfile.ZipFile(tmp_path / "ours.keras") as ours:
        text = ours.read("config.json").decode()
        text = text.replace("qhls>", "qkeras>").replace("qhls.quantizers.bits", "qkeras.quantizers")
        text = text.replace("qhls.frontend.layers.conv", "qkeras.qconvolutional")
        with zipfile.ZipFile(tmp_path / "port.keras", "w") as port:
            port.writestr("config.json", text)
            port.writestr("model.weights.h5", ours.read("model.weights.h5"))
    x = rng.normal(size=(3, 4, 4, 1))
    assert_equal(load_model(tmp_path / "port.keras")(x), model(x))


def test_third_party_layers_load_once_registered(write, keras2_weights, weights, model2):
    model2["config"]["layers"][2]["class_name"] = "Doubling"
    model2["config"]["layers"][2]["config"].pop("activation")
    path, stored = write(model2), keras2_weights(weights)
    message = (
        r"^m\.json: layer 'act': expected a Q-layer, a class "
        r"decorated with @qhls\.frontend\.register or one that Keras ships, got the layer class 'Doubling'\. Import"
    )
    with pytest.raises(LoadError, match=message):
        load_model(path, weights=stored)

    @register
    class Doubling(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    assert isinstance(load_model(path, weights=stored).get_layer("act"), Doubling)


# -- what is refused: files ---------------------------------------------------------------------


def test_missing_files(model2, write, tmp_path):
    refuses(r"^\S*none\.h5: expected a model file, got no such file", tmp_path / "none.h5")
    refuses(
        r"^\S*none\.h5: expected a weights file, got no such file\. Check the path\.$",
        write(model2),
        tmp_path / "none.h5",
    )
    refuses(r"^\S*: expected a model file, got a folder\. Save the model as one file", tmp_path)


def test_truncated_and_foreign_files(model2, weights, write, keras2_weights, tmp_path):
    stored = keras2_weights(weights)
    model = same_by_hand(weights)
    model.save(tmp_path / "m.keras")
    for name, message in {
        "m.keras": r"^cut: expected a \.keras file, got a damaged archive",
        "w.h5": r"^cut: expected readable HDF5 data, got an error: .+\. Save the file again: it is truncated,",
    }.items():
        data = (tmp_path / name).read_bytes()
        (tmp_path / "cut").write_bytes(data[: len(data) // 2])
        refuses(message, tmp_path / "cut")
    refuses(
        r"^m\.json: expected the JSON of a model, got text that is not JSON \(.*\)\. Check that the file is complete",
        write("{"),
        stored,
    )
    refuses(
        r"^m\.json: expected the configuration of a Keras model .* got \[1, 2\]\. Save it",
        write([1, 2]),
        stored,
    )
    refuses(r"^m\.json: expected readable HDF5 data, got an error: ", write(model2), write(model2))
    refuses(
        r"^w\.h5: expected a whole model, got weights only\. Give the model's JSON as well: "
        r"load_model\('model\.json', weights='w\.h5'\)\.$",
        stored,
    )


def test_json_alone_has_no_weights(model2, write):
    refuses(
        r"^m\.json: expected weights for this model, got none .*\. Give them: "
        r"load_model\('m\.json', weights='weights\.h5'\)\.$",
        write(model2),
    )


def test_pickles_are_not_opened(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"a": 1}))
    refuses(
        r"^m\.pkl: expected a model file, got a pickle, which is code and never read",
        tmp_path / "m.pkl",
    )


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..\\evil", "C:\\evil"])
def test_archives_with_names_that_lead_out(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", "")
        archive.writestr(name, "x")
    refuses(
        r"^m\.keras: expected names inside the archive, got '.*evil', which leads out of it",
        tmp_path / "m.keras",
    )


def test_archives_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("hello.txt", "x")
    refuses(
        r"^m\.keras: expected a \.keras file with config\.json and model\.weights\.h5, got one "
        r"without config\.json and model\.weights\.h5\. Save the model",
        tmp_path / "m.keras",
    )


# -- what is refused: configurations ------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        layer2("Lambda", "evil", function=["4wEAAAA=", None, None], function_type="lambda"),
        layer2("TFOpLambda", "evil", function="math.multiply"),
        layer2("TFSMLayer", "evil", filepath="/tmp/x"),
        layer2(
            "Activation",
            "evil",
            activation={"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
        ),
    ],
)
def test_code_is_refused(layer, write, keras2_weights):
    refuses(
        r"^m\.json: layer 'evil': expected a layer that holds no code, got "
        r"'(Lambda|TFOpLambda|TFSMLayer|__lambda__)', .* never run\. Replace it",
        write(sequential(input2("in", 5), layer)),
        keras2_weights({}),
    )


@pytest.mark.parametrize("module", ["os", "keras.utils", "builtins", "keras.src.utils.file_utils"])
def test_modules_named_by_a_file_are_not_looked_into(module, write, keras2_weights):
    layer = layer2("get_file", "evil", origin="http://localhost/x") | {"module": module}
    refuses(
        r"^m\.json: layer 'evil': expected a Q-layer, .*, got the layer class 'get_file'\.",
        write(sequential(input2("in", 5), layer)),
        keras2_weights({}),
    )


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            dense2("fc", 3, kernel_quantizer="quantized_bots(4)"),
            r"layer 'fc': expected a configuration that can be built, got one that is refused: "
            r"get_quantizer: expected the name of a quantizer, got 'quantized_bots'",
        ),
        (
            dense2("fc", 3, kernel_quantizer={"class_name": "quantized_bots", "config": {}}),
            r"layer 'fc': expected a Q-layer, .*, got the class 'quantized_bots'\.",
        ),
        (dense2("fc", -3), r"layer 'fc': expected a configuration that can be built, .*=-3"),
        (
            layer2("SimpleRNN", "r", units=2, time_major=True),
            r"layer 'r': expected arguments of SimpleRNN in Keras 3, got time_major=True\.",
        ),
        (
            {"class_name": "QDense", "config": None},
            r"layer 'QDense': expected an object as 'config'",
        ),
        ({"config": {}}, r"layer .*: expected the name of a class or function, got None"),
    ],
)
def test_bad_layers_are_named(layer, message, write, keras2_weights):
    path = write(sequential(input2("in", 4, 5), layer))
    refuses(rf"^m\.json: {message}", path, keras2_weights({}))


def test_models_that_are_none(write, keras2_weights):
    stored = keras2_weights({})
    refuses(
        r"^m\.json: expected a Sequential or Functional model, got class 'MyModel'\. Rebuild",
        write({"class_name": "MyModel", "config": {}}),
        stored,
    )
    refuses(r"^m\.json: expected a list of layers, got \[\]", write(sequential()), stored)
    refuses(
        r"^m\.json: expected 'layers' in the file, got \{\}\. Save the model again\.$",
        write({"class_name": "Functional", "config": {}}),
        stored,
    )
    refuses(
        r"^m\.json: expected a Sequential with a known input shape, got none\. Build the model",
        write(sequential(dense2("fc", 3))),
        stored,
    )


def test_damaged_configurations_are_refused_whatever_the_damage(
    model2, weights, keras2_weights, write
):
    """Each part of a model's JSON in turn, replaced by something else: it loads, or says why not."""
    stored = keras2_weights(weights)
    paths = []

    def visit(value, path=()):
        paths.append(path)
        entries = dict(enumerate(value)) if isinstance(value, list) else value
        for key, inner in entries.items() if isinstance(entries, dict) else ():
            visit(inner, (*path, key))

    visit(model2)
    refused = 0
    for i, path in enumerate(paths[1:]):
        damaged = json.loads(json.dumps(model2))
        inner = damaged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = [None, 7, "x", [], {}, [[1]], {"class_name": "x"}][i % 7]
        try:
            load_model(write(damaged), weights=stored)
        except LoadError as error:
            refused += 1
            assert str(error).startswith(("m.json: ", "w.h5: "))
    assert refused > len(paths) // 2


def test_calls_with_other_objects_are_refused(write, keras2_weights):
    call = [["a", 0, 0, {"mask": {"class_name": "Mask", "config": {}}}]]
    layers = [input2("a", 4, inbound=[]), dense2("d", 4, [call])]
    ends = {"input_layers": [["a", 0, 0]], "output_layers": [["d", 0, 0]]}
    refuses(
        r"^m\.json: layer 'd': expected tensors, numbers and slices as arguments of a call, got \{'class_name': "
        r"'Mask', .*\}\. Rebuild this part of the model with plain layers\.$",
        write({"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}}),
        keras2_weights({}),
    )


# -- what is refused: weights -------------------------------------------------------------------


def test_weights_of_the_wrong_shape(model2, weights, write, keras2_weights):
    weights["fc2"]["kernel"] = np.zeros((4, 2))
    refuses(
        r"^w\.h5: layer 'fc2', variable 'kernel': expected shape \(3, 2\), got \(4, 2\) from "
        r"'fc2/kernel:0'\. Give the weights that were saved with this model\.$",
        write(model2),
        keras2_weights(weights),
    )


def test_weights_in_the_wrong_number(model2, weights, write, keras2_weights):
    path = write(model2)
    del weights["fc2"]["bias"]
    refuses(
        r"^w\.h5: layer 'fc2': expected 2 weights \(kernel, bias\), got 1 \(fc2/kernel:0\)\. Give",
        path,
        keras2_weights(weights),
    )
    del weights["fc2"]
    refuses(
        r"^less\.h5: expected weights of 2 layers \(fc1, fc2\), got 1 \(fc1\)\. Give the weights",
        path,
        keras2_weights(weights, "less.h5"),
    )


def test_keras_3_weights_of_another_model(weights, tmp_path):
    model = same_by_hand(weights)
    (tmp_path / "m.json").write_text(model.to_json())
    other = keras.Sequential([keras.Input((5,)), QDense(7)])
    other.save_weights(tmp_path / "other.weights.h5")
    refuses(
        r"^other\.weights\.h5: expected the weights of this model, got others or none: .+\. Give",
        tmp_path / "m.json",
        tmp_path / "other.weights.h5",
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(bad, model2, weights, write, keras2_weights):
    weights["fc2"]["bias"][1] = bad
    refuses(
        r"^w\.h5: layer 'fc2', variable 'bias': expected finite weights, got 1 NaN or infinite "
        r"of 2\. Train the model again",
        write(model2),
        keras2_weights(weights),
    )


def test_weights_in_other_files(model2, weights, write, keras2_weights, tmp_path):
    stored = keras2_weights(weights)
    with h5py.File(stored, "a") as file:
        del file["fc2/fc2/bias:0"]
        file["fc2/fc2/bias:0"] = h5py.ExternalLink("/etc/secret.h5", "x")
    refuses(
        r"^w\.h5: expected weights inside the file, got a reference at /fc2/fc2/bias:0, "
        r"which is not followed\.",
        write(model2),
        stored,
    )
    outside = keras2_weights(weights, "outside.h5")
    (tmp_path / "raw").write_bytes(bytes(8))
    with h5py.File(outside, "a") as file:
        del file["fc2/fc2/bias:0"]
        file["fc2/fc2"].create_dataset(
            "bias:0", (2,), "f4", external=[(str(tmp_path / "raw"), 0, 8)]
        )
    refuses(r"^outside\.h5: expected weights inside the file, got a", write(model2), outside)


def test_groups_that_hold_each_other_end(model2, weights, write, keras2_weights):
    stored = keras2_weights(weights)
    with h5py.File(stored, "a") as file:
        for name in ("a", "b", "c"):
            file[f"fc1/{name}"] = file["/"]
    load_model(write(model2), weights=stored)


def test_weights_that_are_text(model2, weights, write, keras2_weights):
    weights["fc2"]["bias"] = np.array([b"a", b"b"])
    refuses(
        r"^w\.h5: /.*fc2.*bias.*: expected numbers as weights, got \|S1\. Give the weights",
        write(model2),
        keras2_weights(weights),
    )


def test_weight_names_without_data(model2, weights, write, keras2_weights):
    stored = keras2_weights(weights)
    with h5py.File(stored, "a") as file:
        del file["fc2/fc2"]
    refuses(r"^w\.h5: expected readable HDF5 data, got an error: ", write(model2), stored)
