"""``model_quantize``: each key, what QKeras breaks, and each refusal."""

import json
import warnings

import keras
import numpy as np
import pytest

from qhls.layers import QLSTM, QActivation, QBidirectional, QConv2DBatchnorm, QDense
from qhls.quantizers import get_quantizer, quantized_bits, quantized_relu
from qhls.utils import UtilityError, get_config, model_quantize, quantize_activation
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import BITS, WIDE, randomized
from support.shared import SHARED

layers = keras.layers


def classes(model):
    return {layer.name: type(layer).__name__ for layer in model.layers}


def mlp():
    return randomized(
        keras.Sequential(
            [
                keras.Input((6,), name="x"),
                layers.Dense(5, activation="relu", name="d0"),
                layers.Dense(4, name="d1"),
                layers.BatchNormalization(name="bn"),
                layers.Activation("relu", name="a1"),
                layers.Dense(3, name="d2"),
                layers.Activation("softmax", name="sm"),
            ],
            name="mlp",
        )
    )


def chain(shape, *stack):
    return randomized(keras.Sequential([keras.Input(shape), *stack]))


CONFIG = {"QDense": {"kernel_quantizer": BITS, "bias_quantizer": "quantized_bits(8,3,1)"}}


def test_by_class_and_by_name():
    config = CONFIG | {"d2": {"kernel_quantizer": "ternary(alpha=1)"}, "QBatchNormalization": {}}
    model = model_quantize(mlp(), config | {"QActivation": {"relu": "quantized_relu(6,2)"}}, 5)
    assert classes(model) == {
        "d0": "QDense", "d1": "QDense", "bn": "QBatchNormalization", "a1": "QActivation",
        "d2": "QDense", "sm": "Activation",
    }  # fmt: skip
    d0, d1, bn, a1, d2, _ = model.layers
    assert d0.kernel_quantizer == d1.kernel_quantizer == get_quantizer(BITS)
    assert d0.bias_quantizer == quantized_bits(8, 3, 1)
    assert d0.activation == quantized_relu(5)
    assert d1.activation is keras.activations.linear
    assert bn.get_quantizers() == [None] * 5
    assert a1.quantizer == quantized_relu(6, 2)
    assert str(d2.kernel_quantizer) == "ternary(alpha=1)"
    assert d2.bias_quantizer is None  # the layer's own entry is all that counts for it
    assert model.name == "mlp"


def test_what_has_no_entry_stays():
    float_model = mlp()
    model = model_quantize(float_model, {}, 8, transfer_weights=True)
    assert classes(model) == classes(float_model)
    assert model.get_layer("d0").activation is keras.activations.relu
    x = np.ones((2, 6))
    assert_equal(model(x), float_model(x))
    assert not set(map(id, model.layers)) & set(map(id, float_model.layers))


def test_an_entry_without_weights_of_the_layer_leaves_it():
    model = model_quantize(mlp(), {"QDense": {"activation_quantizer": "quantized_relu(4)"}}, 8)
    assert classes(model)["d0"] == "Dense"


def test_transfer_weights():
    x = np.random.default_rng(1).normal(size=(9, 6))
    wide = {"kernel": WIDE, "bias": WIDE}
    config = {
        "d0": {f"{k}_quantizer": v for k, v in wide.items()}
        | {"activation_quantizer": "quantized_relu(16,4)"},
        "default": wide,
        "QActivation": {"relu": "quantized_relu(16,4)"},
    }
    for fold in (False, True):
        model = model_quantize(mlp(), config, 16, transfer_weights=True, enable_bn_folding=fold)
        hidden = keras.Model(model.inputs[0], model.get_layer("d2").output)(x)
        real = mlp()
        expected = keras.Model(real.inputs[0], real.get_layer("d2").output)(x)
        assert_close(hidden, expected, atol=5e-3)
    fresh = model_quantize(mlp(), config, 16)
    assert np.any(numpy(fresh.layers[0].kernel) != numpy(mlp().layers[0].kernel))


def test_the_model_is_not_compiled_and_the_old_one_is_untouched():
    model = mlp()
    model.compile("sgd", "mse")
    before = json.dumps(model.get_config())
    assert not model_quantize(model, CONFIG, 4).compiled
    assert json.dumps(model.get_config()) == before


