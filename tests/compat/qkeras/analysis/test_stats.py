"""Operations, modes and sparsity beyond the golden models."""

import warnings

import keras
import numpy as np
import pytest

from qhls.errors import LoweringError
from qhls.layers import (
    QLSTM,
    QActivation,
    QBatchNormalization,
    QBidirectional,
    QConv1D,
    QConv2D,
    QConv2DTranspose,
    QDense,
    QDenseBatchnorm,
    QDepthwiseConv2D,
    QSeparableConv2D,
    QSimpleRNN,
)
from qhls.quantizers import get_quantizer
from qhls.utils import (
    UtilityError,
    create_activation_cache,
    extract_model_operations,
    get_model_sparsity,
    get_operation_type,
    get_quant_mode,
    print_model_sparsity,
    print_qstats,
)
from support.arrays import assert_equal
from support.models.common import BITS, randomized

layers = keras.layers
RELU = "quantized_relu(4,2)"


def chain(shape, *stack):
    return randomized(keras.Sequential([keras.Input(shape), *stack]))


MODES = {
    "quantized_bits(4,0,1)": (0, 4, 1),
    "quantized_bits(5,0,keep_negative=False)": (0, 5, 0),
    "quantized_linear(6,1,alpha='auto')": (0, 6, 1),
    "quantized_relu(3,1)": (0, 3, 0),
    "quantized_relu(3,1,negative_slope=0.25)": (0, 3, 1),
    "quantized_tanh(5)": (0, 5, 1),
    "quantized_sigmoid(5)": (0, 5, 0),
    "quantized_ulaw(6,1)": (0, 6, 1),
    "quantized_hswish(6,1)": (0, 6, 1),
    "quantized_po2(4)": (1, 4, 1),
    "quantized_relu_po2(4)": (1, 4, 0),
    "ternary": (2, 2, 1),
    "stochastic_ternary": (2, 2, 1),
    "binary": (3, 1, 1),
    "stochastic_binary": (3, 1, 1),
    "binary(use_01=1)": (4, 1, 0),
    "bernoulli": (4, 1, 0),
    "relu": (5, 32, 1),
    "hard_tanh": (5, 32, 1),
}


@pytest.mark.parametrize("text", MODES)
def test_modes(text):
    assert get_quant_mode(get_quantizer(text)) == MODES[text]


def test_mode_of_a_fitted_scale_and_of_nothing():
    quantizer = get_quantizer("quantized_linear(4,0,alpha='auto')")
    quantizer(np.ones((3, 2), "float32"))  # its smallest values are an array now
    assert get_quant_mode(quantizer) == (0, 4, 1)
    assert get_quant_mode(None) == (5, 32, 1)


NUMBERS = {
    0: "quantized_bits(4,0,1,alpha=1)",
    1: "quantized_po2(4)",
    2: "ternary(alpha=1)",
    3: "binary(alpha=1)",
    4: "binary(use_01=1,alpha=1)",
    5: None,
}
PRODUCTS = {
    (0, 0): "mult", (0, 1): "barrel", (0, 2): "mux", (0, 3): "mux", (0, 4): "mux",
    (1, 1): "adder", (1, 2): "mux", (1, 3): "xor", (1, 4): "mux",
    (2, 2): "mux", (2, 3): "mux", (2, 4): "xor", (3, 3): "xor", (3, 4): "xor", (4, 4): "xor",
    (0, 5): "fmult", (1, 5): "fmult", (2, 5): "fmult", (3, 5): "fmult", (4, 5): "fmult",
    (5, 5): "fmult",
}  # fmt: skip


@pytest.mark.parametrize("weight", NUMBERS)
def test_what_multiplies(weight):
    for read, activation in NUMBERS.items():
        front = QActivation(activation) if activation else QDense(3, name="sums")
        model = chain((3,), front, QDense(2, kernel_quantizer=NUMBERS[weight], name="d"))
        kind, modes, _, _ = extract_model_operations(model)["d"]["type"]
        assert modes == (weight, read)
        assert kind == PRODUCTS[min(weight, read), max(weight, read)]


