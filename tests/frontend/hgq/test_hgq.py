"""Models of HGQ2 become designs with the same numbers, in every bit."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import qhls
from qhls.cli import main
from qhls.frontend import load_model
from qhls.layers import QDense, QFixedPoint
from support.arrays import assert_equal

HERE = Path(__file__).parent
MODELS = HERE / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.keras"))


def read_data(path):
    """Inputs, their type and HGQ2's results."""
    data = np.load(path.with_suffix(".npz"))
    dtype = str(data["type"])
    frac = int(dtype.rpartition(".")[2])
    pick = [sorted(name for name in data.files if name.startswith(kind)) for kind in ("x", "y")]
    xs = [np.ldexp(data[name].astype("float64"), -frac) for name in pick[0] if name[1:].isdigit()]
    return xs, dtype, [data[name] for name in pick[1]]


def unpack(values):
    return values[0] if len(values) == 1 else values


def as_list(values):
    return list(values) if isinstance(values, list | tuple) else [values]


def assert_same_numbers(path, targets=()):
    """Keras' ``predict``, the design and the simulations compute what HGQ2 does."""
    xs, dtype, expected = read_data(path)
    model = load_model(path)
    design = qhls.compile(model, dtype)
    results = {
        "predict": model.predict(unpack([x.astype("float32") for x in xs]), verbose=0),
        "run": design.run(unpack(xs)),
    }
    for way, result in results.items():
        for one, other in zip(as_list(result), expected, strict=True):
            assert_equal(one, other, err_msg=way)
    assert design.check(unpack(xs), targets)
    return design


def test_all_models_are_here():
    assert len(NAMES) == 8


@pytest.mark.parametrize("name", [n for n in NAMES if n != "nested"])
def test_a_file_has_the_numbers_of_hgq2(name):
    design = assert_same_numbers(MODELS / f"{name}.keras")
    assert design.energy().total > 0


def test_models_within_models_and_shared_layers():
    assert_same_numbers(MODELS / "nested.keras")


def test_the_emitted_code_has_these_numbers_too():
    assert_same_numbers(MODELS / "dense.keras", ("vitis", "catapult"))


def test_a_model_saves_and_loads_as_one_of_qhls(tmp_path):
    model = load_model(MODELS / "tables.keras")
    model.save(tmp_path / "again.keras")
    (x,), _, (expected,) = read_data(MODELS / "tables.keras")
    for again in (
        load_model(tmp_path / "again.keras"),
        keras.saving.load_model(tmp_path / "again.keras"),
    ):
        assert_equal(again.predict(x.astype("float32"), verbose=0), expected)


def test_layers_keep_their_names_and_quantizers_get_some():
    model = load_model(MODELS / "dense.keras")
    kinds = {layer.name: type(layer) for layer in model.layers[1:]}
    quantizers = dict.fromkeys(("a_iq", "b_iq", "b_oq", "c_iq"), QFixedPoint)
    assert kinds == quantizers | dict.fromkeys("abc", QDense)


def test_the_type_of_the_input_follows_from_its_quantizer():
    design = qhls.compile(load_model(MODELS / "dense.keras"))
    bits = load_model(MODELS / "dense.keras").get_layer("a_iq").bits
    (source,) = design.graph.inputs
    assert source.type.frac == bits[2].max()


def test_the_command_line_reads_it(capsys):
    assert main(["show", str(MODELS / "merges.keras"), "-i", "s16.8"]) == 0
    assert "folded_iq" in capsys.readouterr().out


def find_hgq2():
    """Return an interpreter that has HGQ2; None without one."""
    given = os.environ.get("QHLS_HGQ2_PYTHON")
    if given is None and importlib.util.find_spec("hgq") is not None:
        return sys.executable
    return given


@pytest.mark.long
def test_other_models_of_an_installed_hgq2(tmp_path):
    python = find_hgq2()
    if python is None:
        pytest.skip("HGQ2 is not installed (set QHLS_HGQ2_PYTHON to an interpreter that has it)")
    done = subprocess.run(
        [python, HERE / "make_models.py", tmp_path, "100", "2000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert_same_numbers(tmp_path / f"{name}.keras")
