"""Real numbers that move, or of which maxima are taken, before a quantizer: exact, whatever the channels' functions."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.frontend import QActivation, QConv2D, QDense
from qhls.ir import Pool, Threshold

L = keras.layers
BITS = "quantized_bits(5,2,alpha=1)"
IMAGE = (4, 4, 3)


def model_of(layers, shape=IMAGE, falling=True):
    """The layers one after another, with random weights: normalisations fall in some channels, or in none."""
    model = keras.Sequential([keras.Input(shape), *layers])
    random = np.random.default_rng(3)
    for weight in model.weights:
        signs = random.choice([-1, 1], weight.shape) if falling else 1
        values = random.uniform(0.25, 1, weight.shape)
        weight.assign(values if "variance" in weight.path else values * signs)
    return model


def equal(model, targets=(), types="s7.4"):
    design = qhls.compile(model, types)
    report = design.check(targets=targets)
    assert report, report
    return [type(op) for op in design.graph.ops]


MOVES = {
    "flat": lambda: [L.Flatten()],
    "in another shape": lambda: [L.Reshape((8, 6))],
    "permuted": lambda: [L.Permute((3, 1, 2)), L.Permute((2, 1, 3))],
    "cropped": lambda: [L.Cropping2D(1), L.Flatten()],
    "repeated": lambda: [L.UpSampling2D(2), L.Flatten(), L.RepeatVector(2)],
    "of other channels": lambda: [L.Permute((3, 1, 2)), L.BatchNormalization()],
    "in many channels": lambda: [
        *(L.Flatten(), L.RepeatVector(2)),
        *(L.BatchNormalization(axis=1), L.BatchNormalization()),
    ],
    "maxima": lambda: [L.MaxPooling2D(), L.Flatten()],
    "maxima at borders": lambda: [L.MaxPooling2D(3, 2, padding="same")],
    "maxima of all": lambda: [L.GlobalMaxPooling2D(keepdims=True)],
    "maxima of other channels": lambda: [L.Permute((3, 1, 2)), L.MaxPooling2D((3, 2))],
    "maxima between functions": lambda: [
        *(L.Activation("silu"), L.MaxPooling2D(), L.ReLU(1.3), L.Flatten()),
        *(L.Activation("tanh"),),
    ],
}


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_a_quantizer_behind(name, falling):
    for quantizer in (BITS, "quantized_relu_po2(4)"):
        layers = [L.BatchNormalization(), *MOVES[name](), QActivation(quantizer)]
        equal(model_of(layers, falling=falling))


def test_maxima_come_first_where_the_function_rises():
    """There are fewer of them to quantise."""
    for falling in (False, True):
        layers = [L.BatchNormalization(), L.MaxPooling2D(), QActivation(BITS)]
        kinds = equal(model_of(layers, falling=falling))
        assert (kinds.index(Pool) > kinds.index(Threshold)) == falling


def test_a_published_order():
    """Convolution with real scales, normalisation, ReLU, maxima, dense; on every target."""
    layers = [
        QConv2D(2, 2, kernel_quantizer="quantized_bits(4)", bias_quantizer=BITS),
        *(L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(2, 1), L.Flatten()),
        *(QActivation(BITS), QDense(2, kernel_quantizer=BITS, bias_quantizer=BITS)),
    ]
    equal(model_of(layers), ("vitis", "catapult"))


def test_operations_move_too():
    x = keras.Input(IMAGE)
    ones, others = keras.ops.split(
        keras.ops.transpose(L.BatchNormalization()(x), (0, 3, 2, 1)), 2, 2
    )
    model = keras.Model(x, [QActivation(BITS)(ones), QActivation(BITS)(others[:, ::-1, 1:])])
    equal(model)


@settings(max_examples=15, deadline=None)
@given(st.permutations([1, 2, 3]), st.integers(1, 2), st.integers(-3, -1), st.booleans())
def test_any_move(dims, size, axis, between):
    moves = [L.Permute(dims), L.UpSampling2D(size), L.BatchNormalization(axis=axis)]
    if between:
        moves.insert(1, L.MaxPooling2D((2, 1), padding="same"))
        moves.pop()
    equal(model_of([L.BatchNormalization(), *moves, QActivation(BITS)], (2, 3, 2)), types="s5.2")


@pytest.mark.parametrize(
    "behind",
    [lambda: [QActivation("quantized_hswish(6,2)")], lambda: [L.BatchNormalization()]],
    ids=["hswish", "normalisation"],
)
def test_what_may_fall_is_no_maximum(behind):
    layers = [L.BatchNormalization(), L.MaxPooling2D(name="m"), *behind(), QActivation(BITS)]
    message = (
        r"^(layer '\w+' \(QActivation\): )?layer 'm' \(MaxPooling2D\): expected a function that never falls behind "
        r"a maximum of real numbers, got one that may\. Put a QActivation before it"
    )
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model_of(layers), "s7.4")