def test_get_operation_type():
    model = chain((3,), QActivation(RELU), QDense(2, kernel_quantizer=BITS, name="d"))
    cache = create_activation_cache(model)
    assert get_operation_type(model.layers[1], cache) == ("mult", (0, 0), (4, 4), (1, 0))
    message = (
        r"^layer 'd': expected a layer with a kernel, of the model of output_cache, got QDense\. "
        r"Make the cache with create_activation_cache\(model\)\.$"
    )
    with pytest.raises(UtilityError, match=message):
        get_operation_type(model.layers[1], {})


def read_by(model, name):
    """Kind and bits of what the layer reads."""
    _, modes, bits, _ = extract_model_operations(model)[name]["type"]
    return modes[1], bits[1]


def last(name="d"):
    return QDense(2, kernel_quantizer=BITS, name=name)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ([], (0, 8)),  # QKeras takes the input for quantized_relu(8,0)
        ([layers.Reshape((6,)), layers.Dropout(0.5), layers.ReLU()], (0, 8)),
        ([QActivation(RELU), layers.Activation("relu")], (0, 4)),
        ([QActivation(RELU), layers.Activation("softmax")], (5, 32)),
        ([QDense(3, kernel_quantizer=BITS)], (5, 32)),
        ([QDense(3, kernel_quantizer=BITS, activation=RELU)], (0, 4)),
        ([QDense(3, activation="relu")], (5, 32)),
        ([QActivation(RELU), QBatchNormalization()], (5, 32)),
        ([QActivation(RELU), layers.BatchNormalization()], (5, 32)),
        ([layers.Reshape((3, 2)), QSimpleRNN(2, activation="quantized_tanh(5)")], (0, 5)),
        ([layers.Reshape((3, 2)), QLSTM(2, activation="quantized_tanh(5)")], (5, 32)),
        ([layers.Reshape((3, 2)), QBidirectional(QLSTM(2))], (5, 32)),
        ([keras.Sequential([keras.Input((6,)), QActivation(RELU)], name="inner")], (0, 4)),
    ],
)
def test_the_numbers_that_a_layer_reads(front, expected):
    assert read_by(chain((6,), *front, last()), "d") == expected


def test_merging_takes_the_first():
    a, b = keras.Input((3,)), keras.Input((3,))
    merged = layers.Add()([QActivation(RELU)(a), QActivation("quantized_bits(6,2)")(b)])
    assert read_by(randomized(keras.Model([a, b], last()(merged))), "d") == (0, 4)
    merged = a + QActivation(RELU)(b)  # an operator, not a layer
    assert read_by(randomized(keras.Model([a, b], last()(merged))), "d") == (0, 8)


def operations(layer, shape):
    (entry,) = extract_model_operations(chain(shape, layer)).values()
    return entry


@pytest.mark.parametrize(
    ("layer", "shape", "expected", "weights", "bias"),
    [
        (QDense(5), (3,), 15, 15, 5),
        (QDense(5, use_bias=False), (7, 2, 3), 7 * 2 * 15, 15, 0),
        (QDenseBatchnorm(5, use_bias=False), (3,), 15, 15, 5),
        (QConv1D(4, 3), (9, 2), 7 * 24, 24, 4),
        (QConv2D(4, 3, groups=2), (6, 7, 4), 4 * 5 * 9 * 2 * 4, 72, 4),
        (QConv2D(4, 3, 2, "same"), (5, 5, 2), 9 * 72, 72, 4),
        (QDepthwiseConv2D(3, depth_multiplier=2), (5, 5, 3), 9 * 54, 54, 6),
        (QSeparableConv2D(4, 3, depth_multiplier=2), (5, 5, 3), 9 * (54 + 24), [54, 24], 4),
    ],
)
def test_counts(layer, shape, expected, weights, bias):
    """Each element of the kernel is used once at each position of the output, as counted by hand."""
    entry = operations(layer, shape)
    assert entry["number_of_operations"] == expected
    assert entry["number_of_weights"] == weights
    assert entry["number_of_bias"] == bias


