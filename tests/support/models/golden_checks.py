"""What a golden model of QKeras is checked for, beside its outputs in ``test_golden_layers``."""

import json

import keras
import numpy as np
from keras import ops

from qhls.frontend import load_model


def check_golden(folder, tmp_path):
    """Outputs from every kind of file, quantised weights, and configuration keys are QKeras'.

    Returns how many arrays were compared: layers' outputs, then quantised weights.
    """
    io = np.load(folder / "io.npz")
    x = io["x0"]
    model = load_model(folder / "model.h5")
    model.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    again.save(tmp_path / "twice.keras")
    models = {
        ".h5": model,
        ".json": load_model(folder / "model.json", weights=folder / "model.h5"),
        ".keras": again,
        ".keras twice": load_model(tmp_path / "twice.keras"),
    }
    for way, each in models.items():
        assert each.get_config() == model.get_config(), way
        y = ops.convert_to_numpy(each(x))
        np.testing.assert_allclose(y, io["y0"], rtol=1e-5, atol=1e-6, err_msg=way)
    layers = [layer for layer in model.layers if f"act/{layer.name}" in io]
    outputs = keras.Model(model.inputs, [layer.output for layer in layers])([x])
    for layer, y in zip(layers, outputs if len(layers) > 1 else [outputs], strict=True):
        expected = io[f"act/{layer.name}"]
        np.testing.assert_allclose(ops.convert_to_numpy(y), expected, rtol=1e-5, atol=1e-6)
    _check_keys(model, folder)
    return len(layers), _check_weights(model, np.load(folder / "weights.npz"))


def _check_weights(model, golden):
    """QKeras and ``get_quantized_weights`` list the variables of a layer in one order."""
    checked = 0
    for layer in model.layers:
        theirs = [golden[key] for key in golden if key.startswith(f"quant/{layer.name}/")]
        ours = getattr(layer, "get_quantized_weights", dict)().values()
        assert len(theirs) == len(ours), layer.name
        for (quantizer, values), expected in zip(ours, theirs, strict=True):
            quantised = values if quantizer is None else ops.convert_to_numpy(quantizer(values))
            # Exact on a grid; folded values without a quantizer carry float32's error.
            rtol = 1e-5 if quantizer is None else 0
            np.testing.assert_allclose(quantised, expected, rtol=rtol, atol=rtol)
            checked += 1
    return checked


def _check_keys(model, folder):
    golden = json.loads((folder / "model.json").read_text())["config"]["layers"]
    for layer, theirs in zip(model.layers, golden, strict=True):
        if type(layer).__name__.startswith("Q"):
            # Keras 3 has neither; nor does it write a regularizer that is None or, of a
            # depthwise convolution, what it does not use.
            gone = {"activity_regularizer", "time_major", "groups"}
            assert theirs["config"].keys() - gone <= layer.get_config().keys()
