"""QKeras' published examples and notebooks, as scripts of ours that do what they do, with small data."""

import json
import sys

import keras
import numpy as np
import pytest

import qhls
import qhls.qkeras

CLASSES = 3


@pytest.fixture(autouse=True)
def installed():
    qhls.qkeras.install()
    yield
    for name in [n for n in sys.modules if n == "qkeras" or n.startswith("qkeras.")]:
        del sys.modules[name]


def images(samples=64, size=8):
    """Images of a bright third, and its number."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, samples)
    x = rng.uniform(0, 0.3, (samples, size, size, 1))
    for image, label in zip(x, labels, strict=True):
        image[label * size // CLASSES : (label + 1) * size // CLASSES] += 0.6
    return x.astype("float32"), keras.utils.to_categorical(labels, CLASSES)


TUTORIAL = """
from keras.layers import Activation, Flatten, Input
from keras.models import Model
from keras.optimizers import Adam
from qkeras import *
from qkeras.utils import load_qmodel, model_save_quantized_weights

x = x_in = Input((8, 8, 1), name="input")
x = QConv2D(4, (3, 3), strides=(2, 2), kernel_quantizer=quantized_bits(4, 0, 1),
            bias_quantizer=quantized_bits(4, 0, 1), name="conv2d_0_m")(x)
x = QActivation("quantized_relu(4,0)", name="act0_m")(x)
x = QSeparableConv2D(4, (2, 2), depthwise_quantizer=quantized_bits(4, 0, 1),
                     pointwise_quantizer=quantized_bits(3, 0, 1), name="sep")(x)
x = QBatchNormalization(name="bn")(x)
x = QActivation(quantized_relu(4, 2), name="act1_m")(x)
x = Flatten()(x)
x = QDense(3, kernel_quantizer=ternary(), bias_quantizer="quantized_bits(4,0,1)", name="dense")(x)
x_out = x
x = Activation("softmax", name="softmax")(x)
model = Model(inputs=[x_in], outputs=[x])
before_softmax = Model(inputs=[x_in], outputs=[x_out])
model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.04), metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=16, epochs=4, verbose=0, validation_split=0.1)
predicted = model.predict(x_train, verbose=0)
weights = model_save_quantized_weights(model, folder + "/weights.h5")
for layer in model.layers:
    for w, weight in enumerate(layer.get_weights()):
        print(layer.name, w, np.unique(weight)[:3])