def test_inline_activations():
    stack = [layers.Dense(3, activation=a, name=a) for a in ("relu", "tanh", "sigmoid", "elu")]
    model = model_quantize(chain((4,), *stack), CONFIG, 6)
    texts = [str(layer.activation) for layer in model.layers[:3]]
    assert texts == ["quantized_relu(6,0)", "quantized_tanh(6)", "quantized_sigmoid(6)"]
    assert model.layers[3].activation is keras.activations.elu
    own = {"QDense": CONFIG["QDense"] | {"activation_quantizer": "quantized_bits(3,1,alpha=1)"}}
    model = model_quantize(chain((4,), *stack), own, 6)
    assert all(str(q.activation) == "quantized_bits(3,1,0,alpha=1)" for q in model.layers)
    config = {"activation": "tanh"}
    quantize_activation(config, 3)
    assert config == {"activation": "quantized_tanh(3)"}


# -- activation layers ------------------------------------------------------------------------------

ACTIVATIONS = {
    "relu": "quantized_relu(4,2)",
    "leakyrelu": "quantized_relu(5,2,negative_slope=0.25)",
}


def activations():
    return chain(
        (4,),
        layers.Activation("relu", name="a"),
        layers.ReLU(name="r"),
        layers.ReLU(max_value=6, name="r6"),
        layers.LeakyReLU(0.25, name="l"),
        layers.ReLU(negative_slope=0.25, name="rl"),
        layers.Activation("tanh", name="t"),
        layers.Activation("softmax", name="s"),
    )


def test_activation_layers_and_leaky_relu():
    """LeakyReLU: QKeras raises KeyError 'max_value' (facts, 4.1.5)."""
    model = model_quantize(activations(), {"QActivation": ACTIVATIONS}, 8)
    texts = {q.name: str(q.quantizer) for q in model.layers if isinstance(q, QActivation)}
    relu, leaky = "quantized_relu(4,2)", "quantized_relu(5,2,0.25)"
    assert texts == {"a": relu, "r": relu, "r6": relu, "l": leaky, "rl": leaky}
    x = np.linspace(-4, 3, 8).reshape(2, 4).astype("float32")
    hidden = keras.Model(model.inputs[0], model.get_layer("l").output)
    assert numpy(hidden(x)).shape == x.shape


def test_activation_layers_by_name_and_all_alike():
    model = model_quantize(activations(), {"t": "quantized_tanh(5)", "l": ACTIVATIONS}, 8)
    texts = {q.name: str(q.quantizer) for q in model.layers if isinstance(q, QActivation)}
    assert texts == {"t": "quantized_tanh(5)", "l": "quantized_relu(5,2,0.25)"}
    model = model_quantize(activations(), {"QActivation": "quantized_bits(6,2,alpha=1)"}, 8)
    assert all(isinstance(layer, QActivation) for layer in model.layers)


def test_prefer_qadaptiveactivation():
    config = {
        "QAdaptiveActivation": ACTIVATIONS | {"tanh": "quantized_tanh(5)"},
        "s": "quantized_bits(7,0,1,alpha=1)",
    }
    adaptive = model_quantize(activations(), config, 8, prefer_qadaptiveactivation=True)
    kinds = classes(adaptive)
    assert kinds.pop("t") == "QActivation"  # there is no adaptive tanh
    assert set(kinds.values()) == {"QAdaptiveActivation"}
    a, leaky, last = (adaptive.get_layer(name) for name in "als")
    assert (a.activation, a.total_bits, a.relu_neg_slope) == ("quantized_relu", 4, 0)
    assert (leaky.activation, leaky.total_bits, leaky.relu_neg_slope) == ("quantized_relu", 5, 0.25)
    assert (last.activation, last.total_bits, last.symmetric) == ("quantized_bits", 7, True)
    plain = model_quantize(activations(), config, 8)
    assert (classes(plain)["a"], classes(plain)["s"]) == ("QAdaptiveActivation", "QActivation")
    both = config | {"QActivation": ACTIVATIONS}
    assert classes(model_quantize(activations(), both, 8))["a"] == "QActivation"
    preferred = model_quantize(activations(), both, 8, prefer_qadaptiveactivation=True)
    assert classes(preferred)["a"] == "QAdaptiveActivation"


