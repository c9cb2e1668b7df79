"""Every golden QKeras model whose layers and quantizers exist: loaded, run, compared layer by layer."""

import json
import re

import keras
import numpy as np
import pytest
from keras import ops

from qhls.errors import LoadError
from qhls.frontend import load_model
from support.shared import NAMES

WORKING = [
    n for n in NAMES if n.startswith(("merge_", "mlp_", "qactivation_", "qconv2d_", "qdense_"))
]
"""These must load; the others wait for their classes, and are tested from the day these exist."""
INCOMPLETE = {"qseparableconv2dtranspose": "its activations; test_conv_family.py gives them back"}
"""What QKeras did not write into a file, so that the file's model is not the one that was run."""


FAMILIES = (
    *("cnn_mixed", "merge_add", "mlp_jet_tagging", "qactivation_bits", "qadaptive_quantized_relu"),
    *("qavgpool_same", "qbidirectional_lstm", "qbn_default", "qconv1d_causal", "qconv2d_mask"),
    *("qconv2dbatchnorm_ema", "qconv2dtranspose_same", "qdense_bits_auto", "qglobalavgpool"),
    *("qdepthwise_same_stride2", "qdepthwiseconv2dtranspose", "qgru_impl2", "qoctave_patched"),
    *("qmobilenet_separable", "qscaleshift", "qseparable2d", "qsimplernn"),
)
"""One model of each family: what CI runs on every backend."""


def on_every_backend(name):
    return pytest.param(name, marks=pytest.mark.backends) if name in FAMILIES else name


@pytest.mark.parametrize("name", [on_every_backend(name) for name in NAMES])
def test_outputs_are_those_of_qkeras(name, shared):
    if name in INCOMPLETE:
        pytest.skip(f"QKeras did not save {INCOMPLETE[name]}")
    folder = shared / "golden" / "layers" / name
    try:
        model = load_model(folder / "model.h5")
    except LoadError as error:
        if name in WORKING or not re.search(
            "got the (layer )?class|expected the name of", str(error)
        ):
            raise
        pytest.skip(f"not there yet: {error}")
    io = np.load(folder / "io.npz")
    inputs = [io[f"x{i}"] for i in range(len(model.inputs))]
    taps = {x.name: x.output for x in model.layers if f"act/{x.name}" in io}
    results = keras.Model(model.inputs, taps)(inputs)
    for layer in taps:
        got = ops.convert_to_numpy(results[layer])
        np.testing.assert_allclose(
            got, io[f"act/{layer}"], rtol=1e-5, atol=1e-6, err_msg=f"layer {layer}"
        )
    out = ops.convert_to_numpy(model(inputs[0] if len(inputs) == 1 else inputs))
    np.testing.assert_allclose(out, io["y0"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["mlp_jet_tagging", "qconv2d_valid", "merge_add"])
def test_json_and_weights_are_the_whole_model(name, shared):
    folder = shared / "golden" / "layers" / name
    whole = load_model(folder / "model.h5")
    parts = load_model(folder / "model.json", weights=folder / "model.h5")
    assert parts.get_config() == whole.get_config()
    for a, b in zip(parts.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", [n for n in WORKING if n.startswith(("qdense", "qconv2d"))])
def test_quantised_weights_are_those_of_qkeras(name, shared):
    folder = shared / "golden" / "layers" / name
    model, golden = load_model(folder / "model.h5"), np.load(folder / "weights.npz")
    checked = 0
    for layer in model.layers:
        for variable, (quantizer, values) in getattr(
            layer, "get_quantized_weights", dict
        )().items():
            expected = golden[f"quant/{layer.name}/{variable}:0"]
            quantised = ops.convert_to_numpy(quantizer(values))
            np.testing.assert_allclose(quantised, expected, rtol=1e-6)
            checked += 1
    assert checked == sum(key.startswith("quant/") for key in golden)


def test_configurations_have_the_keys_of_qkeras(shared):
    for name in ("qdense_bits_alpha1", "qconv2d_mask", "qactivation_relu8"):
        folder = shared / "golden" / "layers" / name
        golden = json.loads((folder / "model.json").read_text())["config"]["layers"]
        for layer, theirs in zip(load_model(folder / "model.h5").layers, golden, strict=True):
            if type(layer).__name__.startswith("Q"):
                # Keras 3 leaves a regularizer that is None out.
                expected = theirs["config"].keys() - {"activity_regularizer"}
                assert expected <= layer.get_config().keys()


@pytest.mark.parametrize("name", ["qkeras_3layer", "qkeras_mnist_cnn"])
def test_published_models_load(name, shared):
    models = shared / "models"
    model = load_model(models / f"{name}.json", weights=models / f"{name}_weights.h5")
    outputs = model(np.zeros((1, *model.input_shape[1:]), "float32"))
    total = ops.convert_to_numpy(ops.sum(outputs))
    np.testing.assert_allclose(total, 1, rtol=1e-5)  # both end in a softmax
    assert len([w for w in model.get_weights() if np.any(w)]) >= 6
