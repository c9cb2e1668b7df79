"""The report of where float32 is exact."""

import keras
import numpy as np

import qhls
from qhls.frontend import QActivation, QDense


def test_each_layer_says_what_float32_does():
    wide = {
        "kernel_quantizer": "quantized_bits(16,2,1,alpha=1)",
        "bias_quantizer": "quantized_bits(8)",
    }
    auto = wide | {"kernel_quantizer": "quantized_bits(4,alpha='auto')"}
    narrow = wide | {"kernel_quantizer": "quantized_bits(3,1,alpha=1)"}
    x = inputs = keras.Input((4,), name="x")
    for layer in (
        QDense(3, name="narrow", **narrow),
        QActivation("quantized_bits(12,4)", name="rounded"),
        QDense(3, name="wide", **wide),
        QActivation("quantized_relu(6,2)", name="relu"),
        QDense(3, name="auto", **auto),
        QActivation("quantized_relu(4,2)", name="end"),
    ):
        x = layer(x)
    model = keras.Model(inputs, x)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    design = qhls.compile(model, "s6.2")
    report = design.exactness()
    verdicts = {row.layer: row.float32 for row in report.layers}
    assert verdicts["narrow"] == verdicts["rounded"] == verdicts["x"] == "exact"
    assert verdicts["wide"] == "may round"
    assert verdicts["auto"] == "real numbers"
    bits = {row.layer: row.bits for row in report.layers}
    assert bits["x"] == 6
    assert bits["wide"] > 24 > bits["narrow"]
    assert report.compared_in == "float64"
    assert str(report).splitlines()[-1] == "compared with Keras in float64"
    checked = design.check(targets=())
    assert checked, checked
    assert "Keras float64" in str(checked)
