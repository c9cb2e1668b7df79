"""Classes and functions that a model file names: what Keras ships, what users registered, TensorFlow's functions."""

import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from qhls.errors import LoadError, QuantizerError
from qhls.frontend import QActivation, QDense, load_model
from qhls.quantizers import get_quantizer
from qhls.utils import clone_model, load_qmodel
from support.arrays import assert_equal
from support.models.keras2_files import (
    RELU,
    dense2,
    input2,
    layer2,
    refuses,
    sequential,
    write_keras2_weights,
)

L = keras.layers
Q = "quantized_bits(6,1,alpha=1)"


def functional(*layers, out):
    config = {"name": "f", "layers": [input2("x", 4, inbound=[]), *layers]}
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[out, 0, 0]]}
    return {"class_name": "Functional", "config": config | ends, "keras_version": "2.13.1"}


def loaded_again(model, folder, name="m.keras"):
    model.save(folder / name)
    return load_model(folder / name)


# -- what Keras ships ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((6,), L.LayerNormalization),
        ((6,), L.RMSNormalization),
        ((6,), lambda: L.Discretization([0.0, 1.0])),
        ((4, 6), lambda: L.EinsumDense("abc,cd->abd", (4, 3))),
        ((4, 6), lambda: L.SpatialDropout1D(0.5)),
        ((4, 6), lambda: L.MultiHeadAttention(2, 3)),
        ((6, 6, 1), lambda: L.Resizing(4, 4)),
        ((6, 6, 1), lambda: L.Pipeline([L.RandomFlip(), L.CenterCrop(4, 4)])),
        ((6,), lambda: L.SpectralNormalization(L.Dense(3))),
        ((6,), lambda: L.Dense(3, activation=L.LeakyReLU(0.25))),
        ((6,), lambda: L.Dense(3, kernel_initializer=keras.initializers.IdentityInitializer())),
    ],
)
@pytest.mark.parametrize("file", ["m.keras", "m.h5"])
def test_every_layer_that_this_keras_wrote(shape, layer, file, tmp_path, rng):
    x = keras.Input(shape)
    made = layer()
    y = made(x, x) if isinstance(made, L.MultiHeadAttention) else made(x)
    model = keras.Model(x, QDense(2, kernel_quantizer=Q)(L.Flatten()(y)))
    data = rng.normal(size=(3, *shape)).astype("float32")
    again = loaded_again(model, tmp_path, file)
    assert_equal(again(data, training=False), model(data, training=False))


