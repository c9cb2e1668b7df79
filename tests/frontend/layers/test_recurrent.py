"""Recurrent Q-layers against QKeras' numbers, Keras' layers and their own definition."""

import keras
import numpy as np
import pytest
from keras import ops

import qhls
from qhls.errors import LoweringError, QuantizerError
from qhls.frontend.lowering.trace import trace
from qhls.layers import (
    QGRU,
    QLSTM,
    QBidirectional,
    QGRUCell,
    QLSTMCell,
    QSimpleRNN,
    QSimpleRNNCell,
)
from qhls.quantizers import hard_sigmoid, quantized_bits, quantized_sigmoid, quantized_tanh
from support.models.golden_checks import check_golden
from support.models.stateful_examples import AUTO, BITS, STATE, WEIGHTS

L = keras.layers
numpy = ops.convert_to_numpy

GOLDEN = {
    "qsimplernn": 3,
    "qsimplernn_seq": 3,
    "qlstm_impl1": 3,
    "qlstm_impl2": 3,
    "qgru_impl1": 3,
    "qgru_impl1_reset_after": 3,
    "qgru_impl2": 3,
    "qbidirectional_lstm": 6,
}
KINDS = {
    "rnn": (QSimpleRNN, L.SimpleRNN, {}),
    "lstm": (QLSTM, L.LSTM, {"implementation": 1}),
    "lstm fused": (QLSTM, L.LSTM, {"implementation": 2}),
    "gru": (QGRU, L.GRU, {"implementation": 1, "reset_after": False}),
    "gru fused": (QGRU, L.GRU, {"implementation": 2, "reset_after": False}),
    "gru after": (QGRU, L.GRU, {"implementation": 1, "reset_after": True}),
    "gru after fused": (QGRU, L.GRU, {"implementation": 2, "reset_after": True}),
}
Q = quantized_bits(4, 0, 1, alpha=1)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name, shared, tmp_path):
    assert check_golden(shared / "golden" / "layers" / name, tmp_path) == (2, GOLDEN[name])


def randomise(layer, rng, shape=(5, 4)):
    layer.build((None, *shape))
    layer.set_weights([rng.uniform(-1, 1, size=w.shape) for w in layer.get_weights()])
    return layer


def sequences(rng, n=3, shape=(5, 4)):
    return rng.normal(size=(n, *shape)).astype("float32")


