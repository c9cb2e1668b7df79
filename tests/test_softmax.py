"""A softmax at a model's end, compiled three ways."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError
from qhls.frontend import QActivation, QDense

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
    assert np.abs(design.run(x) - wanted).max() <= design.softmax.bound_error(5)
    assert (qhls.compile(model, "s6.3", softmax="argmax").run(x)[:, 0] == wanted.argmax(-1)).all()


def columns(axis):
    """A softmax over ``axis`` of (3, 4, 2), and numbers for it."""
    layer = keras.layers.Softmax(axis=axis, name="columns")
    return keras.Sequential(
        [keras.Input((3, 4, 2)), QActivation("quantized_bits(8,2,alpha=1)"), layer]
    )


@pytest.mark.parametrize("axis", [1, -2, 3, [1, 2], (1, -1)])
@pytest.mark.parametrize("mode", ["host", "hardware", "argmax"])
def test_a_softmax_over_other_axes(mode, axis, rng):
    if mode == "argmax" and not isinstance(axis, int):
        pytest.skip("refused")
    model = columns(axis)
    design = qhls.compile(model, "s8.4", softmax=mode)
    x = rng.integers(-64, 64, (40, 3, 4, 2)) / 16
    report = design.check(x, targets=())
    assert report, report
    wanted = keras.ops.convert_to_numpy(model(x.astype("float32")))
    if mode == "hardware":
        off = np.abs(design.run(x) - wanted).max()
        assert off <= design.softmax.bound_error(12)
    if mode == "argmax":
        assert (design.run(x) == wanted.argmax(axis, keepdims=True)).all()


def test_check_judges_the_end_by_what_keras_computes(rng):
    """A design that took another axis is found out, though its logits are right."""
    x = rng.integers(-64, 64, (40, 3, 4, 2)) / 16
    right, other = (qhls.compile(columns(axis), "s8.4", softmax="hardware") for axis in (1, 2))
    report = replace(right, graph=other.graph).check(x, targets=())
    assert not report
    (wrong,) = (c.title for c in report.comparisons if c.mismatches)
    assert wrong.startswith("Keras == softmax of 10 fraction bits, within ")


def test_outputs_have_the_axes_of_their_own_softmax(rng):
    """Keras calls the layers in another order than that of the outputs."""
    x = keras.Input((3, 4))
    near = QActivation("quantized_bits(6,2,alpha=1)")(x)
    far = QActivation("quantized_bits(6,2,alpha=1)")(QDense(5, **QUANTIZED)(near))
    ends = [keras.layers.Softmax(axis=1)(far), keras.layers.Softmax(axis=2)(near)]
    design = qhls.compile(keras.Model(x, ends), "s8.4", softmax="argmax")
    report = design.check(rng.normal(size=(40, 3, 4)), targets=())
    assert report, report
    assert [op.shape for op in design.graph.outputs] == [(1, 5), (3, 1)]


def test_the_batch_has_no_softmax():
    x = keras.Input((3,), batch_size=1)
    model = keras.Model(x, keras.layers.Softmax(axis=0, name="s")(x))
    message = r"^layer 's' \(Softmax\): expected a softmax within a sample, got axis=0, the batch's"
    with pytest.raises(LoweringError, match=message):
        qhls.compile(model, "s8.4")