OPERATORS = {
    "a + b": lambda a, b: a + b,
    "a * 2": lambda a, b: a * 2.0,
    "a / array": lambda a, b: a / np.array([1.0, 2.0, 4.0, 8.0], "float32"),
    "slices": lambda a, b: a[:, None, 1:4:2],
    "ellipsis": lambda a, b: a[..., ::-1],
    "relu": lambda a, b: keras.activations.relu(a, max_value=0.5),
    "mean": lambda a, b: keras.ops.mean(a, -1, keepdims=True),
    "concatenate": lambda a, b: keras.ops.concatenate([a, b], axis=1),
    "matmul": lambda a, b: keras.ops.matmul(a, keras.ops.ones((4, 2))),
    "cast": lambda a, b: keras.ops.cast(keras.ops.reshape(a, (-1, 2, 2)), "float32"),
    "split": lambda a, b: keras.ops.split(a, 2, axis=-1)[1],
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("file", ["m.keras", "m.h5"])
def test_operators_load(name, file, tmp_path, rng):
    x = keras.Input((3,))
    a, b = QDense(4, kernel_quantizer=Q)(x), QDense(4, kernel_quantizer=Q)(x)
    model = keras.Model(x, OPERATORS[name](a, b))
    data = rng.normal(size=(3, 3)).astype("float32")
    assert_equal(loaded_again(model, tmp_path, file)(data), model(data))


def test_hdf5_of_another_name(tmp_path, rng):
    model = keras.Sequential([keras.Input((3,)), QDense(2, kernel_quantizer=Q)])
    model.save(tmp_path / "m.h5")
    shutil.move(tmp_path / "m.h5", tmp_path / "m.keras")
    data = rng.normal(size=(3, 3)).astype("float32")
    assert_equal(load_model(tmp_path / "m.keras")(data), model(data))


# -- Keras 2: TensorFlow's functions, keywords, pruning -----------------------------------------

X = np.array([[-1.5, 0.5, 2.0, 7.0], [0.25, -0.75, 3.5, -4.0]], "float32")
FUNCTIONS = [
    ("math.multiply", {"y": 2.0, "name": None}, X * 2),
    ("math.subtract", {"y": ["x", 0, 0]}, X * 0),
    ("math.floor", {}, np.floor(X)),
    ("math.reduce_mean", {"axis": [1], "keepdims": True}, X.mean(1, keepdims=True)),
    ("clip_by_value", {"clip_value_min": -1.0, "clip_value_max": 2.0}, X.clip(-1, 2)),
    (
        "compat.v1.pad",
        {"paddings": [[0, 0], [1, 2]], "mode": "CONSTANT", "constant_values": 3.0},
        np.pad(X, ((0, 0), (1, 2)), constant_values=3),
    ),
    ("reshape", {"shape": [-1, 2, 2]}, X.reshape(-1, 2, 2)),
    ("expand_dims", {"axis": -1}, X[..., None]),
    ("nn.leaky_relu", {"alpha": 0.25}, np.where(X > 0, X, X / 4)),
    ("nn.relu6", {}, X.clip(0, 6)),
    ("gather", {"indices": [3, 0], "axis": 1}, X[:, [3, 0]]),
    ("reverse", {"axis": [1]}, X[:, ::-1]),
    ("cast", {"dtype": "float32"}, X),
    (
        "__operators__.getitem",
        {
            "slice_spec": [
                {"start": None, "stop": None, "step": None},
                {"start": 1, "stop": None, "step": 2},
            ]
        },
        X[:, 1::2],
    ),
    ("__operators__.getitem", {"slice_spec": [{"class_name": "__ellipsis__"}, 2]}, X[..., 2]),
]


@pytest.mark.parametrize(("function", "arguments", "wanted"), FUNCTIONS)
def test_functions_of_tensorflow(function, arguments, wanted, write, keras2_weights):
    kind = "SlicingOpLambda" if "getitem" in function else "TFOpLambda"
    op = layer2(kind, "op", [["x", 0, 0, arguments]], function=function)
    model = load_model(write(functional(op, out="op")), weights=keras2_weights({}))
    assert_equal(model(X), wanted)


def test_functions_of_several_tensors(write, keras2_weights):
    ops = [
        layer2(
            "TFOpLambda",
            "c",
            [[["x", 0, 0, {"axis": -1}], ["x", 0, 0, {"axis": -1}]]],
            function="concat",
        ),
        layer2(
            "TFOpLambda",
            "s",
            [["c", 0, 0, {"num_or_size_splits": [6, 2], "axis": -1}]],
            function="split",
        ),
        layer2(
            "TFOpLambda",
            "r",
            [["_CONSTANT_VALUE", -1, 1.0, {"y": ["s", 0, 1]}]],
            function="math.subtract",
        ),
    ]
    model = load_model(write(functional(*ops, out="r")), weights=keras2_weights({}))
    assert_equal(model(X), 1 - X[:, 2:])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (
            "io.read_file",
            {},
            r"expected a pure function on tensors such as .*, got 'io\.read_file', which is",
        ),
        (
            "py_function",
            {"Tout": "float32"},
            r"expected a pure function on tensors .*, got 'py_function'",
        ),
        (None, {}, r"expected a pure function on tensors such as .*, got None, which is never run"),
        (
            "math.multiply",
            {},
            r"expected the function 'math\.multiply' with y and arguments that .* has, got \{\}",
        ),
        (
            "linalg.matmul",
            {"b": 2.0, "transpose_b": True},
            r"expected the function 'linalg\.matmul' with b and ",
        ),
        (
            "math.add",
            {"y": {"class_name": "Lambda", "config": {}}},
            r"expected tensors, numbers and slices as arguments of a call",
        ),
    ],
)
def test_other_functions_are_refused(function, arguments, message, write, keras2_weights):
    op = layer2("TFOpLambda", "op", [["x", 0, 0, arguments]], function=function)
    refuses(
        rf"^m\.json: layer 'op': {message}", write(functional(op, out="op")), keras2_weights({})
    )