# -- families of layers -----------------------------------------------------------------------------


def test_separable_convolutions():
    """QKeras ignores the depthwise keys and fails on kernel_quantizer (facts, 4.1.5)."""
    stack = [layers.SeparableConv2D(3, 2, name="s0"), layers.SeparableConv2D(2, 2, name="s1")]
    config = {
        "s0": {
            "depthwise_quantizer": "ternary",
            "pointwise_quantizer": BITS,
            "bias_quantizer": BITS,
        },
        "QSeparableConv2D": {"kernel_quantizer": "binary(alpha=1)"},
    }
    s0, s1 = model_quantize(chain((5, 5, 2), *stack), config, 4).layers
    assert [str(q) for q in s0.get_quantizers()] == [
        "ternary(alpha='auto_po2')", str(get_quantizer(BITS)), str(get_quantizer(BITS)),
    ]  # fmt: skip
    assert [str(q) for q in s1.get_quantizers()] == ["binary(alpha=1)", "binary(alpha=1)", "None"]
    (s0,) = model_quantize(
        chain((5, 2), layers.SeparableConv1D(3, 2)),
        {"QSeparableConv1D": {"depthwise_quantizer": BITS}},
        4,
    ).layers
    assert type(s0).__name__ == "QSeparableConv1D"


def test_convolutions():
    stack = [
        layers.Conv2D(3, 2, activation="relu", name="c"),
        layers.DepthwiseConv2D(2, name="w"),
        layers.Conv2DTranspose(2, 2, name="t"),
        layers.AveragePooling2D(2, name="p"),
        layers.GlobalAveragePooling2D(name="g"),
    ]
    kernel = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
    config = {
        "QConv2D": kernel,
        "QDepthwiseConv2D": {"depthwise_quantizer": BITS},
        "QConv2DTranspose": kernel,
        "QAveragePooling2D": {
            "average_quantizer": "quantized_bits(8,0,1)",
            "activation_quantizer": "quantized_relu(4)",
        },
        "g": {"average_quantizer": "quantized_bits(6,0,1)"},
    }
    model = model_quantize(chain((8, 8, 2), *stack), config, 4, transfer_weights=True)
    assert list(classes(model).values()) == [f"Q{type(layer).__name__}" for layer in stack]
    pooling = model.get_layer("p")
    assert str(pooling.average_quantizer) == "quantized_bits(8,0,1)"
    assert str(pooling.activation) == "quantized_relu(4,0)"
    assert str(model.get_layer("g").average_quantizer) == "quantized_bits(6,0,1)"
    (conv,) = model_quantize(chain((8, 2), layers.Conv1D(3, 2)), {"QConv1D": kernel}, 4).layers
    assert type(conv).__name__ == "QConv1D"


def test_recurrent_layers():
    weights = {
        "kernel_quantizer": BITS,
        "recurrent_quantizer": "quantized_bits(6,1,1,alpha=1)",
        "bias_quantizer": BITS,
        "state_quantizer": "quantized_bits(5,0,1,alpha=1)",
        "activation_quantizer": "quantized_tanh(6)",
        "recurrent_activation_quantizer": "quantized_sigmoid(7)",
    }
    stack = [
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="b"),
        layers.GRU(3, return_sequences=True, name="g"),
        layers.SimpleRNN(3, name="s"),
    ]
    config = {"QBidirectional": weights, "QGRU": weights, "s": {"kernel_quantizer": BITS}}
    real = chain((5, 2), *stack)
    both, gru, simple = model_quantize(real, config, 5, transfer_weights=True).layers
    assert [type(x).__name__ for x in (both, gru, simple)] == [
        "QBidirectional",
        "QGRU",
        "QSimpleRNN",
    ]
    for cell in (both.forward_layer.cell, both.backward_layer.cell, gru.cell):
        assert str(cell.recurrent_quantizer) == "quantized_bits(6,1,1,alpha=1)"
        assert str(cell.state_quantizer) == "quantized_bits(5,0,1,alpha=1)"
        assert str(cell.activation) == "quantized_tanh(6)"
        assert str(cell.recurrent_activation) == "quantized_sigmoid(7)"
    assert both.backward_layer.go_backwards
    assert gru.reset_after  # as Keras' layer, not as QGRU's default
    assert str(simple.activation) == "quantized_tanh(5)"
    assert simple.recurrent_quantizer is None
    for ours, theirs in zip((both, gru, simple), real.layers, strict=True):
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            assert_equal(a, b)


