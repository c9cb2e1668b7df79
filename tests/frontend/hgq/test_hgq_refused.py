"""Files of HGQ2 without an exact meaning, damaged or hostile: one clear error each."""

import copy
import io
import json
import re
import zipfile
from pathlib import Path

import h5py
import pytest

from qhls.errors import LoadError
from qhls.frontend import load_model

MODELS = Path(__file__).parent / "models"


@pytest.fixture
def changed(tmp_path):
    """``changed(name, config=f, weights=g)``: a copy of a model whose parts these functions have changed."""

    def write(name="dense", config=None, weights=None):
        with zipfile.ZipFile(MODELS / f"{name}.keras") as archive:
            entries = {entry: archive.read(entry) for entry in archive.namelist()}
        if config is not None:
            content = copy.deepcopy(json.loads(entries["config.json"]))
            config({layer["config"]["name"]: layer for layer in content["config"]["layers"]})
            entries["config.json"] = json.dumps(content).encode()
        if weights is not None:
            memory = io.BytesIO(entries["model.weights.h5"])
            with h5py.File(memory, "r+") as file:
                weights(file["layers"])
            entries["model.weights.h5"] = memory.getvalue()
        path = tmp_path / "m.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for entry, data in entries.items():
                archive.writestr(entry, data)
        return path

    return write


def set_quantizer(**settings):
    """Return a change of the input quantizer of layer ``a``."""

    def change(layers):
        layers["a"]["config"]["iq_conf"]["config"].update(settings)

    return change


def set_class(name):
    def change(layers):
        layers["a"] |= {"class_name": name, "registered_name": f"hgq>{name}"}

    return change


def replace_data(place, values):
    def change(layers):
        del layers[place]
        if values is not None:
            layers[place] = values

    return change


def set_call(layers):
    layers["b"]["inbound_nodes"][0]["kwargs"] = {"mask": layers["b"]["inbound_nodes"][0]["args"][0]}


def drop_name(layers):
    del layers["a"]["config"]["name"]
    layers["a"]["name"] = 7


def name_other_mapper(layers):
    mapper = {"class_name": "Mapper", "registered_name": "mine>Mapper", "config": {}}
    set_quantizer(bw_mapper=mapper)(layers)


CONFIGURATIONS = {
    "layer": (
        set_class("QGRU"),
        r"layer 'a': expected a layer of HGQ2 with an exact meaning .*, got QGRU\.",
    ),
    "minifloat": (
        set_quantizer(q_type="float"),
        r"layer 'a': iq_conf: expected a fixed-point .*, got a minifloat",
    ),
    "type": (
        set_quantizer(q_type="other"),
        r"layer 'a': iq_conf: expected a fixed-point .*, got 'other'\.",
    ),
    "rounding": (
        set_quantizer(round_mode="RND_UP"),
        r"layer 'a': iq_conf: expected round_mode .*, got 'RND_UP'\.",
    ),
    "overflow": (
        set_quantizer(overflow_mode="WRAP_SM"),
        r"layer 'a': iq_conf: expected overflow_mode .*, got 'WRAP_SM'\.",
    ),
    "no mode": (
        set_quantizer(round_mode=None),
        r"layer 'a': iq_conf: expected round_mode .*, got None\.",
    ),
    "scaler": (
        set_quantizer(scaler=0.3),
        r"layer 'a': iq_conf: expected a power of two as scaler, got 0\.3\.",
    ),
    "affine": (
        set_quantizer(affine=[1]),
        r"layer 'a': iq_conf: expected two numbers as affine, got \[1\]\.",
    ),
    "mapper": (
        name_other_mapper,
        r"layer 'a': iq_conf: expected bits that broadcast .*, got the mapper ",
    ),
    "call": (set_call, r"layer 'b': expected a call on tensors alone, got "),
    "name": (drop_name, r"expected layers with names, got "),
    "quantizer": (
        lambda layers: layers["a"]["config"].update(iq_conf={"class_name": "Other", "config": {}}),
        r"layer 'a': iq_conf: expected a QuantizerConfig of HGQ2, got ",
    ),
    "units": (
        lambda layers: layers["a"]["config"].pop("units"),
        r"layer 'a': expected 'units' in the file, got ",
    ),
    "code": (
        lambda layers: layers["a"]["config"].update(activation="__import__('os')"),
        r"layer 'a': expected a configuration that can be built, got one that is refused: ",
    ),
}


@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_a_configuration_without_an_exact_meaning(changed, what):
    change, message = CONFIGURATIONS[what]
    path = changed(config=change)
    with pytest.raises(LoadError, match=rf"^m\.keras: {message}"):
        load_model(path)


VARIABLES = {
    "no bits": (
        replace_data("q_dense/iq/quantizer/vars", None),
        r"layer 'a': iq_conf: expected 3 variables at .*, got 0\.",
    ),
    "no kernel": (replace_data("q_dense/vars/0", None), r"layer 'a': expected 2 weights, got 1\."),
    "shape of bits": (
        replace_data("q_dense/iq/quantizer/vars/1", [[1.0]]),
        r"layer 'a': iq_conf: expected signs, integer and fraction bits of one shape, got ",
    ),
    "wide": (
        replace_data("q_dense/iq/quantizer/vars/0", [[1e9] * 10]),
        r"layer 'a': iq_conf: expected integer and fraction bits up to 126, got 1e\+09\. Run trace_minmax",
    ),
    "not a number": (
        replace_data("q_dense/vars/1", [float("nan")] * 8),
        r"layer 'a': bias: expected finite weights, got 8 NaN or infinite of 8\.",
    ),
    "text": (
        replace_data("q_dense/vars/1", ["x"] * 8),
        r"/layers/q_dense/vars/1: expected numbers as weights, got ",
    ),
    "size": (
        replace_data("q_dense/vars/1", [0.0] * 5),
        r"layer 'a': expected bits that broadcast to the bias, of shape \(5,\), got those of the shape \(8,\)\.",
    ),
}


@pytest.mark.parametrize("what", VARIABLES)
def test_variables_that_are_missing_or_wrong(changed, what):
    change, message = VARIABLES[what]
    path = changed(weights=change)
    with pytest.raises(LoadError, match=rf"^m\.keras: {message}"):
        load_model(path)


def test_names_lead_nowhere(changed):
    """A name is a name, whatever is in it; only its identifiers in C++ and Verilog differ."""

    def rename(layers):
        layers["c"]["config"]["name"] = layers["c"]["name"] = "../c; rm"

    with pytest.raises(LoadError, match=r"^m\.keras: "):
        load_model(changed(config=rename))


def test_weights_of_another_kind_of_file(tmp_path):
    with zipfile.ZipFile(MODELS / "dense.keras") as archive:
        (tmp_path / "m.json").write_bytes(archive.read("config.json"))
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["x"] = 1.0
    expected = re.escape("w.h5: expected the weights of a .keras file, got a file without layers.")
    with pytest.raises(LoadError, match=rf"^{expected}"):
        load_model(tmp_path / "m.json", weights=tmp_path / "w.h5")


def test_json_and_weights_apart(tmp_path):
    with zipfile.ZipFile(MODELS / "dense.keras") as archive:
        (tmp_path / "m.json").write_bytes(archive.read("config.json"))
        (tmp_path / "m.weights.h5").write_bytes(archive.read("model.weights.h5"))
    model = load_model(tmp_path / "m.json", weights=tmp_path / "m.weights.h5")
    whole = load_model(MODELS / "dense.keras")
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        assert (one == other).all()