def keras_twin(kind, layer, quantizer=None, **options):
    """Keras' own layer, with the weights of ``layer`` quantised beforehand."""
    _, cls, own = KINDS[kind]
    twin = cls(3, **own, **({} if cls is L.SimpleRNN else {"use_cudnn": False}), **options)
    twin.build((None, 5, 4))
    weights = layer.get_weights()
    twin.set_weights([numpy(quantizer(w)) for w in weights] if quantizer else weights)
    return twin


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_unquantised_it_is_keras_own(kind, use_bias, rng):
    cls, _, own = KINDS[kind]
    options = {"use_bias": use_bias, "return_sequences": True, "activation": "tanh"}
    if cls is not QSimpleRNN:
        options["recurrent_activation"] = "sigmoid"
    layer = randomise(cls(3, **options, **own), rng)
    x = sequences(rng)
    expected = numpy(keras_twin(kind, layer, **options)(x))
    np.testing.assert_allclose(numpy(layer(x)), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_quantised(kind, rng):
    cls, _, own = KINDS[kind]
    layer = randomise(cls(3, **WEIGHTS, **own), rng)
    activations = {"activation": quantized_tanh(8)}
    if cls is not QSimpleRNN:
        activations["recurrent_activation"] = hard_sigmoid
    x = sequences(rng)
    expected = numpy(keras_twin(kind, layer, Q, **activations)(x))
    np.testing.assert_array_equal(numpy(layer(x)), expected)
    np.testing.assert_array_equal(numpy(layer(x, training=True)), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_quantised_as_they_enter_a_step(kind, rng):
    cls, _, own = KINDS[kind]
    layer = randomise(cls(3, **STATE, **own, return_state=True, return_sequences=True), rng)
    twin = randomise(cls(3, **WEIGHTS, **own), rng).cell
    twin.set_weights(layer.get_weights())
    x, state_quantizer = sequences(rng), quantized_bits(6, 0, 1, alpha=1)
    states = [np.zeros((3, 3), "float32")] * len(layer.state_size)
    outputs = []
    for step in range(5):
        output, states = twin(x[:, step], [state_quantizer(s) for s in states])
        outputs.append(numpy(output))
    expected = [np.stack(outputs, 1), *(numpy(state) for state in states)]
    for found, each in zip(layer(x), expected, strict=True):
        np.testing.assert_allclose(numpy(found), each, 1e-6, 1e-6)  # a loop may fuse * and +


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru after"])
def test_implementations_agree(kind, rng):
    cls, _, own = KINDS[kind]
    one = randomise(cls(3, return_sequences=True, **STATE, **own), rng)
    two = randomise(cls(3, return_sequences=True, **STATE, **(own | {"implementation": 2})), rng)
    two.set_weights(one.get_weights())
    x = np.round(sequences(rng) * 16) / 16  # sums are then exact in any order
    np.testing.assert_array_equal(numpy(one(x)), numpy(two(x)))


def test_a_gru_without_recurrent_quantizer(rng):
    """QKeras takes the input's kernel in the recurrent one's place."""
    layer = randomise(QGRU(3, kernel_quantizer=BITS, bias_quantizer=BITS), rng, (5, 3))
    twin = L.GRU(
        3, quantized_tanh(8), hard_sigmoid, reset_after=False, use_cudnn=False, implementation=1
    )
    twin.build((None, 5, 3))
    kernel, recurrent, bias = layer.get_weights()
    twin.set_weights([numpy(Q(kernel)), recurrent, numpy(Q(bias))])
    x = sequences(rng, shape=(5, 3))
    np.testing.assert_array_equal(numpy(layer(x)), numpy(twin(x)))


@pytest.mark.parametrize("unroll", [True, False])
def test_weights_are_quantised_once_for_a_sequence(unroll, rng):
    calls = []

    def counted(x):
        calls.append(1)
        return Q(x)

    layer = randomise(QLSTM(3, recurrent_quantizer=counted, unroll=unroll), rng)
    x = sequences(rng)
    layer(x)
    assert len(calls) == 1
    layer.cell(x[:, 0], [np.zeros((3, 3), "float32")] * 2)
    assert len(calls) == 2
    assert layer.cell.recurrent_kernel is layer.weights[1]


def test_weights_are_variables_again_after_an_error(rng):
    def refuses(x):
        raise ValueError("no")

    layer = randomise(QLSTM(3, state_quantizer=refuses, **WEIGHTS), rng)
    with pytest.raises(ValueError, match="no"):
        layer(sequences(rng))
    assert layer.cell.kernel is layer.weights[0]


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru after fused"])
def test_masks_backwards_and_state(kind, rng):
    cls, _, own = KINDS[kind]
    options = {"go_backwards": True, "return_sequences": True, "return_state": True}
    layer = randomise(cls(3, **WEIGHTS, **own, **options), rng)
    activations = {"activation": quantized_tanh(8)}
    if cls is not QSimpleRNN:
        activations["recurrent_activation"] = hard_sigmoid
    twin = keras_twin(kind, layer, Q, **activations, **options)
    x, mask = sequences(rng), rng.integers(0, 2, size=(3, 5)).astype(bool)
    for found, expected in zip(layer(x, mask=mask), twin(x, mask=mask), strict=True):
        np.testing.assert_array_equal(numpy(found), numpy(expected))


def test_stateful_layers_go_on_where_they_stopped(rng):
    whole = randomise(QGRU(3, **STATE), rng)
    parts = QGRU(3, stateful=True, **STATE)
    parts.build((3, 5, 4))
    parts.set_weights(whole.get_weights())
    x = sequences(rng)
    parts(x[:, :2])
    np.testing.assert_array_equal(numpy(parts(x[:, 2:])), numpy(whole(x)))


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_for_training(kind, rng):
    cls, _, own = KINDS[kind]
    for rates in ({"dropout": 0.5}, {"recurrent_dropout": 0.5}):
        layer = randomise(cls(3, "linear", seed=1, **WEIGHTS, **own, **rates), rng)
        x = sequences(rng)
        expected = numpy(layer(x))
        np.testing.assert_array_equal(numpy(layer(x)), expected)
        trained = numpy(layer(x, training=True))
        assert not np.array_equal(trained, expected)
        assert not np.array_equal(numpy(layer(x, training=True)), trained)
    if cls is not QSimpleRNN:
        assert layer.get_config()["implementation"] == 1  # recurrent dropout has no other


def test_cells_stand_alone_and_in_stacks(rng):
    cells = [QSimpleRNNCell(3, **STATE), QLSTMCell(2, **WEIGHTS), QGRUCell(4, **STATE)]
    stack = randomise(L.RNN(cells, return_sequences=True), rng)
    alone = [L.RNN(cell, return_sequences=True) for cell in cells]
    x = sequences(rng)
    y = x
    for layer in alone:
        y = layer(y)
    np.testing.assert_allclose(numpy(stack(x)), numpy(y), 1e-6, 1e-6)
    assert QLSTMCell(2).get_config()["implementation"] == 1


def test_half_precision(rng):
    layer = randomise(QLSTM(3, dtype="mixed_float16", **STATE), rng)
    assert keras.backend.standardize_dtype(layer(sequences(rng)).dtype) == "float16"
    assert layer.cell.compute_dtype == "float16"


# -- QBidirectional -------------------------------------------------------------------------------


@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
def test_both_directions(merge_mode, rng):
    layer = randomise(QBidirectional(QLSTM(3, return_sequences=True, **STATE), merge_mode), rng)
    x = sequences(rng)
    found = layer(x)
    forward = numpy(layer.forward_layer(x))
    backward = numpy(layer.backward_layer(x))[:, ::-1]
    if merge_mode is None:
        found, expected = np.stack([numpy(y) for y in found]), np.stack([forward, backward])
    else:
        expected = (
            forward + backward if merge_mode == "sum" else np.concatenate([forward, backward], -1)
        )
    np.testing.assert_array_equal(numpy(found), expected)
    assert not np.array_equal(forward, backward)


def test_quantizers_of_both_directions_go_with_their_variables(rng):
    """QKeras pairs 8 quantizers with 6 weights by position."""
    layer = randomise(
        QBidirectional(
            QGRU(
                3,
                bias_quantizer="quantized_bits(8,2)",
                **{name: value for name, value in STATE.items() if name != "bias_quantizer"},
            )
        ),
        rng,
    )
    weights = layer.get_quantized_weights()
    names = [
        f"{d}_{v}" for d in ("forward", "backward") for v in ("kernel", "recurrent_kernel", "bias")
    ]
    assert list(weights) == names
    assert [str(q) for q, _ in weights.values()] == [
        "quantized_bits(4,0,1,alpha=1)",
        "quantized_bits(4,0,1,alpha=1)",
        "quantized_bits(8,2,0)",
    ] * 2
    for (_, values), variable in zip(weights.values(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(values, variable)
    assert len(layer.get_quantizers()) == 8
    assert len(layer.get_prunable_weights()) == 4
    assert layer.get_quantization_config()["backward_layer"]["units"] == "3"


# -- configuration --------------------------------------------------------------------------------


def test_arguments_of_the_cell_are_the_layers():
    layer = QLSTM(3, kernel_quantizer=AUTO, bias_quantizer="quantized_bits(4)", **{"dropout": 0.5})
    assert (layer.units, layer.dropout, layer.implementation) == (3, 0.5, 1)
    assert layer.kernel_quantizer is layer.cell.kernel_quantizer
    assert (layer.kernel_quantizer.alpha, layer.bias_quantizer.alpha) == ("auto_po2", None)
    assert layer.recurrent_activation is hard_sigmoid
    assert layer.activation == quantized_tanh(8)
    assert QGRU(3).reset_after is False
    assert QGRU(3, recurrent_activation=None).recurrent_activation is keras.activations.linear
    config = QGRU(3, recurrent_activation=quantized_sigmoid(4), **STATE).get_quantization_config()
    assert config == {
        "kernel_quantizer": "quantized_bits(4,0,1,alpha=1)",
        "recurrent_quantizer": "quantized_bits(4,0,1,alpha=1)",
        "bias_quantizer": "quantized_bits(4,0,1,alpha=1)",
        "state_quantizer": "quantized_bits(6,0,1,alpha=1)",
        "recurrent_activation": "quantized_sigmoid(4)",
        "activation": "quantized_tanh(8)",
        "units": "3",
    }
    assert [str(q) for q in QSimpleRNN(3, **STATE).get_quantizers()] == list(config.values())[:4]


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru after fused"])
def test_a_model_trains(kind, rng):
    cls, _, own = KINDS[kind]
    layer = cls(3, dropout=0.25, seed=1, **STATE, **own)
    model = keras.Sequential([keras.Input((5, 4)), layer, L.Dense(1)])
    model.compile("adam", "mse")
    before = [w.copy() for w in layer.get_weights()]
    model.fit(sequences(rng, 32), rng.normal(size=(32, 1)), batch_size=8, verbose=0)
    for a, b in zip(before, layer.get_weights(), strict=True):
        assert not np.array_equal(a, b)
        assert np.abs(b).max() <= 1  # the constraint


@pytest.mark.backends
@pytest.mark.parametrize(
    "drawing",
    [
        {"state_quantizer": "quantized_bits(3,0,1,alpha=1,use_stochastic_rounding=True)"},
        {"activation": "quantized_tanh(3,use_stochastic_rounding=True)"},
    ],
)
def test_steps_draw_anew_in_training(drawing, rng):
    """JAX's own loop lets no step advance a random state: the layer unrolls itself there."""
    layer = QLSTM(3, **drawing)
    model = keras.Sequential([keras.Input((5, 4)), layer, L.Dense(1)])
    model.compile("sgd", "mse")
    x = sequences(rng, 8)
    losses = model.fit(x, np.ones((8, 1)), batch_size=4, verbose=0).history["loss"]
    assert np.all(np.isfinite(losses))
    trained = numpy(layer(x, training=True))
    assert not np.array_equal(numpy(layer(x, training=True)), trained)
    np.testing.assert_array_equal(numpy(layer(x)), numpy(layer(x)))
    assert layer.get_config()["unroll"] is False


def test_unknown_quantizers_are_refused():
    for name in ("recurrent_quantizer", "state_quantizer", "recurrent_activation", "activation"):
        with pytest.raises(
            QuantizerError,
            match=r"^get_quantizer: expected the name of a quantizer, got 'quantized_bots'",
        ):
            QLSTM(3, **{name: "quantized_bots(4)"})


@pytest.mark.parametrize(
    "layer",
    [
        QSimpleRNN(3, name="x"),
        QLSTM(3, name="x"),
        QGRU(3, name="x"),
        QBidirectional(QGRU(3), name="x"),
    ],
)
def test_without_quantizers_they_are_refused(layer):
    model = keras.Sequential([keras.Input((5, 4)), layer])
    message = (
        rf"^layer 'x' \({type(layer).__name__}\): .*layer 'cell' \(Q\w+Cell\): expected a quantizer for "
        rf"'kernel', got none"
    )
    with pytest.raises(LoweringError, match=message):
        trace(model, "s8.4")


@pytest.mark.parametrize("approximate", [False, True])
@pytest.mark.parametrize("softmax", ["softmax", L.Softmax()])
@pytest.mark.parametrize(
    ("cls", "which"),
    [(QSimpleRNN, "activation"), (QLSTM, "activation"), (QGRU, "recurrent_activation")],
)
def test_a_softmax_in_a_cell_is_refused(cls, which, softmax, approximate):
    """At the end of the model too: the host computes one softmax, not one for each step."""
    layer = cls(3, **{which: softmax}, **STATE, name="x")
    model = keras.Sequential([keras.Input((5, 4)), layer])
    message = (
        rf"^layer 'x' \({cls.__name__}\): layer 'cell' \({cls.__name__}Cell\): expected a function of each number "
        rf"alone as {which}, got a softmax, which every step computes\. Use e\.g\. 'quantized_sigmoid\(8\)'\.$"
    )
    with pytest.raises(LoweringError, match=message):
        qhls.compile(model, "s8.4", allow_approximate=approximate)


def masked_sequences(rng, samples=64):
    """Sequences in which steps are 0 throughout: at the beginning, at the end, between, and everywhere."""
    x = rng.integers(-8, 8, (samples, 5, 3)) / 4
    x[rng.random((samples, 5)) < 0.4] = 0
    x[0], x[1, :3], x[2, 2:] = 0, 0, 0
    return x


def quantised(cls, **arguments):
    gates = {} if cls is QSimpleRNN else {"recurrent_activation": "quantized_sigmoid(5)"}
    return cls(2, activation="quantized_tanh(6)", **gates, **WEIGHTS, **arguments)


def check_masked(inputs, outputs, rng, types="s5.2", x=None, targets=()):
    model = keras.Model(inputs, outputs)
    model.set_weights([rng.uniform(-1.5, 1.5, w.shape) for w in model.get_weights()])
    design = qhls.compile(model, types)
    report = design.check(masked_sequences(rng) if x is None else x, targets)
    assert report, report
    return design


@pytest.mark.parametrize("cls", [QSimpleRNN, QLSTM, QGRU])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True, "go_backwards": True, "state_quantizer": BITS},
        {"return_sequences": True, "return_state": True, "state_quantizer": BITS},
        {"return_state": True, "zero_output_for_mask": True},
        {"return_sequences": True, "zero_output_for_mask": True, "state_quantizer": BITS},
        {"unroll": True},
    ],
    ids=lambda options: " ".join(options) or "last",
)
def test_masked_steps_keep_state_and_output(cls, options, rng):
    x = keras.Input((5, 3))
    check_masked(x, quantised(cls, **options)(L.Masking()(x)), rng)


@pytest.mark.parametrize("cls", [QLSTM, QGRU])
def test_masked_steps_with_initial_states_and_in_both_directions(cls, rng):
    x, mask = keras.Input((5, 3)), keras.Input((5,), dtype="bool")
    states = [keras.Input((2,)) for _ in range(2 if cls is QLSTM else 1)]
    layer = quantised(cls, return_sequences=True, return_state=True, state_quantizer=BITS)
    results = layer(x, mask=mask, initial_state=states)
    codes = [rng.integers(-8, 8, (64, 2)) / 4 for _ in states]
    data = [masked_sequences(rng), rng.integers(0, 2, (64, 5)), *codes]
    check_masked([x, mask, *states], results, rng, ["s5.2", "u1.0", *["s5.2"] * len(states)], data)
    both = QBidirectional(quantised(cls, return_sequences=True), merge_mode="sum")
    check_masked(x, both(L.Masking()(x)), rng)


@pytest.mark.backends
def test_embedded_sequences_of_any_length_on_every_target(rng):
    x = keras.Input((6,), dtype="int32")
    y = keras.layers.Embedding(10, 3, mask_zero=True)(x)
    y = quantised(QGRU, return_sequences=True)(qhls.layers.QActivation(BITS)(y))
    y = quantised(QLSTM, state_quantizer=BITS)(y)
    words = rng.integers(1, 10, (40, 6)) * (np.arange(6) < rng.integers(0, 7, (40, 1)))
    check_masked(x, y, rng, "u4.0", words, ("vitis", "catapult"))
