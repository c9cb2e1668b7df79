"""Golden files, and files of Keras 2 built by hand."""

import json

import h5py
import numpy as np
import pytest

from support.models.keras2_files import write_keras2_weights
from support.shared import SHARED


@pytest.fixture(scope="session")
def shared():
    """The folder of golden numbers and published models."""
    if not (SHARED / "golden").is_dir():
        pytest.skip(f"no golden numbers: {SHARED} is absent (set QHLS_SHARED)")
    return SHARED


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
def write(tmp_path):
    def write_json(config, name="m.json"):
        path = tmp_path / name
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        return path

    return write_json


@pytest.fixture
def rng():
    return np.random.default_rng(0)
