"""Files that the community's Keras 3 port (qkeras-v3 1.2.1) wrote, with the outputs it computed."""

from pathlib import Path

import keras
import numpy as np
import pytest

from qhls.frontend import load_model
from support.arrays import assert_equal

REAL = {"linear": 2.0**-20}
"""Models of numbers on no grid: float32 sums, which depend on the processor's order of summing."""

FILES = sorted(Path(__file__).with_name("port_files").glob("*.keras"))


def test_there_are_files():
    assert [path.stem for path in FILES] == [
        *("conv", "conv1d", "dense", "fold", "gru", "linear", "lstm"),
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_load_and_compute_the_same(path, tmp_path):
    model = load_model(path)
    with np.load(path.with_suffix(".npz")) as data:
        got = keras.ops.convert_to_numpy(model(data["x"]))
        np.testing.assert_allclose(got, data["y"], rtol=0, atol=REAL.get(path.stem, 0))
        model.save(tmp_path / "again.keras")
        assert_equal(load_model(tmp_path / "again.keras")(data["x"]), got)
