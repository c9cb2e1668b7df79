"""Files and models that ask for more than a machine has are refused before they get it."""

import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from qhls import compile as compile_model
from qhls.errors import LoadError, LoweringError, QhlsError, VerifyError
from qhls.frontend.files.load import load_model
from qhls.ir import Fixed, Input, Pad, View
from qhls.search.command import load_compiled as load_float_model
from qhls.utils import load_qmodel, quantized_model_from_json


@pytest.fixture
def saved(tmp_path):
    """Paths of one small model in each kind of file, by kind."""
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.ReLU(), keras.layers.Dense(3, name="d")]
    )
    model.compile("adam", "mse")
    found = {"keras": tmp_path / "m.keras", "h5": tmp_path / "m.h5", "json": tmp_path / "m.json"}
    model.save(found["keras"])
    model.save(found["h5"])
    found["json"].write_text(model.to_json())
    found["weights"] = tmp_path / "m.weights.h5"
    model.save_weights(found["weights"])
    return found


def repacked(path, **entries):
    """The archive with other content under some names."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in (content | {k.replace("__", "."): v for k, v in entries.items()}).items():
            archive.writestr(name, text)
    return path


BEYOND = (
    r"of at most [\d,]+ (bytes|elements), got [\d,]+\. To allow this size, "
    r"raise the limit: QHLS_LIMIT=\d+G\.$"
)


@pytest.mark.parametrize("entry", ["config__json", "model__weights__h5"])
def test_blown_up_entries(saved, monkeypatch, entry):
    path = repacked(saved["keras"], **{entry: b" " * 5_000_000})
    monkeypatch.setenv("QHLS_LIMIT", "4M")
    with pytest.raises(
        LoadError,
        match=r"^m\.keras: (config\.json|model\.weights\.h5): expected a model file " + BEYOND,
    ):
        load_model(path)
    with pytest.raises(QhlsError, match=r"expected a model file " + BEYOND):
        load_qmodel(path)


def datasets(path):
    """Names of all weights in a file."""
    found = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
        )
    return [name for name in found if "optimizer" not in name]


ODD = {
    "huge": lambda f, n: f.create_dataset(n, (10**6, 10**6), "f4", chunks=(1000, 1000)),
    "complex": lambda f, n: f.create_dataset(n, data=np.ones((4, 3), complex)),
    "bytes": lambda f, n: f.create_dataset(n, data=np.full((4, 3), b"1.0")),
    "texts": lambda f, n: f.create_dataset(n, (4, 3), h5py.string_dtype()),
    "records": lambda f, n: f.create_dataset(n, (4, 3), [("a", "f4"), ("b", "i4")]),
    "opaque": lambda f, n: f.create_dataset(n, data=np.zeros((4, 3), "V8")),
    "nothing": lambda f, n: f.create_dataset(n, dtype="f4", data=h5py.Empty("f4")),
}


@pytest.mark.parametrize("kind", ["keras", "h5", "weights"])
@pytest.mark.parametrize("odd", ODD)
def test_weights_that_are_no_numbers_or_too_many(saved, tmp_path, kind, odd):
    changed = shutil.copy(saved["h5" if kind == "h5" else "weights"], tmp_path / "changed.h5")
    for name in datasets(changed):
        with h5py.File(changed, "r+") as file:
            if file[name].shape == (4, 3):
                del file[name]
                ODD[odd](file, name)
    if kind == "keras":
        repacked(saved["keras"], model__weights__h5=(tmp_path / "changed.h5").read_bytes())
    path, weights = {
        "keras": (saved["keras"], None), "h5": (changed, None), "weights": (saved["json"], changed),
    }[kind]  # fmt: skip
    expected = {"huge": "weights " + BEYOND, "nothing": ""}.get(
        odd, r"numbers as weights, got .*\. Give the .* model\.$"
    )
    with pytest.raises(LoadError, match=r"(?s)^\S+: .*expected .*" + expected):
        load_model(path, weights)


NO_TEXTS = [3, 1.5, True, np.arange(3), np.array([b"a"]), h5py.Empty("f4"), np.bytes_(b"\xff"), ""]


@pytest.mark.parametrize("value", NO_TEXTS)
def test_configurations_that_are_no_text(saved, value):
    with h5py.File(saved["h5"], "r+") as file:
        file.attrs["model_config"] = value
    with pytest.raises(LoadError, match=r"^m\.h5: expected the JSON of a model, got .*$"):
        load_model(saved["h5"])


def test_a_kernel_that_no_file_has_is_not_made(saved, monkeypatch):
    """By each way in: 8 GB asked for by a few bytes."""
    config = json.loads(saved["json"].read_text())
    config["config"]["layers"][-1]["config"]["units"] = 500_000_000
    saved["json"].write_text(json.dumps(config))
    repacked(saved["keras"], config__json=json.dumps(config))
    message = (
        r"^(m\.\w+|quantized_model_from_json): .*layer 'd': expected weights with those of the layers before it "
        + BEYOND
    )
    for load in (
        lambda: load_model(saved["json"], saved["weights"]),
        lambda: load_model(saved["keras"]),
        lambda: quantized_model_from_json(json.dumps(config)),
        lambda: load_float_model(Options(saved["keras"]), ()),
    ):
        with pytest.raises(LoadError, match=r"(?s)" + message):
            load()
    config["config"]["layers"][-1]["config"]["units"] = 30_000
    monkeypatch.setenv("QHLS_LIMIT", "500K")
    with pytest.raises(LoadError, match=message):
        quantized_model_from_json(json.dumps(config))
    monkeypatch.setenv("QHLS_LIMIT", "600K")
    assert quantized_model_from_json(json.dumps(config)).count_params() == 150_000


class Options:
    """What the command line gives."""

    def __init__(self, model):
        self.model, self.loss, self.optimizer = model, None, None


def test_the_bound_is_of_this_model_alone(saved, monkeypatch):
    original = keras.layers.Layer.add_weight
    load_model(saved["json"], saved["weights"])
    assert keras.layers.Layer.add_weight is original


def test_metrics_that_allocate_are_left_out(saved):
    with zipfile.ZipFile(saved["keras"]) as archive:
        config = json.loads(archive.read("config.json"))
    for name, argument in (("AUC", "num_thresholds"), ("MeanIoU", "num_classes")):
        metric = {
            "class_name": name,
            "module": "keras.metrics",
            "config": {argument: 2_000_000_000},
        }
        config["compile_config"] = {"optimizer": "adam", "loss": "mse", "metrics": [metric]}
        repacked(saved["keras"], config__json=json.dumps(config))
        with pytest.warns(
            UserWarning,
            match=rf"^load_qmodel: .*{name}: expected numbers up to 20,000, got 2,000,000,000",
        ):
            model = load_qmodel(saved["keras"])
        assert not model.compiled


LAYERS = {
    "repeat": [("RepeatVector", {"n": 10**9})],
    "pad": [("Reshape", {"target_shape": [2, 2]}), ("ZeroPadding1D", {"padding": [10**9, 0]})],
    "up": [("Reshape", {"target_shape": [2, 2]}), ("UpSampling1D", {"size": 10**9})],
    "crossed": [
        ("Reshape", {"target_shape": [2, 2]}), ("UpSampling1D", {"size": 10**5}),
        ("Permute", {"dims": [2, 1]}), ("UpSampling1D", {"size": 10**5}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("given", LAYERS.values(), ids=LAYERS)
def test_tensors_that_no_machine_holds(given):
    stack = [
        keras.Input((4,)),
        *(getattr(keras.layers, name)(**settings) for name, settings in given),
    ]
    with pytest.raises(QhlsError, match=r"^layer '?\w+'?: expected an output " + BEYOND):
        compile_model(keras.Sequential(stack), "s4.0")


def test_an_input_that_no_machine_holds():
    model = keras.Sequential([keras.Input((10**9,), name="x"), keras.layers.ReLU()])
    with pytest.raises(VerifyError, match=r"^Input 'x' of layer 'x': expected a tensor " + BEYOND):
        compile_model(model, "s4.0")


def test_ops_that_no_machine_holds():
    x = Input((2, 2), Fixed(True, 4, 0), name="x")
    for make in (
        lambda: Pad(x, ((10**9, 0), (0, 0)), name="big"),
        lambda: View(x, (10**5, 10**5), (0, 0), name="big"),
    ):
        with pytest.raises(VerifyError, match=r"^\w+ 'big': expected a tensor " + BEYOND):
            make()


TYPES = [
    "s1000000000.0", "s8.1000000000", "s8.-1000000000", "u1025.3", f"s{10**30}.0", f"s8.{'9' * 5000}",
    Fixed(True, 10**9, 0), Fixed(True, 8, -2000),
]  # fmt: skip


@pytest.mark.parametrize("given", TYPES, ids=lambda given: str(given)[:20])
def test_types_that_no_header_has(given):
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.ReLU()])
    message = r"^[Ii]nput 'x'.*: expected (at most 1024 bits, before and behind the point|a fixed-point type: .*), .*$"
    with pytest.raises((LoweringError, VerifyError), match=message):
        compile_model(model, given)


def test_the_widest_types_compile():
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.ReLU()])
    assert compile_model(model, "s1024.1000").graph.inputs[0].type == Fixed(True, 1024, 1000)
