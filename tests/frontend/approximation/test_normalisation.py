"""Normalisations that no quantizer follows: fixed-point factors and offsets instead, with the error that they have."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qhls
from qhls.frontend.approximation.normalisation import _choose_quantizer
from qhls.frontend.layers.scale_shift import QChannelScaleShift, QScaleShift
from qhls.layers import QActivation, QBatchNormalization, QDense
from qhls.quantizers import get_quantizer

L = keras.layers
BITS = "quantized_bits(8,2,alpha=1)"
NUMBERS = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
SPREAD = [1e-2, 0.2, 1.0, 5e3]
"""Standard deviations of channels, by which a normalisation divides."""


def randomised(model, seed=0):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        low = 0.25 if "variance" in weight.path or "gamma" in weight.path else -1
        weight.assign(rng.uniform(low, 1, weight.shape))
    return model


def approximated(model, types):
    """The design; it is what its model computes, and as far from the model given as it says."""
    design = qhls.compile(model, types, allow_approximate=True)
    report = design.check(targets=())
    assert report, report
    return design


def furthest(design, model, types, samples=512):
    fixed = qhls.ir.Fixed.parse(types)
    shape = (samples, *model.input_shape[1:])
    x = np.random.default_rng(1).integers(fixed.lo, fixed.hi, shape, endpoint=True) * fixed.step
    return abs(design.run(x) - model.predict(x.astype("float32"), verbose=0)).max(
        tuple(range(x.ndim - 1))
    )


def test_channels_of_different_ranges_keep_their_resolution():
    """One grid for all would have steps of whole units in the smallest channel."""
    model = keras.Sequential([keras.Input((8, 4)), L.BatchNormalization(name="norm")])
    variance = np.square(SPREAD).astype("float32")
    model.layers[0].set_weights([np.ones(4), np.zeros(4), np.zeros(4), variance])
    design = approximated(model, "s16.6")
    (made,) = design.approximations
    assert str(made).startswith(
        "factors of 18 bits and quantized_bits(32,14,0,alpha=1) instead of layer 'norm': error up to "
    )
    assert made.complete
    off = furthest(design, model, "s16.6")
    assert off.max() <= made.error * 1.01
    codes = 2.0**-6 / np.sqrt(variance + 1e-3)  # what one code of the input moves
    assert (off <= np.maximum(codes, 2.0**-17)).all()
    assert isinstance(design.model.get_layer("norm"), QChannelScaleShift)
    assert isinstance(model.layers[0], L.BatchNormalization)  # the user's stays as it is


LAYERS = {
    "normalisation": lambda: L.BatchNormalization(name="norm"),
    "quantised": lambda: QBatchNormalization(name="norm"),
    "rescaling": lambda: L.Rescaling(1 / 255, 0.3, name="norm"),
    "fixed statistics": lambda: L.Normalization(
        mean=[0.1, 0.2, 0.3], variance=[2.0, 3.0, 5.0], name="norm"
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_that_is_a_factor_and_an_offset(name):
    model = randomised(keras.Sequential([keras.Input((3,)), LAYERS[name](), QDense(2, **NUMBERS)]))
    design = approximated(model, "s10.6")
    (made,) = design.approximations
    assert made.instead
    assert made.layer == "norm"
    assert made.error < 2.0**-6  # a code of the input, which no factor here makes larger
    assert isinstance(design.model.get_layer("norm"), QScaleShift)
    assert furthest(design, model, "s10.6").max() <= 3 * 4 * made.error + 1e-6


def test_what_follows_on_it_is_exact():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            QDense(4, **NUMBERS),
            L.BatchNormalization(name="norm"),
            L.Activation("relu"),
            QDense(2, **NUMBERS),
        ]
    )
    design = approximated(randomised(model), "s8.4")
    assert [made.layer for made in design.approximations] == ["norm"]


def test_what_a_quantizer_or_another_function_follows_stays():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            L.BatchNormalization(name="exact"),
            QActivation(BITS),
            L.BatchNormalization(name="bent"),
            L.Activation("tanh", name="tanh"),
            QDense(2, **NUMBERS),
        ]
    )
    design = approximated(randomised(model), "s8.4")
    (made,) = design.approximations
    assert (made.layer, made.instead) == ("tanh", False)


def test_nested_and_called_twice():
    """Each call has numbers of its own; the one layer holds those of both."""
    inner = keras.Sequential([keras.Input((3,)), L.BatchNormalization(name="norm")], name="inner")
    x = keras.Input((3,))
    small, large = inner(x), inner(QDense(3, **NUMBERS)(x))
    model = randomised(keras.Model(x, QDense(2, **NUMBERS)(L.Add()([small, large]))))
    design = approximated(model, "s8.4")
    (made,) = design.approximations
    assert made.layer == "inner/norm"
    assert furthest(design, model, "s8.4").max() <= 2 * 3 * 4 * made.error


def test_a_mask_is_for_training_only():
    x, mask = keras.Input((4, 3)), keras.Input((4,), dtype="bool")
    y = L.BatchNormalization(name="norm")(x, mask=mask)
    model = keras.Model([x, mask], QDense(2, **NUMBERS)(y))
    design = qhls.compile(randomised(model), ["s8.4", "u1.0"], allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["norm"]
    report = design.check(targets=())
    assert report, report


def test_a_channel_that_is_constant():
    model = randomised(keras.Sequential([keras.Input((3,)), L.BatchNormalization(name="norm")]))
    gamma, *others = model.layers[0].get_weights()
    model.layers[0].set_weights([gamma * [0, 1, -1], *others])
    (made,) = approximated(model, "s8.4").approximations
    assert made.error < 2.0**-4


def test_a_quantizer_that_is_given_stands_behind_the_layer():
    """However many bits it has: its codes are proved."""
    model = randomised(keras.Sequential([keras.Input((3,)), L.BatchNormalization(name="norm")]))
    design = qhls.compile(model, "s12.6", allow_approximate="quantized_bits(18,5,alpha=1)")
    (made,) = design.approximations
    assert not made.instead
    assert design.check(targets=())


@pytest.mark.backends
def test_every_target_agrees():
    model = keras.Sequential([keras.Input((2, 3)), L.BatchNormalization(), QDense(2, **NUMBERS)])
    report = qhls.compile(randomised(model), "s12.6", allow_approximate=True).check()
    assert report, report


@given(
    st.lists(st.floats(-300, 300), min_size=1, max_size=4),
    st.integers(0, 12),
    st.integers(4, 16),
)
def test_chosen_quantizers_have_the_asked_bits_and_round_to_nearest(numbers, frac, widest):
    quantizer = get_quantizer(_choose_quantizer(np.array(numbers), frac, widest))
    whole = max(int(np.ceil(np.log2(max(np.abs(numbers).max(), 2.0**-widest)))), 0)
    assert quantizer.bits <= max(widest, whole + 2)
    step = 2.0 ** -(quantizer.bits - 1 - quantizer.integer)
    errors = np.abs(np.array(quantizer(np.array(numbers, "float32"))) - numbers)
    assert errors.max() <= step / 2 + 1e-4