print_qstats(model)
model.save(folder + "/model.keras")
model.save_weights(folder + "/w.weights.h5")
loaded = load_qmodel(folder + "/model.keras")
text = quantizers.get_quantizer("quantized_bits(4,0,1)")
"""


def test_the_tutorial_trains_saves_and_loads(tmp_path, capsys):
    keras.utils.set_random_seed(1)
    x, y = images()
    names = {"x_train": x, "y_train": y, "folder": str(tmp_path)}
    exec(TUTORIAL, names)
    loss = names["history"].history["loss"]
    assert loss[-1] < 0.9 * loss[0]
    assert "dense" in capsys.readouterr().out
    kernel = names["model"].get_layer("conv2d_0_m").get_weights()[0]
    assert len(np.unique(kernel)) <= 15 * 4  # one scale per filter
    loaded = names["loaded"].predict(x, verbose=0)
    np.testing.assert_array_equal(loaded, names["model"].predict(x, verbose=0))
    assert qhls.compile(names["before_softmax"], "s16.10").graph.outputs


def test_a_network_of_several_quantizers_prints_its_operations(capsys):
    from qkeras import QActivation, QDense, print_qstats, quantized_bits, ternary
    from qkeras.estimate import extract_model_operations

    model = keras.Sequential(
        [
            keras.Input((16,)),
            QActivation("quantized_relu(4)", name="act_i"),
            QDense(
                8, kernel_quantizer=ternary(), bias_quantizer=quantized_bits(4, 0, 1), name="d0"
            ),
            QActivation("quantized_relu(2)", name="act0"),
            QDense(3, kernel_quantizer="quantized_bits(4,0,1)", name="d1"),
        ]
    )
    print_qstats(model)
    assert "d0" in capsys.readouterr().out
    assert extract_model_operations(model)["d0"]["number_of_operations"] == 128


def test_keras_becomes_qkeras_and_its_tensors_are_dumped(tmp_path):
    from qkeras.utils import model_quantize, quantized_model_debug, quantized_model_dump

    a, b = (keras.Input((8, 8, 1), name=f"input{i}") for i in range(2))
    x = keras.layers.Concatenate(name="concat")([a, b])
    x = keras.layers.Conv2D(4, 3, name="conv0")(x)
    x = keras.layers.Activation("relu", name="act0")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(4, 2, name="conv1")(x)
    x = keras.layers.Activation("relu", name="act1")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Activation("softmax", name="softmax")(keras.layers.Dense(3, name="dense")(x))
    config = {
        "conv0": {"kernel_quantizer": "binary()", "bias_quantizer": "quantized_bits(4,0,1)"},
        "act1": "quantized_relu(6,2)",
        "QActivation": {"relu": "quantized_relu(4,0)"},
        "QConv2D": {
            "kernel_quantizer": "quantized_bits(4,0,1)",
            "bias_quantizer": "quantized_bits(4,0,1)",
        },
        "QDense": {
            "kernel_quantizer": "quantized_bits(3,0,1)",
            "bias_quantizer": "quantized_bits(3,0,1)",
        },
    }
    model = model_quantize(keras.Model([a, b], x), config, 4)
    kinds = {layer.name: type(layer).__name__ for layer in model.layers}
    assert kinds["conv1"] == "QConv2D"
    assert (kinds["dense"], kinds["softmax"]) == ("QDense", "Activation")
    assert str(model.get_layer("act1").quantizer) == "quantized_relu(6,2)"
    pictures, _ = images(4)
    quantized_model_dump(
        model, [pictures, pictures], str(tmp_path), layers_to_dump=["input0", "act0", "act1"]
    )
    dumped = np.fromfile(tmp_path / "act0.bin", np.float32)
    assert dumped.size == 4 * 6 * 6 * 4
    assert set(np.unique(dumped * 16)) <= set(range(16))
    quantized_model_debug(model, [pictures, pictures])


def test_the_energy_of_a_hybrid_model(tmp_path):
    from qkeras import QActivation, QDense, quantizers
    from qkeras.qtools import run_qtools
    from qkeras.qtools import settings as qtools_settings

    bits = quantizers.quantized_bits(4, 0, 1)
    x = inputs = keras.Input((16,), name="input")
    x = keras.layers.Activation("relu", name="d0_act")(keras.layers.Dense(12, name="d0")(x))
    x = QDense(8, kernel_quantizer=bits, bias_quantizer=bits, name="d1")(x)
    x = QActivation("quantized_relu(4,0)", name="d1_qr4")(x)
    x = QDense(3, kernel_quantizer=bits, bias_quantizer=bits, name="d2")(x)
    model = keras.Model(inputs, keras.layers.Activation("softmax", name="softmax")(x))

    def measure(for_reference):
        q = run_qtools.QTools(
            model,
            process="horowitz",
            source_quantizers=[quantizers.quantized_bits(8, 0, 1)],
            is_inference=False,
            weights_path=None,
            keras_quantizer="int8",
            keras_accumulator="int32",
            for_reference=for_reference,
        )
        q.qtools_stats_to_json(tmp_path / "types.json")
        energy = q.pe("sram", "sram", min_sram_size=8 * 16 * 1024 * 1024, rd_wr_on_io=False)
        profile = q.extract_energy_profile(qtools_settings.cfg.include_energy, energy)
        assert set(profile) == {layer.name for layer in model.layers[1:]}
        return q.extract_energy_sum(qtools_settings.cfg.include_energy, energy)

    assert 0 < measure(for_reference=False) < measure(for_reference=True)
    assert json.loads((tmp_path / "types.json").read_text())["d1"]["layer_type"] == "QDense"


def test_a_small_search_with_autoqkeras(tmp_path):
    from qkeras.autoqkeras import AutoQKeras
    from qkeras.autoqkeras.quantization_config import default_quantization_config
    from qkeras.autoqkeras.utils import print_qmodel_summary, save_quantization_dict

    keras.utils.set_random_seed(0)
    x, y = images(48)
    stack = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            stack.Conv2D(2, 3, strides=2, name="conv"),
            stack.Activation("relu", name="relu"),
            stack.Flatten(name="flat"),
            stack.Dense(CLASSES, name="dense"),
            stack.Activation("softmax", name="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "categorical_crossentropy", metrics=["acc"])
    goal = {
        "type": "bits",
        "params": {
            **{"delta_p": 8.0, "delta_n": 8.0, "rate": 2.0, "stress": 1.0, "input_bits": 8},
            **{
                "output_bits": 8,
                "ref_bits": 8,
                "config": {"default": ["parameters", "activations"]},
            },
        },
    }
    search = AutoQKeras(
        model,
        metrics=["acc"],
        custom_objects={},
        output_dir=str(tmp_path / "search"),
        goal=goal,
        quantization_config=default_quantization_config,
        limit={"Dense": [8, 8, 4], "Conv2D": [4, 8, 4], "Activation": [4]},
        tune_filters="layer",
        tune_filters_exceptions="^dense",
        max_trials=2,
        mode="random",
        seed=42,
        overwrite=True,
    )
    search.fit(x, y, validation_data=(x, y), batch_size=16, epochs=1, verbose=0)
    best = search.get_best_model()
    print_qmodel_summary(best)
    save_quantization_dict(str(tmp_path / "quantizers.json"), best)
    assert "dense" in json.loads((tmp_path / "quantizers.json").read_text())


def test_a_sequence_and_a_codebook():
    from qkeras import QGRU, QBidirectional, QDense, quantized_bits
    from qkeras.codebook import weight_compression

    bits = "quantized_bits(4,0,1)"
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Embedding(20, 4),
            QBidirectional(
                QGRU(
                    4,
                    kernel_quantizer=bits,
                    recurrent_quantizer=bits,
                    bias_quantizer=bits,
                    state_quantizer=bits,
                )
            ),
            QDense(1, kernel_quantizer=bits, bias_quantizer=bits),
            keras.layers.Activation("sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 20, (32, 6))
    model.fit(x, (x.sum(1) > 60).astype("float32"), epochs=1, verbose=0)
    kernel = model.layers[2].get_weights()[0]
    index, book = weight_compression(
        kernel, 2, axis=1, quantizer=quantized_bits(4, 0, 1, alpha=1.0)
    )
    assert index.shape == kernel.shape
    assert book.shape == (1, 4)
