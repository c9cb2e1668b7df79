"""A softmax at a model's end, compiled three ways."""

import keras
import numpy as np
import pytest

import qhls
from qhls.frontend import QDense

QUANTIZED = {
    "kernel_quantizer": "quantized_bits(4,1,1,alpha=1)",
    "bias_quantizer": "quantized_bits(4)",
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    return keras.Model(
        inputs, keras.layers.Softmax(name="s")(QDense(5, name="d", **QUANTIZED)(inputs))
    )


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("mode", ["host", "hardware", "argmax"])
def test_every_end_agrees_on_every_target(model, mode, rng):
    design = qhls.compile(model, "s6.3", softmax=mode, softmax_bits=7)
    x = rng.normal(size=(64, 4))
    report = design.check(x)
    assert report, report
    assert (" within " in str(report)) == (mode == "hardware")


def test_probabilities_are_those_of_keras(model, rng):
    design = qhls.compile(model, "s6.3", softmax="hardware", softmax_bits=9)
    x = np.rint(rng.uniform(-4, 3.8, (64, 4)) * 8) / 8
    wanted = model.predict(x, verbose=0)
    assert np.abs(design.run(x) - wanted).max() <= design.softmax.error(5)
    assert (qhls.compile(model, "s6.3", softmax="argmax").run(x)[:, 0] == wanted.argmax(-1)).all()
