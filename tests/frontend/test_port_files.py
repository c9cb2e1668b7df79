"""Files that the community's Keras 3 port (qkeras-v3 1.2.1) wrote, with the outputs it computed."""

from pathlib import Path

import numpy as np
import pytest
from conftest import assert_equal

from qhls.frontend import load_model

FILES = sorted(Path(__file__).with_name("port_files").glob("*.keras"))


def test_there_are_files():
    assert [path.stem for path in FILES] == [
        *("conv", "conv1d", "dense", "fold", "gru", "linear", "lstm"),
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_load_and_compute_the_same(path, tmp_path):
    model = load_model(path)
    with np.load(path.with_suffix(".npz")) as data:
        assert_equal(model(data["x"]), data["y"])
        model.save(tmp_path / "again.keras")
        assert_equal(load_model(tmp_path / "again.keras")(data["x"]), data["y"])