def test_default():
    """Documented by QKeras, but not there (facts, 4.1.5)."""
    stack = [
        layers.Conv2D(3, 2),
        layers.SeparableConv2D(3, 2),
        layers.BatchNormalization(),
        layers.Reshape((6, -1)),
        layers.LSTM(2),
        layers.Dense(2, name="own"),
        layers.Dense(2),
    ]
    config = {
        "default": {"kernel": BITS, "bias_quantizer": "quantized_bits(8,1)"},
        "own": {"kernel_quantizer": "binary(alpha=1)"},
    }
    model = model_quantize(chain((8, 8, 2), *stack), config, 4)
    conv, separable, norm, _, lstm, own, dense = model.layers
    for layer, kernels in ((conv, 1), (separable, 2), (lstm, 2), (dense, 1)):
        texts = [str(q) for q in layer.get_quantizers()]
        assert texts[: kernels + 1] == [str(get_quantizer(BITS))] * kernels + [
            "quantized_bits(8,1,0)"
        ]
    assert type(norm) is layers.BatchNormalization
    assert str(own.kernel_quantizer) == "binary(alpha=1)"
    assert own.bias_quantizer is None


def test_batch_normalization():
    config = {"bn": {"gamma_quantizer": BITS, "variance_quantizer": "quantized_relu_po2(6)"}}
    norm = model_quantize(mlp(), config, 4).get_layer("bn")
    assert [str(q) for q in norm.get_quantizers()] == [
        str(get_quantizer(BITS)), "None", "None", "quantized_relu_po2(6)", "None",
    ]  # fmt: skip


# -- folding ----------------------------------------------------------------------------------------


def foldable_cnn():
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, use_bias=False, name="c")(inputs)
    x = layers.BatchNormalization(name="bn_c")(x)
    y = layers.ReLU(name="r")(x)
    x = layers.DepthwiseConv2D(3, name="w")(y)
    x = layers.BatchNormalization(name="bn_w", scale=False)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(4, name="d")(x)
    x = layers.BatchNormalization(name="bn_d", center=False, epsilon=0.01)(x)
    x = layers.Dense(4, activation="relu", name="active")(x)
    x = layers.BatchNormalization(name="bn_active")(x)
    z = layers.Dense(4, name="read_twice")(x)
    x = layers.BatchNormalization(name="bn_twice")(z)
    return randomized(keras.Model(inputs, [x, z]))


def test_folding_with_dense():
    """QKeras never folds Dense (facts, 4.1.5)."""
    real = foldable_cnn()
    config = {"default": {"kernel": WIDE, "bias": WIDE}}
    wide = {"activation_quantizer": "quantized_relu(20,6)"}
    config["active"] = {"kernel_quantizer": WIDE, "bias_quantizer": WIDE} | wide
    model = model_quantize(real, config, 16, transfer_weights=True, enable_bn_folding=True)
    kinds = classes(model)
    assert [kinds[name] for name in "cwd"] == [
        "QConv2DBatchnorm", "QDepthwiseConv2DBatchnorm", "QDenseBatchnorm",
    ]  # fmt: skip
    assert not {"bn_c", "bn_w", "bn_d"} & set(kinds)
    assert kinds["active"] == kinds["read_twice"] == "QDense"
    assert {"bn_active", "bn_twice"} <= set(kinds)
    x = np.random.default_rng(2).normal(size=(4, 8, 8, 2))
    tops = [keras.Model(m.inputs[0], m.get_layer("active").output) for m in (real, model)]
    assert_close(tops[0](x), tops[1](x), atol=0.05)


