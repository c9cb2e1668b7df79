"""Each lowering rule: random layers through the interpreter equal Keras, every bit; and refusals."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.errors import LoweringError
from qhls.frontend import QActivation, QConv2D, QDense
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.trace import trace
from qhls.quantizers import quantized_bits, quantized_relu
from support.models.traces import BITS, agree, randomise

L = keras.layers
KERNELS = [
    BITS,
    "quantized_bits(3,1)",
    "quantized_bits(4,0,alpha='auto_po2')",
    "quantized_bits(4,0,alpha=0.25)",
]


@pytest.mark.parametrize("alpha", [0.25, 1, 4.0])
def test_a_numeric_alpha_of_an_activation_is_a_gain(alpha, rng):
    check(QActivation(quantized_bits(5, 1, alpha=alpha)), (7,), rng, "s9.6")
    check(QActivation(quantized_bits(5, 1, 1, alpha=alpha)), (7,), rng, "s9.6")


def check(layer, shape, rng, types="s5.2"):
    model = keras.Sequential([keras.Input(shape), layer])
    return agree(randomise(model, rng), types, rng, samples=8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5)])
def test_qdense(kernel, shape, rng):
    layer = QDense(
        4, "quantized_relu(4,1)", kernel_quantizer=kernel, bias_quantizer="quantized_bits(6,2)"
    )
    check(layer, shape, rng)
    check(QDense(4, use_bias=False, kernel_quantizer=kernel), shape, rng)


def test_channels_with_scales_of_their_own_share_one_type(rng):
    layer = QDense(3, use_bias=False, kernel_quantizer="quantized_bits(4)")
    model = keras.Sequential([keras.Input((5,)), layer])
    kernel = rng.normal(size=(5, 3)) * [0.01, 1, 0]  # a scale each, and a channel without weights
    model.set_weights([kernel])
    graph = agree(model, "s5.2", rng)
    codes, scale = layer.kernel_quantizer.compute_integer_codes(kernel)
    const = next(op for op in graph.ops if op.name.endswith(".kernel"))
    values = const.codes.to_integers() * 2.0**-const.frac
    np.testing.assert_array_equal(values, codes * scale)
    assert const.type.width < 20


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_qconv2d(data):
    sizes = st.integers(1, 3)
    size, strides = data.draw(st.tuples(sizes, sizes)), data.draw(st.tuples(sizes, sizes))
    dilation = data.draw(st.tuples(sizes, sizes)) if max(strides) == 1 else (1, 1)
    padding = data.draw(st.sampled_from(["same", "valid"]))
    shape = data.draw(st.tuples(st.integers(7, 9), st.integers(7, 9), sizes))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    mask = rng.integers(0, 2, size) if data.draw(st.booleans()) else None
    layer = QConv2D(
        data.draw(sizes),
        size,
        strides=strides,
        padding=padding,
        dilation_rate=dilation,
        mask=mask,
        kernel_quantizer=data.draw(st.sampled_from(KERNELS)),
        bias_quantizer=BITS,
        use_bias=data.draw(st.booleans()),
    )
    check(layer, shape, rng)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_max_pooling(data):
    sizes = st.integers(1, 3)
    layer = L.MaxPooling2D(
        data.draw(st.tuples(sizes, sizes)),
        strides=data.draw(st.one_of(st.none(), st.tuples(sizes, sizes))),
        padding=data.draw(st.sampled_from(["same", "valid"])),
    )
    shape = data.draw(st.tuples(st.integers(3, 6), st.integers(3, 6), sizes))
    graph = check(layer, shape, np.random.default_rng(0), "s5.2")
    assert str(graph.outputs[0].type) == "s5.2"  # padding never widens


@pytest.mark.parametrize("bits", [2, 4, 6])
@pytest.mark.parametrize("integer", [0, 1, 2])
@pytest.mark.parametrize("slope", [0, 0.125, 0.25, 1.0])
def test_quantised_activations(bits, integer, slope, rng):
    relu = quantized_relu(bits, integer, negative_slope=slope)
    for quantizer in (relu, quantized_bits(bits, integer), quantized_bits(bits, integer, 1)):
        check(QActivation(quantizer), (64,), rng, "s9.5")


@pytest.mark.parametrize(
    "layer",
    [
        L.Activation("relu"),
        L.Activation("linear"),
        L.ReLU(),
        L.ReLU(negative_slope=0.25),
        L.LeakyReLU(negative_slope=0.125),
        QActivation("relu"),
        L.Flatten(),
        L.Reshape((2, 12)),
        L.ZeroPadding2D(((1, 0), (2, 1))),
        L.GlobalMaxPooling2D(),
        L.GlobalMaxPooling2D(keepdims=True),
        L.Reshape((-1, 3)),
        L.Identity(),
        L.Dropout(0.5),
        L.GaussianNoise(1.0),
        L.SpatialDropout2D(0.5),
    ],
    ids=lambda layer: layer.name,
)
def test_stock_layers(layer, rng):
    check(layer, (2, 3, 4), rng)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_merging(axis, rng):
    a, b, c = keras.Input((3, 4)), keras.Input((3, 4)), keras.Input((3, 4))
    types = ["s5.2", "u4.3", "s6.0"]
    agree(keras.Model([a, b, c], L.Concatenate(axis=axis)([a, b, c])), types, rng)
    agree(keras.Model([a, b, c], L.Add()([a, b, c])), types, rng)
    agree(keras.Model([a, b, c], L.Maximum()([a, b, c])), types, rng)
    agree(keras.Model([a], L.ZeroPadding1D((2, 1))(a)), types[:1], rng)


# -- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            QDense(3, bias_quantizer=BITS, name="x"),
            r"\(QDense\): expected a quantizer for 'kernel', got none, so its weights are real "
            r"numbers\. Add e\.g\. kernel_quantizer='quantized_bits\(8,0,alpha=1\)'\.$",
        ),
        (
            QDense(3, kernel_quantizer=BITS, name="x"),
            r"\(QDense\): expected a quantizer for 'bias', got none",
        ),
        (
            QDense(
                3, kernel_quantizer="quantized_bits(4,alpha='auto')", bias_quantizer=BITS, name="x"
            ),
            r"\(QDense\): expected weights of 'kernel' that are integers times powers of two, got "
            r"the scale \S+ from quantized_bits\(4,0,1,alpha='auto'\)\. Use alpha='auto_po2'",
        ),
        (
            QConv2D(
                3,
                1,
                kernel_quantizer="quantized_bits(4,0,alpha=0.3)",
                bias_quantizer=BITS,
                name="x",
            ),
            r"\(QConv2D\): expected weights of 'kernel' .*,alpha=0\.3\)\. Use alpha='auto_po2', or a "
            r"power of two such as alpha=1, or quantise the layer's result by an activation of at most 12 "
            r"bits\. Otherwise the model's user reads real numbers\.$",
        ),
        (
            L.Dense(3, name="x"),
            r"\(Dense\): expected a quantised layer, got one of real numbers\. Use QDense with a",
        ),
        (
            L.DepthwiseConv2D(1, name="x"),
            r"\(DepthwiseConv2D\): expected a quantised layer, .* Use QDepthwiseConv2D with a quantizer for",
        ),
        (
            L.Conv2D(3, 1, name="x"),
            r"\(Conv2D\): expected a quantised layer, .* Use QConv2D with a",
        ),
        (
            L.BatchNormalization(name="x"),
            r"\(BatchNormalization\): expected a quantizer behind the normalisation, whose factors are "
            r"real numbers, got none\. Add a QActivation, .*\. Otherwise the model's user reads real numbers\.$",
        ),
        (
            L.Activation("tanh", name="x"),
            r"\(Activation\): expected an activation that maps codes to codes, got the function "
            r"'tanh' of real numbers\. Use a quantizer",
        ),
        (
            L.LeakyReLU(negative_slope=0.3, name="x"),
            r"\(LeakyReLU\): expected a quantizer behind it, because negative_slope=0\.3 makes its results real "
            r"numbers, got none\. Add a QActivation behind it\. Otherwise the model's user reads real numbers\.$",
        ),
        (
            L.ReLU(threshold=0.5, name="x"),
            r"\(ReLU\): expected a quantizer behind it, because negative_slope=0\.0, max_value=None, threshold=0\.5 ",
        ),
        (
            L.Activation(L.PReLU(), name="x"),
            r"\(Activation\): expected an activation without weights, got a PReLU\. Make it a layer of the model\.$",
        ),
        (
            L.Flatten(data_format="channels_first", name="x"),
            r"\(Flatten\): expected data_format='channels_last', got 'channels_first'\. Build",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_integer_computation(layer, message, rng):
    model = randomise(keras.Sequential([keras.Input((3, 3, 4)), layer]), rng)
    with pytest.raises(LoweringError, match=rf"^layer 'x' {message}"):
        trace(model, "s5.2")


def test_the_batch_axis_does_not_concatenate():
    a, b = keras.Input((3,), batch_size=1), keras.Input((3,), batch_size=1)
    model = keras.Model([a, b], L.Concatenate(axis=0, name="x")([a, b]))
    with pytest.raises(LoweringError, match=r"^layer 'x' \(Concatenate\): expected an axis other"):
        trace(model, "s5.2")


def test_a_subclass_that_computes_something_else_needs_its_own_rule(rng):
    class Named(QDense):
        """Only a new name."""

    class Doubled(QDense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    arguments = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
    check(Named(3, **arguments), (4,), rng)
    model = keras.Sequential([keras.Input((4,)), Doubled(3, name="x", **arguments)])
    message = (
        r"^layer 'x' \(Doubled\): expected a separate rule, because it does not have call from QDense, "
        r"got none\. Write a rule and decorate it with @qhls\.lower\.register\(Doubled\)\.$"
    )
    with pytest.raises(LoweringError, match=message):
        trace(model, "s5.2")


def test_lower_is_a_function_of_layer_and_ops(rng):
    layer = QDense(3, kernel_quantizer=BITS, use_bias=False, name="fc")
    graph = check(layer, (4,), rng)
    op = lower(layer, graph.inputs[0])
    assert (op.name, op.layer, op.type) == ("fc.matmul", "fc", graph.outputs[0].type)


WITHIN = {
    "itself": lambda layer: layer,
    "in a model": lambda layer: keras.Sequential([keras.Input((3,)), layer]),
    "on each row": L.TimeDistributed,
}


@pytest.mark.parametrize("name", WITHIN)
def test_what_keras_quantised_is_refused(name):
    """Its int8 weights and scales are not those of the quantizers."""
    shape = (2, 3) if name == "on each row" else (3,)
    embedding = L.Embedding(4, 2, name="e")
    model = keras.Sequential([keras.Input(shape), WITHIN[name](embedding)])
    embedding.quantize("int8")
    expected = (
        r"^(layer '\w+' \(TimeDistributed\): )?layer 'e' \(Embedding\): expected a layer that computes in floats, "
        r"got one that Keras quantised to int8\. Quantise it by quantizers only"
    )
    with pytest.raises(LoweringError, match=expected):
        trace(model, "u2.0")
