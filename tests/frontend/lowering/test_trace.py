"""``trace``: whole models as graphs, equal to Keras bit for bit; and what it refuses."""

import keras
import numpy as np
import pytest

from qhls import ir
from qhls.errors import LoweringError
from qhls.frontend import QActivation, QConv2D, load_model
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.trace import trace
from qhls.ir.types import Fixed
from qhls.quantizers import quantized_bits, quantized_relu
from support.arrays import assert_equal
from support.models.traces import BITS, agree, dense, randomise

L = keras.layers


# -- graphs -------------------------------------------------------------------------------------


@pytest.mark.backends
def test_sequential(rng):
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2), name="image"),
            QConv2D(4, 3, kernel_quantizer="quantized_bits(4)", bias_quantizer=BITS, name="conv"),
            QActivation("quantized_relu(4,2)", name="act"),
            L.MaxPooling2D(name="pool"),
            L.Flatten(name="flat"),
            L.Dropout(0.5, name="drop"),
            dense(3, name="fc"),
        ],
        name="net",
    )
    graph = agree(randomise(model, rng), "s6.3", rng)
    assert graph.name == "net"
    assert [op.name for op in graph.inputs] == ["image"]
    assert graph.host_softmax == ()
    names = "image conv.kernel conv.conv conv.bias conv.add act.quantize pool.pool flat.reshape"
    assert [op.name for op in graph.ops] == [
        *names.split(),
        "fc.kernel",
        "fc.matmul",
        "fc.bias",
        "fc.add",
    ]
    assert {op.layer for op in graph.ops} == {"image", "conv", "act", "pool", "flat", "fc"}


def test_several_inputs_and_outputs(rng):
    a, b = keras.Input((5,), name="a"), keras.Input((3,), name="b")
    x = QActivation("quantized_bits(5,2)")(dense(3)(a))
    y = L.Add()([x, b])
    model = randomise(keras.Model([a, b], [L.Concatenate()([y, x]), y]), rng)
    for types in ("s6.3", ["s6.3", Fixed(False, 4, 2)], {"b": "s4.0", "a": quantized_bits(6, 2)}):
        agree(model, types, rng)
    types = {"a": "u4.4", "b": "s6.3"}
    assert [str(op.type) for op in trace(model, types).inputs] == ["u4.4", "s6.3"]


def test_shared_layers(rng):
    shared, x = dense(4, name="shared"), keras.Input((4,))
    model = keras.Model(x, L.Add()([shared(QActivation(quantized_relu(3, 1))(shared(x))), x]))
    graph = agree(randomise(model, rng), "s5.2", rng)
    assert len({op.name for op in graph.ops}) == len(graph.ops)


def test_nested_models(rng):
    inner = keras.Sequential([keras.Input((4,)), dense(3, name="d"), L.ReLU()], name="inner")
    i = keras.Input((4,))
    two = keras.Model(i, [dense(2, name="d")(i), dense(3, name="e")(i)], name="two")
    x = keras.Input((4,))
    a, b = two(x)
    model = randomise(keras.Model(x, L.Concatenate()([inner(x), a, b])), rng)
    graph = agree(model, "s5.2", rng)
    assert {"inner/d", "two/d", "two/e"} <= {op.layer for op in graph.ops}


@pytest.mark.parametrize("form", ["Activation", "Softmax", "inline", "nested"])
def test_a_last_softmax_is_left_to_the_host(form, rng):
    x = keras.Input((4,))
    if form == "inline":
        model = keras.Model(x, dense(3, name="fc", activation="softmax")(x))
        logits = dense(3)
        until = logits(x)
        logits.set_weights(randomise(model, rng).get_weights())
    else:
        until = dense(3, name="fc")(x)
        softmax = (
            L.Softmax(name="soft") if form == "Softmax" else L.Activation("softmax", name="soft")
        )
        if form == "nested":
            softmax = keras.Sequential([keras.Input((3,)), softmax])
        model = randomise(keras.Model(x, softmax(until)), rng)
    graph = agree(model, "s5.2", rng, until=until)
    path = f"{model.layers[-1].name}/" if form == "nested" else ""
    assert graph.host_softmax == (f"{path}fc" if form == "inline" else f"{path}soft",)
    assert graph.outputs[0].name == "fc.add"


def test_published_models_equal_keras(shared, rng):
    for name, types, logits in (
        ("qkeras_3layer", "s16.10", "output"),
        ("qkeras_mnist_cnn", "u8.8", "q_dense"),
    ):
        stem = shared / "models" / name
        model = load_model(f"{stem}.json", weights=f"{stem}_weights.h5")
        agree(model, types, rng, until=model.get_layer(logits).output)