def test_folding_arguments_and_classes():
    config = {
        "c": {"kernel_quantizer": BITS, "folding_mode": "batch_stats_folding"},
        "QDenseBatchnorm": {"kernel_quantizer": BITS, "ema_freeze_delay": 7},
        "QConv2DBatchnorm": {"kernel_quantizer": "binary"},
    }
    model = model_quantize(foldable_cnn(), config, 4, enable_bn_folding=True)
    kinds = classes(model)
    assert model.get_layer("c").folding_mode == "batch_stats_folding"
    assert model.get_layer("d").ema_freeze_delay == 7
    assert model.get_layer("d").batchnorm.epsilon == 0.01
    assert not model.get_layer("d").batchnorm.center
    assert kinds["w"] == "DepthwiseConv2D"  # nothing is said of it, so it keeps its normalisation
    assert "bn_w" in kinds


def test_sequential_and_nested_models():
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="d"), layers.BatchNormalization()], name="inner"
    )
    inputs = keras.Input((4,))
    model = randomized(
        keras.Model(inputs, layers.Dense(2, name="top")(inner(inputs)), name="outer")
    )
    quantized = model_quantize(model, CONFIG, 4, enable_bn_folding=True)
    assert classes(quantized)["top"] == "QDense"
    (folded,) = quantized.get_layer("inner").layers
    assert type(folded).__name__ == "QDenseBatchnorm"
    assert numpy(quantized(np.ones((1, 4)))).shape == (1, 2)


def test_shared_layers_stay_shared():
    inputs, shared = keras.Input((3,)), layers.Dense(3, name="shared")
    model = model_quantize(keras.Model(inputs, shared(shared(inputs))), CONFIG, 4)
    assert [type(layer) for layer in model.layers[1:]] == [QDense]
    assert len(model.weights) == 2


def test_a_layer_of_ones_own():
    class Twice(keras.layers.Layer):
        def call(self, x):
            return x * 2

    model = model_quantize(chain((3,), Twice(), layers.Dense(2)), CONFIG, 4, {"Twice": Twice})
    assert [type(layer) for layer in model.layers] == [Twice, QDense]


def test_get_config():
    config = {"d0": {"kernel_quantizer": "a"}, "QDense": {"kernel_quantizer": "b"}}
    named = {"config": {"name": "d0"}}
    assert get_config(config, named, "QDense", "kernel_quantizer") == "a"
    assert get_config(config, layers.Dense(1, name="other"), "QDense") == {"kernel_quantizer": "b"}
    assert get_config(config, named, "QDense", "bias_quantizer") is None
    assert get_config({}, named, "QDense", "bias_quantizer") is None


def test_quantizers_as_objects_are_copied():
    given = quantized_bits(4)
    config = {
        "default": {"kernel": given, "bias": given, "activation": quantized_relu(4)},
        "QActivation": quantized_relu(5),
    }
    stack = [layers.SeparableConv2D(3, 2), layers.AveragePooling2D(2), layers.ReLU()]
    separable, pooling, relu = model_quantize(chain((6, 6, 2), *stack), config, 4).layers
    own = [given, *separable.get_quantizers()]
    assert len({id(q) for q in own}) == 4
    assert [q.alpha for q in own] == [None, "auto_po2", "auto_po2", None]
    assert separable.activation == quantized_relu(4)
    assert type(pooling) is layers.AveragePooling2D  # it has no kernel
    assert relu.quantizer == quantized_relu(5)
    assert relu.quantizer is not config["QActivation"]


# -- models and numbers of QKeras -------------------------------------------------------------------