def test_channels_first_counts_the_same():
    layer = QConv2D(4, 3, data_format="channels_first", name="c")
    inputs = keras.Input((2, 6, 7))
    model = keras.Model(inputs, layer(inputs))
    assert extract_model_operations(model)["c"]["number_of_operations"] == 4 * 5 * 9 * 2 * 4


def test_shared_and_nested_layers():
    shared = last("shared")
    a, b = keras.Input((3,)), keras.Input((3,))
    inner = keras.Sequential([keras.Input((4,)), last("d")], name="inner")
    outputs = inner(layers.Concatenate()([shared(a), shared(b)]))
    entries = extract_model_operations(randomized(keras.Model([a, b], outputs)))
    assert {n: e["number_of_operations"] for n, e in entries.items()} == {
        "shared": 12,
        "inner/d": 8,
    }
    assert entries["shared"]["number_of_weights"] == 6


def test_time_distributed():
    wrapped = layers.TimeDistributed(last(), name="t")
    entry = extract_model_operations(chain((5, 3), wrapped))["t"]
    assert entry["number_of_operations"] == 5 * 6


def test_layers_that_are_not_counted_are_named(capsys):
    stack = [QConv2DTranspose(2, 2, name="t"), layers.Reshape((-1, 2)), QSimpleRNN(2, name="r")]
    message = (
        r"^print_qstats: operations and weights of these layers are not counted: t, r\. Like QKeras it ignores "
        r"recurrent, transposed and elementwise layers, and layers inside others whose calls are unknown\.$"
    )
    with pytest.warns(UserWarning, match=message):
        print_qstats(chain((3, 3, 1), *stack))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        print_qstats(chain((3,), last()))
    capsys.readouterr()


def test_positions_must_be_known():
    message = (
        r"^layer 'c': expected an output of known shape, got \(None, None, None, 2\)\. Build the "
        r"model with keras\.Input\(shape\) of numbers\.$"
    )
    with pytest.raises(UtilityError, match=message):
        extract_model_operations(chain((None, None, 1), QConv2D(2, 2, name="c")))


def test_models_without_layers_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(LoweringError, match=r"expected a Sequential or Functional model"):
        print_qstats(Own())


# -- sparsity ---------------------------------------------------------------------------------------


def sparse():
    model = chain(
        (4,),
        QDense(2, kernel_quantizer=BITS, bias_quantizer=BITS, name="q"),
        layers.Dense(3, name="f"),
    )
    kernel = np.array([[0.01, 0.5], [0.25, 0.03], [0.5, 0.5], [0.5, 0.5]])
    model.layers[0].set_weights([kernel, np.array([0.0, 0.5])])
    model.layers[1].set_weights([np.eye(2, 3), np.array([0.01, 0.0, 0.0])])
    return model


def test_sparsity_of_quantised_and_real_layers():
    model = sparse()
    before = model.get_weights()
    total, shares = get_model_sparsity(model, per_layer=True)
    assert shares == [("q", 3 / 10), ("f", 6 / 9)]
    assert total == get_model_sparsity(model) == 9 / 19
    for a, b in zip(model.get_weights(), before, strict=True):
        assert_equal(a, b)  # QKeras quantises them in place


def test_sparsity_of_some_classes():
    model = sparse()
    assert get_model_sparsity(model, allow_list=["QDense"]) == 3 / 10
    assert get_model_sparsity(model, allow_list=["QConv2D"]) == 0
    model = chain((3, 2), QSimpleRNN(2, name="r"))
    assert get_model_sparsity(model, per_layer=True) == (0, [])
    assert get_model_sparsity(model, per_layer=True, allow_list=["QSimpleRNN"])[1][0][0] == "r"


def test_print_model_sparsity(capsys):
    model = sparse()
    model.name = "m"
    print_model_sparsity(model)
    assert capsys.readouterr().out == "Model Sparsity Summary (m)\n--\nq: (kernel, 0.25)\n\n\n"
