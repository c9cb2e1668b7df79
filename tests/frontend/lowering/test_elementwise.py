"""Layers that are a function of each number, and averages: behind them a quantizer takes exact steps."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.errors import QuantizerError
from qhls.frontend import QActivation, QDense
from qhls.frontend.layers.pooling import QAveragePooling2D, QGlobalAveragePooling2D
from qhls.frontend.lowering.lower import has_few_bits
from qhls.frontend.models.state import settle
from qhls.ir import Mul, Quantize, Threshold
from qhls.quantizers import get_quantizer
from qhls.utils import load_qmodel

L = keras.layers
BITS = "quantized_bits(8,2,alpha=1)"
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}


def design_of(layers, shape, types="s8.5", seed=0, **options):
    """The design of ``layers`` one after another, with random weights."""
    model = keras.Sequential([keras.Input(shape), *layers])
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.uniform(-1, 1, weight.shape)
        weight.assign(
            np.abs(values) + 0.25 if "variance" in weight.path or types == "s20.15" else values
        )
    settle(model)
    return qhls.compile(model, types, **options)


def equal(design, targets=()):
    report = design.check(targets=targets)
    assert report, report
    return [type(op) for op in design.graph.ops]


NAMES = (
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid mish relu relu6 "
    "selu sigmoid silu soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus tanh tanh_shrink"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_every_function_of_keras(name):
    equal(design_of([L.Activation(name), QActivation(BITS)], (8,)))


def test_functions_that_mix_numbers_are_refused():
    """All others of Keras: a new one belongs into one of these lists."""
    names = {n for n, f in vars(keras.activations).items() if callable(f)}
    mixing = {"glu", "log_softmax", "softmax", "sparsemax"}
    helpers = {"get", "serialize", "deserialize", "linear", "threshold", "hard_swish", "swish"}
    assert names <= {*NAMES.split(), *mixing, *helpers}
    for name in mixing - {"softmax"}:
        with pytest.raises(qhls.LoweringError, match=r"^layer 'x' \(Activation\): expected an act"):
            design_of([L.Activation(name, name="x"), QActivation(BITS)], (8,))


REAL = {
    "leaky": L.LeakyReLU,
    "relu with a slope": lambda: L.ReLU(max_value=6, negative_slope=0.3),
    "relu with a threshold": lambda: L.ReLU(max_value=1.3, negative_slope=0.1, threshold=0.5),
    "elu": lambda: L.ELU(0.7),
    "prelu": L.PReLU,
    "prelu by channel": lambda: L.PReLU(shared_axes=[1]),
    "prelu with one slope": lambda: L.PReLU(shared_axes=[1, 2]),
    "rescaled": lambda: L.Rescaling(1 / 255),
    "rescaled by channel": lambda: L.Rescaling([0.1, 0.2, -0.3], [1.0, 2.0, 3.0]),
    "adapted": L.Normalization,
    "adapted as a whole": lambda: L.Normalization(axis=None),
    "adapted by step": lambda: L.Normalization(axis=1),
    "adapted by element": lambda: L.Normalization(axis=(1, 2)),
    "adapted, back": lambda: L.Normalization(invert=True),
    "normalised": lambda: L.Normalization(mean=[0.5, 0.0, 1.0], variance=[2.0, 1.0, 4.0]),
    "a layer within": lambda: L.Activation(L.LeakyReLU()),
}


@pytest.mark.backends
@pytest.mark.parametrize("types", ["s8.5", "s20.15"])
@pytest.mark.parametrize("name", REAL)
def test_real_results_become_thresholds(name, types):
    """Or a factor where those would be many; never a rounding of what float32 computes."""
    kinds = equal(design_of([REAL[name](), QActivation(BITS)], (2, 3), types))
    assert (Threshold in kinds) != (Mul in kinds and Quantize in kinds)


EXACT = {
    "relu6": lambda: L.ReLU(6.0),
    "relu6 with a slope": lambda: L.ReLU(6.0, negative_slope=0.75),
    "leaky": lambda: L.LeakyReLU(negative_slope=0.375),
    "steep": lambda: L.LeakyReLU(negative_slope=3.0),
    "prelu": lambda: L.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
    "steep prelu": lambda: L.PReLU(alpha_initializer=keras.initializers.Constant(1.5)),
    "rescaled": lambda: L.Rescaling(0.25, -1.0),
    "rescaled by channel": lambda: L.Rescaling([0.5, 3.0, -0.25], [0.0, 1.0, 2.0]),
    "normalised": lambda: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 0.25, 1.0]),
    "normalised, back": lambda: L.Normalization(mean=0.5, variance=2.25, invert=True),
    "bins": lambda: L.Discretization(bin_boundaries=[-1.0, 0.0, 0.3, 2.0]),
    "a function of Keras": lambda: L.Activation("relu6"),
    "a function like ours": lambda: L.Activation("hard_tanh"),
    "a layer within": lambda: L.Activation(L.ReLU(6.0)),
}


@pytest.mark.backends
@pytest.mark.parametrize("name", EXACT)
def test_results_on_the_grid_need_no_quantizer(name):
    model = keras.Sequential([keras.Input((2, 3)), EXACT[name]()])
    design = qhls.compile(model, "s8.5")
    equal(design)
    assert not design.graph.reals or name == "bins"


def test_every_target_agrees():
    """Steps for each element, each channel and all of them; and a chain with all."""
    x = keras.Input((2, 3))
    ends = [QActivation(BITS)(REAL[name]()(x)) for name in REAL]
    y = L.Normalization()(L.PReLU()(L.Normalization(axis=1)(L.Activation("celu")(x))))
    model = keras.Model(x, [*ends, QActivation(BITS)(L.BatchNormalization()(y))])
    random = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(random.uniform(0.25, 1, weight.shape))
    settle(model)
    equal(qhls.compile(model, "s7.4"), ("vitis", "catapult"))


LAYERS = {
    "ReLU": lambda: L.ReLU(6.0),
    "LeakyReLU": lambda: L.LeakyReLU(0.25),
    "Activation": lambda: L.Activation("relu6"),
    "within one another": lambda: L.Activation(L.ReLU(negative_slope=0.5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_an_activation_layer_as_an_activation(name, tmp_path):
    layers = [QActivation(LAYERS[name]()), QDense(2, **KERNEL, activation=LAYERS[name]())]
    model = keras.Sequential([keras.Input((3,)), *layers])
    equal(qhls.compile(model, "s8.5"))
    model.save(tmp_path / "m.keras")
    again = load_qmodel(tmp_path / "m.keras")
    x = np.arange(-12, 12).reshape(8, 3) / 4
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["Lambda", "Dense", "TFSMLayer", "nothing"])
def test_other_layers_are_no_activation(name):
    config = {"module": "keras.layers", "class_name": name, "config": {}, "registered_name": None}
    with pytest.raises(
        QuantizerError, match=r"^get_quantizer: expected the name of a quantizer, got "
    ):
        get_quantizer(config)


def test_in_a_nested_model():
    inner = [keras.Input((4,)), QDense(3, **KERNEL), L.PReLU(), L.Rescaling(0.3), QActivation(BITS)]
    equal(design_of([keras.Sequential(inner, name="inner"), L.ReLU(6.0)], (4,)))


def test_elements_move_before_the_quantizer():
    """A function of each number stays one when they move; zeros around it are codes of their own."""
    moves = [
        L.Reshape((3, 2)),
        L.Permute((2, 1)),
        L.Cropping1D((0, 1)),
        L.UpSampling1D(2),
        L.ZeroPadding1D(1),
        L.Flatten(),
    ]
    equal(design_of([L.Activation("tanh"), *moves, QActivation(BITS)], (6,)))
    message = r"^layer 't' \(Activation\): .*\. Otherwise the model's user reads real numbers\. The nearest exact "
    with pytest.raises(qhls.LoweringError, match=message):
        design_of([L.Activation("tanh", name="t"), L.ZeroPadding1D(1, name="z")], (3, 2))


@given(st.integers(-4095, 4095), st.integers(-30, 30))
def test_short_numbers(mantissa, exponent):
    assert has_few_bits(mantissa * 2.0**exponent)
    assert not has_few_bits([1.0, (2 * 4096 + 1) * 2.0**exponent])


# -- averages ---------------------------------------------------------------------------------------

AVERAGES = {
    "global 1d": (L.GlobalAveragePooling1D, (10, 2)),
    "global 2d": (lambda: L.GlobalAveragePooling2D(keepdims=True), (3, 3, 2)),
    "global 3d": (L.GlobalAveragePooling3D, (3, 1, 2, 2)),
    "windows 1d": (lambda: L.AveragePooling1D(5, 2), (9, 2)),
    "windows 2d": (lambda: L.AveragePooling2D((5, 3)), (10, 7, 2)),
    "quantised windows": (lambda: QAveragePooling2D(3, activation=BITS), (6, 6, 1)),
    "quantised global": (lambda: QGlobalAveragePooling2D(activation=BITS), (3, 3, 2)),
}


@pytest.mark.backends
@pytest.mark.parametrize("types", ["s8.5", "s18.12"])
@pytest.mark.parametrize("name", AVERAGES)
def test_averages_over_any_number(name, types):
    make, shape = AVERAGES[name]
    kinds = equal(design_of([make(), QActivation(BITS)], shape, types))
    assert (Threshold in kinds) != (Mul in kinds)  # a factor where it is smaller than a table


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_averages_of_what_lies_inside(data):
    """``padding="same"``: a window at the border averages fewer numbers, not always a nice part of the area."""
    sizes = st.integers(1, 4)
    pool, strides = data.draw(st.tuples(sizes, sizes)), data.draw(st.tuples(sizes, sizes))
    quantizer = data.draw(st.sampled_from([None, "quantized_bits(6,0,alpha=1)"]))
    cls = data.draw(st.sampled_from([L.AveragePooling2D, QAveragePooling2D]))
    more = {"average_quantizer": quantizer} if cls is QAveragePooling2D else {}
    layer = cls(pool, strides, padding="same", **more)
    shape = (*data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6))), 1)
    equal(design_of([layer, QActivation(BITS)], shape))


def test_an_average_of_three():
    a, b, c = (keras.Input((4,)) for _ in range(3))
    model = keras.Model([a, b, c], QActivation(BITS)(L.Average()([a, b, c])))
    equal(qhls.compile(model, ["s8.5", "u7.3", "s9.6"]), ("vitis", "catapult"))


def test_averages_without_a_quantizer_are_approximated():
    layers = [
        L.GlobalAveragePooling1D(name="mean"),
        L.Reshape((2, 1), name="moved"),
        QDense(2, **KERNEL),
    ]
    design = design_of(layers, (10, 2), allow_approximate=True)
    equal(design)
    (made,) = design.approximations
    assert made.layer == "moved"
    assert made.error < 2**-9