def test_sizes_of_autoqkeras_trials():
    """Bits of the weights of QKeras' quantised models, from golden forgiving factors."""
    path = SHARED / "golden" / "utils.json"
    if not path.exists():
        pytest.skip(f"no golden numbers in {path}")
    from qhls.utils import extract_model_operations, quantized_model_from_json

    compared = 0
    for case in json.loads(path.read_text())["forgiving_factor"]:
        model = quantized_model_from_json(json.dumps(case["model_json"]))
        trial = model_quantize(model, case["quantizer_config"], case["activation_bits"])
        for name, entry in extract_model_operations(trial).items():
            stats = case["trial_stats"][name]
            if "parameters" not in stats:
                continue  # an energy
            bits = entry["number_of_weights"] * entry["type_of_weights"][1]
            bits += entry["number_of_bias"] * entry["type_of_bias"][1]
            assert bits == stats["parameters"]
            compared += 1
    assert compared == 20


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"d0": "quantized_bits(4)"},
            r"^quantizer_config\['d0'\]: expected a dictionary for the layer 'd0', such as "
            r"\{'kernel_quantizer': .*\}, got 'quantized_bits\(4\)'\. Write a dictionary\.$",
        ),
        (
            {"QDense": {"kernel_quantiser": BITS}},
            r"^quantizer_config\['QDense'\]: expected keys among "
            r"activation_quantizer, average_quantizer, .*weight_quantizer, got 'kernel_quantiser'\. "
            r"Use one of these\.$",
        ),
        (
            {"default": {"kernels": BITS}},
            r"^quantizer_config\['default'\]: expected keys among .*, got 'kernels_quantizer'\. Use one of these\.$",
        ),
        (
            {"QDense": {"kernel_quantizer": "quantized_bit(4)"}},
            r"^quantizer_config\['QDense'\]: expected arguments of a QDense for the layer 'd0', got: get_quantizer: "
            r"expected the name of a quantizer, got 'quantized_bit' .*$",
        ),
        (
            {"QActivation": {"relu": "quantised_relu(4)"}},
            r"^quantizer_config\['QActivation'\]: expected a quantizer for the layer 'a1', or "
            r"quantizers by activation, got 'quantised_relu\(4\)': get_quantizer: .*$",
        ),
        (
            [("QDense", {})],
            r"^model_quantize: expected a dictionary as quantizer_config, got list\. Its keys "
            r"are names of layers and classes\.$",
        ),
    ],
)
def test_refusals(config, message):
    with pytest.raises(UtilityError, match=message):
        model_quantize(mlp(), config, 4)


def test_a_misspelt_name_warns():
    message = (
        r"^model_quantize: quantizer_config: expected the name of a layer of the model 'mlp' or of a class of "
        r"layers, got 'dense_0'\. This entry has no effect\.$"
    )
    with pytest.warns(UserWarning, match=message):
        model_quantize(mlp(), {"dense_0": {"kernel_quantizer": BITS}}, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model_quantize(mlp(), {"QConv2D": {}, "Bidirectional": {}, "default": {}, "bn": {}}, 4)


def test_bits_that_no_quantizer_has():
    message = (
        r"^quantizer_config\['QDense'\]: expected arguments of a QDense for the layer 'd0', got: "
        r"quantized_relu: bits: .*$"
    )
    with pytest.raises(UtilityError, match=message):
        model_quantize(mlp(), CONFIG, 0)


# Q-layers again, and activations with bounds


def test_an_entry_for_a_q_layer_quantises_it_anew():
    four, eight = "quantized_bits(4,2,alpha=1)", "quantized_bits(8,0,alpha=1)"
    model = chain(
        (4,),
        QDense(3, kernel_quantizer=eight, bias_quantizer=eight, activation="relu", name="d"),
        QActivation("quantized_relu(8,2)", name="r"),
        QActivation("quantized_bits(8,2,alpha=1)", name="b"),
        QDense(2, kernel_quantizer=eight, bias_quantizer=eight, name="e"),
    )
    config = {"QDense": {"kernel_quantizer": four}, "QActivation": {"relu": "quantized_relu(3,1)"}}
    new = model_quantize(model, config, 5, transfer_weights=True)
    d = new.get_layer("d")
    assert str(d.kernel_quantizer) == "quantized_bits(4,2,0,alpha=1)"
    assert str(d.bias_quantizer) == str(model.get_layer("d").bias_quantizer)  # not in the entry
    assert str(d.activation) == "quantized_relu(5,0)"
    assert d.kernel_constraint.max_value == 4.0  # that of the new quantizer
    assert str(new.get_layer("r").quantizer) == "quantized_relu(3,1)"
    assert str(new.get_layer("b").quantizer) == str(model.get_layer("b").quantizer)
    np.testing.assert_array_equal(d.get_weights()[0], model.get_layer("d").get_weights()[0])
    dropped = model_quantize(model, {"d": {"bias_quantizer": None}}, 5)
    assert dropped.get_layer("d").bias_quantizer is None
    by_default = model_quantize(model, {"default": {"kernel": four}}, 5)
    assert str(by_default.get_layer("d").kernel_quantizer) == str(
        model.get_layer("d").kernel_quantizer
    )


def test_recurrent_and_folded_q_layers_are_quantised_anew():
    four = "quantized_bits(4,0,alpha=1)"
    rows = keras.Sequential(
        [
            keras.Input((5, 3)),
            QBidirectional(QLSTM(2, kernel_quantizer="binary(alpha=1)", name="l"), name="both"),
        ]
    )
    new = model_quantize(rows, {"QBidirectional": {"kernel_quantizer": four}}, 4)
    assert str(new.get_layer("both").forward_layer.kernel_quantizer).startswith("quantized_bits(4")
    image = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            QConv2DBatchnorm(2, 3, kernel_quantizer="binary(alpha=1)", name="c"),
        ]
    )
    new = model_quantize(image, {"QConv2D": {"kernel_quantizer": four}}, 4)
    assert str(new.get_layer("c").kernel_quantizer).startswith("quantized_bits(4")
    assert type(new.get_layer("c")) is QConv2DBatchnorm