@pytest.mark.parametrize(
    "name",
    [
        *("merge_add", "mlp_jet_tagging", "qactivation_bits", "qactivation_keras_relu"),
        *("qactivation_relu8", "qactivation_tanh", "qconv2d_default_alpha", "qconv2d_mask"),
        *("qconv2d_nobias_inline_act", "qconv2d_po2", "qconv2d_valid", "qdense_bits_alpha1"),
        *("qdense_bits_default_alpha", "qdense_rank3_input", "qdense_softmax"),
    ],
)
def test_golden_models_equal_keras(name, shared, rng):
    model = load_model(shared / "golden" / "layers" / name / "model.h5")
    until = model.layers[-2].output if model.layers[-1].name == "softmax" else None
    agree(model, "s8.4", rng, until=until)


def test_third_party_layers_take_part(rng):
    class Halved(keras.layers.Layer):
        def call(self, inputs):
            return inputs / 2

    x = keras.Input((4,))
    model = randomise(keras.Model(x, Halved(name="half")(dense(3)(x))), rng)
    message = (
        r"^layer 'half' \(Halved\): expected a layer with a lowering rule, got one without\. "
        r"Write a rule and decorate it with @qhls\.lower\.register\(Halved\)\.$"
    )
    with pytest.raises(LoweringError, match=message):
        trace(model, "s5.2")
    lower.register(Halved)(lambda layer, x: ir.Shift(x, -1))
    agree(model, "s5.2", rng)
    lower.register(Halved)(lambda layer, x: ir.Reshape(x, (3, 1)))
    message = r"^layer 'half' \(Halved\): expected a rule whose outputs have the shapes \[\(3,\)\]"
    with pytest.raises(LoweringError, match=message):
        trace(model, "s5.2")


# -- refusals -----------------------------------------------------------------------------------


def refuses(message, model, types="s5.2"):
    with pytest.raises(LoweringError, match=message):
        trace(model, types)


def test_inputs_need_a_type():
    model = keras.Sequential([keras.Input((4,), name="x"), dense(3)], name="m")
    refuses(
        r"^model 'm': expected the type of 'x', got none: inputs are real numbers otherwise\. "
        r"Give input_types='s16\.10', ",
        model,
        None,
    )
    for wrong in ("16.10", 8, quantized_bits(4, 0, alpha=0.3), "s0.1"):
        refuses(r"^input 'x': expected a fixed-point type: a Fixed, a text such as", model, wrong)
    refuses(
        r"^model 'm': expected a type for each of 'x', got them for 'y'\. Use the names",
        model,
        {"y": "s5.2"},
    )
    refuses(
        r"^model 'm': expected 1 types, for 'x', got 2\. Give one per input", model, ["s5.2"] * 2
    )


def test_dynamic_shapes():
    model = keras.Sequential([keras.Input((None, 4), name="x"), dense(3)])
    refuses(
        r"^input 'x': expected a fixed shape, got \(batch, None, 4\)\. Give keras\.Input every",
        model,
    )


def test_models_without_a_graph_of_layers():
    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    refuses(
        r"^layer 's' \(Subclassed\): expected a Sequential or Functional model, got a model "
        r"whose call is a Python function",
        Subclassed(name="s"),
    )
    refuses(
        r"^layer 'q' \(Sequential\): expected a model with a known input shape, got one not "
        r"built\. Add keras\.Input\(shape\)\.$",
        keras.Sequential([dense(3)], name="q"),
    )


def test_a_softmax_that_is_read():
    for softmax in (L.Softmax(name="soft"), dense(4, name="soft", activation="softmax")):
        model = keras.Sequential([keras.Input((4,)), softmax, dense(3)])
        refuses(
            r"^layer 'soft' \(\w+\): expected softmax at the end of the model only, where the host "
            r"computes it, got one whose result other layers read\. Remove it",
            model,
        )
    x = keras.Input((4,))
    soft = L.Softmax(name="soft")(x)
    refuses(
        r"^layer 'soft' \(Softmax\): expected softmax at the end",
        keras.Model(x, [soft, dense(3)(soft)]),
    )


def test_calls_with_options():
    x = keras.Input((4,))
    model = keras.Model(x, L.Dropout(0.5, name="drop")(x, training=True))
    refuses(
        r"^layer 'drop' \(Dropout\): expected a call with tensors only, got one with True\.",
        model,
    )


def test_masks(rng):
    x, mask = keras.Input((4, 3)), keras.Input((4,), dtype="bool")
    normal = L.BatchNormalization()(x, mask=mask)
    model = keras.Model([x, mask], QActivation("quantized_bits(6,2,alpha=1)")(normal))
    codes = rng.integers(-16, 16, (5, 4, 3)) / 4
    result = ir.run(trace(model, ["s5.2", "u1.0"]), [(codes * 4).astype(int), np.ones((5, 4), int)])
    assert_equal(result[0] / 8, model([codes, np.ones((5, 4), bool)]))
    message = r"^layer 'end' \(Softmax\): expected a call without a mask: .*, got mask='"
    with pytest.raises(LoweringError, match=message):
        wide = keras.Input((4, 3), dtype="bool")
        trace(keras.Model([x, wide], L.Softmax(name="end")(x, mask=wide)), "s5.2")
