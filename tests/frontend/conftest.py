"""Where the shared golden files are, and Keras 2 weight files built by hand."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import keras
import numpy as np
import pytest

SHARED = Path(os.environ.get("QHLS_SHARED", Path(__file__).parents[2].parent / "shared"))


@pytest.fixture(scope="session")
def shared():
    """The folder of golden numbers and published models."""
    if not (SHARED / "golden").is_dir():
        pytest.skip(f"no golden numbers: {SHARED} is absent (set QHLS_SHARED)")
    return SHARED


def assert_equal(got, wanted, **more):
    """``np.testing.assert_array_equal`` of tensors: numpy takes none that torch can differentiate."""
    got, wanted = keras.ops.convert_to_numpy(got), keras.ops.convert_to_numpy(wanted)
    np.testing.assert_array_equal(got, wanted, **more)


def write_keras2_weights(group, layers):
    """``{layer: {variable: array}}`` in the layout of Keras 2's ``save_weights``."""
    group.attrs["layer_names"] = [name.encode() for name in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.4.0"
    for layer, weights in layers.items():
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in weights]
        for name, value in weights.items():
            inner.create_dataset(f"{layer}/{name}:0", data=value)


@pytest.fixture
def keras2_weights(tmp_path):
    """``write(layers, name="w.h5")`` -> path of a Keras 2 weight file."""

    def write(layers, name="w.h5"):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            write_keras2_weights(file, layers)
        return path

    return write


@pytest.fixture
def rng():
    return np.random.default_rng(0)