def test_tensors_as_keyword_arguments(write, keras2_weights):
    ones = {"class_name": "TFOpLambda", "config": {"name": "m", "function": "math.greater"}}
    layers = [
        ones | {"name": "m", "inbound_nodes": [["x", 0, 0, {"y": 0.0}]]},
        layer2("Reshape", "rows", [[["x", 0, 0, {}]]], target_shape=[4, 1]),
        layer2("GlobalAveragePooling1D", "mean", [[["rows", 0, 0, {"mask": ["m", 0, 0]}]]]),
    ]
    model = load_model(write(functional(*layers, out="mean")), weights=keras2_weights({}))
    assert_equal(model(X), [[X[0, X[0] > 0].mean()], [X[1, X[1] > 0].mean()]])


def pruned(layer, inbound=None):
    """A layer as tensorflow_model_optimization wrote it before ``strip_pruning``."""
    schedule = {"class_name": "ConstantSparsity", "config": {"target_sparsity": 0.5}}
    name = f"prune_low_magnitude_{layer['config']['name']}"
    return layer2("PruneLowMagnitude", name, inbound, layer=layer, pruning_schedule=schedule)


def test_pruning_wrappers_are_left_out(write, tmp_path, rng):
    first, last = "prune_low_magnitude_fc", "prune_low_magnitude_act"
    config = functional(
        pruned(dense2("fc", 3), [[["x", 0, 0, {}]]]),
        pruned(layer2("QActivation", "act", activation=RELU), [[[first, 0, 0, {}]]]),
        out=last,
    )
    kernel, bias = rng.normal(size=(4, 3)), rng.normal(size=3)
    wrapper = {"mask": np.ones((4, 3)), "threshold": np.zeros(()), "pruning_step": np.zeros(())}
    stored = {
        last: {"pruning_step": np.zeros(())},
        first: {"kernel": kernel, "bias": bias} | wrapper,
    }
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_keras2_weights(file, stored)
    model = load_model(write(config), weights=tmp_path / "w.h5")
    assert [layer.name for layer in model.layers] == ["x", "fc", "act"]
    by_hand = keras.Sequential(
        [
            keras.Input((4,)),
            QDense.from_config(model.get_layer("fc").get_config()),
            QActivation(RELU),
        ]
    )
    by_hand.set_weights([kernel, bias])
    assert_equal(model(X), by_hand(X))
    alone = sequential(input2("x", 4), pruned(layer2("QActivation", "act", activation=RELU)))
    with h5py.File(tmp_path / "w2.h5", "w") as file:
        write_keras2_weights(file, {last: {"pruning_step": np.zeros(())}})
    assert load_model(write(alone), weights=tmp_path / "w2.h5").layers[0].name == "act"


# -- what users registered ----------------------------------------------------------------------


@keras.saving.register_keras_serializable("mine")
def halves(x):
    return keras.ops.round(x * 2) / 2


@keras.saving.register_keras_serializable("mine")
class Parts:
    def __init__(self, n=4):
        self.n = n

    def __call__(self, x):
        return keras.ops.round(x * self.n) / self.n

    def get_config(self):
        return {"n": self.n}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def thirds(x):
    return keras.ops.round(x * 3) / 3