@pytest.mark.parametrize("activation", [layers.ReLU, lambda: layers.ReLU(negative_slope=0.25)])
def test_a_layer_as_activation_is_known_by_its_name(activation):
    model = chain((4,), layers.Activation(activation(), name="a"))
    config = {
        "QActivation": {
            "relu": "quantized_relu(6,2)",
            "leakyrelu": "quantized_relu(6,2,negative_slope=0.25)",
        }
    }
    new = model_quantize(model, config, 6)
    x = np.float32([[-2, 0.5, 1.25, 3]])
    np.testing.assert_array_equal(new(x), model(x))


def test_a_layer_as_the_activation_of_a_dense_layer_becomes_its_quantizer():
    model = chain((4,), layers.Dense(2, activation=layers.ReLU(), name="d"))
    new = model_quantize(model, {"QDense": {"kernel_quantizer": "ternary(alpha=1)"}}, 6)
    assert str(new.get_layer("d").activation) == "quantized_relu(6,0)"


@pytest.mark.parametrize("layer", [layers.ReLU(max_value=6.0), layers.Activation("relu6")])
def test_a_bound_of_a_relu_is_kept(layer):
    name = "relu" if isinstance(layer, layers.ReLU) else "relu6"
    x = np.float32([[1, 5, 7, 100]])
    model = chain((4,), layer)
    for quantizer in ("quantized_relu(8,3)", "quantized_relu(8,3,negative_slope=0.5)"):
        new = model_quantize(model, {"QActivation": {name: quantizer}}, 8)
        np.testing.assert_array_equal(new(x), model(x))
    narrow = model_quantize(model, {"QActivation": {name: "quantized_relu(4,2)"}}, 8)
    assert narrow.layers[0].activation == "quantized_relu(4,2)"  # as it was given: it ends below 6
    adaptive = {"QAdaptiveActivation": {name: "quantized_relu(8,3)"}}
    new = model_quantize(model, adaptive, 8, prefer_qadaptiveactivation=True)
    assert new.layers[0].relu_upper_bound == 6.0


@pytest.mark.parametrize(
    ("layer", "quantizer", "message"),
    [
        (
            layers.ReLU(max_value=6.0, name="r"),
            "quantized_bits(8,3,alpha=1)",
            r"is limited to 6, .* to 7\.9375",
        ),
        (
            layers.ReLU(max_value=5.3, name="r"),
            "quantized_relu(8,3)",
            r"is limited to 5\.3, .* to 7\.96875",
        ),
        (
            layers.ReLU(threshold=1.0, name="r"),
            "quantized_relu(8,3)",
            r"has threshold=1, .* has none",
        ),
    ],
)
def test_a_bound_that_a_quantizer_cannot_have_is_told(layer, quantizer, message):
    with pytest.warns(
        UserWarning, match=rf"^model_quantize: the layer 'r' {message}\. Give it a quantizer"
    ):
        model_quantize(chain((4,), layer), {"QActivation": {"relu": quantizer}}, 8)