WAYS = {
    "load_model .keras": (lambda m, p: load_model(p / "m.keras"), "m.keras"),
    "load_model .h5": (lambda m, p: load_model(p / "m.h5"), "m.h5"),
    "keras": (lambda m, p: keras.models.load_model(p / "m.keras"), "m.keras"),
    "clone_model": (lambda m, p: clone_model(m), "m.keras"),
    "clone_model of Keras": (lambda m, p: keras.models.clone_model(m), "m.keras"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "function", [halves, Parts(8), thirds], ids=["registered", "class", "scope"]
)
@pytest.mark.parametrize(
    "place",
    [
        lambda f: QDense(3, activation=f, kernel_quantizer=f),
        QActivation,
        lambda f: L.Dense(3, activation=f),
    ],
    ids=["QDense", "QActivation", "Dense"],
)
def test_own_functions_come_back(place, function, way, tmp_path, rng):
    model = keras.Sequential([keras.Input((4,)), place(function)])
    again, file = WAYS[way]
    model.save(tmp_path / file)
    with keras.saving.custom_object_scope({"thirds": thirds}):
        copy = again(model, tmp_path)
    copy.set_weights(model.get_weights())
    assert_equal(copy(X), model(X))


def test_custom_objects_by_another_name(tmp_path):
    model = keras.Sequential([keras.Input((4,)), QActivation(thirds)])
    model.save(tmp_path / "m.keras")
    refuses(
        r"^m\.keras: layer 'q_activation\w*': expected a configuration that can be built, .*expected the name of "
        r"a quantizer.*, got 'thirds'",
        tmp_path / "m.keras",
    )
    assert_equal(load_qmodel(tmp_path / "m.keras", {"thirds": thirds})(X), model(X))


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "vocabulary",
    ["/etc/passwd", None, {"class_name": "__tensor__", "config": {"value": "/etc/passwd"}}],
)
@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_vocabularies_in_files_are_not_read(kind, vocabulary, write, keras2_weights):
    layer = layer2(kind, "lookup", vocabulary=vocabulary)
    refuses(
        rf"^m\.json: layer 'lookup': expected the vocabulary of {kind} as a list in the configuration, got .*\. "
        r"Build the layer with vocabulary=layer\.get_vocabulary\(\)",
        write(sequential(input2("x", 4), layer)),
        keras2_weights({}),
    )


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.src.ops.core", "Map"),
        ("keras.src.ops.core", "Cond"),
        ("keras.src.ops.numpy", "np"),
        ("keras.src.ops.numpy", "Operation"),
        ("keras.src.ops.function", "Function"),
        ("keras.src.utils.file_utils", "get_file"),
        ("os", "system"),
        ("keras.layers", "Add_"),
        ("keras.layers", "InputSpec"),
    ],
)
def test_operations_that_are_none(module, name, tmp_path):
    model = keras.Sequential([keras.Input((4,)), QActivation(Q, name="a")])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = json.loads(archive.read("config.json"))
        stored = archive.read("model.weights.h5")
    evil = {
        "module": module,
        "class_name": name,
        "registered_name": name,
        "config": {"name": "evil"},
    }
    config["config"]["layers"][1] = evil
    with zipfile.ZipFile(tmp_path / "evil.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stored)
    with pytest.raises(
        LoadError,
        match=rf"^evil\.keras: layer 'evil': expected a Q-layer, .* got the layer class '{name}'",
    ):
        load_model(tmp_path / "evil.keras")


def test_a_quantizer_within_a_quantizers_string_is_dropped_as_by_qkeras():
    for text in (
        "quantized_relu(quantized_bits(4, 0, alpha=1), 0)",
        "quantized_relu(6,bits=binary())",
    ):
        message = r"^get_quantizer: 'quantized_relu\(.*\)' has a quantizer among the arguments of quantized_relu\."
        with pytest.warns(UserWarning, match=message):
            assert str(get_quantizer(text)) == "quantized_relu(8,0)"
    message = r"^get_quantizer: expected a name with arguments, .*Write 'open\(1\)' as a number"
    for text in ("quantized_bits(open(1))", "quantized_bits(quantized_bits(open(1)))"):
        with pytest.raises(QuantizerError, match=message):
            get_quantizer(text)
